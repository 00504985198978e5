#include "app/stages/graph_edges.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <map>

#include "app/frame/stage.h"
#include "attn/core/error.h"
#include "attn/text/utf8.h"

namespace attn::app {

namespace {

std::vector<std::string> edge_words(const std::string& text) {
  std::vector<std::string> out(1);
  for (const char c : text) {
    const bool apart = c == ' ' || c == ',' || c == '\t' || c == '\n' || c == '\r';
    if (!apart) {
      out.back() += c;
    } else if (!out.back().empty()) {
      out.emplace_back();
    }
  }
  if (out.back().empty()) out.pop_back();
  return out;
}

/// Where each name stands. In an edge a name must say which node it is.
std::map<std::string, std::size_t> places_of(const std::vector<std::string>& names) {
  std::map<std::string, std::size_t> out;
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (out.emplace(names[i], i).second) continue;
    throw Error(ErrorKind::usage,
                fmt::format("two nodes are called \"{}\"", cut(escaped(names[i]), 40)),
                "an edge names its nodes, so each needs a name of its own");
  }
  return out;
}

void add_to_list(std::string& list, const std::string& word) {
  list += (list.empty() ? "" : " ") + word;
}

}  // namespace

GraphEdges read_edges(const std::string& text, const std::vector<std::string>& names) {
  require_utf8(text, "--edges");
  const std::size_t n = names.size();
  GraphEdges out{zeros({n, n}), "", ""};
  const std::vector<std::string> words = edge_words(lower(text));
  if (words.empty()) return out;
  const std::map<std::string, std::size_t> places = places_of(names);
  const auto place = [&](const std::string& name) {
    const auto found = places.find(name);
    if (found != places.end()) return found->second;
    const std::string near = nearest(name, names);
    throw Error(ErrorKind::usage,
                fmt::format("--edges: no node \"{}\"{}", cut(escaped(name), 40),
                            near.empty() ? "" : fmt::format("; did you mean {}?", near)),
                n <= 12
                    ? fmt::format("the nodes are {}", fmt::join(names, ", "))
                    : fmt::format("there are {} nodes, {} to {}", n, names.front(), names.back()));
  };
  for (const std::string& word : words) {
    const std::size_t sign = word.find_first_of("->");
    if (sign == std::string::npos || sign == 0 || sign + 1 == word.size()) {
      throw Error(ErrorKind::usage,
                  fmt::format("--edges: \"{}\" is no edge", cut(escaped(word), 40)),
                  "write two names with - between them, or > if only the first looks at the "
                  "second: 'anna-ben ben>cleo'");
    }
    const std::size_t a = place(word.substr(0, sign)), b = place(word.substr(sign + 1));
    const bool both = word[sign] == '-';
    if (a == b) {
      add_to_list(out.loops, word);
      continue;
    }
    real &there = out.matrix.data()[a * n + b], &back = out.matrix.data()[b * n + a];
    if (there != 0 && (!both || back != 0)) add_to_list(out.doubled, word);
    there = 1;
    if (both) back = 1;
  }
  return out;
}

}  // namespace attn::app
