// What the core costs: products against plain OpenBLAS, softmax, and attention with and without
// anybody looking. Two things that are compared run by turns in one loop, so that a busy machine
// slows both; the ratio is a counter of the line. Run one thread unless the name says otherwise:
//   bench_core --benchmark_filter=attention
#include <benchmark/benchmark.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <vector>

#include "attn/core/gemm.h"
#include "attn/core/rng.h"
#include "attn/core/rows.h"
#include "attn/graph/tape.h"
#include "attn/graph/trace.h"
#include "attn/ops/ops.h"
#include "unobserved.h"

// Needs what stands above.
#include "attention_from_ops.h"

// By hand: OpenBLAS's cblas.h cannot stand beside xtensor-blas's copy of it.
extern "C" void cblas_sgemm(int order, int transpose_a, int transpose_b, int m, int n, int k,
                            float alpha, const float* a, int lda, const float* b, int ldb,
                            float beta, float* c, int ldc);

namespace {

using namespace attn;

constexpr int kRowMajor = 101, kPlain = 111;

template <class F>
double seconds(int calls, const F& f) {
  const auto start = std::chrono::steady_clock::now();
  for (int i = 0; i < calls; ++i) f();
  const std::chrono::duration<double> taken = std::chrono::steady_clock::now() - start;
  return taken.count() / calls;
}

double median(std::vector<double> times) {
  std::nth_element(times.begin(), times.begin() + times.size() / 2, times.end());
  return times[times.size() / 2];
}

struct Medians {
  double a, b;
};

/// Runs a and b by turns, `calls` of one after another, each first as often as second. The line's
/// time is that of `calls` of a.
template <class A, class B>
Medians by_turns(benchmark::State& state, int calls, const A& a, const B& b) {
  std::vector<double> of_a, of_b;
  a();
  b();
  for (auto _ : state) {
    if (of_a.size() % 2 == 0) {
      of_a.push_back(seconds(calls, a));
      of_b.push_back(seconds(calls, b));
    } else {
      of_b.push_back(seconds(calls, b));
      of_a.push_back(seconds(calls, a));
    }
    state.SetIterationTime(of_a.back() * calls);
  }
  return {median(of_a), median(of_b)};
}

// --- products

void gemm_cubed(benchmark::State& state) {
  const auto n = static_cast<std::size_t>(state.range(0));
  const int size = static_cast<int>(n), calls = std::max(1, 2'000'000 / (size * size * size));
  Rng rng(1);
  const Array a = rng.normal({n, n}, 1), b = rng.normal({n, n}, 1);
  Array c = zeros({n, n});
  set_threads(1);
  const auto [ours, plain] = by_turns(
      state, calls, [&] { gemm({.m = n, .n = n, .k = n}, a.data(), b.data(), c.data()); },
      [&] {
        cblas_sgemm(kRowMajor, kPlain, kPlain, size, size, size, 1, a.data(), size, b.data(), size,
                    0, c.data(), size);
      });
  const double flops = 2.0 * n * n * n;
  state.counters["GFLOP/s"] = flops / ours * 1e-9;
  state.counters["OpenBLAS"] = flops / plain * 1e-9;
  state.counters["percent"] = 100 * plain / ours;
}
BENCHMARK(gemm_cubed)->RangeMultiplier(2)->Range(16, 1024)->UseManualTime();

/// The scores of 12 heads: 12 products of 128x64 by 64x128, the right one stored transposed.
void gemm_batched_heads(benchmark::State& state) {
  constexpr std::size_t kHeads = 12, kTokens = 128, kWidth = 64;
  Rng rng(1);
  const Array q = rng.normal({kHeads, kTokens, kWidth}, 1),
              k = rng.normal({kHeads, kTokens, kWidth}, 1);
  Array s = zeros({kHeads, kTokens, kTokens});
  set_threads(static_cast<int>(state.range(0)));
  for (auto _ : state) {
    gemm_batched({.m = kTokens, .n = kTokens, .k = kWidth, .b = Stored::transposed}, kHeads,
                 q.data(), kTokens * kWidth, k.data(), kTokens * kWidth, s.data(),
                 kTokens * kTokens);
    benchmark::ClobberMemory();
  }
  set_threads(1);
  state.counters["GFLOP/s"] = benchmark::Counter(2e-9 * kHeads * kTokens * kTokens * kWidth,
                                                 benchmark::Counter::kIsIterationInvariantRate);
}
BENCHMARK(gemm_batched_heads)->ArgName("threads")->Arg(1)->Arg(2)->UseRealTime();

// --- softmax: "ns" is the time per element, PyTorch 1.13 takes 0.83 at n = 1024

template <class Row>
void softmax_rows(benchmark::State& state, const Row& kernel) {
  constexpr std::size_t kRows = 64;
  const auto n = static_cast<std::size_t>(state.range(0));
  Rng rng(1);
  const Array s = rng.normal({kRows, n}, 1);
  Array y = empty({kRows, n});
  for (auto _ : state) {
    for (std::size_t i = 0; i < kRows; ++i) kernel(s.data() + i * n, y.data() + i * n, n);
    benchmark::ClobberMemory();
  }
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(kRows * n));
  state.counters["ns"] =
      benchmark::Counter(1e-9 * kRows * n, benchmark::Counter::kIsIterationInvariantRate |
                                               benchmark::Counter::kInvert);
}

