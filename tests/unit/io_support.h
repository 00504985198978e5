#pragma once
// Shared by the tests of io/.
#include <doctest/doctest.h>
#include <stdlib.h>

#include <cstring>
#include <filesystem>
#include <functional>
#include <random>
#include <string>
#include <vector>

#include "attn/core/array.h"
#include "attn/core/error.h"
#include "attn/io/file.h"

namespace io_test {

/// The bytes of a seed of the fuzz targets.
inline std::string seed_bytes(const std::string& format, const std::string& name) {
  return attn::read_file(ATTN_CORPUS_DIR "/" + format + "/" + name);
}

/// The seeds of a format whose name begins so.
inline std::vector<std::string> seeds(const std::string& format, const std::string& begin) {
  std::vector<std::string> names;
  for (const auto& item : std::filesystem::directory_iterator(ATTN_CORPUS_DIR "/" + format)) {
    const std::string name = item.path().filename().string();
    if (name.starts_with(begin)) names.push_back(name);
  }
  return names;
}

/// Every bad seed is refused: the message begins with the file's name and `then`, and there is a
/// hint.
template <class Read>
void check_bad_seeds(const std::string& format, const Read& read, const std::string& then = "") {
  const std::vector<std::string> all = seeds(format, "bad-");
  CHECK(all.size() >= 5);
  for (const std::string& name : all) {
    INFO(name);
    try {
      read(name);
      FAIL("it was read");
    } catch (const attn::Error& e) {
      CHECK(std::string(e.what()).starts_with(name + then));
      CHECK(!e.hint().empty());
    }
  }
}

/// A folder of its own that disappears with all that is in it.
class Folder {
 public:
  Folder() {
    std::string name = (std::filesystem::temp_directory_path() / "attn-io-XXXXXX").string();
    REQUIRE(::mkdtemp(name.data()) != nullptr);
    path_ = name;
  }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  ~Folder() {
    std::error_code ignored;
    std::filesystem::permissions(path_, std::filesystem::perms::owner_all, ignored);
    std::filesystem::remove_all(path_, ignored);
  }
  std::string operator/(const std::string& file) const { return path_ + "/" + file; }
  const std::string& path() const { return path_; }
  std::size_t files() const {
    std::size_t n = 0;
    for (const auto& entry : std::filesystem::directory_iterator(path_))
      n += entry.exists() ? 1 : 0;
    return n;
  }

 private:
  std::string path_;
};

/// `work` must throw an Error of this kind whose message contains `part`.
inline void check_error(attn::ErrorKind kind, const std::string& part,
                        const std::function<void()>& work) {
  try {
    work();
    FAIL_CHECK("no error, expected: " << part);
  } catch (const attn::Error& error) {
    INFO("message: ", std::string(error.what()), "; expected part: ", part);
    CHECK(error.kind() == kind);
    CHECK(std::string(error.what()).find(part) != std::string::npos);
  }
}

inline void check_bad(const std::string& part, const std::function<void()>& work) {
  check_error(attn::ErrorKind::bad_input, part, work);
}

/// Same shape, same bits; NaN equals NaN.
inline bool same(const attn::Array& a, const attn::Array& b) {
  if (attn::shape_of(a) != attn::shape_of(b)) return false;
  for (std::size_t i = 0; i < a.size(); ++i) {
    const attn::real x = a.data()[i], y = b.data()[i];
    if (std::memcmp(&x, &y, sizeof x) != 0 && !(x != x && y != y)) return false;
  }
  return true;
}

/// Numbers of all magnitudes that a float holds exactly, in either build.
inline attn::Array random_array(const attn::Shape& shape, unsigned seed) {
  std::mt19937 random(seed);
  attn::Array out = attn::empty(shape);
  for (std::size_t i = 0; i < out.size(); ++i) {
    const std::uint32_t bits = random();
    float value;
    std::memcpy(&value, &bits, sizeof value);
    out.data()[i] = value;
  }
  return out;
}

inline attn::Array array(const attn::Shape& shape, const std::vector<double>& values) {
  attn::Array out = attn::empty(shape);
  REQUIRE(out.size() == values.size());
  for (std::size_t i = 0; i < out.size(); ++i) out.data()[i] = static_cast<attn::real>(values[i]);
  return out;
}

}  // namespace io_test
