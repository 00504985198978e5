#include "app/learning/looking.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "app/frame/data.h"
#include "attn/nn/generate.h"
#include "attn/train/language.h"

namespace attn::app {

namespace {

constexpr std::size_t kChosenOn = 300, kMeasuredOn = 500;

struct Share {
  double right = 0, all = 0;
  double operator()() const { return all == 0 ? 0 : right / all; }
};

/// A head and how often its largest weight was on the noun.
struct Head {
  std::string stack, part;  ///< "encoder", "attention"; "decoder", "cross" or "self"
  std::size_t layer, head;
  Share train, test, control;
  std::string name() const {
    return fmt::format("{} layer {}, {}, head {}", stack, layer, part, head);
  }
};

bool has_marks(const Example& e) {
  return e.words.source_marks.count("pronoun") && e.words.source_marks.count("noun") &&
         e.words.target_marks.count("pronoun") && e.words.target_marks.count("noun") &&
         e.words.target_marks.count("article");
}

/// f(head, was the largest weight on the noun) for every head, on one sentence.
template <class F>
void each_head(const Transformer& model, const Example& e, F f) {
  Trace trace;
  const Run run{nullptr, &trace, nullptr};
  model.logits(run, word_ids(e.source), word_ids({e.target.begin(), e.target.end() - 1}));
  const std::size_t in_source = e.words.source_marks.at("noun");
  // The decoder reads <start> first, so a word stands one place later; its article tells the gender
  // as well as the noun does.
  const std::size_t in_target = e.words.target_marks.at("noun") + 1,
                    article = e.words.target_marks.at("article") + 1;
  const auto look = [&](const char* stack, const char* part, std::size_t row) {
    const bool written = std::string_view(part) == "self";
    for (std::size_t l = 0; l < model.sizes().layers; ++l) {
      const Array& weights =
          trace.find(fmt::format("{}.layer.{}.{}.weights", stack, l, part))->values();  // (H,n,m)
      const std::size_t n = weights.shape()[1], m = weights.shape()[2];
      for (std::size_t h = 0; h < weights.shape()[0]; ++h) {
        const real* from = weights.data() + (h * n + row) * m;
        const auto place = static_cast<std::size_t>(std::max_element(from, from + m) - from);
        f(Head{stack, part, l, h, {}, {}, {}},
          written ? place == in_target || place == article : place == in_source);
      }
    }
  };
  look("encoder", "attention", e.words.source_marks.at("pronoun"));
  // Row t of the decoder has read word t-1 and writes word t.
  look("decoder", "cross", e.words.target_marks.at("pronoun"));
  look("decoder", "self", e.words.target_marks.at("pronoun"));
}

}  // namespace

void show_looking(Trace& trace, const ModelFile& file, const std::vector<std::string>& source) {
  if (!is_own_language(file.language)) return;
  const Language language = find_language(file.language);
  const auto* model = dynamic_cast<const Transformer*>(file.model.get());
  Rng rng = Rng(1).stream("looking");
  // A file may name a language of ours and be of another one.
  const auto same = [](const Vocabulary& v, const std::vector<std::string>& words) {
    return v.size() == words.size() + 3 &&
           std::equal(words.begin(), words.end(), v.names().begin() + 3);
  };
  if (!same(language.source(), file.source_words) || !same(language.target(), file.target_words))
    return;
  if (!model || !has_marks(language.draw(rng, Split::test))) return;
  std::map<std::string, Head> heads;
  const auto measure = [&](Split split, std::size_t count, Share Head::*share) {
    for (std::size_t i = 0; i < count; ++i) {
      const Example e = language.draw(rng, split);
      const bool control = e.words.source_marks.count("control") > 0;
      if (control && split == Split::train) continue;
      each_head(*model, e, [&](const Head& head, bool right) {
        Share& s =
            heads.emplace(head.name(), head).first->second.*(control ? &Head::control : share);
        s.right += right;
        ++s.all;
      });
    }
  };
  measure(Split::train, kChosenOn, &Head::train);
  measure(Split::test, kMeasuredOn, &Head::test);
  std::vector<const Head*> order;
  for (const auto& [name, head] : heads) order.push_back(&head);
  std::stable_sort(order.begin(), order.end(),
                   [](const Head* a, const Head* b) { return a->train() > b->train(); });
  Table table{
      "looking",
      "How often a head's largest weight, in the row of the pronoun, is on the noun that it "
      "stands for. control: sentences whose pronoun needs no noun (\"it was late\"); there "
      "one of the two nouns counts as the noun.",
      {"stack", "layer", "attention", "head", "training", "test", "control"},
      {}};
  for (const Head* h : order)
    table.rows.push_back({h->stack, double(h->layer),
                          std::string(h->part == "attention" ? "self" : h->part), double(h->head),
                          h->train(), h->test(), h->control()});
  trace.add(std::move(table));
  const Head& best = *order.front();
  trace.say(
      fmt::format("Chosen on {} training sentences: {}. On test sentences it looks at the right "
                  "noun in {:.1f} % "
                  "of {:.0f}, in the control in {:.1f} % of {:.0f}.",
                  best.train.all, best.name(), 100 * best.test(), best.test.all,
                  100 * best.control(), best.control.all));
  const auto it = std::find(source.begin(), source.end(), "it");
  const Step* weights =
      trace.find(fmt::format("{}.layer.{}.{}.weights", best.stack, best.layer, best.part));
  if (best.stack != "encoder" || it == source.end() || !weights) return;
  const std::size_t n = weights->shape()[2];
  const real* row = weights->values().data() +
                    (best.head * n + static_cast<std::size_t>(it - source.begin())) * n;
  const auto place = static_cast<std::size_t>(std::max_element(row, row + n) - row);
  trace.say(fmt::format("In this sentence it looks from \"it\" most at \"{}\" (weight {:.3f}).",
                        place < source.size() ? source[place] : "<end>", row[place]));
}

}  // namespace attn::app
