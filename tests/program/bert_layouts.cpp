// What docs/checkpoints.md says of the layouts of published BERTs, row by row.
#include <filesystem>
#include <functional>

#include "attn/core/rng.h"
#include "attn/nn/bert_checkpoint.h"
#include "program/checkpoint_folder.h"

using namespace attn;
using namespace attn::test;
using nlohmann::json;

namespace {

using Tensors = std::map<std::string, Array>;
using Change = std::function<void(const CheckpointFolder&)>;

/// The rows of the table of the document whose head begins with these cells, cell by cell.
std::map<std::string, Words> rows_of(const std::string& head) {
  std::map<std::string, Words> out;
  const std::string path = std::string(ATTN_SOURCE_DIR) + "/../docs/checkpoints.md";
  bool inside = false;
  for (const std::string& line : lines(Folder::read(path))) {
    if (!line.starts_with("| ")) {
      inside = inside && line.starts_with("|-");
    } else if (line.starts_with(head)) {
      inside = true;
    } else if (inside) {
      Words cells;
      for (std::size_t at = 2; at < line.size();) {
        const std::size_t end = line.find(" |", at);
        cells.push_back(line.substr(at, end - at));
        at = end + 3;
      }
      CHECK_MESSAGE(out.emplace(cells.at(0), cells).second, cells[0]);
    }
  }
  return out;
}

Change renamed(const std::function<std::string(std::string)>& name) {
  return [name](const CheckpointFolder& c) {
    c.rewrite([&](Tensors& tensors) {
      Tensors out;
      for (const auto& [old, values] : tensors) out[name(old)] = values;
      tensors = std::move(out);
    });
  };
}

/// Without the tensors that begin so, and with others on top.
Change with_head(const Words& gone, const std::map<std::string, Shape>& more) {
  return [=](const CheckpointFolder& c) {
    c.rewrite([&](Tensors& tensors) {
      for (const std::string& begin : gone)
        std::erase_if(tensors, [&](const auto& t) { return t.first.starts_with(begin); });
      for (const auto& [name, shape] : more) tensors[name] = zeros(shape);
    });
  };
}

/// Only the tensors whose names begin so, without that beginning.
Change part(const std::string& begin) {
  return [=](const CheckpointFolder& c) {
    c.rewrite([&](Tensors& tensors) {
      Tensors out;
      for (const auto& [name, values] : tensors) {
        if (name.starts_with(begin)) out[name.substr(begin.size())] = values;
      }
      tensors = std::move(out);
    });
  };
}

Change written(const std::string& file, const std::string& bytes) {
  return [=](const CheckpointFolder& c) { c.write(file, bytes); };
}

Change tokenizer(const json& settings) { return written("tokenizer_config.json", settings.dump()); }

Change both(const Change& first, const Change& second) {
  return [=](const CheckpointFolder& c) {
    first(c);
    second(c);
  };
}

/// vocab.txt with lines changed: "the" becomes "The".
Change pieces(const std::map<std::string, std::string>& changes) {
  return [=](const CheckpointFolder& c) {
    std::string out;
    for (const std::string& line : lines(Folder::read(c / "vocab.txt")))
      out += (changes.contains(line) ? changes.at(line) : line) + "\n";
    c.write("vocab.txt", out);
  };
}

void split_weights(const CheckpointFolder& c) {
  json map;
  std::vector<NamedArray> parts[2];
  for (NamedArray& tensor : parse_safetensors(c.weights(), "original").tensors) {
    const std::size_t part = map.size() % 2;
    map[tensor.name] = "model-0000" + std::to_string(part + 1) + "-of-00002.safetensors";
    parts[part].push_back(std::move(tensor));
  }
  for (const std::size_t part : {0, 1})
    c.write("model-0000" + std::to_string(part + 1) + "-of-00002.safetensors",
            safetensors_bytes(parts[part]));
  c.write("model.safetensors.index.json", json{{"metadata", {}}, {"weight_map", map}}.dump());
  c.remove("model.safetensors");
}

/// vocab.txt as tokenizer.json has it.
void only_tokenizer_json(const CheckpointFolder& c) {
  json vocabulary, added = json::array();
  for (const std::string& line : lines(Folder::read(c / "vocab.txt"))) {
    if (line.starts_with("[")) added.push_back({{"id", vocabulary.size()}, {"content", line}});
    vocabulary[line] = vocabulary.size();
  }
  const json normalizer = {{"type", "BertNormalizer"},
                           {"clean_text", true},
                           {"handle_chinese_chars", true},
                           {"strip_accents", nullptr},
                           {"lowercase", true}};
  c.write("tokenizer.json", json{{"added_tokens", added},
                                 {"normalizer", normalizer},
                                 {"model", {{"type", "WordPiece"}, {"vocab", vocabulary}}}}
                                .dump());
  c.remove("vocab.txt");
}

/// As sentence encoders are published: six narrow layers, no "bert.", flags that are null.
void mini(const CheckpointFolder& c) {
  const BertSizes sizes{.vocabulary = 26,
                        .width = 24,
                        .heads = 12,
                        .ff = 96,
                        .layers = 6,
                        .positions = 16,
                        .mlm = false,
                        .nsp = false};
  Parameters parameters{Rng(7)};
  const std::string vocabulary = Folder::read(c / "vocab.txt");
  save_bert(c.path(), Bert(sizes, parameters), PieceVocabulary::parse(vocabulary, "v"), true);
  std::vector<NamedArray> tensors;
  for (NamedArray& t : read_safetensors(c / "model.safetensors").tensors)
    tensors.push_back({t.name.substr(5), std::move(t.values)});
  c.write("model.safetensors", safetensors_bytes(tensors));
  tokenizer({{"do_lower_case", true}, {"strip_accents", nullptr}, {"never_split", nullptr}})(c);
}

void moved_into_snapshots(const CheckpointFolder& c) {
  const std::string inside = c / "snapshots/86b5e0934494bd15c9632b12f734a8a67f723594";
  std::filesystem::create_directories(inside);
  for (const char* file : {"config.json", "vocab.txt", "model.safetensors"})
    std::filesystem::rename(c / file, inside + "/" + file);
}

/// tokenizer_config.json of an uncased model, so that nothing need be assumed.
const json kUncased = {{"do_lower_case", true}};

const std::map<std::string, Change>& read_layouts() {
  static const Words kHeads = {"cls."};
  static const std::map<std::string, Change> kAll = {
      {"BertForPreTraining", [](const CheckpointFolder&) {}},
      {"BertModel, names without \"bert.\"", part("bert.")},
      {"BertModel without a pooler", with_head({"cls.", "bert.pooler."}, {})},
      {"BertForMaskedLM", with_head({"bert.pooler.", "cls.seq_relationship."}, {})},
      {"BertForSequenceClassification",
       with_head(kHeads, {{"classifier.weight", {2, 12}}, {"classifier.bias", {2}}})},
      {"BertForTokenClassification",
       with_head({"cls.", "bert.pooler."},
                 {{"classifier.weight", {9, 12}}, {"classifier.bias", {9}}})},
      {"BertForQuestionAnswering",
       with_head({"cls.", "bert.pooler."},
                 {{"qa_outputs.weight", {2, 12}}, {"qa_outputs.bias", {2}}})},
      {"a layer for a task, and the head for hidden words too",
       with_head({}, {{"classifier.weight", {2, 12}}})},
      {"the first published names: gamma and beta", renamed([](std::string name) {
         for (const auto& [now, then] :
              {std::pair<std::string, std::string>{"LayerNorm.weight", "LayerNorm.gamma"},
               {"LayerNorm.bias", "LayerNorm.beta"}}) {
           if (name.ends_with(now)) name.replace(name.size() - now.size(), now.size(), then);
         }
         return name;
       })},
      {"names that begin with \"module.\"",
       renamed([](const std::string& name) { return "module." + name; })},
      {"names that begin with \"model.bert.\"",
       renamed([](const std::string& name) { return "model." + name; })},
      {"decoder.bias, and no cls.predictions.bias", with_head({"cls.predictions.bias"}, {})},
      {"decoder.weight, and no table of words",
       with_head({"bert.embeddings.word_embeddings.weight"}, {})},
      {"weights in parts: model.safetensors.index.json", split_weights},
      {"uncased, with tokenizer_config.json", tokenizer(kUncased)},
      {"uncased, without tokenizer_config.json",
       [](const CheckpointFolder& c) { c.remove("tokenizer_config.json"); }},
      {"cased, with tokenizer_config.json",
       both(pieces({{"cat", "The"}}), tokenizer({{"do_lower_case", false}}))},
      {"cased, without tokenizer_config.json",
       [](const CheckpointFolder& c) {
         pieces({{"cat", "The"}})(c);
         c.remove("tokenizer_config.json");
       }},
      {"Chinese", both(pieces({{"cat", "\xe4\xb8\xad"}, {"dog", "\xe6\x96\x87"}}),
                       tokenizer({{"do_lower_case", false}}))},
      {"other sizes: MiniLM with 6 layers of width 24", mini},
      {"tokenizer.json in place of vocab.txt", only_tokenizer_json},
      {"strip_accents false, tokenize_chinese_chars false",
       tokenizer(
           {{"do_lower_case", true}, {"strip_accents", false}, {"tokenize_chinese_chars", false}})},
      {"never_split", tokenizer({{"do_lower_case", true}, {"never_split", {"C++", "C#"}}})},
      {"another tokenizer_class",
       tokenizer({{"do_lower_case", true}, {"tokenizer_class", "BertJapaneseTokenizer"}})},
      {"a vocab.txt shorter than the table of words",
       [](const CheckpointFolder& c) {
         std::string vocabulary = Folder::read(c / "vocab.txt");
         vocabulary.resize(vocabulary.size() - std::string("soup\n").size());
         c.write("vocab.txt", vocabulary);
       }},
  };
  return kAll;
}

const std::map<std::string, Change>& refused_layouts() {
  const auto configured = [](const json& changes) {
    return [=](const CheckpointFolder& c) { c.configure(changes); };
  };
  const auto model = [&](const char* type, const char* other_file) {
    return both(configured({{"model_type", type}}), [=](const CheckpointFolder& c) {
      c.write(other_file, "{}");
      c.remove("vocab.txt");
    });
  };
  const std::string page =
      "\n<!DOCTYPE html>\n<html><head><title>Hugging Face</title></head></html>";
  const auto alone = [](const char* file) {
    return [=](const CheckpointFolder& c) {
      c.write(file, "\x80\x02}q\x01.");
      c.remove("model.safetensors");
    };
  };
  static const std::map<std::string, Change> kAll = {
      {"a RoBERTa", model("roberta", "vocab.json")},
      {"an ALBERT", model("albert", "spiece.model")},
      {"a DistilBERT", configured({{"model_type", "distilbert"}, {"hidden_size", nullptr}})},
      {"RoBERTa's pieces beside BERT's config.json", model("bert", "vocab.json")},
      {"a tokenizer.json of RoBERTa",
       [](const CheckpointFolder& c) {
         c.write("tokenizer.json",
                 json{{"model", {{"type", "BPE"}, {"vocab", {{"<s>", 0}}}}}}.dump());
         c.remove("vocab.txt");
       }},
      {"the top folder of the hub's cache", moved_into_snapshots},
      {"a web page saved as config.json", written("config.json", page)},
      {"a web page saved as vocab.txt", written("vocab.txt", page)},
      {"a web page saved as tokenizer_config.json", written("tokenizer_config.json", page)},
      {"a web page saved as model.safetensors", written("model.safetensors", page)},
      {"a pointer of Git LFS",
       written("model.safetensors", "version https://git-lfs.github.com/spec/v1\noid sha256:1\n")},
      {"pytorch_model.bin alone", alone("pytorch_model.bin")},
      {"a pickle called model.safetensors",
       written("model.safetensors", "\x80\x02}q\x01X\x05hello.")},
      {"TensorFlow's weights alone", alone("tf_model.h5")},
      {"an index whose part is missing",
       both(split_weights,
            [](const CheckpointFolder& c) { c.remove("model-00002-of-00002.safetensors"); })},
      {"an index that names a file elsewhere",
       both(written("model.safetensors.index.json",
                    json{{"weight_map", {{"a", "../model.safetensors"}}}}.dump()),
            [](const CheckpointFolder& c) { c.remove("model.safetensors"); })},
      {"two BERTs in one file",
       [](const CheckpointFolder& c) {
         c.rewrite([](Tensors& tensors) {
           tensors["teacher.bert.embeddings.word_embeddings.weight"] = zeros({26, 12});
         });
       }},
      {"an output table that is not the input's",
       [](const CheckpointFolder& c) {
         c.rewrite([](Tensors& tensors) {
           tensors.at("cls.predictions.decoder.weight")(25, 11) += real{0.5};
         });
       }},
      {"a piece that is there twice", pieces({{"sat", "the"}})},
      {"an empty line in vocab.txt", pieces({{"sat", ""}})},
      {"a longer vocab.txt than the table of words", pieces({{"soup", "soup\nmore"}})},
      {"a block less than config.json says",
       [](const CheckpointFolder& c) {
         c.rewrite([](Tensors& tensors) {
           std::erase_if(
               tensors, [](const auto& t) { return t.first.starts_with("bert.encoder.layer.1."); });
         });
       }},
  };
  return kAll;
}

/// An uncased BertForPreTraining that needs no assumption, then changed.
struct Changed : CheckpointFolder {
  explicit Changed(const Change& change) {
    tokenizer(kUncased)(*this);
    change(*this);
  }
};

json values_of(const json& document, const std::string& path) {
  for (const json& step : document["steps"]) {
    if (step["path"] == path) return step["values"];
  }
  FAIL("no step " << path);
  return {};
}

const std::string kText = "the [MASK] sat on the mat .";

}  // namespace

