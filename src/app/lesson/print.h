#pragma once
#include <functional>
#include <string_view>

#include "app/lesson/reading.h"
#include "attn/render/render.h"

namespace attn::app {

/// The lesson from this screen on to its end, part by part as it is computed: questions with their
/// answers behind the result.
void print_lesson(Reading& reading, const std::string& number, const RenderOptions& options,
                  const std::function<void(std::string_view)>& write, std::size_t first = 0);

}  // namespace attn::app
