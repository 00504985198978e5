// Whole BERT checkpoints against PyTorch (tests/reference/bert and bert.json, made by
// make_bert_reference.py), and what load_bert and save_bert promise.
#include <fmt/format.h>

#include "attn/core/rng.h"
#include "attn/graph/trace.h"
#include "attn/io/file.h"
#include "attn/nn/bert_checkpoint.h"
#include "attn/nn/generate.h"
#include "attn/nn/mask.h"
#include "io_support.h"
#include "torch_cases.h"

using namespace attn;
using namespace attn::testing;
using nlohmann::json;

namespace {

const std::string kReference = ATTN_REFERENCE_DIR;

std::string folder_of(const json& c) {
  return kReference + "/bert/" + c["name"].get<std::string>();
}

/// One sentence (n), or the same one `batch` times over (batch,n).
Tensor ids_of(const json& list, std::size_t batch) {
  const auto one = list.get<std::vector<std::size_t>>();
  if (batch == 0) return word_ids(one);
  Array all = empty({batch, one.size()});
  for (std::size_t i = 0; i < all.size(); ++i) all.data()[i] = real(one[i % one.size()]);
  return Tensor::ids(std::move(all));
}

/// This value, `batch` times over.
json repeated(const json& value, std::size_t batch) {
  return batch == 0 ? value : json(std::vector<json>(batch, value));
}

/// Every number of the reference, for one input; batch 0: without a batch axis.
void check_input(const Bert& model, const json& input, std::size_t batch) {
  const auto near = [&](const Array& got, const json& expected, const std::string& what) {
    check_near(got, repeated(expected, batch), what);
  };
  Trace trace;
  const Run run{.trace = &trace};
  const auto padding = input["padding"].get<std::size_t>();
  Tensor mask;
  if (padding > 0) mask = Tensor(padding_mask(input["ids"].size(), padding));
  const Tensor x = model.embed(run, ids_of(input["ids"], batch), ids_of(input["segments"], batch));
  near(x.value(), input["x"], "x");
  const Tensor output = model.encode(run, x, mask);
  std::size_t l = 0;
  for (const json& layer : input["layers"]) {
    const std::string at = fmt::format("layer.{}.", l++);
    near(trace.find(at + "attention.weights")->values(), layer["weights"], at + "weights");
    near(trace.find(at + "output")->values(), layer["output"], at + "output");
  }
  CHECK(l == model.sizes().layers);
  near(output.value(), input["layers"].back()["output"], "output");
  CHECK(model.sizes().pooler == !input["pooled"].is_null());
  CHECK(model.sizes().mlm == !input["mlm_logits"].is_null());
  CHECK(model.sizes().nsp == !input["nsp_logits"].is_null());
  if (model.sizes().pooler) near(model.pooled(run, output).value(), input["pooled"], "pooled");
  if (model.sizes().mlm)
    near(model.mlm_logits(run, output).value(), input["mlm_logits"], "mlm.logits");
  if (model.sizes().nsp)
    near(model.nsp_logits(run, model.pooled(run, output)).value(), input["nsp_logits"],
         "nsp.logits");
}

/// The files of a checkpoint, to be changed.
struct Files {
  std::string config, vocabulary, weights;
  std::optional<std::string> tokenizer;
  explicit Files(const std::string& folder)
      : config(read_file(folder + "/config.json")),
        vocabulary(read_file(folder + "/vocab.txt")),
        weights(read_file(folder + "/model.safetensors")) {}
  BertCheckpoint load() const {
    return load_bert({.folder = "x",
                      .config = config,
                      .tokenizer = {.vocabulary = vocabulary, .config = tokenizer},
                      .weights = {{"x/model.safetensors", weights}}});
  }
};

}  // namespace

TEST_CASE("torch: a BERT checkpoint gives the reference's numbers at every layer and head") {
  const json all = read_json(kReference + "/bert.json");
  REQUIRE(all.size() >= 6);
  for (const json& c : all) {
    INFO("checkpoint ", c["name"].get<std::string>());
    const BertCheckpoint bert = load_bert(folder_of(c));
    for (const json& input : c["inputs"]) {
      check_input(bert.model, input, 0);
      if (input["padding"] == 0) check_input(bert.model, input, 2);
    }
  }
}

TEST_CASE("torch: BERT's pieces of a text are those that the reference was given") {
  std::size_t seen = 0;
  for (const json& c : read_json(kReference + "/bert.json")) {
    INFO("checkpoint ", c["name"].get<std::string>());
    const BertCheckpoint bert = load_bert(folder_of(c));
    for (const json& input : c["inputs"]) {
      if (input["texts"].is_null()) continue;
      std::vector<std::size_t> pieces[2];
      for (std::size_t i = 0; i < input["texts"].size(); ++i)
        pieces[i] =
            encode_pieces(bert.vocabulary, input["texts"][i].get<std::string>(), bert.rules);
      const BertInput made = bert_input(bert.vocabulary, pieces[0], pieces[1]);
      CHECK(json(made.ids) == input["ids"]);
      CHECK(json(made.segments) == input["segments"]);
      ++seen;
    }
  }
  CHECK(seen >= 6);
}

