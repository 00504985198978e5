#include <cmath>

#include "attn_exercise/judge.h"
#include "attn_exercise/own.h"
#include "exercise.h"

namespace {

const Student<decltype(layer_norm)> student("layer_norm");

struct Way {
  bool unbiased = false, eps_outside = false, over_batch = false, no_eps = false;
};

Matrix norm_in(const Way& way, const Matrix& x, const std::vector<double>& gain,
               const std::vector<double>& bias, double eps) {
  Matrix out(x.rows, x.columns);
  const std::size_t count = way.over_batch ? x.rows : x.columns;
  for (std::size_t i = 0; i < x.rows; ++i) {
    for (std::size_t j = 0; j < x.columns; ++j) {
      const auto at = [&](std::size_t a) { return way.over_batch ? x(a, j) : x(i, a); };
      double mean = 0, sum = 0;
      for (std::size_t a = 0; a < count; ++a) mean += at(a) / double(count);
      for (std::size_t a = 0; a < count; ++a) sum += (at(a) - mean) * (at(a) - mean);
      const double variance = sum / (way.unbiased ? double(count) - 1 : double(count));
      const double below = way.no_eps        ? std::sqrt(variance)
                           : way.eps_outside ? std::sqrt(variance) + eps
                                             : std::sqrt(variance + eps);
      out(i, j) = gain[j] * (x(i, j) - mean) / below + bias[j];
    }
  }
  return out;
}

void check(const Matrix& x, const std::vector<double>& gain, const std::vector<double>& bias,
           double eps) {
  same(student(x, gain, bias, eps), own::layer_norm(x, gain, bias, eps),
       {{"norm-unbiased", norm_in({.unbiased = true}, x, gain, bias, eps)},
        {"norm-eps-outside", norm_in({.eps_outside = true}, x, gain, bias, eps)},
        {"norm-over-batch", norm_in({.over_batch = true}, x, gain, bias, eps)},
        {"eps is not used", norm_in({.no_eps = true}, x, gain, bias, eps)},
        {"gain and bias have changed places", norm_in({}, x, bias, gain, eps)}});
}

std::vector<double> numbers(std::size_t count, unsigned seed) {
  return some_matrix(1, count, seed).numbers;
}
std::vector<double> ones(std::size_t count) { return std::vector<double>(count, 1); }
std::vector<double> zeros(std::size_t count) { return std::vector<double>(count, 0); }

}  // namespace

TEST_CASE("one row that can be done by hand" * points(1)) {
  check({{1, 2, 3, 4, 5}}, ones(5), zeros(5), 0);
}

TEST_CASE("several tokens, each for itself" * points(2)) {
  check(some_matrix(3, 6, 1), ones(6), zeros(6), 1e-5);
}

TEST_CASE("gain and bias of each column" * points(1)) {
  check(some_matrix(4, 5, 2), numbers(5, 3), numbers(5, 4), 1e-5);
}

TEST_CASE("eps stands inside the root" * points(1)) {
  check(some_matrix(3, 4, 5), ones(4), zeros(4), 0.25);
}

TEST_CASE("a row of equal numbers gives the bias" * points(2)) {
  check({{2, 2, 2, 2}, {1, 2, 3, 4}}, ones(4), numbers(4, 6), 1e-5);
}

TEST_CASE("one number per token" * points(1)) { check({{3}, {-7}}, {2}, {0.5}, 1e-5); }

TEST_CASE("one token alone" * points(1)) { check(some_matrix(1, 8, 7), ones(8), zeros(8), 1e-5); }

TEST_CASE("adding to a token, or doubling it, changes nothing" * points(1)) {
  Matrix x = some_matrix(2, 6, 8);
  const Matrix before = student(x, ones(6), zeros(6), 0);
  for (double& number : x.numbers) number = 2 * number + 7;
  same(student(x, ones(6), zeros(6), 0), before);
  check(x, ones(6), zeros(6), 0);
}
