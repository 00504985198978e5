#pragma once
// Parts of a lesson's page as HTML. Every text in them is escaped.
#include <string>
#include <string_view>

#include "app/lesson/reading.h"

namespace attn::app {

std::string markdown_html(std::string_view markdown);
/// The command line, and what it shows: steps, tables, remarks, checks, as in the page of a command
/// but without times.
std::string run_html(const LessonRun& run);

}  // namespace attn::app
