// Writing sentences: greedy, beam and sample, on a model whose every sentence can be listed.
#include "attn/nn/generate.h"

#include <doctest/doctest.h>

#include <cmath>
#include <limits>
#include <map>

#include "attn/core/error.h"
#include "io_support.h"

using namespace attn;
using io_test::check_bad;
using io_test::check_error;

namespace {

constexpr std::size_t kWords = 4, kEnd = 2;

/// A language model of 4 words (2 ends a sentence) whose logits are random numbers that the words
/// before name: every sentence has a probability of its own. `bias` is added to the end's logit.
class Toy : public Translator {
 public:
  explicit Toy(std::uint64_t seed, double bias = 0) : seed_(seed), bias_(bias) {}

  struct Written : State {
    std::string words;
    std::unique_ptr<State> copy() const override { return std::make_unique<Written>(*this); }
  };
  Tensor logits(const Run&, const Tensor&, const Tensor&) const override { return {}; }
  std::unique_ptr<State> start(const Run&, const Tensor&) const override {
    return std::make_unique<Written>();
  }
  Tensor next(const Run&, State& state, std::size_t word) const override {
    auto& written = dynamic_cast<Written&>(state);
    written.words += static_cast<char>('a' + word);
    Array logits = Rng(seed_).stream(written.words).normal({kWords}, 1.5);
    logits.data()[kEnd] += static_cast<real>(bias_);
    return Tensor(std::move(logits));
  }

 private:
  std::uint64_t seed_;
  double bias_;
};

const Tensor kSource = Tensor::ids(full({1}, 2));

std::vector<double> softmax_of(const Tensor& logits, double temperature) {
  std::vector<double> p;
  double sum = 0;
  for (const real x : logits.value()) p.push_back(std::exp(double(x) / temperature));
  for (const double x : p) sum += x;
  for (double& x : p) x /= sum;
  return p;
}

struct Sentence {
  std::vector<std::size_t> words;
  double log_probability;
  bool ended;
};

/// Every sentence: those that end within `longest` words, and those cut there.
void list_sentences(const Toy& model, std::vector<std::size_t> words, double log_p,
                    std::size_t longest, std::vector<Sentence>& out) {
  const bool ended = !words.empty() && words.back() == kEnd;
  if (ended || words.size() == longest) {
    out.push_back({std::move(words), log_p, ended});
    return;
  }
  const auto state = model.start(Run{}, kSource);
  Tensor logits = model.next(Run{}, *state, 1);
  for (const std::size_t word : words) logits = model.next(Run{}, *state, word);
  const std::vector<double> p = softmax_of(logits, 1);
  for (std::size_t w = 0; w < kWords; ++w) {
    words.push_back(w);
    list_sentences(model, words, log_p + std::log(p[w]), longest, out);
    words.pop_back();
  }
}

std::vector<Sentence> all_sentences(const Toy& model, std::size_t longest) {
  std::vector<Sentence> out;
  list_sentences(model, {}, 0, longest, out);
  return out;
}

double penalized(double log_p, std::size_t length, double penalty) {
  return log_p / std::pow((5 + double(length)) / 6, penalty);
}

constexpr GenerateOptions kShort{.longest = 4};

}  // namespace

TEST_CASE("beam: wide enough, it finds the best of all sentences, and keeps every one") {
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    const Toy model(seed);
    const std::vector<Sentence> all = all_sentences(model, 4);
    CHECK(all.size() == 1 + 3 + 9 + 27 * 4);
    double sum = 0;
    for (const Sentence& s : all) sum += std::exp(s.log_probability);
    CHECK(sum == doctest::Approx(1));
    for (const double penalty : {0.0, 0.6, 3.0}) {
      const Sentence* best = nullptr;
      const auto score = [&](const Sentence& s) {
        return penalized(s.log_probability, s.words.size(), penalty);
      };
      for (const Sentence& s : all) {
        if (s.ended && (!best || score(s) > score(*best))) best = &s;
      }
      const std::vector<Written> found =
          beam_search(Run{}, model, kSource, kShort, 4 * 4 * 4 * 4, penalty);
      INFO("seed " << seed << ", penalty " << penalty);
      REQUIRE(found.size() == all.size());
      CHECK(found[0].words == best->words);
      CHECK(found[0].score == doctest::Approx(score(*best)));
      CHECK(found[0].ended);
      std::map<std::vector<std::size_t>, double> listed;
      for (const Sentence& s : all) listed[s.words] = s.log_probability;
      for (std::size_t i = 0; i < found.size(); ++i) {
        CHECK(found[i].log_probability == doctest::Approx(listed.at(found[i].words)));
        if (i == 0) continue;  // finished ones first, each by its score
        CHECK(found[i - 1].ended >= found[i].ended);
        if (found[i - 1].ended == found[i].ended) CHECK(found[i - 1].score >= found[i].score);
      }
    }
  }
}

