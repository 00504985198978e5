// Table 1 of "Attention is all you need", measured: how time, operations and memory of a layer grow
// with the length n and the width d.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "app/frame/command.h"
#include "app/learning/exponent.h"
#include "app/learning/layer_cost.h"
#include "attn/core/error.h"
#include "attn/core/gemm.h"
#include "attn/core/how_many.h"
#include "attn/nn/attention.h"
#include "attn/nn/mask.h"
#include "attn/ops/ops.h"

namespace attn::app {

namespace {

struct ComplexityOptions {
  std::vector<std::int64_t> lengths = {64, 128, 256, 512, 1024, 2048, 4096},
                            dims = {32, 64, 128, 256, 512, 1024};
  std::int64_t dim = 128, length = 512, radius = 16, repeat = 5, threads = 1, seed = 1;
};

void bind(Cli& cli, ComplexityOptions& o) {
  cli.integers("--lengths", o.lengths, 1, 1 << 24, "lengths n to measure, at the width of --dim");
  cli.integers("--dims", o.dims, 1, 1'000'000, "widths d to measure, at the length of --length");
  cli.integer("--dim", o.dim, 1, 1'000'000, "width while the length grows");
  cli.integer("--length", o.length, 1, 1 << 24, "length while the width grows");
  cli.integer("--radius", o.radius, 1, 1 << 24,
              "neighbours r on each side that restricted attention sees");
  cli.integer("--repeat", o.repeat, 1, 100'000,
              "timed passes; the median counts. Three are enough where one takes 0.1 s");
  cli.integer("--threads", o.threads, 1, 1024, "processors to compute on");
  cli.integer("--seed", o.seed, 0, std::int64_t{1} << 62, "random numbers of this seed");
}

using Series = std::map<std::string, std::vector<Measured>>;

class Survey {
 public:
  Survey(Stage& s, const ComplexityOptions& o)
      : s_(s), o_(o), radius_(static_cast<std::size_t>(o.radius)) {}

  void run() {
    const std::vector<Place> over_n = places(o_.lengths, true), over_d = places(o_.dims, false);
    for (const std::vector<Place>* all : {&over_n, &over_d}) {
      for (const Place& p : *all) {
        for (const Layer& layer : kLayers) {
          s_.require_memory(bytes(layer.name, p, radius_),
                            fmt::format("{} at length {} and width {}", layer.name, p.n, p.d));
        }
      }
    }
    set_threads(static_cast<int>(o_.threads));
    s_.trace.threads = static_cast<int>(o_.threads);
    s_.trace.seed = static_cast<std::uint64_t>(o_.seed);
    s_.rng = Rng(s_.trace.seed);
    s_.trace.title = "What a layer costs: Table 1 of \"Attention is all you need\", measured";
    claims();
    same_as_masked();
    reach();
    const Series n =
        sweep("over_n", over_n, fmt::format("The length grows; the width is {}.", o_.dim));
    const Series d =
        sweep("over_d", over_d, fmt::format("The width grows; the length is {}.", o_.length));
    s_.trace.say(
        "operations: multiplications and additions that the ops counted (exp, tanh and a division "
        "are one each). "
        "kept: memory that the pass "
        "holds for the gradient. steps: how many must wait for one another. path: layers or time "
        "steps that a signal passes from input 0 to output n-1.");
    exponents(n, d);
    if (o_.lengths.size() > 2) plot(n);
    crossings(n);
  }

 private:
  std::vector<Place> places(std::vector<std::int64_t> sizes, bool lengths) const {
    std::sort(sizes.begin(), sizes.end());
    sizes.erase(std::unique(sizes.begin(), sizes.end()), sizes.end());
    std::vector<Place> out;
    for (const std::int64_t size : sizes) {
      const auto fixed = static_cast<std::size_t>(lengths ? o_.dim : o_.length),
                 grows = static_cast<std::size_t>(size);
      out.push_back(lengths ? Place{grows, fixed} : Place{fixed, grows});
    }
    return out;
  }

