#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <limits>
#include <optional>
#include <set>

#include "app/about/long_sum.h"
#include "app/about/why_names.h"
#include "app/frame/execute.h"
#include "attn/core/error.h"
#include "attn/core/how_many.h"
#include "attn/core/trimmed.h"
#include "attn/render/view.h"
#include "attn/text/utf8.h"

namespace attn::app {

namespace {

struct WhyOptions {
  std::vector<std::string> words;
  std::int64_t depth = 1;
  bool all = false;
};

void bind(Cli& cli, WhyOptions& o) {
  cli.integer("--depth", o.depth, 1, 64,
              "how many levels of arithmetic; a large number goes down to the inputs");
  cli.flag("--all", o.all, "every term of a long sum, and not the largest five");
  cli.positional(
      "STEP[i,j] COMMAND...", o.words,
      "the number to explain (places are numbers from 0, or words), and the command that "
      "shows it");
}

/// "weights[0,1,2]" taken apart.
struct Place {
  std::string path;
  std::vector<std::string> index;  ///< numbers, or words that stand there
};

[[noreturn]] void no_place(const std::string& word) {
  throw Error(ErrorKind::usage, fmt::format("\"{}\" names no number", escaped(word)),
              "write a step and a place counted from 0, as in: attn why 'weights[0,1]' attend");
}

Place parse_place(const std::string& word) {
  const std::size_t open = word.find('[');
  if (open == 0 || word.empty() || (open != std::string::npos && !word.ends_with(']')))
    no_place(word);
  Place place{word.substr(0, open), {}};
  if (open == std::string::npos || word.substr(open) == "[]") return place;  // a single number
  std::size_t begin = open + 1;
  while (begin < word.size()) {
    // In double quotes a word may hold a comma, as the name of a patch does: "2,3".
    const std::size_t quote = word[begin] == '"' ? word.find('"', begin + 1) : std::string::npos;
    const std::size_t end = word.find_first_of(",]", quote == std::string::npos ? begin : quote);
    const std::string_view index = trimmed(std::string_view(word).substr(begin, end - begin));
    place.index.emplace_back(quote == std::string::npos ? index : trimmed(index, "\" "));
    if (place.index.back().empty()) parse_integer("index", "", 0, 1);  // says what is wanted
    begin = end + 1;
  }
  return place;
}

/// Where a word stands among labels. A label "read → written" is both its words; what was written
/// comes first.
std::vector<std::size_t> places_of(const std::string& word,
                                   const std::vector<std::string>& labels) {
  constexpr std::string_view kThen = " \u2192 ";
  std::vector<std::size_t> out, read;
  for (std::size_t i = 0; i < labels.size(); ++i) {
    const std::size_t arrow = labels[i].find(kThen);
    const std::string first = labels[i].substr(0, arrow);
    const std::string second =
        arrow == std::string::npos ? first : labels[i].substr(arrow + kThen.size());
    if (lower(labels[i]) == lower(word) || lower(second) == lower(word)) {
      out.push_back(i);
    } else if (lower(first) == lower(word)) {
      read.push_back(i);
    }
  }
  return out.empty() ? read : out;
}

/// The place on an axis: a number, or the first of its labels that is this word. Says where else it
/// stands.
std::size_t place_on_axis(const std::string& word, const Trace& trace, const Step& step,
                          const std::string& axis, std::vector<std::string>& said) {
  const std::vector<std::string>* labels = axis_labels(trace, step, axis);
  const bool digits = word.find_first_of("0123456789") != std::string::npos &&
                      word.find_first_not_of("0123456789+-.") == std::string::npos;
  if (digits || word.empty() || !labels)
    return static_cast<std::size_t>(parse_integer("index", word, 0, std::int64_t{1} << 40));
  const std::vector<std::size_t> places = places_of(word, *labels);
  if (places.size() > 1)
    said.push_back(fmt::format(
        "{} \"{}\" stands at {}: the first is shown. For another one write its number, {}, in "
        "place of the word.",
        axis, escaped(word), fmt::join(places, " and "), places[1]));
  if (!places.empty()) return places[0];
  const std::string near = nearest(word, *labels);
  throw Error(ErrorKind::usage,
              fmt::format("{} has no {} \"{}\"{}", step.path, axis, escaped(word),
                          near.empty() ? "" : fmt::format("; did you mean {}?", near)),
              fmt::format("write an index from 0 to {}, or a word that stands there",
                          labels->empty() ? 0 : labels->size() - 1));
}

std::size_t index_of(const Place& place, const Trace& trace, const Step& step,
                     std::vector<std::string>& said) {
  const Shape shape = step.shape();
  if (place.index.empty() && !shape.empty()) no_place(place.path);
  const std::string range =
      fmt::format("{} has shape {}, so the last place is [{}]", place.path, to_string(shape), [&] {
        std::string last;
        for (const std::size_t s : shape)
          last += fmt::format("{}{}", last.empty() ? "" : ",", s - 1);
        return last;
      }());
  if (place.index.size() != shape.size()) {
    throw Error(ErrorKind::usage,
                fmt::format("{} needs {}, {} are given", place.path,
                            how_many(shape.size(), "index", "indices"), place.index.size()),
                range);
  }
  std::vector<std::size_t> index;
  for (std::size_t a = 0; a < shape.size(); ++a) {
    index.push_back(place_on_axis(place.index[a], trace, step, step.axes[a], said));
    if (index[a] >= shape[a]) {
      throw Error(ErrorKind::usage,
                  fmt::format("index {} is beyond axis {} of {}", index[a], a, place.path), range);
    }
  }
  return flat_index(index, shape);
}

/// Writes down arithmetic, level by level: as one text for people, and as rows for programs.
class Explainer {
 public:
  Explainer(const Trace& source, const Common& common, std::int64_t depth, bool all)
      : source_(source),
        names_(source),
        depth_(depth),
        precision_(common.precision < 0 ? 4 : static_cast<int>(common.precision)),
        all_(all) {}

