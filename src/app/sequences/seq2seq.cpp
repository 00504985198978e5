// One recurrent net reads a sentence, a second one writes another: through one vector, or with
// attention.
#include "attn/nn/seq2seq.h"
#include "app/frame/command.h"
#include "attn/core/error.h"
#include "attn/core/how_many.h"

#include <fmt/format.h>

#include "app/sequences/by_hand.h"
#include "app/sequences/probe.h"
#include "attn/ops/ops.h"
#include "attn/text/utf8.h"
#include "attn/text/words.h"

namespace attn::app {

namespace {

struct Seq2SeqOptions {
  std::string variant = "attention", cell = "gru", target = "le chat noir dort", score, style;
  std::int64_t local = 0, hidden = 4, decoder = 0;
  bool bidirectional = false;
};

void bind(Cli& cli, Seq2SeqOptions& o) {
  std::vector<std::string> scores;
  for (const ScoreFunction& f : score_functions()) scores.emplace_back(f.name);
  cli.choice("--variant", o.variant, seq2seq_variants(), "how the decoder learns of the source");
  cli.choice("--cell", o.cell, {"rnn", "lstm", "gru"}, "what both nets compute at a time step");
  cli.text("--target", o.target, "TEXT", "the sentence to write");
  cli.choice("--score", o.score, scores, "how a decoder state and an encoder state are compared");
  cli.choice("--style", o.style, {"luong", "bahdanau"},
             "who asks: the decoder's state after the step, or before it");
  cli.integer("--local", o.local, 0, 100'000,
              "look only D words to each side of a place that the decoder chooses; 0: everywhere",
              "D");
  cli.flag("--bidirectional", o.bidirectional, "the encoder reads from both ends");
  cli.integer("--hidden", o.hidden, 1, 100'000, "hidden width of the encoder (in each direction)",
              "H");
  cli.integer("--decoder-hidden", o.decoder, 0, 100'000,
              "hidden width of the decoder; 0: as the encoder's states", "H");
}

constexpr const char* kSource = "the black cat sleeps";

/// The words to write, and what the decoder reads and should write at each step.
struct Target {
  std::vector<std::string> vocabulary, read, written;
  std::vector<std::size_t> ids;  // of the words read
};

/// <start> and the words are read; the words and <end> should be written.
Target target_of(const Stage& s, std::string text) {
  require_utf8(text, "the target");
  if (text.starts_with("<start>")) text.erase(0, 7);
  if (text.ends_with("<end>")) text.resize(text.size() - 5);
  std::vector<std::string> tokens = s.common.level == "char" ? letters(text) : words(text);
  if (tokens.empty()) {
    throw Error(ErrorKind::usage, "the target has no words",
                "write a sentence, such as --target \"le chat noir dort\"");
  }
  Target out;
  out.read = out.written = tokens;
  out.read.insert(out.read.begin(), "<start>");
  out.written.emplace_back("<end>");
  tokens.insert(tokens.begin(), {"<start>", "<end>"});
  out.vocabulary = number_tokens(tokens).vocabulary;
  for (const std::string& word : out.read) {
    const auto found = std::find(out.vocabulary.begin(), out.vocabulary.end(), word);
    out.ids.push_back(static_cast<std::size_t>(found - out.vocabulary.begin()));
  }
  return out;
}

/// Options that do nothing would teach something wrong.
void require_used(const Seq2SeqOptions& o) {
  if (o.variant == "attention") return;
  const std::pair<const char*, bool> given[] = {
      {"--score", !o.score.empty()}, {"--style", !o.style.empty()}, {"--local", o.local > 0}};
  for (const auto& [name, is_given] : given) {
    if (!is_given) continue;
    throw Error(ErrorKind::usage,
                fmt::format("{} goes with --variant attention, here it is {}", name, o.variant),
                fmt::format("leave {} out, or use --variant attention", name));
  }
}

Seq2SeqSizes sizes_of(const Stage& s, const Seq2SeqOptions& o) {
  require_used(o);
  Seq2SeqSizes z;
  z.variant = o.variant;
  z.cell = cell_named(o.cell);
  z.embedding = s.d();
  z.hidden = static_cast<std::size_t>(o.hidden);
  z.bidirectional = o.bidirectional;
  const std::size_t wide = z.bidirectional ? 2 * z.hidden : z.hidden;
  z.decoder = o.decoder > 0 ? static_cast<std::size_t>(o.decoder) : wide;
  if (!o.score.empty()) z.score = o.score;
  if (!o.style.empty()) z.style = o.style;
  z.local = static_cast<std::size_t>(o.local);
  return z;
}

/// A table with a row per word that depends on the word and the seed alone.
void draw_embedding(Stage& s, const char* path, const char* stream,
                    const std::vector<std::string>& vocabulary) {
  require_drawable(path, {vocabulary.size(), s.d()});
  Array table = empty({vocabulary.size(), s.d()});
  for (std::size_t i = 0; i < vocabulary.size(); ++i) {
    const Array vector = s.rng.stream(stream + vocabulary[i]).normal({s.d()}, 1);
    std::copy_n(vector.data(), s.d(), table.data() + i * s.d());
  }
  s.parameters.get_or(path, table);
}

Tensor ids_tensor(const std::vector<std::size_t>& ids) {
  Array values = empty({ids.size()});
  std::copy(ids.begin(), ids.end(), values.data());
  return Tensor::ids(std::move(values));
}

std::string formulas(const Seq2SeqSizes& z) {
  std::string out = z.bidirectional
                        ? "Reading, word by word, from both ends:\n"
                          "  h_j = [forward state, backward state] at the source word x_j\n"
                          "  c   = [last forward state, last backward state]\n"
                        : "Reading, word by word:\n"
                          "  h_j = cell(x_j, h_(j-1))          c = the last of them\n";
  out += "Writing, word by word (y_(t-1) is the word before):\n";
  if (z.variant == "context")
    return out + "  s_t = cell([y_(t-1); c], s_(t-1))  s_0 = 0; c is read again at every step";
  if (z.variant == "init")
    return out + "  s_t = cell(y_(t-1), s_(t-1))       s_0 comes from c, and nothing else does";
  if (z.variant == "both")
    return out + "  s_t = cell([y_(t-1); c], s_(t-1))  s_0 comes from c, and c is read again";
  if (z.style == "bahdanau") {
    return out +
           "  a_tj = softmax over j of score(s_(t-1), h_j)   the state before the step asks\n"
           "  c_t  = sum over j of a_tj h_j\n"
           "  s_t  = cell([y_(t-1); c_t], s_(t-1))           and the step reads the answer\n"
           "  h~_t = tanh([c_t; s_t] W_c)";
  }
  out += "  s_t  = cell(y_(t-1), s_(t-1))                  s_0 comes from c\n";
  out += z.local == 0
             ? "  a_tj = softmax over j of score(s_t, h_j)       the state after the step asks\n"
             : "  p_t  = S sigmoid(tanh(s_t W_p) v_p)            where to look: a place of 0 to S\n"
               "  a_tj = softmax over |j - p_t| <= D of score(s_t, h_j), times a bell around p_t\n";
  return out +
         "  c_t  = sum over j of a_tj h_j\n"
         "  h~_t = tanh([c_t; s_t] W_c)";
}

/// What carries the sentence: one vector, or as many as it has words.
void say_bottleneck(Stage& s, const RecurrentTranslator& model, std::size_t words) {
  const Seq2SeqSizes& z = model.sizes();
  const std::size_t wide = z.bidirectional ? 2 * z.hidden : z.hidden;
  const char* cell =
      z.cell == Cell::lstm && z.variant != "context" ? " (the state and the lstm's cell)" : "";
  if (z.variant == "attention") {
    s.trace.say(
        fmt::format("The decoder starts from {}{}, as without attention. But at every step it also "
                    "looks at all {}: {} x {} = {} here, and more for a longer "
                    "sentence. Nothing must be squeezed through one vector.",
                    how_many(model.bottleneck(), "number"), cell, how_many(words, "encoder state"),
                    words, wide, how_many(words * wide, "number")));
    return;
  }
  s.trace.say(fmt::format(
      "{}{} {} the whole sentence: {} here, and no more numbers for "
      "40 words. The decoder sees no other part of the source. With --variant attention "
      "it looks at every encoder state.",
      how_many(model.bottleneck(), "number"), cell, model.bottleneck() == 1 ? "carries" : "carry",
      how_many(words, "word")));
}

void explain_reading(Stage& s, const Seq2SeqSizes& z) {
  s.explain("encoder.forward.hidden", "Row j: what was read from the first word up to word j.");
  s.explain("encoder.backward.hidden", "Row j: what was read from the last word back to word j.");
  s.explain("encoder.hidden",
            z.bidirectional
                ? "Row j: word j with what stands before it (left half) and after it (right half)."
                : "Row j: what the encoder knows after reading up to word j.");
  const bool by_attention = z.variant == "attention";
  s.explain("encoder.last", by_attention
                                ? "The decoder starts from this vector, and then looks back."
                                : "The whole sentence in one vector. It is all that the decoder "
                                  "gets.");
}

void explain_writing(Stage& s, const Seq2SeqSizes& z) {
  const bool by_attention = z.variant == "attention", before = z.style == "bahdanau";
  s.explain("decoder.words",
            "Row t: the vector of the right word before, whatever the model would have written. "
            "This is called teacher forcing.");
  s.explain("decoder.x",
            by_attention ? "Row t: the word before, and beside it what attention found."
                         : "Row t: the word before, and beside it c. Its right part is the same in "
                           "every row.");
  s.explain("decoder.hidden", "Row t: the decoder's state after it read that row's word.");
  s.explain("context", by_attention
                           ? "Row t: a mixture of all encoder states, by the weights of row t."
                           : "The same vector at every step: c does not change while words are "
                             "written.");
  s.explain("scores",
            before ? "Row t: how well the state before step t fits the state of each source word."
                   : "Row t: how well the state after step t fits the state of each source word.");
  s.explain("mask", "Row t: 0 inside the window around p_t, -inf outside it.");
  s.explain(
      "weights",
      z.local > 0 && by_attention
          ? "Row t: where step t looks. Rows sum to less than 1, because the bell takes away "
            "from what is far from p_t."
          : "Row t: where step t looks. Each row sums to 1. Without training the numbers of a "
            "row are nearly alike.");
}

/// The decoder's states again, step by step, in plain loops.
void check_decoder(Stage& s, const RecurrentTranslator& model) {
  const auto value = [&](const char* path) {
    const Step* step = s.trace.find(path);
    return step ? step->data : Tensor();
  };
  const Tensor x = value("decoder.x") ? value("decoder.x") : value("decoder.words");
  const RecurrentParameters p{value("decoder.w_x"), value("decoder.w_h"), value("decoder.b_x"),
                              value("decoder.b_h")};
  HandState state;
  const auto start = [](const Tensor& t) {
    return t ? std::vector<double>(t.value().begin(), t.value().end()) : std::vector<double>();
  };
  state.h = start(value("decoder.initial"));
  state.c = start(value("decoder.initial_cell"));
  const Array hidden = value("decoder.hidden").value();
  Array by_hand = empty(shape_of(hidden));
  for (std::size_t t = 0; t < rows(hidden); ++t) {
    state = recurrent_step_by_hand(model.sizes().cell, x.value(), t, p, state);
    std::copy(state.h.begin(), state.h.end(), row(by_hand, t).begin());
  }
  s.same("decoder.hidden, computed step by step in plain loops, = what the layer gave", by_hand,
         hidden);
}

/// Writing word by word must give what the whole sentence gave at once.
void check_word_by_word(Stage& s, const RecurrentTranslator& model, const Tensor& source,
                        const Target& target, const Array& logits) {
  const auto state = model.start(Run{}, source);
  Array one_by_one = empty(shape_of(logits));
  for (std::size_t t = 0; t < target.ids.size(); ++t) {
    const Array next = model.next(Run{}, *state, target.ids[t]).value();
    std::copy_n(next.data(), next.size(), row(one_by_one, t).begin());
  }
  s.same("logits, writing one word after the other, = the logits of the whole sentence at once",
         one_by_one, logits);
}

void check_weights(Stage& s, const Array& weights, bool local) {
  double worst = 0;
  for (std::size_t t = 0; t < rows(weights); ++t) {
    double sum = 0;
    for (const real w : row(weights, t)) sum += w;
    worst = std::max(worst, local ? sum - 1 : std::abs(sum - 1));
  }
  s.trace.check(local ? "no row of weights sums to more than 1" : "each row of weights sums to 1",
                worst, 1e-5);
}

std::size_t largest_at(const Array& a, std::size_t i) {
  const auto r = row(a, i);
  return static_cast<std::size_t>(std::max_element(r.begin(), r.end()) - r.begin());
}

/// Step by step: what is read, where it looks, what it would write, what it should write.
void show_written(Stage& s, const Target& target, const std::vector<std::string>& source) {
  const Array probabilities = s.trace.find("probabilities")->values();
  const Step* weights = s.trace.find("weights");
  Table table{"written",
              s.common.weights.empty() ? "Step by step. The parameters are random, so what it "
                                         "would write means nothing yet."
                                       : "Step by step.",
              {"step", "reads"},
              {}};
  if (weights) table.columns.insert(table.columns.end(), {"looks most at", "weight"});
  table.columns.insert(table.columns.end(), {"would write", "p", "should write", "its p"});
  for (std::size_t t = 0; t < target.read.size(); ++t) {
    std::vector<Table::Cell> cells{double(t), target.read[t]};
    if (weights) {
      const std::size_t j = largest_at(weights->values(), t);
      cells.insert(cells.end(), {source[j], double{row(weights->values(), t)[j]}});
    }
    const std::size_t best = largest_at(probabilities, t);
    const auto right =
        std::find(target.vocabulary.begin(), target.vocabulary.end(), target.written[t]) -
        target.vocabulary.begin();
    cells.insert(cells.end(),
                 {target.vocabulary[best], double{row(probabilities, t)[best]}, target.written[t],
                  double{row(probabilities, t)[static_cast<std::size_t>(right)]}});
    table.rows.push_back(std::move(cells));
  }
  s.trace.add(std::move(table));
}

void name_gates(Stage& s, const Seq2SeqSizes& z) {
  if (z.hidden != z.decoder || z.hidden > 1000) return;  // one axis, two widths: numbers then
  const std::string letters = z.cell == Cell::rnn ? "h" : z.cell == Cell::lstm ? "ifgo" : "rzn";
  for (const char letter : letters) {
    for (std::size_t k = 0; k < z.hidden; ++k)
      s.trace.labels["gate"].push_back(fmt::format("{}{}", letter, k));
  }
}

void seq2seq(Stage& s, const Seq2SeqOptions& o) {
  if (s.common.position != "none") {
    throw Error(ErrorKind::usage, "--position belongs to attention without recurrence",
                "a recurrent net reads one word after the other and needs no positions");
  }
  s.trace.title = fmt::format("Sequence to sequence ({}, {}): one net reads, another writes",
                              o.variant, o.cell);
  Seq2SeqSizes z = sizes_of(s, o);
  const std::vector<std::string> source = s.tokens();
  const Numbered numbered = number_tokens(source);
  const Target target = target_of(s, o.target);
  z.source_vocabulary = numbered.vocabulary.size();
  z.target_vocabulary = target.vocabulary.size();
  const double n = double(source.size()), m = double(target.read.size()),
               wide = double(z.hidden) * (z.bidirectional ? 2 : 1);
  s.require_memory(sizeof(real) * (8.0 * n * double(gates_of(z.cell)) * wide +
                                   8.0 * m * (double(gates_of(z.cell) * z.decoder) + wide) +
                                   8.0 * n * m + 8.0 * m * double(z.target_vocabulary)),
                   fmt::format("the states of {:.0f} words read and {:.0f} written", n, m));
  s.trace.labels["source"] = source;
  s.trace.labels["target"] = target.read;
  s.trace.labels["written"] = target.written;
  s.trace.labels["source_word"] = numbered.vocabulary;
  s.trace.labels["word"] = target.vocabulary;
  name_gates(s, z);
  draw_embedding(s, "source_embedding", "embedding.", numbered.vocabulary);
  draw_embedding(s, "target_embedding", "target_embedding.", target.vocabulary);
  const RecurrentTranslator model(z, s.parameters);

  s.trace.add(Verbatim{formulas(z)});
  if (z.variant == "attention" && z.style == "bahdanau")
    s.trace.say(
        "The last line is Luong's. In Bahdanau's paper a maxout layer makes the output from "
        "s_(t-1), the word before and c_t.");
  say_bottleneck(s, model, source.size());
  const Tensor source_ids = ids_tensor(numbered.ids), target_ids = ids_tensor(target.ids);
  note(s.run, "source_ids", "the place of each word in the source vocabulary", {"source"},
       source_ids);
  note(s.run, "target_ids", "the place of each word that the decoder reads", {"target"},
       target_ids);
  s.explain("target_ids", "The decoder reads <start> first, and is done when it writes <end>.");
  const Tensor logits = model.logits(s.run, source_ids, target_ids);
  explain_reading(s, z);
  explain_writing(s, z);
  check_decoder(s, model);
  check_word_by_word(s, model, source_ids, target, logits.value());
  if (z.variant == "attention") {
    const Tensor weights = s.trace.find("weights")->data;
    check_weights(s, weights.value(), z.local > 0);
    note(s.run, "alignment", "the weights, by the word that each step should write",
         {"written", "source"}, weights);
  }
  show_written(s, target, source);
}

}  // namespace

Command seq2seq_command() {
  return {.name = "seq2seq",
          .kind = CommandKind::stage,
          .summary = "one net reads, another writes: one vector, or attention",
          .example = "seq2seq --style bahdanau --score additive",
          .setup = with_options<Seq2SeqOptions>(bind, seq2seq),
          .default_text = kSource};
}

}  // namespace attn::app
