#include "attn/render/plain.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>

#include "attn/render/format.h"
#include "attn/render/view.h"
#include "attn/text/utf8.h"

namespace attn {

namespace {

constexpr std::size_t kWidest = 80;
constexpr std::size_t kMostRows = 24, kMostBlocks = 16, kMostColumns = 64, kMostParameterRows = 12;
constexpr std::size_t kMostAsked = 256;

/// ASCII in the place of box and block characters (U+2500 to U+259F).
std::string without_boxes(std::string_view text) {
  std::string out;
  for (std::size_t at = 0; at < text.size(); ++at) {
    const auto byte = [&](std::size_t i) {
      return at + i < text.size() ? static_cast<unsigned char>(text[at + i]) : 0;
    };
    if (byte(0) != 0xE2 || byte(1) < 0x94 || byte(1) > 0x96 ||
        (byte(1) == 0x96 && byte(2) > 0x9F)) {
      out += text[at];
      continue;
    }
    const unsigned code = (byte(1) & 0x3Fu) << 6 | (byte(2) & 0x3Fu) | 0x2000;
    const bool flat =
        code <= 0x2501 || code == 0x2550 || (code >= 0x2504 && code <= 0x250B && code % 4 < 2);
    const bool upright = code == 0x2502 || code == 0x2503 || code == 0x2551;
    out += flat ? '-' : upright ? '|' : code >= 0x2580 ? '#' : '+';
    at += 2;
  }
  return out;
}

class PlainText {
 public:
  PlainText(const Trace& trace, const RenderOptions& options)
      : trace_(trace),
        options_(options),
        width_(std::clamp<std::size_t>(options.width, 20, kWidest)) {}

  std::string write();

 private:
  void put(const Step& step);
  void put(const Table& table);
  void put(const Check& check);
  void put(const Verbatim& verbatim);
  void put_rows(const MatrixView& view);
  void total(const std::vector<const Step*>& steps);
  void say(std::string_view text);
  void blank() {
    if (!out_.empty() && !out_.ends_with("\n\n")) out_ += '\n';
  }

