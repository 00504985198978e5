// BERT's pre-training over many steps: learning, accumulated gradients, going on, breaking down.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <cmath>
#include <memory>

#include "attn/graph/tape.h"
#include "attn/ops/ops.h"
#include "attn/train/corpus.h"
#include "attn/train/pretraining.h"
#include "attn/train/trainer.h"
#include "io_support.h"

using namespace attn;
using io_test::check_bad;
using io_test::Folder;

namespace {

/// The words of a sentence tell those of the next one: two topics without a word in common.
constexpr const char* kTopics =
    "pattern = the $who can $verb\npattern = see the $who $verb well\n"
    "topic a\nwho = dog cat\nverb = run walk\ntopic b\nwho = man girl\nverb = read write\n";

TopicGrammar grammar() { return TopicGrammar::parse(kTopics, "test.topics"); }

PieceVocabulary vocabulary_of(const TopicGrammar& g) {
  std::vector<std::string> pieces = {"[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"};
  pieces.insert(pieces.end(), g.words().begin(), g.words().end());
  return PieceVocabulary(std::move(pieces));
}

std::vector<EncodedPair> draw_pairs(std::size_t count, Split split) {
  const TopicPairs source("test", grammar());
  const PieceVocabulary vocabulary = vocabulary_of(source.grammar());
  Rng rng(6);
  std::vector<EncodedPair> out;
  for (std::size_t i = 0; i < count; ++i) {
    const NextPair pair = source.draw(rng, split);
    out.push_back(encode_pair(vocabulary, encode_pieces(vocabulary, pair.a, true),
                              encode_pieces(vocabulary, pair.b, true), pair.is_next));
  }
  return out;
}

struct Setting {
  PretrainingOptions options = {};
  double dropout = 0, rate = 2e-3;
  std::size_t width = 8, batch = 4, accumulate = 1, pairs = 60;
  std::uint64_t steps = 30;
};

/// A training of its own, some steps far.
struct Training {
  explicit Training(const Setting& z)
      : model({.vocabulary = vocabulary.size(),
               .width = z.width,
               .heads = 2,
               .ff = 2 * z.width,
               .layers = 1,
               .positions = 16,
               .dropout = z.dropout},
              parameters),
        learner(model, vocabulary, draw_pairs(z.pairs, Split::train), z.options, 1) {
    options.batch = z.batch;
    options.accumulate = z.accumulate;
    options.steps = z.steps;
    options.check_every = z.steps / 3;
    options.optimizer.rate = z.rate;
    trainer = std::make_unique<Trainer>(learner, options);
  }
  void run_to(std::uint64_t step) {
    trainer->train([&](const TrainingStep& now) { return now.step < step; });
  }

  PieceVocabulary vocabulary = vocabulary_of(grammar());
  Parameters parameters{Rng(3)};
  Bert model;
  PretrainingLearner learner;
  TrainingOptions options;
  std::unique_ptr<Trainer> trainer;
};

bool same_bits(const Bert& a, const Bert& b) {
  for (std::size_t i = 0; i < a.parameters().size(); ++i) {
    if (!io_test::same(a.parameters()[i].second.value(), b.parameters()[i].second.value()))
      return false;
  }
  return true;
}

/// Passes everything on, and remembers each batch's generator.
class Listener : public Learner {
 public:
  explicit Listener(const Learner& heard) : heard_(heard) {}
  const std::vector<std::pair<std::string, Tensor>>& parameters() const override {
    return heard_.parameters();
  }
  Tensor loss(const Run& run, Rng& batches, std::size_t size, double smoothing) const override {
    generators.push_back(batches);
    return heard_.loss(run, batches, size, smoothing);
  }
  Score look(Rng rng) const override { return heard_.look(rng); }
  bool good(const Score& look) const override { return heard_.good(look); }
  std::string description() const override { return heard_.description(); }

  mutable std::vector<Rng> generators;

 private:
  const Learner& heard_;
};

std::vector<Array> gradients(const Learner& learner) {
  std::vector<Array> out;
  for (const auto& [path, tensor] : learner.parameters()) out.push_back(tensor.grad());
  return out;
}

/// Numbers that overflow only on the way back: y = w2 (1e70 x) w1 w0, with x = 1e-37.
class Steep : public Learner {
 public:
  const std::vector<std::pair<std::string, Tensor>>& parameters() const override { return all_; }
  Tensor loss(const Run& run, Rng&, std::size_t, double) const override {
    const Tensor h = linear(run, linear(run, Tensor(Array{1e-37}), all_[0].second), all_[1].second);
    return linear(run, scale(run, scale(run, h, 1e35), 1e35), all_[2].second);
  }
  Score look(Rng) const override { return {}; }
  bool good(const Score&) const override { return false; }
  std::string description() const override { return "steep"; }

