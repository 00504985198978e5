// bert tokens and bert vocab as a student runs them, with what may be wrong about text and files.
#include <doctest/doctest.h>

#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>

#include "app/bert/vocabulary.h"
#include "app/learning/translator.h"
#include "attn/text/utf8.h"
#include "attn/text/wordpiece.h"
#include "program/process.h"

using namespace attn::test;
using nlohmann::json;

namespace {

const std::string kSpecial = "[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\n";

/// The rows of a table of the trace.
json table(const json& document, const std::string& name) {
  for (const json& found : document["tables"]) {
    if (found["name"] == name) return found["rows"];
  }
  FAIL("no table " << name);
  return {};
}

json ids(const json& document) { return document["steps"].back()["values"]; }

Words pieces_of(const Words& arguments) {
  return trace_of(with({"bert", "tokens"}, arguments))["tokens"].get<Words>();
}

}  // namespace

TEST_CASE("bert tokens: the program's own vocabulary takes words apart at their parts") {
  CHECK(pieces_of({"playing"}) == Words{"play", "##ing"});
  CHECK(pieces_of({"unbelievable"}) == Words{"un", "##believ", "##able"});
  CHECK(pieces_of({"embeddings"}) == Words{"em", "##bed", "##ding", "##s"});
  CHECK(pieces_of({"The", "dog", "buys a newspaper."}) ==
        Words{"the", "dog", "buys", "a", "newspaper", "."});
  CHECK(pieces_of({"Caf\xc3\xa9", "[MASK]!"}) == pieces_of({"cafe [MASK] !"}));
  // Nothing in ASCII is unknown, in small letters or not.
  std::string all;
  for (char c = ' '; c <= '~'; ++c) all += std::string(1, c) + "x" + c + " ";
  const Words small = pieces_of({all}), cased = pieces_of({all, "--cased"});
  for (const Words& found : {small, cased})
    CHECK(std::count(found.begin(), found.end(), "[UNK]") == 0);
  CHECK(std::count(cased.begin(), cased.end(), "Q") == 1);
  CHECK(std::count(small.begin(), small.end(), "Q") == 0);
}

TEST_CASE("bert tokens: words, search, pieces and ids belong together") {
  const json document = trace_of(
      {"bert", "tokens", "Na\xc3\xafve PLAYERS were replaying it, \xe4\xb8\xad\xe6\x96\x87"});
  const json words = table(document, "words");
  REQUIRE(words.size() == 8);
  CHECK(words[0] == json::array({0, "Na\xc3\xafve", "naive", "yes"}));
  CHECK(words[2] == json::array({2, "were", "were", "no"}));
  CHECK(words[6][2] == "\xe4\xb8\xad");
  const json pieces = table(document, "pieces");
  REQUIRE(pieces.size() == words.size());
  std::size_t count = 0;
  for (const json& row : pieces) count += row[2].get<std::size_t>();
  CHECK(ids(document).size() == count);
  CHECK(document["tokens"].size() == count);
  CHECK(pieces[6][1] == "[UNK]");
  // The word with the most pieces is searched for all to see, each try once, in order.
  const json search = table(document, "search");
  std::size_t tries = 0, found = 0;
  for (const json& row : search) {
    ++tries;
    found += row[2] == "yes";
  }
  CHECK(search[0][1] == "naive");
  CHECK(found == pieces[0][2]);
  CHECK(tries == pieces[0][3]);
  bool told = false;
  for (const json& remark : document["remarks"])
    told |= contains(remark.get<std::string>(), "[UNK] stands for \"\xe4\xb8\xad\"");
  CHECK(told);
}

TEST_CASE("bert tokens: a piece that was found shows its own id, also where the word is unknown") {
  const attn::PieceVocabulary vocabulary = attn::app::find_tokenizer("").vocabulary;
  for (const char* text :
       {"gr\xc3\xb6\xc3\x9f"
        "e",
        "so cool\xf0\x9f\x91\x8d", "100\xe2\x82\xac",
        "10\xc2\xb0"
        "C",
        "5\xe2\x82\xac", "unbelievable\xe2\x82\xac", "\xe2\x82\xac", "caf\xc3\xa9"}) {
    for (const char* letters : {"--cased", "--uncased"}) {
      INFO(text, " ", letters);
      const json document = trace_of({"bert", "tokens", text, letters});
      for (const json& row : table(document, "search")) {
        const auto piece = row[1].get<std::string>();
        CHECK(row[3] == (row[2] == "no" ? json("-") : json(vocabulary.find(piece).value())));
      }
      CHECK(pieces_of({text, letters}).size() == ids(document).size());
    }
  }
}

