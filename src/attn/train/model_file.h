#pragma once
// A trained translator as a file: the parameters (safetensors), and in its metadata what is needed
// to build the model again and to read its words.
#include <memory>
#include <string>
#include <vector>

#include "attn/nn/parameters.h"
#include "attn/nn/seq2seq.h"
#include "attn/nn/transformer.h"
#include "attn/train/language.h"

namespace attn {

/// Which translator: a Transformer, or a recurrent encoder-decoder.
struct TranslatorChoice {
  std::string model = "attention";  ///< attention (the Transformer), rnn, lstm, gru
  TransformerSizes transformer;
  Seq2SeqSizes recurrent;

  bool is_transformer() const { return model == "attention"; }
  /// The model with all its sizes, in words.
  std::string description() const;
};

std::unique_ptr<Translator> make_translator(const TranslatorChoice& choice, Parameters& parameters);

/// What a model file holds.
struct ModelFile {
  std::string language;
  std::vector<std::string> source_words, target_words;
  TranslatorChoice choice;
  std::unique_ptr<Translator> model;
};

/// Throws Error(io).
void save_model(const std::string& path, const Language& language, const TranslatorChoice& choice,
                const Translator& model);

/// Throws Error(bad_input) if these bytes are no model file, or if tensors are missing or of other
/// shapes (all are listed). `name` is for messages.
ModelFile load_model(std::string_view bytes, const std::string& name);

}  // namespace attn
