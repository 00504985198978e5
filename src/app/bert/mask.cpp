// bert mask: which words are hidden from the model in training, and how.
#include <fmt/format.h>

#include <cmath>

#include "app/bert/bert.h"
#include "app/frame/command.h"
#include "attn/core/error.h"
#include "attn/core/how_many.h"
#include "attn/core/joined.h"
#include "attn/nn/generate.h"
#include "attn/train/masking.h"

namespace attn::app {

namespace {

struct BertMaskOptions {
  BertTextOptions text;
  std::int64_t draws = 10'000;
};

void bind(Cli& cli, BertMaskOptions& o) {
  bind_bert_text(cli, o.text);
  cli.integer("--draws", o.draws, 1, 1'000'000, "how often masks are drawn for the counts");
}

/// One draw, place by place.
void show_draw(Trace& trace, const PieceVocabulary& vocabulary, const BertInput& input,
               const Masked& masked) {
  Table table{"draw",
              "One draw, place by place. The model is asked only where something was chosen.",
              {"place", "piece", "becomes", "how", "asked for"},
              {}};
  for (std::size_t i = 0; i < input.length(); ++i) {
    const bool chosen = masked.targets[i] >= 0;
    const std::size_t now = masked.ids[i];
    const std::string how = !chosen ? vocabulary.is_special(input.ids[i]) ? "never chosen" : ""
                            : now == vocabulary.mask() ? "hidden"
                            : now == input.ids[i]      ? "kept"
                                                       : "random";
    const std::string piece = piece_name(vocabulary, input.ids[i]);
    table.rows.push_back(
        {double(i), piece, piece_name(vocabulary, now), how, chosen ? piece : std::string()});
  }
  trace.add(std::move(table));
}

struct Counts {
  double places = 0, selected = 0, masked = 0, random = 0, kept = 0;
};

/// A count beside what is expected, and how far apart, in standard deviations.
std::vector<Table::Cell> counted_row(const char* what, double count, double of, double chance) {
  const double expected = of * chance, deviation = std::sqrt(of * chance * (1 - chance));
  return {std::string(what), count,  expected,
          count / of,        chance, deviation > 0 ? (count - expected) / deviation : 0};
}

void show_counts(Trace& trace, const Counts& c, std::int64_t draws) {
  const MaskingOptions options;
  Table table{"counts",
              fmt::format("{} on this text, beside the expectation. After it how far apart "
                          "they are, in standard deviations: 19 of 20 lie between -2 and 2.",
                          how_many(draws, "draw")),
              {"what", "counted", "expected", "share", "should be", "deviation"},
              {}};
  table.rows.push_back(counted_row("chosen", c.selected, c.places, options.select));
  table.rows.push_back(counted_row("of these [MASK]", c.masked, c.selected, options.mask));
  table.rows.push_back(counted_row("of these random", c.random, c.selected, options.random));
  table.rows.push_back(
      counted_row("of these kept", c.kept, c.selected, 1 - options.mask - options.random));
  trace.add(std::move(table));
}

void bert_mask(Stage& s, const BertMaskOptions& o) {
  const BertCheckpoint bert = begin_bert(s, o.text);
  const PieceVocabulary& vocabulary = bert.vocabulary;
  const BertInput input = input_of(s, bert, o.text);
  s.trace.title = fmt::format("What is hidden in training: {}",
                              joined(piece_names(vocabulary, input.ids), " "));
  const Masker masker(vocabulary.size(), vocabulary.mask(),
                      [&](std::size_t id) { return vocabulary.is_special(id); });
  Rng rng = Rng(s.trace.seed).stream("chosen");
  const Masked first = masker(input.ids, rng);
  s.trace.labels["token"] = piece_names(vocabulary, input.ids);
  s.trace.labels["after"] = piece_names(vocabulary, first.ids);
  note(s.run, "ids", "the pieces", {"token"}, word_ids(input.ids));
  note(s.run, "masked_ids", "what the model reads", {"after"}, word_ids(first.ids));
  Array targets = empty({first.targets.size()});
  std::copy(first.targets.begin(), first.targets.end(), targets.data());
  note(s.run, "targets", "what it is asked for; -1: nothing", {"token"},
       Tensor::ids(std::move(targets)));
  show_draw(s.trace, vocabulary, input, first);
  Counts counts;
  std::size_t ordinary = 0;
  for (const std::size_t id : input.ids) ordinary += !vocabulary.is_special(id);
  for (std::int64_t i = 0; i < o.draws; ++i) {
    const Masked m = masker(input.ids, rng);
    counts.places += double(ordinary);
    counts.selected += double(m.selected);
    counts.masked += double(m.masked);
    counts.random += double(m.random);
    counts.kept += double(m.kept);
  }
  if (counts.selected > 0) show_counts(s.trace, counts, o.draws);
  s.trace.say(
      "Why not always [MASK]: later, when the model is used, no text has a [MASK]. If it were "
      "asked "
      "only there, it could do without a good picture of the words that it does see. With 10 % "
      "kept "
      "and 10 % replaced, any word may be asked for, and no word can be trusted blindly (Devlin et "
      "al. 2019, section 3.1 and appendix A.1).");
  s.trace.say(
      "Masks that are drawn once, when the data is made, are static; drawn anew whenever a text is "
      "read, they are dynamic (Liu et al. 2019, \"RoBERTa\", section 4.1).");
}

}  // namespace

Command bert_mask_command() {
  return {.name = "bert mask",
          .kind = CommandKind::model,
          .summary = "which words are hidden in training, and how",
          .example = "bert mask",
          .setup = with_options<BertMaskOptions>(bind, bert_mask)};
}

}  // namespace attn::app