TEST_CASE("beam: it never keeps more sentences than its width, however many have ended") {
  for (std::uint64_t seed = 0; seed < 30; ++seed) {
    for (const std::size_t width : {1, 2, 3, 4, 7}) {
      const Toy model(seed, seed % 3 == 0 ? 1.5 : 0);  // with a bias several end at one step
      const GenerateOptions options{.longest = 12};
      std::size_t finished = 0;
      const auto observe = [&](std::size_t step, const std::vector<Candidate>& candidates) {
        std::size_t kept = 0;
        for (std::size_t i = 0; i < candidates.size(); ++i) {
          if (i > 0) CHECK(candidates[i - 1].score >= candidates[i].score);
          CHECK(candidates[i].beam < width);
          // The best are kept, and no other.
          CHECK(candidates[i].kept == (i < width - finished));
          kept += candidates[i].kept;
        }
        CHECK(kept <= width);
        CHECK((step > 0 || kept == std::min(width, kWords)));
        for (const Candidate& c : candidates) finished += c.kept && c.word == kEnd;
      };
      const auto found = beam_search(Run{}, model, kSource, options, width, 0.6, observe);
      INFO("seed " << seed << ", width " << width);
      CHECK(found.size() <= width);
      CHECK(found.size() >= std::min(width, kWords));
      std::map<std::vector<std::size_t>, int> once;
      for (const Written& w : found) {
        CHECK(++once[w.words] == 1);
        CHECK(w.ended == (w.words.back() == kEnd));
        CHECK((w.ended || w.words.size() == 12));
      }
    }
  }
}

TEST_CASE("beam: of width 1 it writes what greedy writes") {
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    const Toy model(seed);
    const GenerateOptions options{.longest = 10};
    const Written one = greedy(Run{}, model, kSource, options);
    for (const double penalty : {0.0, 1.0}) {
      const std::vector<Written> beam = beam_search(Run{}, model, kSource, options, 1, penalty);
      REQUIRE(beam.size() == 1);
      CHECK(beam[0].words == one.words);
      CHECK(beam[0].ended == one.ended);
      CHECK(beam[0].log_probability == doctest::Approx(one.log_probability));
      CHECK(beam[0].score ==
            doctest::Approx(penalized(one.log_probability, one.words.size(), penalty)));
    }
  }
}

TEST_CASE("greedy: each word is the likeliest, the sentence ends with <end> or where it is cut") {
  std::size_t ended = 0;
  for (std::uint64_t seed = 0; seed < 40; ++seed) {
    const Toy model(seed);
    std::vector<Candidate> kept;
    const Written w =
        greedy(Run{}, model, kSource, {.longest = 6, .shown = 2},
               [&](std::size_t step, const std::vector<Candidate>& candidates) {
                 CHECK(step == kept.size());
                 REQUIRE(candidates.size() == 2);
                 CHECK(candidates[0].kept);
                 CHECK_FALSE(candidates[1].kept);
                 CHECK(candidates[0].log_probability >= candidates[1].log_probability);
                 kept.push_back(candidates[0]);
               });
    REQUIRE(kept.size() == w.words.size());
    const auto state = model.start(Run{}, kSource);
    std::size_t last = 1;
    double log_p = 0;
    for (std::size_t t = 0; t < w.words.size(); ++t) {
      const std::vector<double> p = softmax_of(model.next(Run{}, *state, last), 1);
      last = w.words[t];
      for (const double other : p) CHECK(p[last] >= other);
      log_p += std::log(p[last]);
      CHECK(kept[t].word == last);
      CHECK(kept[t].log_probability == doctest::Approx(std::log(p[last])));
      CHECK(kept[t].score == doctest::Approx(log_p));
      CHECK((last == kEnd) == (w.ended && t + 1 == w.words.size()));
    }
    CHECK(w.log_probability == doctest::Approx(log_p));
    CHECK((w.ended || w.words.size() == 6));
    ended += w.ended;
  }
  CHECK(ended > 5);
  CHECK(ended < 40);
}

