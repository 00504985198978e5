// Posteriors of masked pairs: against a list of everything that can happen, and against draws.
#include "attn/train/best_guess.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <numeric>

#include "app/frame/data.h"
#include "attn/io/json.h"
#include "io_support.h"

using namespace attn;
using io_test::check_error;
using nlohmann::json;

namespace {

std::size_t id_of(const TopicGrammar& g, const std::string& word) {
  if (word == "[MASK]") return SeenPair::kHidden;
  const auto found = std::find(g.words().begin(), g.words().end(), word);
  REQUIRE(found != g.words().end());
  return static_cast<std::size_t>(found - g.words().begin());
}

std::vector<std::size_t> ids_of(const TopicGrammar& g, const json& words) {
  std::vector<std::size_t> ids;
  for (const json& word : words) ids.push_back(id_of(g, word.get<std::string>()));
  return ids;
}

TopicGrammar stories() {
  return TopicGrammar::parse(app::data_file("stories.topics"), "stories.topics");
}

}  // namespace

TEST_CASE("best guess: as a list of everything that can happen says") {
  const json reference = read_json(std::string(ATTN_REFERENCE_DIR) + "/best_guess.json");
  std::size_t positions = 0, impossible = 0;
  for (const json& c : reference["cases"]) {
    const TopicGrammar g = TopicGrammar::parse(
        reference["grammars"][c["grammar"].get<std::string>()].get<std::string>(), "g");
    const MaskingOptions masking{c["select"], c["mask"], c["random"]};
    const BestGuess guess(g, masking, {ids_of(g, c["a"]), ids_of(g, c["b"])});
    INFO(c["grammar"].dump(), c["a"].dump(), c["b"].dump(), masking.select);
    CHECK(guess.next() == doctest::Approx(c["next"].get<double>()).epsilon(1e-9));
    for (std::size_t at = 0; at < c["words"].size(); ++at) {
      const json& expected = c["words"][at];
      if (expected.is_null()) {
        check_error(ErrorKind::usage, "cannot have made", [&] { guess.word(at); });
        ++impossible;
        continue;
      }
      const std::vector<double> p = guess.word(at);
      CHECK(std::accumulate(p.begin(), p.end(), 0.0) == doctest::Approx(1).epsilon(1e-12));
      for (std::size_t word = 0; word < p.size(); ++word) {
        INFO("position ", at, ", ", g.words()[word]);
        CHECK(std::abs(p[word] - expected.value(g.words()[word], 0.0)) < 1e-9);
      }
      ++positions;
    }
  }
  CHECK(positions > 200);
  CHECK(impossible > 0);
}

TEST_CASE("best guess: it expects of itself what it gets") {
  // If 1000 guesses say 0.7 of something, it happens about 700 times: the mean of what is expected
  // (largest posterior, entropy) and the mean of what happened agree up to chance.
  const TopicGrammar g = stories();
  const MaskingOptions masking;
  Rng rng(7);
  const int count = 4000;
  double right = 0, expected_right = 0, loss = 0, expected_loss = 0, words = 0;
  double next_right = 0, next_expected = 0, next_loss = 0, next_expected_loss = 0;
  for (int i = 0; i < count; ++i) {
    const TopicPair pair = g.draw_pair(rng);
    const MaskedPair masked = mask_pair(g, masking, pair, rng);
    const BestGuess guess(g, masking, masked.seen);
    next_right += (guess.next() > 0.5) == pair.is_next;
    next_expected += std::max(guess.next(), 1 - guess.next());
    next_loss -= std::log(pair.is_next ? guess.next() : 1 - guess.next());
    next_expected_loss += entropy({guess.next(), 1 - guess.next()});
    for (std::size_t at = 0; at < masked.targets.size(); ++at) {
      if (masked.targets[at] < 0) continue;
      const std::vector<double> p = guess.word(at);
      const auto was = static_cast<std::size_t>(masked.targets[at]);
      right += std::max_element(p.begin(), p.end()) - p.begin() == masked.targets[at];
      expected_right += *std::max_element(p.begin(), p.end());
      loss -= std::log(p[was]);
      expected_loss += entropy(p);
      ++words;
    }
  }
  CHECK(std::abs(right - expected_right) < 4 * std::sqrt(words * 0.85 * 0.15));
  CHECK(std::abs(loss - expected_loss) / words < 0.04);
  CHECK(std::abs(next_right - next_expected) < 4 * std::sqrt(count * 0.01));
  CHECK(std::abs(next_loss - next_expected_loss) / count < 0.015);
}

