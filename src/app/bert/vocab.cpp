// bert vocab: a vocabulary of pieces is learnt from text, merge by merge.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <filesystem>

#include "app/frame/command.h"
#include "app/frame/data.h"
#include "app/frame/outputs.h"
#include "attn/core/error.h"
#include "attn/core/how_many.h"
#include "attn/io/file.h"
#include "attn/text/utf8.h"
#include "attn/text/wordpiece.h"

namespace attn::app {

namespace {

struct BertVocabOptions {
  std::vector<std::string> corpus;
  std::int64_t size = 200, least = 2, shown = 20;
  std::string save;
  bool cased = false;
};

void bind(Cli& cli, BertVocabOptions& o) {
  cli.integer("--size", o.size, 6, 50'000, "pieces at most, with the five special ones", "V");
  cli.integer("--least", o.least, 1, 1'000'000'000,
              "characters and pairs that occur less often are left alone");
  cli.integer("--shown", o.shown, 0, 10'000, "merges that are shown, from the first on");
  cli.output_file("--save", o.save, "FILE", "write the vocabulary: what bert tokens --vocab reads");
  cli.flag("--cased", o.cased, "keep capital letters and accents");
  cli.positional("FILE", o.corpus, "text files; without one, a story of the program's own",
                 FileUse::reads);
}

constexpr std::size_t kMostText = std::size_t{64} << 20;  // of all files together

using WordCounts = std::map<std::string, std::size_t>;

/// Line by line: all words of a large file at once would take many times its size.
void count_words(std::string_view text, bool uncased, WordCounts& counts) {
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size() - 1) + 1;
    for (std::string& word : basic_words(text.substr(0, end), uncased)) ++counts[std::move(word)];
    text.remove_prefix(end);
  }
}

WordCounts read_words(const BertVocabOptions& o) {
  WordCounts counts;
  if (o.corpus.empty()) count_words(data_file("english.txt"), !o.cased, counts);
  std::size_t room = kMostText;
  for (const std::string& path : o.corpus) {
    const std::string text = read_file(path, room);
    room -= text.size();
    std::size_t bad = 0;
    if (!valid_utf8(text, &bad))
      throw Error(ErrorKind::bad_input,
                  fmt::format("{} is not UTF-8 at byte {}", escaped(path, 200), bad),
                  "save the text as UTF-8");
    count_words(text, !o.cased, counts);
  }
  if (counts.empty())
    throw Error(ErrorKind::bad_input,
                fmt::format("{}: no words to learn from", escaped(o.corpus.front(), 200)),
                "a text of a few hundred words is enough to see something");
  return counts;
}

/// What would fail after the work is told before it.
void check_save(const BertVocabOptions& o) {
  if (o.save.empty()) return;
  check_place(o.save);
  std::error_code problem;
  for (const std::string& path : o.corpus) {
    if (path == o.save || std::filesystem::equivalent(path, o.save, problem))
      throw Error(ErrorKind::usage,
                  fmt::format("{} is both input and output", escaped(o.save, 200)),
                  "choose another name for one of them");
  }
}

void show_merges(Trace& trace, const TrainedVocabulary& found, std::size_t shown) {
  Table table{"merges",
              "The first merges. score = times together / (times left x times right): large where "
              "the two hardly ever stand without one another.",
              {"merge", "left", "right", "piece", "together", "times left", "times right", "score"},
              {}};
  for (std::size_t i = 0; i < std::min(shown, found.merges.size()); ++i) {
    const PieceMerge& m = found.merges[i];
    table.rows.push_back({double(i + 1), m.left, m.right, m.piece, double(m.count),
                          double(m.left_count), double(m.right_count), m.score});
  }
  if (!table.rows.empty()) trace.add(std::move(table));
}

std::size_t length_of(const std::string& word) {
  return static_cast<std::size_t>(
      std::count_if(word.begin(), word.end(), [](unsigned char c) { return (c & 0xC0) != 0x80; }));
}

std::string joined(const PieceVocabulary& vocabulary, const std::vector<std::size_t>& ids) {
  std::string out;
  for (const std::size_t id : ids) out += vocabulary.piece(id).substr(out.empty() ? 0 : 2);
  return out;
}

/// Into how many pieces the words fall with characters alone and with the merges.
void show_words(Trace& trace, const PieceVocabulary& vocabulary, const WordCounts& counts) {
  double words = 0, characters = 0, pieces = 0, whole = 0, single = 0, unknown = 0, wrong = 0;
  std::vector<std::pair<std::size_t, std::string>> examples;
  for (const auto& [word, count] : counts) {
    const std::vector<std::size_t> ids = word_pieces(vocabulary, word).ids;
    const double times = double(count);
    const std::size_t length = length_of(word);
    words += times;
    if (ids[0] == vocabulary.unknown()) {
      unknown += times;
      continue;
    }
    characters += times * double(length);
    pieces += times * double(ids.size());
    whole += times * (ids.size() == 1);
    single += times * (length == 1);
    wrong += !vocabulary.is_special(ids[0]) && joined(vocabulary, ids) != word;
    if (length >= 5) examples.emplace_back(count, word);
  }
  const double known = std::max(words - unknown, 1.0);
  trace.add(
      Table{"split",
            "The text in characters alone, and in the pieces that were learnt.",
            {"of the text", "characters", "pieces"},
            {{std::string("per word, mean"), characters / known, pieces / known},
             {std::string("words of one piece, %"), 100 * single / known, 100 * whole / known},
             {std::string("unknown words, %"), 100 * unknown / words, 100 * unknown / words}}});

  constexpr std::size_t kMost = 12;
  std::stable_sort(examples.begin(), examples.end(),
                   [](const auto& a, const auto& b) { return a.first > b.first; });
  Table table{"words",
              "The most frequent words of five characters and more: how many pieces they were, and "
              "are now.",
              {"word", "times", "characters", "now", "pieces"},
              {}};
  for (std::size_t i = 0; i < std::min(kMost, examples.size()); ++i) {
    const auto& [count, word] = examples[i];
    const std::vector<std::size_t> ids = word_pieces(vocabulary, word).ids;
    std::vector<std::string> names;
    for (const std::size_t id : ids) names.push_back(vocabulary.piece(id));
    table.rows.push_back({word, double(count), double(length_of(word)), double(ids.size()),
                          fmt::format("{}", fmt::join(names, " "))});
  }
  if (!table.rows.empty()) trace.add(std::move(table));
  trace.check("the pieces of each word, put together again, are the word", wrong, 0);
}

void bert_vocab(Stage& s, const BertVocabOptions& o) {
  check_save(o);
  const WordCounts counts = read_words(o);
  const TrainedVocabulary found =
      train_pieces(counts, static_cast<std::size_t>(o.size), static_cast<std::size_t>(o.least));
  const PieceVocabulary vocabulary(found.pieces);
  std::size_t words = 0;
  for (const auto& [word, count] : counts) words += count;
  const std::size_t size = vocabulary.size(), asked = static_cast<std::size_t>(o.size);
  s.trace.title = "A vocabulary is learnt: characters first, then pairs become pieces";
  const std::size_t characters = static_cast<std::size_t>(
      std::count_if(found.pieces.begin() + 5, found.pieces.end(), [](const std::string& piece) {
        return length_of(piece) == (piece.starts_with("##") && piece.size() > 2 ? 3 : 1);
      }));
  s.trace.say(
      fmt::format("{}, {} different ones. The vocabulary begins with 5 special pieces and {} "
                  "(at the beginning of a word, and after it with ##). Then, {}, the pair of "
                  "neighbours with the largest score became one piece wherever it stood.",
                  how_many(words, "word"), counts.size(), how_many(characters, "character"),
                  how_many(found.merges.size(), "time")));
  show_merges(s.trace, found, static_cast<std::size_t>(o.shown));
  if (!found.merges.empty())
    s.trace.say(
        "Byte-pair encoding (GPT) merges the most frequent pair instead. Divided by how often its "
        "parts occur, a rare pair whose parts go together wins against a frequent one "
        "whose parts go with many others: so rare spellings come early. --least N asks for pairs "
        "that occur at least N times.");
  if (size < asked)
    s.trace.say(fmt::format(
        "It ended with {} pieces, before the {} asked for: no pair is left that occurs {} "
        "or more.",
        size, asked, how_many(o.least, "time")));
  show_words(s.trace, vocabulary, counts);
  if (o.save.empty()) return;
  write_file(o.save, vocabulary.text());
  s.trace.say(fmt::format("Written to {}: attn bert tokens --vocab {} 'a text'.",
                          escaped(o.save, 200), escaped(o.save, 200)));
}

}  // namespace

Command bert_vocab_command() {
  return {.name = "bert vocab",
          .kind = CommandKind::work,
          .summary = "a vocabulary of pieces is learnt from text, merge by merge",
          .example = "bert vocab --size 150 --shown 10",
          .setup = with_options<BertVocabOptions>(bind, bert_vocab)};
}

}  // namespace attn::app