  void explain(const NumberRef& asked, std::int64_t level) {
    const NumberRef ref = names_.place_of(asked);
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
    const auto [symbols, numbers, operands] = written(reason.arithmetic);
    for (const auto& piece : reason.arithmetic) {
      const auto* part = std::get_if<NumberRef>(&piece);
      if (!part || level < depth_) continue;
      const Tensor tensor = names_.place_of(*part).tensor;
      if (source_.name(tensor).empty() && source_.making(tensor)) ended_.insert(names_.of(tensor));
    }
    const Step* step = source_.find(source_.name(ref.tensor));
    lines_ += head + labels_of(ref) + "\n";
    if (step) lines_ += indent + "  " + step->formula + "\n";
    lines_ += indent + "  " + reason.rule + "\n";
    const auto [short_symbols, short_numbers] = in_short(reason, symbols, numbers);
    if (!symbols.empty()) lines_ += indent + "  = " + short_symbols + "\n";
    if (operands > 1) lines_ += indent + "  = " + short_numbers + "\n";
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
    if (left_out_)
      trace.say("Of a long sum the five largest terms are shown; --all shows every one.");
    if (!ended_.empty()) {
      trace.say(fmt::format(
          "{} {} computed on the way and not shown as a step; attn why --depth {} takes {} numbers "
          "apart too.",
          fmt::join(ended_, " and "), ended_.size() == 1 ? "is" : "are", depth_ + 1,
          ended_.size() == 1 ? "its" : "their"));
    }
    if (names_.gave_copies())
      trace.say("#2 is the second matrix that was computed in this way, in the order of the pass.");
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

  /// The arithmetic as people read it: of a long sum the largest terms.
  std::pair<std::string, std::string> in_short(const Reason& reason, const std::string& symbols,
                                               const std::string& numbers) {
    const auto sum = all_ ? std::nullopt : shortened(reason.arithmetic);
    if (!sum) return {symbols, numbers};
    left_out_ = true;
    ShortSum::Arithmetic pieces = sum->before;
    pieces.insert(pieces.end(), sum->largest.begin(), sum->largest.end());
    ShortSum::Arithmetic in_numbers = pieces;
    pieces.emplace_back(fmt::format(" + {} smaller", sum->others));
    const std::string rest = number(sum->rest);
    in_numbers.emplace_back(" + " + (rest.starts_with('-') ? "(" + rest + ")" : rest));
    for (ShortSum::Arithmetic* half : {&pieces, &in_numbers})
      half->insert(half->end(), sum->after.begin(), sum->after.end());
    return {written(pieces).symbols, written(in_numbers).numbers};
  }

  Written written(const ShortSum::Arithmetic& pieces) const {
    Written out;
    for (const auto& piece : pieces) {
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
    if (std::abs(value) >= 1e9) return fmt::format("{:.{}e}", value, precision_);
    if (value == std::floor(value) && std::abs(value) < 1e6)
      return fmt::format("{:.0f}", value + 0.0);
    if (value != 0 && std::abs(value) < std::pow(10.0, -precision_))
      return fmt::format("{:.2e}", value);
    return fmt::format("{:.{}f}", value, precision_);
  }

  std::string name_of(const NumberRef& ref) const {
    const NumberRef at = names_.place_of(ref);
    return fmt::format("{}[{}]", names_.of(at.tensor),
                       fmt::join(coordinates(at.index, at.tensor.shape()), ","));
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
  const NumberNames names_;
  const std::int64_t depth_;
  const int precision_;
  const bool all_;
  bool left_out_ = false;
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
  // Who goes deeper wants every number on the way.
  Explainer explainer(source, s.common, o.depth, o.all || o.depth > 1);
  std::vector<std::string> said;
  explainer.explain({step->data, index_of(place, source, *step, said)}, 1);
  explainer.finish(s.trace);
  for (std::string& text : said) s.trace.say(std::move(text));
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
