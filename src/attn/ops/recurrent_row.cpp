#include "attn/ops/recurrent_row.h"

#include "attn/core/lanes.h"

namespace attn {

void recurrent_row(Cell cell, const RecurrentRow& r, std::size_t n) {
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

void recurrent_row_backward(Cell cell, const RecurrentBackRow& r, std::size_t n) {
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

}  // namespace attn
