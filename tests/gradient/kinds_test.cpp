// Attention over pictures and graphs, and the Conformer's block, against central differences.
#include <doctest/doctest.h>

#include <limits>

#include "attn/nn/conformer.h"
#include "attn/nn/feature_map.h"
#include "attn/nn/graph_attention.h"
#include "attn/nn/mask.h"
#include "check.h"

using namespace attn;
using namespace attn::gradient;

namespace {

constexpr double kPartTolerance = 1e-6;

/// Every number moved a little, so that no gain is 1, no bias 0 and no relu at its kink.
void stir_all(Inputs& parameters, Rng& rng) {
  for (Tensor& p : parameters) {
    for (real& number : p.mutable_value()) number += 0.3 * rng.normal();
  }
}

}  // namespace

TEST_CASE("gradient: a block of the Conformer agrees with central differences") {
  for (std::uint64_t seed = 0; seed < 4; ++seed) {
    Rng rng(seed);
    Parameters parameters(rng.stream("parameters"));
    const ConformerLayer p = conformer_layer(parameters, 0, {4, 2, 6, seed + 1});
    NamedTensors named;
    list_parameters(named, "", p);
    Inputs x{Tensor::parameter(rng.normal({2, 3, 4}, 1))};
    for (const auto& [path, tensor] : named) x.push_back(tensor);
    CHECK(x.size() == 1 + 5 * 2 + 2 * 4 + 8 + 8);
    stir_all(x, rng);
    Array mask = zeros({3, 3});
    mask(0, 2) = -std::numeric_limits<real>::infinity();
    const Function f = [&](const Run& run, const Inputs& in) {
      return conformer_block(run, in[0], p, 0, 2, Tensor(mask));
    };
    INFO("kernel " << seed + 1);
    CHECK(worst_error(f, x, rng) < kPartTolerance);
  }
}

TEST_CASE("gradient: every kind of attention over a picture agrees with central differences") {
  for (std::uint64_t seed = 0; seed < 4; ++seed) {
    Rng rng(seed);
    Parameters from(rng.stream("parameters"));
    const std::size_t c = 4, k = 2;
    const ChannelAttention channel = channel_parameters(from, c, k);
    const SpatialAttention spatial = spatial_parameters(from);
    const TemporalAttention temporal = temporal_parameters(from, c);
    const BranchAttention branch = branch_parameters(from, c, k);
    const MapSelfAttention self = map_self_parameters(from, c, k, 0.7);
    const Tensor picture = Tensor::parameter(rng.normal({3, 2, c}, 1)),
                 film = Tensor::parameter(rng.normal({3, 2, 3, c}, 1));
    const std::pair<Function, Inputs> kinds[] = {
        {[&](const Run& run, const Inputs& in) { return channel_attention(run, in[0], channel); },
         {picture, channel.w_1, channel.w_2}},
        {[&](const Run& run, const Inputs& in) { return spatial_attention(run, in[0], spatial); },
         {picture, spatial.w}},
        {[&](const Run& run, const Inputs& in) { return spatial_attention(run, in[0], spatial); },
         {film, spatial.w}},
        {[&](const Run& run, const Inputs& in) { return temporal_attention(run, in[0], temporal); },
         {film, temporal.w}},
        {[&](const Run& run, const Inputs& in) { return branch_attention(run, in[0], branch); },
         {picture, branch.w_3, branch.w_5, branch.w_z, branch.w_a}},
        {[&](const Run& run, const Inputs& in) { return map_self_attention(run, in[0], self); },
         {picture, self.w_f, self.w_g, self.w_h, self.gamma}},
    };
    std::size_t which = 0;
    for (const auto& [f, inputs] : kinds) {
      INFO("seed " << seed << ", kind " << which++);
      CHECK(worst_error(f, inputs, rng) < kPartTolerance);
    }
  }
}

TEST_CASE("gradient: graph attention agrees with central differences") {
  for (std::uint64_t seed = 0; seed < 4; ++seed) {
    Rng rng(seed);
    const GraphAttentionParameters p{Tensor::parameter(rng.normal({3, 2}, 1)),
                                     Tensor::parameter(rng.normal({4}, 1))};
    const Tensor x = Tensor::parameter(rng.normal({4, 3}, 1)),
                 mask(edge_mask(matrix({{0, 1, 0, 0}, {1, 0, 1, 0}, {0, 1, 0, 0}, {0, 0, 0, 0}})));
    const Function f = [&](const Run& run, const Inputs& in) {
      return graph_attention(run, in[0], p, mask);
    };
    CHECK(worst_error(f, {x, p.w, p.a}, rng) < kPartTolerance);
  }
}
