// `why`: the arithmetic that an op gives for a number gives that number.
#include <doctest/doctest.h>

#include <cmath>
#include <filesystem>
#include <fstream>
#include <functional>
#include <set>
#include <string>

#include "attn/core/rng.h"
#include "attn/graph/trace.h"
#include "attn/ops/ops.h"
#include "calculator.h"
#include "small_attention.h"
#include "why_rows.h"

using namespace attn;
using namespace attn::testing;

namespace {

using Row = WhyRow;

Tensor ids(Rng& rng, std::size_t n, std::size_t vocabulary) {
  Array out = empty({n});
  for (real& x : out) x = static_cast<real>(rng.below(vocabulary));
  return Tensor::ids(std::move(out));
}

/// 0 or `other`, both about equally often.
Tensor either(Rng& rng, const Shape& shape, real other) {
  Array out = empty(shape);
  for (real& x : out) x = rng.below(2) ? 0 : other;
  return Tensor(std::move(out));
}

using Size = std::function<std::size_t()>;

/// A recurrent layer over a batch, in both directions by turns.
RecurrentResult recurrent_of(const Run& run, Rng& r, Size n, Cell cell) {
  const std::size_t d = n(), h = n(), width = gates_of(cell) * h;
  const Tensor x = normal(r, {n(), n(), d}), w_x = normal(r, {d, width}),
               w_h = normal(r, {h, width});
  const Tensor b_x = normal(r, {width}), b_h = normal(r, {width});
  return recurrent(run, cell, x, {w_x, w_h, b_x, b_h}, r.below(2) == 1);
}

/// Ids below `classes`, about every third one negative: not counted.
Tensor targets(Rng& r, const Shape& shape, std::size_t classes) {
  Array out = empty(shape);
  for (real& t : out) t = r.below(3) == 0 ? real{-1} : static_cast<real>(r.below(classes));
  return Tensor::ids(std::move(out));
}

std::vector<Row> table() {
  std::vector<Row> rows = {
      {"embed", true,
       [](const Run& run, Rng& r, Size n) {
         const std::size_t v = n();
         const Tensor t = normal(r, {v, n()});
         return embed(run, t, ids(r, n(), v));
       }},
      {"one_hot", false,
       [](const Run& run, Rng& r, Size n) {
         const std::size_t v = n();
         return one_hot(run, ids(r, n(), v), v);
       }},
      {"patches", true,
       [](const Run& run, Rng& r, Size n) {
         const std::size_t side = n();
         return patches(run, normal(r, {n(), n() * side, n() * side, n()}), side);
       }},
      {"frames", true,
       [](const Run& run, Rng& r, Size n) {
         const std::size_t window = n();
         return frames(run, normal(r, {window + n() * n()}), window, n());
       }},
      {"spectrum", false,
       [](const Run& run, Rng& r, Size n) {
         return spectrum(run, normal(r, {n(), 16 + n()}), 8000, 1 + n() / 2);
       }},
      {"linear", true,
       [](const Run& run, Rng& r, Size n) {
         const std::size_t in = n(), out = n();
         const Tensor x = normal(r, {n(), n(), in}), w = normal(r, {in, out});
         return linear(run, x, w, normal(r, {out}));
       }},
      {"linear", true,
       [](const Run& run, Rng& r, Size n) {
         const std::size_t in = n();
         const Tensor x = normal(r, {n(), in});
         return linear(run, x, normal(r, {in, n()}));
       }},
      {"matmul", true,
       [](const Run& run, Rng& r, Size n) {
         const std::size_t h = n(), k = n();
         const Tensor a = normal(r, {h, n(), k});
         return matmul(run, a, normal(r, {h, k, n()}));
       }},
      {"matmul", true,
       [](const Run& run, Rng& r, Size n) {
         const std::size_t k = n();
         const Tensor a = normal(r, {n(), n(), k});
         return matmul(run, a, normal(r, {k, n()}));
       }},
      {"matmul_nt", true,
       [](const Run& run, Rng& r, Size n) {
         const std::size_t b = n(), h = n(), k = n();
         const Tensor a = normal(r, {b, h, n(), k});
         return matmul_nt(run, a, normal(r, {b, h, n(), k}), 0.37);
       }},
      {"add", true,
       [](const Run& run, Rng& r, Size n) {
         const std::size_t m = n(), d = n();
         const Tensor a = normal(r, {n(), m, d});
         return add(run, a, normal(r, {m, d}));
       }},
      {"multiply", true,
       [](const Run& run, Rng& r, Size n) {
         const std::size_t m = n(), d = n();
         const Tensor a = normal(r, {n(), m, d});
         return multiply(run, a, normal(r, {m, d}));
       }},
      {"multiply", true,
       [](const Run& run, Rng& r, Size n) {
         const std::size_t m = n();
         const Tensor a = normal(r, {m, n()});
         return multiply(run, a, normal(r, {m, 1}));
       }},
      {"scale", true,
       [](const Run& run, Rng& r, Size n) {
         return scale(run, normal(r, {n(), n()}), -1.0 / 3);
       }},
      {"relu", true,
       [](const Run& run, Rng& r, Size n) {
         return relu(run, normal(r, {n(), n()}));
       }},
      {"leaky_relu", true,
       [](const Run& run, Rng& r, Size n) {
         return leaky_relu(run, normal(r, {n(), n()}));
       }},
      {"swish", true,
       [](const Run& run, Rng& r, Size n) {
         return swish(run, normal(r, {n(), n()}, 2));
       }},
      {"gelu", true,
       [](const Run& run, Rng& r, Size n) {
         return gelu(run, normal(r, {n(), n()}, 2));
       }},
      {"split_heads", true,
       [](const Run& run, Rng& r, Size n) {
         const std::size_t h = n();
         return split_heads(run, normal(r, {n(), n(), h * n()}), h);
       }},
      {"merge_heads", true,
       [](const Run& run, Rng& r, Size n) {
         return merge_heads(run, normal(r, {n(), n(), n(), n()}));
       }},
      {"reshape", true,
       [](const Run& run, Rng& r, Size n) {
         const std::size_t p = n(), q = n();
         return reshape(run, normal(r, {p, q}), {q, p, 1});
       }},
      {"transpose", true,
       [](const Run& run, Rng& r, Size n) {
         return transpose(run, normal(r, {n(), n(), n()}));
       }},
      {"concat_columns", true,
       [](const Run& run, Rng& r, Size n) {
         const std::size_t b = n(), m = n();
         const Tensor a = normal(r, {b, m, n()});
         return concat_columns(run, a, normal(r, {b, m, n()}));
       }},
      {"concat_rows", true,
       [](const Run& run, Rng& r, Size n) {
         const std::size_t d = n();
         const Tensor a = normal(r, {n(), d});
         return concat_rows(run, a, normal(r, {n(), d}));
       }},
      {"slice_rows", true,
       [](const Run& run, Rng& r, Size n) {
         const std::size_t m = n(), begin = r.below(m);
         return slice_rows(run, normal(r, {m, n()}), begin, m);
       }},
      {"slice_columns", true,
       [](const Run& run, Rng& r, Size n) {
         const std::size_t m = n(), begin = r.below(m);
         return slice_columns(run, normal(r, {n(), n(), m}), begin, m);
       }},
      {"rotary", true,
       [](const Run& run, Rng& r, Size n) {
         return rotary(run, normal(r, {n(), n(), 2 * n()}));
       }},
      {"additive_scores", true,
       [](const Run& run, Rng& r, Size n) {
         const std::size_t a = n();
         const Tensor q = normal(r, {n(), a}), k = normal(r, {n(), a});
         return additive_scores(run, q, k, normal(r, {a}));
       }},
      {"edge_scores", true,
       [](const Run& run, Rng& r, Size n) {
         const std::size_t d = n();
         const Tensor h = normal(r, {n(), n(), d});
         return edge_scores(run, h, normal(r, {2 * d}));
       }},
      {"unit_rows", true,
       [](const Run& run, Rng& r, Size n) {
         Array x = r.normal({1 + n(), n()}, 1);
         for (real& first : row(x, 0)) first = 0;
         return unit_rows(run, Tensor(std::move(x)));
       }},
      {"softmax", true,
       [](const Run& run, Rng& r, Size n) {
         return softmax(run, normal(r, {n(), n(), n()}));
       }},
      {"softmax", true,
       [](const Run& run, Rng& r, Size n) {
         const std::size_t q = n(), k = n();
         const Tensor s = normal(r, {n(), q, k});
         return softmax(run, s, either(r, {q, k}, -kInfinity));
       }},
      {"naive_softmax", true,
       [](const Run& run, Rng& r, Size n) {
         return naive_softmax(run, normal(r, {n(), n()}));
       }},
      {"sparsemax", true,
       [](const Run& run, Rng& r, Size n) {
         return sparsemax(run, normal(r, {n(), n()}));
       }},
      {"hardmax", false,
       [](const Run& run, Rng& r, Size n) {
         return hardmax(run, normal(r, {n(), n()}));
       }},
      {"sample_rows", false,
       [](const Run& run, Rng& r, Size n) {
         return sample_rows(run, softmax(Run{}, normal(r, {n(), n()})));
       }},
      {"renormalize", true,
       [](const Run& run, Rng& r, Size n) {
         const std::size_t q = n(), k = n();
         const Tensor w = softmax(Run{}, normal(r, {n(), q, k}));
         return renormalize(run, w, either(r, {q, k}, 1));
       }},
      {"recurrent", true,
       [](const Run& run, Rng& r, Size n) { return recurrent_of(run, r, n, Cell::rnn).hidden; }},
      {"recurrent", true,
       [](const Run& run, Rng& r, Size n) { return recurrent_of(run, r, n, Cell::lstm).hidden; }},
      {"recurrent", true,
       [](const Run& run, Rng& r, Size n) { return recurrent_of(run, r, n, Cell::gru).hidden; }},
      {"gates", true,
       [](const Run& run, Rng& r, Size n) { return recurrent_of(run, r, n, Cell::rnn).gates; }},
      {"gates", true,
       [](const Run& run, Rng& r, Size n) { return recurrent_of(run, r, n, Cell::lstm).gates; }},
      {"gates", true,
       [](const Run& run, Rng& r, Size n) { return recurrent_of(run, r, n, Cell::gru).gates; }},
      {"cell", true,
       [](const Run& run, Rng& r, Size n) { return recurrent_of(run, r, n, Cell::lstm).cell; }},
      {"convolution", true,
       [](const Run& run, Rng& r, Size n) {
         const std::size_t kernel = 1 + r.below(4), in = n(), out = n();
         const Tensor x = normal(r, {n(), n(), in}), w = normal(r, {kernel, in, out});
         return convolution(run, x, w, normal(r, {out}), 1 + r.below(2), r.below(2) == 1);
       }},
      {"depthwise_convolution", true,
       [](const Run& run, Rng& r, Size n) {
         const std::size_t c = n();
         const Tensor x = normal(r, {n(), n(), c}), w = normal(r, {1 + r.below(5), c});
         return depthwise_convolution(run, x, w, normal(r, {c}));
       }},
      {"convolution_2d", true,
       [](const Run& run, Rng& r, Size n) {
         const std::size_t in = n(), out = n();
         const Tensor x = normal(r, {n(), n(), n(), in}),
                      w = normal(r, {1 + r.below(5), 1 + r.below(5), in, out});
         return convolution_2d(run, x, w, normal(r, {out}), 1 + r.below(3));
       }},
      {"convolution_2d", true,
       [](const Run& run, Rng& r, Size n) {
         const std::size_t in = n();
         const Tensor x = normal(r, {n(), n(), in});
         return convolution_2d(run, x, normal(r, {2, 2, in, n()}));
       }},
      {"layer_norm", true,
       [](const Run& run, Rng& r, Size n) {
         const std::size_t d = n();
         const Tensor x = normal(r, {n(), n(), d}), gain = normal(r, {d});
         return layer_norm(run, x, gain, normal(r, {d}));
       }},
      {"row_mean", true,
       [](const Run& run, Rng& r, Size n) {
         return row_mean(run, normal(r, {n(), n(), n()}));
       }},
      {"row_max", true,
       [](const Run& run, Rng& r, Size n) {
         return row_max(run, normal(r, {n(), n(), n()}));
       }},
      {"row_variance", true,
       [](const Run& run, Rng& r, Size n) {
         return row_variance(run, normal(r, {n(), n(), n()}));
       }},
      {"batch_norm", true,
       [](const Run& run, Rng& r, Size n) {
         const std::size_t d = n();
         const Tensor x = normal(r, {n(), n(), d}), gain = normal(r, {d});
         return batch_norm(run, x, gain, normal(r, {d}));
       }},
      {"halting_weights", true,
       [](const Run& run, Rng& r, Size n) {
         return halting_weights(run, sigmoid(Run{}, normal(r, {n(), n()})), 0.99);
       }},
      {"halting_stop", false,
       [](const Run& run, Rng& r, Size n) {
         return halting_stop(run, sigmoid(Run{}, normal(r, {n(), n()})), 0.99);
       }},
      {"dropout", true,
       [](const Run& run, Rng& r, Size n) {
         return dropout(run, normal(r, {n(), n()}), 0.3);
       }},
      {"cross_entropy", true,
       [](const Run& run, Rng& r, Size n) {
         const std::size_t b = n(), m = n(), v = n();
         const Tensor x = normal(r, {b, m, v});
         return cross_entropy(run, x, targets(r, {b, m}, v), r.below(2) == 1 ? 0.1 : 0);
       }},
      {"squared_error", true,
       [](const Run& run, Rng& r, Size n) {
         const Shape shape{n(), n()};
         const Tensor x = normal(r, shape);
         return squared_error(run, x, either(r, shape, kNaN));
       }},
  };
  for (const Row& row : seq2seq_why_rows()) rows.push_back(row);
  return rows;
}

}  // namespace

