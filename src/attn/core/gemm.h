#pragma once
// Matrix products and the threads they use. gemm.cpp is the only caller of BLAS.
#include <cstddef>
#include <string>

#include "attn/core/array.h"

namespace attn {

/// How an operand of a product is stored: as it stands, or as its transpose.
enum class Stored : bool { plain, transposed };

/// One product C = alpha A B + beta C of row-major matrices: A is (m,k), B is (k,n), C is (m,n).
/// A transposed operand is stored as its transpose and never materialised.
struct Product {
  std::size_t m, n, k;
  Stored a = Stored::plain, b = Stored::plain;
  real alpha = 1, beta = 0;
  // Distance between stored rows; 0 means that rows follow one another without a gap.
  std::size_t row_a = 0, row_b = 0, row_c = 0;
};

/// Through OpenBLAS. With beta = 0, C may hold anything (also NaN) before.
void gemm(const Product& p, const real* a, const real* b, real* c);
/// The textbook's three loops, summed in double: the reference for gemm.
void naive_gemm(const Product& p, const real* a, const real* b, real* c);

/// `batch` products of one shape. Matrix i of an operand starts at i * step_x (0: shared by all).
/// With several threads, each product runs on one of them.
void gemm_batched(const Product& p, std::size_t batch, const real* a, std::size_t step_a,
                  const real* b, std::size_t step_b, real* c, std::size_t step_c);

/// Number of threads for products and loops over (batch, head). 1 at the start: same digits always.
void set_threads(int threads);
/// 1 inside a parallel region: whoever shares out whole trainings has no threads left for their
/// loops.
int threads();
/// Processors this process may use.
int available_processors();

struct BlasDescription {
  std::string configuration;  ///< OpenBLAS's own line: version, threading, limits
  std::string kernel;         ///< the processor its kernels are for
  std::string threading;      ///< "OpenMP", "pthreads" or "none"
};
BlasDescription describe_blas();

}  // namespace attn
