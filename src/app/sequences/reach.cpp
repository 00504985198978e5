// How strongly each output depends on each input: the size of the Jacobian's blocks.
#include <fmt/format.h>

#include "app/frame/command.h"
#include "app/sequences/probe.h"
#include "attn/core/error.h"
#include "attn/graph/tape.h"

namespace attn::app {

namespace {

struct ReachOptions {
  ModelChoices choices{.model = "rnn"};
};

void bind(Cli& cli, ReachOptions& o) { bind_model(cli, o.choices); }

constexpr double kMostReachOperations = 1e11, kMostSteps = 5e6;  // either takes some ten seconds

/// d output[i,a] / d x[j,b] for all of them, (n,d',n,d): one backward pass for each number of the
/// output.
Array jacobian(const SequenceModel& model, const Array& x, std::size_t width) {
  const std::size_t n = rows(x), d = columns(x);
  Array out = empty({n, width, n, d});
  for (std::size_t k = 0; k < n * width; ++k) {
    Tape tape;
    const Tensor in = Tensor::input(x);
    in.require_grad();
    const Tensor y = model.body(Run{.tape = &tape}, in);
    Array seed = zeros(y.shape());
    seed.data()[k] = 1;
    tape.backward(y, seed);
    std::copy_n(in.grad().data(), n * d, out.data() + k * n * d);
  }
  return out;
}

/// The Frobenius norm of each block (i,j): a pair of positions.
Tensor block_norms(Stage& s, const Tensor& jacobian, std::size_t n, std::size_t width,
                   std::size_t d) {
  const auto block = [=](std::size_t i, std::size_t j, auto f) {
    for (std::size_t a = 0; a < width; ++a) {
      for (std::size_t b = 0; b < d; ++b) f(((i * width + a) * n + j) * d + b);
    }
  };
  Array out = empty({n, n});
  for (std::size_t k = 0; k < n * n; ++k) {
    double sum = 0;
    block(k / n, k % n,
          [&](std::size_t at) { sum += std::pow(double{jacobian.value().data()[at]}, 2); });
    out.data()[k] = static_cast<real>(std::sqrt(sum));
  }
  const Tensor y(std::move(out));
  s.trace.made(y, {"reach", {jacobian}, 2.0 * double(jacobian.value().size()), [=](std::size_t k) {
                     Reason reason{
                         "the derivatives of this output's numbers by this input's numbers, "
                         "squared, added, root taken",
                         {std::string("sqrt(")},
                         0};
                     bool first = true;
                     block(k / n, k % n, [&](std::size_t at) {
                       reason.text(first ? "(" : " + (").number(jacobian, at).text(")^2");
                       reason.value += std::pow(double{jacobian.value().data()[at]}, 2);
                       first = false;
                     });
                     reason.value = std::sqrt(reason.value);
                     return reason.text(")");
                   }});
  return y;
}

struct Differences {
  double largest = 0, tolerance = 0;
  std::size_t tried = 0;
};

/// A few derivatives again as (f(x + h) - f(x - h)) / 2h. Where the slope just left and right
/// differs (a corner of a relu between them), there is nothing to compare.
Differences finite_differences(const SequenceModel& model, const Array& x, const Array& jacobian,
                               const Array& output) {
  const std::size_t n = rows(x), d = columns(x), width = columns(output);
  double top = 0, size = 1;
  for (const real v : jacobian) top = std::max(top, std::abs(double{v}));
  for (const real v : output) size = std::max(size, std::abs(double{v}));
  const std::pair<std::size_t, std::size_t> places[] = {
      {n - 1, 0},     {n - 1, n - 1}, {0, 0},
      {n / 2, n / 2}, {0, n - 1},     {n / 2, n / 2 - (n > 1 ? 1 : 0)},
      {n - 1, n / 2}};
  Differences out;
  for (std::size_t p = 0; p < 21; ++p) {
    const std::size_t i = places[p % 7].first, j = places[p % 7].second;
    const std::size_t a = p * 3 % width, b = p * 5 % d, at = j * d + b;
    const auto f = [&](real value) {
      Array moved = x;
      moved.data()[at] = value;
      return double{model.body(Run{}, Tensor(std::move(moved))).value().data()[i * width + a]};
    };
    const real middle = x.data()[at],
               step = static_cast<real>(2e-3 * std::max(1.0, std::abs(double{middle})));
    const real high = middle + step, low = middle - step;
    const double y = output.data()[i * width + a], up = f(high), down = f(low);
    const double right = (up - y) / (double{high} - middle),
                 left = (y - down) / (double{middle} - low);
    const double rounding = 1e-6 * size / step;
    if (std::abs(right - left) > 0.02 * top + 2 * rounding) continue;
    out.largest = std::max(out.largest, std::abs((up - down) / (double{high} - low) -
                                                 jacobian.data()[(i * width + a) * n * d + at]));
    out.tolerance = std::max(out.tolerance, 0.01 * top + rounding);
    ++out.tried;
  }
  return out;
}

struct Distance {
  double back = 0, ahead = 0;  // means over the pairs
};

/// The mean reach of the pairs i - j = distance, and j - i = distance.
std::vector<Distance> by_distance(const Array& reach) {
  const std::size_t n = rows(reach);
  std::vector<Distance> out(n);
  for (std::size_t i = 0; i < n; ++i) {
    for (std::size_t j = 0; j < n; ++j) {
      const double share = double{reach.data()[i * n + j]} / double(n - (i > j ? i - j : j - i));
      if (i >= j) out[i - j].back += share;
      if (j >= i) out[j - i].ahead += share;
    }
  }
  return out;
}

void show_distances(Stage& s, const std::vector<Distance>& mean, bool recurrent) {
  const std::size_t n = mean.size();
  constexpr std::size_t kAllShown = 64;  // of more: 0 to 8, then powers of two, and the last
  Table table{"by_distance",
              n > kAllShown ? "Mean reach of all pairs so many steps apart; from 8 on not every "
                              "distance is shown."
                            : "Mean reach of all pairs so many steps apart.",
              {"distance", "to an earlier input", "to a later input"},
              {}};
  for (std::size_t k = 0; k < n; ++k) {
    if (n > kAllShown && k > 8 && k != n - 1 && (k & (k - 1)) != 0) continue;
    table.rows.push_back({double(k), mean[k].back, mean[k].ahead});
  }
  s.trace.add(std::move(table));
  if (recurrent && n > 2 && mean[1].back > 0 && mean[n - 1].back > 0) {
    s.trace.say(
        fmt::format("From one step to the next the reach is multiplied by {:.2f}, on average: {}.",
                    std::pow(mean[n - 1].back / mean[1].back, 1.0 / double(n - 2)),
                    mean[n - 1].back < mean[1].back
                        ? "it fades, and so does the gradient that training would use"
                        : "it does not fade here"));
  }
}

void reach(Stage& s, const ReachOptions& o) {
  const Tensor x = s.x();
  label_ends(s);
  const std::size_t n = x.shape()[0], d = x.shape()[1];
  const SequenceSizes z = sizes_of(o.choices, d);
  const auto model = make_model(s, z);
  s.trace.title =
      fmt::format("How strongly each output depends on each input ({})", name_of(z.kind));
  s.trace.say(
      fmt::format("The model: {}. Its weights are random, as before training.", describe(z)));
  const std::size_t width = is_local(z.kind)                ? z.ff
                            : z.kind == SequenceKind::birnn ? z.width / 2 * 2
                                                            : z.width;
  const double entries = double(n) * double(width) * double(n) * double(d);
  double parameters = 0;
  for (const Tensor& t : body_inputs(*model, Tensor(zeros({1, 1}))))
    parameters += double(t.value().size());
  const double operations =
      double(n) * double(width) * 6 * double(n) *
      (parameters + (z.kind == SequenceKind::attention ? 2.0 * double(n) * double(d) : 0.0));
  if (operations > kMostReachOperations ||
      double(n) * double(n) * double(width) * double(z.layers) > kMostSteps) {
    throw Error(ErrorKind::limit,
                fmt::format("{} backward passes over {} tokens take too long", n * width, n),
                "use a shorter text or a smaller --dim");
  }
  s.require_memory(sizeof(real) * 1.5 * entries, fmt::format("{:.3g} derivatives", entries));

  const Tensor output = run_body(s, *model, x);
  s.trace.restart_clock();
  const Tensor derivatives(jacobian(*model, x.value(), width));
  s.trace.made(derivatives,
               {"jacobian", body_inputs(*model, x), operations, [derivatives](std::size_t k) {
                  return Reason{
                      "the derivative of one number of output by one number of x: one backward "
                      "pass from that output",
                      {std::string("by the tape")},
                      double{derivatives.value().data()[k]}};
                }});
  const Tensor norms = block_norms(s, derivatives, n, width, d);  // (n,n)
  note(s.run, "reach", "|d output_i / d x_j|: root of the sum of all squared derivatives",
       {"output", "input"}, norms);
  s.explain("reach",
            "Row i: how much output i moves for a small change of each input. 0: it does not know "
            "of that input.");
  if (z.kind == SequenceKind::attention && d <= 2) {
    s.trace.say(
        "These figures are rounding, not reach: a layer norm over so few numbers gives the same "
        "ones (+1 and -1) for nearly every input. Use --dim 4 or more.");
  }
  s.trace.say(fmt::format("{} backward passes, one for each number of the output.", n * width));

  const auto [before, after] = model->receptive_field(n);
  double outside = 0;
  for (std::size_t i = 0; i < n; ++i) {
    for (std::size_t j = 0; j < n; ++j) {
      if ((j < i && i - j > before) || (j > i && j - i > after))
        outside = std::max(outside, double{norms.value().data()[i * n + j]});
    }
  }
  const auto side = [&](std::size_t far) {
    return far >= n ? std::string("all") : far == 0 ? "none" : fmt::format("at most {}", far);
  };
  s.trace.check(
      fmt::format(
          "nothing comes from outside: of the inputs before it an output depends on {}, of those "
          "after it on {}",
          side(before), side(after)),
      outside, 0);
  const Differences fd = finite_differences(*model, x.value(), derivatives.value(), output.value());
  if (fd.tried > 0) {
    s.trace.check(
        fmt::format("{} derivatives = (f(x+h) - f(x-h)) / 2h, h = 0.002, the model run twice",
                    fd.tried),
        fd.largest, fd.tolerance);
  }
  show_distances(s, by_distance(norms.value()), is_recurrent(z.kind));
  s.trace.say(
      "Reach is what a small change does at these random weights. Through how many steps it has to "
      "pass: attn path "
      "--model " +
      name_of(z.kind) + ".");
}

}  // namespace

Command reach_command() {
  return {.name = "reach",
          .kind = CommandKind::stage,
          .summary = "how strongly each output depends on each input",
          .example = "reach --model lstm",
          .setup = with_options<ReachOptions>(bind, reach)};
}

}  // namespace attn::app
