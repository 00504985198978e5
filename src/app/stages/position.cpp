#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "app/frame/command.h"
#include "attn/core/error.h"
#include "attn/core/how_many.h"
#include "attn/nn/position.h"
#include "attn/ops/ops.h"

namespace attn::app {

namespace {

/// A way to make a place into numbers.
struct PositionKind {
  const char* name;
  const char* formula;
  const char* about;
};

const PositionKind kPositionKinds[] = {
    {"sinusoidal", "PE(pos,2i) = sin(pos/10000^(2i/d)), PE(pos,2i+1) = cos(...)",
     "Each row is one place. The left columns swing quickly, the right ones slowly, like the hands "
     "of a clock: together they tell every place from every other."},
    {"learned", "the first n rows of P",
     "Each place has a row of its own. What was never trained is not there: the table ends."},
    {"onehot", "PE = p W_p",
     "A one-hot place times W_p picks a row of W_p: this is what a learned table is."},
    {"rotary", "the pair (1,0) turned by pos/10000^(2i/d)",
     "Each pair is a hand of a clock, turned further at every place. Queries and keys are turned "
     "this way, nothing is added."},
    {"none", "0", "No place is marked: attention then sees a bag of words."},
};

const PositionKind& position_kind(const std::string& name) {
  return *std::find_if(std::begin(kPositionKinds), std::end(kPositionKinds),
                       [&](const PositionKind& kind) { return kind.name == name; });
}

struct PositionOptions {
  std::string kind = "sinusoidal";
  std::int64_t shift = -1, length = 0, table = 128;
};

void bind(Cli& cli, PositionOptions& o) {
  std::vector<std::string> kinds;
  for (const PositionKind& kind : kPositionKinds) kinds.emplace_back(kind.name);
  cli.choice("--kind", o.kind, kinds, "how a place becomes numbers");
  cli.integer("--shift", o.shift, 0, 1'000'000, "the matrix M_k with PE(pos+k) = M_k PE(pos)", "K");
  cli.integer("--length", o.length, 1, 1'000'000'000'000,
              "show this many positions in place of a text");
  cli.integer("--table", o.table, 1, 1'000'000, "rows of a learned table");
}

/// The table of positions (n,d), noted with whatever it is made from.
Tensor positions(Stage& s, const PositionOptions& o, std::size_t n, std::size_t d) {
  if (o.kind == "sinusoidal") return sinusoidal(s.run, n, d);
  if (o.kind == "none") return Tensor(zeros({n, d}));
  if (o.kind == "learned") {
    const Tensor table = s.parameter("position_table", {static_cast<std::size_t>(o.table), d});
    note(s.run, "position_table", "P: one learned row per position", {"position", "d"}, table);
    return learned_positions(s.run, table, n);
  }
  if (o.kind == "onehot") {
    Array eye = zeros({n, n});
    for (std::size_t i = 0; i < n; ++i) eye.data()[i * n + i] = 1;
    const Tensor p = Tensor::input(std::move(eye));
    note(s.run, "onehot", "p: 1 at the token's place", {"position", "place"}, p);
    const Tensor w = s.parameter("w_p", {n, d});
    note(s.run, "w_p", "W_p: what a place adds", {"place", "d"}, w);
    return linear(s.run, p, w);
  }
  // Rotary positions turn what they are given; turning (1, 0) shows the turn itself.
  Array ones = zeros({n, d});
  for (std::size_t i = 0; i < ones.size(); i += 2) ones.data()[i] = 1;
  const Tensor arrows = Tensor::input(std::move(ones));
  note(s.run, "arrows", "(1, 0) in every pair", {"position", "d"}, arrows);
  return rotary(s.run, arrows);
}

/// PE(pos+k) = M_k PE(pos): the matrix from the formula, and found from the table alone.
void show_shift(Stage& s, const PositionOptions& o, const Tensor& table) {
  if (o.kind != "sinusoidal") {
    throw Error(ErrorKind::usage, fmt::format("--shift with --kind {}", o.kind),
                "only sinusoidal positions have one matrix per shift: use --kind sinusoidal");
  }
  const std::size_t n = table.shape()[0], d = table.shape()[1],
                    k = static_cast<std::size_t>(o.shift);
  const Tensor m = shift_by(s.run, d, k);  // (d,d)
  note(s.run, "shift", fmt::format("M_{}: each pair turned by {}/10000^(2i/d)", k, k),
       {"to", "from"}, m);
  s.explain("shift",
            "2x2 turns along the diagonal. M depends on the shift k alone, not on the place: a "
            "linear layer can learn to look k places away.");
  const Tensor shifted = matmul_nt(s.run, table, m);  // (n,d)
  note(s.run, "shifted", fmt::format("M_{} PE(pos), for every pos", k), {"position", "d"}, shifted);
  s.same(fmt::format("M_{} PE(pos) = PE(pos+{}) at every place", k, k),
         sinusoidal_positions(n, d, k), shifted.value());
  const std::size_t places = std::max<std::size_t>(4 * d, 64);
  const Tensor found = Tensor(found_shift_matrix(d, k, places));
  s.trace.made(found, {"least_squares", {table}, 0, [found, places](std::size_t i) {
                         return Reason{
                             fmt::format("least squares over {} of the same table, continued "
                                         "beyond the rows that are shown",
                                         how_many(places, "place")),
                             {std::string("solved, not written out")},
                             double{found.value().data()[i]}};
                       }});
  note(s.run, "shift_found", "least squares: min |P M^T - P_k|, no formula used", {"to", "from"},
       found);
  s.trace.check("least squares finds M again from the table alone",
                largest_difference(m.value(), found.value()), 1e-3);
}

/// x W_x + p W_p = [x, p] [W_x; W_p]: adding is a case of concatenating.
void show_concatenation(Stage& s, const Tensor& x, const Tensor& p) {
  const std::size_t d = x.shape()[1];
  const Tensor w_x = s.parameter("w_x", {d, d});
  note(s.run, "w_x", "W_x: for the token's part", {"d", "d'"}, w_x);
  const Tensor w_p = s.parameter("w_pos", {d, d});
  note(s.run, "w_pos", "W_pos: for the position's part", {"d", "d'"}, w_p);
  const Tensor sum = add(s.run, linear(s.run, x, w_x), linear(s.run, p, w_p));
  note(s.run, "added", "x W_x + p W_pos", {"token", "d'"}, sum);
  const Tensor joined = concat_columns(s.run, x, p);  // (n,2d)
  note(s.run, "joined", "[x, p]: side by side", {"token", "2d"}, joined);
  const Tensor stacked = concat_rows(s.run, w_x, w_p);  // (2d,d)
  note(s.run, "stacked", "[W_x; W_pos]: one above the other", {"2d", "d'"}, stacked);
  const Tensor product = linear(s.run, joined, stacked);
  note(s.run, "concatenated", "[x, p] [W_x; W_pos]", {"token", "d'"}, product);
  s.same("adding two projections = one projection of the concatenation", sum.value(),
         product.value());
}

/// The score of two turned vectors depends on how far apart they stand, not on where.
void show_relative(Stage& s, const Tensor& x) {
  const std::size_t n = x.shape()[0];
  const Tensor same = embed(s.run, x, Tensor::ids(zeros({n}), Tensor::Kind::value));
  note(s.run, "same_token", "the first token at every place", {"query", "d"}, same);
  const Tensor rotated = rotary(s.run, same);
  const Tensor scores = matmul_nt(s.run, rotated, rotated);  // (n,n)
  note(s.run, "relative", "q_i . k_j of the turned vectors", {"query", "key"}, scores);
  s.explain("relative", "The same numbers along every diagonal: the score depends on j - i alone.");
  double largest = 0;
  for (std::size_t i = 1; i < n; ++i) {
    for (std::size_t j = 1; j < n; ++j) {
      largest =
          std::max(largest, std::abs(double{scores.value()(i, j)} - scores.value()(i - 1, j - 1)));
    }
  }
  s.trace.check("the score of two turned vectors depends on their distance alone", largest,
                1e-5 * std::abs(double{scores.value()(0, 0)}) + 1e-6);
}

void position(Stage& s, const PositionOptions& o) {
  s.trace.title = "Positions: telling attention where a token stands";
  s.trace.result = "output";
  Tensor x;
  if (o.length == 0) {
    if (s.common.position != "none") {
      throw Error(ErrorKind::usage, "--position belongs to the later stages",
                  "here, --kind chooses the positions");
    }
    x = s.x();
    note(s.run, "x", "X: one row per token", {"token", "d"}, x);
    s.explain("x", "Row i is the vector of token i, and says nothing about its place.");
  } else if (s.has_text() || !s.common.input.empty()) {
    throw Error(ErrorKind::usage, "--length with a text or --input",
                "give one of them: each says how many places there are");
  }
  const std::size_t n = x ? x.shape()[0] : static_cast<std::size_t>(o.length);
  const std::size_t d = x ? x.shape()[1] : s.d();
  s.require_memory(4.0 * sizeof(real) * double(n) * double(d),
                   fmt::format("positions {} x {}", n, d));
  if (o.kind == "onehot")
    s.require_memory(2.0 * sizeof(real) * double(n) * double(n),
                     fmt::format("{} one-hot places", n));
  if (x) s.trace.labels["position"] = s.trace.tokens;

  const Tensor table = positions(s, o, n, d);  // (n,d)
  note(s.run, "position", position_kind(o.kind).formula, {"position", "d"}, table);
  s.explain("position", position_kind(o.kind).about);
  if (o.shift >= 0) show_shift(s, o, table);
  if (!x) return;

  const Tensor output = o.kind == "rotary" ? rotary(s.run, x) : add(s.run, x, table);
  note(s.run, "output", o.kind == "rotary" ? "x turned by its place" : "x + position",
       {"token", "d"}, output);
  s.explain("output",
            o.kind == "none" ? "Nothing was added: equal tokens stay equal, wherever they stand."
            : o.kind == "rotary"
                ? "Equal tokens now differ by their place. A model turns its queries and keys like "
                  "this, in every layer."
                : "Equal tokens now differ by their place; this is what the first layer reads.");
  if (o.kind == "rotary") {
    show_relative(s, x);
  } else if (o.kind != "none") {
    show_concatenation(s, x, table);
  }
}

}  // namespace

Command position_command() {
  return {.name = "position",
          .kind = CommandKind::stage,
          .summary = "five ways to say where a token stands",
          .example = "position --shift 3",
          .setup = with_options<PositionOptions>(bind, position)};
}

}  // namespace attn::app
