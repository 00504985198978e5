#include "attn/ops/recurrent.h"

#include <algorithm>
#include <cmath>
#include <optional>

#include "attn/core/gemm.h"
#include "attn/core/rows.h"
#include "attn/ops/op.h"
#include "attn/ops/recurrent_row.h"

namespace attn {

Cell cell_named(std::string_view name) {
  if (name == "rnn") return Cell::rnn;
  if (name == "lstm") return Cell::lstm;
  if (name == "gru") return Cell::gru;
  throw Error(ErrorKind::internal, fmt::format("no recurrent cell {}", escaped(name)));
}

namespace {

struct Sizes {
  std::size_t batch, time, d, h, width;  // width = g h
  bool reversed;
  std::size_t step(std::size_t s) const {
    return reversed ? time - 1 - s : s;
  }  // the s-th step's place
  /// Sentences do not wait for one another, so threads share them out, in parts of at most 16. The
  /// parts are the same for every number of threads, and so are the digits.
  std::size_t parts() const { return (batch + 15) / 16; }
  std::size_t begin(std::size_t part) const { return batch * part / parts(); }
  int workers() const { return std::clamp(static_cast<int>(parts()), 1, threads()); }
};

/// What the op was called with.
struct Call {
  Cell cell;
  Tensor x;
  RecurrentParameters p;
  RecurrentState initial;
  Sizes z;
};

struct Memory {
  Array gates, from_h, cell;
  Array h_0, c_0;  // (batch,h), zeros where none are given; c_0 of an lstm alone
};

/// The state of sentence b before its s-th step: a row of `states` (batch,time,h), or of `start`.
const real* before(const Sizes& z, const Array& states, const Array& start, std::size_t s,
                   std::size_t b) {
  return s > 0 ? states.data() + (b * z.time + z.step(s - 1)) * z.h : start.data() + b * z.h;
}

/// The state that each row of `states` (batch,time,h) started from.
Array shifted(const Array& states, const Array& start, const Sizes& z) {
  Array out = empty({z.batch * z.time, z.h});
  for (std::size_t b = 0; z.time > 0 && b < z.batch; ++b) {
    const real* from = states.data() + b * z.time * z.h;
    real* to = out.data() + b * z.time * z.h;
    std::copy_n(start.data() + b * z.h, z.h, to + z.step(0) * z.h);
    std::copy_n(from + (z.reversed ? z.h : 0), (z.time - 1) * z.h, to + (z.reversed ? 0 : z.h));
  }
  return out;
}

/// The state behind the last step of each sentence.
Array last_of(const Sizes& z, const Array& states, const Array& start, const Shape& shape) {
  Array out = empty(shape);
  for (std::size_t b = 0; b < z.batch; ++b)
    std::copy_n(before(z, states, start, z.time, b), z.h, out.data() + b * z.h);
  return out;
}

Memory forward(const Call& call, Array& hidden) {
  const Cell cell = call.cell;
  const Tensor& x = call.x;
  const RecurrentParameters& p = call.p;
  const RecurrentState& initial = call.initial;
  const Sizes& z = call.z;
  const std::size_t all = z.batch * z.time;
  const bool lstm = cell == Cell::lstm, gru = cell == Cell::gru;
  const bool started = bool(initial.h);
  Memory m{empty(with_last(x.shape(), z.width)), gru ? empty({all, z.width}) : Array(),
           lstm ? empty(with_last(x.shape(), z.h)) : Array(),
           started ? initial.h.value() : zeros({z.batch, z.h}),
           !lstm       ? Array()
           : initial.c ? initial.c.value()
                       : zeros({z.batch, z.h})};
  // 1. all inputs in one product: gates = x W_x
  gemm({.m = all, .n = z.width, .k = z.d}, x.value().data(), p.w_x.value().data(), m.gates.data());
  const real* b_h = p.b_h.value().data();
  std::vector<real> bias(p.b_x.value().begin(), p.b_x.value().end());
  if (!gru) add_scaled_row(1, b_h, bias.data(), z.width);
  real* const from_h = gru ? m.from_h.data() : m.gates.data();  // where h W_h is added
  // 2. step after step
#pragma omp parallel for if (z.workers() > 1) num_threads(z.workers())
  for (std::size_t part = 0; part < z.parts(); ++part) {
    const std::size_t first = z.begin(part), last = z.begin(part + 1);
    for (std::size_t s = 0; s < z.time; ++s) {
      const std::size_t t = z.step(s);
      if (s > 0 || started) {
        gemm({.m = last - first,
              .n = z.width,
              .k = z.h,
              .beta = gru ? real{0} : real{1},
              .row_a = s > 0 ? z.time * z.h : z.h,
              .row_c = z.time * z.width},
             before(z, hidden, m.h_0, s, first), p.w_h.value().data(),
             from_h + (first * z.time + t) * z.width);
      }
      for (std::size_t b = first; b < last; ++b) {
        const std::size_t i = b * z.time + t;
        if (s == 0 && !started && gru) std::fill_n(from_h + i * z.width, z.width, real{0});
        recurrent_row(
            cell,
            {m.gates.data() + i * z.width, bias.data(), b_h, from_h + i * z.width,
             before(z, hidden, m.h_0, s, b), lstm ? before(z, m.cell, m.c_0, s, b) : nullptr,
             hidden.data() + i * z.h, lstm ? m.cell.data() + i * z.h : nullptr},
            z.h);
      }
    }
  }
  return m;
}

void backward(const Call& call, const Memory& m, const Tensor& y, const RecurrentState& ends) {
  const Cell cell = call.cell;
  const Tensor& x = call.x;
  const RecurrentParameters& p = call.p;
  const RecurrentState& initial = call.initial;
  const Sizes& z = call.z;
  const std::size_t all = z.batch * z.time;
  const bool lstm = cell == Cell::lstm, gru = cell == Cell::gru;
  Array d_sum = empty({all, z.width});
  Array d_from_h = gru ? empty({all, z.width}) : Array();
  real* const d_recurrent = gru ? d_from_h.data() : d_sum.data();
  // What somebody made of the last states comes first.
  Array dh = ends.h.grad(), dc = lstm ? ends.c.grad() : Array();
  const Array &dy = y.grad(), &hidden = y.value();
  const bool to_start = initial.h && initial.h.needs_grad();
  // 2. back through time
#pragma omp parallel for if (z.workers() > 1) num_threads(z.workers())
  for (std::size_t part = 0; part < z.parts(); ++part) {
    const std::size_t first = z.begin(part), last = z.begin(part + 1);
    for (std::size_t s = z.time; s-- > 0;) {
      const std::size_t t = z.step(s);
      for (std::size_t b = first; b < last; ++b) {
        const std::size_t i = b * z.time + t;
        recurrent_row_backward(
            cell,
            {m.gates.data() + i * z.width, gru ? m.from_h.data() + i * z.width : nullptr,
             before(z, hidden, m.h_0, s, b), lstm ? before(z, m.cell, m.c_0, s, b) : nullptr,
             lstm ? m.cell.data() + i * z.h : nullptr, dy.data() + i * z.h, dh.data() + b * z.h,
             lstm ? dc.data() + b * z.h : nullptr, d_sum.data() + i * z.width,
             d_recurrent + i * z.width},
            z.h);
      }
      if (s > 0 || to_start) {  // dh_{t-1} = d(h W_h) W_h^T, and what a gru passed straight on
        gemm({.m = last - first,
              .n = z.h,
              .k = z.width,
              .b = Stored::transposed,
              .beta = gru ? real{1} : real{0},
              .row_a = z.time * z.width},
             d_recurrent + (first * z.time + t) * z.width, p.w_h.value().data(),
             dh.data() + first * z.h);
      }
    }
  }
  if (to_start) add_scaled_row(1, dh.data(), initial.h.grad().data(), dh.size());
  if (initial.c && initial.c.needs_grad())
    add_scaled_row(1, dc.data(), initial.c.grad().data(), dc.size());
  // 1. everything that does not wait: one product each
  const auto add_rows = [&](const real* from, const Tensor& bias) {
    if (!bias.needs_grad()) return;
    for (std::size_t i = 0; i < all; ++i)
      add_scaled_row(1, from + i * z.width, bias.grad().data(), z.width);
  };
  if (p.w_h.needs_grad()) {
    gemm({.m = z.h, .n = z.width, .k = all, .a = Stored::transposed, .beta = 1},
         shifted(hidden, m.h_0, z).data(), d_recurrent, p.w_h.grad().data());
  }
  if (p.w_x.needs_grad()) {
    gemm({.m = z.d, .n = z.width, .k = all, .a = Stored::transposed, .beta = 1}, x.value().data(),
         d_sum.data(), p.w_x.grad().data());
  }
  if (x.needs_grad()) {
    gemm({.m = all, .n = z.d, .k = z.width, .b = Stored::transposed, .beta = 1}, d_sum.data(),
         p.w_x.value().data(), x.grad().data());
  }
  add_rows(d_sum.data(), p.b_x);
  add_rows(d_recurrent, p.b_h);
}

double at(const Tensor& t, std::size_t i) { return double{t.value().data()[i]}; }

/// Number c of the state before row r of `states`: of the row before, or of what the sequence
/// started from. Nothing where that is 0.
std::optional<NumberRef> state_before(const Sizes& z, const Tensor& states, const Tensor& start,
                                      std::size_t r, std::size_t c) {
  const std::size_t t = r % z.time;
  if (t != z.step(0)) return NumberRef{states, (z.reversed ? r + 1 : r - 1) * z.h + c};
  if (start) return NumberRef{start, r / z.time * z.h + c};
  return {};
}

/// How one gate and one hidden number came about, for `why`.
void explain_steps(Trace& trace, const Call& call, const RecurrentResult& y) {
  const auto& [cell_, x_, p_, initial_, z_] = call;
  // exp, tanh and a division count as one operation each, so a sigmoid as four. Biases are in the
  // products, as in every linear map.
  const double numbers = double(y.hidden.value().size());
  const double squashing = cell_ == Cell::rnn ? 1 : cell_ == Cell::lstm ? 3 * 4 + 1 : 2 * 4 + 3;
  const double products = 2.0 * double(z_.batch * z_.time) * double(z_.width) * double(z_.d + z_.h);
  const double mixing = cell_ == Cell::rnn ? 0 : cell_ == Cell::lstm ? 2 : 4;
  std::vector<Tensor> inputs{x_, p_.w_x, p_.w_h, p_.b_x, p_.b_h};
  if (initial_.h) inputs.push_back(initial_.h);
  trace.made(
      y.gates,
      {"gates", std::move(inputs), products + squashing * numbers, [call, y](std::size_t i) {
         const auto& [cell, x, p, initial, z] = call;
         const std::size_t r = i / z.width, c = i % z.width, gate = c / z.h;
         const bool is_tanh = cell == Cell::rnn || (cell == Cell::lstm && gate == 2) ||
                              (cell == Cell::gru && gate == 2);
         const bool reset_inside = cell == Cell::gru && gate == 2;
         Reason reason{"from this step's input; there is no step before it", {}, 0};
         reason.text(is_tanh ? "tanh(" : "sigmoid(");
         double from_x = at(p.b_x, c), from_h = at(p.b_h, c);
         for (std::size_t l = 0; l < z.d; ++l) {
           reason.number(x, r * z.d + l).text(" * ").number(p.w_x, l * z.width + c).text(" + ");
           from_x += at(x, r * z.d + l) * at(p.w_x, l * z.width + c);
         }
         reason.number(p.b_x, c).text(" + ");
         if (reset_inside) reason.number(y.gates, r * z.width + c % z.h).text(" * (");
         for (std::size_t l = 0; l < z.h; ++l) {
           const auto h = state_before(z, y.hidden, initial.h, r, l);
           if (!h) break;
           reason.rule = r % z.time == z.step(0)
                             ? "from this step's input and the state given to start from"
                             : "from this step's input and the hidden state of the step "
                               "before";
           reason.number(h->tensor, h->index)
               .text(" * ")
               .number(p.w_h, l * z.width + c)
               .text(" + ");
           from_h += at(h->tensor, h->index) * at(p.w_h, l * z.width + c);
         }
         reason.number(p.b_h, c).text(reset_inside ? "))" : ")");
         const double sum =
             from_x + (reset_inside ? at(y.gates, r * z.width + c % z.h) : 1.0) * from_h;
         reason.value = is_tanh ? std::tanh(sum) : 1 / (1 + std::exp(-sum));
         return reason;
       }});
  if (cell_ == Cell::lstm) {
    std::vector<Tensor> made_of{y.gates};
    if (initial_.c) made_of.push_back(initial_.c);
    trace.made(y.cell,
               {"cell", std::move(made_of), 3 * numbers, [call, y](std::size_t i) {
                  const Sizes& z = call.z;
                  const std::size_t r = i / z.h, c = i % z.h, g = r * z.width + c;
                  Reason reason{"what is kept of the cell before, and what is written new", {}, 0};
                  if (const auto old = state_before(z, y.cell, call.initial.c, r, c)) {
                    reason.number(y.gates, g + z.h).text(" * ");
                    reason.number(old->tensor, old->index).text(" + ");
                    reason.value += at(y.gates, g + z.h) * at(old->tensor, old->index);
                  }
                  reason.number(y.gates, g).text(" * ").number(y.gates, g + 2 * z.h);
                  reason.value += at(y.gates, g) * at(y.gates, g + 2 * z.h);
                  return reason;
                }});
  }
  std::vector<Tensor> parts{y.gates};
  if (cell_ == Cell::lstm) parts.push_back(y.cell);
  if (cell_ == Cell::gru && initial_.h) parts.push_back(initial_.h);
  trace.made(
      y.hidden,
      {"recurrent", std::move(parts), mixing * numbers, [call, y](std::size_t i) {
         const Sizes& z = call.z;
         const std::size_t r = i / z.h, c = i % z.h, g = r * z.width + c;
         if (call.cell == Cell::rnn) return moved("the one gate is the hidden state", y.gates, g);
         if (call.cell == Cell::lstm) {
           Reason reason{"the output gate lets part of the cell out",
                         {},
                         at(y.gates, g + 3 * z.h) * std::tanh(at(y.cell, i))};
           return reason.number(y.gates, g + 3 * z.h).text(" * tanh(").number(y.cell, i).text(")");
         }
         Reason reason{"part new, part as before", {}, 0};
         reason.text("(1 - ").number(y.gates, g + z.h).text(") * ").number(y.gates, g + 2 * z.h);
         reason.value = (1 - at(y.gates, g + z.h)) * at(y.gates, g + 2 * z.h);
         if (const auto old = state_before(z, y.hidden, call.initial.h, r, c)) {
           reason.text(" + ").number(y.gates, g + z.h).text(" * ").number(old->tensor, old->index);
           reason.value += at(y.gates, g + z.h) * at(old->tensor, old->index);
         }
         return reason;
       }});
  if (z_.time == 0) return;
  const auto explain_last = [&trace, &call](const char* op, const Tensor& last,
                                            const Tensor& states) {
    trace.made(last, {op, {states}, 0, [z = call.z, states](std::size_t i) {
                        return moved("the state after the last step", states,
                                     (i / z.h * z.time + z.step(z.time - 1)) * z.h + i % z.h);
                      }});
  };
  explain_last("last_hidden", y.last.h, y.hidden);
  if (cell_ == Cell::lstm) explain_last("last_cell", y.last.c, y.cell);
}

}  // namespace

RecurrentResult recurrent(const Run& run, Cell cell, const Tensor& x, const RecurrentParameters& p,
                          bool reversed, const RecurrentState& initial) {
  require_rank("recurrent", "x", x, 2);
  const Shape shape = x.shape(), sh = p.w_h.shape();
  const std::size_t h = sh.empty() ? 0 : sh[0];
  const Sizes z{count(Shape(shape.begin(), shape.end() - 2)),
                shape[shape.size() - 2],
                shape.back(),
                h,
                gates_of(cell) * h,
                reversed};
  if (sh != Shape{h, z.width})
    shapes_do_not_fit("recurrent", "w_x", p.w_x, "w_h", p.w_h,
                      "w_h must be (hidden, gates x hidden)");
  if (p.w_x.shape() != Shape{z.d, z.width})
    shapes_do_not_fit("recurrent", "x", x, "w_x", p.w_x, "w_x must be (d, gates x hidden)");
  if (p.b_x.shape() != Shape{z.width} || p.b_h.shape() != Shape{z.width}) {
    shapes_do_not_fit("recurrent", "b_x", p.b_x, "b_h", p.b_h, "each needs one number per gate");
  }
  Shape state(shape.begin(), shape.end() - 2);
  state.push_back(h);  // (...,h)
  for (const auto& [name, start] : {std::pair{"h_0", initial.h}, std::pair{"c_0", initial.c}}) {
    if (start && start.shape() != state)
      shapes_do_not_fit("recurrent", "x", x, name, start, "one state per sentence is needed");
  }
  if (initial.c && cell != Cell::lstm)
    throw Error(ErrorKind::usage, "recurrent: only an lstm has a cell to start from",
                "leave c of the state empty, or use Cell::lstm");
  const Call call{cell, x, p, initial, z};
  Array hidden = empty(with_last(shape, h));  // (...,T,h)
  auto memory = std::make_shared<Memory>(forward(call, hidden));
  Array last_h = last_of(z, hidden, memory->h_0, state);
  RecurrentResult out;
  out.hidden =
      make_result(run, std::move(hidden), {x, p.w_x, p.w_h, p.b_x, p.b_h, initial.h, initial.c});
  const bool needs_grad = out.hidden.needs_grad();
  out.last.h = Tensor::result(std::move(last_h), needs_grad);
  if (cell == Cell::lstm)
    out.last.c = Tensor::result(last_of(z, memory->cell, memory->c_0, state), needs_grad);
  if (run.trace) {
    out.gates = Tensor(memory->gates);
    if (cell == Cell::lstm) out.cell = Tensor(memory->cell);
    explain_steps(*run.trace, call, out);
  }
  if (needs_grad) {
    run.tape->push([=, y = out.hidden, ends = out.last] { backward(call, *memory, y, ends); });
  }
  return out;
}

}  // namespace attn
