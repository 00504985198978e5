// The decoder's block: what it may see, and one word at a time against the whole sentence at once.
#include "attn/nn/decoder.h"

#include <doctest/doctest.h>

#include <set>

#include "attn/core/error.h"
#include "attn/graph/trace.h"
#include "attn/nn/mask.h"
#include "attn/ops/ops.h"

using namespace attn;

namespace {

constexpr std::size_t kWidth = 8, kWords = 7, kSource = 5;

struct Example {
  DecoderLayer layer;
  Tensor x, memory;
  BlockOptions options;

  explicit Example(std::uint64_t seed) {
    Rng rng(seed);
    Parameters parameters(rng.stream("parameters"));
    options.heads = seed % 3 == 0 ? 1 : seed % 3 == 1 ? 2 : 4;
    options.norm_first = seed % 2 == 1;
    options.residual = seed != 4;
    options.norm = seed != 5;
    options.scaled = seed != 6;
    layer = decoder_layer(parameters, 0, {kWidth, options.heads, 12});
    NamedTensors named;
    list_parameters(named, "", layer);
    for (auto& [path, tensor] : named) {  // so that no bias is 0 and no gain 1
      for (real& number : tensor.mutable_value()) number += static_cast<real>(0.3 * rng.normal());
    }
    x = Tensor(rng.normal({kWords, kWidth}, 1));
    memory = Tensor(rng.normal({kSource, kWidth}, 1));
  }

  Tensor whole(const Run& run = {}) const {
    return decode(run, x, memory, layer, 0, options, Tensor(causal_mask(kWords)));
  }
  Tensor word(std::size_t i) const { return slice_rows(Run{}, x, i, i + 1); }
};

}  // namespace

TEST_CASE("decoder: one word at a time gives the rows that all words at once give") {
  for (std::uint64_t seed = 0; seed < 8; ++seed) {
    const Example e(seed);
    const Array all = e.whole().value();
    LayerCache cache = layer_cache(Run{}, e.memory, e.layer, e.options.heads, kWords);
    for (std::size_t i = 0; i < kWords; ++i) {
      INFO("seed " << seed << ", word " << i);
      const Array next = decode_next(Run{}, e.word(i), e.layer, 0, e.options, cache).value();
      REQUIRE(shape_of(next) == Shape{1, kWidth});
      CHECK(cache.length == i + 1);
      for (std::size_t c = 0; c < kWidth; ++c)
        CHECK(next(0, c) == doctest::Approx(all(i, c)).epsilon(1e-5));
    }
  }
}

TEST_CASE("decoder: a copy of a cache goes on by itself") {
  const Example e(1);
  LayerCache one = layer_cache(Run{}, e.memory, e.layer, e.options.heads, kWords);
  decode_next(Run{}, e.word(0), e.layer, 0, e.options, one);
  LayerCache other = one;
  decode_next(Run{}, e.word(5), e.layer, 0, e.options, other);  // another second word
  const Array next = decode_next(Run{}, e.word(1), e.layer, 0, e.options, one).value();
  const Array all = e.whole().value();
  for (std::size_t c = 0; c < kWidth; ++c)
    CHECK(next(0, c) == doctest::Approx(all(1, c)).epsilon(1e-5));
}

TEST_CASE("decoder: a traced word shows its weights, and computes the same numbers") {
  const Example e(2);
  Trace whole;
  e.whole(Run{.trace = &whole});
  LayerCache plain = layer_cache(Run{}, e.memory, e.layer, e.options.heads, kWords);
  LayerCache watched = plain;
  for (std::size_t i = 0; i < kWords; ++i) {
    Trace trace;
    const Array a = decode_next(Run{}, e.word(i), e.layer, 0, e.options, plain).value();
    const Array b =
        decode_next(Run{.trace = &trace}, e.word(i), e.layer, 0, e.options, watched).value();
    CHECK(largest_difference(a, b) == 0);
    for (const char* part : {"layer.0.self.weights", "layer.0.cross.weights"}) {
      INFO(part << ", word " << i);
      const Step *step = trace.find(part), *all = whole.find(part);
      REQUIRE(step);
      REQUIRE(all);
      CHECK_FALSE(step->from.empty());
      const std::size_t n = step->shape()[2], m = all->shape()[2];
      CHECK(step->shape() == Shape{e.options.heads, 1, n});
      CHECK(n == (std::string(part) == "layer.0.self.weights" ? i + 1 : kSource));
      for (std::size_t h = 0; h < e.options.heads; ++h) {
        for (std::size_t j = 0; j < n; ++j) {
          CHECK(step->values()(h, 0, j) ==
                doctest::Approx(all->values().data()[(h * kWords + i) * m + j]).epsilon(1e-5));
        }
      }
    }
  }
}

