#pragma once
#include <string>
#include <vector>

#include "attn/ops/recurrent.h"

namespace attn {

/// The kinds of models that read a sequence (SequenceSizes says what each one is).
enum class SequenceKind {
  fc,
  window,
  rnn,
  birnn,
  lstm,
  gru,
  cnn,
  tcn,
  attention,
  local,
  conformer,
  cnn2d,
  vit,
  graph_attention
};

/// The names of those that `reach` and `path` ask, in the order in which they are compared: all up
/// to attention.
const std::vector<std::string>& sequence_kinds();
/// The names of all.
const std::vector<std::string>& model_kinds();
/// The kind with this name. Throws Error(usage) if there is none.
SequenceKind sequence_kind(const std::string& name);
const std::string& name_of(SequenceKind kind);

/// How an answer is read from a sequence's vectors: one at each place, or one for all of them.
///   mean   the mean over the places
///   last   the last place (birnn: the state that each direction ends with)
///   cls    an extra vector is put in front, and its place is read; for models with attention
///   query  attention pooling: a learned query, softmax(q H^T / sqrt(d)) H
enum class Read { each, mean, last, cls, query };

/// The ways to read one answer, by name.
const std::vector<std::string>& read_names();
/// The way with this name. Throws Error(usage) if there is none.
Read read_named(const std::string& name);
const std::string& name_of(Read read);

constexpr bool is_recurrent(SequenceKind kind) {
  return kind >= SequenceKind::rnn && kind <= SequenceKind::gru;
}
constexpr bool is_convolution(SequenceKind kind) {
  return kind == SequenceKind::cnn || kind == SequenceKind::tcn;
}
/// Encoder layers, whatever they may look at.
constexpr bool has_encoder(SequenceKind kind) {
  return kind == SequenceKind::attention || kind == SequenceKind::local ||
         kind == SequenceKind::vit;
}
/// Layers in which places look at each other, by weights from what they hold.
constexpr bool has_attention(SequenceKind kind) {
  return has_encoder(kind) || kind == SequenceKind::conformer;
}
/// The width is divided among heads.
constexpr bool has_heads(SequenceKind kind) {
  return has_attention(kind) || kind == SequenceKind::graph_attention;
}
/// A model that reads square pictures only.
constexpr bool reads_pictures(SequenceKind kind) {
  return kind == SequenceKind::cnn2d || kind == SequenceKind::vit;
}
/// One layer that sees each position, alone or with its neighbours.
constexpr bool is_local(SequenceKind kind) {
  return kind == SequenceKind::fc || kind == SequenceKind::window;
}
/// The cell of a recurrent kind.
constexpr Cell cell_of(SequenceKind kind) {
  return kind == SequenceKind::lstm  ? Cell::lstm
         : kind == SequenceKind::gru ? Cell::gru
                                     : Cell::rnn;
}

}  // namespace attn
