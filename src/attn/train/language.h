#pragma once
#include <map>
#include <string>
#include <vector>

#include "attn/text/grammar.h"
#include "attn/train/tasks.h"

namespace attn {

/// The words of one side of a language, by id. Ids 0, 1 and 2 are <unknown>, <start> and <end>;
/// then come the words, in their order.
class Vocabulary {
 public:
  static constexpr std::size_t kUnknown = 0, kStart = 1, kEnd = 2;

  explicit Vocabulary(const std::vector<std::string>& words);
  std::size_t size() const { return names_.size(); }
  const std::string& name(std::size_t id) const { return names_.at(id); }
  const std::vector<std::string>& names() const { return names_; }
  /// kUnknown for a word that is not there.
  std::size_t id(const std::string& word) const;

 private:
  std::vector<std::string> names_;
  std::map<std::string, std::size_t, std::less<>> ids_;
};

/// A pair of sentences as a model sees them.
struct Example {
  SentencePair words;
  std::vector<std::size_t> source;  ///< ids, with <end>
  std::vector<std::size_t> target;  ///< ids, with <start> and <end>
};

/// One batch for teacher forcing: all sources have the same length, so nothing is padded that a
/// model reads; targets are filled up with <end>, and there no answer is asked.
struct TranslationBatch {
  Tensor source;   ///< ids (B,S)
  Tensor target;   ///< ids (B,T): <start> and the words
  Tensor answers;  ///< ids (B,T): the words and <end>, then -1
};

/// Sentences of a grammar, in two splits that never meet.
class Language {
 public:
  /// `place` is for messages: the grammar's file, if it has one.
  Language(std::string name, const Grammar& grammar, std::string place = {});

  const std::string& name() const { return name_; }
  const Vocabulary& source() const { return source_; }
  const Vocabulary& target() const { return target_; }

  /// A pair of this split, drawn until one belongs to it. One in eight source sentences (or, of a
  /// grammar with `apart`, of the combinations of marked words) is for testing, whatever the seed:
  /// a sentence is in one split for ever. Throws Error(bad_input) if there seem to be none.
  Example draw(Rng& rng, Split split) const;
  /// These examples as one batch. Throws Error(usage) unless there are some, and their sources have
  /// one length.
  static TranslationBatch batch_of(const std::vector<Example>& examples);

  /// Ids of a sentence that a user wrote, with <end>.
  std::vector<std::size_t> encode(const std::vector<std::string>& words) const;
  /// Where this pair belongs: decided by its source words alone.
  Split split_of(const SentencePair& pair) const;

 private:
  std::string name_, place_;
  Grammar grammar_;
  Vocabulary source_, target_;  // of the grammar
};

/// Many sentences of one split, ready for batches.
class SentencePool {
 public:
  /// `count` sentences of this generator. Throws what Language::draw throws.
  SentencePool(const Language& language, Split split, std::size_t count, Rng rng);
  const std::vector<Example>& examples() const { return examples_; }
  /// An example decides the source length; the others are drawn among those of its length. So
  /// lengths are as frequent as in the language. Throws Error(usage) for a batch of none.
  TranslationBatch batch(Rng& rng, std::size_t size) const;

 private:
  std::vector<Example> examples_;
  std::map<std::size_t, std::vector<std::size_t>> by_length_;  ///< places in examples_
};

}  // namespace attn
