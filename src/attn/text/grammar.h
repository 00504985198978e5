#pragma once
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "attn/core/rng.h"

namespace attn {

/// One sentence in two languages, and the places of its marked words.
struct SentencePair {
  std::vector<std::string> source, target;
  std::map<std::string, std::size_t> source_marks, target_marks;
};

/// A grammar that makes sentences in two languages at once (a synchronous context-free grammar,
/// Lewis and Stearns 1968). A rule gives a symbol its words on both sides:
///
///     NAME [weight] = source | target ; form: source | target ; ...
///
/// A side is a row of words and of symbols: $NAME stands for one choice of a rule of NAME, the same
/// on both sides; $NAME' for a second one; $NAME.form for another form of the choice. @MARK behind
/// an element marks its first word. `apart MARK MARK ...`: these words together decide whether a
/// sentence is for training or for testing. `#` begins a comment line. The first NAME is the start.
class Grammar {
 public:
  /// Throws Error(bad_input) with the line: a rule without "=" or "|", an unknown symbol or form.
  /// `name` is for messages.
  static Grammar parse(std::string_view text, const std::string& name);

  /// A sentence by the rules' weights. Throws Error(bad_input) if the rules never come to an end.
  SentencePair draw(Rng& rng) const;

  /// All words that a side can have, in the order of the file.
  const std::vector<std::string>& source_words() const { return source_words_; }
  const std::vector<std::string>& target_words() const { return target_words_; }
  /// The marks whose words decide the split; empty: the whole source sentence does.
  const std::vector<std::string>& apart() const { return apart_; }

 private:
  struct Element {
    std::string word;          ///< a word, or
    std::string symbol, form;  ///< $NAME.form; `choice` tells $NAME from $NAME'
    std::string choice;
    std::vector<std::string> marks;
  };
  struct Form {
    std::vector<Element> source, target;
  };
  struct Rule {
    double weight = 1;
    std::map<std::string, Form> forms;  ///< "" is the plain one
    std::size_t line = 0;
  };
  /// A rule with a rule for each of its symbols, by choice.
  struct Derivation {
    const Rule* rule;
    std::map<std::string, Derivation> parts;
  };

  static std::vector<Element> elements(std::string_view side, const std::string& place);
  void check_symbols() const;
  Derivation derive(const std::string& symbol, Rng& rng, int depth) const;
  static void write(const Derivation& d, const std::string& form, bool source, SentencePair& to);

  std::string name_, start_;
  std::map<std::string, std::vector<Rule>> rules_;
  std::vector<std::string> source_words_, target_words_, apart_;
};

}  // namespace attn
