#include <fmt/format.h>

#include <set>

#include "app/commands/all.h"
#include "attn/text/utf8.h"

namespace attn::app {

void bind(Cli& cli, WhyOptions& o) {
  cli.integer("--depth", o.depth, 1, 64, "how many levels of arithmetic; a large number goes down to the inputs");
  cli.positional("STEP[i,j] COMMAND...", o.words, "the number to explain, and the command that shows it");
}

namespace {

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

std::size_t flat_index(const Place& place, const Shape& shape) {
  const std::string range = fmt::format("{} has shape {}, so the last place is [{}]", place.path, to_string(shape), [&] {
    std::string last;
    for (const std::size_t s : shape) last += fmt::format("{}{}", last.empty() ? "" : ",", s - 1);
    return last;
  }());
  if (place.index.size() != shape.size()) {
    throw Error(ErrorKind::usage, fmt::format("{} needs {} indices, {} are given", place.path, shape.size(), place.index.size()), range);
  }
  std::size_t flat = 0;
  for (std::size_t a = 0; a < shape.size(); ++a) {
    if (place.index[a] >= shape[a]) {
      throw Error(ErrorKind::usage, fmt::format("index {} is beyond axis {} of {}", place.index[a], a, place.path), range);
    }
    flat = flat * shape[a] + place.index[a];
  }
  return flat;
}

/// Writes down arithmetic, level by level.
class Explainer {
 public:
  Explainer(const Trace& source, Stage& stage, std::int64_t depth) : source_(source), stage_(stage), depth_(depth) {
    precision_ = stage.common.precision < 0 ? 4 : static_cast<int>(stage.common.precision);
    table_.name = "why";
    table_.columns = {"level", "number", "value", "rule", "arithmetic", "in numbers", "recomputed"};
  }

  void explain(const NumberRef& ref, std::int64_t level) {
    const std::string name = name_of(ref);
    if (!done_.insert({ref.tensor.id(), ref.index}).second) return;
    const double value = ref.tensor.value().data()[ref.index];
    const Making* making = source_.making(ref.tensor);
    const std::string indent(static_cast<std::size_t>(2 * (level - 1)), ' ');
    if (!making) {
      const bool random = ref.tensor.kind() == Tensor::Kind::parameter;
      say(indent + fmt::format("{} = {}  {}", name, number(value),
                               random ? "a parameter: random with this seed, or from the weight file" : "given: an input"));
      table_.rows.push_back({double(level), name, value, random ? "parameter" : "input", "", "", value});
      return;
    }
    const Reason reason = making->explain(ref.index);
    std::string symbols, numbers;
    for (const auto& piece : reason.arithmetic) {
      if (const auto* text = std::get_if<std::string>(&piece)) {
        symbols += *text;
        numbers += *text;
      } else {
        const auto& part = std::get<NumberRef>(piece);
        const double operand = part.tensor.value().data()[part.index];
        symbols += name_of(part);
        numbers += operand < 0 ? fmt::format("({})", number(operand)) : number(operand);
      }
    }
    say(indent + fmt::format("{} = {}{}", name, number(value), labels_of(ref)));
    if (const Step* step = source_.find(source_.name(ref.tensor))) say(indent + "  " + step->formula);
    say(indent + "  " + reason.rule + ":");
    say(indent + "  = " + symbols);
    if (numbers != symbols) say(indent + "  = " + numbers);
    say(indent + fmt::format("  = {}", number(reason.value)));
    table_.rows.push_back({double(level), name, value, reason.rule, symbols, numbers, reason.value});
    const double scale = std::max({std::abs(value), magnitude(ref.tensor), 1e-30});
    const double off = std::abs(reason.value - value) / scale;
    if (!(std::isnan(reason.value) && std::isnan(value)) && reason.value != value) worst_ = std::max(worst_, std::isnan(off) ? 1 : off);
    if (level >= depth_) return;
    for (const auto& piece : reason.arithmetic) {
      if (const auto* part = std::get_if<NumberRef>(&piece)) explain(*part, level + 1);
    }
  }

