#include "attn_exercise/judge.h"
#include "attn_exercise/own.h"
#include "exercise.h"

namespace {

const Student<decltype(split_heads)> student_split("split_heads");
const Student<decltype(merge_heads)> student_merge("merge_heads");

using Heads = std::vector<Matrix>;

/// The same numbers in the same order under another shape: the mistake without a transposition.
Heads reshaped(const Matrix& x, std::size_t heads) {
  Heads out(heads, Matrix(x.rows, x.columns / heads));
  std::size_t at = 0;
  for (Matrix& m : out) {
    for (double& number : m.numbers) number = x.numbers[at++];
  }
  return out;
}
Matrix reshaped_back(const Heads& heads, std::size_t rows) {
  Matrix out(rows, heads.size() * heads[0].numbers.size() / rows);
  std::size_t at = 0;
  for (const Matrix& m : heads) {
    for (const double number : m.numbers) out.numbers[at++] = number;
  }
  return out;
}

/// Head h takes the columns h, h + H, h + 2H, ...
Heads interleaved(const Matrix& x, std::size_t heads) {
  Heads out(heads, Matrix(x.rows, x.columns / heads));
  for (std::size_t i = 0; i < x.rows; ++i) {
    for (std::size_t c = 0; c < x.columns; ++c) out[c % heads](i, c / heads) = x(i, c);
  }
  return out;
}
Matrix interleaved_back(const Heads& heads) {
  Matrix out(heads[0].rows, heads.size() * heads[0].columns);
  for (std::size_t i = 0; i < out.rows; ++i) {
    for (std::size_t c = 0; c < out.columns; ++c)
      out(i, c) = heads[c % heads.size()](i, c / heads.size());
  }
  return out;
}

Heads backwards(const Heads& heads) { return {heads.rbegin(), heads.rend()}; }

void check_split(const Matrix& x, std::size_t heads) {
  same(student_split(x, heads), own::split_heads(x, heads),
       {{"heads-reshape-only", reshaped(x, heads)},
        {"heads-interleaved", interleaved(x, heads)},
        {"the heads stand in the opposite order", backwards(own::split_heads(x, heads))}});
}

void check_merge(const Heads& heads) {
  const std::size_t n = heads[0].rows;
  same(student_merge(heads), own::merge_heads(heads),
       {{"heads-reshape-only", reshaped_back(heads, n)},
        {"heads-interleaved", interleaved_back(heads)},
        {"concat-order", own::merge_heads(backwards(heads))},
        {"concat-order", reshaped_back(heads, n * heads.size())}});
}

}  // namespace

TEST_CASE("two tokens and two heads, by hand" * points(1)) {
  check_split({{1, 2, 3, 4}, {5, 6, 7, 8}}, 2);
}

TEST_CASE("five tokens and three heads" * points(2)) { check_split(some_matrix(5, 12, 1), 3); }

TEST_CASE("reach: a changed token moves its own row in every head" * points(2)) {
  Matrix x = some_matrix(4, 6, 2);
  const Heads before = student_split(x, 3);
  for (std::size_t j = 0; j < 6; ++j) x(0, j) += 10;
  const Heads after = student_split(x, 3);
  claim(before.size() == 3 && after.size() == 3, "there are not as many matrices as heads");
  for (std::size_t h = 0; h < 3; ++h) {
    claim(before[h].rows == 4 && before[h].columns == 2 && after[h].rows == 4 &&
              after[h].columns == 2,
          "a head has not 4 rows and 2 columns");
    for (std::size_t i = 0; i < 4; ++i) {
      const bool moved = before[h](i, 0) != after[h](i, 0);
      const std::string where = "row " + std::to_string(i) + " of head " + std::to_string(h);
      claim(moved == (i == 0), "token 0 changed, and " + where +
                                   (moved ? " moved: it holds numbers of another token"
                                          : " did not: this head does not see the token"));
    }
  }
}

TEST_CASE("one head is the matrix itself" * points(1)) { check_split(some_matrix(3, 4, 3), 1); }

TEST_CASE("as many heads as columns" * points(1)) { check_split(some_matrix(3, 4, 4), 4); }

TEST_CASE("one token alone" * points(1)) {
  check_split(some_matrix(1, 6, 5), 2);
  check_merge(own::split_heads(some_matrix(1, 6, 5), 2));
}

TEST_CASE("merging three heads" * points(1)) {
  check_merge({some_matrix(4, 2, 6), some_matrix(4, 2, 7), some_matrix(4, 2, 8)});
}

TEST_CASE("merging what was split gives the matrix back" * points(1)) {
  const Matrix x = some_matrix(5, 8, 9);
  const Heads heads = student_split(x, 4);
  claim(heads.size() == 4, "there are not as many matrices as heads");
  same(student_merge(heads), x);
}
