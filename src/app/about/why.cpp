#include <fmt/format.h>
#include <fmt/ranges.h>

#include <limits>
#include <set>

#include "app/frame/execute.h"
#include "attn/core/error.h"
#include "attn/render/view.h"
#include "attn/text/utf8.h"

namespace attn::app {

namespace {

struct WhyOptions {
  std::vector<std::string> words;
  std::int64_t depth = 1;
};

void bind(Cli& cli, WhyOptions& o) {
  cli.integer("--depth", o.depth, 1, 64,
              "how many levels of arithmetic; a large number goes down to the inputs");
  cli.positional("STEP[i,j] COMMAND...", o.words,
                 "the number to explain, and the command that shows it");
}

/// "weights[0,1,2]" taken apart.
struct Place {
  std::string path;
  std::vector<std::size_t> index;
};

Place parse_place(const std::string& word) {
  const std::size_t open = word.find('[');
  if (open == std::string::npos || open == 0 || !word.ends_with(']')) {
    throw Error(ErrorKind::usage, fmt::format("\"{}\" names no number", escaped(word)),
                "write a step and a place counted from 0, as in: attn why 'weights[0,1]' attend");
  }
  Place place{word.substr(0, open), {}};
  std::size_t begin = open + 1;
  while (begin < word.size()) {
    const std::size_t end = word.find_first_of(",]", begin);
    place.index.push_back(static_cast<std::size_t>(
        parse_integer("index", word.substr(begin, end - begin), 0, std::int64_t{1} << 40)));
    begin = end + 1;
  }
  return place;
}

std::size_t index_of(const Place& place, const Shape& shape) {
  const std::string range =
      fmt::format("{} has shape {}, so the last place is [{}]", place.path, to_string(shape), [&] {
        std::string last;
        for (const std::size_t s : shape)
          last += fmt::format("{}{}", last.empty() ? "" : ",", s - 1);
        return last;
      }());
  if (place.index.size() != shape.size()) {
    throw Error(ErrorKind::usage,
                fmt::format("{} needs {} indices, {} are given", place.path, shape.size(),
                            place.index.size()),
                range);
  }
  for (std::size_t a = 0; a < shape.size(); ++a) {
    if (place.index[a] >= shape[a]) {
      throw Error(ErrorKind::usage,
                  fmt::format("index {} is beyond axis {} of {}", place.index[a], a, place.path),
                  range);
    }
  }
  return flat_index(place.index, shape);
}

/// Writes down arithmetic, level by level: as one text for people, and as rows for programs.
class Explainer {
 public:
  Explainer(const Trace& source, const Common& common, std::int64_t depth)
      : source_(source),
        depth_(depth),
        precision_(common.precision < 0 ? 4 : static_cast<int>(common.precision)) {}

  void explain(const NumberRef& ref, std::int64_t level) {
    if (!done_.insert({ref.tensor.id(), ref.index}).second) return;
    const double value = ref.tensor.value().data()[ref.index];
    const std::string indent(static_cast<std::size_t>(2 * (level - 1)), ' ');
    const std::string head = indent + fmt::format("{} = {}", name_of(ref), number(value));
    const Making* making = source_.making(ref.tensor);
    if (!making) {
      const bool random = ref.tensor.kind() == Tensor::Kind::parameter;
      lines_ += head + (random ? ", a parameter\n" : ", given\n");
      rows_.push_back(
          {double(level), name_of(ref), value, random ? "parameter" : "input", "", "", value});
      return;
    }
    const Reason reason = making->explain(ref.index);
    const auto [symbols, numbers, operands] = written(reason);
    for (const auto& piece : reason.arithmetic) {
      const auto* part = std::get_if<NumberRef>(&piece);
      if (part && level >= depth_ && source_.name(part->tensor).empty() &&
          source_.making(part->tensor))
        ended_.insert(unnamed(part->tensor, 0));
    }
    const Step* step = source_.find(source_.name(ref.tensor));
    lines_ += head + labels_of(ref) + "\n";
    if (step) lines_ += indent + "  " + step->formula + "\n";
    lines_ += indent + "  " + reason.rule + "\n";
    lines_ += indent + "  = " + symbols + "\n";
    if (operands > 1) lines_ += indent + "  = " + numbers + "\n";
    if (operands != 1 || symbols.find(' ') != std::string::npos)
      lines_ += indent + "  = " + number(reason.value) + "\n";
    rows_.push_back(
        {double(level), name_of(ref), value, reason.rule, symbols, numbers, reason.value});
    redone_ |= operands > 0;
    worst_ = std::max(worst_, relative_difference(reason.value, value, ref.tensor));
    if (level >= depth_) return;
    for (const auto& piece : reason.arithmetic) {
      if (const auto* part = std::get_if<NumberRef>(&piece)) explain(*part, level + 1);
    }
  }

