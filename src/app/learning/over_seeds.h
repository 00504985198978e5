#pragma once
// What several trainings with other seeds say together, and how it is drawn.
#include <cstdint>
#include <string>
#include <vector>

namespace attn::app {

/// A mean, and half of its 95 % interval by Student's t; 0 for a single value.
struct MeanOf {
  double mean = 0, half = 0;
};
MeanOf mean_of(const std::vector<double>& values);

/// The 95 % interval of a share of `count` independent answers (Wilson 1927).
struct Interval {
  double low = 0, high = 0;
};
Interval wilson(double share, double count);

/// Accuracies (0 to 1) as lines of letters, one letter per name, one column per number of `at`
/// (which counts `unit`). NaN: no letter.
std::string accuracy_plot(const std::vector<std::string>& names, const std::string& unit,
                          const std::vector<std::int64_t>& at,
                          const std::vector<std::vector<double>>& accuracies);

}  // namespace attn::app
