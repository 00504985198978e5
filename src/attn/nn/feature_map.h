#pragma once
// Attention over a feature map: h x w places with c channels each. The kinds differ in which
// numbers share a weight. Guo et al. 2022, "Attention mechanisms in computer vision: a survey".
#include <cstddef>
#include <vector>

#include "attn/graph/run.h"
#include "attn/graph/tensor.h"
#include "attn/nn/parameters.h"

namespace attn {

/// w_1 (c,c/r), w_2 (c/r,c).
struct ChannelAttention {
  Tensor w_1, w_2;
};
/// w (7,7,2,1).
struct SpatialAttention {
  Tensor w;
};
/// w (c,1).
struct TemporalAttention {
  Tensor w;
};
/// w_3 (3,3,c,c), w_5 (5,5,c,c), w_z (c,c/r), w_a (c/r,2c).
struct BranchAttention {
  Tensor w_3, w_5, w_z, w_a;
};
/// w_f, w_g (c,c/r), w_h (c,c), gamma ().
struct MapSelfAttention {
  Tensor w_f, w_g, w_h, gamma;
};

// Parameters for c channels, `hidden` = c/r, drawn under "channel.", "spatial." and so on.
ChannelAttention channel_parameters(Parameters& from, std::size_t c, std::size_t hidden);
SpatialAttention spatial_parameters(Parameters& from);
TemporalAttention temporal_parameters(Parameters& from, std::size_t c);
BranchAttention branch_parameters(Parameters& from, std::size_t c, std::size_t hidden);
MapSelfAttention map_self_parameters(Parameters& from, std::size_t c, std::size_t hidden,
                                     double gamma);

// Each gives a map of x's shape and notes its steps under its name.

/// Squeeze and excitation: one weight per channel, sigmoid(relu(mean over places W_1) W_2).
/// x (h,w,c). Hu et al. 2018, "Squeeze-and-excitation networks", equations 2 and 3.
Tensor channel_attention(const Run& run, const Tensor& x, const ChannelAttention& p);

/// One weight per place: sigmoid of a 7 x 7 convolution over [mean; largest] of its channels.
/// x (...,h,w,c). Woo et al. 2018, "CBAM: convolutional block attention module", equation 3.
Tensor spatial_attention(const Run& run, const Tensor& x, const SpatialAttention& p);

/// One weight per frame: the softmax over the frames of a score from the means of their channels.
/// x (t,h,w,c). As soft attention over frames in Yao et al. 2015, "Describing videos by exploiting
/// temporal structure", but with one linear score.
Tensor temporal_attention(const Run& run, const Tensor& x, const TemporalAttention& p);

/// Two convolutions, 3 x 3 and 5 x 5, and for each channel a softmax over the two: one weight per
/// branch and channel. x (h,w,c). Li et al. 2019, "Selective kernel networks", section 3.1, without
/// their batch norms.
Tensor branch_attention(const Run& run, const Tensor& x, const BranchAttention& p);

/// One weight per pair of places: gamma (softmax(G F^T) H) + x. x (h,w,c). Zhang et al. 2019,
/// "Self-attention generative adversarial networks", equations 1 to 3, with H of c channels in
/// place of their H and v.
Tensor map_self_attention(const Run& run, const Tensor& x, const MapSelfAttention& p);

}  // namespace attn
