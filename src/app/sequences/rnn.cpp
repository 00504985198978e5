#include <fmt/format.h>

#include <optional>

#include "app/frame/command.h"
#include "app/sequences/by_hand.h"
#include "attn/core/error.h"
#include "attn/core/how_many.h"
#include "attn/nn/layers.h"
#include "attn/ops/ops.h"
#include "attn/text/utf8.h"

namespace attn::app {

namespace {

struct RnnOptions {
  std::string cell = "rnn";
  std::int64_t hidden = 0;
  bool bidirectional = false;
};

void bind(Cli& cli, RnnOptions& o) {
  cli.choice("--cell", o.cell, {"rnn", "lstm", "gru"}, "what is computed at a time step");
  cli.integer("--hidden", o.hidden, 0, 100'000, "width h of the hidden state; 0: d", "H");
  cli.flag("--bidirectional", o.bidirectional,
           "a second net reads from the end; both results side by side");
}

/// A gate: its columns in `gates`, in order, are these.
struct Gate {
  const char* name;
  const char* formula;
  const char* about;
};

std::vector<Gate> gates_named(Cell cell) {
  if (cell == Cell::lstm) {
    return {{"i", "i = sigmoid(x W_xi + b_xi + h W_hi + b_hi)",
             "The input gate: how much of the new is written into the cell (0 nothing, 1 all)."},
            {"f", "f = sigmoid(x W_xf + b_xf + h W_hf + b_hf)",
             "The forget gate: how much of the old cell is kept."},
            {"g", "g = tanh(x W_xg + b_xg + h W_hg + b_hg)",
             "The new: what the input gate lets into the cell."},
            {"o", "o = sigmoid(x W_xo + b_xo + h W_ho + b_ho)",
             "The output gate: how much of the cell is let out as the hidden state."}};
  }
  if (cell == Cell::gru) {
    return {{"r", "r = sigmoid(x W_xr + b_xr + h W_hr + b_hr)",
             "The reset gate: how much of the past the new may use."},
            {"z", "z = sigmoid(x W_xz + b_xz + h W_hz + b_hz)",
             "The update gate: how much of the hidden state stays as it was."},
            {"n", "n = tanh(x W_xn + b_xn + r (h W_hn + b_hn))",
             "The new: what takes the place of the part that does not stay."}};
  }
  return {};
}

const char* formulas(Cell cell) {
  if (cell == Cell::lstm) {
    return "At each time step, with h and c from the step before (zeros at the first):\n"
           "  i = sigmoid(x W_xi + b_xi + h W_hi + b_hi)     how much is written\n"
           "  f = sigmoid(x W_xf + b_xf + h W_hf + b_hf)     how much is kept\n"
           "  g = tanh   (x W_xg + b_xg + h W_hg + b_hg)     what is written\n"
           "  o = sigmoid(x W_xo + b_xo + h W_ho + b_ho)     how much is let out\n"
           "  new c = f c + i g\n"
           "  new h = o tanh(new c)";
  }
  if (cell == Cell::gru) {
    return "At each time step, with h from the step before (zeros at the first):\n"
           "  r = sigmoid(x W_xr + b_xr + h W_hr + b_hr)     how much past the new may use\n"
           "  z = sigmoid(x W_xz + b_xz + h W_hz + b_hz)     how much stays as it was\n"
           "  n = tanh(x W_xn + b_xn + r (h W_hn + b_hn))    the new\n"
           "  new h = (1 - z) n + z h";
  }
  return "At each time step, with h from the step before (zeros at the first):\n"
         "  new h = tanh(x W_x + b_x + h W_h + b_h)";
}

std::vector<std::string> row_names(const Stage& s, std::size_t n) {
  std::vector<std::string> names;
  for (std::size_t t = 0; t < n; ++t) {
    names.push_back(t < s.trace.tokens.size() ? cut(escaped(s.trace.tokens[t]), 14)
                                              : fmt::format("row {}", t));
  }
  return names;
}

/// The rows that a drawing shows: all, or the first and the last few.
std::vector<std::size_t> drawn_rows(std::size_t n) {
  std::vector<std::size_t> rows;
  for (std::size_t t = 0; t < n; ++t) {
    if (n <= 14 || t < 6 || t + 4 >= n) rows.push_back(t);
  }
  return rows;
}

/// Which step waits for which: one chain downwards, or a second one upwards.
std::string chain(const std::vector<std::string>& names, bool both) {
  const std::size_t n = names.size();
  const std::size_t number = std::to_string(n).size(),
                    box = std::to_string(n - 1).size() + 3;  // "[h10]"
  std::size_t width = 5;
  for (const std::size_t t : drawn_rows(n)) width = std::max(width, display_width(names[t]));
  const auto node = [&](char letter, std::size_t t) {
    return pad_right(fmt::format("[{}{}]", letter, t), box);
  };
  const std::string gap(2 + number + 2 + width + 5 + box / 2, ' ');
  std::string out = fmt::format("  {}  {}   {}\n", pad_left("t", number), pad_right("token", width),
                                both ? "forward and backward hidden states" : "hidden state");
  std::size_t before = 0;
  for (const std::size_t t : drawn_rows(n)) {
    const bool jump = t > before + 1;
    if (t > 0 && !both) out += gap + (jump ? ":\n" : "|\n");
    if (t > 0 && both)
      out += gap + (jump ? ":" : "|") + std::string(box + 4, ' ') + (jump ? ":\n" : "^\n");
    const std::string head = fmt::format("  {}  {} --> ", pad_left(std::to_string(t), number),
                                         pad_right(names[t], width));
    std::string waits =
        t == 0 ? "waits for nothing" : fmt::format("waits for {}{}", both ? 'f' : 'h', t - 1);
    if (both) {
      waits = fmt::format("f{} {}, b{} ", t, waits, t) +
              (t + 1 == n ? "for nothing" : fmt::format("for b{}", t + 1));
      out += head + node('f', t) + "     " + node('b', t) + "  " + waits + "\n";
    } else {
      out += head + node('h', t) + "  " + waits + "\n";
    }
    before = t;
  }
  while (!out.empty() && out.back() == '\n') out.pop_back();
  return out;
}

struct Direction {
  RecurrentParameters p;
  Tensor hidden;
};

/// One net: its parameters, its steps (under "NAME." if it has one), and the gates one by one.
Direction read(Stage& s, Cell cell, const Tensor& x, std::size_t h, const std::string& name) {
  const std::size_t d = x.shape()[1], g = gates_of(cell);
  const std::string at = name.empty() ? "" : name + ".";
  const RecurrentParameters p{
      s.parameter(at + "w_x", {d, g * h}), s.parameter(at + "w_h", {h, g * h}),
      s.parameters.get(at + "b_x", {g * h}, 0.1), s.parameters.get(at + "b_h", {g * h}, 0.1)};
  std::optional<Scope> scope;
  if (!name.empty()) scope.emplace(s.run, name);
  s.trace.restart_clock();
  const Tensor hidden = recurrent_layer(s.run, cell, x, p, name == "backward");
  s.explain(at + "hidden",
            name == "backward"
                ? "Row t: what the net knows after reading from the last token back to token t."
                : "Row t: what the net knows after reading up to token t.");
  const Tensor gates = s.trace.find(at + "gates")->data;
  const std::vector<Gate> named = gates_named(cell);
  for (std::size_t i = 0; i < named.size(); ++i) {
    const std::string path = fmt::format("gate.{}", named[i].name);
    note(s.run, path, named[i].formula, {"token", "h"},
         slice_columns(s.run, gates, i * h, (i + 1) * h));
    s.explain(at + path, named[i].about);
  }
  return {p, hidden};
}

/// The op against plain loops, and what does not depend on what.
void check_direction(Stage& s, Cell cell, const Tensor& x, const Direction& net,
                     const std::string& name) {
  const bool reversed = name == "backward";
  const std::string which = name.empty() ? "" : " (" + name + ")";
  const std::size_t n = x.shape()[0], h = net.hidden.shape()[1], last = reversed ? 0 : n - 1;
  const std::vector<HandState> states = recurrent_by_hand(cell, x.value(), net.p, reversed);
  Array by_hand = empty({n, h}), gates = empty({n, gates_of(cell) * h});
  for (std::size_t t = 0; t < n; ++t) {
    std::copy(states[t].h.begin(), states[t].h.end(), by_hand.data() + t * h);
    std::copy(states[t].gates.begin(), states[t].gates.end(), gates.data() + t * columns(gates));
  }
  const Array last_row = slice_rows(Run{}, Tensor(by_hand), last, last + 1).value();
  s.same(fmt::format("hidden[{}], computed step by step in plain loops, = what the layer gave{}",
                     last, which),
         last_row, slice_rows(Run{}, net.hidden, last, last + 1).value());
  s.same(fmt::format("so are all hidden states{}", which), by_hand, net.hidden.value());
  s.same(fmt::format("and all gates{}", which), gates,
         s.trace.find(name.empty() ? "gates" : name + ".gates")->values());
  if (n < 2) return;
  Array changed = x.value();
  for (std::size_t c = 0; c < columns(changed); ++c)
    changed.data()[last * columns(changed) + c] += 1;
  Array after = recurrent(Run{}, cell, Tensor(std::move(changed)), net.p, reversed).hidden.value();
  std::copy_n(net.hidden.value().data() + last * h, h,
              after.data() + last * h);  // this row may change
  s.trace.check(fmt::format("changing the {} token changes no hidden state before it is read{}",
                            reversed ? "first" : "last", which),
                largest_difference(after, net.hidden.value()), 0);
}

void name_gates(Stage& s, Cell cell, std::size_t h) {
  if (h > 1000) return;
  std::vector<std::string>& labels = s.trace.labels["gate"];
  std::vector<Gate> named = gates_named(cell);
  if (named.empty()) named.push_back({"h", "", ""});
  for (const Gate& gate : named) {
    for (std::size_t k = 0; k < h; ++k) labels.push_back(fmt::format("{}{}", gate.name, k));
  }
}

void rnn(Stage& s, const RnnOptions& o) {
  const Cell cell = cell_named(o.cell);
  s.trace.title = fmt::format("A recurrent net ({}): one token after the other", o.cell);
  const Tensor x = s.x();
  const std::size_t n = x.shape()[0], d = x.shape()[1],
                    h = o.hidden > 0 ? static_cast<std::size_t>(o.hidden) : d;
  const std::size_t g = gates_of(cell), nets = o.bidirectional ? 2 : 1;
  s.require_memory(sizeof(real) * 8.0 * double(nets) * double(n) * double(g) * double(h),
                   fmt::format("the gates of {} tokens", n));
  note(s.run, "x", "X: one row per token", {"token", "d"}, x);
  s.explain("x", "What the net reads, one row after the other.");
  name_gates(s, cell, h);
  s.trace.add(Verbatim{formulas(cell)});
  s.trace.add(Verbatim{"What waits for what:\n\n" + chain(row_names(s, n), o.bidirectional)});
  s.trace.say(
      fmt::format("{}, each after the one before it: more processors do not shorten this "
                  "chain. Only x W_x "
                  "+ b_x, which needs no "
                  "hidden state, is computed for all tokens at once.",
                  how_many(n, "step")));
  if (!o.bidirectional) {
    check_direction(s, cell, x, read(s, cell, x, h, ""), "");
  } else {
    const Direction forward = read(s, cell, x, h, "forward"),
                    backward = read(s, cell, x, h, "backward");
    const Tensor output = concat_columns(s.run, forward.hidden, backward.hidden);  // (n,2h)
    note(s.run, "output", "[forward.hidden, backward.hidden]: side by side", {"token", "2h"},
         output);
    s.explain("output",
              "Row t: the left half knows what stands up to token t, the right half what stands "
              "from it on.");
    check_direction(s, cell, x, forward, "forward");
    check_direction(s, cell, x, backward, "backward");
    Array reversed = empty({n, d}), again = empty({n, h});
    for (std::size_t t = 0; t < n; ++t)
      std::copy_n(x.value().data() + (n - 1 - t) * d, d, reversed.data() + t * d);
    const Array read_forward =
        recurrent(Run{}, cell, Tensor(std::move(reversed)), backward.p).hidden.value();
    for (std::size_t t = 0; t < n; ++t)
      std::copy_n(read_forward.data() + (n - 1 - t) * h, h, again.data() + t * h);
    s.same("the backward net = the same net reading the turned-round sentence forward", again,
           backward.hidden.value());
  }
  const std::size_t each = (d + h + 2) * h;
  s.trace.say(
      fmt::format("Parameters: {}(d + h + 2) h = {} x {}{} = {}. The number does not depend on the "
                  "length of the text.",
                  g == 1 ? "" : fmt::format("{} gates x ", g), g, each,
                  nets == 2 ? " in each direction" : "", nets * g * each));
  s.trace.say(
      fmt::format("How much an early token still does to a late one: attn reach --model {}.",
                  o.bidirectional ? "birnn" : o.cell));
}

}  // namespace

Command rnn_command() {
  return {.name = "rnn",
          .kind = CommandKind::stage,
          .summary = "recurrent nets: rnn, lstm, gru, step by step",
          .example = "rnn --cell lstm 'I saw a saw'",
          .setup = with_options<RnnOptions>(bind, rnn)};
}

}  // namespace attn::app
