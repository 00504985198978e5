#pragma once
#include <map>
#include <set>
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
/// Source words are lower-case, as words() reads them; a target word may be anything without
/// spaces but <unknown>, <start> and <end>.
class Grammar {
 public:
  /// Throws Error(bad_input) with the line: a rule without "=" or "|", an unknown symbol or form, a
  /// mark that decides the split and is nowhere, a source word that words() would split. `name` is
  /// for messages.
  static Grammar parse(std::string_view text, const std::string& name);

  /// A sentence by the rules' weights. Throws Error(bad_input) if the rules never come to an end,
  /// make more than 1000 words, no word at all, or mark a symbol that has no word.
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
  /// The words seen so far, so that each is kept once.
  struct Words {
    std::set<std::string, std::less<>> source, target;
  };
  /// A rule with a rule for each of its symbols, by choice.
  struct Derivation {
    const Rule* rule;
    std::map<std::string, Derivation> parts;
  };

  static std::vector<Element> elements(std::string_view side, const std::string& place);
  void check_symbols() const;
  void read_rule(std::string_view line, std::size_t number, Words& seen);
  Derivation derive(const std::string& symbol, Rng& rng, int depth, std::size_t& parts) const;
  void write(const Derivation& d, const std::string& form, bool source, SentencePair& to,
             std::size_t& elements) const;
  [[noreturn]] void wrong_line(std::size_t line, const std::string& what,
                               const std::string& hint) const;

  std::string name_, start_;
  std::map<std::string, std::vector<Rule>> rules_;
  std::vector<std::string> source_words_, target_words_, apart_;
  std::set<std::string> source_marks_;
};

}  // namespace attn
