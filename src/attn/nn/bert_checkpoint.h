#pragma once
// BERT as Hugging Face stores it: a folder with config.json, vocab.txt and model.safetensors.
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "attn/nn/bert.h"
#include "attn/text/wordpiece.h"

namespace attn {

/// The files of a checkpoint as bytes, and the names that messages give them.
struct CheckpointFiles {
  std::string folder;  ///< for messages
  std::string_view config, vocabulary, weights;
  std::optional<std::string_view> tokenizer;  ///< tokenizer_config.json, where there is one
};

struct BertCheckpoint {
  Bert model;
  PieceVocabulary vocabulary;
  bool uncased = true;
};

/// The model of these files. Tensors go by their published names, with "bert." before them or
/// without, "gamma" and "beta" or "weight" and "bias"; a linear layer's matrix is stored as
/// (out,in) and transposed here. A head may be missing as a whole (pooler, masked words, next
/// sentences). `read` is called with the bytes of each tensor after it was copied.
/// Throws Error(bad_input): no JSON, a size that is missing or out of range, another model_type,
/// activation or kind of position, a decoder; tensors missing, misshapen or not expected (all are
/// listed), of whole numbers, or with numbers that are not finite; a vocabulary larger than the
/// table of words. Source: huggingface.co/docs/transformers, "BERT";
/// github.com/google-research/bert.
BertCheckpoint load_bert(const CheckpointFiles& files,
                         const std::function<void(std::string_view)>& read = {});

/// The same of a folder; its weights are mapped, so that memory holds them once.
/// Throws what read_file throws, too.
BertCheckpoint load_bert(const std::string& folder);

/// Writes the folder's files: each safely, the weights last. Throws Error(io).
void save_bert(const std::string& folder, const Bert& model, const PieceVocabulary& vocabulary,
               bool uncased);

}  // namespace attn