TEST_CASE("bert tokens: an id is the number of a line of the file, in a file or in a folder") {
  const Folder folder;
  const std::string file =
      folder.write("vocab.txt", kSpecial + "play\r\n##ing\r\nThe\r\nT\r\n##he");
  for (const std::string& place : {file, folder.path(), folder.path() + "/"}) {
    CHECK(ids(trace_of({"bert", "tokens", "playing the", "--vocab", place})) == json({5, 6, 1}));
    // It has pieces with capital letters, so it is taken for a cased model's.
    for (const Words& more : {Words{}, Words{"--cased"}})
      CHECK(ids(trace_of(with({"bert", "tokens", "The the", "--vocab", place}, more))) ==
            json({7, 1}));
  }
  expect({"bert", "tokens", "The", "--vocab", file}, 0, "Pieces such as \"The\" have them");
  expect({"bert", "tokens", "The", "--uncased", "--vocab", file}, 0, "ask for --cased");
  CHECK_FALSE(contains(run({"bert", "tokens", "The"}).out, "ask for --cased"));
  expect({"why", "ids[0]", "bert", "tokens", "playing"}, 0, "");
}

TEST_CASE("bert tokens: a bad vocabulary is refused with its place") {
  const Folder folder;
  const auto refused = [&](const std::string& bytes, int code, const char* text) {
    expect({"bert", "tokens", "a", "--vocab", folder.write("vocab.txt", bytes)}, code, text);
  };
  refused("[PAD]\n[UNK]\n[CLS]\n[SEP]\na\n", 3, "no [MASK] among its 5 pieces");
  refused("[PAD]\nthe\n", 3, "no [UNK], [CLS], [SEP], [MASK] among");
  refused("", 3, "no [PAD]");
  refused(kSpecial + "the\na\nthe\n", 3, "line 8: \"the\" is also on line 6");
  refused(kSpecial + "the\n\na\n", 3, "line 7: no piece");
  refused(kSpecial + "a\xff\n", 3, "not UTF-8");
  refused(kSpecial + "a\x1b[31m\na\x1b[31m\n", 3, "\\x1B");
  refused(std::string(17 << 20, 'a'), 5, "larger than");
  expect({"bert", "tokens", "a", "--vocab", folder / "missing.txt"}, 4, "missing.txt");
  std::filesystem::create_directory(folder / "empty");
  expect({"bert", "tokens", "a", "--vocab", folder / "empty"}, 4, "has no vocab.txt");
  expect({"bert", "tokens", "a", "--vocab", "/dev/null"}, 3, "a device");
}