TEST_CASE("best guess: who and topic say whether b follows, also if somebody is hidden") {
  const TopicGrammar g = stories();
  const auto next = [&](const char* b) {
    const char* const a = R"(["the","actor","can","play","the","song"])";
    return BestGuess(g, {}, {ids_of(g, json::parse(a)), ids_of(g, json::parse(b))}).next();
  };
  CHECK(next(R"(["in","the","theatre","the","actor","found","his","mask"])") > 0.95);
  CHECK(next(R"(["in","the","theatre","the","clown","found","his","mask"])") < 0.02);
  CHECK(next(R"(["in","the","castle","the","king","found","his","sword"])") < 0.01);
  // Two people of the theatre are "his", one of 32 strangers is one of them: 32 / 33.
  CHECK(next(R"(["in","the","theatre","the","[MASK]","found","his","mask"])") ==
        doctest::Approx(32.0 / 33).epsilon(0.005));
  CHECK(next(R"(["in","the","castle","the","[MASK]","found","his","sword"])") < 0.05);
}

TEST_CASE("best guess: sentences that the grammar cannot make") {
  const TopicGrammar g = stories();
  const std::vector<std::size_t> three(3, SeenPair::kHidden), eight(8, SeenPair::kHidden);
  check_error(ErrorKind::usage, "cannot have made this pair", [&] {
    BestGuess(g, {}, {three, eight});
  });
  check_error(ErrorKind::usage, "cannot have made this pair", [&] {
    BestGuess(g, {.mask = 0}, {eight, eight});
  });
  check_error(ErrorKind::usage, "no position 16", [&] {
    BestGuess(g, {}, {eight, eight}).word(16);
  });
}

TEST_CASE("best scores: those of the program's own stories") {
  // The figures of docs/corpus.md; a change of the stories must be told there.
  const TopicGrammar g = stories();
  CHECK(entropy(g.word_shares()) == doctest::Approx(4.0531).epsilon(1e-4));
  const BestScores best = best_scores(g, {}, 5000, Rng(1));
  CHECK(best.pairs == 5000);
  const auto near = [](const Estimate& e, double value, double error) {
    INFO(e.mean, " +- ", e.error, ", expected ", value);
    CHECK(std::abs(e.mean - value) < 4 * e.error);
    CHECK(e.error < error);
    CHECK(e.error > error / 3);
  };
  near(best.word_loss, 0.3557, 0.01);
  near(best.word_accuracy, 0.8431, 0.004);
  near(best.next_loss, 0.0622, 0.0018);
  near(best.next_accuracy, 0.9840, 0.0009);
}

TEST_CASE("best scores: of a grammar in which nothing can be guessed, or everything") {
  // Two words, each with chance 1/2 (two topics), all masked: log 2, and nothing about next.
  const TopicGrammar coin =
      TopicGrammar::parse("pattern = $who\ntopic a\nwho = x\ntopic b\nwho = y\n", "coin");
  const BestScores hidden = best_scores(coin, {.select = 1, .mask = 1, .random = 0}, 50, Rng(1));
  CHECK(hidden.words == 100);
  CHECK(hidden.word_loss.mean == doctest::Approx(std::log(2)));
  CHECK(hidden.word_loss.error == doctest::Approx(0));
  CHECK(hidden.next_accuracy.mean == doctest::Approx(0.5));
  // Nothing masked: the words are known; b = a is said by 1 of 2 strangers, so 2/3 for next.
  const BestScores shown = best_scores(coin, {.select = 1, .mask = 0, .random = 0}, 4000, Rng(1));
  CHECK(shown.word_loss.mean == doctest::Approx(0));
  CHECK(shown.word_accuracy.mean == doctest::Approx(1));
  CHECK(std::abs(shown.next_accuracy.mean - 0.75) < 4 * shown.next_accuracy.error);
}

TEST_CASE("best scores: it ends when asked to, and says how many pairs it was") {
  const TopicGrammar g = stories();
  const BestScores best =
      best_scores(g, {}, 1000, Rng(1), [](std::size_t done) { return done < 10; });
  CHECK(best.pairs == 10);
  check_error(ErrorKind::usage, "no word was chosen in 0 pairs",
              [&] { best_scores(g, {}, 1000, Rng(1), [](std::size_t) { return false; }); });
}
