#pragma once
// Our names of a BERT's parameters, and those of published checkpoints (Hugging Face's BertModel).
#include <string>

#include "attn/core/array.h"

namespace attn {

/// Published name of one of our parameters, without the "bert." that may stand before it.
std::string published_name(const std::string& own);

/// True for the matrix of a linear layer: ours is (in,out), published is (out,in).
bool is_stored_transposed(const std::string& own, const Shape& shape);
Shape published_shape(const std::string& own, Shape shape);

/// The published name of a tensor in a file: no "bert." before it, and a norm's numbers called
/// weight and bias, not gamma and beta as in the first published files.
std::string normal_name(std::string name);

}  // namespace attn
