#pragma once
#include <string>

#include "app/exercise/check.h"
#include "app/frame/stage.h"

namespace attn::app {

/// Checks the file now and whenever it changes, printing each result, until Ctrl-C. Returns the
/// last result. This is a conversation, so it prints by itself.
CheckResult watch_answer(Workshop& workshop, const Exercise& exercise, const std::string& path,
                         const Common& common);

}  // namespace attn::app
