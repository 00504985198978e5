// One forward path: nobody looks, a tape looks, a trace looks, both look.
#include <doctest/doctest.h>

#include <cstring>

#include "attn/core/error.h"
#include "attn/graph/tape.h"
#include "small_attention.h"

using namespace attn;
using namespace attn::testing;

namespace {

bool same_bits(const Array& a, const Array& b) {
  return shape_of(a) == shape_of(b) &&
         std::memcmp(a.data(), b.data(), a.size() * sizeof(real)) == 0;
}

}  // namespace

TEST_CASE("run: with a tape, a trace, both or none, the numbers are the same bits") {
  Rng rng(1);
  for (const auto& [n, heads] : {std::pair{1, 1}, {2, 1}, {11, 2}, {40, 4}}) {
    const std::size_t d = 6 * static_cast<std::size_t>(heads);
    const SmallAttention attention(rng, d, static_cast<std::size_t>(heads));
    const Tensor x = Tensor::input(rng.normal({static_cast<std::size_t>(n), d}, 1));
    const Tensor mask = causal_mask(static_cast<std::size_t>(n));
    const Tensor plain = attention(Run{}, x, mask);
    Tape tape, tape_of_both;
    Trace trace, trace_of_both;
    CHECK(same_bits(attention(Run{.tape = &tape}, x, mask).value(), plain.value()));
    CHECK(same_bits(attention(Run{.trace = &trace}, x, mask).value(), plain.value()));
    const Run both{.tape = &tape_of_both, .trace = &trace_of_both};
    CHECK(same_bits(attention(both, x, mask).value(), plain.value()));
    CHECK(tape.size() == tape_of_both.size());
    CHECK(trace.steps().size() == trace_of_both.steps().size());
  }
}

TEST_CASE("run: a trace does not change a gradient's bits") {
  Rng rng(2);
  const SmallAttention attention(rng, 8, 2);
  const Tensor x = Tensor::input(rng.normal({5, 8}, 1)), mask = causal_mask(5);
  const Array seed = rng.normal({5, 8}, 1);
  Tape alone, watched;
  Trace trace;
  alone.backward(attention(Run{.tape = &alone}, x, mask), seed);
  const Array expected = attention.w_k.grad();
  attention.w_k.clear_grad();
  watched.backward(attention(Run{.tape = &watched, .trace = &trace}, x, mask), seed);
  CHECK(same_bits(attention.w_k.grad(), expected));
}

TEST_CASE("run: nobody looks, so there is no closure, no step and no gradient") {
  Rng rng(3);
  const SmallAttention attention(rng, 4, 2);
  const Tensor x = Tensor::input(rng.normal({3, 4}, 1));
  Tape tape;
  Trace trace;
  const Tensor y = attention(Run{}, x);
  CHECK_FALSE(y.needs_grad());
  CHECK(tape.size() == 0);
  CHECK(trace.items.empty());
  CHECK(trace.making(y) == nullptr);
  CHECK(trace.name(y).empty());
}

TEST_CASE("run: a trace alone makes no closure, a tape alone no step") {
  Rng rng(4);
  const SmallAttention attention(rng, 4, 2);
  const Tensor x = Tensor::input(rng.normal({3, 4}, 1));
  Trace trace;
  CHECK_FALSE(attention(Run{.trace = &trace}, x).needs_grad());
  CHECK(trace.steps().size() == 7);
  Tape tape;
  CHECK(attention(Run{.tape = &tape}, x).needs_grad());
  CHECK(tape.size() == 11);  // 4 linear, 3 split_heads, matmul_nt, softmax, matmul, merge_heads
}

TEST_CASE("tape: an op whose inputs need no gradient leaves no closure") {
  Tape tape;
  const Run run{.tape = &tape};
  const Tensor x = Tensor::input(full({2, 2}, 1));
  const Tensor y = softmax(run, scale(run, x, 2));
  CHECK(tape.size() == 0);
  CHECK_FALSE(y.needs_grad());
  const Tensor z = add(run, y, Tensor::parameter(full({2}, 1)));
  CHECK(tape.size() == 1);
  CHECK(z.needs_grad());
}

TEST_CASE("tape: gradients accumulate over passes until cleared") {
  const Tensor w = Tensor::parameter(matrix({{1, 2}}));
  for (int pass = 1; pass <= 3; ++pass) {
    Tape tape;
    tape.backward(scale(Run{.tape = &tape}, w, 5), full({1, 2}, 1));
    CHECK(largest_difference(w.grad(), full({1, 2}, static_cast<real>(5 * pass))) == 0);
  }
  w.clear_grad();
  CHECK(largest_difference(w.grad(), zeros({1, 2})) == 0);
}

TEST_CASE("tape: a value used twice collects from both uses") {
  const Tensor w = Tensor::parameter(matrix({{1, 2}}));
  Tape tape;
  const Run run{.tape = &tape};
  const Tensor y = scale(run, w, 3);
  tape.backward(add(run, y, scale(run, y, 10)), full({1, 2}, 1));
  CHECK(largest_difference(w.grad(), full({1, 2}, 33)) == 0);
}

TEST_CASE("tape: after backward the pass is forgotten") {
  const Tensor w = Tensor::parameter(matrix({{1, 2}}));
  Tape tape;
  const Run run{.tape = &tape};
  const Tensor y = scale(run, w, 3);
  tape.backward(y, full({1, 2}, 1));
  CHECK(tape.size() == 0);
  tape.backward(scale(run, w, 4), full({1, 2}, 1));
  CHECK(largest_difference(w.grad(), full({1, 2}, 7)) == 0);
}

TEST_CASE("tape: a seed of another shape is an error that names both") {
  const Tensor w = Tensor::parameter(matrix({{1, 2}}));
  Tape tape;
  const Tensor y = scale(Run{.tape = &tape}, w, 3);
  try {
    tape.backward(y, full({2, 1}, 1));
    FAIL("no error");
  } catch (const Error& e) {
    const std::string message = e.what();
    CHECK(message.find("(1, 2)") != std::string::npos);
    CHECK(message.find("(2, 1)") != std::string::npos);
  }
  CHECK(largest_difference(w.grad(), zeros({1, 2})) == 0);
}

TEST_CASE("tape: a constant result has no way back") {
  Tape tape;
  const Tensor c(full({2}, 1));
  tape.backward(c, full({2}, 1));
  CHECK_FALSE(c.needs_grad());
}

TEST_CASE("tensor: copies share value and gradient; ids tell handles apart") {
  Tensor a = Tensor::parameter(matrix({{1, 2}}));
  const Tensor b = a, c = Tensor::parameter(matrix({{1, 2}}));
  a.mutable_value()(0, 0) = 9;
  b.grad()(0, 1) = 4;
  CHECK(b.value()(0, 0) == 9);
  CHECK(a.grad()(0, 1) == 4);
  CHECK(a.id() == b.id());
  CHECK(a.id() != c.id());
  CHECK_FALSE(Tensor{});
  CHECK(a.kind() == Tensor::Kind::parameter);
  CHECK(Tensor::input(zeros({1})).kind() == Tensor::Kind::input);
  CHECK(Tensor(zeros({1})).kind() == Tensor::Kind::value);
  CHECK(Tensor::ids(zeros({1})).is_ids());
  const Tensor input = Tensor::input(zeros({1}));
  CHECK_FALSE(input.needs_grad());
  input.require_grad();
  CHECK(input.needs_grad());
}
