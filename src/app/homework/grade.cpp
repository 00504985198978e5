#include "app/homework/grade.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>

#include "app/homework/answer_text.h"
#include "app/homework/compare.h"
#include "app/homework/follow.h"
#include "app/homework/unused.h"
#include "app/misconceptions.h"
#include "attn/core/error.h"
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

std::string missing_message(const std::string& step) {
  return fmt::format("There is no answers/{0}.csv and no answers/{0}.npy.", step);
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

std::optional<Array> read_answer(const SubmissionFolder& answers, const std::string& name) {
  const std::optional<std::string> csv = answers.read(name + ".csv"),
                                   npy = answers.read(name + ".npy");
  if (csv && npy) {
    throw Error(ErrorKind::bad_input, fmt::format("{0}.csv and {0}.npy are both there", name),
                "keep the one that counts");
  }
  if (!csv && !npy) return std::nullopt;
  Array answer = csv ? parse_answer(*csv, name + ".csv") : parse_npy(*npy, name + ".npy");
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
      : manifest_(manifest),
        key_(key_of(*manifest.sheet, given)),
        asked_(key_),
        own_(given),
        exact_(given),
        shaped_(given) {
    // A step may be called like the matrix that it reads (large): the ideas read what was given.
    for (const auto& [name, value] : given.all()) asked_.set(name, value);
  }

  /// `answer` may be transposed: afterwards a token is a row.
  StepResult grade(const SheetStep& step, std::optional<Array>& answer);
  /// The step has no answer: what follows is computed from the key.
  void without_answer(const SheetStep& step) {
    for (Values* values : {&own_, &exact_, &shaped_}) values->set(step.name, key_[step.name]);
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
  std::optional<Verdict> named(const SheetStep& step, const Array& answer, const Values& values,
                               bool explained) const;
  /// The answer is the rounded form of `led`, which the earlier answers lead to.
  Verdict led_to(const SheetStep& step, const Array& led) const;
  std::optional<Verdict> in_own_shape(const SheetStep& step, const Array& answer);
  void remember(const SheetStep& step, const Array& answer, const Verdict& verdict);
  static std::optional<Array> from(const SheetStep& step, Values& values);
  bool reads_any_of(const std::set<std::string, std::less<>>& names) const;
  bool rests_on_nothing() const;
  bool can_be_computed_on(const SheetStep& step, const Array& answer, bool explained) const;
  Wrongs wrongs(const SheetStep& step, const Values& values) const;
  std::vector<Array> others(const SheetStep& step) const;
  std::string elsewhere(const SheetStep& step, const Array& answer) const;
  std::string describe(const SheetStep& step, const Array& answer, const Array& right,
                       const std::optional<Array>& own) const;

  const Manifest& manifest_;
  const Values key_;
  Values asked_;  // the key's values as a step finds them
  Values own_;    // what is given, and the student's own answers
  Values exact_;  // the same before rounding, where it is known: who rounds at the end is right too
  Values shaped_;  // the own answers in whatever shape they have
  std::map<std::string, double, std::less<>> rounding_;  // of the own answers
  std::set<std::string, std::less<>> mistaken_;
  std::set<std::string, std::less<>> unexplained_;  // nobody knows where their numbers come from
  std::set<std::string, std::less<>> odd_;          // answers in another shape than the key's
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

/// Of what the step has read of the own answers.
bool Grader::reads_any_of(const std::set<std::string, std::less<>>& names) const {
  return std::any_of(own_.read().begin(), own_.read().end(),
                     [&](const std::string& name) { return names.count(name) > 0; });
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

/// True if no number is nan or endless; -inf may stand in an answer of which the key hides a part.
bool is_result(const Array& answer, const Array& right) {
  const auto hides = [](real x) { return std::isinf(x) && x < 0; };
  const bool may_hide = std::any_of(right.begin(), right.end(), hides);
  return std::all_of(answer.begin(), answer.end(),
                     [&](real x) { return std::isfinite(x) || (may_hide && hides(x)); });
}

Wrongs Grader::wrongs(const SheetStep& step, const Values& values) const {
  if (!step.wrong) return {};
  try {
    return step.wrong(values);
  } catch (const Error&) {
    return {};
  }
}

std::vector<Array> Grader::others(const SheetStep& step) const {
  if (!step.others) return {};
  try {
    return step.others(own_);
  } catch (const Error&) {
    return {};
  }
}

/// Says of which other step, or of what is given, the answer holds the right numbers; else "".
std::string Grader::elsewhere(const SheetStep& step, const Array& answer) const {
  const std::vector<SheetStep>& steps = manifest_.sheet->steps;
  for (const auto& [name, value] : key_.all()) {
    const auto same = in_shape(answer, value.shape());
    if (name == step.name || !same || same->size() < 2 || is_constant(*same) ||
        !fits(*same, value.value(), step.digits))
      continue;
    const bool is_step =
        std::any_of(steps.begin(), steps.end(),
                    [&held = name](const SheetStep& other) { return other.name == held; });
    return is_step ? fmt::format("These are the right numbers of the step {}.", name)
                   : fmt::format("These are the numbers of {}, as they were given.", name);
  }
  return "";
}

std::string Grader::describe(const SheetStep& step, const Array& answer, const Array& right,
                             const std::optional<Array>& own) const {
  const bool zeros =
      answer.size() > 1 && std::all_of(answer.begin(), answer.end(), [](real x) { return x == 0; });
  if (zeros && in_shape(answer, shape_of(right))) return "All numbers are 0.";
  std::string text = misplaced(answer, right, step.digits);
  if (text.empty()) text = elsewhere(step, answer);
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

Grader::Verdict Grader::led_to(const SheetStep& step, const Array& led) const {
  const Array& right = key_[step.name].value();
  if (!reads_any_of(mistaken_)) return {Status::right, {}, "", led};
  // Without padding, nothing is hidden: a mask or ids may well be all the same.
  const std::set<std::string, std::less<>> read = own_.read();
  const bool rests_on_numbers = std::none_of(
      read.begin(), read.end(), [&](const auto& name) { return is_constant(own_[name].value()); });
  const bool may_be_constant = step.digits == 0 && rests_on_numbers && !rests_on_nothing();
  if (is_constant(led) && !is_constant(right) && !may_be_constant) {
    return {Status::wrong,
            {},
            "This follows from an earlier step, which leaves nothing to compute: all numbers are "
            "the same. Repair that step first."};
  }
  if (!rests_on_nothing())
    return {Status::follows, {}, "Not what the key has, but right given your earlier step.", led};
  return {Status::follows,
          {},
          "Right given your earlier step, but nothing in that step fits the numbers you were "
          "given: half of the points. Repair that step first.",
          led,
          false};
}

/// The answer of a step whose earlier answers have other shapes than the key, where it is what
/// those lead to.
std::optional<Grader::Verdict> Grader::in_own_shape(const SheetStep& step, const Array& answer) {
  if (!reads_any_of(odd_)) return std::nullopt;
  const std::optional<Band> led = band_of(step, shaped_, rounding_);
  if (!led || led->middle.size() == 0) return std::nullopt;
  const auto same = in_shape(answer, shape_of(led->middle));
  const auto is_finite = [](real x) { return std::isfinite(x); };
  if (!same || !std::all_of(same->begin(), same->end(), is_finite) ||
      !in_band(*same, *led, step.digits))
    return std::nullopt;
  return led_to(step, led->middle);
}

/// Of a wrong idea that gives this answer from these values.
std::optional<Grader::Verdict> Grader::named(const SheetStep& step, const Array& answer,
                                             const Values& values, bool explained) const {
  const Matching found = matching(wrongs(step, values), answer, step.digits);
  if (found.ids.empty()) return std::nullopt;
  return Verdict{Status::wrong, found.ids, misconception_message(found.ids), found.exact,
                 explained};
}

Grader::Verdict Grader::judge(const SheetStep& step, const Array& answer) {
  const Array& right = key_[step.name].value();
  const std::optional<Array> own = from(step, own_), exact = from(step, exact_);
  const bool on_mistakes = reads_any_of(mistaken_), on_nothing = rests_on_nothing();
  const auto same = in_shape(answer, shape_of(right));
  if (same && fits(*same, right, step.digits)) return {Status::right, {}, "", right};
  for (const std::optional<Array>& led : {exact, own}) {
    if (same && led && fits(*same, *led, step.digits) && (!on_mistakes || is_result(*same, right)))
      return led_to(step, *led);
  }
  for (const Array& led : others(step)) {
    if (same && on_mistakes && fits(*same, led, step.digits)) return led_to(step, led);
  }
  // Before rounding first: an idea is seldom met by numbers that were rounded on the way.
  for (const Values* values : {&exact_, &own_}) {
    if (const auto idea = named(step, answer, *values, !on_nothing)) return *idea;
  }
  from(step, own_);  // the ideas may read more than the step does
  if (same && own && is_result(*same, right)) {
    const std::optional<Band> band = band_of(step, own_, rounding_);
    // What it is the rounded form of, nobody knows: the answer as it stands.
    if (band && in_band(*same, *band, step.digits)) return led_to(step, *same);
  }
  if (auto verdict = in_own_shape(step, answer)) return *verdict;
  // Last, since what follows from one mistake may be what an idea gives from right numbers:
  // weights that were transposed, and weights that are transposed before they meet the values.
  if (const auto idea = named(step, answer, asked_, true)) return *idea;
  bool explained = !elsewhere(step, answer).empty();
  const std::optional<Array> wanted[] = {right, on_nothing ? std::nullopt : own};
  for (const std::optional<Array>& one : wanted) {
    if (!one || is_constant(answer)) continue;
    explained |= answer.size() > 0 && !misplaced(answer, *one, step.digits).empty();
    const auto formed = in_shape(answer, shape_of(*one));
    explained |= formed && mostly_right(*formed, *one, step.digits);
  }
  return {Status::wrong, {}, describe(step, answer, right, own), std::nullopt, explained};
}

/// Keeps the answer for the steps that are computed from it.
void Grader::remember(const SheetStep& step, const Array& answer, const Verdict& verdict) {
  constexpr std::size_t kMoreNumbers = 8;  // times as many as asked: nobody computes on with those
  const Array& right = key_[step.name].value();
  without_answer(step);
  const auto same = in_shape(answer, shape_of(right));
  if (same && can_be_computed_on(step, *same, verdict.explained)) {
    own_.set(step.name, *same);
    shaped_.set(step.name, *same);
    const bool fits_in = verdict.exact && shape_of(*verdict.exact) == shape_of(*same);
    exact_.set(step.name, fits_in ? *verdict.exact : *same);
    rounding_[step.name] = rounding_of(*same, step.digits);
    return;
  }
  const bool is_row = answer.dimension() == 1 && right.dimension() == 2;  // NumPy's rows
  const Array shaped = is_row ? reshaped(answer, {1, answer.size()}) : answer;
  if (same || shaped.dimension() != right.dimension() || shaped.size() == 0 ||
      shaped.size() > kMoreNumbers * right.size() || !can_be_computed_on(step, shaped, false))
    return;
  shaped_.set(step.name, shaped);
  rounding_[step.name] = rounding_of(shaped, step.digits);
  odd_.insert(step.name);
}

StepResult Grader::grade(const SheetStep& step, std::optional<Array>& answer) {
  StepResult result;
  result.name = step.name;
  result.max = step.points;
  if (!answer) {
    without_answer(step);
    result.message = missing_message(step.name);
    return result;
  }
  if (manifest_.columns) {  // in the files, a token is a column
    const auto same = in_shape(*answer, shape_of(transposed(key_[step.name].value())));
    answer = transposed(same ? *same : *answer);
  }
  Verdict verdict = judge(step, *answer);
  remember(step, *answer, verdict);
  result.status = verdict.status;
  result.misconceptions = std::move(verdict.misconceptions);
  result.message = std::move(verdict.message);
  if (result.status == Status::right) result.points = step.points;
  if (result.status == Status::follows) result.points = step.points * (verdict.explained ? 1 : 0.5);
  if (result.status != Status::right) mistaken_.insert(step.name);
  if (!verdict.explained) unexplained_.insert(step.name);
  result.explained = verdict.explained;
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
  const UnusedFiles unused(folder, inside, *manifest.sheet);
  for (const SheetStep& step : manifest.sheet->steps) {
    StepResult graded;
    try {
      if (!no_folder.empty()) throw Error(ErrorKind::bad_input, no_folder);
      std::optional<Array> answer;
      if (inside) answer = read_answer(*inside, step.name);
      graded = grader.grade(step, answer);
      if (!answer) graded.message += unused.meant_as(step.name, step.name + ".csv");
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
