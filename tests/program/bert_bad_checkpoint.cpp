// BERT checkpoints and texts that are wrong: the exit code, and a message with place and way out.
#include <sys/stat.h>

#include <limits>

#include "attn/nn/bert.h"
#include "attn/nn/bert_names.h"
#include "program/checkpoint_folder.h"

using namespace attn;
using namespace attn::test;
using nlohmann::json;

namespace {

using Tensors = std::map<std::string, Array>;

const std::vector<std::string> kFiles = {"config.json", "vocab.txt", "model.safetensors"};

/// A safetensors file with this header, up to where its data begins.
std::string safetensors_of(const json& header) {
  const std::string text = header.dump();
  std::string out;
  for (int i = 0; i < 8; ++i) out += static_cast<char>(text.size() >> 8 * i & 0xFF);
  return out + text;
}

}  // namespace

TEST_CASE("bert: a checkpoint whose files cannot be read is refused with the file's name") {
  expect({"bert", "mlm", "a", "--checkpoint", "/nowhere/bert"}, 4, "/nowhere/bert/config.json");
  expect({"bert", "attend", "a", "--checkpoint", reference_checkpoint("bare") + "/config.json"}, 3,
         "/config.json is a file");
  for (const std::string& file : kFiles) {
    INFO(file);
    const CheckpointFolder checkpoint;
    checkpoint.remove(file);
    checkpoint.ends(4, "cannot open " + (checkpoint / file) + ": No such file");
    std::filesystem::create_directory(checkpoint / file);
    checkpoint.ends(3, file + " is a folder");
    checkpoint.remove(file);
    REQUIRE(::mkfifo((checkpoint / file).c_str(), 0600) == 0);
    checkpoint.ends(3, file + " is a pipe");
    checkpoint.remove(file);
    std::filesystem::create_symlink(file, checkpoint / file);  // to itself
    checkpoint.ends(4, "Too many levels");
  }
  const CheckpointFolder checkpoint;
  REQUIRE(::mkfifo((checkpoint / "tokenizer_config.json").c_str(), 0600) == 0);
  checkpoint.ends(3, "tokenizer_config.json is a pipe");
  checkpoint.remove("tokenizer_config.json");
  std::filesystem::create_symlink("tokenizer_config.json", checkpoint / "tokenizer_config.json");
  checkpoint.ends(4, "Too many levels");
  const Result strange = run({"bert", "mlm", "a", "--checkpoint", "no\x1b[31m\nfolder"});
  CHECK(strange.exit_code == 4);
  CHECK(contains(strange.err, "\\x1B[31m"));
  CHECK_FALSE(contains(strange.err, "\x1b"));
}

