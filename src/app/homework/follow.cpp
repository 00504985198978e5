#include "app/homework/follow.h"

#include <algorithm>
#include <cmath>

#include "app/homework/compare.h"
#include "attn/core/error.h"

namespace attn::app::homework {

namespace {

/// True if every number is a multiple of the unit, as far as floats tell.
bool is_written_with(const Array& answer, double unit) {
  return std::all_of(answer.begin(), answer.end(), [&](real x) {
    if (!std::isfinite(x)) return true;
    const double units = double{x} / unit;
    return std::abs(units - std::round(units)) <= 1e-3 + 1e-7 * std::abs(units);
  });
}

/// Adds to `reach` how far the result moves when one number of the answer moves by `by`.
void add_reach(Array& reach, const Array& middle, const SheetStep& step, Values& values,
               const std::string& name, std::size_t i, double by) {
  const Array before = values[name].value();
  Array up = before, down = before;
  up.data()[i] = static_cast<real>(double{before.data()[i]} + by);
  down.data()[i] = static_cast<real>(double{before.data()[i]} - by);
  values.set(name, up);
  const Array high = step.right(values);
  values.set(name, down);
  const Array low = step.right(values);
  values.set(name, before);
  const auto moved = [&](const Array& to, std::size_t k) {
    const double far = std::abs(double{to.data()[k]} - double{middle.data()[k]});
    return std::isfinite(far) ? far : 0;  // -inf stays -inf
  };
  for (std::size_t k = 0; k < reach.size(); ++k)
    reach.data()[k] += static_cast<real>(std::max(moved(high, k), moved(low, k)));
}

}  // namespace

double rounding_of(const Array& answer, int digits) {
  constexpr int kMoreDigits = 2;
  if (digits == 0) return 0;
  for (int d = digits; d <= digits + kMoreDigits; ++d) {
    const double unit = std::pow(10.0, -d);
    if (is_written_with(answer, unit)) return unit / 2;
  }
  return 0;
}

std::optional<Band> band_of(const SheetStep& step, const Values& values,
                            const std::map<std::string, double, std::less<>>& rounding) {
  Values moved = values;
  moved.forget_reads();
  try {
    Band band{step.right(moved), {}};
    band.reach = zeros(shape_of(band.middle));
    const auto names = moved.read();
    for (const std::string& name : names) {
      const auto found = rounding.find(name);
      if (found == rounding.end() || found->second == 0) continue;
      for (std::size_t i = 0; i < moved[name].value().size(); ++i) {
        if (std::isfinite(moved[name].value().data()[i]))
          add_reach(band.reach, band.middle, step, moved, name, i, found->second);
      }
    }
    return band;
  } catch (const Error&) {
    return std::nullopt;
  }
}

bool in_band(const Array& answer, const Band& band, int digits) {
  if (shape_of(answer) != shape_of(band.middle)) return false;
  Array nearest = answer;
  for (std::size_t i = 0; i < answer.size(); ++i) {
    const real middle = band.middle.data()[i], reach = band.reach.data()[i];
    if (!std::isfinite(middle)) {
      nearest.data()[i] = middle;
    } else {
      nearest.data()[i] = std::clamp(answer.data()[i], middle - reach, middle + reach);
    }
  }
  return fits(answer, nearest, digits);
}

}  // namespace attn::app::homework
