#include "app/lesson/value.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <numeric>
#include <set>

#include "attn/core/error.h"
#include "attn/core/joined.h"
#include "attn/render/format.h"
#include "attn/render/view.h"

namespace attn::app {

namespace {

[[noreturn]] void refuse(const std::string& message, const std::string& hint = "") {
  throw Error(ErrorKind::bad_input, message, hint);
}

Value value_of(const Trace& trace, const Step& step) {
  Value out;
  out.shape = step.shape();
  out.numbers.assign(step.values().begin(), step.values().end());
  for (std::size_t axis = 0; axis < out.shape.size(); ++axis) {
    const std::vector<std::string>* names =
        axis < step.axes.size() ? axis_labels(trace, step, step.axes[axis]) : nullptr;
    out.labels.push_back(names ? *names : std::vector<std::string>{});
  }
  return out;
}

/// A cell that is written as a number, perhaps with its interval behind ("0.32 +-0.13"), is that
/// number.
std::optional<double> number_of(const Table::Cell& cell) {
  if (const auto* number = std::get_if<double>(&cell)) return *number;
  std::string_view text = std::get<std::string>(cell);
  if (text.starts_with('+')) text.remove_prefix(1);
  double value = 0;
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), value);
  const std::string_view rest = text.substr(static_cast<std::size_t>(end - text.data()));
  if (problem != std::errc() || !std::isfinite(value)) return {};
  return rest.empty() || rest.starts_with(" +-") || rest.starts_with(" ±") ? std::optional(value)
                                                                           : std::nullopt;
}

Value value_of(const Table& table) {
  Value out;
  out.shape = {table.rows.size(), table.columns.size()};
  out.labels = {{}, table.columns};
  bool any_text = false;
  for (const auto& row : table.rows) {
    for (std::size_t j = 0; j < table.columns.size(); ++j) {
      const auto number = j < row.size() ? number_of(row[j]) : std::optional<double>(NAN);
      out.numbers.push_back(number.value_or(NAN));
      out.texts.push_back(number ? std::nullopt : std::optional(std::get<std::string>(row[j])));
      any_text = any_text || !number;
    }
    const auto* text = row.empty() ? nullptr : std::get_if<std::string>(row.data());
    const auto* number = row.empty() ? nullptr : std::get_if<double>(row.data());
    out.labels[0].push_back(text ? *text : number ? number_text(*number, 15) : "");
  }
  if (!any_text) out.texts.clear();
  return out;
}

}  // namespace

Value value_of(const Trace& trace, const std::string& name) {
  if (const Step* step = trace.find(name)) return value_of(trace, *step);
  std::vector<std::string> names;
  for (auto item = trace.items.rbegin(); item != trace.items.rend(); ++item) {
    if (const auto* step = std::get_if<Step>(&*item)) names.push_back(step->path);
    const auto* table = std::get_if<Table>(&*item);
    if (!table) continue;
    if (table->name == name) return value_of(*table);
    names.push_back(table->name);
  }
  const std::string near = nearest(name, names);
  std::reverse(names.begin(), names.end());
  const std::size_t more = names.size() > 40 ? names.size() - 40 : 0;
  names.resize(names.size() - more);
  refuse(fmt::format("no step or table \"{}\"{}", escaped(name),
                     near.empty() ? "" : fmt::format("; did you mean {}?", near)),
         fmt::format("the run has: {}{}", joined(names, ", "), more ? ", ..." : ""));
}

namespace {

/// The places along one axis that a selector names, and whether the axis stays.
std::vector<std::size_t> places(const Value& value, std::size_t axis, const Selector& s) {
  const auto length = static_cast<long long>(value.shape[axis]);
  const auto from_end = [&](long long i) { return i < 0 ? i + length : i; };
  std::vector<std::size_t> out;
  if (s.kind == Selector::Kind::label) {
    const auto& labels = value.labels[axis];
    const auto found = std::find(labels.begin(), labels.end(), s.label);
    if (found == labels.end() || found - labels.begin() >= length) {
      if (labels.empty())
        refuse(fmt::format("axis {} has no labels, so \"{}\" is no place", axis, escaped(s.label)),
               "name it by its number, from 0");
      refuse(fmt::format("no label \"{}\" on axis {}", escaped(s.label), axis),
             fmt::format("the labels: {}", joined(labels, ", ")));
    }
    out.push_back(static_cast<std::size_t>(found - labels.begin()));
  } else if (s.kind == Selector::Kind::number) {
    const long long at = from_end(s.first);
    if (at < 0 || at >= length)
      refuse(fmt::format("place {} on an axis of length {}", s.first, length),
             "places count from 0");
    out.push_back(static_cast<std::size_t>(at));
  } else {
    const bool all = s.kind == Selector::Kind::all;
    const long long begin = all ? 0 : from_end(s.first);
    const long long end = all || s.open ? length : from_end(s.last);
    if (begin < 0 || end > length || begin > end)
      refuse(fmt::format("range {}:{} on an axis of length {}", s.first, s.last, length));
    for (long long i = begin; i < end; ++i) out.push_back(static_cast<std::size_t>(i));
  }
  return out;
}

}  // namespace

