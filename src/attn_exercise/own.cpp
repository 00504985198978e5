#include "attn_exercise/own.h"

#include <algorithm>

#include "attn/graph/trace.h"
#include "attn/nn/attention.h"
#include "attn/nn/position.h"
#include "attn/ops/ops.h"

namespace own {

namespace {

using attn::Array;
using attn::real;
using attn::Shape;
using attn::Tensor;

Tensor tensor(const std::vector<double>& numbers, const Shape& shape) {
  Array out = attn::empty(shape);
  std::transform(numbers.begin(), numbers.end(), out.data(),
                 [](double x) { return static_cast<real>(x); });
  return Tensor(std::move(out));
}
Tensor tensor(const Matrix& m) { return tensor(m.numbers, {m.rows, m.columns}); }
Tensor tensor(const std::vector<double>& v) { return tensor(v, {v.size()}); }
/// Matrices of one shape, one after the other.
Tensor tensor(const std::vector<Matrix>& all) {
  std::vector<double> numbers;
  for (const Matrix& m : all) numbers.insert(numbers.end(), m.numbers.begin(), m.numbers.end());
  return tensor(numbers, {all.size(), all.at(0).rows, all.at(0).columns});
}

Matrix matrix(const Array& a) {
  Matrix m(attn::rows(a), attn::columns(a));
  std::copy_n(a.data(), a.size(), m.numbers.begin());
  return m;
}

}  // namespace

Matrix softmax(const Matrix& scores) { return matrix(attn::softmax({}, tensor(scores)).value()); }

Matrix attend(const Matrix& q, const Matrix& k, const Matrix& v, const Matrix& mask) {
  const Tensor hidden = mask.rows == 0 ? Tensor() : tensor(mask);
  return matrix(attn::attend({}, {tensor(q), tensor(k), tensor(v)}, hidden).value());
}

std::vector<Matrix> split_heads(const Matrix& x, std::size_t heads) {
  const Array all = attn::split_heads({}, tensor(x), heads).value();
  std::vector<Matrix> out(heads, Matrix(x.rows, x.columns / heads));
  const real* from = all.data();
  for (Matrix& m : out) {
    for (double& number : m.numbers) number = *from++;
  }
  return out;
}

Matrix merge_heads(const std::vector<Matrix>& heads) {
  return matrix(attn::merge_heads({}, tensor(heads)).value());
}

Matrix sinusoids(std::size_t n, std::size_t d) { return matrix(attn::sinusoidal_positions(n, d)); }

Matrix layer_norm(const Matrix& x, const std::vector<double>& gain, const std::vector<double>& bias,
                  double eps) {
  return matrix(attn::layer_norm({}, tensor(x), tensor(gain), tensor(bias), eps).value());
}

Matrix convolution(const Matrix& x, const std::vector<Matrix>& taps,
                   const std::vector<double>& bias) {
  return matrix(attn::convolution({}, tensor(x), tensor(taps), tensor(bias)).value());
}

Matrix patches(const std::vector<Matrix>& picture, std::size_t side) {
  return matrix(attn::patches({}, tensor(picture), side).value());
}

LstmStates lstm(const Matrix& x, const Matrix& w_x, const Matrix& w_h,
                const std::vector<double>& b) {
  const std::vector<double> none(b.size(), 0);
  attn::Trace trace;  // c is kept for somebody who looks
  const attn::RecurrentResult result =
      attn::recurrent({.trace = &trace}, attn::Cell::lstm, tensor(x),
                      {tensor(w_x), tensor(w_h), tensor(b), tensor(none)});
  return {matrix(result.hidden.value()), matrix(result.cell.value())};
}

}  // namespace own
