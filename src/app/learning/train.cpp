#include <fmt/format.h>

#include <filesystem>

#include "app/frame/command.h"
#include "app/frame/lock.h"
#include "app/learning/train.h"
#include "attn/core/error.h"
#include "attn/core/gemm.h"
#include "attn/core/how_many.h"
#include "attn/core/joined.h"
#include "attn/nn/score.h"
#include "attn/train/trainer.h"

namespace attn::app {

namespace {

void bind(Cli& cli, TrainOptions& o) {
  cli.choice("--model", o.model, model_kinds(),
             "what learns; cnn2d and vit read pictures, graph-attention graphs");
  cli.integer(
      "--length", o.length, 1, 100'000,
      "length n of the task's sequences; not given: the task's usual one, 6 or its shortest");
  cli.integer("--dim", o.dim, 1, 100'000, "width of the model");
  cli.integer("--seed", o.seed, 0, std::int64_t{1} << 62, "parameters and sequences of this seed");
  cli.integer("--threads", o.threads, 1, 1024, "processors to compute on");
  bind_training(cli, o.training);
  cli.integer("--examples", o.training.examples, 0, 100'000,
              "learn from so many examples, drawn once; 0: endless ones");
  cli.output_file("--checkpoint", o.checkpoint, "FILE",
                  "save here (.safetensors) every 500 steps, at the end, and on Ctrl-C");
  cli.flag("--resume", o.resume,
           "go on from the checkpoint: the same bits as never having stopped");
  TranslationChoices& t = o.translation;
  cli.input_file(
      "--language", t.language, "NAME",
      "translate: english-german, it, or a grammar FILE of your own (docs/languages.md)");
  cli.suggest([] { return std::vector<std::string>{"english-german", "it"}; });
  cli.choice("--variant", t.variant, {"context", "init", "both", "attention"},
             "translate with rnn, lstm or gru: what the decoder knows of the source");
  cli.text("--score", t.score, "WORD", "translate with --variant attention: the score function");
  cli.suggest([] {
    std::vector<std::string> names;
    for (const ScoreFunction& f : score_functions()) names.emplace_back(f.name);
    return names;
  });
  cli.choice("--norm", t.norm, {"post", "pre"}, "translate with attention: where the norms stand");
  cli.flag("--tied", t.tied, "translate with attention: the target's embedding writes words too");
  cli.output_file("--save-model", t.save_model, "FILE",
                  "translate: what `attn translate --model` reads");
  cli.positional("task", o.task,
                 "what is learnt: copy, reverse, sort, first, recall, adding, copy-memory, "
                 "brackets, tagging, mood, pictures-near, pictures-far, pictures-both, phonemes, "
                 "speaker, friends, ring, molecule, translate");
  cli.suggest([] {
    std::vector<std::string> names = task_names();
    names.emplace_back("translate");
    return names;
  });
}

/// "98.4 %"
std::string percent(double share) { return fmt::format("{:.4g} %", 100 * share); }

/// The result in a sentence or two.
std::string in_words(const Task& task, const TrainOptions& o, const Score& score,
                     double train_accuracy) {
  if (task.regression)
    return fmt::format("It reached a loss of {:.4g}; guessing gives {:.4g}.", score.loss,
                       task.chance_loss);
  std::string text =
      task.has_distances
          ? fmt::format(
                "It reached an accuracy of {:.3f}; guessing gives {:.3f}, and {:.3f} is the best "
                "possible.",
                score.accuracy, task.chance, task.best_accuracy)
          : fmt::format(
                "Of {} that it had never seen {} gets {} right; a guess gets {}, the best possible "
                "is {}.",
                task.unit, o.model, percent(score.accuracy), percent(task.chance),
                percent(task.best_accuracy));
  if (std::isnan(train_accuracy)) return text;
  text += fmt::format(" Of the {} it learnt from it gets {} right",
                      how_many(o.training.examples, "example"), percent(train_accuracy));
  const bool more = train_accuracy - score.accuracy > 0.05;
  return text + (!more                   ? ": about as many as of new ones."
                 : train_accuracy > 0.95 ? ": it has learnt them by heart."
                                         : ", more than of new ones.");
}

/// What one answer of a task without distances is made from.
std::string what_it_sees(const Task& task, const SequenceModel& model) {
  const SequenceSizes& z = model.sizes();
  if (task.graph)
    return has_heads(z.kind) && (z.edges || z.kind == SequenceKind::graph_attention)
               ? "A node looks at its neighbours and at itself alone."
               : "It sees the nodes alone, not the edges: here a guess is the best it can do.";
  if (task.whole) return {};
  const auto [before, after] = model.receptive_field(task.steps);
  return fmt::format("An answer knows {} {} before its own and {} after it.",
                     std::min(before, task.steps - 1), task.unit, std::min(after, task.steps - 1));
}

void describe(Trace& trace, const Task& task, const SequenceModel& model, const TrainOptions& o) {
  const std::string looks = o.training.examples > 0 ? "its examples" : "fresh training sequences";
  const std::string stops = "It stops after " + how_many(o.training.steps, "step");
  const std::string named =
      fmt::format("The model: {}, {} parameters", o.model, model.parameter_count());
  if (!task.has_distances) {
    trace.say(task.about + " The best possible: " + task.best);
    const std::string read =
        task.whole ? ", read by: " + name_of(model.sizes().read) : std::string();
    const std::string sees = what_it_sees(task, model);
    return trace.say(fmt::format("{}{}. {}, or when two looks in a row at {} give 99.9 %.{}{}",
                                 named, read, stops, looks, sees.empty() ? "" : " ", sees));
  }
  trace.say(task.about);
  trace.say("The best possible: " + task.best);
  trace.say(fmt::format(
      "{}. {}, or as soon as two looks in a row at {} give an accuracy of 99.9 % (a regression: a "
      "loss of 0.0005). It is measured on test sequences, none of which it can have seen.",
      named, stops, looks));
  const auto [before, after] = model.receptive_field(task.steps);
  trace.say(fmt::format(
      "An output sees {} before it and {} after it. Steps that must wait for one another: {}.",
      how_many(std::min(before, task.steps - 1), "step"), std::min(after, task.steps - 1),
      model.sequential_steps(task.steps)));
}

void show_result(Trace& trace, const Task& task, const TrainOptions& o, const Trainer& trainer,
                 const Score& score, double train_accuracy) {
  const std::string measure = task.regression ? "squared error" : "accuracy";
  const TestSequences tested = test_sequences(task, {trace.seed});
  Table table{
      "result",
      fmt::format("On {} test sequences, {} of them different.", tested.drawn, tested.different),
      {"measure", "reached", "best possible", "guessing"},
      {}};
  if (!task.regression) {
    table.rows.push_back(
        {std::string("accuracy"), score.accuracy, task.best_accuracy, task.chance});
    if (!std::isnan(train_accuracy))
      table.rows.push_back(
          {std::string("accuracy on its examples"), train_accuracy, 1.0, task.chance});
    if (task.has_distances)
      table.rows.push_back(
          {std::string("whole sequences right"), score.exact, std::string("1"), std::string("")});
  }
  table.rows.push_back({std::string("loss"), score.loss, task.best_loss, task.chance_loss});
  trace.add(std::move(table));
  trace.result = "result";
  trace.in_words = in_words(task, o, score, train_accuracy);
  if (task.has_distances) {
    Table distances{
        "by_distance", "How far back the answer stood.", {"distance", "asked", measure}, {}};
    for (const DistanceScore& d : score.by_distance)
      distances.rows.push_back({double(d.distance), double(d.asked), d.accuracy});
    trace.add(std::move(distances));
  }
  show_effort(trace, trainer);
  if (!task.has_distances || !std::isnan(train_accuracy)) trace.say(trace.in_words);
}

std::size_t length_of(const Common& common, const TrainOptions& o) {
  const auto asked = static_cast<std::size_t>(o.length);
  if (common.is_given("--length")) return asked;
  const std::size_t usual = usual_length(o.task[0]);
  return usual > 0 ? usual : std::max(asked, shortest_length(o.task[0]));
}

void train(Stage& s, const TrainOptions& o) {
  if (o.task.size() != 1) {
    throw Error(ErrorKind::usage, "train needs one task",
                fmt::format("the tasks: {}, translate", joined(task_names(), ", ")));
  }
  check_checkpoint(o.checkpoint, o.resume);
  if (o.task[0] == "translate") {
    for (const char* option : {"--read", "--examples", "--mask", "--patch"}) {
      if (s.common.is_given(option))
        throw Error(ErrorKind::usage, fmt::format("{} means nothing to translate", option),
                    "it belongs to the other tasks");
    }
    return train_translation(s, o);
  }
  std::vector<std::string> tasks = task_names();
  tasks.emplace_back("translate");
  if (nearest(o.task[0], tasks) == "translate")
    throw Error(ErrorKind::usage, fmt::format("no task \"{}\"", escaped(o.task[0])),
                "did you mean translate?");
  const std::unique_ptr<Task> task = make_task(o.task[0], length_of(s.common, o));
  check_choices(s.common, *task, {o.model});
  const SequenceSizes sizes =
      sequence_sizes(o.training, *task, o.model, static_cast<std::size_t>(o.dim));
  s.require_memory(
      training_bytes(o.training, *task, sizes),
      fmt::format("training on {} sequences of {} steps at once", o.training.batch, task->steps));
  set_threads(static_cast<int>(o.threads));
  s.trace.seed = static_cast<std::uint64_t>(o.seed);
  s.trace.threads = static_cast<int>(o.threads);
  Parameters parameters{Rng(s.trace.seed)};
  SequenceModel model(sizes, parameters);
  const TaskLearner learner(*task, model, static_cast<std::size_t>(o.training.examples),
                            s.trace.seed);
  Trainer trainer(learner, training_options(o.training, s.trace.seed));
  s.trace.title = fmt::format("{} learns {}", o.model, task->name);
  describe(s.trace, *task, model, o);
  run_training(s, o.checkpoint, o.resume, trainer);
  const Score score = test_score(model, *task, s.trace.seed);
  const double train_accuracy = learner.training_score().accuracy;
  show_result(s.trace, *task, o, trainer, score, train_accuracy);
}

}  // namespace

Command train_command() {
  return {.name = "train",
          .kind = CommandKind::work,
          .summary = "one model learns one task",
          .example = "train reverse --length 4 --steps 300",
          .setup = with_options<TrainOptions>(bind, train),
          .slow = true};
}

}  // namespace attn::app