TEST_CASE("bert: the layouts that docs/checkpoints.md calls readable are read, as it says") {
  const auto rows = rows_of("| the folder holds | attend |");
  REQUIRE(rows.size() == read_layouts().size());
  const auto attend = [](const CheckpointFolder& c) {
    return trace_of({"bert", "attend", kText, "--checkpoint", c.path()});
  };
  const Changed original([](const CheckpointFolder&) {});
  const json expected = attend(original);
  for (const auto& [name, change] : read_layouts()) {
    CAPTURE(name);
    REQUIRE(rows.contains(name));
    const Words& row = rows.at(name);
    const Changed checkpoint(change);
    const json got = attend(checkpoint);
    if (!name.starts_with("other sizes"))
      CHECK(values_of(got, "output") == values_of(expected, "output"));
    CHECK(got["tokens"] == expected["tokens"]);
    CHECK(row.at(1) == "yes");
    std::string remarks;
    for (const json& remark : got["remarks"]) remarks += remark.get<std::string>() + "\n";
    if (row.at(3) == "-") {
      CHECK(got["remarks"].size() == expected["remarks"].size());
    } else {
      CHECK_MESSAGE(contains(remarks, row.at(3)), remarks);
    }
    const bool fills = row.at(2) == "yes";
    checkpoint.ends("fill", {kText}, fills ? 0 : 3, fills ? "" : "no head for hidden words");
  }
}

