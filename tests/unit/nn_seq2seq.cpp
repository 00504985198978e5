// Recurrent translators: what holds for every variant, cell, score and style.
#include "attn/nn/seq2seq.h"

#include <doctest/doctest.h>

#include <cmath>
#include <cstring>
#include <set>

#include "attn/core/error.h"
#include "attn/graph/tape.h"
#include "attn/ops/ops.h"
#include "attn/train/optimizer.h"
#include "small_attention.h"

using namespace attn;
using namespace attn::testing;

namespace {

constexpr std::size_t kSourceWords = 9, kTargetWords = 7;

Seq2SeqSizes sizes_of(const std::string& variant, Cell cell) {
  return {.variant = variant,
          .cell = cell,
          .source_vocabulary = kSourceWords,
          .target_vocabulary = kTargetWords,
          .embedding = 5,
          .hidden = 6};
}

/// Every variant with every cell; attention with every score, style and a window.
std::vector<Seq2SeqSizes> all_sizes() {
  std::vector<Seq2SeqSizes> all;
  for (const Cell cell : {Cell::rnn, Cell::lstm, Cell::gru}) {
    for (const std::string& variant : seq2seq_variants()) {
      all.push_back(sizes_of(variant, cell));
      all.push_back(sizes_of(variant, cell));
      all.back().bidirectional = true;
      all.push_back(sizes_of(variant, cell));
      all.back().decoder = 4;
    }
    for (const ScoreFunction& f : score_functions()) {
      for (const char* style : {"luong", "bahdanau"}) {
        all.push_back(sizes_of("attention", cell));
        all.back().score = f.name;
        all.back().style = style;
        if (needs_equal_widths(f.name)) continue;
        all.back().bidirectional = true;
      }
    }
    all.push_back(sizes_of("attention", cell));
    all.back().local = 2;
  }
  return all;
}

std::string described(const Seq2SeqSizes& z) {
  return z.variant + " " + z.score + " " + z.style + ", cell " + std::to_string(int(z.cell)) +
         (z.bidirectional ? ", both ways" : "") + ", local " + std::to_string(z.local);
}

Array ids(Rng& rng, const Shape& shape, std::size_t vocabulary) {
  Array out = empty(shape);
  for (real& id : out) id = static_cast<real>(rng.below(vocabulary));
  return out;
}

/// Item b of x (B,...).
Array item(const Array& x, std::size_t b) {
  Shape shape = shape_of(x);
  shape.erase(shape.begin());
  Array out = empty(shape);
  std::copy_n(x.data() + b * out.size(), out.size(), out.data());
  return out;
}

/// The share of words that the model gets right, after some steps of learning to write `length`
/// digits in reverse.
double reversed_right(const std::string& variant, std::size_t length, int steps) {
  const std::size_t batch = 16;
  Seq2SeqSizes z{.variant = variant, .cell = Cell::gru, .embedding = 16, .hidden = 32};
  z.source_vocabulary = z.target_vocabulary = 12;  // 0 starts, 1 ends, the rest are digits
  Parameters parameters{Rng(16)};
  const RecurrentTranslator model(z, parameters);
  Optimizer optimizer({.rate = 5e-3}, model.parameters());
  Rng rng(17);
  std::size_t right = 0, counted = 0;
  for (int step = 0; step < steps; ++step) {
    Array source = empty({batch, length}), read = zeros({batch, length + 1}),
          written = full({batch, length + 1}, 1);
    for (std::size_t i = 0; i < source.size(); ++i) {
      const std::size_t b = i / length, at = i % length;
      source(b, at) = static_cast<real>(2 + rng.below(10));
      read(b, length - at) = written(b, length - 1 - at) = source(b, at);
    }
    optimizer.clear_gradients();
    Tape tape;
    const Run run{.tape = &tape};
    const Tensor logits = model.logits(run, Tensor::ids(source), Tensor::ids(read));
    tape.backward(cross_entropy(run, logits, Tensor::ids(written)), full({1}, 1));
    optimizer.step(1);
    for (std::size_t i = 0; step + 10 >= steps && i < written.size(); ++i, ++counted) {
      const auto r = row(logits.value(), i);
      right += std::max_element(r.begin(), r.end()) - r.begin() == written.data()[i];
    }
  }
  return double(right) / double(counted);
}

}  // namespace

TEST_CASE("recurrent translator: learns; a long sentence does not fit through one vector") {
  for (const std::string& variant : seq2seq_variants()) {
    const bool attends = variant == "attention";
    const double brief = reversed_right(variant, 3, 200),
                 lengthy = reversed_right(variant, 12, 200);
    INFO(variant << ": " << brief << " of 3, " << lengthy << " of 12");
    CHECK(brief > 0.9);
    CHECK((attends ? lengthy > 0.8 : lengthy < 0.6));
  }
}

