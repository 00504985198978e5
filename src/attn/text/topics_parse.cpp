// Reading the text of a TopicGrammar.
#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "attn/core/error.h"
#include "attn/core/joined.h"
#include "attn/text/fields.h"
#include "attn/text/topics.h"
#include "attn/text/utf8.h"
#include "attn/text/words.h"

namespace attn {

namespace {

// More than anybody writes by hand, and few enough for best_scores to end.
constexpr std::size_t kMostPatterns = 100, kMostTopics = 100, kLongestList = 1000, kMostNames = 8;

bool is_name(std::string_view name) {
  return !name.empty() && name.find_first_not_of("abcdefghijklmnopqrstuvwxyz_-") == name.npos;
}

/// A list while it is read: an entry of who has a word for each of its names, any other one word.
struct Entries {
  std::size_t line = 0;
  std::vector<std::vector<std::size_t>> words;
};
using Lists = std::map<std::string, Entries, std::less<>>;

struct TopicLines {
  std::string name;
  std::size_t line;
  Lists lists;
};

std::shared_ptr<const TopicGrammar::List> list_of(const Entries& entries) {
  TopicGrammar::List list;
  double total = 0;
  for (std::size_t r = 0; r < entries.words.size(); ++r) total += 1 / static_cast<double>(r + 1);
  for (std::size_t r = 0; r < entries.words.size(); ++r) {
    list.words.push_back(entries.words[r][0]);
    list.chance[list.words[r]] = 1 / static_cast<double>(r + 1) / total;
  }
  return std::make_shared<const TopicGrammar::List>(std::move(list));
}

}  // namespace

class TopicReader {
 public:
  explicit TopicReader(const std::string& name) : name_(name) {}
  TopicGrammar read(std::string_view text);

 private:
  [[noreturn]] void wrong(std::size_t line, const std::string& what,
                          const std::string& hint) const {
    throw Error(ErrorKind::bad_input,
                line == 0 ? fmt::format("{}: {}", escaped(name_), what)
                          : fmt::format("{}, line {}: {}", escaped(name_), line, what),
                hint);
  }
  std::size_t word_id(std::string_view word);
  void read_line(std::string_view line);
  void read_topic(const std::vector<std::string_view>& left);
  void read_pattern(const std::vector<std::string_view>& left, std::string_view right);
  void read_list(std::string_view left, std::string_view right);
  void finish_patterns();
  void finish_topics();
  const Entries& entries_of(const TopicLines& topic, const std::string& list) const;
  void check_all_used() const;

