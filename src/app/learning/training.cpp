#include "app/learning/training.h"

#include <fmt/format.h>

#include "app/frame/heads.h"
#include "app/frame/lock.h"
#include "attn/core/error.h"
#include "attn/io/file.h"

namespace attn::app {

void bind_training(Cli& cli, TrainingChoices& c) {
  cli.integer("--layers", c.layers, 1, 64,
              "layers of all models but fc, window and the recurrent ones", "L");
  cli.integer("--heads", c.heads, 1, 256, "heads of models with attention", "H");
  cli.integer("--ff", c.ff, 0, 1'000'000,
              "inner width of attention's feed-forward, of fc and window; 0: 4d, or in compare "
              "what the budget allows",
              "F");
  cli.integer("--kernel", c.kernel, 1, 1001, "taps of cnn, tcn and conformer", "K");
  cli.integer("--radius", c.radius, 0, 1000, "neighbours on each side that window and local see",
              "R");
  cli.number("--dropout", c.dropout, 0, 0.95, "share of numbers dropped in attention's branches");
  cli.integer("--steps", c.steps, 1, 100'000'000, "steps at most");
  cli.integer("--batch", c.batch, 1, 65'536, "sequences per step", "B");
  cli.choice("--optimizer", c.optimizer, {"adam", "adamw", "sgd"},
             "how parameters follow their gradients");
  cli.number("--lr", c.rate, 1e-9, 1000, "learning rate");
  cli.choice("--schedule", c.schedule, {"constant", "warmup", "cosine"},
             "how the learning rate changes");
  cli.integer("--warmup", c.warmup, 0, 100'000'000, "steps over which the learning rate rises");
  cli.number("--clip", c.clip, 0, 1e6, "largest norm of all gradients together; 0: any");
  cli.number("--smoothing", c.smoothing, 0, 0.99, "label smoothing");
  cli.choice("--mask", c.mask, {"graph", "none"},
             "tasks with graphs: attention looks along the edges, or at every node");
  cli.integer("--patch", c.patch, 1, 60, "pixels on a side of vit's patches", "P");
  cli.choice(
      "--read", c.read, read_names(),
      "how one label for a whole sequence is read: the mean over its places, the last place, "
      "an extra vector in front (cls), a learned query; not given: mean");
}

void check_choices(const Common& common, const Task& task, const std::vector<std::string>& models) {
  const auto no_use = [&](const char* option, const char* why, const char* owners) {
    if (common.is_given(option))
      throw Error(ErrorKind::usage,
                  fmt::format("{} means nothing to {}: {}", option, task.name, why), owners);
  };
  if (!task.whole)
    no_use("--read", "it has an answer at each place",
           "it belongs to tasks with one label for a whole sequence, such as mood");
  if (!task.graph)
    no_use("--mask", "it has no edges", "it belongs to tasks with graphs: friends, ring, molecule");
  if (task.side == 0)
    no_use("--patch", "it has no pictures",
           "it belongs to tasks with pictures: pictures-near, ...");
  for (const std::string& model : models) {
    const SequenceKind kind = sequence_kind(model);
    if (reads_pictures(kind) && task.side == 0)
      throw Error(ErrorKind::usage,
                  fmt::format("{} reads pictures, and {} has none", model, task.name),
                  "tasks with pictures: pictures-near, pictures-far, pictures-both");
    if (kind == SequenceKind::graph_attention && !task.graph)
      throw Error(ErrorKind::usage,
                  fmt::format("{} looks along edges, and {} has none", model, task.name),
                  "tasks with graphs: friends, ring, molecule");
  }
}

SequenceSizes sequence_sizes(const TrainingChoices& c, const Task& task, const std::string& kind,
                             std::size_t width) {
  const auto size = [](std::int64_t n) { return static_cast<std::size_t>(n); };
  SequenceSizes z;
  z.kind = sequence_kind(kind);
  z.vocabulary = task.vocabulary;
  z.features = task.features;
  z.classes = task.classes;
  z.width = width;
  z.layers = size(c.layers);
  z.heads = size(c.heads);
  z.ff = c.ff > 0 ? size(c.ff) : 4 * width;
  z.kernel = size(c.kernel);
  z.radius = size(c.radius);
  z.side = task.side;
  z.patch = size(c.patch);
  const std::size_t across = task.side / z.patch;
  z.length = task.graph                    ? 0  // nodes have no order
             : z.kind == SequenceKind::vit ? across * across
                                           : task.steps;
  z.edges = c.mask != "none";
  z.dropout = c.dropout;
  if (task.whole) z.read = read_named(c.read.empty() ? "mean" : c.read);
  if (has_heads(z.kind)) require_heads_divide_dim(width, z.heads);
  return z;
}

TrainingOptions training_options(const TrainingChoices& c, std::uint64_t seed) {
  TrainingOptions o;
  o.batch = static_cast<std::size_t>(c.batch);
  o.steps = static_cast<std::uint64_t>(c.steps);
  o.seed = seed;
  o.optimizer.kind = c.optimizer;
  o.optimizer.rate = c.rate;
  o.optimizer.clip = c.clip;
  o.schedule = {c.schedule, static_cast<std::uint64_t>(c.warmup),
                static_cast<std::uint64_t>(c.steps)};
  o.smoothing = c.smoothing;
  return o;
}

void show_effort(Trace& trace, const Trainer& trainer) {
  Table effort{"effort", "", {"steps", "seconds", "ms per step"}, {}};
  effort.rows.push_back(
      {double(trainer.step()), trainer.seconds(),
       1000 * trainer.seconds() / double(std::max<std::uint64_t>(trainer.step(), 1))});
  trace.add(std::move(effort));
}

double training_bytes(const TrainingChoices& c, const Task& task, const SequenceSizes& sizes) {
  const double places = double(c.batch) * double(task.steps);
  const double weights = has_attention(sizes.kind)
                             ? 4.0 * double(sizes.heads) * double(task.steps) * double(sizes.layers)
                             : 0;
  return sizeof(real) * places * (60 * double(sizes.width) + weights);
}

void save_at_last(Trace& trace, const std::function<void()>& save) {
  if (trace.failure) return;
  try {
    save();
  } catch (const Error& e) {
    if (e.kind() != ErrorKind::io) throw;
    trace.failure = e;
  }
}

bool run_training(Stage& s, const std::string& checkpoint, bool resume, Trainer& trainer) {
  const FileLock lock(checkpoint);
  if (!resume && !checkpoint.empty() && file_exists(checkpoint)) {
    throw Error(ErrorKind::usage, fmt::format("{} is there already", escaped(checkpoint, 200)),
                "add --resume to go on from it, or name another file");
  }
  if (resume) trainer.load(checkpoint);
  bool stopped = false;
  trainer.train([&](const TrainingStep& now) {
    if (Progress* progress = s.common.progress) {
      progress->show(fmt::format(
          "step {}/{}  loss {:.4f}  accuracy {}  {:.0f} steps/s  {:.0f} s left at most", now.step,
          now.steps, now.loss, std::isnan(now.accuracy) ? "-" : fmt::format("{:.3f}", now.accuracy),
          now.steps_per_second, now.seconds_left));
      stopped = progress->stop();
    }
    if (!checkpoint.empty() && now.step % 500 == 0)
      save_at_last(s.trace, [&] { trainer.save(checkpoint); });
    return !stopped && !s.trace.failure;
  });
  if (!checkpoint.empty()) save_at_last(s.trace, [&] { trainer.save(checkpoint); });
  if (s.trace.failure)
    s.trace.say(fmt::format("Ended at step {}: it cannot be saved.", trainer.step()));
  if (stopped) {
    s.trace.say(fmt::format("Interrupted at step {}.", trainer.step()));
    s.trace.go_on =
        checkpoint.empty() || s.trace.failure
            ? "nothing was saved: --checkpoint FILE would keep it"
            : fmt::format("saved in {} at step {}; go on with the same command and --resume",
                          escaped(checkpoint, 200), trainer.step());
    s.trace.interrupted = true;
  }
  return stopped;
}

void check_checkpoint(const std::string& checkpoint, bool resume) {
  if (resume && checkpoint.empty())
    throw Error(ErrorKind::usage, "--resume needs --checkpoint FILE",
                "name the file to go on from");
  if (!checkpoint.empty() && !checkpoint.ends_with(".safetensors")) {
    throw Error(ErrorKind::usage, fmt::format("--checkpoint {}", escaped(checkpoint, 200)),
                "a checkpoint is a safetensors file: the name must end in .safetensors");
  }
}

}  // namespace attn::app