TEST_CASE("bert: padding changes nothing at the places before it") {
  for (const json& c : read_json(kReference + "/bert.json")) {
    const BertCheckpoint bert = load_bert(folder_of(c));
    for (const json& input : c["inputs"]) {
      const auto padding = input["padding"].get<std::size_t>();
      if (padding == 0) continue;
      INFO("checkpoint ", c["name"].get<std::string>());
      auto ids = input["ids"].get<std::vector<std::size_t>>();
      CHECK(ids.back() == bert.vocabulary.pad());
      ids.resize(ids.size() - padding);
      json expected = input["layers"].back()["output"];
      expected.erase(expected.begin() + std::ptrdiff_t(ids.size()), expected.end());
      const Run run;
      const std::vector<std::size_t> segments(ids.size(), 0);
      const Tensor x = bert.model.embed(run, word_ids(ids), word_ids(segments));
      check_near(bert.model.encode(run, x, {}).value(), expected, "output without padding");
    }
  }
}

TEST_CASE("bert: what save_bert writes, load_bert reads with the same bits") {
  for (const json& c : read_json(kReference + "/bert.json")) {
    INFO("checkpoint ", c["name"].get<std::string>());
    const io_test::Folder folder;
    const BertCheckpoint bert = load_bert(folder_of(c));
    save_bert(folder / "new", bert.model, bert.vocabulary, bert.rules);
    const BertCheckpoint again = load_bert(folder / "new");
    REQUIRE(again.model.parameters().size() == bert.model.parameters().size());
    for (std::size_t i = 0; i < again.model.parameters().size(); ++i) {
      const auto &old = bert.model.parameters()[i], &read = again.model.parameters()[i];
      INFO(old.first);
      CHECK(read.first == old.first);
      CHECK(io_test::same(read.second.value(), old.second.value()));
    }
    CHECK(again.model.parameter_count() == bert.model.parameter_count());
    CHECK(again.vocabulary.pieces() == bert.vocabulary.pieces());
    CHECK(again.rules == bert.rules);
    CHECK(again.model.sizes().eps == bert.model.sizes().eps);
    CHECK(again.model.sizes().activation == bert.model.sizes().activation);
    CHECK(again.model.sizes().heads == bert.model.sizes().heads);
    // Once more the same bytes, so nothing drifts.
    save_bert(folder / "newer", again.model, again.vocabulary, again.rules);
    for (const char* file : {"config.json", "vocab.txt", "model.safetensors"})
      CHECK(read_file(folder / "newer/" + file) == read_file(folder / "new/" + file));
  }
}

TEST_CASE("bert: a folder and the same bytes in memory are the same model") {
  const std::string folder = kReference + "/bert/cased";
  Files files(folder);
  CHECK_FALSE(files.load().rules.lower_case);  // by its pieces: no file says it
  files.tokenizer = read_file(folder + "/tokenizer_config.json");
  CHECK_FALSE(files.load().rules.lower_case);
  const BertCheckpoint a = files.load(), b = load_bert(folder);
  for (std::size_t i = 0; i < a.model.parameters().size(); ++i)
    CHECK(io_test::same(a.model.parameters()[i].second.value(),
                        b.model.parameters()[i].second.value()));
}

TEST_CASE("bert: more tokens or other segments than the tables have are refused") {
  const BertCheckpoint bert = load_bert(kReference + "/bert/cased");  // 16 positions, 1 segment
  const std::vector<std::size_t> zeros(17, 0), ones(3, 1);
  io_test::check_error(ErrorKind::usage, "17 tokens, but the model knows 16 positions",
                       [&] { bert.model.embed({}, word_ids(zeros), word_ids(zeros)); });
  io_test::check_error(ErrorKind::usage, "segment 1, but the model knows only 1",
                       [&] { bert.model.embed({}, word_ids(ones), word_ids(ones)); });
}

TEST_CASE("bert: a damaged checkpoint is a model of finite numbers or an error, never more") {
  const Files whole(kReference + "/bert/bare");
  Rng rng(1);
  std::size_t loaded = 0, refused = 0;
  for (int turn = 0; turn < 6000; ++turn) {
    Files files = whole;
    std::string* const parts[] = {&files.config, &files.vocabulary, &files.weights};
    std::string& bytes = *parts[turn % 3];
    // Of the weights mostly the header: any bits are numbers.
    const std::size_t reach = turn % 3 == 2 && turn % 4 != 0 ? 2300 : bytes.size();
    for (std::uint64_t i = rng.below(3) + 1; i-- > 0;) {
      if (bytes.empty()) break;
      const std::size_t at = rng.below(std::min(reach, bytes.size()));
      switch (rng.below(5)) {
        case 0:
          bytes[at] = char(rng.below(256));
          break;
        case 1:
          bytes[at] = "0123456789-.eE[]{}\",:"[rng.below(21)];
          break;
        case 2:
          bytes.insert(at, 1, "0123456789-.eE[]{}\",:"[rng.below(21)]);
          break;
        case 3:
          bytes.erase(at, 1 + rng.below(4));
          break;
        default:
          bytes.resize(std::max<std::size_t>(at, 1));
      }
    }
    try {
      const BertCheckpoint bert = files.load();
      const std::vector<std::size_t> ids = {bert.vocabulary.cls(), bert.vocabulary.sep()};
      if (bert.model.sizes().positions >= 2) {
        const Tensor x = bert.model.embed({}, word_ids(ids), word_ids({0, 0}));
        CHECK(bert.model.encode({}, x, {}).value().size() == 2 * bert.model.sizes().width);
      }
      ++loaded;
    } catch (const Error& error) {
      const bool kind = error.kind() == ErrorKind::bad_input || error.kind() == ErrorKind::limit;
      INFO(error.what());
      CHECK(kind);
      ++refused;
    }
  }
  CHECK(loaded > 100);
  CHECK(refused > 1000);
}
