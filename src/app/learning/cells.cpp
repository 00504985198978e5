#include "app/learning/cells.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "attn/core/hash.h"
#include "attn/io/file.h"
#include "attn/io/json.h"

namespace attn::app {

namespace {

/// Changes when results of older programs can no longer stand beside new ones.
constexpr int kVersion = 3;

std::string settings_text(const CellSettings& s) {
  const TrainingChoices& t = s.training;
  const std::string text = fmt::format(
      "v{} task {} budget {} layers {} heads {} ff {} kernel {} radius {} dropout {} steps {} "
      "batch {} "
      "{} lr {} {} warmup {} "
      "clip {} smoothing {}",
      kVersion, s.task, s.budget, t.layers, t.heads, t.ff, t.kernel, t.radius, t.dropout, t.steps,
      t.batch, t.optimizer, t.rate, t.schedule, t.warmup, t.clip, t.smoothing);
  return text + (t.read.empty() ? "" : " read " + t.read) +
         (t.mask == "graph" ? "" : " mask " + t.mask) +
         (t.patch == 3 ? "" : fmt::format(" patch {}", t.patch)) +
         (t.examples == 0 ? "" : fmt::format(" examples {}", t.examples));
}

std::string hash_of(std::string_view text) { return fmt::format("{:016x}", fnv1a(text)); }

constexpr std::string_view kBegin = "{\"checksum\":\"", kMiddle = "\",\"result\":", kEnd = "}\n";

/// A cell's file as it is written.
std::string in_envelope(const std::string& text) {
  return fmt::format("{}{}{}{}{}", kBegin, hash_of(text), kMiddle, text, kEnd);
}

}  // namespace

SequenceSizes cell_sizes(const CellSettings& s, const Task& task, const std::string& model) {
  TrainingChoices choices = s.training;
  const auto width =
      static_cast<std::size_t>(choices.heads);  // any width that fits; the budget decides
  SequenceSizes sizes = sequence_sizes(choices, task, model, width);
  sizes.ff = static_cast<std::size_t>(choices.ff);
  return with_budget(sizes, s.budget);
}

std::string cell_name(const CellSettings& s, const std::string& model, std::size_t length) {
  return fmt::format(
      "{} n={}{}", model, length,
      s.training.examples == 0 ? "" : fmt::format(" examples {}", s.training.examples));
}

std::optional<CellResult> run_cell(const CellSettings& s, const std::string& model_name,
                                   std::size_t length, std::uint64_t seed, Progress* progress) {
  const std::unique_ptr<Task> task = make_task(s.task, length);
  Parameters parameters{Rng(seed)};
  SequenceModel model(cell_sizes(s, *task, model_name), parameters);
  const TaskLearner learner(*task, model, static_cast<std::size_t>(s.training.examples), seed);
  Trainer trainer(learner, training_options(s.training, seed));
  bool stopped = false;
  trainer.train([&](const TrainingStep& now) {
    if (progress && now.step % 20 == 0) {
      progress->show(fmt::format("{} seed {}: step {}/{}  loss {:.3f}  {:.0f} steps/s",
                                 cell_name(s, model_name, length), seed, now.step, now.steps,
                                 now.loss, now.steps_per_second));
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
  r.score = test_score(model, *task, seed);
  r.examples = static_cast<std::size_t>(s.training.examples);
  r.train_accuracy = learner.training_score().accuracy;
  r.sequential_steps = model.sequential_steps(task->steps);
  r.longest_path = model.longest_path(task->steps);
  r.sees_back = std::min(model.receptive_field(task->steps).first, task->steps - 1);
  return r;
}

std::string cell_file(const CellSettings& s, const std::string& model, std::size_t length,
                      std::uint64_t seed) {
  return fmt::format("{}-{}-n{}-seed{}-{}.json", s.task, model, length, seed,
                     hash_of(settings_text(s)));
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
  nlohmann::ordered_json document = {{"model", r.model},
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
  if (s.training.examples > 0) {
    document["examples"] = s.training.examples;
    document["train_accuracy"] = number(r.train_accuracy);
  }
  if (!s.training.read.empty()) document["read"] = s.training.read;
  return document.dump();
}

void write_cell(const std::string& path, const CellSettings& settings, const CellResult& result) {
  write_file(path, in_envelope(cell_json(settings, result)));
}

std::optional<CellResult> read_cell(const std::string& path, const CellSettings& settings,
                                    const std::string& model, std::size_t length,
                                    std::uint64_t seed) {
  constexpr std::size_t kDigits = 16, kHead = kBegin.size() + kDigits + kMiddle.size();
  const std::string file = read_file(path, std::size_t{1} << 24);
  if (file.size() < kHead + kEnd.size()) return {};
  const std::string text = file.substr(kHead, file.size() - kHead - kEnd.size());
  if (file != in_envelope(text)) return {};
  // The checksum fits, so this is what write_cell wrote: only its identity is left to check.
  const nlohmann::json j = parse_json(text, path);
  const auto number = [](const nlohmann::json& x) {
    return x.is_null() ? std::nan("") : x.get<double>();
  };
  CellResult r;
  r.model = j.at("model").get<std::string>();
  r.length = j.at("length").get<std::size_t>();
  r.seed = j.at("seed").get<std::uint64_t>();
  if (j.at("settings") != settings_text(settings) || r.model != model || r.length != length ||
      r.seed != seed)
    return {};
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
  if (j.contains("examples")) r.examples = j["examples"].get<std::size_t>();
  if (j.contains("train_accuracy")) r.train_accuracy = number(j["train_accuracy"]);
  for (const auto& d : j.at("by_distance")) {
    r.score.by_distance.push_back({d.at("distance").get<std::size_t>(),
                                   d.at("asked").get<std::size_t>(),
                                   d.at("accuracy").get<double>()});
  }
  return r;
}

}  // namespace attn::app
