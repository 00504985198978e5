// Whole models, from their inputs to the loss, against central differences.
#include <doctest/doctest.h>

#include <cmath>
#include <limits>

#include "attn/nn/adaptive.h"
#include "attn/nn/decoder.h"
#include "attn/nn/mask.h"
#include "attn/nn/seq2seq.h"
#include "attn/nn/sequence_model.h"
#include "attn/nn/transformer.h"
#include "attn/ops/ops.h"
#include "attn/train/finetuning.h"
#include "attn/train/pretraining.h"
#include "check.h"

using namespace attn;
using namespace attn::gradient;

namespace {

/// Differences through a whole model keep fewer digits than those through one op.
constexpr double kModelTolerance = 1e-6;

/// Every number of every parameter moved a little, so that no gain is 1, no bias 0 and no relu at
/// its kink.
void stir(Inputs& parameters, Rng& rng) {
  for (Tensor& p : parameters) {
    for (real& number : p.mutable_value()) number += 0.3 * rng.normal();
  }
}

}  // namespace

/// A block of the encoder or decoder put together in one of the possible ways.
BlockOptions options_of(std::uint64_t seed) {
  BlockOptions o{.heads = 2, .norm_first = seed % 2 == 1, .dropout = seed % 3 == 1 ? 0.2 : 0.0};
  o.activation = seed % 4 < 2 ? Activation::relu : Activation::gelu;
  o.residual = seed != 6;
  o.norm = seed != 7;
  o.scaled = seed != 8;
  return o;
}

TEST_CASE("gradient: a block of the encoder, in every way, agrees with central differences") {
  for (std::uint64_t seed = 0; seed < 9; ++seed) {
    Rng rng(seed);
    const std::size_t d = 4, n = 3;
    Parameters parameters(rng.stream("parameters"));
    const EncoderLayer p = encoder_layer(parameters, 0, {d, 2, 6});
    NamedTensors named;
    list_parameters(named, "", p);
    Inputs x{Tensor::parameter(rng.normal({2, n, d}, 1))};
    for (const auto& [path, tensor] : named) x.push_back(tensor);
    CHECK(x.size() == 17);
    stir(x, rng);
    Array mask = zeros({n, n});
    mask(0, 2) = -std::numeric_limits<real>::infinity();
    const Function f = [&](const Run& run, const Inputs& in) {
      Rng drops(seed, 1);
      return encode(Run{.tape = run.tape, .rng = &drops}, in[0], p, 0, options_of(seed),
                    Tensor(mask));
    };
    INFO("seed " << seed);
    CHECK(worst_error(f, x, rng) < kModelTolerance);
  }
}

TEST_CASE("gradient: a block of the decoder, in every way, agrees with central differences") {
  for (std::uint64_t seed = 0; seed < 9; ++seed) {
    Rng rng(seed);
    const std::size_t d = 4, n = 3, m = 2;
    Parameters parameters(rng.stream("parameters"));
    const DecoderLayer p = decoder_layer(parameters, 0, {d, 2, 6});
    NamedTensors named;
    list_parameters(named, "", p);
    Inputs x{Tensor::parameter(rng.normal({2, n, d}, 1)),
             Tensor::parameter(rng.normal({2, m, d}, 1))};
    for (const auto& [path, tensor] : named) x.push_back(tensor);
    CHECK(x.size() == 28);
    stir(x, rng);
    Array mask = zeros({n, m});
    mask(0, 1) = -std::numeric_limits<real>::infinity();
    const Function f = [&](const Run& run, const Inputs& in) {
      Rng drops(seed, 1);
      return decode(Run{.tape = run.tape, .rng = &drops}, in[0], in[1], p, 0, options_of(seed),
                    Tensor(causal_mask(n)), Tensor(mask));
    };
    INFO("seed " << seed);
    CHECK(worst_error(f, x, rng) < kModelTolerance);
  }
}

TEST_CASE("gradient: adaptive steps, their output and ponder, agree with central differences") {
  for (std::uint64_t seed = 0; seed < 5; ++seed) {
    Rng rng(seed);
    const std::size_t d = 4, n = 3;
    Parameters parameters(rng.stream("parameters"));
    const EncoderLayer p = encoder_layer(parameters, 0, {d, 2, 6});
    const HaltingParameters halting = halting_parameters(parameters, d);
    NamedTensors named;
    list_parameters(named, "", p);
    Inputs x{Tensor::parameter(rng.normal({n, d}, 1)), halting.w, halting.b};
    for (const auto& [path, tensor] : named) x.push_back(tensor);
    stir(x, rng);
    std::size_t steps = 0;
    const Function f = [&](const Run& run, const Inputs& in) {
      const auto block = [&](const Tensor& h, std::size_t) {
        return encode(run, h, p, 0, {.heads = 2}, {});
      };
      const AdaptiveResult y = adaptive_steps(run, in[0], halting, block, 6);
      steps = y.weights.shape()[1];
      return concat_columns(run, y.output, reshape(run, y.ponder, {n, 1}));
    };
    INFO("seed " << seed);
    CHECK(worst_error(f, x, rng) < kModelTolerance);
    CHECK(steps > 1);
  }
}

