#include "attn/nn/bert_checkpoint.h"

#include <fmt/format.h>

#include <cmath>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "attn/core/error.h"
#include "attn/core/memory.h"
#include "attn/io/file.h"
#include "attn/io/json.h"
#include "attn/io/safetensors.h"
#include "attn/nn/bert_names.h"

namespace attn {

namespace {

using nlohmann::json;

constexpr std::size_t kLargestText = std::size_t{1} << 24;  // of config.json and vocab.txt

/// Stored beside the parameters, but not one: places 0, 1, 2, ..., and second names of what is
/// tied.
constexpr const char* kPlaces = "embeddings.position_ids";
constexpr const char* kTiedWeight = "cls.predictions.decoder.weight";
constexpr const char* kTiedBias = "cls.predictions.decoder.bias";

class Config {
 public:
  Config(std::string_view text, std::string name)
      : name_(std::move(name)), document_(parse_json(text, name_)) {
    if (!document_.is_object()) wrong("expected an object");
  }
  [[noreturn]] void wrong(const std::string& what) const {
    throw Error(ErrorKind::bad_input, fmt::format("{}: {}", escaped(name_, 400), what),
                "attn loads BERT in the Hugging Face layout: config.json, vocab.txt, "
                "model.safetensors");
  }
  std::size_t size(const char* key, std::size_t most) const {
    const auto found = document_.find(key);
    if (found == document_.end()) wrong(fmt::format("\"{}\" is missing", key));
    if (!found->is_number_unsigned() || found->get<std::uint64_t>() < 1 ||
        found->get<std::uint64_t>() > most)
      wrong(fmt::format("\"{}\": expected a whole number from 1 to {}, found {}", key, most,
                        shown(*found)));
    return found->get<std::size_t>();
  }
  double eps() const {
    const auto found = document_.find("layer_norm_eps");
    if (found == document_.end()) return 1e-12;
    const double eps = found->is_number() ? found->get<double>() : -1;
    if (!(eps > 0 && eps < 1))
      wrong(fmt::format("\"layer_norm_eps\": expected a number between 0 and 1, found {}",
                        shown(*found)));
    return eps;
  }
  std::string word(const char* key, const std::string& otherwise) const {
    const auto found = document_.find(key);
    if (found == document_.end()) return otherwise;
    if (!found->is_string())
      wrong(fmt::format("\"{}\": expected a word, found {}", key, shown(*found)));
    return found->get<std::string>();
  }
  bool flag(const char* key, bool otherwise) const {
    const auto found = document_.find(key);
    if (found == document_.end()) return otherwise;
    if (!found->is_boolean())
      wrong(fmt::format("\"{}\": expected true or false, found {}", key, shown(*found)));
    return found->get<bool>();
  }

 private:
  static std::string shown(const json& value) {
    if (value.is_string()) return "\"" + escaped(value.get_ref<const std::string&>()) + "\"";
    return value.is_structured() ? value.type_name() : value.dump();
  }
  std::string name_;
  json document_;
};

BertSizes sizes_of(const Config& config) {
  constexpr std::size_t kMost = 1'000'000;
  if (const std::string type = config.word("model_type", "bert"); type != "bert")
    config.wrong(fmt::format("\"model_type\" is \"{}\", expected \"bert\"", escaped(type)));
  if (const std::string kind = config.word("position_embedding_type", "absolute");
      kind != "absolute")
    config.wrong(fmt::format("\"position_embedding_type\" is \"{}\"; BERT's is \"absolute\"",
                             escaped(kind)));
  if (config.flag("is_decoder", false))
    config.wrong("\"is_decoder\" is true: it looks only back, and BERT looks both ways");
  BertSizes z;
  z.vocabulary = config.size("vocab_size", kMost);
  z.width = config.size("hidden_size", kMost);
  z.heads = config.size("num_attention_heads", kMost);
  z.ff = config.size("intermediate_size", kMost);
  z.layers = config.size("num_hidden_layers", 1000);
  z.positions = config.size("max_position_embeddings", kMost);
  z.segments = config.size("type_vocab_size", 1000);
  z.eps = config.eps();
  const std::string activation = config.word("hidden_act", "gelu");
  if (activation != "gelu" && activation != "relu")
    config.wrong(fmt::format("\"hidden_act\" is \"{}\", expected \"gelu\" (with erf) or \"relu\"",
                             escaped(activation)));
  z.activation = activation == "relu" ? Activation::relu : Activation::gelu;
  if (z.width % z.heads != 0)
    config.wrong(
        fmt::format("a hidden_size of {} cannot be divided among {} heads", z.width, z.heads));
  return z;
}

/// The tensors of a weight file under their normal names.
class Weights {
 public:
  Weights(std::string_view bytes, std::string name,
          const std::function<void(std::string_view)>& read)
      : bytes_(bytes), name_(std::move(name)), read_(read) {
    const SafetensorsHeader header = parse_safetensors_header(bytes, name_);
    check_checksum(bytes, header, name_);
    for (const SafetensorsEntry& entry : header.entries) {
      const std::string normal = normal_name(entry.name);
      if (const auto [at, is_new] = entries_.emplace(normal, entry); !is_new) {
        throw Error(
            ErrorKind::bad_input,
            fmt::format("{}: '{}' and '{}' are the same tensor of a BERT", escaped(name_, 400),
                        escaped(at->second.name, 80), escaped(entry.name, 80)),
            "which of the two counts cannot be known: take one of them out");
      }
    }
  }

