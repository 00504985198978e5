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

/// Its number of parameters or somewhat less (biases, norms and all gates but one are left out):
/// to refuse a model before it is made.
double parameters_about(const TranslatorChoice& choice);

/// The translator of this choice. Throws Error(usage) for sizes that do not go together.
std::unique_ptr<Translator> make_translator(const TranslatorChoice& choice, Parameters& parameters);

/// What a model file holds. The words are without <unknown>, <start> and <end>.
struct ModelFile {
  std::string language;
  std::vector<std::string> source_words, target_words;
  TranslatorChoice choice;
  std::unique_ptr<Translator> model;
};

/// Writes the model, its sizes and its words. Throws Error(io).
void save_model(const std::string& path, const Language& language, const TranslatorChoice& choice,
                const Translator& model);

/// The model of a file's bytes. Throws Error(bad_input) if they are no model file, are of another
/// version, hold numbers that are not finite, or if tensors are missing, not expected or of other
/// shapes (all are listed); nothing large is made of a small file. `name` is for messages.
ModelFile load_model(std::string_view bytes, const std::string& name);

}  // namespace attn
