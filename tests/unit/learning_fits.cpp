// What measured numbers say: means over seeds, exponents, and several trainings at a time.
#include <doctest/doctest.h>

#include <atomic>
#include <chrono>
#include <cmath>
#include <random>
#include <set>
#include <thread>

#include "app/learning/exponent.h"
#include "app/learning/over_seeds.h"
#include "app/learning/parallel.h"
#include "attn/core/gemm.h"
#include "io_support.h"
#include "program/process.h"

using namespace attn;
using namespace attn::app;
using doctest::Approx;
using io_test::check_error;

namespace {

/// c n^b at these sizes.
std::vector<double> law(const std::vector<double>& sizes, double c, double b) {
  std::vector<double> out;
  for (const double n : sizes) out.push_back(c * std::pow(n, b));
  return out;
}

const std::vector<double> kSizes = {64, 128, 256, 512, 1024, 2048, 4096};

/// Remembers what is shown; asks to stop after so many questions.
class Watcher : public Progress {
 public:
  explicit Watcher(int stops_after = 1 << 30) : left_(stops_after) {}
  void show(const std::string& line) override { lines.push_back(line); }
  bool stop() override { return left_-- <= 0; }
  std::vector<std::string> lines;

 private:
  std::atomic<int> left_;
};

std::string name_of(std::size_t i) { return "training " + std::to_string(i); }

/// train_in_parallel makes each training use one thread; the tests after it have theirs back.
struct ThreadsKept {
  int before = threads();
  ~ThreadsKept() { set_threads(before); }
};

}  // namespace

TEST_CASE("seeds: the mean and half of Student's interval, by hand") {
  const MeanOf none = mean_of({}), one = mean_of({0.7});
  CHECK(none.mean == 0);
  CHECK(none.half == 0);
  CHECK(one.mean == Approx(0.7));
  CHECK(one.half == 0);
  const MeanOf two = mean_of({1, 3});  // deviation sqrt(2), of the mean 1
  CHECK(two.mean == Approx(2));
  CHECK(two.half == Approx(12.706).epsilon(1e-3));
  const MeanOf three = mean_of({1, 2, 3});
  CHECK(three.mean == Approx(2));
  CHECK(three.half == Approx(4.3027 / std::sqrt(3.0)).epsilon(1e-3));
}

TEST_CASE("seeds: the interval follows Student's table to one percent") {
  const std::pair<std::size_t, double> kQuantiles[] = {{4, 2.776},  {10, 2.228}, {11, 2.201},
                                                       {15, 2.131}, {30, 2.042}, {120, 1.980}};
  for (const auto& [degrees, quantile] : kQuantiles) {
    INFO(degrees);
    // Half of them 1, the other half -1 (and a 0 in between): what the sum of squares is, is known.
    std::vector<double> values;
    for (std::size_t i = 0; i <= degrees; ++i) values.push_back(i % 2 == 0 ? 1 : -1);
    if (values.size() % 2 == 1) values.back() = 0;
    const double n = double(degrees) + 1, squares = values.size() % 2 == 1 ? n - 1 : n;
    CHECK(mean_of(values).mean == Approx(0));
    CHECK(mean_of(values).half ==
          Approx(quantile * std::sqrt(squares / double(degrees) / n)).epsilon(0.01));
  }
}

TEST_CASE("seeds: other units scale the mean and the interval alike") {
  std::mt19937 random(1);
  std::uniform_real_distribution<double> draw(-5, 5);
  for (std::size_t n = 2; n <= 20; ++n) {
    std::vector<double> values, others;
    const double factor = draw(random), offset = draw(random);
    for (std::size_t i = 0; i < n; ++i) {
      values.push_back(draw(random));
      others.push_back(factor * values.back() + offset);
    }
    CHECK(mean_of(others).mean == Approx(factor * mean_of(values).mean + offset));
    CHECK(mean_of(others).half == Approx(std::abs(factor) * mean_of(values).half));
  }
}

