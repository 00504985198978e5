// bert mask, mlm and nsp: what they draw, and the numbers that they make of it.
#include <algorithm>
#include <cmath>

#include "attn/core/rng.h"
#include "attn/nn/bert_checkpoint.h"
#include "program/checkpoint_folder.h"

using namespace attn;
using namespace attn::test;
using nlohmann::json;

namespace {

constexpr std::size_t kMask = 4;  // of the reference's vocabulary; below it only special pieces
constexpr const char* kText = "the cat sat on the mat . it was tired !";

Words with_checkpoint(const Words& words) {
  return with(with({"bert"}, words), {"--checkpoint", reference_checkpoint("pretraining")});
}

json table(const json& document, const std::string& name) {
  for (const json& t : document["tables"]) {
    if (t["name"] == name) return t["rows"];
  }
  return {};
}

json values(const json& document, const std::string& path) {
  for (const json& step : document["steps"]) {
    if (step["path"] == path) return step["values"];
  }
  FAIL("no step ", path);
  return {};
}

bool has_step(const json& document, const std::string& path) {
  const json& steps = document["steps"];
  return std::any_of(steps.begin(), steps.end(), [&](const json& s) { return s["path"] == path; });
}

std::vector<double> softmax_of(const json& logits) {
  std::vector<double> p = logits.get<std::vector<double>>();
  double sum = 0;
  for (double& x : p) sum += x = std::exp(x);
  for (double& x : p) x /= sum;
  return p;
}

/// `count` of `of` events with this chance is no more than 4.5 standard deviations off.
void check_share(double count, double of, double chance) {
  INFO(count, " of ", of, ", chance ", chance);
  CHECK(std::abs(count - of * chance) < 4.5 * std::sqrt(of * chance * (1 - chance)));
}

}  // namespace

TEST_CASE("bert mask: one draw is told the same way by steps and by the table") {
  bool seen[3] = {};
  for (int seed = 1; seed <= 12; ++seed) {
    const json document =
        trace_of(with_checkpoint({"mask", kText, "--draws", "1", "--seed", std::to_string(seed)}));
    const json ids = values(document, "ids"), masked = values(document, "masked_ids"),
               targets = values(document, "targets"), draw = table(document, "draw");
    REQUIRE(draw.size() == ids.size());
    for (std::size_t i = 0; i < ids.size(); ++i) {
      const bool special = ids[i] <= kMask, chosen = targets[i] >= 0;
      INFO("seed ", seed, ", place ", i);
      CHECK(draw[i][0] == i);
      if (special) {
        CHECK_FALSE(chosen);
        CHECK(draw[i][3] == "never chosen");
      }
      if (!chosen) {
        CHECK(masked[i] == ids[i]);
        CHECK(draw[i][4] == "");
        continue;
      }
      CHECK(targets[i] == ids[i]);
      CHECK(draw[i][4] == draw[i][1]);
      const int how = masked[i] == kMask ? 0 : masked[i] == ids[i] ? 1 : 2;
      seen[how] = true;
      CHECK(draw[i][3] == (how == 0 ? "hidden" : how == 1 ? "kept" : "random"));
      CHECK((draw[i][2] == "[MASK]") == (how == 0));
      CHECK(masked[i] >= kMask);  // never another special piece
    }
  }
  CHECK(seen[0]);
  CHECK((seen[1] || seen[2]));
}

TEST_CASE("bert mask: 15 % are chosen; of these 80 % hidden, 10 % random, 10 % kept") {
  for (const char* seed : {"1", "2"}) {
    const json rows = table(
        trace_of(with_checkpoint({"mask", kText, "--draws", "20000", "--seed", seed})), "counts");
    REQUIRE(rows.size() == 4);
    const double places = 20'000.0 * 11, chosen = rows[0][1];
    check_share(chosen, places, 0.15);
    check_share(rows[1][1], chosen, 0.8);
    check_share(rows[2][1], chosen, 0.1);
    check_share(rows[3][1], chosen, 0.1);
    CHECK(rows[1][1].get<double>() + rows[2][1].get<double>() + rows[3][1].get<double>() == chosen);
    CHECK(rows[0][2].get<double>() == doctest::Approx(places * 0.15));
    CHECK(rows[0][3].get<double>() == doctest::Approx(chosen / places));
    CHECK(rows[1][4].get<double>() == doctest::Approx(0.8));
    CHECK(rows[3][4].get<double>() == doctest::Approx(0.1));
  }
}

