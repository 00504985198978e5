#pragma once
// The terms of the field: what a learner has read elsewhere, and where it is found here.
#include <string>
#include <string_view>
#include <vector>

#include "attn/graph/trace.h"

namespace attn::app {

/// A line of data/terms.txt.
struct Term {
  std::string english, chinese;
  std::vector<std::string> others;  ///< other names, in any language
  std::string lesson;               ///< "05"
  std::string command;              ///< behind "attn ": shows it
  std::string meaning;              ///< half a sentence

  std::vector<std::string> names() const;
};

/// All of them, by subject.
const std::vector<Term>& terms();
/// The one with this name, in small or capital letters, with spaces or hyphens; or null.
const Term* find_term(std::string_view name);
/// Those with a name that holds `words`, from the beginning of a word on; this name alone first.
std::vector<const Term*> terms_with(std::string_view words);
/// The term whose name is written nearly like this, or null.
const Term* nearest_term(std::string_view name);

/// Its names, what it is, its lesson and its command, on a few lines.
std::string described(const Term& term);
/// The same of all these as a table "terms", for programs.
void add_terms(Trace& trace, const std::vector<const Term*>& found);

}  // namespace attn::app