  void claims() {
    Table table{
        "claims",
        fmt::format(
            "What the paper says (Vaswani et al. 2017, Table 1 and section 4). Here k = {}, and "
            "restricted attention sees r = {} "
            "neighbours on each side.",
            kKernel, o_.radius),
        {"layer", "cost", "sequential", "longest path"},
        {}};
    for (const Layer& l : kLayers)
      table.rows.push_back(
          {std::string(l.name), std::string(l.cost), std::string(l.steps), std::string(l.path)});
    s_.trace.add(std::move(table));
    s_.trace.say(
        "attention is scores, softmax and mixing alone, as the paper counts it; making q, k and v "
        "adds 3 n d^2. "
        "restricted works on blocks: r queries share 3r keys, of which each may see 2r+1; the "
        "others are computed and hidden, and counted. One sequence at a time.");
  }

  /// The restricted layer computes what the masked one does.
  void same_as_masked() {
    const std::size_t n = 37, d = 8, r = 5;
    Rng rng = s_.rng.stream("complexity.check");
    const Projected p{Tensor(rng.normal({n, d}, 1)), Tensor(rng.normal({n, d}, 1)),
                      Tensor(rng.normal({n, d}, 1))};
    s_.same("restricted attention in blocks = attention with a local mask (37 positions, r = 5)",
            local_attend(Run{}, p, r).value(), attend(Run{}, p, Tensor(local_mask(n, r))).value());
  }

  /// Layers stacked until what the first position holds shows at the last one.
  void reach() {
    const std::size_t n = 9, d = 8, r = 2;
    for (const char* name : {"attention", "restricted", "cnn"}) {
      Rng rng = s_.rng.stream("complexity.reach");
      Array one = rng.normal({n, d}, 1), other = one;
      for (std::size_t j = 0; j < d; ++j) other.data()[j] += 3;
      std::size_t layers = 0;
      bool seen = false;
      while (!seen && layers < n) {
        ++layers;
        const auto next = [&](Array& h) {
          const Tensor x(h),
              y = pass(name, x, s_.rng.stream(fmt::format("reach.{}", layers)), r)(Run{});
          h = scale(Run{}, add(Run{}, x, y), 0.5).value();
        };
        next(one);
        next(other);
        seen =
            !std::equal(one.data() + (n - 1) * d, one.data() + n * d, other.data() + (n - 1) * d);
      }
      s_.trace.check(
          fmt::format("{}: position 0 shows at position {} after {}, as counted (r = {})", name,
                      n - 1, how_many(layers, "layer"), r),
          std::abs(double(layers) - path(name, {n, d}, r)), 0);
    }
  }

  Series sweep(const char* name, const std::vector<Place>& all, std::string about) {
    Series out;
    Table table{name,
                std::move(about),
                {"layer", "n", "d", "time (ms)", "operations", "kept (MB)", "steps", "path"},
                {}};
    std::vector<std::vector<std::vector<Table::Cell>>> by_layer(std::size(kLayers));
    for (const Place& p : all) {
      for (std::size_t l = 0; l < std::size(kLayers); ++l) {
        const std::string layer = kLayers[l].name;
        if (s_.common.progress)
          s_.common.progress->show(
              fmt::format("measuring {} at length {}, width {}", layer, p.n, p.d));
        const Tensor x = Tensor::input(s_.rng.stream("complexity.x").normal({p.n, p.d}, 1));
        const Measured m = measure(pass(layer, x, s_.rng.stream(layer), radius_), x, o_.repeat);
        out[layer].push_back(m);
        by_layer[l].push_back({layer, double(p.n), double(p.d), m.milliseconds, m.operations,
                               m.bytes / 1e6, steps(layer, p), path(layer, p, radius_)});
      }
    }
    for (auto& rows : by_layer) std::move(rows.begin(), rows.end(), std::back_inserter(table.rows));
    s_.trace.add(std::move(table));
    return out;
  }

  static std::vector<double> values(const std::vector<Measured>& all, double Measured::*what) {
    std::vector<double> out;
    for (const Measured& m : all) out.push_back(m.*what);
    return out;
  }

