#include <cmath>

#include "attn_exercise/judge.h"
#include "attn_exercise/own.h"
#include "exercise.h"

namespace {

const Student<decltype(positions)> student("positions");

/// What can go wrong.
struct Way {
  double factor = 2, first = 0;  ///< the exponent is factor i / d
  bool halves = false, cosine_first = false, by_column = false;
};

Matrix positions_in(const Way& way, std::size_t n, std::size_t d) {
  Matrix out(n, d);
  const std::size_t pairs = (d + 1) / 2;
  for (std::size_t pos = 0; pos < n; ++pos) {
    for (std::size_t c = 0; c < d; ++c) {
      const std::size_t i = way.halves ? c % pairs : c / 2;
      const bool sine = (way.halves ? c < pairs : c % 2 == 0) != way.cosine_first;
      const double exponent = (way.by_column ? double(c) : way.factor * double(i)) / double(d);
      const double angle = (double(pos) + way.first) / std::pow(10000.0, exponent);
      out(pos, c) = sine ? std::sin(angle) : std::cos(angle);
    }
  }
  return out;
}

std::vector<Wrong> wrong(std::size_t n, std::size_t d) {
  return {{"position-halves", positions_in({.halves = true}, n, d)},
          {"position-exponent", positions_in({.factor = 1}, n, d)},
          {"position-exponent", positions_in({.factor = 4}, n, d)},
          {"position-exponent", positions_in({.by_column = true}, n, d)},
          {"position-from-one", positions_in({.first = 1}, n, d)},
          {"sine and cosine have changed places", positions_in({.cosine_first = true}, n, d)},
          {"the exponent is always 0, as by a division of whole numbers",
           positions_in({.factor = 0}, n, d)}};
}

void check(std::size_t n, std::size_t d) { same(student(n, d), own::sinusoids(n, d), wrong(n, d)); }

}  // namespace

TEST_CASE("two positions in four columns, by hand" * points(1)) {
  same(student(2, 4),
       Matrix{{0, 1, 0, 1}, {std::sin(1), std::cos(1), std::sin(0.01), std::cos(0.01)}},
       wrong(2, 4));
}

TEST_CASE("twelve positions in eight columns" * points(3)) { check(12, 8); }

TEST_CASE("the slow columns of a wide table" * points(1)) { check(40, 64); }

TEST_CASE("one position" * points(1)) { check(1, 6); }

TEST_CASE("an odd width ends with a sine" * points(1)) { check(5, 7); }

TEST_CASE("only the distance counts in the product of two positions" * points(2)) {
  const Matrix p = student(30, 16);
  claim(p.rows == 30 && p.columns == 16, "the table has not 30 rows and 16 columns");
  const auto product = [&](std::size_t a, std::size_t b) {
    double sum = 0;
    for (std::size_t c = 0; c < 16; ++c) sum += p(a, c) * p(b, c);
    return sum;
  };
  claim(std::abs(product(3, 3) - 8) < 1e-6,
        "the product of a position with itself is not d/2: every pair gives sin^2 + cos^2 = 1");
  claim(std::abs(product(2, 7) - product(20, 25)) < 1e-6,
        "positions 2 and 7 have another product than 20 and 25, which are as far apart");
  claim(std::abs(product(2, 7) - product(2, 9)) > 1e-3,
        "the product of two positions does not depend on their distance");
}

TEST_CASE("far positions" * points(1)) { check(600, 4); }
