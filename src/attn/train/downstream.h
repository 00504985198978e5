#pragma once
// What a pre-trained BERT is used for: labelled texts of a TopicGrammar, whose best possible score
// is known. One task for each head of Devlin et al. 2019, section 4.
#include <memory>
#include <string>
#include <vector>

#include "attn/text/topics.h"

namespace attn {

/// A text with its label; words are ids of the grammar.
struct LabelledText {
  using Words = std::vector<std::size_t>;
  struct Input {
    Words a, b;  ///< b may be empty: one sentence
  };
  std::vector<Input> inputs;  ///< one; of a choice one per possible answer
  /// A class, or the place of the right choice; tags: one per word of a; span: the first and the
  /// last word of b that answer.
  std::vector<std::size_t> answer;
};

/// What the head reads.
enum class DownstreamHead {
  text,   ///< the pooled [CLS] of one input: one class
  words,  ///< every word of a: a class for each
  span,   ///< every word of b: is it the first, is it the last of the answer?
  choice  ///< the pooled [CLS] of several inputs: one number for each
};

/// Draws labelled texts. An answer is right if all of it is right (all tags, both ends of a span).
class DownstreamTask {
 public:
  virtual ~DownstreamTask() = default;
  std::string name, about;
  DownstreamHead head = DownstreamHead::text;
  std::vector<std::string> classes;  ///< names; of span: start, end; of choice: one per input
  double chance = 0;                 ///< the score of the best fixed answer, without looking

  virtual LabelledText draw(Rng& rng) const = 0;
  /// How often the likeliest answer to this text is right: the largest posterior, exactly. Its mean
  /// over texts is the best score that any model can have.
  virtual double best(const LabelledText& text) const = 0;
};

const std::vector<std::string>& downstream_names();

/// sentence: which topic is it about? (16 classes in the program's own stories)
/// pair: the same story, the same topic with somebody else, or another topic?
/// tags: which words are somebody (who), a thing, a place?
/// span: a question, and two sentences of different stories: the words that answer.
/// choice: which of four sentences goes on?
/// The grammar must live as long as the task. Throws Error(usage) for an unknown name, and for a
/// grammar that the task cannot be made of: tags and span need the lists `thing` and `place`; span
/// also questions: patterns that begin with a word of their own and ask for what they leave out.
std::unique_ptr<DownstreamTask> make_downstream(const std::string& name,
                                                const TopicGrammar& grammar);

}  // namespace attn
