#pragma once
// How a measured quantity grows with a size: y = c n^b, fitted where it holds.
#include <cstddef>
#include <optional>
#include <vector>

namespace attn::app {

/// A straight line through (ln size, ln value) by least squares.
struct Exponent {
  double value = 0;        ///< b
  double error = 0;        ///< its standard error
  double scatter = 0;      ///< deviation of the residuals, as a share of the value (0.1 is 10 %)
  std::size_t first = 0;   ///< the smallest size that took part, by place
  std::size_t points = 0;  ///< how many did
  std::size_t last() const { return first + points - 1; }
  bool straight = false;  ///< the scatter is within the limit
};

inline constexpr double kMostScatter = 0.1;
inline constexpr std::size_t kFewestPoints = 4;

/// Fits `points` sizes from place `first` on (sizes ascending, all positive); 0: all there are.
/// Needs three.
Exponent fit(const std::vector<double>& sizes, const std::vector<double>& values,
             std::size_t first = 0, std::size_t points = 0);
/// The same, where the law holds: the smallest size (a fixed overhead shows) or the largest (memory
/// gets slower), whichever fits worse, is left out until the residuals scatter by kMostScatter or
/// only kFewestPoints are left.
Exponent fit_where_straight(const std::vector<double>& sizes, const std::vector<double>& values);

/// The size at which a becomes larger than b, between two measured ones along straight lines in
/// ln-ln; nothing if it never does. Where it does more than once: the last.
std::optional<double> crossing(const std::vector<double>& sizes, const std::vector<double>& a,
                               const std::vector<double>& b);

}  // namespace attn::app
