#include "attn/train/model_file.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "attn/core/error.h"
#include "attn/io/file.h"
#include "attn/io/json.h"
#include "attn/io/safetensors.h"

namespace attn {

namespace {

constexpr int kModelFormat = 1;

/// Every size by name; `visit` reads or writes it.
template <class Visit>
void each_size(TranslatorChoice& c, Visit visit) {
  if (c.is_transformer()) {
    TransformerSizes& z = c.transformer;
    visit("source_vocabulary", z.source_vocabulary);
    visit("target_vocabulary", z.target_vocabulary);
    visit("width", z.width);
    visit("heads", z.heads);
    visit("ff", z.ff);
    visit("layers", z.layers);
    visit("positions", z.positions);
    visit("norm_first", z.norm_first);
    visit("tied", z.tied);
  } else {
    Seq2SeqSizes& z = c.recurrent;
    visit("variant", z.variant);
    visit("source_vocabulary", z.source_vocabulary);
    visit("target_vocabulary", z.target_vocabulary);
    visit("embedding", z.embedding);
    visit("hidden", z.hidden);
    visit("decoder", z.decoder);
    visit("bidirectional", z.bidirectional);
    visit("score", z.score);
    visit("style", z.style);
    visit("local", z.local);
  }
}

[[noreturn]] void wrong(const std::string& name, const std::string& what) {
  throw Error(ErrorKind::bad_input, fmt::format("{}: {}", escaped(name, 200), what),
              "a model file is made by: attn train translate --save-model FILE");
}

/// A member of the document, of the type that is wanted. Numbers are sizes, so they are bounded.
template <class T>
void read(const nlohmann::json& from, const char* key, T& to, const std::string& name) {
  const auto found = from.find(key);
  bool fits = found != from.end();
  if constexpr (std::is_same_v<T, bool>) {
    fits = fits && found->is_boolean();
  } else if constexpr (std::is_same_v<T, std::string>) {
    fits = fits && found->is_string();
  } else if constexpr (std::is_same_v<T, std::size_t>) {
    fits = fits && found->is_number_unsigned() && found->template get<std::uint64_t>() <= 1'000'000;
  } else {
    fits = fits && found->is_array();
    if (fits) {
      for (const nlohmann::json& word : *found) fits = fits && word.is_string();
    }
  }
  if (!fits) wrong(name, fmt::format("its description has no good \"{}\"", key));
  to = found->template get<T>();
}

/// A small file must not ask for a large model: its sizes are compared with the numbers that are
/// there before anything is made of them. (Differences in single tensors are told later, all of
/// them.)
void check_sizes(const TranslatorChoice& choice, const SafetensorsFile& file,
                 const std::string& name) {
  TranslatorChoice copy = choice;
  each_size(copy, [&](const std::string& key, const auto& value) {
    if constexpr (std::is_same_v<decltype(value), const std::size_t&>) {
      if (value == 0 && key != "decoder" && key != "local")
        wrong(name, fmt::format("its description has 0 for \"{}\"", key));
    }
  });
  if (choice.is_transformer() && choice.transformer.width % choice.transformer.heads != 0)
    wrong(name, fmt::format("a width of {} cannot be divided among {} heads",
                            choice.transformer.width, choice.transformer.heads));
  double there = 0;
  for (const NamedArray& tensor : file.tensors) there += double(tensor.values.size());
  const double asked = parameters_about(choice);
  if (asked > 2 * there + 10'000)
    wrong(name, fmt::format("its description asks for {:.0f} numbers, but {:.0f} are there", asked,
                            there));
}

}  // namespace

std::string TranslatorChoice::description() const {
  std::string text = model;
  TranslatorChoice copy = *this;
  each_size(copy, [&](const char* name, const auto& value) {
    text += fmt::format(" {} {}", name, value);
  });
  return text;
}

double parameters_about(const TranslatorChoice& choice) {
  if (choice.is_transformer()) {
    const TransformerSizes& z = choice.transformer;
    const double d = double(z.width);
    return d * (double(z.source_vocabulary) + double(z.target_vocabulary) + double(z.positions)) +
           double(z.layers) * (12 * d * d + 4 * d * double(z.ff));
  }
  const Seq2SeqSizes& z = choice.recurrent;
  const double e = double(z.embedding), h = double(z.hidden),
               s = z.decoder > 0 ? double(z.decoder) : h;
  return e * (double(z.source_vocabulary) + double(z.target_vocabulary)) + h * (e + h) +
         s * (e + s) + s * double(z.target_vocabulary);
}

std::unique_ptr<Translator> make_translator(const TranslatorChoice& choice,
                                            Parameters& parameters) {
  if (choice.is_transformer()) return std::make_unique<Transformer>(choice.transformer, parameters);
  Seq2SeqSizes sizes = choice.recurrent;
  sizes.cell = cell_named(choice.model);
  return std::make_unique<RecurrentTranslator>(sizes, parameters);
}

void save_model(const std::string& path, const Language& language, const TranslatorChoice& choice,
                const Translator& model) {
  nlohmann::ordered_json document = {
      {"format", kModelFormat}, {"language", language.name()}, {"model", choice.model}};
  TranslatorChoice copy = choice;
  each_size(copy, [&](const char* name, const auto& value) { document[name] = value; });
  const auto words = [](const Vocabulary& v) {  // without <unknown>, <start> and <end>
    return std::vector<std::string>(v.names().begin() + 3, v.names().end());
  };
  document["source_words"] = words(language.source());
  document["target_words"] = words(language.target());
  std::vector<NamedArray> tensors;
  for (const auto& [name, tensor] : model.parameters()) tensors.push_back({name, tensor.value()});
  write_file(path, safetensors_bytes_with_checksum(tensors, {{"attn_model", document.dump()}}));
}

ModelFile load_model(std::string_view bytes, const std::string& name) {
  SafetensorsFile file = parse_safetensors(bytes, name);
  const auto text = file.metadata.find("attn_model");
  if (text == file.metadata.end()) {
    const bool checkpoint = file.metadata.count("attn") > 0;
    wrong(name, checkpoint ? "this is a checkpoint of a training, not a model"
                           : "this is no model of a language");
  }
  if (const std::size_t bad = file.nan_count + file.infinity_count; bad > 0)
    wrong(name, fmt::format("{} of its numbers are not finite", bad));
  const nlohmann::json document = parse_json(text->second, name);
  if (!document.is_object()) wrong(name, "its description is no JSON object");
  if (!document.contains("format") || document["format"] != kModelFormat)
    wrong(name, "it is of another version of attn");
  ModelFile out;
  read(document, "language", out.language, name);
  read(document, "source_words", out.source_words, name);
  read(document, "target_words", out.target_words, name);
  read(document, "model", out.choice.model, name);
  const std::string& model = out.choice.model;
  if (model != "attention" && model != "rnn" && model != "lstm" && model != "gru")
    wrong(name, fmt::format("an unknown model \"{}\"", escaped(model)));
  each_size(out.choice, [&](const char* key, auto& value) { read(document, key, value, name); });
  const auto vocabulary = [&](const char* which, std::size_t words, std::size_t rows) {
    if (words + 3 != rows)
      wrong(name, fmt::format("{} {} words, but a table of {} rows", words, which, rows));
  };
  const bool transformer = out.choice.is_transformer();
  vocabulary("source", out.source_words.size(),
             transformer ? out.choice.transformer.source_vocabulary
                         : out.choice.recurrent.source_vocabulary);
  vocabulary("target", out.target_words.size(),
             transformer ? out.choice.transformer.target_vocabulary
                         : out.choice.recurrent.target_vocabulary);
  check_sizes(out.choice, file, name);
  Parameters parameters{Rng(0)};
  parameters.use(std::move(file), name);
  try {
    out.model = make_translator(out.choice, parameters);
  } catch (const Error& error) {  // sizes that do not go together: here a file is to blame
    if (error.kind() != ErrorKind::usage) throw;
    wrong(name, error.what());
  }
  parameters.check();
  return out;
}

}  // namespace attn