  bool any(std::string_view begin) const {
    const auto at = entries_.lower_bound(begin);
    return at != entries_.end() && at->first.starts_with(begin);
  }

  /// Throws with all differences between these tensors and the model's.
  void check(const NamedShapes& own) const {
    std::map<std::string, Shape> expected, found;
    for (const auto& [name, shape] : own)
      expected[published_name(name)] = published_shape(name, shape);
    for (const auto& [name, entry] : entries_) {
      if (name == kPlaces) continue;
      if (name == kTiedWeight || name == kTiedBias) {
        // Asked for only where it stands: published files have it or not.
        const auto tied = expected.find(name == kTiedWeight ? "embeddings.word_embeddings.weight"
                                                            : "cls.predictions.bias");
        if (tied != expected.end()) expected[name] = Shape(tied->second);
      }
      found[name] = entry.shape;
    }
    check_tensors(expected, found, name_);
    for (const auto& [name, entry] : entries_) {
      const bool fractions = entry.dtype == DType::f64 || entry.dtype == DType::f32 ||
                             entry.dtype == DType::f16 || entry.dtype == DType::bf16;
      if (fractions || name == kPlaces) continue;
      throw Error(ErrorKind::bad_input,
                  fmt::format("{}: tensor '{}' holds whole numbers, expected F64, F32, F16 or BF16",
                              escaped(name_, 400), escaped(entry.name, 80)),
                  "quantised models are not read: save it with fractions first");
    }
  }

  /// The tensor as ours, the matrix of a linear layer transposed. Throws if a number is not finite.
  Array take(const std::string& own, const Shape& shape) {
    const SafetensorsEntry& entry = entries_.at(published_name(own));
    const std::string_view part = bytes_.substr(entry.begin, entry.end - entry.begin);
    Array values = decode(part, entry.dtype, ByteOrder::little, entry.shape);
    if (is_stored_transposed(own, shape)) values = transposed(values);
    if (read_) read_(part);
    for (std::size_t i = 0; i < values.size(); ++i) {
      if (!std::isfinite(values.data()[i]))
        throw Error(ErrorKind::bad_input,
                    fmt::format("{}: tensor '{}' holds {} at number {}", escaped(name_, 400),
                                escaped(entry.name, 80), values.data()[i], i),
                    "such a model gives no numbers: the file is damaged or its training failed");
    }
    return values;
  }

  /// Throws unless a second copy of the tied numbers is the first.
  void check_tied(const char* second, const Array& first) const {
    const auto at = entries_.find(second);
    if (at == entries_.end()) return;
    const SafetensorsEntry& entry = at->second;
    const std::string_view part = bytes_.substr(entry.begin, entry.end - entry.begin);
    const Array values = decode(part, entry.dtype, ByteOrder::little, entry.shape);
    const bool same = largest_difference(values, first) == 0;
    if (read_) read_(part);
    if (!same)
      throw Error(ErrorKind::bad_input,
                  fmt::format("{}: '{}' differs from the embedding it should be tied to",
                              escaped(name_, 400), escaped(entry.name, 80)),
                  "in BERT the output's words are the input's: this is another model");
  }