 private:
  std::vector<std::pair<std::string, Tensor>> all_ = {
      {"lowest", Tensor::parameter(matrix({{1}}))},
      {"middle", Tensor::parameter(matrix({{1}}))},
      {"highest", Tensor::parameter(matrix({{real(1e-30)}}))}};
};

}  // namespace

TEST_CASE("pretraining: a small model learns the words of a small grammar") {
  const TopicGrammar g = grammar();
  double entropy = 0;
  for (const double share : g.word_shares()) entropy -= share > 0 ? share * std::log(share) : 0;
  Training t({.rate = 5e-3, .width = 16, .batch = 16, .pairs = 2000, .steps = 600});
  const Masker masker(t.vocabulary.size(), t.vocabulary.mask(),
                      [&](std::size_t id) { return t.vocabulary.is_special(id); });
  std::vector<PretrainingPair> test;
  Rng rng(7);
  for (const EncodedPair& pair : draw_pairs(500, Split::test))
    test.push_back({pair, masker(pair.input.ids, rng)});
  const PretrainingScore before = evaluate(t.model, test);
  t.run_to(600);
  const PretrainingScore after = evaluate(t.model, test);
  INFO("entropy of words ", entropy, ", loss ", before.mlm_loss, " -> ", after.mlm_loss);
  CHECK(before.mlm_loss > 0.9 * entropy);
  CHECK(before.mlm_accuracy < 0.3);
  CHECK(after.mlm_loss < 0.4 * entropy);
  CHECK(after.mlm_accuracy > 0.6);
}

TEST_CASE("pretraining: a small model learns which sentences follow, where one word tells it") {
  const PieceVocabulary vocabulary = vocabulary_of(grammar());
  std::vector<EncodedPair> pairs;
  for (std::size_t i = 0; i < 60; ++i) {
    const bool next = i % 2 == 0;
    const std::size_t tells = next ? 5 : 6;
    pairs.push_back(encode_pair(vocabulary, {7 + i % 9, 7 + i % 4}, {7 + i % 5, tells}, next));
  }
  Parameters parameters{Rng(3)};
  const Bert model({.vocabulary = vocabulary.size(),
                    .width = 8,
                    .heads = 2,
                    .ff = 16,
                    .layers = 1,
                    .positions = 16,
                    .mlm = false},
                   parameters);
  const PretrainingLearner learner(model, vocabulary, pairs, {.mlm = false}, 1);
  TrainingOptions options;
  options.steps = 300;
  options.optimizer.rate = 5e-3;
  Trainer trainer(learner, options);
  const Score before = learner.look(Rng(1));
  trainer.train([](const TrainingStep&) { return true; });
  const Score after = learner.look(Rng(1));
  INFO("loss ", before.loss, " -> ", after.loss);
  CHECK(before.loss > 0.6);
  CHECK(after.loss < 0.2);
  CHECK(after.accuracy > 0.95);
}

TEST_CASE(
    "pretraining: accumulated batches give the mean of their gradients, and of their losses") {
  for (const std::size_t parts : {1, 2, 3}) {
    Setting z;
    z.batch = 8;
    Training t(z);
    Listener listener(t.learner);
    TrainingOptions options = t.options;
    options.accumulate = parts;
    options.optimizer.rate = 0;  // so that the parameters stay as they are
    Trainer trainer(listener, options);
    trainer.train([](const TrainingStep&) { return false; });
    CHECK(trainer.step() == 1);
    REQUIRE(listener.generators.size() == parts);
    const std::vector<Array> got = gradients(t.learner);
    std::vector<Array> want, last;
    double loss = 0;
    for (const Rng& generator : listener.generators) {
      for (const auto& [path, tensor] : t.learner.parameters()) tensor.clear_grad();
      Tape tape;
      Rng rng = generator;
      const Tensor error = t.learner.loss({&tape, nullptr, nullptr}, rng, 8, 0);
      loss += double{error.value().data()[0]} / double(parts);
      tape.backward(error, full({1}, 1));
      last = gradients(t.learner);
      if (want.empty())
        for (const Array& g : last) want.push_back(zeros(shape_of(g)));
      for (std::size_t i = 0; i < want.size(); ++i) {
        for (std::size_t k = 0; k < last[i].size(); ++k)
          want[i].data()[k] += last[i].data()[k] / real(parts);
      }
    }
    CHECK(trainer.last_loss() == doctest::Approx(loss).epsilon(1e-6));
    real far = 0;  // from the mean to the last batch alone
    for (std::size_t i = 0; i < want.size(); ++i) {
      INFO(parts, " batches, ", t.learner.parameters()[i].first);
      const real size = std::max(largest_magnitude(want[i]), real(1e-3));
      CHECK(largest_difference(got[i], want[i]) < real(1e-5) * size);
      far = std::max(far, largest_difference(last[i], want[i]) / size);
    }
    if (parts > 1) CHECK(far > real(0.1));
  }
}

