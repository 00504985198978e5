#include "attn/nn/attention.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "attn/core/error.h"
#include "attn/graph/trace.h"
#include "attn/nn/parameters.h"
#include "attn/ops/ops.h"

namespace attn {

std::string possible_heads(std::size_t width) {
  std::string out;
  for (std::size_t h = 1; h <= width && out.size() < 60; ++h) {
    if (width % h == 0) out += fmt::format("{}{}", out.empty() ? "" : ", ", h);
  }
  return out;
}

void require_heads_divide(std::size_t width, std::size_t heads) {
  if (width % heads == 0) return;
  throw Error(ErrorKind::usage,
              fmt::format("a width of {} cannot be divided among {} heads", width, heads),
              fmt::format("the number of heads may be {}", possible_heads(width)));
}

AttentionParameters attention_parameters(Parameters& parameters, const std::string& path,
                                         std::size_t d) {
  const auto weight = [&](const char* name) {
    return parameters.get(path + name, {d, d}, 1 / std::sqrt(static_cast<double>(d)));
  };
  const auto bias = [&](const char* name) { return parameters.get_or(path + name, zeros({d})); };
  return {weight("w_q"), weight("w_k"), weight("w_v"), weight("w_o"),
          bias("b_q"),   bias("b_k"),   bias("b_v"),   bias("b_o")};
}

Projected project(const Run& run, const Tensor& x, const AttentionParameters& p) {
  return project(run, x, x, p);
}

Projected project(const Run& run, const Tensor& x, const Tensor& memory,
                  const AttentionParameters& p) {
  const bool cross = memory.id() != x.id();
  const char* keys = cross ? "memory" : "key";
  const auto unnamed = [&](const Tensor& t) { return run.trace && run.trace->name(t).empty(); };
  if (unnamed(x)) note(run, "x", "X: one row per token", {"token", "d"}, x);
  if (cross && unnamed(memory))
    note(run, "memory", "M: one row per token of the source", {"memory", "d"}, memory);
  // With w_o these are the projections of all heads side by side.
  const char *d_k = p.w_o ? "H d_k" : "d_k", *d_v = p.w_o ? "H d_v" : "d_v";
  note(run, "w_q", "W_Q", {"d", d_k}, p.w_q);
  note(run, "w_k", "W_K", {"d", d_k}, p.w_k);
  note(run, "w_v", "W_V", {"d", d_v}, p.w_v);
  if (p.b_q) {
    note(run, "b_q", "b_Q", {d_k}, p.b_q);
    note(run, "b_k", "b_K", {d_k}, p.b_k);
    note(run, "b_v", "b_V", {d_v}, p.b_v);
  }
  const Tensor q = linear(run, x, p.w_q, p.b_q);  // (n,d_k)
  note(run, "q", p.b_q ? "Q = X W_Q + b_Q" : "Q = X W_Q", {"query", d_k}, q);
  const Tensor k = linear(run, memory, p.w_k, p.b_k);  // (m,d_k)
  const auto formula = [&](const char* own, const char* other) { return cross ? other : own; };
  note(run, "k",
       p.b_k ? formula("K = X W_K + b_K", "K = M W_K + b_K") : formula("K = X W_K", "K = M W_K"),
       {keys, d_k}, k);
  const Tensor v = linear(run, memory, p.w_v, p.b_v);  // (m,d_v)
  note(run, "v",
       p.b_v ? formula("V = X W_V + b_V", "V = M W_V + b_V") : formula("V = X W_V", "V = M W_V"),
       {keys, d_v}, v);
  return {q, k, v};
}

Tensor attend(const Run& run, const Projected& p, const Tensor& mask, bool scaled,
              const char* keys) {
  const bool many = p.q.shape().size() > 2;
  const auto named = [&](const char* path, const char* formula, const Tensor& value) {
    if (many) {
      note(run, path, formula, {"head", "query", keys}, value);
    } else {
      note(run, path, formula, {"query", keys}, value);
    }
  };
  const double d_k = static_cast<double>(p.q.shape().back());
  Tensor scores = matmul_nt(run, p.q, p.k, scaled ? 1 / std::sqrt(d_k) : 1);  // (...,n,m)
  named("scores", scaled ? "S = Q K^T / sqrt(d_k)" : "S = Q K^T", scores);
  if (mask) {
    note(run, "mask", "M: 0 where the query may look, -inf elsewhere", {"query", keys}, mask);
  }
  const Tensor weights = softmax(run, std::move(scores), mask);  // (...,n,m)
  named("weights", mask ? "A = softmax(S + M)" : "A = softmax(S)", weights);
  return matmul(run, weights, p.v);  // (...,n,d_v)
}

Tensor local_attend(const Run& run, const Projected& p, std::size_t radius) {
  const Shape shape = p.q.shape();
  if (shape.size() != 2 || p.k.shape() != shape || p.v.shape().size() != 2 ||
      p.v.shape()[0] != shape[0]) {
    throw Error(
        ErrorKind::bad_input,
        fmt::format(
            "local_attend: q {}, k {} and v {} do not fit: (n,d_k), (n,d_k) and (n,d_v) are needed",
            to_string(shape), to_string(p.k.shape()), to_string(p.v.shape())));
  }
  const std::size_t n = shape[0];
  if (n >= (std::size_t{1} << 24))
    throw Error(ErrorKind::limit, fmt::format("local_attend: {} positions", n), "at most 2^24 - 1");
  if (n == 0) return matmul(run, Tensor(zeros({0, 0})), p.v);
  const std::size_t r = std::min(radius, n - 1), block = std::max<std::size_t>(r, 1);
  const std::size_t blocks = (n + block - 1) / block, width = block + 2 * r;
  // 1. block b holds queries b block .. and the keys from r before them to r behind them. Beyond
  // the
  //    ends stands row 0, and the mask hides it.
  Array queries = empty({blocks, block}), keys = empty({blocks, width}),
        mask = empty({blocks, block, width});
  for (std::size_t b = 0; b < blocks; ++b) {
    for (std::size_t i = 0; i < block; ++i)
      queries.data()[b * block + i] = static_cast<real>(b * block + i < n ? b * block + i : 0);
    for (std::size_t j = 0; j < width; ++j) {
      const std::size_t key = b * block + j;  // its place, plus r
      const bool there = key >= r && key - r < n;
      keys.data()[b * width + j] = static_cast<real>(there ? key - r : 0);
      for (std::size_t i = 0; i < block; ++i) {
        mask.data()[(b * block + i) * width + j] =
            there && j >= i && j - i <= 2 * r ? 0 : -std::numeric_limits<real>::infinity();
      }
    }
  }
  const Tensor key_places = Tensor::ids(std::move(keys), Tensor::Kind::value);
  const Tensor q =
      embed(run, p.q, Tensor::ids(std::move(queries), Tensor::Kind::value));  // (blocks,block,d_k)
  const Tensor k = embed(run, p.k, key_places);                               // (blocks,width,d_k)
  const Tensor v = embed(run, p.v, key_places);                               // (blocks,width,d_v)
  // 2. attend within each block
  const Tensor scores =
      matmul_nt(run, q, k, 1 / std::sqrt(static_cast<double>(shape[1])));  // (blocks,block,width)
  note(run, "scores", "S = Q K^T / sqrt(d_k), for each block", {"block", "query", "key"}, scores);
  const Tensor hidden(std::move(mask));
  note(run, "mask", "M: 0 where the query may look, -inf elsewhere", {"block", "query", "key"},
       hidden);
  const Tensor weights = softmax(run, scores, hidden);  // (blocks,block,width)
  note(run, "weights", "A = softmax(S + M)", {"block", "query", "key"}, weights);
  const Tensor context = matmul(run, weights, v);  // (blocks,block,d_v)
  // 3. the blocks one below the other; the last may be part filled
  const Tensor rows = reshape(run, context, {blocks * block, context.shape().back()});
  return blocks * block == n ? rows : slice_rows(run, rows, 0, n);  // (n,d_v)
}

Tensor attention(const Run& run, const Tensor& x, const AttentionParameters& p,
                 const Tensor& mask) {
  const Tensor output = attend(run, project(run, x, p), mask);
  note(run, "output", "O = A V", {"query", "d_v"}, output);
  return output;
}

Tensor multi_head_attention(const Run& run, const Tensor& x, const AttentionParameters& p,
                            std::size_t heads, const Tensor& mask) {
  return multi_head_attention(run, x, x, p, heads, mask);
}

Tensor multi_head_attention(const Run& run, const Tensor& x, const Tensor& memory,
                            const AttentionParameters& p, std::size_t heads, const Tensor& mask,
                            bool scaled) {
  const char* keys = memory.id() != x.id() ? "memory" : "key";
  const Projected all = project(run, x, memory, p);  // q (n,H d), k and v (m,H d)
  const Tensor q = split_heads(run, all.q, heads);   // (H,n,d_k)
  note(run, "q_heads", "Q cut into heads", {"head", "query", "d_k"}, q);
  const Tensor k = split_heads(run, all.k, heads);  // (H,m,d_k)
  note(run, "k_heads", "K cut into heads", {"head", keys, "d_k"}, k);
  const Tensor v = split_heads(run, all.v, heads);  // (H,m,d_v)
  note(run, "v_heads", "V cut into heads", {"head", keys, "d_v"}, v);

  const Tensor context = attend(run, {q, k, v}, mask, scaled, keys);  // (H,n,d_v)
  note(run, "context", "C = A V, for each head", {"head", "query", "d_v"}, context);
  const Tensor concat = merge_heads(run, context);  // (n,H d_v)
  note(run, "concat", "[C_1 ... C_H]: the heads side by side", {"query", "H d_v"}, concat);
  note(run, "w_o", "W_O", {"H d_v", "d"}, p.w_o);
  if (p.b_o) note(run, "b_o", "b_O", {"d"}, p.b_o);
  const Tensor output = linear(run, concat, p.w_o, p.b_o);  // (n,d)
  note(run, "output", p.b_o ? "O = [C_1 ... C_H] W_O + b_O" : "O = [C_1 ... C_H] W_O",
       {"query", "d"}, output);
  return output;
}

}  // namespace attn
