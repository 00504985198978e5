#pragma once
// A prediction that a lesson asks for before it shows a result.
#include <string>
#include <vector>

#include "app/lesson/claim.h"

namespace attn::app {

/// What a wrong answer shows about its giver.
struct Betrayal {
  std::string misconception;  ///< an id of the catalogue, or ""
  std::string text;
};

/// Its text, with the help of the catalogue.
std::string betrayal_text(const Betrayal& betrayal);

struct Question {
  enum class Kind { choice, number, shape, cell };
  struct Choice {
    std::string text;
    Claim when;  ///< holds for the right one
    Betrayal betrays;
    std::size_t line = 0;
  };
  struct Wrong {
    Expression value;
    Betrayal betrays;
    std::size_t line = 0;
  };

  Kind kind = Kind::choice;
  std::string text;
  std::vector<Choice> choices;
  Expression value;     ///< the number, or the step whose shape or place is asked
  double within = 0;    ///< of a number: how far off is still right
  bool lowest = false;  ///< of a cell: argmin
  std::vector<Wrong> wrong;
  std::vector<std::string> hints;  ///< three
  std::string why;
  std::size_t line = 0;
};

/// The answer as the run gives it: the number of the choice (from 1), the number, the lengths of
/// the axes, the indices of the cell.
struct Answer {
  std::vector<double> value;
  std::string text;  ///< as people read it
};

/// Throws Error(bad_input) if the run does not have what is asked for, or if not exactly one choice
/// holds.
Answer answer_of(const Question& question, const Traces& traces);

/// What a reply says.
struct Verdict {
  bool readable = true;
  bool right = false;
  std::string said;  ///< to the learner: what a wrong reply betrays, or how to write a reply
};

/// Whether a reply is written as the question wants it, as far as is known before the run.
enum class Form { good, bad, depends_on_run };
Form form_of(const Question& question, std::string_view reply);
/// How to write a reply, to somebody who wrote something else.
std::string wanted(const Question& question);

/// Judges a reply that somebody typed. Never throws for what was typed.
Verdict judge(const Question& question, const Answer& answer, std::string_view reply,
              const Traces& traces);

/// The wrong values that can be worked out, in the question's order: for a check that none is
/// right.
std::vector<std::vector<double>> wrong_values(const Question& question, const Traces& traces);

/// True if two answers are taken for the same.
bool same_answer(const Question& question, const std::vector<double>& a,
                 const std::vector<double>& b);

/// "1 to 3", "a number", "a shape, as in 7 x 2", "a place: ...".
std::string expected_reply(const Question& question);

}  // namespace attn::app