Value selected(const Value& value, const std::vector<Selector>& selectors) {
  const std::size_t rank = value.shape.size();
  if (selectors.size() > rank)
    refuse(fmt::format("{} indices for a value with {} axes", selectors.size(), rank));
  std::vector<std::vector<std::size_t>> where;
  Value out;
  std::size_t total = 1;
  for (std::size_t axis = 0; axis < rank; ++axis) {
    const Selector s = axis < selectors.size() ? selectors[axis] : Selector{};
    where.push_back(places(value, axis, s));
    total *= where.back().size();
    if (s.kind == Selector::Kind::label || s.kind == Selector::Kind::number) continue;
    out.shape.push_back(where.back().size());
    out.labels.emplace_back();
    if (value.labels[axis].size() < value.shape[axis]) continue;
    for (const std::size_t i : where.back()) out.labels.back().push_back(value.labels[axis][i]);
  }
  bool any_text = false;
  for (std::size_t k = 0; k < total; ++k) {
    std::size_t rest = k, at = 0, stride = 1;
    for (std::size_t axis = rank; axis-- > 0;) {
      at += where[axis][rest % where[axis].size()] * stride;
      rest /= where[axis].size();
      stride *= value.shape[axis];
    }
    out.numbers.push_back(value.numbers[at]);
    out.texts.push_back(value.has_text() ? value.texts[at] : std::nullopt);
    any_text = any_text || out.texts.back();
  }
  if (!any_text) out.texts.clear();
  return out;
}

Value single(double number) { return {{}, {number}, {}, {}}; }

Value numbers(std::vector<double> list) {
  Value out;
  out.shape = {list.size()};
  out.labels.resize(1);
  out.numbers = std::move(list);
  return out;
}

void require_numbers(const Value& value, const std::string& what) {
  if (value.has_text()) refuse(fmt::format("{} needs numbers, and some of these are texts", what));
}