TEST_CASE("seeds: the plot puts each letter in its line and column") {
  const double none = std::nan("");
  const std::string plot = accuracy_plot({"one", "two"}, "n", {8, 16}, {{1, 0.5}, {1, none}});
  const std::vector<std::string> lines = attn::test::lines(plot);
  REQUIRE(lines.size() == 15);
  CHECK(lines[0] == "accuracy");
  CHECK(lines[1] == " 1.0 | AB                ");  // the same accuracy: side by side
  CHECK(lines[6] == " 0.5 |          A        ");
  CHECK(lines[11] == " 0.0 |                   ");
  CHECK(lines[12] == "     +" + std::string(19, '-'));
  CHECK(lines[13] == "  n    8        16       ");
  CHECK(lines[14] == "A one   B two");
}

TEST_CASE(
    "seeds: an accuracy beyond 0 and 1 stays in the plot, many letters stay in their column") {
  const std::vector<std::string> names(12, "m");
  std::vector<std::vector<double>> values(12, {1.2, -0.1});
  const std::vector<std::string> lines =
      attn::test::lines(accuracy_plot(names, "n", {1, 2}, values));
  CHECK(lines[1].size() == 7 + 18);
  CHECK(lines[1].substr(7, 8) == "ABCDEFGH");
  CHECK(lines[1].substr(16) == std::string(9, ' '));
  CHECK(lines[11].substr(7, 9) == std::string(9, ' '));
  CHECK(lines[11].substr(16, 8) == "ABCDEFGH");
}

TEST_CASE("exponent: c n^b gives back b, whatever c and b are") {
  std::mt19937 random(2);
  std::uniform_real_distribution<double> draw(-3, 3);
  for (int i = 0; i < 200; ++i) {
    const double c = std::exp(3 * draw(random)), b = draw(random);
    INFO("c ", c, " b ", b);
    for (const Exponent& e :
         {fit(kSizes, law(kSizes, c, b)), fit_where_straight(kSizes, law(kSizes, c, b))}) {
      CHECK(e.value == Approx(b).epsilon(1e-9));
      CHECK(e.error < 1e-9);
      CHECK(e.scatter < 1e-9);
      CHECK(e.straight);
      CHECK(e.first == 0);
      CHECK(e.points == kSizes.size());
      CHECK(e.last() == kSizes.size() - 1);
    }
  }
}

TEST_CASE("exponent: slope, standard error and scatter of three points, by hand") {
  // In logarithms (0,0), (1,1), (2,3): the line 1.5 x - 1/6, residuals 1/6, -1/3, 1/6.
  const std::vector<double> sizes = {1, std::exp(1.0), std::exp(2.0)};
  const Exponent e = fit(sizes, {1, std::exp(1.0), std::exp(3.0)});
  CHECK(e.value == Approx(1.5));
  CHECK(e.scatter == Approx(std::sqrt(1.0 / 6)));
  CHECK(e.error == Approx(std::sqrt(1.0 / 12)));
  CHECK_FALSE(e.straight);
}

TEST_CASE("exponent: only the chosen sizes count") {
  std::vector<double> values = law(kSizes, 2, 1);
  values[0] = 1e9;
  values[6] = 1e-9;
  const Exponent e = fit(kSizes, values, 1, 5);
  CHECK(e.value == Approx(1));
  CHECK(e.first == 1);
  CHECK(e.last() == 5);
}

TEST_CASE("exponent: a fixed overhead at small sizes, or slow memory at large ones, is left out") {
  std::vector<double> overhead = law(kSizes, 1, 2), slow = overhead;
  for (double& y : overhead) y += 2e4;
  slow[6] *= 3;
  CHECK(fit(kSizes, overhead).value < 1.8);
  const Exponent late = fit_where_straight(kSizes, overhead);
  CHECK(late.value == Approx(2).epsilon(0.1));
  CHECK(late.first > 0);
  CHECK(late.last() == 6);
  const Exponent early = fit_where_straight(kSizes, slow);
  CHECK(early.value == Approx(2));
  CHECK(early.first == 0);
  CHECK(early.last() == 5);
}

TEST_CASE("exponent: what follows no law keeps four sizes and says that it is not straight") {
  const Exponent e = fit_where_straight(kSizes, {1, 900, 2, 500, 1, 700, 3});
  CHECK(e.points == kFewestPoints);
  CHECK_FALSE(e.straight);
  CHECK(e.scatter > kMostScatter);
}