TEST_CASE("bert tokens: a text of nothing is refused, any other is shown") {
  for (const char* text : {"", " \t\r\n", "\x01\x02\x7f", "\xe2\x80\x8b\xef\xbb\xbf", "\xcc\x81"})
    expect({"bert", "tokens", text}, 2, "no words");
  expect({"bert", "tokens", "a\xff"}, 2, "byte 1");
  expect({"bert"}, 2, "one of: tokens, vocab");
  expect({"bert", "tokns", "x"}, 2, "");
  expect({"bert", "tokens", "--dim", "4"}, 2, "--dim");
  expect({"bert", "tokens", std::string(100, 'x')}, 0, "##x");
  expect({"bert", "tokens", std::string(101, 'x')}, 0, "[UNK] stands for");
  expect({"bert", "tokens", "a\r\nb \xd7\xa9\xd7\x9c\xd7\x95\xd7\x9d \xf0\x9f\x98\x80 [MASK]"}, 0);
  std::string many;
  for (int i = 0; i < 10'000; ++i) many += "word" + std::to_string(i % 90) + " ";
  CHECK(trace_of({"bert", "tokens", many})["tokens"].size() >= 20'000);
}

TEST_CASE(
    "bert: the famous sentence is cut without [UNK]; the model of stories says what it lacks") {
  const std::string famous = "The animal didn't cross the street because it was too tired";
  for (const char* command : {"tokens", "inputs"}) {
    const nlohmann::json trace = trace_of({"bert", command, famous});
    for (const auto& step : trace["steps"]) {
      if (step["path"] != "ids") continue;
      for (const auto& id : step["values"]) CHECK(id != 1);  // [UNK]
    }
  }
  for (const char* command : {"mask", "mlm", "attend"}) {
    INFO(command);
    expect({"bert", command, famous}, 0, "This model does not know \"animal\", \"didn\"");
    CHECK_FALSE(contains(expect({"bert", command}, 0).out, "does not know"));
  }
  expect({"bert", "fill", "the zebra can [MASK] the soup"}, 0, "does not know \"zebra\"");
  expect({"bert", "nsp", "the cook eats", "the zebra"}, 0, "\"zebra\"");
}

TEST_CASE("bert vocab: what is saved is read back, and splits its own text as it said") {
  const Folder folder;
  const std::string text = folder.write(
      "text.txt", "playing played player plays Play\r\nreading reads reader Reading walk walks\n");
  const std::string saved = folder / "vocab.txt";
  const json document = trace_of({"bert", "vocab", text, "--size", "40", "--save", saved});
  const attn::PieceVocabulary vocabulary =
      attn::PieceVocabulary::parse(Folder::read(saved), "saved");
  CHECK(vocabulary.size() <= 40);
  CHECK(table(document, "merges").size() > 3);
  for (const json& row : table(document, "merges")) {
    CHECK(vocabulary.find(row[3].get<std::string>()).has_value());
    CHECK(row[7].get<double>() ==
          doctest::Approx(row[4].get<double>() / (row[5].get<double>() * row[6].get<double>())));
  }
  for (const json& row : table(document, "words")) {
    std::string joined;
    for (const std::string& piece :
         pieces_of({"--vocab", folder.path(), row[0].get<std::string>()}))
      joined += (joined.empty() ? "" : " ") + piece;
    CHECK(joined == row[4].get<std::string>());
  }
  // The same file again, byte for byte; with capitals there are more characters.
  expect({"bert", "vocab", text, "--size", "40", "--save", folder / "again.txt"}, 0, "Written");
  CHECK(Folder::read(folder / "again.txt") == Folder::read(saved));
  expect({"bert", "vocab", text, "--cased", "--least", "1", "--save", folder / "cased.txt"}, 0);
  CHECK(contains(Folder::read(folder / "cased.txt"), "\nP\n"));
  CHECK_FALSE(contains(Folder::read(saved), "P\n"));
  // From standard input, and from several files.
  CHECK(
      run(Launch{.arguments = {"bert", "vocab", "-", "--json"}, .input = "a a ab ab"}).exit_code ==
      0);
  expect({"bert", "vocab", text, text}, 0, "22 words, 10 different");
}

TEST_CASE("bert vocab: files that cannot be learnt from or written are refused before any work") {
  const Folder folder;
  const std::string text = folder.write("text.txt", "some words and some more words");
  expect({"bert", "vocab", folder / "missing.txt"}, 4, "missing.txt");
  expect({"bert", "vocab", folder.path()}, 3, "a folder");
  expect({"bert", "vocab", folder.write("empty.txt", "")}, 3, "no words");
  expect({"bert", "vocab", folder.write("control.txt", "\x01\x02\r\n")}, 3, "no words");
  expect({"bert", "vocab", folder.write("latin.txt", "caf\xe9 olé")}, 3, "not UTF-8 at byte 3");
  expect({"bert", "vocab", text, "--save", text}, 2, "both input and output");
  expect({"bert", "vocab", text, "--save", folder / "no/vocab.txt"}, 4, "there is no folder");
  expect({"bert", "vocab", text, "--save", folder.path()}, 4, "it is a folder");
  expect({"bert", "vocab", text, "--save", "/dev/full"}, 4, "/dev/full");
  expect({"bert", "vocab", text, "--size", "5"}, 2, "6");
  CHECK(Folder::read(text) == "some words and some more words");
  // Words too rare to learn from leave the special pieces alone, and say so.
  expect({"bert", "vocab", text, "--least", "1000"}, 0, "ended with 5 pieces");
}

TEST_CASE("bert tokens and bert vocab: at 40 and at 80 columns, and in linear text, lines fit") {
  const std::string text = "Unbelievable \xd7\xa9\xd7\x9c\xd7\x95\xd7\x9d caf\xc3\xa9 " +
                           std::string(90, 'q') + " \xe4\xb8\xad\xe6\x96\x87";
  for (const Words& words : {Words{"bert", "tokens", text}, Words{"bert", "vocab"}}) {
    for (const std::size_t width : {40, 80}) {
      const Result r =
          run(Launch{.arguments = words, .environment = {{"COLUMNS", std::to_string(width)}}});
      REQUIRE(r.exit_code == 0);
      for (const std::string& line : lines(r.out)) {
        CAPTURE(line);
        CHECK(attn::display_width(line) <= width);
      }
    }
    for (const std::string& line : lines(run(with(words, {"--plain"})).out)) {
      CAPTURE(line);
      CHECK(attn::display_width(line) <= 80);
    }
  }
}

TEST_CASE("bert tokens: the program's own vocabulary has all of ASCII and the words it speaks") {
  const attn::PieceVocabulary vocabulary = attn::app::find_tokenizer("").vocabulary;
  for (char c = '!'; c <= '~'; ++c) {
    CAPTURE(c);
    CHECK(vocabulary.find(std::string(1, c)).has_value());
    CHECK(vocabulary.find("##" + std::string(1, c)).has_value());
  }
  for (const char* piece : {"un", "##ing", "##ed", "##s", "##er", "##ly", "##un"})
    CHECK(vocabulary.find(piece).has_value());
  for (const char* language : {"english-german", "it"}) {
    const attn::Language found = attn::app::find_language(language);
    for (const std::string& word : found.source().names()) {
      CAPTURE(word);
      if (!word.starts_with("<")) CHECK(vocabulary.find(word).has_value());  // <end>
    }
  }
  CHECK(attn::piece_with_capitals(vocabulary).empty());
}
