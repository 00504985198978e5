// bench and complexity: their documents to the letter, what they refuse, and the arithmetic behind
// the words. No test looks at how long something took.
#include <doctest/doctest.h>

#include <cmath>
#include <nlohmann/json.hpp>
#include <string>

#include "app/frame/execute.h"
#include "app/learning/exponent.h"
#include "attn/core/error.h"
#include "attn/core/rng.h"
#include "attn/graph/tape.h"
#include "attn/nn/attention.h"
#include "attn/nn/mask.h"
#include "program/process.h"

using namespace attn;
using namespace attn::test;
using nlohmann::json;

namespace {

constexpr int kUsage = 2, kLimit = 5;

const Words kSmall = {"--batch",   "2", "--length", "5", "--dim", "8",
                      "--heads",   "2", "--layers", "2", "--ff",  "16",
                      "--threads", "1", "--repeat", "3", "--json"};

Words bench(Words words, const Words& more = kSmall) {
  words.insert(words.begin(), "bench");
  words.insert(words.end(), more.begin(), more.end());
  return words;
}

json document(const Words& words) {
  const Result r = expect(words, 0);
  CHECK(r.err.empty());
  return json::parse(r.out);
}

const Table& table(const Trace& trace, const std::string& name) {
  for (const Item& item : trace.items) {
    const auto* found = std::get_if<Table>(&item);
    if (found && found->name == name) return *found;
  }
  FAIL("no table " << name);
  throw 0;
}

}  // namespace

TEST_CASE("bench prints exactly the document of the contract") {
  const Words keys = {"format", "model",  "threads",    "median_ms",  "min_ms",
                      "flops",  "gflops", "parameters", "peak_rss_mb"};
  for (const Words& words :
       {Words{"forward", "--model", "attention"}, Words{"forward", "--model", "encoder"},
        Words{"forward", "--model", "rnn"}, Words{"forward", "--model", "lstm"},
        Words{"forward", "--model", "gru"}, Words{"forward", "--model", "cnn"},
        Words{"train", "--model", "transformer"}, Words{"train", "--model", "encoder-decoder"},
        Words{"train", "--model", "rnn"}, Words{"train", "--model", "lstm"},
        Words{"train", "--model", "gru"}, Words{"train", "--model", "cnn"}}) {
    INFO(words[0] << " " << words[2]);
    const json d = document(bench(words));
    Words found;
    for (const auto& [key, value] : d.items()) found.push_back(key);
    Words expected = keys;
    std::sort(expected.begin(), expected.end());
    CHECK(found == expected);
    CHECK(d["format"] == 1);
    CHECK(d["model"] == words[2]);
    CHECK(d["threads"] == 1);
    for (const char* key : {"format", "threads", "flops", "parameters"})
      CHECK(d[key].is_number_integer());
    for (const char* key : {"median_ms", "min_ms", "gflops", "peak_rss_mb"}) {
      CHECK(d[key].is_number());
      CHECK(d[key].get<double>() > 0);
    }
    CHECK(d["min_ms"].get<double>() <= d["median_ms"].get<double>());
    const double gflops = d["flops"].get<double>() / d["median_ms"].get<double>() / 1e6;
    CHECK(d["gflops"].get<double>() == doctest::Approx(gflops));
  }
}

TEST_CASE("bench counts operations and parameters by the shapes") {
  const double rows = 2 * 5, d = 8, n = 5, ff = 16, v = 7;
  const auto flops = [](const Words& words) {
    return document(bench(words))["flops"].get<double>();
  };
  const auto parameters = [](const Words& words) {
    return document(bench(words))["parameters"].get<double>();
  };
  const double attention = 2 * (8 * rows * d * d + 4 * rows * n * d);
  CHECK(flops({"forward", "--model", "attention"}) == attention);
  CHECK(flops({"forward", "--model", "encoder"}) == attention + 2 * 4 * rows * d * ff);
  CHECK(flops({"forward", "--model", "lstm"}) == 2 * rows * 4 * d * 2 * d);
  CHECK(flops({"forward", "--model", "cnn"}) == 2 * 2 * rows * 3 * d * d);
  CHECK(flops({"train", "--model", "gru", "--vocab", "7"}) ==
        3 * (2 * rows * 3 * d * 2 * d + 2 * rows * d * v));
  CHECK(parameters({"forward", "--model", "attention"}) == 2 * 4 * (d * d + d));
  CHECK(parameters({"forward", "--model", "gru"}) == 3 * d * (2 * d + 2));
  CHECK(parameters({"train", "--model", "cnn", "--vocab", "7"}) ==
        2 * (3 * d * d + d) + v * d + d * v + v);
  // torch.nn.TransformerEncoder of the same sizes, with embedding and linear layer
  CHECK(parameters({"train", "--model", "transformer", "--vocab", "7"}) ==
        2 * (4 * (d * d + d) + 2 * d * ff + ff + d + 4 * d) + v * d + d * v + v);
  // Two blocks of each stack, two embeddings, one position table of 5 rows, a linear layer
  CHECK(parameters({"train", "--model", "encoder-decoder", "--vocab", "7"}) ==
        2 * (3 * 4 * (d * d + d) + 2 * (2 * d * ff + ff + d) + 5 * 2 * d) + 2 * v * d + n * d +
            d * v + v);
}

