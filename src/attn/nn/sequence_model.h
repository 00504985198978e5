#pragma once
#include <string>
#include <utility>
#include <vector>

#include "attn/nn/conformer.h"
#include "attn/nn/encoder.h"
#include "attn/nn/graph_attention.h"
#include "attn/nn/layers.h"
#include "attn/nn/parameters.h"
#include "attn/nn/sequence_kinds.h"

namespace attn {

/// A model that reads a sequence and answers at every position, or once for all of them: embedding
/// (or a projection of numbers), a body, and a linear layer to the classes. The bodies differ,
/// nothing else does.
///   fc         relu(x W + b) at each position alone
///   window     the same over 2r+1 neighbours side by side
///   rnn, lstm, gru    one recurrent layer; birnn: an rnn in each direction, half as wide
///   cnn        L residual layers h + relu(conv_3(h)), a contiguous receptive field
///   tcn        the same, causal, with dilations 1, 2, 4, ...
///   attention  L post-norm encoder layers over x + position; of a graph, along the edges
///   local      the same, but a place looks at most `radius` places to either side
///   conformer  L conformer blocks over x + position
///   cnn2d      L times relu(conv_3x3(h)) over a square picture, 2 x 2 pooled (the largest) between
///              them where the side is even
///   vit        attention over the patches of a square picture, each one vector
///   graph-attention   L layers h + relu(heads of attention along the edges, side by side + b)
struct SequenceSizes {
  SequenceKind kind = SequenceKind::fc;
  std::size_t vocabulary = 0;  ///< input ids; 0 if the inputs are numbers
  std::size_t features = 0;    ///< numbers per step, if not ids
  std::size_t classes = 0;
  std::size_t width = 64;
  std::size_t layers = 2, heads = 4, ff = 256, kernel = 3, radius = 2;
  std::size_t length = 0;  ///< positions that attention's learned table has; 0: no positions
  double dropout = 0;
  std::size_t side = 0, patch = 3;  ///< of a square picture
  bool edges = true;                ///< whether attention looks along a graph's edges alone
  Read read = Read::each;
};

class SequenceModel {
 public:
  /// Draws (or loads) all parameters from `parameters`, which must outlive nothing.
  SequenceModel(const SequenceSizes& sizes, Parameters& parameters);

  /// Inputs: ids (B,T) or numbers (B,T,c), or without B. -> logits (B,T,classes); with one answer
  /// for all places (B,1,classes). Of graphs also edges (B,T,T), 1 where two nodes are joined.
  Tensor logits(const Run& run, const Tensor& inputs, const Tensor& edges = {}) const;
  /// The body alone, from vectors to vectors: x (...,T,width) -> (...,T,width'). What `reach`
  /// probes. The vectors of cnn2d are of fewer places.
  Tensor body(const Run& run, const Tensor& x, const Tensor& edges = {}) const;

  const SequenceSizes& sizes() const { return sizes_; }
  const std::vector<std::pair<std::string, Tensor>>& parameters() const { return all_; }
  std::size_t parameter_count() const;

  /// Steps that must wait for one another in one pass over n positions.
  std::size_t sequential_steps(std::size_t n) const;
  /// Positions on each side (before, after) that an output can depend on; n means all.
  std::pair<std::size_t, std::size_t> receptive_field(std::size_t n) const;
  /// Layers or time steps that a signal passes from input 0 to output n-1 (docs/notation.md); 0 if
  /// it cannot.
  std::size_t longest_path(std::size_t n) const;

 private:
  Tensor weight(Parameters& from, const std::string& path, const Shape& shape, std::size_t fan_in);
  Tensor constant(Parameters& from, const std::string& path, const Array& value);
  RecurrentParameters one_direction(Parameters& from, const std::string& path, Cell cell,
                                    std::size_t hidden);
  std::size_t dilation(std::size_t layer) const;
  void make_body(Parameters& from);
  Tensor mask(std::size_t places, const Tensor& edges) const;
  Tensor attend_body(const Run& run, const Tensor& x, const Tensor& edges) const;
  Tensor as_picture(const Run& run, const Tensor& x) const;
  Tensor picture_body(const Run& run, const Tensor& x) const;
  Tensor graph_body(const Run& run, const Tensor& x, const Tensor& edges) const;
  Tensor with_cls(const Run& run, const Tensor& x) const;
  Tensor read_one(const Run& run, const Tensor& h) const;

  SequenceSizes sizes_;
  std::vector<std::pair<std::string, Tensor>> all_;
  Tensor embedding_, input_w_, input_b_, position_, output_w_, output_b_;
  Tensor cls_, query_;                          // (1,d), (1,d')
  std::vector<ConvolutionParameters> layers_;   // of fc, window, cnn, tcn
  std::vector<RecurrentParameters> recurrent_;  // one, or one per direction
  std::vector<EncoderLayer> encoder_;
  std::vector<ConformerLayer> conformer_;
  std::vector<std::vector<GraphAttentionParameters>> graph_;  // by layer and head
  std::vector<Tensor> graph_b_;                               // by layer
};

/// The sizes with the width whose parameter count is nearest to `budget`. With ff 0 the inner width
/// follows: that of fc and window is twice the width; attention's is the width, because for these
/// tasks a wider head is worth more than a wider feed-forward net.
SequenceSizes with_budget(SequenceSizes sizes, std::size_t budget);

}  // namespace attn
