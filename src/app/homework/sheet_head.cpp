// Sheet 2: one head with masks.
#include <cmath>

#include "app/homework/worksheet.h"
#include "app/homework/wrong.h"
#include "attn/nn/mask.h"
#include "attn/ops/ops.h"

namespace attn::app::homework {

namespace {

constexpr std::size_t kWords = 4, kModel = 5, kWidth = 3, kValueWidth = 2, kPadding = 1;

Values draw(Rng& rng) {
  Values v;
  v.set("x", drawn(rng, {kWords, kModel}, -1, 2));
  v.set("w_q", drawn(rng, {kModel, kWidth}, -1, 1));
  v.set("w_k", drawn(rng, {kModel, kWidth}, -1, 1));
  v.set("w_v", drawn(rng, {kModel, kValueWidth}, -1, 2));
  return v;
}

Array projected(const Values& v, const char* w) { return linear({}, v["x"], v[w]).value(); }

/// 1 where query i may look at key j.
template <class F>
Array keep_where(F f) {
  Array keep = empty({kWords, kWords});
  for (std::size_t i = 0; i < kWords; ++i) {
    for (std::size_t j = 0; j < kWords; ++j) keep(i, j) = f(i, j) ? 1 : 0;
  }
  return keep;
}

void add_kept(Wrongs& to, std::string_view id, const Tensor& s, const Array& keep) {
  for (Array& value : kept_softmax(s, keep)) to.push_back({id, std::move(value)});
}

Wrongs wrong_causal(const Values& v) {
  Wrongs w;
  const Tensor& s = v["scores"];
  add_wrong_mask(w, s, kept(causal_mask(kWords)));
  add_kept(w, "mask-inverted", s, keep_where([](auto i, auto j) { return j >= i; }));
  add_kept(w, "mask-off-by-one", s, keep_where([](auto i, auto j) { return j < i; }));
  add_kept(w, "mask-off-by-one", s, keep_where([](auto i, auto j) { return j <= i + 1; }));
  w.push_back({"mask-missing", softmax({}, s).value()});
  add_wrong_softmax(w, s, Tensor(causal_mask(kWords)), kWidth);
  return w;
}

Wrongs wrong_padded(const Values& v) {
  Wrongs w;
  const Tensor& s = v["scores"];
  add_wrong_mask(w, s, kept(padding_mask(kWords, kPadding)));
  // Where such rows keep their raw scores, it is the softmax of no mask at all: no sign of this
  // idea.
  const Array unmasked = softmax({}, s).value();
  const Array rows_kept = keep_where([](auto i, auto) { return i + kPadding < kWords; });
  for (Array& value : kept_softmax(s, rows_kept)) {
    if (largest_difference(value, unmasked) > 0)
      w.push_back({"mask-padding-rows", std::move(value)});
  }
  add_kept(w, "mask-off-by-one", s,
           keep_where([](auto, auto j) { return j + kPadding + 1 < kWords; }));
  w.push_back({"mask-missing", unmasked});
  add_wrong_softmax(w, s, Tensor(padding_mask(kWords, kPadding)), kWidth);
  return w;
}

}  // namespace

Sheet head_sheet() {
  Sheet sheet;
  sheet.name = "head";
  sheet.title = "One head, with masks";
  sheet.intro =
      "Four tokens; the fourth is padding. One head of self-attention, first as a decoder has it "
      "(nobody sees what comes later), then as an encoder has it (nobody sees the padding).";
  sheet.given = {{"x", "X: row i is token i; d_model is the number of its columns"},
                 {"w_q", "W_Q"},
                 {"w_k", "W_K"},
                 {"w_v", "W_V"}};
  sheet.draw = draw;
  sheet.steps = {
      {.name = "q",
       .task = "`Q = X W_Q`",
       .points = 1,
       .right = [](const Values& v) { return projected(v, "w_q"); }},
      {.name = "k",
       .task = "`K = X W_K`",
       .points = 1,
       .right = [](const Values& v) { return projected(v, "w_k"); }},
      {.name = "v",
       .task = "`V = X W_V`",
       .points = 1,
       .right = [](const Values& v) { return projected(v, "w_v"); }},
      {.name = "scores",
       .task = "`S = Q K^T / sqrt(d_k)`, without a mask. d_k is the number of columns of K.",
       .points = 2,
       .right =
           [](const Values& v) {
             return matmul_nt({}, v["q"], v["k"], 1 / std::sqrt(double(kWidth))).value();
           },
       .wrong =
           [](const Values& v) {
             Wrongs w;
             add_wrong_scores(w, v["q"], v["k"], kModel);
             return w;
           }},
      {.name = "causal",
       .task = "The weights under a causal mask: `A = softmax(S + M)` with `M[i,j] = 0` where "
               "j <= i and `-inf` elsewhere. Token i sees itself and what stands before it.",
       .points = 2,
       .right =
           [](const Values& v) {
             return softmax({}, v["scores"], Tensor(causal_mask(kWords))).value();
           },
       .wrong = wrong_causal},
      {.name = "padded",
       .task = "The weights under a padding mask alone (not the causal one): nobody looks at the "
               "last token. Compute its own row like the others; what it gives is simply not used.",
       .points = 2,
       .right =
           [](const Values& v) {
             return softmax({}, v["scores"], Tensor(padding_mask(kWords, kPadding))).value();
           },
       .wrong = wrong_padded},
      {.name = "output",
       .task = "`O = A V` with the **causal** weights.",
       .points = 1,
       .right = [](const Values& v) { return matmul({}, v["causal"], v["v"]).value(); },
       .wrong =
           [](const Values& v) {
             return Wrongs{
                 {"value-is-key", matmul({}, v["causal"], v["k"]).value()},
                 {"weights-transposed", matmul({}, transpose({}, v["causal"]), v["v"]).value()}};
           }},
  };
  return sheet;
}

}  // namespace attn::app::homework
