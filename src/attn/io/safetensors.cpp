#include "attn/io/safetensors.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <tuple>

#include "attn/core/error.h"
#include "attn/core/hash.h"
#include "attn/io/file.h"
#include "attn/io/json.h"

namespace attn {
namespace {

using nlohmann::json;

constexpr std::uint64_t kHeaderBytesLimit = 100'000'000;
constexpr std::size_t kTensorLimit = 65'536;
constexpr const char* kMetadata = "__metadata__";
constexpr const char* kChecksum = "attn_checksum";
constexpr const char* kDamaged = "the file is damaged or cut; copy or download it again";

struct TypeRow {
  std::string_view name;
  DType type;
};
constexpr TypeRow kTypes[] = {{"F64", DType::f64},     {"F32", DType::f32}, {"F16", DType::f16},
                              {"BF16", DType::bf16},   {"I64", DType::i64}, {"I32", DType::i32},
                              {"I16", DType::i16},     {"I8", DType::i8},   {"U64", DType::u64},
                              {"U32", DType::u32},     {"U16", DType::u16}, {"U8", DType::u8},
                              {"BOOL", DType::boolean}};

/// Messages about one file.
class Place {
 public:
  explicit Place(const std::string& name) : file_(escaped(name, 400) + ": safetensors") {}
  std::string tensor(std::string_view name) const {
    return fmt::format("{}, tensor '{}'", file_, escaped(name, 80));
  }
  [[noreturn]] void fail(std::size_t byte, const std::string& what, const std::string& hint) const {
    throw Error(ErrorKind::bad_input, fmt::format("{}, byte {}: {}", file_, byte, what), hint);
  }
  [[noreturn]] void fail(std::string_view name, const std::string& what,
                         const std::string& hint = kDamaged) const {
    throw Error(ErrorKind::bad_input, tensor(name) + ": " + what, hint);
  }

