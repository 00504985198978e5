#include <doctest/doctest.h>

#include <chrono>
#include <thread>

#include "attn/graph/trace.h"
#include "small_attention.h"

using namespace attn;
using namespace attn::testing;

namespace {

using Paths = std::vector<std::string>;

Paths paths(const Trace& trace) {
  Paths out;
  for (const Step* step : trace.steps()) out.push_back(step->path);
  return out;
}

void wait(int milliseconds) {
  std::this_thread::sleep_for(std::chrono::milliseconds(milliseconds));
}

}  // namespace

TEST_CASE("trace: keeps the noted steps in program order, with formula, axes and shape") {
  Rng rng(1);
  const SmallAttention attention(rng, 4, 2);
  Trace trace;
  attention(Run{.trace = &trace}, Tensor::input(rng.normal({3, 4}, 1)));
  CHECK(paths(trace) == Paths{"x", "q", "k", "v", "scores", "weights", "y"});
  const Step* weights = trace.find("weights");
  REQUIRE(weights);
  CHECK(weights->formula == "A = softmax(S + M)");
  CHECK(weights->axes == Paths{"head", "query", "key"});
  CHECK(weights->shape() == Shape{2, 3, 3});
  CHECK(trace.find("x")->kind() == Tensor::Kind::input);
  CHECK(weights->kind() == Tensor::Kind::value);
  CHECK(trace.find("nothing") == nullptr);
}

TEST_CASE("trace: `from` names the nearest noted ancestors, through unnamed values") {
  Rng rng(2);
  const SmallAttention attention(rng, 4, 2);
  Trace trace;
  attention(Run{.trace = &trace}, Tensor::input(rng.normal({3, 4}, 1)));
  CHECK(trace.find("x")->from.empty());
  CHECK(trace.find("q")->from == Paths{"x"});  // linear and split_heads between them
  CHECK(trace.find("scores")->from == Paths{"q", "k"});
  CHECK(trace.find("weights")->from == Paths{"scores"});
  CHECK(trace.find("y")->from == Paths{"weights", "v"});  // not q, k or x behind them
}

TEST_CASE("trace: parameters and inputs count as ancestors once they are noted") {
  Trace trace;
  const Run run{.trace = &trace};
  const Tensor x = Tensor::input(full({2, 2}, 1)), w = Tensor::parameter(full({2, 2}, 1));
  note(run, "x", "", {}, x);
  note(run, "w", "", {}, w);
  note(run, "y", "x w", {}, linear(run, x, w));
  CHECK(trace.find("y")->from == Paths{"x", "w"});
  CHECK(trace.find("w")->kind() == Tensor::Kind::parameter);
}

TEST_CASE("trace: a value noted under a second name comes from its first") {
  Trace trace;
  const Run run{.trace = &trace};
  const Tensor y = scale(run, Tensor::input(full({2}, 1)), 2);
  note(run, "first", "", {}, y);
  note(run, "second", "", {}, y);
  CHECK(trace.find("second")->from == Paths{"first"});
  CHECK(trace.name(y) == "first");
}

TEST_CASE("trace: shares values, never copies them") {
  Rng rng(3);
  Trace trace;
  const Run run{.trace = &trace};
  const Tensor y = softmax(run, Tensor::input(rng.normal({3, 4}, 1)));
  note(run, "weights", "", {}, y);
  CHECK(trace.find("weights")->values().data() == y.value().data());
  CHECK(trace.find("weights")->data.id() == y.id());
}

TEST_CASE("trace: keeps what it explains alive") {
  Rng rng(4);
  Trace trace;
  {
    const SmallAttention attention(rng, 4, 2);
    attention(Run{.trace = &trace}, Tensor::input(rng.normal({3, 4}, 1)), causal_mask(3));
  }
  for (const char* path : {"q", "scores", "weights", "y"}) {
    const Step* step = trace.find(path);
    const Making* making = trace.making(step->data);
    REQUIRE(making);
    for (std::size_t i = 0; i < step->values().size(); ++i) {
      CHECK(std::abs(making->explain(i).value - step->values().data()[i]) < 1e-5);
    }
  }
  CHECK(trace.making(trace.find("x")->data) == nullptr);
}

TEST_CASE("trace: operations since the last computed step belong to the step") {
  Rng rng(5);
  const SmallAttention attention(rng, 4, 2);
  Trace trace;
  attention(Run{.trace = &trace}, Tensor::input(rng.normal({3, 4}, 1)));
  CHECK(trace.find("x")->flops == 0);
  CHECK(trace.find("q")->flops == 2.0 * 3 * 4 * 4);
  CHECK(trace.find("scores")->flops == 2.0 * 2 * 3 * 3 * 2);
  CHECK(trace.find("y")->flops == 2.0 * 2 * 3 * 3 * 2 + 2.0 * 3 * 4 * 4);  // A V, then W_O
}

