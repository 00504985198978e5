#include "app/cells.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "attn/io/file.h"
#include "attn/io/json.h"

namespace attn::app {

namespace {

/// Changes when results of older programs can no longer stand beside new ones.
constexpr int kVersion = 1;

std::string settings_text(const CellSettings& s) {
  const TrainingChoices& t = s.training;
  return fmt::format(
      "v{} task {} budget {} layers {} heads {} kernel {} radius {} dropout {} steps {} batch {} "
      "{} lr {} {} warmup {} "
      "clip {} smoothing {}",
      kVersion, s.task, s.budget, t.layers, t.heads, t.kernel, t.radius, t.dropout, t.steps,
      t.batch, t.optimizer, t.rate, t.schedule, t.warmup, t.clip, t.smoothing);
}

}  // namespace

SequenceSizes cell_sizes(const CellSettings& s, const Task& task, const std::string& model) {
  TrainingChoices choices = s.training;
  const auto width =
      static_cast<std::size_t>(choices.heads);  // any width that fits; the budget decides
  return with_budget(sequence_sizes(choices, task, model, width), s.budget);
}

std::optional<CellResult> run_cell(const CellSettings& s, const std::string& model_name,
                                   std::size_t length, std::uint64_t seed, Progress* progress) {
  const std::unique_ptr<Task> task = make_task(s.task, length);
  Parameters parameters{Rng(seed)};
  SequenceModel model(cell_sizes(s, *task, model_name), parameters);
  Trainer trainer(*task, model, training_options(s.training, seed));
  bool stopped = false;
  trainer.train([&](const TrainingStep& now) {
    if (progress && now.step % 20 == 0) {
      progress->show(fmt::format("{} n={} seed {}: step {}/{}  loss {:.3f}  {:.0f} steps/s",
                                 model_name, length, seed, now.step, now.steps, now.loss,
                                 now.steps_per_second));
      stopped = progress->stop();
    }
    return !stopped;
  });
  if (stopped) return {};
  CellResult r;
  r.model = model_name;
  r.length = length;
  r.seed = seed;
  r.parameters = model.parameter_count();
  r.width = model.sizes().width;
  r.steps = trainer.step();
  r.train_seconds = trainer.seconds();
  r.score = evaluate(model, *task, Split::test, 16, Rng(seed).stream("test"));
  r.sequential_steps = model.sequential_steps(task->steps);
  r.longest_path = model.longest_path(task->steps);
  r.sees_back = std::min(model.receptive_field(task->steps).first, task->steps - 1);
  return r;
}

std::string cell_file(const CellSettings& s, const std::string& model, std::size_t length,
                      std::uint64_t seed) {
  std::uint64_t hash = 0xCBF29CE484222325ull;
  for (const unsigned char c : settings_text(s)) hash = (hash ^ c) * 0x100000001B3ull;
  return fmt::format("{}-{}-n{}-seed{}-{:016x}.json", s.task, model, length, seed, hash);
}

std::string cell_json(const CellSettings& s, const CellResult& r) {
  nlohmann::ordered_json distances = nlohmann::ordered_json::array();
  for (const DistanceScore& d : r.score.by_distance) {
    distances.push_back({{"distance", d.distance}, {"asked", d.asked}, {"accuracy", d.accuracy}});
  }
  const auto number = [](double x) -> nlohmann::ordered_json {
    if (std::isnan(x)) return nullptr;
    return x;
  };
  const nlohmann::ordered_json document = {{"model", r.model},
                                           {"length", r.length},
                                           {"seed", r.seed},
                                           {"parameters", r.parameters},
                                           {"steps", r.steps},
                                           {"train_seconds", r.train_seconds},
                                           {"accuracy", number(r.score.accuracy)},
                                           {"loss", number(r.score.loss)},
                                           {"by_distance", distances},
                                           {"exact", number(r.score.exact)},
                                           {"asked", r.score.asked},
                                           {"width", r.width},
                                           {"sequential_steps", r.sequential_steps},
                                           {"longest_path", r.longest_path},
                                           {"sees_back", r.sees_back},
                                           {"settings", settings_text(s)}};
  return document.dump();
}

CellResult read_cell(const std::string& path) {
  const nlohmann::json j = parse_json(read_file(path, std::size_t{1} << 24), path);
  CellResult r;
  try {
    const auto number = [&](const nlohmann::json& x) {
      return x.is_null() ? std::nan("") : x.get<double>();
    };
    r.model = j.at("model").get<std::string>();
    r.length = j.at("length").get<std::size_t>();
    r.seed = j.at("seed").get<std::uint64_t>();
    r.parameters = j.at("parameters").get<std::size_t>();
    r.width = j.at("width").get<std::size_t>();
    r.steps = j.at("steps").get<std::uint64_t>();
    r.train_seconds = j.at("train_seconds").get<double>();
    r.score.accuracy = number(j.at("accuracy"));
    r.score.loss = number(j.at("loss"));
    r.score.exact = number(j.at("exact"));
    r.score.asked = j.at("asked").get<std::size_t>();
    r.sequential_steps = j.at("sequential_steps").get<std::size_t>();
    r.longest_path = j.at("longest_path").get<std::size_t>();
    r.sees_back = j.at("sees_back").get<std::size_t>();
    for (const auto& d : j.at("by_distance")) {
      r.score.by_distance.push_back({d.at("distance").get<std::size_t>(),
                                     d.at("asked").get<std::size_t>(),
                                     d.at("accuracy").get<double>()});
    }
  } catch (const nlohmann::json::exception& e) {
    throw Error(ErrorKind::bad_input,
                fmt::format("{}: no result of a comparison: {}", escaped(path, 200), e.what()),
                "remove the file; the cell is then computed again");
  }
  return r;
}

}  // namespace attn::app
