#include "attn/nn/sequence_model.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "attn/core/error.h"
#include "attn/graph/trace.h"
#include "attn/ops/ops.h"

namespace attn {

const std::vector<std::string>& sequence_kinds() {  // as in the enum
  static const std::vector<std::string> all = {"fc",  "window", "rnn", "birnn",    "lstm",
                                               "gru", "cnn",    "tcn", "attention"};
  return all;
}

SequenceKind sequence_kind(const std::string& name) {
  const auto& all = sequence_kinds();
  const auto found = std::find(all.begin(), all.end(), name);
  if (found == all.end())
    throw Error(ErrorKind::usage, fmt::format("no model {}", escaped(name)),
                fmt::format("the models: {}", fmt::join(all, ", ")));
  return static_cast<SequenceKind>(found - all.begin());
}

const std::string& name_of(SequenceKind kind) {
  return sequence_kinds()[static_cast<std::size_t>(kind)];
}

const std::vector<std::string>& read_names() {  // as in the enum, behind `each`
  static const std::vector<std::string> all = {"mean", "last", "cls", "query"};
  return all;
}

Read read_named(const std::string& name) {
  const auto& all = read_names();
  const auto found = std::find(all.begin(), all.end(), name);
  if (found == all.end())
    throw Error(ErrorKind::usage, fmt::format("no way to read \"{}\"", escaped(name)),
                fmt::format("the ways: {}", fmt::join(all, ", ")));
  return static_cast<Read>(found - all.begin() + 1);
}

const std::string& name_of(Read read) {
  static const std::string each = "each";
  return read == Read::each ? each : read_names()[static_cast<std::size_t>(read) - 1];
}

namespace {

/// 1/T for each of T places, (...,1,T) with the leading axes of h (...,T,d).
Tensor equal_weights(const Tensor& h) {
  Shape shape = h.shape();
  const std::size_t places = shape[shape.size() - 2];
  shape[shape.size() - 2] = 1;
  shape.back() = places;
  return Tensor(full(shape, static_cast<real>(1.0 / double(places))));
}

}  // namespace

Tensor SequenceModel::weight(Parameters& from, const std::string& path, const Shape& shape,
                             std::size_t fan_in) {
  const Tensor p = from.get(path, shape, 1 / std::sqrt(double(fan_in)));
  all_.emplace_back(path, p);
  return p;
}

Tensor SequenceModel::constant(Parameters& from, const std::string& path, const Array& value) {
  const Tensor p = from.get_or(path, value);
  all_.emplace_back(path, p);
  return p;
}

RecurrentParameters SequenceModel::one_direction(Parameters& from, const std::string& path,
                                                 Cell cell, std::size_t h) {
  const RecurrentParameters p = recurrent_parameters(from, path, cell, sizes_.width, h);
  all_.emplace_back(path + "w_x", p.w_x);
  all_.emplace_back(path + "w_h", p.w_h);
  all_.emplace_back(path + "b_x", p.b_x);
  all_.emplace_back(path + "b_h", p.b_h);
  return p;
}

std::size_t SequenceModel::dilation(std::size_t layer) const {
  return sizes_.kind == SequenceKind::tcn ? std::size_t{1} << layer : 1;
}

SequenceModel::SequenceModel(const SequenceSizes& sizes, Parameters& from) : sizes_(sizes) {
  const std::size_t d = sizes.width;
  if (sizes.vocabulary > 0) {
    embedding_ = from.get("embedding", {sizes.vocabulary, d}, 1);
    all_.emplace_back("embedding", embedding_);
  } else {
    input_w_ = weight(from, "input.w", {sizes.features, d}, sizes.features);
    input_b_ = constant(from, "input.b", zeros({d}));
  }
  std::size_t out = d;
  if (is_local(sizes.kind)) {
    const std::size_t taps = sizes.kind == SequenceKind::fc ? 1 : 2 * sizes.radius + 1;
    layers_.push_back({weight(from, "layer.0.w", {taps, d, sizes.ff}, taps * d),
                       constant(from, "layer.0.b", zeros({sizes.ff}))});
    out = sizes.ff;
  } else if (is_recurrent(sizes.kind)) {
    const Cell cell = cell_of(sizes.kind);
    if (sizes.kind == SequenceKind::birnn) {
      recurrent_ = {one_direction(from, "forward.", cell, d / 2),
                    one_direction(from, "backward.", cell, d / 2)};
      out = d / 2 * 2;
    } else {
      recurrent_ = {one_direction(from, "", cell, d)};
    }
  } else if (is_convolution(sizes.kind)) {
    for (std::size_t l = 0; l < sizes.layers; ++l) {
      const std::string at = fmt::format("layer.{}.", l);
      layers_.push_back({weight(from, at + "w", {sizes.kernel, d, d}, sizes.kernel * d),
                         constant(from, at + "b", zeros({d}))});
    }
  } else {
    if (sizes.length > 0) {
      // As large as the embeddings: with sinusoids, or a table three times smaller, recall took
      // more than twice the steps.
      const std::size_t places = sizes.length + (sizes.read == Read::cls ? 1 : 0);
      position_ = from.get("position_table", {places, d}, 1);
      all_.emplace_back("position_table", position_);
    }
    for (std::size_t l = 0; l < sizes.layers; ++l) {
      EncoderLayer p = encoder_layer(from, l, {d, sizes.heads, sizes.ff});
      list_parameters(all_, fmt::format("layer.{}.", l), p);
      encoder_.push_back(std::move(p));
    }
  }
  if (sizes.read == Read::cls) {
    if (sizes.kind != SequenceKind::attention)
      throw Error(ErrorKind::usage,
                  fmt::format("{} cannot be read by cls: only attention lets an extra vector look "
                              "at every place",
                              name_of(sizes.kind)),
                  "read it by mean, last or query");
    cls_ = from.get("cls", {1, d}, 1);
    all_.emplace_back("cls", cls_);
  }
  if (sizes.read == Read::query) query_ = weight(from, "query", {1, out}, out);
  output_w_ = weight(from, "output.w", {out, sizes.classes}, out);
  output_b_ = constant(from, "output.b", zeros({sizes.classes}));
}

Tensor SequenceModel::body(const Run& run, const Tensor& x) const {
  if (is_recurrent(sizes_.kind)) {
    const Cell cell = cell_of(sizes_.kind);
    if (recurrent_.size() == 1) return recurrent_layer(run, cell, x, recurrent_[0]);
    const auto direction = [&](const char* name, std::size_t i) {
      const Scope scope(run, name);
      return recurrent_layer(run, cell, x, recurrent_[i], i == 1);
    };
    const Tensor forward = direction("forward", 0), backward = direction("backward", 1);
    return concat_columns(run, forward, backward);  // (...,T,2h)
  }
  const auto layer = [&](std::size_t l, const Tensor& h) {
    const Scope scope(run, run.trace ? fmt::format("layer.{}", l) : std::string());
    return convolution_layer(run, h, layers_[l], dilation(l), sizes_.kind == SequenceKind::tcn);
  };
  if (is_local(sizes_.kind)) return layer(0, x);
  Tensor h = x;
  if (is_convolution(sizes_.kind)) {
    for (std::size_t l = 0; l < layers_.size(); ++l) h = add(run, h, layer(l, h));
    return h;
  }
  if (position_) {
    const std::size_t n = h.shape()[h.shape().size() - 2];
    if (const std::size_t places = position_.shape()[0]; n > places) {
      throw Error(ErrorKind::usage,
                  fmt::format("{} positions, but the learned table has {}", n, places),
                  "a learned position exists only for places seen in training");
    }
    h = add(run, h, slice_rows(run, position_, 0, n));
  }
  const BlockOptions options{.heads = sizes_.heads, .dropout = sizes_.dropout};
  for (std::size_t l = 0; l < encoder_.size(); ++l) h = encode(run, h, encoder_[l], l, options, {});
  return h;
}

Tensor SequenceModel::logits(const Run& run, const Tensor& inputs) const {
  const Tensor x =
      embedding_ ? embed(run, embedding_, inputs) : linear(run, inputs, input_w_, input_b_);
  const Tensor h = body(run, cls_ ? with_cls(run, x) : x);  // (...,T,d')
  return linear(run, sizes_.read == Read::each ? h : read_one(run, h), output_w_, output_b_);
}

Tensor SequenceModel::with_cls(const Run& run, const Tensor& x) const {
  Shape shape = x.shape();
  shape.pop_back();
  shape.back() = 1;
  return concat_rows(run, embed(run, cls_, Tensor::ids(zeros(shape), Tensor::Kind::value)), x);
}

Tensor SequenceModel::read_one(const Run& run, const Tensor& h) const {
  const std::size_t places = h.shape()[h.shape().size() - 2], d = h.shape().back();
  switch (sizes_.read) {
    case Read::last: {
      const Tensor end = slice_rows(run, h, places - 1, places);  // (...,1,d)
      if (sizes_.kind != SequenceKind::birnn) return end;
      return concat_columns(run, slice_columns(run, end, 0, d / 2),
                            slice_columns(run, slice_rows(run, h, 0, 1), d / 2, d));
    }
    case Read::cls:
      return slice_rows(run, h, 0, 1);
    case Read::query: {
      const Tensor scores = matmul_nt(run, h, query_, 1 / std::sqrt(double(d)));  // (...,T,1)
      return matmul(run, softmax(run, transpose(run, scores)), h);                // (...,1,d)
    }
    default:
      return matmul(run, equal_weights(h), h);
  }
}

std::size_t SequenceModel::parameter_count() const {
  std::size_t n = 0;
  for (const auto& [path, tensor] : all_) n += tensor.value().size();
  return n;
}

std::size_t SequenceModel::sequential_steps(std::size_t n) const {
  if (is_recurrent(sizes_.kind)) return n;
  if (is_convolution(sizes_.kind) || sizes_.kind == SequenceKind::attention) return sizes_.layers;
  return 1;
}

std::pair<std::size_t, std::size_t> SequenceModel::receptive_field(std::size_t n) const {
  if (sizes_.kind == SequenceKind::fc) return {0, 0};
  if (sizes_.kind == SequenceKind::window) return {sizes_.radius, sizes_.radius};
  if (sizes_.kind == SequenceKind::attention || sizes_.kind == SequenceKind::birnn) return {n, n};
  if (is_recurrent(sizes_.kind)) return {n, 0};
  std::size_t reach = 0;
  for (std::size_t l = 0; l < sizes_.layers; ++l) reach += dilation(l);
  if (sizes_.kind == SequenceKind::tcn) return {reach * (sizes_.kernel - 1), 0};
  return {reach * (sizes_.kernel / 2), reach * ((sizes_.kernel - 1) / 2)};
}

std::size_t SequenceModel::longest_path(std::size_t n) const {
  const std::size_t before = receptive_field(n).first;
  if (n > 1 && before < n - 1) return 0;
  if (is_recurrent(sizes_.kind)) return n;
  if (sizes_.kind == SequenceKind::attention || sizes_.kind == SequenceKind::window || n <= 1)
    return 1;
  std::size_t layers = 0, reach = 0;  // the fewest layers that span n-1 steps
  while (reach < n - 1)
    reach += dilation(layers++) *
             (sizes_.kind == SequenceKind::tcn ? sizes_.kernel - 1 : sizes_.kernel / 2);
  return std::max<std::size_t>(layers, 1);
}

SequenceSizes with_budget(SequenceSizes sizes, std::size_t budget) {
  SequenceSizes best = sizes;
  std::size_t best_difference = ~std::size_t{0};
  const std::size_t step = sizes.kind == SequenceKind::attention ? sizes.heads : 2;
  const bool free = sizes.ff == 0;
  for (std::size_t width = step; width <= 1024; width += step) {
    sizes.width = width;
    if (free) sizes.ff = sizes.kind == SequenceKind::attention ? width : 2 * width;
    Parameters parameters{Rng(0)};
    const std::size_t count = SequenceModel(sizes, parameters).parameter_count();
    const std::size_t difference = count > budget ? count - budget : budget - count;
    if (difference < best_difference) {
      best = sizes;
      best_difference = difference;
    }
    if (count > budget) break;
  }
  if (best.kind != SequenceKind::attention || !free) return best;
  // Its width comes in steps of the heads; the inner width of the feed-forward fills the rest.
  Parameters parameters{Rng(0)};
  const auto count = static_cast<double>(SequenceModel(best, parameters).parameter_count());
  const double per_unit = static_cast<double>(best.layers * (2 * best.width + 1));
  const double ff = static_cast<double>(best.ff) + (static_cast<double>(budget) - count) / per_unit;
  best.ff = static_cast<std::size_t>(std::max(1.0, std::round(ff)));
  return best;
}

}  // namespace attn
