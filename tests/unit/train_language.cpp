// Languages: their words, the two splits, and batches.
#include "attn/train/language.h"

#include <doctest/doctest.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <set>

#include "io_support.h"

using namespace attn;
using io_test::check_bad;
using io_test::check_error;

namespace {

Language language(const std::string& text) {
  return {"test", Grammar::parse(text, "test.grammar")};
}

/// 4096 sources of 4 words, each the only one of its target.
Language many() {
  std::string text = "S = $A $A' $A'' $A''' | $A\n";
  for (int i = 0; i < 8; ++i) text += fmt::format("A = a{0} | b{0}\n", i);
  return language(text);
}

/// Sources of 1 to 4 words, targets of 3 or 1.
const char* const kLengths =
    "S = $A | $A $A' x\nS = $A $A' | $A\nS = $A $A' $A'' | $A $A' x\nS = $A $A' $A'' $A''' | $A\n"
    "A = a | A\nA = b | B\nA = c | C\nA = d | D\nA = e | E";

}  // namespace

TEST_CASE("vocabulary: three words of its own, then the given ones") {
  const Vocabulary v({"dog", "cat"});
  CHECK(v.names() == std::vector<std::string>{"<unknown>", "<start>", "<end>", "dog", "cat"});
  CHECK(v.id("cat") == 4);
  CHECK(v.name(3) == "dog");
  CHECK(v.id("<end>") == Vocabulary::kEnd);
  CHECK(v.id("cow") == Vocabulary::kUnknown);
}

TEST_CASE("language: an example holds its words as ids, between <start> and <end>") {
  const Language l = many();
  Rng rng(1);
  for (const Split split : {Split::train, Split::test}) {
    const Example e = l.draw(rng, split);
    CHECK(l.split_of(e.words) == split);
    REQUIRE(e.source.size() == e.words.source.size() + 1);
    for (std::size_t i = 0; i < e.words.source.size(); ++i)
      CHECK(l.source().name(e.source[i]) == e.words.source[i]);
    CHECK(e.source.back() == Vocabulary::kEnd);
    REQUIRE(e.target.size() == e.words.target.size() + 2);
    CHECK(e.target.front() == Vocabulary::kStart);
    for (std::size_t i = 0; i < e.words.target.size(); ++i)
      CHECK(l.target().name(e.target[i + 1]) == e.words.target[i]);
    CHECK(e.target.back() == Vocabulary::kEnd);
    CHECK(l.encode(e.words.source) == e.source);
  }
  CHECK(l.encode({"a1", "nothing"}) ==
        std::vector<std::size_t>{l.source().id("a1"), Vocabulary::kUnknown, Vocabulary::kEnd});
}

TEST_CASE("language: no source is in both splits, and about one in eight is for testing") {
  const Language l = many();
  std::set<std::vector<std::string>> train, test;
  Rng rng(2);
  for (int i = 0; i < 12'000; ++i) {
    train.insert(l.draw(rng, Split::train).words.source);
    test.insert(l.draw(rng, Split::test).words.source);
  }
  for (const auto& sentence : test) CHECK(train.count(sentence) == 0);
  CHECK(train.size() + test.size() > 3900);  // nearly all of the 4096
  CHECK(double(test.size()) / double(train.size() + test.size()) ==
        doctest::Approx(0.125).epsilon(0.15));
}

TEST_CASE("language: the split is by the source alone, and the same for every seed") {
  const Language l = language(
      "S = $A $B | $A $C\nA = a | A\nA = b | B\nA = c | C\n"
      "B = d | D\nB = e | E\nB = f | F\nC = | x\nC = | y\nC = | z");
  std::map<std::vector<std::string>, Split> seen;
  std::set<std::vector<std::string>> targets;
  for (std::uint64_t seed = 0; seed < 40; ++seed) {
    Rng rng(seed);
    for (int i = 0; i < 20; ++i) {
      const Example e = l.draw(rng, Split::train);
      targets.insert(e.words.target);
      const Split split = l.split_of(e.words);
      CHECK(seen.emplace(e.words.source, split).first->second == split);
    }
  }
  CHECK(targets.size() > seen.size());  // one source has several targets here
}

TEST_CASE("language: apart splits by the marked words, whatever stands around them") {
  std::string text =
      "apart who why\nS = $F $A@who $F' $B@why | $A $B\n"
      "S = $B@why $A@who | $A $B\n";
  for (int i = 0; i < 20; ++i) text += fmt::format("A = a{0} | A{0}\nB = b{0} | B{0}\n", i);
  for (int i = 0; i < 5; ++i) text += fmt::format("F = f{0} | F{0}\n", i);
  const Language l = language(text);
  std::map<std::pair<std::string, std::string>, std::set<Split>> pairs;
  std::map<std::pair<std::string, std::string>, std::set<std::string>> sources;
  Rng rng(3);
  for (int i = 0; i < 8000; ++i) {
    for (const Split split : {Split::train, Split::test}) {
      const SentencePair pair = l.draw(rng, split).words;
      const std::pair key{pair.source[pair.source_marks.at("who")],
                          pair.source[pair.source_marks.at("why")]};
      pairs[key].insert(split);
      sources[key].insert(fmt::format("{}", fmt::join(pair.source, " ")));
    }
  }
  std::size_t test = 0;
  for (const auto& [key, splits] : pairs) {
    CHECK(splits.size() == 1);
    test += splits.count(Split::test);
  }
  CHECK(pairs.size() == 400);
  CHECK(test > 25);
  CHECK(test < 75);
  std::size_t most = 0;
  for (const auto& [key, all] : sources) most = std::max(most, all.size());
  CHECK(most > 5);  // one combination has many sentences, all in one split
}