TEST_CASE("sample: words come as often as their probabilities say, at every temperature") {
  const Toy model(3);
  const auto state = model.start(Run{}, kSource);
  const Tensor logits = model.next(Run{}, *state, 1);
  for (const double temperature : {0.5, 1.0, 3.0}) {
    const std::vector<double> p = softmax_of(logits, temperature);
    std::map<std::size_t, int> counts;
    Rng rng(4);
    constexpr int kDraws = 20'000;
    for (int i = 0; i < kDraws; ++i) {
      const Written w = sample(Run{}, model, kSource, {.longest = 1}, temperature, rng);
      REQUIRE(w.words.size() == 1);
      CHECK(w.log_probability == doctest::Approx(std::log(p[w.words[0]])).epsilon(1e-5));
      ++counts[w.words[0]];
    }
    for (std::size_t w = 0; w < kWords; ++w) {
      INFO("temperature " << temperature << ", word " << w);
      CHECK(std::abs(counts[w] - kDraws * p[w]) < 4 * std::sqrt(kDraws * p[w] * (1 - p[w])));
    }
  }
}

TEST_CASE("sample: nearly without temperature it is greedy; the same seed draws the same") {
  int different = 0;
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    const Toy model(seed);
    Rng cold(1), one(seed), two(seed);
    const GenerateOptions options{.longest = 8};
    const Written best = greedy(Run{}, model, kSource, options);
    CHECK(sample(Run{}, model, kSource, options, 1e-3, cold).words == best.words);
    const Written a = sample(Run{}, model, kSource, options, 1, one);
    CHECK(a.words == sample(Run{}, model, kSource, options, 1, two).words);
    different += a.words != best.words;
    // The chosen word is told, also if it is not among the likeliest.
    Rng hot(seed);
    sample(Run{}, model, kSource, {.longest = 8, .shown = 1}, 5, hot,
           [](std::size_t, const std::vector<Candidate>& candidates) {
             int kept = 0;
             for (const Candidate& c : candidates) kept += c.kept;
             CHECK(kept == 1);
             CHECK(candidates.size() <= 2);
           });
  }
  CHECK(different > 5);
}

TEST_CASE("generate: no width, no temperature and numbers that are not finite are refused") {
  const Toy model(1);
  Rng rng(1);
  check_error(ErrorKind::usage, "a beam of width 0",
              [&] { beam_search(Run{}, model, kSource, kShort, 0, 0.6); });
  for (const double temperature : {0.0, -1.0, std::nan("")}) {
    check_error(ErrorKind::usage, "is not above 0",
                [&] { sample(Run{}, model, kSource, kShort, temperature, rng); });
  }
  for (const double bias : {std::nan(""), HUGE_VAL}) {
    const Toy broken(1, bias);
    check_bad("not finite", [&] { greedy(Run{}, broken, kSource, kShort); });
    check_bad("not finite", [&] { beam_search(Run{}, broken, kSource, kShort, 3, 0.6); });
    check_bad("not finite", [&] { sample(Run{}, broken, kSource, kShort, 1, rng); });
  }
  // A word that cannot come (logit -inf) is no mistake: it never comes.
  const Toy endless(1, -HUGE_VAL);
  for (const Written& w : beam_search(Run{}, endless, kSource, kShort, 2, 0.6))
    CHECK_FALSE(w.ended);
  CHECK(greedy(Run{}, model, kSource, {.longest = 0}).words.empty());
}
