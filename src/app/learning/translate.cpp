// translate: a trained model writes a sentence, and shows its candidates and where it looked.
#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "app/frame/command.h"
#include "app/frame/data.h"
#include "app/learning/looking.h"
#include "app/learning/translator.h"
#include "attn/core/error.h"
#include "attn/core/gemm.h"
#include "attn/core/joined.h"
#include "attn/nn/generate.h"
#include "attn/ops/ops.h"
#include "attn/text/words.h"

namespace attn::app {

namespace {

struct TranslateOptions {
  std::vector<std::string> text;
  std::string model = "english-german", method = "greedy";
  std::int64_t beam = 4, seed = 1, threads = 1;
  double penalty = 0.6, temperature = 1;
};

void bind(Cli& cli, TranslateOptions& o) {
  cli.input_file(
      "--model", o.model, "NAME",
      "english-german, it, english-german-gru, or a FILE of train translate --save-model");
  cli.suggest([] {
    return std::vector<std::string>{"english-german", "it", "english-german-gru"};
  });
  cli.choice("--method", o.method, {"greedy", "beam", "sample"}, "how each next word is chosen");
  cli.integer("--beam", o.beam, 1, 100, "beam: sentences that are kept at every step", "W");
  cli.number("--penalty", o.penalty, 0, 10, "beam: length penalty; 0 favours short sentences");
  cli.number("--temperature", o.temperature, 1e-3, 100,
             "sample: 1 as the model believes, less is bolder");
  cli.integer("--seed", o.seed, 0, std::int64_t{1} << 62, "sample: random numbers of this seed");
  cli.integer("--threads", o.threads, 1, 1024, "processors to compute on");
  cli.positional("text", o.text, "the sentence; without one, a test sentence of the language");
}

/// The sentence that was given, or one that the model has never seen.
std::vector<std::string> sentence(const TranslateOptions& o, const ModelFile& file) {
  if (o.text.empty()) {
    if (!is_own_language(file.language))
      throw Error(
          ErrorKind::usage,
          fmt::format("the language \"{}\" of this model is not one of the program's own, so "
                      "it has no sentence ready",
                      escaped(file.language)),
          "write a sentence in quotes: attn translate --model FILE \"...\"");
    Rng rng = Rng(static_cast<std::uint64_t>(o.seed)).stream("example");
    return find_language(file.language).draw(rng, Split::test).words.source;
  }
  const std::string text = joined(o.text, " ");
  require_utf8(text, "the text");
  std::vector<std::string> found = words(text);
  if (found.empty())
    throw Error(ErrorKind::usage, "the text has no words",
                "write a sentence in quotes, such as \"the dog sees the ball .\"");
  return found;
}

/// The sentence in words that the model knows: contractions written out, and a full stop at the end
/// of one that has none, where all that it learnt had one. Says what it changed.
std::vector<std::string> as_learnt(Trace& trace, const ModelFile& file,
                                   const std::vector<std::string>& given,
                                   const Vocabulary& vocabulary) {
  const auto known = [&](const std::string& word) {
    return vocabulary.id(word) != Vocabulary::kUnknown;
  };
  std::vector<std::string> out;
  std::set<std::string> said;
  for (const std::string& word : given) {
    const std::vector<std::string> whole = without_contraction(word);
    if (known(word) || whole.empty() || !std::all_of(whole.begin(), whole.end(), known)) {
      out.push_back(word);
      continue;
    }
    out.insert(out.end(), whole.begin(), whole.end());
    if (said.insert(word).second)
      trace.say(fmt::format("\"{}\" is read as \"{}\": the model learnt these words.", word,
                            joined(whole, " ")));
  }
  const bool fits = out.size() + 2 <= file.model->longest_sentence();
  if (is_own_language(file.language) && known(".") && out.back() != "." && fits) {
    out.emplace_back(".");
    trace.say("A full stop is read at the end: every sentence that the model learnt has one.");
  }
  return out;
}

void say_unknown(Trace& trace, const ModelFile& file, const std::vector<std::string>& source,
                 const Vocabulary& vocabulary) {
  constexpr std::size_t kMost = 10;  // told by name
  std::vector<std::string> unknown;
  for (const std::string& word : source) {
    const std::string shown = fmt::format("\"{}\"", escaped(word));
    if (vocabulary.id(word) == Vocabulary::kUnknown &&
        std::find(unknown.begin(), unknown.end(), shown) == unknown.end())
      unknown.push_back(shown);
  }
  if (unknown.empty()) return;
  const std::size_t more = unknown.size() - std::min(unknown.size(), kMost);
  unknown.resize(unknown.size() - more);
  trace.say(
      fmt::format("Not among the words of this model, so read as <unknown>: {}{}. It never "
                  "learnt what to do with that. The words it knows: {}.",
                  joined(unknown, ", "), more > 0 ? fmt::format(" and {} more", more) : "",
                  joined(file.source_words, ", ")));
}

std::string text_of(const Vocabulary& vocabulary, const std::vector<std::size_t>& ids) {
  std::vector<std::string> out;
  for (const std::size_t id : ids) {
    if (id != Vocabulary::kEnd) out.push_back(vocabulary.name(id));
  }
  return joined(out, " ");
}

/// The candidates of each step as rows: of one sentence, its likeliest next words side by side; of
/// a beam, one row per candidate.
struct Candidates {
  const Vocabulary& vocabulary;
  bool beam;
  Table table{"candidates", "", {}, {}};

