#include "app/frame/terms.h"

#include <fmt/format.h>

#include <algorithm>

#include "app/frame/data.h"
#include "attn/core/error.h"
#include "attn/core/joined.h"
#include "attn/text/utf8.h"

namespace attn::app {

namespace {

/// Shorter names are too near to too much.
constexpr std::size_t kShortestGuessed = 4;

std::vector<std::string> parts_at(std::string_view text, std::string_view mark) {
  std::vector<std::string> out;
  for (;;) {
    const std::size_t end = text.find(mark);
    out.emplace_back(text.substr(0, end));
    if (end == std::string_view::npos) return out;
    text.remove_prefix(end + mark.size());
  }
}

std::vector<Term> read_terms() {
  std::vector<Term> out;
  for (const std::string& line : parts_at(data_file("terms.txt"), "\n")) {
    if (line.empty() || line.starts_with("#")) continue;
    const std::vector<std::string> parts = parts_at(line, " | ");
    if (parts.size() != 6) throw Error(ErrorKind::internal, "a line of terms.txt: " + line);
    out.push_back({parts[0], parts[1], parts_at(parts[2], ", "), parts[3], parts[4], parts[5]});
  }
  return out;
}

/// Small letters, and a space for a hyphen.
std::string plain_name(std::string_view name) {
  std::string out = lower(name);
  std::replace(out.begin(), out.end(), '-', ' ');
  return out;
}

bool is_name(const Term& term, const std::string& plain) {
  const std::vector<std::string> names = term.names();
  return std::any_of(names.begin(), names.end(),
                     [&](const std::string& name) { return plain_name(name) == plain; });
}

/// A Chinese text has no spaces between its words.
bool has_words(const Term& term, const std::string& plain) {
  const bool spaced = static_cast<unsigned char>(plain[0]) < 0x80;
  const std::vector<std::string> names = term.names();
  return std::any_of(names.begin(), names.end(), [&](const std::string& name) {
    return spaced ? (" " + plain_name(name)).find(" " + plain) != std::string::npos
                  : plain_name(name).find(plain) != std::string::npos;
  });
}

}  // namespace

std::vector<std::string> Term::names() const {
  std::vector<std::string> out = {english, chinese};
  out.insert(out.end(), others.begin(), others.end());
  return out;
}

const std::vector<Term>& terms() {
  static const std::vector<Term> table = read_terms();
  return table;
}

const Term* find_term(std::string_view name) {
  const std::string plain = plain_name(name);
  const auto found = std::find_if(terms().begin(), terms().end(),
                                  [&](const Term& term) { return is_name(term, plain); });
  return found == terms().end() ? nullptr : &*found;
}

std::vector<const Term*> terms_with(std::string_view words) {
  const std::string plain = plain_name(words);
  std::vector<const Term*> out;
  if (plain.empty()) return out;
  for (const Term& term : terms()) {
    if (has_words(term, plain)) out.push_back(&term);
  }
  std::stable_partition(out.begin(), out.end(),
                        [&](const Term* term) { return is_name(*term, plain); });
  return out;
}

const Term* nearest_term(std::string_view name) {
  std::vector<std::string> names;
  for (const Term& term : terms()) {
    for (const std::string& one : term.names()) {
      if (one.size() >= kShortestGuessed) names.push_back(plain_name(one));
    }
  }
  const std::string near = nearest(plain_name(name), names);
  return near.empty() ? nullptr : find_term(near);
}

std::string described(const Term& term) {
  std::string out = fmt::format("{}  {}\n  {}\n", term.english, term.chinese, term.meaning);
  constexpr std::size_t kWidth = 76;
  for (const std::string& line : wrap(fmt::format("also: {}", joined(term.others, ", ")), kWidth))
    out += "  " + line + "\n";
  out += fmt::format("  attn lesson {}\n", term.lesson);
  const std::string own = "lesson " + term.lesson;
  return term.command == own ? out : out + fmt::format("  attn {}\n", term.command);
}

void add_terms(Trace& trace, const std::vector<const Term*>& found) {
  Table table{"terms", "", {"term", "Chinese", "others", "lesson", "command", "meaning"}, {}, true};
  for (const Term* term : found) {
    table.rows.push_back({term->english, term->chinese, joined(term->others, ", "), term->lesson,
                          "attn " + term->command, term->meaning});
  }
  trace.add(std::move(table));
}

}  // namespace attn::app
