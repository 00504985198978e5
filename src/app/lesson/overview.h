#pragma once
#include "app/frame/stage.h"
#include "app/lesson/library.h"
#include "app/lesson/progress_file.h"

namespace attn::app {

/// The reader's progress; what is wrong with its file is said.
ProgressBook load_progress(Stage& s);

/// `lesson` alone: how far the reader is, and what is next.
void lesson_next(Stage& s, const Library& library, const std::string& language);

}  // namespace attn::app
