// Each task's answers and distances, found again by a slow program that only reads the inputs: it
// scores the best that the task states.
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <set>
#include <string>

#include "attn/train/tasks.h"

using namespace attn;

namespace {

using Words = std::vector<std::string>;

struct Answer {
  std::string word;
  int distance;
};
using Answers = std::map<std::size_t, Answer>;  // by step; nothing is asked elsewhere

/// Draws sequences of both splits and checks that `oracle(words of the input)` gives every answer.
template <class Oracle>
void check_oracle(const std::string& name, std::initializer_list<std::size_t> lengths,
                  Oracle oracle) {
  for (const std::size_t n : lengths) {
    const auto task = make_task(name, n);
    Rng rng(n);
    for (const Split split : {Split::train, Split::test}) {
      const TaskBatch batch = task->batch(rng, 200, split);
      for (std::size_t i = 0; i < 200; ++i) {
        Words words;
        for (std::size_t t = 0; t < task->steps; ++t) {
          words.push_back(
              task->input_names.at(static_cast<std::size_t>(batch.inputs.value()(i, t))));
        }
        const Answers answers = oracle(n, words);
        for (std::size_t t = 0; t < task->answers(); ++t) {
          CAPTURE(name);
          CAPTURE(n);
          CAPTURE(t);
          const real target = batch.targets.value()(i, t);
          REQUIRE(answers.contains(t) == (target >= 0));
          if (target < 0) continue;
          REQUIRE(task->class_names.at(static_cast<std::size_t>(target)) == answers.at(t).word);
          REQUIRE(batch.distances(i, t) == answers.at(t).distance);
        }
      }
    }
  }
}

bool one_of(const std::string& word, const Words& words) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

}  // namespace

TEST_CASE("tasks: first asks for the first digit at the last step") {
  check_oracle("first", {3, 4, 8, 64}, [](std::size_t n, const Words& words) {
    REQUIRE(words.size() == n);
    return Answers{{n - 1, {words[0], static_cast<int>(n) - 1}}};
  });
}

TEST_CASE("tasks: copy and reverse say the digits behind the delimiter") {
  for (const bool backwards : {false, true}) {
    check_oracle(
        backwards ? "reverse" : "copy", {3, 4, 8, 64}, [&](std::size_t n, const Words& words) {
          REQUIRE(words.size() == 2 * n + 1);
          REQUIRE(words[n] == "|");
          Answers answers;
          for (std::size_t k = 0; k < n; ++k) {
            REQUIRE(words[n + 1 + k] == "_");
            answers[n + 1 + k] = backwards ? Answer{words[n - 1 - k], static_cast<int>(2 * k + 2)}
                                           : Answer{words[k], static_cast<int>(n + 1)};
          }
          return answers;
        });
  }
}

TEST_CASE("tasks: sort says the smallest digit that is left, the first of its kind") {
  check_oracle("sort", {3, 4, 8, 64}, [](std::size_t n, const Words& words) {
    Answers answers;
    std::vector<bool> said(n, false);
    for (std::size_t k = 0; k < n; ++k) {
      std::size_t best = n;
      for (std::size_t t = 0; t < n; ++t) {
        if (!said[t] && (best == n || words[t] < words[best])) best = t;
      }
      said[best] = true;
      answers[n + 1 + k] = {words[best], static_cast<int>(n + 1 + k - best)};
    }
    return answers;
  });
}