  const Trace& trace_;
  const RenderOptions& options_;
  std::size_t width_;
  std::string out_;
};

void PlainText::say(std::string_view text) {
  for (std::string& line : wrap(without_boxes(text), width_)) {
    line.erase(line.find_last_not_of(' ') + 1);
    out_ += line + "\n";
  }
}

/// In quotes where the label is not one plain word.
std::string spoken(const std::string& label) {
  const bool word = std::all_of(label.begin(), label.end(), [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte >= 0x80 || std::isalnum(byte) || c == '\'' || c == '#' || c == '[' || c == ']';
  });
  return word || label.starts_with('"') ? label : '"' + label + '"';
}

std::string joined(const std::vector<std::string>& parts) {
  std::string text;
  for (const std::string& part : parts) text += (text.empty() ? "" : ", ") + part;
  return text;
}

void PlainText::put(const Step& step) {
  const MatrixView view(trace_, step, options_.column_convention);
  blank();
  std::string head = safe_text(step.path);
  if (!step.formula.empty()) head += ": " + safe_text(step.formula);
  head += view.rank() == 0 ? ". One number." : fmt::format(". Shape: {}.", view.shape_text(", "));
  const std::string kind = kind_text(trace_, step);
  if (!kind.empty()) {
    head += fmt::format(" {}{}.", static_cast<char>(std::toupper(kind[0])), kind.substr(1));
  }
  if (!options_.quiet) {
    std::vector<std::string> from;
    for (const std::string& path : step.from) from.push_back(safe_text(path));
    if (!from.empty()) head += fmt::format(" Computed from {}.", joined(from));
    if (step.milliseconds > 0) head += fmt::format(" Took {}.", time_text(step.milliseconds));
  }
  say(head);
  if (!options_.quiet && !step.about.empty()) say(safe_text(step.about));
  if (step.look == Look::picture)  // thousands of numbers that nobody would listen to
    return say(fmt::format("A picture, not read out. --show {} --out x.npy writes its numbers.",
                           safe_text(step.path)));
  put_rows(view);
}

void PlainText::put_rows(const MatrixView& view) {
  if (view.empty()) return say("It holds no numbers: one of the axes has length 0.");
  const NumberFormat format = choose_format(view.values(), options_.precision);
  const bool asked = !options_.show.empty();
  const bool parameter = view.step().kind() == Tensor::Kind::parameter;
  const Extract blocks = extract(view.blocks(), asked ? kMostAsked : kMostBlocks);
  const Extract rows = extract(view.rows(), asked       ? kMostAsked
                                            : parameter ? kMostParameterRows
                                                        : kMostRows);
  const Extract columns = extract(view.columns(), asked ? kMostAsked : kMostColumns);
  for (const std::size_t b : blocks.index) {
    for (const std::size_t i : rows.index) {
      std::string text = view.block_title(b);
      if (view.rank() >= 2) {
        text += text.empty() ? "" : ", ";
        text += view.row_axis().empty() ? "row" : view.row_axis();
        text += " " + (view.rows_named() ? '"' + view.row_label(i) + '"' : view.row_label(i));
      }
      if (!text.empty()) text += ": ";
      for (std::size_t j = 0; j < columns.index.size(); ++j) {
        if (!columns.whole() && j == columns.gap) text += "..., ";
        const std::size_t column = columns.index[j];
        if (view.columns_named()) text += spoken(view.column_label(column)) + " ";
        const std::string cell = view.cell(view.index(b, i, column));
        text += cell.empty() ? format(view.at(b, i, column)) : cell;
        text += j + 1 < columns.index.size() ? ", " : "";
      }
      say(text);
    }
  }
  std::vector<std::string> left_out;
  if (!rows.whole()) left_out.push_back(rows.left_out("row"));
  if (!columns.whole()) left_out.push_back(columns.left_out("column"));
  if (!blocks.whole()) left_out.push_back(blocks.left_out("block"));
  if (left_out.empty()) return;
  const std::string name = safe_text(view.step().path);
  say(fmt::format(
      "Not shown: {}. {}.", joined(left_out),
      asked ? "--out x.csv writes all"
            : fmt::format("--show {} shows more; --out x.csv beside it writes all", name)));
}

void PlainText::put(const Table& table) {
  blank();
  say(fmt::format("Table {}: {}.", safe_text(table.name), joined(table.columns)));
  if (!options_.quiet && !table.about.empty()) say(safe_text(table.about));
  const std::vector<NumberFormat> formats = table_formats(table, options_.precision);
  for (const auto& row : table.rows) {
    std::vector<std::string> cells;
    for (std::size_t j = 0; j < row.size() && j < formats.size(); ++j) {
      cells.push_back(label_text(table.columns[j]) + " " + cell_text(row[j], formats[j]));
    }
    say(joined(cells));
  }
}

void PlainText::put(const Check& check) {
  say(fmt::format("Check {}: {}.", check.holds() ? "holds" : "FAILS", check_text(check)));
}

void PlainText::put(const Verbatim& verbatim) {
  blank();
  const std::string text = without_boxes(safe_text(verbatim.text));
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    const std::string line = text.substr(at, end - at);
    if (display_width(line) > width_) {
      say(line);
    } else {
      out_ += line + "\n";
    }
    at = end + 1;
  }
}

void PlainText::total(const std::vector<const Step*>& steps) {
  double milliseconds = 0, flops = 0;
  for (const Step* step : steps) {
    milliseconds += step->milliseconds;
    flops += step->flops;
  }
  if (milliseconds <= 0 && flops <= 0) return;
  blank();
  std::string text = fmt::format("Total: {}", time_text(milliseconds));
  if (trace_.repeats > 1) text += fmt::format(" (median of {} runs)", trace_.repeats);
  say(fmt::format("{}, {} operations.", text, count_text(flops)));
}

std::string PlainText::write() {
  if (!options_.quiet && !trace_.title.empty()) say(safe_text(trace_.title));
  if (!options_.quiet && options_.column_convention) {
    blank();
    say(kColumnConvention);
  }
  std::vector<const Step*> steps;
  bool after_check = false;
  for (const Item* item : shown_items(trace_, options_)) {
    const auto* check = std::get_if<Check>(item);
    if (const auto* step = std::get_if<Step>(item)) {
      put(*step);
      steps.push_back(step);
    } else if (const auto* table = std::get_if<Table>(item)) {
      put(*table);
    } else if (const auto* remark = std::get_if<Remark>(item)) {
      blank();
      say(safe_text(remark->text));
    } else if (const auto* verbatim = std::get_if<Verbatim>(item)) {
      put(*verbatim);
    } else if (check) {
      if (!after_check) blank();
      put(*check);
    }
    after_check = check != nullptr;
  }
  if (!options_.quiet) total(steps);
  return std::move(out_);
}

}  // namespace

std::string plain(const Trace& trace, const RenderOptions& options) {
  return PlainText(trace, options).write();
}

}  // namespace attn
