// bert pretrain: a small BERT learns from a text, or from stories whose best possible loss is
// known.
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <unistd.h>

#include <cerrno>
#include <cmath>
#include <cstring>
#include <filesystem>
#include <unordered_map>

#include "app/frame/command.h"
#include "app/frame/data.h"
#include "app/frame/lock.h"
#include "app/frame/outputs.h"
#include "app/learning/training.h"
#include "attn/core/error.h"
#include "attn/core/gemm.h"
#include "attn/core/how_many.h"
#include "attn/io/file.h"
#include "attn/nn/bert_checkpoint.h"
#include "attn/train/best_guess.h"
#include "attn/train/corpus.h"
#include "attn/train/pretraining.h"

namespace attn::app {

namespace {

struct BertPretrainOptions {
  std::vector<std::string> corpus;
  std::string masking = "dynamic", loss = "both", vocab, checkpoint, save;
  std::int64_t vocab_size = 1000, length = 64, dim = 128, layers = 4, heads = 4, ff = 0,
               steps = 6000, batch = 32, accumulate = 1, warmup = 300, seed = 1, threads = 2;
  double rate = 1e-3, dropout = 0;
  bool resume = false;
};

void bind(Cli& cli, BertPretrainOptions& o) {
  cli.choice("--masking", o.masking, {"dynamic", "static"},
             "masks drawn anew for every batch, or once for ever");
  cli.choice("--loss", o.loss, {"both", "mlm", "nsp"},
             "hidden words, next sentences, or their sum");
  cli.input_file("--vocab", o.vocab, "FILE",
                 "for a text: its vocab.txt; without it, a vocabulary is learnt from the text");
  cli.integer("--vocab-size", o.vocab_size, 100, 100'000, "pieces of a vocabulary that is learnt");
  cli.integer("--length", o.length, 8, 512,
              "pieces of a pair at most; the longer sentence of a longer pair is cut");
  cli.integer("--dim", o.dim, 1, 4096, "model width d");
  cli.integer("--layers", o.layers, 1, 48, "blocks", "L");
  cli.integer("--heads", o.heads, 1, 256, "heads of attention", "H");
  cli.integer("--ff", o.ff, 0, 65'536, "inner width of the feed-forward nets; 0: 2d", "F");
  cli.number("--dropout", o.dropout, 0, 0.95, "share of numbers dropped");
  cli.integer("--steps", o.steps, 1, 100'000'000, "steps");
  cli.integer("--batch", o.batch, 1, 65'536, "pairs per batch", "B");
  cli.integer("--accumulate", o.accumulate, 1, 1024,
              "batches whose mean gradient makes one step: large batches in little memory");
  cli.number("--lr", o.rate, 1e-9, 1000, "learning rate; it falls to 0 by a cosine");
  cli.integer("--warmup", o.warmup, 0, 100'000'000,
              "steps over which the learning rate rises; at most a tenth of all");
  cli.integer("--seed", o.seed, 0, std::int64_t{1} << 62, "parameters and pairs of this seed");
  cli.integer("--threads", o.threads, 1, 1024, "processors to compute on");
  cli.output_file("--checkpoint", o.checkpoint, "FILE",
                  "save here (.safetensors) every 500 steps, at the end, and on Ctrl-C");
  cli.flag("--resume", o.resume,
           "go on from the checkpoint: the same bits as never having stopped");
  cli.output_file(
      "--save", o.save, "DIR",
      "write config.json, vocab.txt and model.safetensors there, for --checkpoint of the "
      "other bert commands");
  cli.positional("corpus", o.corpus,
                 "stories (the program's own), a grammar FILE.topics, or a text FILE: a sentence a "
                 "line, an empty line between documents",
                 FileUse::reads);
  cli.suggest([] { return std::vector<std::string>{"stories"}; });
}

constexpr std::size_t kPairs = 100'000;  // to learn from
constexpr std::size_t kTested = 2'000;   // held out

struct Corpus {
  std::string name;
  std::unique_ptr<PairSource> source;
  const TopicGrammar* grammar = nullptr;  ///< of source, if its best scores are known
};

Corpus find_corpus(const std::vector<std::string>& words) {
  if (words.size() > 1)
    throw Error(ErrorKind::usage, fmt::format("one corpus, not {}", words.size()),
                "name one file, or stories");
  const std::string name = words.empty() ? "stories" : words[0];
  Corpus corpus;
  corpus.name = name;
  const auto topics = [&](const std::string& label, std::string_view text,
                          const std::string& file) {
    auto pairs = std::make_unique<TopicPairs>(label, TopicGrammar::parse(text, file));
    corpus.grammar = &pairs->grammar();
    corpus.source = std::move(pairs);
  };
  if (name == "stories") {
    topics(name, data_file("stories.topics"), "stories.topics");
  } else if (name.ends_with(".topics")) {
    topics(std::filesystem::path(name).stem().string(), read_file(name, 1 << 20), name);
  } else {
    corpus.source = std::make_unique<TextCorpus>(TextCorpus::read(name));
  }
  return corpus;
}

std::vector<std::string> special_pieces() { return {"[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"}; }

/// Throws Error unless each word is one piece and each pair fits: only then is the best possible
/// loss of what the model reads that of the grammar.
void check_grammar(const Corpus& corpus, const PieceVocabulary& vocabulary, std::size_t length) {
  for (const std::string& word : corpus.grammar->words()) {
    const std::vector<std::size_t> ids = encode_pieces(vocabulary, word, true);
    if (ids.size() != 1 || vocabulary.piece(ids[0]) != word)
      throw Error(ErrorKind::bad_input,
                  fmt::format("{}: \"{}\" is not one word as BERT reads it",
                              escaped(corpus.name, 200), escaped(word, 200)),
                  fmt::format("use at most {} letters or digits, without accents", kLongestWord));
  }
  std::size_t longest = 0;
  for (const TopicGrammar::Pattern& pattern : corpus.grammar->patterns())
    longest = std::max(longest, pattern.parts.size());
  const std::size_t pair = 2 * longest + 3;  // [CLS] and two [SEP]
  if (pair > length)
    throw Error(ErrorKind::usage,
                fmt::format("--length {}, but two sentences of {} have up to {} pieces", length,
                            escaped(corpus.name, 200), pair),
                fmt::format("give --length {} or more: of sentences that are cut nobody knows the "
                            "best possible loss",
                            pair));
}

PieceVocabulary vocabulary_of(const BertPretrainOptions& o, const Corpus& corpus) {
  if (corpus.grammar) {
    if (!o.vocab.empty())
      throw Error(ErrorKind::usage, "--vocab with stories",
                  "each word of the grammar is one piece, so that the best possible loss is known");
    std::vector<std::string> pieces = special_pieces();
    pieces.insert(pieces.end(), corpus.grammar->words().begin(), corpus.grammar->words().end());
    PieceVocabulary vocabulary(std::move(pieces));
    check_grammar(corpus, vocabulary, static_cast<std::size_t>(o.length));
    return vocabulary;
  }
  if (!o.vocab.empty()) return PieceVocabulary::parse(read_file(o.vocab, 1 << 24), o.vocab);
  std::map<std::string, std::size_t> counts;
  for (const Sentences& document :
       dynamic_cast<const TextCorpus&>(*corpus.source).documents(Split::train)) {
    for (const std::string& sentence : document) {
      for (const std::string& word : basic_words(sentence, true)) ++counts[word];
    }
  }
  if (counts.empty())
    throw Error(ErrorKind::bad_input,
                fmt::format("{}: no words to learn from", escaped(corpus.name, 200)),
                "a text of some hundred sentences is enough to see something");
  return PieceVocabulary(train_pieces(counts, static_cast<std::size_t>(o.vocab_size)).pieces);
}

/// Pairs of a split as pieces; of a pair that is too long the longer sentence loses its end.
std::vector<EncodedPair> encode(const Corpus& corpus, const PieceVocabulary& vocabulary,
                                std::size_t length, Split split, std::size_t count, Rng rng) {
  std::unordered_map<std::string, std::vector<std::size_t>> known;  // most are drawn often
  const auto pieces_of = [&](const std::string& sentence) -> const std::vector<std::size_t>& {
    const auto found = known.try_emplace(sentence);
    if (found.second) found.first->second = encode_pieces(vocabulary, sentence, true);
    return found.first->second;
  };
  std::vector<EncodedPair> out;
  for (std::size_t tries = 0; out.size() < count && tries < 2 * count; ++tries) {
    const NextPair pair = corpus.source->draw(rng, split);
    std::vector<std::size_t> a = pieces_of(pair.a), b = pieces_of(pair.b);
    while (a.size() + b.size() + 3 > length) (a.size() > b.size() ? a : b).pop_back();
    if (!a.empty() && !b.empty()) out.push_back(encode_pair(vocabulary, a, b, pair.is_next));
  }
  if (out.empty())
    throw Error(ErrorKind::bad_input,
                fmt::format("{}: no two sentences with words to {}", escaped(corpus.name, 200),
                            split == Split::train ? "learn from" : "test on"),
                "one sentence on each line, and an empty line between documents");
  return out;
}

std::vector<PretrainingPair> masked(const std::vector<EncodedPair>& pairs,
                                    const PieceVocabulary& vocabulary, Rng rng) {
  const Masker masker(vocabulary.size(), vocabulary.mask(),
                      [&](std::size_t id) { return vocabulary.is_special(id); });
  std::vector<PretrainingPair> out;
  for (const EncodedPair& pair : pairs) out.push_back({pair, masker(pair.input.ids, rng)});
  return out;
}

/// What is reached on these very pairs by whoever knows the grammar.
PretrainingScore best_on(const TopicGrammar& grammar, const PieceVocabulary& vocabulary,
                         const std::vector<PretrainingPair>& pairs) {
  const std::size_t special = special_pieces().size();
  PretrainingScore best;
  for (const PretrainingPair& pair : pairs) {
    SeenPair seen;
    std::vector<std::int64_t> targets;  // by place through a, then b
    for (std::size_t i = 0; i < pair.masked.ids.size(); ++i) {
      const std::size_t id = pair.masked.ids[i];
      if (id == vocabulary.cls() || id == vocabulary.sep()) continue;
      (pair.encoded.input.segments[i] == 0 ? seen.a : seen.b)
          .push_back(id == vocabulary.mask() ? SeenPair::kHidden : id - special);
      targets.push_back(pair.masked.targets[i]);
    }
    const BestGuess guess(grammar, MaskingOptions{}, std::move(seen));
    for (std::size_t i = 0; i < targets.size(); ++i) {
      if (targets[i] < 0) continue;
      const std::vector<double> p = guess.word(i);
      const auto word = static_cast<std::size_t>(targets[i]) - special;
      best.mlm_loss -= std::log(p[word]);
      best.mlm_accuracy +=
          static_cast<std::size_t>(std::max_element(p.begin(), p.end()) - p.begin()) == word;
      ++best.hidden;
    }
    const double right = pair.encoded.is_next ? guess.next() : 1 - guess.next();
    best.nsp_loss -= std::log(std::max(right, 1e-300));
    best.nsp_accuracy += right > 0.5;
    ++best.pairs;
  }
  const double hidden = std::max<double>(1, double(best.hidden));
  best.mlm_loss /= hidden;
  best.mlm_accuracy /= hidden;
  best.nsp_loss /= double(best.pairs);
  best.nsp_accuracy /= double(best.pairs);
  return best;
}

/// Guessing by how often each word occurs in training, whatever stands around.
std::pair<double, double> by_frequency(const std::vector<EncodedPair>& pairs,
                                       const std::vector<PretrainingPair>& test,
                                       std::size_t vocabulary) {
  std::vector<double> counts(vocabulary, 1);  // one more for each, so that none is impossible
  double all = double(vocabulary);
  for (const EncodedPair& pair : pairs) {
    for (const std::size_t id : pair.input.ids) {
      ++counts[id];
      ++all;
    }
  }
  for (std::size_t id = 0; id < special_pieces().size(); ++id) all -= std::exchange(counts[id], 0);
  const auto likeliest =
      static_cast<std::int64_t>(std::max_element(counts.begin(), counts.end()) - counts.begin());
  double loss = 0, right = 0, hidden = 0;
  for (const PretrainingPair& pair : test) {
    for (const std::int64_t target : pair.masked.targets) {
      if (target < 0) continue;
      loss -= std::log(counts[static_cast<std::size_t>(target)] / all);
      right += target == likeliest;
      ++hidden;
    }
  }
  return {loss / std::max(hidden, 1.0), right / std::max(hidden, 1.0)};
}

void show_result(Trace& trace, const BertPretrainOptions& o, const PretrainingScore& reached,
                 const PretrainingScore* best, std::pair<double, double> frequency) {
  Table table{
      "result",
      fmt::format(
          "On {} drawn from text that was held out{}. Losses in nats{}.",
          how_many(reached.pairs, "pair"),
          o.loss == "nsp" ? "" : fmt::format(", with {}", how_many(reached.hidden, "chosen word")),
          best ? "; the best possible is computed for these very pairs from the "
                 "grammar, by Bayes' rule"
               : ""),
      {"measure", "reached", "best possible", "without looking"},
      {}};
  const auto line = [&](const char* what, double value, double at_best, double blind) {
    table.rows.push_back({std::string(what), value,
                          best ? Table::Cell(at_best) : Table::Cell(std::string("unknown")),
                          blind});
  };
  const PretrainingScore none;
  const PretrainingScore& b = best ? *best : none;
  if (o.loss != "nsp") {
    line("hidden words: loss", reached.mlm_loss, b.mlm_loss, frequency.first);
    line("hidden words: right", reached.mlm_accuracy, b.mlm_accuracy, frequency.second);
  }
  if (o.loss != "mlm") {
    line("next sentence: loss", reached.nsp_loss, b.nsp_loss, std::log(2.0));
    line("next sentence: right", reached.nsp_accuracy, b.nsp_accuracy, 0.5);
  }
  trace.add(std::move(table));
  trace.result = "result";
  const std::size_t before = trace.items.size();
  if (!best) {
    trace.say(
        "Of a text nobody knows the best possible loss: the program's own stories were made "
        "so that it is known (attn bert corpus).");
  } else if (o.loss != "nsp" && reached.mlm_loss < frequency.first) {
    const double times = reached.mlm_loss / best->mlm_loss;
    trace.say(
        times < 2
            ? fmt::format("The loss of hidden words is {:.1f} % above the best possible.",
                          100 * (times - 1))
            : fmt::format("The loss of hidden words is {:.1f} times the best possible.", times));
  }
  if (o.loss != "nsp" && !(reached.mlm_loss < frequency.first))
    trace.say(
        "Hidden words are guessed no better than without looking: this model has learnt nothing "
        "yet. Use more --steps, or a smaller --lr.");
  const double by_chance = std::sqrt(0.25 / double(reached.pairs));  // a coin's standard deviation
  if (o.loss != "mlm" && reached.nsp_accuracy < 0.5 + 3 * by_chance)
    trace.say(
        "Next sentences are no better than a coin yet: they are learnt later than words. Use more "
        "--steps.");
  for (std::size_t i = before; i < trace.items.size(); ++i) {
    if (i > before) trace.in_words += " ";
    trace.in_words += std::get<Remark>(trace.items[i]).text;
  }
}

BertSizes sizes_of(const BertPretrainOptions& o, const PieceVocabulary& vocabulary) {
  const auto size = [](std::int64_t n) { return static_cast<std::size_t>(n); };
  return {.vocabulary = vocabulary.size(),
          .width = size(o.dim),
          .heads = size(o.heads),
          .ff = o.ff > 0 ? size(o.ff) : 2 * size(o.dim),
          .layers = size(o.layers),
          .positions = size(o.length),
          .dropout = o.dropout};
}

/// Throws Error(limit) if parameters (with gradients and two moments) and one batch are too large.
void require_room(const Stage& s, const BertSizes& z, const BertPretrainOptions& o) {
  double parameters = 0;
  for (const auto& [name, shape] : bert_shapes(z)) parameters += double(count(shape));
  const double tokens = double(o.batch) * double(o.length);
  const double batch = tokens * (double(z.layers) * (30 * double(z.width) + 6 * double(z.ff) +
                                                     4 * double(z.heads) * double(o.length)) +
                                 0.5 * double(z.vocabulary));
  s.require_memory(sizeof(real) * (4 * parameters + batch),
                   fmt::format("a BERT of width {} on {} pairs at once", z.width, o.batch));
}

/// What would fail after the training is told before it.
void check_save(const std::string& folder, bool may_replace) {
  if (folder.empty()) return;
  std::error_code problem;
  const bool is_taken =
      std::filesystem::exists(std::filesystem::path(folder) / "model.safetensors", problem);
  if (is_taken && !may_replace)
    throw Error(ErrorKind::usage, fmt::format("{} holds a model already", escaped(folder, 200)),
                "name another folder, or remove that one; --resume goes on and replaces it");
  std::filesystem::create_directories(folder, problem);
  if (!problem && ::access(folder.c_str(), W_OK) == 0) return;
  throw Error(ErrorKind::io,
              fmt::format("cannot write into the folder {}: {}", escaped(folder, 200),
                          problem ? problem.message() : std::strerror(errno)),
              "name a folder of yours; it is made if it is not there");
}

void bert_pretrain(Stage& s, const BertPretrainOptions& o) {
  check_checkpoint(o.checkpoint, o.resume);
  s.trace.seed = static_cast<std::uint64_t>(o.seed);
  s.trace.threads = static_cast<int>(o.threads);
  set_threads(s.trace.threads);
  const Corpus corpus = find_corpus(o.corpus);
  const PieceVocabulary vocabulary = vocabulary_of(o, corpus);
  const BertSizes sizes = sizes_of(o, vocabulary);
  check_sizes(sizes);
  require_room(s, sizes, o);
  check_save(o.save, o.resume);
  const FileLock lock(o.save.empty() ? "" : o.save + "/model.safetensors");
  const Rng rng(s.trace.seed);
  const std::vector<EncodedPair> pairs =
      encode(corpus, vocabulary, sizes.positions, Split::train, kPairs, rng.stream("pairs"));
  const std::vector<PretrainingPair> test = masked(
      encode(corpus, vocabulary, sizes.positions, Split::test, kTested, rng.stream("held out")),
      vocabulary, rng.stream("held out masks"));
  Parameters parameters{rng};
  const Bert model(sizes, parameters);
  const PretrainingLearner learner(
      model, vocabulary, pairs,
      {.mlm = o.loss != "nsp", .nsp = o.loss != "mlm", .dynamic = o.masking == "dynamic"},
      s.trace.seed);
  TrainingOptions training;
  training.batch = static_cast<std::size_t>(o.batch);
  training.accumulate = static_cast<std::size_t>(o.accumulate);
  training.steps = static_cast<std::uint64_t>(o.steps);
  training.seed = s.trace.seed;
  training.optimizer.rate = o.rate;
  training.optimizer.beta2 = 0.98;  // as Liu et al. 2019, "RoBERTa", section 3.1
  training.schedule = {"cosine",
                       std::min(static_cast<std::uint64_t>(o.warmup), training.steps / 10),
                       training.steps};
  Trainer trainer(learner, training);
  s.trace.title = fmt::format("A BERT learns from {}", corpus.source->description());
  s.trace.say(fmt::format("{} pieces in the vocabulary; {} of width {} with {}: {} parameters.",
                          vocabulary.size(), how_many(sizes.layers, "block"), sizes.width,
                          how_many(sizes.heads, "head"), model.parameter_count()));
  const bool stopped = run_training(s, o.checkpoint, o.resume, trainer);
  const PretrainingScore reached = evaluate(model, test);
  if (corpus.grammar) {
    const PretrainingScore best = best_on(*corpus.grammar, vocabulary, test);
    show_result(s.trace, o, reached, &best, by_frequency(pairs, test, vocabulary.size()));
  } else {
    show_result(s.trace, o, reached, nullptr, by_frequency(pairs, test, vocabulary.size()));
  }
  show_effort(s.trace, trainer);
  if (!o.save.empty() && !stopped) {
    save_at_last(s.trace, [&] { save_bert(o.save, model, vocabulary, true); });
    if (s.trace.failure) return;
    s.trace.say(fmt::format("Saved in {}: try attn bert fill --checkpoint {} '... [MASK] ...'.",
                            escaped(o.save, 200), escaped(o.save, 200)));
  }
}

}  // namespace

Command bert_pretrain_command() {
  return {.name = "bert pretrain",
          .kind = CommandKind::work,
          .summary = "a small BERT learns from text, from random weights on",
          .example = "bert pretrain --dim 16 --layers 1 --heads 2 --steps 20",
          .setup = with_options<BertPretrainOptions>(bind, bert_pretrain),
          .slow = true};
}

}  // namespace attn::app
