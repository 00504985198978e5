#include <algorithm>
#include <cmath>

#include "attn_exercise/judge.h"
#include "exercise.h"

namespace {

const Student<decltype(beam_step)> student("beam_step");

using Beams = std::vector<Beam>;

/// What can go wrong.
struct Way {
  bool each_its_best = false, only_last = false, ended_go_on = false, ended_lost = false,
       worst_first = false;
};

Beams step_in(const Way& way, const Beams& beams, const Matrix& log_p, std::size_t width, int end) {
  Beams all;
  for (std::size_t b = 0; b < beams.size(); ++b) {
    if (!beams[b].words.empty() && beams[b].words.back() == end && !way.ended_go_on) {
      if (!way.ended_lost) all.push_back(beams[b]);
      continue;
    }
    Beams mine;
    for (std::size_t w = 0; w < log_p.columns; ++w) {
      mine.push_back(beams[b]);
      mine.back().words.push_back(int(w));
      mine.back().log_probability = log_p(b, w) + (way.only_last ? 0 : beams[b].log_probability);
    }
    if (way.each_its_best) {
      mine = {*std::max_element(mine.begin(), mine.end(), [](const Beam& x, const Beam& y) {
        return x.log_probability < y.log_probability;
      })};
    }
    all.insert(all.end(), mine.begin(), mine.end());
  }
  std::stable_sort(all.begin(), all.end(), [&](const Beam& x, const Beam& y) {
    return way.worst_first ? x.log_probability < y.log_probability
                           : x.log_probability > y.log_probability;
  });
  all.resize(std::min(all.size(), width));
  return all;
}

Flat flat(const Beams& beams) {
  std::vector<std::vector<int>> words;
  std::vector<double> log_p;
  for (const Beam& beam : beams) {
    words.push_back(beam.words);
    log_p.push_back(beam.log_probability);
  }
  return Flat().with("words", words).with("log P", log_p);
}

void check(const Beams& beams, const Matrix& log_p, std::size_t width, int end) {
  const auto in = [&](const Way& way) { return flat(step_in(way, beams, log_p, width, end)); };
  const Beams answer = student(beams, log_p, width, end);
  const std::size_t count = step_in({}, beams, log_p, width, end).size();
  const Flat given = flat(answer);
  const std::vector<Wrong> wrong = {
      {"each beam went on with its own best word; the beams compete with one another",
       in({.each_its_best = true})},
      {"the log P of the beam is not added", in({.only_last = true})},
      {"a finished beam went on", in({.ended_go_on = true})},
      {"a finished beam was lost", in({.ended_lost = true})},
      {"the worst come first", in({.worst_first = true})}};
  if (answer.size() != count) {
    for (const Wrong& w : wrong) {
      if (w.value.shape == given.shape) same(given, in({}), wrong);
    }
    claim(false, "there are " + std::to_string(answer.size()) + " beams, and not " +
                     std::to_string(count));
  }
  same(given, in({}), wrong);
}

/// Rows of log probabilities: each row's exponentials sum to 1.
Matrix some_log_p(std::size_t rows, std::size_t words, unsigned seed) {
  Matrix m = some_matrix(rows, words, seed);
  for (std::size_t i = 0; i < rows; ++i) {
    double sum = 0;
    for (std::size_t j = 0; j < words; ++j) sum += std::exp(3 * m(i, j));
    for (std::size_t j = 0; j < words; ++j) m(i, j) = 3 * m(i, j) - std::log(sum);
  }
  return m;
}

constexpr int kEnd = 2;

}  // namespace

TEST_CASE("two beams and three words, by hand" * points(1)) {
  check({{{0}, -1}, {{1}, -2}}, {{-3, -0.5, -4}, {-1, -2, -0.1}}, 2, kEnd);
}

TEST_CASE("the best two may come from the same beam" * points(2)) {
  check({{{0}, -1}, {{1}, -9}}, {{-1, -1.5, -2}, {-0.1, -3, -4}}, 2, kEnd);
}

TEST_CASE("three beams over nine words" * points(2)) {
  check({{{3, 4}, -1.2}, {{3, 5}, -1.4}, {{4, 4}, -2}}, some_log_p(3, 9, 1), 3, kEnd);
}

TEST_CASE("the first step: one empty beam" * points(1)) {
  check({{{}, 0}}, some_log_p(1, 6, 2), 3, kEnd);
}

TEST_CASE("a finished beam stays, and competes" * points(2)) {
  check({{{5, kEnd}, -1}, {{5, 6}, -1.1}}, {{-0.01, -0.02, -0.03, -9}, {-0.3, -1, -2, -5}}, 2,
        kEnd);
  check({{{5, 6}, -0.1}, {{5, kEnd}, -8}}, some_log_p(2, 5, 3), 2, kEnd);
}

TEST_CASE("width 1 takes the likeliest word" * points(1)) {
  check({{{7}, -0.5}}, some_log_p(1, 8, 4), 1, kEnd);
}

TEST_CASE("fewer candidates than the width; equal ones in order" * points(1)) {
  check({{{5}, -1}}, {{-2, -2, -1}}, 5, kEnd);
  check({{{5}, -1}, {{6}, -1}}, {{-1, -2, -1}, {-1, -1, -2}}, 3, kEnd);
}
