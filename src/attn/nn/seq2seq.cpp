#include "attn/nn/seq2seq.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "attn/core/error.h"
#include "attn/core/joined.h"
#include "attn/graph/trace.h"
#include "attn/ops/ops.h"

namespace attn {

const std::vector<std::string>& seq2seq_variants() {
  static const std::vector<std::string> all = {"context", "init", "both", "attention"};
  return all;
}

namespace {

void require_word(const char* what, const std::string& word,
                  const std::vector<std::string>& known) {
  if (std::find(known.begin(), known.end(), word) != known.end()) return;
  throw Error(ErrorKind::usage, fmt::format("no {} {}", what, escaped(word)),
              fmt::format("there are {}", joined(known, ", ")));
}

void check(const Seq2SeqSizes& z, std::size_t encoder, std::size_t decoder) {
  require_word("variant", z.variant, seq2seq_variants());
  if (z.variant != "attention") return;
  std::vector<std::string> functions;
  for (const ScoreFunction& f : score_functions()) functions.emplace_back(f.name);
  require_word("score function", z.score, functions);
  require_word("style", z.style, {"luong", "bahdanau"});
  if (z.style == "bahdanau" && z.local > 0) {
    throw Error(ErrorKind::usage, "a local window belongs to the style luong",
                "look everywhere, or use the style luong");
  }
  if (needs_equal_widths(z.score) && encoder != decoder) {
    throw Error(
        ErrorKind::usage,
        fmt::format("the score {} needs states of one width: the encoder's have {} numbers, "
                    "the decoder's {}",
                    z.score, encoder, decoder),
        fmt::format("use general, additive or concat, or a decoder of width {}", encoder));
  }
}

}  // namespace

struct RecurrentTranslator::Position : State {
  Source source;
  RecurrentState state;
  std::unique_ptr<State> copy() const override { return std::make_unique<Position>(*this); }
};

Tensor RecurrentTranslator::keep(const std::string& path, const Tensor& parameter) {
  all_.emplace_back(path, parameter);
  return parameter;
}

RecurrentParameters RecurrentTranslator::keep(const std::string& path,
                                              const RecurrentParameters& p) {
  keep(path + "w_x", p.w_x);
  keep(path + "w_h", p.w_h);
  keep(path + "b_x", p.b_x);
  keep(path + "b_h", p.b_h);
  return p;
}

RecurrentTranslator::RecurrentTranslator(const Seq2SeqSizes& sizes, Parameters& from)
    : sizes_(sizes),
      encoder_width_(sizes.bidirectional ? 2 * sizes.hidden : sizes.hidden),
      decoder_width_(sizes.decoder > 0 ? sizes.decoder : sizes.hidden) {
  const std::size_t e = sizes.embedding, wide = encoder_width_, h = decoder_width_;
  check(sizes_, wide, h);
  const auto weight = [&](const char* path, std::size_t in, std::size_t out) {
    return keep(path, from.get(path, {in, out}, 1 / std::sqrt(double(in))));
  };
  const auto bias = [&](const char* path, std::size_t size) {
    return keep(path, from.get_or(path, zeros({size})));
  };
  const auto direction = [&](const std::string& path) {
    encoder_.push_back(keep(path, recurrent_parameters(from, path, sizes_.cell, e, sizes_.hidden)));
  };
  source_embedding_ =
      keep("source_embedding", from.get("source_embedding", {sizes.source_vocabulary, e}, 1));
  target_embedding_ =
      keep("target_embedding", from.get("target_embedding", {sizes.target_vocabulary, e}, 1));
  if (sizes.bidirectional) {
    direction("encoder.forward.");
    direction("encoder.backward.");
  } else {
    direction("encoder.");
  }
  if (sizes.variant != "context" && wide != h) {
    bridge_w_ = weight("bridge.w", wide, h);
    bridge_b_ = bias("bridge.b", h);
    if (sizes.cell == Cell::lstm) {
      bridge_cell_w_ = weight("bridge.cell_w", wide, h);
      bridge_cell_b_ = bias("bridge.cell_b", h);
    }
  }
  const bool reads_context = sizes.variant == "context" || sizes.variant == "both" ||
                             (attends() && sizes.style == "bahdanau");
  decoder_ = keep("decoder.", recurrent_parameters(from, "decoder.", sizes.cell,
                                                   reads_context ? e + wide : e, h));
  if (attends()) {
    score_ = Scorer(sizes.score, h, wide, {.rank = std::max<std::size_t>(h / 2, 1), .hidden = h},
                    from, "attention.");
    for (const auto& [path, tensor] : score_.parameters()) keep("attention." + path, tensor);
    if (sizes.local > 0) {
      w_p_ = weight("attention.w_p", h, h);
      v_p_ = weight("attention.v_p", h, 1);
    }
    w_c_ = weight("attention.w_c", wide + h, h);
  }
  output_w_ = weight("output.w", h, sizes.target_vocabulary);
  output_b_ = bias("output.b", sizes.target_vocabulary);
}

std::size_t RecurrentTranslator::bottleneck() const {
  const bool cell_too = sizes_.cell == Cell::lstm && sizes_.variant != "context";
  return cell_too ? 2 * encoder_width_ : encoder_width_;
}

Tensor RecurrentTranslator::as_row(const Run& run, const Tensor& x) {
  Shape shape = x.shape();
  shape.insert(shape.end() - 1, 1);
  return reshape(run, x, shape);
}

RecurrentState RecurrentTranslator::first_state(const Run& run, const RecurrentState& last) const {
  if (sizes_.variant == "context") return {};
  RecurrentState first = last;
  if (bridge_w_) {
    const Scope scope(run, "bridge");
    note(run, "w", "W_s: from the encoder's width to the decoder's", {"E", "h"}, bridge_w_);
    note(run, "b", "b_s", {"h"}, bridge_b_);
    first.h = tanh(run, linear(run, last.h, bridge_w_, bridge_b_));  // (...,1,h)
    if (last.c) {
      note(run, "cell_w", "W_s of the cell", {"E", "h"}, bridge_cell_w_);
      note(run, "cell_b", "b_s of the cell", {"h"}, bridge_cell_b_);
      first.c = linear(run, last.c, bridge_cell_w_, bridge_cell_b_);
    }
  }
  note(run, "decoder.initial", bridge_w_ ? "s_0 = tanh(c W_s + b_s)" : "s_0 = c", {"state", "h"},
       first.h);
  if (first.c)
    note(run, "decoder.initial_cell",
         bridge_w_ ? "the encoder's last cell, W_s + b_s" : "the encoder's last cell",
         {"state", "h"}, first.c);
  const auto flat = [&](const Tensor& row) {  // (...,1,h) -> (...,h)
    Shape shape = row.shape();
    shape.erase(shape.end() - 2);
    return reshape(run, row, shape);
  };
  return {flat(first.h), first.c ? flat(first.c) : Tensor()};
}

RecurrentTranslator::Source RecurrentTranslator::read(const Run& run, const Tensor& source) const {
  if (source.shape().empty() || source.shape().back() == 0) {
    throw Error(
        ErrorKind::bad_input,
        fmt::format("source ids of shape {}: there is nothing to read", to_string(source.shape())));
  }
  note(run, "source_embedding", "E_x: one row per source word", {"source_word", "d"},
       source_embedding_);
  const Tensor x = embed(run, source_embedding_, source);  // (...,S,d)
  note(run, "encoder.x", "the row of E_x for each source word", {"source", "d"}, x);
  const auto direction = [&](const char* name, std::size_t i) {
    const Scope scope(run, name);
    return recurrent_states(run, sizes_.cell, x, encoder_[i], i == 1, {}, "source");
  };
  Source out;
  RecurrentState last;
  if (sizes_.bidirectional) {
    const RecurrentResult forward = direction("encoder.forward", 0),
                          backward = direction("encoder.backward", 1);
    out.hidden = concat_columns(run, forward.hidden, backward.hidden);  // (...,S,E)
    note(run, "encoder.hidden", "[forward.hidden, backward.hidden]: side by side", {"source", "E"},
         out.hidden);
    last.h = concat_columns(run, forward.last.h, backward.last.h);
    if (forward.last.c) last.c = concat_columns(run, forward.last.c, backward.last.c);
  } else {
    const RecurrentResult y = direction("encoder", 0);
    out.hidden = y.hidden;
    last = y.last;
  }
  out.last = last.h = as_row(run, last.h);  // (...,1,E)
  note(run, "encoder.last", "c: the encoder's state when all is read", {"state", "E"}, out.last);
  if (last.c && sizes_.variant != "context") {
    last.c = as_row(run, last.c);
    note(run, "encoder.last_cell", "the encoder's cell when all is read", {"state", "E"}, last.c);
  }
  out.initial = first_state(run, last);
  if (attends()) {
    const Scope scope(run, "attention");
    score_.note_parameters(run);
    out.keys = score_.keys(run, out.hidden);
  }
  return out;
}

Tensor RecurrentTranslator::logits(const Run& run, const Tensor& source,
                                   const Tensor& target) const {
  const Shape a = source.shape(), b = target.shape();
  if (a.size() != b.size() || a.empty() || !std::equal(a.begin(), a.end() - 1, b.begin()) ||
      b.back() == 0) {
    throw Error(ErrorKind::bad_input,
                fmt::format("source ids {} and target ids {} do not fit: (B,S) and (B,T) are "
                            "needed, and at least one word",
                            to_string(a), to_string(b)));
  }
  const Source read_source = read(run, source);
  RecurrentState state = read_source.initial;
  return write(run, read_source, state, target);
}

std::unique_ptr<Translator::State> RecurrentTranslator::start(const Run& run,
                                                              const Tensor& source) const {
  auto position = std::make_unique<Position>();
  position->source = read(run, source);
  position->state = position->source.initial;
  return position;
}

Tensor RecurrentTranslator::next(const Run& run, State& state, std::size_t word) const {
  auto& position = dynamic_cast<Position&>(state);
  const Tensor target = Tensor::ids(full({1}, static_cast<real>(word)));
  const Tensor row = write(run, position.source, position.state, target);  // (1,V)
  return reshape(run, row, {sizes_.target_vocabulary});
}

}  // namespace attn
