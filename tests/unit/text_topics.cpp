// Grammars with topics: what they make, and every way to write one wrong.
#include "attn/text/topics.h"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <cmath>
#include <map>
#include <numeric>
#include <set>

#include "app/frame/data.h"
#include "io_support.h"

using namespace attn;
using io_test::check_bad;

namespace {

TopicGrammar parse(const std::string& text) { return TopicGrammar::parse(text, "g.topics"); }

const char* const kFarm =
    "pattern 3 = $name the $who can $verb\npattern = the $thing of $whose $thing\n"
    "thing = egg corn\ntopic farm\nwho/name/whose = cow/max/its man/tom/his\nverb = eat see\n"
    "topic shop\nwho/name/whose = man/max/his\nverb = buy\nthing = corn\n";

void check_wrong(const std::string& text, const std::string& part) {
  INFO(text);
  check_bad(part, [&] { parse(text); });
}

/// How often each sentence comes among `count` documents' first ones.
std::map<std::string, int> first_sentences(const TopicGrammar& g, int count) {
  Rng rng(1);
  std::map<std::string, int> out;
  for (int i = 0; i < count; ++i) ++out[g.text(g.draw_document(rng).sentences[0])];
  return out;
}

}  // namespace

TEST_CASE("topics: words, names and lists stand in the order of the file") {
  const TopicGrammar g = parse(kFarm);
  using Words = std::vector<std::string>;
  CHECK(g.words() == Words{"the", "can", "of", "egg", "corn", "cow", "max", "its", "man", "tom",
                           "his", "eat", "see", "buy"});
  CHECK(g.lists() == Words{"verb", "thing"});
  CHECK(g.who_names() == Words{"who", "name", "whose"});
  REQUIRE(g.patterns().size() == 2);
  CHECK(g.patterns()[0].share == 0.75);
  CHECK(g.patterns()[1].text == "the $thing of $whose $thing");
  REQUIRE(g.topics().size() == 2);
  CHECK(g.topics()[1].name == "shop");
  CHECK(g.topics()[1].lists[1]->words == std::vector<std::size_t>{4});  // its own list
}

TEST_CASE("topics: sentences come as often as weights, ranks and topics say") {
  // P = 1/2 (topic) 1/2 (who) 3/4 (pattern) and 2/3 or 1/3 for the two verbs; and so on.
  const std::map<std::string, double> chances = {
      {"max the cow can eat", 1.0 / 8},
      {"max the cow can see", 1.0 / 16},
      {"tom the man can eat", 1.0 / 8},
      {"tom the man can see", 1.0 / 16},
      {"max the man can buy", 3.0 / 8},
      {"the egg of its egg", 1.0 / 36},
      {"the egg of its corn", 1.0 / 72},
      {"the corn of its egg", 1.0 / 72},
      {"the corn of its corn", 1.0 / 144},
      {"the egg of his egg", 1.0 / 36},
      {"the egg of his corn", 1.0 / 72},
      {"the corn of his egg", 1.0 / 72},
      {"the corn of his corn", 1.0 / 144 + 1.0 / 8},
  };
  const int count = 20'000;
  const auto counts = first_sentences(parse(kFarm), count);
  CHECK(counts.size() == chances.size());
  for (const auto& [made, chance] : chances) {
    const std::string sentence = made;
    INFO(sentence);
    REQUIRE(counts.count(sentence) == 1);
    const double error = std::sqrt(count * chance * (1 - chance));
    CHECK(std::abs(counts.at(sentence) - count * chance) < 4 * error);
  }
}

TEST_CASE("topics: a document has 4 to 8 sentences about one topic and one who") {
  const TopicGrammar g = parse(
      "pattern = $who $verb\ntopic a\nwho = x y\nverb = p q\ntopic b\nwho = x z\nverb = r s\n");
  Rng rng(1);
  std::set<std::size_t> lengths;
  std::set<std::string> firsts;
  for (int i = 0; i < 200; ++i) {
    const TopicDocument d = g.draw_document(rng);
    lengths.insert(d.sentences.size());
    for (const TopicSentence& sentence : d.sentences) {
      CHECK(sentence.words[0] == g.topics()[d.topic].who[d.who][0]);
      CHECK(g.topics()[d.topic].lists[0]->chance.count(sentence.words[1]) == 1);
    }
  }
  CHECK(lengths == std::set<std::size_t>{4, 5, 6, 7, 8});
}

TEST_CASE("topics: in half of the pairs b has the topic and who of a, else any") {
  const TopicGrammar g = parse("pattern = $who\ntopic a\nwho = a b c d\n");
  Rng rng(1);
  const int count = 8000;
  int next = 0, same = 0;
  for (int i = 0; i < count; ++i) {
    const TopicPair pair = g.draw_pair(rng);
    next += pair.is_next;
    if (pair.is_next) {
      CHECK(pair.a.words == pair.b.words);
    } else {
      same += pair.a.words == pair.b.words;
    }
  }
  CHECK(std::abs(next - count / 2) < 4 * std::sqrt(count / 4.0));
  CHECK(std::abs(same - count / 8) < 4 * std::sqrt(count / 8.0));  // by chance, one in four
}

