#include "attn/text/grammar.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "attn/core/error.h"
#include "attn/text/utf8.h"
#include "attn/text/words.h"

namespace attn {

namespace {

constexpr int kDeepest = 64;

std::string_view trimmed(std::string_view text) {
  const auto blank = [](char c) { return c == ' ' || c == '\t' || c == '\r'; };
  while (!text.empty() && blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && blank(text.back())) text.remove_suffix(1);
  return text;
}

/// The pieces between separators, trimmed.
std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> pieces;
  while (true) {
    const std::size_t end = text.find(separator);
    pieces.push_back(trimmed(text.substr(0, end)));
    if (end == std::string_view::npos) return pieces;
    text.remove_prefix(end + 1);
  }
}

std::vector<std::string_view> words_of(std::string_view text) {
  std::vector<std::string_view> words = split(text, ' ');
  std::erase(words, std::string_view{});
  return words;
}

[[noreturn]] void wrong(const std::string& place, const std::string& what,
                        const std::string& hint) {
  throw Error(ErrorKind::bad_input, fmt::format("{}: {}", place, what), hint);
}

void add_new(std::vector<std::string>& words, const std::string& word) {
  if (std::find(words.begin(), words.end(), word) == words.end()) words.push_back(word);
}

}  // namespace

std::vector<Grammar::Element> Grammar::elements(std::string_view side, const std::string& place) {
  std::vector<Element> all;
  for (const std::string_view text : words_of(side)) {
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
    }
    if (e.word.empty() && e.symbol.empty())
      wrong(place, fmt::format("\"{}\" has no name", escaped(text)), "write $NAME or a word");
    all.push_back(std::move(e));
  }
  return all;
}

Grammar Grammar::parse(std::string_view text, const std::string& name) {
  Grammar g;
  g.name_ = name;
  if (!valid_utf8(text)) wrong(escaped(name), "not UTF-8", "save the grammar as UTF-8");
  std::size_t number = 0;
  for (const std::string_view line : split(text, '\n')) {
    ++number;
    const std::string place = fmt::format("{}, line {}", escaped(name), number);
    if (line.empty() || line.starts_with('#')) continue;
    if (line.starts_with("apart ")) {
      for (const std::string_view mark : words_of(line.substr(6))) g.apart_.emplace_back(mark);
      continue;
    }
    const std::size_t equals = line.find('=');
    if (equals == std::string_view::npos)
      wrong(place, "no \"=\"", "a rule is NAME = source words | target words");
    const std::vector<std::string_view> left = words_of(line.substr(0, equals));
    if (left.empty() || left.size() > 2)
      wrong(place, "a rule begins with a name and perhaps a weight", "NAME 2 = ... | ...");
    Rule rule;
    rule.line = number;
    if (left.size() == 2) {
      const auto [end, error] =
          std::from_chars(left[1].data(), left[1].data() + left[1].size(), rule.weight);
      if (error != std::errc() || end != left[1].data() + left[1].size() || !(rule.weight > 0) ||
          rule.weight > 1e6)
        wrong(place, fmt::format("\"{}\" is not a weight", escaped(left[1])),
              "a number above 0, such as 2");
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
        if (e.word.empty()) continue;
        if (words(e.word) != std::vector{e.word})
          wrong(place, fmt::format("\"{}\" is not one lower-case word", escaped(e.word)),
                "source sentences are read as lower-case words and punctuation marks");
        add_new(g.source_words_, e.word);
      }
      for (const Element& e : both.target)
        if (!e.word.empty()) add_new(g.target_words_, e.word);
      if (!rule.forms.emplace(form, std::move(both)).second)
        wrong(place, fmt::format("the form \"{}\" twice", escaped(form)), "give each form once");
    }
    if (g.start_.empty()) g.start_ = left[0];
    g.rules_[std::string(left[0])].push_back(std::move(rule));
  }
  if (g.start_.empty()) wrong(escaped(name), "no rule", "NAME = source words | target words");
  g.check_symbols();
  return g;
}

void Grammar::check_symbols() const {
  const auto check = [&](const std::vector<Element>& side, const std::string& place) {
    for (const Element& e : side) {
      if (e.symbol.empty()) continue;
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

Grammar::Derivation Grammar::derive(const std::string& symbol, Rng& rng, int depth) const {
  if (depth > kDeepest)
    throw Error(ErrorKind::bad_input,
                fmt::format("{}: ${} does not come to an end", escaped(name_), escaped(symbol)),
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
          d.parts.emplace(e.choice, derive(e.symbol, rng, depth + 1));
      }
    }
  }
  return d;
}

void Grammar::write(const Derivation& d, const std::string& form, bool source, SentencePair& to) {
  const Form& sides = d.rule->forms.at(form);
  std::vector<std::string>& words = source ? to.source : to.target;
  for (const Element& e : source ? sides.source : sides.target) {
    for (const std::string& mark : e.marks)
      (source ? to.source_marks : to.target_marks)[mark] = words.size();
    if (e.symbol.empty()) {
      words.push_back(e.word);
    } else {
      write(d.parts.at(e.choice), e.form, source, to);
    }
  }
}

SentencePair Grammar::draw(Rng& rng) const {
  const Derivation d = derive(start_, rng, 0);
  SentencePair pair;
  write(d, "", true, pair);
  write(d, "", false, pair);
  return pair;
}

}  // namespace attn
