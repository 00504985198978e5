#pragma once
#include <string>

#include "attn/core/array.h"

namespace attn {

/// The matrix (rows, columns) in an NPY or CSV file, for options such as --input: NPY if it begins
/// as one, CSV otherwise. An array of rank 1 is one row. "-" is standard input.
/// Throws Error(bad_input) for another extension than .npy and .csv, another rank, or a malformed
/// file, and what read_file throws.
Array read_matrix(const std::string& path);

}  // namespace attn
