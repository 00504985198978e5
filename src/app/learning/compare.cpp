#include <fmt/format.h>

#include <filesystem>
#include <map>
#include <set>

#include "app/frame/command.h"
#include "app/frame/lock.h"
#include "app/learning/compare_report.h"
#include "app/learning/parallel.h"
#include "app/learning/training.h"
#include "attn/core/error.h"
#include "attn/core/how_many.h"
#include "attn/core/joined.h"
#include "attn/io/file.h"

namespace attn::app {

namespace {

void bind(Cli& cli, CompareOptions& o) {
  cli.choice("--task", o.task, task_names(), "what all models learn");
  cli.text("--models", o.models, "A,B,...",
           "the models, from fc,window,rnn,birnn,lstm,gru,cnn,tcn,attention,local,conformer, of "
           "pictures cnn2d,vit, of graphs graph-attention");
  cli.suggest(model_kinds);
  cli.integers("--lengths", o.lengths, 1, 100'000,
               "lengths of the sequences; not given: from the task's shortest on");
  cli.integers("--examples", o.examples, 1, 100'000,
               "learn from so many examples, drawn once; a list shows what more data is worth; not "
               "given: endless ones");
  cli.integer("--seeds", o.seeds, 1, 1000, "trainings per cell, with seeds 1 to S", "S");
  cli.integer("--budget", o.budget, 100, 100'000'000, "parameters that each model may have", "P");
  cli.integer("--threads", o.threads, 1, 1024, "trainings at the same time, each on one processor");
  cli.output_file("--cache", o.cache, "DIR",
                  "where finished cells are kept (default: the cache folder of your account)");
  cli.text("--shard", o.shard, "I/N",
           "only every N-th cell, the I-th part, I from 1: for a cluster's job array");
  cli.input_files("--merge", o.merge, "DIR",
                  "take finished cells from this folder too, train nothing; may be repeated");
  bind_training(cli, o.training);
}

struct CellName {
  std::string model;
  Column column;
  std::uint64_t seed;

