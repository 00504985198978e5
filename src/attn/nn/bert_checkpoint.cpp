#include "attn/nn/bert_checkpoint.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <functional>
#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "attn/core/error.h"
#include "attn/core/joined.h"
#include "attn/core/memory.h"
#include "attn/io/file.h"
#include "attn/io/json.h"
#include "attn/io/safetensors.h"
#include "attn/nn/bert_config.h"
#include "attn/nn/bert_names.h"

namespace attn {

namespace {

/// Stored beside the parameters, but not one: places 0, 1, 2, ..., and second names of what is
/// tied.
constexpr const char* kPlaces = "embeddings.position_ids";
constexpr const char* kTiedWeight = "cls.predictions.decoder.weight";
constexpr const char* kTiedBias = "cls.predictions.decoder.bias";
constexpr const char* kWords = "embeddings.word_embeddings.weight";
constexpr const char* kBias = "cls.predictions.bias";

std::string in(const std::string& folder, const char* file) { return folder + "/" + file; }

/// What the names of a file begin with before "bert.": "module." of a model that was trained on
/// several machines, the name that a program gave its BERT. Throws where there are two.
std::string begin_of_names(const std::vector<SafetensorsEntry>& entries, const std::string& name) {
  std::optional<std::string> out;
  for (const SafetensorsEntry& entry : entries) {
    if (!entry.name.ends_with(kWords)) continue;
    std::string begin = entry.name.substr(0, entry.name.size() - std::string_view(kWords).size());
    if (begin.ends_with("bert.")) begin.resize(begin.size() - 5);
    if (out && *out != begin) {
      throw Error(ErrorKind::bad_input,
                  fmt::format("{} holds two BERTs: names begin with \"{}\" and with \"{}\"",
                              escaped(name, 400), escaped(*out, 80), escaped(begin, 80)),
                  "save one of them in a folder of its own");
    }
    out = begin;
  }
  return out.value_or("");
}

/// False for a layer that was put on top of a BERT, such as "classifier.weight".
bool is_of_bert(const std::string& normal) {
  for (const char* begin :
       {"embeddings.", "encoder.", "pooler.", "cls.predictions.", "cls.seq_relationship."}) {
    if (normal.starts_with(begin)) return true;
  }
  return false;
}

/// The tensors of weight files under their normal names.
class Weights {
 public:
  /// `read` is called with a file and bytes of it that are not needed any more.
  using Read = std::function<void(std::size_t file, std::string_view bytes)>;

  Weights(const std::vector<WeightFile>& files, std::string name, Read read)
      : files_(files), name_(std::move(name)), read_(std::move(read)) {
    std::vector<SafetensorsEntry> all;
    std::vector<std::size_t> from;  // the file of each
    for (std::size_t i = 0; i < files.size(); ++i) {
      SafetensorsHeader header = parse_safetensors_header(files[i].bytes, files[i].name);
      check_checksum(files[i].bytes, header, files[i].name);
      for (SafetensorsEntry& entry : header.entries) {
        all.push_back(std::move(entry));
        from.push_back(i);
      }
    }
    const std::string begin = begin_of_names(all, name_);
    for (std::size_t i = 0; i < all.size(); ++i) {
      const bool inside = all[i].name.starts_with(begin);
      const std::string normal = normal_name(inside ? all[i].name.substr(begin.size()) : "");
      if (is_of_bert(normal)) {
        keep(normal, {all[i], from[i]});
      } else {
        unused_.push_back(all[i].name);
      }
    }
    // Tied numbers may be stored under either of their names.
    for (const auto& [second, first] : {std::pair{kTiedWeight, kWords}, {kTiedBias, kBias}}) {
      if (entries_.contains(first) || !entries_.contains(second)) continue;
      auto node = entries_.extract(second);
      node.key() = first;
      entries_.insert(std::move(node));
    }
  }

