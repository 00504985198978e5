// Sheet 5: a decoder step with cross-attention.
#include <cmath>

#include "app/homework/worksheet.h"
#include "app/homework/wrong.h"
#include "attn/nn/mask.h"
#include "attn/ops/ops.h"

namespace attn::app::homework {

namespace {

// d_k, sqrt(d_k), sqrt(d_model) and the root of the number of words are four different numbers.
constexpr std::size_t kWords = 3, kMemory = 3, kModel = 5, kWidth = 2, kVocabulary = 6;

Values draw(Rng& rng) {
  Values v;
  std::vector<real> words = {1, 2, 3, 4, 5};  // 0 is <start>
  rng.shuffle(std::span<real>(words));
  Array target = empty({1, kWords});
  for (std::size_t i = 0; i < kWords; ++i) target(0, i) = words[i];
  v.set("target", target);
  v.set("embedding", drawn(rng, {kVocabulary, kModel}, -4, 4, 0.5));
  v.set("memory", drawn(rng, {kMemory, kModel}, -4, 4, 0.5));
  v.set("w_q", drawn(rng, {kModel, kWidth}, -1, 1));
  v.set("w_k", drawn(rng, {kModel, kWidth}, -1, 1));
  v.set("w_v", drawn(rng, {kModel, kWidth}, -1, 2));
  v.set("w_o", drawn(rng, {kWidth, kModel}, -1, 1));
  return v;
}

Array row_of(std::initializer_list<real> numbers) {
  Array out = empty({1, numbers.size()});
  std::copy(numbers.begin(), numbers.end(), out.data());
  return out;
}

Array shifted(const Values& v) {
  const Array& t = v["target"].value();
  return row_of({0, t(0, 0), t(0, 1)});
}

Wrongs wrong_input(const Values& v) {
  const Array& t = v["target"].value();
  return {{"teacher-shift", t},
          {"teacher-shift", row_of({t(0, 1), t(0, 2), 0})},
          {"teacher-end", row_of({0, t(0, 0), t(0, 1), t(0, 2)})}};
}

Array product(const Values& v, const char* x, const char* w) {
  return linear({}, v[x], v[w]).value();
}

/// A projection whose wrong idea reads from the other side.
SheetStep projection(const char* name, const char* letter, const char* from, const char* other,
                     const char* w) {
  return {.name = name,
          .task = std::string("`") + letter +
                  "` of cross-attention. Which side does it come from: "
                  "the decoder's words (`x`) or the encoder's `memory`? Multiply by `" +
                  w + "`.",
          .points = 1,
          .right = [=](const Values& v) { return product(v, from, w); },
          .wrong =
              [=](const Values& v) {
                return Wrongs{{"cross-swapped", product(v, other, w)}};
              }};
}

}  // namespace

Sheet decoder_sheet() {
  Sheet sheet;
  sheet.name = "decoder";
  sheet.title = "A decoder step with cross-attention";
  sheet.intro =
      "A decoder learns to write a sentence of three words. It reads the words before each place "
      "and looks at what the encoder gave (the memory). Word 0 is `<start>`. To keep it short "
      "there "
      "are no positions, no self-attention and no norms: one head of cross-attention with its "
      "residual connection.";
  sheet.given = {{"target", "the ids of the sentence that shall be written"},
                 {"embedding", "E: row w is the vector of word w; row 0 belongs to `<start>`"},
                 {"memory", "M: what the encoder gave, one row per source word"},
                 {"w_q", "W_Q"},
                 {"w_k", "W_K"},
                 {"w_v", "W_V"},
                 {"w_o", "W_O"}};
  sheet.draw = draw;
  sheet.steps = {
      {.name = "input",
       .task = "The three ids that the decoder **reads** when it learns (teacher forcing), so that "
               "at each place it must guess the target's word of that place.",
       .points = 1,
       .digits = 0,
       .right = shifted,
       .wrong = wrong_input},
      {.name = "x",
       .task = "`X`: the row of E for each id of `input`.",
       .points = 0.5,
       .right =
           [](const Values& v) {
             const Tensor ids =
                 Tensor::ids(reshaped(v["input"].value(), {v["input"].value().size()}));
             return embed({}, v["embedding"], ids).value();
           }},
      projection("q", "Q", "x", "memory", "w_q"),
      projection("k", "K", "memory", "x", "w_k"),
      projection("v", "V", "memory", "x", "w_v"),
      {.name = "scores",
       .task = "`S = Q K^T / sqrt(d_k)`: one row per word of the decoder, one column per word of "
               "the source.",
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
      {.name = "weights",
       .task = "`A = softmax(S)`. No mask: the whole source may be seen.",
       .points = 1.5,
       .right = [](const Values& v) { return softmax({}, v["scores"]).value(); },
       .wrong =
           [](const Values& v) {
             Wrongs w;
             add_wrong_softmax(w, v["scores"], {}, kWidth);
             const Tensor causal{causal_mask(kWords)};
             w.push_back({"mask-in-cross", softmax({}, v["scores"], causal).value()});
             return w;
           }},
      {.name = "context",
       .task = "`C = A V`.",
       .points = 1,
       .right = [](const Values& v) { return matmul({}, v["weights"], v["v"]).value(); },
       .wrong =
           [](const Values& v) {
             return Wrongs{
                 {"value-is-key", matmul({}, v["weights"], v["k"]).value()},
                 {"weights-transposed", matmul({}, transpose({}, v["weights"]), v["v"]).value()}};
           }},
      {.name = "output",
       .task = "`X + C W_O`.",
       .points = 1,
       .right =
           [](const Values& v) {
             return add({}, v["x"], linear({}, v["context"], v["w_o"])).value();
           },
       .wrong =
           [](const Values& v) {
             const Tensor changed = linear({}, v["context"], v["w_o"]);
             return Wrongs{{"residual-missing", changed.value()},
                           {"output-missing", v["context"].value()},
                           {"residual-twice", add({}, scale({}, v["x"], 2), changed).value()},
                           {"residual-other", add({}, v["memory"], changed).value()}};
           }},
  };
  return sheet;
}

}  // namespace attn::app::homework
