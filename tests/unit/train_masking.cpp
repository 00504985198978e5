// Hiding words for a masked language model.
#include "attn/train/masking.h"

#include <doctest/doctest.h>

#include <cmath>
#include <map>

#include "io_support.h"

using namespace attn;
using io_test::check_error;

namespace {

bool below_five(std::size_t id) { return id < 5; }

/// 100 000 ordinary ids 5 .. 14, with specials between them.
std::vector<std::size_t> long_text() {
  std::vector<std::size_t> ids;
  for (std::size_t i = 0; i < 100'000; ++i) ids.push_back(i % 11 == 0 ? 2 : 5 + i % 10);
  return ids;
}

}  // namespace

TEST_CASE("masking: 15 % are chosen; of these 80 % masked, 10 % random, 10 % kept") {
  const Masker mask(15, 4, below_five);
  const std::vector<std::size_t> ids = long_text();
  Rng rng(1);
  const Masked m = mask(ids, rng);
  double ordinary = 0, chosen = 0;
  std::map<std::size_t, double> random;
  for (std::size_t i = 0; i < ids.size(); ++i) {
    if (ids[i] == 2) {
      CHECK(m.ids[i] == 2);
      CHECK(m.targets[i] == -1);
      continue;
    }
    ++ordinary;
    if (m.targets[i] < 0) {
      CHECK(m.ids[i] == ids[i]);
      continue;
    }
    ++chosen;
    CHECK(m.targets[i] == static_cast<std::int64_t>(ids[i]));
    if (m.ids[i] != 4 && m.ids[i] != ids[i]) ++random[m.ids[i]];
  }
  CHECK(chosen == m.selected);
  CHECK(m.masked + m.random + m.kept == m.selected);
  const auto near = [](double count, double of, double chance) {
    INFO(count, " of ", of, ", expected ", chance);
    CHECK(std::abs(count - of * chance) < 4 * std::sqrt(of * chance * (1 - chance)));
  };
  near(chosen, ordinary, 0.15);
  near(static_cast<double>(m.masked), chosen, 0.8);
  near(static_cast<double>(m.random), chosen, 0.1);
  near(static_cast<double>(m.kept), chosen, 0.1);
  CHECK(random.size() == 10);  // all ordinary ids, alike; a tenth falls on the id itself
  for (const auto& [id, count] : random) near(count, static_cast<double>(m.random), 0.09);
}

TEST_CASE("masking: neighbours are chosen independently") {
  const Masker mask(15, 4, below_five, {.select = 0.5});
  const std::vector<std::size_t> ids(40'000, 7);
  Rng rng(3);
  const Masked m = mask(ids, rng);
  int both = 0;
  for (std::size_t i = 0; i < ids.size(); i += 2)
    both += m.targets[i] >= 0 && m.targets[i + 1] >= 0;
  CHECK(std::abs(both - 5000) < 4 * std::sqrt(20'000 * 0.25 * 0.75));
}

TEST_CASE("masking: with chance 1 all are chosen, and nothing is left but what was asked for") {
  const std::vector<std::size_t> ids = {0, 5, 6, 7, 1};
  Rng rng(1);
  const Masked all = Masker(8, 4, below_five, {.select = 1, .mask = 1, .random = 0})(ids, rng);
  CHECK(all.ids == std::vector<std::size_t>{0, 4, 4, 4, 1});
  CHECK(all.targets == std::vector<std::int64_t>{-1, 5, 6, 7, -1});
  const Masked kept = Masker(8, 4, below_five, {.select = 1, .mask = 0, .random = 0})(ids, rng);
  CHECK(kept.ids == ids);
  CHECK(kept.kept == 3);
}

TEST_CASE("masking: the same generator hides the same words") {
  const Masker mask(15, 4, below_five);
  const std::vector<std::size_t> ids = long_text();
  Rng one(5), two(5), other(6);
  const Masked a = mask(ids, one), b = mask(ids, two), c = mask(ids, other);
  CHECK(a.ids == b.ids);
  CHECK(a.targets == b.targets);
  CHECK(a.targets != c.targets);
}

TEST_CASE("masking: what cannot be meant is refused") {
  const auto refused = [](const MaskingOptions& o, const std::string& part) {
    check_error(ErrorKind::usage, part, [&] { Masker(8, 4, below_five, o); });
  };
  refused({.select = 0}, "masking with chances 0");
  refused({.select = 1.1}, "masking with chances 1.1");
  refused({.select = NAN}, "masking with chances nan");
  refused({.mask = -0.1}, "masking with chances");
  refused({.mask = 0.8, .random = 0.3}, "masking with chances");
  refused({.random = NAN}, "masking with chances");
  check_error(ErrorKind::usage, "only special pieces", [] { Masker(5, 4, below_five); });
  check_error(ErrorKind::usage, "id 8 at position 1, but there are only 8", [] {
    Rng rng(1);
    Masker(8, 4, below_five)({5, 8}, rng);
  });
}