TEST_CASE("bench refuses what it cannot measure") {
  expect({"bench"}, kUsage, "forward or train?");
  expect(bench({"forwards", "--model", "rnn"}), kUsage, "did you mean forward?");
  expect(bench({"forward", "train", "--model", "rnn"}), kUsage, "one word");
  expect(bench({"forward"}), kUsage, "which model?");
  expect(bench({"train", "--model", "encoder"}), kUsage,
         "transformer, encoder-decoder, rnn, lstm, gru");
  expect(bench({"forward", "--model", "transformer"}), kUsage, "attention, encoder, rnn");
  expect(bench({"forward", "--model", "atention"}), kUsage, "did you mean attention?");
  expect({"bench", "forward", "--model", "attention", "--dim", "10", "--heads", "3"}, kUsage,
         "--dim 12");
  for (const char* option : {"--batch", "--length", "--dim", "--heads", "--layers", "--ff",
                             "--vocab", "--threads", "--repeat"}) {
    expect({"bench", "train", "--model", "rnn", option, "0"}, kUsage, option);
    expect({"bench", "train", "--model", "rnn", option, "x"}, kUsage, option);
  }
  expect({"bench", "train", "--model", "rnn", "--position", "none"}, kUsage, "--position");
}

TEST_CASE("bench names the memory it would need before it takes any") {
  for (const Words& words :
       {Words{"forward", "--model", "attention"}, Words{"forward", "--model", "lstm"},
        Words{"train", "--model", "transformer"}, Words{"train", "--model", "cnn"}}) {
    Words all = bench(words, {"--length", "2000000000", "--json"});
    const Result r = expect(all, kLimit, "needs about");
    CHECK(r.out.empty());
    CHECK(r.seconds < 5);
  }
  expect({"bench", "train", "--model", "rnn", "--dim", "1000000000"}, kLimit, "needs about");
  expect({"complexity", "--lengths", "2000000,4000000,8000000"}, kLimit, "needs about");
}

TEST_CASE("restricted attention in blocks is attention with a local mask") {
  Rng rng(3);
  for (int trial = 0; trial < 40; ++trial) {
    const std::size_t n = 1 + rng.below(40), d = 1 + rng.below(9), d_v = 1 + rng.below(9),
                      r = rng.below(n + 5);
    INFO("n " << n << " d " << d << " d_v " << d_v << " r " << r);
    const auto make = [&](std::size_t width) {
      return Tensor::parameter(rng.normal({n, width}, 1));
    };
    const Projected p{make(d), make(d), make(d_v)};
    const Array seed = rng.normal({n, d_v}, 1);
    Tape tape;
    Run observed;
    observed.tape = &tape;
    const Tensor masked = attend(observed, p, Tensor(local_mask(n, r)));
    tape.backward(masked, seed);
    const Array q = p.q.grad(), k = p.k.grad(), v = p.v.grad();
    for (const Tensor& t : {p.q, p.k, p.v}) t.clear_grad();
    const Tensor local = local_attend(observed, p, r);
    tape.backward(local, seed);
    CHECK(largest_difference(local.value(), masked.value()) < 1e-5);
    CHECK(largest_difference(p.q.grad(), q) < 1e-4);
    CHECK(largest_difference(p.k.grad(), k) < 1e-4);
    CHECK(largest_difference(p.v.grad(), v) < 1e-4);
  }
  const Tensor a(zeros({3, 2})), b(zeros({4, 2}));
  CHECK_THROWS_AS(local_attend(Run{}, {a, b, b}, 1), Error);
}

