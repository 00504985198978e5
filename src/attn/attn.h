#pragma once
// The table of contents, in flow order.
// clang-format off
#include "attn/core/error.h"    // what went wrong, and what to do
#include "attn/core/memory.h"   // how much there is
#include "attn/core/joined.h"   // words with a separator between them
#include "attn/core/trimmed.h"  // text without blanks around it
#include "attn/core/hash.h"     // to tell one text from another
#include "attn/core/how_many.h" // a count with its noun
#include "attn/core/array.h"    // numbers in row-major order
#include "attn/core/rows.h"     // kernels over one row
#include "attn/core/gemm.h"     // products, threads
#include "attn/core/rng.h"      // random numbers that are the same everywhere

#include "attn/io/file.h"         // whole files, read and written with care
#include "attn/io/dtype.h"        // numbers as bytes
#include "attn/io/npy.h"
#include "attn/io/picture.h"          // NumPy's files
#include "attn/io/csv.h"          // matrices as text
#include "attn/io/json.h"         // JSON from outside, bounded
#include "attn/io/matrix_file.h"
#include "attn/io/molecule.h"  // a matrix, whatever its format
#include "attn/io/safetensors.h"
#include "attn/io/sound.h"  // weight files
#include "attn/io/embedded.h"     // files that a program carries in itself

#include "attn/text/utf8.h"         // characters, columns
#include "attn/text/fields.h"       // lines of the project's own formats
#include "attn/text/shell_words.h"  // a command line
#include "attn/text/words.h"        // text to tokens
#include "attn/text/wordpiece.h"    // text to the pieces of BERT
#include "attn/text/grammar.h"      // sentences in two languages
#include "attn/text/topics.h"       // documents of stories

#include "attn/graph/tensor.h"  // a value and its gradient
#include "attn/graph/tape.h"    // the way back
#include "attn/graph/trace.h"   // named steps
#include "attn/graph/run.h"     // who watches and who remembers a pass

#include "attn/ops/ops.h"        // every operation
#include "attn/ops/recurrent.h"  // a recurrent layer over a whole sequence

#include "attn/nn/parameters.h"       // random, or from a file
#include "attn/nn/position.h"         // where a token stands
#include "attn/nn/mask.h"             // who may look at whom
#include "attn/nn/score.h"            // how well a query and a key fit
#include "attn/nn/attention.h"        // one head, many heads
#include "attn/nn/layers.h"           // recurrent and convolutional layers
#include "attn/nn/encoder.h"          // one block of the encoder
#include "attn/nn/conformer.h"        // a block of attention and convolution, for speech
#include "attn/nn/feature_map.h"      // attention over pictures
#include "attn/nn/graph_attention.h"  // attention along edges
#include "attn/nn/decoder.h"          // one block of the decoder, word by word too
#include "attn/nn/adaptive.h"         // one block as often as each token needs it
#include "attn/nn/sequence_kinds.h"   // their names, and how one answer is read
#include "attn/nn/sequence_model.h"   // models that answer at every position
#include "attn/nn/translator.h"       // what all that translate have in common
#include "attn/nn/transformer.h"      // encoder and decoder
#include "attn/nn/seq2seq.h"          // a recurrent net reads, another writes
#include "attn/nn/generate.h"         // word after word: greedy, beam, sample
#include "attn/nn/bert.h"             // an encoder that fills in hidden words
#include "attn/nn/bert_names.h"       // our names of its parameters, and the published ones
#include "attn/nn/bert_config.h"     // config.json
#include "attn/nn/bert_tokenizer.h"  // vocab.txt, and how words are cut
#include "attn/nn/bert_checkpoint.h"  // its published files

#include "attn/train/tasks.h"        // what can be learnt
#include "attn/train/recordings.h"   // sound as frames, and what can be heard at best
#include "attn/train/optimizer.h"    // SGD, Adam; schedules
#include "attn/train/learner.h"      // what a trainer knows of what it trains
#include "attn/train/trainer.h"      // the loop
#include "attn/train/language.h"     // pairs of sentences to translate
#include "attn/train/translation.h"  // learning to translate
#include "attn/train/model_file.h"   // a trained translator in a file
#include "attn/train/corpus.h"       // pairs of sentences for BERT
#include "attn/train/masking.h"      // hidden words
#include "attn/train/best_guess.h"   // how well they can be guessed at all
#include "attn/train/pretraining.h"  // learning to guess them
#include "attn/train/downstream.h"   // labelled texts
#include "attn/train/finetuning.h"   // what was learnt, put to use

#include "attn/render/render.h"       // how a trace is to be shown
#include "attn/render/format.h"       // numbers in columns
#include "attn/render/palette.h"      // numbers as colours
#include "attn/render/view.h"         // a step as rows and columns
#include "attn/render/lines.h"        // a line of a terminal, in pieces
#include "attn/render/terminal.h"     // for a terminal
#include "attn/render/plain.h"        // for a screen reader
#include "attn/render/json_writer.h"  // JSON, piece by piece
#include "attn/render/json.h"         // for programs
#include "attn/render/heatmap.h"      // a step as a picture
#include "attn/render/svg.h"          // pictures alone
#include "attn/render/html_lines.h"   // lines from token to token
#include "attn/render/html_parts.h"
#include "attn/render/html_scene.h"
#include "attn/render/image.h"   // what every page is made of
#include "attn/render/html.h"         // a page
#include "attn/render/export.h"       // every step in a file of its own
// clang-format on
