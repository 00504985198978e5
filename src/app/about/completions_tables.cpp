#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "app/about/completions.h"
#include "attn/core/joined.h"

namespace attn::app {

namespace {

using Words = std::vector<std::string>;

}  // namespace

Offer offer_of(const OptionRow& row) {
  Offer offer;
  const bool option = row.name.starts_with("--");
  if (option && row.value.empty()) return offer;
  for (const std::string& choice : row.choices) {
    const std::size_t colon = choice.find(':');  // "local:N" goes on behind it
    offer.words.push_back(colon == std::string::npos ? choice : choice.substr(0, colon + 1));
  }
  if (row.suggestions) {
    for (std::string& word : row.suggestions()) offer.words.push_back(std::move(word));
  }
  // The file of "graph:FILE" is asked for behind the colon only.
  const bool is_file = row.file != FileUse::none && row.choices.empty();
  offer.kind = is_file ? (row.value == "DIR" ? Offer::Kind::folders : Offer::Kind::files)
               : row.value == "A,B,..." ? Offer::Kind::list
               : offer.words.empty()    ? Offer::Kind::free
                                        : Offer::Kind::words;
  return offer;
}

Words first_words() {
  Words out;
  for (const Command& c : commands()) {
    const std::string first = c.name.substr(0, c.name.find(' '));
    if (std::find(out.begin(), out.end(), first) == out.end()) out.push_back(first);
  }
  return out;
}

std::string summary_of(const std::string& first) {
  const Words second = parts_of(first);
  const Command* command = find_command(first);
  return command ? command->summary : joined(second, ", ");
}

std::string single_quoted(std::string_view text) {
  std::string out = "'";
  for (const char c : text) out += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return out + "'";
}

namespace {

std::string body_of(const Offer& offer) {
  static const std::map<Offer::Kind, std::string_view> kNames = {{Offer::Kind::free, "free"},
                                                                 {Offer::Kind::words, "words"},
                                                                 {Offer::Kind::list, "list"},
                                                                 {Offer::Kind::files, "files"},
                                                                 {Offer::Kind::folders, "folders"}};
  if (offer.kind == Offer::Kind::nothing) return {};
  std::string body = fmt::format("kind={}", kNames.at(offer.kind));
  if (!offer.words.empty()) body += fmt::format(" offered=\"{}\"", joined(offer.words, " "));
  return body;
}

/// Lines of a `case` for "COMMAND --option" and "COMMAND"; an option that is the same wherever it
/// stands has a line for all commands.
std::string offers() {
  std::map<std::string, std::map<std::string, Words>> options;  // by name, then by what they take
  std::map<std::string, Words> patterns;                        // by what is offered
  for (const Command& c : commands()) {
    for (const OptionRow& row : option_rows(c)) {
      const std::string body = body_of(offer_of(row));
      if (row.name.starts_with("--")) {
        options[row.name][body].push_back(c.name);
      } else if (!body.empty()) {
        patterns[body].push_back(fmt::format("\"{}\"", c.name));
      }
    }
  }
  for (const auto& [name, by_body] : options) {
    for (const auto& [body, owners] : by_body) {
      if (body.empty()) continue;
      if (by_body.size() == 1) {
        patterns[body].push_back(fmt::format("*\" {}\"", name));
        continue;
      }
      for (const std::string& owner : owners)
        patterns[body].push_back(fmt::format("\"{} {}\"", owner, name));
    }
  }
  std::string out;
  for (const auto& [body, all] : patterns)
    out += fmt::format("    {}) {} ;;\n", joined(all, "|"), body);
  return out;
}

}  // namespace

std::string completion_tables() {
  std::string options, parts;
  for (const Command& c : commands()) {
    Words dashed;
    for (const OptionRow& row : option_rows(c)) {
      if (row.name.starts_with("--")) dashed.push_back(row.name);
    }
    options += fmt::format("    \"{}\") offered=\"{}\" ;;\n", c.name, joined(dashed, " "));
  }
  for (const std::string& first : first_words()) {
    if (const Words second = parts_of(first); !second.empty())
      parts += fmt::format("    {}) parts=\"{}\" ;;\n", first, joined(second, " "));
  }
  return fmt::format(
      "_attn_offers() {{  # behind an option, or as a word of a command\n"
      "  case \"$1\" in\n{}  esac\n}}\n"
      "_attn_options() {{\n  case \"$1\" in\n{}  esac\n}}\n"
      "_attn_parts() {{\n  case \"$1\" in\n{}  esac\n}}\n",
      offers(), options, parts);
}

}  // namespace attn::app
