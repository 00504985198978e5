#include "attn/train/language.h"

#include <fmt/format.h>

#include <algorithm>

#include "attn/core/error.h"

namespace attn {

namespace {

constexpr std::size_t kSentenceTries = 100'000;

Tensor ids_of(const std::vector<std::vector<double>>& rows) {
  Array values = empty({rows.size(), rows[0].size()});
  std::size_t at = 0;
  for (const std::vector<double>& row : rows) {
    for (const double id : row) values.data()[at++] = static_cast<real>(id);
  }
  return Tensor::ids(std::move(values));
}

}  // namespace

Vocabulary::Vocabulary(const std::vector<std::string>& words) {
  names_ = {"<unknown>", "<start>", "<end>"};
  names_.insert(names_.end(), words.begin(), words.end());
  for (std::size_t i = 0; i < names_.size(); ++i) ids_.emplace(names_[i], i);
}

std::size_t Vocabulary::id(const std::string& word) const {
  const auto found = ids_.find(word);
  return found == ids_.end() ? kUnknown : found->second;
}

Language::Language(std::string name, const Grammar& grammar, std::string place)
    : name_(std::move(name)),
      place_(std::move(place)),
      grammar_(grammar),
      source_(grammar.source_words()),
      target_(grammar.target_words()) {}

Split Language::split_of(const SentencePair& pair) const {
  std::vector<float> key;
  if (grammar_.apart().empty()) {
    for (const std::string& word : pair.source) key.push_back(static_cast<float>(source_.id(word)));
  } else {
    for (const std::string& mark : grammar_.apart()) {
      const auto place = pair.source_marks.find(mark);
      if (place != pair.source_marks.end())
        key.push_back(static_cast<float>(source_.id(pair.source[place->second])));
    }
  }
  return attn::split_of(key);
}

Example Language::draw(Rng& rng, Split split) const {
  for (std::size_t tries = 0; tries < kSentenceTries; ++tries) {
    Example e{grammar_.draw(rng), {}, {}};
    if (split_of(e.words) != split) continue;
    e.source = encode(e.words.source);
    e.target = {Vocabulary::kStart};
    for (const std::string& word : e.words.target) e.target.push_back(target_.id(word));
    e.target.push_back(Vocabulary::kEnd);
    return e;
  }
  throw Error(
      ErrorKind::bad_input,
      fmt::format("{}: none of {} sentences is for {}",
                  escaped(place_.empty() ? name_ : place_, 200), kSentenceTries,
                  split == Split::test ? "testing" : "training"),
      "about one different sentence in eight is for testing: the grammar needs more of them, "
      "50 at the least");
}

std::vector<std::size_t> Language::encode(const std::vector<std::string>& words) const {
  std::vector<std::size_t> ids;
  for (const std::string& word : words) ids.push_back(source_.id(word));
  ids.push_back(Vocabulary::kEnd);
  return ids;
}

TranslationBatch Language::batch_of(const std::vector<Example>& examples) {
  if (examples.empty()) throw Error(ErrorKind::usage, "a batch of 0 sentences", "give some");
  std::size_t longest = 0;
  for (const Example& e : examples) {
    if (e.source.size() != examples[0].source.size())
      throw Error(ErrorKind::usage,
                  fmt::format("a batch with sources of {} and {} words", examples[0].source.size(),
                              e.source.size()),
                  "nothing is padded that a model reads: take sources of one length");
  }
  for (const Example& e : examples) longest = std::max(longest, e.target.size() - 1);
  std::vector<std::vector<double>> source, target, answers;
  for (const Example& e : examples) {
    source.emplace_back(e.source.begin(), e.source.end());
    target.emplace_back(e.target.begin(), e.target.end() - 1);
    target.back().resize(longest, double(Vocabulary::kEnd));
    answers.emplace_back(e.target.begin() + 1, e.target.end());
    answers.back().resize(longest, -1);
  }
  return {ids_of(source), ids_of(target), ids_of(answers)};
}

SentencePool::SentencePool(const Language& language, Split split, std::size_t count, Rng rng) {
  for (std::size_t i = 0; i < count; ++i) {
    examples_.push_back(language.draw(rng, split));
    by_length_[examples_.back().source.size()].push_back(i);
  }
}

TranslationBatch SentencePool::batch(Rng& rng, std::size_t size) const {
  if (size == 0 || examples_.empty())
    throw Error(ErrorKind::usage, "a batch of 0 sentences", "ask for at least one");
  const Example& first = examples_[rng.below(examples_.size())];
  const std::vector<std::size_t>& alike = by_length_.at(first.source.size());
  std::vector<Example> chosen{first};
  while (chosen.size() < size) chosen.push_back(examples_[alike[rng.below(alike.size())]]);
  return Language::batch_of(chosen);
}

}  // namespace attn
