#include "attn/io/matrix_file.h"

#include <fmt/format.h>

#include "attn/core/error.h"
#include "attn/io/csv.h"
#include "attn/io/npy.h"

namespace attn {
namespace {

/// ".npy" of "folder/x.NPY"; "" if the file's name has none.
std::string extension(const std::string& path) {
  const std::string file = path.substr(path.rfind('/') + 1);  // npos + 1 is 0
  const std::size_t dot = file.rfind('.');
  if (dot == std::string::npos || dot == 0) return {};
  std::string out = file.substr(dot);
  for (char& c : out) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return out;
}

}  // namespace

Array read_matrix(const std::string& path) {
  const std::string type = extension(path);
  const std::string name = path == "-" ? "standard input" : path;
  if (path != "-" && type != ".npy" && type != ".csv") {
    throw Error(
        ErrorKind::bad_input,
        fmt::format("{}: {}, expected a matrix in a file ending in .npy or .csv",
                    escaped(path, 400),
                    type.empty() ? "no extension" : "the unknown extension " + escaped(type)),
        "save it as .npy with numpy.save, or as comma-separated numbers in a .csv file");
  }
  const std::string bytes = read_file(path, type == ".csv" ? kCsvLimit : kFileLimit);
  const bool npy = is_npy(bytes) || type == ".npy";
  Array out = npy ? parse_npy(bytes, name) : parse_csv(bytes, name);
  const Shape shape = shape_of(out);
  if (shape.size() == 1) return reshaped(out, {1, shape[0]});
  if (shape.size() != 2) {
    throw Error(ErrorKind::bad_input,
                fmt::format("{}: expected a matrix (rows, columns), found shape {}",
                            escaped(name, 400), to_string(shape)),
                "choose one matrix of it, for example array[0], and save that");
  }
  return out;
}

}  // namespace attn
