// BERT's tokenizer against an independent one (tests/reference/make_wordpiece_reference.py), and
// properties that hold for every text.
#include "attn/text/wordpiece.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <chrono>
#include <nlohmann/json.hpp>

#include "attn/core/error.h"
#include "attn/core/rng.h"
#include "attn/io/json.h"
#include "attn/text/utf8.h"

using namespace attn;
using nlohmann::json;
using Words = std::vector<std::string>;

namespace {

const json& reference() {
  static const json document = read_json(ATTN_REFERENCE_DIR "/wordpiece.json");
  return document;
}

const Words kSpecial = {"[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"};

PieceVocabulary with_special(const Words& pieces) {
  Words all = kSpecial;
  all.insert(all.end(), pieces.begin(), pieces.end());
  return PieceVocabulary(all);
}

Words names(const PieceVocabulary& vocabulary, const std::vector<std::size_t>& ids) {
  Words out;
  for (const std::size_t id : ids) out.push_back(vocabulary.piece(id));
  return out;
}

/// The message of the Error that `make` throws, whose kind must be this one.
template <class Make>
std::string message(ErrorKind kind, Make make) {
  try {
    make();
  } catch (const Error& error) {
    CHECK(error.kind() == kind);
    return error.what();
  }
  FAIL("no error");
  return {};
}

double seconds(const std::function<void()>& work) {
  const auto begin = std::chrono::steady_clock::now();
  work();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
}

/// `count` words of `length` characters drawn from the first `letters` letters of the alphabet.
Words drawn_words(std::size_t count, std::size_t length, std::size_t letters, std::uint64_t seed) {
  Rng rng(seed);
  Words out(count);
  for (std::string& word : out) {
    for (std::size_t i = 0; i < length; ++i)
      word += static_cast<char>('a' + static_cast<int>(rng.below(letters)));
  }
  return out;
}

std::string joined(const Words& words) {
  std::string out;
  for (const std::string& word : words) out += word + " ";
  return out;
}

}  // namespace

TEST_CASE("wordpiece: words and ids are those of the independent tokenizer") {
  const PieceVocabulary vocabulary(reference()["vocabulary"].get<Words>());
  std::size_t unknown = 0, several = 0;
  for (const json& row : reference()["texts"]) {
    const std::string text = row["text"].get<std::string>();
    CAPTURE(escaped(text, 200));
    for (const bool uncased : {true, false}) {
      const json& want = row[uncased ? "uncased" : "cased"];
      CHECK(basic_words(text, uncased) == want["words"].get<Words>());
      const std::vector<std::size_t> ids = encode_pieces(vocabulary, text, uncased);
      CHECK(ids == want["ids"].get<std::vector<std::size_t>>());
      unknown += static_cast<std::size_t>(std::count(ids.begin(), ids.end(), vocabulary.unknown()));
      several += ids.size() > want["words"].size();
    }
  }
  CHECK(unknown > 20);  // the cases are not all of one kind
  CHECK(several > 5);
}

TEST_CASE("wordpiece: a trained vocabulary is that of the independent trainer, merge by merge") {
  const auto counts = reference()["counts"].get<std::map<std::string, std::size_t>>();
  for (const json& row : reference()["trained"]) {
    CAPTURE(row["size"].get<int>());
    const TrainedVocabulary found =
        train_pieces(counts, row["size"].get<std::size_t>(), row["least"].get<std::size_t>());
    CHECK(found.pieces == row["pieces"].get<Words>());
    REQUIRE(found.merges.size() == row["merges"].size());
    for (std::size_t i = 0; i < found.merges.size(); ++i) {
      const PieceMerge& got = found.merges[i];
      const json& want = row["merges"][i];
      CHECK(got.left == want["left"].get<std::string>());
      CHECK(got.right == want["right"].get<std::string>());
      CHECK(got.piece == want["piece"].get<std::string>());
      CHECK(got.count == want["count"].get<std::size_t>());
      CHECK(got.left_count == want["left_count"].get<std::size_t>());
      CHECK(got.right_count == want["right_count"].get<std::size_t>());
      CHECK(got.score == doctest::Approx(want["score"].get<double>()).epsilon(1e-12));
    }
  }
}

TEST_CASE("wordpiece: a word knows the bytes of the text that it was made of") {
  const std::string text = "The CAFE\u0301, \u00C5b [MASK]\u4E2D\u200BD\u00ADe";
  const std::vector<BasicWord> words = located_words(text, true);
  Words got, given;
  for (const BasicWord& word : words) {
    got.push_back(word.word);
    given.push_back(text.substr(word.begin, word.end - word.begin));
  }
  CHECK(got == Words{"the", "cafe", ",", "ab", "[MASK]", "\u4E2D", "de"});
  CHECK(given == Words{"The", "CAFE\u0301", ",", "\u00C5b", "[MASK]", "\u4E2D", "D\u00ADe"});
  for (const json& row : reference()["texts"]) {
    std::size_t before = 0;
    for (const BasicWord& word : located_words(row["text"].get<std::string>(), false)) {
      CHECK(word.begin >= before);
      CHECK(word.end > word.begin);
      before = word.end;
    }
  }
}