TEST_CASE("gradient: every kind of model, from ids to the loss, agrees with central differences") {
  for (const std::string& kind : sequence_kinds()) {
    for (const bool numbers : {false, true}) {
      Rng rng(numbers ? 5 : 6);
      Parameters parameters(rng.stream("parameters"));
      SequenceSizes sizes{.kind = sequence_kind(kind),
                          .vocabulary = 5,
                          .classes = 3,
                          .width = 4,
                          .layers = 2,
                          .heads = 2,
                          .ff = 6,
                          .length = 6};
      if (numbers) sizes.vocabulary = 0, sizes.features = 2;
      const SequenceModel model(sizes, parameters);
      Inputs x;
      for (const auto& [path, tensor] : model.parameters()) x.push_back(tensor);
      stir(x, rng);
      const std::size_t batch = 2, time = 5;
      Array given = numbers ? rng.normal({batch, time, 2}, 1) : empty({batch, time}),
            targets = empty({batch, time});
      if (!numbers) {
        for (real& id : given) id = static_cast<real>(rng.below(5));
      }
      for (real& t : targets) t = static_cast<real>(rng.below(4)) - 1;
      const Function f = [&](const Run& run, const Inputs&) {
        return cross_entropy(run, model.logits(run, Tensor(given)), Tensor::ids(targets), 0.1);
      };
      const double error = worst_error(f, x, rng);
      INFO(kind << (numbers ? " of numbers" : " of ids"));
      CHECK(error < kModelTolerance);
    }
  }
}

TEST_CASE(
    "gradient: one answer for a whole sequence, however it is read, agrees with differences") {
  for (const std::string kind : {"attention", "birnn", "lstm"}) {
    for (const std::string& read : read_names()) {
      if (read == "cls" && kind != "attention") continue;
      Rng rng(7);
      Parameters parameters(rng.stream("parameters"));
      const SequenceModel model({.kind = sequence_kind(kind),
                                 .vocabulary = 5,
                                 .classes = 3,
                                 .width = 4,
                                 .layers = 1,
                                 .heads = 2,
                                 .ff = 6,
                                 .length = 5,
                                 .read = read_named(read)},
                                parameters);
      Inputs x;
      for (const auto& [path, tensor] : model.parameters()) x.push_back(tensor);
      stir(x, rng);
      Array given = empty({3, 5}), targets = empty({3, 1});
      for (real& id : given) id = static_cast<real>(rng.below(5));
      for (real& t : targets) t = static_cast<real>(rng.below(3));
      const Function f = [&](const Run& run, const Inputs&) {
        return cross_entropy(run, model.logits(run, Tensor::ids(given)), Tensor::ids(targets));
      };
      INFO(kind, " read by ", read);
      CHECK(worst_error(f, x, rng) < kModelTolerance);
    }
  }
}

TEST_CASE("gradient: models of pictures and graphs, from the input to the loss, agree") {
  for (const std::string kind :
       {"local", "conformer", "cnn2d", "vit", "graph-attention", "attention"}) {
    Rng rng(9);
    Parameters parameters(rng.stream("parameters"));
    SequenceSizes sizes{.kind = sequence_kind(kind),
                        .vocabulary = 5,
                        .classes = 3,
                        .width = 4,
                        .layers = 2,
                        .heads = 2,
                        .ff = 6,
                        .radius = 1,
                        .read = kind == "local" ? Read::cls : Read::mean};
    const bool picture = reads_pictures(sizes.kind);
    const bool graph = kind == "graph-attention" || kind == "attention";
    const std::size_t steps = picture ? 16 : 5;
    if (picture) {
      sizes.vocabulary = 0;
      sizes.features = 1;
      sizes.side = 4;
      sizes.patch = 2;
    }
    if (!graph) sizes.length = kind == "vit" ? 4 : steps;
    const SequenceModel model(sizes, parameters);
    Inputs x;
    for (const auto& [path, tensor] : model.parameters()) x.push_back(tensor);
    stir(x, rng);
    Array given = picture ? rng.normal({2, steps, 1}, 1) : empty({2, steps});
    if (!picture) {
      for (real& id : given) id = static_cast<real>(rng.below(5));
    }
    Array edges = zeros({2, steps, steps}), targets = empty({2, 1});
    for (std::size_t i = 0; i + 1 < steps; ++i) edges(0, i, i + 1) = edges(0, i + 1, i) = 1;
    for (real& t : targets) t = static_cast<real>(rng.below(3));
    const Function f = [&](const Run& run, const Inputs&) {
      const Tensor logits = model.logits(run, Tensor(given), graph ? Tensor(edges) : Tensor());
      return cross_entropy(run, logits, Tensor::ids(targets));
    };
    INFO(kind);
    CHECK(worst_error(f, x, rng) < kModelTolerance);
  }
}

