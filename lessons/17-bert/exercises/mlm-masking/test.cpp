#include <cmath>

#include "attn_exercise/judge.h"
#include "exercise.h"

namespace {

const Student<decltype(mask_words)> student("mask_words");

constexpr int kMask = 4, kFirstWord = 5, kVocabulary = 105;

/// What can go wrong.
struct Way {
  bool always_mask = false, targets_everywhere = false, special_too = false, kept_untold = false,
       shares_of_all = false;
};

Masked mask_in(const Way& way, const std::vector<int>& ids, const Matrix& draws) {
  Masked out{ids, std::vector<int>(ids.size(), -1)};
  for (std::size_t i = 0; i < ids.size(); ++i) {
    if (way.targets_everywhere) out.targets[i] = ids[i];
    if ((ids[i] < kFirstWord && !way.special_too) || draws(i, 0) >= 0.15) continue;
    const double kind = way.shares_of_all ? draws(i, 0) / 0.15 : draws(i, 1);
    if (kind < 0.9 || !way.kept_untold) out.targets[i] = ids[i];
    if (kind < 0.8 || way.always_mask) {
      out.ids[i] = kMask;
    } else if (kind < 0.9) {
      out.ids[i] = kFirstWord + int(draws(i, 2) * (kVocabulary - kFirstWord));
    }
  }
  return out;
}

Flat flat(const Masked& m) { return Flat().with("ids", m.ids).with("targets", m.targets); }

Masked ask(const std::vector<int>& ids, const Matrix& draws) {
  return student(ids, draws, kMask, kFirstWord, kVocabulary);
}

void check(const std::vector<int>& ids, const Matrix& draws) {
  const auto in = [&](const Way& way) { return flat(mask_in(way, ids, draws)); };
  same(flat(ask(ids, draws)), in({}),
       {{"mlm-mask-only", in({.always_mask = true})},
        {"mlm-all", in({.targets_everywhere = true})},
        {"special words are chosen, too", in({.special_too = true})},
        {"a chosen word that stays has no target", in({.kept_untold = true})},
        {"one number decides both whether and how", in({.shares_of_all = true})}});
}

/// [CLS], words, [SEP], and every number of `draws` from 0 to below 1.
std::vector<int> sentence(std::size_t n, unsigned seed) {
  const Matrix numbers = some_matrix(1, n, seed);
  std::vector<int> ids(n);
  for (std::size_t i = 0; i < n; ++i) ids[i] = kFirstWord + int(49 + 49 * numbers(0, i));
  ids.front() = 2;
  ids.back() = 3;
  return ids;
}
Matrix draws(std::size_t n, unsigned seed) {
  Matrix out = some_matrix(n, 3, seed);
  for (double& x : out.numbers) x = std::abs(x) * 0.999;
  return out;
}

}  // namespace

TEST_CASE("four ids, by hand" * points(1)) {
  check({2, 17, 25, 3}, {{0.1, 0.5, 0.3}, {0.1, 0.5, 0.3}, {0.6, 0.1, 0.3}, {0.9, 0.1, 0.1}});
}

TEST_CASE("a chosen word becomes any word, or stays" * points(2)) {
  check({2, 17, 25, 3}, {{0.5, 0, 0}, {0.1, 0.85, 0.5}, {0.14, 0.95, 0.5}, {0.5, 0, 0}});
}

TEST_CASE("a long sentence" * points(2)) { check(sentence(300, 1), draws(300, 2)); }

TEST_CASE("special ids are never chosen" * points(1)) {
  check({2, 3, 0, 4, 0}, Matrix(5, 3, 0.0));
  check({2, 9, 3}, Matrix(3, 3, 0.0));
}

TEST_CASE("at the limits: 0.15 is not chosen, 0.8 is not hidden, 0.9 stays" * points(1)) {
  check({10, 11, 12}, {{0.15, 0, 0}, {0.1, 0.8, 0.99}, {0.1, 0.9, 0.99}});
}

TEST_CASE("the shares: 15 %, and of these 80, 10 and 10" * points(2)) {
  const std::size_t n = 4000;
  std::vector<int> ids(n, 50);
  Matrix d(n, 3);
  for (std::size_t i = 0; i < n; ++i) {  // evenly spread, in an order without pattern
    d(i, 0) = (double(i * 1237 % n) + 0.5) / double(n);
    d(i, 1) = (double(i * 2011 % n) + 0.5) / double(n);
    d(i, 2) = (double(i * 1733 % n) + 0.5) / double(n);
  }
  const Masked m = ask(ids, d);
  claim(m.ids.size() == n && m.targets.size() == n,
        "there are not as many ids and targets as words");
  double chosen = 0, hidden = 0, stayed = 0;
  for (std::size_t i = 0; i < n; ++i) {
    if (m.targets[i] < 0) continue;
    ++chosen;
    hidden += m.ids[i] == kMask;
    stayed += m.ids[i] == 50;
  }
  const auto percent = [](double part, double whole) {
    return std::to_string(int(std::lround(100 * part / std::max(whole, 1.0)))) + " %";
  };
  claim(chosen < double(n), "every position has a target", "mlm-all");
  claim(std::abs(chosen / double(n) - 0.15) < 0.01,
        percent(chosen, double(n)) + " of the positions have a target, and not 15 %");
  claim(hidden < chosen, "every chosen word is hidden behind [MASK]", "mlm-mask-only");
  claim(std::abs(hidden / chosen - 0.8) < 0.06,
        percent(hidden, chosen) + " of the chosen words are hidden, and not 80 %");
  claim(std::abs(stayed / chosen - 0.1) < 0.06,
        percent(stayed, chosen) + " of the chosen words stay, and not 10 %");
}

TEST_CASE("one word" * points(1)) {
  check({60}, {{0.05, 0.3, 0.4}});
  check({60}, {{0.05, 0.85, 0.999}});
}