TEST_CASE("wordpiece: the search tries the longest first and keeps what it tried") {
  const PieceVocabulary vocabulary = with_special({"un", "##able", "##a", "u"});
  const PieceSearch found = word_pieces(vocabulary, "unable", true);
  CHECK(names(vocabulary, found.ids) == Words{"un", "##able"});
  REQUIRE(found.steps.size() == 2);
  CHECK(found.steps[0].tried == Words{"unable", "unabl", "unab", "una"});
  CHECK(found.steps[0].found == "un");
  CHECK(found.steps[1].tried.empty());
  CHECK(found.steps[1].found == "##able");

  const PieceSearch lost = word_pieces(vocabulary, "unbe", true);
  CHECK(names(vocabulary, lost.ids) == Words{"[UNK]"});
  REQUIRE(lost.steps.size() == 2);
  CHECK(lost.steps[1].tried == Words{"##be", "##b"});
  CHECK(lost.steps[1].found.empty());

  CHECK(word_pieces(vocabulary, "unable").steps.empty());
  CHECK(word_pieces(vocabulary, "").ids.empty());
  CHECK(word_pieces(vocabulary, "[MASK]").ids == std::vector<std::size_t>{vocabulary.mask()});
}

TEST_CASE("wordpiece: pieces put together are the word, each is the longest, each id is in range") {
  // Random vocabularies over four letters, with and without pieces for every letter.
  std::size_t unknown = 0, known = 0;
  for (std::uint64_t seed = 1; seed <= 40; ++seed) {
    Words pieces;
    for (const std::size_t length : {1, 2, 3, 5}) {
      for (const std::string& piece : drawn_words(6, length, 4, 10 * seed + length)) {
        pieces.push_back(piece);
        if (seed % 3 != 0 || length > 1) pieces.push_back("##" + piece);
      }
    }
    std::sort(pieces.begin(), pieces.end());
    pieces.erase(std::unique(pieces.begin(), pieces.end()), pieces.end());
    const PieceVocabulary vocabulary = with_special(pieces);
    for (const std::string& word : drawn_words(50, 1 + seed % 12, 4, seed)) {
      CAPTURE(word);
      const PieceSearch found = word_pieces(vocabulary, word, true);
      CHECK(found.ids == word_pieces(vocabulary, word).ids);
      REQUIRE(!found.ids.empty());
      std::string rest = word;
      bool ended = false;
      for (std::size_t k = 0; k < found.steps.size(); ++k) {
        REQUIRE_FALSE(ended);
        // Brute force: all pieces of the vocabulary with which the rest begins.
        const std::string marked = (k == 0 ? "" : "##") + rest;
        std::string longest;
        for (std::size_t id = 0; id < vocabulary.size(); ++id) {
          const std::string& piece = vocabulary.piece(id);
          const bool of_kind = (k > 0) == piece.starts_with("##");
          if (of_kind && marked.starts_with(piece) && piece.size() > longest.size())
            longest = piece;
        }
        CHECK(found.steps[k].found == longest);
        ended = longest.empty();
        if (!ended) rest = marked.substr(longest.size());
      }
      if (ended) {
        ++unknown;
        CHECK(found.ids == std::vector<std::size_t>{vocabulary.unknown()});
        continue;
      }
      ++known;
      CHECK(rest.empty());
      std::string together;
      for (const std::size_t id : found.ids) {
        REQUIRE(id < vocabulary.size());
        together += vocabulary.piece(id).substr(together.empty() ? 0 : 2);
      }
      CHECK(together == word);
    }
  }
  CHECK(unknown > 100);
  CHECK(known > 100);
}

TEST_CASE("wordpiece: a vocabulary file is read back as it was written") {
  const PieceVocabulary vocabulary =
      PieceVocabulary::parse("\xEF\xBB\xBF[MASK]\r\nthe\r\n[PAD]\n[SEP]\n[UNK]\n##s\n[CLS]", "v");
  CHECK(vocabulary.size() == 7);
  CHECK(vocabulary.mask() == 0);
  CHECK(vocabulary.pad() == 2);
  CHECK(vocabulary.sep() == 3);
  CHECK(vocabulary.unknown() == 4);
  CHECK(vocabulary.cls() == 6);
  CHECK(vocabulary.find("##s") == 5);
  CHECK_FALSE(vocabulary.find("##").has_value());
  CHECK(vocabulary.is_special(6));
  CHECK_FALSE(vocabulary.is_special(1));
  CHECK(vocabulary.longest() == 6);
  const PieceVocabulary again = PieceVocabulary::parse(vocabulary.text(), "again");
  CHECK(again.pieces() == vocabulary.pieces());
}

