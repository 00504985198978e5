#include "attn/nn/bert.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "attn/core/error.h"
#include "attn/graph/trace.h"
#include "attn/nn/attention.h"
#include "attn/ops/ops.h"

namespace attn {

void check_sizes(const BertSizes& z) {
  for (const std::size_t size : {z.vocabulary, z.width, z.heads, z.ff, z.positions, z.segments}) {
    if (size == 0)
      throw Error(ErrorKind::usage, "a BERT with a size of 0",
                  "every size but the number of layers is at least 1");
  }
  require_heads_divide(z.width, z.heads);
  if (z.nsp && !z.pooler)
    throw Error(ErrorKind::usage, "a head for next sentences without a pooler",
                "it reads the pooled [CLS]");
}

NamedShapes bert_shapes(const BertSizes& z) {
  const std::size_t d = z.width;
  NamedShapes out = {{"token_embedding", {z.vocabulary, d}},
                     {"segment_embedding", {z.segments, d}},
                     {"position_embedding", {z.positions, d}},
                     {"norm.gain", {d}},
                     {"norm.bias", {d}}};
  const NamedShapes block = encoder_layer_shapes({d, z.heads, z.ff});
  for (std::size_t l = 0; l < z.layers; ++l) {
    for (const auto& [name, shape] : block)
      out.emplace_back(fmt::format("layer.{}.{}", l, name), shape);
  }
  const auto add = [&](bool there, const NamedShapes& more) {
    if (there) out.insert(out.end(), more.begin(), more.end());
  };
  add(z.pooler, {{"pooler.w", {d, d}}, {"pooler.b", {d}}});
  add(z.mlm, {{"mlm.transform.w", {d, d}},
              {"mlm.transform.b", {d}},
              {"mlm.norm.gain", {d}},
              {"mlm.norm.bias", {d}},
              {"mlm.bias", {z.vocabulary}}});
  add(z.nsp, {{"nsp.w", {d, 2}}, {"nsp.b", {2}}});
  return out;
}

BertInput bert_input(const PieceVocabulary& vocabulary, const std::vector<std::size_t>& a,
                     const std::vector<std::size_t>& b) {
  BertInput input;
  input.ids = {vocabulary.cls()};
  input.ids.insert(input.ids.end(), a.begin(), a.end());
  input.ids.push_back(vocabulary.sep());
  input.segments.assign(input.ids.size(), 0);
  if (b.empty()) return input;
  input.ids.insert(input.ids.end(), b.begin(), b.end());
  input.ids.push_back(vocabulary.sep());
  input.segments.resize(input.ids.size(), 1);
  return input;
}

Bert::Bert(const BertSizes& z, Parameters& from) : sizes_(z) {
  check_sizes(z);
  const std::size_t d = z.width;
  // The matrices of the blocks begin with a standard deviation of 0.02, as the authors' code has
  // them. Embeddings and heads begin at 1/sqrt(d), which is near 0.02 for their widths: at 0.02 the
  // words of a small model fall onto one another before it learns what tells them apart, because
  // the tied decoder pulls all of them towards the mean output.
  constexpr double kBlock = 0.02;
  const double kTable = 1 / std::sqrt(static_cast<double>(d));
  const auto keep = [&](const std::string& path, const Tensor& p) {
    all_.emplace_back(path, p);
    return p;
  };
  const auto table = [&](const char* path, std::size_t rows) {
    return keep(path, from.get(path, {rows, d}, kTable));
  };
  const auto matrix = [&](const char* path, std::size_t columns) {
    return keep(path, from.get(path, {d, columns}, kTable));
  };
  const auto row = [&](const char* path, std::size_t columns) {
    return keep(path, from.get_or(path, zeros({columns})));
  };
  const auto norm_of = [&](const std::string& path) {
    const NormParameters p = norm_parameters(from, path, d);
    keep(path + "gain", p.gain);
    keep(path + "bias", p.bias);
    return p;
  };
  token_embedding_ = table("token_embedding", z.vocabulary);
  segment_embedding_ = table("segment_embedding", z.segments);
  position_embedding_ = table("position_embedding", z.positions);
  embedding_norm_ = norm_of("norm.");
  for (std::size_t l = 0; l < z.layers; ++l) {
    for (const auto& [name, shape] : encoder_layer_shapes({d, z.heads, z.ff})) {
      if (shape.size() == 2) from.get(fmt::format("layer.{}.{}", l, name), shape, kBlock);
    }
    layers_.push_back(encoder_layer(from, l, {d, z.heads, z.ff}));
    list_parameters(all_, fmt::format("layer.{}.", l), layers_.back());
  }
  if (z.pooler) {
    pooler_w_ = matrix("pooler.w", d);
    pooler_b_ = row("pooler.b", d);
  }
  if (z.mlm) {
    transform_w_ = matrix("mlm.transform.w", d);
    transform_b_ = row("mlm.transform.b", d);
    mlm_norm_ = norm_of("mlm.norm.");
    mlm_bias_ = row("mlm.bias", z.vocabulary);
  }
  if (z.nsp) {
    nsp_w_ = matrix("nsp.w", 2);
    nsp_b_ = row("nsp.b", 2);
  }
}

std::size_t Bert::parameter_count() const {
  std::size_t n = 0;
  for (const auto& [path, tensor] : all_) n += tensor.value().size();
  return n;
}

Tensor Bert::embed(const Run& run, const Tensor& ids, const Tensor& segments) const {
  const std::size_t n = ids.shape().back();
  if (n > sizes_.positions) {
    throw Error(ErrorKind::usage,
                fmt::format("{} tokens, but the model knows {} positions", n, sizes_.positions),
                "a learned position exists only for places seen in training: use less text");
  }
  const real segment = *std::max_element(segments.value().begin(), segments.value().end());
  if (segment >= real(sizes_.segments)) {
    throw Error(ErrorKind::usage,
                fmt::format("segment {}, but the model knows only {}", segment, sizes_.segments),
                "a model of one segment reads one text");
  }
  note(run, "token_embedding", "E: one row per word of the vocabulary", {"word", "d"},
       token_embedding_);
  note(run, "segment_embedding", "one row for sentence A, one for sentence B", {"segment", "d"},
       segment_embedding_);
  note(run, "position_embedding", "P: one learned row per place", {"position", "d"},
       position_embedding_);
  const Tensor tokens = attn::embed(run, token_embedding_, ids);  // (...,n,d)
  note(run, "tokens", "token_embedding[ids]", {"token", "d"}, tokens);
  const Tensor of_segment = attn::embed(run, segment_embedding_, segments);  // (...,n,d)
  note(run, "segments", "segment_embedding[segment_ids]", {"token", "d"}, of_segment);
  const Tensor places = slice_rows(run, position_embedding_, 0, n);  // (n,d)
  note(run, "positions", "position_embedding[0 .. n-1]", {"token", "d"}, places);
  const Tensor sum = add(run, add(run, tokens, of_segment), places);  // (...,n,d)
  note(run, "sum", "tokens + segments + positions", {"token", "d"}, sum);
  note(run, "norm.gain", "gain", {"d"}, embedding_norm_.gain);
  note(run, "norm.bias", "bias", {"d"}, embedding_norm_.bias);
  const Tensor x =
      layer_norm(run, sum, embedding_norm_.gain, embedding_norm_.bias, sizes_.eps);  // (...,n,d)
  note(run, "x", "X = gain (sum - mean) / deviation + bias", {"token", "d"}, x);
  return dropout(run, x, sizes_.dropout);
}

Tensor Bert::encode(const Run& run, const Tensor& x, const Tensor& mask) const {
  const BlockOptions options{.heads = sizes_.heads,
                             .dropout = sizes_.dropout,
                             .activation = sizes_.activation,
                             .eps = sizes_.eps};
  Tensor h = x;
  for (std::size_t l = 0; l < layers_.size(); ++l)
    h = attn::encode(run, h, layers_[l], l, options, mask);
  note(run, "output", "what the last block gives", {"token", "d"}, h);
  return h;  // (...,n,d)
}

Tensor Bert::pooled(const Run& run, const Tensor& hidden) const {
  if (!sizes_.pooler)
    throw Error(ErrorKind::bad_input, "this BERT has no pooler",
                "its checkpoint holds no pooler.dense: use one that does");
  note(run, "pooler.w", "W", {"d", "d'"}, pooler_w_);
  note(run, "pooler.b", "b", {"d'"}, pooler_b_);
  const Tensor first = slice_rows(run, hidden, 0, 1);  // (...,1,d)
  const Tensor linear_first = linear(run, first, pooler_w_, pooler_b_);
  Shape shape = hidden.shape();
  shape.erase(shape.end() - 2);
  const Tensor y = tanh(run, reshape(run, linear_first, shape));  // (...,d)
  note(run, "pooled", "tanh(output[CLS] W + b)", {"d'"}, y);
  return y;
}

Tensor Bert::mlm_logits(const Run& run, const Tensor& hidden) const {
  if (!sizes_.mlm)
    throw Error(ErrorKind::bad_input, "this BERT has no head for hidden words",
                "its checkpoint holds no cls.predictions: use one that does");
  const Scope scope(run, "mlm");
  note(run, "transform.w", "W", {"d", "d'"}, transform_w_);
  note(run, "transform.b", "b", {"d'"}, transform_b_);
  note(run, "norm.gain", "gain", {"d'"}, mlm_norm_.gain);
  note(run, "norm.bias", "bias", {"d'"}, mlm_norm_.bias);
  Tensor inner = linear(run, hidden, transform_w_, transform_b_);  // (...,d)
  const bool is_relu = sizes_.activation == Activation::relu;
  const Tensor bent = is_relu ? relu(run, std::move(inner)) : gelu(run, std::move(inner));
  const Tensor y = layer_norm(run, bent, mlm_norm_.gain, mlm_norm_.bias, sizes_.eps);  // (...,d)
  note(run, "transform", is_relu ? "norm(relu(h W + b))" : "norm(gelu(h W + b))", {"token", "d'"},
       y);
  note(run, "bias", "one number per word", {"word"}, mlm_bias_);
  const Tensor logits = add(run, matmul_nt(run, y, token_embedding_), mlm_bias_);  // (...,V)
  note(run, "logits", "transform E^T + bias, with the input's own E", {"token", "word"}, logits);
  return logits;
}

Tensor Bert::nsp_logits(const Run& run, const Tensor& pooled) const {
  if (!sizes_.nsp)
    throw Error(ErrorKind::bad_input, "this BERT has no head for next sentences",
                "its checkpoint holds no cls.seq_relationship: use one that does");
  const Scope scope(run, "nsp");
  note(run, "w", "W", {"d'", "answer"}, nsp_w_);
  note(run, "b", "b", {"answer"}, nsp_b_);
  Shape shape = pooled.shape();
  const bool one = shape.size() == 1;
  const Tensor rows = one ? reshape(run, pooled, {1, shape[0]}) : pooled;
  Tensor logits = linear(run, rows, nsp_w_, nsp_b_);  // (...,2)
  if (one) logits = reshape(run, logits, {2});
  note(run, "logits", "pooled W + b", {"answer"}, logits);
  return logits;
}

}  // namespace attn
