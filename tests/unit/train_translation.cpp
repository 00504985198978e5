// Learning to translate: BLEU, what a look claims, training, and going on from a checkpoint.
#include "attn/train/translation.h"

#include <doctest/doctest.h>

#include <cmath>
#include <cstring>

#include "attn/core/error.h"
#include "attn/nn/generate.h"
#include "attn/train/model_file.h"
#include "attn/train/trainer.h"
#include "io_support.h"

using namespace attn;
using io_test::check_bad;
using io_test::check_error;
using io_test::Folder;

namespace {

using Sentence = std::vector<std::size_t>;

/// BLEU once more, another way: clipped counts as sums over different n-grams, and the geometric
/// mean as a root.
double bleu_by_counts(const std::vector<Sentence>& outputs,
                      const std::vector<Sentence>& references) {
  double product = 1, written = 0, wanted = 0;
  for (std::size_t n = 1; n <= 4; ++n) {
    double clipped = 0, total = 0;
    for (std::size_t s = 0; s < outputs.size(); ++s) {
      const auto count = [n](const Sentence& words, const Sentence& gram) {
        int times = 0;
        for (std::size_t i = 0; i + n <= words.size(); ++i)
          times += std::equal(gram.begin(), gram.end(), words.begin() + std::ptrdiff_t(i));
        return times;
      };
      const Sentence& out = outputs[s];
      for (std::size_t i = 0; i + n <= out.size(); ++i) {
        const Sentence gram(out.begin() + std::ptrdiff_t(i), out.begin() + std::ptrdiff_t(i + n));
        ++total;
        // Each of the k copies of a gram stands for its share of the clipped count.
        clipped +=
            double(std::min(count(out, gram), count(references[s], gram))) / count(out, gram);
      }
    }
    product *= total > 0 ? clipped / total : 0;
  }
  for (const Sentence& s : outputs) written += double(s.size());
  for (const Sentence& s : references) wanted += double(s.size());
  const double brevity = written >= wanted ? 1 : written > 0 ? std::exp(1 - wanted / written) : 0;
  return 100 * brevity * std::pow(product, 0.25);
}

Language small_language() {
  return {"small", Grammar::parse("S = the $N $V the $N' | dort $N $V bei $N'\nS = $N $V | $V $N\n"
                                  "N = dog | Hund\nN = cat | Katze\nN = cow | Kuh\n"
                                  "N = pig | Schwein\nN = owl | Eule\nN = fox | Fuchs\n"
                                  "V = sees | sieht\nV = hears | hört\nV = finds | findet",
                                  "small.grammar")};
}

TranslatorChoice small_choice(const Language& l, const std::string& model, double dropout = 0) {
  TranslatorChoice c;
  c.model = model;
  const std::size_t source = l.source().size(), target = l.target().size();
  c.transformer = {.source_vocabulary = source,
                   .target_vocabulary = target,
                   .width = 16,
                   .heads = 2,
                   .ff = 32,
                   .layers = 1,
                   .positions = 16,
                   .dropout = dropout};
  c.recurrent.source_vocabulary = source;
  c.recurrent.target_vocabulary = target;
  c.recurrent.embedding = c.recurrent.hidden = 16;
  return c;
}

/// A training of its own, some steps far.
struct Training {
  explicit Training(const std::string& kind, double dropout = 0.1, double rate = 5e-3)
      : choice(small_choice(language, kind, dropout)),
        model(make_translator(choice, parameters)),
        learner(language, *model, choice.description(), 1) {
    options.steps = 200;
    options.batch = 8;
    options.check_every = 10;
    options.optimizer.rate = rate;
    options.schedule = {"constant", 0, 200};
    trainer = std::make_unique<Trainer>(learner, options);
  }
  void run_to(std::uint64_t step) {
    trainer->train([&](const TrainingStep& now) { return now.step < step; });
  }

  Language language = small_language();
  TranslatorChoice choice;
  Parameters parameters{Rng(3)};
  std::unique_ptr<Translator> model;
  TranslationLearner learner;
  TrainingOptions options;
  std::unique_ptr<Trainer> trainer;
};

bool same_bits(const Translator& a, const Translator& b) {
  bool same = a.parameters().size() == b.parameters().size();
  for (std::size_t i = 0; same && i < a.parameters().size(); ++i)
    same = io_test::same(a.parameters()[i].second.value(), b.parameters()[i].second.value());
  return same;
}

}  // namespace

