// A new layer on a BERT: its inputs, its answers, and what learning changes.
#include "attn/train/finetuning.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>

#include "app/frame/data.h"
#include "attn/train/trainer.h"

using namespace attn;

namespace {

struct Setting {
  TopicGrammar grammar = TopicGrammar::parse(app::data_file("stories.topics"), "stories.topics");
  PieceVocabulary vocabulary{pieces(grammar)};
  Parameters parameters{Rng(1)};
  Bert bert{BertSizes{.vocabulary = vocabulary.size(),
                      .width = 16,
                      .heads = 2,
                      .ff = 32,
                      .layers = 1,
                      .positions = 40,
                      .mlm = false,
                      .nsp = false},
            parameters};

  static std::vector<std::string> pieces(const TopicGrammar& g) {
    std::vector<std::string> all = {"[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"};
    for (const std::string& word : g.words()) {
      if (word != "kitchen") all.push_back(word);
    }
    all.insert(all.end(), {"kit", "##chen"});  // one word of two pieces
    return all;
  }
  std::vector<EncodedText> texts(const DownstreamTask& task, int count, std::uint64_t seed) const {
    Rng rng(seed);
    std::vector<EncodedText> out;
    for (int i = 0; i < count; ++i)
      out.push_back(encode_text(task.draw(rng), task.head, grammar, vocabulary));
    return out;
  }
};

Array copy_of(const Tensor& t) { return t.value(); }

}  // namespace

TEST_CASE("fine-tuning: a word of two pieces is asked at its first piece") {
  const Setting s;
  const auto id = [&](const char* word) {
    const auto& words = s.grammar.words();
    return static_cast<std::size_t>(std::find(words.begin(), words.end(), word) - words.begin());
  };
  const LabelledText tags{{{{id("in"), id("the"), id("kitchen"), id("the"), id("cook")}, {}}},
                          {0, 0, 3, 0, 1}};
  const EncodedText a = encode_text(tags, DownstreamHead::words, s.grammar, s.vocabulary);
  CHECK(a.inputs[0].length() == 8);  // [CLS] in the kit ##chen the cook [SEP]
  CHECK(a.places == std::vector<std::size_t>{1, 2, 3, 5, 6});
  const LabelledText span{{{{id("kitchen")}, {id("the"), id("kitchen"), id("cook")}}}, {0, 1}};
  const EncodedText b = encode_text(span, DownstreamHead::span, s.grammar, s.vocabulary);
  CHECK(b.places == std::vector<std::size_t>{4, 5, 7});  // [CLS] kit ##chen [SEP] the ...
}

TEST_CASE("fine-tuning: padding changes no answer") {
  Setting s;
  for (const std::string& name : downstream_names()) {
    INFO(name);
    const auto task = make_downstream(name, s.grammar);
    Parameters head{Rng(2)};
    const FineTuned model(s.bert, task->head, task->classes.size(), head, false);
    const std::vector<EncodedText> texts = s.texts(*task, 12, 7);
    std::vector<const EncodedText*> all;
    for (const EncodedText& text : texts) all.push_back(&text);
    const std::size_t pad = s.vocabulary.pad();
    const TextBatch together = batch_of(all, task->head, s.bert, pad);
    CHECK(bool(together.mask));  // some are shorter
    const Array batch = model.logits(Run{}, together).value();
    const std::size_t n = columns(batch);
    std::size_t row = 0;
    for (const EncodedText* text : all) {
      const Array alone = model.logits(Run{}, batch_of({text}, task->head, s.bert, pad)).value();
      for (std::size_t i = 0; i < rows(alone); ++i, ++row) {
        for (std::size_t j = 0; j < columns(alone); ++j) {
          const double x = alone.data()[i * columns(alone) + j], y = batch.data()[row * n + j];
          if (std::isinf(x)) {
            CHECK(x == y);
          } else {
            CHECK(x == doctest::Approx(y).epsilon(1e-4));
          }
        }
      }
    }
    CHECK(row == rows(batch));
  }
}

TEST_CASE("fine-tuning: the answer of a span is the likeliest start and end in this order") {
  Setting s;
  const auto task = make_downstream("span", s.grammar);
  Parameters head{Rng(3)};
  head.give("head.w", Tensor::parameter(Rng(4).stream("w").normal({16, 2}, 1)));
  const FineTuned model(s.bert, task->head, 2, head, false);
  const std::vector<EncodedText> texts = s.texts(*task, 100, 8);
  std::size_t expected = 0;
  for (const EncodedText& text : texts) {
    const Array y =
        model.logits(Run{}, batch_of({&text}, task->head, s.bert, s.vocabulary.pad())).value();
    std::pair<std::size_t, std::size_t> best;
    double most = -1e30;
    for (const std::size_t i : text.places) {
      for (const std::size_t j : text.places) {
        if (i <= j && y(0, 0, i) + y(0, 1, j) > most) {
          most = y(0, 0, i) + y(0, 1, j);
          best = {i, j};
        }
      }
    }
    const std::size_t right =
        best.first == text.places[text.answer[0]] && best.second == text.places[text.answer[1]];
    expected += right;
    CHECK(model.right({text}, s.vocabulary.pad()) == right);
  }
  CHECK(model.right(texts, s.vocabulary.pad()) == expected);
}

TEST_CASE("fine-tuning: each head learns a handful of examples; a frozen model stays as it is") {
  for (const std::string& name : downstream_names()) {
    for (const bool frozen : {false, true}) {
      INFO(name, frozen);
      Setting s;
      const auto task = make_downstream(name, s.grammar);
      const FineTuned model(s.bert, task->head, task->classes.size(), s.parameters, frozen);
      std::vector<Array> before;
      for (const auto& [path, tensor] : s.bert.parameters()) before.push_back(copy_of(tensor));
      const std::vector<EncodedText> texts = s.texts(*task, 4, 9);
      const std::size_t pad = s.vocabulary.pad();
      const FineTuningLearner learner(model, texts, pad);
      TrainingOptions options;
      options.batch = 4;
      options.steps = frozen ? 20 : 150;
      options.optimizer.rate = 0.01;
      Trainer trainer(learner, options);
      trainer.train([](const TrainingStep&) { return true; });
      std::size_t changed = 0, i = 0;
      for (const auto& [path, tensor] : s.bert.parameters())
        changed += tensor.value() != before[i++];
      if (frozen) {
        CHECK(changed == 0);
        CHECK(model.parameters().size() <= 2);
      } else {
        CHECK(changed > 10);
        CHECK(model.right(texts, pad) == texts.size());
      }
    }
  }
}