  Candidates(const Vocabulary& words, const TranslateOptions& o)
      : vocabulary(words), beam(o.method == "beam") {
    if (beam) {
      table.about = fmt::format(
          "At every step each unfinished sentence (0 is the best so far) is tried with its "
          "likeliest words. The {} best of all are kept; one that has ended (<end>) keeps its "
          "place, so fewer go on. p: of the word. score = log P / ((5 + length) / 6)^{:g}, with P "
          "of the whole sentence so far.",
          o.beam, o.penalty);
      table.columns = {"step", "sentence", "then", "p", "score", "kept"};
    } else {
      table.about = o.method == "greedy"
                        ? "At every step the likeliest word is written, and read at the next one; "
                          "<end> ends the sentence. p: its probability, after softmax. After it "
                          "the two next likeliest words."
                        : "At every step a word is drawn by its probability, and read at the next "
                          "one; <end> ends the sentence. After it the two likeliest others.";
      // No third alternative: nine columns do not fit into 80.
      table.columns = {"step", "written", "p", "or", "p of it", "or", "p of it"};
    }
  }

  void add(std::size_t step, const std::vector<Candidate>& candidates) {
    if (beam) {
      for (const Candidate& c : candidates)
        table.rows.push_back({double(step), double(c.beam), vocabulary.name(c.word),
                              std::exp(c.log_probability), c.score,
                              std::string(c.kept ? "yes" : "")});
      return;
    }
    std::vector<Table::Cell> row{double(step)};
    const auto put = [&](const Candidate& c) {
      if (row.size() >= table.columns.size()) return;
      row.emplace_back(vocabulary.name(c.word));
      row.emplace_back(std::exp(c.log_probability));
    };
    for (const Candidate& c : candidates) {
      if (c.kept) put(c);
    }
    for (const Candidate& c : candidates) {
      if (!c.kept) put(c);
    }
    table.rows.push_back(std::move(row));
  }
};

std::vector<Written> write(const TranslateOptions& o, const Translator& model, const Tensor& source,
                           std::size_t longest, Candidates& candidates) {
  const GenerateOptions options{
      .start = Vocabulary::kStart, .end = Vocabulary::kEnd, .longest = longest, .shown = 3};
  const auto observe = [&](std::size_t step, const std::vector<Candidate>& found) {
    candidates.add(step, found);
  };
  if (o.method == "beam")
    return beam_search(Run{}, model, source, options, static_cast<std::size_t>(o.beam), o.penalty,
                       observe);
  if (o.method == "greedy") return {greedy(Run{}, model, source, options, observe)};
  Rng rng = Rng(static_cast<std::uint64_t>(o.seed)).stream("sample");
  return {sample(Run{}, model, source, options, o.temperature, rng, observe)};
}

std::vector<std::string> names(const Vocabulary& vocabulary, const std::vector<std::size_t>& ids) {
  std::vector<std::string> out;
  for (const std::size_t id : ids) out.push_back(vocabulary.name(id));
  return out;
}

/// For each written word the source words that it looked at most: the mean over the heads of the
/// last layer (a recurrent decoder has one).
void show_alignment(Trace& trace, const Step& weights, const std::vector<std::string>& from,
                    const std::vector<std::string>& to) {
  const Array& w = weights.values();  // (H,T,S) or (T,S)
  const std::size_t m = columns(w), heads = weights.shape().size() == 3 ? weights.shape()[0] : 1,
                    n = rows(w) / heads;
  Table table{"alignment",
              fmt::format("Where the model looked while it wrote each word: the two source words "
                          "with the largest weights{}.",
                          heads > 1 ? " (mean over the heads of the last layer)" : ""),
              {"written", "looked at", "weight", "then at", "weight"},
              {}};
  for (std::size_t t = 0; t < n && t < to.size(); ++t) {
    std::vector<std::pair<double, std::size_t>> order;
    for (std::size_t j = 0; j < m; ++j) {
      double sum = 0;
      for (std::size_t h = 0; h < heads; ++h) sum += w.data()[(h * n + t) * m + j];
      order.emplace_back(-sum / double(heads), j);
    }
    std::sort(order.begin(), order.end());
    std::vector<Table::Cell> row{to[t]};
    for (std::size_t i = 0; i < 2 && i < order.size(); ++i) {
      row.emplace_back(from.at(order[i].second));
      row.emplace_back(-order[i].first);
    }
    row.resize(5, std::string());
    table.rows.push_back(std::move(row));
  }
  trace.add(std::move(table));
}

/// The model reads both sentences once more, watched: the whole pass is in the trace, people see
/// where each head looked.
void show_attention(Stage& s, const ModelFile& file, const std::vector<std::string>& source_words,
                    const Tensor& source, const Written& written, const Vocabulary& target) {
  std::vector<std::size_t> read{Vocabulary::kStart};
  read.insert(read.end(), written.words.begin(), written.words.end());
  if (!written.words.empty()) read.pop_back();  // the last word is written, never read
  std::vector<std::string> from = source_words;
  from.emplace_back("<end>");
  s.trace.tokens = from;
  for (const char* axis : {"encoder.query", "encoder.key", "encoder.token", "memory", "source"})
    s.trace.labels[axis] = from;
  const std::vector<std::string> to = names(target, read);
  for (const char* axis : {"key", "token", "target"}) s.trace.labels[axis] = to;
  // A row of weights belongs to two words: the one read last, and the one that was then written.
  std::vector<std::string> steps = to;
  for (std::size_t t = 0; t < steps.size() && t < written.words.size(); ++t)
    steps[t] += " \u2192 " + target.name(written.words[t]);
  for (const char* axis : {"query", "scores.target", "weights.target", "aligned.target"})
    s.trace.labels[axis] = steps;
  s.trace.restart_clock();
  const Tensor target_ids = word_ids(read);
  note(s.run, "source_ids", "the words that are read", {"source"}, source);
  note(s.run, "target_ids", "the words that are written, without the last", {"target"}, target_ids);
  const Tensor logits = file.model->logits(s.run, source, target_ids);
  if (!s.trace.find("logits"))
    note(s.run, "logits", "one row per word read: which word comes next", {"token", "word"},
         logits);
  note(s.run, "probabilities", "softmax(logits)", {"token", "word"}, softmax(s.run, logits));
  s.trace.labels["source_word"] = Vocabulary(file.source_words).names();
  s.trace.labels["word"] = target.names();
  for (Item& item : s.trace.items) {
    auto* step = std::get_if<Step>(&item);
    if (!step) continue;
    const bool shown = step->path.ends_with("cross.weights") || step->path == "weights" ||
                       step->path.ends_with("attention.weights");
    step->look = shown ? Look::map : Look::hidden;
    if (step->path.ends_with("cross.weights") || step->path == "weights")
      step->about =
          "Each row: the word that was read last, the word that was then written, and where the "
          "model looked in the source in between.";
    if (step->path.starts_with("encoder.") && step->path.ends_with("attention.weights"))
      step->about = "How the words of the source looked at one another.";
  }
  const Step* last = s.trace.find("weights");
  if (file.choice.is_transformer())
    last = s.trace.find(
        fmt::format("decoder.layer.{}.cross.weights", file.choice.transformer.layers - 1));
  if (last) show_alignment(s.trace, *last, from, names(target, written.words));
  s.trace.say(
      "Every number of this pass is there: --show '*' shows them all, --show 'decoder.*' those of "
      "the decoder, --json and --export give them to programs. attn why 'logits[0,3]' translate "
      "... takes one of them apart.");
}

void translate(Stage& s, const TranslateOptions& o) {
  set_threads(static_cast<int>(o.threads));
  s.trace.seed = static_cast<std::uint64_t>(o.seed);
  s.trace.threads = static_cast<int>(o.threads);
  const ModelFile file = find_model(o.model);
  s.trace.parameters = Origin::learnt;
  const Vocabulary from(file.source_words), to(file.target_words);
  const std::vector<std::string> given = sentence(o, file),
                                 source_words = as_learnt(s.trace, file, given, from);
  std::vector<std::size_t> source_ids;
  for (const std::string& word : source_words) source_ids.push_back(from.id(word));
  source_ids.push_back(Vocabulary::kEnd);
  if (const std::size_t most = file.model->longest_sentence(); source_ids.size() > most)
    throw Error(ErrorKind::usage,
                fmt::format("the sentence has {} words; this model reads at most {}",
                            source_words.size(), most - 1),
                "it learnt one vector for each position, and has no more: write less");
  const Tensor source = word_ids(source_ids);
  s.trace.title = fmt::format("{}: \"{}\"", file.language, joined(source_words, " "));
  say_unknown(s.trace, file, source_words, from);

  Candidates candidates(to, o);
  const std::vector<Written> found = write(
      o, *file.model, source, std::min<std::size_t>(256, 3 * source_ids.size() + 10), candidates);
  s.trace.add(std::move(candidates.table));
  if (o.method == "beam") {
    Table sentences{
        "sentences", "The sentences of the beam, best first.", {"score", "log P", "sentence"}, {}};
    for (const Written& w : found)
      sentences.rows.push_back({w.score, w.log_probability, text_of(to, w.words)});
    s.trace.add(std::move(sentences));
  }
  const Written& best = found.front();
  s.trace.in_words = fmt::format("Written: {}{}", text_of(to, best.words),
                                 best.ended ? "" : " ... (cut: it did not come to an end)");
  s.trace.result = "alignment";
  s.trace.say(s.trace.in_words);
  show_attention(s, file, source_words, source, best, to);
  if (file.choice.is_transformer()) show_looking(s.trace, file, source_words);
  s.trace.say(
      "Attention shows where a model looked. It does not explain why it wrote what it wrote: "
      "other parts of the network (residuals, feed-forward nets) carry information too.");
}

}  // namespace

Command translate_command() {
  return {.name = "translate",
          .kind = CommandKind::model,
          .summary = "a trained model writes a sentence, and shows where it looked",
          .example = "translate --model it",
          .setup = with_options<TranslateOptions>(bind, translate)};
}

}  // namespace attn::app
