#pragma once
#include <string>

#include "attn/train/model_file.h"

namespace attn::app {

/// A language of the program's own by its name ("it"), or the one of a grammar file.
/// Throws Error(usage) for a name that is neither, Error(bad_input) for a bad grammar.
Language find_language(const std::string& name);
/// True for a language that the program carries in itself.
bool is_own_language(const std::string& name);

/// A model of the program's own by its name, or the one of a file.
/// Throws Error(usage) for a name that is neither, Error(bad_input) for a bad file.
ModelFile find_model(const std::string& name);

}  // namespace attn::app