TEST_CASE("an exponent is found again in numbers made with it") {
  const std::vector<double> sizes = {64, 128, 256, 512, 1024, 2048, 4096};
  std::vector<double> exact, noisy, with_overhead;
  Rng rng(1);
  for (const double n : sizes) {
    exact.push_back(3e-6 * n * n);
    noisy.push_back(exact.back() * std::exp(0.05 * rng.normal()));
    with_overhead.push_back(0.2 + 3e-6 * n * n);
  }
  const app::Exponent e = app::fit(sizes, exact);
  CHECK(e.value == doctest::Approx(2));
  CHECK(e.error < 1e-6);
  CHECK(e.points == 7);
  CHECK(e.straight);
  const app::Exponent n = app::fit_where_straight(sizes, noisy);
  CHECK(n.first == 0);
  CHECK(std::abs(n.value - 2) < 3 * n.error);
  CHECK(n.error > 0);
  const app::Exponent o = app::fit_where_straight(sizes, with_overhead);
  CHECK(o.first > 0);  // the overhead is left out
  CHECK(o.points >= app::kFewestPoints);
  CHECK(std::abs(o.value - 2) < std::abs(app::fit(sizes, with_overhead).value - 2));
  // By hand: y = 1, 2, 8 at 1, 2, 4: slope 3/2, residuals 1/6, -1/3, 1/6 of ln 2, error sqrt(1/12).
  const app::Exponent h = app::fit({1, 2, 4}, {1, 2, 8});
  CHECK(h.value == doctest::Approx(1.5));
  CHECK(h.error == doctest::Approx(std::sqrt(1.0 / 12)));
  CHECK(h.scatter == doctest::Approx(std::log(2.0) * std::sqrt(1.0 / 6)));
}

TEST_CASE("a crossing lies where one becomes larger") {
  const std::vector<double> sizes = {16, 32, 64, 128};
  std::vector<double> square, line;
  for (const double n : sizes) {
    square.push_back(n * n);
    line.push_back(50 * n);
  }
  const auto found = app::crossing(sizes, square, line);
  REQUIRE(found.has_value());
  CHECK(*found == doctest::Approx(50));
  CHECK_FALSE(app::crossing(sizes, line, square).has_value());
  CHECK_FALSE(app::crossing({16, 32}, {1, 1}, {2, 2}).has_value());
}

TEST_CASE("complexity counts what Table 1 claims") {
  const Trace trace =
      app::compute(Words{"complexity", "--lengths", "16,32,64,128", "--dims", "64,8,16,32", "--dim",
                         "8", "--length", "16", "--radius", "4", "--repeat", "1"});
  for (const Item& item : trace.items) {
    if (const auto* check = std::get_if<Check>(&item)) {
      INFO(check->claim);
      CHECK(check->holds());
    }
  }
  CHECK(table(trace, "claims").rows.size() == 5);
  CHECK(table(trace, "over_n").rows.size() == 20);
  CHECK(table(trace, "over_d").rows.size() == 20);
  for (const auto& row : table(trace, "over_n").rows) {
    const std::string layer = std::get<std::string>(row[0]);
    const double n = std::get<double>(row[1]), d = std::get<double>(row[2]),
                 operations = std::get<double>(row[4]);
    INFO(layer << " " << n);
    if (layer == "attention") CHECK(operations == 4 * n * n * d + 4 * n * n);
    if (layer == "rnn") CHECK(operations >= 4 * n * d * d);
    if (layer == "cnn") CHECK(operations >= 6 * n * d * d);
    const bool recurrent = layer == "rnn" || layer == "lstm";
    CHECK(std::get<double>(row[6]) == (recurrent ? n : 1));
    CHECK(std::get<double>(row[7]) == (recurrent               ? n
                                       : layer == "attention"  ? 1
                                       : layer == "restricted" ? std::ceil((n - 1) / 4)
                                                               : n - 1));
  }
  const Table& exponents = table(trace, "exponents");
  CHECK(exponents.rows.size() == 10);
  for (const auto& row :
       exponents.rows) {  // the counted operations grow as claimed, whatever the time does
    if (std::get<std::string>(row[0]) == "attention")
      CHECK(std::get<double>(row[7]) == doctest::Approx(std::get<double>(row[2])).epsilon(0.15));
  }
  CHECK(table(trace, "crossing").rows.size() == 2);
}

TEST_CASE("complexity leaves as data, and says when there is too little") {
  const json d = document({"complexity", "--lengths", "8,16", "--dims", "8", "--dim", "8",
                           "--length", "8", "--repeat", "1", "--json"});
  Words names;
  for (const json& t : d["tables"]) names.push_back(t["name"]);
  CHECK(names == Words{"claims", "over_n", "over_d", "crossing"});
  expect({"complexity", "--lengths", "8,16", "--dims", "8", "--dim", "8", "--length", "8",
          "--repeat", "1"},
         0, "Three sizes are needed");
  expect({"complexity", "--lengths", "0"}, kUsage, "--lengths");
  expect({"complexity", "--dims", "8,x"}, kUsage, "--dims");
  expect({"complexity", "a text"}, kUsage, "takes no text");
}
