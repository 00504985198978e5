#include "app/learning/layer_cost.h"

#include <malloc.h>

#include <algorithm>
#include <chrono>
#include <cmath>

#include "attn/graph/tape.h"
#include "attn/graph/trace.h"
#include "attn/nn/attention.h"
#include "attn/nn/layers.h"

#ifdef __SANITIZE_ADDRESS__  // g++ brings no header for it
extern "C" std::size_t __sanitizer_get_current_allocated_bytes();
#endif

namespace attn::app {

Pass pass(const std::string& name, const Tensor& x, Rng rng, std::size_t radius) {
  const std::size_t d = x.shape()[1];
  const auto weight = [&](const Shape& shape, double fan_in) {
    return Tensor::parameter(rng.normal(shape, 1 / std::sqrt(fan_in)));
  };
  const auto bias = [](std::size_t size) { return Tensor::parameter(zeros({size})); };
  if (name == "attention") return [=](const Run& run) { return attend(run, {x, x, x}, {}); };
  if (name == "restricted")
    return [=](const Run& run) { return local_attend(run, {x, x, x}, radius); };
  if (name == "cnn") {
    const ConvolutionParameters p{weight({kKernel, d, d}, double(kKernel * d)), bias(d)};
    return [=](const Run& run) { return convolution_layer(run, x, p); };
  }
  const Cell cell = cell_named(name);
  const std::size_t g = gates_of(cell) * d;
  const RecurrentParameters p{weight({d, g}, double(d)), weight({d, g}, double(d)), bias(g),
                              bias(g)};
  return [=](const Run& run) { return recurrent_layer(run, cell, x, p); };
}

double bytes(const std::string& name, const Place& p, std::size_t radius) {
  const double n = double(p.n), d = double(p.d), r = double(std::min(radius, p.n));
  if (name == "attention") return sizeof(real) * (2 * n * n + 2 * n * d);
  if (name == "restricted") return sizeof(real) * (9 * n * r + 12 * n * d);
  const double gates = name == "lstm" ? 4 : 1;
  if (name == "cnn") return sizeof(real) * (6 * n * d + 3 * d * d);
  return sizeof(real) * (n * d * (2 * gates + 3) + 2 * gates * d * d);
}

double steps(const std::string& name, const Place& p) {
  return name == "rnn" || name == "lstm" ? double(p.n) : 1;
}

double path(const std::string& name, const Place& p, std::size_t radius) {
  const std::size_t far = p.n - 1;
  if (name == "rnn" || name == "lstm")
    return double(p.n);  // into the first state, then far times on
  if (name == "attention" || far == 0) return 1;
  if (name == "restricted") {
    const std::size_t layers = (far + radius - 1) / radius;
    return double(layers);
  }
  return double(far);  // cnn: a kernel of 3 reaches one position on each side
}

namespace {

std::size_t held() {
#ifdef __SANITIZE_ADDRESS__  // its allocator is another, and knows too
  return __sanitizer_get_current_allocated_bytes();
#else
  const auto info = mallinfo2();
  return info.uordblks + info.hblkhd;
#endif
}

}  // namespace

Measured measure(const Pass& run_once, const Tensor& x, std::int64_t repeat) {
  Measured out;
  {  // operations, counted by the ops themselves; the first pass also fetches the memory
    Trace trace;
    Run run;
    run.trace = &trace;
    note(run, "result", "", {"token", "d"}, run_once(run));
    for (const Step* step : trace.steps()) out.operations += step->flops;
  }
  {  // what is kept for the way back
    x.require_grad();
    Tape tape;
    Run run;
    run.tape = &tape;
    const std::size_t before = held();
    const Tensor y = run_once(run);
    out.bytes = double(held()) - double(before);
  }
  std::vector<double> times;
  double total = 0;
  while (std::int64_t(times.size()) < repeat && !(times.size() >= 3 && total > 300)) {
    const auto start = std::chrono::steady_clock::now();
    run_once(Run{});
    times.push_back(
        std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start)
            .count());
    total += times.back();
  }
  std::sort(times.begin(), times.end());
  out.milliseconds = times[times.size() / 2];
  return out;
}

}  // namespace attn::app
