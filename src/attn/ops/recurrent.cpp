#include "attn/ops/recurrent.h"

#include <algorithm>
#include <cmath>

#include "attn/core/gemm.h"
#include "attn/core/lanes.h"
#include "attn/core/rows.h"
#include "attn/ops/op.h"

namespace attn {

namespace {

/// One row (one sentence, one time step) of h hidden numbers and g h gates.
struct Row {
  real* gates;       // in: x W_x, and h_{t-1} W_h added unless gru; out: the gates
  const real* bias;  // b_x + b_h; gru: b_x alone
  const real* b_h;   // gru alone, because r multiplies part of what comes from h
  real* from_h;      // gru alone, in: h_{t-1} W_h; out: with b_h
  const real* h_before;
  const real* c_before;
  real* h;
  real* c;
};

void forward_row(Cell cell, const Row& r, std::size_t n) {
  for_lanes(n, [&](auto l) {
    const auto sum = [&](std::size_t gate) {
      return l.load(r.gates + gate * n) + l.load(r.bias + gate * n);
    };
    if (cell == Cell::rnn) {
      const Batch h = xsimd::tanh(sum(0));
      l.store(h, r.gates);
      l.store(h, r.h);
    } else if (cell == Cell::lstm) {
      const Batch i = sigmoid(sum(0)), f = sigmoid(sum(1)), g = xsimd::tanh(sum(2)),
                  o = sigmoid(sum(3));
      const Batch c = f * l.load(r.c_before) + i * g;
      l.store(i, r.gates);
      l.store(f, r.gates + n);
      l.store(g, r.gates + 2 * n);
      l.store(o, r.gates + 3 * n);
      l.store(c, r.c);
      l.store(o * xsimd::tanh(c), r.h);
    } else {
      const auto from_h = [&](std::size_t gate) {
        return l.load(r.from_h + gate * n) + l.load(r.b_h + gate * n);
      };
      const Batch reset = sigmoid(sum(0) + from_h(0)), z = sigmoid(sum(1) + from_h(1)),
                  candidate = from_h(2);
      const Batch fresh = xsimd::tanh(sum(2) + reset * candidate);
      l.store(candidate, r.from_h + 2 * n);
      l.store(reset, r.gates);
      l.store(z, r.gates + n);
      l.store(fresh, r.gates + 2 * n);
      l.store((Batch(1) - z) * fresh + z * l.load(r.h_before), r.h);
    }
  });
}

/// The same row on the way back.
struct BackRow {
  const real* gates;
  const real* from_h;
  const real* h_before;
  const real* c_before;
  const real* c;
  const real* dy;  // gradient of h_t from outside
  real* dh;  // in: gradient of h_t from step t+1; out, gru alone: what goes straight on to h_{t-1}
  real* dc;  // lstm alone, in: gradient of c_t from step t+1; out: of c_{t-1}
  real* d_sum;     // out: gradient of x W_x + b_x
  real* d_from_h;  // out: gradient of h W_h + b_h (the same memory as d_sum, unless gru)
};

void backward_row(Cell cell, const BackRow& r, std::size_t n) {
  const Batch one(1);
  for_lanes(n, [&](auto l) {
    const Batch dh = l.load(r.dy) + l.load(r.dh);
    if (cell == Cell::rnn) {
      const Batch h = l.load(r.gates);
      l.store(dh * (one - h * h), r.d_sum);
    } else if (cell == Cell::lstm) {
      const Batch i = l.load(r.gates), f = l.load(r.gates + n), g = l.load(r.gates + 2 * n),
                  o = l.load(r.gates + 3 * n);
      const Batch t = xsimd::tanh(l.load(r.c));
      const Batch dc = l.load(r.dc) + dh * o * (one - t * t);
      l.store(dc * g * i * (one - i), r.d_sum);
      l.store(dc * l.load(r.c_before) * f * (one - f), r.d_sum + n);
      l.store(dc * i * (one - g * g), r.d_sum + 2 * n);
      l.store(dh * t * o * (one - o), r.d_sum + 3 * n);
      l.store(dc * f, r.dc);
    } else {
      const Batch reset = l.load(r.gates), z = l.load(r.gates + n), fresh = l.load(r.gates + 2 * n);
      const Batch d_fresh = dh * (one - z) * (one - fresh * fresh);
      const Batch d_reset = d_fresh * l.load(r.from_h + 2 * n) * reset * (one - reset);
      const Batch d_z = dh * (l.load(r.h_before) - fresh) * z * (one - z);
      l.store(d_reset, r.d_sum);
      l.store(d_z, r.d_sum + n);
      l.store(d_fresh, r.d_sum + 2 * n);
      l.store(d_reset, r.d_from_h);
      l.store(d_z, r.d_from_h + n);
      l.store(d_fresh * reset, r.d_from_h + 2 * n);
      l.store(dh * z, r.dh);
    }
  });
}

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

/// The state that each row of `states` (batch, time, h) started from: zeros at the first step.
Array shifted(const Array& states, const Sizes& z) {
  Array out = empty({z.batch * z.time, z.h});
  for (std::size_t b = 0; z.time > 0 && b < z.batch; ++b) {
    const real* from = states.data() + b * z.time * z.h;
    real* to = out.data() + b * z.time * z.h;
    std::fill_n(to + z.step(0) * z.h, z.h, real{0});
    std::copy_n(from + (z.reversed ? z.h : 0), (z.time - 1) * z.h, to + (z.reversed ? 0 : z.h));
  }
  return out;
}

struct Memory {
  Array gates, from_h, cell;
};

Memory forward(Cell cell, const Tensor& x, const RecurrentParameters& p, const Sizes& z,
               Array& hidden) {
  const std::size_t all = z.batch * z.time;
  const bool lstm = cell == Cell::lstm, gru = cell == Cell::gru;
  Memory m{empty(with_last(x.shape(), z.width)), gru ? empty({all, z.width}) : Array(),
           lstm ? empty(with_last(x.shape(), z.h)) : Array()};
  // 1. all inputs in one product: gates = x W_x
  gemm({.m = all, .n = z.width, .k = z.d}, x.value().data(), p.w_x.value().data(), m.gates.data());
  const real* b_h = p.b_h.value().data();
  std::vector<real> bias(p.b_x.value().begin(), p.b_x.value().end());
  if (!gru) add_scaled_row(1, b_h, bias.data(), z.width);
  const std::vector<real> nothing(z.h, 0);
  real* const from_h = gru ? m.from_h.data() : m.gates.data();  // where h W_h is added
  // 2. step after step
#pragma omp parallel for if (z.workers() > 1) num_threads(z.workers())
  for (std::size_t part = 0; part < z.parts(); ++part) {
    const std::size_t first = z.begin(part), last = z.begin(part + 1);
    for (std::size_t s = 0; s < z.time; ++s) {
      const std::size_t t = z.step(s), before = s == 0 ? 0 : z.step(s - 1);
      if (s > 0) {
        gemm({.m = last - first,
              .n = z.width,
              .k = z.h,
              .beta = gru ? real{0} : real{1},
              .row_a = z.time * z.h,
              .row_c = z.time * z.width},
             hidden.data() + (first * z.time + before) * z.h, p.w_h.value().data(),
             from_h + (first * z.time + t) * z.width);
      }
      for (std::size_t b = first; b < last; ++b) {
        const std::size_t i = b * z.time + t, j = b * z.time + before;
        if (s == 0 && gru) std::fill_n(from_h + i * z.width, z.width, real{0});
        forward_row(cell,
                    {m.gates.data() + i * z.width, bias.data(), b_h, from_h + i * z.width,
                     s > 0 ? hidden.data() + j * z.h : nothing.data(),
                     s > 0 && lstm ? m.cell.data() + j * z.h : nothing.data(),
                     hidden.data() + i * z.h, lstm ? m.cell.data() + i * z.h : nullptr},
                    z.h);
      }
    }
  }
  return m;
}

void backward(Cell cell, const Tensor& x, const RecurrentParameters& p, const Sizes& z,
              const Memory& m, const Tensor& y) {
  const std::size_t all = z.batch * z.time;
  const bool lstm = cell == Cell::lstm, gru = cell == Cell::gru;
  Array d_sum = empty({all, z.width});
  Array d_from_h = gru ? empty({all, z.width}) : Array();
  real* const d_recurrent = gru ? d_from_h.data() : d_sum.data();
  Array dh = zeros({z.batch, z.h}), dc = zeros({z.batch, z.h});
  const Array &dy = y.grad(), &hidden = y.value();
  const std::vector<real> nothing(z.h, 0);
  // 2. back through time
#pragma omp parallel for if (z.workers() > 1) num_threads(z.workers())
  for (std::size_t part = 0; part < z.parts(); ++part) {
    const std::size_t first = z.begin(part), last = z.begin(part + 1);
    for (std::size_t s = z.time; s-- > 0;) {
      const std::size_t t = z.step(s), before = s == 0 ? 0 : z.step(s - 1);
      for (std::size_t b = first; b < last; ++b) {
        const std::size_t i = b * z.time + t, j = b * z.time + before;
        backward_row(
            cell,
            {m.gates.data() + i * z.width, gru ? m.from_h.data() + i * z.width : nullptr,
             s > 0 ? hidden.data() + j * z.h : nothing.data(),
             s > 0 && lstm ? m.cell.data() + j * z.h : nothing.data(),
             lstm ? m.cell.data() + i * z.h : nullptr, dy.data() + i * z.h, dh.data() + b * z.h,
             dc.data() + b * z.h, d_sum.data() + i * z.width, d_recurrent + i * z.width},
            z.h);
      }
      if (s > 0) {  // dh_{t-1} = d(h W_h) W_h^T, and what a gru passed straight on
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
  // 1. everything that does not wait: one product each
  const auto add_rows = [&](const real* from, const Tensor& bias) {
    if (!bias.needs_grad()) return;
    for (std::size_t i = 0; i < all; ++i)
      add_scaled_row(1, from + i * z.width, bias.grad().data(), z.width);
  };
  if (p.w_h.needs_grad()) {
    gemm({.m = z.h, .n = z.width, .k = all, .a = Stored::transposed, .beta = 1},
         shifted(hidden, z).data(), d_recurrent, p.w_h.grad().data());
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

/// How one gate and one hidden number came about, for `why`.
void explain_steps(Trace& trace, Cell cell, const Tensor& x, const RecurrentParameters& p,
                   const Sizes& z, const RecurrentResult& y) {
  const auto before =
      [z](std::size_t row) -> std::ptrdiff_t {  // the row of the step before, -1 at the first
    const std::size_t t = row % z.time;
    if (z.reversed) return t + 1 < z.time ? static_cast<std::ptrdiff_t>(row + 1) : -1;
    return t > 0 ? static_cast<std::ptrdiff_t>(row) - 1 : -1;
  };
  const auto at = [](const Tensor& t, std::size_t i) { return double{t.value().data()[i]}; };
  const double products = 2.0 * double(z.batch * z.time) * double(z.width) * double(z.d + z.h);

  trace.made(
      y.gates,
      {"gates", {x, p.w_x, p.w_h, p.b_x, p.b_h}, products, [=](std::size_t i) {
         const std::size_t r = i / z.width, c = i % z.width, gate = c / z.h;
         const bool is_tanh = cell == Cell::rnn || (cell == Cell::lstm && gate == 2) ||
                              (cell == Cell::gru && gate == 2);
         const bool reset_inside = cell == Cell::gru && gate == 2;
         Reason reason{"", {}, 0};
         reason.text(is_tanh ? "tanh(" : "sigmoid(");
         double from_x = at(p.b_x, c), from_h = at(p.b_h, c);
         for (std::size_t l = 0; l < z.d; ++l) {
           reason.number(x, r * z.d + l).text(" * ").number(p.w_x, l * z.width + c).text(" + ");
           from_x += at(x, r * z.d + l) * at(p.w_x, l * z.width + c);
         }
         reason.number(p.b_x, c).text(" + ");
         if (reset_inside) reason.number(y.gates, r * z.width + c % z.h).text(" * (");
         for (std::size_t l = 0; before(r) >= 0 && l < z.h; ++l) {
           const std::size_t h = static_cast<std::size_t>(before(r)) * z.h + l;
           reason.number(y.hidden, h).text(" * ").number(p.w_h, l * z.width + c).text(" + ");
           from_h += at(y.hidden, h) * at(p.w_h, l * z.width + c);
         }
         reason.number(p.b_h, c).text(reset_inside ? "))" : ")");
         const double sum =
             from_x + (reset_inside ? at(y.gates, r * z.width + c % z.h) : 1.0) * from_h;
         reason.rule = before(r) < 0
                           ? "from this step's input; there is no step before it"
                           : "from this step's input and the hidden state of the step before";
         reason.value = is_tanh ? std::tanh(sum) : 1 / (1 + std::exp(-sum));
         return reason;
       }});
  if (cell == Cell::lstm) {
    trace.made(y.cell,
               {"cell", {y.gates}, 3.0 * double(y.cell.value().size()), [=](std::size_t i) {
                  const std::size_t r = i / z.h, c = i % z.h, g = r * z.width + c;
                  Reason reason{"what is kept of the cell before, and what is written new", {}, 0};
                  if (before(r) >= 0) {
                    const std::size_t old = static_cast<std::size_t>(before(r)) * z.h + c;
                    reason.number(y.gates, g + z.h).text(" * ").number(y.cell, old).text(" + ");
                    reason.value += at(y.gates, g + z.h) * at(y.cell, old);
                  }
                  reason.number(y.gates, g).text(" * ").number(y.gates, g + 2 * z.h);
                  reason.value += at(y.gates, g) * at(y.gates, g + 2 * z.h);
                  return reason;
                }});
  }
  std::vector<Tensor> inputs{y.gates};
  if (cell == Cell::lstm) inputs.push_back(y.cell);
  trace.made(
      y.hidden,
      {"recurrent", std::move(inputs), 3.0 * double(y.hidden.value().size()), [=](std::size_t i) {
         const std::size_t r = i / z.h, c = i % z.h, g = r * z.width + c;
         Reason reason{"", {}, 0};
         if (cell == Cell::rnn) return moved("the one gate is the hidden state", y.gates, g);
         if (cell == Cell::lstm) {
           reason.rule = "the output gate lets part of the cell out";
           reason.value = at(y.gates, g + 3 * z.h) * std::tanh(at(y.cell, i));
           return reason.number(y.gates, g + 3 * z.h).text(" * tanh(").number(y.cell, i).text(")");
         }
         reason.rule = "part new, part as before";
         reason.text("(1 - ").number(y.gates, g + z.h).text(") * ").number(y.gates, g + 2 * z.h);
         reason.value = (1 - at(y.gates, g + z.h)) * at(y.gates, g + 2 * z.h);
         if (before(r) >= 0) {
           const std::size_t old = static_cast<std::size_t>(before(r)) * z.h + c;
           reason.text(" + ").number(y.gates, g + z.h).text(" * ").number(y.hidden, old);
           reason.value += at(y.gates, g + z.h) * at(y.hidden, old);
         }
         return reason;
       }});
}

}  // namespace

RecurrentResult recurrent(const Run& run, Cell cell, const Tensor& x, const RecurrentParameters& p,
                          bool reversed) {
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
  Array hidden = empty(with_last(shape, h));  // (...,T,h)
  auto memory = std::make_shared<Memory>(forward(cell, x, p, z, hidden));
  RecurrentResult out;
  out.hidden = make_result(run, std::move(hidden), {x, p.w_x, p.w_h, p.b_x, p.b_h});
  if (run.trace) {
    out.gates = Tensor(memory->gates);
    if (cell == Cell::lstm) out.cell = Tensor(memory->cell);
    explain_steps(*run.trace, cell, x, p, z, out);
  }
  if (out.hidden.needs_grad()) {
    run.tape->push([=, y = out.hidden] { backward(cell, x, p, z, *memory, y); });
  }
  return out;
}

}  // namespace attn
