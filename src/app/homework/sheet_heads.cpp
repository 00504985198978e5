// Sheet 3: many heads.
#include <cmath>

#include "app/homework/worksheet.h"
#include "app/homework/wrong.h"
#include "attn/ops/ops.h"

namespace attn::app::homework {

namespace {

// d_k, sqrt(d_k), sqrt(d_model) and sqrt(n) are four different numbers.
constexpr std::size_t kWords = 4, kHeads = 2, kWidth = 3, kModel = kHeads * kWidth;

Values draw(Rng& rng) {
  Values v;
  v.set("q", drawn(rng, {kWords, kModel}, -2, 3));
  v.set("k", drawn(rng, {kWords, kModel}, -2, 2));
  v.set("v", drawn(rng, {kWords, kModel}, -3, 4));
  v.set("w_o", drawn(rng, {kModel, kModel}, -1, 2));
  return v;
}

/// out[h,i,c] = x[i, column(h,c)].
template <class F>
Array heads_by(const Tensor& x, F column) {
  Array out = empty({kHeads, kWords, kWidth});
  for (std::size_t h = 0; h < kHeads; ++h) {
    for (std::size_t i = 0; i < kWords; ++i) {
      for (std::size_t c = 0; c < kWidth; ++c) out(h, i, c) = x.value()(i, column(h, c));
    }
  }
  return out;
}

Wrongs wrong_split(const Tensor& x) {
  return {{"heads-reshape-only", reshaped(x.value(), {kHeads, kWords, kWidth})},
          {"heads-interleaved",
           heads_by(x, [](std::size_t h, std::size_t c) { return h + c * kHeads; })}};
}

Wrongs wrong_concat(const Values& v) {
  const Array& c = v["context"].value();
  Array reversed = empty({kWords, kModel}), interleaved = reversed;
  for (std::size_t h = 0; h < kHeads; ++h) {
    for (std::size_t i = 0; i < kWords; ++i) {
      for (std::size_t a = 0; a < kWidth; ++a) {
        reversed(i, (kHeads - 1 - h) * kWidth + a) = c(h, i, a);
        interleaved(i, a * kHeads + h) = c(h, i, a);
      }
    }
  }
  return {{"concat-order", reversed},
          {"concat-order", interleaved},
          {"concat-order", reshaped(c, {kWords, kModel})},
          {"concat-order", reshaped(c, {kHeads * kWords, kWidth})}};
}

Wrongs wrong_weights(const Values& v) {
  Wrongs w;
  const Tensor& s = v["scores"];
  add_wrong_softmax(w, s, {}, kWidth);
  // Across the heads: the head becomes the last axis and comes back.
  const Tensor last = transpose({}, reshape({}, s, {kHeads, kWords * kWords}));
  const Tensor shared = transpose({}, softmax({}, last));
  w.push_back({"softmax-over-heads", reshaped(shared.value(), {kHeads, kWords, kWords})});
  return w;
}

SheetStep split_step(const char* name, const char* from, double points) {
  return {.name = name,
          .task = std::string("`") + from +
                  "` cut into heads: head h takes the columns h d_k to h d_k + d_k - 1 of every "
                  "row (h from 0).",
          .points = points,
          .right = [from](const Values& v) { return split_heads({}, v[from], kHeads).value(); },
          .wrong = [from](const Values& v) { return wrong_split(v[from]); }};
}

}  // namespace

Sheet heads_sheet() {
  Sheet sheet;
  sheet.name = "heads";
  sheet.title = "Many heads";
  sheet.intro =
      "Four words, two heads (H = 2), d_k = d_v = 3. Queries, keys and values of all heads stand "
      "side by side in Q, K and V, as the projections give them.";
  sheet.given = {{"q", "Q: the queries of all heads side by side"},
                 {"k", "K: the keys"},
                 {"v", "V: the values"},
                 {"w_o", "W_O: mixes the heads"}};
  sheet.draw = draw;
  sheet.steps = {
      split_step("q_heads", "q", 1),
      split_step("k_heads", "k", 0.5),
      split_step("v_heads", "v", 0.5),
      {.name = "scores",
       .task = "For each head h: `S_h = Q_h K_h^T / sqrt(d_k)`.",
       .points = 2,
       .right =
           [](const Values& v) {
             return matmul_nt({}, v["q_heads"], v["k_heads"], 1 / std::sqrt(double(kWidth)))
                 .value();
           },
       .wrong =
           [](const Values& v) {
             Wrongs w;
             add_wrong_scores(w, v["q_heads"], v["k_heads"], kModel);
             return w;
           }},
      {.name = "weights",
       .task = "`A_h = softmax(S_h)`, row by row.",
       .points = 2,
       .right = [](const Values& v) { return softmax({}, v["scores"]).value(); },
       .wrong = wrong_weights},
      {.name = "context",
       .task = "`C_h = A_h V_h`.",
       .points = 1.5,
       .right = [](const Values& v) { return matmul({}, v["weights"], v["v_heads"]).value(); },
       .wrong =
           [](const Values& v) {
             return Wrongs{{"value-is-key", matmul({}, v["weights"], v["k_heads"]).value()},
                           {"weights-transposed",
                            matmul({}, transpose({}, v["weights"]), v["v_heads"]).value()}};
           }},
      {.name = "concat",
       .task =
           "`[C_0 C_1]`: in row i, what head 0 found for word i, then what head 1 found for it.",
       .points = 1.5,
       .right = [](const Values& v) { return merge_heads({}, v["context"]).value(); },
       .wrong = wrong_concat},
      {.name = "output",
       .task = "`O = [C_0 C_1] W_O`.",
       .points = 1,
       .right = [](const Values& v) { return linear({}, v["concat"], v["w_o"]).value(); },
       .wrong =
           [](const Values& v) {
             return Wrongs{
                 {"output-missing", v["concat"].value()},
                 {"matrix-transposed", linear({}, v["concat"], transpose({}, v["w_o"])).value()}};
           }},
  };
  return sheet;
}

}  // namespace attn::app::homework
