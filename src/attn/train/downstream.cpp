#include "attn/train/downstream.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

#include "attn/core/error.h"
#include "attn/core/joined.h"

namespace attn {

namespace {

using Words = LabelledText::Words;
using Kind = TopicGrammar::Part::Kind;

/// By topic and who.
using Chances = std::vector<std::vector<double>>;

/// P(words, pattern | topic, who).
double chance(const TopicGrammar& grammar, const Words& words, const TopicGrammar::Pattern& pattern,
              const TopicGrammar::Topic& topic, const TopicGrammar::Who& who) {
  if (pattern.parts.size() != words.size()) return 0;
  double product = pattern.share;
  for (std::size_t j = 0; j < words.size() && product > 0; ++j)
    product *= grammar.chance(topic, who, pattern.parts[j], words[j]);
  return product;
}

/// P(topic, who) P(words | topic, who).
Chances joint(const TopicGrammar& grammar, const Words& words) {
  Chances out;
  for (const TopicGrammar::Topic& topic : grammar.topics()) {
    std::vector<double> row;
    for (const TopicGrammar::Who& who : topic.who) {
      double sum = 0;
      for (const TopicGrammar::Pattern& pattern : grammar.patterns())
        sum += chance(grammar, words, pattern, topic, who);
      row.push_back(sum / double(grammar.topics().size() * topic.who.size()));
    }
    out.push_back(std::move(row));
  }
  return out;
}

double sum(const std::vector<double>& numbers) {
  double total = 0;
  for (const double x : numbers) total += x;
  return total;
}

/// The largest of these weights, as a share of them all.
double largest_share(const std::vector<double>& weights) {
  return *std::max_element(weights.begin(), weights.end()) / sum(weights);
}

/// Somebody of a topic.
struct Story {
  std::size_t topic, who;
};

class Base : public DownstreamTask {
 public:
  explicit Base(const TopicGrammar& grammar) : grammar_(grammar) {}

 protected:
  Story draw_story(Rng& rng) const {
    const std::size_t topic = rng.below(grammar_.topics().size());
    return {topic, rng.below(grammar_.topics()[topic].who.size())};
  }
  TopicSentence sentence(Rng& rng, const Story& story) const {
    return grammar_.draw_sentence(rng, story.topic, story.who);
  }
  std::size_t list(const std::string& of) const {
    const auto found = std::find(grammar_.lists().begin(), grammar_.lists().end(), of);
    if (found == grammar_.lists().end())
      throw Error(ErrorKind::usage, fmt::format("a grammar without ${}", of),
                  "tags and span need the lists $thing and $place");
    return static_cast<std::size_t>(found - grammar_.lists().begin());
  }

