// Labelled texts of a grammar: right labels, and best scores that counting confirms.
#include "attn/train/downstream.h"

#include <doctest/doctest.h>

#include <cmath>
#include <map>

#include "app/frame/data.h"
#include "io_support.h"

using namespace attn;
using io_test::check_error;

namespace {

/// So small that every text comes many times; some words have several topics or uses.
const char* const kTiny =
    "pattern 2 = $who has $thing\npattern = $thing near $place\n"
    "pattern = $place near $thing\n"
    "topic farm\nwho = cow man\nthing = egg saw\nplace = barn\n"
    "topic shop\nwho = man boy\nthing = saw barn\nplace = shop\n"
    "topic mill\nwho = boy cow\nthing = shop\nplace = barn\n";

TopicGrammar tiny() { return TopicGrammar::parse(kTiny, "tiny.topics"); }

TopicGrammar stories() {
  return TopicGrammar::parse(app::data_file("stories.topics"), "stories.topics");
}

std::string text_of(const TopicGrammar& g, const LabelledText& text) {
  std::string out;
  for (const auto& input : text.inputs)
    out += g.text({0, input.a}) + " / " + g.text({0, input.b}) + "\n";
  return out;
}

}  // namespace

TEST_CASE("downstream: the best score is what counting labels of equal texts gives") {
  const TopicGrammar g = tiny();
  for (const std::string name : {"sentence", "pair", "tags"}) {
    INFO(name);
    const auto task = make_downstream(name, g);
    Rng rng(3);
    struct Seen {
      std::map<std::vector<std::size_t>, double> labels;
      double all = 0, best = 0;
    };
    std::map<std::string, Seen> seen;
    const int count = 100'000;
    double expected = 0;
    for (int i = 0; i < count; ++i) {
      const LabelledText text = task->draw(rng);
      Seen& s = seen[text_of(g, text)];
      ++s.labels[text.answer];
      ++s.all;
      s.best = task->best(text);
      expected += s.best / count;
    }
    double reached = 0;
    std::size_t unsure = 0;
    for (const auto& entry : seen) {
      const std::string& text = entry.first;
      const Seen& s = entry.second;
      double most = 0;
      for (const auto& [label, n] : s.labels) most = std::max(most, n);
      reached += most / count;
      if (s.all < 500) continue;
      INFO(text);
      unsure += s.best < 0.999;
      // Five standard errors; the largest of several counts is a little above the largest chance.
      CHECK(std::abs(most / s.all - s.best) <
            5 * std::sqrt(s.best * (1 - s.best) / s.all) + 0.03 * (s.best < 0.6) + 1e-9);
    }
    CHECK(unsure > 0);
    CHECK(expected < 0.999);
    CHECK(std::abs(reached - expected) < 0.01);
  }
}

TEST_CASE("downstream: who chooses the likeliest of four sentences is right as often as it says") {
  const TopicGrammar g = tiny();
  const auto task = make_downstream("choice", g);
  Rng rng(4);
  // The number of places (1 to 4) with the text of the right one tells how often guessing among
  // equal sentences must fail: an independent bound on the best.
  double expected = 0, bound = 0;
  const int count = 20'000;
  for (int i = 0; i < count; ++i) {
    const LabelledText text = task->draw(rng);
    REQUIRE(text.inputs.size() == 4);
    const std::string right = g.text({0, text.inputs[text.answer[0]].b});
    double equal = 0;
    for (const auto& input : text.inputs) {
      CHECK(input.a == text.inputs[0].a);
      equal += g.text({0, input.b}) == right;
    }
    expected += task->best(text) / count;
    bound += 1 / equal / count;
  }
  CHECK(expected > 0.3);  // above chance
  CHECK(expected < bound + 0.01);
}

TEST_CASE("downstream: labels of the program's own stories are what the words say") {
  const TopicGrammar g = stories();
  Rng rng(5);
  const auto tags = make_downstream("tags", g);
  for (int i = 0; i < 200; ++i) {
    const LabelledText text = tags->draw(rng);
    const auto& a = text.inputs[0].a;
    REQUIRE(text.answer.size() == a.size());
    std::size_t whos = 0;
    for (std::size_t j = 0; j < a.size(); ++j) {
      whos += text.answer[j] == 1;
      if (text.answer[j] == 0) continue;
      REQUIRE(j > 0);  // "the", "his", "her", "its" stand before all of them
      const std::string& before = g.words()[a[j - 1]];
      CHECK((before == "the" || before == "his" || before == "her" || before == "its"));
    }
    CHECK(whos == 1);
  }
  const auto sentence = make_downstream("sentence", g);
  CHECK(sentence->classes.size() == g.topics().size());
  const auto pair = make_downstream("pair", g);
  std::map<std::size_t, int> labels;
  for (int i = 0; i < 3000; ++i) ++labels[pair->draw(rng).answer[0]];
  for (const auto& [label, n] : labels) CHECK(std::abs(n - 1000) < 150);
}

TEST_CASE("downstream: the answer of a span stands once in the text and belongs to who is asked") {
  const TopicGrammar g = stories();
  const auto task = make_downstream("span", g);
  Rng rng(6);
  std::size_t first = 0, where = 0;
  for (int i = 0; i < 500; ++i) {
    const LabelledText text = task->draw(rng);
    const auto &a = text.inputs[0].a, &b = text.inputs[0].b;
    INFO(text_of(g, text));
    REQUIRE(text.answer.size() == 2);
    REQUIRE(text.answer[1] < b.size());
    CHECK(text.answer[0] + 1 == text.answer[1]);
    const std::size_t answer = b[text.answer[1]];
    CHECK(std::find(a.begin(), a.end(), answer) == a.end());  // it was left out of the question
    first += text.answer[1] < b.size() / 2;
    where += g.words()[a[0]] == "where";
  }
  CHECK(std::abs(int(first) - 250) < 60);  // in either sentence
  CHECK(std::abs(int(where) - 250) < 60);
}

TEST_CASE("downstream: what a grammar lacks for a task is named") {
  const TopicGrammar bare = TopicGrammar::parse(
      "pattern = $who runs\ntopic a\nwho = x\ntopic b\nwho = y\n", "bare.topics");
  check_error(ErrorKind::usage, "without $thing", [&] { make_downstream("tags", bare); });
  check_error(ErrorKind::usage, "nobody else", [&] { make_downstream("pair", bare); });
  const TopicGrammar mute = tiny();
  check_error(ErrorKind::usage, "without questions", [&] { make_downstream("span", mute); });
  check_error(ErrorKind::usage, "no task \"nothing\"", [&] { make_downstream("nothing", mute); });
}
