// bert tokens: a text becomes words, each word the longest pieces that the vocabulary has.
#include <fmt/format.h>

#include "app/bert/vocabulary.h"
#include "app/frame/command.h"
#include "attn/core/error.h"
#include "attn/core/how_many.h"
#include "attn/core/joined.h"

namespace attn::app {

namespace {

struct BertTokensOptions {
  std::vector<std::string> text;
  std::string vocab;  ///< a vocab.txt, or a checkpoint folder; empty: the program's own
  LettersOptions letters;
};

void bind(Cli& cli, BertTokensOptions& o) {
  cli.input_file("--vocab", o.vocab, "FILE",
                 "a vocab.txt, or a folder that has one; without it, the program's own");
  bind_letters(cli, o.letters);
  cli.positional("text", o.text, "the text; without one, an example");
}

constexpr const char* kExample =
    "The players were UNBELIEVABLY happy: we are replaying [MASK] at the café!";

std::string text_of(const BertTokensOptions& o) {
  if (o.text.empty()) return kExample;
  std::string text = joined(o.text, " ");
  require_utf8(text, "the text");
  return text;
}

std::string about_words(const WordRules& rules) {
  std::string out = "White space ends a word, and a punctuation mark is a word of its own. ";
  if (!rules.lower_case && !rules.strip_accents) return out + "Capital letters and accents stay.";
  out += rules.lower_case ? "Capital letters become small ones; " : "Capital letters stay; ";
  return out + (rules.strip_accents
                    ? "accents are dropped: a letter is taken apart into its base and its marks "
                      "(NFD), and the marks go."
                    : "accents stay.");
}

/// The words, and what they were before capital letters and accents went.
void show_words(Trace& trace, std::string_view text, const std::vector<BasicWord>& words,
                const WordRules& rules) {
  Table table{"words", about_words(rules), {"place", "in the text", "word", "changed"}, {}};
  std::size_t changed = 0;
  for (std::size_t i = 0; i < words.size(); ++i) {
    std::string given(text.substr(words[i].begin, words[i].end - words[i].begin));
    const bool other = given != words[i].word;
    changed += other;
    table.rows.push_back(
        {double(i), std::move(given), words[i].word, std::string(other ? "yes" : "no")});
  }
  trace.add(std::move(table));
  if (rules.lower_case && changed > 0)
    trace.say(fmt::format(
        "Changed: {} of {} words. The model cannot tell them from the same words in small "
        "letters; a cased model (--cased) can, and needs more pieces for it.",
        changed, words.size()));
}

/// How the pieces of one word were found, try by try.
void show_search(Trace& trace, const PieceVocabulary& vocabulary, const std::string& word) {
  constexpr std::size_t kMostRows = 40;
  const PieceSearch search = word_pieces(vocabulary, word, true);
  Table table{"search",
              fmt::format("The search for the pieces of \"{}\": the whole rest of the word is "
                          "tried first, then one character less, until a piece is in the "
                          "vocabulary. ## means: goes on a word.",
                          escaped(word)),
              {"piece", "tried", "in the vocabulary?", "id"},
              {}};
  for (std::size_t k = 0; k < search.steps.size(); ++k) {
    const PieceSearch::Step& step = search.steps[k];
    for (const std::string& tried : step.tried)
      table.rows.push_back({double(k), tried, std::string("no"), std::string("-")});
    if (step.found.empty()) {
      table.rows.push_back({double(k), std::string("[UNK]"), std::string("no piece begins so"),
                            double(vocabulary.unknown())});
    } else {
      // Its own id, also where the word turns out to be [UNK] further on.
      table.rows.push_back(
          {double(k), step.found, std::string("yes"), double(vocabulary.find(step.found).value())});
    }
  }
  if (table.rows.size() > kMostRows) {
    const std::size_t left_out = table.rows.size() - kMostRows;
    const auto middle = table.rows.begin() + kMostRows / 2;
    table.rows.erase(middle, middle + static_cast<std::ptrdiff_t>(left_out));
    table.about += fmt::format(" ({} tries in the middle are left out.)", left_out);
  }
  trace.add(std::move(table));
}

void say_unknown(Trace& trace, const std::vector<std::string>& unknown) {
  if (unknown.empty()) return;
  constexpr std::size_t kMost = 10;
  std::vector<std::string> shown;
  for (std::size_t i = 0; i < unknown.size() && i < kMost; ++i)
    shown.push_back(fmt::format("\"{}\"", escaped(unknown[i])));
  trace.say(
      fmt::format("[UNK] stands for {}{}. A word is unknown as a whole if one of its characters is "
                  "no piece, or "
                  "if it has more than {} characters: the model will know nothing of it.",
                  joined(shown, ", "),
                  unknown.size() > kMost ? fmt::format(" and {} more", unknown.size() - kMost) : "",
                  kLongestWord));
}

void bert_tokens(Stage& s, const BertTokensOptions& o) {
  const std::string text = text_of(o);
  const BertTokenizer tokenizer = find_tokenizer(o.vocab, asked_uncased(o.letters));
  const PieceVocabulary& vocabulary = tokenizer.vocabulary;
  const std::vector<BasicWord> words = located_words(text, tokenizer.rules);
  if (words.empty())
    throw Error(ErrorKind::usage,
                "the text has no words: only white space, control characters or marks",
                "write a sentence in quotes, such as \"the animal was tired\"");
  s.trace.title = "Words become pieces that the model knows";
  s.trace.result = "pieces";
  for (const std::string& remark : tokenizer.remarks) s.trace.say(remark);
  show_words(s.trace, text, words, tokenizer.rules);

  Table table{"pieces",
              "Each word as the pieces that were found. A common word is one piece, a rare one "
              "several. tried: pieces looked up until then.",
              {"word", "pieces", "count", "tried"},
              {}};
  std::vector<std::size_t> ids;
  std::vector<std::string> unknown;
  std::size_t most = 0, longest = 0;  // the word with the most pieces, for the search
  for (std::size_t i = 0; i < words.size(); ++i) {
    const PieceSearch search = word_pieces(vocabulary, words[i].word, true);
    std::vector<std::string> pieces;
    for (const std::size_t id : search.ids) pieces.push_back(vocabulary.piece(id));
    std::size_t tried = 0;
    for (const PieceSearch::Step& step : search.steps)
      tried += step.tried.size() + !step.found.empty();
    if (search.steps.size() > most) most = search.steps.size(), longest = i;
    if (search.ids[0] == vocabulary.unknown() && words[i].word != "[UNK]")
      unknown.push_back(words[i].word);
    ids.insert(ids.end(), search.ids.begin(), search.ids.end());
    table.rows.push_back(
        {words[i].word, joined(pieces, " "), double(pieces.size()), double(tried)});
  }
  if (most > 0) show_search(s.trace, vocabulary, words[longest].word);
  s.trace.add(std::move(table));
  say_unknown(s.trace, unknown);
  if (tokenizer.rules.lower_case && !piece_with_capitals(vocabulary).empty())
    s.trace.say(
        "This vocabulary has pieces with capital letters, so it belongs to a cased model: ask for "
        "--cased.");

  std::vector<std::string> pieces;
  for (const std::size_t id : ids) pieces.push_back(vocabulary.piece(id));
  s.trace.tokens = s.trace.labels["piece"] = pieces;
  s.trace.restart_clock();
  note(s.run, "ids", "the place of each piece in the vocabulary", {"piece"},
       Tensor::ids(ids, {ids.size()}));
  s.explain("ids", fmt::format("What the model gets: {} for {}, each the number of a "
                               "line of vocab.txt (from 0, of {}). Before the model reads them, "
                               "[CLS] (id {}) is put first and [SEP] (id {}) last.",
                               how_many(ids.size(), "number"), how_many(words.size(), "word"),
                               vocabulary.size(), vocabulary.cls(), vocabulary.sep()));
}

}  // namespace

Command bert_tokens_command() {
  return {.name = "bert tokens",
          .kind = CommandKind::model,
          .summary = "words become pieces that the model knows",
          .example = "bert tokens 'Unbelievable: she kept replaying the café song'",
          .setup = with_options<BertTokensOptions>(bind, bert_tokens)};
}

}  // namespace attn::app