  /// The settings of all cells, for this one.
  CellSettings of(CellSettings settings) const {
    settings.training.examples = static_cast<std::int64_t>(column.examples);
    return settings;
  }
};

std::vector<std::string> listed_models(const std::string& text) {
  std::vector<std::string> out;
  std::size_t begin = 0;
  while (begin <= text.size()) {
    const std::size_t end = std::min(text.find(',', begin), text.size());
    const std::string name = text.substr(begin, end - begin);
    const auto& known = model_kinds();
    if (std::find(known.begin(), known.end(), name) == known.end()) {
      const std::string near = nearest(name, known);
      throw Error(ErrorKind::usage,
                  fmt::format("--models: no model \"{}\"{}", escaped(name),
                              near.empty() ? "" : fmt::format("; did you mean {}?", near)),
                  fmt::format("possible: {}", joined(known, ", ")));
    }
    if (std::find(out.begin(), out.end(), name) != out.end())
      throw Error(ErrorKind::usage, fmt::format("--models names {} twice", name), "name it once");
    out.push_back(name);
    begin = end + 1;
  }
  return out;
}

/// $XDG_CACHE_HOME/attn/compare or ~/.cache/attn/compare; a relative XDG path counts as unset.
std::string standard_cache() {
  const auto environment = [](const char* name) {
    return std::string(std::getenv(name) ? std::getenv(name) : "");
  };
  const std::string xdg = environment("XDG_CACHE_HOME"), home = environment("HOME");
  if (xdg.starts_with("/")) return xdg + "/attn/compare";
  if (home.starts_with("/")) return home + "/.cache/attn/compare";
  throw Error(ErrorKind::io,
              "no folder to keep finished cells in: neither XDG_CACHE_HOME nor HOME is set",
              "name one with --cache DIR");
}

/// The places of this process's part among all cells.
std::vector<std::size_t> my_part(std::size_t all, const std::string& shard) {
  std::int64_t part = 1, parts = 1;
  if (!shard.empty()) {
    const std::size_t slash = shard.find('/');
    if (slash == std::string::npos)
      throw Error(ErrorKind::usage, fmt::format("--shard \"{}\"", escaped(shard)),
                  "write I/N, such as 1/4");
    parts = parse_integer("--shard I/N: N", shard.substr(slash + 1), 1, 1'000'000);
    part = parse_integer("--shard I/N: I", shard.substr(0, slash), 1, parts);
  }
  std::vector<std::size_t> out;
  for (auto i = static_cast<std::size_t>(part - 1); i < all; i += static_cast<std::size_t>(parts))
    out.push_back(i);
  return out;
}

/// The columns of the report, the long sequences first.
std::vector<Column> columns_in_order(const CompareOptions& o) {
  std::vector<Column> columns = columns_of(o);
  std::stable_sort(columns.begin(), columns.end(),
                   [](const Column& a, const Column& b) { return a.length > b.length; });
  return columns;
}

/// Trains what is missing, several cells at a time; every finished cell is written at once.
void train_missing(const std::vector<CellName>& missing, const CellSettings& settings,
                   const std::string& cache, SharedProgress& progress, int threads) {
  const auto train = [&](std::size_t i) {
    const CellName& cell = missing[i];
    const CellSettings own = cell.of(settings);
    const auto result = run_cell(own, cell.model, cell.column.length, cell.seed, &progress);
    if (!result) return;
    write_cell(cache + "/" + cell_file(own, cell.model, cell.column.length, cell.seed), own,
               *result);
  };
  const auto name = [&](std::size_t i) {
    const CellName& cell = missing[i];
    return fmt::format("{} seed {}", cell_name(cell.of(settings), cell.model, cell.column.length),
                       cell.seed);
  };
  train_in_parallel(missing.size(), threads, progress, train, name,
                    "finished cells are kept; the same command goes on from them");
}

void compare(Stage& s, const CompareOptions& given) {
  CompareOptions o = given;
  if (!s.common.is_given("--lengths")) {  // a task may begin behind the first of the usual ones
    const auto usual = static_cast<std::int64_t>(usual_length(o.task));
    if (usual > 0) o.lengths = {usual};
    for (std::int64_t& n : o.lengths)
      n = std::max(n, static_cast<std::int64_t>(shortest_length(o.task)));
  }
  const std::vector<std::string> models = listed_models(o.models);
  const std::string cache = o.cache.empty() ? standard_cache() : o.cache;
  std::vector<CellName> all;  // the long ones first: they decide when the whole is done
  std::vector<std::int64_t> lengths = o.lengths, pools = o.examples;
  std::sort(lengths.rbegin(), lengths.rend());
  std::sort(pools.begin(), pools.end());
  if (std::adjacent_find(pools.begin(), pools.end()) != pools.end())
    throw Error(ErrorKind::usage, "--examples names a number twice", "name it once");
  if (pools.size() > 1 && lengths.size() > 1)
    throw Error(ErrorKind::usage, "--lengths and --examples are both lists",
                "give one length or one number of examples: the columns show the other");
  if (std::adjacent_find(lengths.begin(), lengths.end()) != lengths.end())
    throw Error(ErrorKind::usage, "--lengths names a length twice", "name it once");
  for (const std::int64_t n : lengths)
    make_task(o.task,
              static_cast<std::size_t>(n));  // throws for a length that the task does not have
  for (const Column& column : columns_in_order(o)) {
    for (std::int64_t seed = 1; seed <= o.seeds; ++seed) {
      for (const std::string& model : models)
        all.push_back({model, column, static_cast<std::uint64_t>(seed)});
    }
  }
  s.trace.title =
      fmt::format("{}: {} on the same sequences", o.task, how_many(models.size(), "model"));
  const std::unique_ptr<Task> task = make_task(o.task, static_cast<std::size_t>(lengths[0]));
  check_choices(s.common, *task, models);
  if (task->whole && o.training.read.empty()) o.training.read = "mean";
  const CellSettings settings{o.task, static_cast<std::size_t>(o.budget), o.training};
  s.trace.say(task->about + " The best possible: " + task->best);
  s.trace.say(fmt::format(
      "Every model has about {} parameters (the width is chosen for it) and the same effort: "
      "{}, learning rate {}, batches of {}, at most {}; it stops when two looks in a row at {} "
      "give "
      "99.9 %. Test sequences are none of the training sequences.",
      o.budget, o.training.optimizer, o.training.rate, o.training.batch,
      how_many(o.training.steps, "step"),
      o.examples.empty() ? "fresh training sequences" : "its own examples"));
  std::vector<std::string> off;
  double most_bytes = 0;  // of one training, at the greatest length
  for (const std::string& model : models) {
    const SequenceSizes sizes = cell_sizes(settings, *task, model);
    most_bytes = std::max(most_bytes, training_bytes(o.training, *task, sizes));
    Parameters parameters{Rng(0)};
    const double count = double(SequenceModel(sizes, parameters).parameter_count());
    if (std::abs(count - double(o.budget)) > 0.05 * double(o.budget))
      off.push_back(fmt::format("{} has {:.0f}", model, count));
  }
  if (!off.empty())
    s.trace.say(fmt::format("Not within 5 % of the budget, because a width is a whole number: {}.",
                            joined(off, ", ")));

  for (const std::string& folder : o.merge) {
    if (!is_folder(folder))
      throw Error(ErrorKind::io,
                  fmt::format("--merge {}: there is no such folder", escaped(folder, 200)),
                  "name a folder that another part wrote as its --cache");
  }
  std::vector<std::string> folders = o.merge;
  folders.insert(folders.begin(), cache);
  // A damaged cell is kept beside the others and computed again.
  const auto find = [&](const CellName& cell) -> std::optional<CellResult> {
    const CellSettings own = cell.of(settings);
    for (const std::string& folder : folders) {
      const std::string path =
          folder + "/" + cell_file(own, cell.model, cell.column.length, cell.seed);
      if (!file_exists(path)) continue;
      if (auto result = read_cell(path, own, cell.model, cell.column.length, cell.seed))
        return result;
      std::error_code ignored;
      std::filesystem::rename(path, path + ".damaged", ignored);
      s.trace.say(fmt::format("{} was damaged; it is kept as .damaged.", path));
    }
    return {};
  };
  std::vector<std::optional<CellResult>> done;  // in the order of `all`
  for (const CellName& cell : all) done.push_back(find(cell));
  std::vector<CellName> missing;
  for (const std::size_t i : my_part(all.size(), o.shard)) {
    if (!done[i]) missing.push_back(all[i]);
  }
  if (o.merge.empty() && !missing.empty()) {
    s.require_memory(
        most_bytes * double(std::min(static_cast<std::size_t>(o.threads), missing.size())),
        fmt::format("training on {} sequences of {} steps at once", o.training.batch, task->steps));
    std::error_code error;
    std::filesystem::create_directories(cache, error);
    if (error)
      throw Error(ErrorKind::io,
                  fmt::format("{}: cannot be made: {}", escaped(cache, 200), error.message()),
                  "name a folder with --cache DIR");
    SharedProgress progress(s.common.progress, missing.size());
    train_missing(missing, settings, cache, progress, static_cast<int>(o.threads));
    s.trace.interrupted = progress.stopped();
    s.trace.go_on = "finished cells are kept; the same command goes on from them";
  }

  Results results;
  std::string document;
  std::size_t absent = 0;
  for (std::size_t i = 0; i < all.size(); ++i) {
    // What was missing has been trained since, here or by another process.
    std::optional<CellResult> result = done[i] ? std::move(done[i]) : find(all[i]);
    if (!result) {
      ++absent;
      continue;
    }
    document += (document.empty() ? "" : ",\n  ") + cell_json(all[i].of(settings), *result);
    results[{all[i].model, all[i].column}].push_back(std::move(*result));
  }
  s.trace.document = fmt::format(
      "{{\"format\":1,\"task\":\"{}\",\"budget_parameters\":{},\"missing\":{},\"results\":[\n  "
      "{}]}}\n",
      o.task, o.budget, absent, document);
  if (absent > 0)
    s.trace.say(fmt::format("{} of {} cells are not there yet{}.", absent, all.size(),
                            o.shard.empty() ? "" : " (other parts have them)"));
  if (!o.merge.empty()) s.trace.check("all cells are there", double(absent), 0);
  if (!results.empty()) report_comparison(s, o, models, results);
}

}  // namespace

Command compare_command() {
  return {.name = "compare",
          .kind = CommandKind::work,
          .summary = "many models learn one task: who learns what, and at what cost",
          .example = "compare --models fc,rnn --lengths 4 --seeds 1 --steps 9",
          .setup = with_options<CompareOptions>(bind, compare),
          .slow = true};
}

}  // namespace attn::app
