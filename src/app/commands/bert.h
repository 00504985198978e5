#pragma once
// The commands `bert ...`: their options and functions.
#include <string>
#include <vector>

#include "app/cli.h"
#include "app/stage.h"

namespace attn::app {

struct BertTokensOptions {
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

struct BertCorpusOptions {
  std::string corpus, save;
  std::int64_t documents = 3, pairs = 10'000, seed = 1;
};
void bind(Cli&, BertCorpusOptions&);
void bert_corpus(Stage&, const BertCorpusOptions&);

}  // namespace attn::app
