// Sheet 1: scores and softmax by hand.
#include <cmath>
#include <limits>

#include "app/homework/worksheet.h"
#include "app/homework/wrong.h"
#include "attn/ops/ops.h"

namespace attn::app::homework {

namespace {

constexpr std::size_t kWords = 3, kWidth = 4, kValueWidth = 2;

Values draw(Rng& rng) {
  Values v;
  v.set("q", drawn(rng, {kWords, kWidth}, -2, 2));
  v.set("k", drawn(rng, {kWords, kWidth}, -1, 2));
  v.set("v", drawn(rng, {kWords, kValueWidth}, -3, 4));
  Array large = drawn(rng, {1, kWords}, 0, 4);
  v.set("large", mapped(large, [](double x) { return 1000 + x; }));
  return v;
}

}  // namespace

Sheet softmax_sheet() {
  Sheet sheet;
  sheet.name = "softmax";
  sheet.title = "Scores and softmax by hand";
  sheet.intro =
      "Three words ask (the rows of Q), three words answer (the rows of K), and V holds what can "
      "be "
      "taken from each. All numbers are whole and small: paper, a pencil and a pocket calculator "
      "for the exponentials are enough.";
  sheet.given = {{"q", "Q: row i is the query of word i"},
                 {"k", "K: row j is the key of word j"},
                 {"v", "V: row j is the value of word j"},
                 {"large", "one row of large scores, for the last step"}};
  sheet.draw = draw;
  sheet.steps = {
      {.name = "scores",
       .task = "`S = Q K^T / sqrt(d_k)`. Row i, column j: how well query i fits key j. d_k is the "
               "number of columns of K.",
       .points = 3,
       .digits = 3,
       .right =
           [](const Values& v) {
             return matmul_nt({}, v["q"], v["k"], 1 / std::sqrt(double(kWidth))).value();
           },
       .wrong =
           [](const Values& v) {
             Wrongs w;
             add_wrong_scores(w, v["q"], v["k"], 0);
             return w;
           }},
      {.name = "weights",
       .task = "`A = softmax(S)`: in each row, `exp` of every score over the sum of the row's "
               "exponentials.",
       .points = 3,
       .digits = 3,
       .right = [](const Values& v) { return softmax({}, v["scores"]).value(); },
       .wrong =
           [](const Values& v) {
             Wrongs w;
             add_wrong_softmax(w, v["scores"], {}, kWidth);
             return w;
           }},
      {.name = "output",
       .task = "`O = A V`: row i is the mixture of the values that query i takes.",
       .points = 2,
       .digits = 3,
       .right = [](const Values& v) { return matmul({}, v["weights"], v["v"]).value(); },
       .wrong =
           [](const Values& v) {
             return Wrongs{
                 {"value-is-key", matmul({}, v["weights"], v["k"]).value()},
                 {"weights-transposed", matmul({}, transpose({}, v["weights"]), v["v"]).value()}};
           }},
      {.name = "large",
       .task = "The softmax of the row in `large`. `exp` of these numbers is too large for a "
               "calculator and for most programs; softmax is not. (The answer goes to "
               "`answers/large.csv`.)",
       .points = 2,
       .digits = 3,
       .right = [](const Values& v) { return softmax({}, v["large"]).value(); },
       .wrong =
           [](const Values& v) {
             return Wrongs{{"softmax-unstable", naive_softmax({}, v["large"]).value()}};
           }},
  };
  return sheet;
}

}  // namespace attn::app::homework
