// Models of pictures and graphs, and those whose attention is restricted: which inputs an output
// depends on.
#include <doctest/doctest.h>

#include "attn/core/error.h"
#include "attn/nn/sequence_model.h"

using namespace attn;

namespace {

SequenceSizes sizes_of(const std::string& kind) {
  return {.kind = sequence_kind(kind),
          .vocabulary = 5,
          .classes = 3,
          .width = 8,
          .layers = 2,
          .heads = 2,
          .ff = 12,
          .radius = 2};
}

SequenceSizes picture_sizes(const std::string& kind, std::size_t side) {
  SequenceSizes z = sizes_of(kind);
  z.vocabulary = 0;
  z.features = 2;
  z.side = side;
  z.length = side * side;
  return z;
}

/// changes[i][t]: does the number of row t change when row i of the input does? Over several
/// random models, since one alone may hide it behind a relu.
template <class Result>
std::vector<std::vector<bool>> changes(const SequenceSizes& sizes, const Array& given,
                                       Result result) {
  const std::size_t n = rows(given);
  std::vector<std::vector<bool>> out(n);
  for (std::uint64_t seed = 0; seed < 4; ++seed) {
    Parameters parameters{Rng(seed)};
    const SequenceModel model(sizes, parameters);
    Rng rng(seed, 1);
    const Array before = result(model, given);
    for (std::size_t i = 0; i < n; ++i) {
      Array changed = given;
      for (real& number : row(changed, i)) number += static_cast<real>(3 * rng.normal());
      const Array after = result(model, changed);
      out[i].resize(rows(before), false);
      for (std::size_t t = 0; t < rows(before); ++t) {
        for (std::size_t j = 0; j < columns(before); ++j)
          if (before(t, j) != after(t, j)) out[i][t] = true;
      }
    }
  }
  return out;
}

/// A way of six nodes, 0 - 1 - 2 - 3 - 4, and 5 alone.
Array way_of_six() {
  Array edges = zeros({6, 6});
  for (std::size_t i = 0; i < 4; ++i) edges(i, i + 1) = edges(i + 1, i) = 1;
  return edges;
}

std::size_t apart(std::size_t i, std::size_t j) { return i < j ? j - i : i - j; }

}  // namespace

TEST_CASE("sequence model: local and conformer depend on what their receptive field says") {
  for (const char* kind : {"local", "conformer"}) {
    Rng rng(1);
    const SequenceSizes sizes = sizes_of(kind);
    const Array x = rng.normal({12, 8}, 1);
    Parameters parameters{Rng(1)};
    const auto [before, after] = SequenceModel(sizes, parameters).receptive_field(12);
    CHECK(before == (std::string(kind) == "local" ? 4 : 12));
    CHECK(before == after);
    const auto depends = changes(sizes, x, [](const SequenceModel& model, const Array& in) {
      return model.body(Run{}, Tensor(in)).value();
    });
    for (std::size_t i = 0; i < 12; ++i) {
      for (std::size_t t = 0; t < 12; ++t) CHECK(depends[i][t] == (apart(i, t) <= before));
    }
  }
}

TEST_CASE("sequence model: local read by cls sees everything through the vector in front") {
  SequenceSizes sizes = sizes_of("local");
  sizes.read = Read::cls;
  sizes.length = 9;
  Parameters parameters{Rng(2)};
  const SequenceModel model(sizes, parameters);
  const Array before = model.logits(Run{}, Tensor::ids(zeros({9}))).value();
  for (std::size_t i = 0; i < 9; ++i) {
    Array ids = zeros({9});
    ids(i) = 3;
    CHECK(largest_difference(model.logits(Run{}, Tensor::ids(ids)).value(), before) > 1e-4);
  }
}

TEST_CASE(
    "sequence model: a cnn2d's place depends on the pixels around it, 8 x 8 after two layers") {
  const SequenceSizes sizes = picture_sizes("cnn2d", 12);
  Parameters parameters{Rng(3)};
  CHECK(SequenceModel(sizes, parameters).receptive_field(144).first == 4);
  Rng rng(3);
  const Array pixels = rng.normal({144, 8}, 1);
  const auto depends = changes(sizes, pixels, [](const SequenceModel& model, const Array& in) {
    return model.body(Run{}, Tensor(in)).value();
  });
  for (std::size_t pixel = 0; pixel < 144; ++pixel) {
    REQUIRE(depends[pixel].size() == 36);
    for (std::size_t place = 0; place < 36; ++place) {
      const auto sees = [](std::size_t at, std::size_t line) {  // lines 2 at - 3 .. 2 at + 4
        return line + 3 >= 2 * at && line <= 2 * at + 4;
      };
      CHECK(depends[pixel][place] == (sees(place / 6, pixel / 12) && sees(place % 6, pixel % 12)));
    }
  }
}

TEST_CASE("sequence model: a vit reads patches, row by row, and each pixel belongs to one") {
  SequenceSizes sizes = picture_sizes("vit", 6);
  sizes.layers = 0;  // patches alone, which nothing mixes
  sizes.length = 4;
  Rng rng(4);
  const Array pixels = rng.normal({36, 2}, 1);
  const auto depends = changes(sizes, pixels, [](const SequenceModel& model, const Array& in) {
    return model.logits(Run{}, Tensor(in)).value();
  });
  for (std::size_t pixel = 0; pixel < 36; ++pixel) {
    const std::size_t patch = pixel / 6 / 3 * 2 + pixel % 6 / 3;
    REQUIRE(depends[pixel].size() == 4);
    for (std::size_t p = 0; p < 4; ++p) CHECK(depends[pixel][p] == (p == patch));
  }
}

