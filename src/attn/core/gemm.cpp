#include "attn/core/gemm.h"

#include <omp.h>
#include <sched.h>

#include <algorithm>
#include <cstdlib>
#include <string_view>
#include <xtensor-blas/xblas.hpp>

// OpenBLAS's own functions. Its cblas.h cannot be included beside xtensor-blas's copy of it.
extern "C" {
void openblas_set_num_threads(int count);
int openblas_get_parallel(void);
char* openblas_get_config(void);
char* openblas_get_corename(void);
// Weak: other builds of OpenBLAS, for one processor only, do not have these.
void gotoblas_dynamic_init(void) __attribute__((weak));
void gotoblas_dynamic_quit(void) __attribute__((weak));
}

namespace attn {

namespace {

int thread_count = 0;  // 0: set_threads was not called yet

/// OpenBLAS 0.3.21 takes a processor newer than itself (Emerald Rapids, say) for a Pentium 4
/// ("Prescott") and is five times too slow there. Then tells it what the processor can do; who sets
/// OPENBLAS_CORETYPE keeps the choice. True if the kernels were exchanged.
bool choose_kernels() {
#if defined(__x86_64__)
  const char* kVariable = "OPENBLAS_CORETYPE";
  if (std::getenv(kVariable) || !gotoblas_dynamic_init || !gotoblas_dynamic_quit) return false;
  if (std::string_view(openblas_get_corename()) != "Prescott") return false;
  const bool avx512 = __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
                      __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl");
  const bool avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
  if (!avx512 && !avx2) return false;
  setenv(kVariable, avx512 ? "SkylakeX" : "Haswell", 1);
  gotoblas_dynamic_quit();
  gotoblas_dynamic_init();
  unsetenv(kVariable);
  return true;
#else
  return false;
#endif
}

// Stored rows of A and B without a gap are as long as the stored matrix is wide.
std::size_t step_of_a(const Product& p) {
  return p.row_a ? p.row_a : (p.a == Stored::plain ? p.k : p.m);
}
std::size_t step_of_b(const Product& p) {
  return p.row_b ? p.row_b : (p.b == Stored::plain ? p.n : p.k);
}
std::size_t step_of_c(const Product& p) { return p.row_c ? p.row_c : p.n; }

void scale_c(const Product& p, real* c) {
  for (std::size_t i = 0; i < p.m; ++i) {
    real* row = c + i * step_of_c(p);
    for (std::size_t j = 0; j < p.n; ++j) row[j] = p.beta == 0 ? 0 : p.beta * row[j];
  }
}

}  // namespace

void gemm(const Product& p, const real* a, const real* b, real* c) {
  if (p.m == 0 || p.n == 0) return;
  if (p.k == 0) return scale_c(p, c);
  if (thread_count == 0) set_threads(1);
  const auto transpose = [](Stored s) {
    return s == Stored::plain ? cxxblas::NoTrans : cxxblas::Trans;
  };
  const auto index = [](std::size_t i) { return static_cast<xt::blas_index_t>(i); };
  cxxblas::gemm<xt::blas_index_t>(cxxblas::RowMajor, transpose(p.a), transpose(p.b), index(p.m),
                                  index(p.n), index(p.k), p.alpha, a, index(step_of_a(p)), b,
                                  index(step_of_b(p)), p.beta, c, index(step_of_c(p)));
}

void naive_gemm(const Product& p, const real* a, const real* b, real* c) {
  const std::size_t row_a = step_of_a(p), row_b = step_of_b(p), row_c = step_of_c(p);
  for (std::size_t i = 0; i < p.m; ++i) {
    for (std::size_t j = 0; j < p.n; ++j) {
      double sum = 0;
      for (std::size_t l = 0; l < p.k; ++l) {
        const real x = p.a == Stored::plain ? a[i * row_a + l] : a[l * row_a + i];
        const real y = p.b == Stored::plain ? b[l * row_b + j] : b[j * row_b + l];
        sum += double{x} * y;
      }
      real& out = c[i * row_c + j];
      out = static_cast<real>(p.alpha * sum + (p.beta == 0 ? 0.0 : double{p.beta} * out));
    }
  }
}

void gemm_batched(const Product& p, std::size_t batch, const real* a, std::size_t step_a,
                  const real* b, std::size_t step_b, real* c, std::size_t step_c) {
  if (thread_count == 0) set_threads(1);
    // Inside a parallel region the OpenMP build of OpenBLAS computes on the calling thread alone.
#pragma omp parallel for if (threads() > 1 && batch > 1) num_threads(threads())
  for (std::size_t i = 0; i < batch; ++i) {
    gemm(p, a + i * step_a, b + i * step_b, c + i * step_c);
  }
}

void set_threads(int count) {
  [[maybe_unused]] static const bool exchanged =
      choose_kernels();  // once, before the first product
  thread_count = std::max(1, count);
  omp_set_num_threads(thread_count);
  openblas_set_num_threads(thread_count);
}

int threads() { return omp_in_parallel() ? 1 : std::max(1, thread_count); }

int available_processors() {
  cpu_set_t set;
  if (sched_getaffinity(0, sizeof set, &set) != 0) return 1;
  return std::max(1, CPU_COUNT(&set));
}

BlasDescription describe_blas() {
  if (thread_count == 0) set_threads(1);
  static const char* const kThreading[] = {"none", "pthreads", "OpenMP"};
  return {openblas_get_config(), openblas_get_corename(), kThreading[openblas_get_parallel() % 3]};
}

}  // namespace attn