TEST_CASE("wordpiece: a bad vocabulary file is refused with its line") {
  const std::string good = "[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\n";
  const auto refusal = [](const std::string& text) {
    return message(ErrorKind::bad_input, [&] { PieceVocabulary::parse(text, "vocab.txt"); });
  };
  CHECK(refusal(good + "the\na\nthe\n") == "vocab.txt, line 8: \"the\" is also on line 6");
  CHECK(refusal(good + "\nthe\n") == "vocab.txt, line 6: no piece");
  CHECK(refusal(good + "the\n\n") == "vocab.txt, line 7: no piece");
  CHECK(refusal(good + "a\xFF\n").find("line 6: \"a\\xFF\" is not UTF-8") != std::string::npos);
  CHECK(refusal(good + "a\rb\n").find("line break") != std::string::npos);
  CHECK(refusal("[PAD]\n[CLS]\nthe\n") == "vocab.txt: no [UNK], [SEP], [MASK] among its 3 pieces");
  CHECK(refusal("").find("no [PAD], [UNK], [CLS], [SEP], [MASK]") != std::string::npos);
  CHECK(message(ErrorKind::limit, [] {
          PieceVocabulary::parse(std::string(PieceVocabulary::kMostBytes + 1, 'x'), "large");
        }).find("large") == 0);
  std::string many;
  for (std::size_t i = 0; i <= PieceVocabulary::kMostPieces; ++i) many += std::to_string(i) + "\n";
  CHECK(message(ErrorKind::limit, [&] { PieceVocabulary::parse(many, "many"); }).find("1000000") !=
        std::string::npos);
}

TEST_CASE(
    "wordpiece: long words, long texts and long rows of marks take time that grows with them") {
  const PieceVocabulary vocabulary = with_special({"a", "##a", "b", "##b"});
  std::string marks = "a";  // two orders of marks in turn: NFD has to sort them
  for (int i = 0; i < 250'000; ++i) marks += "\u0301\u0323";
  const auto megabyte = [&](const std::string& unit) {
    std::string text;
    while (text.size() < 1'000'000) text += unit;
    return text;
  };
  const std::vector<std::pair<std::string, std::size_t>> rows = {
      {std::string(1'000'000, 'a'), 1},                  // one word
      {megabyte(std::string(100, 'a') + " "), 990'100},  // each letter a piece
      {megabyte("["), 1'000'000},
      {megabyte("\u03A3"), 1},
      {megabyte("\u03A3'"), 0},
      {marks, 1},
      {megabyte("\u4E2D"), 333'334}};
  for (const auto& [text, count] : rows) {
    std::vector<std::size_t> ids;
    const std::string& given = text;
    CHECK(seconds([&] { ids = encode_pieces(vocabulary, given, true); }) < 5);
    if (count > 0) CHECK(ids.size() == count);
  }
}

TEST_CASE("wordpiece: what was learnt takes its own words apart, and never more than was asked") {
  const Words words = drawn_words(300, 6, 8, 5);
  std::map<std::string, std::size_t> counts;
  for (const std::string& word : words) ++counts[word];
  std::size_t before = SIZE_MAX;
  for (const std::size_t size : {40, 100, 400}) {
    const TrainedVocabulary found = train_pieces(counts, size, 1);
    CHECK(found.pieces.size() <= size);
    const PieceVocabulary vocabulary(found.pieces);
    const std::vector<std::size_t> ids = encode_pieces(vocabulary, joined(words), true);
    CHECK(std::count(ids.begin(), ids.end(), vocabulary.unknown()) == 0);
    CHECK(ids.size() < before);
    before = ids.size();
  }
  CHECK(train_pieces({}, 10).pieces == kSpecial);
  CHECK(train_pieces({{"ab", 1}}, 100, 2).pieces == kSpecial);
  CHECK(train_pieces({{"ab", 1}}, 100, 1).pieces.back() == "ab");
  CHECK(message(ErrorKind::usage, [] { train_pieces({{"ab", 9}}, 5); }).find("no room") == 0);
}

TEST_CASE("wordpiece: a megabyte of text is learnt in seconds") {
  std::map<std::string, std::size_t> counts;
  for (const std::string& word : drawn_words(40'000, 5, 26, 7)) counts[word] += 2;
  for (const std::string& word : drawn_words(4'000, 100, 4, 8)) ++counts[word];
  TrainedVocabulary found;
  CHECK(seconds([&] { found = train_pieces(counts, 8'000); }) < 30);
  CHECK(found.pieces.size() == 8'000);
}