TEST_CASE("sequence model: what reads no picture of this side is refused") {
  Parameters parameters{Rng(5)};
  CHECK_THROWS_AS(SequenceModel(picture_sizes("vit", 10), parameters), Error);
  CHECK_THROWS_AS(SequenceModel(sizes_of("cnn2d"), parameters), Error);
  const SequenceModel graph(sizes_of("graph-attention"), parameters);
  CHECK_THROWS_AS(graph.logits(Run{}, Tensor::ids(zeros({3}))), Error);
}

TEST_CASE("sequence model: along edges a node depends on those within as many steps as layers") {
  const Tensor edges(way_of_six());
  for (const char* kind : {"graph-attention", "attention"}) {
    for (const std::size_t layers : {1, 2}) {
      INFO(kind, ", layers ", layers);
      SequenceSizes sizes = sizes_of(kind);
      sizes.layers = layers;
      Rng rng(6);
      const Array x = rng.normal({6, 8}, 1);
      const auto depends = changes(sizes, x, [&](const SequenceModel& model, const Array& in) {
        return model.body(Run{}, Tensor(in), edges).value();
      });
      for (std::size_t i = 0; i < 6; ++i) {
        for (std::size_t t = 0; t < 6; ++t)
          CHECK(depends[i][t] == (i == t || (i < 5 && t < 5 && apart(i, t) <= layers)));
      }
    }
  }
  SequenceSizes blind = sizes_of("attention");
  blind.edges = false;
  Rng rng(7);
  const Array x = rng.normal({6, 8}, 1);
  const auto depends = changes(blind, x, [&](const SequenceModel& model, const Array& in) {
    return model.body(Run{}, Tensor(in), edges).value();
  });
  for (const auto& row : depends) CHECK(row == std::vector<bool>(6, true));
}

TEST_CASE("sequence model: the nodes of a graph have no order") {
  const std::size_t place[] = {4, 2, 5, 0, 1, 3};
  const Array edges = way_of_six();
  Array moved = zeros({6, 6}), ids = empty({6}), moved_ids = empty({6});
  for (std::size_t i = 0; i < 6; ++i) {
    ids(i) = static_cast<real>(i % 5);
    moved_ids(place[i]) = ids(i);
    for (std::size_t j = 0; j < 6; ++j) moved(place[i], place[j]) = edges(i, j);
  }
  for (const char* kind : {"graph-attention", "attention"}) {
    for (const char* read : {"each", "mean", "query"}) {
      SequenceSizes sizes = sizes_of(kind);
      if (std::string(read) != "each") sizes.read = read_named(read);
      Parameters parameters{Rng(8)};
      const SequenceModel model(sizes, parameters);
      const Array a = model.logits(Run{}, Tensor::ids(ids), Tensor(edges)).value(),
                  b = model.logits(Run{}, Tensor::ids(moved_ids), Tensor(moved)).value();
      for (std::size_t i = 0; i < rows(a); ++i) {
        for (std::size_t c = 0; c < 3; ++c)
          CHECK(a(i, c) == doctest::Approx(b(rows(a) == 1 ? 0 : place[i], c)));
      }
    }
  }
}

TEST_CASE("sequence model: a batch of pictures or graphs is its members one by one") {
  Rng rng(9);
  const auto check = [](const Array& all, const Array& one, std::size_t b) {
    for (std::size_t i = 0; i < one.size(); ++i)
      CHECK(all.data()[b * one.size() + i] == doctest::Approx(one.data()[i]).epsilon(1e-4));
  };
  for (const char* kind : {"cnn2d", "vit"}) {
    for (const char* read : {"mean", "query"}) {
      SequenceSizes sizes = picture_sizes(kind, 6);
      sizes.read = read_named(read);
      Parameters parameters{Rng(10)};
      const SequenceModel model(sizes, parameters);
      const Array pixels = rng.normal({3, 36, 2}, 1);
      const Array all = model.logits(Run{}, Tensor(pixels)).value();
      for (std::size_t b = 0; b < 3; ++b) {
        Array one = empty({36, 2});
        std::copy_n(pixels.data() + b * 72, 72, one.data());
        check(all, model.logits(Run{}, Tensor(one)).value(), b);
      }
    }
  }
  for (const char* kind : {"graph-attention", "attention"}) {
    for (const char* read : {"each", "cls"}) {
      SequenceSizes sizes = sizes_of(kind);
      if (std::string(read) == "cls") {
        if (std::string(kind) != "attention") continue;
        sizes.read = Read::cls;
      }
      Parameters parameters{Rng(11)};
      const SequenceModel model(sizes, parameters);
      Array ids = empty({2, 6}), edges = zeros({2, 6, 6});
      for (real& id : ids) id = static_cast<real>(rng.below(5));
      std::copy_n(way_of_six().data(), 36, edges.data() + 36);  // the first has no edges
      const Array all = model.logits(Run{}, Tensor::ids(ids), Tensor(edges)).value();
      for (std::size_t b = 0; b < 2; ++b) {
        Array one = empty({6}), own = empty({6, 6});
        std::copy_n(ids.data() + b * 6, 6, one.data());
        std::copy_n(edges.data() + b * 36, 36, own.data());
        check(all, model.logits(Run{}, Tensor::ids(one), Tensor(own)).value(), b);
      }
    }
  }
}