TEST_CASE("bleu: values done by hand") {
  const Sentence five = {1, 2, 3, 4, 5};
  CHECK(bleu({five}, {five}) == doctest::Approx(100));
  // 4 of 5 words, 3 of 4 pairs, 2 of 3 triples, 1 of 2 fours: (4/5 3/4 2/3 1/2)^(1/4).
  CHECK(bleu({{1, 2, 3, 4, 9}}, {five}) == doctest::Approx(100 * std::pow(0.2, 0.25)));
  // All n-grams right, but 4 words for 5: exp(1 - 5/4).
  CHECK(bleu({{1, 2, 3, 4}}, {five}) == doctest::Approx(100 * std::exp(-0.25)));
  // A longer output has no such penalty: (5/6 4/5 3/4 2/3)^(1/4).
  CHECK(bleu({{1, 2, 3, 4, 5, 6}}, {five}) == doctest::Approx(100 * std::pow(1.0 / 3, 0.25)));
  // A word counts as often as the reference has it: 2 of 5, 1 of 4, 0 of 3.
  CHECK(bleu({{1, 1, 1, 1, 1}}, {{1, 1, 2, 3, 4}}) == 0);
  // Over a corpus n-grams are added before they are divided: not the mean of two sentences.
  // (5+1)/(5+4), (4+0)/(4+3), 3/5, 2/3.
  CHECK(bleu({five, {1, 7, 7, 7}}, {five, {1, 2, 3, 4}}) ==
        doctest::Approx(100 * std::pow(6.0 / 9 * 4 / 7 * 3 / 5 * 2 / 3, 0.25)));
}

TEST_CASE("bleu: nothing written, nothing right and sentences below four words give 0") {
  CHECK(bleu({{}}, {{1, 2, 3, 4}}) == 0);
  CHECK(bleu({{5, 6, 7, 8}}, {{1, 2, 3, 4}}) == 0);
  CHECK(bleu({{1, 2, 3}}, {{1, 2, 3}}) == 0);
  CHECK(bleu({}, {}) == 0);
  CHECK(bleu({{}, {1, 2, 3, 4}}, {{9}, {1, 2, 3, 4}}) == doctest::Approx(100 * std::exp(-0.25)));
  check_error(ErrorKind::usage, "BLEU of 1 sentences against 2", [] { bleu({{1}}, {{1}, {2}}); });
}

TEST_CASE("bleu: agrees with a second implementation on random sentences") {
  Rng rng(1);
  int zeros = 0;
  for (int i = 0; i < 200; ++i) {
    std::vector<Sentence> outputs, references;
    for (int s = 0; s < 3; ++s) {
      Sentence out, reference;
      const std::size_t n = 1 + rng.below(12);
      for (std::size_t t = 0; t < n; ++t) {
        reference.push_back(rng.below(4));
        if (rng.below(8) > 0) out.push_back(rng.below(6) ? reference.back() : rng.below(4));
      }
      outputs.push_back(out);
      references.push_back(reference);
    }
    const double expected = bleu_by_counts(outputs, references);
    CHECK(bleu(outputs, references) == doctest::Approx(expected).epsilon(1e-9));
    zeros += expected == 0;
  }
  CHECK(zeros < 60);
}

TEST_CASE(
    "translation: all words right by teacher forcing means, and alone means, greedy is right") {
  const Language language = small_language();
  std::size_t right = 0, wrong = 0, cut = 0;
  for (const char* kind : {"attention", "gru"}) {
    for (std::uint64_t seed = 0; seed < 60; ++seed) {
      Parameters parameters{Rng(seed)};
      const auto model = make_translator(small_choice(language, kind), parameters);
      for (const auto& [path, tensor] : model->parameters()) {
        Tensor p = tensor;  // an end that is likely enough to be written
        if (path == "output.b") p.mutable_value().data()[Vocabulary::kEnd] = 2;
      }
      Rng rng(seed, 1);
      Example e = language.draw(rng, Split::train);
      std::vector<Example> tried{e};
      Array source = empty({e.source.size()});
      std::copy(e.source.begin(), e.source.end(), source.data());
      const Written own = greedy(Run{}, *model, Tensor::ids(source), {.longest = 10});
      if (own.ended) {  // its own sentence is right for it, and with a word changed it is not
        e.target.assign(1, Vocabulary::kStart);
        e.target.insert(e.target.end(), own.words.begin(), own.words.end());
        tried.push_back(e);
        if (e.target.size() > 2) {
          std::size_t& changed = e.target[1 + rng.below(e.target.size() - 2)];
          changed = changed == 3 ? 4 : 3;
          tried.push_back(e);
        }
      } else {
        ++cut;
      }
      for (const Example& example : tried) {
        const TranslationBatch b = Language::batch_of({example});
        const Array logits = model->logits(Run{}, b.source, b.target).value();
        bool all = true;
        for (std::size_t t = 0; t + 1 < example.target.size(); ++t) {
          const auto p = row(logits, t);
          all &= std::size_t(std::max_element(p.begin(), p.end()) - p.begin()) ==
                 example.target[t + 1];
        }
        const TranslationScore score = translate_all(*model, {example});
        CHECK((score.exact == 1) == all);
        ++(all ? right : wrong);
      }
    }
  }
  CHECK(right > 20);
  CHECK(wrong > 100);
  CHECK(cut < 100);
}

