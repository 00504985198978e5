#include "attn/text/grammar.h"

#include <fmt/format.h>

#include <algorithm>

#include "attn/core/error.h"
#include "attn/text/fields.h"
#include "attn/text/utf8.h"
#include "attn/text/words.h"

namespace attn {

namespace {

constexpr int kDeepest = 64;
constexpr std::size_t kLargest = 1000;  // words of one sentence; rules that make it
// Words and symbols on the way to them: 64 symbols that each stand twice in one another would be
// 2^64, even if all of them were empty.
constexpr std::size_t kMostElements = 100 * kLargest;

[[noreturn]] void wrong(const std::string& place, const std::string& what,
                        const std::string& hint) {
  throw Error(ErrorKind::bad_input, fmt::format("{}: {}", place, what), hint);
}

void add_new(std::vector<std::string>& words, std::set<std::string, std::less<>>& seen,
             const std::string& word) {
  if (seen.insert(word).second) words.push_back(word);
}

}  // namespace

std::vector<Grammar::Element> Grammar::elements(std::string_view side, const std::string& place) {
  std::vector<Element> all;
  for (const std::string_view text : fields(side)) {
    const std::vector<std::string_view> parts = split(text, '@');
    Element e;
    e.marks.assign(parts.begin() + 1, parts.end());
    if (!parts[0].starts_with('$')) {
      e.word = parts[0];
    } else {
      const std::vector<std::string_view> names = split(parts[0].substr(1), '.');
      e.choice = names[0];
      e.symbol = e.choice.substr(0, e.choice.find('\''));
      if (names.size() > 1) e.form = names[1];
      if (names.size() > 2)
        wrong(place, fmt::format("\"{}\" has two forms", escaped(text)), "write $NAME.FORM");
    }
    const bool named = !e.word.empty() || !e.symbol.empty();
    const bool marked = std::find(e.marks.begin(), e.marks.end(), "") == e.marks.end();
    if (!named || !marked)
      wrong(place, fmt::format("\"{}\" has no name", escaped(text)),
            "write a word, $NAME or $NAME.FORM, and @MARK after it");
    all.push_back(std::move(e));
  }
  return all;
}

void Grammar::wrong_line(std::size_t line, const std::string& what, const std::string& hint) const {
  wrong(fmt::format("{}, line {}", escaped(name_), line), what, hint);
}

Grammar Grammar::parse(std::string_view text, const std::string& name) {
  Grammar g;
  g.name_ = name;
  if (!valid_utf8(text)) wrong(escaped(name), "not UTF-8", "save the grammar as UTF-8");
  if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);  // the mark of some editors
  Words seen;
  std::vector<std::pair<std::string, std::size_t>> apart;  // with the line
  std::size_t number = 0;
  for (const std::string_view line : split(text, '\n')) {
    ++number;
    if (line.empty() || line.starts_with('#')) continue;
    const std::vector<std::string_view> all = fields(line);
    if (all[0] == "apart" && line.find('=') == std::string_view::npos) {
      if (all.size() == 1) g.wrong_line(number, "\"apart\" without a mark", "apart MARK MARK ...");
      for (std::size_t i = 1; i < all.size(); ++i) apart.emplace_back(all[i], number);
    } else {
      g.read_rule(line, number, seen);
    }
  }
  if (g.start_.empty()) wrong(escaped(name), "no rule", "NAME = source words | target words");
  g.check_symbols();
  for (const auto& [mark, line] : apart) {
    if (!g.source_marks_.count(mark))
      g.wrong_line(line, fmt::format("no source word is marked @{}", escaped(mark)),
                   "apart names marks of the source side: write WORD@MARK in a rule");
    g.apart_.push_back(mark);
  }
  return g;
}

void Grammar::read_rule(std::string_view line, std::size_t number, Words& seen) {
  const std::string place = fmt::format("{}, line {}", escaped(name_), number);
  const std::size_t equals = line.find('=');
  if (equals == std::string_view::npos)
    wrong(place, "no \"=\"", "a rule is NAME = source words | target words");
  const std::vector<std::string_view> left = fields(line.substr(0, equals));
  if (left.empty() || left.size() > 2)
    wrong(place, "a rule begins with a name and perhaps a weight", "NAME 2 = ... | ...");
  if (left[0].find_first_of("$@.'|;:") != std::string_view::npos)
    wrong(place, fmt::format("\"{}\" is not a name", escaped(left[0])),
          "a name is free of $ @ . ' | ; and :");
  Rule rule;
  rule.line = number;
  if (left.size() == 2) {
    const std::optional<double> weight = read_weight(left[1]);
    if (!weight)
      wrong(place, fmt::format("\"{}\" is not a weight", escaped(left[1])),
            "a number above 0 and at most 1000000, such as 2");
    rule.weight = *weight;
  }
  for (const std::string_view part : split(line.substr(equals + 1), ';')) {
    const std::vector<std::string_view> sides = split(part, '|');
    if (sides.size() != 2)
      wrong(place, fmt::format("\"{}\" does not have two sides", escaped(part)),
            "write source words | target words");
    std::string form;
    std::string_view source = sides[0];
    if (!rule.forms.empty()) {
      const std::size_t colon = source.find(':');
      if (colon == std::string_view::npos)
        wrong(place, "a further form without a name", "write ; form: source | target");
      form = trimmed(source.substr(0, colon));
      source = source.substr(colon + 1);
    }
    Form both{elements(source, place), elements(sides[1], place)};
    for (const Element& e : both.source) {
      source_marks_.insert(e.marks.begin(), e.marks.end());
      if (e.word.empty()) continue;
      if (words(e.word) != std::vector{e.word})
        wrong(place, fmt::format("\"{}\" is not one lower-case word", escaped(e.word)),
              "source sentences are read as lower-case words and punctuation marks");
      add_new(source_words_, seen.source, e.word);
    }
    for (const Element& e : both.target) {
      if (e.word.empty()) continue;
      if (e.word == "<unknown>" || e.word == "<start>" || e.word == "<end>")
        wrong(place, fmt::format("{} is not a word of a language", e.word),
              "<unknown>, <start> and <end> have a meaning of their own: choose another word");
      if (escaped(e.word, e.word.size()) != e.word)
        wrong(place, fmt::format("\"{}\" has characters that cannot be shown", escaped(e.word)),
              "remove the control characters");
      add_new(target_words_, seen.target, e.word);
    }
    if (!rule.forms.emplace(form, std::move(both)).second)
      wrong(place, fmt::format("the form \"{}\" twice", escaped(form)), "give each form once");
  }
  if (start_.empty()) start_ = left[0];
  rules_[std::string(left[0])].push_back(std::move(rule));
}