  static std::vector<double> sorted(const std::vector<std::int64_t>& sizes) {
    std::vector<double> out(sizes.begin(), sizes.end());
    std::sort(out.begin(), out.end());
    out.erase(std::unique(out.begin(), out.end()), out.end());
    return out;
  }

  /// Operations over the length, a row for each power of two: where lengths double, a layer that
  /// grows like n climbs one row from column to column, one that grows like n^2 two.
  void plot(const Series& over_n) {
    const std::vector<double> sizes = sorted(o_.lengths);
    Table table{
        "plot",
        "Operations by length, both in logarithms: a attention, r restricted, n rnn, l lstm, "
        "c cnn. The steeper, the higher the power of n.",
        {"operations"},
        {}};
    for (const double n : sizes) table.columns.push_back(fmt::format("n {:.0f}", n));
    const auto row_of = [](double operations) { return std::floor(std::log2(operations)); };
    double low = std::numeric_limits<double>::infinity(), high = 0;
    for (const auto& [name, series] : over_n) {
      for (const Measured& m : series) {
        low = std::min(low, row_of(m.operations));
        high = std::max(high, row_of(m.operations));
      }
    }
    if (!std::isfinite(low)) return;
    for (double row = high; row >= low; --row) {
      auto& cells = table.rows.emplace_back();
      cells.emplace_back(fmt::format("2^{:.0f}", row));
      for (std::size_t i = 0; i < sizes.size(); ++i) {
        std::string letters;
        for (const Layer& layer : kLayers) {
          if (row_of(over_n.at(layer.name)[i].operations) != row) continue;
          letters += std::string_view(layer.name) == "rnn" ? 'n' : layer.name[0];
        }
        cells.emplace_back(letters);
      }
    }
    s_.trace.add(std::move(table));
  }

  void exponents(const Series& over_n, const Series& over_d) {
    Table table{"exponents",
                "time ~ n^a and time ~ d^b: slopes of straight lines through the logarithms, by "
                "least squares.",
                {"layer", "in", "claimed", "time", "+-", "from", "to", "operations"},
                {}};
    std::vector<std::string> said;
    for (const Layer& layer : kLayers) {
      for (const bool in_n : {true, false}) {
        const std::vector<double> sizes = sorted(in_n ? o_.lengths : o_.dims);
        if (sizes.size() < 3) continue;
        const std::vector<Measured>& series = (in_n ? over_n : over_d).at(layer.name);
        const Exponent time = fit_where_straight(sizes, values(series, &Measured::milliseconds));
        const std::vector<double> times = values(series, &Measured::milliseconds);
        const Exponent counted =
            fit(sizes, values(series, &Measured::operations), time.first, time.points);
        const double claim = in_n ? layer.power_n : layer.power_d;
        table.rows.push_back({std::string(layer.name), std::string(in_n ? "n" : "d"), claim,
                              time.value, time.error, sizes[time.first], sizes[time.last()],
                              counted.value});
        said.push_back(verdict(layer.name, in_n ? "n" : "d", claim, time, counted, sizes, times));
      }
    }
    if (table.rows.empty()) return s_.trace.say("Three sizes are needed for an exponent.");
    s_.trace.add(std::move(table));
    s_.trace.say(
        fmt::format("Range: the smallest size (a fixed overhead shows) or the largest (memory gets "
                    "slower), whichever fits worse, "
                    "is left out until the times lie within {:.0f} % of the line (one deviation), "
                    "or only {} are left. +- is one "
                    "standard error.",
                    100 * kMostScatter, kFewestPoints));
    for (std::string& line : said) s_.trace.say(std::move(line));
  }