TEST_CASE("translation: scores are counted by source length") {
  const Language language = small_language();
  Parameters parameters{Rng(1)};
  const auto model = make_translator(small_choice(language, "attention"), parameters);
  const SentencePool pool(language, Split::test, 60, Rng(2));
  const TranslationScore score = translate_all(*model, pool.examples());
  CHECK(score.sentences == 60);
  REQUIRE(score.by_length.size() == 2);
  CHECK(score.by_length[0].length == 2);
  CHECK(score.by_length[1].length == 5);
  CHECK(score.by_length[0].sentences + score.by_length[1].sentences == 60);
  CHECK(score.by_length[0].exact + score.by_length[1].exact == score.exact);
  CHECK(score.outputs.size() == 60);
  CHECK(translate_all(*model, {}).sentences == 0);
}

TEST_CASE("translation: a few steps lower the loss, some more make test sentences right") {
  for (const char* kind : {"attention", "gru"}) {
    INFO(kind);
    Training t(kind, 0);
    const double before = t.learner.look(Rng(5)).loss;
    t.run_to(20);
    CHECK(t.learner.look(Rng(5)).loss < 0.8 * before);
    t.run_to(200);
    const Score look = t.learner.look(Rng(5));
    CHECK(look.loss < 0.1 * before);
    CHECK(look.accuracy > 0.95);
    CHECK(look.exact <= look.accuracy);
    const SentencePool test(t.language, Split::test, 50, Rng(6));
    const TranslationScore score = translate_all(*t.model, test.examples());
    CHECK(score.exact > 25);
    CHECK(score.bleu > 50);
  }
}

TEST_CASE("translation: going on from a checkpoint gives the same bits as never having stopped") {
  for (const char* kind : {"attention", "rnn", "lstm", "gru"}) {
    INFO(kind);
    const Folder folder;
    const std::string file = folder / "half.safetensors";
    Training whole(kind), half(kind), rest(kind);
    whole.run_to(25);
    half.run_to(12);
    half.trainer->save(file);
    CHECK_FALSE(same_bits(*whole.model, *half.model));
    rest.trainer->load(file);
    CHECK(rest.trainer->step() == 12);
    CHECK(same_bits(*rest.model, *half.model));
    rest.run_to(25);
    CHECK(same_bits(*whole.model, *rest.model));
  }
}

TEST_CASE("translation: a checkpoint is not a model, nor a model a checkpoint, and each says so") {
  const Folder folder;
  Training t("attention");
  t.run_to(2);
  t.trainer->save(folder / "c.safetensors");
  save_model(folder / "m.safetensors", t.language, t.choice, *t.model);
  check_bad("m.safetensors: this is a trained model, not a checkpoint",
            [&] { t.trainer->load(folder / "m.safetensors"); });
  CHECK(t.trainer->step() == 2);
  Training other("gru");
  check_bad("model attention", [&] { other.trainer->load(folder / "c.safetensors"); });
}

TEST_CASE("translation: a training that breaks down names the step and the place") {
  Training t("attention", 0, 1e30);
  try {
    t.run_to(50);
    FAIL("a rate of 1e30 did not break the training");
  } catch (const Error& error) {
    const std::string message = error.what();
    INFO(message);
    CHECK(error.kind() == ErrorKind::no);
    CHECK(message.find("training broke down at step ") == 0);
    CHECK((message.find("coder.") != std::string::npos));  // of the encoder or the decoder
    CHECK(message.find("is not finite") != std::string::npos);
  }
}
