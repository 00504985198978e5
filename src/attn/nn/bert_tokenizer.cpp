#include "attn/nn/bert_tokenizer.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <filesystem>

#include "attn/core/error.h"
#include "attn/io/file.h"
#include "attn/io/json.h"
#include "attn/nn/bert_config.h"

namespace attn {

namespace {

using nlohmann::json;

[[noreturn]] void wrong_document(const std::string& name, const std::string& what) {
  throw Error(ErrorKind::bad_input, fmt::format("{}: {}", escaped(name, 400), what),
              "BERT's has a model of the type WordPiece, with its pieces under \"vocab\"; a "
              "vocab.txt beside it is read in its place");
}

/// A member of an object, null where there is none.
const json& member(const json& object, const char* key) {
  static const json kNone;
  if (!object.is_object()) return kNone;
  const auto found = object.find(key);
  return found == object.end() ? kNone : *found;
}

/// tokenizer.json: the pieces under "model", and those that were added.
PieceVocabulary pieces_in(const json& document, const std::string& name) {
  const json& model = member(document, "model");
  const json &type = member(model, "type"), &vocabulary = member(model, "vocab");
  if (type.is_string() && type != "WordPiece") {
    wrong_document(name,
                   fmt::format("its pieces are of the type \"{}\" (RoBERTa and GPT-2 have BPE, "
                               "ALBERT and T5 Unigram)",
                               escaped(type.get<std::string>())));
  }
  if (!vocabulary.is_object()) wrong_document(name, "no pieces under \"model\", \"vocab\"");
  std::vector<std::pair<std::string, const json*>> all;
  for (const auto& [piece, id] : vocabulary.items()) all.emplace_back(piece, &id);
  for (const json& added : member(document, "added_tokens")) {
    const json& piece = member(added, "content");
    if (piece.is_string() && !vocabulary.contains(piece.get<std::string>()))
      all.emplace_back(piece.get<std::string>(), &member(added, "id"));
  }
  std::vector<std::string> pieces(all.size());
  std::vector<bool> taken(all.size());
  for (const auto& [piece, id] : all) {
    const bool good = id->is_number_unsigned() && id->get<std::uint64_t>() < all.size() &&
                      !taken[id->get<std::size_t>()];
    if (!good) {
      wrong_document(name, fmt::format("the piece \"{}\" has the id {}; expected each id from 0 to "
                                       "{} once",
                                       escaped(piece), id->is_structured() ? "?" : id->dump(),
                                       all.size() - 1));
    }
    taken[id->get<std::size_t>()] = true;
    pieces[id->get<std::size_t>()] = piece;
  }
  return PieceVocabulary(std::move(pieces), name);
}

/// What tokenizer_config.json asks for and nobody here does.
void remark_other_wishes(const BertConfig& config, std::vector<std::string>& remarks) {
  const json& never = member(config.document(), "never_split");
  if (never.is_array() && !never.empty()) {
    remarks.push_back(
        fmt::format("tokenizer_config.json: never_split names {} that should stay whole. attn "
                    "does not do that: they are split like all words.",
                    never.size() == 1 ? "a word" : fmt::format("{} words", never.size())));
  }
  if (!config.flag("do_basic_tokenize").value_or(true)) {
    remarks.emplace_back(
        "tokenizer_config.json: do_basic_tokenize is false. attn does not do that: words and "
        "punctuation marks are split before pieces are looked for.");
  }
  const std::string kind = config.word("tokenizer_class", "BertTokenizer");
  static const std::vector<std::string> kSame = {"BertTokenizer", "BertTokenizerFast",
                                                 "PreTrainedTokenizerFast", "TokenizersBackend"};
  if (std::find(kSame.begin(), kSame.end(), kind) == kSame.end()) {
    remarks.push_back(
        fmt::format("tokenizer_config.json: tokenizer_class is {}. attn splits words as "
                    "BertTokenizer does, so the pieces may be others.",
                    escaped(kind)));
  }
}

/// Rules as far as files state them.
struct Stated {
  std::optional<bool> lower_case, strip_accents, split_chinese;
};

Stated stated_by(const BertConfig& config) {
  return {config.flag("do_lower_case"), config.flag("strip_accents"),
          config.flag("tokenize_chinese_chars")};
}

/// The normalizer of tokenizer.json: BERT's own is one object.
Stated stated_by(const json& document) {
  const json& normalizer = member(document, "normalizer");
  const auto flag = [&](const char* key) {
    const json& value = member(normalizer, key);
    return value.is_boolean() ? std::optional<bool>(value.get<bool>()) : std::nullopt;
  };
  if (member(normalizer, "type") != "BertNormalizer") return {};
  return {flag("lowercase"), flag("strip_accents"), flag("handle_chinese_chars")};
}

/// Small letters or not, by the vocabulary. Says so.
bool assumed_lower_case(const PieceVocabulary& vocabulary, std::vector<std::string>& remarks) {
  const std::string capital = piece_with_capitals(vocabulary);
  remarks.push_back(
      capital.empty()
          ? "No file says whether the model knows capital letters (do_lower_case in "
            "tokenizer_config.json). No piece has any, so the text is read in small letters; "
            "--cased keeps it as it is."
          : fmt::format("No file says whether the model knows capital letters (do_lower_case in "
                        "tokenizer_config.json). Pieces such as \"{}\" have them, so the text "
                        "stays as it is; --uncased makes small letters.",
                        escaped(capital)));
  return capital.empty();
}

std::string in_folder(const std::string& folder, const char* file) { return folder + "/" + file; }

/// A folder without vocab.txt: its pieces may be of another kind.
void refuse_other_pieces(const std::string& folder) {
  for (const char* other : {"vocab.json", "spiece.model", "sentencepiece.bpe.model"}) {
    if (!is_there(in_folder(folder, other))) continue;
    throw Error(ErrorKind::bad_input,
                fmt::format("{} holds {}, but no vocab.txt", escaped(folder, 400), other),
                "its pieces are made in another way than BERT's (as RoBERTa's or ALBERT's): take a "
                "BERT, such as google-bert/bert-base-uncased");
  }
}

}  // namespace

BertTokenizer load_tokenizer(const std::string& folder, const TokenizerFiles& files,
                             std::optional<bool> uncased) {
  std::optional<BertConfig> config;
  if (files.config) config.emplace(*files.config, in_folder(folder, "tokenizer_config.json"));
  Stated stated;
  if (config) stated = stated_by(*config);
  const std::string name = in_folder(folder, "tokenizer.json");
  json document;
  if (files.document && (!files.vocabulary || !(stated.lower_case || uncased))) {
    document = parse_json(file_itself(*files.document, name), name);
    const Stated more = stated_by(document);
    if (!stated.lower_case) stated.lower_case = more.lower_case;
    if (!stated.strip_accents) stated.strip_accents = more.strip_accents;
    if (!stated.split_chinese) stated.split_chinese = more.split_chinese;
  }
  const std::string words = in_folder(folder, "vocab.txt");
  BertTokenizer out{files.vocabulary
                        ? PieceVocabulary::parse(file_itself(*files.vocabulary, words), words)
                        : pieces_in(document, name),
                    {},
                    {}};
  if (config) remark_other_wishes(*config, out.remarks);
  if (uncased) stated.lower_case = uncased;
  out.rules.lower_case =
      stated.lower_case ? *stated.lower_case : assumed_lower_case(out.vocabulary, out.remarks);
  out.rules.strip_accents = stated.strip_accents.value_or(out.rules.lower_case);
  out.rules.split_chinese = stated.split_chinese.value_or(true);
  return out;
}

BertTokenizer load_tokenizer(const std::string& folder, std::optional<bool> uncased) {
  std::string texts[3];
  TokenizerFiles files;
  const auto read = [&](const char* file, std::string& text) {
    text = read_file(in_folder(folder, file), kLargestCheckpointText);
    return std::string_view(text);
  };
  const bool document = is_there(in_folder(folder, "tokenizer.json"));
  if (is_there(in_folder(folder, "vocab.txt")) || !document) {
    if (!is_there(in_folder(folder, "vocab.txt"))) refuse_other_pieces(folder);
    files.vocabulary = read("vocab.txt", texts[0]);
  }
  if (is_there(in_folder(folder, "tokenizer_config.json")))
    files.config = read("tokenizer_config.json", texts[1]);
  if (document) files.document = read("tokenizer.json", texts[2]);
  return load_tokenizer(folder, files, uncased);
}

BertTokenizer tokenizer_of(PieceVocabulary vocabulary, std::optional<bool> uncased) {
  std::vector<std::string> remarks;
  const WordRules rules = uncased ? *uncased : assumed_lower_case(vocabulary, remarks);
  return {std::move(vocabulary), rules, std::move(remarks)};
}

}  // namespace attn