  const TopicGrammar& grammar_;
};

class SentenceTask : public Base {
 public:
  explicit SentenceTask(const TopicGrammar& grammar) : Base(grammar) {
    about = "What is the sentence about?";
    for (const TopicGrammar::Topic& topic : grammar.topics()) classes.push_back(topic.name);
    chance = 1 / double(classes.size());
  }
  LabelledText draw(Rng& rng) const override {
    const Story story = draw_story(rng);
    return {{{sentence(rng, story).words, {}}}, {story.topic}};
  }
  double best(const LabelledText& text) const override {
    std::vector<double> topics;
    for (const auto& row : joint(grammar_, text.inputs[0].a)) topics.push_back(sum(row));
    return largest_share(topics);
  }
};

class PairTask : public Base {
 public:
  explicit PairTask(const TopicGrammar& grammar) : Base(grammar) {
    about =
        "Are both sentences of the same story (one topic, one person), of the same topic but "
        "about somebody else, or of different topics?";
    for (const TopicGrammar::Topic& topic : grammar.topics()) {
      if (grammar.topics().size() < 2 || topic.who.size() < 2)
        throw Error(ErrorKind::usage, fmt::format("{} has nobody else to tell of", topic.name),
                    "pair needs two topics, with two of who in each");
    }
    classes = {"same story", "same topic", "other topic"};
    chance = 1.0 / 3;
  }
  LabelledText draw(Rng& rng) const override {
    const auto& topics = grammar_.topics();
    const std::size_t label = rng.below(3);
    const Story a = draw_story(rng);
    Story b = a;
    if (label == 1) {
      while (b.who == a.who) b.who = rng.below(topics[b.topic].who.size());
    }
    if (label == 2) {
      while (b.topic == a.topic) b = draw_story(rng);
    }
    return {{{sentence(rng, a).words, sentence(rng, b).words}}, {label}};
  }
  double best(const LabelledText& text) const override {
    const Chances a = joint(grammar_, text.inputs[0].a), b = joint(grammar_, text.inputs[0].b);
    const double topics = double(a.size());
    double all_b = 0;
    for (const auto& row : b) all_b += sum(row);
    std::vector<double> labels(3);
    for (std::size_t t = 0; t < a.size(); ++t) {
      const double whos = double(a[t].size()), all_here = sum(b[t]);
      for (std::size_t w = 0; w < a[t].size(); ++w) {
        // joint() of b holds P(topic, who), which is another one here: what is certain is taken
        // out.
        labels[0] += a[t][w] * b[t][w] * topics * whos;
        labels[1] += a[t][w] * (all_here - b[t][w]) * topics * whos / (whos - 1);
        labels[2] += a[t][w] * (all_b - all_here) * topics / (topics - 1);
      }
    }
    return largest_share(labels);
  }
};

class TagsTask : public Base {
 public:
  explicit TagsTask(const TopicGrammar& grammar)
      : Base(grammar), thing_(list("thing")), place_(list("place")) {
    about = "Which words are somebody, a thing, a place?";
    head = DownstreamHead::words;
    classes = {"-", "who", "thing", "place"};
    std::map<Words, double> shares;  // the likeliest row of tags, whatever the words
    for (const TopicGrammar::Pattern& pattern : grammar.patterns())
      shares[tags(pattern)] += pattern.share;
    for (const auto& [row, share] : shares) chance = std::max(chance, share);
  }
  LabelledText draw(Rng& rng) const override {
    const TopicSentence drawn = sentence(rng, draw_story(rng));
    return {{{drawn.words, {}}}, tags(grammar_.patterns()[drawn.pattern])};
  }
  double best(const LabelledText& text) const override {
    std::map<Words, double> rows;
    for (const TopicGrammar::Pattern& pattern : grammar_.patterns()) {
      for (const TopicGrammar::Topic& topic : grammar_.topics()) {
        for (const TopicGrammar::Who& who : topic.who)
          rows[tags(pattern)] += attn::chance(grammar_, text.inputs[0].a, pattern, topic, who) /
                                 double(topic.who.size());
      }
    }
    std::vector<double> weights;
    for (const auto& [row, weight] : rows) weights.push_back(weight);
    return largest_share(weights);
  }

 private:
  Words tags(const TopicGrammar::Pattern& pattern) const {
    Words out;
    for (const TopicGrammar::Part& part : pattern.parts) {
      const bool is_list = part.kind == Kind::list;
      out.push_back(part.kind == Kind::who && part.id == 0 ? 1
                    : is_list && part.id == thing_         ? 2
                    : is_list && part.id == place_         ? 3
                                                           : 0);
    }
    return out;
  }
  std::size_t thing_, place_;
};

class SpanTask : public Base {
 public:
  explicit SpanTask(const TopicGrammar& grammar)
      : Base(grammar), thing_(list("thing")), place_(list("place")) {
    about =
        "Question and text, as in SQuAD: the first and the last word of the text that answer. The "
        "text holds two stories, so the question tells which one counts.";
    head = DownstreamHead::span;
    classes = {"start", "end"};
    for (std::size_t p = 0; p < grammar.patterns().size(); ++p) {
      const TopicGrammar::Pattern& pattern = grammar.patterns()[p];
      const bool who = has(pattern, Kind::who, 0), thing = has(pattern, Kind::list, thing_),
                 place = has(pattern, Kind::list, place_);
      if (!who) continue;
      if (thing && place) facts_.push_back(p);
      const bool more =
          std::any_of(pattern.parts.begin(), pattern.parts.end(), [&](const auto& part) {
            return part.kind == Kind::list && part.id != thing_ && part.id != place_;
          });
      const bool asks = pattern.parts[0].kind == Kind::word && thing != place && !more;
      const std::string& first = grammar.words()[pattern.parts[0].id];
      if (asks && (first == "where" || first == "what")) questions_.push_back(p);
    }
    std::set<std::size_t> names;
    for (const TopicGrammar::Topic& topic : grammar.topics()) {
      for (const TopicGrammar::Who& who : topic.who) names.insert(who[0]);
    }
    if (facts_.empty() || questions_.empty() || names.size() < 2)
      throw Error(ErrorKind::usage, "a grammar without questions, or without answers to them",
                  "span needs patterns that begin with where or what and leave out $place or "
                  "$thing, patterns with $who, $thing and $place, and two names");
    // The likeliest place, whatever the words: counted, as it depends on how two sentences meet.
    constexpr int kCounted = 4000;
    std::map<Words, double> places;
    Rng rng(0);
    for (int i = 0; i < kCounted; ++i) places[SpanTask::draw(rng).answer] += 1.0 / kCounted;
    for (const auto& [place, share] : places) chance = std::max(chance, share);
  }
  LabelledText draw(Rng& rng) const override {
    const Story asked = draw_story(rng);
    Story other = asked;  // somebody with another name, so that the question has one answer
    while (who_word(other) == who_word(asked)) other = draw_story(rng);
    const TopicSentence fact = tell(rng, asked), noise = tell(rng, other);
    const TopicGrammar::Pattern& told = grammar_.patterns()[fact.pattern];
    const TopicGrammar::Pattern& question =
        grammar_.patterns()[questions_[rng.below(questions_.size())]];
    const std::size_t wanted = has(question, Kind::list, place_) ? thing_ : place_;
    LabelledText out;
    Words a;
    for (const TopicGrammar::Part& part : question.parts)
      a.push_back(part.kind == Kind::word  ? part.id
                  : part.kind == Kind::who ? grammar_.topics()[asked.topic].who[asked.who][part.id]
                                           : fact.words[place_of(told, part.id)]);
    const bool first = rng.below(2) == 0;
    Words b = first ? fact.words : noise.words;
    const Words& rest = first ? noise.words : fact.words;
    const std::size_t begin = first ? 0 : b.size();
    b.insert(b.end(), rest.begin(), rest.end());
    const std::size_t last = begin + place_of(told, wanted);  // "the kitchen", "his soup"
    return {{{std::move(a), std::move(b)}}, {last - 1, last}};
  }
  double best(const LabelledText&) const override { return 1; }  // the answer stands there

