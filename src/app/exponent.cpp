#include "app/exponent.h"

#include <cmath>

namespace attn::app {

Exponent fit(const std::vector<double>& sizes, const std::vector<double>& values, std::size_t first) {
  const double m = static_cast<double>(sizes.size() - first);
  double mean_x = 0, mean_y = 0;
  for (std::size_t i = first; i < sizes.size(); ++i) {
    mean_x += std::log(sizes[i]) / m;
    mean_y += std::log(values[i]) / m;
  }
  double xx = 0, xy = 0, residual = 0;
  for (std::size_t i = first; i < sizes.size(); ++i) {
    const double x = std::log(sizes[i]) - mean_x, y = std::log(values[i]) - mean_y;
    xx += x * x;
    xy += x * y;
  }
  Exponent out;
  out.value = xy / xx;
  for (std::size_t i = first; i < sizes.size(); ++i) {
    const double r = std::log(values[i]) - mean_y - out.value * (std::log(sizes[i]) - mean_x);
    residual += r * r;
  }
  const double variance = residual / (m - 2);  // two numbers were fitted
  out.error = std::sqrt(variance / xx);
  out.scatter = std::sqrt(variance);
  out.first = first;
  out.points = sizes.size() - first;
  out.straight = out.scatter <= kMostScatter;
  return out;
}

Exponent fit_where_straight(const std::vector<double>& sizes, const std::vector<double>& values) {
  std::size_t first = 0;
  Exponent out = fit(sizes, values, first);
  while (!out.straight && sizes.size() - first > kFewestPoints) out = fit(sizes, values, ++first);
  return out;
}

std::optional<double> crossing(const std::vector<double>& sizes, const std::vector<double>& a, const std::vector<double>& b) {
  const auto lead = [&](std::size_t i) { return std::log(a[i]) - std::log(b[i]); };
  for (std::size_t i = sizes.size(); i-- > 1;) {
    if (!(lead(i - 1) <= 0 && lead(i) > 0)) continue;
    const double share = lead(i - 1) / (lead(i - 1) - lead(i));
    return std::exp(std::log(sizes[i - 1]) + share * (std::log(sizes[i]) - std::log(sizes[i - 1])));
  }
  return std::nullopt;
}

}  // namespace attn::app
