// What each kind of model claims about itself, measured: change one input and see which outputs
// change.
#include <doctest/doctest.h>

#include <set>

#include "attn/core/error.h"
#include "attn/nn/sequence_model.h"
#include "attn/ops/ops.h"
#include "small_attention.h"

using namespace attn;
using namespace attn::testing;

namespace {

SequenceSizes sizes_of(const std::string& kind) {
  return {.kind = sequence_kind(kind),
          .vocabulary = 5,
          .classes = 3,
          .width = 8,
          .layers = 2,
          .heads = 2,
          .ff = 12,
          .radius = 2,
          .length = 40};
}

/// dependent[i][t]: does the output at t change when input i does? Over several random models,
/// since one alone may hide a path behind a relu.
std::vector<std::vector<bool>> dependence(const SequenceSizes& sizes, std::size_t n) {
  std::vector<std::vector<bool>> out(n, std::vector<bool>(n, false));
  for (std::uint64_t seed = 0; seed < 4; ++seed) {
    Parameters parameters{Rng(seed)};
    const SequenceModel model(sizes, parameters);
    Rng rng(seed, 1);
    const Array x = rng.normal({n, sizes.width}, 1);
    const Array before = model.body(Run{}, Tensor(x)).value();
    for (std::size_t i = 0; i < n; ++i) {
      Array changed = x;
      for (real& number : row(changed, i)) number += static_cast<real>(rng.normal());
      const Array after = model.body(Run{}, Tensor(changed)).value();
      for (std::size_t t = 0; t < n; ++t) {
        for (std::size_t j = 0; j < columns(before); ++j) {
          if (before(t, j) != after(t, j)) out[i][t] = true;
        }
      }
    }
  }
  return out;
}

void check_claims(const SequenceSizes& sizes, std::size_t n) {
  Parameters parameters{Rng(1)};
  const SequenceModel model(sizes, parameters);
  const auto [before, after] = model.receptive_field(n);
  const auto depends = dependence(sizes, n);
  INFO(name_of(sizes.kind) << ", n " << n << ", kernel " << sizes.kernel << ", layers "
                           << sizes.layers << ", radius " << sizes.radius);
  for (std::size_t i = 0; i < n; ++i) {
    for (std::size_t t = 0; t < n; ++t) {
      INFO("from input " << i << " to output " << t);
      CHECK(depends[i][t] == (i <= t ? t - i <= before : i - t <= after));
    }
  }
  CHECK((model.longest_path(n) > 0) == depends[0][n - 1]);
}

}  // namespace

TEST_CASE("sequence model: the receptive field is what a changed input reaches, for every kind") {
  for (const std::string& kind : sequence_kinds()) {
    for (const std::size_t n : {1, 2, 3, 5, 9, 16}) check_claims(sizes_of(kind), n);
  }
}

TEST_CASE("sequence model: the receptive field of other kernels, depths and radii") {
  for (const char* kind : {"cnn", "tcn"}) {
    for (const std::size_t kernel : {1, 2, 4, 5}) {
      for (const std::size_t layers : {1, 3}) {
        SequenceSizes sizes = sizes_of(kind);
        sizes.kernel = kernel;
        sizes.layers = layers;
        check_claims(sizes, 14);
      }
    }
  }
  SequenceSizes window = sizes_of("window");
  for (const std::size_t radius : {0, 1, 4}) {
    window.radius = radius;
    check_claims(window, 7);
  }
}

TEST_CASE("sequence model: the longest path is the fewest layers or steps that join the ends") {
  const auto path = [](SequenceSizes sizes, std::size_t n) {
    Parameters parameters{Rng(1)};
    return SequenceModel(sizes, parameters).longest_path(n);
  };
  for (const char* kind : {"cnn", "tcn"}) {
    SequenceSizes sizes = sizes_of(kind);
    sizes.layers = 6;
    for (const std::size_t n : {2, 3, 5, 7}) {
      SequenceSizes just = sizes;
      just.layers = path(sizes, n);
      REQUIRE(just.layers > 0);
      CHECK(dependence(just, n)[0][n - 1]);
      just.layers -= 1;
      if (just.layers > 0) CHECK_FALSE(dependence(just, n)[0][n - 1]);
    }
  }
  CHECK(path(sizes_of("rnn"), 9) == 9);
  CHECK(path(sizes_of("attention"), 9) == 1);
  CHECK(path(sizes_of("fc"), 9) == 0);
  CHECK(path(sizes_of("window"), 3) == 1);
  CHECK(path(sizes_of("window"), 4) == 0);
  SequenceSizes narrow = sizes_of("window");
  narrow.kernel = 5;  // of the cnn, not of the window
  narrow.radius = 6;
  CHECK(path(narrow, 7) == 1);
}

