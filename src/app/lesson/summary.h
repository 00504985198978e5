#pragma once
#include <string>
#include <vector>

#include "app/lesson/record.h"
#include "attn/render/render.h"

namespace attn::app {

/// Right and wrong by confidence, and what to do about it. `screens`: on which screen (from 1) the
/// first question stands, the second, ...
std::string summary(const LessonRecord& record, const std::vector<std::size_t>& screens,
                    const RenderOptions& options);

}  // namespace attn::app