 private:
  std::string_view bytes_;
  std::string name_;
  const std::function<void(std::string_view)>& read_;
  std::map<std::string, SafetensorsEntry, std::less<>> entries_;
};

std::string in(const std::string& folder, const char* file) { return folder + "/" + file; }

/// Also true for what cannot be looked at: opening it says why.
bool is_there(const std::string& path) {
  std::error_code failed;
  return std::filesystem::exists(path, failed) || failed;
}

}  // namespace

BertCheckpoint load_bert(const CheckpointFiles& files,
                         const std::function<void(std::string_view)>& read) {
  const Config config(files.config, in(files.folder, "config.json"));
  BertSizes sizes = sizes_of(config);
  PieceVocabulary vocabulary =
      PieceVocabulary::parse(files.vocabulary, in(files.folder, "vocab.txt"));
  if (vocabulary.size() > sizes.vocabulary) {  // a table may be padded to a round number
    throw Error(ErrorKind::bad_input,
                fmt::format("{}/vocab.txt has {} pieces, but config.json says {}",
                            escaped(files.folder, 400), vocabulary.size(), sizes.vocabulary),
                "the files belong to different models");
  }
  Weights weights(files.weights, in(files.folder, "model.safetensors"), read);
  sizes.pooler = weights.any("pooler.");
  sizes.mlm = weights.any("cls.predictions.");
  sizes.nsp = weights.any("cls.seq_relationship.");
  // A small file must not make a large model: the shapes are compared before anything is made.
  const NamedShapes shapes = bert_shapes(sizes);
  weights.check(shapes);
  if (sizes.nsp && !sizes.pooler)
    config.wrong(
        "the weights have a head for next sentences (cls.seq_relationship), but no pooler");
  double bytes = 0;
  for (const auto& [name, shape] : shapes) bytes += sizeof(real) * double(count(shape));
  require_memory(bytes, fmt::format("the checkpoint {}", escaped(files.folder, 400)));
  Parameters parameters{Rng(0)};
  for (const auto& [name, shape] : shapes) {
    const Tensor tensor = Tensor::parameter(weights.take(name, shape));
    if (name == "token_embedding") weights.check_tied(kTiedWeight, tensor.value());
    if (name == "mlm.bias") weights.check_tied(kTiedBias, tensor.value());
    parameters.give(name, tensor);
  }
  const bool lower =
      !files.tokenizer || Config(*files.tokenizer, in(files.folder, "tokenizer_config.json"))
                              .flag("do_lower_case", true);
  return {Bert(sizes, parameters), std::move(vocabulary), lower};
}

BertCheckpoint load_bert(const std::string& folder) {
  CheckpointFiles files;
  files.folder = folder;
  if (std::error_code none; std::filesystem::is_regular_file(folder, none))
    throw Error(
        ErrorKind::bad_input, fmt::format("{} is a file", escaped(folder, 400)),
        "name the folder that holds config.json, vocab.txt and model.safetensors (attn bert "
        "pretrain --save DIR writes one)");
  const std::string config = read_file(in(folder, "config.json"), kLargestText);
  const std::string words = read_file(in(folder, "vocab.txt"), kLargestText);
  const std::string tokenizer_path = in(folder, "tokenizer_config.json");
  std::string tokenizer;
  if (is_there(tokenizer_path)) {
    tokenizer = read_file(tokenizer_path, kLargestText);
    files.tokenizer = tokenizer;
  }
  if (!is_there(in(folder, "model.safetensors"))) {
    for (const char* pickle : {"pytorch_model.bin", "model.pt", "bert_model.ckpt.index"}) {
      if (is_there(in(folder, pickle)))
        throw Error(
            ErrorKind::bad_input,
            fmt::format("{} holds {}, but no model.safetensors", escaped(folder, 400), pickle),
            "a pickle can run any program hidden in it, so it is not read. Where you trust "
            "it, convert it in Python: from transformers import BertForPreTraining; "
            "BertForPreTraining.from_pretrained(FOLDER).save_pretrained(FOLDER)");
    }
  }
  const MappedFile weights(in(folder, "model.safetensors"));
  files.config = config;
  files.vocabulary = words;
  files.weights = weights.bytes();
  if (files.weights.starts_with("version https://git-lfs"))
    throw Error(ErrorKind::bad_input,
                fmt::format("{} is a pointer of Git LFS, not the weights",
                            escaped(in(folder, "model.safetensors"), 400)),
                "fetch the file itself: git lfs pull");
  return load_bert(files, [&](std::string_view part) { weights.done_with(part); });
}

void save_bert(const std::string& folder, const Bert& model, const PieceVocabulary& vocabulary,
               bool uncased) {
  const BertSizes& z = model.sizes();
  const nlohmann::ordered_json config = {
      {"architectures", {"BertForPreTraining"}},
      {"model_type", "bert"},
      {"vocab_size", z.vocabulary},
      {"hidden_size", z.width},
      {"num_hidden_layers", z.layers},
      {"num_attention_heads", z.heads},
      {"intermediate_size", z.ff},
      {"hidden_act", z.activation == Activation::relu ? "relu" : "gelu"},
      {"max_position_embeddings", z.positions},
      {"type_vocab_size", z.segments},
      {"layer_norm_eps", z.eps},
      {"hidden_dropout_prob", z.dropout},
      {"attention_probs_dropout_prob", 0.0},
      {"pad_token_id", vocabulary.pad()}};
  std::vector<NamedArray> tensors;
  for (const auto& [own, tensor] : model.parameters()) {
    const Shape shape = tensor.shape();
    const std::string published = published_name(own);
    Array values =
        is_stored_transposed(own, shape) ? transposed(tensor.value()) : Array(tensor.value());
    tensors.push_back(
        {published.starts_with("cls.") ? published : "bert." + published, std::move(values)});
  }
  std::error_code failed;
  std::filesystem::create_directories(folder, failed);  // writing says what is wrong
  write_file(in(folder, "config.json"), config.dump(2) + "\n");
  write_file(in(folder, "vocab.txt"), vocabulary.text());
  write_file(
      in(folder, "tokenizer_config.json"),
      nlohmann::ordered_json{{"do_lower_case", uncased}, {"tokenizer_class", "BertTokenizer"}}.dump(
          2) +
          "\n");
  write_file(in(folder, "model.safetensors"),
             safetensors_bytes_with_checksum(tensors, {{"format", "pt"}}));
}

}  // namespace attn
