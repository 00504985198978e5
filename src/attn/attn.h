#pragma once
// The table of contents, in flow order.
#include "attn/core/array.h"      // numbers in row-major order
#include "attn/core/error.h"      // what went wrong, and what to do
#include "attn/core/gemm.h"       // products, threads
#include "attn/core/rng.h"        // random numbers that are the same everywhere
#include "attn/core/rows.h"       // kernels over one row
#include "attn/graph/run.h"       // who watches and who remembers a pass
#include "attn/graph/tape.h"      // the way back
#include "attn/graph/tensor.h"    // a value and its gradient
#include "attn/graph/trace.h"     // named steps
#include "attn/io/csv.h"          // matrices as text
#include "attn/io/npy.h"          // NumPy's files
#include "attn/io/safetensors.h"  // weight files
#include "attn/nn/attention.h"    // one head, many heads
#include "attn/nn/decoder.h"      // one block of the decoder, word by word too
#include "attn/nn/encoder.h"      // one block of the encoder
#include "attn/nn/mask.h"         // who may look at whom
#include "attn/nn/parameters.h"   // random, or from a file
#include "attn/nn/position.h"     // where a token stands
#include "attn/nn/score.h"        // how well a query and a key fit
#include "attn/nn/seq2seq.h"      // a recurrent net reads, another writes
#include "attn/ops/ops.h"         // every operation
#include "attn/text/wordpiece.h"  // text to the pieces of BERT
#include "attn/text/words.h"      // text to tokens
