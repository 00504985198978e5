#include "attn/nn/sequence_model.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "attn/core/error.h"
#include "attn/core/joined.h"
#include "attn/graph/trace.h"
#include "attn/nn/mask.h"
#include "attn/ops/ops.h"

namespace attn {

namespace {

/// 1/T for each of T places, (...,1,T) with the leading axes of h (...,T,d).
Tensor equal_weights(const Tensor& h) {
  Shape shape = h.shape();
  const std::size_t places = shape[shape.size() - 2];
  shape[shape.size() - 2] = 1;
  shape.back() = places;
  return Tensor(full(shape, static_cast<real>(1.0 / double(places))));
}

/// The larger of a and b, number by number.
Tensor larger(const Run& run, const Tensor& a, const Tensor& b) {
  return add(run, a, relu(run, add(run, b, scale(run, a, -1))));
}

/// The largest of each 2 x 2 places, for each channel. x (...,h,w,c), h and w even ->
/// (...,h/2,w/2,c).
Tensor pooled(const Run& run, const Tensor& x) {
  Shape shape = x.shape();
  const std::size_t rank = shape.size(), c = shape.back(), w = shape[rank - 2];
  const auto larger_of_two = [&](const Tensor& pairs) {  // (...,2,length) -> (...,1,length)
    return larger(run, slice_rows(run, pairs, 0, 1), slice_rows(run, pairs, 1, 2));
  };
  const std::size_t all = x.value().size();
  const Tensor rows = larger_of_two(reshape(run, x, {all / (2 * w * c), 2, w * c}));
  const Tensor both = larger_of_two(reshape(run, rows, {all / (4 * c), 2, c}));
  shape[rank - 3] /= 2;
  shape[rank - 2] /= 2;
  return reshape(run, both, shape);
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
  if (reads_pictures(sizes.kind)) {
    if (sizes.side == 0 || sizes.features == 0)
      throw Error(ErrorKind::usage, fmt::format("{} reads pictures alone", name_of(sizes.kind)),
                  "use a task with pictures, such as pictures-near");
    if (sizes.kind == SequenceKind::vit && (sizes.patch == 0 || sizes.side % sizes.patch != 0))
      throw Error(ErrorKind::usage,
                  fmt::format("a picture of {} x {} pixels cannot be cut into patches of {} x {}",
                              sizes.side, sizes.side, sizes.patch, sizes.patch),
                  "the side of a patch must divide that of the picture");
  }
  if (sizes.vocabulary > 0) {
    embedding_ = from.get("embedding", {sizes.vocabulary, d}, 1);
    all_.emplace_back("embedding", embedding_);
  } else {
    const std::size_t pixels = sizes.kind == SequenceKind::vit ? sizes.patch * sizes.patch : 1;
    input_w_ = weight(from, "input.w", {pixels * sizes.features, d}, pixels * sizes.features);
    input_b_ = constant(from, "input.b", zeros({d}));
  }
  make_body(from);
  const std::size_t out = is_local(sizes.kind)                ? sizes.ff
                          : sizes.kind == SequenceKind::birnn ? d / 2 * 2
                                                              : d;
  if (sizes.read == Read::cls) {
    if (!has_attention(sizes.kind))
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

void SequenceModel::make_body(Parameters& from) {
  const SequenceSizes& sizes = sizes_;
  const std::size_t d = sizes.width;
  const auto at = [](std::size_t l) { return fmt::format("layer.{}.", l); };
  if (is_local(sizes.kind)) {
    const std::size_t taps = sizes.kind == SequenceKind::fc ? 1 : 2 * sizes.radius + 1;
    layers_.push_back({weight(from, "layer.0.w", {taps, d, sizes.ff}, taps * d),
                       constant(from, "layer.0.b", zeros({sizes.ff}))});
  } else if (is_recurrent(sizes.kind)) {
    const Cell cell = cell_of(sizes.kind);
    if (sizes.kind == SequenceKind::birnn) {
      recurrent_ = {one_direction(from, "forward.", cell, d / 2),
                    one_direction(from, "backward.", cell, d / 2)};
    } else {
      recurrent_ = {one_direction(from, "", cell, d)};
    }
  } else if (is_convolution(sizes.kind)) {
    for (std::size_t l = 0; l < sizes.layers; ++l) {
      layers_.push_back({weight(from, at(l) + "w", {sizes.kernel, d, d}, sizes.kernel * d),
                         constant(from, at(l) + "b", zeros({d}))});
    }
  } else if (sizes.kind == SequenceKind::cnn2d) {
    for (std::size_t l = 0; l < sizes.layers; ++l) {
      // sqrt(2): a relu takes half of what comes in (He et al. 2015, section 2.2).
      const Tensor w = from.get(at(l) + "w", {3, 3, d, d}, std::sqrt(2.0 / (9.0 * double(d))));
      all_.emplace_back(at(l) + "w", w);
      layers_.push_back({w, constant(from, at(l) + "b", zeros({d}))});
    }
  } else if (sizes.kind == SequenceKind::graph_attention) {
    for (std::size_t l = 0; l < sizes.layers; ++l) {
      const std::size_t d_h = d / sizes.heads;
      graph_.emplace_back();
      for (std::size_t h = 0; h < sizes.heads; ++h) {
        const std::string head = fmt::format("{}head.{}.", at(l), h);
        graph_.back().push_back(
            {weight(from, head + "w", {d, d_h}, d), weight(from, head + "a", {2 * d_h}, d_h)});
      }
      graph_b_.push_back(constant(from, at(l) + "b", zeros({d})));
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
      if (sizes.kind == SequenceKind::conformer) {
        conformer_.push_back(conformer_layer(from, l, {d, sizes.heads, sizes.ff, sizes.kernel}));
        list_parameters(all_, at(l), conformer_.back());
      } else {
        encoder_.push_back(encoder_layer(from, l, {d, sizes.heads, sizes.ff}));
        list_parameters(all_, at(l), encoder_.back());
      }
    }
  }
}

Tensor SequenceModel::body(const Run& run, const Tensor& x, const Tensor& edges) const {
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
  if (is_convolution(sizes_.kind)) {
    Tensor h = x;
    for (std::size_t l = 0; l < layers_.size(); ++l) h = add(run, h, layer(l, h));
    return h;
  }
  if (sizes_.kind == SequenceKind::cnn2d) return picture_body(run, x);
  if (sizes_.kind == SequenceKind::graph_attention) return graph_body(run, x, edges);
  return attend_body(run, x, edges);
}

Tensor SequenceModel::mask(std::size_t places, const Tensor& edges) const {
  const std::size_t front = cls_ ? 1 : 0;
  if (edges && sizes_.edges) return Tensor(edge_mask(edges.value(), front, sizes_.heads));
  if (sizes_.kind != SequenceKind::local) return {};
  Array near = local_mask(places, sizes_.radius);
  for (std::size_t i = 0; i < places && front > 0; ++i) near(0, i) = near(i, 0) = 0;
  return Tensor(std::move(near));
}

Tensor SequenceModel::attend_body(const Run& run, const Tensor& x, const Tensor& edges) const {
  Tensor h = x;
  const std::size_t n = h.shape()[h.shape().size() - 2];
  if (position_) {
    if (const std::size_t places = position_.shape()[0]; n > places) {
      throw Error(ErrorKind::usage,
                  fmt::format("{} positions, but the learned table has {}", n, places),
                  "a learned position exists only for places seen in training");
    }
    h = add(run, h, slice_rows(run, position_, 0, n));
  }
  const Tensor looks = mask(n, edges);
  const BlockOptions options{.heads = sizes_.heads, .dropout = sizes_.dropout};
  for (std::size_t l = 0; l < encoder_.size(); ++l)
    h = encode(run, h, encoder_[l], l, options, looks);
  for (std::size_t l = 0; l < conformer_.size(); ++l)
    h = conformer_block(run, h, conformer_[l], l, sizes_.heads, looks);
  return h;
}

Tensor SequenceModel::as_picture(const Run& run, const Tensor& x) const {
  Shape shape = x.shape();  // (...,side^2,c)
  shape.insert(shape.end() - 1, sizes_.side);
  shape[shape.size() - 3] = sizes_.side;
  return reshape(run, x, shape);
}

Tensor SequenceModel::picture_body(const Run& run, const Tensor& x) const {
  Tensor h = as_picture(run, x);  // (...,side,side,d)
  for (std::size_t l = 0; l < layers_.size(); ++l) {
    if (l > 0 && h.shape()[h.shape().size() - 2] % 2 == 0) h = pooled(run, h);
    h = relu(run, convolution_2d(run, h, layers_[l].w, layers_[l].b));
  }
  Shape shape = h.shape();
  const std::size_t side = shape[shape.size() - 2];
  shape.erase(shape.end() - 2);
  shape[shape.size() - 2] = side * side;
  return reshape(run, h, shape);  // (...,side'^2,d)
}

Tensor SequenceModel::graph_body(const Run& run, const Tensor& x, const Tensor& edges) const {
  if (!edges)
    throw Error(ErrorKind::usage, "graph-attention needs the edges of a graph",
                "use a task with graphs, such as friends");
  const Tensor looks(edge_mask(edges.value()));
  Tensor h = x;
  for (std::size_t l = 0; l < graph_.size(); ++l) {
    Tensor heads;
    for (std::size_t k = 0; k < graph_[l].size(); ++k) {
      const Scope scope(run, run.trace ? fmt::format("layer.{}.head.{}", l, k) : std::string());
      const Tensor head = graph_attention(run, h, graph_[l][k], looks);
      heads = heads ? concat_columns(run, heads, head) : head;
    }
    h = add(run, h, relu(run, add(run, heads, graph_b_[l])));
  }
  return h;  // (...,n,d)
}

Tensor SequenceModel::logits(const Run& run, const Tensor& inputs, const Tensor& edges) const {
  const Tensor read = sizes_.kind == SequenceKind::vit
                          ? patches(run, as_picture(run, inputs), sizes_.patch)
                          : inputs;
  const Tensor x =
      embedding_ ? embed(run, embedding_, read) : linear(run, read, input_w_, input_b_);
  const Tensor h = body(run, cls_ ? with_cls(run, x) : x, edges);  // (...,T,d')
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
  return is_local(sizes_.kind) ? 1 : sizes_.layers;
}

std::pair<std::size_t, std::size_t> SequenceModel::receptive_field(std::size_t n) const {
  if (sizes_.kind == SequenceKind::fc) return {0, 0};
  if (sizes_.kind == SequenceKind::window) return {sizes_.radius, sizes_.radius};
  if (sizes_.kind == SequenceKind::local)
    return {sizes_.layers * sizes_.radius, sizes_.layers * sizes_.radius};
  if (has_heads(sizes_.kind) || sizes_.kind == SequenceKind::birnn) return {n, n};
  if (is_recurrent(sizes_.kind)) return {n, 0};
  std::size_t reach = 0;
  if (sizes_.kind == SequenceKind::cnn2d) {  // pixels to each side, in rows and in columns
    std::size_t pixel = 1, side = sizes_.side;
    for (std::size_t l = 0; l < sizes_.layers; ++l) {
      if (l > 0 && side % 2 == 0) reach += pixel, pixel *= 2, side /= 2;
      reach += pixel;
    }
    return {reach, reach};
  }
  for (std::size_t l = 0; l < sizes_.layers; ++l) reach += dilation(l);
  if (sizes_.kind == SequenceKind::tcn) return {reach * (sizes_.kernel - 1), 0};
  return {reach * (sizes_.kernel / 2), reach * ((sizes_.kernel - 1) / 2)};
}

std::size_t SequenceModel::longest_path(std::size_t n) const {
  const std::size_t before = receptive_field(n).first;
  if (n > 1 && before < n - 1) return 0;
  if (is_recurrent(sizes_.kind)) return n;
  if (sizes_.kind == SequenceKind::local && sizes_.radius > 0 && n > 1)
    return (n - 1 + sizes_.radius - 1) / sizes_.radius;
  if (sizes_.kind == SequenceKind::cnn2d) return sizes_.layers;
  if (has_heads(sizes_.kind) || sizes_.kind == SequenceKind::window || n <= 1) return 1;
  std::size_t layers = 0, reach = 0;  // the fewest layers that span n-1 steps
  while (reach < n - 1)
    reach += dilation(layers++) *
             (sizes_.kind == SequenceKind::tcn ? sizes_.kernel - 1 : sizes_.kernel / 2);
  return std::max<std::size_t>(layers, 1);
}

SequenceSizes with_budget(SequenceSizes sizes, std::size_t budget) {
  SequenceSizes best = sizes;
  std::size_t best_difference = ~std::size_t{0};
  const std::size_t step = has_heads(sizes.kind)               ? sizes.heads
                           : sizes.kind == SequenceKind::cnn2d ? 1
                                                               : 2;
  const bool free = sizes.ff == 0;
  for (std::size_t width = step; width <= 1024; width += step) {
    sizes.width = width;
    if (free) sizes.ff = has_heads(sizes.kind) ? width : 2 * width;
    Parameters parameters{Rng(0)};
    const std::size_t count = SequenceModel(sizes, parameters).parameter_count();
    const std::size_t difference = count > budget ? count - budget : budget - count;
    if (difference < best_difference) {
      best = sizes;
      best_difference = difference;
    }
    if (count > budget) break;
  }
  if (!has_attention(best.kind) || !free) return best;
  // Its width comes in steps of the heads; the inner width of the feed-forward fills the rest.
  Parameters parameters{Rng(0)};
  const auto count = static_cast<double>(SequenceModel(best, parameters).parameter_count());
  const std::size_t nets = best.kind == SequenceKind::conformer ? 2 : 1;
  const double per_unit = static_cast<double>(nets * best.layers * (2 * best.width + 1));
  const double ff = static_cast<double>(best.ff) + (static_cast<double>(budget) - count) / per_unit;
  best.ff = static_cast<std::size_t>(std::max(1.0, std::round(ff)));
  return best;
}

}  // namespace attn