TEST_CASE("tasks: recall says the value behind the key's first appearance") {
  check_oracle("recall", {5, 6, 7, 8, 16, 32, 64, 200}, [](std::size_t n, const Words& words) {
    REQUIRE(words.size() == n);
    Answers answers;
    std::map<std::string, std::size_t> place;  // of each key
    std::size_t pair_steps = 0;
    for (std::size_t t = 0; t < n; ++t) {
      if (words[t] == "_") {
        REQUIRE((n % 3 == 1 || n > 24));  // beyond 8 pairs, blanks make the sequence longer
        continue;
      }
      const bool pair =
          t + 1 < n && words[t][0] == 'k' && words[t + 1][0] != 'k' && words[t + 1] != "_";
      if (pair) {
        REQUIRE(answers.empty());  // all pairs stand before all queries
        REQUIRE_FALSE(place.contains(words[t]));
        place[words[t]] = t;
        pair_steps += 2;
        ++t;
      } else {
        const std::size_t at = place.at(words[t]);
        answers[t] = {words[at + 1], static_cast<int>(t - at - 1)};
        place.erase(words[t]);  // no key is asked for twice
        place[words[t] + " asked"] = at;
      }
    }
    REQUIRE((2 * pair_steps >= n || pair_steps == 16));
    REQUIRE_FALSE(answers.empty());
    return answers;
  });
}

TEST_CASE("tasks: adding asks for the sum of the two marked numbers") {
  double squares = 0, count = 0;
  for (const std::size_t n : {2u, 3u, 8u, 64u}) {
    const auto task = make_task("adding", n);
    Rng rng(n);
    for (const Split split : {Split::train, Split::test}) {
      const TaskBatch batch = task->batch(rng, 500, split);
      for (std::size_t i = 0; i < 500; ++i) {
        double sum = 0;
        std::vector<std::size_t> marks;
        for (std::size_t t = 0; t < n; ++t) {
          const double number = batch.inputs.value()(i, t, 0), mark = batch.inputs.value()(i, t, 1);
          REQUIRE(number >= 0);
          REQUIRE(number <= 1);
          REQUIRE((mark == 0 || mark == 1));
          sum += number * mark;
          if (mark == 1) marks.push_back(t);
          if (t + 1 < n) REQUIRE(std::isnan(batch.targets.value()(i, t)));
        }
        REQUIRE(marks.size() == 2);
        REQUIRE(marks[0] < n / 2);
        REQUIRE(marks[1] >= n / 2);
        REQUIRE(std::abs(batch.targets.value()(i, n - 1) - sum) < 1e-6);
        REQUIRE(batch.distances(i, n - 1) == static_cast<real>(n - 1 - marks[0]));
        squares += (sum - 1) * (sum - 1);
        count += 1;
      }
    }
    CHECK(task->best_loss == 0);
    CHECK(std::isnan(task->best_accuracy));
    CHECK(task->chance_loss == doctest::Approx(1.0 / 6));
  }
  CHECK(squares / count == doctest::Approx(1.0 / 6).epsilon(0.08));  // always saying 1
}

TEST_CASE("tasks: copy-memory is laid out as in Bai et al. 2018") {
  check_oracle("copy-memory", {1, 2, 8, 64}, [](std::size_t n, const Words& words) {
    REQUIRE(words.size() == n + 20);
    Answers answers;
    for (std::size_t t = 0; t < words.size(); ++t) {
      if (t < 10) REQUIRE(one_of(words[t], {"1", "2", "3", "4", "5", "6", "7", "8"}));
      if (t >= 10 && t < n + 9) REQUIRE(words[t] == "_");
      if (t >= n + 9) REQUIRE(words[t] == "|");
      if (t >= n + 10) answers[t] = {words[t - n - 10], static_cast<int>(n) + 10};
    }
    return answers;
  });
  CHECK(make_task("copy-memory", 1000)->chance_loss == doctest::Approx(std::log(8)));
}

TEST_CASE("tasks: brackets close the last one that is open, and all are closed at the end") {
  check_oracle("brackets", {9, 10, 17, 64}, [](std::size_t n, const Words& words) {
    Answers answers;
    int depth = 0;
    for (std::size_t t = 0; t < n; ++t) {
      depth += words[t] == "close" ? -1 : 1;
      REQUIRE(depth >= 0);
      if (words[t] != "close") continue;
      std::size_t at = t;
      for (int height = 1; height > 0;) height += words[--at] == "close" ? 1 : -1;
      answers[t] = {words[at] == "(" ? ")" : "]", static_cast<int>(t - at)};
    }
    REQUIRE(depth == static_cast<int>(n % 2));
    return answers;
  });
}