TEST_CASE("crossing: the last size at which a becomes larger, along straight lines") {
  const std::vector<double> sizes = {1, 2, 4, 8}, squares = law(sizes, 1, 2);
  CHECK(crossing(sizes, squares, {8, 8, 8, 8}).value() == Approx(std::sqrt(8.0)));
  CHECK(crossing(sizes, squares, {4, 4, 4, 4}).value() == Approx(2));       // equal at a size
  CHECK_FALSE(crossing(sizes, squares, {99, 99, 99, 99}).has_value());      // never
  CHECK_FALSE(crossing(sizes, squares, {0.5, 0.5, 0.5, 0.5}).has_value());  // always larger
  CHECK_FALSE(crossing(sizes, {8, 4, 2, 1}, {3, 3, 3, 3}).has_value());     // becomes smaller
  const auto last = crossing(sizes, {1, 4, 1, 4}, {2, 2, 2, 2});
  CHECK(last.value() == Approx(std::sqrt(32.0)));  // not the first, between 1 and 2
}

TEST_CASE("parallel: every training is called once, at most so many at a time") {
  const ThreadsKept kept;
  SharedProgress progress(nullptr, 12);
  std::atomic<int> running = 0, most = 0, calls = 0;
  std::vector<int> times(12);
  const auto train = [&](std::size_t i) {
    const int now = ++running;
    for (int before = most; now > before && !most.compare_exchange_weak(before, now);) {
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
    ++times[i];
    ++calls;
    --running;
  };
  train_in_parallel(12, 3, progress, train, name_of, "");
  CHECK(times == std::vector<int>(12, 1));
  CHECK(most <= 3);
  CHECK(most >= 2);
  train_in_parallel(0, 3, progress, train, name_of, "");
  CHECK(calls == 12);
}

TEST_CASE("parallel: an error ends the rest, and is thrown again with the training's name") {
  const ThreadsKept kept;
  SharedProgress progress(nullptr, 100);
  std::vector<int> times(100);
  const auto train = [&](std::size_t i) {
    ++times[i];
    if (i == 3) throw Error(ErrorKind::limit, "too much memory", "its own hint");
  };
  try {
    train_in_parallel(100, 1, progress, train, name_of, "go on from there");
    FAIL("no error");
  } catch (const Error& e) {
    CHECK(e.kind() == ErrorKind::limit);
    CHECK(std::string(e.what()) == "training 3: too much memory");
    CHECK(e.hint() == "go on from there");
  }
  std::vector<int> first_four(100);
  std::fill_n(first_four.begin(), 4, 1);
  CHECK(times == first_four);
}

TEST_CASE("parallel: what is no Error of ours does not end the program, and is thrown again") {
  const ThreadsKept kept;
  for (const int threads : {1, 3}) {
    SharedProgress progress(nullptr, 9);
    const auto no_memory = [](std::size_t i) {
      if (i == 2) throw std::bad_alloc();
    };
    CHECK_THROWS_AS(train_in_parallel(9, threads, progress, no_memory, name_of, ""),
                    std::bad_alloc);
    const auto no_reason = [](std::size_t) { throw std::runtime_error("something else"); };
    CHECK_THROWS_WITH(train_in_parallel(9, threads, progress, no_reason, name_of, ""),
                      "something else");
  }
}

TEST_CASE("parallel: the observer sees how many are done, and its wish to stop is heard") {
  const ThreadsKept kept;
  Watcher watcher(3);
  SharedProgress progress(&watcher, 9);
  int begun = 0;
  const auto train = [&](std::size_t i) {
    ++begun;
    progress.show(name_of(i));
    progress.stop();
  };
  train_in_parallel(9, 1, progress, train, name_of, "");
  CHECK(begun == 4);
  CHECK(progress.stopped());
  CHECK(watcher.lines == std::vector<std::string>{"[0/9 done] training 0", "[1/9 done] training 1",
                                                  "[2/9 done] training 2",
                                                  "[3/9 done] training 3"});
  SharedProgress alone(nullptr, 1);  // nobody watches: nothing stops it
  alone.show("x");
  CHECK_FALSE(alone.stop());
}
