// Model files: what is saved comes back, and nothing that is damaged is taken for a model.
#include "attn/train/model_file.h"

#include <doctest/doctest.h>

#include <nlohmann/json.hpp>

#include "attn/core/error.h"
#include "attn/io/file.h"
#include "attn/io/json.h"
#include "io_support.h"

using namespace attn;
using io_test::check_bad;
using io_test::Folder;

namespace {

using nlohmann::json;

Language language() {
  return {"tiny", Grammar::parse("S = a b | A C B\nS = b a | B", "tiny.grammar")};
}

TranslatorChoice choice(const std::string& model) {
  TranslatorChoice c;
  c.model = model;
  c.transformer = {.source_vocabulary = 5,
                   .target_vocabulary = 6,
                   .width = 4,
                   .heads = 2,
                   .ff = 6,
                   .layers = 1,
                   .positions = 8};
  c.recurrent.source_vocabulary = 5;
  c.recurrent.target_vocabulary = 6;
  c.recurrent.embedding = c.recurrent.hidden = 4;
  return c;
}

std::string saved(const TranslatorChoice& c) {
  const Folder folder;
  Parameters parameters{Rng(1)};
  const auto model = make_translator(c, parameters);
  save_model(folder / "m.safetensors", language(), c, *model);
  return read_file(folder / "m.safetensors");
}

ModelFile load(const std::string& bytes) { return load_model(bytes, "m.safetensors"); }

/// A model file's parts, to be changed and put together again.
struct Parts {
  SafetensorsFile file;
  json document;

  explicit Parts(const std::string& model = "attention")
      : file(parse_safetensors(saved(choice(model)), "m")),
        document(parse_json(file.metadata.at("attn_model"), "m")) {}
  std::string bytes() const {
    return safetensors_bytes(file.tensors, {{"attn_model", document.dump()}});
  }
  NamedArray& tensor(const std::string& name) {
    for (NamedArray& t : file.tensors) {
      if (t.name == name) return t;
    }
    throw std::runtime_error("no tensor " + name);
  }
};

/// The description with one member changed.
void check_changed(const std::string& model, const std::string& key, const json& value,
                   const std::string& part) {
  Parts p(model);
  p.document[key] = value;
  INFO(key << ": " << value.dump());
  check_bad("m.safetensors: " + part, [&] { load(p.bytes()); });
}

std::vector<TranslatorChoice> all_choices() {
  std::vector<TranslatorChoice> all;
  for (const char* model : {"attention", "rnn", "lstm", "gru"}) all.push_back(choice(model));
  all.push_back(choice("attention"));
  all.back().transformer.tied = all.back().transformer.norm_first = true;
  for (const std::string& variant : seq2seq_variants()) {
    all.push_back(choice("gru"));
    all.back().recurrent.variant = variant;
    all.back().recurrent.bidirectional = true;
    all.back().recurrent.decoder = 3;
  }
  all.push_back(choice("lstm"));
  all.back().recurrent.score = "additive";
  all.back().recurrent.style = "bahdanau";
  all.push_back(choice("gru"));
  all.back().recurrent.local = 2;
  return all;
}

}  // namespace

TEST_CASE("model file: every translator comes back with its words and the same bits") {
  for (const TranslatorChoice& c : all_choices()) {
    INFO(c.description());
    const Folder folder;
    const Language l = language();
    Parameters parameters{Rng(7)};
    const auto model = make_translator(c, parameters);
    save_model(folder / "m.safetensors", l, c, *model);
    const ModelFile file = load(read_file(folder / "m.safetensors"));
    CHECK(file.language == "tiny");
    CHECK(file.source_words == std::vector<std::string>{"a", "b"});
    CHECK(file.target_words == std::vector<std::string>{"A", "C", "B"});
    CHECK(file.choice.description() == c.description());
    REQUIRE(file.model->parameters().size() == model->parameters().size());
    for (std::size_t i = 0; i < model->parameters().size(); ++i) {
      CHECK(file.model->parameters()[i].first == model->parameters()[i].first);
      CHECK(io_test::same(file.model->parameters()[i].second.value(),
                          model->parameters()[i].second.value()));
    }
    const Tensor source = Tensor::ids(full({3}, 4)), target = Tensor::ids(full({2}, 1));
    CHECK(io_test::same(file.model->logits(Run{}, source, target).value(),
                        model->logits(Run{}, source, target).value()));
    // Saved once more it is the same file.
    save_model(folder / "again.safetensors", l, file.choice, *file.model);
    CHECK(read_file(folder / "again.safetensors") == read_file(folder / "m.safetensors"));
  }
}

TEST_CASE("model file: missing, misshapen and unexpected tensors are all listed") {
  Parts p;
  p.tensor("output.b").name = "output.c";
  p.tensor("encoder.layer.0.ffn.w_1").values = zeros({6, 4});
  p.file.tensors.push_back({"more", zeros({2})});
  for (const char* part :
       {"m.safetensors: safetensors: 4 tensors differ", "output.b: missing, expected shape (6)",
        "encoder.layer.0.ffn.w_1: expected shape (4, 6), found (6, 4)",
        "output.c: not expected, shape (6)", "more: not expected, shape (2)"})
    check_bad(part, [&] { load(p.bytes()); });
  // An untied model's weight is not expected in a tied one.
  check_changed("attention", "tied", true, "safetensors: 1 tensors differ");
  check_changed("attention", "norm_first", true, "safetensors: 4 tensors differ");
  check_changed("gru", "model", "lstm", "safetensors: ");
}