TEST_CASE("decoder: no word sees a later one, and every word sees the whole source") {
  const Example e(3);
  const Array before = e.whole().value();
  for (std::size_t j = 0; j < kWords; ++j) {
    Example changed = e;
    Array x = e.x.value();
    for (real& number : row(x, j)) number += 1;
    x(j, 0) -= 3;  // not the same for the whole row: a norm would take it away again
    changed.x = Tensor(std::move(x));
    const Array after = changed.whole().value();
    for (std::size_t i = 0; i < kWords; ++i) {
      bool moved = false;
      for (std::size_t c = 0; c < kWidth; ++c) moved = moved || before(i, c) != after(i, c);
      INFO("word " << j << " to output " << i);
      CHECK(moved == (i >= j));
    }
  }
  for (std::size_t j = 0; j < kSource; ++j) {
    Example changed = e;
    Array memory = e.memory.value();
    memory(j, 0) += 1;
    changed.memory = Tensor(std::move(memory));
    const Array after = changed.whole().value();
    for (std::size_t i = 0; i < kWords; ++i) {
      bool moved = false;
      for (std::size_t c = 0; c < kWidth; ++c) moved = moved || before(i, c) != after(i, c);
      CHECK(moved);
    }
  }
}

TEST_CASE("decoder: queries come from the decoder, keys and values from the memory") {
  const Example e(1);
  Trace trace;
  e.whole(Run{.trace = &trace});
  const auto steps = [&](const char* path) {
    return trace.find(std::string("layer.0.cross.") + path);
  };
  CHECK(steps("q")->from ==
        std::vector<std::string>{"layer.0.norm2.output", "layer.0.cross.w_q", "layer.0.cross.b_q"});
  CHECK(steps("k")->from ==
        std::vector<std::string>{"layer.0.cross.memory", "layer.0.cross.w_k", "layer.0.cross.b_k"});
  CHECK(steps("v")->from ==
        std::vector<std::string>{"layer.0.cross.memory", "layer.0.cross.w_v", "layer.0.cross.b_v"});
  CHECK(largest_difference(steps("memory")->values(), e.memory.value()) == 0);
  CHECK(steps("weights")->axes == std::vector<std::string>{"head", "query", "memory"});
}

TEST_CASE("decoder: a full cache and other misfits are errors that say so") {
  const Example e(1);
  LayerCache cache = layer_cache(Run{}, e.memory, e.layer, e.options.heads, 1);
  const auto message = [&](const Tensor& x, const BlockOptions& o) {
    try {
      decode_next(Run{}, x, e.layer, 0, o, cache);
    } catch (const Error& error) {
      return std::string(error.what());
    }
    return std::string("no error");
  };
  BlockOptions other = e.options;
  other.heads = 4;
  CHECK(message(e.x, e.options).find("expected (1, 8)") != std::string::npos);
  CHECK(message(e.word(0), other).find("4 heads, but the cache was made for 2") !=
        std::string::npos);
  CHECK(message(e.word(0), e.options) == "no error");
  CHECK(message(e.word(1), e.options) == "the cache has room for 1 words, and all are written");
}

TEST_CASE("blocks: the parameters listed, counted and made are the same") {
  Parameters parameters{Rng(1)};
  const EncoderSizes sizes{6, 2, 10};
  const auto check = [](const NamedTensors& named, const NamedShapes& shapes, std::size_t count) {
    CHECK(named.size() == count);
    REQUIRE(named.size() == shapes.size());
    std::set<const void*> different;
    for (std::size_t i = 0; i < named.size(); ++i) {
      CHECK(named[i].first == "here." + shapes[i].first);
      CHECK(named[i].second.shape() == shapes[i].second);
      different.insert(named[i].second.id());
    }
    CHECK(different.size() == count);
  };
  NamedTensors encoder, decoder;
  list_parameters(encoder, "here.", encoder_layer(parameters, 0, sizes, "encoder."));
  list_parameters(decoder, "here.", decoder_layer(parameters, 0, sizes, "decoder."));
  check(encoder, encoder_layer_shapes(sizes), 16);
  check(decoder, decoder_layer_shapes(sizes), 26);
  // The same path gives the same tensor: a prefix is all that keeps two stacks apart.
  CHECK(parameters.get_or("decoder.layer.0.norm3.gain", zeros({6})).value()(0) == 1);
}
