#pragma once
// Submissions made by the tests of homework/.
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <filesystem>
#include <functional>
#include <nlohmann/json.hpp>
#include <string>

#include "app/homework/grade.h"
#include "attn/io/csv.h"
#include "attn/io/npy.h"
#include "io_support.h"

namespace homework_test {

using attn::Array;
using attn::real;
using attn::Shape;
using namespace attn::app::homework;

/// Rows of numbers, or of words such as "-inf".
inline std::string csv_of(const nlohmann::json& rows) {
  std::string out;
  for (const auto& row : rows) {
    for (const auto& x : row) out += (x.is_string() ? x.get<std::string>() : x.dump()) + ",";
    out.back() = '\n';
  }
  return out;
}

/// Leading axes in one: the heads one below the other.
inline Array flat(const Array& a) { return attn::reshaped(a, {attn::rows(a), attn::columns(a)}); }

inline std::string csv_of(const Array& a) { return attn::csv_text(flat(a)); }

inline Array rounded_to(Array a, int digits) {
  const double unit = std::pow(10.0, -digits);
  for (real& x : a) {
    if (std::isfinite(x)) x = static_cast<real>(std::round(double{x} / unit) * unit);
  }
  return a;
}

/// Somebody's folder of one sheet, of the public course.
class Submission {
 public:
  Submission(const std::string& sheet, const std::string& student, bool columns = false) {
    manifest_.sheet = &find_sheet(sheet);
    manifest_.student = student;
    manifest_.columns = columns;
    std::filesystem::create_directory(*folder_ / "answers");
  }

  void write_answer(const std::string& name, const std::string& bytes) const {
    std::FILE* file = std::fopen((*folder_ / ("answers/" + name)).c_str(), "wb");
    REQUIRE(file);
    CHECK(std::fwrite(bytes.data(), 1, bytes.size(), file) == bytes.size());
    std::fclose(file);
  }
  void answer(const std::string& step, const std::string& csv) const {
    write_answer(step + ".csv", csv);
  }
  Result grade() const {
    Answers answers;
    return grade_sheet(SubmissionFolder(folder_->path()), manifest_,
                       given_for({}, *manifest_.sheet, manifest_.student), answers);
  }
  StepResult grade_step(const std::string& step) const {
    for (const StepResult& one : grade().steps) {
      if (one.name == step) return one;
    }
    FAIL("no such step");
    return {};
  }
  std::string path(const std::string& name) const { return *folder_ / name; }

 private:
  std::shared_ptr<io_test::Folder> folder_ = std::make_shared<io_test::Folder>();
  Manifest manifest_;
};

inline bool contains_id(const StepResult& step, const std::string& id) {
  return std::find(step.misconceptions.begin(), step.misconceptions.end(), id) !=
         step.misconceptions.end();
}

/// An NPY file of any type: what numpy.save would write.
template <class T>
std::string npy_of(const Array& a, const char* descr, bool fortran = false, bool big = false) {
  const Shape shape = attn::shape_of(a);
  std::string header = std::string("{'descr': '") + descr +
                       "', 'fortran_order': " + (fortran ? "True" : "False") + ", 'shape': (";
  for (const std::size_t n : shape) header += std::to_string(n) + ",";
  header += "), }";
  header += std::string(64 - (header.size() + 11) % 64, ' ') + "\n";
  std::string out("\x93NUMPY\x01\x00", 8);
  out += static_cast<char>(header.size() % 256);
  out += static_cast<char>(header.size() / 256);
  out += header;
  for (std::size_t k = 0; k < a.size(); ++k) {
    std::size_t i = k;
    if (fortran) {  // the k-th number with the first axis running fastest
      std::size_t rest = k, stride = a.size();
      i = 0;
      for (const std::size_t n : shape) {
        stride /= n;
        i += rest % n * stride;
        rest /= n;
      }
    }
    const T number = static_cast<T>(a.data()[i]);
    char bytes[sizeof(T)];
    std::memcpy(bytes, &number, sizeof(T));
    if (big) std::reverse(bytes, bytes + sizeof(T));
    out.append(bytes, sizeof(T));
  }
  return out;
}

struct Form {
  std::string name;
  /// Extension and bytes of an answer.
  std::function<std::pair<std::string, std::string>(const Array&, int digits)> write;
};

inline std::string replaced(std::string text, const std::string& from, const std::string& to) {
  for (std::size_t at = text.find(from); at != std::string::npos;
       at = text.find(from, at + to.size()))
    text.replace(at, from.size(), to);
  return text;
}

inline Array with_axis(const Array& a) {
  Shape shape = attn::shape_of(a);
  shape.insert(shape.begin(), 1);
  return attn::reshaped(a, shape);
}

inline Array as_column(const Array& a) {
  return attn::rows(a) == 1 ? attn::reshaped(a, {a.size(), 1}) : a;
}

inline Array with_1e9(Array a) {
  for (real& x : a) x = std::max(x, real{-1e9});
  return a;
}

/// Ways to write the same numbers.
inline std::vector<Form> equal_forms() {
  using Pair = std::pair<std::string, std::string>;
  return {
      {"CSV",
       [](const Array& a, int) {
         return Pair{".csv", csv_of(a)};
       }},
      {"rounded",
       [](const Array& a, int n) {
         return Pair{".csv", csv_of(rounded_to(a, n))};
       }},
      {"spaces",
       [](const Array& a, int) {
         return Pair{".csv", replaced(csv_of(a), ",", " , ")};
       }},
      {"CRLF and mark",
       [](const Array& a, int) {
         return Pair{".csv", "\xEF\xBB\xBF" + replaced(csv_of(a), "\n", "\r\n")};
       }},
      {"blank end",
       [](const Array& a, int) {
         return Pair{".csv", csv_of(a) + "\n\n"};
       }},
      {"-1e9",
       [](const Array& a, int) {
         return Pair{".csv", csv_of(with_1e9(a))};
       }},
      {"f4",
       [](const Array& a, int) {
         return Pair{".npy", npy_of<float>(a, "<f4")};
       }},
      {"f8",
       [](const Array& a, int) {
         return Pair{".npy", npy_of<double>(a, "<f8")};
       }},
      {"big-endian",
       [](const Array& a, int) {
         return Pair{".npy", npy_of<double>(a, ">f8", false, true)};
       }},
      {"whole numbers as int64",
       [](const Array& a, int) {
         const bool whole = std::all_of(
             a.begin(), a.end(), [](real x) { return std::isfinite(x) && x == std::round(x); });
         return Pair{".npy", whole ? npy_of<std::int64_t>(a, "<i8") : npy_of<float>(a, "<f4")};
       }},
      {"Fortran order",
       [](const Array& a, int) {
         return Pair{".npy", npy_of<double>(a, "<f8", true)};
       }},
      {"one axis more",
       [](const Array& a, int) {
         return Pair{".npy", npy_of<float>(with_axis(a), "<f4")};
       }},
      {"heads below one another",
       [](const Array& a, int) {
         return Pair{".npy", npy_of<float>(flat(a), "<f4")};
       }},
      {"a column for a row",
       [](const Array& a, int) {
         return Pair{".npy", npy_of<float>(as_column(a), "<f4")};
       }},
  };
}

}  // namespace homework_test
