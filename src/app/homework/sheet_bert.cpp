// Sheet 6: BERT's inputs and masks.
#include <algorithm>
#include <cmath>
#include <limits>

#include "app/homework/worksheet.h"
#include "app/homework/wrong.h"
#include "attn/nn/mask.h"
#include "attn/ops/ops.h"

namespace attn::app::homework {

namespace {

constexpr std::size_t kLength = 8, kModel = 4, kVocabulary = 12, kChosen = 3;
constexpr real kPad = 0, kCls = 1, kSep = 2, kMask = 3;

Array as_row(const std::vector<real>& numbers) {
  Array out = empty({1, numbers.size()});
  std::copy(numbers.begin(), numbers.end(), out.data());
  return out;
}

std::vector<real> numbers_of(const Tensor& t) { return {t.value().begin(), t.value().end()}; }

/// [CLS] A [SEP] B [SEP], then padding.
std::vector<real> input_ids(const Values& v) {
  std::vector<real> ids = {kCls};
  for (const real id : numbers_of(v["a"])) ids.push_back(id);
  ids.push_back(kSep);
  for (const real id : numbers_of(v["b"])) ids.push_back(id);
  ids.push_back(kSep);
  ids.resize(kLength, kPad);
  return ids;
}

/// Places before the padding, by the ids that the student has.
std::size_t length_of(const Values& v) {
  const std::vector<real> ids = numbers_of(v["ids"]);
  const auto last = std::find_if(ids.rbegin(), ids.rend(), [](real id) { return id != kPad; });
  return std::min(static_cast<std::size_t>(ids.rend() - last), kLength);
}

/// Where B begins in these ids: after the first [SEP]; without one between A and B, after the words
/// of A.
std::size_t begin_of_b(const Values& v) {
  const std::vector<real> ids = numbers_of(v["ids"]);
  const std::size_t length = length_of(v);
  const auto end = ids.begin() + static_cast<std::ptrdiff_t>(length);
  const auto first = std::find(ids.begin(), end, kSep);
  const auto place = static_cast<std::size_t>(first - ids.begin());
  if (place + 1 < length) return place + 1;
  return v["a"].value().size() + (!ids.empty() && ids[0] == kCls ? 1 : 0);
}

Values draw(Rng& rng) {
  Values v;
  // A and B of 2 and 1, 2 and 2, or 3 and 1 words.
  const std::uint64_t kind = rng.below(3);
  const std::size_t a = kind == 2 ? 3 : 2, b = kind == 1 ? 2 : 1;
  v.set("a", drawn(rng, {1, a}, 4, int{kVocabulary} - 1));
  v.set("b", drawn(rng, {1, b}, 4, int{kVocabulary} - 1));
  v.set("token", drawn(rng, {kVocabulary, kModel}, -4, 4));
  v.set("segment", drawn(rng, {2, kModel}, -3, 3));
  v.set("position", drawn(rng, {kLength, kModel}, -3, 3));
  // Three of the words are chosen; one of each fate, in any order.
  std::vector<real> places;
  for (std::size_t p = 1; p < a + b + 2; ++p) {
    if (p != a + 1) places.push_back(static_cast<real>(p));
  }
  rng.shuffle(std::span<real>(places));
  places.resize(kChosen);
  std::sort(places.begin(), places.end());
  v.set("chosen", as_row(places));
  const auto hundredth = [&](int low, int high) { return drawn(rng, {1}, low, high, 0.01)(0); };
  std::vector<real> fates = {hundredth(5, 75), hundredth(82, 88), hundredth(92, 98)};
  rng.shuffle(std::span<real>(fates));
  v.set("fate", as_row(fates));
  v.set("random", drawn(rng, {1, kChosen}, 4, int{kVocabulary} - 1));
  v.set("right", drawn(rng, {1, kLength}, 1, 19, 0.05));
  v.set("hidden", drawn(rng, {kLength, kModel}, -4, 4, 0.5));
  v.set("w", drawn(rng, {kModel, 2}, -2, 2));
  v.set("bias", drawn(rng, {2}, -2, 2));
  return v;
}

std::vector<real> segment_ids(const Values& v) {
  std::vector<real> out(kLength, 0);
  for (std::size_t p = begin_of_b(v); p < length_of(v); ++p) out[p] = 1;
  return out;
}

/// The same by each id alone: padding is wherever [PAD] stands, and B begins after the first [SEP],
/// if there is one.
std::vector<Array> segments_by_id(const Values& v) {
  const std::vector<real> ids = numbers_of(v["ids"]);
  std::vector<real> by_length(ids.size(), 0), by_id(ids.size(), 0);
  const std::size_t length = length_of(v);
  const auto first =
      static_cast<std::size_t>(std::find(ids.begin(), ids.end(), kSep) - ids.begin());
  for (std::size_t p = first + 1; p < ids.size(); ++p) {
    by_length[p] = p < length ? 1 : 0;
    by_id[p] = ids[p] != kPad ? 1 : 0;
  }
  return {as_row(by_length), as_row(by_id)};
}

/// [SEP] forgotten: between A and B, at the end, or both.
Wrongs wrong_ids(const Values& v) {
  const std::vector<real> ids = input_ids(v);
  const std::size_t between = v["a"].value().size() + 1, last = between + v["b"].value().size() + 1;
  const auto without = [&](std::initializer_list<std::size_t> places) {
    std::vector<real> out;
    for (std::size_t p = 0; p < ids.size(); ++p) {
      if (std::find(places.begin(), places.end(), p) == places.end()) out.push_back(ids[p]);
    }
    out.resize(kLength, kPad);
    return as_row(out);
  };
  return {{"sep-missing", without({between})},
          {"sep-missing", without({last})},
          {"sep-missing", without({between, last})}};
}

/// The [SEP] behind A counted to B.
Wrongs wrong_segments(const Values& v) {
  std::vector<real> out = segment_ids(v);
  const std::size_t begin = begin_of_b(v);
  if (begin > 0) out[begin - 1] = 1;
  return {{"sep-in-b", as_row(out)}};
}

Array ids_of(const Values& v, const char* name) { return reshaped(v[name].value(), {kLength}); }

Array embedded(const Values& v) {
  const Tensor tokens = embed({}, v["token"], Tensor::ids(ids_of(v, "ids")));
  const Tensor segments = embed({}, v["segment"], Tensor::ids(ids_of(v, "segments")));
  return add({}, add({}, tokens, segments), v["position"]).value();
}

/// The ids after masking; `fate_of` may change a word's fate.
template <class F>
Array masked(const Values& v, F fate_of) {
  Array ids = reshaped(v["ids"].value(), {1, kLength});
  for (std::size_t i = 0; i < kChosen; ++i) {
    const std::size_t place = index_of(v["chosen"].value()(0, i), kLength);
    const double fate = fate_of(double{v["fate"].value()(0, i)});
    if (fate < 0.8) {
      ids.data()[place] = kMask;
    } else if (fate < 0.9) {
      ids.data()[place] = v["random"].value()(0, i);
    }
  }
  return ids;
}

Array hiding(const Values& v) { return padding_mask(kLength, kLength - length_of(v)); }

std::vector<Array> hiding_by_id(const Values& v) {
  const std::vector<real> ids = numbers_of(v["ids"]);
  Array out = zeros({kLength, kLength});
  for (std::size_t p = 0; p < out.size(); ++p) {
    if (ids.at(p % kLength) == kPad) out.data()[p] = -std::numeric_limits<real>::infinity();
  }
  return {out};
}

Wrongs wrong_mask(const Values& v) {
  const Tensor right{hiding(v)};
  const double infinity = std::numeric_limits<double>::infinity();
  const Array inverted = mapped(right.value(), [&](double x) { return x == 0 ? -infinity : 0.0; });
  const Array shifted = padding_mask(kLength, std::min(kLength - length_of(v) + 1, kLength));
  // 1 to look at, 0 to hide: a mask before it is made additive.
  const Array ones = mapped(right.value(), [](double x) { return x == 0 ? 1.0 : 0.0; });
  return {{"mask-padding-rows", transpose({}, right).value()},
          {"mask-inverted", inverted},
          {"mask-zero", ones},
          {"mask-off-by-one", shifted}};
}

/// Mean of -log p over `divide_by` numbers, summed over the places in `counted`.
Array loss(const Values& v, const std::vector<std::size_t>& counted, std::size_t divide_by) {
  double sum = 0;
  for (const std::size_t p : counted) sum -= std::log(double{v["right"].value()(0, p)});
  return full({1}, static_cast<real>(sum / double(divide_by)));
}

std::vector<std::size_t> chosen_places(const Values& v) {
  std::vector<std::size_t> out;
  for (const real p : numbers_of(v["chosen"])) out.push_back(index_of(p, kLength));
  return out;
}

Wrongs wrong_loss(const Values& v) {
  std::vector<std::size_t> all, tokens, words, hidden;
  const std::vector<real> ids = input_ids(v);
  for (std::size_t p = 0; p < kLength; ++p) {
    const real id = ids[p];
    all.push_back(p);
    if (id != kPad) tokens.push_back(p);
    if (id >= 4) words.push_back(p);
  }
  for (std::size_t i = 0; i < kChosen; ++i) {
    if (v["fate"].value()(0, i) < real{0.8}) hidden.push_back(chosen_places(v)[i]);
  }
  const Array right = loss(v, chosen_places(v), kChosen);
  const auto times = [&](double factor) {
    return mapped(right, [=](double x) { return factor * x; });
  };
  return {{"mlm-all", loss(v, tokens, tokens.size())},
          {"mlm-all", loss(v, words, words.size())},
          {"mlm-all", loss(v, all, kLength)},
          {"mlm-mean-padding", loss(v, tokens, kLength)},
          {"mlm-mean-padding", loss(v, chosen_places(v), kLength)},
          {"mlm-mask-only", loss(v, hidden, hidden.size())},
          {"loss-sum", times(double(kChosen))},
          {"loss-base", times(1 / std::log(2.0))},
          {"loss-base", times(1 / std::log(10.0))}};
}

/// The head over some rows of `hidden`, and over their mean.
Wrongs wrong_nsp(const Values& v) {
  const Tensor every = linear({}, v["hidden"], v["w"], v["bias"]);
  Wrongs w = {{"nsp-all", every.value()}};
  const std::size_t length = v["a"].value().size() + v["b"].value().size() + 3;
  for (const std::size_t n : {kLength, length}) {
    const Tensor rows = slice_rows({}, every, 0, n);
    w.push_back({"nsp-all", row_mean({}, transpose({}, rows)).value()});
  }
  const Tensor cls = slice_rows({}, v["hidden"], 0, 1);
  w.push_back({"bias-missing", reshaped(linear({}, cls, v["w"]).value(), {2})});
  return w;
}

Array nsp(const Values& v) {
  const Tensor cls = slice_rows({}, v["hidden"], 0, 1);
  return reshaped(linear({}, cls, v["w"], v["bias"]).value(), {2});
}

}  // namespace

Sheet bert_sheet() {
  Sheet sheet;
  sheet.name = "bert";
  sheet.title = "BERT's inputs and masks";
  sheet.intro =
      "Two sentences A and B of a few words become one input of length 8 for a very small BERT. "
      "Words are numbers here: 0 is `[PAD]`, 1 `[CLS]`, 2 `[SEP]`, 3 `[MASK]`, and 4 to 11 are "
      "words. Places count from 0.";
  sheet.given = {
      {"a", "the ids of sentence A"},
      {"b", "the ids of sentence B"},
      {"token", "row w is the embedding of word w"},
      {"segment", "row 0 for sentence A, row 1 for sentence B"},
      {"position", "row p for place p"},
      {"chosen", "three places that were chosen for the masked language model (15 %, by chance)"},
      {"fate", "a number from 0 to 1 for each chosen place: what happens to it"},
      {"random", "a random word for each chosen place, to be used only where the fate says so"},
      {"right",
       "for each place, the probability that the model gives to the word that stood there"},
      {"hidden", "what the last block gives, one row per place"},
      {"w", "the weights of the next-sentence head"},
      {"bias", "its bias"}};
  sheet.draw = draw;
  sheet.steps = {
      {.name = "ids",
       .task = "The ids of `[CLS] A [SEP] B [SEP]`, padded with `[PAD]` to length 8.",
       .points = 1,
       .digits = 0,
       .right = [](const Values& v) { return as_row(input_ids(v)); },
       .wrong = wrong_ids},
      {.name = "segments",
       .task = "The segment of each place: 0 for `[CLS] A [SEP]`, 1 for `B [SEP]`, 0 for padding.",
       .points = 1,
       .digits = 0,
       .right = [](const Values& v) { return as_row(segment_ids(v)); },
       .wrong = wrong_segments,
       .others = segments_by_id},
      {.name = "mask",
       .task = "The additive attention mask of shape (8,8): row i is the query, column j the key; "
               "0 where i may look at j, `-inf` (or -1e9) where not. Nobody looks at padding. The "
               "rows of the padding stay like all others.",
       .points = 1.5,
       .digits = 0,
       .right = hiding,
       .wrong = wrong_mask,
       .others = hiding_by_id},
      {.name = "x",
       .task = "token + segment + position embedding of each place, without the layer norm that "
               "follows. Padding has its embeddings too.",
       .points = 1.5,
       .right = embedded},
      {.name = "masked_ids",
       .task =
           "The ids after masking. A chosen place becomes `[MASK]` where its fate is below 0.8, "
           "the random word where it is from 0.8 to below 0.9, and stays as it is otherwise.",
       .points = 2,
       .digits = 0,
       .right = [](const Values& v) { return masked(v, [](double fate) { return fate; }); },
       .wrong =
           [](const Values& v) {
             return Wrongs{{"mlm-mask-only", masked(v, [](double) { return 0.0; })}};
           }},
      {.name = "loss",
       .task =
           "The loss of the masked language model: the mean of `-ln p` (natural logarithm) over "
           "the places that were chosen, with p from `right`. One number.",
       .points = 1.5,
       .right = [](const Values& v) { return loss(v, chosen_places(v), kChosen); },
       .wrong = wrong_loss},
      {.name = "nsp",
       .task = "The two logits of the next-sentence head: `h W + bias`, where h is the row of "
               "`hidden` that this head reads. (The pooler before it is left out.)",
       .points = 1.5,
       .right = nsp,
       .wrong = wrong_nsp},
  };
  return sheet;
}

}  // namespace attn::app::homework