void softmax_fast(benchmark::State& state) {
  softmax_rows(state, [](const real* s, real* y, std::size_t n) { softmax_row(s, nullptr, y, n); });
}
void softmax_masked(benchmark::State& state) {
  const Array mask = zeros({static_cast<std::size_t>(state.range(0))});
  softmax_rows(state,
               [&](const real* s, real* y, std::size_t n) { softmax_row(s, mask.data(), y, n); });
}
void softmax_naive(benchmark::State& state) {
  softmax_rows(state, [](const real* s, real* y, std::size_t n) { naive_softmax_row(s, y, n); });
}
BENCHMARK(softmax_fast)->RangeMultiplier(4)->Range(64, 4096);
BENCHMARK(softmax_masked)->Arg(1024);
BENCHMARK(softmax_naive)->RangeMultiplier(4)->Range(64, 4096);

// --- attention forward: shown, not shown, without observing at all, and as bare kernels

AttentionFromOps attention_of(Rng& rng) {
  return AttentionFromOps([&](std::size_t m, std::size_t n) { return rng.normal({m, n}, 0.3); });
}

/// The same kernels on the same fresh arrays, with no Run, no Tensor and no check.
struct BareAttention : AttentionFromOps {
  Array operator()() const {
    const std::size_t w = d / heads;
    const auto project = [&](const Array& in, const Tensor& weight) {
      Array out = empty({n, d});
      gemm({.m = n, .n = d, .k = d}, in.data(), weight.value().data(), out.data());
      return out;
    };
    const auto split = [&](const Array& in) {
      Array out = empty({heads, n, w});
      for (std::size_t h = 0; h < heads; ++h) {
        for (std::size_t i = 0; i < n; ++i) {
          std::copy_n(in.data() + i * d + h * w, w, out.data() + (h * n + i) * w);
        }
      }
      return out;
    };
    const Array q = split(project(x.value(), w_q)), k = split(project(x.value(), w_k)),
                v = split(project(x.value(), w_v));
    Array s = empty({heads, n, n}), a = empty({heads, n, n}), o = empty({heads, n, w});
    const real c = 1 / std::sqrt(static_cast<real>(w));
    gemm_batched({.m = n, .n = n, .k = w, .b = Stored::transposed, .alpha = c}, heads, q.data(),
                 n * w, k.data(), n * w, s.data(), n * n);
    for (std::size_t i = 0; i < heads * n; ++i) {
      softmax_row(s.data() + i * n, mask.value().data() + i % n * n, a.data() + i * n, n);
    }
    gemm_batched({.m = n, .n = w, .k = n}, heads, a.data(), n * n, v.data(), n * w, o.data(),
                 n * w);
    Array merged = empty({n, d});
    for (std::size_t h = 0; h < heads; ++h) {
      for (std::size_t i = 0; i < n; ++i) {
        std::copy_n(o.data() + (h * n + i) * w, w, merged.data() + i * d + h * w);
      }
    }
    return project(merged, w_o);
  }
};