 private:
  std::string file_;
};

/// A file of torch.save: a zip archive, or a bare pickle of protocol 2 to 5.
bool is_pickle(std::string_view bytes) {
  if (bytes.substr(0, 4) == "PK\x03\x04") return true;
  return bytes.size() >= 2 && bytes[0] == '\x80' && bytes[1] >= 2 && bytes[1] <= 5;
}

/// Length of the header's JSON text, which begins at byte 8.
std::size_t header_length(std::string_view bytes, const Place& place) {
  std::uint64_t length = 0;
  for (std::size_t i = std::min<std::size_t>(bytes.size(), 8); i-- > 0;) {
    length = length << 8 | static_cast<unsigned char>(bytes[i]);
  }
  const bool fits = bytes.size() >= 8 && length <= bytes.size() - 8;
  const bool plausible = fits && length >= 2 && length <= kHeaderBytesLimit && bytes[8] == '{';
  // Asked second: a header of 640 bytes begins with the same two bytes as a pickle.
  if (!plausible && is_pickle(bytes)) {
    place.fail(
        0,
        "expected the header's length, found a pickle (torch.save, often .pt or .bin): loading "
        "one can run any program hidden in it, so it is refused",
        "convert it where you trust it, in Python: import torch, safetensors.torch; "
        "safetensors.torch.save_file(torch.load('x.pt', weights_only=True), "
        "'x.safetensors')");
  }
  if (bytes.size() < 8)
    place.fail(bytes.size(), "the file ends before the header's length", kDamaged);
  if (length > kHeaderBytesLimit) {
    place.fail(0,
               fmt::format("a header of {} bytes, expected at most {}", length, kHeaderBytesLimit),
               "is it a safetensors file?");
  }
  if (!fits) {
    place.fail(0, fmt::format("a header of {} bytes, but only {} follow", length, bytes.size() - 8),
               kDamaged);
  }
  if (!plausible) {
    place.fail(8, fmt::format("expected '{{', found '{}'", escaped(bytes.substr(8, 1))),
               "is it a safetensors file?");
  }
  return static_cast<std::size_t>(length);
}

DType number_type(const json& value, std::string_view name, const Place& place) {
  std::string known;
  for (const TypeRow& row : kTypes) {
    if (value.is_string() && value.get_ref<const std::string&>() == row.name) return row.type;
    known += fmt::format(" {}", row.name);
  }
  const std::string found = value.is_string()
                                ? "'" + escaped(value.get_ref<const std::string&>()) + "'"
                                : std::string(value.type_name());
  place.fail(name, fmt::format("dtype: expected one of{}, found {}", known, found),
             "convert the tensor to F32 first");
}

/// A list of non-negative whole numbers.
Shape sizes(const json& value, const char* key, std::string_view name, const Place& place) {
  if (!value.is_array()) {
    place.fail(name, fmt::format("{}: expected a list, found {}", key, value.type_name()));
  }
  Shape out;
  for (const json& item : value) {
    if (!item.is_number_unsigned()) {
      place.fail(name, fmt::format("{}: expected whole numbers from 0, found {}", key,
                                   item.is_number() ? "another number" : item.type_name()));
    }
    out.push_back(item.get<std::size_t>());
  }
  return out;
}

/// One entry, its offsets still relative to the data.
SafetensorsEntry read_entry(const std::string& name, const json& value, std::size_t data_size,
                            const Place& place) {
  if (!value.is_object()) {
    place.fail(name, fmt::format("expected an object, found {}", value.type_name()));
  }
  for (const char* key : {"dtype", "shape", "data_offsets"}) {
    if (!value.contains(key)) place.fail(name, fmt::format("the key '{}' is missing", key));
  }
  for (const auto& item : value.items()) {
    if (item.key() != "dtype" && item.key() != "shape" && item.key() != "data_offsets") {
      place.fail(name, fmt::format("the unknown key '{}', expected dtype, shape, data_offsets",
                                   escaped(item.key())));
    }
  }
  const DType type = number_type(value["dtype"], name, place);
  Shape shape = sizes(value["shape"], "shape", name, place);
  const Shape offsets = sizes(value["data_offsets"], "data_offsets", name, place);
  if (offsets.size() != 2) {
    place.fail(name, fmt::format("data_offsets: expected 2 numbers, found {}", offsets.size()));
  }
  if (offsets[0] > offsets[1] || offsets[1] > data_size) {
    place.fail(name, fmt::format("data_offsets: expected begin <= end <= {}, found {} and {}",
                                 data_size, offsets[0], offsets[1]));
  }
  const std::size_t expected = checked_bytes(shape, type, place.tensor(name));
  if (offsets[1] - offsets[0] != expected) {
    place.fail(name, fmt::format("shape {} takes {} bytes, found {}", to_string(shape), expected,
                                 offsets[1] - offsets[0]));
  }
  return {name, type, std::move(shape), offsets[0], offsets[1]};
}

/// Side by side, the entries must fill the data: no gap, no overlap, nothing left.
void check_layout(const std::vector<SafetensorsEntry>& sorted, std::size_t data_size,
                  const Place& place) {
  std::size_t filled = 0;
  for (const SafetensorsEntry& entry : sorted) {
    if (entry.begin != filled) {
      place.fail(entry.name, fmt::format("begins at {} of the data, expected {}: {}", entry.begin,
                                         filled, entry.begin < filled ? "an overlap" : "a gap"));
    }
    filled = entry.end;
  }
  if (filled != data_size) {
    place.fail(filled, fmt::format("the tensors hold {} bytes, found {}", filled, data_size),
               kDamaged);
  }
}

/// Of the metadata but the checksum itself; the tensors follow.
std::uint64_t hash_of(const std::map<std::string, std::string>& metadata) {
  std::uint64_t hash = kFnvBasis;
  for (const auto& [key, text] : metadata) {
    if (key != kChecksum) hash = fnv1a(text, fnv1a(key, hash));
  }
  return hash;
}

}  // namespace

SafetensorsHeader parse_safetensors_header(std::string_view bytes, const std::string& name) {
  const Place place(name);
  const std::size_t length = header_length(bytes, place);
  const std::size_t data = 8 + length, data_size = bytes.size() - data;
  // A tensor has at most 14 values that matter (itself, dtype, two lists, ten numbers).
  const JsonLimits limits{.bytes = kHeaderBytesLimit, .values = 20 * kTensorLimit, .depth = 4};
  const json document = parse_json(bytes.substr(8, length), name + ": safetensors header", limits);
  SafetensorsHeader header;
  for (const auto& item : document.items()) {
    if (item.key() != kMetadata) {
      if (header.entries.size() == kTensorLimit) {
        throw Error(ErrorKind::limit,
                    fmt::format("{}: more than {} tensors", escaped(name, 400), kTensorLimit),
                    "is it the right file? models have some hundred");
      }
      header.entries.push_back(read_entry(item.key(), item.value(), data_size, place));
      continue;
    }
    if (!item.value().is_object()) place.fail(kMetadata, "expected an object of strings");
    for (const auto& entry : item.value().items()) {
      if (!entry.value().is_string()) {
        place.fail(kMetadata, fmt::format("'{}' is no string", escaped(entry.key())));
      }
      header.metadata[entry.key()] = entry.value().get<std::string>();
    }
  }
  const auto by_place = [](const SafetensorsEntry& a, const SafetensorsEntry& b) {
    return std::tie(a.begin, a.end, a.name) < std::tie(b.begin, b.end, b.name);
  };
  std::sort(header.entries.begin(), header.entries.end(), by_place);
  check_layout(header.entries, data_size, place);
  for (SafetensorsEntry& entry : header.entries) {
    entry.begin += data;
    entry.end += data;
  }
  return header;
}

void check_checksum(std::string_view bytes, const SafetensorsHeader& header,
                    const std::string& name) {
  const auto written = header.metadata.find(kChecksum);
  if (written == header.metadata.end()) return;
  std::map<std::string_view, std::string_view> parts;
  for (const SafetensorsEntry& entry : header.entries)
    parts[entry.name] = bytes.substr(entry.begin, entry.end - entry.begin);
  std::uint64_t hash = hash_of(header.metadata);
  for (const auto& [tensor, values] : parts) hash = fnv1a(values, fnv1a(tensor, hash));
  if (written->second == fmt::format("{:016x}", hash)) return;
  throw Error(ErrorKind::bad_input,
              fmt::format("{}: damaged: its checksum does not fit", escaped(name, 400)),
              "copy it again; if you changed it on purpose, write it without the metadata "
              "attn_checksum");
}

SafetensorsFile parse_safetensors(std::string_view bytes, const std::string& name) {
  SafetensorsHeader header = parse_safetensors_header(bytes, name);
  check_checksum(bytes, header, name);
  SafetensorsFile file;
  file.metadata = std::move(header.metadata);
  file.tensors.reserve(header.entries.size());
  for (SafetensorsEntry& entry : header.entries) {
    Array values = decode(bytes.substr(entry.begin, entry.end - entry.begin), entry.dtype,
                          ByteOrder::little, entry.shape);
    for (std::size_t i = 0; i < values.size(); ++i) {
      file.nan_count += std::isnan(values.data()[i]) ? 1 : 0;
      file.infinity_count += std::isinf(values.data()[i]) ? 1 : 0;
    }
    file.tensors.push_back({std::move(entry.name), std::move(values)});
  }
  return file;
}

SafetensorsFile read_safetensors(const std::string& path, std::size_t limit) {
  return parse_safetensors(read_file(path, limit), path == "-" ? "standard input" : path);
}

std::map<std::string, Shape> shapes_of(const SafetensorsHeader& header) {
  std::map<std::string, Shape> out;
  for (const SafetensorsEntry& entry : header.entries) out[entry.name] = entry.shape;
  return out;
}

std::map<std::string, Shape> shapes_of(const SafetensorsFile& file) {
  std::map<std::string, Shape> out;
  for (const NamedArray& tensor : file.tensors) out[tensor.name] = shape_of(tensor.values);
  return out;
}

void check_tensors(const std::map<std::string, Shape>& expected,
                   const std::map<std::string, Shape>& found, const std::string& name) {
  std::vector<std::string> differences;
  const auto differs = [&](const std::string& tensor, const std::string& how) {
    differences.push_back(fmt::format("\n  {}: {}", escaped(tensor, 80), how));
  };
  for (const auto& [tensor, shape] : expected) {
    const auto at = found.find(tensor);
    if (at == found.end()) {
      differs(tensor, fmt::format("missing, expected shape {}", to_string(shape)));
    } else if (at->second != shape) {
      differs(tensor,
              fmt::format("expected shape {}, found {}", to_string(shape), to_string(at->second)));
    }
  }
  for (const auto& [tensor, shape] : found) {
    if (!expected.contains(tensor))
      differs(tensor, fmt::format("not expected, shape {}", to_string(shape)));
  }
  if (differences.empty()) return;
  std::string list;
  const std::size_t shown = std::min<std::size_t>(differences.size(), 100);
  for (std::size_t i = 0; i < shown; ++i) list += differences[i];
  if (shown < differences.size())
    list += fmt::format("\n  and {} more", differences.size() - shown);
  throw Error(ErrorKind::bad_input,
              fmt::format("{}: safetensors: {} tensors differ from the model's:{}",
                          escaped(name, 400), differences.size(), list),
              "the file belongs to another model: check its sizes and kind");
}

std::string safetensors_bytes(const std::vector<NamedArray>& tensors,
                              const std::map<std::string, std::string>& metadata) {
  std::map<std::string_view, const Array*> sorted;
  for (const NamedArray& tensor : tensors) {
    if (tensor.name == kMetadata || !sorted.emplace(tensor.name, &tensor.values).second) {
      throw Error(ErrorKind::internal,
                  fmt::format("safetensors_bytes(): the name '{}' is taken", escaped(tensor.name)));
    }
  }
  json header = json::object();
  if (!metadata.empty()) header[kMetadata] = metadata;
  std::size_t size = 0;
  for (const auto& [name, values] : sorted) {
    const std::size_t end = size + values->size() * sizeof(float);
    header[std::string(name)] = {
        {"dtype", "F32"}, {"shape", shape_of(*values)}, {"data_offsets", {size, end}}};
    size = end;
  }
  std::string text;
  try {
    text = header.dump();
  } catch (const json::exception& error) {
    throw Error(ErrorKind::internal,
                fmt::format("safetensors_bytes(): {}", escaped(error.what(), 160)));
  }
  text.append((8 - text.size() % 8) % 8, ' ');
  std::string out;
  out.reserve(8 + text.size() + size);
  for (std::size_t i = 0; i < 8; ++i) {
    out += static_cast<char>(static_cast<std::uint64_t>(text.size()) >> 8 * i & 0xFF);
  }
  out += text;
  for (const auto& [name, values] : sorted) {
    for (std::size_t i = 0; i < values->size(); ++i) {
      const auto bits = std::bit_cast<std::uint32_t>(static_cast<float>(values->data()[i]));
      for (int byte = 0; byte < 4; ++byte) out += static_cast<char>(bits >> 8 * byte & 0xFF);
    }
  }
  return out;
}

std::string safetensors_bytes_with_checksum(const std::vector<NamedArray>& tensors,
                                            std::map<std::string, std::string> metadata) {
  std::map<std::string_view, const Array*> sorted;
  for (const NamedArray& tensor : tensors) sorted.emplace(tensor.name, &tensor.values);
  std::uint64_t hash = hash_of(metadata);
  for (const auto& [name, values] : sorted) {
    hash = fnv1a(name, hash);
    for (const real x : *values) {
      const auto bits = std::bit_cast<std::uint32_t>(static_cast<float>(x));
      for (int byte = 0; byte < 4; ++byte) hash = fnv1a_step(hash, bits >> 8 * byte & 0xFF);
    }
  }
  metadata[kChecksum] = fmt::format("{:016x}", hash);
  return safetensors_bytes(tensors, metadata);
}

}  // namespace attn
