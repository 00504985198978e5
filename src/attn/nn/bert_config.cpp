#include "attn/nn/bert_config.h"

#include <fmt/format.h>

#include <filesystem>

#include "attn/core/error.h"
#include "attn/io/json.h"
#include "attn/text/utf8.h"

namespace attn {

namespace {

using nlohmann::json;

std::string shown(const json& value) {
  if (value.is_string()) return "\"" + escaped(value.get_ref<const std::string&>()) + "\"";
  return value.is_structured() ? value.type_name() : value.dump();
}

/// What tells this kind of model from BERT, where people take it for one.
std::string difference(const std::string& type) {
  struct Other {
    const char *type, *why;
  };
  constexpr Other kOthers[] = {
      {"roberta", "RoBERTa has other pieces (pairs of bytes) and counts its positions from 2"},
      {"xlm-roberta", "XLM-RoBERTa has other pieces (SentencePiece) and counts positions from 2"},
      {"camembert", "CamemBERT is a RoBERTa: other pieces, and positions counted from 2"},
      {"albert", "ALBERT has one block that all layers share, and other pieces (SentencePiece)"},
      {"distilbert", "DistilBERT has no segments and no pooler"},
      {"electra", "ELECTRA was trained to find replaced words and has no head that guesses them"},
      {"deberta", "DeBERTa has relative positions"},
      {"deberta-v2", "DeBERTa has relative positions"},
      {"mpnet", "MPNet has relative positions"},
      {"modernbert", "ModernBERT has rotary positions and gated feed-forward nets"},
      {"nomic_bert", "Nomic BERT has rotary positions and gated feed-forward nets"},
      {"gpt2", "GPT-2 looks only back, and BERT looks both ways"}};
  for (const Other& other : kOthers) {
    if (type == other.type) return std::string(other.why) + "; ";
  }
  return {};
}

}  // namespace

BertConfig::BertConfig(std::string_view text, std::string name)
    : name_(std::move(name)), document_(parse_json(file_itself(text, name_), name_)) {
  if (!document_.is_object()) wrong("expected an object");
}

void BertConfig::wrong(const std::string& what) const {
  throw Error(ErrorKind::bad_input, fmt::format("{}: {}", escaped(name_, 400), what),
              "attn loads BERT in the Hugging Face layout: config.json, vocab.txt, "
              "model.safetensors");
}

const json* BertConfig::find(const char* key) const {
  const auto found = document_.find(key);
  return found == document_.end() || found->is_null() ? nullptr : &*found;
}

std::size_t BertConfig::size(const char* key, std::size_t most) const {
  const json* found = find(key);
  if (!found) wrong(fmt::format("\"{}\" is missing", key));
  if (!found->is_number_unsigned() || found->get<std::uint64_t>() < 1 ||
      found->get<std::uint64_t>() > most)
    wrong(fmt::format("\"{}\": expected a whole number from 1 to {}, found {}", key, most,
                      shown(*found)));
  return found->get<std::size_t>();
}

std::string BertConfig::word(const char* key, const std::string& otherwise) const {
  const json* found = find(key);
  if (!found) return otherwise;
  if (!found->is_string())
    wrong(fmt::format("\"{}\": expected a word, found {}", key, shown(*found)));
  return found->get<std::string>();
}

std::optional<bool> BertConfig::flag(const char* key) const {
  const json* found = find(key);
  if (!found) return std::nullopt;
  if (!found->is_boolean())
    wrong(fmt::format("\"{}\": expected true or false, found {}", key, shown(*found)));
  return found->get<bool>();
}

double BertConfig::eps() const {
  const json* found = find("layer_norm_eps");
  if (!found) return 1e-12;
  const double eps = found->is_number() ? found->get<double>() : -1;
  if (!(eps > 0 && eps < 1))
    wrong(fmt::format("\"layer_norm_eps\": expected a number between 0 and 1, found {}",
                      shown(*found)));
  return eps;
}

BertSizes sizes_of(const BertConfig& config) {
  constexpr std::size_t kMost = 1'000'000;
  if (const std::string type = config.word("model_type", "bert"); type != "bert") {
    config.wrong(
        fmt::format("\"model_type\" is \"{}\", expected \"bert\": {}attn reads BERT "
                    "itself, such as google-bert/bert-base-uncased",
                    escaped(type), difference(type)));
  }
  if (const std::string kind = config.word("position_embedding_type", "absolute");
      kind != "absolute")
    config.wrong(fmt::format("\"position_embedding_type\" is \"{}\"; BERT's is \"absolute\"",
                             escaped(kind)));
  if (config.flag("is_decoder").value_or(false))
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

std::string_view file_itself(std::string_view bytes, const std::string& path) {
  std::string_view begin = bytes.substr(0, 200);
  begin.remove_prefix(std::min(begin.find_first_not_of(" \t\r\n"), begin.size()));
  const std::string small = lower(begin.substr(0, 14));
  if (small.starts_with("<!doctype html") || small.starts_with("<html")) {
    throw Error(ErrorKind::bad_input,
                fmt::format("{} is a web page, not the file", escaped(path, 400)),
                "on the page of the model choose \"download file\"; the address has /resolve/ in "
                "it, not /blob/");
  }
  if (bytes.starts_with("version https://git-lfs")) {
    throw Error(ErrorKind::bad_input,
                fmt::format("{} is a pointer of Git LFS, not the file", escaped(path, 400)),
                "fetch the file itself: git lfs pull");
  }
  return bytes;
}

bool is_there(const std::string& path) {
  std::error_code failed;
  return std::filesystem::exists(path, failed) || failed;
}

}  // namespace attn
