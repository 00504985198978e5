// bert finetune: what pre-training is good for. One new layer on top, few labelled examples, from
// pre-trained weights and from random ones.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <tuple>

#include "app/bert/bert.h"
#include "app/frame/command.h"
#include "app/frame/data.h"
#include "app/frame/outputs.h"
#include "app/learning/over_seeds.h"
#include "app/learning/parallel.h"
#include "attn/core/error.h"
#include "attn/core/how_many.h"
#include "attn/core/joined.h"
#include "attn/text/utf8.h"
#include "attn/train/finetuning.h"
#include "attn/train/trainer.h"

namespace attn::app {

namespace {

struct BertFinetuneOptions {
  std::string task = "sentence", checkpoint;
  std::vector<std::int64_t> examples = {8, 32, 128};
  std::int64_t seeds = 3, steps = 200, batch = 16, tested = 500, threads = 2;
  double rate = 1e-3;
  bool frozen = false;
  LettersOptions letters;
};

void bind(Cli& cli, BertFinetuneOptions& o) {
  cli.choice("--task", o.task, downstream_names(), "what the new layer learns");
  cli.input_file("--checkpoint", o.checkpoint, "DIR",
                 "the pre-trained model (default: the program's own)");
  bind_letters(cli, o.letters);
  cli.integers("--examples", o.examples, 1, 100'000, "how many labelled examples it may see");
  cli.integer("--seeds", o.seeds, 1, 1000, "trainings of each kind: other examples, other weights",
              "S");
  cli.flag("--frozen", o.frozen,
           "learn the new layer alone, on the output of each block: which one serves best?");
  cli.integer("--steps", o.steps, 1, 1'000'000, "steps of each training");
  cli.integer("--batch", o.batch, 1, 4096, "examples per step", "B");
  cli.number("--lr", o.rate, 1e-9, 1000,
             "learning rate of the BERT with its new layer; it rises over a tenth of the steps, "
             "then falls to 0 by a cosine");
  cli.integer("--tested", o.tested, 1, 100'000, "texts to test on, none of them learnt from");
  cli.integer("--threads", o.threads, 1, 1024, "trainings at the same time, each on one processor");
}

/// Of a layer on its own: it may learn much faster than a whole model.
constexpr double kFrozenRate = 0.01;
constexpr std::size_t kCeiling = 4000;  // texts to take the mean of the best score over
constexpr std::size_t kExamplesShown = 3;

using Texts = std::vector<LabelledText>;

/// What is trained: how, on how many examples, with which seed.
struct Training {
  enum class From { pretrained, scratch, block } from;
  std::size_t blocks;  ///< From::block: how many are under the new layer
  std::size_t examples;
  std::uint64_t seed;
};

std::string words_of(const TopicGrammar& g, const LabelledText::Words& words) {
  return g.text({0, words});
}

/// One example with its label, as people write it.
std::string shown(const DownstreamTask& task, const TopicGrammar& g, const LabelledText& text) {
  const LabelledText::Input& first = text.inputs[0];
  std::string out;
  switch (task.head) {
    case DownstreamHead::text:
      out = words_of(g, first.a);
      if (!first.b.empty()) out += " / " + words_of(g, first.b);
      return out + "\n  -> " + task.classes[text.answer[0]] + "\n";
    case DownstreamHead::words:
      for (std::size_t i = 0; i < first.a.size(); ++i) {
        out += (i == 0 ? "" : " ") + g.words()[first.a[i]];
        if (text.answer[i] != 0) out += "/" + task.classes[text.answer[i]];
      }
      return out + "\n";
    case DownstreamHead::span: {
      const LabelledText::Words answer(first.b.begin() + std::ptrdiff_t(text.answer[0]),
                                       first.b.begin() + std::ptrdiff_t(text.answer[1]) + 1);
      out = words_of(g, first.a) + "?\n";
      for (const std::string& line : wrap(words_of(g, first.b), 76)) out += "  " + line + "\n";
      return out + "  -> " + words_of(g, answer) + "\n";
    }
    case DownstreamHead::choice:
      out = words_of(g, first.a) + "\n";
      for (std::size_t i = 0; i < text.inputs.size(); ++i)
        out += fmt::format("  {} {}\n", i == text.answer[0] ? "->" : "  ",
                           words_of(g, text.inputs[i].b));
      return out;
  }
  throw Error(ErrorKind::internal, "a head without a picture");
}

Texts draw(const DownstreamTask& task, std::size_t count, Rng rng) {
  Texts out;
  for (std::size_t i = 0; i < count; ++i) out.push_back(task.draw(rng));
  return out;
}

class FineTuning {
 public:
  FineTuning(Stage& s, const BertFinetuneOptions& o)
      : s_(s),
        o_(o),
        grammar_(TopicGrammar::parse(data_file("stories.topics"), "stories.topics")),
        task_(make_downstream(o.task, grammar_)),
        // The texts are small letters, so nothing need be assumed of the model.
        bert_(find_bert(s, o.checkpoint, asked_uncased(o.letters).value_or(true))) {}

  void show() {
    s_.trace.title = fmt::format("Fine-tuning a BERT: {}", o_.task);
    s_.trace.say(task_->about);
    const Texts test = draw(*task_, static_cast<std::size_t>(o_.tested), Rng(0).stream("test"));
    std::string examples;
    for (std::size_t i = 0; i < std::min(kExamplesShown, test.size()); ++i)
      examples += shown(*task_, grammar_, test[i]);
    s_.trace.add(Verbatim{examples});
    tested_ = encode(test);
    const Texts many = draw(*task_, kCeiling, Rng(0).stream("ceiling"));
    for (const LabelledText& text : many) ceiling_ += task_->best(text) / double(many.size());
    s_.trace.say(fmt::format(
        "The best possible is {:.1f} % (computed from the grammar that makes the texts), always "
        "the same answer without looking {:.1f} %. A text counts as right if {}.",
        100 * ceiling_, 100 * task_->chance,
        task_->head == DownstreamHead::words  ? "all of its tags are"
        : task_->head == DownstreamHead::span ? "both ends of the answer are"
                                              : "its answer is"));
    const BertSizes& z = bert_.model.sizes();
    s_.trace.say(
        fmt::format("The model: {} of width {}. Every training takes {} of {}, drawn "
                    "again and again from the few it may see; tested on {}.",
                    how_many(z.layers, "block"), z.width, how_many(o_.steps, "step"),
                    how_many(o_.batch, "example"), how_many(o_.tested, "other text")));
    train_all();
    if (results_.empty()) return;
    o_.frozen ? show_blocks() : show_curve();
  }

 private:
  using Key = std::tuple<Training::From, std::size_t, std::size_t>;  // from, blocks, examples

  std::vector<EncodedText> encode(const Texts& texts) const {
    std::vector<EncodedText> out;
    for (const LabelledText& text : texts)
      out.push_back(encode_text(text, task_->head, grammar_, bert_.vocabulary));
    return out;
  }

  void train_all() {
    std::vector<Training> all;
    const std::size_t layers = bert_.model.sizes().layers;
    for (const std::int64_t size : o_.examples) {
      for (std::int64_t seed = 1; seed <= o_.seeds; ++seed) {
        const auto add = [&](Training::From from, std::size_t blocks) {
          all.push_back(
              {from, blocks, static_cast<std::size_t>(size), static_cast<std::uint64_t>(seed)});
        };
        add(Training::From::pretrained, layers);
        if (!o_.frozen) add(Training::From::scratch, layers);
        for (std::size_t l = 0; o_.frozen && l <= layers; ++l) add(Training::From::block, l);
      }
    }
    wanted_ = all.size();
    double numbers = 0;  // with gradients and two moments, on each processor
    for (const auto& [name, tensor] : bert_.model.parameters())
      numbers += double(tensor.value().size());
    s_.require_memory(sizeof(real) * 4 * numbers * double(o_.threads),
                      fmt::format("{} at the same time", how_many(o_.threads, "training")));
    SharedProgress progress(s_.common.progress, all.size());
    std::vector<double> accuracy(all.size(), std::nan(""));
    train_in_parallel(
        all.size(), static_cast<int>(o_.threads), progress,
        [&](std::size_t i) { accuracy[i] = train(all[i], progress); },
        [&](std::size_t i) { return how_many(all[i].examples, "example"); }, "use a smaller --lr");
    for (std::size_t i = 0; i < all.size(); ++i) {
      if (!std::isnan(accuracy[i]))
        results_[{all[i].from, all[i].blocks, all[i].examples}].push_back(accuracy[i]);
    }
    s_.trace.interrupted = progress.stopped();
    s_.trace.go_on = "begin again: nothing is kept";
  }

  /// The accuracy on the test texts; NaN if it was stopped.
  double train(const Training& what, SharedProgress& progress) const {
    const bool frozen = what.from == Training::From::block;
    BertSizes z = bert_.model.sizes();
    z.layers = what.blocks;
    z.mlm = z.nsp = false;
    if (frozen) z.pooler = false;  // it was trained on the last block alone
    const Rng rng = Rng(what.seed).stream("fine-tuning");
    Parameters parameters{rng};
    if (what.from != Training::From::scratch) {
      for (const auto& [name, tensor] : bert_.model.parameters())
        parameters.give(name, Tensor::parameter(tensor.value()));  // a copy: it will change
    }
    const Bert bert(z, parameters);
    const FineTuned model(bert, task_->head, task_->classes.size(), parameters, frozen);
    const std::size_t pad = bert_.vocabulary.pad();
    // The first examples of one stream: whoever sees 32 sees the 8 of the smaller training too.
    const FineTuningLearner learner(
        model, encode(draw(*task_, what.examples, rng.stream("examples"))), pad);
    TrainingOptions training;
    training.batch = static_cast<std::size_t>(o_.batch);
    training.steps = static_cast<std::uint64_t>(o_.steps);
    training.seed = what.seed;
    training.optimizer.rate = frozen ? kFrozenRate : o_.rate;
    training.schedule = {"cosine", training.steps / 10, training.steps};
    training.check_every = training.steps;
    Trainer trainer(learner, training);
    trainer.train([&](const TrainingStep& step) {
      progress.show(fmt::format("{}: step {}/{}  loss {:.4f}", how_many(what.examples, "example"),
                                step.step, step.steps, step.loss));
      return !progress.stop();
    });
    if (!trainer.finished()) return std::nan("");
    return double(model.right(tested_, pad)) / double(tested_.size());
  }

  const std::vector<double>* of(Training::From from, std::size_t blocks, std::int64_t size) const {
    const auto found = results_.find({from, blocks, static_cast<std::size_t>(size)});
    return found == results_.end() ? nullptr : &found->second;
  }

  /// True if all seeds were trained. What was interrupted stands with its count and without an
  /// interval, and nothing is claimed of it.
  bool whole(const std::vector<double>* values) const {
    return values && values->size() == static_cast<std::size_t>(o_.seeds);
  }

  std::string text(const std::vector<double>* values) const {
    if (!values) return "-";
    const MeanOf m = mean_of(*values);
    if (!whole(values)) return fmt::format("{:.3f} ({} of {})", m.mean, values->size(), o_.seeds);
    return values->size() < 2 ? fmt::format("{:.3f}", m.mean)
                              : fmt::format("{:.3f} +-{:.3f}", m.mean, m.half);
  }

  /// How much better `a` is than `b`, in points: both of a pair saw the same examples.
  static MeanOf gain(const std::vector<double>& a, const std::vector<double>& b) {
    std::vector<double> differences;
    for (std::size_t i = 0; i < a.size(); ++i) differences.push_back(100 * (a[i] - b[i]));
    return mean_of(differences);
  }

  std::string interval() const {
    if (s_.trace.interrupted)
      return fmt::format(
          "Interrupted: {} of {} trainings were done. In brackets: how many a mean "
          "is of.",
          trained(), wanted_);
    return o_.seeds > 1 ? fmt::format("Means of {} trainings; after +- a 95 % interval.", o_.seeds)
                        : "Of one training each.";
  }

  std::size_t trained() const {
    std::size_t count = 0;
    for (const auto& [key, values] : results_) count += values.size();
    return count;
  }

  std::string no_verdict() const {
    if (s_.trace.interrupted) return "It was interrupted, so these figures support no verdict.";
    return "One seed supports no verdict: use --seeds 3 or more.";
  }

  void show_curve() {
    const std::size_t layers = bert_.model.sizes().layers;
    Table table{
        "accuracy", interval(), {"examples", "pre-trained", "from scratch", "gain in points"}, {}};
    std::vector<std::vector<double>> means(2);
    std::vector<std::string> verdicts;
    for (const std::int64_t size : o_.examples) {
      const auto* with = of(Training::From::pretrained, layers, size);
      const auto* without = of(Training::From::scratch, layers, size);
      means[0].push_back(with ? mean_of(*with).mean : std::nan(""));
      means[1].push_back(without ? mean_of(*without).mean : std::nan(""));
      std::string text_of_gain = "-";
      if (whole(with) && whole(without)) {
        const MeanOf m = gain(*with, *without);
        text_of_gain = o_.seeds > 1 ? fmt::format("{:+.1f} +-{:.1f}", m.mean, m.half)
                                    : fmt::format("{:+.1f}", m.mean);
        if (o_.seeds > 1)
          verdicts.push_back(
              m.mean - m.half > 0
                  ? fmt::format("With {} pre-training wins.", how_many(size, "example"))
              : m.mean + m.half < 0
                  ? fmt::format("With {} pre-training loses.", how_many(size, "example"))
                  : fmt::format("With {} the two cannot be told apart.",
                                how_many(size, "example")));
      }
      table.rows.push_back({double(size), text(with), text(without), text_of_gain});
    }
    s_.trace.add(std::move(table));
    s_.trace.add(
        Verbatim{accuracy_plot({"pre-trained", "from scratch"}, "ex.", o_.examples, means)});
    conclude(verdicts.empty() || s_.trace.interrupted
                 ? no_verdict()
                 : fmt::format("What these figures support: {}", joined(verdicts, " ")));
  }

  void show_blocks() {
    const std::size_t layers = bert_.model.sizes().layers;
    Table table{"accuracy",
                interval() + " 0 blocks: the embeddings; \"all learn\": the whole model, too.",
                {"blocks below"},
                {}};
    for (const std::int64_t size : o_.examples) table.columns.push_back(how_many(size, "example"));
    std::pair<double, std::size_t> best{-1, 0};
    for (std::size_t l = 0; l <= layers; ++l) {
      std::vector<Table::Cell> row{std::to_string(l)};
      for (const std::int64_t size : o_.examples)
        row.emplace_back(text(of(Training::From::block, l, size)));
      table.rows.push_back(std::move(row));
      const auto* most = of(Training::From::block, l, o_.examples.back());
      if (most) best = std::max(best, {mean_of(*most).mean, l});
    }
    std::vector<Table::Cell> row{std::string("all learn")};
    for (const std::int64_t size : o_.examples)
      row.emplace_back(text(of(Training::From::pretrained, layers, size)));
    table.rows.push_back(std::move(row));
    s_.trace.add(std::move(table));
    if (best.first >= 0) conclude(verdict_on_blocks(best.second));
    s_.trace.say(task_->head == DownstreamHead::words || task_->head == DownstreamHead::span
                     ? "After 0 blocks a word does not know its neighbours yet."
                     : "The new layer reads [CLS] alone, which after 0 blocks is the same for "
                       "every text.");
  }

  /// What a summary ends with.
  void conclude(const std::string& verdict) {
    s_.trace.result = "accuracy";
    s_.trace.in_words = verdict;
    s_.trace.say(verdict);
  }

  /// What the figures of the largest number of examples support.
  std::string verdict_on_blocks(std::size_t best) const {
    if (o_.seeds < 2 || s_.trace.interrupted) return no_verdict();
    const auto* most = of(Training::From::block, best, o_.examples.back());
    std::vector<std::string> as_good;
    for (std::size_t l = 0; l <= bert_.model.sizes().layers; ++l) {
      const auto* other = of(Training::From::block, l, o_.examples.back());
      if (l == best || !other || other->size() != most->size()) continue;
      const MeanOf m = gain(*most, *other);
      if (m.mean - m.half <= 0) as_good.push_back(std::to_string(l));
    }
    if (as_good.size() == bert_.model.sizes().layers)
      return fmt::format("With {} and {} seeds no block can be said to serve best.",
                         how_many(o_.examples.back(), "example"), o_.seeds);
    std::string out = fmt::format("With {} the output after {} serves best",
                                  how_many(o_.examples.back(), "example"), how_many(best, "block"));
    if (as_good.empty()) return out + ".";
    return out +
           fmt::format("; after {} it cannot be told apart from that.", joined(as_good, ", "));
  }

  Stage& s_;
  const BertFinetuneOptions& o_;
  const TopicGrammar grammar_;
  const std::unique_ptr<DownstreamTask> task_;
  const BertCheckpoint bert_;
  std::vector<EncodedText> tested_;
  double ceiling_ = 0;
  std::size_t wanted_ = 0;  // trainings asked for
  std::map<Key, std::vector<double>> results_;
};

void bert_finetune(Stage& s, const BertFinetuneOptions& o) { FineTuning(s, o).show(); }

}  // namespace

Command bert_finetune_command() {
  return {.name = "bert finetune",
          .kind = CommandKind::work,
          .summary = "few labelled examples, with and without pre-training",
          .example = "bert finetune --examples 8 --seeds 1 --steps 20",
          .setup = with_options<BertFinetuneOptions>(bind, bert_finetune),
          .slow = true};
}

}  // namespace attn::app
