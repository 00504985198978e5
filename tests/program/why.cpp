// `why`: the arithmetic behind numbers of every step, and the mistakes in asking.
#include <doctest/doctest.h>

#include <map>
#include <nlohmann/json.hpp>
#include <string>

#include "app/frame/execute.h"
#include "program/process.h"

using namespace attn::test;

namespace {

/// "weights[1,0]": the given number of a step, as `why` is asked.
std::string place(const attn::Step& step, std::size_t flat) {
  std::string text;
  const attn::Shape shape = step.shape();
  for (std::size_t axis = shape.size(); axis-- > 0; flat /= shape[axis]) {
    text = std::to_string(flat % shape[axis]) + (text.empty() ? "" : ",") + text;
  }
  return step.path + "[" + text + "]";
}

const std::vector<Words> kLines = {
    {"tokens", "a b a"},
    {"embed", "a b a"},
    {"position", "a b", "--shift", "2"},
    {"position", "a b", "--kind", "learned"},
    {"position", "a b", "--kind", "onehot"},
    {"position", "a b", "--kind", "rotary"},
    {"qkv", "a b"},
    {"score", "a b c"},
    {"softmax", "--function", "all", "--naive", "--hard", "argmax", "--temperature", "2",
     "1 2 3; 3 1 2"},
    {"softmax", "--axis", "column", "1 2 3; 3 1 2"},
    {"softmax", "  -inf 1 2; -inf -inf -inf"},
    {"mask", "a b c"},
    {"attend", "a b c", "--mask", "local:1"},
    {"heads", "a b c", "--heads", "2", "--wrong-split"},
    {"rnn", "a b c"},
    {"rnn", "a b c", "--cell", "lstm", "--bidirectional"},
    {"rnn", "a b c", "--cell", "gru"},
    {"cnn", "a b c", "--causal"},
    {"encoder", "a b c", "--block", "conformer", "--layers", "1"},
    {"graph"},
    {"feature-map", "--attend", "channel+spatial"},
    {"feature-map", "--attend", "spatial+temporal"},
    {"feature-map", "--attend", "branch"},
    {"feature-map", "--attend", "self"},
};

}  // namespace

TEST_CASE("the arithmetic of every step gives the number that was printed") {
  for (const Words& line : kLines) {
    const attn::Trace trace = attn::app::compute(line);
    for (const attn::Step* step : trace.steps()) {
      const std::size_t count = step->values().size();
      if (count == 0) continue;
      for (const std::size_t flat : {std::size_t{0}, count / 2, count - 1}) {
        Words words = {"why", "--depth", "2", place(*step, flat)};
        words.insert(words.end(), line.begin(), line.end());
        const attn::Trace answer = attn::app::compute(words);
        for (const attn::Item& item : answer.items) {
          const auto* check = std::get_if<attn::Check>(&item);
          if (!check) continue;
          INFO(words[3] << " of attn " << line[0] << ": " << check->difference);
          CHECK(check->holds());
        }
      }
    }
  }
}

TEST_CASE("why answers as text and as data, to any depth") {
  expect({"why", "weights[0,1]", "attend"}, 0, "Why is weights[0,1] what it is?");
  expect({"why", "--depth", "64", "output[0,0]", "attend", "a b"}, 0, "a parameter");
  expect({"why", "--depth=2", "weights[0,0,1]", "heads", "--heads", "2"}, 0, "scores");
  expect({"why", "weights[0,1]", "attend", "--plain", "a b"}, 0, "weights[0,1]");
  expect({"why", "weights[0,1]", "attend", "--precision", "9", "a b"}, 0, "weights[0,1]");
  expect({"why", "weights[0,1]", "attend", "--quiet", "a b"}, 0);
  expect({"why", "--plain", "weights[0,1]", "attend", "a b"}, 0);
  expect({"why", "weights[0,1]", "attend", "--show", "weights"}, 0, "weights[0,1]");
  const Result r = run({"why", "weights[0,1]", "attend", "--json"});
  INFO(r.describe());
  CHECK(r.exit_code == 0);
  CHECK(nlohmann::json::parse(r.out)["tables"][0]["name"] == "why");
}