/// Frees one large array, after which glibc keeps freed memory instead of handing pages back to the
/// system and faulting them in again (30 us of 80 here): the state of a program that has run a
/// while.
void keep_freed_memory() { zeros({std::size_t{1} << 22}); }

/// "percent": what ops and notes cost when nobody looks, more than the same sources with observing
/// compiled away (bar: 3). "bare": more than kernels with no ops around them.
void attention_nobody_looks(benchmark::State& state) {
  keep_freed_memory();
  set_threads(1);
  Rng one(1), two(1);
  const AttentionFromOps attention = attention_of(one);
  const auto unobserved =
      unobserved_attention([&] { return static_cast<float>(two.normal() * 0.3); });
  const Array y = attention(Run{}).value();
  if (!std::equal(y.begin(), y.end(), unobserved())) {
    state.SkipWithError("the two ways give different numbers");
    return;
  }
  const auto [observed, without] = by_turns(
      state, 4, [&] { benchmark::DoNotOptimize(attention(Run{})); },
      [&] { benchmark::DoNotOptimize(unobserved()); });
  state.counters["microseconds"] = observed * 1e6;
  state.counters["without"] = without * 1e6;
  state.counters["percent"] = 100 * (observed / without - 1);
}
BENCHMARK(attention_nobody_looks)->UseManualTime();

/// "percent": what ops (handles, checks, notes) cost more than the kernels alone.
void attention_against_bare(benchmark::State& state) {
  keep_freed_memory();
  set_threads(1);
  Rng rng(1);
  const AttentionFromOps attention = attention_of(rng);
  const BareAttention bare{attention};
  if (largest_difference(attention(Run{}).value(), bare()) != 0) {
    state.SkipWithError("the two ways give different numbers");
    return;
  }
  const auto [with_ops, kernels] = by_turns(
      state, 4, [&] { benchmark::DoNotOptimize(attention(Run{})); },
      [&] { benchmark::DoNotOptimize(bare()); });
  state.counters["microseconds"] = with_ops * 1e6;
  state.counters["bare"] = kernels * 1e6;
  state.counters["percent"] = 100 * (with_ops / kernels - 1);
}
BENCHMARK(attention_against_bare)->UseManualTime();

/// "percent": what being shown costs more than nobody looking.
void attention_traced(benchmark::State& state) {
  keep_freed_memory();
  set_threads(1);
  Rng rng(1);
  const AttentionFromOps attention = attention_of(rng);
  const auto [traced, plain] = by_turns(
      state, 4,
      [&] {
        Trace trace;
        benchmark::DoNotOptimize(attention(Run{.trace = &trace}));
      },
      [&] { benchmark::DoNotOptimize(attention(Run{})); });
  state.counters["microseconds"] = traced * 1e6;
  state.counters["percent"] = 100 * (traced / plain - 1);
}
BENCHMARK(attention_traced)->UseManualTime();

/// Forward and the way back.
void attention_with_gradient(benchmark::State& state) {
  keep_freed_memory();
  set_threads(1);
  Rng rng(1);
  const AttentionFromOps attention = attention_of(rng);
  const Array seed = full({attention.n, attention.d}, 1);
  for (auto _ : state) {
    Tape tape;
    tape.backward(attention(Run{.tape = &tape}), seed);
  }
}
BENCHMARK(attention_with_gradient);

}  // namespace
