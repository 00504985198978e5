#pragma once
// What the files of ops/ share. Not part of the library's interface.
#include <fmt/format.h>

#include <initializer_list>

#include "attn/core/error.h"
#include "attn/core/gemm.h"
#include "attn/graph/tape.h"
#include "attn/graph/trace.h"
#include "attn/ops/ops.h"

namespace attn {

/// The op's result: it needs a gradient if a tape looks and an input needs one.
inline Tensor make_result(const Run& run, Array value, std::initializer_list<Tensor> inputs) {
  bool needs_grad = false;
  for (const Tensor& input : inputs) needs_grad |= input && input.needs_grad();
  return Tensor::result(std::move(value), run.tape && needs_grad);
}

/// Memory for a result of x's shape: x's own where nobody can read x any more (its only handle was
/// given away, no tape and no trace look), else new. For ops that read a number before they write
/// it; they take the address of x's numbers first.
inline Array memory_of(const Run& run, Tensor& x) {
  const bool wanted = run.tape || run.trace || !x.is_only_handle();
  return wanted ? empty(x.shape()) : std::move(x.mutable_value());
}

/// Calls f(begin, end) for parts of 0 .. n-1: one part, or one for each thread where all of them
/// together move at least 16384 numbers (`each` for one step). For loops whose steps do not meet.
template <class F>
void in_parts(std::size_t n, std::size_t each, F f) {
  const auto parts = static_cast<std::size_t>(n * each >= 16384 ? threads() : 1);
  if (parts <= 1) return f(std::size_t{0}, n);
#pragma omp parallel for num_threads(static_cast <int>(parts))
  for (std::size_t part = 0; part < parts; ++part) f(n * part / parts, n * (part + 1) / parts);
}

/// "linear: x (3, 4) and w (5, 2) do not fit: ..."
[[noreturn]] inline void shapes_do_not_fit(const char* op, const char* a_name, const Tensor& a,
                                           const char* b_name, const Tensor& b, const char* rule) {
  throw Error(ErrorKind::bad_input,
              fmt::format("{}: {} {} and {} {} do not fit: {}", op, a_name, to_string(a.shape()),
                          b_name, to_string(b.shape()), rule));
}

inline void require_rank(const char* op, const char* name, const Tensor& x, std::size_t least) {
  if (x.shape().size() < least) {
    throw Error(ErrorKind::bad_input,
                fmt::format("{}: {} has shape {}, but at least {} axes are needed", op, name,
                            to_string(x.shape()), least));
  }
}

/// True if b's shape is a's, or a's without some leading axes.
inline bool is_tail_of(const Shape& b, const Shape& a) {
  return b.size() <= a.size() && std::equal(b.rbegin(), b.rend(), a.rbegin());
}

inline Shape with_last(Shape shape, std::size_t last) {
  shape.back() = last;
  return shape;
}

/// sum_l x[x0 + l dx] y[y0 + l dy] over `n` terms, as the arithmetic of one number.
inline Reason sum_of_products(std::string rule, const Tensor& x, std::size_t x0, std::size_t dx,
                              const Tensor& y, std::size_t y0, std::size_t dy, std::size_t n,
                              double scale = 1) {
  Reason reason{std::move(rule), {}, 0};
  if (scale != 1) reason.text(fmt::format("{:.6g} * (", scale));
  double sum = 0;
  for (std::size_t l = 0; l < n; ++l) {
    if (l > 0) reason.text(" + ");
    reason.number(x, x0 + l * dx).text(" * ").number(y, y0 + l * dy);
    sum += double{x.value().data()[x0 + l * dx]} * y.value().data()[y0 + l * dy];
  }
  if (scale != 1) reason.text(")");
  reason.value = scale * sum;
  return reason;
}

/// A number that was only moved here.
inline Reason moved(std::string rule, const Tensor& x, std::size_t index) {
  Reason reason{std::move(rule), {}, x.value().data()[index]};
  reason.number(x, index);
  return reason;
}

}  // namespace attn