TEST_CASE("a question that names no number is refused with what there is") {
  const std::pair<Words, const char*> rows[] = {
      {{"why"}, "needs a number"},
      {{"why", "weights[0,1]"}, "needs a number"},
      {{"why", "weights", "attend"}, "names no number"},
      {{"why", "[0,1]", "attend"}, "names no number"},
      {{"why", "weights[0,1", "attend"}, "names no number"},
      {{"why", "weights[]", "attend"}, "names no number"},
      {{"why", "weights[0,]", "attend"}, "index"},
      {{"why", "weights[0,x]", "attend"}, "index"},
      {{"why", "weights[0,-1]", "attend"}, "out of range"},
      {{"why", "weights[0,99999999999999999999]", "attend"}, "out of range"},
      {{"why", "weights[0,01]", "attend"}, "index"},
      {{"why", "weights[0]", "attend"}, "needs 2 indices, 1 are given"},
      {{"why", "weights[0,0,0]", "attend"}, "needs 2 indices, 3 are given"},
      {{"why", "weights[0,99]", "attend"}, "the last place is [10,10]"},
      {{"why", "weights[99,0]", "attend"}, "index 99 is beyond axis 0"},
      {{"why", "weihgts[0,0]", "attend"}, "did you mean weights?"},
      {{"why", "nothing[0,0]", "attend"}, "its steps: ids"},
      {{"why", "\x1b[0]", "attend"}, "no step \\x1B"},
      {{"why", "weights[0,0]", "atend"}, "did you mean: attn attend?"},
      {{"why", "weights[0,0]", "map"}, "no numbers to ask about"},
      {{"why", "weights[0,0]", "why", "weights[0,0]", "attend"}, "no numbers to ask about"},
      {{"why", "weights[0,0]", "attend", "--dim", "x"}, "--dim"},
      {{"why", "--depth"}, "--depth"},
      {{"why", "--nosuch", "weights[0,0]", "attend"}, "--nosuch"},
  };
  for (const auto& [words, text] : rows) expect(words, 2, text);
  expect({"why", "weights[0,0]", "attend", "--input", "missing.csv"}, 4, "cannot open");
}

TEST_CASE("why: no name stands for two numbers") {
  const std::pair<Words, std::string> rows[] = {
      {{"score", "--function", "concat", "a b c"}, "concat.scores[1,0]"},
      {{"seq2seq", "a b", "--target", "x y z", "--style", "bahdanau"}, "logits[3,0]"},
      {{"seq2seq", "a b", "--target", "x y z", "--style", "bahdanau", "--score", "additive"},
       "logits[3,0]"},
      {{"seq2seq", "a b", "--target", "x y", "--style", "bahdanau", "--score", "concat", "--cell",
        "lstm"},
       "attentional[2,1]"},
      {{"seq2seq", "a b", "--target", "x y", "--score", "concat", "--bidirectional"},
       "logits[1,0]"},
      {{"seq2seq", "a b", "--target", "x y", "--local", "1"}, "weights[1,0]"},
      {{"heads", "a b c", "--heads", "2"}, "output[1,0]"},
      {{"encoder", "a b", "--layers", "2", "--dim", "4", "--heads", "2"}, "output[1,0]"},
      {{"encoder", "a b", "--dim", "4", "--heads", "2", "--share-layers", "--halt"}, "output[1,0]"},
      {{"decoder", "a b", "--target", "x y", "--dim", "4", "--heads", "2"}, "logits[1,0]"},
      {{"transformer", "a b", "--target", "x y", "--dim", "4", "--heads", "2"}, "logits[1,0]"},
      {{"reach", "a b", "--dim", "4", "--model", "attention"}, "output[1,0]"},
  };
  for (const auto& [line, asked] : rows) {
    const attn::Trace trace = attn::app::compute(with({"why", "--depth", "64", asked}, line));
    std::map<std::string, double> values;
    for (const attn::Item& item : trace.items) {
      const auto* table = std::get_if<attn::Table>(&item);
      if (!table) continue;
      for (const auto& row : table->rows) {
        const std::string& name = std::get<std::string>(row[1]);
        const double value = std::get<double>(row[2]);
        INFO(line[0], ": ", name);
        CHECK(values.try_emplace(name, value).first->second == value);
        CHECK(name.find("slice") == std::string::npos);
      }
    }
    CHECK(values.size() > 20);
  }
}

TEST_CASE("why: a part of a matrix keeps the matrix's own places") {
  // W of the score concat is cut into its upper and its lower rows.
  const Result r = expect({"why", "concat.scores[1,0]", "score", "--function", "concat", "--depth",
                           "3", "--dim", "4", "a b c"},
                          0, "concat.w[4,0]");
  CHECK(contains(r.out, "concat.w[0,0]"));
  // What a step of the decoder reads is a row of decoder.x, what it asks with the state before.
  const Result step =
      expect({"why", "decoder.gates[2,0]", "seq2seq", "--style", "bahdanau", "--depth", "2"}, 0,
             "decoder.x[2,0] * decoder.w_x[0,0]");
  CHECK(contains(step.out, "decoder.hidden[1,0] * decoder.w_h[0,0]"));
}

