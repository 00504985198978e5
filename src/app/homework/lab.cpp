#include "app/homework/lab.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <charconv>
#include <cmath>
#include <nlohmann/json.hpp>

#include "app/homework/compare.h"
#include "app/homework/unused.h"
#include "app/learning/cells.h"
#include "attn/core/error.h"
#include "attn/io/json.h"
#include "attn/text/utf8.h"

namespace attn::app::homework {

namespace {

using nlohmann::json;

constexpr int kDigits = 3;

/// Says why something does not count; becomes the message of a wrong step.
struct Refused {
  std::string message;
};

/// One trained cell, as the evidence has it.
struct Cell {
  double accuracy, loss, parameters;
};

struct Evidence {
  Array accuracy = zeros({2, 2}), loss = zeros({2, 2}), parameters = zeros({2, 2});
  std::vector<double> figures;  ///< every number that a conclusion may name
};

double number_in(const json& object, const char* key, const std::string& where) {
  const auto found = object.is_object() ? object.find(key) : object.end();
  if (!object.is_object() || found == object.end() || !found->is_number())
    throw Refused{fmt::format("{} has no number \"{}\".", where, key)};
  return found->get<double>();
}

std::string text_in(const json& object, const char* key) {
  const auto found = object.is_object() ? object.find(key) : object.end();
  return object.is_object() && found != object.end() && found->is_string()
             ? found->get<std::string>()
             : "";
}

/// The accuracy over all distances must be the mean of those by distance: who edits one figure
/// forgets the others.
void check_distances(const json& cell, double accuracy, const std::string& where,
                     std::vector<double>& figures) {
  const auto list = cell.find("by_distance");
  if (list == cell.end() || !list->is_array() || list->empty())
    throw Refused{where + " has no accuracies by distance."};
  double asked = 0, right = 0;
  for (const json& one : *list) {
    const double n = number_in(one, "asked", where), share = number_in(one, "accuracy", where);
    asked += n;
    right += n * share;
    figures.push_back(share);
  }
  if (asked <= 0 || std::abs(right / asked - accuracy) > 1e-6)
    throw Refused{where + ": the accuracy is not the mean of those by distance."};
}

void read_cell(const json& cell, const Experiment& e, std::size_t m, std::size_t l, Evidence& to) {
  const std::string where = fmt::format("The cell {} at length {}", e.models[m], e.lengths[l]);
  const double accuracy = number_in(cell, "accuracy", where), loss = number_in(cell, "loss", where),
               steps = number_in(cell, "steps", where),
               parameters = number_in(cell, "parameters", where);
  if (accuracy < 0 || accuracy > 1 || loss < 0 || steps < 1)
    throw Refused{where + " holds numbers that no training gives."};
  const double most = static_cast<double>(e.budget) * 1.2,
               most_steps = static_cast<double>(e.steps);
  const std::string settings = text_in(cell, "settings");
  const std::string part = fmt::format("task {} budget {} ", e.task, e.budget);
  if (steps > most_steps || parameters > most || settings.find(part) == std::string::npos ||
      settings.find(fmt::format(" steps {} ", e.steps)) == std::string::npos)
    throw Refused{where + " comes from an experiment with other settings."};
  check_distances(cell, accuracy, where, to.figures);
  to.accuracy(m, l) = static_cast<real>(accuracy);
  to.loss(m, l) = static_cast<real>(loss);
  to.parameters(m, l) = static_cast<real>(parameters);
  for (const char* key : {"accuracy", "loss", "exact", "train_seconds"})
    to.figures.push_back(number_in(cell, key, where));
}

/// A figure of a text: a number with a decimal point, or per cent.
struct Figure {
  std::string text;
  double value;
  int digits;
};

std::vector<Figure> figures_of(const std::string& text) {
  std::vector<Figure> out;
  const auto is_digit = [&](std::size_t i) {
    return i < text.size() && text[i] >= '0' && text[i] <= '9';
  };
  for (std::size_t begin = 0; begin < text.size();) {
    if (!is_digit(begin)) {
      ++begin;
      continue;
    }
    std::size_t end = begin;
    int digits = 0;
    while (is_digit(end)) ++end;
    if (end + 1 < text.size() && text[end] == '.' && is_digit(end + 1)) {
      ++end;
      while (is_digit(end)) ++end, ++digits;
    }
    const std::size_t behind = text.find_first_not_of(' ', end);
    const bool percent = behind != std::string::npos && text[behind] == '%';
    double value = 0;
    std::from_chars(text.data() + begin, text.data() + end, value);
    if (digits > 0 || percent) {
      out.push_back({text.substr(begin, end - begin) + (percent ? " %" : ""),
                     percent ? value / 100 : value, percent ? digits + 2 : digits});
    }
    begin = end;
  }
  return out;
}

/// Every number of the evidence, also those inside its texts ("rate 0.003").
void add_figures(const json& value, std::vector<double>& to) {
  if (value.is_number()) {
    to.push_back(value.get<double>());
  } else if (value.is_string()) {
    for (const Figure& f : figures_of(value.get<std::string>())) to.push_back(f.value);
  } else if (value.is_structured()) {
    for (const json& one : value) add_figures(one, to);
  }
}

/// The evidence of this experiment. Throws Refused if it is of another one or contradicts itself,
/// Error if it is no JSON.
Evidence read_evidence(const std::string& text, const Experiment& e) {
  const json document =
      parse_json(text, "evidence.json", {.bytes = kAnswerLimit, .values = 20'000, .depth = 8});
  if (text_in(document, "task") != e.task)
    throw Refused{"This is not the output of your command: the task is another one."};
  const auto results = document.find("results");
  if (results == document.end() || !results->is_array() || results->size() != 4)
    throw Refused{"The evidence needs four results: two models at two lengths."};
  Evidence out;
  add_figures(document, out.figures);
  for (std::size_t m = 0; m < 2; ++m) {
    for (std::size_t l = 0; l < 2; ++l) {
      const auto mine = std::find_if(results->begin(), results->end(), [&](const json& cell) {
        return text_in(cell, "model") == e.models[m] &&
               cell.value("length", json()) == e.lengths[l] && cell.value("seed", json()) == 1;
      });
      if (mine == results->end()) {
        throw Refused{
            fmt::format("There is no result of {} at length {} with seed 1: was it your "
                        "command?",
                        e.models[m], e.lengths[l])};
      }
      read_cell(*mine, e, m, l, out);
    }
  }
  return out;
}

/// Trains every cell again. Throws Refused where it learns something else. Processors round
/// differently, so the figures may differ a little between machines.
std::string train_again(const Experiment& e, const Evidence& evidence) {
  constexpr double kAccuracy = 0.02, kLoss = 0.05;
  CellSettings settings;
  settings.task = e.task;
  settings.budget = e.budget;
  settings.training = TrainingChoices();
  settings.training.steps = static_cast<std::int64_t>(e.steps);
  double largest = 0;
  for (std::size_t m = 0; m < 2; ++m) {
    for (std::size_t l = 0; l < 2; ++l) {
      const CellResult now = *run_cell(settings, e.models[m], e.lengths[l], 1, nullptr);
      const double apart = std::abs(now.score.accuracy - double{evidence.accuracy(m, l)});
      largest = std::max(largest, apart);
      if (apart > kAccuracy || std::abs(now.score.loss - double{evidence.loss(m, l)}) > kLoss ||
          static_cast<real>(now.parameters) != evidence.parameters(m, l)) {
        throw Refused{fmt::format("Trained again, {} at length {} gives other figures.",
                                  e.models[m], e.lengths[l])};
      }
    }
  }
  return fmt::format("Trained again: the same (accuracies differ by at most {:.2g}).", largest);
}

/// Words apart by spaces, and the characters of scripts that write none (Chinese, Japanese).
struct TextLength {
  std::size_t words = 0, characters = 0;
};

TextLength length_of(const std::string& text) {
  TextLength out;
  bool inside = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    // Kana and CJK ideographs are U+3040 to U+9FFF: three bytes, the first from E3 to E9.
    const auto byte = static_cast<unsigned char>(c);
    const bool ideograph =
        byte >= 0xE3 && byte <= 0xE9 && text.compare(i, 2, "\xE3\x80") != 0;  // no CJK punctuation
    if (ideograph) {
      ++out.characters;
      i += 2;
      inside = false;
      continue;
    }
    if (text.compare(i, 2, "\xE3\x80") == 0 || text.compare(i, 2, "\xEF\xBC") == 0) {
      i += 2;
      inside = false;
      continue;
    }
    const bool space = c == ' ' || c == '\n' || c == '\t' || c == '\r';
    out.words += !space && !inside ? 1 : 0;
    inside = !space;
  }
  return out;
}

/// Throws Refused unless the text names both models, and figures that are there.
std::string check_conclusion(const std::string& text, const Experiment& e,
                             const std::vector<double>& known) {
  if (!valid_utf8(text)) throw Refused{"conclusion.md is not UTF-8."};
  // Two Chinese characters say about as much as a word; whoever wrote 40 wrote enough.
  const TextLength length = length_of(text);
  if (length.words + length.characters < 40 || length.words + length.characters / 2 > 400) {
    throw Refused{fmt::format(
        "conclusion.md has {} words{}; 40 to 400 are asked.", length.words,
        length.characters > 0 ? fmt::format(" and {} characters", length.characters) : "")};
  }
  for (const std::string& model : e.models) {
    if (text.find(model) == std::string::npos)
      throw Refused{fmt::format("The conclusion does not name the model {}.", model)};
  }
  const std::vector<Figure> figures = figures_of(text);
  if (figures.size() < 2)
    throw Refused{"The conclusion needs at least two figures with a decimal point."};
  for (const Figure& f : figures) {
    const double unit = std::pow(10.0, -f.digits);
    const bool there = std::any_of(known.begin(), known.end(), [&](double x) {
      return std::abs(std::abs(x) - f.value) <= 0.5 * unit + 1e-6;
    });
    if (!there) {
      throw Refused{
          fmt::format("The figure {} of the conclusion stands neither in your evidence "
                      "nor in your answers.",
                      f.text)};
    }
  }
  return fmt::format(
      "Its {} figures are those of the evidence. Whether they carry what it says, a "
      "person must read.",
      figures.size());
}

/// The report while it is graded: what later steps need of earlier ones.
class Report {
 public:
  Report(const SubmissionFolder& answers, const Experiment& experiment, bool columns, bool again)
      : answers_(answers), experiment_(experiment), columns_(columns), again_(again) {}

  /// Fills status and message. Throws Refused for a wrong answer, Error for an unreadable one.
  void grade(StepResult& step);

 private:
  Array matrix(const StepResult& step, const Shape& shape) const;
  void compare_with(StepResult& step, const Array& wanted);
  const Evidence& evidence() const {
    if (!evidence_) throw Refused{"Without evidence this cannot be checked."};
    return *evidence_;
  }

  const SubmissionFolder& answers_;
  const Experiment& experiment_;
  bool columns_, again_;
  std::optional<Evidence> evidence_;
  std::optional<Array> accuracy_;
  std::vector<double> own_figures_;
};

struct NotThere {};

Array Report::matrix(const StepResult& step, const Shape& shape) const {
  const auto answer = read_answer(answers_, step.name);
  if (!answer) throw NotThere{};
  const auto same = in_shape(columns_ ? transposed(*answer) : *answer, shape);
  if (!same) {
    throw Refused{fmt::format("The shape is {}; {} is asked.", to_string(shape_of(*answer)),
                              to_string(shape))};
  }
  return *same;
}

void Report::compare_with(StepResult& step, const Array& wanted) {
  const Array answer = matrix(step, shape_of(wanted));
  own_figures_.insert(own_figures_.end(), answer.begin(), answer.end());
  const bool right = fits(answer, wanted, kDigits);
  if (step.name == "accuracy") accuracy_ = answer;
  if (right) return;
  if (step.name == "gap" && accuracy_) {
    Array own = empty({1, 2});
    for (std::size_t l = 0; l < 2; ++l) own(0, l) = (*accuracy_)(1, l) - (*accuracy_)(0, l);
    if (fits(answer, own, kDigits)) {
      step.status = Status::follows;
      step.message = "Not what the evidence gives, but right given your accuracies.";
      return;
    }
  }
  const std::string text = misplaced(answer, wanted, kDigits);
  throw Refused{text.empty() ? "These are not the figures of your evidence." : text};
}

void Report::grade(StepResult& step) {
  step.status = Status::right;
  if (step.name == "prediction") {
    const Array answer = matrix(step, {2, 2});
    for (const real x : answer) {
      if (!(x >= 0 && x <= 1)) throw Refused{"An accuracy lies between 0 and 1."};
    }
    own_figures_.insert(own_figures_.end(), answer.begin(), answer.end());
    step.message = "A prediction need not come true.";
  } else if (step.name == "evidence") {
    const auto text = answers_.read("evidence.json");
    if (!text) throw NotThere{};
    evidence_ = read_evidence(*text, experiment_);
    step.message = again_ ? train_again(experiment_, *evidence_)
                          : "It is of your experiment and does not contradict itself; it was not "
                            "trained again.";
  } else if (step.name == "accuracy") {
    compare_with(step, evidence().accuracy);
  } else if (step.name == "gap") {
    const Array& a = evidence().accuracy;
    Array gap = empty({1, 2});
    for (std::size_t l = 0; l < 2; ++l) gap(0, l) = a(1, l) - a(0, l);
    compare_with(step, gap);
  } else {
    const auto text = answers_.read("conclusion.md");
    if (!text) throw NotThere{};
    std::vector<double> known = evidence().figures;
    known.insert(known.end(), own_figures_.begin(), own_figures_.end());
    step.message = check_conclusion(*text, experiment_, known);
  }
}

}  // namespace

Result grade_lab(const SubmissionFolder& folder, const Manifest& manifest, const Values& given,
                 bool again) {
  const Experiment experiment = experiment_of(given);
  Result result;
  result.homework = manifest.sheet->name;
  result.student = manifest.student;
  std::optional<SubmissionFolder> answers;
  std::optional<Report> report;
  std::string no_folder;
  try {
    if (auto inside = folder.folder("answers")) answers.emplace(std::move(*inside));
  } catch (const Error& e) {
    no_folder = e.what();
  }
  const UnusedFiles unused(folder, answers, *manifest.sheet);
  if (answers) report.emplace(*answers, experiment, manifest.columns, again);
  for (const SheetStep& asked : manifest.sheet->steps) {
    StepResult step{asked.name, Status::missing, 0, asked.points, {}, ""};
    try {
      if (!no_folder.empty()) throw Error(ErrorKind::bad_input, no_folder);
      if (!report) throw NotThere{};
      report->grade(step);
      step.points = asked.points;
    } catch (const NotThere&) {
      step.status = Status::missing;
      const bool is_text = asked.name == "evidence" || asked.name == "conclusion";
      const std::string file = !is_text                   ? asked.name + ".csv"
                               : asked.name == "evidence" ? "evidence.json"
                                                          : "conclusion.md";
      step.message =
          fmt::format("There is no answers/{}.", file) + unused.meant_as(asked.name, file);
    } catch (const Refused& refused) {
      step.status = Status::wrong;
      step.message = refused.message;
    } catch (const Error& e) {
      if (e.kind() == ErrorKind::internal) throw;
      step.status = Status::unreadable;
      step.message = e.hint().empty() ? e.what() : fmt::format("{} ({})", e.what(), e.hint());
    }
    result.score += step.points;
    result.max += step.max;
    result.steps.push_back(std::move(step));
  }
  return result;
}

}  // namespace attn::app::homework