  void finish(Trace& trace) {
    trace.add(Remark{std::move(lines_)});
    if (!ended_.empty()) {
      trace.say(fmt::format(
          "{} {} computed on the way and not shown as a step; attn why --depth {} takes {} numbers "
          "apart too.",
          fmt::join(ended_, " and "), ended_.size() == 1 ? "is" : "are", depth_ + 1,
          ended_.size() == 1 ? "its" : "their"));
    }
    if (redone_) {
      trace.check(
          "the arithmetic, done again in double, gives the printed numbers (relative to the "
          "largest "
          "of each step)",
          worst_, 1e-5);
    } else {
      trace.say(
          "This number does not come from other numbers shown: it follows from its place, or was "
          "counted or measured.");
    }
    Table table{"why",
                "",
                {"level", "number", "value", "rule", "arithmetic", "in numbers", "recomputed"},
                std::move(rows_)};
    table.only_data = true;
    trace.add(std::move(table));
  }

 private:
  struct Written {
    std::string symbols, numbers;
    std::size_t operands = 0;
  };

  Written written(const Reason& reason) const {
    Written out;
    for (const auto& piece : reason.arithmetic) {
      if (const auto* text = std::get_if<std::string>(&piece)) {
        out.symbols += *text;
        out.numbers += *text;
        continue;
      }
      const auto& part = std::get<NumberRef>(piece);
      const std::string operand = number(part.tensor.value().data()[part.index]);
      // A sign behind an operator needs parentheses, one at the start or behind "(" does not.
      const bool alone = out.numbers.empty() || out.numbers.ends_with('(');
      out.symbols += name_of(part);
      out.numbers += operand.starts_with('-') && !alone ? "(" + operand + ")" : operand;
      ++out.operands;
    }
    return out;
  }

  static double relative_difference(double again, double value, const Tensor& tensor) {
    if (again == value || (std::isnan(again) && std::isnan(value))) return 0;
    double largest = 1e-30;
    for (const real x : tensor.value()) {
      if (std::isfinite(x)) largest = std::max(largest, std::abs(double{x}));
    }
    const double relative = std::abs(again - value) / largest;
    return std::isnan(relative) ? std::numeric_limits<double>::infinity() : relative;
  }

  std::string number(double value) const {
    if (std::isnan(value)) return "nan";
    if (value == std::floor(value) && std::abs(value) < 1e6)
      return fmt::format("{:.0f}", value + 0.0);
    if (value != 0 && std::abs(value) < std::pow(10.0, -precision_))
      return fmt::format("{:.2e}", value);
    return fmt::format("{:.{}f}", value, precision_);
  }

  std::string name_of(const NumberRef& ref) const {
    const std::string_view path = source_.name(ref.tensor);
    return fmt::format("{}[{}]", path.empty() ? unnamed(ref.tensor, 0) : std::string(path),
                       fmt::join(coordinates(ref.index, ref.tensor.shape()), ","));
  }