TEST_CASE("why: a loss, a position and a second computation say what they come from") {
  const Result loss = expect({"why", "mlm.loss[0]", "bert", "mlm"}, 0, "");
  CHECK(contains(loss.out, "mlm.logits["));
  CHECK_FALSE(contains(loss.out, "does not come from other numbers"));
  const Result place = expect({"why", "x[1,0]", "decoder", "--depth", "3"}, 0, "sin(1 / 10000^");
  CHECK_FALSE(contains(place.out, "constant"));
  const Result again = expect({"why", "stepwise.logits[0,1]", "transformer", "--compare-modes"}, 0,
                              "one word at a time");
  CHECK_FALSE(contains(again.out, "= \n"));
}

TEST_CASE("why: a place may be given by the words that stand there, the first of them") {
  const std::string by_number = expect({"why", "weights[10,0]", "attend"}, 0, "key 'the'").out;
  const std::string by_word = expect({"why", "weights[tired,the]", "attend"}, 0, "key 'the'").out;
  const std::string same = by_number.substr(by_number.find('\n'));
  CHECK(by_word.substr(by_word.find('\n')).starts_with(same));
  expect({"why", "weights[1,Tired,0]", "heads", "--heads", "2"}, 0, "query 'tired'");
  expect({"why", "weights[0, animal]", "attend"}, 0, "key 'animal'");
  expect({"why", "weights[tierd,the]", "attend"}, 2, "did you mean tired?");
}

TEST_CASE("why: of a long sum people read the largest terms, and all where they ask") {
  for (const char* dim : {"9", "64"}) {
    const Words words = {"why", "scores[0,1]", "attend", "--dim", dim};
    const Result some = expect(words, 0, "--all shows every one");
    CHECK(contains(some.out, std::string(" + ") + (dim[0] == '9' ? "4" : "59") + " smaller"));
    Words all = words;
    all.insert(all.begin() + 1, "--all");
    CHECK_FALSE(contains(expect(all, 0).out, "smaller"));
    Words deep = words;
    deep.insert(deep.begin() + 1, "--depth=2");
    CHECK_FALSE(contains(expect(deep, 0).out, "smaller"));
    Words document = words;
    document.emplace_back("--json");
    CHECK(contains(expect(document, 0).out, "q[0,8] * k[1,8]"));  // programs get the whole
  }
  CHECK_FALSE(contains(expect({"why", "scores[0,1]", "attend", "--dim", "8"}, 0).out, "smaller"));
}

TEST_CASE("why: sums of exp, tanh, powers and bent products have their largest terms first, too") {
  const std::vector<Words> asked = {
      {"why", "weights[0,1]", "attend"},                        // exp
      {"why", "weights[0,1]", "mask", "--mask", "causal"},      // exp of a score and its mask
      {"why", "additive.scores[0,1]", "score", "--dim", "16"},  // v * tanh(q + k)
      {"why", "layer_norm.mean[0]", "norm", "--dim", "16"},
      {"why", "layer_norm.variance[0]", "norm", "--dim", "16"},  // (x - mean)^2
      {"why", "gates[1,0]", "rnn", "--hidden", "9"},             // products within tanh or sigmoid
  };
  for (const Words& words : asked) {
    INFO(words[1]);
    CHECK(contains(expect(words, 0, "--all shows every one").out, " smaller"));
  }
  // softmax('9 8 ... 0'): e^9 first, and what is left of it is e^4 + ... + 1.
  const Result r = expect({"why", "weights[0,0]", "softmax", "0 1 2 3 4 5 6 7 8 9"}, 0);
  CHECK(contains(r.out, "exp(9) + exp(8) + exp(7) + exp(6) + exp(5) + 85.79"));
}

TEST_CASE("why: of a word that stands twice it says which was taken, and how to name the other") {
  const Result twice = expect({"why", "weights[the,tired]", "attend"}, 0);
  CHECK(contains(twice.out, "\"the\" stands at 0 and 4: the first is shown."));
  CHECK_FALSE(contains(expect({"why", "weights[4,tired]", "attend"}, 0).out, "stands at"));
  CHECK_FALSE(contains(expect({"why", "weights[it,tired]", "attend"}, 0).out, "stands at"));
  // A row of a decoder has the word that was read and the one that was written.
  expect({"why", "weights[Katze,cat]", "translate", "--model", "english-german-gru",
          "the cat sees the dog ."},
         0, "Katze'");
}

TEST_CASE("why: what has no name of its own is described, and --depth goes on from there") {
  const Result first =
      expect({"why", "hidden[0,3]", "fc", "i saw"}, 0, "max((x w_1 + b_1)[0,3], 0)");
  CHECK(contains(first.out, "--depth 2"));
  const Result second =
      expect({"why", "--depth", "2", "hidden[0,3]", "fc", "i saw"}, 0, "  (x w_1 + b_1)[0,3] = ");
  CHECK(contains(second.out, "x[0,0] * w_1[0,3]"));
  CHECK_FALSE(contains(second.out, "--depth 3"));
  expect({"why", "added[0,0]", "position"}, 0,
         "(position w_pos) and (x w_x) are computed on the way");
}