TEST_CASE("recurrent translator: word by word gives the numbers of the whole sentence") {
  Rng rng(1);
  for (const Seq2SeqSizes& z : all_sizes()) {
    INFO(described(z));
    Parameters parameters{Rng(2)};
    const RecurrentTranslator model(z, parameters);
    const Array source = ids(rng, {5}, kSourceWords), target = ids(rng, {6}, kTargetWords);
    const Array whole = model.logits(Run{}, Tensor::ids(source), Tensor::ids(target)).value();
    CHECK(shape_of(whole) == Shape{6, kTargetWords});
    const auto state = model.start(Run{}, Tensor::ids(source));
    for (std::size_t t = 0; t < 6; ++t) {
      const Array row =
          model.next(Run{}, *state, static_cast<std::size_t>(target.data()[t])).value();
      CHECK(shape_of(row) == Shape{kTargetWords});
      CHECK(largest_difference(row, item(whole, t)) < 1e-5);
    }
  }
}

TEST_CASE("recurrent translator: a batch is its sentences one by one") {
  Rng rng(3);
  for (const Seq2SeqSizes& z : all_sizes()) {
    INFO(described(z));
    Parameters parameters{Rng(4)};
    const RecurrentTranslator model(z, parameters);
    const Array source = ids(rng, {3, 5}, kSourceWords), target = ids(rng, {3, 4}, kTargetWords);
    const Array all = model.logits(Run{}, Tensor::ids(source), Tensor::ids(target)).value();
    CHECK(shape_of(all) == Shape{3, 4, kTargetWords});
    for (std::size_t b = 0; b < 3; ++b) {
      const Array one =
          model.logits(Run{}, Tensor::ids(item(source, b)), Tensor::ids(item(target, b))).value();
      CHECK(largest_difference(one, item(all, b)) < 1e-5);
    }
  }
}

TEST_CASE(
    "recurrent translator: with a trace or without, the same bits; every parameter is shown") {
  Rng rng(5);
  for (const Seq2SeqSizes& z : all_sizes()) {
    INFO(described(z));
    Parameters parameters{Rng(6)};
    const RecurrentTranslator model(z, parameters);
    const Tensor source = Tensor::ids(ids(rng, {5}, kSourceWords)),
                 target = Tensor::ids(ids(rng, {4}, kTargetWords));
    Trace trace;
    const Array watched = model.logits(Run{.trace = &trace}, source, target).value();
    const Array alone = model.logits(Run{}, source, target).value();
    CHECK(std::memcmp(watched.data(), alone.data(), alone.size() * sizeof(real)) == 0);
    std::set<std::string> shown, own;
    for (const Step* step : trace.steps()) {
      CHECK(step->axes.size() == step->shape().size());
      if (step->kind() != Tensor::Kind::parameter) continue;
      CHECK(shown.insert(step->path).second);
    }
    for (const auto& [path, tensor] : model.parameters()) own.insert(path);
    CHECK(shown == own);
    CHECK(own.size() == model.parameters().size());
  }
}

TEST_CASE("recurrent translator: a copied state goes on by itself") {
  for (const char* variant : {"both", "attention"}) {
    Parameters parameters{Rng(7)};
    const RecurrentTranslator model(sizes_of(variant, Cell::lstm), parameters);
    const auto state = model.start(Run{}, Tensor::ids(full({3}, 2)));
    model.next(Run{}, *state, 1);
    const auto other = state->copy();
    model.next(Run{}, *other, 5);  // must not be seen by `state`
    const auto again = model.start(Run{}, Tensor::ids(full({3}, 2)));
    model.next(Run{}, *again, 1);
    const Array expected = model.next(Run{}, *again, 4).value();
    CHECK(largest_difference(model.next(Run{}, *state, 4).value(), expected) == 0);
    CHECK(largest_difference(model.next(Run{}, *other, 4).value(), expected) > 1e-4);
  }
}

TEST_CASE("recurrent translator: without attention all passes through c, with it nothing need") {
  Rng rng(8);
  for (const Cell cell : {Cell::rnn, Cell::lstm, Cell::gru}) {
    for (const std::string& variant : seq2seq_variants()) {
      Parameters parameters{Rng(9)};
      const RecurrentTranslator model(sizes_of(variant, cell), parameters);
      Trace trace;
      model.logits(Run{.trace = &trace}, Tensor::ids(ids(rng, {5}, kSourceWords)),
                   Tensor::ids(ids(rng, {4}, kTargetWords)));
      const Array last = item(trace.find("encoder.hidden")->values(), 4);
      CHECK(largest_difference(item(trace.find("encoder.last")->values(), 0), last) == 0);
      CHECK((trace.find("decoder.initial") != nullptr) == (variant != "context"));
      CHECK((trace.find("weights") != nullptr) == (variant == "attention"));
      const Step* context = trace.find("context");
      CHECK((context != nullptr) == (variant != "init"));
      for (std::size_t t = 0; context && variant != "attention" && t < 4; ++t)
        CHECK(largest_difference(item(context->values(), t), last) == 0);
      CHECK(model.bottleneck() == (cell == Cell::lstm && variant != "context" ? 12 : 6));
    }
  }
}

