#include "app/homework/grade.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>
#include <cmath>

#include "app/homework/compare.h"
#include "app/misconceptions.h"
#include "attn/core/error.h"
#include "attn/io/csv.h"
#include "attn/io/npy.h"

namespace attn::app::homework {

std::string_view name_of(Status status) {
  constexpr std::string_view kNames[] = {"right", "wrong", "follows", "missing", "unreadable"};
  return kNames[static_cast<std::size_t>(status)];
}

bool Result::all_right() const {
  return problem.empty() && std::all_of(steps.begin(), steps.end(), [](const StepResult& step) {
           return step.status == Status::right;
         });
}

std::string misconception_message(const std::vector<std::string>& ids) {
  std::string text = ids.size() == 1 ? "It looks as if " : "Several ideas fit: ";
  for (std::size_t i = 0; i < ids.size(); ++i) {
    const Misconception* one = find_misconception(ids[i]);
    if (!one) throw Error(ErrorKind::internal, fmt::format("no misconception \"{}\"", ids[i]));
    if (ids.size() > 1) text += fmt::format("({}) ", i + 1);
    text += fmt::format("{}. {}{}", one->mistake, one->help, i + 1 < ids.size() ? " " : "");
  }
  return text;
}

namespace {

/// The text with inf or -inf for every cell whose number no float holds, such as 1e999 or the
/// smallest float64: NPY files say the same so.
std::string with_infinities(const std::string& text) {
  std::string out;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find_first_of(",\n", at), text.size());
    std::string_view cell = std::string_view(text).substr(at, end - at);
    const auto spaces = [](char c) { return c == ' ' || c == '\t' || c == '\r'; };
    while (!cell.empty() && spaces(cell.front())) cell.remove_prefix(1);
    while (!cell.empty() && spaces(cell.back())) cell.remove_suffix(1);
    const bool negative = cell.starts_with('-');
    std::string_view digits = cell;
    if (negative || cell.starts_with('+')) digits.remove_prefix(1);
    real number = 0;
    const auto [stop, problem] =
        std::from_chars(digits.data(), digits.data() + digits.size(), number);
    const bool too_large = problem == std::errc::result_out_of_range && !digits.empty() &&
                           digits.front() != '-' && stop == digits.data() + digits.size() &&
                           !parse_number(cell) && digits.find("e-") == std::string_view::npos &&
                           digits.find("E-") == std::string_view::npos;
    out += too_large ? std::string(negative ? "-inf" : "inf") : text.substr(at, end - at);
    if (end < text.size()) out += text[end];
    at = end + 1;
  }
  return out;
}

}  // namespace

std::optional<Array> read_answer(const SubmissionFolder& answers, const std::string& name) {
  const std::optional<std::string> csv = answers.read(name + ".csv"),
                                   npy = answers.read(name + ".npy");
  if (csv && npy) {
    throw Error(ErrorKind::bad_input, fmt::format("{0}.csv and {0}.npy are both there", name),
                "keep the one that counts");
  }
  if (csv) return parse_csv(with_infinities(*csv), name + ".csv");
  if (!npy) return std::nullopt;
  Array answer = parse_npy(*npy, name + ".npy");
  if (answer.dimension() == 0) answer = reshaped(answer, {1});  // one number alone
  return answer;
}

namespace {

/// Which wrong ideas give this answer, and what they give before it is rounded.
struct Matching {
  std::vector<std::string> ids;
  std::optional<Array> exact;
};
Matching matching(const Wrongs& wrongs, const Array& answer, int digits) {
  Matching out;
  for (const Wrong& wrong : wrongs) {
    if (is_constant(wrong.value)) continue;  // from answers that say nothing, such as all zeros
    const auto same = in_shape(answer, shape_of(wrong.value));
    if (!same || !fits(*same, wrong.value, digits)) continue;
    if (!out.exact) out.exact = wrong.value;
    if (std::find(out.ids.begin(), out.ids.end(), wrong.id) == out.ids.end())
      out.ids.emplace_back(wrong.id);
  }
  return out;
}

std::string not_finite(const Array& answer, const std::string& name) {
  for (std::size_t i = 0; i < answer.size(); ++i) {
    const real x = answer.data()[i];
    if (std::isfinite(x)) continue;
    return fmt::format("There is a number that is {} in {}, number {} in reading order (from 0).",
                       std::isnan(x) ? "not a number (nan)" : "infinite", name, i);
  }
  return "";
}

/// Grades the steps of one sheet, one after the other.
class Grader {
 public:
  Grader(const Manifest& manifest, const Values& given)
      : columns_(manifest.columns),
        key_(key_of(*manifest.sheet, given)),
        own_(given),
        exact_(given) {}