namespace {

/// A rule from the numbers of one row to one number.
using OfRow = double (*)(const double* row, std::size_t n);

/// For every row (the last axis): the axis goes.
Value for_each_row(const Value& value, OfRow rule) {
  if (value.shape.empty()) return single(rule(value.numbers.data(), 1));
  Value out;
  out.shape.assign(value.shape.begin(), value.shape.end() - 1);
  out.labels.assign(value.labels.begin(), value.labels.end() - 1);
  const std::size_t n = value.shape.back();
  const std::size_t rows = count(out.shape);
  for (std::size_t i = 0; i < rows; ++i)
    out.numbers.push_back(rule(value.numbers.data() + i * n, n));
  return out;
}

Value transposed(const Value& value) {
  const std::size_t rank = value.shape.size();
  if (rank < 2) refuse("only a matrix can be transposed");
  Value out = value;
  const std::size_t rows = value.shape[rank - 2], columns = value.shape[rank - 1];
  std::swap(out.shape[rank - 2], out.shape[rank - 1]);
  std::swap(out.labels[rank - 2], out.labels[rank - 1]);
  for (std::size_t block = 0; block < value.size(); block += rows * columns)
    transpose_into(&value.numbers[block], rows, columns, &out.numbers[block]);
  return out;
}

double sum_of(const double* row, std::size_t n) { return std::accumulate(row, row + n, 0.0); }
double argmax_of(const double* row, std::size_t n) {
  return static_cast<double>(std::max_element(row, row + n) - row);
}
double argmin_of(const double* row, std::size_t n) {
  return static_cast<double>(std::min_element(row, row + n) - row);
}
double norm_of(const double* row, std::size_t n) {
  return std::sqrt(std::inner_product(row, row + n, row, 0.0));
}
/// -sum p log p, with 0 log 0 = 0.
double entropy_of(const double* row, std::size_t n) {
  double sum = 0;
  for (std::size_t i = 0; i < n; ++i) {
    if (row[i] != 0) sum -= row[i] * std::log(row[i]);
  }
  return sum;
}

std::size_t distinct_rows(const Value& value) {
  if (value.shape.empty()) return 1;
  std::set<std::vector<double>> seen;
  const std::size_t n = value.shape.back();
  for (std::size_t at = 0; n > 0 && at < value.size(); at += n)
    seen.emplace(value.numbers.begin() + static_cast<std::ptrdiff_t>(at),
                 value.numbers.begin() + static_cast<std::ptrdiff_t>(at + n));
  return seen.size();
}

Value argmax_label(const Value& value) {
  if (value.shape.empty() || value.shape.back() == 0) refuse("argmax-label of no list");
  if (value.labels.back().size() < value.shape.back())
    refuse("argmax-label: the last axis has no labels", "argmax gives the place as a number");
  Value out = for_each_row(value, argmax_of);
  for (double& place : out.numbers) {
    out.texts.emplace_back(value.labels.back()[static_cast<std::size_t>(place)]);
    place = NAN;
  }
  return out;
}

/// What stands at this place of the first axis, counted from the end if negative.
Value one_of(const Value& value, long long place) {
  if (value.shape.empty()) return value;
  Selector s;
  s.kind = Selector::Kind::number;
  s.first = place;
  return selected(value, {s});
}

/// The length of an axis, counted from the last one.
Value length(const Value& value, std::size_t from_end, const char* name) {
  const std::size_t rank = value.shape.size();
  if (rank < from_end) refuse(fmt::format("a value with {} axes has no {}", rank, name));
  return single(double(value.shape[rank - from_end]));
}

Value for_each_list(const Value& value, OfRow rule, const char* name) {
  if (value.shape.empty() || value.shape.back() == 0) refuse(fmt::format("{} of no list", name));
  return for_each_row(value, rule);
}

/// All its numbers, at least one.
const std::vector<double>& some(const Value& value, const char* name) {
  if (value.numbers.empty()) refuse(fmt::format("{} of no numbers", name));
  return value.numbers;
}

double mean_of(const std::vector<double>& x) {
  return sum_of(x.data(), x.size()) / double(x.size());
}

double variance_of(const std::vector<double>& x) {
  const double mean = mean_of(x);
  double squares = 0;
  for (const double v : x) squares += (v - mean) * (v - mean);
  return squares / double(x.size());
}

double nan_count(const std::vector<double>& x) {
  return double(std::count_if(x.begin(), x.end(), [](double v) { return v != v; }));
}

/// Each row from the smallest number to the largest.
Value sorted_rows(Value value) {
  const std::size_t n = value.shape.empty() ? 1 : value.shape.back();
  for (std::size_t at = 0; n > 0 && at < value.size(); at += n) {
    const auto row = value.numbers.begin() + static_cast<std::ptrdiff_t>(at);
    std::sort(row, row + static_cast<std::ptrdiff_t>(n),
              [](double a, double b) { return b != b ? a == a : a < b; });  // NaN comes last
  }
  if (!value.shape.empty()) value.labels.back().clear();
  return value;
}

Value without_signs(Value value) {
  for (double& x : value.numbers) x = std::abs(x);
  return value;
}

struct Measure {
  const char* name;
  bool of_numbers;  ///< a table's texts have none
  Value (*of)(const Value&);
};

constexpr Measure kMeasures[] = {
    {"shape", false,
     [](const Value& v) {
       return numbers({v.shape.begin(), v.shape.end()});
     }},
    {"rank", false, [](const Value& v) { return single(double(v.shape.size())); }},
    {"size", false, [](const Value& v) { return single(double(v.size())); }},
    {"rows", false, [](const Value& v) { return length(v, 2, "rows"); }},
    {"columns", false, [](const Value& v) { return length(v, 1, "columns"); }},
    {"row-sums", true, [](const Value& v) { return for_each_row(v, sum_of); }},
    {"column-sums", true, [](const Value& v) { return for_each_row(transposed(v), sum_of); }},
    {"sum", true, [](const Value& v) { return single(sum_of(v.numbers.data(), v.size())); }},
    {"min", true, [](const Value& v) { return single(*std::ranges::min_element(some(v, "min"))); }},
    {"max", true, [](const Value& v) { return single(*std::ranges::max_element(some(v, "max"))); }},
    {"mean", true, [](const Value& v) { return single(mean_of(some(v, "mean"))); }},
    {"variance", true, [](const Value& v) { return single(variance_of(some(v, "variance"))); }},
    {"first", false, [](const Value& v) { return one_of(v, 0); }},
    {"last", false, [](const Value& v) { return one_of(v, -1); }},
    {"argmax", true, [](const Value& v) { return for_each_list(v, argmax_of, "argmax"); }},
    {"argmin", true, [](const Value& v) { return for_each_list(v, argmin_of, "argmin"); }},
    {"argmax-label", true, argmax_label},
    {"entropy", true, [](const Value& v) { return for_each_row(v, entropy_of); }},
    {"norm", true, [](const Value& v) { return for_each_row(v, norm_of); }},
    {"nan-count", true, [](const Value& v) { return single(nan_count(v.numbers)); }},
    {"distinct-rows", true, [](const Value& v) { return single(double(distinct_rows(v))); }},
    {"transposed", true, [](const Value& v) { return transposed(v); }},
    {"sorted", true, [](const Value& v) { return sorted_rows(v); }},
    {"abs", true, [](const Value& v) { return without_signs(v); }},
};

}  // namespace

const std::vector<std::string>& measures() {
  static const std::vector<std::string> all = [] {
    std::vector<std::string> names;
    for (const Measure& m : kMeasures) names.emplace_back(m.name);
    names.insert(names.end(), {"flops", "milliseconds"});  // of a step, not of its numbers
    return names;
  }();
  return all;
}

Value measured(const std::string& name, const Value& value) {
  for (const Measure& m : kMeasures) {
    if (m.name != name) continue;
    if (m.of_numbers) require_numbers(value, name);
    return m.of(value);
  }
  throw Error(ErrorKind::internal, fmt::format("no measure {}", escaped(name)));
}

}  // namespace attn::app