TEST_CASE("gradient: every recurrent translator, from ids to the loss, agrees with differences") {
  const std::size_t batch = 2, read = 4, written = 3;
  std::vector<Seq2SeqSizes> all;
  for (const Cell cell : {Cell::rnn, Cell::lstm, Cell::gru}) {
    for (const bool both : {false, true}) {
      for (const std::string& variant : seq2seq_variants()) {
        Seq2SeqSizes z{.variant = variant, .cell = cell, .embedding = 3, .hidden = 2};
        z.bidirectional = both;
        if (both) z.decoder = 3;
        all.push_back(z);
        if (variant != "attention") continue;
        for (const char* function : {"additive", "concat", "lowrank"}) {
          z.score = function;
          z.style = function[0] == 'a' ? "bahdanau" : "luong";
          all.push_back(z);
        }
        z.style = "luong", z.score = "general", z.local = 2;
        all.push_back(z);
        if (both) continue;
        for (const char* function : {"dot", "scaled", "cosine"}) {
          z.local = 0, z.score = function;
          z.style = function[0] == 'd' ? "bahdanau" : "luong";
          all.push_back(z);
        }
      }
    }
  }
  std::uint64_t seed = 0;
  for (Seq2SeqSizes z : all) {
    z.source_vocabulary = 5, z.target_vocabulary = 4;
    Rng rng(++seed);
    Parameters parameters(rng.stream("parameters"));
    const RecurrentTranslator model(z, parameters);
    Inputs x;
    for (const auto& [path, tensor] : model.parameters()) x.push_back(tensor);
    stir(x, rng);
    Array source = empty({batch, read}), target = empty({batch, written}), next = target;
    for (real& id : source) id = static_cast<real>(rng.below(5));
    for (real& id : target) id = static_cast<real>(rng.below(4));
    for (real& id : next) id = static_cast<real>(rng.below(5)) - 1;
    const Function f = [&](const Run& run, const Inputs&) {
      return cross_entropy(run, model.logits(run, Tensor::ids(source), Tensor::ids(target)),
                           Tensor::ids(next));
    };
    INFO(z.variant << ", " << z.score << ", " << z.style << ", cell " << int(z.cell)
                   << (z.bidirectional ? ", both ways" : "") << ", local " << z.local);
    CHECK(worst_error(f, x, rng) < kModelTolerance);
  }
}

TEST_CASE("gradient: a whole Transformer, from ids to the loss, agrees with central differences") {
  const std::size_t batch = 2, read = 3, written = 4;
  for (std::uint64_t seed = 0; seed < 8; ++seed) {
    Rng rng(seed);
    Parameters parameters(rng.stream("parameters"));
    const Transformer model({.source_vocabulary = 5,
                             .target_vocabulary = 4,
                             .width = 4,
                             .heads = 2,
                             .ff = 5,
                             .layers = seed < 4 ? 1u : 2u,
                             .positions = 4,
                             .norm_first = seed % 2 == 1,
                             .tied = seed % 4 >= 2,
                             .dropout = seed < 6 ? 0.0 : 0.2},
                            parameters);
    Inputs x;
    for (const auto& [path, tensor] : model.parameters()) x.push_back(tensor);
    stir(x, rng);
    Array source = empty({batch, read}), target = empty({batch, written}), next = target;
    for (real& id : source) id = static_cast<real>(rng.below(5));
    for (real& id : target) id = static_cast<real>(rng.below(4));
    for (real& id : next) id = static_cast<real>(rng.below(5)) - 1;
    const Function f = [&](const Run& run, const Inputs&) {
      Rng drops(seed, 1);
      return cross_entropy(Run{.tape = run.tape, .rng = &drops},
                           model.logits(Run{.tape = run.tape, .rng = &drops}, Tensor::ids(source),
                                        Tensor::ids(target)),
                           Tensor::ids(next), 0.1);
    };
    INFO("seed " << seed);
    CHECK(worst_error(f, x, rng) < kModelTolerance);
  }
}

