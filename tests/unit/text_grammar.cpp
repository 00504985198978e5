// Grammars of sentences in two languages: what they make, and every way to write one wrong.
#include "attn/text/grammar.h"

#include <doctest/doctest.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <map>
#include <set>

#include "io_support.h"

using namespace attn;
using io_test::check_bad;

namespace {

Grammar parse(const std::string& text) { return Grammar::parse(text, "g.grammar"); }

std::string joined(const std::vector<std::string>& words) {
  return fmt::format("{}", fmt::join(words, " "));
}

/// "source = target" of `count` draws, with how often each came.
std::map<std::string, int> draws(const Grammar& g, int count) {
  Rng rng(1);
  std::map<std::string, int> out;
  for (int i = 0; i < count; ++i) {
    const SentencePair pair = g.draw(rng);
    ++out[joined(pair.source) + " = " + joined(pair.target)];
  }
  return out;
}

std::set<std::string> sentences(const std::string& text) {
  std::set<std::string> out;
  for (const auto& [sentence, count] : draws(parse(text), 400)) out.insert(sentence);
  return out;
}

void check_wrong(const std::string& text, const std::string& part) {
  INFO(text);
  check_bad(part, [&] { parse(text); });
}

void check_undrawable(const std::string& text, const std::string& part) {
  INFO(text);
  const Grammar g = parse(text);
  check_bad(part, [&] {
    Rng rng(1);
    for (int i = 0; i < 50; ++i) g.draw(rng);
  });
}

}  // namespace

TEST_CASE("grammar: a symbol is one choice on both sides, a prime another, a form another word") {
  CHECK(sentences("S = the $N runs | $N läuft\nN = dog | Hund\nN = cat | Katze") ==
        std::set<std::string>{"the dog runs = Hund läuft", "the cat runs = Katze läuft"});
  CHECK(sentences("S = $N and $N' | $N' und $N\nN = a | A\nN = b | B") ==
        std::set<std::string>{"a and a = A und A", "a and b = B und A", "b and a = A und B",
                              "b and b = B und B"});
  CHECK(sentences("S = $N.many | $N.many $N\nN = dog | Hund ; many: dogs | Hunde") ==
        std::set<std::string>{"dogs = Hunde Hund"});
  // A form of a form: the order of the words changes, the choices stay.
  CHECK(sentences("S = that $M | dass $M.last\n"
                  "M = $N $V | $N $V ; last: | $V.far $N\n"
                  "N = x | X\nN = y | Y\nV = goes | geht ; far: | GEHT") ==
        std::set<std::string>{"that x goes = dass GEHT X", "that y goes = dass GEHT Y"});
}

TEST_CASE("grammar: comments, empty lines, tabs, CRLF and a byte order mark change nothing") {
  const std::set<std::string> right = {"a b = A B"};
  CHECK(sentences("# c\n\nS = a b | A B\n") == right);
  CHECK(sentences("S\t=\ta\tb | A\tB") == right);
  CHECK(sentences("\xEF\xBB\xBF# c\r\nS = a b | A B\r\n") == right);
}

TEST_CASE("grammar: a rule is taken as often as its weight says") {
  const auto counts = draws(parse("S = a | A\nS 3 = b | B\nS 0.5 = c | C"), 9000);
  const std::map<std::string, double> expected = {
      {"a = A", 2000}, {"b = B", 6000}, {"c = C", 1000}};
  CHECK(counts.size() == 3);
  for (const auto& [sentence, count] : expected)
    CHECK(std::abs(counts.at(sentence) - count) < 4 * std::sqrt(count));
}

TEST_CASE("grammar: marks stand at the first word of what they mark, on each side") {
  const Grammar g = parse(
      "apart who\nS = the $N@who@noun $V@verb | $V@verb der $N@noun\n"
      "N = big dog | große Hund\nV = runs | läuft");
  Rng rng(1);
  const SentencePair pair = g.draw(rng);
  CHECK(joined(pair.source) == "the big dog runs");
  CHECK(joined(pair.target) == "läuft der große Hund");
  using Marks = std::map<std::string, std::size_t>;
  CHECK(pair.source_marks == Marks{{"who", 1}, {"noun", 1}, {"verb", 3}});
  CHECK(pair.target_marks == Marks{{"verb", 0}, {"noun", 2}});
  CHECK(g.apart() == std::vector<std::string>{"who"});
  CHECK(g.source_words() == std::vector<std::string>{"the", "big", "dog", "runs"});
  CHECK(g.target_words() == std::vector<std::string>{"der", "große", "Hund", "läuft"});
}

TEST_CASE("grammar: the same generator gives the same sentences") {
  const Grammar g = parse("S = $A $A' $A'' | $A\nA = a | A\nA = b | B");
  Rng one(5), two(5), other(6);
  int differences = 0;
  for (int i = 0; i < 50; ++i) {
    const std::string sentence = joined(g.draw(one).source);
    CHECK(sentence == joined(g.draw(two).source));
    differences += sentence != joined(g.draw(other).source);
  }
  CHECK(differences > 10);
}