TEST_CASE("tasks: tagging follows from the words before, and from the last sure one on") {
  const Words determiners = {"the", "a", "this"},
              pronouns = {"I", "you", "she", "me", "him", "them"}, modals = {"can", "will", "must"},
              modifiers = {"red", "never", "first", "last", "next", "still", "daily"},
              two_tags = {"first", "last", "next", "still", "daily", "saw",  "cut", "hit",
                          "shot",  "bit",  "felt", "watch", "duck",  "fish", "can", "will"};
  std::map<std::string, std::set<std::string>> tags_of_segment, tags_of_word;
  std::size_t longest = 0;
  check_oracle("tagging", {4, 5, 8, 16, 64}, [&](std::size_t, const Words& words) {
    Answers answers;
    bool in_phrase = false, had_modal = false, ended = false;
    std::size_t sure = 0, t = 0;
    for (; t < words.size() && words[t] != "_"; ++t) {
      const std::string& word = words[t];
      std::string tag = "VERB";
      if (one_of(word, determiners)) {
        tag = "DET";
        in_phrase = true;
      } else if (one_of(word, pronouns)) {
        tag = "PRON";
      } else if (word == "and" || word == "but") {
        tag = "CONJ";
        had_modal = false;
      } else if (in_phrase) {
        tag = one_of(word, modifiers) ? "ADJ" : "NOUN";
        in_phrase = tag == "ADJ";
      } else if (one_of(word, modals) && !had_modal) {
        tag = "MODAL";
        had_modal = true;
      } else if (one_of(word, modifiers)) {
        tag = "ADV";
      }
      if (!one_of(word, two_tags)) sure = t;
      answers[t] = {tag, static_cast<int>(t - sure)};
      std::string segment;
      for (std::size_t s = sure; s <= t; ++s) segment += words[s] + " ";
      tags_of_segment[segment].insert(tag);
      tags_of_word[word].insert(tag);
      ended = tag == "NOUN" || tag == "PRON";  // the object comes last
    }
    longest = std::max(longest, t);
    REQUIRE(t >= 3);
    REQUIRE(ended);
    for (; t < words.size(); ++t) REQUIRE(words[t] == "_");
    return answers;
  });
  CHECK(longest > 56);
  for (const auto& [segment, tags] : tags_of_segment) CHECK_MESSAGE(tags.size() == 1, segment);
  for (const auto& [word, tags] : tags_of_word) {
    CHECK_MESSAGE(tags.size() == (one_of(word, two_tags) ? 2u : 1u), word);
  }
}

TEST_CASE("tasks: the mood is that of the last adjective, turned round by what stands before it") {
  const auto has = [](const Words& words, const Words& some) {
    return std::any_of(words.begin(), words.end(),
                       [&](const std::string& word) { return one_of(word, some); });
  };
  double alone = 0, all = 0;
  check_oracle("mood", {6, 12, 24, 64}, [&](std::size_t n, const Words& words) {
    REQUIRE(words.size() == n);
    Words clause;
    std::string mood, expected;
    for (const std::string& word : words) {
      if (word == "_") continue;
      if (word == "and" || word == "but") {
        // "and" goes on in the same mood, "but" in the other one
        expected = (word == "and") == (mood == "good") ? "good" : "bad";
        clause.clear();
        continue;
      }
      clause.push_back(word);
      const bool good = one_of(word, {"good", "funny", "clever", "lovely", "great", "fine"});
      if (!good && !one_of(word, {"bad", "dull", "silly", "awful", "boring", "weak"})) continue;
      const bool turned = has(clause, {"not", "never"}) != has(clause, {"nobody", "doubt"});
      mood = good != turned ? "good" : "bad";
      if (!expected.empty()) REQUIRE(mood == expected);
      alone += !turned;
      ++all;
    }
    return Answers{{0, {mood, 0}}};
  });
  CHECK(alone / all == doctest::Approx(11.0 / 18).epsilon(0.03));  // what an adjective alone tells
}
