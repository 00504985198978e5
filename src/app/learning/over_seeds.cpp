#include "app/learning/over_seeds.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace attn::app {

namespace {

/// Fisher's expansion in 1 / degrees (Abramowitz and Stegun 26.7.5), to 4 digits from 11 degrees
/// on.
double expanded(double degrees) {
  const double z = 1.959964, z3 = z * z * z, z5 = z3 * z * z, z7 = z5 * z * z;
  return z + (z3 + z) / (4 * degrees) + (5 * z5 + 16 * z3 + 3 * z) / (96 * degrees * degrees) +
         (3 * z7 + 19 * z5 + 17 * z3 - 15 * z) / (384 * degrees * degrees * degrees);
}

double student(std::size_t degrees) {  // 97.5 % quantile
  constexpr double kTable[] = {12.71, 4.303, 3.182, 2.776, 2.571,
                               2.447, 2.365, 2.306, 2.262, 2.228};
  return degrees == 0 ? 0 : degrees <= 10 ? kTable[degrees - 1] : expanded(double(degrees));
}

}  // namespace

MeanOf mean_of(const std::vector<double>& values) {
  const double n = double(values.size());
  double mean = 0, squares = 0;
  for (const double value : values) mean += value / n;
  for (const double value : values) squares += (value - mean) * (value - mean);
  return {mean,
          values.size() < 2 ? 0 : student(values.size() - 1) * std::sqrt(squares / (n - 1) / n)};
}

Interval wilson(double share, double count) {
  const double z = 1.96, center = (share + z * z / (2 * count)) / (1 + z * z / count);
  const double half = z / (1 + z * z / count) *
                      std::sqrt(share * (1 - share) / count + z * z / (4 * count * count));
  return {center - half, center + half};
}

std::string accuracy_plot(const std::vector<std::string>& names, const std::string& unit,
                          const std::vector<std::int64_t>& at,
                          const std::vector<std::vector<double>>& accuracies) {
  constexpr int kHeight = 11;
  constexpr std::size_t kStep = 9;
  std::vector<std::string> lines(kHeight, std::string(at.size() * kStep, ' '));
  std::string legend;
  for (std::size_t m = 0; m < names.size(); ++m) {
    const char letter = static_cast<char>('A' + m);
    legend += fmt::format("{}{} {}", m == 0 ? "" : "   ", letter, names[m]);
    for (std::size_t l = 0; l < at.size(); ++l) {
      const double value = accuracies[m][l];
      if (std::isnan(value)) continue;
      std::string& line = lines[static_cast<std::size_t>(
          std::lround((1 - std::clamp(value, 0.0, 1.0)) * (kHeight - 1)))];
      std::size_t column = l * kStep;
      while (column + 1 < (l + 1) * kStep && line[column] != ' ')
        ++column;  // the same accuracy: side by side
      line[column] = letter;
    }
  }
  std::string out = "accuracy\n";
  for (int i = 0; i < kHeight; ++i)
    out +=
        fmt::format(" {:.1f} | {}\n", (kHeight - 1 - i) / 10.0, lines[static_cast<std::size_t>(i)]);
  out += "     +" + std::string(at.size() * kStep + 1, '-') + "\n";
  out += fmt::format("{:>3}    ", unit);
  for (const std::int64_t n : at) out += fmt::format("{:<{}}", n, kStep);
  return out + "\n" + legend + "\n";
}

}  // namespace attn::app
