// Sheet 7: what stood before attention: gates, taps, and a decoder's state.
#include <cmath>

#include "app/homework/worksheet.h"
#include "app/homework/wrong.h"
#include "attn/ops/ops.h"

namespace attn::app::homework {

namespace {

constexpr std::size_t kSteps = 4, kIn = 2, kHidden = 2, kTaps = 3;

Values draw(Rng& rng) {
  Values v;
  v.set("x", drawn(rng, {kSteps, kIn}, -2, 2));
  v.set("lstm_w", drawn(rng, {kIn, 4 * kHidden}, -2, 2, 0.5));
  v.set("lstm_u", drawn(rng, {kHidden, 4 * kHidden}, -2, 2, 0.5));
  v.set("lstm_b", drawn(rng, {4 * kHidden}, -2, 2, 0.5));
  v.set("gru_w", drawn(rng, {kIn, 3 * kHidden}, -2, 2, 0.5));
  v.set("gru_u", drawn(rng, {kHidden, 3 * kHidden}, -2, 2, 0.5));
  v.set("gru_b", drawn(rng, {3 * kHidden}, -2, 2, 0.5));
  v.set("gru_c", drawn(rng, {3 * kHidden}, -2, 2, 0.5));
  v.set("taps", drawn(rng, {kTaps, kIn}, -2, 3));
  v.set("start", drawn(rng, {1, kHidden}, -2, 2, 0.5));
  return v;
}

Array zero_row(std::size_t n) { return zeros({n}); }

RecurrentParameters lstm_parameters(const Values& v) {
  return {v["lstm_w"], v["lstm_u"], v["lstm_b"], Tensor(zero_row(4 * kHidden))};
}

/// The columns of w in another order of gates: new gate g is the old gate order[g].
Tensor reordered(const Tensor& w, const std::vector<std::size_t>& order) {
  Array out = w.value();
  for (std::size_t i = 0; i < rows(out); ++i) {
    for (std::size_t g = 0; g < order.size(); ++g) {
      for (std::size_t a = 0; a < kHidden; ++a)
        row(out, i)[g * kHidden + a] = row(w.value(), i)[order[g] * kHidden + a];
    }
  }
  return Tensor(out);
}

Wrongs wrong_lstm(const Values& v) {
  Wrongs w;
  // Whoever reads the columns as i,f,o,g (or another order) uses column block order[g] for gate g.
  for (const std::vector<std::size_t>& order : {std::vector<std::size_t>{0, 1, 3, 2},
                                                {1, 0, 3, 2},
                                                {1, 0, 2, 3},
                                                {0, 2, 1, 3},     // TensorFlow's i, g, f, o
                                                {0, 2, 3, 1}}) {  // ONNX's i, o, f, g
    RecurrentParameters p = lstm_parameters(v);
    p.w_x = reordered(p.w_x, order);
    p.w_h = reordered(p.w_h, order);
    p.b_x = reordered(p.b_x, order);
    w.push_back({"lstm-gate-order", recurrent({}, Cell::lstm, v["x"], p).hidden.value()});
  }
  RecurrentParameters p = lstm_parameters(v);
  p.b_x = Tensor(zero_row(4 * kHidden));
  w.push_back({"bias-missing", recurrent({}, Cell::lstm, v["x"], p).hidden.value()});
  return w;
}

RecurrentParameters gru_parameters(const Values& v) {
  return {v["gru_w"], v["gru_u"], v["gru_b"], v["gru_c"]};
}

/// A GRU whose columns are read as z, r, n (Keras), or without its biases.
Array changed_gru(const Values& v, bool other_order) {
  RecurrentParameters p = gru_parameters(v);
  if (other_order) {
    for (Tensor* each : {&p.w_x, &p.w_h, &p.b_x, &p.b_h}) *each = reordered(*each, {1, 0, 2});
  } else {
    p.b_x = p.b_h = Tensor(zero_row(3 * kHidden));
  }
  return recurrent({}, Cell::gru, v["x"], p).hidden.value();
}

double sigmoid_of(double x) { return 1 / (1 + std::exp(-x)); }

/// A GRU done wrongly: z and 1 - z swapped, or r applied to h before the product.
Array other_gru(const Values& v, bool swapped, bool r_first) {
  const Array &x = v["x"].value(), &w = v["gru_w"].value(), &u = v["gru_u"].value(),
              &b = v["gru_b"].value(), &c = v["gru_c"].value();
  Array out = empty({kSteps, kHidden});
  std::vector<double> h(kHidden, 0);
  const auto part = [&](const std::vector<double>& state, std::size_t column) {
    double sum = 0;
    for (std::size_t a = 0; a < kHidden; ++a) sum += state[a] * double{u(a, column)};
    return sum;
  };
  for (std::size_t t = 0; t < kSteps; ++t) {
    const auto of_x = [&](std::size_t column) {
      double sum = b(column);
      for (std::size_t a = 0; a < kIn; ++a) sum += double{x(t, a)} * double{w(a, column)};
      return sum;
    };
    std::vector<double> r(kHidden), z(kHidden), reset(kHidden), next(kHidden);
    for (std::size_t a = 0; a < kHidden; ++a) {
      r[a] = sigmoid_of(of_x(a) + part(h, a) + c(a));
      z[a] = sigmoid_of(of_x(kHidden + a) + part(h, kHidden + a) + c(kHidden + a));
      reset[a] = r[a] * h[a];
    }
    for (std::size_t a = 0; a < kHidden; ++a) {
      const std::size_t column = 2 * kHidden + a;
      const double old =
          r_first ? part(reset, column) + c(column) : r[a] * (part(h, column) + c(column));
      const double n = std::tanh(of_x(column) + old);
      next[a] = swapped ? z[a] * n + (1 - z[a]) * h[a] : (1 - z[a]) * n + z[a] * h[a];
      out(t, a) = static_cast<real>(next[a]);
    }
    h = next;
  }
  return out;
}

Tensor taps(const Values& v, bool flipped) {
  Array w = empty({kTaps, kIn, 1});
  for (std::size_t k = 0; k < kTaps; ++k) {
    for (std::size_t c = 0; c < kIn; ++c)
      w(k, c, 0) = v["taps"].value()(flipped ? kTaps - 1 - k : k, c);
  }
  return Tensor(w);
}

Array convolved(const Values& v, bool flipped) {
  return convolution({}, v["x"], taps(v, flipped), Tensor(zeros({1}))).value();
}

/// Scores of each decoder state with each row of x, by a plain product.
Array state_scores(const Values& v, bool before) {
  const Tensor& s = v["gru"];
  const Tensor queries = before ? concat_rows({}, v["start"], slice_rows({}, s, 0, kSteps - 1)) : s;
  return matmul_nt({}, queries, v["x"]).value();
}

}  // namespace

Sheet recurrent_sheet() {
  Sheet sheet;
  sheet.name = "recurrent";
  sheet.title = "Before attention: gates, taps, states";
  sheet.intro =
      "The nets that read sequences before attention, on four steps of two numbers. Use a program: "
      "a library's own LSTM, GRU and convolution will do, once their weights are in its order.";
  sheet.given = {{"x", "X: row t is what is read at step t"},
                 {"lstm_w", "W_x of the LSTM: the columns are the gates i, f, g, o, two each"},
                 {"lstm_u", "W_h of the LSTM, in the same order"},
                 {"lstm_b", "its bias"},
                 {"gru_w", "W_x of the GRU: the columns are r, z, n, two each"},
                 {"gru_u", "W_h of the GRU"},
                 {"gru_b", "b_x of the GRU"},
                 {"gru_c", "b_h of the GRU"},
                 {"taps", "a kernel of three taps: row 0 meets the left neighbour"},
                 {"start", "the decoder's state before the first step, s_(-1)"}};
  sheet.draw = draw;
  sheet.steps = {
      {.name = "lstm",
       .task = "h of the LSTM at each step, from zeros: `i, f, o = sigmoid(x W_x + h W_h + b)`, "
               "`g = tanh(...)`, `c = f c + i g`, `h = o tanh(c)`.",
       .points = 3,
       .right =
           [](const Values& v) {
             return recurrent({}, Cell::lstm, v["x"], lstm_parameters(v)).hidden.value();
           },
       .wrong = wrong_lstm},
      {.name = "gru",
       .task =
           "h of the GRU at each step, from zeros: `r, z = sigmoid(x W_x + b_x + h W_h + b_h)`, "
           "`n = tanh(x W_xn + b_xn + r * (h W_hn + b_hn))`, `h' = (1 - z) * n + z * h`.",
       .points = 3,
       .right =
           [](const Values& v) {
             return recurrent({}, Cell::gru, v["x"], gru_parameters(v)).hidden.value();
           },
       .wrong =
           [](const Values& v) {
             return Wrongs{{"gru-update", other_gru(v, true, false)},
                           {"gru-update", other_gru(v, false, true)},
                           {"gru-update", other_gru(v, true, true)},
                           {"gru-gate-order", changed_gru(v, true)},
                           {"bias-missing", changed_gru(v, false)}};
           }},
      {.name = "convolution",
       .task =
           "The convolution of nets (a cross-correlation): at step t, tap 0 times x at t-1, tap "
           "1 times x at t, tap 2 times x at t+1, all added up over both columns; zeros beyond "
           "the ends. One number per step: a column of four.",
       .points = 2,
       .right = [](const Values& v) { return convolved(v, false); },
       .wrong =
           [](const Values& v) {
             return Wrongs{{"conv-flipped", convolved(v, true)}};
           }},
      {.name = "alignment",
       .task = "A decoder in Bahdanau's manner: let the states `s_t` be the rows of your `gru` and "
               "the source words the rows of X. Row t: the products of the state **before** step t "
               "(`s_(t-1)`; `start` for t = 0) with every source word.",
       .points = 2,
       .right = [](const Values& v) { return state_scores(v, true); },
       .wrong =
           [](const Values& v) {
             return Wrongs{{"bahdanau-state", state_scores(v, false)}};
           }},
  };
  return sheet;
}

}  // namespace attn::app::homework
