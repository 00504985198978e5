// attn bert corpus as a process: what it shows and writes, and bad input.
#include <doctest/doctest.h>

#include <nlohmann/json.hpp>

#include "attn/text/utf8.h"
#include "attn/train/corpus.h"
#include "program/process.h"

using namespace attn::test;
using nlohmann::json;

namespace {

const char* const kTopics =
    "pattern = the $who can $verb\npattern = the $verb of $who is good\ntopic a\nwho = dog cat\n"
    "verb = run walk\ntopic b\nwho = man cat\nverb = read walk\n";

json table(const json& trace, const std::string& name) {
  for (const json& t : trace["tables"]) {
    if (t["name"] == name) return t;
  }
  FAIL("no table ", name);
  return {};
}

}  // namespace

TEST_CASE("bert corpus: shows stories, patterns, topics and the best scores in 80 columns") {
  for (const char* form : {"--plain", "--color=never"}) {
    const Result r = expect(
        Launch{.arguments = {"bert", "corpus", form}, .environment = {{"COLUMNS", "80"}}}, 0);
    for (const std::string& line : lines(r.out)) {
      CAPTURE(line);
      CHECK(attn::display_width(line) <= 80);
    }
    for (const char* part :
         {"castle", "the $who can $verb", "watch", "word loss", "P(b follows a)"})
      CHECK(contains(r.out, part));
  }
}

TEST_CASE("bert corpus: more pairs make the standard errors smaller, not the scores another") {
  const json few = table(trace_of({"bert", "corpus", "--pairs", "1000"}), "best"),
             many = table(trace_of({"bert", "corpus", "--pairs", "16000", "--seed", "2"}), "best");
  REQUIRE(few["rows"].size() == 4);
  for (std::size_t i = 0; i < 4; ++i) {
    const double difference = few["rows"][i][1].get<double>() - many["rows"][i][1].get<double>();
    const double large = few["rows"][i][2], small = many["rows"][i][2];
    CHECK(std::abs(difference) < 4 * std::hypot(large, small));
    CHECK(large / small > 2.5);
    CHECK(large / small < 6);
  }
  CHECK(many["rows"][3][1].get<double>() >= 0.98);  // next-sentence accuracy
}

TEST_CASE("bert corpus: writes a text that a corpus is read from") {
  const Folder folder;
  const std::string file = folder / "stories.txt";
  expect({"bert", "corpus", "--documents", "40", "--pairs", "100", "--save", file}, 0,
         "40 documents");
  const attn::TextCorpus corpus = attn::TextCorpus::read(file);
  CHECK(corpus.documents(attn::Split::train).size() + corpus.documents(attn::Split::test).size() ==
        40);
  const std::string first = Folder::read(file);
  expect({"bert", "corpus", "--documents", "40", "--pairs", "100", "--save", file}, 0);
  CHECK(Folder::read(file) == first);
  expect({"bert", "corpus", "--documents", "40", "--pairs", "100", "--save", file, "--seed", "2"},
         0);
  CHECK(Folder::read(file) != first);
}

TEST_CASE("bert corpus: topics of the user's own") {
  const Folder folder;
  const std::string file = folder.write("own.topics", kTopics);
  const json trace = trace_of({"bert", "corpus", "--corpus", file, "--pairs", "200"});
  CHECK(table(trace, "topics")["rows"] == json::parse(R"([["a", "dog cat"], ["b", "man cat"]])"));
  CHECK(table(trace, "patterns")["rows"][1] ==
        json::parse(R"([0.5, 6, "the $verb of $who is good"])"));
}

TEST_CASE("bert corpus: bad input") {
  const Folder folder;
  const auto corpus = [&](const std::string& name, std::string_view bytes) {
    return Words{"bert", "corpus", "--corpus", folder.write(name, bytes)};
  };
  expect(corpus("empty", ""), 3, "no pattern");
  expect(corpus("line", "pattern = the $who\ntopic a\nwho\n"), 3, "line 3: no \"=\"");
  expect(corpus("bytes", "\xFF\xFE"), 3, "not UTF-8");
  expect(corpus("large", std::string((1 << 20) + 1, '#')), 5, "larger than 1048576 bytes");
  const Result inert = expect(corpus("escape", "pattern = \x1b[31m\n"), 3, "\\x1B[31m");
  CHECK_FALSE(contains(inert.err, "\x1b"));
  expect({"bert", "corpus", "--corpus", folder / "missing"}, 4, "missing");
  expect({"bert", "corpus", "--corpus", folder.path()}, 3, "folder");
  expect({"bert", "corpus", "--save", folder / "no/dir"}, 4, "there is no folder");
  expect({"bert", "corpus", "--save", "/dev/full"}, 4, "/dev/full");
  expect({"bert", "corpus", "--documents", "0"}, 2, "--documents");
  expect({"bert", "corpus", "--pairs", "99"}, 2, "--pairs");
  const std::string own = folder.write("own.topics", kTopics);
  expect({"bert", "corpus", "--corpus", own, "--save", own}, 2, "both input and output");
  CHECK(Folder::read(own) == kTopics);
}
