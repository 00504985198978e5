// The whole encoder-decoder: learning and writing give the same numbers, and what its sizes mean.
#include "attn/nn/transformer.h"

#include <doctest/doctest.h>

#include <cstring>
#include <set>

#include "attn/graph/trace.h"
#include "attn/nn/generate.h"
#include "attn/ops/ops.h"
#include "io_support.h"

using namespace attn;
using io_test::check_error;
using io_test::same;

namespace {

constexpr std::size_t kSourceWords = 9, kTargetWords = 7, kPositions = 8;

/// Post-norm and pre-norm, tied and not.
std::vector<TransformerSizes> all_sizes() {
  std::vector<TransformerSizes> all;
  for (const bool norm_first : {false, true}) {
    for (const bool tied : {false, true}) {
      all.push_back({.source_vocabulary = kSourceWords,
                     .target_vocabulary = kTargetWords,
                     .width = 8,
                     .heads = 2,
                     .ff = 12,
                     .layers = 2,
                     .positions = kPositions,
                     .norm_first = norm_first,
                     .tied = tied});
    }
  }
  return all;
}

std::string described(const TransformerSizes& z) {
  return std::string(z.norm_first ? "pre-norm" : "post-norm") + (z.tied ? ", tied" : "");
}

/// No gain is 1 and no bias 0.
void stir(const Transformer& model) {
  Rng rng(99);
  for (const auto& [path, tensor] : model.parameters()) {
    Tensor p = tensor;
    for (real& number : p.mutable_value()) number += static_cast<real>(0.2 * rng.normal());
  }
}

Tensor ids(Rng& rng, const Shape& shape, std::size_t vocabulary) {
  Array out = empty(shape);
  for (real& id : out) id = static_cast<real>(rng.below(vocabulary));
  return Tensor::ids(std::move(out));
}

Array item(const Array& x, std::size_t b) {
  Shape shape = shape_of(x);
  shape.erase(shape.begin());
  Array out = empty(shape);
  std::copy_n(x.data() + b * out.size(), out.size(), out.data());
  return out;
}

std::size_t word(const Tensor& ids, std::size_t t) {
  return static_cast<std::size_t>(ids.value().data()[t]);
}

}  // namespace

TEST_CASE("transformer: word by word gives the numbers of the whole sentence") {
  Rng rng(1);
  for (const TransformerSizes& z : all_sizes()) {
    INFO(described(z));
    Parameters parameters{Rng(2)};
    const Transformer model(z, parameters);
    stir(model);
    const Tensor source = ids(rng, {5}, kSourceWords), target = ids(rng, {8}, kTargetWords);
    const Array whole = model.logits(Run{}, source, target).value();
    REQUIRE(shape_of(whole) == Shape{8, kTargetWords});
    const auto state = model.start(Run{}, source);
    for (std::size_t t = 0; t < 8; ++t) {
      const Array row = model.next(Run{}, *state, word(target, t)).value();
      REQUIRE(shape_of(row) == Shape{kTargetWords});
      CHECK(largest_difference(row, item(whole, t)) < 1e-5);
    }
  }
}