TEST_CASE("bert: a config.json that is broken, or of another model, is refused with the reason") {
  const CheckpointFolder checkpoint;
  const auto written = [&](const std::string& bytes, const char* text) {
    checkpoint.write("config.json", bytes);
    checkpoint.ends(3, text);
  };
  written("", "config.json");
  written("{\"vocab_size\":", "config.json");
  written("[1]", "expected an object");
  written("{\"vocab_size\":1,\"vocab_size\":1}", "this key is there twice");
  written(std::string(200, '['), "config.json");
  written("{}", "\"vocab_size\" is missing");
  written("{\"vocab_size\": NaN}", "config.json");
  checkpoint.write("config.json", std::string((1 << 24) + 1, ' '));
  checkpoint.ends(5, "config.json is larger than 16777216 bytes");
  const auto changed = [&](const json& changes, const char* text) {
    checkpoint.configure(changes);
    checkpoint.ends(3, text);
  };
  changed({{"model_type", "gpt2"}}, "\"model_type\" is \"gpt2\", expected \"bert\"");
  changed({{"model_type", 7}}, "\"model_type\": expected a word, found 7");
  changed({{"model_type", "\x1b[31m"}}, "\\x1B[31m");
  changed({{"hidden_act", "gelu_new"}}, "\"hidden_act\" is \"gelu_new\", expected \"gelu\"");
  changed({{"position_embedding_type", "relative_key"}}, "\"relative_key\"");
  changed({{"is_decoder", true}}, "\"is_decoder\" is true");
  changed({{"is_decoder", "no"}}, "\"is_decoder\": expected true or false, found \"no\"");
  changed({{"num_attention_heads", 5}}, "a hidden_size of 12 cannot be divided among 5 heads");
  changed({{"num_attention_heads", 24}}, "cannot be divided among 24 heads");
  for (const char* size : {"vocab_size", "hidden_size", "num_attention_heads", "intermediate_size",
                           "num_hidden_layers", "max_position_embeddings", "type_vocab_size"}) {
    const std::string place = std::string("\"") + size + "\"";
    changed({{size, nullptr}}, (place + " is missing").c_str());
    for (const json& value : {json(0), json(-1), json(2.5), json("12"), json(1e30),
                              json(std::numeric_limits<std::uint64_t>::max()), json::array({12})})
      changed({{size, value}}, (place + ": expected a whole number from 1 to").c_str());
  }
  for (const json& value : {json(0), json(-1e-12), json(1), json("1e-12")})
    changed({{"layer_norm_eps", value}}, "\"layer_norm_eps\": expected a number between 0 and 1");
  checkpoint.configure(json::object());
  checkpoint.ends(0, "");
  for (const char* bytes : {"", "[]", "{\"do_lower_case\": 1}", "{\"do_lower_case\""}) {
    checkpoint.write("tokenizer_config.json", bytes);
    checkpoint.ends(3, "tokenizer_config.json");
  }
}