TEST_CASE("sequence model: logits have a row per position; a batch is its sentences one by one") {
  Rng rng(2);
  for (const std::string& kind : sequence_kinds()) {
    Parameters parameters{Rng(3)};
    const SequenceModel model(sizes_of(kind), parameters);
    Array ids = empty({3, 7});
    for (real& id : ids) id = static_cast<real>(rng.below(5));
    const Array all = model.logits(Run{}, Tensor::ids(ids)).value();
    CHECK(shape_of(all) == Shape{3, 7, 3});
    for (std::size_t b = 0; b < 3; ++b) {
      Array one = empty({7}), expected = empty({7, 3});
      std::copy_n(ids.data() + b * 7, 7, one.data());
      std::copy_n(all.data() + b * 21, 21, expected.data());
      INFO(kind << ", sentence " << b);
      CHECK(largest_difference(model.logits(Run{}, Tensor::ids(one)).value(), expected) < 1e-5);
    }
  }
}

TEST_CASE("sequence model: parameters have names of their own, and are counted") {
  for (const std::string& kind : sequence_kinds()) {
    Parameters parameters{Rng(4)};
    const SequenceModel model(sizes_of(kind), parameters);
    std::set<std::string> names;
    std::size_t numbers = 0;
    for (const auto& [path, tensor] : model.parameters()) {
      names.insert(path);
      numbers += tensor.value().size();
      CHECK(tensor.needs_grad());
    }
    CHECK(names.size() == model.parameters().size());
    CHECK(numbers == model.parameter_count());
  }
  Parameters parameters{Rng(4)};
  CHECK_THROWS_AS(SequenceModel(sizes_of("cmm"), parameters), Error);
}

TEST_CASE("sequence model: an lstm made over given parameters leaves their forget gate as it is") {
  Parameters parameters{Rng(5)};
  const SequenceSizes sizes = sizes_of("lstm");
  {
    const SequenceModel first(sizes, parameters);
    for (const auto& [path, tensor] : first.parameters()) {
      if (path != "b_x") continue;
      CHECK(tensor.value()(sizes.width) == 1);  // starts open
      Tensor b_x = tensor;
      for (real& number : b_x.mutable_value()) number = 7;
    }
  }
  const SequenceModel second(sizes, parameters);
  for (const auto& [path, tensor] : second.parameters()) {
    if (path == "b_x") CHECK(largest_difference(tensor.value(), full({4 * sizes.width}, 7)) == 0);
  }
}

TEST_CASE("sequence model: one answer for all places is read by mean, last, cls or a query") {
  Rng rng(6);
  Array ids = empty({2, 7});
  for (real& id : ids) id = static_cast<real>(rng.below(5));
  for (const std::string& kind : sequence_kinds()) {
    for (const std::string& read : read_names()) {
      INFO(kind, " read by ", read);
      SequenceSizes sizes = sizes_of(kind);
      sizes.length = 7;
      Parameters parameters{Rng(7)};
      const SequenceModel each(sizes, parameters);
      sizes.read = read_named(read);
      CHECK(name_of(sizes.read) == read);
      if (sizes.read == Read::cls && kind != "attention") {
        CHECK_THROWS_AS(SequenceModel(sizes, parameters), Error);
        continue;
      }
      Parameters own{Rng(7)};  // the same numbers where the names and shapes are the same
      const SequenceModel one(sizes, own);
      const Array got = one.logits(Run{}, Tensor::ids(ids)).value();
      CHECK(shape_of(got) == Shape{2, 1, 3});
      const Array places = each.logits(Run{}, Tensor::ids(ids)).value();  // linear in the vectors
      for (std::size_t b = 0; b < 2; ++b) {
        for (std::size_t c = 0; c < 3; ++c) {
          double mean = 0;
          for (std::size_t t = 0; t < 7; ++t) mean += double{places(b, t, c)} / 7;
          if (sizes.read == Read::mean) CHECK(got(b, 0, c) == doctest::Approx(mean));
          if (sizes.read == Read::last && kind != "birnn")
            CHECK(got(b, 0, c) == doctest::Approx(places(b, 6, c)));
        }
      }
    }
  }
  CHECK_THROWS_AS(read_named("max"), Error);
}

TEST_CASE("sequence model: last reads where each direction of a birnn ends") {
  SequenceSizes sizes = sizes_of("birnn");
  sizes.read = Read::last;
  Parameters parameters{Rng(8)};
  const SequenceModel model(sizes, parameters);
  Array ids = zeros({6});
  const Array before = model.logits(Run{}, Tensor::ids(ids)).value();
  for (const std::size_t place : {0, 3, 5}) {  // the whole sequence counts, from both ends
    Array changed = ids;
    changed.data()[place] = 2;
    CHECK(largest_difference(model.logits(Run{}, Tensor::ids(changed)).value(), before) > 1e-4);
  }
}

TEST_CASE("sequence model: a query weighs places by what they hold, not by where they stand") {
  SequenceSizes sizes = sizes_of("fc");
  sizes.read = Read::query;
  Parameters parameters{Rng(9)};
  const SequenceModel model(sizes, parameters);
  const auto answer = [&](std::vector<std::size_t> words) {
    return model.logits(Run{}, Tensor::ids(words, {words.size()})).value();
  };
  CHECK(largest_difference(answer({1, 2, 3}), answer({3, 1, 2})) < 1e-5);
  // Not the mean of the words' own answers: the weights differ.
  Array mean = zeros({1, 3});
  for (const std::size_t word : {1u, 2u, 3u}) mean += answer({word}) / 3;
  CHECK(largest_difference(answer({1, 2, 3}), mean) > 1e-4);
}
