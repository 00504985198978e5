#pragma once
// Arguments and results as bytes, between the two programs of a check on one machine.
#include <cstdint>
#include <cstring>
#include <stdexcept>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <vector>

#include "attn_exercise/matrix.h"

namespace attn_exercise {

/// The most bytes that a call or an answer may have.
inline constexpr std::uint64_t kLongestFrame = std::uint64_t{1} << 24;

/// A struct of an exercise that lists its members: auto fields() { return std::tie(h, c); }
template <class T>
concept HasFields = requires(T t) {
  t.fields();
};

template <class T>
requires std::is_arithmetic_v<T>
void put(std::string& out, T value) {
  out.append(reinterpret_cast<const char*>(&value), sizeof value);
}
inline void put(std::string& out, const Matrix& m);
template <HasFields T>
void put(std::string& out, const T& value);
template <class T>
void put(std::string& out, const std::vector<T>& values) {
  put(out, static_cast<std::uint64_t>(values.size()));
  for (const T& value : values) put(out, value);
}
void put(std::string& out, const Matrix& m) {
  put(out, static_cast<std::uint64_t>(m.rows));
  put(out, static_cast<std::uint64_t>(m.columns));
  put(out, m.numbers);
}
template <HasFields T>
void put(std::string& out, const T& value) {
  std::apply([&](const auto&... field) { (put(out, field), ...); }, const_cast<T&>(value).fields());
}

// The other way. What is read may come from anybody: lengths are checked before memory is taken.
template <class T>
requires std::is_arithmetic_v<T>
void get(std::string_view& in, T& value) {
  if (in.size() < sizeof value) throw std::runtime_error("the answer ends too early");
  std::memcpy(&value, in.data(), sizeof value);
  in.remove_prefix(sizeof value);
}
inline void get(std::string_view& in, Matrix& m);
template <HasFields T>
void get(std::string_view& in, T& value);
template <class T>
void get(std::string_view& in, std::vector<T>& values) {
  std::uint64_t count = 0;
  get(in, count);
  if (count > in.size()) throw std::runtime_error("the answer ends too early");
  values.clear();
  for (std::uint64_t i = 0; i < count; ++i) get(in, values.emplace_back());
}
void get(std::string_view& in, Matrix& m) {
  std::uint64_t rows = 0, columns = 0;
  get(in, rows);
  get(in, columns);
  get(in, m.numbers);
  const std::uint64_t count = m.numbers.size();
  const bool fits = columns == 0 ? count == 0 && rows <= kLongestFrame
                                 : count % columns == 0 && count / columns == rows;
  if (!fits) throw std::runtime_error("rows and columns of a matrix do not fit its numbers");
  m.rows = rows;
  m.columns = columns;
}
template <HasFields T>
void get(std::string_view& in, T& value) {
  std::apply([&](auto&... field) { (get(in, field), ...); }, value.fields());
}

/// What an answer begins with.
enum class Reply : char { value = 'v', threw = 'x', memory = 'm' };

// Where both programs have their pipes.
inline constexpr int kCalls = 3, kAnswers = 4;

/// All of it, or false.
bool write_all(int file, std::string_view bytes);
/// Exactly so many bytes, or false.
bool read_all(int file, char* to, std::size_t count);

}  // namespace attn_exercise