TEST_CASE("bert: a small file that promises a huge model costs no memory and no time") {
  const CheckpointFolder checkpoint;
  const std::size_t million = 1'000'000;
  checkpoint.configure({{"vocab_size", million},
                        {"hidden_size", million},
                        {"num_attention_heads", million},
                        {"intermediate_size", million},
                        {"num_hidden_layers", 1000},
                        {"max_position_embeddings", million}});
  Launch launch{.arguments = {"bert", "mlm", "a", "--checkpoint", checkpoint.path()}, .seconds = 5};
  const bool limited = address_space_can_be_limited();
  if (limited) launch.address_space = std::size_t{1} << 30;
  const Result r = expect(launch, 3, "expected shape (1000000, 1000000), found (26, 12)");
  CHECK(r.err.size() < 20'000);
  CHECK(contains(r.err, "more\n"));
  if (!limited) return;
  // And a file that is as large as it says, but holes: refused before anything is allocated.
  const BertSizes sizes{.vocabulary = million,
                        .width = 1024,
                        .heads = 4,
                        .ff = 8,
                        .layers = 1,
                        .positions = 16,
                        .pooler = false,
                        .mlm = false,
                        .nsp = false};
  checkpoint.configure({{"vocab_size", sizes.vocabulary},
                        {"hidden_size", sizes.width},
                        {"num_attention_heads", sizes.heads},
                        {"intermediate_size", sizes.ff},
                        {"num_hidden_layers", sizes.layers}});
  json header;
  std::size_t end = 0;
  for (const NamedShapes::value_type& tensor : bert_shapes(sizes)) {
    const std::size_t begin = end;
    end += 4 * count(tensor.second);
    header[published_name(tensor.first)] = {{"dtype", "F32"},
                                            {"shape", published_shape(tensor.first, tensor.second)},
                                            {"data_offsets", {begin, end}}};
  }
  const std::string begin = safetensors_of(header);
  checkpoint.write("model.safetensors", begin);
  std::filesystem::resize_file(checkpoint / "model.safetensors", begin.size() + end);
  launch.address_space = std::size_t{4'800'000'000};
  expect(launch, 5, "needs about 4.1");
}

TEST_CASE("bert: a vocab.txt that does not belong to the model is refused with its line") {
  const CheckpointFolder checkpoint;
  const std::string special = "[PAD]\n[UNK]\n[CLS]\n[SEP]\n";
  const auto refused = [&](const std::string& bytes, int code, const char* text) {
    checkpoint.write("vocab.txt", bytes);
    checkpoint.ends(code, text);
  };
  refused(special + "the\n", 3, "no [MASK] among its 5 pieces");
  for (const std::string command : {"mask", "mlm", "fill", "inputs", "attend"})
    checkpoint.ends(command, {"the [MASK]"}, 3, "no [MASK] among its 5 pieces");
  refused("", 3, "no [PAD], [UNK], [CLS], [SEP], [MASK]");
  refused(special + "[MASK]\nthe\nthe\n", 3, "line 7: \"the\" is also on line 6");
  refused(special + "[MASK]\n\xff\n", 3, "not UTF-8");
  refused(std::string((1 << 24) + 1, 'x'), 5, "vocab.txt is larger");
  std::string many = special + "[MASK]\n";
  for (int i = 0; i < 22; ++i) many += "w" + std::to_string(i) + "\n";
  refused(many, 3, "vocab.txt has 27 pieces, but config.json says 26");
  // Only special pieces: nothing can be hidden, but what is written can be read.
  checkpoint.write("vocab.txt", special + "[MASK]\n");
  checkpoint.ends("fill", {"a [MASK]"}, 0, "[UNK] [MASK]");
  checkpoint.ends("mlm", {"a b"}, 2, "only special pieces");
}

TEST_CASE("bert: all tensors that are missing, extra or of another shape are listed at once") {
  const CheckpointFolder checkpoint;
  checkpoint.rewrite([](Tensors& tensors) {
    tensors.erase("bert.encoder.layer.1.output.dense.bias");
    tensors.erase("cls.predictions.transform.LayerNorm.weight");
    tensors["bert.encoder.layer.2.output.dense.bias"] = zeros({12});
    tensors["classifier.weight"] = zeros({2, 12});  // of a task: not used, and no difference
    tensors["bert.pooler.dense.weight"] = zeros({12, 13});
    tensors["cls.predictions.decoder.weight"] = zeros({12, 26});
    tensors["bert.encoder.layer.0.intermediate.dense.weight"] = zeros({12, 20});
  });
  const Result r = checkpoint.ends(3, "model.safetensors: safetensors: 6 tensors differ");
  for (const char* difference :
       {"encoder.layer.1.output.dense.bias: missing, expected shape (12)",
        "cls.predictions.transform.LayerNorm.weight: missing, expected shape (12)",
        "encoder.layer.2.output.dense.bias: not expected, shape (12)",
        "pooler.dense.weight: expected shape (12, 12), found (12, 13)",
        "cls.predictions.decoder.weight: expected shape (26, 12), found (12, 26)",
        "encoder.layer.0.intermediate.dense.weight: expected shape (20, 12), found (12, 20)"})
    CHECK(contains(r.err, difference));
  // The same tensor under two of its names.
  checkpoint.rewrite([](Tensors& tensors) { tensors["pooler.dense.bias"] = zeros({12}); });
  checkpoint.ends(3, "are the same tensor of a BERT");
  checkpoint.rewrite(
      [](Tensors& tensors) { tensors["bert.embeddings.LayerNorm.gamma"] = zeros({12}); });
  checkpoint.ends(3, "are the same tensor of a BERT");
  checkpoint.rewrite([](Tensors& tensors) {
    tensors.erase("bert.pooler.dense.weight");
    tensors.erase("bert.pooler.dense.bias");
  });
  checkpoint.ends(3, "no pooler");
  checkpoint.rewrite([](Tensors& tensors) { tensors.clear(); });
  checkpoint.ends(3, "embeddings.word_embeddings.weight: missing");
}

TEST_CASE("bert: weights that are no numbers, whole numbers, or not tied are refused by name") {
  const CheckpointFolder checkpoint;
  for (const real bad :
       {std::numeric_limits<real>::quiet_NaN(), std::numeric_limits<real>::infinity()}) {
    checkpoint.rewrite([&](Tensors& tensors) {
      tensors.at("bert.encoder.layer.1.attention.self.key.bias")(7) = bad;
    });
    checkpoint.ends(3, "'bert.encoder.layer.1.attention.self.key.bias' holds ");
    checkpoint.ends(3, "at number 7");
  }
  checkpoint.rewrite(
      [](Tensors& tensors) { tensors.at("cls.predictions.decoder.weight")(25, 11) += real{0.5}; });
  checkpoint.ends(3, "'cls.predictions.decoder.weight' differs from");
  checkpoint.rewrite([](Tensors& tensors) {
    tensors.at("cls.predictions.decoder.bias")(3) = std::numeric_limits<real>::quiet_NaN();
  });
  checkpoint.ends(3, "'cls.predictions.decoder.bias' differs from");
  // Floats read as whole numbers of the same size.
  std::string bytes = checkpoint.weights();
  bytes.replace(bytes.find("\"F32\""), 5, "\"I32\"");
  checkpoint.write("model.safetensors", bytes);
  checkpoint.ends(3, "holds whole numbers, expected F64, F32, F16 or BF16");
}

TEST_CASE("bert: weights too large to compute with give no answer, but the first bad step") {
  const CheckpointFolder checkpoint;
  checkpoint.rewrite([](std::map<std::string, Array>& tensors) {
    for (real& x : tensors.at("bert.encoder.layer.0.attention.self.query.weight"))
      x = std::numeric_limits<real>::max();
  });
  for (const char* command : {"mlm", "fill", "nsp", "attend"}) {
    const Result r = checkpoint.ends(command, {"the [MASK] sat on the mat .", "it was tired"}, 3,
                                     "layer.0.attention.q is not finite");
    CHECK(r.out.empty());
  }
}

TEST_CASE("bert: a pointer of Git LFS in place of the weights is named as such") {
  const CheckpointFolder checkpoint;
  checkpoint.write("model.safetensors",
                   "version https://git-lfs.github.com/spec/v1\noid sha256:1\n");
  checkpoint.ends(3, "is a pointer of Git LFS");
}

TEST_CASE("bert inputs: what a checkpoint decides cannot be asked for beside it") {
  const CheckpointFolder checkpoint;
  for (const Words& more : {Words{"--dim", "8"}, Words{"--seed=3"}, Words{"--dim=16"}})
    expect(with(with({"bert", "inputs", "the mat"}, more), {"--checkpoint", checkpoint.path()}), 2,
           "together with --checkpoint");
}

TEST_CASE("bert: a pickle is refused with the reason and the way to convert it") {
  const CheckpointFolder checkpoint;
  checkpoint.write("model.safetensors", "PK\x03\x04" + std::string(500, '\0'));
  checkpoint.ends(3, "found a pickle");
  checkpoint.write("model.safetensors", "\x80\x02}q\x01.");
  checkpoint.ends(3, "found a pickle");
  checkpoint.remove("model.safetensors");
  for (const char* pickle : {"pytorch_model.bin", "model.pt", "bert_model.ckpt.index"}) {
    checkpoint.write(pickle, "PK\x03\x04");
    checkpoint.ends(3, std::string("holds ") + pickle + ", but no model.safetensors");
    checkpoint.ends(3, "save_pretrained");
    checkpoint.remove(pickle);
  }
}

TEST_CASE("bert: a weight file that is cut anywhere is refused with the place") {
  const CheckpointFolder checkpoint;
  const std::string& bytes = checkpoint.weights();
  const std::size_t data = bytes.size() - 1000;
  for (const std::size_t size : {std::size_t{0}, std::size_t{7}, std::size_t{8}, std::size_t{100},
                                 std::size_t{4000}, data, bytes.size() - 1}) {
    checkpoint.write("model.safetensors", bytes.substr(0, size));
    checkpoint.ends(3, "model.safetensors: safetensors");
  }
  checkpoint.write("model.safetensors", bytes + "x");
  checkpoint.ends(3, "model.safetensors: safetensors");
}

TEST_CASE("bert: every seed of the safetensors reader in place of the weights is refused") {
  const CheckpointFolder checkpoint;
  std::size_t seen = 0;
  for (const auto& file : std::filesystem::directory_iterator(ATTN_CORPUS_DIR "/safetensors")) {
    INFO(file.path().string());
    checkpoint.write("model.safetensors", Folder::read(file.path().string()));
    checkpoint.ends(3, "model.safetensors");
    ++seen;
  }
  CHECK(seen > 30);
  json header;
  for (int i = 0; i <= 65'536; ++i)
    header["t" + std::to_string(i)] = {{"dtype", "F32"}, {"shape", {0}}, {"data_offsets", {0, 0}}};
  checkpoint.write("model.safetensors", safetensors_of(header));
  checkpoint.ends(5, "more than 65536 tensors");
}

TEST_CASE("bert: a head that the checkpoint lacks is named") {
  const CheckpointFolder cased("cased"), next("next"), masked("masked"), bare("bare");
  for (const std::string command : {"mlm", "fill"}) {
    cased.ends(command, {"The [MASK] sat"}, 3, "no head for hidden words");
    next.ends(command, {"the [MASK] sat"}, 3, "no head for hidden words");
  }
  masked.ends("nsp", {"the cat", "it sat"}, 3, "this BERT has no pooler");
  bare.ends("nsp", {"the cat", "it sat"}, 3, "this BERT has no pooler");
  cased.ends("nsp", {"the cat", "sat"}, 2, "the model knows only 1");  // before it gets that far
  cased.ends("attend", {"the Cat"}, 0, "[CLS] the Cat [SEP]");
}

TEST_CASE("bert: texts that no model can read are refused as such") {
  const CheckpointFolder checkpoint;
  for (const std::string command : {"inputs", "mlm", "fill", "attend", "mask"}) {
    INFO(command);
    checkpoint.ends(command, {""}, 2, "the text ");  // is empty, or has no words
    for (const std::string text : {" ", "\t\r\n", "\x01\x02\x7f", "\xe2\x80\x8b", "\xcc\x81"})
      checkpoint.ends(command, {text}, 2, "the text has no words");
    checkpoint.ends(command, {"the cat", ""}, 2, "text B has no words");
    checkpoint.ends(command, {"", "the cat"}, 2, "text A has no words");
    checkpoint.ends(command, {"the", "cat", "sat"}, 2, "3 texts, but BERT reads one or two");
    checkpoint.ends(command, {"the \xff cat"}, 2, "byte 4");
  }
  checkpoint.ends("nsp", {"the cat"}, 2, "one text, but next sentences need two");
  checkpoint.ends("nsp", {"the cat", ""}, 2, "text B has no words");
  checkpoint.ends("nsp", {"a", "b", "c"}, 2, "3 texts");
  checkpoint.ends("fill", {"the cat sat"}, 2, "the text has no [MASK]");
  checkpoint.ends("fill", {"the cat [mask]"}, 2, "the text has no [MASK]");
  checkpoint.ends("mlm", {"zzz"}, 2, "no word of this text can be hidden");
  CheckpointFolder("cased").ends("attend", {"the", "cat"}, 2, "the model knows only 1");
}

TEST_CASE("bert: a text as long as the position table is read, one piece more is not") {
  const CheckpointFolder checkpoint;  // 16 positions
  std::string text = "[MASK]";
  for (int i = 0; i < 13; ++i) text += " cat";
  for (const std::string command : {"inputs", "mlm", "fill", "attend"}) {
    INFO(command);
    checkpoint.ends(command, {text}, 0, "");
    checkpoint.ends(command, {text + " cat"}, 2,
                    "17 pieces with [CLS] and [SEP], but the model knows 16 positions");
    checkpoint.ends(command, {text, "cat"}, 2, "18 pieces");
  }
  std::string cats;
  for (int i = 0; i < 30'000; ++i) cats += "cat ";
  checkpoint.ends("mlm", {cats}, 2, "30002 pieces");
  CheckpointFolder one;
  one.configure({{"max_position_embeddings", 1}});
  one.rewrite([](Tensors& tensors) {
    tensors.erase("bert.embeddings.position_ids");
    tensors["bert.embeddings.position_embeddings.weight"] = zeros({1, 12});
  });
  one.ends(2, "but the model knows 1 positions");
}
