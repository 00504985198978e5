#pragma once
// encoder --block conformer.
#include "app/stages/blocks.h"

namespace attn::app {

/// Conformer blocks on top of one another, with every step.
void show_conformer(Stage& s, const BlockChoices& choices, std::int64_t kernel);

}  // namespace attn::app
