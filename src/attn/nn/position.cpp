#include "attn/nn/position.h"

#include <fmt/format.h>

#include <cmath>
#include <xtensor-blas/xlinalg.hpp>

#include "attn/core/error.h"
#include "attn/graph/trace.h"
#include "attn/ops/ops.h"

namespace attn {

namespace {

double frequency(std::size_t pair, std::size_t d) {
  return std::pow(10000.0, -2.0 * static_cast<double>(pair) / static_cast<double>(d));
}

double sinusoid(std::size_t position, std::size_t column, std::size_t d) {
  const double angle = static_cast<double>(position) * frequency(column / 2, d);
  return column % 2 == 0 ? std::sin(angle) : std::cos(angle);
}

void require_even(std::size_t d) {
  if (d % 2 != 0) {
    throw Error(ErrorKind::usage, fmt::format("a shift turns pairs of numbers: width {} is odd", d),
                "choose an even --dim");
  }
}

}  // namespace

Array sinusoidal_positions(std::size_t n, std::size_t d, std::size_t first) {
  Array out = empty({n, d});
  for (std::size_t i = 0; i < n; ++i) {
    for (std::size_t c = 0; c < d; ++c)
      out.data()[i * d + c] = static_cast<real>(sinusoid(first + i, c, d));
  }
  return out;
}

Array shift_matrix(std::size_t d, std::size_t k) {
  require_even(d);
  Array m = zeros({d, d});
  for (std::size_t i = 0; i < d / 2; ++i) {
    const double angle = static_cast<double>(k) * frequency(i, d);
    const auto c = static_cast<real>(std::cos(angle)), s = static_cast<real>(std::sin(angle));
    real* sine = m.data() + 2 * i * d + 2 * i;
    real* cosine = sine + d;
    sine[0] = c;  // sin(a + b) =  cos(b) sin(a) + sin(b) cos(a)
    sine[1] = s;
    cosine[0] = -s;  // cos(a + b) = -sin(b) sin(a) + cos(b) cos(a)
    cosine[1] = c;
  }
  return m;
}

Tensor sinusoidal(const Run& run, std::size_t n, std::size_t d) {
  const Tensor y(sinusoidal_positions(n, d));
  if (run.trace) {
    run.trace->made(
        y, {"sinusoidal", {}, 2.0 * y.value().size(), [=](std::size_t i) {
              const std::size_t c = i % d;
              Reason reason{c % 2 == 0 ? "an even column is a sine" : "an odd column is a cosine",
                            {},
                            sinusoid(i / d, c, d)};
              return reason.text(fmt::format("{}({} / 10000^({}/{}))", c % 2 == 0 ? "sin" : "cos",
                                             i / d, c - c % 2, d));
            }});
  }
  return y;
}

Tensor shift_by(const Run& run, std::size_t d, std::size_t k) {
  const Tensor y(shift_matrix(d, k));
  if (run.trace) {
    run.trace->made(y, {"shift", {}, 2.0 * d, [=](std::size_t i) {
                          const std::size_t r = i / d, c = i % d;
                          if (r / 2 != c / 2)
                            return Reason{"outside the 2x2 turns", {std::string("0")}, 0};
                          const double angle = static_cast<double>(k) * frequency(r / 2, d);
                          const bool diagonal = r == c;
                          Reason reason{"one of the four numbers of a turn by k / 10000^(2i/d)",
                                        {},
                                        diagonal ? std::cos(angle)
                                                 : (r < c ? std::sin(angle) : -std::sin(angle))};
                          return reason.text(fmt::format(
                              "{}({} / 10000^({}/{}))", diagonal ? "cos" : (r < c ? "sin" : "-sin"),
                              k, r - r % 2, d));
                        }});
  }
  return y;
}

Array found_shift_matrix(std::size_t d, std::size_t k, std::size_t n) {
  require_even(d);
  xt::xarray<double> here = xt::xarray<double>::from_shape({n, d});
  xt::xarray<double> there = xt::xarray<double>::from_shape({n, d});
  for (std::size_t i = 0; i < n; ++i) {
    // Places all over the slowest column's period, 2 pi 10000. Near 0 alone the slow columns are
    // almost straight lines, which nothing tells apart.
    const std::size_t place = i * 40503 % 65536;
    for (std::size_t c = 0; c < d; ++c) {
      here(i, c) = sinusoid(place, c, d);
      there(i, c) = sinusoid(place + k, c, d);
    }
  }
  const xt::xarray<double> solution = std::get<0>(xt::linalg::lstsq(here, there));  // M^T (d,d)
  Array m = empty({d, d});
  for (std::size_t r = 0; r < d; ++r) {
    for (std::size_t c = 0; c < d; ++c) m.data()[r * d + c] = static_cast<real>(solution(c, r));
  }
  return m;
}

Tensor learned_positions(const Run& run, const Tensor& table, std::size_t n) {
  const std::size_t length = table.shape()[0];
  if (n > length) {
    throw Error(
        ErrorKind::usage,
        fmt::format("position {} of {}: the learned table ends before the text", length + 1,
                    length),
        fmt::format("a learned position exists only for places seen in training; use at most {} "
                    "tokens, a larger --table, or --kind sinusoidal",
                    length));
  }
  return slice_rows(run, table, 0, n);
}

}  // namespace attn