TEST_CASE("bert mask: the same seed hides the same words, another one others") {
  const auto draws = [](const char* seed) {
    const json document =
        trace_of(with_checkpoint({"mask", kText, "--draws", "50", "--seed", seed}));
    return json::array({table(document, "draw"), table(document, "counts")});
  };
  CHECK(draws("7") == draws("7"));
  CHECK(draws("7") != draws("8"));
  expect(with_checkpoint({"mask", kText, "--draws", "0"}), 2, "--draws 0 is out of range");
  // A text of unknown words has nothing to choose from, and so no counts.
  CHECK(table(trace_of(with_checkpoint({"mask", "zzz qqq"})), "counts").is_null());
}

TEST_CASE("bert mlm: words drawn as in training, and the loss is that of the stored logits") {
  const json plain = values(trace_of(with_checkpoint({"inputs", kText})), "ids");
  std::size_t hidden = 0, masked = 0;
  for (int seed = 1; seed <= 20; ++seed) {
    const json document = trace_of(with_checkpoint({"mlm", kText, "--seed", std::to_string(seed)}));
    INFO("seed ", seed);
    const json ids = values(document, "ids"), targets = values(document, "mlm.targets"),
               logits = values(document, "mlm.logits"), asked = values(document, "mlm.asked"),
               probabilities = values(document, "mlm.probabilities");
    REQUIRE(targets.size() == plain.size());
    double loss = 0;
    std::size_t here = 0;
    for (std::size_t i = 0; i < targets.size(); ++i) {
      if (targets[i] < 0) {
        CHECK(ids[i] == plain[i]);
        continue;
      }
      CHECK(targets[i] == plain[i]);
      masked += ids[i] == kMask;
      CHECK(asked[here] == logits[i]);
      const std::vector<double> p = softmax_of(logits[i]);
      for (std::size_t word = 0; word < p.size(); ++word)
        CHECK(probabilities[here][word].get<double>() == doctest::Approx(p[word]).epsilon(1e-5));
      loss -= std::log(p[targets[i].get<std::size_t>()]);
      ++here;
    }
    REQUIRE(here > 0);  // drawn again, where nothing was chosen
    CHECK(asked.size() == here);
    CHECK(values(document, "mlm.loss")[0].get<double>() ==
          doctest::Approx(loss / double(here)).epsilon(1e-5));
    for (const json& check : document["checks"]) CHECK(check["holds"] == true);
    hidden += here;
  }
  CHECK(masked > hidden / 2);
  CHECK(masked < hidden);
  // The text's own [MASK]s are asked for instead: what was there is not known, so there is no loss.
  const json own = trace_of(with_checkpoint({"mlm", "the [MASK] sat", "--seed", "3"}));
  CHECK_FALSE(has_step(own, "mlm.loss"));
  CHECK(values(own, "mlm.asked").size() == 1);
  CHECK(values(own, "ids") ==
        values(trace_of(with_checkpoint({"inputs", "the [MASK] sat"})), "ids"));
}

TEST_CASE("bert nsp: without a text pairs of stories, half of them neighbours") {
  const Folder folder;
  const PieceVocabulary vocabulary(
      {"[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "the", "saw", "a", "will", "book"});
  Parameters parameters(Rng(1));
  const Bert model(
      {.vocabulary = 10, .width = 8, .heads = 2, .ff = 8, .layers = 1, .positions = 32},
      parameters);
  save_bert(folder / "model", model, vocabulary, true);
  const Words line = {"bert", "nsp", "--pairs", "600", "--checkpoint", folder / "model"};
  const json document = trace_of(line), pairs = table(document, "pairs");
  REQUIRE(pairs.size() == 600);
  double follow = 0;
  for (const json& row : pairs) {
    const bool next = row[2] == "follows";
    if (!next) CHECK(row[2] == "does not");
    follow += next;
    const double p = row[3];
    CHECK(row[4] == ((p > 0.5) == next ? "yes" : "no"));
    CHECK(p > 0);
    CHECK(p < 1);
  }
  check_share(follow, 600, 0.5);
  // The first of them is then read with all steps.
  const std::vector<double> p = softmax_of(values(document, "nsp.logits"));
  const json probabilities = values(document, "nsp.probabilities");
  CHECK(probabilities[0].get<double>() == doctest::Approx(p[0]).epsilon(1e-5));
  CHECK(probabilities[1].get<double>() == doctest::Approx(p[1]).epsilon(1e-5));
  CHECK(pairs[0][3].get<double>() == doctest::Approx(p[0]).epsilon(1e-5));
  const Words given = {"bert",
                       "nsp",
                       pairs[0][0].get<std::string>(),
                       pairs[0][1].get<std::string>(),
                       "--checkpoint",
                       folder / "model"};
  CHECK(values(trace_of(given), "nsp.logits") == values(document, "nsp.logits"));
  CHECK(table(trace_of(line), "pairs") == pairs);
  CHECK(table(trace_of(with(line, {"--seed", "2"})), "pairs") != pairs);
  expect(with(Words(line.begin(), line.begin() + 2), {"--pairs", "0"}), 2, "--pairs 0");
}