  /// `answer` may be transposed: afterwards a token is a row.
  StepResult grade(const SheetStep& step, std::optional<Array>& answer);
  /// The step has no answer: what follows is computed from the key.
  void without_answer(const SheetStep& step) {
    own_.set(step.name, key_[step.name]);
    exact_.set(step.name, key_[step.name]);
  }

 private:
  struct Verdict {
    Status status;
    std::vector<std::string> misconceptions;
    std::string message;
    std::optional<Array> exact = std::nullopt;  ///< what the answer is the rounded form of
    bool explained = true;  ///< it has to do with the student's numbers, also where it is wrong
  };
  Verdict judge(const SheetStep& step, const Array& answer);
  static std::optional<Array> from(const SheetStep& step, Values& values);
  bool rests_on_mistakes() const;
  bool rests_on_nothing() const;
  bool can_be_computed_on(const SheetStep& step, const Array& answer, bool explained) const;
  Wrongs wrongs(const SheetStep& step, const Values& values) const;
  std::string describe(const SheetStep& step, const Array& answer, const Array& right,
                       const std::optional<Array>& own) const;

  const bool columns_;  // in the files, a token is a column
  const Values key_;
  Values own_;    // what is given, and the student's own answers
  Values exact_;  // the same before rounding, where it is known: who rounds at the end is right too
  std::set<std::string, std::less<>> mistaken_;
  std::set<std::string, std::less<>> unexplained_;  // nobody knows where their numbers come from
};

/// What the student's own earlier answers lead to; nothing if they lead to nothing.
std::optional<Array> Grader::from(const SheetStep& step, Values& values) {
  values.forget_reads();
  try {
    return step.right(values);
  } catch (const Error&) {
    return std::nullopt;  // such as ids that no table has
  }
}

bool Grader::rests_on_mistakes() const {
  return std::any_of(own_.read().begin(), own_.read().end(),
                     [&](const std::string& name) { return mistaken_.count(name) > 0; });
}

/// True if the step rests on unexplained answers alone: the same numbers would then follow for
/// every student, also from a copied answer.
bool Grader::rests_on_nothing() const {
  return !own_.read().empty() &&
         std::all_of(own_.read().begin(), own_.read().end(),
                     [&](const std::string& name) { return unexplained_.count(name) > 0; });
}

/// False for nan and endless numbers, from which everything would follow, and for numbers so large
/// that what is added to them vanishes. -inf or -1e9 may hide a part of an answer.
bool Grader::can_be_computed_on(const SheetStep& step, const Array& answer, bool explained) const {
  constexpr double kTooLarge = 1000;  // times the largest number of the key
  double largest = 1;
  for (const real x : key_[step.name].value()) {
    if (std::isfinite(x)) largest = std::max(largest, std::abs(double{x}));
  }
  return std::all_of(answer.begin(), answer.end(), [&](real x) {
    return std::abs(double{x}) <= kTooLarge * largest || (x < 0 && explained);  // false for nan
  });
}

/// True if two thirds of the numbers are right, not counting those that -inf hides (at most half).
bool mostly_right(const Array& answer, const Array& wanted, int digits) {
  const std::size_t right = right_numbers(answer, wanted, digits);
  const auto shown = static_cast<std::size_t>(
      std::count_if(answer.begin(), answer.end(), [](real x) { return !(x <= real{-1e4}); }));
  return 3 * right >= 2 * shown && 2 * right >= answer.size();
}

/// True if no number is nan or endless, but -inf where the key has it too.
bool is_result(const Array& answer, const Array& right) {
  for (std::size_t i = 0; i < answer.size(); ++i) {
    const real x = answer.data()[i];
    if (!std::isfinite(x) && !(std::isinf(x) && x < 0 && x == right.data()[i])) return false;
  }
  return true;
}

Wrongs Grader::wrongs(const SheetStep& step, const Values& values) const {
  if (!step.wrong) return {};
  try {
    return step.wrong(values);
  } catch (const Error&) {
    return {};
  }
}

std::string Grader::describe(const SheetStep& step, const Array& answer, const Array& right,
                             const std::optional<Array>& own) const {
  const bool zeros =
      answer.size() > 1 && std::all_of(answer.begin(), answer.end(), [](real x) { return x == 0; });
  if (zeros && in_shape(answer, shape_of(right))) return "All numbers are 0.";
  std::string text = misplaced(answer, right, step.digits);
  if (text.empty() && own && shape_of(*own) == shape_of(right))
    text = misplaced(answer, *own, step.digits);
  if (!text.empty()) return text;
  const auto same = in_shape(answer, shape_of(right));
  if (!same) {
    return fmt::format("The shape is {}; {} is asked.", to_string(shape_of(answer)),
                       to_string(shape_of(right)));
  }
  if (is_constant(*same)) return "All numbers are the same.";
  text = not_finite(*same, step.name);
  return text.empty() ? first_difference(*same, own ? *own : right, step.digits, step.name) : text;
}

Grader::Verdict Grader::judge(const SheetStep& step, const Array& answer) {
  const Array& right = key_[step.name].value();
  const std::optional<Array> own = from(step, own_), exact = from(step, exact_);
  const bool on_mistakes = rests_on_mistakes(), on_nothing = rests_on_nothing();
  const auto same = in_shape(answer, shape_of(right));
  if (same && fits(*same, right, step.digits)) return {Status::right, {}, "", right};
  for (const std::optional<Array>& led : {exact, own}) {
    if (!same || !led || !fits(*same, *led, step.digits)) continue;
    if (!on_mistakes) return {Status::right, {}, "", *led};
    if (!is_result(*same, right)) continue;
    if (!is_constant(*led) || is_constant(right)) {
      if (!on_nothing)
        return {Status::follows, {}, "Not what the key has, but right given your earlier step.", *led};
      return {Status::follows,
              {},
              "Right given your earlier step, but nothing in that step fits the numbers you were "
              "given: half of the points. Repair that step first.",
              *led,
              false};
    }
    return {Status::wrong,
            {},
            "This follows from an earlier step, which leaves nothing to compute: all numbers are "
            "the same. Repair that step first."};
  }
  const Values* const bases[] = {&own_, &exact_, &key_};
  for (const Values* values : bases) {
    const Matching found = matching(wrongs(step, *values), answer, step.digits);
    if (!found.ids.empty()) {
      return {Status::wrong, found.ids, misconception_message(found.ids), found.exact,
              !on_nothing || values == &key_};
    }
  }
  bool explained = false;
  const std::optional<Array> wanted[] = {right, on_nothing ? std::nullopt : own};
  for (const std::optional<Array>& one : wanted) {
    if (!one || is_constant(answer)) continue;
    explained |= answer.size() > 0 && !misplaced(answer, *one, step.digits).empty();
    const auto formed = in_shape(answer, shape_of(*one));
    explained |= formed && mostly_right(*formed, *one, step.digits);
  }
  return {Status::wrong, {}, describe(step, answer, right, own), std::nullopt, explained};
}

StepResult Grader::grade(const SheetStep& step, std::optional<Array>& answer) {
  StepResult result;
  result.name = step.name;
  result.max = step.points;
  if (!answer) {
    without_answer(step);
    result.message = fmt::format("There is no answers/{0}.csv and no answers/{0}.npy.", step.name);
    return result;
  }
  if (columns_) {
    const auto same = in_shape(*answer, shape_of(transposed(key_[step.name].value())));
    answer = transposed(same ? *same : *answer);
  }
  Verdict verdict = judge(step, *answer);
  result.status = verdict.status;
  result.misconceptions = std::move(verdict.misconceptions);
  result.message = std::move(verdict.message);
  if (result.status == Status::right) result.points = step.points;
  if (result.status == Status::follows) result.points = step.points * (verdict.explained ? 1 : 0.5);
  if (result.status != Status::right) mistaken_.insert(step.name);
  if (!verdict.explained) unexplained_.insert(step.name);
  const auto same = in_shape(*answer, key_[step.name].shape());
  if (same && can_be_computed_on(step, *same, verdict.explained)) {
    own_.set(step.name, *same);
    const bool fits_in = verdict.exact && shape_of(*verdict.exact) == shape_of(*same);
    exact_.set(step.name, fits_in ? *verdict.exact : *same);
  } else {
    without_answer(step);
  }
  return result;
}

}  // namespace