  /// Tensors that are not a BERT's.
  const std::vector<std::string>& unused() const { return unused_; }

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
        const auto tied = expected.find(name == kTiedWeight ? kWords : kBias);
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
    const Place& entry = entries_.at(published_name(own));
    Array values = is_stored_transposed(own, shape)
                       ? turned(entry)
                       : decode(bytes_of(entry), entry.dtype, ByteOrder::little, entry.shape);
    read(entry, bytes_of(entry));
    for (std::size_t i = 0; i < values.size(); ++i) {
      if (!std::isfinite(values.data()[i]))
        throw Error(ErrorKind::bad_input,
                    fmt::format("{}: tensor '{}' holds {} at number {}", escaped(name_, 400),
                                escaped(entry.name, 80), values.data()[i], i),
                    "such a model gives no numbers: the file is damaged or its training failed");
    }
    return values;
  }

  /// Throws unless a second copy of the tied numbers is the first. A part at a time: the table of
  /// words is the largest tensor, and memory should hold it once.
  void check_tied(const char* second, const Array& first) const {
    const auto at = entries_.find(second);
    if (at == entries_.end()) return;
    const Place& entry = at->second;
    const std::size_t size = (entry.end - entry.begin) / std::max<std::size_t>(first.size(), 1);
    for (std::size_t begin = 0; begin < first.size(); begin += kAtOnce) {
      const std::size_t count = std::min(kAtOnce, first.size() - begin);
      const std::string_view part = bytes_of(entry).substr(begin * size, count * size);
      const Array values = decode(part, entry.dtype, ByteOrder::little, {count});
      const bool same = std::equal(values.begin(), values.end(), first.data() + begin);
      read(entry, part);
      if (!same)
        throw Error(ErrorKind::bad_input,
                    fmt::format("{}: '{}' differs from the embedding it should be tied to",
                                escaped(name_, 400), escaped(entry.name, 80)),
                    "in BERT the output's words are the input's: this is another model");
    }
  }

 private:
  /// An entry, and in which of the files it is.
  struct Place : SafetensorsEntry {
    std::size_t file;
  };

  static constexpr std::size_t kAtOnce = std::size_t{1} << 16;  ///< numbers

  /// The matrix transposed, some rows at a time: a whole copy beside it would leave a hole in
  /// memory that the next matrix does not fit into.
  Array turned(const Place& entry) const {
    const std::size_t height = entry.shape[0], width = entry.shape[1];
    Array out = empty({width, height});
    real* to = out.data();
    const std::size_t at_once = std::max<std::size_t>(kAtOnce / std::max<std::size_t>(width, 1), 1),
                      bytes = (entry.end - entry.begin) / std::max<std::size_t>(height, 1);
    for (std::size_t begin = 0; begin < height; begin += at_once) {
      const std::size_t rows = std::min(at_once, height - begin);
      const Array part = decode(bytes_of(entry).substr(begin * bytes, rows * bytes), entry.dtype,
                                ByteOrder::little, {rows, width});
      for (std::size_t c = 0; c < width; ++c) {
        for (std::size_t r = 0; r < rows; ++r)
          to[c * height + begin + r] = part.data()[r * width + c];
      }
    }
    return out;
  }

  void keep(const std::string& normal, const Place& place) {
    const auto [at, is_new] = entries_.try_emplace(normal, place);
    if (is_new) return;
    throw Error(ErrorKind::bad_input,
                fmt::format("{}: '{}' and '{}' are the same tensor of a BERT", escaped(name_, 400),
                            escaped(at->second.name, 80), escaped(place.name, 80)),
                "which of the two counts cannot be known: take one of them out");
  }
  std::string_view bytes_of(const Place& entry) const {
    return files_[entry.file].bytes.substr(entry.begin, entry.end - entry.begin);
  }
  void read(const Place& entry, std::string_view bytes) const {
    if (read_) read_(entry.file, bytes);
  }

