// BERT's pre-training: batches, losses and scores by hand, masks, learning, going on.
#include "attn/train/pretraining.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "attn/graph/trace.h"
#include "attn/nn/generate.h"
#include "attn/ops/ops.h"
#include "io_support.h"

using namespace attn;
using io_test::check_error;

namespace {

constexpr std::size_t kMask = 4, kA = 5, kB = 6, kC = 7;  // after the special pieces

PieceVocabulary letters() {
  return PieceVocabulary({"[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "a", "b", "c", "d"});
}

BertSizes small_sizes(std::size_t vocabulary) {
  return {.vocabulary = vocabulary, .width = 8, .heads = 2, .ff = 12, .layers = 1, .positions = 16};
}

/// A small model with numbers all over the place, and its vocabulary.
struct Small {
  explicit Small(BertSizes sizes = small_sizes(9)) : model(sizes, parameters) {
    Rng rng(5);
    for (const auto& [path, tensor] : model.parameters()) {
      for (real& number : Tensor(tensor).mutable_value()) number += real(0.3 * rng.normal());
    }
  }
  PieceVocabulary vocabulary = letters();
  Parameters parameters{Rng(4)};
  Bert model;
};

/// A pair with these words hidden: by place, the id that the model reads there.
PretrainingPair hidden_pair(const EncodedPair& encoded,
                            const std::vector<std::pair<std::size_t, std::size_t>>& hidden) {
  const std::vector<std::size_t>& ids = encoded.input.ids;
  Masked masked{ids, std::vector<std::int64_t>(ids.size(), -1)};
  for (const auto& [place, reads] : hidden) {
    masked.targets[place] = static_cast<std::int64_t>(ids[place]);
    masked.ids[place] = reads;
  }
  return {encoded, masked};
}

/// -log softmax(row)[right], in double.
double minus_log(const Array& logits, std::size_t r, std::size_t right) {
  double sum = 0;
  for (const real number : row(logits, r)) sum += std::exp(double{number});
  return std::log(sum) - double{row(logits, r)[right]};
}

bool largest_is(const Array& logits, std::size_t r, std::size_t right) {
  const auto numbers = row(logits, r);
  return numbers[right] == *std::max_element(numbers.begin(), numbers.end());
}

/// Logits of one pair alone, at every place: nothing here is shared with batch_of().
struct Logits {
  Array mlm, nsp;
};
Logits logits_of(const Bert& model, const PretrainingPair& pair) {
  const Run run;
  const Tensor output = model.encode(
      run, model.embed(run, word_ids(pair.masked.ids), word_ids(pair.encoded.input.segments)), {});
  return {model.mlm_logits(run, output).value(),
          reshape(run, model.nsp_logits(run, model.pooled(run, output)), {1, 2}).value()};
}

/// What evaluate() should say, counted pair by pair.
PretrainingScore by_hand(const Bert& model, const std::vector<PretrainingPair>& pairs) {
  PretrainingScore score;
  for (const PretrainingPair& pair : pairs) {
    const Logits logits = logits_of(model, pair);
    for (std::size_t i = 0; i < pair.masked.targets.size(); ++i) {
      if (pair.masked.targets[i] < 0) continue;
      const auto word = static_cast<std::size_t>(pair.masked.targets[i]);
      score.mlm_loss += minus_log(logits.mlm, i, word);
      score.mlm_accuracy += largest_is(logits.mlm, i, word);
      ++score.hidden;
    }
    const std::size_t answer = pair.encoded.is_next ? 0 : 1;
    score.nsp_loss += minus_log(logits.nsp, 0, answer);
    score.nsp_accuracy += largest_is(logits.nsp, 0, answer);
    ++score.pairs;
  }
  score.mlm_loss /= double(score.hidden);
  score.mlm_accuracy /= double(score.hidden);
  score.nsp_loss /= double(score.pairs);
  score.nsp_accuracy /= double(score.pairs);
  return score;
}

void check_same(const PretrainingScore& got, const PretrainingScore& want) {
  CHECK(got.hidden == want.hidden);
  CHECK(got.pairs == want.pairs);
  CHECK(got.mlm_loss == doctest::Approx(want.mlm_loss).epsilon(1e-5));
  CHECK(got.mlm_accuracy == doctest::Approx(want.mlm_accuracy).epsilon(1e-9));
  CHECK(got.nsp_loss == doctest::Approx(want.nsp_loss).epsilon(1e-5));
  CHECK(got.nsp_accuracy == doctest::Approx(want.nsp_accuracy).epsilon(1e-9));
}

std::vector<double> numbers(const Tensor& t) { return {t.value().begin(), t.value().end()}; }

double number(const Tensor& loss) { return double{loss.value().data()[0]}; }

}  // namespace

TEST_CASE("pretraining: a batch holds what the model reads, and where what was hidden") {
  const PieceVocabulary v = letters();
  const EncodedPair one = encode_pair(v, {kA, kB}, {kC}, true),
                    two = encode_pair(v, {kC}, {kB, kA}, false);
  CHECK(one.input.ids == std::vector<std::size_t>{2, kA, kB, 3, kC, 3});
  const PretrainingPair p = hidden_pair(one, {{1, kMask}, {4, kB}}),
                        q = hidden_pair(two, {{4, kA}});  // the last one is kept
  const PretrainingBatch batch = batch_of({&p, &q});
  CHECK(batch.ids.shape() == Shape{2, 6});
  CHECK(numbers(batch.ids) == std::vector<double>{2, kMask, kB, 3, kB, 3, 2, kC, 3, kB, kA, 3});
  CHECK(numbers(batch.segments) == std::vector<double>{0, 0, 0, 0, 1, 1, 0, 0, 0, 1, 1, 1});
  CHECK(numbers(batch.places) == std::vector<double>{1, 4, 10});
  CHECK(numbers(batch.words) == std::vector<double>{kA, kC, kA});
  CHECK(numbers(batch.answers) == std::vector<double>{0, 1});
}

TEST_CASE("pretraining: pairs of different lengths are no batch, nor are no pairs") {
  const PieceVocabulary v = letters();
  const PretrainingPair p = hidden_pair(encode_pair(v, {kA, kB}, {kC}, true), {}),
                        q = hidden_pair(encode_pair(v, {kA}, {kC}, true), {});
  check_error(ErrorKind::usage, "different lengths", [&] { batch_of({&p, &q}); });
  check_error(ErrorKind::usage, "no pairs", [] { batch_of({}); });
  check_error(ErrorKind::usage, "empty sentence", [&] { encode_pair(v, {}, {kA}, true); });
  check_error(ErrorKind::usage, "empty sentence", [&] { encode_pair(v, {kA}, {}, false); });
  CHECK(batch_of({&p}).places.value().size() == 0);  // nothing hidden is no error
}

TEST_CASE("pretraining: evaluate counts hidden places and pairs as by hand, also by length") {
  const Small s;
  std::vector<PretrainingPair> pairs = {
      hidden_pair(encode_pair(s.vocabulary, {kA, kB}, {kC}, true), {{1, kMask}, {4, kB}}),
      hidden_pair(encode_pair(s.vocabulary, {kB, kB, kA}, {kC, kA}, false), {{2, kB}, {6, kMask}}),
      hidden_pair(encode_pair(s.vocabulary, {kC}, {kA, kA}, false), {}),
      hidden_pair(encode_pair(s.vocabulary, {kA}, {kB, kB}, true), {{3, kC}})};
  const PretrainingScore want = by_hand(s.model, pairs);
  CHECK(want.hidden == 5);
  check_same(evaluate(s.model, pairs), want);
  // One more answer that is right changes both accuracies, so they are not 0 by chance.
  for (PretrainingPair& pair : pairs) {
    const Logits logits = logits_of(s.model, pair);
    pair.encoded.is_next = row(logits.nsp, 0)[0] > row(logits.nsp, 0)[1];
    for (std::size_t i = 0; i < pair.masked.targets.size(); ++i) {
      if (pair.masked.targets[i] < 0) continue;
      const auto r = row(logits.mlm, i);
      pair.masked.targets[i] = std::max_element(r.begin(), r.end()) - r.begin();
    }
  }
  const PretrainingScore right = evaluate(s.model, pairs);
  CHECK(right.mlm_accuracy == 1);
  CHECK(right.nsp_accuracy == 1);
  // More pairs than one batch of an evaluation.
  std::vector<PretrainingPair> many;
  for (int i = 0; i < 100; ++i) many.insert(many.end(), pairs.begin(), pairs.end());
  const PretrainingScore all = evaluate(s.model, many);
  CHECK(all.pairs == 400);
  CHECK(all.hidden == 500);
  CHECK(all.mlm_loss == doctest::Approx(right.mlm_loss).epsilon(1e-5));
  CHECK(all.nsp_loss == doctest::Approx(right.nsp_loss).epsilon(1e-5));
}

TEST_CASE("pretraining: a model evaluates only by the heads that it has") {
  BertSizes sizes = small_sizes(9);
  sizes.nsp = false;
  const Small words(sizes);
  const std::vector<PretrainingPair> pairs = {
      hidden_pair(encode_pair(words.vocabulary, {kA, kB}, {kC}, true), {{1, kMask}})};
  const PretrainingScore a = evaluate(words.model, pairs);
  CHECK(a.hidden == 1);
  CHECK(a.mlm_loss > 0);
  CHECK(a.nsp_loss == 0);
  sizes.nsp = true, sizes.mlm = false;
  const PretrainingScore b = evaluate(Small(sizes).model, pairs);
  CHECK(b.hidden == 0);
  CHECK(b.mlm_loss == 0);
  CHECK(b.nsp_loss > 0);
}

TEST_CASE("pretraining: the loss is the mean over hidden words plus that of next sentences") {
  // All words of the text are the same one, so that what was hidden is known wherever it was.
  const Small s;
  const std::vector<EncodedPair> pairs = {
      encode_pair(s.vocabulary, {kA, kA, kA, kA}, {kA, kA, kA}, true),
      encode_pair(s.vocabulary, {kA, kA, kA}, {kA, kA, kA, kA}, false)};
  constexpr std::size_t kBatch = 20;
  for (const double smoothing : {0.0, 0.1}) {
    const auto loss = [&](bool mlm, bool nsp, Trace& trace) {
      const PretrainingLearner learner(s.model, s.vocabulary, pairs, {.mlm = mlm, .nsp = nsp}, 1);
      Rng rng(3);
      return number(learner.loss({nullptr, &trace, nullptr}, rng, kBatch, smoothing));
    };
    Trace trace, words_trace, answers_trace;
    const double both = loss(true, true, trace), words = loss(true, false, words_trace),
                 answers = loss(false, true, answers_trace);
    CHECK(both == doctest::Approx(words + answers).epsilon(1e-5));
    const Array& mlm = trace.find("mlm.logits")->values();
    CHECK(trace.find("nsp.logits")->values().size() == 2 * kBatch);
    REQUIRE(columns(mlm) == 9);
    CHECK(rows(mlm) > 5);  // 15 % of 140
    CHECK(rows(mlm) < 50);
    double expected = 0;
    for (std::size_t r = 0; r < rows(mlm); ++r) {
      double even = 0;  // smoothing asks a little for every word
      for (std::size_t word = 0; word < 9; ++word) even += minus_log(mlm, r, word) / 9;
      expected += (1 - smoothing) * minus_log(mlm, r, kA) + smoothing * even;
    }
    CHECK(words == doctest::Approx(expected / double(rows(mlm))).epsilon(1e-5));
  }
}

TEST_CASE("pretraining: by hidden words alone, and by next sentences alone, as by hand") {
  const Small s;
  for (const bool next : {true, false}) {
    const std::vector<EncodedPair> pairs = {
        encode_pair(s.vocabulary, {kB, kB, kB, kB, kB}, {kB, kB, kB, kB, kB}, next)};
    Trace words, answers;
    Rng rng(3);
    const double mlm =
        number(PretrainingLearner(s.model, s.vocabulary, pairs, {.nsp = false, .dynamic = false}, 1)
                   .loss({nullptr, &words, nullptr}, rng, 3, 0));
    const double nsp =
        number(PretrainingLearner(s.model, s.vocabulary, pairs, {.mlm = false, .dynamic = false}, 1)
                   .loss({nullptr, &answers, nullptr}, rng, 3, 0));
    const Array &guesses = words.find("mlm.logits")->values(),
                &pair = answers.find("nsp.logits")->values();
    double sum = 0;
    for (std::size_t r = 0; r < rows(guesses); ++r) sum += minus_log(guesses, r, kB);
    CHECK(mlm == doctest::Approx(sum / double(rows(guesses))).epsilon(1e-5));
    CHECK(nsp == doctest::Approx(minus_log(pair, 0, next ? 0 : 1)).epsilon(1e-5));
  }
}

TEST_CASE("pretraining: static masks are the same every time, dynamic ones are not") {
  const Small s;
  const std::vector<EncodedPair> pairs = {
      encode_pair(s.vocabulary, {kA, kB, kC, kA, kB}, {kC, kA, kB, kC, kA}, true)};
  const auto losses = [&](bool dynamic, std::uint64_t seed) {
    const PretrainingLearner learner(s.model, s.vocabulary, pairs,
                                     {.nsp = false, .dynamic = dynamic}, seed);
    Rng rng(8);
    std::set<double> different;
    for (int i = 0; i < 20; ++i) different.insert(number(learner.loss({}, rng, 1, 0)));
    return different;
  };
  CHECK(losses(false, 1).size() == 1);
  CHECK(losses(false, 1) == losses(false, 1));
  CHECK(losses(false, 1) != losses(false, 2));  // they hang on the seed
  CHECK(losses(true, 1).size() > 10);
  CHECK(losses(true, 1) == losses(true, 2));  // and these on the generator of the batches
}

TEST_CASE("pretraining: every pair is drawn, lengths as often as they are in the text") {
  const Small s;
  std::vector<EncodedPair> pairs(
      3, encode_pair(s.vocabulary, {kA, kA, kA, kA}, {kA, kA, kA, kA}, true));
  pairs.push_back(encode_pair(s.vocabulary, {kA}, {kA}, false));
  const PretrainingLearner learner(s.model, s.vocabulary, pairs, {.mlm = false}, 1);
  Rng rng(1);
  std::size_t longer = 0;
  for (int i = 0; i < 400; ++i) {
    Trace trace;
    learner.loss({nullptr, &trace, nullptr}, rng, 1, 0);
    longer += trace.find("x")->values().size() == 11 * 8;
  }
  CHECK(longer > 265);  // of 400 with chance 3/4: 4 deviations are 35
  CHECK(longer < 335);
}

TEST_CASE("pretraining: a look sees loss and right answers of what is learnt") {
  const Small s;
  const std::vector<EncodedPair> pairs = {
      encode_pair(s.vocabulary, {kC, kC, kC, kC, kC}, {kC, kC, kC, kC, kC}, true)};
  for (const int which : {0, 1, 2}) {
    const PretrainingLearner learner(s.model, s.vocabulary, pairs,
                                     {.mlm = which != 2, .nsp = which != 1, .dynamic = false}, 1);
    Rng rng(1);
    Trace trace;
    const double loss = number(learner.loss({nullptr, &trace, nullptr}, rng, 1, 0));
    const Score look = learner.look(Rng(2));
    INFO("losses: ", which);
    CHECK(look.loss == doctest::Approx(loss).epsilon(1e-5));
    if (which == 2) {
      CHECK(look.asked == 128);
      CHECK(look.accuracy == (largest_is(trace.find("nsp.logits")->values(), 0, 0) ? 1 : 0));
    } else {
      const Array& mlm = trace.find("mlm.logits")->values();
      double right = 0;
      for (std::size_t r = 0; r < rows(mlm); ++r) right += largest_is(mlm, r, kC);
      CHECK(look.asked == 128 * rows(mlm));
      CHECK(look.accuracy == doctest::Approx(right / double(rows(mlm))));
    }
    CHECK_FALSE(learner.good(look));
  }
}

TEST_CASE("pretraining: what cannot be learnt is refused before any step") {
  const Small s;
  const std::vector<EncodedPair> pairs = {encode_pair(s.vocabulary, {kA}, {kB}, true)};
  const auto refused = [&](const Bert& model, const std::vector<EncodedPair>& given,
                           const PretrainingOptions& options, const std::string& part) {
    check_error(ErrorKind::usage, part,
                [&] { PretrainingLearner(model, s.vocabulary, given, options, 1); });
  };
  refused(s.model, {}, {}, "no pairs to learn from");
  refused(s.model, pairs, {.mlm = false, .nsp = false}, "no loss to learn by");
  BertSizes sizes = small_sizes(9);
  sizes.nsp = false;
  const Small words(sizes);
  refused(words.model, pairs, {}, "no head for this loss");
  CHECK_NOTHROW(PretrainingLearner(words.model, s.vocabulary, pairs, {.nsp = false}, 1));
  sizes.nsp = true, sizes.mlm = false;
  const Small answers(sizes);
  refused(answers.model, pairs, {.nsp = false}, "no head for this loss");
  refused(s.model,
          {encode_pair(s.vocabulary, std::vector<std::size_t>(8, kA),
                       std::vector<std::size_t>(6, kB), true)},
          {}, "a pair of 17 pieces, but the model has 16 positions");
  // All words unknown: loss() would draw masks for ever.
  const std::vector<EncodedPair> unknown = {
      encode_pair(s.vocabulary, {s.vocabulary.unknown()}, {s.vocabulary.unknown()}, true)};
  refused(s.model, unknown, {.nsp = false}, "no word of these pairs can be hidden");
  refused(s.model, unknown, {.dynamic = false}, "no word of these pairs can be hidden");
  CHECK_NOTHROW(PretrainingLearner(s.model, s.vocabulary, unknown, {.mlm = false}, 1));
  // Static masks of one short pair mostly hide nothing.
  std::size_t nothing = 0;
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    try {
      PretrainingLearner(s.model, s.vocabulary, pairs, {.dynamic = false}, seed);
    } catch (const Error&) {
      ++nothing;
    }
  }
  CHECK(nothing > 5);
  CHECK(nothing < 20);
}