 private:
  bool has(const TopicGrammar::Pattern& pattern, Kind kind, std::size_t id) const {
    return std::any_of(
        pattern.parts.begin(), pattern.parts.end(),
        [&](const TopicGrammar::Part& part) { return part.kind == kind && part.id == id; });
  }
  std::size_t place_of(const TopicGrammar::Pattern& pattern, std::size_t list) const {
    std::size_t at = 0;
    while (pattern.parts[at].kind != Kind::list || pattern.parts[at].id != list) ++at;
    return at;
  }
  std::size_t who_word(const Story& story) const {
    return grammar_.topics()[story.topic].who[story.who][0];
  }
  /// A sentence with somebody, a thing and a place.
  TopicSentence tell(Rng& rng, const Story& story) const {
    for (;;) {
      TopicSentence drawn = sentence(rng, story);
      if (std::find(facts_.begin(), facts_.end(), drawn.pattern) != facts_.end()) return drawn;
    }
  }
  std::size_t thing_, place_;
  std::vector<std::size_t> facts_, questions_;  // patterns
};

class ChoiceTask : public Base {
 public:
  explicit ChoiceTask(const TopicGrammar& grammar) : Base(grammar) {
    about = "Which of four sentences goes on, as in SWAG?";
    head = DownstreamHead::choice;
    classes = {"1", "2", "3", "4"};
    chance = 0.25;
  }
  LabelledText draw(Rng& rng) const override {
    const Story story = draw_story(rng);
    const std::size_t right = rng.below(classes.size());
    const Words a = sentence(rng, story).words;
    LabelledText out;
    for (std::size_t i = 0; i < classes.size(); ++i)
      out.inputs.push_back({a, sentence(rng, i == right ? story : draw_story(rng)).words});
    out.answer = {right};
    return out;
  }
  double best(const LabelledText& text) const override {
    const Chances a = joint(grammar_, text.inputs[0].a);
    std::vector<double> weights;  // of "i goes on": P(b_i | a) / P(b_i)
    for (const auto& input : text.inputs) {
      const Chances b = joint(grammar_, input.b);
      double both = 0, alone = 0;
      for (std::size_t t = 0; t < a.size(); ++t) {
        for (std::size_t w = 0; w < a[t].size(); ++w) {
          both += a[t][w] * b[t][w] * double(a.size() * a[t].size());
          alone += b[t][w];
        }
      }
      weights.push_back(both / alone);
    }
    return largest_share(weights);
  }
};

}  // namespace

const std::vector<std::string>& downstream_names() {
  static const std::vector<std::string> kNames = {"sentence", "pair", "tags", "span", "choice"};
  return kNames;
}

std::unique_ptr<DownstreamTask> make_downstream(const std::string& name,
                                                const TopicGrammar& grammar) {
  std::unique_ptr<DownstreamTask> task;
  if (name == "sentence") task = std::make_unique<SentenceTask>(grammar);
  if (name == "pair") task = std::make_unique<PairTask>(grammar);
  if (name == "tags") task = std::make_unique<TagsTask>(grammar);
  if (name == "span") task = std::make_unique<SpanTask>(grammar);
  if (name == "choice") task = std::make_unique<ChoiceTask>(grammar);
  if (!task)
    throw Error(ErrorKind::usage, fmt::format("no task \"{}\"", name),
                fmt::format("possible: {}", joined(downstream_names(), ", ")));
  task->name = name;
  return task;
}

}  // namespace attn
