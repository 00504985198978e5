#include <array>
#include <cmath>

#include "attn_exercise/judge.h"
#include "attn_exercise/own.h"
#include "exercise.h"

namespace {

const Student<decltype(lstm_step)> student("lstm_step");

using Numbers = std::vector<double>;

double sigmoid(double x) { return 1 / (1 + std::exp(-x)); }

/// What can go wrong; `at` tells where i, f, g and o are looked for.
struct Way {
  std::array<std::size_t, 4> at = {0, 1, 2, 3};
  bool old_cell_shown = false, cell_without_tanh = false, candidate_is_sigmoid = false,
       h_ignored = false;
};

State step_in(const Way& way, const Numbers& x, const State& before, const Matrix& w_x,
              const Matrix& w_h, const Numbers& b) {
  const std::size_t h = before.h.size();
  Numbers z = b;
  for (std::size_t j = 0; j < 4 * h; ++j) {
    for (std::size_t a = 0; a < x.size(); ++a) z[j] += x[a] * w_x(a, j);
    for (std::size_t a = 0; a < h && !way.h_ignored; ++a) z[j] += before.h[a] * w_h(a, j);
  }
  State after = before;
  for (std::size_t j = 0; j < h; ++j) {
    const auto gate = [&](std::size_t k) { return z[way.at[k] * h + j]; };
    const double g = way.candidate_is_sigmoid ? sigmoid(gate(2)) : std::tanh(gate(2));
    after.c[j] = sigmoid(gate(1)) * before.c[j] + sigmoid(gate(0)) * g;
    const double shown = way.old_cell_shown ? before.c[j] : after.c[j];
    after.h[j] = sigmoid(gate(3)) * (way.cell_without_tanh ? shown : std::tanh(shown));
  }
  return after;
}

Flat flat(const State& s) { return Flat().with("c", s.c).with("h", s.h); }

struct Setting {
  Numbers x;
  State before;
  Matrix w_x, w_h;
  Numbers b;
};

Setting setting(std::size_t d, std::size_t h, unsigned seed) {
  return {some_matrix(1, d, seed).numbers,
          {some_matrix(1, h, seed + 1).numbers, some_matrix(1, h, seed + 2).numbers},
          some_matrix(d, 4 * h, seed + 3),
          some_matrix(h, 4 * h, seed + 4),
          some_matrix(1, 4 * h, seed + 5).numbers};
}

std::vector<Wrong> wrong(const Setting& s) {
  const auto in = [&](const Way& way) {
    return flat(step_in(way, s.x, s.before, s.w_x, s.w_h, s.b));
  };
  return {{"lstm-gate-order", in({.at = {0, 1, 3, 2}})},
          {"lstm-gate-order", in({.at = {1, 0, 2, 3}})},
          {"lstm-gate-order", in({.at = {1, 0, 3, 2}})},
          {"the new h is made from the old c", in({.old_cell_shown = true})},
          {"the new h is made from c without its tanh", in({.cell_without_tanh = true})},
          {"g is a sigmoid", in({.candidate_is_sigmoid = true})},
          {"the old h is not used", in({.h_ignored = true})}};
}

void check(const Setting& s) {
  const State key = step_in({}, s.x, s.before, s.w_x, s.w_h, s.b);
  same(flat(student(s.x, s.before, s.w_x, s.w_h, s.b)), flat(key), wrong(s));
}

}  // namespace

TEST_CASE("all weights 0, by hand" * points(1)) {
  check({{1}, {{0.3}, {2}}, Matrix(1, 4), Matrix(1, 4), Numbers(4, 0)});
}

TEST_CASE("one unit with four different gates" * points(2)) {
  check({{1}, {{0}, {1}}, Matrix(1, 4), Matrix(1, 4), {-1, 2, 0.5, 1}});
}

TEST_CASE("three words wide, two units" * points(2)) { check(setting(3, 2, 10)); }

TEST_CASE("an open forget gate keeps the cell, a closed one empties it" * points(1)) {
  for (const double forget : {50.0, -50.0}) {
    const Numbers b = {-50, forget, 0, 0};
    const State after = student({1}, {{0}, {0.7}}, Matrix(1, 4), Matrix(1, 4), b);
    same(after.c, Numbers{forget > 0 ? 0.7 : 0},
         {{"lstm-gate-order", Numbers{forget > 0 ? 0 : 0.7}}});
  }
}

TEST_CASE("the first word, from zeros" * points(1)) {
  Setting s = setting(4, 3, 20);
  s.before = {Numbers(3, 0), Numbers(3, 0)};
  check(s);
}

TEST_CASE("six words one after the other, as attn's own LSTM" * points(2)) {
  const Setting s = setting(3, 4, 30);
  const Matrix words = some_matrix(6, 3, 40);
  const own::LstmStates key = own::lstm(words, s.w_x, s.w_h, s.b);
  Matrix h(6, 4), c(6, 4);
  State state{Numbers(4, 0), Numbers(4, 0)};
  for (std::size_t t = 0; t < 6; ++t) {
    state = student({words(t, 0), words(t, 1), words(t, 2)}, state, s.w_x, s.w_h, s.b);
    claim(state.h.size() == 4 && state.c.size() == 4, "h or c has not as many numbers as before");
    for (std::size_t j = 0; j < 4; ++j) {
      h(t, j) = state.h[j];
      c(t, j) = state.c[j];
    }
  }
  same(Flat().with("h", h).with("c", c), Flat().with("h", key.h).with("c", key.c));
}

TEST_CASE("large numbers stay numbers" * points(1)) {
  Setting s = setting(2, 2, 50);
  for (double& x : s.x) x *= 5000;
  check(s);
}