TEST_CASE("transformer: a batch is its sentences one by one, and a trace changes no bit") {
  Rng rng(3);
  for (const TransformerSizes& z : all_sizes()) {
    INFO(described(z));
    Parameters parameters{Rng(4)};
    const Transformer model(z, parameters);
    stir(model);
    const Tensor source = ids(rng, {3, 5}, kSourceWords), target = ids(rng, {3, 4}, kTargetWords);
    const Array all = model.logits(Run{}, source, target).value();
    REQUIRE(shape_of(all) == Shape{3, 4, kTargetWords});
    for (std::size_t b = 0; b < 3; ++b) {
      const Tensor s = Tensor::ids(item(source.value(), b)),
                   t = Tensor::ids(item(target.value(), b));
      Trace trace;
      const Array alone = model.logits(Run{}, s, t).value();
      CHECK(largest_difference(alone, item(all, b)) < 1e-5);
      CHECK(same(model.logits(Run{.trace = &trace}, s, t).value(), alone));
      CHECK(trace.find("encoder.output"));
      std::set<std::string> shown, own;
      for (const Step* step : trace.steps()) {
        CHECK(step->axes.size() == step->shape().size());
        if (step->kind() == Tensor::Kind::parameter) CHECK(shown.insert(step->path).second);
      }
      for (const auto& [path, tensor] : model.parameters()) own.insert(path);
      CHECK(shown == own);
      CHECK(trace.find("decoder.layer.1.cross.weights")->shape() == Shape{2, 4, 5});
      // The state that writes word by word is watched, too, and gives the same.
      Trace steps;
      const auto plain = model.start(Run{}, s), watched = model.start(Run{.trace = &steps}, s);
      CHECK(same(model.next(Run{}, *plain, word(t, 0)).value(),
                 model.next(Run{.trace = &steps}, *watched, word(t, 0)).value()));
      CHECK(steps.find("word.0.layer.0.self.weights"));
    }
  }
}

TEST_CASE("transformer: a row depends on the words before it and on the whole source") {
  Rng rng(5);
  for (const TransformerSizes& z : all_sizes()) {
    INFO(described(z));
    Parameters parameters{Rng(6)};
    const Transformer model(z, parameters);
    stir(model);
    const Tensor source = ids(rng, {5}, kSourceWords), target = ids(rng, {6}, kTargetWords);
    const Array before = model.logits(Run{}, source, target).value();
    const auto moved = [&](const Array& after, std::size_t t) {
      return largest_difference(item(before, t), item(after, t)) > 0;
    };
    for (std::size_t j = 0; j < 6; ++j) {
      Array other = target.value();
      other.data()[j] = static_cast<real>((word(target, j) + 1) % kTargetWords);
      const Array after = model.logits(Run{}, source, Tensor::ids(other)).value();
      for (std::size_t t = 0; t < 6; ++t) CHECK(moved(after, t) == (t >= j));
    }
    for (std::size_t j = 0; j < 5; ++j) {
      Array other = source.value();
      other.data()[j] = static_cast<real>((word(source, j) + 1) % kSourceWords);
      const Array after = model.logits(Run{}, Tensor::ids(other), target).value();
      for (std::size_t t = 0; t < 6; ++t) CHECK(moved(after, t));
    }
  }
}

TEST_CASE("transformer: a copied state goes on by itself") {
  for (const TransformerSizes& z : all_sizes()) {
    INFO(described(z));
    Parameters parameters{Rng(7)};
    const Transformer model(z, parameters);
    Rng rng(8);
    const Tensor source = ids(rng, {4}, kSourceWords);
    const auto state = model.start(Run{}, source);
    model.next(Run{}, *state, 1);
    const auto other = state->copy();
    model.next(Run{}, *other, 5);  // must not be seen by `state`
    const auto again = model.start(Run{}, source);
    model.next(Run{}, *again, 1);
    const Array expected = model.next(Run{}, *again, 4).value();
    CHECK(same(model.next(Run{}, *state, 4).value(), expected));
    CHECK(largest_difference(model.next(Run{}, *other, 4).value(), expected) > 1e-4);
  }
}