TEST_CASE("pretraining: going on from a checkpoint gives the same bits as never having stopped") {
  for (const bool dynamic : {true, false}) {
    for (const std::size_t accumulate : {1, 2}) {
      for (const PretrainingOptions& losses :
           {PretrainingOptions{}, PretrainingOptions{.nsp = false},
            PretrainingOptions{.mlm = false}}) {
        INFO("dynamic ", dynamic, ", accumulate ", accumulate, ", mlm ", losses.mlm, ", nsp ",
             losses.nsp);
        Setting z;
        z.options = losses;
        z.options.dynamic = dynamic;
        z.accumulate = accumulate;
        z.dropout = 0.1;
        const Folder folder;
        const std::string file = folder / "half.safetensors";
        Training whole(z), half(z), rest(z);
        whole.run_to(30);
        half.run_to(13);
        half.trainer->save(file);
        CHECK_FALSE(same_bits(whole.model, half.model));
        rest.trainer->load(file);
        CHECK(rest.trainer->step() == 13);
        CHECK(same_bits(rest.model, half.model));
        rest.run_to(30);
        CHECK(same_bits(whole.model, rest.model));
        CHECK(rest.trainer->last_loss() == whole.trainer->last_loss());
      }
    }
  }
}

TEST_CASE("pretraining: a checkpoint of another pre-training is refused with the differences") {
  const Folder folder;
  const std::string file = folder / "c.safetensors";
  Training saved({});
  saved.run_to(5);
  saved.trainer->save(file);
  const auto refused = [&](const Setting& z, const std::string& before, const std::string& now) {
    Training other(z);
    check_bad("is of another training", [&] { other.trainer->load(file); });
    check_bad("saved: " + before, [&] { other.trainer->load(file); });
    check_bad("here:  " + now, [&] { other.trainer->load(file); });
    CHECK(other.trainer->step() == 0);
    CHECK(same_bits(other.model, Training(z).model));
  };
  Setting z;
  z.options.dynamic = false;
  refused(z, "masks dynamic", "masks static");
  z = {};
  z.options.mlm = false;
  refused(z, "pre-training on 60 pairs", "pre-training on 60 pairs");
  check_bad(") by next sentences", [&] { Training(z).trainer->load(file); });
  z = {};
  z.pairs = 61;
  refused(z, "pre-training on 60 pairs", "pre-training on 61 pairs");
  z = {};
  z.width = 10;
  refused(z, "model bert vocabulary 17 width 8", "model bert vocabulary 17 width 10");
  z = {};
  z.accumulate = 2;
  refused(z, "batch 4", "batch 4 x 2");
  z = {};
  z.dropout = 0.1;
  refused(z, "model bert", "model bert");
  // The same number of pairs, one word of one of them another.
  std::vector<EncodedPair> pairs = draw_pairs(60, Split::train);
  std::size_t& word = pairs[30].input.ids[1];
  word = word == 5 ? 6 : 5;
  const PretrainingLearner changed(saved.model, saved.vocabulary, pairs, {}, 1);
  Trainer other(changed, saved.options);
  check_bad("saved: pre-training on 60 pairs (", [&] { other.load(file); });
}

TEST_CASE("pretraining: a training that breaks down names the step and the place") {
  Training t({.rate = 1e30});
  try {
    t.run_to(30);
    FAIL("a rate of 1e30 did not break the training");
  } catch (const Error& error) {
    const std::string message = error.what();
    INFO(message);
    CHECK(error.kind() == ErrorKind::no);
    CHECK(message.find(fmt::format("training broke down at step {}: ", t.trainer->step() + 1)) ==
          0);
    CHECK(message.find("is not finite") != std::string::npos);
    CHECK(message.find("-nan") == std::string::npos);
  }
}

TEST_CASE("training: where only gradients break, the place is where they first broke, from above") {
  const Steep steep;
  TrainingOptions options;
  options.steps = 3;
  Trainer trainer(steep, options);
  io_test::check_error(ErrorKind::no, "at step 1: the gradient of middle is not finite",
                       [&] { trainer.train([](const TrainingStep&) { return true; }); });
}