TEST_CASE(
    "recurrent translator: weights sum to 1, within a window to less, outside it they are 0") {
  Rng rng(10);
  for (const std::size_t window : {0, 1, 2, 50}) {
    Seq2SeqSizes z = sizes_of("attention", Cell::gru);
    z.local = window;
    Parameters parameters{Rng(11)};
    const RecurrentTranslator model(z, parameters);
    Trace trace;
    model.logits(Run{.trace = &trace}, Tensor::ids(ids(rng, {9}, kSourceWords)),
                 Tensor::ids(ids(rng, {4}, kTargetWords)));
    const Array& weights = trace.find("weights")->values();
    for (std::size_t t = 0; t < 4; ++t) {
      double sum = 0;
      for (const real w : row(weights, t)) sum += w;
      if (window == 0) {
        CHECK(sum == doctest::Approx(1).epsilon(1e-5));
        continue;
      }
      CHECK(sum <= 1 + 1e-6);
      const double place = trace.find("place")->values()(t, 0);
      CHECK(place >= 0);
      CHECK(place <= 9);
      for (std::size_t j = 0; j < 9; ++j)
        CHECK((weights(t, j) > 0) == (std::abs(double(j) - place) <= double(window)));
    }
  }
}

TEST_CASE("recurrent translator: luong's states do not depend on attention, bahdanau's do") {
  // The attention's own parameters changed: does the second state of the decoder change?
  for (const char* style : {"luong", "bahdanau"}) {
    Seq2SeqSizes z = sizes_of("attention", Cell::gru);
    z.style = style;
    const auto states = [&](real factor) {
      Parameters parameters{Rng(12)};
      const RecurrentTranslator model(z, parameters);
      for (const auto& [path, tensor] : model.parameters()) {
        if (path != "attention.general.w") continue;
        Tensor w = tensor;
        for (real& number : w.mutable_value()) number *= factor;
      }
      Rng rng(13);
      Trace trace;
      model.logits(Run{.trace = &trace}, Tensor::ids(ids(rng, {5}, kSourceWords)),
                   Tensor::ids(ids(rng, {4}, kTargetWords)));
      return trace.find("decoder.hidden")->values();
    };
    CHECK((largest_difference(states(1), states(3)) > 1e-4) == (std::string(style) == "bahdanau"));
  }
}

TEST_CASE("recurrent translator: what does not fit is refused, by name") {
  const auto made = [](const Seq2SeqSizes& z) {
    Parameters parameters{Rng(14)};
    RecurrentTranslator model(z, parameters);
  };
  for (const char* function : {"dot", "scaled", "cosine"}) {
    Seq2SeqSizes z = sizes_of("attention", Cell::rnn);
    z.score = function;
    made(z);
    z.decoder = 4;
    CHECK_THROWS_WITH_AS(made(z),
                         (std::string("the score ") + function +
                          " needs states of one width: the encoder's have 6 numbers, the "
                          "decoder's 4")
                             .c_str(),
                         Error);
    z.decoder = 12, z.bidirectional = true;
    made(z);
  }
  Seq2SeqSizes z = sizes_of("attention", Cell::rnn);
  z.style = "bahdanau", z.local = 1;
  CHECK_THROWS_AS(made(z), Error);
  CHECK_THROWS_AS(made(sizes_of("contxt", Cell::rnn)), Error);
  z = sizes_of("attention", Cell::rnn);
  z.score = "dott";
  CHECK_THROWS_AS(made(z), Error);
  z = sizes_of("attention", Cell::rnn);
  z.style = "lung";
  CHECK_THROWS_AS(made(z), Error);

  Parameters parameters{Rng(15)};
  const RecurrentTranslator model(sizes_of("attention", Cell::rnn), parameters);
  const auto logits = [&](const Shape& source, const Shape& target) {
    model.logits(Run{}, Tensor::ids(zeros(source)), Tensor::ids(zeros(target)));
  };
  CHECK_THROWS_AS(logits({2, 3}, {3, 3}), Error);
  CHECK_THROWS_AS(logits({3}, {1, 3}), Error);
  CHECK_THROWS_AS(logits({0}, {3}), Error);
  CHECK_THROWS_AS(logits({3}, {0}), Error);
  const auto state = model.start(Run{}, Tensor::ids(zeros({3})));
  CHECK_THROWS_AS(model.next(Run{}, *state, kTargetWords), Error);
}
