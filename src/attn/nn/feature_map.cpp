#include "attn/nn/feature_map.h"

#include <cmath>
#include <string>

#include "attn/graph/trace.h"
#include "attn/ops/ops.h"

namespace attn {

namespace {

/// Deviation 1/sqrt(numbers that are added up), so that numbers of about 1 stay at about 1.
Tensor weight(Parameters& from, const std::string& path, const Shape& shape) {
  const std::size_t added = count(shape) / shape.back();
  return from.get(path, shape, 1 / std::sqrt(static_cast<double>(added)));
}

/// x (...,h,w,c) as (...,h w,c): the places one below the other.
Tensor places_of(const Run& run, const Tensor& x) {
  Shape shape = x.shape();
  const std::size_t rank = shape.size();
  shape[rank - 2] *= shape[rank - 3];
  shape.erase(shape.end() - 3);
  return reshape(run, x, shape);
}

/// The mean of every channel over all places. x (...,h,w,c) -> (...,c).
Tensor mean_over_places(const Run& run, const Tensor& x) {
  return row_mean(run, transpose(run, places_of(run, x)));
}

/// The same numbers, each a row of its own: (...) -> (...,1).
Tensor as_rows(const Run& run, const Tensor& x) {
  Shape shape = x.shape();
  shape.push_back(1);
  return reshape(run, x, shape);
}

}  // namespace

ChannelAttention channel_parameters(Parameters& from, std::size_t c, std::size_t hidden) {
  return {weight(from, "channel.w_1", {c, hidden}), weight(from, "channel.w_2", {hidden, c})};
}

SpatialAttention spatial_parameters(Parameters& from) {
  return {weight(from, "spatial.w", {7, 7, 2, 1})};
}

TemporalAttention temporal_parameters(Parameters& from, std::size_t c) {
  return {weight(from, "temporal.w", {c, 1})};
}

BranchAttention branch_parameters(Parameters& from, std::size_t c, std::size_t hidden) {
  return {weight(from, "branch.w_3", {3, 3, c, c}), weight(from, "branch.w_5", {5, 5, c, c}),
          weight(from, "branch.w_z", {c, hidden}), weight(from, "branch.w_a", {hidden, 2 * c})};
}

MapSelfAttention map_self_parameters(Parameters& from, std::size_t c, std::size_t hidden,
                                     double gamma) {
  return {weight(from, "self.w_f", {c, hidden}), weight(from, "self.w_g", {c, hidden}),
          weight(from, "self.w_h", {c, c}),
          from.get_or("self.gamma", full({}, static_cast<real>(gamma)))};
}

Tensor channel_attention(const Run& run, const Tensor& x, const ChannelAttention& p) {
  const Scope scope(run, "channel");
  const Tensor pooled = mean_over_places(run, x);  // (c)
  note(run, "pooled", "z: the mean of each channel over all places", {"channel"}, pooled);
  note(run, "w_1", "W_1", {"channel", "c/r"}, p.w_1);
  const Tensor hidden = relu(run, linear(run, pooled, p.w_1));  // (c/r)
  note(run, "hidden", "max(z W_1, 0)", {"c/r"}, hidden);
  note(run, "w_2", "W_2", {"c/r", "channel"}, p.w_2);
  const Tensor weights = sigmoid(run, linear(run, hidden, p.w_2));  // (c)
  note(run, "weights", "s = sigmoid(hidden W_2)", {"channel"}, weights);
  const Tensor output = multiply(run, x, weights);  // (h,w,c)
  note(run, "output", "s[channel] x", {"row", "column", "channel"}, output);
  return output;
}

Tensor spatial_attention(const Run& run, const Tensor& x, const SpatialAttention& p) {
  const Scope scope(run, "spatial");
  const bool video = x.shape().size() > 3;
  const Tensor pooled = concat_columns(run, as_rows(run, row_mean(run, x)),
                                       as_rows(run, row_max(run, x)));  // (...,h,w,2)
  const char* formula = "[mean; largest] of the channels of each place";
  if (video) {
    note(run, "pooled", formula, {"frame", "row", "column", "of"}, pooled);
  } else {
    note(run, "pooled", formula, {"row", "column", "of"}, pooled);
  }
  note(run, "w", "W: 7 x 7 taps for the mean and the largest", {"row", "column", "of", "1"}, p.w);
  Shape places = x.shape();
  places.pop_back();
  const Tensor weights =
      sigmoid(run, reshape(run, convolution_2d(run, pooled, p.w), places));  // (...,h,w)
  const Tensor output = multiply(run, x, as_rows(run, weights));             // (...,h,w,c)
  if (video) {
    note(run, "weights", "s = sigmoid(convolution(pooled, W))", {"frame", "row", "column"},
         weights);
    note(run, "output", "s[frame, row, column] x", {"frame", "row", "column", "channel"}, output);
  } else {
    note(run, "weights", "s = sigmoid(convolution(pooled, W))", {"row", "column"}, weights);
    note(run, "output", "s[row, column] x", {"row", "column", "channel"}, output);
  }
  return output;
}

Tensor temporal_attention(const Run& run, const Tensor& x, const TemporalAttention& p) {
  const Scope scope(run, "temporal");
  const Shape shape = x.shape();  // (t,h,w,c)
  const std::size_t t = shape[0];
  const Tensor pooled = mean_over_places(run, x);  // (t,c)
  note(run, "pooled", "z: the mean of each channel over all places", {"frame", "channel"}, pooled);
  note(run, "w", "w", {"channel", "1"}, p.w);
  const Tensor scores = reshape(run, linear(run, pooled, p.w), {t});  // (t)
  note(run, "scores", "z w", {"frame"}, scores);
  const Tensor weights = softmax(run, scores);  // (t)
  note(run, "weights", "a = softmax(z w)", {"frame"}, weights);
  const Tensor frames = reshape(run, x, {t, count(shape) / t});
  const Tensor output =
      reshape(run, multiply(run, frames, as_rows(run, weights)), shape);  // (t,h,w,c)
  note(run, "output", "a[frame] x", {"frame", "row", "column", "channel"}, output);
  return output;
}

Tensor branch_attention(const Run& run, const Tensor& x, const BranchAttention& p) {
  const Scope scope(run, "branch");
  const std::size_t c = x.shape()[2];
  note(run, "w_3", "W_3: 3 x 3 taps", {"row", "column", "channel", "channel"}, p.w_3);
  const Tensor three = relu(run, convolution_2d(run, x, p.w_3));  // (h,w,c)
  note(run, "kernel_3", "U_3 = max(convolution(x, W_3), 0)", {"row", "column", "channel"}, three);
  note(run, "w_5", "W_5: 5 x 5 taps", {"row", "column", "channel", "channel"}, p.w_5);
  const Tensor five = relu(run, convolution_2d(run, x, p.w_5));  // (h,w,c)
  note(run, "kernel_5", "U_5 = max(convolution(x, W_5), 0)", {"row", "column", "channel"}, five);
  const Tensor pooled = mean_over_places(run, add(run, three, five));  // (c)
  note(run, "pooled", "the mean over all places of U_3 + U_5", {"channel"}, pooled);
  note(run, "w_z", "W_z", {"channel", "c/r"}, p.w_z);
  const Tensor z = relu(run, linear(run, pooled, p.w_z));  // (c/r)
  note(run, "z", "z = max(pooled W_z, 0)", {"c/r"}, z);
  note(run, "w_a", "W_a: the columns of the branches side by side", {"c/r", "2c"}, p.w_a);
  const Tensor scores = reshape(run, linear(run, z, p.w_a), {2, c});
  note(run, "scores", "z W_a", {"branch", "channel"}, scores);
  const Tensor weights =
      transpose(run, softmax(run, transpose(run, scores)));  // (2,c): each column sums to 1
  note(run, "weights", "a = softmax over the branches", {"branch", "channel"}, weights);
  const auto share = [&](const Tensor& map, std::size_t branch) {
    const Tensor own = slice_rows(run, weights, branch, branch + 1);
    return multiply(run, map, reshape(run, own, {c}));
  };
  const Tensor output = add(run, share(three, 0), share(five, 1));  // (h,w,c)
  note(run, "output", "a_3 U_3 + a_5 U_5", {"row", "column", "channel"}, output);
  return output;
}

Tensor map_self_attention(const Run& run, const Tensor& x, const MapSelfAttention& p) {
  const Scope scope(run, "self");
  const Tensor places = places_of(run, x);  // (hw,c)
  note(run, "w_f", "W_f", {"channel", "c/r"}, p.w_f);
  const Tensor f = linear(run, places, p.w_f);  // (hw,c/r)
  note(run, "f", "F = X W_f", {"place", "c/r"}, f);
  note(run, "w_g", "W_g", {"channel", "c/r"}, p.w_g);
  const Tensor g = linear(run, places, p.w_g);  // (hw,c/r)
  note(run, "g", "G = X W_g", {"place", "c/r"}, g);
  note(run, "w_h", "W_h", {"channel", "channel"}, p.w_h);
  const Tensor h = linear(run, places, p.w_h);  // (hw,c)
  note(run, "h", "H = X W_h", {"place", "channel"}, h);
  const Tensor scores = matmul_nt(run, g, f);  // (hw,hw)
  note(run, "scores", "S = G F^T", {"place", "place"}, scores);
  const Tensor weights = softmax(run, scores);  // (hw,hw)
  note(run, "weights", "A = softmax(S)", {"place", "place"}, weights);
  const Tensor context = matmul(run, weights, h);  // (hw,c)
  note(run, "context", "O = A H", {"place", "channel"}, context);
  note(run, "gamma", "gamma: 0 before training", {}, p.gamma);
  const Tensor output =
      add(run, multiply(run, reshape(run, context, x.shape()), p.gamma), x);  // (h,w,c)
  note(run, "output", "gamma O + x", {"row", "column", "channel"}, output);
  return output;
}

}  // namespace attn
