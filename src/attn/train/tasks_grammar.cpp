// Tasks with a grammar: brackets that close, and words whose tag depends on the words around.
#include <fmt/format.h>
#include <algorithm>
#include <array>

#include "attn/core/error.h"
#include "attn/train/tasks_list.h"

namespace attn {

// Dyck-2: well-formed words of two kinds of brackets. The input says "close" without the kind, and
// the kind is asked: a model has to find the opening bracket that is still open. All brackets are
// closed at the end; if n is odd one stays open. Openings and closings come in runs, because in a
// plain random walk half of the brackets would close at once.
std::unique_ptr<Task> make_brackets(std::size_t n) {
  auto task = task_of("brackets", n, n, {"(", "[", "close"}, {")", "]"});
  task->about = "Read n brackets and say at each one that closes of which kind it is.";
  task->best = "1: the kind is that of the last bracket still open.";
  task->draw = [n](Rng& rng, TaskExample& example) {
    constexpr float kClose = 2;
    std::vector<std::size_t> open;  // where the brackets stand that are still open
    bool opening = true;
    for (std::size_t t = 0; t < n; ++t) {
      if (rng.below(4) == 0) opening = !opening;
      if (open.empty()) opening = true;
      if (open.size() + 1 > n - t - 1 + n % 2) opening = false;  // time to close all of them
      if (opening) {
        example.inputs[t] = static_cast<float>(rng.below(2));
        open.push_back(t);
      } else {
        example.inputs[t] = kClose;
        example.ask(t, example.inputs[open.back()], open.back());
        open.pop_back();
      }
    }
  };
  return task;
}

// Tagging. Sentences are clauses, joined by conjunctions, of a finite grammar:
//   clause = subject [modal] adverb* verb object      subject, object = pronoun
//                                                              or determiner adjective* noun
// Many words have two tags, and stand in chains of such words: "I still saw the still saw". The
// words before always settle the tag (there are no compound nouns, and the grammar is deterministic
// from left to right), but no fixed number of them does.
namespace {

enum Tag { DET, PRON, ADJ, ADV, NOUN, VERB, MODAL, CONJ };
const std::vector<std::string> kTagNames = {"DET",  "PRON", "ADJ",   "ADV",
                                            "NOUN", "VERB", "MODAL", "CONJ"};

enum State { kClause, kSubject, kPredicate, kAfterModal, kAfterVerb, kObject, kEnd, kStates };

struct Rule {
  State from;
  Tag tag;
  std::uint64_t weight;  // against the other rules from this state that still fit
  State to;
  std::vector<std::string> words;  // equally likely
};

const std::vector<Rule>& rules() {
  using List = std::vector<std::string>;
  static const List determiners = {"the", "a", "this"};
  static const List subjects = {"I", "you", "she"}, objects = {"me", "you", "him", "them"};
  // "the still saw", but "I still saw"
  static const List adjectives = {"red", "first", "last", "next", "still", "daily"};
  static const List adverbs = {"never", "first", "last", "next", "still", "daily"};
  static const List nouns = {"man", "dog",  "bird",  "saw",  "cut",  "hit", "shot",
                             "bit", "felt", "watch", "duck", "fish", "can", "will"};
  static const List past = {"found", "liked", "saw", "cut", "hit", "shot", "bit", "felt"};
  static const List infinitives = {"see", "find", "saw", "cut", "hit", "watch", "duck", "fish"};
  static const List modals = {"must", "can", "will"}, conjunctions = {"and", "but"};
  static const std::vector<Rule> all = {
      {kClause, DET, 1, kSubject, determiners},
      {kClause, PRON, 1, kPredicate, subjects},
      {kSubject, ADJ, 3, kSubject, adjectives},
      {kSubject, NOUN, 3, kPredicate, nouns},
      {kPredicate, MODAL, 2, kAfterModal, modals},
      {kPredicate, ADV, 4, kPredicate, adverbs},
      {kPredicate, VERB, 3, kAfterVerb, past},
      {kAfterModal, ADV, 2, kAfterModal, adverbs},
      {kAfterModal, VERB, 2, kAfterVerb, infinitives},
      {kAfterVerb, DET, 3, kObject, determiners},
      {kAfterVerb, PRON, 1, kEnd, objects},
      {kObject, ADJ, 3, kObject, adjectives},
      {kObject, NOUN, 3, kEnd, nouns},
      {kEnd, CONJ, 7, kClause, conjunctions},
  };
  return all;
}
constexpr std::uint64_t kStopWeight = 1;  // against the rules from kEnd

/// Fewest words from each state to the end of a sentence.
constexpr std::array<std::size_t, kStates> kNeeded = {3, 3, 2, 2, 1, 1, 0};

/// A rule that may come next, and its probability: nullptr stands for the end of the sentence.
using Choices = std::vector<std::pair<const Rule*, std::uint64_t>>;

/// What may follow in this state if `left` more words fit; a sentence always finds its end in time.
Choices choices(State state, std::size_t left) {
  Choices out;
  for (const Rule& rule : rules()) {
    if (rule.from == state && kNeeded[rule.to] + 1 <= left) out.emplace_back(&rule, rule.weight);
  }
  if (state == kEnd) out.emplace_back(nullptr, kStopWeight);
  return out;
}

std::uint64_t total_weight(const Choices& all) {
  std::uint64_t sum = 0;
  for (const auto& [rule, weight] : all) sum += weight;
  return sum;
}

/// Words by id: 0 is the padding behind a sentence, the others in the order in which rules name
/// them.
const std::vector<std::string>& word_names() {
  static const std::vector<std::string> names = [] {
    std::vector<std::string> all = {"_"};
    for (const Rule& rule : rules()) {
      for (const std::string& word : rule.words) {
        if (std::find(all.begin(), all.end(), word) == all.end()) all.push_back(word);
      }
    }
    return all;
  }();
  return names;
}

/// The ids of each rule's words, in the order of rules().
const std::vector<std::vector<std::size_t>>& word_ids() {
  static const std::vector<std::vector<std::size_t>> ids = [] {
    const std::vector<std::string>& names = word_names();
    std::vector<std::vector<std::size_t>> all;
    for (const Rule& rule : rules()) {
      all.emplace_back();
      for (const std::string& word : rule.words) {
        all.back().push_back(
            static_cast<std::size_t>(std::find(names.begin(), names.end(), word) - names.begin()));
      }
    }
    return all;
  }();
  return ids;
}

const std::vector<std::size_t>& ids_of(const Rule* rule) {
  return word_ids()[static_cast<std::size_t>(rule - rules().data())];
}

/// For each word whether it has only one tag in the whole grammar.
const std::vector<bool>& has_one_tag() {
  static const std::vector<bool> flags = [] {
    std::vector<int> tag(word_names().size(), -1);
    std::vector<bool> one(word_names().size(), true);
    for (const Rule& rule : rules()) {
      for (const std::size_t word : ids_of(&rule)) {
        if (tag[word] >= 0 && tag[word] != rule.tag) one[word] = false;
        tag[word] = rule.tag;
      }
    }
    return one;
  }();
  return flags;
}

/// Expected numbers of words in a sentence of at most n words.
struct Expected {
  std::vector<std::vector<double>> place_tag, word_tag;  // (n, tags), (words, tags)
};

/// Exact: the probability of each state after t words, for t = 0 .. n, and what follows from there.
Expected expected_counts(std::size_t n) {
  const std::vector<double> none(kTagNames.size(), 0);
  Expected counts{std::vector(n, none), std::vector(word_names().size(), none)};
  std::array<double, kStates> now{1};  // kClause
  for (std::size_t t = 0; t < n; ++t) {
    std::array<double, kStates> next{};
    for (std::size_t state = 0; state < kStates; ++state) {
      if (now[state] == 0) continue;
      const Choices all = choices(static_cast<State>(state), n - t);
      const double sum = static_cast<double>(total_weight(all));
      for (const auto& [rule, weight] : all) {
        if (!rule) continue;
        const double p = now[state] * static_cast<double>(weight) / sum;
        next[rule->to] += p;
        counts.place_tag[t][rule->tag] += p;
        const std::vector<std::size_t>& words = ids_of(rule);
        for (const std::size_t word : words) {
          counts.word_tag[word][rule->tag] += p / static_cast<double>(words.size());
        }
      }
    }
    now = next;
  }
  return counts;
}

double word_ceiling(const Expected& counts) {
  double right = 0, all = 0;
  for (const std::vector<double>& word : counts.word_tag) {
    right += *std::max_element(word.begin(), word.end());
    for (const double count : word) all += count;
  }
  return right / all;
}

/// The distance of an answer is 0 for a word with one tag. For the others it is the way back to the
/// nearest word with one tag: the words from there to here settle the tag.
void draw_sentence(std::size_t n, Rng& rng, TaskExample& example) {
  State state = kClause;
  std::size_t anchor = 0;  // a sentence begins with a determiner or a pronoun: they have one tag
  for (std::size_t t = 0; t <= n; ++t) {
    const Choices all = choices(state, n - t);
    std::uint64_t pick = rng.below(total_weight(all));
    std::size_t i = 0;
    while (pick >= all[i].second) pick -= all[i++].second;
    const Rule* rule = all[i].first;
    if (!rule) return;
    const std::vector<std::size_t>& words = ids_of(rule);
    const std::size_t word = words[rng.below(words.size())];
    if (has_one_tag()[word]) anchor = t;
    example.inputs[t] = static_cast<float>(word);
    example.ask(t, rule->tag, anchor);
    state = rule->to;
  }
}

}  // namespace

double tagging_word_ceiling(std::size_t length) { return word_ceiling(expected_counts(length)); }

std::unique_ptr<Task> make_tagging(std::size_t n) {
  const Expected counts = expected_counts(n);
  auto task = task_of("tagging", n, n, word_names(), kTagNames);
  task->about =
      "Read a sentence of at most n words such as \"I saw a saw\" and say the part of speech of "
      "each word.";
  set_chance(*task, counts.place_tag);
  task->alone_accuracy = word_ceiling(counts);
  task->best = fmt::format(
      "1: the words before settle every tag; a model that sees each word alone reaches {:.4f}, "
      "because many words have two.",
      task->alone_accuracy);
  task->draw = [n](Rng& rng, TaskExample& example) { draw_sentence(n, rng, example); };
  return task;
}

}  // namespace attn
