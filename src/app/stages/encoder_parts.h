#pragma once
// The encoder of the stage as one value, and what is measured when a part of it is taken away.
#include <vector>

#include "app/stages/blocks.h"
#include "attn/nn/adaptive.h"
#include "attn/nn/encoder.h"

namespace attn::app {

struct Encoder {
  std::vector<EncoderLayer> layers;  ///< one, if they share their weights
  std::size_t depth = 0;
  bool shared = false, halt = false;
  BlockOptions options;       ///< the whole block
  NormParameters final_norm;  ///< of pre-norm
  HaltingParameters halting;  ///< with `halt`
  Tensor mask;

  /// All blocks. Notes their steps, final_norm and `output`. x (n,d) -> (n,d).
  Tensor forward(const Run& run, const Tensor& x, const BlockOptions& options) const;
};

/// Steps, ponder and what halting means, for a trace in which forward() halted.
void show_halting(Stage& s, const Encoder& e);

/// The parts that the command line takes away.
struct TakenAway {
  bool residual, norm, scale, position;
};
/// What changed against the whole encoder: `whole.output`, tables and sentences.
/// `x` and `output` are those of the encoder without the parts.
void compare_with_whole(Stage& s, const Encoder& e, const TakenAway& without, const Tensor& x,
                        const Tensor& output);

}  // namespace attn::app
