#pragma once
// What test.cpp of an exercise is written with: doctest, the learner's function in a process of its
// own, and comparisons that say in words what is wrong. docs/exercises.md shows an example.
#include <doctest/doctest.h>

#include <string>
#include <type_traits>
#include <vector>

#include "attn_exercise/judge_marks.h"
#include "attn_exercise/wire.h"

namespace attn_exercise {

/// TEST_CASE("rows sum to 1" * points(2)): what the case is worth, 1 to 20.
struct points {
  explicit points(int worth) : worth_(worth) {}
  void fill(doctest::detail::TestCase& test) const;

 private:
  int worth_;
};

// Values as a learner reads them: at most some rows and columns of each.
std::string in_words(double value);
std::string in_words(const Matrix& m);
template <HasFields T>
std::string in_words(const T& value);
template <class T>
requires(!std::is_arithmetic_v<T>) std::string in_words(const std::vector<T>& values);
template <class T>
requires std::is_arithmetic_v<T> std::string in_words(const std::vector<T>& values) {
  Matrix row(1, values.size());
  for (std::size_t i = 0; i < values.size(); ++i) row.numbers[i] = static_cast<double>(values[i]);
  return in_words(row);
}
template <HasFields T>
std::string in_words(const T& value) {
  std::string out;
  const auto add = [&](const auto& field) {
    if (!out.empty()) out += kBetweenFields;
    out += in_words(field);
  };
  std::apply([&](const auto&... field) { (add(field), ...); }, const_cast<T&>(value).fields());
  return out;
}
template <class T>
requires(!std::is_arithmetic_v<T>) std::string in_words(const std::vector<T>& values) {
  std::string out;
  for (const T& value : values) {
    if (!out.empty()) out += kBetweenElements;
    out += in_words(value);
  }
  return out;
}
/// The learner sees these beside the first failure.
void remember_input(const char* function, std::vector<std::string> arguments);
void remember_result(std::string result);

/// Sends a call to the learner's process and returns the bytes of its answer. Where there is none
/// (it crashed, threw, never came back) the case ends here, as failed.
std::string call(const char* name, const std::string& arguments);
/// Ends the case: the answer could not be understood.
[[noreturn]] void unreadable(const char* why);

/// The learner's function: Student<decltype(softmax)> student("softmax"), then called like it.
template <class F>
class Student;
template <class R, class... A>
class Student<R(A...)> {
 public:
  explicit Student(const char* name) : name_(name) {}
  R operator()(const std::decay_t<A>&... arguments) const {
    std::string out;
    (put(out, arguments), ...);
    remember_input(name_, {in_words(arguments)...});
    const std::string bytes = call(name_, out);
    std::string_view in = bytes;
    R result;
    try {
      get(in, result);
    } catch (const std::exception& e) {
      unreadable(e.what());
    }
    remember_result(in_words(result));
    return result;
  }

 private:
  const char* name_;
};

/// Any result as a list of numbers with their places, so that one comparison serves all.
struct Flat {
  std::string shape;
  std::vector<double> numbers;
  std::vector<std::string> places;

  Flat() = default;
  template <class T>
  Flat(const T& value) {  // NOLINT: meant to convert
    add(value, "");
  }

  template <class T>
  requires std::is_arithmetic_v<T>
  void add(T value, const std::string& place) {
    numbers.push_back(static_cast<double>(value));
    places.push_back(place);
  }
  void add(const Matrix& m, const std::string& place);
  /// Several results as one: Flat().with("h", state.h).with("c", state.c)
  template <class T>
  Flat with(const std::string& name, const T& value) const {
    Flat out = *this;
    const std::string before = shape.empty() ? "" : shape + " and ";
    out.shape.clear();
    out.add(value, name);
    out.shape = before + name + " " + out.shape;
    return out;
  }
  template <class T>
  void add(const std::vector<T>& values, const std::string& place) {
    shape += (shape.empty() ? "" : " of ") + std::to_string(values.size());
    const std::string outer = shape;
    std::string inner;
    for (std::size_t i = 0; i < values.size(); ++i) {
      shape = outer;
      add(values[i], place + "[" + std::to_string(i) + "]");
      if (!inner.empty() && inner != shape) shape = outer + ", of different shapes";
      inner = shape;
    }
  }
};

/// A wrong answer that is known.
struct Wrong {
  const char* misconception;  ///< its name in the catalogue, or a sentence of its own
  Flat value;
};

/// The case fails unless the numbers agree within `tolerance` of the key's largest (at least 1).
/// Then it says where they differ first, and which of `wrong` the answer is, if it is one.
void same(const Flat& answer, const Flat& key, const std::vector<Wrong>& wrong = {},
          double tolerance = 1e-5);

/// The case fails with these words unless `holds`; `misconception` may name what a failure betrays.
void claim(bool holds, const std::string& otherwise, const char* misconception = nullptr);

/// Numbers between -1 and 1 that are the same each time and follow no pattern.
Matrix some_matrix(std::size_t rows, std::size_t columns, unsigned seed);

}  // namespace attn_exercise

using attn_exercise::claim;
using attn_exercise::Flat;
using attn_exercise::points;
using attn_exercise::same;
using attn_exercise::some_matrix;
using attn_exercise::Student;
using attn_exercise::Wrong;