TEST_CASE("why: for every op, the arithmetic of every number gives that number") {
  for (const Row& row : table()) {
    for (std::uint64_t seed = 0; seed < 12; ++seed) {
      Rng numbers(seed), sizes(seed, 1), draws(seed, 2);
      const Size size = [&] { return seed == 0 ? 1 : seed == 1 ? 2 : 1 + sizes.below(6); };
      Trace trace;
      const Tensor y = row.make(Run{.trace = &trace, .rng = &draws}, numbers, size);
      const Making* making = trace.making(y);
      INFO(row.name << " case " << seed << " " << to_string(y.shape()));
      REQUIRE(making);
      CHECK(making->op == row.name);
      double largest = 1;
      for (const real value : y.value()) largest = std::max(largest, std::abs(double{value}));
      for (std::size_t i = 0; i < y.value().size(); ++i) {
        const Reason reason = making->explain(i);
        CHECK_FALSE(reason.rule.empty());
        CHECK_FALSE(reason.arithmetic.empty());
        CHECK(std::abs(reason.value - y.value().data()[i]) <= 1e-5 * largest);
        for (const auto& piece : reason.arithmetic) {
          const auto* number = std::get_if<NumberRef>(&piece);
          if (!number) continue;
          CHECK(number->index < number->tensor.value().size());
          bool is_input = false;
          for (const Tensor& input : making->inputs) is_input |= input.id() == number->tensor.id();
          // A recurrent layer looks at its own results of the step before.
          const Making* own = trace.making(number->tensor);
          is_input |= own && own->inputs.size() > 0 &&
                      (own->op == "gates" || own->op == "cell" || own->op == "recurrent");
          CHECK(is_input);
        }
        const bool nothing = reason.rule.find("gives zeros") != std::string::npos;
        if (!row.is_formula || nothing) continue;
        const double shown = Calculator(reason).result();  // constants have six digits
        CHECK(std::abs(shown - y.value().data()[i]) <= 2e-5 * largest);
      }
    }
  }
}

TEST_CASE("why: every op of ops.h is in the table") {
  const auto root = std::filesystem::path(__FILE__).parent_path().parent_path().parent_path();
  std::set<std::string> rows;
  for (const Row& row : table()) rows.insert(row.name);
  for (const char* file : {"ops.h", "recurrent.h"}) {
    std::ifstream header(root / "src" / "attn" / "ops" / file);
    REQUIRE_MESSAGE(header.good(), file << " must be readable from the test");
    for (std::string line; std::getline(header, line);) {
      const std::size_t open = line.find("(const Run& run");
      if (open == std::string::npos) continue;
      const std::size_t space = line.rfind(' ', open);
      const std::string name = line.substr(space + 1, open - space - 1);
      CHECK_MESSAGE(rows.count(name) == 1, "no row for " << name);
    }
  }
}

TEST_CASE("why: a row with nothing to look at says so") {
  Trace trace;
  const Tensor s(matrix({{1, 2}})), mask(matrix({{-kInfinity, -kInfinity}}));
  const Tensor y = softmax(Run{.trace = &trace}, s, mask);
  const Reason reason = trace.making(y)->explain(0);
  CHECK(reason.value == 0);
  CHECK(reason.rule == "a row with nothing to look at gives zeros");
}
