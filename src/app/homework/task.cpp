#include "app/homework/task.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

#include "app/homework/compare.h"
#include "app/homework/lab.h"
#include "attn/core/error.h"
#include "attn/io/csv.h"
#include "attn/io/file.h"
#include "attn/io/npy.h"
#include "attn/text/utf8.h"

namespace attn::app::homework {

namespace {

/// Text from outside as Markdown that shows it and does nothing else.
std::string as_code(std::string text) {
  std::replace(text.begin(), text.end(), '`', '\'');
  return "`" + text + "`";
}

/// The lines of the text, no longer than a screen is wide.
std::string paragraph(const std::string& text) {
  constexpr std::size_t kWidth = 96;
  std::string out;
  for (std::string& line : wrap(text, kWidth)) {
    line.erase(line.find_last_not_of(' ') + 1);
    out += line + "\n";
  }
  return out + "\n";
}

std::string numbers_block(const Array& a) {
  std::vector<std::string> cells;
  std::size_t width = 0;
  for (const real x : a) {
    cells.push_back(fmt::format("{:g}", x));
    width = std::max(width, cells.back().size());
  }
  std::string out = "```\n";
  for (std::size_t i = 0; i < cells.size(); ++i) {
    const bool last = (i + 1) % columns(a) == 0;
    out += fmt::format("{:>{}}{}", cells[i], width, last ? "\n" : ", ");
  }
  return out + "```\n\n";
}

std::string plural(double n, const char* what) {
  return fmt::format("{} {}{}", points_text(n), what, n == 1 ? "" : "s");
}

std::string how_to(const Manifest& m, const Values& key) {
  std::string out = "## How to answer\n\n";
  out += paragraph(
      "Write one file per step: `answers/STEP.csv`, or `answers/STEP.npy` if you use NumPy. In a "
      "CSV "
      "file every row of the matrix is a line, with commas between the numbers and a decimal "
      "point; "
      "no header. A matrix of shape (2,3) looks like this:");
  out += "```\n0.5,-1.25,0.333\n2,0,0.667\n```\n\n";
  bool many = false;
  for (const SheetStep& step : m.sheet->steps)
    many |= step.right && key[step.name].shape().size() > 2;
  if (many) {
    out += paragraph(
        "A step with three axes, (head, row, column), goes into a CSV file with all rows of head 0 "
        "first, then all rows of head 1. An NPY file may have the three axes.");
  }
  out += paragraph(
      m.columns
          ? "**Column convention:** a token is a column on this sheet. Every matrix you are given "
            "is "
            "transposed, and every matrix you write shall be transposed as well. The formulas are "
            "those of the row convention; the shapes below are those of your files."
          : "**Row convention:** a token is a row, in everything you are given and everything you "
            "write. Rows, columns, places and heads count from 0.");
  out += paragraph(
      "Round at the end, to the digits that a step asks for (more digits are welcome). Each step "
      "is "
      "graded on its own: what follows rightly from an earlier mistake of yours counts.");
  out += "Check as often as you like, in this folder:\n\n```\nattn homework check .\n```\n\n";
  return out;
}

std::string asked(const Manifest& m, const Values& key) {
  std::string out = "## What is asked\n\n";
  std::size_t number = 0;
  for (const SheetStep& step : m.sheet->steps) {
    out += fmt::format("### {}. {} ({})\n\n", ++number, step.name, plural(step.points, "point"));
    out += paragraph(step.task);
    if (!step.right) continue;
    const Array& right = key[step.name].value();
    out += fmt::format("File `answers/{}.csv`, shape {}{}.\n\n", step.name,
                       to_string(shape_of(m.columns ? transposed(right) : right)),
                       step.digits == 0 ? "" : fmt::format(", {} digits", step.digits));
  }
  return out;
}

std::string experiment_block(const Values& given) {
  const Experiment e = experiment_of(given);
  return fmt::format(
      "Your command, to be run in this folder (it takes a few seconds):\n\n```\nattn {} > "
      "answers/evidence.json\n```\n\nThe first model is `{}`, the second `{}`; the lengths are {} "
      "and {}.\n\n",
      e.command(), e.models[0], e.models[1], e.lengths[0], e.lengths[1]);
}

}  // namespace

std::string points_text(double points) { return fmt::format("{:g}", points); }

std::string task_text(const Manifest& m, const Values& given) {
  const Sheet& sheet = *m.sheet;
  const Values key = key_of(sheet, given);
  std::string out = fmt::format("# {}\n\n", sheet.title);
  out += fmt::format("Homework `{}` for {}. {} in all. The numbers are yours alone.\n\n",
                     sheet.name, as_code(m.student), plural(sheet.points(), "point"));
  out += paragraph(sheet.intro);
  if (is_lab(sheet)) out += experiment_block(given);
  out += how_to(m, key);
  out += "## What is given\n\nThe same numbers are in `inputs/`, as CSV and as NPY.\n\n";
  for (const Given& one : sheet.given) {
    const Array& value = given[one.name].value();
    const Array shown = m.columns ? transposed(value) : value;
    out += fmt::format("`{}` {}: {}\n\n", one.name, to_string(shape_of(shown)), one.text);
    out += numbers_block(shown);
  }
  return out + asked(m, key);
}

void write_sheet(const std::string& folder, const Manifest& m, const Values& given) {
  namespace fs = std::filesystem;
  const std::string manifest = folder + "/homework.json";
  std::error_code problem;
  if (fs::exists(fs::symlink_status(manifest, problem))) {
    throw Error(ErrorKind::usage, fmt::format("{} is there already", escaped(manifest, 200)),
                "name another folder: answers that somebody wrote are not overwritten");
  }
  for (const char* inside : {"/inputs", "/answers"}) {
    fs::create_directories(folder + inside, problem);
    if (problem) {
      throw Error(
          ErrorKind::io,
          fmt::format("cannot make {}: {}", escaped(folder + inside, 200), problem.message()),
          "name a folder in a place that you may write to");
    }
  }
  for (const auto& [name, value] : given.all()) {
    const Array shown = m.columns ? transposed(value.value()) : value.value();
    write_file(folder + "/inputs/" + name + ".csv", csv_text(shown));
    write_file(folder + "/inputs/" + name + ".npy", npy_bytes(shown));
  }
  write_file(folder + "/task.md", task_text(m, given));
  // Last: a folder with homework.json is complete.
  write_file(manifest, manifest_text(m));
}

}  // namespace attn::app::homework
