// Every sentence that stands beside a step, with every step beside which it stands:
// tests/reference/explained.txt, which was read line by line. A sentence that comes to stand beside
// another step fails here, until somebody has read it there too.
#include <doctest/doctest.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <map>
#include <regex>
#include <set>
#include <string>
#include <vector>

#include "app/frame/command.h"
#include "app/frame/execute.h"
#include "attn/io/file.h"
#include "program/process.h"

using namespace attn;
using attn::test::lines;
using attn::test::Words;

namespace {

/// What a line of the list says: a sentence, and the path and formula of a step.
using Pairs = std::map<std::string, std::map<std::string, std::set<std::string>>>;
/// Steps that people are shown without a sentence, with the commands that show them.
using Bare = std::map<std::string, std::set<std::string>>;

/// Beside the examples: what other options bring to light.
const std::vector<Words> kOthers = {
    {"position", "--kind", "learned"},
    {"position", "--kind", "onehot"},
    {"position", "--kind", "rotary"},
    {"position", "--kind", "none"},
    {"position", "--shift", "3"},
    {"score", "--sweep", "4,16"},
    {"softmax", "--temperature", "2"},
    {"softmax", "--temperature", "0.5"},
    {"softmax", "--temperature", "1e-6", "1e38 1"},
    {"mask", "--mask", "local:1"},
    {"cnn", "--layers", "2", "--causal"},
    {"heads", "--wrong-split"},
    {"rnn"},
    {"rnn", "--cell", "gru", "--bidirectional"},
    {"seq2seq", "--variant", "context"},
    {"seq2seq", "--variant", "init", "--cell", "lstm", "--decoder-hidden", "6"},
    {"seq2seq", "--variant", "both", "--cell", "rnn"},
    {"seq2seq", "--score", "general", "--local", "2", "--bidirectional"},
    {"seq2seq", "--score", "lowrank"},
    {"seq2seq", "--score", "concat"},
    {"softmax", "--function", "all"},
    {"softmax", "--naive", "--hard", "sample"},
    {"softmax", "--hard", "argmax"},
    {"attend", "--mask", "causal", "--position", "learned"},
    {"attend", "--mask", "local:1", "--position", "sinusoidal"},
    {"heads", "--mask", "causal"},
    {"ffn", "--activation", "gelu"},
    {"ffn", "--activation", "swish"},
    {"encoder", "--block", "conformer"},
    {"feature-map"},
    {"feature-map", "--attend", "branch"},
    {"feature-map", "--attend", "self"},
    {"feature-map", "--attend", "channel+spatial"},
    {"feature-map", "--attend", "spatial+temporal"},
    {"encoder", "--norm", "pre", "--mask", "local:1"},
    {"encoder", "--no-norm", "--no-residual"},
    {"encoder", "--share-layers", "--halt"},
    {"decoder", "--norm", "pre", "--layers", "2"},
    {"transformer", "--norm", "pre", "--layers", "2", "--tied"},
    {"transformer", "--compare-modes"},
    {"transformer", "--compare-cache"},
    {"reach", "--model", "birnn"},
    {"reach", "--model", "cnn"},
    {"reach", "--model", "window"},
    {"reach", "--model", "attention"},
    {"path", "--model", "birnn"},
    {"path", "--model", "attention"},
    {"translate", "--model", "english-german"},
    {"translate", "--model", "english-german-gru"},
};

void add_pairs(Pairs& pairs, Bare& bare, const Words& arguments) {
  const app::Parsed parsed = app::parse_command_line(arguments);
  for (const Item& item : app::compute(parsed).items) {
    const auto* step = std::get_if<Step>(&item);
    if (!step) continue;
    static const std::regex layer("layer\\.[0-9]+\\.");
    const std::string line =
        std::regex_replace(step->path, layer, "layer.N.") + ": " + step->formula;
    if (!step->about.empty()) pairs[step->about][line].insert(parsed.command->name);
    if (step->about.empty() && step->look != Look::hidden) bare[line].insert(parsed.command->name);
  }
}

std::vector<std::string> as_lines(const Pairs& pairs) {
  std::vector<std::string> out;
  for (const auto& [about, steps] : pairs) {
    out.push_back(about);
    for (const auto& [step, commands] : steps)
      out.push_back(fmt::format("    {}  ({})", step, fmt::join(commands, ", ")));
  }
  return out;
}

}  // namespace

TEST_CASE("explanations: each sentence stands beside the steps that it was written for") {
  Pairs pairs;
  Bare bare;
  for (const app::Command& command : app::commands()) {
    if (!command.shows_numbers()) continue;
    add_pairs(pairs, bare, test::shell_words(command.example));
  }
  for (const Words& arguments : kOthers) add_pairs(pairs, bare, arguments);
  const std::vector<std::string> now = as_lines(pairs);
  const std::vector<std::string> read =
      lines(read_file(std::string(ATTN_REFERENCE_DIR) + "/explained.txt"));
  CHECK(now.size() > 300);
  const std::set<std::string> known(read.begin(), read.end()), there(now.begin(), now.end());
  for (const std::string& line : now) {
    INFO("not read yet: ", line);
    CHECK(known.contains(line));
  }
  for (const std::string& line : read) {
    INFO("no longer there: ", line);
    CHECK(there.contains(line));
  }
  for (const auto& [step, commands] : bare) {
    INFO("without a sentence: ", step, "  (", fmt::format("{}", fmt::join(commands, ", ")), ")");
    CHECK(step.empty());
  }
  for (std::size_t i = 0; i < std::min(now.size(), read.size()); ++i) {  // under its own sentence
    CHECK(now[i] == read[i]);
    if (now[i] != read[i]) break;
  }
  CHECK(now.size() == read.size());
}