TEST_CASE("bert: the layouts that docs/checkpoints.md calls refused are, with a way out") {
  const auto rows = rows_of("| the folder holds | exit code |");
  REQUIRE(rows.size() == refused_layouts().size());
  for (const auto& [name, change] : refused_layouts()) {
    CAPTURE(name);
    REQUIRE(rows.contains(name));
    const Words& row = rows.at(name);
    const Changed checkpoint(change);
    for (const char* command : {"attend", "fill", "inputs"}) {
      const Result r = checkpoint.ends(command, {kText}, std::stoi(row.at(1)), row.at(2));
      CHECK(contains(r.err, "hint: "));
    }
  }
}

TEST_CASE("bert: capital letters, accents and Chinese characters go as the files say") {
  const auto pieces_read = [](const Change& change, const std::string& text,
                              const Words& more = {}) {
    const Changed checkpoint(change);
    const Words words =
        trace_of(with({"bert", "inputs", text, "--checkpoint", checkpoint.path()}, more))["tokens"]
            .get<Words>();
    // The same pieces without the model.
    Words alone =
        trace_of(with({"bert", "tokens", text, "--vocab", checkpoint.path()}, more))["tokens"]
            .get<Words>();
    alone.insert(alone.begin(), "[CLS]");
    alone.emplace_back("[SEP]");
    CHECK(words == alone);
    return Words(words.begin() + 1, words.end() - 1);
  };
  const std::string accent = "caf\xc3\xa9", chinese = "\xe4\xb8\xad\xe6\x96\x87";
  const Change own = pieces({{"cat", "The"},
                             {"dog", accent},
                             {"mat", "cafe"},
                             {"soup", chinese},
                             {"sat", "\xe4\xb8\xad"},
                             {"un", "\xe6\x96\x87"}});
  const auto given = [&](const json& settings) { return both(own, tokenizer(settings)); };
  const std::string text = "The the " + accent + " " + chinese;
  const Words apart = {"\xe4\xb8\xad", "\xe6\x96\x87"};
  CHECK(pieces_read(given({{"do_lower_case", true}}), text) == with({"the", "the", "cafe"}, apart));
  CHECK(pieces_read(given({{"do_lower_case", false}}), text) ==
        with({"The", "the", accent}, apart));
  CHECK(pieces_read(given({{"do_lower_case", true}, {"strip_accents", false}}), text) ==
        with({"the", "the", accent}, apart));
  CHECK(pieces_read(given({{"do_lower_case", false}, {"strip_accents", true}}), text) ==
        with({"The", "the", "cafe"}, apart));
  CHECK(pieces_read(given({{"do_lower_case", true}, {"tokenize_chinese_chars", false}}), text) ==
        Words{"the", "the", "cafe", chinese});
  // By the vocabulary, where no file says it.
  const Change unsaid =
      both(own, [](const CheckpointFolder& c) { c.remove("tokenizer_config.json"); });
  CHECK(pieces_read(unsaid, text) == with({"The", "the", accent}, apart));
  // What is asked for goes before the files.
  CHECK(pieces_read(unsaid, text, {"--uncased"}) == with({"the", "the", "cafe"}, apart));
  CHECK(pieces_read(given({{"do_lower_case", true}}), text, {"--cased"}) ==
        with({"The", "the", accent}, apart));
  for (const char* command : {"attend", "fill", "mlm", "mask", "inputs"})
    Changed(own).ends(command, {"The [MASK]"}, 0, "");
  expect({"bert", "tokens", "a", "--cased", "--uncased"}, 2, "choose one of them");
}

