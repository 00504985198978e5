// One label for a sentence: is what it says good or bad? A word alone does not tell, because "not"
// and "nobody says" turn it round.
#include <algorithm>
#include <array>

#include "attn/train/tasks_list.h"

namespace attn {

namespace {

// Sentences are one or two clauses, joined by "and" (the next one is of the same mood) or "but"
// (of the other mood); what comes last counts:
//   clause = [everybody says | we think | nobody says | we doubt] the NOUN was [not | never]
//            [very | really] ADJECTIVE
// A clause is turned round by "nobody says" or "we doubt", and by "not" or "never"; by both, twice.
constexpr std::size_t kWordKinds = 6, kClauses = 2;
const std::array<std::string, kWordKinds> kNouns = {"film",  "plot", "ending",
                                                    "music", "cast", "story"};
const std::array<std::string, kWordKinds> kGood = {"good",   "funny", "clever",
                                                   "lovely", "great", "fine"};
const std::array<std::string, kWordKinds> kBad = {"bad",   "dull",   "silly",
                                                  "awful", "boring", "weak"};

enum Word : std::size_t {
  kWordBlank,
  kWordAnd,
  kWordBut,
  kWordThe,
  kWordWas,
  kWordEverybody,
  kWordNobody,
  kWordSays,
  kWordWe,
  kWordThink,
  kWordDoubt,
  kWordNot,
  kWordNever,
  kWordVery,
  kWordReally,
  kWordNoun,
  kWordGood = kWordNoun + kWordKinds,
  kWordBad = kWordGood + kWordKinds
};

std::vector<std::string> word_list() {
  std::vector<std::string> words = {"_",         "and",    "but",   "the",  "was",
                                    "everybody", "nobody", "says",  "we",   "think",
                                    "doubt",     "not",    "never", "very", "really"};
  for (const auto* list : {&kNouns, &kGood, &kBad})
    words.insert(words.end(), list->begin(), list->end());
  return words;
}

/// A clause that says this mood. An adjective alone is right in 11 of 18 clauses: who cannot see
/// what turns it round has something to begin with, and not much.
std::vector<std::size_t> clause(bool good, Rng& rng) {
  std::vector<std::size_t> words;
  bool turned = false;
  if (rng.below(3) == 0) {
    turned = rng.below(2) == 0;
    const bool we = rng.below(2) == 0;
    words = {we       ? kWordWe
             : turned ? kWordNobody
                      : kWordEverybody,
             !we      ? kWordSays
             : turned ? kWordDoubt
                      : kWordThink};
  }
  words.insert(words.end(), {kWordThe, kWordNoun + rng.below(kWordKinds), kWordWas});
  if (rng.below(3) == 0) {
    turned = !turned;
    words.push_back(rng.below(2) == 0 ? kWordNot : kWordNever);
  }
  if (rng.below(3) == 0) words.push_back(rng.below(2) == 0 ? kWordVery : kWordReally);
  words.push_back((good != turned ? kWordGood : kWordBad) + rng.below(kWordKinds));
  return words;
}

std::vector<std::size_t> sentence(bool good, Rng& rng) {
  const std::size_t clauses = 1 + rng.below(kClauses);
  std::vector<bool> turns;  // "but" before the clause
  bool mood = good;         // of the first clause, so that the last one is `good`
  for (std::size_t i = 1; i < clauses; ++i) {
    turns.push_back(rng.below(2) == 0);
    mood ^= turns.back();
  }
  std::vector<std::size_t> words = clause(mood, rng);
  for (const bool turn : turns) {
    mood ^= turn;
    words.push_back(turn ? kWordBut : kWordAnd);
    const std::vector<std::size_t> next = clause(mood, rng);
    words.insert(words.end(), next.begin(), next.end());
  }
  return words;
}

}  // namespace

std::unique_ptr<Task> make_mood(std::size_t n) {
  auto task = task_of("mood", n, n, word_list(), {"bad", "good"});
  task->whole = true;
  task->has_distances = false;
  task->unit = "sentences";
  task->about =
      "Read a sentence of at most n words such as \"nobody says the film was not good\" and say "
      "whether it finds things good or bad; after \"but\" comes what counts.";
  task->best =
      "1: the last clause settles it, whose adjective is turned round by \"not\" and by \"nobody "
      "says\"; by both, twice.";
  task->draw = [n](Rng& rng, TaskExample& example) {
    const bool good = rng.below(2) == 1;
    std::vector<std::size_t> words;
    do {
      words = sentence(good, rng);
    } while (words.size() > n);
    std::transform(words.begin(), words.end(), example.inputs.begin(),
                   [](std::size_t word) { return static_cast<float>(word); });
    example.ask(good);
  };
  return task;
}

}  // namespace attn