void Grammar::check_symbols() const {
  std::set<std::pair<std::string, std::string>> right;  // symbols and forms found to be there
  const auto check = [&](const std::vector<Element>& side, const std::string& place) {
    for (const Element& e : side) {
      if (e.symbol.empty() || !right.emplace(e.symbol, e.form).second) continue;
      const auto found = rules_.find(e.symbol);
      if (found == rules_.end())
        wrong(place, fmt::format("no rule for ${}", escaped(e.symbol)),
              "add one, or correct the name");
      for (const Rule& rule : found->second) {
        if (!rule.forms.count(e.form))
          wrong(place,
                fmt::format("${} has no form \"{}\" in line {}", escaped(e.symbol), escaped(e.form),
                            rule.line),
                "every rule of a symbol needs the forms that are asked for");
      }
    }
  };
  for (const auto& [symbol, rules] : rules_) {
    for (const Rule& rule : rules) {
      const std::string place = fmt::format("{}, line {}", escaped(name_), rule.line);
      for (const auto& [form, sides] : rule.forms) {
        check(sides.source, place);
        check(sides.target, place);
      }
    }
  }
}

Grammar::Derivation Grammar::derive(const std::string& symbol, Rng& rng, int depth,
                                    std::size_t& parts) const {
  if (depth > kDeepest || ++parts > kLargest)
    throw Error(ErrorKind::bad_input,
                fmt::format("{}: ${} does not come to an end ({})", escaped(name_), escaped(symbol),
                            depth > kDeepest ? fmt::format("{} rules inside one another", kDeepest)
                                             : fmt::format("{} rules in one sentence", kLargest)),
                "a symbol needs a rule that leads to words, and a weight that makes it likely");
  const std::vector<Rule>& rules = rules_.at(symbol);
  double total = 0;
  for (const Rule& rule : rules) total += rule.weight;
  double place = rng.uniform() * total;
  const Rule* chosen = &rules.back();
  for (const Rule& rule : rules) {
    place -= rule.weight;
    if (place < 0) {
      chosen = &rule;
      break;
    }
  }
  Derivation d{chosen, {}};
  for (const auto& [form, sides] : chosen->forms) {
    for (const auto* side : {&sides.source, &sides.target}) {
      for (const Element& e : *side) {
        if (!e.symbol.empty() && !d.parts.count(e.choice))
          d.parts.emplace(e.choice, derive(e.symbol, rng, depth + 1, parts));
      }
    }
  }
  return d;
}

void Grammar::write(const Derivation& d, const std::string& form, bool source, SentencePair& to,
                    std::size_t& elements) const {
  const Form& sides = d.rule->forms.at(form);
  std::vector<std::string>& words = source ? to.source : to.target;
  for (const Element& e : source ? sides.source : sides.target) {
    const std::size_t first = words.size();
    if (e.symbol.empty()) {
      words.push_back(e.word);
    } else {
      write(d.parts.at(e.choice), e.form, source, to, elements);
    }
    if (++elements > kMostElements || words.size() > kLargest)
      wrong_line(d.rule->line, fmt::format("a sentence of more than {} words", kLargest),
                 "shorter rules, or fewer symbols inside one another");
    if (!e.marks.empty() && words.size() == first)
      wrong_line(d.rule->line, fmt::format("@{} marks no word", escaped(e.marks[0])),
                 "what is marked needs at least one word on this side");
    for (const std::string& mark : e.marks)
      (source ? to.source_marks : to.target_marks)[mark] = first;
  }
}

SentencePair Grammar::draw(Rng& rng) const {
  std::size_t parts = 0;
  const Derivation d = derive(start_, rng, 0, parts);
  SentencePair pair;
  std::size_t elements = 0;
  write(d, "", true, pair, elements);
  write(d, "", false, pair, elements);
  if (pair.source.empty() || pair.target.empty())
    wrong_line(d.rule->line, "a sentence without words",
               "both sides of a sentence need at least one word");
  return pair;
}

}  // namespace attn
