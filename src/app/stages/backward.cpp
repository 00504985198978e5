// The gradients of one attention head: by the tape, by the formulas in plain loops, and by
// differences.
#include <fmt/format.h>

#include <map>

#include "app/frame/command.h"
#include "app/stages/mask_option.h"
#include "attn/core/error.h"
#include "attn/graph/tape.h"
#include "attn/nn/attention.h"
#include "attn/ops/ops.h"

namespace attn::app {

namespace {

struct BackwardOptions {
  std::string mask = "none";
};

void bind(Cli& cli, BackwardOptions& o) { bind_mask(cli, o.mask); }

constexpr double kMostOperations = 5e7;

/// A matrix in double, for plain loops.
struct Grid {
  std::size_t m = 0, n = 0;
  std::vector<double> v;
  Grid() = default;
  Grid(std::size_t rows, std::size_t columns) : m(rows), n(columns), v(rows * columns, 0.0) {}
  explicit Grid(const Array& a) : m(rows(a)), n(columns(a)), v(a.begin(), a.end()) {}
  double& at(std::size_t i, std::size_t j) { return v[i * n + j]; }
  double at(std::size_t i, std::size_t j) const { return v[i * n + j]; }
};

Grid transposed(const Grid& a) {
  Grid out(a.n, a.m);
  transpose_into(a.v.data(), a.m, a.n, out.v.data());
  return out;
}

Grid product(const Grid& a, const Grid& b, double scale = 1) {
  Grid out(a.m, b.n);
  for (std::size_t i = 0; i < a.m; ++i) {
    for (std::size_t l = 0; l < a.n; ++l) {
      for (std::size_t j = 0; j < b.n; ++j) out.at(i, j) += scale * a.at(i, l) * b.at(l, j);
    }
  }
  return out;
}

Grid sum(Grid a, const Grid& b) {
  for (std::size_t i = 0; i < a.v.size(); ++i) a.v[i] += b.v[i];
  return a;
}

Grid softmax_of(Grid s) {
  for (std::size_t i = 0; i < s.m; ++i) {
    double top = -INFINITY, total = 0;
    for (std::size_t j = 0; j < s.n; ++j) top = std::max(top, s.at(i, j));
    for (std::size_t j = 0; j < s.n; ++j)
      total += s.at(i, j) = top == -INFINITY ? 0 : std::exp(s.at(i, j) - top);
    for (std::size_t j = 0; j < s.n && total > 0; ++j) s.at(i, j) /= total;
  }
  return s;
}

using Grids = std::map<std::string, Grid>;

/// The forward pass in plain loops. A matrix that `given` holds is taken from there and not
/// computed.
double loss_by_hand(const Grids& given, const Grid& mask, Grids* all = nullptr) {
  Grids m = given;
  const auto made = [&](const char* name, auto compute) -> const Grid& {
    const auto found = m.find(name);
    return found != m.end() ? found->second : m.emplace(name, compute()).first->second;
  };
  const Grid& q = made("q", [&] { return product(m["x"], m["w_q"]); });
  const Grid& k = made("k", [&] { return product(m["x"], m["w_k"]); });
  const Grid& v = made("v", [&] { return product(m["x"], m["w_v"]); });
  const Grid& s =
      made("scores", [&] { return product(q, transposed(k), 1 / std::sqrt(double(q.n))); });
  const Grid& a = made("weights", [&] { return softmax_of(mask.v.empty() ? s : sum(s, mask)); });
  const Grid& o = made("output", [&] { return product(a, v); });
  double loss = 0;
  for (std::size_t i = 0; i < o.v.size(); ++i) loss += o.v[i] * m["g"].v[i];
  if (all) *all = std::move(m);
  return loss;
}

/// Every gradient by its formula, in plain loops. With `sign` +1 in place of -1, and all numbers
/// positive, it says how large the sums are in which terms may cancel.
Grids gradients_by_hand(const Grids& m, double sign = -1) {
  Grids d;
  const double scale = 1 / std::sqrt(double(m.at("q").n));
  const Grid &a = m.at("weights"), &x = m.at("x");
  d["output"] = m.at("g");
  d["v"] = product(transposed(a), d["output"]);
  const Grid& da = d["weights"] = product(d["output"], transposed(m.at("v")));
  Grid ds(a.m, a.n);
  for (std::size_t i = 0; i < a.m; ++i) {
    double mean = 0;
    for (std::size_t j = 0; j < a.n; ++j) mean += a.at(i, j) * da.at(i, j);
    for (std::size_t j = 0; j < a.n; ++j) ds.at(i, j) = a.at(i, j) * (da.at(i, j) + sign * mean);
  }
  d["q"] = product(ds, m.at("k"), scale);
  d["k"] = product(transposed(ds), m.at("q"), scale);
  d["scores"] = std::move(ds);
  d["x"] =
      sum(sum(product(d["q"], transposed(m.at("w_q"))), product(d["k"], transposed(m.at("w_k")))),
          product(d["v"], transposed(m.at("w_v"))));
  for (const char* p : {"q", "k", "v"}) d["w_" + std::string(p)] = product(transposed(x), d[p]);
  return d;
}

/// (loss(m + h) - loss(m - h)) / 2h for `count` numbers of one matrix; the largest difference from
/// `gradient`.
double against_differences(const Grids& all, const Grid& mask, const std::string& name,
                           const Array& gradient, std::size_t count) {
  // What comes after the changed matrix is computed again, what stands beside it or before it
  // stays.
  static const std::map<std::string, std::vector<const char*>> kept = {
      {"output", {"output"}},
      {"weights", {"weights", "v"}},
      {"v", {"v", "weights"}},
      {"scores", {"scores", "v"}},
      {"q", {"q", "k", "v"}},
      {"k", {"q", "k", "v"}},
      {"x", {"x"}},
      {"w_q", {}},
      {"w_k", {}},
      {"w_v", {}}};
  Grids given;
  for (const char* leaf : {"x", "w_q", "w_k", "w_v", "g"}) given[leaf] = all.at(leaf);
  for (const char* matrix : kept.at(name)) given[matrix] = all.at(matrix);
  double worst = 0;
  const std::size_t size = gradient.size();
  for (std::size_t n = 0; n < std::min(size, count); ++n) {
    const std::size_t at = size <= count ? n : n * (size - 1) / (count - 1);
    double& value = given[name].v[at];
    const double before = value, h = 1e-5 * std::max(1.0, std::abs(before));
    value = before + h;
    const double high = value, up = loss_by_hand(given, mask);
    value = before - h;
    const double slope = (up - loss_by_hand(given, mask)) / (high - value);
    value = before;
    worst = std::max(worst, std::abs(slope - gradient.data()[at]));
  }
  return worst;
}

double largest(const Array& a) {
  double out = 0;
  for (const real v : a) out = std::max(out, std::abs(double{v}));
  return out;
}

/// sum_l a[a0 + l da] b[b0 + l db], appended to a reason.
void add_products(Reason& r, const Tensor& a, std::size_t a0, std::size_t da, const Tensor& b,
                  std::size_t b0, std::size_t db, std::size_t n, double scale = 1) {
  double total = 0;
  if (!r.arithmetic.empty()) r.text(" + ");
  if (scale != 1) r.text(fmt::format("{:.6g} * (", scale));
  for (std::size_t l = 0; l < n; ++l) {
    r.text(l > 0 ? " + " : "").number(a, a0 + l * da).text(" * ").number(b, b0 + l * db);
    total += double{a.value().data()[a0 + l * da]} * b.value().data()[b0 + l * db];
  }
  if (scale != 1) r.text(")");
  r.value += scale * total;
}

/// Notes the gradients as the tape left them, each with its formula's arithmetic.
class Gradients {
 public:
  explicit Gradients(Stage& stage) : s_(stage) {}

