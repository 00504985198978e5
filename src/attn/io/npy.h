#pragma once
// NumPy's file format for one array.
// Source: numpy.org/doc/stable/reference/generated/numpy.lib.format.html
#include <string>
#include <string_view>

#include "attn/core/array.h"
#include "attn/io/file.h"

namespace attn {

/// The array in the bytes of an NPY file: versions 1, 2 and 3; f2 f4 f8 i1..i8 u1..u8 b1, both byte
/// orders, C and Fortran order. `name` (the path) begins every message.
/// Throws Error(bad_input) with the byte offset where anything differs from the format, holds
/// pickled objects, or is not exactly as long as its shape says.
Array parse_npy(std::string_view bytes, const std::string& name);

/// parse_npy of a file; "-" is standard input. Throws what read_file throws, too.
Array read_npy(const std::string& path, std::size_t limit = kFileLimit);

/// True if the bytes begin as every NPY file does.
bool is_npy(std::string_view bytes);

/// The array as an NPY file: version 1.0, little-endian float32, C order, data at a multiple of 64.
std::string npy_bytes(const Array& array);

/// The same with int64 numbers: token ids, chosen places.
/// Throws Error(internal) if a number is not whole or does not fit.
std::string npy_id_bytes(const Array& array);

}  // namespace attn