  const std::string& name_;
  std::size_t line_ = 0;
  TopicGrammar g_;
  std::map<std::string, std::size_t, std::less<>> word_ids_;
  std::map<std::string, std::size_t, std::less<>> asked_;  // $NAME: the first line that has it
  std::string who_;                                        // "who/name/whose"
  Lists shared_;
  std::vector<TopicLines> topics_;
};

std::size_t TopicReader::word_id(std::string_view word) {
  if (words(word) != std::vector{std::string(word)})
    wrong(line_, fmt::format("\"{}\" is not one lower-case word", escaped(word)),
          "words are small letters and digits, with spaces between them");
  const auto [found, fresh] = word_ids_.emplace(word, g_.words_.size());
  if (fresh) g_.words_.emplace_back(word);
  return found->second;
}

void TopicReader::read_topic(const std::vector<std::string_view>& left) {
  if (left.size() != 2 || words(left[1]) != std::vector{std::string(left[1])})
    wrong(line_, "a topic has one lower-case word as its name", "topic NAME");
  if (topics_.size() == kMostTopics)
    wrong(line_, fmt::format("more than {} topics", kMostTopics), "leave some out");
  for (const TopicLines& topic : topics_) {
    if (topic.name == left[1])
      wrong(line_,
            fmt::format("the topic {} twice, first in line {}", escaped(left[1]), topic.line),
            "give each topic once, with all its lists below it");
  }
  topics_.push_back({std::string(left[1]), line_, {}});
}

void TopicReader::read_pattern(const std::vector<std::string_view>& left, std::string_view right) {
  if (g_.patterns_.size() == kMostPatterns)
    wrong(line_, fmt::format("more than {} patterns", kMostPatterns), "leave some out");
  TopicGrammar::Pattern pattern{1, {}, "", line_};
  if (left.size() == 2) {
    const std::optional<double> weight = read_weight(left[1]);
    if (!weight)
      wrong(line_, fmt::format("\"{}\" is not a weight", escaped(left[1])),
            "a number above 0 and at most 1000000, such as 2");
    pattern.share = *weight;
  }
  const std::vector<std::string_view> parts = fields(right);
  if (parts.empty())
    wrong(line_, "a pattern without words", "pattern = the $who can $verb the $thing");
  if (parts.size() > TopicGrammar::kLongest)
    wrong(line_, fmt::format("a pattern of {} words", parts.size()),
          fmt::format("at most {} words", TopicGrammar::kLongest));
  for (const std::string_view part : parts) {
    if (!part.starts_with('$')) {
      word_id(part);
    } else if (is_name(part.substr(1))) {
      asked_.emplace(part.substr(1), line_);
    } else {
      wrong(line_, fmt::format("\"{}\" does not name a list", escaped(part)),
            "write $NAME, the name in small letters");
    }
  }
  pattern.text = joined(parts, " ");
  g_.patterns_.push_back(std::move(pattern));
}

void TopicReader::read_list(std::string_view left, std::string_view right) {
  const std::vector<std::string_view> names = split(left, '/');
  const std::string list(names[0]);
  const bool right_names =
      std::all_of(names.begin(), names.end(), is_name) && (names.size() == 1 || list == "who") &&
      names.size() <= kMostNames && list != "topic" && list != "pattern" &&
      std::set<std::string_view>(names.begin(), names.end()).size() == names.size();
  if (!right_names)
    wrong(
        line_, fmt::format("\"{}\" is not the name of a list", escaped(left)),
        "a name in small letters (verb = taste serve); only who has several (who/name = cook/tom)");
  if (list == "who") {
    if (who_.empty()) {
      who_ = left;
      g_.who_names_.assign(names.begin(), names.end());
    } else if (who_ != left) {
      wrong(line_, fmt::format("{} here, but {} before", escaped(left), who_),
            "every list of who needs the same names");
    }
  }
  Entries entries{line_, {}};
  std::set<std::vector<std::size_t>> seen;
  for (const std::string_view field : fields(right)) {
    const std::vector<std::string_view> parts = split(field, '/');
    if (parts.size() != names.size())
      wrong(line_, fmt::format("\"{}\" is not {}", escaped(field), escaped(left)),
            fmt::format("{} word{} for each entry", names.size(), names.size() == 1 ? "" : "s"));
    std::vector<std::size_t> ids;
    for (const std::string_view part : parts) ids.push_back(word_id(part));
    if (!seen.insert(ids).second)
      wrong(line_, fmt::format("\"{}\" twice in {}", escaped(field), list),
            "give each entry of a list once; the first ones are the most frequent");
    entries.words.push_back(std::move(ids));
  }
  if (entries.words.empty() || entries.words.size() > kLongestList)
    wrong(line_, fmt::format("{} words in {}", entries.words.size(), list),
          fmt::format("1 to {} words: verb = taste serve", kLongestList));
  Lists& lists = topics_.empty() ? shared_ : topics_.back().lists;
  const auto [found, fresh] = lists.emplace(list, std::move(entries));
  if (!fresh)
    wrong(line_, fmt::format("{} twice, first in line {}", list, found->second.line),
          "one line for each list of a topic");
}

void TopicReader::read_line(std::string_view line) {
  const std::size_t equals = line.find('=');
  const std::string_view before = trimmed(line.substr(0, equals));
  const std::vector<std::string_view> left = fields(before);
  if (equals == line.npos && left[0] == "topic") return read_topic(left);
  if (equals == line.npos)
    wrong(line_, "no \"=\"", "a line is topic NAME, pattern = words, or NAME = words");
  const std::string_view right = line.substr(equals + 1);
  if (!left.empty() && left[0] == "pattern" && left.size() <= 2) return read_pattern(left, right);
  read_list(before, right);
}

const Entries& TopicReader::entries_of(const TopicLines& topic, const std::string& list) const {
  for (const Lists* lists : {&topic.lists, &shared_}) {
    const auto found = lists->find(list);
    if (found != lists->end()) return found->second;
  }
  const auto asked = asked_.find(list);
  wrong(topic.line,
        asked == asked_.end()  // who, without which there is no document
            ? fmt::format("the topic {} has no list \"{}\"", topic.name, list)
            : fmt::format("the topic {} has no list \"{}\", for which line {} asks", topic.name,
                          list, asked->second),
        fmt::format("below the topic, or before the first one for all: {} = word word ...", list));
}

void TopicReader::check_all_used() const {
  const auto check = [&](const Lists& lists) {
    for (const auto& [list, entries] : lists) {
      if (list != "who" && !asked_.count(list))
        wrong(entries.line, fmt::format("no pattern has ${}", list),
              "correct the name, or leave the list out");
    }
  };
  check(shared_);
  for (const TopicLines& topic : topics_) check(topic.lists);
}

void TopicReader::finish_patterns() {
  using Kind = TopicGrammar::Part::Kind;
  const auto place = [](std::vector<std::string>& names, const std::string& name) {
    return static_cast<std::size_t>(std::find(names.begin(), names.end(), name) - names.begin());
  };
  double total = 0;
  for (const TopicGrammar::Pattern& pattern : g_.patterns_) total += pattern.share;
  for (TopicGrammar::Pattern& pattern : g_.patterns_) {
    pattern.share /= total;
    for (const std::string_view field : fields(pattern.text)) {
      const std::string name(field.substr(1));
      const std::size_t who = place(g_.who_names_, name), list = place(g_.lists_, name);
      if (!field.starts_with('$')) {
        pattern.parts.push_back({Kind::word, word_ids_.find(field)->second});
      } else if (who < g_.who_names_.size()) {
        pattern.parts.push_back({Kind::who, who});
      } else {
        if (list == g_.lists_.size()) g_.lists_.push_back(name);
        pattern.parts.push_back({Kind::list, list});
      }
    }
  }
}

void TopicReader::finish_topics() {
  std::map<const Entries*, std::shared_ptr<const TopicGrammar::List>> made;
  for (const TopicLines& lines : topics_) {
    TopicGrammar::Topic topic{lines.name, entries_of(lines, "who").words, {}};
    for (const std::string& list : g_.lists_) {
      const Entries& entries = entries_of(lines, list);
      auto& one = made[&entries];
      if (!one) one = list_of(entries);
      topic.lists.push_back(one);
    }
    g_.topics_.push_back(std::move(topic));
  }
}

TopicGrammar TopicReader::read(std::string_view text) {
  if (!valid_utf8(text)) wrong(0, "not UTF-8", "save the file as UTF-8");
  if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);  // the mark of some editors
  for (const std::string_view line : split(text, '\n')) {
    ++line_;
    if (!line.empty() && !line.starts_with('#')) read_line(line);
  }
  if (g_.patterns_.empty()) wrong(0, "no pattern", "pattern = the $who can $verb the $thing");
  if (topics_.empty()) wrong(0, "no topic", "topic NAME, and its lists below it");
  check_all_used();
  finish_patterns();
  finish_topics();
  return std::move(g_);
}

TopicGrammar TopicGrammar::parse(std::string_view text, const std::string& name) {
  return TopicReader(name).read(text);
}

}  // namespace attn