  const std::vector<WeightFile>& files_;
  std::string name_;
  Read read_;
  std::map<std::string, Place, std::less<>> entries_;
  std::vector<std::string> unused_;
};

/// The vocabulary must fit the table of words; a table may be padded to a round number.
void check_vocabulary(BertTokenizer& tokenizer, const BertSizes& sizes, const std::string& folder) {
  const std::size_t pieces = tokenizer.vocabulary.size();
  if (pieces > sizes.vocabulary) {
    throw Error(ErrorKind::bad_input,
                fmt::format("{}/vocab.txt has {} pieces, but config.json says {}",
                            escaped(folder, 400), pieces, sizes.vocabulary),
                "the files belong to different models");
  }
  if (pieces < sizes.vocabulary) {
    tokenizer.remarks.push_back(
        fmt::format("The vocabulary has {} pieces and the table {} rows. A table may be larger on "
                    "purpose; but if a line was taken out of vocab.txt, every piece after it has "
                    "the row of another one.",
                    pieces, sizes.vocabulary));
  }
}

void remark_unused(const std::vector<std::string>& unused, std::vector<std::string>& remarks) {
  if (unused.empty()) return;
  constexpr std::size_t kMost = 6;
  std::vector<std::string> named;
  for (std::size_t i = 0; i < std::min(kMost, unused.size()); ++i)
    named.push_back(escaped(unused[i], 60));
  remarks.push_back(fmt::format(
      "This BERT was trained further for a task. The layer on top is not used: {}{}.",
      joined(named, ", "),
      unused.size() > kMost ? fmt::format(" and {} more tensors", unused.size() - kMost) : ""));
}

BertCheckpoint assembled(const std::string& folder, const BertConfig& config, BertSizes sizes,
                         BertTokenizer tokenizer, const std::vector<WeightFile>& files,
                         const Weights::Read& read) {
  check_vocabulary(tokenizer, sizes, folder);
  Weights weights(files, files.size() == 1 ? files[0].name : in(folder, "model-*.safetensors"),
                  read);
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
  require_memory(bytes, fmt::format("the checkpoint {}", escaped(folder, 400)));
  Parameters parameters{Rng(0)};
  for (const auto& [name, shape] : shapes) {
    const Tensor tensor = Tensor::parameter(weights.take(name, shape));
    if (name == "token_embedding") weights.check_tied(kTiedWeight, tensor.value());
    if (name == "mlm.bias") weights.check_tied(kTiedBias, tensor.value());
    parameters.give(name, tensor);
  }
  remark_unused(weights.unused(), tokenizer.remarks);
  return {Bert(sizes, parameters), std::move(tokenizer.vocabulary), tokenizer.rules,
          std::move(tokenizer.remarks)};
}

/// Throws what helps where this is no folder with a config.json.
void require_checkpoint_folder(const std::string& folder) {
  namespace fs = std::filesystem;
  std::error_code none;
  if (fs::is_regular_file(folder, none))
    throw Error(
        ErrorKind::bad_input, fmt::format("{} is a file", escaped(folder, 400)),
        "name the folder that holds config.json, vocab.txt and model.safetensors (attn bert "
        "pretrain --save DIR writes one)");
  if (is_there(in(folder, "config.json"))) return;
  // The cache of the model hub: the files lie below snapshots/.
  for (const fs::path& below : {fs::path(folder) / "snapshots", fs::path(folder)}) {
    for (const fs::directory_entry& inside : fs::directory_iterator(below, none)) {
      if (!fs::exists(inside.path() / "config.json", none)) continue;
      throw Error(
          ErrorKind::io, fmt::format("{} has no config.json", escaped(folder, 400)),
          fmt::format("name the folder inside it: {}", escaped(inside.path().string(), 400)));
    }
  }
}

/// The files that hold the weights: one, or the parts that an index names. Throws what helps where
/// there is neither.
std::vector<std::string> weight_files(const std::string& folder) {
  const std::string index = in(folder, "model.safetensors.index.json");
  if (!is_there(in(folder, "model.safetensors")) && is_there(index)) {
    const nlohmann::json document =
        parse_json(file_itself(read_file(index, kLargestCheckpointText), index), index);
    std::set<std::string> parts;
    const auto map = document.is_object() ? document.find("weight_map") : document.end();
    if (document.is_object() && map != document.end() && map->is_object()) {
      for (const auto& part : *map) {
        const std::string file = part.is_string() ? part.get<std::string>() : "";
        if (!file.ends_with(".safetensors") || file.find('/') != std::string::npos) {
          throw Error(
              ErrorKind::bad_input,
              fmt::format("{}: a part is called {}", escaped(index, 400), escaped(part.dump(), 80)),
              "parts are files of the same folder, such as "
              "model-00001-of-00002.safetensors");
        }
        parts.insert(file);
      }
    }
    if (parts.empty() || parts.size() > 1000)
      throw Error(ErrorKind::bad_input,
                  fmt::format("{}: {} parts under \"weight_map\", expected 1 to 1000",
                              escaped(index, 400), parts.size()),
                  "it names the part that holds each tensor");
    return {parts.begin(), parts.end()};
  }
  if (is_there(in(folder, "model.safetensors"))) return {"model.safetensors"};
  for (const char* pickle : {"pytorch_model.bin", "pytorch_model.bin.index.json", "model.pt"}) {
    if (is_there(in(folder, pickle)))
      throw Error(
          ErrorKind::bad_input,
          fmt::format("{} holds {}, but no model.safetensors", escaped(folder, 400), pickle),
          "a pickle can run any program hidden in it, so it is not read. Where you trust "
          "it, convert it in Python: from transformers import BertForPreTraining; "
          "BertForPreTraining.from_pretrained(FOLDER).save_pretrained(FOLDER)");
  }
  for (const char* other :
       {"tf_model.h5", "bert_model.ckpt.index", "flax_model.msgpack", "model.onnx"}) {
    if (is_there(in(folder, other)))
      throw Error(ErrorKind::bad_input,
                  fmt::format("{} holds {}, but no model.safetensors", escaped(folder, 400), other),
                  "these are weights for another program: get model.safetensors of the same model, "
                  "or convert "
                  "them in Python with from_pretrained() and save_pretrained() of transformers");
  }
  return {"model.safetensors"};  // opening it says that it is not there
}

}  // namespace