TEST_CASE("grammar: every mistake is told with its line") {
  check_wrong("", "g.grammar: no rule");
  check_wrong("# only a comment", "g.grammar: no rule");
  check_wrong("\xFF", "g.grammar: not UTF-8");
  check_wrong("\n\nS a | b", "g.grammar, line 3: no \"=\"");
  check_wrong("= a | b", "line 1: a rule begins with a name");
  check_wrong("S 1 2 = a | b", "line 1: a rule begins with a name");
  check_wrong("$S = a | b", "line 1: \"$S\" is not a name");
  for (const char* weight : {"0", "-1", "nan", "inf", "1e400", "2x", "1,5", "1e7", "+2"}) {
    check_wrong(fmt::format("S = a | b\nS {} = a | b", weight),
                fmt::format("line 2: \"{}\" is not a weight", weight));
  }
  check_wrong("S = a b", "line 1: \"a b\" does not have two sides");
  check_wrong("S = a | b | c", "does not have two sides");
  check_wrong("S = a | b ; form a b", "does not have two sides");
  check_wrong("S = a | b ; c | d", "line 1: a further form without a name");
  check_wrong("S = a | b ; f: c | d ; f: e | g", "line 1: the form \"f\" twice");
  check_wrong("S = a | b ; : c | d", "the form \"\" twice");
  check_wrong("S = a | $X", "line 1: no rule for $X");
  check_wrong("S = $A | b\nA = a | b\n\nA = a | b ; f: a | b\nB = $A.f | b",
              "line 5: $A has no form \"f\" in line 2");
  check_wrong("S = $A | $A.many\nA = a | b", "line 1: $A has no form \"many\" in line 2");
  for (const char* element : {"$", "$.form", "$'", "@mark", "word@", "word@a@"})
    check_wrong(fmt::format("S = {} | b", element), "has no name");
  check_wrong("S = $A.f.g | b\nA = a | b", "\"$A.f.g\" has two forms");
}

TEST_CASE("grammar: source words are those that words() finds in a sentence") {
  for (const char* word : {"Dog", "a-b", "end.", "x:", "<end>", "猫犬"}) {
    check_wrong(fmt::format("S = {} | b", word),
                fmt::format("line 1: \"{}\" is not one lower-case word", word));
  }
  CHECK(sentences("S = didn't , 猫 . | B-b") == std::set<std::string>{"didn't , 猫 . = B-b"});
}

TEST_CASE("grammar: target words can be told from marks of a sentence, and shown") {
  for (const char* word : {"<unknown>", "<start>", "<end>"})
    check_wrong(fmt::format("S = a | {}", word), fmt::format("{} is not a word", word));
  check_wrong("S = a | \x1b[31m", "has characters that cannot be shown");
  check_wrong("S = a | \xE2\x80\xAEx", "has characters that cannot be shown");
}

TEST_CASE("grammar: what decides the split must be marked somewhere in a source") {
  check_wrong("S = a@who | b\napart who where", "line 2: no source word is marked @where");
  check_wrong("S = a | b@who\napart who", "line 2: no source word is marked @who");
  check_wrong("apart\nS = a | b", "line 1: \"apart\" without a mark");
  CHECK(sentences("apart = a | b") == std::set<std::string>{"a = b"});  // a rule of that name
}

TEST_CASE("grammar: rules without an end, or nearly, stop with a message") {
  check_undrawable("S = a $S | b", "g.grammar: $S does not come to an end (64 rules");
  check_undrawable("S = $A $A' | b\nA = $S | b", "does not come to an end");
  // Each of 60 symbols twice in the one before: 2^60 rules, or 2^60 words, or 2^60 times nothing.
  const auto chain = [](const char* both, const char* last) {
    std::string text;
    for (int i = 0; i < 60; ++i)
      text += fmt::format("S{} = {} | x\n", i, fmt::format(fmt::runtime(both), i + 1));
    return text + fmt::format("S60 = {} | x\n", last);
  };
  check_undrawable(chain("$S{0} $S{0}'", "a"), "1000 rules in one sentence");
  check_undrawable(chain("$S{0} $S{0}", "a"), "a sentence of more than 1000 words");
  check_undrawable(chain("$S{0} $S{0}", ""), "a sentence of more than 1000 words");
  // A rule that goes on half of the time ends well enough.
  CHECK(draws(parse("S = a | b\nS = a $S | b"), 300).size() > 4);
}

TEST_CASE("grammar: a mark of nothing, and a sentence of nothing, are told with the line") {
  check_undrawable("S = a $E@noun | b\nE = | c", "g.grammar, line 1: @noun marks no word");
  check_undrawable("S = $E@noun a | b\nE = | c", "@noun marks no word");
  check_undrawable("S = | b", "line 1: a sentence without words");
  check_undrawable("S = a | b\nS = a |", "line 2: a sentence without words");
}

TEST_CASE("grammar: a large file is read in time that grows with it, not with its square") {
  std::string text = "S = $W | $W\n";
  for (int i = 0; text.size() < 900'000; ++i)
    text += fmt::format("W = s{0} $V | t{0} $V\nV = v{0} | v{0}\n", i);
  const Grammar g = parse(text);
  CHECK(g.source_words().size() > 40'000);
  Rng rng(1);
  CHECK(g.draw(rng).source.size() == 2);
}
