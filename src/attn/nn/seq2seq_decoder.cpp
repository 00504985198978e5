// The decoder of a RecurrentTranslator: where attention looks, and what is written.
#include <fmt/format.h>

#include <cmath>
#include <limits>

#include "attn/graph/trace.h"
#include "attn/nn/seq2seq.h"
#include "attn/ops/ops.h"

namespace attn {

namespace {

/// (...,n,d) from rows (...,1,d), in halves: so each row is moved only log n times.
Tensor stack(const Run& run, const std::vector<Tensor>& rows, std::size_t begin, std::size_t end) {
  if (end - begin == 1) return rows[begin];
  const std::size_t middle = begin + (end - begin) / 2;
  return concat_rows(run, stack(run, rows, begin, middle), stack(run, rows, middle, end));
}
Tensor stack(const Run& run, const std::vector<Tensor>& rows) {
  Tensor y = stack(run, rows, 0, rows.size());
  if (run.trace && rows.size() > 1) {  // `why` goes to the step's own arithmetic at once
    std::vector<Making> steps;
    for (const Tensor& row : rows) steps.push_back(*run.trace->making(row));
    run.trace->made(y, {"stack", rows, 0, [steps, d = y.shape().back()](std::size_t i) {
                          Reason reason = steps[i / d].explain(i % d);
                          reason.rule = fmt::format("computed in step {}: {}", i / d, reason.rule);
                          return reason;
                        }});
    run.trace->made_of_parts(y, rows);
  }
  return y;
}

/// The row c (...,1,E) under itself, `times` times: ones (...,times,1) times c.
Tensor repeated(const Run& run, const Tensor& c, std::size_t times) {
  Shape shape = c.shape();
  shape.end()[-2] = times;
  shape.end()[-1] = 1;
  return matmul(run, Tensor(full(shape, 1)), c);  // (...,times,E)
}

}  // namespace

/// What one attention step, or all of them at once, computed; (...,n,S) each but the first and the
/// last.
struct RecurrentTranslator::Attended {
  Tensor place;  ///< p_t (...,n,1), with a window
  Tensor scores;
  Tensor mask;     ///< with a window
  Tensor aligned;  ///< softmax within the window
  Tensor weights;
  Tensor context;  ///< (...,n,E)
};

RecurrentTranslator::Attended RecurrentTranslator::attend(const Run& run, const Source& source,
                                                          const Tensor& query) const {
  Attended a;
  a.scores = score_(run, query, source.keys);  // (...,n,S)
  if (sizes_.local == 0) {
    a.weights = softmax(run, a.scores);
  } else {
    const std::size_t words = source.hidden.shape().end()[-2];
    a.place = scale(run, sigmoid(run, linear(run, tanh(run, linear(run, query, w_p_)), v_p_)),
                    double(words));  // (...,n,1)
    const auto window = static_cast<real>(sizes_.local);
    Array mask = zeros(a.scores.shape());
    for (std::size_t i = 0; i < mask.size(); ++i) {
      const real far = static_cast<real>(i % words) - a.place.value().data()[i / words];
      if (std::abs(far) > window) mask.data()[i] = -std::numeric_limits<real>::infinity();
    }
    a.mask = Tensor(std::move(mask));
    if (run.trace) {
      run.trace->made(a.mask,
                      {"window", {a.place}, 0, [=, place = a.place, mask_ = a.mask](std::size_t i) {
                         const double value = mask_.value().data()[i];
                         Reason reason{value == 0 ? "inside the window: at most D from p_t"
                                                  : "outside the window",
                                       {},
                                       value};
                         reason.text(fmt::format("|{} - ", i % words));
                         reason.number(place, i / words);
                         return reason.text(fmt::format("| <= {} ?", window));
                       }});
    }
    a.aligned = softmax(run, a.scores, a.mask);
    a.weights = gaussian(run, a.aligned, a.place, double(sizes_.local) / 2);
  }
  a.context = matmul(run, a.weights, source.hidden);  // (...,n,E)
  return a;
}

void RecurrentTranslator::note_attended(const Run& run, const Attended& a) const {
  const bool before = sizes_.style == "bahdanau";
  if (a.place) {
    note(run, "attention.w_p", "W_p", {"h", "h'"}, w_p_);
    note(run, "attention.v_p", "v_p", {"h'", "p"}, v_p_);
    note(run, "place", "p_t = S sigmoid(tanh(s_t W_p) v_p)", {"target", "p"}, a.place);
  }
  note(run, "scores", run.trace ? score_.formula() : "", {"target", "source"}, a.scores);
  if (a.mask) {
    note(run, "mask", "0 where |j - p_t| <= D, -inf elsewhere", {"target", "source"}, a.mask);
    note(run, "aligned", "softmax(scores + mask)", {"target", "source"}, a.aligned);
  }
  note(run, "weights",
       a.place ? "a = aligned exp(-(j - p_t)^2 / (2 sigma^2)), sigma = D/2" : "a = softmax(scores)",
       {"target", "source"}, a.weights);
  note(run, "context",
       before ? "c_t = sum_j a_tj h_j, from s_{t-1}" : "c_t = sum_j a_tj h_j, from s_t",
       {"target", "E"}, a.context);
}

/// h~ = tanh([c; s] W_c). context (...,T,E), hidden (...,T,h) -> (...,T,h).
Tensor RecurrentTranslator::attentional(const Run& run, const Tensor& context,
                                        const Tensor& hidden) const {
  note(run, "attention.w_c", "W_c", {"E+h", "h"}, w_c_);
  const Tensor y = tanh(run, linear(run, concat_columns(run, context, hidden), w_c_));
  note(run, "attentional", "h~ = tanh([c_t; s_t] W_c)", {"target", "h"}, y);
  return y;
}

/// bahdanau: the state before a step asks, and the step reads the answer. So no step can be done
/// before the one before it. words (...,T,d) -> h~ (...,T,h).
Tensor RecurrentTranslator::write_by_step(const Run& run, const Source& source,
                                          RecurrentState& state, const Tensor& words) const {
  const std::size_t steps = words.shape().end()[-2];
  std::vector<Tensor> scores, weights, contexts, inputs, gates, cells, hidden;
  for (std::size_t t = 0; t < steps; ++t) {
    const Attended a = attend(run, source, as_row(run, state.h));
    const Tensor x = concat_columns(run, slice_rows(run, words, t, t + 1), a.context);
    const RecurrentResult y = recurrent(run, sizes_.cell, x, decoder_, false, state);
    state = y.last;
    contexts.push_back(a.context);
    hidden.push_back(y.hidden);
    if (!run.trace) continue;
    scores.push_back(a.scores);
    weights.push_back(a.weights);
    inputs.push_back(x);
    gates.push_back(y.gates);
    if (y.cell) cells.push_back(y.cell);
  }
  const Tensor context = stack(run, contexts);
  RecurrentResult all;
  all.hidden = stack(run, hidden);
  if (run.trace) {  // all are stacked before one is named: the work of a row is its own matrix's
    const Tensor all_scores = stack(run, scores), all_weights = stack(run, weights),
                 x = stack(run, inputs);
    all.gates = stack(run, gates);
    if (!cells.empty()) all.cell = stack(run, cells);
    note_attended(run, {.place = {},
                        .scores = all_scores,
                        .mask = {},
                        .aligned = {},
                        .weights = all_weights,
                        .context = context});
    note(run, "decoder.x", "[y_{t-1}; c_t]: what a step reads", {"target", "d+E"}, x);
    const Scope scope(run, "decoder");
    note_parameters(run, decoder_);
    note_states(run, sizes_.cell, all, "target");
  }
  return attentional(run, context, all.hidden);
}

Tensor RecurrentTranslator::write(const Run& run, const Source& source, RecurrentState& state,
                                  const Tensor& target) const {
  note(run, "target_embedding", "E_y: one row per target word", {"word", "d"}, target_embedding_);
  const Tensor words = embed(run, target_embedding_, target);  // (...,T,d)
  note(run, "decoder.words", "the row of E_y for each word before", {"target", "d"}, words);
  Tensor y;
  if (attends() && sizes_.style == "bahdanau") {
    y = write_by_step(run, source, state, words);
  } else {
    Tensor x = words;
    if (sizes_.variant == "context" || sizes_.variant == "both") {
      const Tensor c = repeated(run, source.last, words.shape().end()[-2]);
      note(run, "context", "c, the same at every step", {"target", "E"}, c);
      x = concat_columns(run, words, c);  // (...,T,d+E)
      note(run, "decoder.x", "[y_{t-1}; c]: what a step reads", {"target", "d+E"}, x);
    }
    RecurrentResult states;
    {
      const Scope scope(run, "decoder");
      states = recurrent_states(run, sizes_.cell, x, decoder_, false, state, "target");
    }
    state = states.last;
    y = states.hidden;  // (...,T,h)
    if (attends()) {
      const Attended a = attend(run, source, states.hidden);
      note_attended(run, a);
      y = attentional(run, a.context, states.hidden);
    }
  }
  note(run, "output.w", "W_o", {"h", "word"}, output_w_);
  note(run, "output.b", "b_o", {"word"}, output_b_);
  const Tensor logits = linear(run, y, output_w_, output_b_);  // (...,T,V)
  note(run, "logits", attends() ? "h~ W_o + b_o" : "s_t W_o + b_o", {"target", "word"}, logits);
  if (run.trace)
    note(run, "probabilities", "softmax(logits)", {"target", "word"}, softmax(run, logits));
  return logits;
}

}  // namespace attn
