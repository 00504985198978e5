#pragma once
#include <string>

#include "app/lesson/record.h"
#include "attn/render/render.h"

namespace attn::app {

/// Right and wrong by confidence, and what to do about it.
std::string summary(const LessonRecord& record, const RenderOptions& options);

}  // namespace attn::app