  static std::string verdict(const char* name, const char* size, double claim, const Exponent& time,
                             const Exponent& counted, const std::vector<double>& sizes,
                             const std::vector<double>& times) {
    std::string line = fmt::format("{}: {}^{:.2f} +- {:.2f} for {} in {}..{}; claimed {}^{:.0f}. ",
                                   name, size, time.value, time.error, size, sizes[time.first],
                                   sizes[time.last()], size, claim);
    const double away = time.value - claim;
    bool steeper = away > std::max(0.15, 2 * time.error);
    if (!time.straight) {
      line += fmt::format(
          "No straight line: the times scatter by {:.0f} % around it, so this exponent says "
          "little.",
          100 * time.scatter);
    } else if (std::abs(away) <= 2 * time.error) {
      line += "Agrees within two standard errors.";
    } else if (std::abs(away) <= 0.15) {
      line += "Close to it.";
    } else if (away < 0 && std::abs(counted.value - claim) <= 0.15) {
      line += fmt::format(
          "The operations grow as claimed ({:.2f}), the time slower: at these sizes each operation "
          "gets cheaper as {} grows.",
          counted.value, size);
    } else if (away > 0 && std::abs(counted.value - claim) <= 0.15) {
      line += fmt::format(
          "The operations grow as claimed ({:.2f}), the time faster: at these sizes each operation "
          "gets dearer as {} grows.",
          counted.value, size);
    } else {
      line += fmt::format(
          "Neither the time nor the operations ({:.2f}) grow as claimed at these sizes.",
          counted.value);
    }
    if (time.first > 0) line += fmt::format(" Below {} it is not on this line.", sizes[time.first]);
    if (time.last() + 1 < sizes.size()) {
      const std::size_t next = time.last() + 1;
      line += fmt::format(
          " Above {} it is not on this line: from there to {} the time grows {:.1f} times.",
          sizes[time.last()], sizes[next], times[next] / times[next - 1]);
      steeper = steeper || std::log(times[next] / times[next - 1]) >
                               claim * std::log(sizes[next] / sizes[next - 1]);
    }
    const bool recurrent = name == std::string_view("rnn") || name == std::string_view("lstm");
    if (steeper && recurrent && size == std::string_view("d")) {
      line +=
          " A recurrent layer reads its d^2 weights again at every step: while they fit into the "
          "processor's caches this is cheap, beyond that they come from slower memory.";
    }
    return line;
  }

  /// Where attention becomes dearer than a recurrent layer.
  void crossings(const Series& over_n) {
    const std::vector<double> sizes = sorted(o_.lengths);
    Table table{"crossing",
                fmt::format("The length at which attention becomes dearer, at width {}. On paper "
                            "n^2 d = n d^2 at n = d = {}.",
                            o_.dim, o_.dim),
                {"than", "by operations", "by time", "n = d"},
                {}};
    const auto cell = [&](const std::vector<double>& a,
                          const std::vector<double>& b) -> Table::Cell {
      if (const auto found = crossing(sizes, a, b)) return *found;
      return a.back() > b.back() ? fmt::format("below {}", sizes[0])
                                 : fmt::format("above {}", sizes.back());
    };
    for (const char* name : {"rnn", "lstm"}) {
      const std::vector<Measured>&a = over_n.at("attention"), &b = over_n.at(name);
      table.rows.push_back(
          {std::string(name),
           cell(values(a, &Measured::operations), values(b, &Measured::operations)),
           cell(values(a, &Measured::milliseconds), values(b, &Measured::milliseconds)),
           double(o_.dim)});
    }
    s_.trace.add(std::move(table));
    s_.trace.say(
        "Operations of attention are a few large products; those of a recurrent layer are n small "
        "ones that wait for one another. "
        "Where the two columns differ, this is why. An lstm has four gates: four times the "
        "operations of an rnn.");
  }

  Stage& s_;
  const ComplexityOptions& o_;
  std::size_t radius_;
};

void complexity(Stage& s, const ComplexityOptions& o) { Survey(s, o).run(); }

}  // namespace

Command complexity_command() {
  return {.name = "complexity",
          .kind = CommandKind::work,
          .summary = "time, operations and memory of a layer as n and d grow",
          .example = "complexity --lengths 32,64,128 --dims 16,32,64 --length 64 --dim 32",
          .setup = with_options<ComplexityOptions>(bind, complexity)};
}

}  // namespace attn::app
