#include "attn_exercise/judge.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "attn/core/error.h"
#include "attn/core/rng.h"
#include "attn_exercise/outcome.h"
#include "attn_exercise/serve.h"

namespace attn_exercise {

Outcome& outcome() {
  static Outcome the_one;
  return the_one;
}

namespace {

/// The first failure is the one that is told.
[[noreturn]] void fail(const char* status, const std::string& message,
                       std::vector<std::string> misconceptions = {}) {
  outcome().status = status;
  outcome().message = message;
  outcome().misconceptions = std::move(misconceptions);
  FAIL(message);
  std::abort();  // FAIL has thrown
}

}  // namespace

void points::fill(doctest::detail::TestCase& test) const {
  static const char* const kWords[] = {"0",  "1",  "2",  "3",  "4",  "5",  "6",
                                       "7",  "8",  "9",  "10", "11", "12", "13",
                                       "14", "15", "16", "17", "18", "19", "20"};
  test.m_description = kWords[std::clamp(worth_, 1, 20)];
}

std::string call(const char* name, const std::string& arguments) {
  char fixed[64] = {};
  std::snprintf(fixed, sizeof fixed, "%s", name);
  std::string frame;
  put(frame, static_cast<std::uint64_t>(arguments.size()));
  frame.append(fixed, sizeof fixed);
  char kind = 0;
  std::uint64_t length = 0;
  if (!write_all(kCalls, frame) || !write_all(kCalls, arguments) || !read_all(kAnswers, &kind, 1) ||
      !read_all(kAnswers, reinterpret_cast<char*>(&length), sizeof length))
    fail("ended", "your program ended before it gave an answer");
  if (length > kLongestFrame) unreadable("it is too long");
  std::string bytes(length, '\0');
  if (!read_all(kAnswers, bytes.data(), length))
    fail("ended", "your program ended in the middle of its answer");
  switch (static_cast<Reply>(kind)) {
    case Reply::value:
      return bytes;
    case Reply::memory:
      fail("memory", "your function asked for more memory than it may have");
    case Reply::threw:
      fail("threw", fmt::format("your function threw: {}", attn::escaped(bytes, 200)));
  }
  unreadable("it begins wrongly");
}

namespace {

constexpr std::size_t kMostRows = 8, kMostColumns = 8;

/// "   0.25  -1  ...\n"
std::string row_in_words(const std::vector<double>& numbers) {
  std::string out = "  ";
  for (std::size_t j = 0; j < std::min(numbers.size(), kMostColumns); ++j)
    out += fmt::format("{:>9.4g}", numbers[j] + 0.0);
  return out + (numbers.size() > kMostColumns ? "  ...\n" : "\n");
}

}  // namespace

std::string in_words(double value) { return row_in_words({value}); }

std::string in_words(const Matrix& m) {
  std::string out = fmt::format("  {} x {}\n", m.rows, m.columns);
  for (std::size_t i = 0; i < std::min(m.rows, kMostRows); ++i) {
    const auto begin = m.numbers.begin() + static_cast<std::ptrdiff_t>(i * m.columns);
    out += row_in_words({begin, begin + static_cast<std::ptrdiff_t>(m.columns)});
  }
  return m.rows > kMostRows ? out + "  ...\n" : out;
}

void remember_input(const char* function, std::vector<std::string> arguments) {
  if (!outcome().message.empty()) return;
  outcome().function = function;
  outcome().arguments = std::move(arguments);
}
void remember_result(std::string result) {
  if (!outcome().message.empty()) return;
  std::erase_if(result, [](char c) { return c == kBetweenFields || c == kBetweenElements; });
  outcome().yours = std::move(result);
}

void unreadable(const char* why) {
  fail("wrong", fmt::format("the answer cannot be read: {}", why));
}

void Flat::add(const Matrix& m, const std::string& place) {
  shape += fmt::format("{}{} x {}", shape.empty() ? "" : " of ", m.rows, m.columns);
  const std::string before = place.empty() ? "" : place + ", ";
  for (std::size_t i = 0; i < m.rows; ++i) {
    for (std::size_t j = 0; j < m.columns; ++j)
      add(m.numbers[i * m.columns + j], fmt::format("{}row {}, column {}", before, i, j));
  }
}

namespace {

bool agree(double a, double b, double tolerance) {
  return a == b || std::abs(a - b) <= tolerance;  // equal infinities agree, NaN with nothing
}

bool agree(const Flat& a, const Flat& b, double tolerance) {
  if (a.shape != b.shape || a.numbers.size() != b.numbers.size()) return false;
  for (std::size_t i = 0; i < a.numbers.size(); ++i) {
    if (!agree(a.numbers[i], b.numbers[i], tolerance) &&
        !(std::isnan(a.numbers[i]) && std::isnan(b.numbers[i])))
      return false;
  }
  return true;
}

std::string number(double x) {
  return std::isnan(x) ? "not a number (nan)" : fmt::format("{:.6g}", x + 0.0);
}

/// Rows of a result again, by the places of its numbers.
std::string in_words(const Flat& flat) {
  std::string out, row;
  std::vector<double> numbers;
  std::size_t rows = 0;
  const auto close = [&] {
    if (numbers.empty()) return;
    if (rows++ < kMostRows) out += row_in_words(numbers);
    numbers.clear();
  };
  for (std::size_t i = 0; i < flat.numbers.size(); ++i) {
    const std::string& place = flat.places[i];
    const std::size_t end = place.find_last_of(",[");
    const std::string now = place.substr(0, end == std::string::npos ? 0 : end);
    if (now != row) close();
    row = now;
    numbers.push_back(flat.numbers[i]);
  }
  close();
  return rows > kMostRows ? out + "  ...\n" : out;
}

std::string difference(const Flat& answer, const Flat& key, double tolerance) {
  if (answer.shape != key.shape || answer.numbers.size() != key.numbers.size()) {
    return fmt::format("the result has the shape {}; {} was expected",
                       answer.shape.empty() ? "of one number" : answer.shape,
                       key.shape.empty() ? "one number" : key.shape);
  }
  std::size_t first = key.numbers.size(), count = 0;
  double largest = 0;
  for (std::size_t i = 0; i < key.numbers.size(); ++i) {
    if (agree(answer.numbers[i], key.numbers[i], tolerance)) continue;
    first = std::min(first, i);
    ++count;
    const double apart = std::abs(answer.numbers[i] - key.numbers[i]);
    if (!std::isnan(apart)) largest = std::max(largest, apart);
  }
  std::string text = fmt::format("{} is {}; {} was expected",
                                 key.places[first].empty() ? "the result" : key.places[first],
                                 number(answer.numbers[first]), number(key.numbers[first]));
  if (key.numbers.size() > 1)
    text += fmt::format(
        " ({} of {} numbers differ{})", count, key.numbers.size(),
        std::isfinite(largest) && largest > 0 ? fmt::format(", by up to {:.3g}", largest) : "");
  return text;
}

}  // namespace

void same(const Flat& answer, const Flat& key, const std::vector<Wrong>& wrong, double tolerance) {
  double largest = 1;
  for (const double x : key.numbers) {
    if (std::isfinite(x)) largest = std::max(largest, std::abs(x));
  }
  tolerance *= largest;
  if (agree(answer, key, tolerance)) {
    CHECK(true);
    return;
  }
  outcome().yours = in_words(answer);
  outcome().expected = in_words(key);
  std::vector<std::string> names;
  std::string words = difference(answer, key, tolerance);
  for (const Wrong& w : wrong) {
    if (!agree(answer, w.value, tolerance) || agree(w.value, key, tolerance) ||
        std::find(names.begin(), names.end(), w.misconception) != names.end())
      continue;
    if (std::string_view(w.misconception).find(' ') == std::string_view::npos) {
      names.emplace_back(w.misconception);
    } else {
      words += fmt::format(": {}", w.misconception);
    }
  }
  fail("wrong", words, std::move(names));
}

void claim(bool holds, const std::string& otherwise, const char* misconception) {
  if (!holds)
    fail("wrong", otherwise,
         misconception ? std::vector<std::string>{misconception} : std::vector<std::string>{});
  CHECK(true);
}

Matrix some_matrix(std::size_t rows, std::size_t columns, unsigned seed) {
  attn::Rng rng(seed, 77);
  Matrix m(rows, columns);
  for (double& x : m.numbers) x = std::round((2 * rng.uniform() - 1) * 1000) / 1000;
  return m;
}

}  // namespace attn_exercise
