#include "app/frame/stage.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>

#include "attn/core/error.h"
#include "attn/core/gemm.h"
#include "attn/core/joined.h"
#include "attn/core/memory.h"
#include "attn/nn/position.h"
#include "attn/ops/ops.h"
#include "attn/render/export.h"
#include "attn/text/utf8.h"
#include "attn/text/words.h"

namespace attn::app {

void add_common_options(Cli& cli, Common& c, bool stage) {
  cli.begin_common();
  if (stage) {
    cli.integer("--seed", c.seed, 0, std::int64_t{1} << 62,
                "random numbers of this seed, always the same");
    cli.integer("--dim", c.dim, 1, 1'000'000'000, "model width d: numbers per token");
    cli.choice("--level", c.level, {"word", "char"}, "tokens are words or characters");
    cli.choice("--position", c.position, {"none", "sinusoidal", "learned"},
               "positions that x gets before the stage");
    cli.input_file("--input", c.input, "FILE",
                   "a file in place of a text: a matrix (.npy, .csv), a picture (.png, .jpg, .ppm, "
                   ".pgm), a sound (.wav, .flac, .ogg), a molecule (.mol, .sdf)");
    bind_sources(cli, c.source);
    cli.input_file("--weights", c.weights, "FILE",
                   "parameters from a safetensors file in place of random ones");
    cli.output_file("--save-weights", c.save_weights, "FILE",
                    "write the parameters to a safetensors file");
    cli.integer("--threads", c.threads, 1, 1024,
                "processors to compute on; 1 gives the same digits always");
    cli.integer("--repeat", c.repeat, 1, 100'000,
                "compute so often and show the median time and its spread");
  }
  cli.integer("--memory-limit", c.memory_limit, 1, 1'000'000,
              "GB that it may take; without it, half of the machine's memory and at most 4", "GB");
  cli.integer("--precision", c.precision, 0, 17, "digits after the decimal point");
  cli.choice("--convention", c.convention, {"row", "column"},
             "show a token as a row, or (transposed) as a column");
  cli.text("--show", c.show, "GLOB",
           "only the steps that match, as in --show 'weights' or 'q*,scores'");
  cli.flag("--quiet", c.quiet, "only the matrices, no explanations");
  cli.choice("--color", c.color, {"auto", "always", "never"}, "heat as background colours");
  cli.flag("--plain", c.plain, "linear text that reads well aloud");
  cli.flag("--timing", c.timing, "what each step cost, and not the sum alone");
  cli.flag("--no-pager", c.no_pager, "all at once, also where the window is too small for it");
  cli.flag("--json", c.json, "one JSON document with every number");
  cli.output_file("--export", c.export_folder, "DIR",
                  "write every step as an NPY file, and trace.json");
  // Some commands make a folder or a table of their own.
  const bool has_out = std::any_of(cli.rows().begin(), cli.rows().end(),
                                   [](const OptionRow& row) { return row.name == "--out"; });
  if (has_out) return;
  static const std::string help = [] {
    const std::vector<std::string>& all = output_formats();
    return fmt::format("write .{} or .{}; may be repeated",
                       fmt::join(all.begin(), all.end() - 1, ", ."), all.back());
  }();
  cli.output_files("--out", c.outputs, "FILE", help.c_str());
}

Stage::Stage(const Common& options)
    : common(options),
      rng(static_cast<std::uint64_t>(options.seed)),
      parameters(rng),
      run{nullptr, &trace, &rng} {
  trace.command = options.arguments;
  trace.seed = static_cast<std::uint64_t>(options.seed);
  trace.parameters = Origin::drawn;
  trace.threads = static_cast<int>(options.threads);
  set_threads(trace.threads);
  // The first product fetches the memory of all later ones; without this, the first step that is
  // timed would pay for it (3 ms in place of 0.003).
  const Array ones = full({16, 16}, 1);
  Array product = zeros({16, 16});
  gemm({.m = 16, .n = 16, .k = 16}, ones.data(), ones.data(), product.data());
  if (!options.weights.empty()) {
    parameters.use(read_safetensors(options.weights), options.weights);
    trace.parameters = Origin::file;
  }
}

void require_utf8(std::string_view text, std::string_view what) {
  std::size_t bad = 0;
  if (valid_utf8(text, &bad)) return;
  throw Error(ErrorKind::usage,
              fmt::format("{} is not UTF-8 at byte {}: \"{}\"", what, bad, escaped(text)),
              "write it in a UTF-8 terminal");
}

const std::vector<std::string>& Stage::tokens() {
  if (!tokens_.empty()) return tokens_;
  if (!common.input.empty())
    throw Error(ErrorKind::usage, "this stage reads a text, not --input",
                "write a sentence in quotes in place of --input");
  std::string text = common.default_text;
  if (has_text()) text = joined(common.text, " ");
  require_utf8(text, "the text");
  tokens_ = common.level == "char" ? letters(text) : words(text);
  if (tokens_.empty()) {
    throw Error(ErrorKind::usage, "the text has no words",
                "write a sentence in quotes, such as \"the animal was tired\"");
  }
  trace.tokens = tokens_;
  for (const char* axis : {"token", "query", "key"}) trace.labels[axis] = tokens_;
  return tokens_;
}

const std::vector<std::string>& Stage::vocabulary() {
  if (vocabulary_.empty()) vocabulary_ = number_tokens(tokens()).vocabulary;
  return vocabulary_;
}

Tensor Stage::ids() {
  if (ids_) return ids_;
  const Numbered numbered = number_tokens(tokens());
  vocabulary_ = numbered.vocabulary;
  Array values = empty({numbered.ids.size()});
  std::copy(numbered.ids.begin(), numbered.ids.end(), values.data());
  trace.labels["word"] = vocabulary_;
  ids_ = Tensor::ids(std::move(values));
  note(run, "ids", "the place of each token in the vocabulary", {"token"}, ids_);
  return ids_;
}

Tensor Stage::embedding() {
  const std::vector<std::string>& known = vocabulary();
  require_drawable("embedding", {known.size(), d()});
  Array table = empty({known.size(), d()});
  for (std::size_t i = 0; i < known.size(); ++i) {
    const Array vector = rng.stream("embedding." + known[i]).normal({d()}, 1);
    std::copy(vector.data(), vector.data() + d(), table.data() + i * d());
  }
  const Tensor embedding = parameters.get_or("embedding", table);
  note(run, "embedding", "E: one row per word of the vocabulary", {"word", "d"}, embedding);
  return embedding;
}

Tensor Stage::x() {
  const Source& from = source();
  if (!is_text(from) && has_text()) {
    throw Error(ErrorKind::usage, "a text and --input are both given",
                "give one of them: each makes X");
  }
  if (!from.ordered && !common.is_given("--position")) common.position = "none";
  const Tensor x = from.read(*this);
  if (common.position == "none") return x;
  const std::size_t n = x.shape()[0], width = x.shape()[1];
  note(run, "token_embedding",
       is_text(from) ? "the row of E for each token" : "X, before positions", {"token", "d"}, x);
  Tensor position;
  if (common.position == "sinusoidal") {
    position = sinusoidal(run, n, width);
  } else {
    const Tensor table = parameters.get("position_table", {128, width}, 1);
    note(run, "position_table", "P: one learned row per position", {"position", "d"}, table);
    position = learned_positions(run, table, n);
  }
  note(run, "position", "PE", {"token", "d"}, position);
  return add(run, x, position);
}

void Stage::refuse_positions() const {
  if (common.position == "none") return;
  throw Error(ErrorKind::usage, "--position belongs to the later stages",
              "positions are added to x: see attn position");
}

Tensor Stage::parameter(const std::string& path, const Shape& shape) {
  return parameters.get(path, shape, 1 / std::sqrt(static_cast<double>(shape[0])));
}

Tensor Stage::fold(std::size_t first, const Tensor& result, const char* path, const char* formula,
                   std::initializer_list<const char*> axes, const char* from) {
  std::vector<Item> kept;
  std::vector<std::string> origins{from};
  double milliseconds = 0, flops = 0;
  for (std::size_t i = first; i < trace.items.size(); ++i) {
    const Step& step = std::get<Step>(trace.items[i]);
    milliseconds += step.milliseconds;
    flops += step.flops;
    if (step.kind() != Tensor::Kind::parameter) continue;
    origins.push_back(step.path);
    kept.push_back(trace.items[i]);
  }
  trace.items.resize(first);
  trace.items.insert(trace.items.end(), kept.begin(), kept.end());
  const Tensor named = reshape(run, result, result.shape());  // under a name of its own
  note(run, path, formula, axes, named);
  Step& step = *trace.find(path);
  step.from = std::move(origins);
  step.milliseconds += milliseconds;
  step.flops += flops;
  return named;
}

void Stage::explain(std::string_view path, std::string text) {
  if (Step* step = trace.find(path)) step->about = std::move(text);
}

void Stage::same(std::string claim, const Array& a, const Array& b) {
  double magnitude = largest_magnitude(a);
  if (!std::isfinite(magnitude)) magnitude = 1;
  trace.check(std::move(claim), largest_difference(a, b), 1e-5 * std::max(magnitude, 1e-30));
  trace.restart_clock();
}

void Stage::say_if_not_finite(const std::vector<std::string>& paths) {
  std::size_t count = 0;
  for (const std::string& path : paths) {
    const Step* step = trace.find(path);
    if (!step) continue;
    count += static_cast<std::size_t>(std::count_if(step->values().begin(), step->values().end(),
                                                    [](real x) { return !std::isfinite(x); }));
  }
  if (count == 0) return;
  trace.say(
      fmt::format("{} of the scores {} infinite or not a number: given so, or too large for a "
                  "float. -inf gives "
                  "weight 0; +inf or nan make the whole row nan.",
                  count, count == 1 ? "is" : "are"));
}

void Stage::require_memory(double bytes, const std::string& what) const {
  attn::require_memory(bytes, what);
}

}  // namespace attn::app
