#pragma once
// What the commands `bert ...` share: which model, and how a text becomes its input.
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "app/bert/vocabulary.h"
#include "app/frame/stage.h"
#include "attn/nn/bert_checkpoint.h"

namespace attn::app {

/// The checkpoint in this folder, with remarks on what was assumed; without a name the program's
/// own, which learnt data/stories.topics. Throws what load_bert throws.
BertCheckpoint find_bert(Stage& s, const std::string& folder, std::optional<bool> uncased = {});

/// The input of these texts (A, or A and B). A text may be written with its marks: "[CLS] A [SEP] B
/// [SEP]" is two texts. Throws Error(usage): none or more than two, no UTF-8, a text without a
/// word, more than `most` pieces.
BertInput bert_input(const PieceVocabulary& vocabulary, const WordRules& rules,
                     const std::vector<std::string>& texts, std::size_t most);

/// The piece, or "[unused]" for a row of the table that no line of vocab.txt names.
std::string piece_name(const PieceVocabulary& vocabulary, std::size_t id);
std::vector<std::string> piece_names(const PieceVocabulary& vocabulary,
                                     const std::vector<std::size_t>& ids);

/// Labels the axes with the pieces, notes `ids` and `segment_ids`, and embeds. -> x (n,d).
Tensor embed_input(Stage& s, const Bert& model, const PieceVocabulary& vocabulary,
                   const BertInput& input);
/// embed_input(), then all blocks. -> (n,d).
Tensor read_input(Stage& s, const BertCheckpoint& bert, const BertInput& input);

/// Throws Error(bad_input), naming the first such step, if `result` holds a NaN or an infinity.
void require_finite(const Trace& trace, const Tensor& result);

/// Shows only steps that `shown` accepts, and says how to see the others.
void show_only(Trace& trace, const std::function<bool(const std::string& path)>& shown);

/// What a command asks that reads one or two texts with a whole model.
struct BertTextOptions {
  std::vector<std::string> text;
  std::string checkpoint;
  LettersOptions letters;
  std::int64_t seed = 1, threads = 1;
};
void bind_bert_text(Cli& cli, BertTextOptions& o);
/// The model, with the seed and the threads of these options.
BertCheckpoint begin_bert(Stage& s, const BertTextOptions& o);
/// The input of the texts, or of an example where there are none. Says which words are unknown.
BertInput input_of(Stage& s, const BertCheckpoint& bert, const BertTextOptions& o);
/// Says which words of the texts the vocabulary cannot make, so that the model reads [UNK]. `own`:
/// the model is the program's, whose words are few.
void say_unknown(Trace& trace, const BertCheckpoint& bert, const std::vector<std::string>& texts,
                 bool own);

}  // namespace attn::app
