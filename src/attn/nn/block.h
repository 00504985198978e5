#pragma once
// What the blocks of encoder and decoder share. Not part of the library's interface.
#include <fmt/format.h>

#include <cmath>

#include "attn/graph/trace.h"
#include "attn/nn/encoder.h"
#include "attn/ops/ops.h"

namespace attn {

// each_parameter calls f(name, tensor, shape) for every parameter of a layer: one list for making
// them, naming them and counting them.

template <class F>
void each_parameter(AttentionParameters& p, const std::string& at, const EncoderSizes& z, F& f) {
  const Shape square{z.width, z.width}, row{z.width};
  f(at + "w_q", p.w_q, square);
  f(at + "w_k", p.w_k, square);
  f(at + "w_v", p.w_v, square);
  f(at + "w_o", p.w_o, square);
  f(at + "b_q", p.b_q, row);
  f(at + "b_k", p.b_k, row);
  f(at + "b_v", p.b_v, row);
  f(at + "b_o", p.b_o, row);
}

template <class F>
void each_parameter(NormParameters& p, const std::string& at, const EncoderSizes& z, F& f) {
  f(at + "gain", p.gain, Shape{z.width});
  f(at + "bias", p.bias, Shape{z.width});
}

template <class F>
void each_parameter(FeedForwardParameters& p, const std::string& at, const EncoderSizes& z, F& f) {
  f(at + "w_1", p.w_1, Shape{z.width, z.ff});
  f(at + "b_1", p.b_1, Shape{z.ff});
  f(at + "w_2", p.w_2, Shape{z.ff, z.width});
  f(at + "b_2", p.b_2, Shape{z.width});
}

/// Makes the parameters of a layer under `at`: matrices random, gains 1, all other rows 0.
template <class Layer>
Layer make_layer(Parameters& from, const std::string& at, const EncoderSizes& sizes) {
  Layer layer;
  auto make = [&](const std::string& path, Tensor& p, const Shape& shape) {
    p = shape.size() == 2
            ? from.get(path, shape, 1 / std::sqrt(static_cast<double>(shape[0])))
            : from.get_or(path, full(shape, path.ends_with("gain") ? real{1} : real{0}));
  };
  each_parameter(layer, at, sizes, make);
  return layer;
}

template <class Layer>
void list_layer(NamedTensors& to, const std::string& at, Layer layer) {
  auto list = [&](const std::string& path, const Tensor& p, const Shape&) {
    to.emplace_back(path, p);
  };
  each_parameter(layer, at, EncoderSizes{}, list);
}

template <class Layer>
NamedShapes shapes_of_layer(const EncoderSizes& sizes) {
  NamedShapes out;
  Layer none;
  auto list = [&](const std::string& name, const Tensor&, const Shape& shape) {
    out.emplace_back(name, shape);
  };
  each_parameter(none, "", sizes, list);
  return out;
}

/// One part of a block: f inside a residual connection with its norm, under the names that a trace
/// shows: `part` for what f notes, `norm_name` for the norm, `sum` for the residual sum, whose
/// formula calls the input `letter`. Post-norm: norm(x + f(x)). Pre-norm: x + f(norm(x)).
template <class F>
Tensor block_part(const Run& run, const Tensor& x, const BlockOptions& o, const char* part,
                  const char* norm_name, const NormParameters& p, const char* sum,
                  const char* letter, F f) {
  const auto normed = [&](const Tensor& t) {
    if (!o.norm) return t;
    const Scope scope(run, norm_name);
    return norm(run, t, p, o.eps);
  };
  const Tensor in = o.norm_first ? normed(x) : x;
  const Tensor branch = [&] {
    const Scope scope(run, part);
    return dropout(run, f(in), o.dropout);
  }();
  Tensor y = branch;
  if (o.residual) {
    y = add(run, x, branch);
    if (run.trace) {
      const std::string read =
          o.norm_first && o.norm ? fmt::format("{}({})", norm_name, letter) : letter;
      note(run, sum, fmt::format("{} + {}({})", letter, part, read), {"token", "d"}, y);
    }
  }
  return o.norm_first ? y : normed(y);
}

}  // namespace attn
