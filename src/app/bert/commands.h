#pragma once
// The commands `bert ...`: their options and functions.
#include <string>
#include <vector>

#include "app/frame/cli.h"
#include "app/frame/stage.h"
#include "attn/nn/bert_checkpoint.h"

namespace attn::app {

struct BertTokensOptions {
  std::vector<std::string> text;
  std::string vocab;  ///< a vocab.txt, or a checkpoint folder; empty: the program's own
  bool cased = false;
};
void bind(Cli&, BertTokensOptions&);
void bert_tokens(Stage&, const BertTokensOptions&);

struct BertVocabOptions {
  std::vector<std::string> corpus;
  std::int64_t size = 200, least = 2, shown = 20;
  std::string save;
  bool cased = false;
};
void bind(Cli&, BertVocabOptions&);
void bert_vocab(Stage&, const BertVocabOptions&);

struct BertInputsOptions {
  std::string checkpoint;
};
void bind(Cli&, BertInputsOptions&);
void bert_inputs(Stage&, const BertInputsOptions&);

/// What a command asks that reads one or two texts with a whole model.
struct BertTextOptions {
  std::vector<std::string> text;
  std::string checkpoint;
  std::int64_t seed = 1, threads = 1;
};
void bind_bert_text(Cli&, BertTextOptions&);
/// The model, with the seed and the threads of these options.
BertCheckpoint begin_bert(Stage&, const BertTextOptions&);
/// The input of the texts, or of an example where there are none.
BertInput input_of(const BertCheckpoint&, const BertTextOptions&);

struct BertMaskOptions {
  BertTextOptions text;
  std::int64_t draws = 10'000;
};
void bind(Cli&, BertMaskOptions&);
void bert_mask(Stage&, const BertMaskOptions&);

struct BertMlmOptions {
  BertTextOptions text;
};
void bind(Cli&, BertMlmOptions&);
void bert_mlm(Stage&, const BertMlmOptions&);

struct BertFillOptions {
  BertTextOptions text;
};
void bind(Cli&, BertFillOptions&);
void bert_fill(Stage&, const BertFillOptions&);

struct BertNspOptions {
  BertTextOptions text;
  std::int64_t pairs = 6;
};
void bind(Cli&, BertNspOptions&);
void bert_nsp(Stage&, const BertNspOptions&);

struct BertAttendOptions {
  BertTextOptions text;
};
void bind(Cli&, BertAttendOptions&);
void bert_attend(Stage&, const BertAttendOptions&);

struct BertPretrainOptions {
  std::vector<std::string> corpus;
  std::string masking = "dynamic", loss = "both", vocab, checkpoint, save;
  std::int64_t vocab_size = 1000, length = 64, dim = 128, layers = 4, heads = 4, ff = 0,
               steps = 6000, batch = 32, accumulate = 1, warmup = 300, seed = 1, threads = 2;
  double rate = 1e-3, dropout = 0;
  bool resume = false;
};
void bind(Cli&, BertPretrainOptions&);
void bert_pretrain(Stage&, const BertPretrainOptions&);

struct BertFinetuneOptions {
  std::string task = "sentence", checkpoint;
  std::vector<std::int64_t> examples = {8, 32, 128};
  std::int64_t seeds = 3, steps = 200, batch = 16, tested = 500, threads = 2;
  double rate = 1e-3;
  bool frozen = false;
};
void bind(Cli&, BertFinetuneOptions&);
void bert_finetune(Stage&, const BertFinetuneOptions&);

struct BertCorpusOptions {
  std::string corpus, save;
  std::int64_t documents = 3, pairs = 10'000, seed = 1;
};
void bind(Cli&, BertCorpusOptions&);
void bert_corpus(Stage&, const BertCorpusOptions&);

}  // namespace attn::app
