#pragma once
// One row per op that explains its numbers: how to make a case of it. ops_why.cpp checks them.
#include <functional>
#include <string>
#include <vector>

#include "attn/core/rng.h"
#include "attn/graph/run.h"
#include "attn/graph/tensor.h"

namespace attn::testing {

struct WhyRow {
  std::string name;
  bool is_formula;  // false: the arithmetic is a question ("3 == 4 ?")
  std::function<Tensor(const Run&, Rng&, std::function<std::size_t()> size)> make;
};

/// Rows for what recurrent translators are made of (ops_why_seq2seq.cpp).
std::vector<WhyRow> seq2seq_why_rows();

}  // namespace attn::testing