TEST_CASE("bert: a text that is written with its marks is the same as without them") {
  const Changed checkpoint([](const CheckpointFolder&) {});
  const auto read = [&](const std::string& command, const Words& texts) {
    json steps = trace_of(
        with(with({"bert", command}, texts), {"--checkpoint", checkpoint.path()}))["steps"];
    for (json& step : steps) {
      step.erase("milliseconds");
      step.erase("spread");
    }
    return steps;
  };
  for (const char* command : {"attend", "inputs", "nsp", "mlm", "fill"}) {
    const json two = read(command, {"the [MASK] sat", "it was tired"});
    for (const Words& texts : {Words{"[CLS] the [MASK] sat [SEP] it was tired [SEP]"},
                               Words{"the [MASK] sat [SEP] it was tired"},
                               Words{"[CLS] the [MASK] sat [SEP]", "it was tired [SEP]"}})
      CHECK(read(command, texts) == two);
  }
  CHECK(read("attend", {"[CLS] the cat [SEP]"}) == read("attend", {"the cat"}));
  checkpoint.ends("nsp", {"[CLS] the cat [SEP]"}, 2, "one text, but next sentences need two");
  checkpoint.ends("nsp", {"[CLS] the cat [SEP] it sat [SEP]"}, 0, "B: it sat");
  checkpoint.ends("attend", {"a [SEP] b [SEP] c"}, 2, "3 texts, but BERT reads one or two");
  checkpoint.ends("attend", {"[CLS] the [SEP] [SEP]"}, 2, "text B has no words");
  checkpoint.ends("attend", {"[CLS] [SEP]"}, 2, "the text has no words");
}