TEST_CASE("gradient: a whole BERT, from ids to the loss of pre-training, agrees with differences") {
  const PieceVocabulary vocabulary(
      {"[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "a", "b", "c", "d"});
  for (std::uint64_t seed = 0; seed < 6; ++seed) {
    Rng rng(seed);
    Parameters parameters(rng.stream("parameters"));
    const Bert model({.vocabulary = vocabulary.size(),
                      .width = 4,
                      .heads = 2,
                      .ff = 5,
                      .layers = seed % 2 == 0 ? 1u : 2u,
                      .positions = 9,
                      .dropout = seed < 5 ? 0.0 : 0.2},
                     parameters);
    Inputs x;
    for (const auto& [path, tensor] : model.parameters()) x.push_back(tensor);
    CHECK(x.size() == 5 + 16 * (seed % 2 + 1) + 2 + 5 + 2);
    stir(x, rng);
    std::vector<EncodedPair> pairs;
    for (const bool next : {true, false}) {
      std::vector<std::size_t> a(3), b(3);
      for (std::size_t& id : a) id = 5 + rng.below(4);
      for (std::size_t& id : b) id = 5 + rng.below(4);
      pairs.push_back(encode_pair(vocabulary, a, b, next));
    }
    // Hidden words alone, next sentences alone, and both.
    const PretrainingLearner learner(model, vocabulary, pairs,
                                     {.mlm = seed % 3 != 1, .nsp = seed % 3 != 2}, seed);
    const Function f = [&](const Run& run, const Inputs&) {
      Rng batches(seed, 2), drops(seed, 1);  // the same masks each time
      return learner.loss({run.tape, nullptr, &drops}, batches, 4, seed == 3 ? 0.1 : 0.0);
    };
    INFO("seed " << seed);
    CHECK(worst_error(f, x, rng) < kModelTolerance);
    const auto learns = [&](const std::string& name) {
      for (const auto& [path, tensor] : model.parameters()) {
        if (path == name) return largest_magnitude(tensor.grad()) > 0;
      }
      return false;
    };
    CHECK(learns("token_embedding"));
    CHECK(learns("position_embedding"));
    CHECK(learns("mlm.bias") == (seed % 3 != 1));
    CHECK(learns("nsp.w") == (seed % 3 != 2));
  }
}

TEST_CASE("gradient: every way of fine-tuning a BERT agrees with central differences") {
  const PieceVocabulary vocabulary({"[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "a", "b", "c"});
  const auto pieces = [&](Rng& rng, std::size_t n) {
    std::vector<std::size_t> ids(n);
    for (std::size_t& id : ids) id = 5 + rng.below(3);
    return ids;
  };
  for (const DownstreamHead head : {DownstreamHead::text, DownstreamHead::words,
                                    DownstreamHead::span, DownstreamHead::choice}) {
    for (const bool pooler : {true, false}) {
      for (const bool frozen : {true, false}) {
        Rng rng(static_cast<std::uint64_t>(head) + 5);
        Parameters parameters(rng.stream("parameters"));
        const Bert bert({.vocabulary = vocabulary.size(),
                         .width = 4,
                         .heads = 2,
                         .ff = 5,
                         .layers = 1,
                         .positions = 9,
                         .pooler = pooler,
                         .mlm = false,
                         .nsp = false},
                        parameters);
        const std::size_t classes = head == DownstreamHead::span ? 2 : 3;
        const FineTuned model(bert, head, classes, parameters, frozen);
        Inputs x;
        for (const auto& [path, tensor] : model.parameters()) x.push_back(tensor);
        stir(x, rng);
        std::vector<EncodedText> texts(2);  // of unequal lengths: the shorter one is filled up
        for (std::size_t i = 0; i < texts.size(); ++i) {
          const std::size_t inputs = head == DownstreamHead::choice ? 2 : 1;
          for (std::size_t k = 0; k < inputs; ++k)
            texts[i].inputs.push_back(bert_input(vocabulary, pieces(rng, 2), pieces(rng, 2 + i)));
          switch (head) {
            case DownstreamHead::text:
              texts[i].answer = {rng.below(classes)};
              break;
            case DownstreamHead::choice:
              texts[i].answer = {rng.below(2)};
              break;
            case DownstreamHead::words:
              texts[i].places = {1, 2};
              texts[i].answer = {rng.below(classes), rng.below(classes)};
              break;
            case DownstreamHead::span:
              texts[i].places = {4, 5};
              texts[i].answer = {0, i};
              break;
          }
        }
        const FineTuningLearner learner(model, texts, vocabulary.pad());
        const Function f = [&](const Run& run, const Inputs&) {
          Rng batches(3);  // the same examples each time
          return learner.loss(run, batches, 3, 0.0);
        };
        INFO("head " << static_cast<int>(head) << (pooler ? ", pooler" : "")
                     << (frozen ? ", frozen" : ""));
        CHECK(worst_error(f, x, rng) < kModelTolerance);
        CHECK(largest_magnitude(x.back().grad()) > 0);
      }
    }
  }
}
