#pragma once
// How far the reader is in the course.
#include <functional>
#include <string>
#include <vector>

#include "app/frame/stage.h"
#include "app/lesson/library.h"
#include "app/lesson/progress_file.h"

namespace attn::app {

/// The reader's progress; what is wrong with its file is said.
ProgressBook load_progress(Stage& s);
/// Changes it, where the change is the command's whole work: it must be kept. Throws Error(io).
void change_progress(Stage& s, const std::function<void(ProgressBook&)>& change);
/// The one file that progress is written to or read from. Throws Error(usage).
const std::string& only_file(const std::vector<std::string>& words);

/// How far the reader is in one lesson: "done", "3/8", or "".
std::string progress_of(const LessonRecord& record);

/// `lesson` alone: how far the reader is, and what is next.
void lesson_next(Stage& s, const Library& library, const std::string& language);

}  // namespace attn::app
