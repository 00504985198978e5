// Pairs of sentences from texts and from grammars.
#include "attn/train/corpus.h"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <set>

#include "io_support.h"

using namespace attn;
using io_test::check_bad;
using io_test::check_error;

namespace {

/// Documents whose sentences say where they stand: "3.0", "3.1", ...
std::vector<Sentences> numbered(std::size_t documents, std::size_t sentences) {
  std::vector<Sentences> all(documents);
  for (std::size_t d = 0; d < documents; ++d) {
    for (std::size_t s = 0; s < sentences; ++s) all[d].push_back(fmt::format("{}.{}", d, s));
  }
  return all;
}

TextCorpus parse(const std::string& text) { return TextCorpus::parse(text, "c.txt"); }

std::set<Sentences> set_of(const std::vector<Sentences>& documents) {
  return {documents.begin(), documents.end()};
}

}  // namespace

TEST_CASE("corpus: what is written is read again, and each document is in one split") {
  const std::vector<Sentences> documents = numbered(80, 3);
  const TextCorpus corpus = parse(corpus_text(documents));
  const auto &train = corpus.documents(Split::train), &test = corpus.documents(Split::test);
  CHECK(test.size() == 10);
  CHECK(train.size() == 70);
  std::set<Sentences> both = set_of(train);
  both.merge(set_of(test));
  CHECK(both == set_of(documents));
  // The same documents in another order are split alike.
  std::vector<Sentences> turned(documents.rbegin(), documents.rend());
  CHECK(set_of(parse(corpus_text(turned)).documents(Split::test)) == set_of(test));
}

TEST_CASE("corpus: CRLF, spaces at the ends, many empty lines and a byte order mark") {
  const TextCorpus corpus =
      parse("\xEF\xBB\xBF\n\nA b.\r\n  c d \r\n\r\n \t\r\n\ne\nf\n\ng\nh\n\nalone\n\ni\nj");
  std::set<Sentences> all = set_of(corpus.documents(Split::train));
  all.merge(set_of(corpus.documents(Split::test)));
  CHECK(all == std::set<Sentences>{{"A b.", "c d"}, {"e", "f"}, {"g", "h"}, {"i", "j"}});
  CHECK(corpus.documents(Split::test).size() == 2);
  CHECK(corpus.left_out() == 1);
}

TEST_CASE("corpus: equal documents are in the same split") {
  std::string text = corpus_text(numbered(6, 2));
  for (int i = 0; i < 3; ++i) text += "\n" + corpus_text(numbered(6, 2));
  const TextCorpus corpus = parse(text);
  for (const Sentences& document : corpus.documents(Split::test)) {
    const auto& train = corpus.documents(Split::train);
    CHECK(std::find(train.begin(), train.end(), document) == train.end());
  }
  CHECK(corpus.documents(Split::test).size() == 8);
}

TEST_CASE("corpus: b follows a in half of the pairs, else it comes from another document") {
  const std::size_t sentences = 4;
  const TextCorpus corpus = parse(corpus_text(numbered(24, sentences)));
  for (const Split split : {Split::train, Split::test}) {
    std::map<std::string, std::size_t> of;  // document by sentence
    std::map<std::string, std::string> after;
    const auto& documents = corpus.documents(split);
    for (std::size_t d = 0; d < documents.size(); ++d) {
      for (std::size_t s = 0; s < sentences; ++s) of[documents[d][s]] = d;
      for (std::size_t s = 1; s < sentences; ++s) after[documents[d][s - 1]] = documents[d][s];
    }
    Rng rng(1);
    const int count = 4000;
    int next = 0;
    std::map<std::string, int> firsts, others;
    for (int i = 0; i < count; ++i) {
      const NextPair pair = corpus.draw(rng, split);
      ++firsts[pair.a];
      next += pair.is_next;
      REQUIRE(of.count(pair.a) == 1);
      REQUIRE(of.count(pair.b) == 1);
      if (pair.is_next) {
        CHECK(after.at(pair.a) == pair.b);
      } else {
        CHECK(of[pair.a] != of[pair.b]);
        ++others[pair.b];
      }
    }
    CHECK(std::abs(next - count / 2) < 4 * std::sqrt(count / 4.0));
    CHECK(firsts.size() == after.size());  // all with a next one
    CHECK(others.size() == of.size());     // any sentence
  }
}

TEST_CASE("corpus: texts from which nothing can be learnt are refused with the reason") {
  check_bad("c.txt: no sentence", [] { parse(""); });
  check_bad("c.txt: no sentence", [] { parse(" \n\r\n\t\n"); });
  check_bad("c.txt: 0 different documents of two or more sentences (1 of one sentence)",
            [] { parse("only one"); });
  check_bad("c.txt: 1 different document of two or more sentences; 4 are needed",
            [] { parse("one\ntwo\nthree"); });
  check_bad("3 different documents", [] { parse(corpus_text(numbered(3, 5))); });
  check_bad("1 different document of", [] { parse("a\nb\n\na\nb\n\na\nb\n\na\nb"); });
  check_bad("c.txt, line 3: not UTF-8 at byte 2", [] { parse("a\nb\nxy\xFFz\n"); });
  check_error(ErrorKind::limit, "larger than 67108864 bytes",
              [] { parse(std::string(TextCorpus::kLargest + 1, 'a')); });
  check_error(ErrorKind::io, "missing.txt", [] { TextCorpus::read("/nowhere/missing.txt"); });
  CHECK(parse(corpus_text(numbered(4, 2))).documents(Split::train).size() == 2);
}

TEST_CASE("corpus: pairs of a grammar differ between the splits, whatever the generator") {
  const TopicPairs pairs("tiny",
                         TopicGrammar::parse("pattern = $who $x $x $x $x\ntopic a\nwho = k l\n"
                                             "x = a b c d e f g h\n",
                                             "tiny"));
  Rng train(1), test(1), again(1);
  int same = 0, next = 0;
  for (int i = 0; i < 400; ++i) {
    const NextPair a = pairs.draw(train, Split::train), b = pairs.draw(test, Split::test),
                   c = pairs.draw(again, Split::train);
    CHECK(a.a == c.a);
    CHECK(a.b == c.b);
    CHECK(a.is_next == c.is_next);
    same += a.a == b.a && a.b == b.b;
    next += a.is_next;
  }
  CHECK(same < 10);
  CHECK(std::abs(next - 200) < 40);
}