TEST_CASE("language: a grammar without sentences for one split says which is missing") {
  const Language l = language("S = a | b");
  Rng rng(1);
  const Split there = l.split_of(Grammar::parse("S = a | b", "g").draw(rng));
  CHECK(there == Split::test);
  l.draw(rng, Split::test);
  check_bad("test: none of 100000 sentences is for training", [&] { l.draw(rng, Split::train); });
}

TEST_CASE("language: a batch has one source length; behind a sentence's end nothing is asked") {
  const Language l = language(kLengths);
  const SentencePool pool(l, Split::train, 500, Rng(4));
  CHECK(pool.examples().size() == 500);
  Rng rng(5);
  std::set<std::size_t> lengths;
  bool padded = false;
  for (int i = 0; i < 40; ++i) {
    const TranslationBatch b = pool.batch(rng, 6);
    const std::size_t s = b.source.shape().back(), t = b.target.shape().back();
    lengths.insert(s);
    REQUIRE(b.source.shape() == Shape{6, s});
    REQUIRE(b.target.shape() == Shape{6, t});
    REQUIRE(b.answers.shape() == Shape{6, t});
    std::size_t longest = 0;
    for (std::size_t r = 0; r < 6; ++r) {
      const auto source = row(b.source.value(), r), target = row(b.target.value(), r),
                 answers = row(b.answers.value(), r);
      CHECK(source[s - 1] == Vocabulary::kEnd);
      for (std::size_t j = 0; j + 1 < s; ++j) CHECK(source[j] > Vocabulary::kEnd);
      CHECK(target[0] == Vocabulary::kStart);
      std::size_t end = 0;
      while (answers[end] != Vocabulary::kEnd) REQUIRE(++end < t);
      longest = std::max(longest, end + 1);
      for (std::size_t j = 0; j < end; ++j) {
        CHECK(answers[j] > Vocabulary::kEnd);
        CHECK(target[j + 1] == answers[j]);  // what was asked is read next
      }
      for (std::size_t j = end + 1; j < t; ++j) {
        CHECK(answers[j] == -1);
        CHECK(target[j] == Vocabulary::kEnd);
        padded = true;
      }
    }
    CHECK(longest == t);
  }
  CHECK(lengths == std::set<std::size_t>{2, 3, 4, 5});
  CHECK(!padded);  // here targets of one source length are equally long
}

TEST_CASE("language: targets of unequal length are filled up, and nothing is asked there") {
  const Language l = language(
      "S = $A $B | $A $B\nA = a | A\nA = b | B\nA = c | C x y\nA = d | D\n"
      "B = e | E\nB = f | F z\nB = g | G\nB = h | H");
  Rng rng(6);
  std::vector<Example> all;
  std::size_t asked = 0;
  for (int i = 0; i < 20; ++i) {
    all.push_back(l.draw(rng, Split::train));
    asked += all.back().target.size() - 1;
  }
  const TranslationBatch b = Language::batch_of(all);
  CHECK(b.target.shape() == Shape{20, 6});
  std::size_t real_answers = 0, none = 0;
  for (const real answer : b.answers.value()) (answer == -1 ? none : real_answers) += 1;
  CHECK(real_answers == asked);
  CHECK(none == 20 * 6 - asked);
}

TEST_CASE(
    "language: the same generator gives the same batch, and lengths come as in the language") {
  const Language l = language(kLengths);
  const SentencePool pool(l, Split::train, 2000, Rng(7)), again(l, Split::train, 2000, Rng(7));
  Rng one(8), two(8);
  std::map<std::size_t, int> lengths, own;
  for (int i = 0; i < 600; ++i) {
    const TranslationBatch a = pool.batch(one, 3), b = again.batch(two, 3);
    REQUIRE(io_test::same(a.source.value(), b.source.value()));
    REQUIRE(io_test::same(a.target.value(), b.target.value()));
    REQUIRE(io_test::same(a.answers.value(), b.answers.value()));
    ++lengths[a.source.shape()[1]];
  }
  for (const Example& e : pool.examples()) ++own[e.source.size()];
  for (const auto& [length, count] : own) {
    const double expected = 600.0 * count / 2000;
    CHECK(std::abs(lengths[length] - expected) < 4 * std::sqrt(expected));
  }
}

TEST_CASE("language: batches of nothing, or of unequal sources, are refused") {
  const Language l = language(kLengths);
  const SentencePool pool(l, Split::train, 50, Rng(9)), none(l, Split::train, 0, Rng(9));
  Rng rng(1);
  check_error(ErrorKind::usage, "a batch of 0 sentences", [&] { pool.batch(rng, 0); });
  check_error(ErrorKind::usage, "a batch of 0 sentences", [&] { none.batch(rng, 3); });
  check_error(ErrorKind::usage, "a batch of 0 sentences", [&] { Language::batch_of({}); });
  check_error(ErrorKind::usage, "a batch with sources of",
              [&] { Language::batch_of(pool.examples()); });
}