  /// "(x w_1 + b_1)": what was computed on the way and has no name of its own, by the names of what
  /// it was made from.
  std::string unnamed(const Tensor& tensor, int level) const {
    const Making* making = source_.making(tensor);
    if (!making) return "constant";
    std::vector<std::string> from;
    for (const Tensor& input : making->inputs) {
      if (!input) continue;
      if (from.size() == 3) {
        from.emplace_back("...");
        break;
      }
      const std::string_view path = source_.name(input);
      from.push_back(!path.empty() ? std::string(path)
                     : level < 2   ? unnamed(input, level + 1)
                                   : "...");
    }
    const std::string& op = making->op;
    if (op == "linear" && from.size() == 3)
      return fmt::format("({} {} + {})", from[0], from[1], from[2]);
    if ((op == "linear" || op == "matmul") && from.size() == 2)
      return fmt::format("({} {})", from[0], from[1]);
    if (op == "matmul_nt" && from.size() == 2) return fmt::format("({} {}^T)", from[0], from[1]);
    if (op == "add" && from.size() == 2) return fmt::format("({} + {})", from[0], from[1]);
    return fmt::format("{}({})", op, fmt::join(from, ", "));
  }

  /// "   (head 0, query 'it', key 'animal')"
  std::string labels_of(const NumberRef& ref) const {
    const Step* step = source_.find(source_.name(ref.tensor));
    if (!step) return {};
    const std::vector<std::size_t> place = coordinates(ref.index, ref.tensor.shape());
    std::vector<std::string> parts;
    for (std::size_t a = 0; a < place.size(); ++a) {
      const std::vector<std::string>* labels = axis_labels(source_, *step, step->axes[a]);
      parts.push_back(labels && place[a] < labels->size()
                          ? fmt::format("{} '{}'", step->axes[a], escaped((*labels)[place[a]]))
                          : fmt::format("{} {}", step->axes[a], place[a]));
    }
    return fmt::format("   ({})", fmt::join(parts, ", "));
  }

  const Trace& source_;
  const std::int64_t depth_;
  const int precision_;
  std::string lines_;
  std::vector<std::vector<Table::Cell>> rows_;
  double worst_ = 0;
  std::set<std::string> ended_;  // things without a name that are not taken apart
  bool redone_ = false;          // some number was computed again from others
  std::set<std::pair<const void*, std::size_t>> done_;
};

void why(Stage& s, const WhyOptions& o) {
  if (o.words.size() < 2) {
    throw Error(ErrorKind::usage, "why needs a number and the command that shows it",
                "as in: attn why 'weights[0,1]' attend");
  }
  const Place place = parse_place(o.words[0]);
  const Parsed asked = parse_command_line({o.words.begin() + 1, o.words.end()});
  if (!asked.command->shows_numbers()) {
    throw Error(ErrorKind::usage, fmt::format("attn {} shows no numbers to ask about", o.words[1]),
                "as in: attn why 'weights[0,1]' attend");
  }
  const Trace source = compute(asked);
  const Step* step = source.find(place.path);
  if (!step) {
    std::vector<std::string> names;
    for (const Step* known : source.steps()) names.push_back(known->path);
    const std::string near = nearest(place.path, names);
    throw Error(ErrorKind::usage,
                fmt::format("attn {} has no step {}{}", o.words[1], escaped(place.path),
                            near.empty() ? "" : fmt::format("; did you mean {}?", near)),
                steps_hint("its", place.path, names));
  }
  s.trace.title = fmt::format("Why is {} what it is?", o.words[0]);
  s.trace.seed = source.seed;
  s.trace.parameters = source.parameters;
  s.trace.tokens = source.tokens;
  s.trace.labels = source.labels;
  Explainer explainer(source, s.common, o.depth);
  explainer.explain({step->data, index_of(place, step->shape())}, 1);
  explainer.finish(s.trace);
}

}  // namespace

Command why_command() {
  return {.name = "why",
          .kind = CommandKind::about,
          .summary = "expands any number of a matrix into its arithmetic",
          .example = "why 'weights[9,1]' attend",
          .setup = with_options<WhyOptions>(bind, why),
          .asks_another = true};
}

}  // namespace attn::app
