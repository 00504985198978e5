#include "app/learning/exponent.h"

#include <cmath>

namespace attn::app {

Exponent fit(const std::vector<double>& sizes, const std::vector<double>& values, std::size_t first,
             std::size_t points) {
  const std::size_t end = points == 0 ? sizes.size() : first + points;
  const double m = static_cast<double>(end - first);
  double mean_x = 0, mean_y = 0;
  for (std::size_t i = first; i < end; ++i) {
    mean_x += std::log(sizes[i]) / m;
    mean_y += std::log(values[i]) / m;
  }
  double xx = 0, xy = 0, residual = 0;
  for (std::size_t i = first; i < end; ++i) {
    const double x = std::log(sizes[i]) - mean_x, y = std::log(values[i]) - mean_y;
    xx += x * x;
    xy += x * y;
  }
  Exponent out;
  out.value = xy / xx;
  for (std::size_t i = first; i < end; ++i) {
    const double r = std::log(values[i]) - mean_y - out.value * (std::log(sizes[i]) - mean_x);
    residual += r * r;
  }
  const double variance = residual / (m - 2);  // two numbers were fitted
  out.error = std::sqrt(variance / xx);
  out.scatter = std::sqrt(variance);
  out.first = first;
  out.points = end - first;
  out.straight = out.scatter <= kMostScatter;
  return out;
}

Exponent fit_where_straight(const std::vector<double>& sizes, const std::vector<double>& values) {
  Exponent out = fit(sizes, values);
  while (!out.straight && out.points > kFewestPoints) {
    const Exponent upper = fit(sizes, values, out.first + 1, out.points - 1),
                   lower = fit(sizes, values, out.first, out.points - 1);
    out = lower.scatter < upper.scatter ? lower : upper;
  }
  return out;
}

std::optional<double> crossing(const std::vector<double>& sizes, const std::vector<double>& a,
                               const std::vector<double>& b) {
  const auto lead = [&](std::size_t i) { return std::log(a[i]) - std::log(b[i]); };
  for (std::size_t i = sizes.size(); i-- > 1;) {
    if (!(lead(i - 1) <= 0 && lead(i) > 0)) continue;
    const double share = lead(i - 1) / (lead(i - 1) - lead(i));
    return std::exp(std::log(sizes[i - 1]) + share * (std::log(sizes[i]) - std::log(sizes[i - 1])));
  }
  return std::nullopt;
}

}  // namespace attn::app