Result grade_sheet(const SubmissionFolder& folder, const Manifest& manifest, const Values& given,
                   Answers& answers) {
  Result result;
  result.homework = manifest.sheet->name;
  result.student = manifest.student;
  Grader grader(manifest, given);
  std::string no_folder;
  const std::optional<SubmissionFolder> inside = [&]() -> std::optional<SubmissionFolder> {
    try {
      return folder.folder("answers");
    } catch (const Error& e) {
      no_folder = e.what();
      return std::nullopt;
    }
  }();
  for (const SheetStep& step : manifest.sheet->steps) {
    StepResult graded;
    try {
      if (!no_folder.empty()) throw Error(ErrorKind::bad_input, no_folder);
      std::optional<Array> answer;
      if (inside) answer = read_answer(*inside, step.name);
      graded = grader.grade(step, answer);
      if (answer) answers[step.name] = std::move(*answer);
    } catch (const Error& e) {
      if (e.kind() == ErrorKind::internal) throw;
      grader.without_answer(step);
      graded = {
          step.name, Status::unreadable,
          0,         step.points,
          {},        e.hint().empty() ? e.what() : fmt::format("{} ({})", e.what(), e.hint())};
    }
    result.score += graded.points;
    result.max += graded.max;
    result.steps.push_back(std::move(graded));
  }
  return result;
}

}  // namespace attn::app::homework