BertCheckpoint load_bert(const CheckpointFiles& files, std::optional<bool> uncased) {
  const BertConfig config(files.config, in(files.folder, "config.json"));
  const BertSizes sizes = sizes_of(config);
  return assembled(files.folder, config, sizes,
                   load_tokenizer(files.folder, files.tokenizer, uncased), files.weights, {});
}

BertCheckpoint load_bert(const std::string& folder, std::optional<bool> uncased) {
  require_checkpoint_folder(folder);
  // First of all what kind of model it is: others need not have BERT's files.
  const BertConfig config(read_file(in(folder, "config.json"), kLargestCheckpointText),
                          in(folder, "config.json"));
  const BertSizes sizes = sizes_of(config);
  BertTokenizer tokenizer = load_tokenizer(folder, uncased);
  std::vector<MappedFile> mapped;
  std::vector<WeightFile> files;
  for (const std::string& name : weight_files(folder)) {
    const std::string path = in(folder, name.c_str());
    mapped.emplace_back(path);
    files.push_back({path, file_itself(mapped.back().bytes(), path)});
  }
  return assembled(
      folder, config, sizes, std::move(tokenizer), files,
      [&](std::size_t file, std::string_view bytes) { mapped[file].done_with(bytes); });
}

void save_bert(const std::string& folder, const Bert& model, const PieceVocabulary& vocabulary,
               const WordRules& rules) {
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
  nlohmann::ordered_json words = {{"do_lower_case", rules.lower_case},
                                  {"tokenizer_class", "BertTokenizer"}};
  if (rules.strip_accents != rules.lower_case) words["strip_accents"] = rules.strip_accents;
  if (!rules.split_chinese) words["tokenize_chinese_chars"] = false;
  write_file(in(folder, "tokenizer_config.json"), words.dump(2) + "\n");
  write_file(in(folder, "model.safetensors"),
             safetensors_bytes_with_checksum(tensors, {{"format", "pt"}}));
}

}  // namespace attn
