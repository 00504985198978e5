#pragma once

namespace attn {

class Rng;
class Tape;
class Trace;

/// What one pass does besides computing: remember it for the way back (tape), show it (trace), draw
/// from it (rng). All may be null; Run{} is a plain forward pass. The numbers are the same bits in
/// every case.
struct Run {
  Tape* tape = nullptr;
  Trace* trace = nullptr;
  Rng* rng = nullptr;
};

}  // namespace attn
