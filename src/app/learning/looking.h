#pragma once
#include <string>
#include <vector>

#include "app/learning/translator.h"
#include "attn/graph/trace.h"

namespace attn::app {

/// Does a head of the encoder look from a pronoun to its noun? Where the model's language marks
/// both: a table of all heads (share of sentences in which the head's largest weight in the row of
/// the pronoun is on the noun), the head that is best on training sentences, its share on test
/// sentences, and on control sentences whose pronoun needs no noun. Nothing where it does not.
void show_looking(Trace& trace, const ModelFile& file, const std::vector<std::string>& source);

}  // namespace attn::app
