// Through how many layers or time steps a signal has to pass, counted on the graph of what is
// computed from what.
#include <fmt/format.h>

#include <algorithm>

#include "app/frame/command.h"
#include "app/sequences/path_graph.h"
#include "app/sequences/probe.h"
#include "attn/core/error.h"
#include "attn/core/how_many.h"

namespace attn::app {

namespace {

struct PathOptions {
  ModelChoices choices{.model = "rnn"};
};

void bind(Cli& cli, PathOptions& o) { bind_model(cli, o.choices); }

constexpr std::size_t kMostTokens = 256;

/// (n,n): the length of the shortest way from input j to output i, 0 where there is none.
Array path_lengths(const Graph& g) {
  const std::size_t n = g.ends.size();
  Array out = zeros({n, n});
  for (std::size_t j = 0; j < n; ++j) {
    const Search s = search(g, j);
    for (std::size_t i = 0; i < n; ++i) {
      const std::size_t end = nearest_end(g, s, i);
      if (end != kNone) out.data()[i * n + j] = static_cast<real>(s.distance[end]);
    }
  }
  return out;
}

/// What the length should be for this kind of model.
double expected(const SequenceSizes& z, std::size_t i, std::size_t j) {
  const std::size_t far = i > j ? i - j : j - i;
  if (z.kind == SequenceKind::attention) return 1;
  if (z.kind == SequenceKind::birnn) return double(far + 1);
  if (is_recurrent(z.kind)) return i >= j ? double(far + 1) : 0;
  if (z.kind == SequenceKind::fc) return far == 0 ? 1 : 0;
  if (z.kind == SequenceKind::window) return far <= z.radius ? 1 : 0;
  if (far == 0) return 1;
  const bool causal = z.kind == SequenceKind::tcn;
  const std::size_t each = causal  ? (i > j ? z.kernel - 1 : 0)
                           : i > j ? z.kernel / 2
                                   : (z.kernel - 1) / 2;
  std::size_t layers = 0, seen = 0;
  while (seen < far && layers < z.layers)
    seen += each * (causal ? std::size_t{1} << layers : 1), ++layers;
  return seen >= far ? double(layers) : 0;
}

struct Summary {
  std::size_t longest = 0, pairs = 0;
  double mean = 0;
};

Summary summary(const Array& lengths) {
  Summary s;
  for (const real v : lengths) {
    if (v == 0) continue;
    s.longest = std::max(s.longest, static_cast<std::size_t>(v));
    s.mean += double{v};
    ++s.pairs;
  }
  if (s.pairs > 0) s.mean /= double(s.pairs);
  return s;
}

std::string drawn(const Graph& g, const std::vector<std::size_t>& nodes) {
  std::string out;
  for (std::size_t k = 0; k < nodes.size(); ++k) {
    if (nodes.size() > 16 && k > 6 && k + 6 < nodes.size()) {
      if (k == 7) out += " -> ...";
      continue;
    }
    out += (k > 0 ? " -> " : "") + g.names[nodes[k]];
  }
  return out;
}

Tensor noted_lengths(Stage& s, const std::shared_ptr<Graph>& g) {
  const std::size_t n = g->ends.size();
  const Tensor y(path_lengths(*g));
  std::vector<Tensor> inputs;
  for (const Edges& e : g->edges) inputs.push_back(e.matrix);
  s.trace.made(
      y, {"path", std::move(inputs), 0, [g, n](std::size_t k) {
            const Search found = search(*g, k % n);
            const std::size_t end = nearest_end(*g, found, k / n);
            if (end == kNone)
              return Reason{"no way leads from this input to this output", {std::string("0")}, 0};
            const std::vector<std::size_t> nodes = route(found, end);
            Reason reason{"a shortest way: " + drawn(*g, nodes), {}, double(found.distance[end])};
            for (std::size_t m = 1; m < nodes.size(); ++m) {
              const Graph::Arc& arc = found.arc[nodes[m]];
              reason.text(m > 1 ? " + " : "").number(g->edges[arc.matrix].matrix, arc.index);
            }
            return reason;
          }});
  note(s.run, "path", "steps of the shortest way from input j to output i", {"output", "input"}, y);
  s.explain("path",
            "Row i: after how many layers (or time steps) position i can know of each input. -: no "
            "way leads there (as data this is 0: a way has at least one step).");
  std::vector<std::string>& cells = s.trace.find("path")->cells;
  for (const real length : y.value())
    cells.push_back(length == 0 ? "-" : fmt::format("{}", length));
  return y;
}

/// The same count at other lengths.
void growth(Stage& s, SequenceSizes z) {
  Table table{"growth",
              "The same count on texts of other lengths (random vectors).",
              {"n", "layers", "sequential steps", "longest path", "mean path"},
              {}};
  const bool convolution = is_convolution(z.kind);
  const bool spanning = convolution && z.kernel > (z.kind == SequenceKind::tcn ? 1u : 2u);
  for (const std::size_t n : {4, 8, 16, 32}) {
    if (spanning) {  // as many layers as it takes
      z.layers = 1;
      while (expected(z, n - 1, 0) == 0) ++z.layers;
      z.layers = std::max<std::size_t>(z.layers, 1);
    }
    Parameters own(s.rng);
    const SequenceModel model(z, own);
    Array output;
    const Graph g =
        graph_of(z, own, s.rng.stream(fmt::format("growth.{}", n)).normal({n, z.width}, 1), output);
    const Summary found = summary(path_lengths(g));
    table.rows.push_back({double(n),
                          is_recurrent(z.kind) ? 1.0
                          : is_local(z.kind)   ? 1.0
                                               : double(z.layers),
                          double(longest_chain(g)), double(found.longest), found.mean});
  }
  if (spanning)
    table.about += " As many layers as it takes to join the last output to the first input.";
  s.trace.add(std::move(table));
}

void published(Stage& s, const SequenceSizes& z, std::size_t n, std::size_t chain,
               std::size_t longest) {
  Table table{"published",
              "What Vaswani et al. 2017 (Table 1 and section 4) say, and what was counted here.",
              {"layer", "cost per layer", "sequential", "longest path"},
              {}};
  const auto add_row = [&](std::string a, std::string b, std::string c, std::string d) {
    table.rows.push_back({std::move(a), std::move(b), std::move(c), std::move(d)});
  };
  add_row("self-attention", "O(n^2 d)", "O(1)", "O(1)");
  add_row("recurrent", "O(n d^2)", "O(n)", "O(n)");
  add_row("convolution", "O(k n d^2)", "O(1)", "O(n/k); dilated O(log_k n)");
  add_row("convolution, dilated", "O(k n d^2)", "O(1)", "O(log_k n)");
  add_row("attention to r near", "O(r n d)", "O(1)", "O(n/r)");
  add_row(fmt::format("{} here, n = {}", name_of(z.kind), n), "", std::to_string(chain),
          longest == 0 ? "none" : std::to_string(longest));
  s.trace.add(std::move(table));
}

void path(Stage& s, const PathOptions& o) {
  const Tensor x = s.x();
  label_ends(s);
  const std::size_t n = x.shape()[0], d = x.shape()[1];
  if (n > kMostTokens) {
    throw Error(
        ErrorKind::limit,
        fmt::format("the model would be run some {} times over {} tokens; the limit is {} tokens",
                    4 * n, n, kMostTokens),
        "use a shorter text");
  }
  const SequenceSizes z = sizes_of(o.choices, d);
  if (double(n) * double(n) * double(n) * double(d) * double(d) > 2e11) {
    throw Error(ErrorKind::limit,
                fmt::format("counting paths over {} tokens of width {} takes too long", n, d),
                "use a shorter text or a smaller --dim");
  }
  const auto model = make_model(s, z);
  s.trace.title = fmt::format("How far is each input from each output? ({})", name_of(z.kind));
  s.trace.say(fmt::format("The model: {}.", describe(z)));
  const Tensor output = run_body(s, *model, x);
  s.trace.say(
      "What is computed from what, found by running: one row is set to NaN, not a number; "
      "everything computed from it "
      "becomes NaN too, as if it were dyed.");

  Array computed;
  const auto g = std::make_shared<Graph>(graph_of(z, s.parameters, x.value(), computed));
  for (const Edges& e : g->edges) {
    s.trace.made(e.matrix, {"edges", body_inputs(*model, x), 0, [m = e.matrix](std::size_t k) {
                              const double value = m.value().data()[k];
                              return Reason{value != 0 ? "a NaN in the one made the other NaN"
                                                       : "a NaN in the one left the other a number",
                                            {std::string("run and looked")},
                                            value};
                            }});
    note(s.run, e.path, e.formula,
         {e.path.ends_with("hidden.edges") ? "hidden" : "output",
          e.path.ends_with("hidden.edges") ? "hidden" : "input"},
         e.matrix);
    s.explain(e.path, e.about);
  }
  s.same(is_recurrent(z.kind)
             ? "the steps, one after another in plain loops, give what the model gives"
             : "the layers, run one after another, give what the model gives",
         output.value(), computed);

  const Tensor lengths = noted_lengths(s, g);
  const Summary found = summary(lengths.value());
  const std::size_t chain = longest_chain(*g);
  if (found.pairs > 0) {
    const std::size_t place = static_cast<std::size_t>(
        std::max_element(lengths.value().begin(), lengths.value().end()) - lengths.value().begin());
    const Search from = search(*g, place % n);
    s.trace.say(fmt::format(
        "The longest of the shortest ways has {}: {}. Of {}, {} joined at all; their "
        "mean is {:.2f}.",
        how_many(found.longest, "step"), drawn(*g, route(from, nearest_end(*g, from, place / n))),
        how_many(n * n, "pair"), found.pairs == 1 ? "1 is" : fmt::format("{} are", found.pairs),
        found.mean));
  }
  if (n > 1 && lengths.value().data()[(n - 1) * n] == 0) {
    s.trace.say(
        is_local(z.kind)
            ? "The first word does not reach the last output, and no training will change that."
            : "The first word does not reach the last output: with so few layers the ends of this "
              "text are not joined.");
  }
  s.trace.say(fmt::format("Sequential steps: {} ({}).", chain,
                          is_recurrent(z.kind) ? "each step waits for the one before"
                                               : "layers; all positions of a layer at once"));

  double wrong = 0, reached = 0;
  const Array whole =
      marks(x.value(), [&](const Array& h) { return model->body(Run{}, Tensor(h)).value(); });
  for (std::size_t k = 0; k < n * n; ++k) {
    wrong += double{lengths.value().data()[k]} != expected(z, k / n, k % n);
    reached += (lengths.value().data()[k] != 0) != (whole.data()[k] != 0);
  }
  s.trace.check("the lengths counted on the graph = the formula for this model, for every pair",
                wrong, 0);
  s.trace.check("a way exists exactly where a NaN in the input marks the whole model's output",
                reached, 0);
  s.trace.check("sequential steps counted on the graph = what the model says of itself",
                std::abs(double(chain) - double(model->sequential_steps(n))), 0);
  published(s, z, n, chain, found.longest);
  growth(s, z);
}

}  // namespace

Command path_command() {
  return {.name = "path",
          .kind = CommandKind::stage,
          .summary = "how many steps lie between an input and an output",
          .example = "path --model cnn",
          .setup = with_options<PathOptions>(bind, path)};
}

}  // namespace attn::app
