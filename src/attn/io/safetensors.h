#pragma once
// Named arrays in one file, as Hugging Face writes them.
// Source: github.com/huggingface/safetensors, README.md, "Format"
#include <cstddef>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "attn/core/array.h"
#include "attn/io/dtype.h"

namespace attn {

/// The most that read_safetensors takes.
inline constexpr std::size_t kSafetensorsLimit = std::size_t{1} << 32;

/// A tensor as its file describes it; its bytes are [begin, end) of the whole file.
struct SafetensorsEntry {
  std::string name;
  DType dtype;
  Shape shape;
  std::size_t begin, end;
};

/// What the header says. Entries are in the order of their bytes, empty ones by name.
struct SafetensorsHeader {
  std::map<std::string, std::string> metadata;
  std::vector<SafetensorsEntry> entries;
};

/// The header of a whole safetensors file (in memory or mapped: only the header is touched),
/// checked so that each entry's bytes lie in the file and hold its shape, without gap, overlap or
/// rest. `name` (the path) begins every message. Throws Error(bad_input) with byte offset or tensor
/// for anything else, for names there twice, and for pickles (.pt, .bin), which run programs when
/// loaded; Error(limit) above 65 536 tensors.
SafetensorsHeader parse_safetensors_header(std::string_view bytes, const std::string& name);

struct NamedArray {
  std::string name;
  Array values;
};

struct SafetensorsFile {
  std::map<std::string, std::string> metadata;
  std::vector<NamedArray> tensors;  ///< in the order of their bytes
  std::size_t nan_count = 0;        ///< over all tensors, for a caller's report
  std::size_t infinity_count = 0;   ///< the same; includes what was beyond the range of `real`
};

/// Header and numbers. Throws as parse_safetensors_header does.
SafetensorsFile parse_safetensors(std::string_view bytes, const std::string& name);

/// parse_safetensors of a file; "-" is standard input. Throws what read_file throws, too.
SafetensorsFile read_safetensors(const std::string& path, std::size_t limit = kSafetensorsLimit);

/// Names and shapes, as check_tensors wants them.
std::map<std::string, Shape> shapes_of(const SafetensorsHeader& header);
std::map<std::string, Shape> shapes_of(const SafetensorsFile& file);

/// Throws Error(bad_input) unless `found` in the file `name` is what a model expects; the message
/// lists every tensor that is missing, has another shape, or is not expected.
void check_tensors(const std::map<std::string, Shape>& expected,
                   const std::map<std::string, Shape>& found, const std::string& name);

/// The arrays as a safetensors file: float32, sorted by name, header padded with spaces to a
/// multiple of 8. Throws Error(internal) if a name is there twice, is "__metadata__" or is no
/// UTF-8.
std::string safetensors_bytes(const std::vector<NamedArray>& tensors,
                              const std::map<std::string, std::string>& metadata = {});

/// The same with a checksum in the metadata ("attn_checksum") over the names, the numbers and the
/// other metadata: read_safetensors and parse_safetensors refuse what is not as it was written.
std::string safetensors_bytes_with_checksum(const std::vector<NamedArray>& tensors,
                                            std::map<std::string, std::string> metadata = {});

/// Throws Error(bad_input) if the file holds a checksum that does not fit it; reads all of it then.
void check_checksum(std::string_view bytes, const SafetensorsHeader& header,
                    const std::string& name);

}  // namespace attn