  void finish() {
    stage_.trace.check("the arithmetic above, done again in double, gives the printed numbers (relative to each step's largest)",
                       worst_, 1e-5);
    table_.about = {};
    stage_.trace.items.emplace_back(std::move(table_));
  }

 private:
  void say(std::string line) { stage_.trace.say(std::move(line)); }

  static double magnitude(const Tensor& t) {
    double m = 0;
    for (const real x : t.value()) {
      if (std::isfinite(x)) m = std::max(m, std::abs(double{x}));
    }
    return m;
  }

  std::string number(double value) const {
    if (value == std::floor(value) && std::abs(value) < 1e6) return fmt::format("{:.0f}", value + 0.0);
    if (value != 0 && std::abs(value) < std::pow(10.0, -precision_)) return fmt::format("{:.{}e}", value, precision_ - 1 < 0 ? 0 : precision_ - 1);
    return fmt::format("{:.{}f}", value, precision_);
  }

  std::string name_of(const NumberRef& ref) const {
    std::string_view path = source_.name(ref.tensor);
    const Making* making = source_.making(ref.tensor);
    std::string name = !path.empty() ? std::string(path) : making ? making->op : "constant";
    const Shape shape = ref.tensor.shape();
    std::size_t rest = ref.index;
    std::string place;
    for (std::size_t a = shape.size(); a-- > 0; rest /= shape[a]) {
      place = fmt::format("{}{}{}", rest % shape[a], place.empty() ? "" : ",", place);
    }
    return fmt::format("{}[{}]", name, place);
  }

  /// "  (head 0, query 'it', key 'animal')"
  std::string labels_of(const NumberRef& ref) const {
    const Step* step = source_.find(source_.name(ref.tensor));
    if (!step) return {};
    const Shape shape = step->shape();
    std::size_t rest = ref.index;
    std::string out;
    for (std::size_t a = shape.size(); a-- > 0; rest /= shape[a]) {
      const auto labels = source_.labels.find(step->axes[a]);
      const std::size_t i = rest % shape[a];
      const bool known = labels != source_.labels.end() && i < labels->second.size();
      out = fmt::format("{} {}{}{}", step->axes[a], known ? fmt::format("'{}'", escaped(labels->second[i])) : std::to_string(i),
                        out.empty() ? "" : ", ", out);
    }
    return "   (" + out + ")";
  }

  const Trace& source_;
  Stage& stage_;
  std::int64_t depth_;
  int precision_;
  double worst_ = 0;
  std::set<std::pair<const void*, std::size_t>> done_;
  Table table_;
};

}  // namespace

void why(Stage& s, const WhyOptions& o) {
  if (o.words.size() < 2) {
    throw Error(ErrorKind::usage, "why needs a number and the command that shows it", "as in: attn why 'weights[0,1]' attend");
  }
  const Place place = parse_place(o.words[0]);
  const Parsed asked = parse_command_line({o.words.begin() + 1, o.words.end()});
  if (!asked.command->takes_stage_options) {
    throw Error(ErrorKind::usage, fmt::format("attn {} shows no numbers to ask about", o.words[1]), "as in: attn why 'weights[0,1]' attend");
  }
  const Trace source = compute(asked);
  const Step* step = source.find(place.path);
  if (!step) {
    std::vector<std::string> names;
    for (const Step* known : source.steps()) names.push_back(known->path);
    const std::string near = nearest(place.path, names);
    throw Error(ErrorKind::usage, fmt::format("attn {} has no step {}{}", o.words[1], escaped(place.path),
                                              near.empty() ? "" : fmt::format("; did you mean {}?", near)),
                fmt::format("its steps: {}", fmt::join(names, ", ")));
  }
  s.trace.title = fmt::format("Why is {} what it is?", o.words[0]);
  s.trace.seed = source.seed;
  s.trace.tokens = source.tokens;
  Explainer explainer(source, s, o.depth);
  explainer.explain({step->data, flat_index(place, step->shape())}, 1);
  explainer.finish();
}

}  // namespace attn::app
