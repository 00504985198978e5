// bert corpus: stories of a grammar with topics, and what nobody can guess better about them.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <set>

#include "app/frame/command.h"
#include "app/frame/data.h"
#include "app/frame/outputs.h"
#include "attn/core/error.h"
#include "attn/core/how_many.h"
#include "attn/io/file.h"
#include "attn/train/best_guess.h"
#include "attn/train/corpus.h"

namespace attn::app {

namespace {

struct BertCorpusOptions {
  std::string corpus, save;
  std::int64_t documents = 3, pairs = 10'000, seed = 1;
};

void bind(Cli& cli, BertCorpusOptions& o) {
  cli.input_file("--corpus", o.corpus, "FILE",
                 "topics of your own (docs/corpus.md) in place of ours");
  cli.integer("--documents", o.documents, 1, 1'000'000, "documents to draw; three are shown");
  cli.output_file("--save", o.save, "FILE",
                  "write them: a sentence on each line, an empty line between documents");
  cli.integer("--pairs", o.pairs, 100, 1'000'000, "pairs of sentences to estimate the scores from");
  cli.integer("--seed", o.seed, 0, std::int64_t{1} << 62,
              "random numbers of this seed, always the same");
}

constexpr std::size_t kDocumentsShown = 3;
constexpr std::size_t kLargestGrammar = 1 << 20;
constexpr const char* kOwn = "stories.topics";
constexpr MaskingOptions kMasking;

std::string join(const std::vector<std::string>& words) {
  return fmt::format("{}", fmt::join(words, " "));
}

/// What each word may be: the names of the lists it is in, "" for a word of a pattern.
std::vector<std::set<std::string>> uses_of(const TopicGrammar& g) {
  std::vector<std::set<std::string>> uses(g.words().size());
  for (const TopicGrammar::Pattern& pattern : g.patterns()) {
    for (const TopicGrammar::Part& part : pattern.parts) {
      if (part.kind == TopicGrammar::Part::Kind::word) uses[part.id].insert("pattern");
    }
  }
  for (const TopicGrammar::Topic& topic : g.topics()) {
    for (const TopicGrammar::Who& who : topic.who) {
      for (std::size_t i = 0; i < who.size(); ++i) uses[who[i]].insert(g.who_names()[i]);
    }
    for (std::size_t l = 0; l < topic.lists.size(); ++l) {
      for (const std::size_t word : topic.lists[l]->words) uses[word].insert(g.lists()[l]);
    }
  }
  return uses;
}

void draw_documents(Stage& s, const TopicGrammar& g, const BertCorpusOptions& o) {
  Rng rng = Rng(static_cast<std::uint64_t>(o.seed)).stream("documents");
  std::vector<Sentences> documents;
  std::string shown;
  for (std::int64_t i = 0; i < o.documents; ++i) {
    const TopicDocument document = g.draw_document(rng);
    Sentences& sentences = documents.emplace_back();
    for (const TopicSentence& sentence : document.sentences) sentences.push_back(g.text(sentence));
    if (documents.size() > kDocumentsShown) continue;
    const TopicGrammar::Topic& topic = g.topics()[document.topic];
    std::vector<std::string> who;
    for (const std::size_t word : topic.who[document.who]) who.push_back(g.words()[word]);
    shown += fmt::format("{}topic {}, about {}:\n  {}\n", shown.empty() ? "" : "\n", topic.name,
                         fmt::join(who, "/"), fmt::join(sentences, "\n  "));
  }
  s.trace.add(Verbatim{shown});
  if (o.save.empty()) return;
  const std::string text = corpus_text(documents);
  write_file(o.save, text);
  s.trace.say(
      fmt::format("Wrote {} ({}, {} bytes): one sentence on each line, an empty "
                  "line between documents.",
                  escaped(o.save, 200), how_many(documents.size(), "document"), text.size()));
}

void show_grammar(Stage& s, const TopicGrammar& g) {
  Table patterns{"patterns",
                 "Each sentence takes one of them, and fills in the words that begin with $.",
                 {"share", "words", "pattern"},
                 {}};
  for (const TopicGrammar::Pattern& pattern : g.patterns())
    patterns.rows.push_back(
        {pattern.share, static_cast<double>(pattern.parts.size()), pattern.text});
  s.trace.add(std::move(patterns));

  Table topics{
      "topics", "All are equally likely, and so is everybody of one topic.", {"topic", "who"}, {}};
  for (const TopicGrammar::Topic& topic : g.topics()) {
    std::vector<std::string> who;
    for (const TopicGrammar::Who& w : topic.who) who.push_back(g.words()[w[0]]);
    topics.rows.push_back({topic.name, join(who)});
  }
  s.trace.add(std::move(topics));

  Table uses{"uses",
             "Words with more than one use: only the words around them tell which one.",
             {"word", "uses"},
             {}};
  const auto all = uses_of(g);
  for (std::size_t word = 0; word < all.size(); ++word) {
    if (all[word].size() > 1)
      uses.rows.push_back({g.words()[word], fmt::format("{}", fmt::join(all[word], ", "))});
  }
  if (!uses.rows.empty()) s.trace.add(std::move(uses));
}

std::string seen_text(const TopicGrammar& g, const std::vector<std::size_t>& seen) {
  std::vector<std::string> words;
  for (const std::size_t word : seen)
    words.push_back(word == SeenPair::kHidden ? "[MASK]" : g.words()[word]);
  return join(words);
}

/// One pair through the masking, and what the best guesser makes of it.
void show_guess(Stage& s, const TopicGrammar& g, Rng rng) {
  TopicPair pair;
  MaskedPair masked;
  for (int tries = 0; tries < 100; ++tries) {  // one with something to guess
    pair = g.draw_pair(rng);
    masked = mask_pair(g, kMasking, pair, rng);
    if (std::count(masked.targets.begin(), masked.targets.end(), -1) + 3 <=
        static_cast<std::ptrdiff_t>(masked.targets.size()))
      break;
  }
  const BestGuess guess(g, kMasking, masked.seen);
  std::string text = fmt::format("[CLS] {} [SEP]\n{} [SEP]", seen_text(g, masked.seen.a),
                                 seen_text(g, masked.seen.b));
  s.trace.say("One pair as a model sees it, and the best guess about it:");
  s.trace.add(Verbatim{text});
  s.trace.say(fmt::format("P(b follows a) = {:.2g}, and in fact it {}.", guess.next(),
                          pair.is_next ? "does" : "does not"));
  Table table{"guess",
              "The chosen words: what is seen in their place, what was there, and the likeliest "
              "words with their probabilities.",
              {"place", "seen", "was", "p", "likeliest"},
              {}};
  std::vector<std::size_t> seen = masked.seen.a;
  seen.insert(seen.end(), masked.seen.b.begin(), masked.seen.b.end());
  for (std::size_t at = 0; at < seen.size(); ++at) {
    if (masked.targets[at] < 0) continue;
    const auto was = static_cast<std::size_t>(masked.targets[at]);
    const std::vector<double> p = guess.word(at);
    std::vector<std::size_t> order(p.size());
    for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
    std::stable_sort(order.begin(), order.end(),
                     [&](std::size_t x, std::size_t y) { return p[x] > p[y]; });
    std::vector<std::string> best;
    for (std::size_t i = 0; i < std::min<std::size_t>(3, order.size()); ++i) {
      if (p[order[i]] > 0.0005)
        best.push_back(fmt::format("{} {:.3f}", g.words()[order[i]], p[order[i]]));
    }
    const bool in_a = at < masked.seen.a.size();
    table.rows.push_back(
        {fmt::format("{}{}", in_a ? "a" : "b", in_a ? at + 1 : at + 1 - masked.seen.a.size()),
         seen[at] == SeenPair::kHidden ? "[MASK]" : g.words()[seen[at]], g.words()[was], p[was],
         fmt::format("{}", fmt::join(best, ", "))});
  }
  if (!table.rows.empty()) s.trace.add(std::move(table));
}

void show_scores(Stage& s, const TopicGrammar& g, const BertCorpusOptions& o, Rng rng) {
  Progress* progress = s.common.progress;
  const BestScores best =
      best_scores(g, kMasking, static_cast<std::size_t>(o.pairs), rng, [&](std::size_t done) {
        if (!progress || done == 0) return true;
        if (done % 1000 == 0)
          progress->show(fmt::format("{} of {}", done, how_many(o.pairs, "pair")));
        if (!progress->stop()) return true;
        s.trace.interrupted = true;
        return false;
      });
  Table table{
      "best",
      fmt::format("No model can be better on average. Each guess is exact; the mean is over "
                  "{} pairs with {}, so it has a standard error. Losses are in "
                  "nats.",
                  best.pairs, how_many(best.words, "chosen word")),
      {"score", "best", "standard error", "without looking"},
      {}};
  const std::vector<double> shares = g.word_shares();
  const auto row = [&](const char* name, const Estimate& e, double alone) {
    table.rows.push_back({name, e.mean, e.error, alone});
  };
  row("word loss", best.word_loss, entropy(shares));
  row("word accuracy", best.word_accuracy, *std::max_element(shares.begin(), shares.end()));
  row("next-sentence loss", best.next_loss, std::log(2.0));
  row("next-sentence accuracy", best.next_accuracy, 0.5);
  s.trace.add(std::move(table));
  s.trace.say(
      fmt::format("Without looking: a guesser who knows how often each word occurs (the loss is "
                  "the entropy, {:.4f} "
                  "nats, exact), and tosses a coin for the next sentence.",
                  entropy(shares)));
}

void bert_corpus(Stage& s, const BertCorpusOptions& o) {
  if (!o.save.empty()) check_place(o.save);
  std::error_code none;
  if (!o.save.empty() && std::filesystem::equivalent(o.corpus, o.save, none))
    throw Error(ErrorKind::usage, fmt::format("{} is both input and output", escaped(o.save, 200)),
                "choose another name for one of them");
  const bool own = o.corpus.empty();
  const TopicGrammar g = own ? TopicGrammar::parse(data_file(kOwn), kOwn)
                             : TopicGrammar::parse(read_file(o.corpus, kLargestGrammar), o.corpus);
  const Rng rng(static_cast<std::uint64_t>(o.seed));
  s.trace.title = "Stories to learn from, whose best possible scores are known";
  s.trace.say(fmt::format(
      "A document has one of {} and somebody of that topic. Every sentence is about both, "
      "and otherwise drawn anew: {}, {} words.",
      how_many(g.topics().size(), "topic"), how_many(g.patterns().size(), "pattern"),
      g.words().size()));
  draw_documents(s, g, o);
  show_grammar(s, g);
  s.trace.say(
      "Pairs for BERT: in half of them b follows a, in the others b comes from another document. "
      "Of "
      "all words 15 % are chosen; 80 % of these become [MASK], 10 % a random word, 10 % stay.");
  show_guess(s, g, rng.stream("guess"));
  show_scores(s, g, o, rng.stream("scores"));
}

}  // namespace

Command bert_corpus_command() {
  return {.name = "bert corpus",
          .kind = CommandKind::work,
          .summary = "stories whose best possible scores are known exactly",
          .example = "bert corpus --documents 2",
          .setup = with_options<BertCorpusOptions>(bind, bert_corpus)};
}

}  // namespace attn::app