TEST_CASE("model file: words and tables must agree in number") {
  check_changed("attention", "source_words", {"a"}, "1 source words, but a table of 5 rows");
  check_changed("gru", "target_words", {"A", "B", "C", "D"},
                "4 target words, but a table of 6 rows");
  check_changed("attention", "target_vocabulary", 7, "3 target words, but a table of 7 rows");
}

TEST_CASE("model file: a description that is no description is refused by its member") {
  for (const char* key : {"language", "model", "source_words", "target_words", "width", "tied"}) {
    Parts p;
    p.document.erase(key);
    check_bad(std::string("its description has no good \"") + key, [&] { load(p.bytes()); });
    check_changed("attention", key, nullptr, "its description has no good");
    check_changed("attention", key, 1.5, "its description has no good");
  }
  for (const json& bad : {json(-1), json("4"), json(1'000'001), json(1e30), json::array({4})})
    check_changed("attention", "width", bad, "its description has no good \"width\"");
  check_changed("attention", "source_words", {"a", 1}, "its description has no good");
  check_changed("attention", "model", "rnnn", "an unknown model \"rnnn\"");
  for (const char* key : {"width", "heads", "ff", "layers", "positions"})
    check_changed("attention", key, 0, std::string("its description has 0 for \"") + key);
  check_changed("attention", "heads", 3, "a width of 4 cannot be divided among 3 heads");
  check_changed("gru", "hidden", 0, "its description has 0 for \"hidden\"");
  for (const char* key : {"variant", "score", "style"})
    check_changed("gru", key, "x\x1b[31m", "");  // refused by the model, as bad input
  check_changed("attention", "format", 2, "it is of another version of attn");
  Parts p;
  p.document = json::array();
  check_bad("its description is no JSON object", [&] { load(p.bytes()); });
  for (const char* text : {"", "{", "{}{}", "nan"}) {
    check_bad("m.safetensors", [&] {
      load(safetensors_bytes(p.file.tensors, {{"attn_model", text}}));
    });
  }
}

TEST_CASE("model file: what else a file can be is told") {
  const Parts p;
  check_bad("m.safetensors: this is no model of a language",
            [&] { load(safetensors_bytes(p.file.tensors)); });
  check_bad("m.safetensors: this is a checkpoint of a training, not a model", [&] {
    load(safetensors_bytes(p.file.tensors, {{"attn", "{}"}, {"checksum", "0"}}));
  });
  check_bad("m.safetensors", [] { load(""); });
  check_bad("m.safetensors", [] { load("\x93NUMPY\x01"); });
  Parts broken;
  broken.tensor("output.b").values.data()[1] = static_cast<real>(NAN);
  broken.tensor("output.w").values.data()[0] = static_cast<real>(INFINITY);
  check_bad("m.safetensors: 2 of its numbers are not finite", [&] { load(broken.bytes()); });
}

TEST_CASE("model file: a small file does not make a large model") {
  for (const json& huge : {json(1'000'000), json(300'000), json(20'000)}) {
    for (const char* key : {"width", "ff", "layers", "positions"}) {
      Parts p;
      p.document[key] = huge;
      p.document["heads"] = 1;
      INFO(key << " " << huge.dump());
      check_bad("its description asks for ", [&] { load(p.bytes()); });
    }
    for (const char* key : {"embedding", "hidden", "decoder"})
      check_changed("gru", key, huge, "its description asks for ");
  }
  Parts p;
  p.document["width"] = p.document["ff"] = p.document["layers"] = p.document["positions"] =
      1'000'000;
  check_bad("its description asks for ", [&] { load(p.bytes()); });
}

TEST_CASE("model file: cut or changed anywhere, it is read or refused, never more") {
  for (const char* model : {"attention", "lstm"}) {
    const std::string whole = saved(choice(model));
    for (std::size_t n = 0; n < whole.size(); n += n < 3000 ? 7 : 101)
      CHECK_THROWS_AS(load(whole.substr(0, n)), Error);
    std::size_t header = 0;
    for (std::size_t i = 8; i-- > 0;) header = header << 8 | static_cast<unsigned char>(whole[i]);
    Rng rng(5);
    std::size_t read = 0, refused = 0;
    const std::string alphabet =
        "0123456789\"{}[]:,\\ eE+-.\xFF\x01"
        "abz";
    for (int i = 0; i < 3000; ++i) {
      std::string text = whole.substr(8, header);
      for (std::uint64_t changes = 1 + rng.below(3); changes > 0; --changes) {
        const std::size_t at = rng.below(text.size());
        const char c = alphabet[rng.below(alphabet.size())];
        switch (rng.below(4)) {
          case 0:
            text[at] = c;
            break;
          case 1:
            text.insert(at, 1, c);
            break;
          case 2:
            text.erase(at, 1 + rng.below(4));
            break;
          default:
            text[at] = static_cast<char>(text[at] ^ 1 << rng.below(8));
        }
      }
      std::string bytes(8, '\0');
      for (std::size_t b = 0; b < 8; ++b) bytes[b] = static_cast<char>(text.size() >> 8 * b & 0xFF);
      try {
        load(bytes + text + whole.substr(8 + header));
        ++read;
      } catch (const Error& error) {
        CHECK((error.kind() == ErrorKind::bad_input || error.kind() == ErrorKind::limit));
        ++refused;
      }
    }
    CHECK(refused > 1000);
    CHECK(read > 0);  // a word or the language may have another letter
  }
}