TEST_CASE("topics: shares of words are those of drawn sentences, and sum to 1") {
  const TopicGrammar g = parse(kFarm);
  const std::vector<double> shares = g.word_shares();
  CHECK(std::accumulate(shares.begin(), shares.end(), 0.0) == doctest::Approx(1));
  // All patterns have 5 words: "the" stands once in each.
  CHECK(shares[0] == doctest::Approx(0.2));
  CHECK(shares[9] == doctest::Approx(0.2 * 0.75 / 4));  // tom
  std::vector<double> counts(shares.size());
  Rng rng(2);
  double all = 0;
  for (int i = 0; i < 5000; ++i) {
    for (const TopicSentence& sentence : g.draw_document(rng).sentences) {
      for (const std::size_t word : sentence.words) ++counts[word], ++all;
    }
  }
  for (std::size_t word = 0; word < shares.size(); ++word)
    CHECK(std::abs(counts[word] / all - shares[word]) < 0.006);
}

TEST_CASE("topics: comments, empty lines, tabs, CRLF and a byte order mark change nothing") {
  const TopicGrammar g =
      parse("\xEF\xBB\xBF# c\r\n\r\npattern\t=\t$who\tis  big\r\ntopic  a\r\nwho  =  x\ty\r\n");
  CHECK(g.words() == std::vector<std::string>{"is", "big", "x", "y"});
  CHECK(g.patterns()[0].text == "$who is big");
}

TEST_CASE("topics: every mistake is told with its line") {
  const std::string head = "pattern = $who $verb\n", topic = "topic a\nwho = x\nverb = v\n";
  parse(head + topic);  // right
  check_wrong("", "g.topics: no pattern");
  check_wrong("# only a comment", "g.topics: no pattern");
  check_wrong(head, "g.topics: no topic");
  check_wrong(topic, "g.topics: no pattern");
  check_wrong("\xFF", "g.topics: not UTF-8");
  check_wrong("\n\nhello", "line 3: no \"=\"");
  check_wrong("pattern =", "line 1: a pattern without words");
  check_wrong("pattern = The dog", "line 1: \"The\" is not one lower-case word");
  check_wrong("pattern = a-b", "\"a-b\" is not one lower-case word");
  for (const char* field : {"$", "$Who", "$a.b", "$1"})
    check_wrong(fmt::format("pattern = {}", field), "does not name a list");
  for (const char* weight : {"0", "-1", "nan", "inf", "1e400", "2x", "1,5", "1e7", "+2"})
    check_wrong(fmt::format("pattern {} = a", weight), "is not a weight");
  check_wrong("pattern 1 2 = a", "line 1: \"pattern 1 2\" is not the name of a list");
  check_wrong("topic\n", "line 1: a topic has one lower-case word");
  check_wrong("topic a b\n", "line 1: a topic has one lower-case word");
  check_wrong("topic A\n", "line 1: a topic has one lower-case word");
  check_wrong("topic = a\n", "\"topic\" is not the name of a list");
  check_wrong("topic a\ntopic b\ntopic a", "line 3: the topic a twice, first in line 1");
  for (const char* name : {"", "Verb", "a b", "verb/noun", "/", "who/who", "who/", "$verb", "1"})
    check_wrong(fmt::format("{} = a", name), "line 1: ");
  check_wrong(head + "topic a\nwho = x\nverb =\n", "line 4: 0 words in verb");
  check_wrong(head + "topic a\nwho = x y x\n", "line 3: \"x\" twice in who");
  check_wrong(head + topic + "verb = w", "line 5: verb twice, first in line 4");
  check_wrong(head + "topic a\nwho = x\n",
              "line 2: the topic a has no list \"verb\", for which line 1");
  check_wrong("pattern = a\ntopic a\n", "line 2: the topic a has no list \"who\"");
  check_wrong(head + topic + "thing = w", "line 5: no pattern has $thing");
  check_wrong("thing = w\n" + head + topic, "line 1: no pattern has $thing");
  check_wrong(head + topic + "topic b\nwho/name = x/y\n", "line 6: who/name here, but who before");
  check_wrong("who/name = x/y z\n", "line 1: \"z\" is not who/name");
  check_wrong("who/name = x/\n", "\"\" is not one lower-case word");
  check_wrong("who = x/y\n", "\"x/y\" is not who");
  check_wrong("pattern = $name\ntopic a\nwho = x\n", "has no list \"name\", for which line 1");
}

TEST_CASE("topics: what is too much is refused") {
  std::string many = "pattern = $who\n";
  for (int i = 0; i < 101; ++i) many += fmt::format("topic t{}\nwho = x\n", i);
  check_wrong(many, "more than 100 topics");
  std::string patterns;
  for (int i = 0; i < 101; ++i) patterns += "pattern = $who\n";
  check_wrong(patterns, "line 101: more than 100 patterns");
  std::string words = "who =";
  for (int i = 0; i < 1001; ++i) words += fmt::format(" w{}", i);
  check_wrong(words, "1001 words in who");
  std::string longest = "pattern =";
  for (int i = 0; i < 31; ++i) longest += " a";
  check_wrong(longest, "a pattern of 31 words");
}

TEST_CASE("topics: the program's own stories are sentences of 6 to 9 words") {
  const TopicGrammar g = TopicGrammar::parse(app::data_file("stories.topics"), "stories.topics");
  CHECK(g.topics().size() == 16);
  CHECK(g.words().size() == 211);
  for (const TopicGrammar::Pattern& pattern : g.patterns()) {
    CHECK(pattern.parts.size() >= 6);
    CHECK(pattern.parts.size() <= 9);
  }
  for (const TopicGrammar::Topic& topic : g.topics()) {  // "the cook" is one person of the kitchen
    std::set<std::size_t> whos;
    for (const TopicGrammar::Who& who : topic.who) whos.insert(who[0]);
    CHECK(whos.size() == topic.who.size());
  }
}