TEST_CASE(
    "transformer: tied, the target's embedding is the output's weight; pre-norm has two more") {
  std::map<std::string, std::set<std::string>> paths;
  std::map<std::string, std::size_t> counts;
  for (const TransformerSizes& z : all_sizes()) {
    Parameters parameters{Rng(9)};
    const Transformer model(z, parameters);
    for (const auto& [path, tensor] : model.parameters())
      CHECK(paths[described(z)].insert(path).second);
    counts[described(z)] = model.parameter_count();
  }
  CHECK(counts["post-norm"] - counts["post-norm, tied"] == 8 * kTargetWords);
  CHECK(counts["pre-norm"] - counts["post-norm"] == 2 * 2 * 8);
  CHECK(paths["post-norm"].count("output.w") == 1);
  CHECK(paths["post-norm, tied"].count("output.w") == 0);
  CHECK(paths["pre-norm"].count("encoder.final_norm.gain") == 1);
  CHECK(paths["post-norm"].count("decoder.final_norm.gain") == 0);
  // d(V_x + V_y + n) + V_y + dV_y, 2 blocks of an encoder, 2 of a decoder.
  const std::size_t attention = 4 * 8 * 8 + 4 * 8, ffn = 2 * 8 * 12 + 12 + 8, norm = 2 * 8;
  CHECK(counts["post-norm"] == 8 * (kSourceWords + kTargetWords + kPositions) + kTargetWords +
                                   8 * kTargetWords + 2 * (attention + ffn + 2 * norm) +
                                   2 * (2 * attention + ffn + 3 * norm));
  // Tied: the logits are products with the embedding's rows. Twice as long a row, with the rest as
  // it was, changes the logit of its word alone: here the word is never read.
  TransformerSizes z = all_sizes()[1];
  Parameters parameters{Rng(10)};
  const Transformer model(z, parameters);
  const Tensor source = Tensor::ids(full({3}, 2)), target = Tensor::ids(full({2}, 1));
  const Array before = model.logits(Run{}, source, target).value();
  for (const auto& [path, tensor] : model.parameters()) {
    if (path != "target_embedding") continue;
    Tensor table = tensor;
    for (real& number : row(table.mutable_value(), 6)) number *= 2;
  }
  const Array after = model.logits(Run{}, source, target).value();
  for (std::size_t t = 0; t < 2; ++t) {
    for (std::size_t w = 0; w < kTargetWords; ++w)
      CHECK(after(t, w) == doctest::Approx((w == 6 ? 2 : 1) * before(t, w)).epsilon(1e-5));
  }
}

TEST_CASE("transformer: dropout only where a generator draws") {
  TransformerSizes z = all_sizes()[0];
  Parameters one{Rng(11)}, two{Rng(11)};
  const Transformer without(z, one);
  z.dropout = 0.5;
  const Transformer with(z, two);
  const Tensor source = Tensor::ids(full({4}, 3)), target = Tensor::ids(full({5}, 2));
  const auto drawn = [&](const Transformer& model, std::uint64_t seed) {
    Rng rng(seed);
    return model.logits(Run{.rng = &rng}, source, target).value();
  };
  const Array plain = without.logits(Run{}, source, target).value();
  CHECK(same(with.logits(Run{}, source, target).value(), plain));
  CHECK(same(drawn(without, 1), plain));
  CHECK(same(drawn(with, 1), drawn(with, 1)));
  CHECK(largest_difference(drawn(with, 1), drawn(with, 2)) > 1e-3);
  CHECK(largest_difference(drawn(with, 1), plain) > 1e-3);
}

TEST_CASE("transformer: a sentence longer than the position table is refused, read or written") {
  Parameters parameters{Rng(12)};
  const Transformer model(all_sizes()[0], parameters);
  const Tensor fits = Tensor::ids(full({kPositions}, 1)),
               longer = Tensor::ids(full({kPositions + 1}, 1));
  model.logits(Run{}, fits, fits);
  const char* message = "a sentence of 9 words, but the model knows 8 positions";
  check_error(ErrorKind::usage, message, [&] { model.logits(Run{}, longer, fits); });
  check_error(ErrorKind::usage, message, [&] { model.logits(Run{}, fits, longer); });
  check_error(ErrorKind::usage, message, [&] { model.start(Run{}, longer); });
  const auto state = model.start(Run{}, fits);
  for (std::size_t t = 0; t < kPositions; ++t) model.next(Run{}, *state, 1);
  check_error(ErrorKind::usage, message, [&] { model.next(Run{}, *state, 1); });
  // Who writes with it stops there.
  CHECK(model.longest_sentence() == kPositions);
  const GenerateOptions endless{.end = kTargetWords, .longest = 100};  // no such word
  CHECK(greedy(Run{}, model, fits, endless).words.size() == kPositions);
  for (const Written& w : beam_search(Run{}, model, fits, endless, 3, 1))
    CHECK(w.words.size() == kPositions);
}
