// bert attend: every head of every layer at once, and what kinds of heads there are.
#include <fmt/format.h>

#include "app/bert/bert.h"
#include "app/frame/command.h"
#include "attn/core/error.h"
#include "attn/core/gemm.h"
#include "attn/core/how_many.h"
#include "attn/core/joined.h"

namespace attn::app {

namespace {

struct BertAttendOptions {
  BertTextOptions text;
};

void bind(Cli& cli, BertAttendOptions& o) { bind_bert_text(cli, o.text); }

/// Where the weight of a head goes, as shares of all of it.
struct HeadLook {
  std::size_t layer, head;
  double shares[6] = {};
};
constexpr const char* kKinds[] = {"itself", "word before", "word after",
                                  "[CLS]",  "[SEP]",       "other sentence"};

/// Adds up where the weights (n,n) of a head go.
void add_shares(HeadLook& look, const real* weights, const BertInput& input,
                const PieceVocabulary& vocabulary) {
  const std::size_t n = input.length();
  for (std::size_t i = 0; i < n; ++i) {
    for (std::size_t j = 0; j < n; ++j) {
      const double weight = double{weights[i * n + j]} / double(n);
      const std::size_t id = input.ids[j];
      look.shares[0] += i == j ? weight : 0;
      look.shares[1] += j + 1 == i ? weight : 0;
      look.shares[2] += j == i + 1 ? weight : 0;
      look.shares[3] += id == vocabulary.cls() ? weight : 0;
      look.shares[4] += id == vocabulary.sep() ? weight : 0;
      look.shares[5] += input.segments[i] != input.segments[j] ? weight : 0;
    }
  }
}

std::vector<HeadLook> heads_of(const Trace& trace, std::size_t layers, const BertInput& input,
                               const PieceVocabulary& vocabulary) {
  std::vector<HeadLook> out;
  for (std::size_t l = 0; l < layers; ++l) {
    const Array& w = trace.find(fmt::format("layer.{}.attention.weights", l))->values();  // (H,n,n)
    const std::size_t n = columns(w), heads = rows(w) / n;
    for (std::size_t h = 0; h < heads; ++h) {
      HeadLook look{l, h};
      add_shares(look, w.data() + h * n * n, input, vocabulary);
      out.push_back(look);
    }
  }
  return out;
}

void show_kinds(Trace& trace, const std::vector<HeadLook>& heads, const HeadLook& even,
                std::size_t n) {
  Table kinds{"kinds",
              fmt::format("Of each kind the head that is most so: the share of its weight that "
                          "goes there, mean over the {} rows. Beside it the mean of all heads, and "
                          "what even weights would give.",
                          n),
              {"looks at", "layer", "head", "share", "all heads", "even"},
              {}};
  for (std::size_t k = 0; k < std::size(kKinds); ++k) {
    const HeadLook* best = &heads[0];
    double sum = 0;
    for (const HeadLook& head : heads) {
      sum += head.shares[k];
      if (head.shares[k] > best->shares[k]) best = &head;
    }
    kinds.rows.push_back({std::string(kKinds[k]), double(best->layer), double(best->head),
                          best->shares[k], sum / double(heads.size()), even.shares[k]});
  }
  trace.add(std::move(kinds));
  constexpr std::size_t kMostRows = 24;
  Table all{"heads", "Every head: the shares of its weight.", {"layer", "head"}, {}};
  for (const char* kind : kKinds) all.columns.emplace_back(kind);
  for (const HeadLook& head : heads) {
    std::vector<Table::Cell> cells{double(head.layer), double(head.head)};
    for (const double share : head.shares) cells.emplace_back(share);
    all.rows.push_back(std::move(cells));
  }
  all.only_data = heads.size() > kMostRows;
  trace.add(std::move(all));
}

void bert_attend(Stage& s, const BertAttendOptions& o) {
  const BertCheckpoint bert = begin_bert(s, o.text);
  const BertSizes& z = bert.model.sizes();
  const BertInput input = input_of(s, bert, o.text);
  s.trace.result = "heads";
  s.trace.title =
      fmt::format("All heads of BERT: {}", joined(piece_names(bert.vocabulary, input.ids), " "));
  s.trace.say(fmt::format("{} with {} each, {} parameters.", how_many(z.layers, "layer"),
                          how_many(z.heads, "head"), bert.model.parameter_count()));
  read_input(s, bert, input);
  const std::size_t n = input.length();
  HeadLook even{0, 0};
  add_shares(even, full({n, n}, real(1) / static_cast<real>(n)).data(), input, bert.vocabulary);
  show_kinds(s.trace, heads_of(s.trace, z.layers, input, bert.vocabulary), even, n);
  show_only(s.trace, [](const std::string& path) { return path.ends_with("attention.weights"); });
  for (std::size_t l = 0; l < z.layers; ++l)
    s.explain(fmt::format("layer.{}.attention.weights", l),
              l == 0 ? "A map for each head: row i shows where piece i looked." : "");
  s.trace.say(
      "In BERT base many heads look at [SEP] when they have nothing to find; what a head gives "
      "then is next to nothing (Clark et al. 2019, \"What does BERT look at?\"): compare the row "
      "[SEP] with \"even\". Weights show where a model "
      "looked, not why it decided. --out heads.html draws the lines, with layer and head to "
      "choose.");
}

}  // namespace

Command bert_attend_command() {
  return {.name = "bert attend",
          .kind = CommandKind::model,
          .summary = "where every head of every layer looks",
          .example = "bert attend",
          .setup = with_options<BertAttendOptions>(bind, bert_attend)};
}

}  // namespace attn::app
