#include <fmt/format.h>

#include "app/frame/command.h"
#include "app/frame/heads.h"
#include "app/stages/mask_option.h"
#include "attn/core/error.h"
#include "attn/core/how_many.h"
#include "attn/nn/attention.h"
#include "attn/ops/ops.h"

namespace attn::app {

namespace {

struct HeadsOptions {
  std::string mask = "none";
  std::int64_t heads = 2, key_dim = 0, value_dim = 0;
  bool wrong_split = false;
};

void bind(Cli& cli, HeadsOptions& o) {
  cli.integer("--heads", o.heads, 1, 100'000, "number of heads H");
  cli.integer("--key-dim", o.key_dim, 0, 1'000'000,
              "width d_k of a head's queries and keys; 0: d/H");
  cli.integer("--value-dim", o.value_dim, 0, 1'000'000, "width d_v of a head's values; 0: d/H");
  bind_mask(cli, o.mask);
  cli.flag("--wrong-split", o.wrong_split,
           "beside it: heads by reshape without transpose, and what goes wrong");
}

struct Widths {
  std::size_t heads, d_k, d_v;
};

Widths widths(const Stage& s, const HeadsOptions& o, std::size_t d) {
  const bool both_given = o.key_dim > 0 && o.value_dim > 0;
  const std::size_t h = both_given ? static_cast<std::size_t>(o.heads) : heads_for(s, d, o.heads);
  return {h, o.key_dim > 0 ? static_cast<std::size_t>(o.key_dim) : d / h,
          o.value_dim > 0 ? static_cast<std::size_t>(o.value_dim) : d / h};
}

/// One big projection and a split, against H small layers of their own: the same numbers.
void compare_with_small_heads(Stage& s, const Tensor& x, const AttentionParameters& p,
                              const Widths& w, const Tensor& mask, const Array& context) {
  const std::size_t n = x.shape()[0];
  Array small = empty({w.heads, n, w.d_v});
  for (std::size_t h = 0; h < w.heads; ++h) {
    const AttentionParameters one{slice_columns(Run{}, p.w_q, h * w.d_k, (h + 1) * w.d_k),
                                  slice_columns(Run{}, p.w_k, h * w.d_k, (h + 1) * w.d_k),
                                  slice_columns(Run{}, p.w_v, h * w.d_v, (h + 1) * w.d_v),
                                  {}};
    const Array output = attention(Run{}, x, one, mask).value();  // (n,d_v)
    std::copy_n(output.data(), output.size(), small.data() + h * n * w.d_v);
  }
  s.same(fmt::format("one projection cut into {} = {} with their own "
                     "columns of the weights",
                     how_many(w.heads, "head"), how_many(w.heads, "small attention")),
         small, context);
}

/// Attention whose heads are made by reshape alone, out and back: the commonest mistake.
Tensor wrongly_split_attention(const Tensor& x, const AttentionParameters& p, const Widths& w,
                               const Tensor& mask) {
  const Run run{};
  const std::size_t n = x.shape()[0];
  const Tensor q = reshape(run, linear(run, x, p.w_q), {w.heads, n, w.d_k});
  const Tensor k = reshape(run, linear(run, x, p.w_k), {w.heads, n, w.d_k});
  const Tensor v = reshape(run, linear(run, x, p.w_v), {w.heads, n, w.d_v});
  const Tensor context = attend(run, {q, k, v}, mask);
  return linear(run, reshape(run, context, {n, w.heads * w.d_v}), p.w_o);
}

/// reach[i,j] = 1 if output i moves when token j changes, else 0.
template <class Forward>
Array reach(const Tensor& x, Forward forward) {
  const std::size_t n = x.shape()[0], d = x.shape()[1];
  const Array before = forward(x).value();
  Array out = zeros({n, n});
  for (std::size_t j = 0; j < n; ++j) {
    Array changed = x.value();
    for (std::size_t c = 0; c < d; ++c)
      changed.data()[j * d + c] += c % 2 == 0 ? real{1} : real{-1};
    const Array after = forward(Tensor(std::move(changed))).value();
    for (std::size_t i = 0; i < n; ++i) {
      for (std::size_t c = 0; c < columns(before); ++c) {
        const std::size_t at = i * columns(before) + c;
        if (before.data()[at] != after.data()[at]) out.data()[i * n + j] = 1;
      }
    }
  }
  return out;
}

/// "t3.d5": the place in Q (n, H d_k) of each number of the split heads (H,n,d_k).
std::vector<std::string> origins(const Widths& w, std::size_t n, bool wrong) {
  std::vector<std::string> cells;
  for (std::size_t i = 0; i < w.heads * n * w.d_k; ++i) {
    const std::size_t h = i / (n * w.d_k), t = i / w.d_k % n, c = i % w.d_k;
    cells.push_back(wrong ? fmt::format("t{}.d{}", i / (w.heads * w.d_k), i % (w.heads * w.d_k))
                          : fmt::format("t{}.d{}", t, h * w.d_k + c));
  }
  return cells;
}

/// A measured matrix as a step that says what it was measured on.
Tensor measured(Stage& s, Array values, const Tensor& x, const AttentionParameters& p,
                const Tensor& mask) {
  const Tensor y(std::move(values));
  std::vector<Tensor> inputs{x, p.w_q, p.w_k, p.w_v, p.w_o};
  if (mask) inputs.push_back(mask);
  s.trace.made(y, {"reach", std::move(inputs), 0, [y](std::size_t i) {
                     const double value = y.value().data()[i];
                     return Reason{value != 0 ? "changing the token moved the output"
                                              : "changing the token moved nothing",
                                   {std::string("computed twice and compared")},
                                   value};
                   }});
  return y;
}

void show_wrong_split(Stage& s, const Tensor& x, const AttentionParameters& p, const Widths& w,
                      const Tensor& mask) {
  const std::size_t n = x.shape()[0];
  const Tensor q = s.trace.find("q")->data, right = s.trace.find("q_heads")->data;
  s.trace.say("Where each number comes from: t3.d5 is column 5 of token 3 in Q.");
  note(s.run, "right.q_heads", "split, then transposed: (n, H d) -> (n, H, d) -> (H, n, d)",
       {"head", "query", "d_k"}, reshape(s.run, right, right.shape()));
  s.trace.find("right.q_heads")->cells = origins(w, n, false);
  s.explain("right.q_heads",
            "Row i of every head belongs to token i: head 0 has the first columns, head 1 the next "
            "ones.");
  const Tensor wrong = reshape(s.run, q, right.shape());
  note(s.run, "wrong.q_heads", "reshape alone: (n, H d) -> (H, n, d)", {"head", "row", "d_k"},
       wrong);
  s.trace.find("wrong.q_heads")->cells = origins(w, n, true);
  s.explain(
      "wrong.q_heads",
      "The shape is right and the numbers are wrong: one token's columns fill several rows, and a "
      "head holds only some of the tokens.");
  const Tensor seen = measured(
      s,
      reach(x, [&](const Tensor& t) { return multi_head_attention(Run{}, t, p, w.heads, mask); }),
      x, p, mask);
  note(s.run, "right.reach", "1 where output i moves when token j changes", {"query", "key"}, seen);
  s.explain("right.reach",
            mask ? "Every output moves with each token that the mask lets it see."
                 : "Every output moves with every token: attention sees the whole sentence.");
  const Tensor missed =
      measured(s, reach(x, [&](const Tensor& t) { return wrongly_split_attention(t, p, w, mask); }),
               x, p, mask);
  note(s.run, "wrong.reach", "the same for the wrong split", {"query", "key"}, missed);
  s.explain(
      "wrong.reach",
      "Changing a token moves only the outputs that share a head with it. Shapes and row sums say "
      "nothing; this picture does.");
}

void heads(Stage& s, const HeadsOptions& o) {
  s.trace.title = "Several heads: split, attend, concatenate";
  const Tensor x = s.x();
  const std::size_t n = x.shape()[0], d = x.shape()[1];
  const Widths w = widths(s, o, d);
  s.require_memory(sizeof(real) * (3.0 * double(w.heads) * double(n) * double(n) +
                                   double(n) * double(w.heads) * double(6 * w.d_k + 4 * w.d_v)),
                   fmt::format("{} over {}", how_many(w.heads, "head"), how_many(n, "token")));
  const AttentionParameters p{
      s.parameter("w_q", {d, w.heads * w.d_k}), s.parameter("w_k", {d, w.heads * w.d_k}),
      s.parameter("w_v", {d, w.heads * w.d_v}), s.parameter("w_o", {w.heads * w.d_v, d})};
  const Tensor mask = make_mask(s, o.mask, n);
  s.trace.restart_clock();
  multi_head_attention(s.run, x, p, w.heads, mask);
  s.say_if_not_finite({"scores"});
  compare_with_small_heads(s, x, p, w, mask, s.trace.find("context")->values());
  if (o.wrong_split) show_wrong_split(s, x, p, w, mask);
}

}  // namespace

Command heads_command() {
  return {.name = "heads",
          .kind = CommandKind::stage,
          .summary = "many heads: split, attend, concatenate",
          .example = "heads --heads 2 --wrong-split",
          .setup = with_options<HeadsOptions>(bind, heads)};
}

}  // namespace attn::app