TEST_CASE(
    "trace: time since the last computed step belongs to the step; an input takes none of it") {
  Trace trace;
  const Run run{.trace = &trace};
  const Tensor x = Tensor::input(full({2, 2}, 1)), w = Tensor::parameter(full({2, 2}, 1));
  wait(20);  // outside the model: before an input is named, it is nobody's time
  note(run, "x", "", {}, x);
  wait(10);
  const Tensor y = linear(run, x, w);
  note(run, "w", "", {}, w);
  note(run, "y", "", {}, y);
  CHECK(trace.find("x")->milliseconds == 0);
  CHECK(trace.find("w")->milliseconds == 0);
  CHECK(trace.find("w")->flops == 0);
  CHECK(trace.find("y")->milliseconds >= 9);
  CHECK(trace.find("y")->flops == 16);
  const Tensor z = scale(run, y, 2);
  note(run, "z", "", {}, z);
  CHECK(trace.find("z")->flops == 4);
}

TEST_CASE("trace: work belongs to the step that needed it, whenever the step is named") {
  Trace trace;
  const Run run{.trace = &trace};
  const Tensor x = Tensor::input(full({2, 2}, 1)), w = Tensor::parameter(full({2, 3}, 1));
  note(run, "x", "", {}, x);
  const Tensor a = linear(run, x, w);  // 24 operations
  const Tensor b = scale(run, x, 2);   // 4
  const Tensor c = softmax(run, a);    // 24
  note(run, "b", "", {}, b);           // named first, though a and c were computed before
  note(run, "a", "", {}, a);
  note(run, "c", "", {}, c);
  CHECK(trace.find("b")->flops == 4);
  CHECK(trace.find("a")->flops == 24);
  CHECK(trace.find("c")->flops == 24);
  note(run, "again", "", {}, a);
  CHECK(trace.find("again")->flops == 0);
}

TEST_CASE("trace: restart_clock makes what was before nobody's time") {
  Trace trace;
  const Run run{.trace = &trace};
  wait(60);
  trace.restart_clock();
  note(run, "y", "", {}, scale(run, Tensor::input(full({2}, 1)), 2));
  CHECK(trace.find("y")->milliseconds < 55);
}

TEST_CASE("trace: find gives the last of two steps with one path") {
  Trace trace;
  const Run run{.trace = &trace};
  note(run, "y", "first", {}, Tensor(zeros({1})));
  trace.say("between");
  note(run, "y", "second", {}, Tensor(zeros({1})));
  CHECK(trace.find("y")->formula == "second");
  CHECK(trace.steps().size() == 2);
  CHECK(trace.items.size() == 3);
}

TEST_CASE("scope: puts its name before every path noted inside, also nested, and nothing after") {
  Trace trace;
  const Run run{.trace = &trace};
  const auto name = [&](const char* path) { note(run, path, "", {}, Tensor(zeros({1}))); };
  name("a");
  {
    const Scope layer(run, "layer.0");
    name("b");
    {
      const Scope inner(run, "attention");
      name("c");
    }
    name("d");
  }
  name("e");
  CHECK(paths(trace) == Paths{"a", "layer.0.b", "layer.0.attention.c", "layer.0.d", "e"});
  const Scope nobody_looks(Run{}, "layer");
  note(Run{}, "x", "", {}, Tensor(zeros({1})));
}

TEST_CASE("scope: ends also when an exception leaves it") {
  Trace trace;
  const Run run{.trace = &trace};
  try {
    const Scope layer(run, "layer");
    throw 1;
  } catch (int) {
  }
  CHECK(trace.prefix.empty());
}

TEST_CASE("check: holds up to its tolerance, and never for NaN") {
  CHECK(Check{"", 1e-6, 1e-6}.holds());
  CHECK_FALSE(Check{"", 2e-6, 1e-6}.holds());
  CHECK_FALSE(Check{"", double{kNaN}, 1}.holds());
}

TEST_CASE("matches: globs over dotted paths") {
  CHECK(matches("layer.0.weights", "layer.0.weights"));
  CHECK(matches("layer.*.weights", "layer.0.attention.weights"));
  CHECK(matches("layer.?.weights", "layer.0.weights"));
  CHECK(matches("*", "anything.at.all"));
  CHECK(matches("*", ""));
  CHECK(matches("", ""));
  CHECK(matches("**a**", "bab"));
  CHECK(matches("*ab*ab", "aababab"));
  CHECK(matches("q,layer.*.k,w*", "layer.0.weights"));
  CHECK(matches("q,layer.*.k,w*", "layer.1.k"));
  CHECK_FALSE(matches("q,layer.*.k,w*", "layer.1.v"));
  CHECK_FALSE(matches("layer.?.weights", "layer.10.weights"));
  CHECK_FALSE(matches("layer.0", "layer.0.weights"));
  CHECK_FALSE(matches("?", ""));
  CHECK_FALSE(matches("Weights", "weights"));
}

TEST_CASE("matches: a glob without a dot also fits the last name") {
  CHECK(matches("weights", "layer.0.weights"));
  CHECK(matches("w*", "layer.0.weights"));
  CHECK_FALSE(matches("weight", "layer.0.weights"));
  CHECK_FALSE(matches("attention", "layer.0.attention.weights"));
  CHECK_FALSE(matches("0.weights", "layer.0.weights"));
  CHECK_FALSE(matches("weights", "weights.layer"));
}

TEST_CASE("matches: many stars take linear steps, not exponential ones") {
  const std::string path(20000, 'a');
  CHECK_FALSE(matches("*a*a*a*a*a*a*a*a*a*a*a*a*b", path));
}
