#include <fmt/format.h>
#include <fmt/ranges.h>

#include <filesystem>

#include "app/commands.h"
#include "app/frame/heads.h"
#include "app/frame/lock.h"
#include "attn/core/gemm.h"
#include "attn/train/trainer.h"

namespace attn::app {

void bind_training(Cli& cli, TrainingChoices& c) {
  cli.integer("--layers", c.layers, 1, 64, "layers of cnn, tcn and attention", "L");
  cli.integer("--heads", c.heads, 1, 256, "heads of attention", "H");
  cli.integer("--ff", c.ff, 0, 1'000'000,
              "inner width of attention's feed-forward, of fc and window; 0: 4d, or in compare "
              "what the budget allows",
              "F");
  cli.integer("--kernel", c.kernel, 1, 1001, "taps of a convolution", "K");
  cli.integer("--radius", c.radius, 0, 1000, "neighbours on each side that window sees", "R");
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
  z.length = task.steps;
  z.dropout = c.dropout;
  if (z.kind == SequenceKind::attention) require_heads_divide_dim(width, z.heads);
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

void bind(Cli& cli, TrainOptions& o) {
  cli.choice("--model", o.model, sequence_kinds(), "what learns");
  cli.integer("--length", o.length, 1, 100'000, "length n of the task's sequences");
  cli.integer("--dim", o.dim, 1, 100'000, "width of the model");
  cli.integer("--seed", o.seed, 0, std::int64_t{1} << 62, "parameters and sequences of this seed");
  cli.integer("--threads", o.threads, 1, 1024, "processors to compute on");
  bind_training(cli, o.training);
  cli.text("--checkpoint", o.checkpoint, "FILE",
           "save here (.safetensors) every 500 steps, at the end, and on Ctrl-C");
  cli.flag("--resume", o.resume,
           "go on from the checkpoint: the same bits as never having stopped");
  TranslationChoices& t = o.translation;
  cli.text("--language", t.language, "NAME",
           "translate: english-german, it, or a grammar FILE of your own (docs/languages.md)");
  cli.choice("--variant", t.variant, {"context", "init", "both", "attention"},
             "translate with rnn, lstm or gru: what the decoder knows of the source");
  cli.text("--score", t.score, "WORD", "translate with --variant attention: the score function");
  cli.choice("--norm", t.norm, {"post", "pre"}, "translate with attention: where the norms stand");
  cli.flag("--tied", t.tied, "translate with attention: the target's embedding writes words too");
  cli.text("--save-model", t.save_model, "FILE", "translate: what `attn translate --model` reads");
  cli.positional("task", o.task,
                 "what is learnt: copy, reverse, sort, first, recall, adding, copy-memory, "
                 "brackets, tagging, translate");
}

namespace {

void describe(Trace& trace, const Task& task, const SequenceModel& model, const TrainOptions& o) {
  trace.title = fmt::format("{} learns {}", o.model, task.name);
  trace.say(task.about);
  trace.say("The best possible: " + task.best);
  trace.say(
      fmt::format("The model: {}, {} parameters. It stops after {} steps, or as soon as two looks "
                  "in a row at fresh training "
                  "sequences give an accuracy of 99.9 % (a regression: a loss of 0.0005). It is "
                  "measured on test sequences, "
                  "none of which it can have seen.",
                  o.model, model.parameter_count(), o.training.steps));
  const auto [before, after] = model.receptive_field(task.steps);
  trace.say(fmt::format(
      "An output sees {} steps before it and {} after it; {} steps must wait for one another.",
      std::min(before, task.steps - 1), std::min(after, task.steps - 1),
      model.sequential_steps(task.steps)));
}

void show_result(Trace& trace, const Task& task, const Trainer& trainer, const Score& score) {
  const std::string measure = task.regression ? "squared error" : "accuracy";
  Table table{
      "result", "On test sequences.", {"measure", "reached", "best possible", "guessing"}, {}};
  if (!task.regression) {
    table.rows.push_back(
        {std::string("accuracy"), score.accuracy, task.best_accuracy, task.chance});
    table.rows.push_back(
        {std::string("whole sequences right"), score.exact, std::string("1"), std::string("")});
  }
  table.rows.push_back({std::string("loss"), score.loss, task.best_loss, task.chance_loss});
  trace.add(std::move(table));
  Table distances{
      "by_distance", "How far back the answer stood.", {"distance", "asked", measure}, {}};
  for (const DistanceScore& d : score.by_distance)
    distances.rows.push_back({double(d.distance), double(d.asked), d.accuracy});
  trace.add(std::move(distances));
  show_effort(trace, trainer);
}

}  // namespace

void show_effort(Trace& trace, const Trainer& trainer) {
  Table effort{"effort", "", {"steps", "seconds", "ms per step"}, {}};
  effort.rows.push_back(
      {double(trainer.step()), trainer.seconds(),
       1000 * trainer.seconds() / double(std::max<std::uint64_t>(trainer.step(), 1))});
  trace.add(std::move(effort));
}

bool run_training(Stage& s, const std::string& checkpoint, bool resume, Trainer& trainer) {
  const FileLock lock(checkpoint);
  if (!resume && !checkpoint.empty() && std::filesystem::exists(checkpoint)) {
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
    if (!checkpoint.empty() && now.step % 500 == 0) trainer.save(checkpoint);
    return !stopped;
  });
  if (!checkpoint.empty()) trainer.save(checkpoint);
  if (stopped) {
    s.trace.say(fmt::format("Interrupted at step {}.", trainer.step()));
    s.trace.go_on =
        checkpoint.empty()
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

void train(Stage& s, const TrainOptions& o) {
  if (o.task.size() != 1) {
    throw Error(ErrorKind::usage, "train needs one task",
                fmt::format("the tasks: {}, translate", fmt::join(task_names(), ", ")));
  }
  check_checkpoint(o.checkpoint, o.resume);
  if (o.task[0] == "translate") return train_translation(s, o);
  std::vector<std::string> tasks = task_names();
  tasks.emplace_back("translate");
  if (nearest(o.task[0], tasks) == "translate")
    throw Error(ErrorKind::usage, fmt::format("no task \"{}\"", escaped(o.task[0])),
                "did you mean translate?");
  const std::unique_ptr<Task> task = make_task(o.task[0], static_cast<std::size_t>(o.length));
  const SequenceSizes sizes =
      sequence_sizes(o.training, *task, o.model, static_cast<std::size_t>(o.dim));
  const double activations =
      double(o.training.batch) * double(task->steps) * double(sizes.width) * 60 +
      (o.model == "attention" ? 4.0 * double(o.training.batch) * double(sizes.heads) *
                                    double(task->steps) * double(task->steps) * double(sizes.layers)
                              : 0);
  s.require_memory(
      sizeof(real) * activations,
      fmt::format("training on {} sequences of {} steps at once", o.training.batch, task->steps));
  set_threads(static_cast<int>(o.threads));
  s.trace.seed = static_cast<std::uint64_t>(o.seed);
  s.trace.threads = static_cast<int>(o.threads);
  Parameters parameters{Rng(s.trace.seed)};
  SequenceModel model(sizes, parameters);
  const TaskLearner learner(*task, model);
  Trainer trainer(learner, training_options(o.training, s.trace.seed));
  describe(s.trace, *task, model, o);
  run_training(s, o.checkpoint, o.resume, trainer);
  show_result(s.trace, *task, trainer,
              evaluate(model, *task, Split::test, 16, Rng(s.trace.seed).stream("test")));
}

}  // namespace attn::app
