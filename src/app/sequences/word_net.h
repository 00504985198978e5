#pragma once
// One small net for every word, whether it reads the word alone (fc) or its neighbours too
// (window).
#include <cstdint>

#include "app/frame/stage.h"

namespace attn::app {

struct WordNetSizes {
  std::size_t n, d, h, radius;
  std::size_t words() const { return 2 * radius + 1; }
};

void bind_hidden(Cli& cli, std::int64_t& hidden);
/// h of the hidden layer: what was asked for, or by the width of a word.
std::size_t hidden_width(std::int64_t asked, std::size_t d);

/// relu(input W_1 + b_1) W_2 + b_2, softmax: a tag for every row of `input`.
struct Tagged {
  Tensor w_1, b_1, hidden, tags;
};
Tagged tag(Stage& s, const Tensor& input, const WordNetSizes& sizes);

/// What the net says of a word that stands at two places. `read` (n, what the net reads) is x
/// itself if each word is read alone.
void compare_repeated(Stage& s, const Array& x, const Array& read, const Tagged& net, bool alone);

/// How many parameters nets of several radii have.
void parameter_table(Stage& s, const WordNetSizes& sizes);

}  // namespace attn::app