  const Tensor& operator[](const std::string& name) const { return made_.at(name); }
  const std::map<std::string, Tensor>& all() const { return made_; }

  void put(const std::string& of, const std::string& formula,
           std::initializer_list<const char*> axes, std::vector<Tensor> inputs, double flops,
           const std::string& about, std::function<Reason(std::size_t)> explain) {
    const Tensor gradient(s_.trace.find(of)->data.grad());
    s_.trace.made(gradient, {"gradient", std::move(inputs), flops, std::move(explain)});
    note(s_.run, "d_" + of, formula, axes, gradient);
    s_.explain("d_" + of, about);
    made_.emplace(of, gradient);
  }

 private:
  Stage& s_;
  std::map<std::string, Tensor> made_;
};

/// dX^T dY: the gradient of a weight matrix. a (n,p), dy (n,q).
std::function<Reason(std::size_t)> column_by_column(const char* rule, const Tensor& a,
                                                    const Tensor& dy, double scale = 1) {
  const std::size_t p = columns(a.value()), q = columns(dy.value()), n = rows(a.value());
  return [=](std::size_t i) {
    Reason r{rule, {}, 0};
    add_products(r, a, i / q, p, dy, i % q, q, n, scale);
    return r;
  };
}

void note_gradients(Stage& s, Gradients& d, std::size_t n, std::size_t width, const Tensor& g) {
  const auto at = [&](const char* path) { return s.trace.find(path)->data; };
  const Tensor x = at("x"), q = at("q"), k = at("k"), v = at("v"), a = at("weights");
  const double c = 1 / std::sqrt(double(width)),
               square = 2.0 * double(n) * double(n) * double(width),
               wide = 2.0 * double(n) * double(width) * double(width);
  d.put("output", "dO = G", {"query", "d_v"}, {g}, 0,
        "The loss is the sum of output times G, so its derivative by each output is the number of "
        "G there.",
        [=](std::size_t i) {
          Reason r{"the factor that this output has in the loss", {}, double{g.value().data()[i]}};
          return r.number(g, i);
        });
  const Tensor d_o = d["output"];
  d.put("v", "dV = A^T dO", {"key", "d_v"}, {a, d_o}, square,
        "A value collects from every query that looked at it, as much as it looked.",
        column_by_column("the weights of this key (a column of A) times a column of dO", a, d_o));
  d.put("weights", "dA = dO V^T", {"query", "key"}, {d_o, v}, square,
        "More weight on a key helps as much as its value agrees with dO.", [=](std::size_t i) {
          Reason r{"this query's row of dO times this key's value", {}, 0};
          add_products(r, d_o, i / n * width, 1, v, i % n * width, 1, width);
          return r;
        });
  const Tensor d_a = d["weights"];
  d.put("scores", "dS = A * (dA - rowsum(A * dA)): through the softmax", {"query", "key"}, {a, d_a},
        4.0 * double(n) * double(n),
        "Weights sum to 1, so only what is better than the row's mean gets more. A weight near 0 "
        "or 1 lets hardly any gradient through.",
        [=](std::size_t i) {
          const std::size_t first = i / n * n;
          Reason r{
              "the weight, times how much better than the row's weighted mean of dA this key is",
              {},
              0};
          r.number(a, i).text(" * (").number(d_a, i).text(" - (");
          double mean = 0;
          for (std::size_t j = 0; j < n; ++j) {
            r.text(j > 0 ? " + " : "").number(a, first + j).text(" * ").number(d_a, first + j);
            mean += double{a.value().data()[first + j]} * d_a.value().data()[first + j];
          }
          r.value = double{a.value().data()[i]} * (double{d_a.value().data()[i]} - mean);
          return r.text("))");
        });
  const Tensor d_s = d["scores"];
  d.put("q", "dQ = dS K / sqrt(d_k)", {"query", "d_k"}, {d_s, k}, square,
        "A query moves towards the keys whose score should grow.", [=](std::size_t i) {
          Reason r{"this query's row of dS times a column of K, scaled", {}, 0};
          add_products(r, d_s, i / width * n, 1, k, i % width, width, n, c);
          return r;
        });
  d.put("k", "dK = dS^T Q / sqrt(d_k)", {"key", "d_k"}, {d_s, q}, square,
        "A key moves towards the queries whose score with it should grow. (d_k is the gradient of "
        "K here; under the root it is the width of a key.)",
        column_by_column("this key's column of dS times a column of Q, scaled", d_s, q, c));
  const Tensor d_q = d["q"], d_k = d["k"], d_v = d["v"];
  d.put("w_q", "dW_Q = X^T dQ", {"d", "d_k"}, {x, d_q}, wide,
        "The same matrix serves every token, so it collects from all of them.",
        column_by_column("a column of X times a column of dQ, over all tokens", x, d_q));
  d.put("w_k", "dW_K = X^T dK", {"d", "d_k"}, {x, d_k}, wide, "As for W_Q.",
        column_by_column("a column of X times a column of dK, over all tokens", x, d_k));
  d.put("w_v", "dW_V = X^T dV", {"d", "d_v"}, {x, d_v}, wide, "As for W_Q.",
        column_by_column("a column of X times a column of dV, over all tokens", x, d_v));
  const Tensor w_q = at("w_q"), w_k = at("w_k"), w_v = at("w_v");
  d.put("x", "dX = dQ W_Q^T + dK W_K^T + dV W_V^T", {"token", "d"}, {d_q, w_q, d_k, w_k, d_v, w_v},
        3 * wide,
        "A token was used three times, as query, key and value: its gradient is the sum of the "
        "three.",
        [=](std::size_t i) {
          Reason r{"what comes back through the query, the key and the value", {}, 0};
          for (const auto& [dy, w] :
               {std::pair{d_q, w_q}, std::pair{d_k, w_k}, std::pair{d_v, w_v}}) {
            add_products(r, dy, i / width * width, 1, w, i % width * width, 1, width);
          }
          return r;
        });
}

void backward(Stage& s, const BackwardOptions& o) {
  s.trace.title = "Back through one head of attention: every gradient";
  const Tensor x = s.x();
  const std::size_t n = x.shape()[0], d = x.shape()[1];
  s.require_memory(sizeof(double) * (20.0 * double(n) * double(n) + 40.0 * double(n) * double(d)),
                   fmt::format("gradients of attention over {} tokens", n));
  const AttentionParameters p{
      s.parameter("w_q", {d, d}), s.parameter("w_k", {d, d}), s.parameter("w_v", {d, d}), {}};
  const double pass = 6 * double(n) * double(d) * double(d) + 4 * double(n) * double(n) * double(d);
  if (pass > kMostOperations) {
    throw Error(
        ErrorKind::limit,
        fmt::format(
            "plain loops over {} tokens of width {} need {:.2g} operations; the limit is {:.2g}", n,
            d, pass, kMostOperations),
        "use a shorter text or a smaller --dim");
  }
  const Tensor g = s.parameters.get_input("g", {n, d}, 1);
  const Tensor mask = make_mask(s, o.mask, n);
  x.require_grad();
  Tape tape;
  const Run run{&tape, &s.trace, &s.rng};
  s.trace.say("Forward first, as in attn attend:");
  s.trace.restart_clock();
  const Tensor output = attention(run, x, p, mask);  // (n,d)
  note(s.run, "g", "G: what the loss makes of each output", {"query", "d_v"}, g);
  s.explain("g",
            "Given, not learnt: a stand-in for everything that comes after attention. It says how "
            "much the loss grows with each number of the output.");
  double total = 0;
  for (std::size_t i = 0; i < n * d; ++i)
    total += double{output.value().data()[i]} * g.value().data()[i];
  const Tensor loss(full({1}, static_cast<real>(total)));
  s.trace.made(loss, {"loss", {output, g}, 2.0 * double(n) * double(d), [=](std::size_t) {
                        Reason r{"every output times its number of G, added", {}, 0};
                        add_products(r, output, 0, 1, g, 0, 1, n * d);
                        return r;
                      }});
  note(s.run, "loss", "sum of O * G, number by number", {"loss"}, loss);
  s.explain("loss",
            "One number. Each gradient below says how fast it grows when one number above grows.");
  s.trace.restart_clock();
  tape.backward(output, g.value());
  s.trace.say(
      "Now backward, from the loss to the input, in the opposite order. d_m has the shape of m: "
      "one slope for each number. "
      "* multiplies number by number.");
  Gradients gradients(s);
  note_gradients(s, gradients, n, d, g);

  // Again, in double: by the formulas, and by changing one number and looking at the loss.
  Grids given, all;
  for (const char* name : {"x", "w_q", "w_k", "w_v", "g"})
    given.emplace(name, Grid(s.trace.find(name)->values()));
  const Grid additive = mask ? Grid(mask.value()) : Grid();
  loss_by_hand(given, additive, &all);
  const Grids by_hand = gradients_by_hand(all);
  Grids positive = all;
  for (auto& [name, grid] : positive) {
    for (double& value : grid.v) value = std::abs(value);
  }
  const Grids sizes = gradients_by_hand(positive, +1);
  const std::size_t count =
      std::clamp<std::size_t>(static_cast<std::size_t>(1e9 / pass / 20), 2, 4096);
  Table table{"checked",
              "Each gradient of the tape against two other ways; both are computed in double.",
              {"gradient", "largest", "numbers changed", "off: differences", "off: formula"},
              {}};
  double worst_difference = 0, worst_formula = 0;
  for (const char* name :
       {"output", "v", "weights", "scores", "q", "k", "w_q", "w_k", "w_v", "x"}) {
    const Array& gradient = gradients[name].value();
    const double differences = against_differences(all, additive, name, gradient, count);
    double formula = 0;
    for (std::size_t i = 0; i < gradient.size(); ++i)
      formula = std::max(formula, std::abs(by_hand.at(name).v[i] - gradient.data()[i]));
    table.rows.push_back({"d_" + std::string(name), largest(gradient),
                          double(std::min(count, gradient.size())), differences, formula});
    const std::vector<double>& terms = sizes.at(name).v;
    const double scale = std::max(*std::max_element(terms.begin(), terms.end()), 1e-30);
    worst_difference = std::max(worst_difference, differences / scale);
    worst_formula = std::max(worst_formula, formula / scale);
  }
  s.trace.add(std::move(table));
  const double tolerance =
      2e-6 * std::max(1.0, std::sqrt(double(n)) / 5);  // long sums in float round more
  s.trace.check(
      "every gradient = (loss(m + h) - loss(m - h)) / 2h, one number changed by h = 0.00001 at a "
      "time (relative to the sum of its terms without signs)",
      worst_difference, tolerance);
  s.trace.check("every gradient = its formula in plain loops (relative to the same)", worst_formula,
                tolerance);
  double row = 0;
  for (std::size_t i = 0; i < n; ++i) {
    double across = 0;
    for (std::size_t j = 0; j < n; ++j)
      across += double{gradients["scores"].value().data()[i * n + j]};
    row = std::max(row, std::abs(across));
  }
  s.trace.check(
      "each row of d_scores sums to 0: raising all scores of a row alike changes no weight", row,
      1e-5 * std::max(largest(gradients["weights"].value()), 1e-30));
}

}  // namespace

Command backward_command() {
  return {.name = "backward",
          .kind = CommandKind::stage,
          .summary = "the gradient of every matrix of one head",
          .example = "backward 'the animal was tired'",
          .setup = with_options<BackwardOptions>(bind, backward)};
}

}  // namespace attn::app
