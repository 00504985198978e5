#include "attn/text/topics.h"

#include <fmt/format.h>

namespace attn {

double TopicGrammar::chance(const Topic& topic, const Who& who, const Part& part,
                            std::size_t word) const {
  switch (part.kind) {
    case Part::Kind::word:
      return word == part.id;
    case Part::Kind::who:
      return word == who[part.id];
    case Part::Kind::list:
      break;
  }
  const std::map<std::size_t, double>& chances = topic.lists[part.id]->chance;
  const auto found = chances.find(word);
  return found == chances.end() ? 0 : found->second;
}

std::vector<double> TopicGrammar::word_shares() const {
  std::vector<double> shares(words_.size());
  double length = 0;  // of a sentence, on average
  for (const Pattern& pattern : patterns_) {
    length += pattern.share * static_cast<double>(pattern.parts.size());
    for (const Topic& topic : topics_) {
      const double share = pattern.share / static_cast<double>(topics_.size());
      for (const Part& part : pattern.parts) {
        if (part.kind == Part::Kind::word) {
          shares[part.id] += share;
        } else if (part.kind == Part::Kind::list) {
          for (const auto& [word, chance] : topic.lists[part.id]->chance)
            shares[word] += share * chance;
        } else {
          for (const Who& who : topic.who)
            shares[who[part.id]] += share / static_cast<double>(topic.who.size());
        }
      }
    }
  }
  for (double& share : shares) share /= length;
  return shares;
}

TopicSentence TopicGrammar::draw_sentence(Rng& rng, std::size_t topic, std::size_t who) const {
  TopicSentence sentence;
  double place = rng.uniform();
  sentence.pattern = patterns_.size() - 1;
  for (std::size_t p = 0; p < patterns_.size(); ++p) {
    place -= patterns_[p].share;
    if (place < 0) {
      sentence.pattern = p;
      break;
    }
  }
  const Topic& t = topics_[topic];
  for (const Part& part : patterns_[sentence.pattern].parts) {
    if (part.kind == Part::Kind::word) {
      sentence.words.push_back(part.id);
    } else if (part.kind == Part::Kind::who) {
      sentence.words.push_back(t.who[who][part.id]);
    } else {
      const List& list = *t.lists[part.id];
      std::size_t word = list.words.back();
      double left = rng.uniform();
      for (const std::size_t candidate : list.words) {
        left -= list.chance.at(candidate);
        if (left < 0) {
          word = candidate;
          break;
        }
      }
      sentence.words.push_back(word);
    }
  }
  return sentence;
}

TopicDocument TopicGrammar::draw_document(Rng& rng) const {
  TopicDocument document;
  document.topic = rng.below(topics_.size());
  document.who = rng.below(topics_[document.topic].who.size());
  const std::size_t sentences = 4 + rng.below(5);
  for (std::size_t i = 0; i < sentences; ++i)
    document.sentences.push_back(draw_sentence(rng, document.topic, document.who));
  return document;
}

TopicPair TopicGrammar::draw_pair(Rng& rng) const {
  TopicPair pair;
  std::size_t topic = rng.below(topics_.size());
  std::size_t who = rng.below(topics_[topic].who.size());
  pair.a = draw_sentence(rng, topic, who);
  pair.is_next = rng.below(2) == 0;
  if (!pair.is_next) {
    topic = rng.below(topics_.size());
    who = rng.below(topics_[topic].who.size());
  }
  pair.b = draw_sentence(rng, topic, who);
  return pair;
}

std::string TopicGrammar::text(const TopicSentence& sentence) const {
  std::string out;
  for (const std::size_t word : sentence.words) {
    if (!out.empty()) out += ' ';
    out += words_.at(word);
  }
  return out;
}

}  // namespace attn
