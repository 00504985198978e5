#pragma once
// BERT as Hugging Face stores it: a folder with config.json, vocab.txt and model.safetensors.
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "attn/nn/bert.h"
#include "attn/nn/bert_tokenizer.h"
#include "attn/text/wordpiece.h"

namespace attn {

/// A file of weights as bytes, under the name that messages give it.
struct WeightFile {
  std::string name;
  std::string_view bytes;
};

/// The files of a checkpoint as bytes.
struct CheckpointFiles {
  std::string folder;  ///< for messages
  std::string_view config;
  TokenizerFiles tokenizer;
  std::vector<WeightFile> weights;  ///< model.safetensors, or its parts
};

struct BertCheckpoint {
  Bert model;
  PieceVocabulary vocabulary;
  WordRules rules;
  std::vector<std::string> remarks;  ///< what was assumed, and what of the files is not used
};

/// The model of these files. Tensors go by their published names, with "bert." before them or
/// without, and whatever else stands before all of them ("module."); "gamma" and "beta" or "weight"
/// and "bias"; a linear layer's matrix is stored as (out,in) and transposed here. A head may be
/// missing as a whole (pooler, masked words, next sentences); layers that were put on top for a
/// task are not used. `uncased` as in load_tokenizer().
/// Throws Error(bad_input): no JSON, a size that is missing or out of range, another model_type,
/// activation or kind of position, a decoder; tensors missing, misshapen or not expected (all are
/// listed), of whole numbers, or with numbers that are not finite; a vocabulary larger than the
/// table of words. Source: huggingface.co/docs/transformers, "BERT";
/// github.com/google-research/bert.
BertCheckpoint load_bert(const CheckpointFiles& files, std::optional<bool> uncased = {});

/// The same of a folder; its weights are mapped, so that memory holds them once. They may lie in
/// parts, which model.safetensors.index.json names. Throws what read_file throws, too.
BertCheckpoint load_bert(const std::string& folder, std::optional<bool> uncased = {});

/// Writes the folder's files: each safely, the weights last. Throws Error(io).
void save_bert(const std::string& folder, const Bert& model, const PieceVocabulary& vocabulary,
               const WordRules& rules);

}  // namespace attn
