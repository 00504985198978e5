#include "app/lesson/value.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <numeric>
#include <set>

#include "attn/core/error.h"
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
         fmt::format("the run has: {}{}", fmt::join(names, ", "), more ? ", ..." : ""));
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
             fmt::format("the labels: {}", fmt::join(labels, ", ")));
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
  if (value.shape.empty() || value.labels.back().size() < value.shape.back())
    refuse("argmax-label: the last axis has no labels", "argmax gives the place as a number");
  Value out = for_each_row(value, argmax_of);
  for (double& place : out.numbers) {
    out.texts.emplace_back(value.labels.back()[static_cast<std::size_t>(place)]);
    place = NAN;
  }
  return out;
}

/// One number for all of them.
Value whole(const std::string& name, const Value& value) {
  const std::vector<double>& x = value.numbers;
  const auto n = static_cast<double>(x.size());
  const double total = sum_of(x.data(), x.size());
  if (name == "sum") return single(total);
  if (name == "nan-count")
    return single(double(std::count_if(x.begin(), x.end(), [](double v) { return v != v; })));
  if (x.empty()) refuse(fmt::format("{} of no numbers", name));
  if (name == "min") return single(*std::min_element(x.begin(), x.end()));
  if (name == "max") return single(*std::max_element(x.begin(), x.end()));
  if (name == "mean") return single(total / n);
  double squares = 0;
  for (const double v : x) squares += (v - total / n) * (v - total / n);
  return single(squares / n);
}

}  // namespace

Value measured(const std::string& name, const Value& value) {
  const std::size_t rank = value.shape.size();
  if (name == "shape") return numbers({value.shape.begin(), value.shape.end()});
  if (name == "rank") return single(double(rank));
  if (name == "size") return single(double(value.size()));
  if (name == "rows" || name == "columns") {
    const std::size_t behind = name == "rows" ? 2 : 1;
    if (rank < behind) refuse(fmt::format("a value with {} axes has no {}", rank, name));
    return single(double(value.shape[rank - behind]));
  }
  if (name == "first" || name == "last") {
    if (rank == 0) return value;
    Selector s;
    s.kind = Selector::Kind::number;
    s.first = name == "first" ? 0 : -1;
    return selected(value, {s});
  }
  require_numbers(value, name);
  const bool by_row = name == "argmax" || name == "argmin" || name == "argmax-label";
  if (by_row && (rank == 0 || value.shape.back() == 0)) refuse(name + " of no list");
  if (name == "argmax") return for_each_row(value, argmax_of);
  if (name == "argmin") return for_each_row(value, argmin_of);
  if (name == "argmax-label") return argmax_label(value);
  if (name == "row-sums") return for_each_row(value, sum_of);
  if (name == "column-sums") return for_each_row(transposed(value), sum_of);
  if (name == "norm") return for_each_row(value, norm_of);
  if (name == "entropy") return for_each_row(value, entropy_of);
  if (name == "transposed") return transposed(value);
  if (name == "distinct-rows") return single(double(distinct_rows(value)));
  if (name == "abs" || name == "sorted") {
    Value out = value;
    for (double& x : out.numbers) x = name == "abs" ? std::abs(x) : x;
    const std::size_t n = rank == 0 ? 1 : value.shape.back();
    for (std::size_t at = 0; name == "sorted" && n > 0 && at < out.size(); at += n) {
      const auto row = out.numbers.begin() + static_cast<std::ptrdiff_t>(at);
      std::sort(row, row + static_cast<std::ptrdiff_t>(n),
                [](double a, double b) { return b != b ? a == a : a < b; });  // NaN comes last
    }
    if (name == "sorted" && rank > 0) out.labels.back().clear();
    return out;
  }
  return whole(name, value);
}

}  // namespace attn::app
