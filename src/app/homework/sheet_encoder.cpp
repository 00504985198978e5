// Sheet 4: positions and an encoder block.
#include <cmath>
#include <optional>

#include "app/homework/worksheet.h"
#include "app/homework/wrong.h"
#include "attn/nn/encoder.h"
#include "attn/nn/position.h"
#include "attn/ops/ops.h"

namespace attn::app::homework {

namespace {

constexpr std::size_t kWords = 3, kModel = 4, kInner = 4;
constexpr double kEps = 0.1;

Values draw(Rng& rng) {
  Values v;
  const auto first = static_cast<real>(1 + rng.below(6));
  Array places = empty({1, kWords});
  for (std::size_t i = 0; i < kWords; ++i) places(0, i) = first + static_cast<real>(i);
  v.set("places", places);
  v.set("embedding", drawn(rng, {kWords, kModel}, -4, 4, 0.5));
  v.set("attention", drawn(rng, {kWords, kModel}, -4, 4, 0.5));
  v.set("gain", drawn(rng, {kModel}, 1, 3, 0.5));
  v.set("bias", drawn(rng, {kModel}, -2, 2, 0.5));
  v.set("w_1", drawn(rng, {kModel, kInner}, -2, 2, 0.5));
  v.set("b_1", drawn(rng, {kInner}, -1, 2, 0.5));
  v.set("w_2", drawn(rng, {kInner, kModel}, -2, 2, 0.5));
  v.set("b_2", drawn(rng, {kModel}, -2, 2, 0.5));
  return v;
}

std::size_t first_place(const Values& v) { return index_of(v["places"].value()(0, 0), 1000); }

/// A table in which f(place, column) stands.
template <class F>
Array positions(const Values& v, F f) {
  Array out = empty({kWords, kModel});
  for (std::size_t i = 0; i < kWords; ++i) {
    for (std::size_t c = 0; c < kModel; ++c)
      out(i, c) = static_cast<real>(f(static_cast<double>(first_place(v) + i), c));
  }
  return out;
}

double wave(double place, bool sine, double exponent, double base = 10000) {
  const double angle = place / std::pow(base, exponent);
  return sine ? std::sin(angle) : std::cos(angle);
}

Wrongs wrong_positions(const Values& v) {
  const double d = kModel;
  const auto with_exponent = [&](auto exponent) {
    return positions(v, [&](double place, std::size_t c) {
      return wave(place, c % 2 == 0, exponent(static_cast<double>(c)) / d);
    });
  };
  const auto with_base = [&](double base) {
    return positions(v, [&](double place, std::size_t c) {
      return wave(place, c % 2 == 0, 2 * std::floor(static_cast<double>(c) / 2) / d, base);
    });
  };
  return {{"position-halves", positions(v,
                                        [&](double place, std::size_t c) {
                                          const std::size_t half = kModel / 2;
                                          return wave(place, c < half, 2.0 * double(c % half) / d);
                                        })},
          {"position-exponent", with_exponent([](double c) { return std::floor(c / 2); })},
          {"position-exponent", with_exponent([](double c) { return 4 * std::floor(c / 2); })},
          {"position-exponent", with_exponent([](double c) { return c; })},
          {"position-exponent", with_exponent([](double c) { return 2 * c; })},
          {"position-base", with_base(1000)},
          {"position-cosine-first", positions(v,
                                              [&](double place, std::size_t c) {
                                                return wave(place, c % 2 == 1,
                                                            2 * std::floor(double(c) / 2) / d);
                                              })},
          {"position-from-one", sinusoidal_positions(kWords, kModel, first_place(v) + 1)}};
}

Array product(const Array& a, const Array& b) {
  Array out = a;
  for (std::size_t i = 0; i < out.size(); ++i) out.data()[i] *= b.data()[i];
  return out;
}

/// gain (x - mean) / divisor + bias in each row, where divisor = f(sum of squares, numbers);
/// the row's own mean, unless one is given.
template <class F>
Array normed_by(const Values& v, const Array& x, F divisor,
                std::optional<double> given_mean = std::nullopt) {
  Array out = x;
  const Array &gain = v["gain"].value(), &bias = v["bias"].value();
  for (std::size_t i = 0; i < rows(x); ++i) {
    double mean = 0, squares = 0;
    for (const real number : row(x, i)) mean += double{number} / kModel;
    mean = given_mean.value_or(mean);
    for (const real number : row(x, i)) squares += (number - mean) * (number - mean);
    for (std::size_t c = 0; c < kModel; ++c) {
      out(i, c) = static_cast<real>(
          double{gain(c)} * (double{x(i, c)} - mean) / divisor(squares, double(kModel)) + bias(c));
    }
  }
  return out;
}

Tensor normed(const Values& v, const Tensor& x) {
  return norm({}, x, {v["gain"], v["bias"]}, kEps);
}

/// One mean and one variance for the whole matrix.
Array normed_over_all(const Values& v, const Array& x) {
  double mean = 0, variance = 0;
  const auto n = static_cast<double>(x.size());
  for (const real number : x) mean += double{number} / n;
  for (const real number : x) variance += (number - mean) * (number - mean) / n;
  return normed_by(
      v, x, [&](double, double) { return std::sqrt(variance + kEps); }, mean);
}

Wrongs wrong_norm(const Values& v, const Tensor& x) {
  const auto by = [&](auto divisor) { return normed_by(v, x.value(), divisor); };
  const Tensor ones{full({kModel}, 1)}, none{zeros({kModel})};
  const auto rms = [](double squares, double n) { return std::sqrt(squares / n + kEps); };
  return {{"norm-unbiased",
           by([](double squares, double n) { return std::sqrt(squares / (n - 1) + kEps); })},
          {"norm-eps-outside",
           by([](double squares, double n) { return std::sqrt(squares / n) + kEps; })},
          {"norm-unbiased-eps",
           by([](double squares, double n) { return std::sqrt(squares / (n - 1)) + kEps; })},
          {"norm-variance", by([](double squares, double n) { return squares / n + kEps; })},
          {"norm-rms", normed_by(v, x.value(), rms, 0)},
          {"norm-over-all", normed_over_all(v, x.value())},
          {"norm-affine", norm({}, x, {ones, none}, kEps).value()},
          {"norm-affine", norm({}, x, {v["gain"], none}, kEps).value()},
          {"norm-affine", norm({}, x, {ones, v["bias"]}, kEps).value()},
          {"norm-over-batch", batch_norm({}, x, v["gain"], v["bias"], kEps).value()}};
}

Array gelu_tanh(const Array& x) {
  return mapped(x, [](double t) {
    const double root = std::sqrt(2 / 3.14159265358979323846);
    return 0.5 * t * (1 + std::tanh(root * (t + 0.044715 * t * t * t)));
  });
}

/// What stands in gelu's place.
Wrongs wrong_hidden(const Values& v) {
  const Tensor inner = linear({}, v["norm1"], v["w_1"], v["b_1"]);
  const auto act = [&](auto f) { return mapped(inner.value(), f); };
  const auto gelu_of = [](const Tensor& x) { return gelu({}, x).value(); };
  return {
      {"gelu-tanh", gelu_tanh(inner.value())},
      {"activation-other", act([](double x) { return std::max(x, 0.0); })},
      {"activation-other", act([](double x) { return x / (1 + std::exp(-1.702 * x)); })},
      {"activation-other", act([](double x) { return x / (1 + std::exp(-x)); })},
      {"activation-missing", inner.value()},
      {"bias-missing", gelu_of(linear({}, v["norm1"], v["w_1"]))},
      {"matrix-transposed", gelu_of(linear({}, v["norm1"], transpose({}, v["w_1"]), v["b_1"]))}};
}

Wrongs wrong_ffn(const Values& v) {
  return {
      {"bias-missing", linear({}, v["hidden"], v["w_2"]).value()},
      {"matrix-transposed", linear({}, v["hidden"], transpose({}, v["w_2"]), v["b_2"]).value()}};
}

Wrongs wrong_output(const Values& v) {
  const Tensor &a = v["norm1"], &f = v["ffn"];
  const FeedForwardParameters net{v["w_1"], v["b_1"], v["w_2"], v["b_2"]};
  const Tensor before = feed_forward({}, normed(v, a), net, Activation::gelu);
  Wrongs w = wrong_norm(v, add({}, a, f));
  w.push_back({"norm-order", add({}, a, before).value()});
  w.push_back({"norm-order", add({}, a, normed(v, f)).value()});
  w.push_back({"residual-missing", normed(v, f).value()});
  for (const char* from : {"x", "residual"})
    w.push_back({"residual-other", normed(v, add({}, v[from], f)).value()});
  w.push_back({"residual-twice", normed(v, add({}, scale({}, a, 2), f)).value()});
  w.push_back({"norm-missing", add({}, a, f).value()});
  return w;
}

}  // namespace

Sheet encoder_sheet() {
  Sheet sheet;
  sheet.name = "encoder";
  sheet.title = "Positions and an encoder block";
  sheet.intro =
      "Three words from the middle of a sentence get their positions and pass through one block of "
      "an encoder (post-norm, as in \"Attention is all you need\"). What attention gave for these "
      "words is given: you computed such matrices on the sheets before. Both layer norms have the "
      "same gain and bias, and eps = 0.1, so large that you can see where it stands. Use a program "
      "or a spreadsheet.";
  sheet.given = {{"places", "the places of the three words; the first word of a sentence is at 0"},
                 {"embedding", "E: row i is the vector of word i"},
                 {"attention", "attention(X): what the attention layer gave for the three words"},
                 {"gain", "gain of both layer norms"},
                 {"bias", "bias of both layer norms"},
                 {"w_1", "W_1"},
                 {"b_1", "b_1"},
                 {"w_2", "W_2"},
                 {"b_2", "b_2"}};
  sheet.draw = draw;
  sheet.steps = {
      {.name = "position",
       .task = "Row i: `PE(pos, 2i) = sin(pos / 10000^(2i/d))`, "
               "`PE(pos, 2i+1) = cos(pos / 10000^(2i/d))` for the place pos of the word, d = 4. "
               "Sines and cosines take turns, column by column.",
       .points = 2,
       .digits = 4,
       .right =
           [](const Values& v) { return sinusoidal_positions(kWords, kModel, first_place(v)); },
       .wrong = wrong_positions},
      {.name = "x",
       .task = "`X = E + PE`.",
       .points = 1,
       .digits = 4,
       .right = [](const Values& v) { return add({}, v["embedding"], v["position"]).value(); },
       .wrong =
           [](const Values& v) {
             return Wrongs{
                 {"position-multiplied", product(v["embedding"].value(), v["position"].value())}};
           }},
      {.name = "residual",
       .task = "`X + attention(X)`.",
       .points = 1,
       .digits = 4,
       .right = [](const Values& v) { return add({}, v["x"], v["attention"]).value(); },
       .wrong =
           [](const Values& v) {
             return Wrongs{
                 {"residual-missing", v["attention"].value()},
                 {"residual-other", add({}, v["embedding"], v["attention"]).value()},
                 {"residual-twice", add({}, scale({}, v["x"], 2), v["attention"]).value()}};
           }},
      {.name = "norm1",
       .task = "`norm1(X + attention(X))`, in each row: "
               "`gain (x - mean) / sqrt(variance + eps) + bias`, with the variance over d (not "
               "d - 1) and eps = 0.1.",
       .points = 2,
       .digits = 4,
       .right = [](const Values& v) { return normed(v, v["residual"]).value(); },
       .wrong =
           [](const Values& v) {
             Wrongs w = wrong_norm(v, v["residual"]);
             w.push_back({"residual-missing", normed(v, v["attention"]).value()});
             return w;
           }},
      {.name = "hidden",
       .task = "`gelu(norm1 W_1 + b_1)` with the exact `gelu(x) = x (1 + erf(x / sqrt(2))) / 2`. "
               "**Five digits** here.",
       .points = 2,
       .digits = 5,
       .right =
           [](const Values& v) {
             return gelu({}, linear({}, v["norm1"], v["w_1"], v["b_1"])).value();
           },
       .wrong = wrong_hidden},
      {.name = "ffn",
       .task = "`hidden W_2 + b_2`.",
       .points = 1,
       .digits = 4,
       .right = [](const Values& v) { return linear({}, v["hidden"], v["w_2"], v["b_2"]).value(); },
       .wrong = wrong_ffn},
      {.name = "output",
       .task = "`norm2(a + ffn(a))` with a = norm1: the block's result.",
       .points = 1,
       .digits = 4,
       .right = [](const Values& v) { return normed(v, add({}, v["norm1"], v["ffn"])).value(); },
       .wrong = wrong_output},
  };
  return sheet;
}

}  // namespace attn::app::homework
