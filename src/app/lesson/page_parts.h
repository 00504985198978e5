#pragma once
// Parts of a lesson's page as HTML. Every text in them is escaped.
#include <string>
#include <string_view>

#include "app/lesson/reading.h"

namespace attn::app {

std::string markdown_html(std::string_view markdown);
/// The command line, and what it shows: heat maps, tables, remarks.
std::string run_html(const LessonRun& run);
std::string_view page_style();

}  // namespace attn::app
