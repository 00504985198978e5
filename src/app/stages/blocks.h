#pragma once
// What the stages about blocks of the Transformer share.
#include "app/frame/stage.h"
#include "attn/nn/encoder.h"

namespace attn::app {

struct BlockChoices {
  std::int64_t layers = 0, heads = 2, ff = 0;
  std::string norm = "post";
};
void bind_block(Cli& cli, BlockChoices& o, const char* layers_help);

/// The sizes for vectors of width d. Throws Error(usage) if the heads do not divide d.
EncoderSizes block_sizes(const Stage& s, const BlockChoices& o, std::size_t d);
BlockOptions block_options(const EncoderSizes& z, const BlockChoices& o);

/// Throws Error(limit) if so many parameters would take long to draw. Not with --weights.
void require_drawable_model(const Stage& s, double parameters);

/// The words of --target: apart by blanks, in small letters, so that <start> stays one word.
/// Throws Error(usage) if there are none, or the text is not UTF-8.
std::vector<std::string> target_words(const std::string& text);

/// Mean cosine between two different rows of a (n,d): 1 if all point the same way,
/// or there is only one.
double likeness_of_rows(const Array& a);
/// A row for the table of parameters: what, its arithmetic, the number.
std::vector<Table::Cell> counted(std::string what, std::string arithmetic, double number);

}  // namespace attn::app
