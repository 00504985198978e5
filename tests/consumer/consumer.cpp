// Attention over three tokens, its gradient, and what misuse says.
#include <attn/attn.h>

#include <cstdio>

using namespace attn;

int main() {
  const Tensor q = Tensor::parameter(matrix({{1, 0}, {0, 1}, {1, 1}}));
  const Tensor k(matrix({{1, 2}, {3, 4}, {5, 6}})), v(matrix({{1, 0}, {0, 1}, {1, 1}}));
  Tape tape;
  Trace trace;
  const Run run{&tape, &trace, nullptr};
  const Tensor weights = softmax(run, matmul_nt(run, q, k));
  note(run, "weights", "A = softmax(Q K^T)", {"query", "key"}, weights);
  const Tensor output = matmul(run, weights, v);
  note(run, "output", "Z = A V", {"query", "d_v"}, output);
  tape.backward(output, full({3, 2}, 1));

  for (const Step* step : trace.steps())
    std::printf("%s = %s\n", step->path.c_str(), step->formula.c_str());
  std::printf("the last token takes %.4f from itself\n",
              static_cast<double>(weights.value()(2, 2)));
  std::printf("d(sum of Z)/dq has %zu numbers\n", q.grad().size());
  try {
    reshape({}, q, {7});
  } catch (const Error& e) {
    std::printf("%s\nhint: %s\n", e.what(), e.hint().c_str());
  }
}
