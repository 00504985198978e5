#pragma once
#include <cstddef>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "attn/core/rng.h"

namespace attn {

/// A sentence of a TopicGrammar: its pattern, and the id of each word.
struct TopicSentence {
  std::size_t pattern = 0;
  std::vector<std::size_t> words;
};

/// A document: its topic, who it is about (a place in the topic's list of who), its sentences.
struct TopicDocument {
  std::size_t topic = 0, who = 0;
  std::vector<TopicSentence> sentences;
};

/// Two sentences, and whether b follows a in the same document.
struct TopicPair {
  TopicSentence a, b;
  bool is_next = false;
};

/// A grammar that makes documents whose probabilities are known: a document has a topic and
/// somebody ("who") that all its sentences are about; each sentence takes a pattern, and draws the
/// words of the pattern's lists from those of the topic. Given topic, who and pattern, the words
/// are independent, so every posterior is a sum that can be computed.
///
///     pattern [weight] = $name the $who can $verb $whose $thing
///     time = today now                        a list of every topic that has none of its own
///     topic kitchen                           from here on the lists of this topic
///     who/name/whose = cook/tom/his cat/mia/its   somebody is several words: $who, $name, $whose
///     verb = taste serve                      any other $LIST
///
/// Topics are equally likely, and so are the entries of `who`; the word in place r of another list
/// has weight 1/r (Zipf 1949); a pattern is taken by its weight (1 unless given). `#` begins a
/// comment line. Words are lower-case, as words() reads them.
class TopicGrammar {
 public:
  /// The words of one list of a topic, by their chances.
  struct List {
    std::vector<std::size_t> words;
    std::map<std::size_t, double> chance;  ///< by word
  };
  using Who = std::vector<std::size_t>;  ///< words, as in who_names()
  struct Topic {
    std::string name;
    std::vector<Who> who;
    std::vector<std::shared_ptr<const List>> lists;  ///< as in lists(); topics share some
  };
  /// One place of a pattern.
  struct Part {
    enum class Kind { word, who, list } kind;
    std::size_t id;  ///< of the word; the place in who_names(); the place in lists()
  };
  struct Pattern {
    double share;  ///< how often it is taken: shares sum to 1
    std::vector<Part> parts;
    std::string text;  ///< as in the file
    std::size_t line;
  };

  static constexpr std::size_t kLongest = 30;  ///< words of a pattern

  /// Throws Error(bad_input) with the line: no such form of a line, a pattern that asks for a list
  /// that a topic does not have, a list that no pattern asks for, a word twice in a list, somebody
  /// with other than one word for each of $who, $name ... `name` is for messages.
  static TopicGrammar parse(std::string_view text, const std::string& name);

  const std::vector<std::string>& words() const { return words_; }  ///< in the order of the file
  const std::vector<std::string>& lists() const { return lists_; }  ///< their names, without who
  const std::vector<std::string>& who_names() const { return who_names_; }  ///< "who", "name" ...
  const std::vector<Pattern>& patterns() const { return patterns_; }
  const std::vector<Topic>& topics() const { return topics_; }

  /// P(word | topic, who) at this place of a pattern.
  double chance(const Topic& topic, const Who& who, const Part& part, std::size_t word) const;
  /// How often each word stands at a place taken at random from all documents.
  std::vector<double> word_shares() const;

  /// A document of 4 to 8 sentences.
  TopicDocument draw_document(Rng& rng) const;
  /// Two sentences for next-sentence prediction: with chance 1/2 from one document, else from two
  /// (which may have the same topic and who by chance). Devlin et al. 2019, section 3.1, task 2.
  /// Sentences of a document are independent given its topic and who, so no more are drawn.
  TopicPair draw_pair(Rng& rng) const;

  /// A sentence of a document with this topic about this one of its who.
  TopicSentence draw_sentence(Rng& rng, std::size_t topic, std::size_t who) const;

  std::string text(const TopicSentence& sentence) const;

 private:
  friend class TopicReader;  // parse()

  std::vector<std::string> words_, lists_, who_names_;
  std::vector<Pattern> patterns_;
  std::vector<Topic> topics_;
};

}  // namespace attn
