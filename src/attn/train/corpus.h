#pragma once
// Where BERT's pairs of sentences come from: a text, or a grammar whose best scores are known.
#include <string>
#include <string_view>
#include <vector>

#include "attn/text/topics.h"
#include "attn/train/tasks.h"

namespace attn {

/// Two sentences, and whether b follows a in its document.
struct NextPair {
  std::string a, b;
  bool is_next = false;
};

/// Gives pairs for next-sentence prediction: with chance 1/2 b follows a, else b is a sentence of
/// another document. Devlin et al. 2019, section 3.1, task 2.
class PairSource {
 public:
  virtual ~PairSource() = default;
  /// A pair of this split, the same for the same state of the generator.
  virtual NextPair draw(Rng& rng, Split split) const = 0;
  /// What it is, with its sizes, for checkpoints.
  virtual std::string description() const = 0;
};

/// Pairs of a grammar. Both splits have the same distribution, so that its best scores are those of
/// either. They differ in their random numbers, also for equal generators; a pair can be in both by
/// chance.
class TopicPairs : public PairSource {
 public:
  TopicPairs(std::string name, TopicGrammar grammar)
      : name_(std::move(name)), grammar_(std::move(grammar)) {}
  NextPair draw(Rng& rng, Split split) const override;
  std::string description() const override;
  const TopicGrammar& grammar() const { return grammar_; }

 private:
  std::string name_;
  TopicGrammar grammar_;
};

/// A document: its sentences.
using Sentences = std::vector<std::string>;

/// Pairs of a text in BERT's own format: a sentence on each line, an empty line between documents.
/// A document belongs to one split, about one in eight to the test split, by a hash of its text
/// alone. A document of one sentence has nothing that follows, and is left out.
class TextCorpus : public PairSource {
 public:
  static constexpr std::size_t kLargest = std::size_t{1} << 26;  ///< bytes of a file

  /// Throws Error(bad_input) for an empty text, one that is not UTF-8 (with the line), and if there
  /// are not two different documents of at least two sentences for each split; Error(limit) beyond
  /// kLargest bytes. `name` is for messages. CRLF is accepted.
  static TextCorpus parse(std::string_view text, const std::string& name);
  /// The same of a file.
  static TextCorpus read(const std::string& path);

  NextPair draw(Rng& rng, Split split) const override;
  std::string description() const override;

  const std::vector<Sentences>& documents(Split split) const { return of(split).documents; }
  std::size_t left_out() const { return left_out_; }  ///< documents of one sentence

 private:
  struct Part {
    std::vector<Sentences> documents;
    std::vector<std::size_t> pairs_before;  ///< of each document: neighbours in those before it
    std::size_t pairs = 0;
  };
  const Part& of(Split split) const { return split == Split::test ? test_ : train_; }

  std::string name_;
  Part train_, test_;
  std::size_t left_out_ = 0;
};

/// The format that TextCorpus reads.
std::string corpus_text(const std::vector<Sentences>& documents);

}  // namespace attn
