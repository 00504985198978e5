// train translate: a Transformer or a recurrent encoder-decoder learns a small language.
#include <fmt/format.h>

#include <filesystem>

#include "app/frame/heads.h"
#include "app/frame/outputs.h"
#include "app/learning/train.h"
#include "app/learning/translator.h"
#include "attn/core/error.h"
#include "attn/core/gemm.h"
#include "attn/core/how_many.h"
#include "attn/core/joined.h"
#include "attn/text/utf8.h"
#include "attn/train/translation.h"

namespace attn::app {

namespace {

constexpr std::size_t kTested = 500;  // test sentences

TranslatorChoice choice_of(const TrainOptions& o, const Language& language) {
  const auto size = [](std::int64_t n) { return static_cast<std::size_t>(n); };
  TranslatorChoice c;
  c.model = o.model;
  const std::size_t source = language.source().size(), target = language.target().size(),
                    d = size(o.dim);
  if (o.model != "attention" && o.model != "rnn" && o.model != "lstm" && o.model != "gru") {
    throw Error(ErrorKind::usage, fmt::format("--model {} cannot translate", o.model),
                "use attention (the Transformer), rnn, lstm or gru");
  }
  if (c.is_transformer()) {
    require_heads_divide_dim(d, size(o.training.heads));
    c.transformer = {.source_vocabulary = source,
                     .target_vocabulary = target,
                     .width = d,
                     .heads = size(o.training.heads),
                     .ff = o.training.ff > 0 ? size(o.training.ff) : 4 * d,
                     .layers = size(o.training.layers),
                     .norm_first = o.translation.norm == "pre",
                     .tied = o.translation.tied,
                     .dropout = o.training.dropout};
  } else {
    c.recurrent.variant = o.translation.variant;
    c.recurrent.source_vocabulary = source;
    c.recurrent.target_vocabulary = target;
    c.recurrent.embedding = c.recurrent.hidden = d;
    c.recurrent.score = o.translation.score;
  }
  return c;
}

/// What would fail after a long training is told before it.
void check_model_place(const TrainOptions& o) {
  const std::string& path = o.translation.save_model;
  if (path.empty()) return;
  if (!path.ends_with(".safetensors"))
    throw Error(ErrorKind::usage, fmt::format("--save-model {}", escaped(path, 200)),
                "a model is a safetensors file: the name must end in .safetensors");
  if (std::filesystem::path(path).lexically_normal() ==
      std::filesystem::path(o.checkpoint).lexically_normal())
    throw Error(ErrorKind::usage, "--save-model and --checkpoint name the same file",
                "a model is for attn translate, a checkpoint to go on training: name two files");
  check_place(path);
}

/// Throws Error(limit) if parameters (with gradients and two moments) and one batch are too large.
void require_room(const Stage& s, const TrainOptions& o, const TranslatorChoice& choice,
                  const Language& language) {
  constexpr double kWords = 32;  // of a long sentence
  const double stacks = choice.is_transformer() ? 2 * double(o.training.layers) : 1;
  const double batch = double(o.training.batch) * kWords *
                       (60 * stacks * double(o.dim) + 4 * double(language.target().size()));
  s.require_memory(
      sizeof(real) * (4 * parameters_about(choice) + batch),
      fmt::format("training a model of width {} on {} sentences at once", o.dim, o.training.batch));
}

std::string in_words(const TranslatorChoice& choice) {
  if (choice.is_transformer()) {
    const TransformerSizes& z = choice.transformer;
    return fmt::format(
        "a Transformer of width {} with {} that read and {} that write, {} each, "
        "feed-forward nets of inner width {}{}{}",
        z.width, how_many(z.layers, "block"), z.layers, how_many(z.heads, "head"), z.ff,
        z.norm_first ? ", pre-norm" : "", z.tied ? ", tied" : "");
  }
  const Seq2SeqSizes& z = choice.recurrent;
  return fmt::format("one {} of width {} reads and another writes, {}", choice.model, z.hidden,
                     z.variant == "attention" ? fmt::format("with attention (score {})", z.score)
                                              : fmt::format("without attention ({})", z.variant));
}

void describe(Trace& trace, const Language& language, const TranslatorChoice& choice,
              const Translator& model, const TrainOptions& o) {
  trace.title = fmt::format("{} learns to translate: {}",
                            choice.is_transformer() ? std::string("A Transformer") : choice.model,
                            language.name());
  Rng rng = Rng(trace.seed).stream("shown");
  const Example example = language.draw(rng, Split::train);
  trace.say(fmt::format("A training sentence: \"{}\" is \"{}\".", joined(example.words.source, " "),
                        joined(example.words.target, " ")));
  trace.say(
      fmt::format("The language has {} source words and {} target words, the model {} "
                  "parameters: {}.",
                  language.source().size() - 3, language.target().size() - 3,
                  model.parameter_count(), in_words(choice)));
  trace.say(fmt::format(
      "Teacher forcing: while it learns, the decoder reads the right words and guesses each next "
      "one. It stops after {}, or as soon as two looks in a row find all of 512 training "
      "sentences right.",
      how_many(o.training.steps, "step")));
}

std::string sentence_of(const Vocabulary& words, const std::vector<std::size_t>& ids) {
  std::vector<std::string> out;
  for (const std::size_t id : ids) {
    if (id != Vocabulary::kStart && id != Vocabulary::kEnd) out.push_back(words.name(id));
  }
  return joined(out, " ");
}

/// Some test sentences of middle length, the same ones whatever the model has learnt.
void show_samples(Trace& trace, const Language& language, const std::vector<Example>& examples,
                  const TranslationScore& score) {
  constexpr std::size_t kSamples = 3, kShortest = 8, kLongest = 11, kWidest = 58;
  Table samples{"samples", "Three of the test sentences.", {"sentence", "what", "words"}, {}};
  for (std::size_t i = 0, shown = 0; i < examples.size() && shown < kSamples; ++i) {
    const Example& e = examples[i];
    if (e.source.size() - 1 < kShortest || e.source.size() - 1 > kLongest) continue;
    const auto row = [&](const char* what, const std::string& words) {
      samples.rows.push_back({double(shown), std::string(what), cut(words, kWidest, "...")});
    };
    row("read", sentence_of(language.source(), e.source));
    row("written", sentence_of(language.target(), score.outputs[i]));
    row("right", sentence_of(language.target(), e.target));
    ++shown;
  }
  if (!samples.rows.empty()) trace.add(std::move(samples));
}

void show_result(Trace& trace, const Trainer& trainer, const TranslationScore& score) {
  Table result{"result",
               "Test sentences, none of them seen in training. The model writes word by word and "
               "reads its own words (greedy decoding). BLEU: how many of its words, and of its "
               "groups of 2, 3 and 4 words, stand in the right sentence too.",
               {"measure", "reached", "best possible"},
               {}};
  result.rows.push_back(
      {std::string("whole sentences right"), double(score.exact) / double(score.sentences), 1.0});
  result.rows.push_back({std::string("BLEU"), score.bleu, 100.0});
  trace.add(std::move(result));
  trace.result = "result";
  trace.in_words = fmt::format("It translates {} of {} test sentences without a mistake.",
                               score.exact, score.sentences);
  Table lengths{"by_length", "By words of the source.", {"length", "sentences", "right"}, {}};
  for (const auto& l : score.by_length)
    lengths.rows.push_back(
        {double(l.length), double(l.sentences), double(l.exact) / double(l.sentences)});
  trace.add(std::move(lengths));
  show_effort(trace, trainer);
}

}  // namespace

void train_translation(Stage& s, const TrainOptions& o) {
  check_model_place(o);
  s.trace.seed = static_cast<std::uint64_t>(o.seed);
  s.trace.threads = static_cast<int>(o.threads);
  set_threads(s.trace.threads);
  const Language language = find_language(o.translation.language);
  const TranslatorChoice choice = choice_of(o, language);
  require_room(s, o, choice, language);
  Parameters parameters{Rng(s.trace.seed)};
  const std::unique_ptr<Translator> model = make_translator(choice, parameters);
  const TranslationLearner learner(language, *model, choice.description(), s.trace.seed);
  Trainer trainer(learner, training_options(o.training, s.trace.seed));
  describe(s.trace, language, choice, *model, o);
  const bool stopped = run_training(s, o.checkpoint, o.resume, trainer);
  if (!o.translation.save_model.empty() && !stopped)
    save_at_last(s.trace, [&] { save_model(o.translation.save_model, language, choice, *model); });
  const SentencePool test(language, Split::test, kTested, Rng(s.trace.seed).stream("test"));
  const TranslationScore score = translate_all(*model, test.examples());
  show_samples(s.trace, language, test.examples(), score);
  show_result(s.trace, trainer, score);
}

}  // namespace attn::app
