#pragma once
// The kernels of recurrent.cpp: one time step of one sentence. Not part of the library's interface.
#include "attn/ops/recurrent.h"

namespace attn {

/// One row (one sentence, one time step) of h hidden numbers and g h gates.
struct RecurrentRow {
  real* gates;       // in: x W_x, and h_{t-1} W_h added unless gru; out: the gates
  const real* bias;  // b_x + b_h; gru: b_x alone
  const real* b_h;   // gru alone, because r multiplies part of what comes from h
  real* from_h;      // gru alone, in: h_{t-1} W_h; out: with b_h
  const real* h_before;
  const real* c_before;
  real* h;
  real* c;
};

/// h_t (and c_t) of n hidden numbers from what came from the input and from the step before.
void recurrent_row(Cell cell, const RecurrentRow& r, std::size_t n);

/// The same row on the way back.
struct RecurrentBackRow {
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

void recurrent_row_backward(Cell cell, const RecurrentBackRow& r, std::size_t n);

}  // namespace attn
