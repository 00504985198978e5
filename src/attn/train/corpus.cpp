#include "attn/train/corpus.h"

#include <fmt/format.h>

#include <algorithm>

#include "attn/core/error.h"
#include "attn/core/how_many.h"
#include "attn/core/joined.h"
#include "attn/io/file.h"
#include "attn/text/fields.h"
#include "attn/text/utf8.h"

namespace attn {

namespace {

constexpr std::size_t kFewest = 2;  // documents of a split: b comes from another one

std::uint64_t number(Rng& rng) {
  const std::uint64_t high = rng.next(), low = rng.next();
  return (high << 32) | low;
}

std::uint64_t hash(const Sentences& document) {
  Rng rng = Rng(0).stream(joined(document, "\n"));
  return number(rng);
}

[[noreturn]] void too_few(const std::string& name, std::size_t documents, std::size_t left_out) {
  throw Error(
      ErrorKind::bad_input,
      fmt::format("{}: {} of two or more sentences{}; {} are needed, half of "
                  "them to test on",
                  escaped(name, 200), how_many(documents, "different document"),
                  left_out == 0 ? "" : fmt::format(" ({} of one sentence)", left_out), 2 * kFewest),
      "one sentence on each line, and an empty line between documents");
}

}  // namespace

NextPair TopicPairs::draw(Rng& rng, Split split) const {
  Rng own = Rng(number(rng)).stream(split == Split::test ? "test pairs" : "training pairs");
  const TopicPair pair = grammar_.draw_pair(own);
  return {grammar_.text(pair.a), grammar_.text(pair.b), pair.is_next};
}

std::string TopicPairs::description() const {
  return fmt::format("pairs of {} ({} topics, {} words)", name_, grammar_.topics().size(),
                     grammar_.words().size());
}

TextCorpus TextCorpus::parse(std::string_view text, const std::string& name) {
  if (text.size() > kLargest)
    throw Error(ErrorKind::limit,
                fmt::format("{} is larger than {} bytes", escaped(name, 200), kLargest),
                "take a part of it");
  if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);  // the mark of some editors
  std::vector<Sentences> documents(1);
  std::size_t line_number = 0;
  for (const std::string_view line : split(text, '\n')) {
    ++line_number;
    std::size_t bad = 0;
    if (!valid_utf8(line, &bad))
      throw Error(ErrorKind::bad_input,
                  fmt::format("{}, line {}: not UTF-8 at byte {} of the line", escaped(name, 200),
                              line_number, bad),
                  "save the text as UTF-8");
    if (!line.empty()) {
      documents.back().emplace_back(line);
    } else if (!documents.back().empty()) {
      documents.emplace_back();
    }
  }
  if (documents.back().empty()) documents.pop_back();
  if (documents.empty())
    throw Error(ErrorKind::bad_input, fmt::format("{}: no sentence", escaped(name, 200)),
                "one sentence on each line, and an empty line between documents");

  TextCorpus corpus;
  corpus.name_ = name;
  corpus.left_out_ = std::erase_if(documents, [](const Sentences& d) { return d.size() < 2; });
  // Equal documents have equal hashes, and stay together.
  std::vector<std::uint64_t> hashes;
  for (const Sentences& document : documents) hashes.push_back(hash(document));
  std::vector<std::uint64_t> order = hashes;
  std::sort(order.begin(), order.end());
  order.erase(std::unique(order.begin(), order.end()), order.end());
  if (order.size() < 2 * kFewest) too_few(name, order.size(), corpus.left_out_);
  const std::uint64_t last_test = order[std::max(kFewest, order.size() / 8) - 1];
  for (std::size_t i = 0; i < documents.size(); ++i) {
    Part& part = hashes[i] <= last_test ? corpus.test_ : corpus.train_;
    part.pairs_before.push_back(part.pairs);
    part.pairs += documents[i].size() - 1;
    part.documents.push_back(std::move(documents[i]));
  }
  return corpus;
}

TextCorpus TextCorpus::read(const std::string& path) {
  return parse(read_file(path, kLargest), path);
}

NextPair TextCorpus::draw(Rng& rng, Split split) const {
  const Part& part = of(split);
  const std::size_t place = rng.below(part.pairs);  // all sentences with a next one alike
  const std::size_t document = static_cast<std::size_t>(
      std::upper_bound(part.pairs_before.begin(), part.pairs_before.end(), place) -
      part.pairs_before.begin() - 1);
  const std::size_t sentence = place - part.pairs_before[document];
  NextPair pair{part.documents[document][sentence], "", rng.below(2) == 0};
  if (pair.is_next) {
    pair.b = part.documents[document][sentence + 1];
  } else {
    std::size_t other = rng.below(part.documents.size() - 1);
    other += other >= document;  // any but this one
    pair.b = part.documents[other][rng.below(part.documents[other].size())];
  }
  return pair;
}

std::string TextCorpus::description() const {
  return fmt::format("text {} ({} and {} documents, {} and {} pairs of neighbours)", name_,
                     train_.documents.size(), test_.documents.size(), train_.pairs, test_.pairs);
}

std::string corpus_text(const std::vector<Sentences>& documents) {
  std::string text;
  for (const Sentences& document : documents) {
    if (!text.empty()) text += '\n';
    for (const std::string& sentence : document) text += sentence + '\n';
  }
  return text;
}

}  // namespace attn
