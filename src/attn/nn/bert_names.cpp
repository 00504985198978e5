#include "attn/nn/bert_names.h"

#include <fmt/format.h>

#include "attn/core/error.h"

namespace attn {

namespace {

struct Renamed {
  std::string published, own;
};

}  // namespace

std::string published_name(const std::string& own) {
  static const Renamed kWhole[] = {{"embeddings.word_embeddings.weight", "token_embedding"},
                                   {"embeddings.token_type_embeddings.weight", "segment_embedding"},
                                   {"embeddings.position_embeddings.weight", "position_embedding"},
                                   {"embeddings.LayerNorm.weight", "norm.gain"},
                                   {"embeddings.LayerNorm.bias", "norm.bias"},
                                   {"pooler.dense.weight", "pooler.w"},
                                   {"pooler.dense.bias", "pooler.b"},
                                   {"cls.predictions.transform.dense.weight", "mlm.transform.w"},
                                   {"cls.predictions.transform.dense.bias", "mlm.transform.b"},
                                   {"cls.predictions.transform.LayerNorm.weight", "mlm.norm.gain"},
                                   {"cls.predictions.transform.LayerNorm.bias", "mlm.norm.bias"},
                                   {"cls.predictions.bias", "mlm.bias"},
                                   {"cls.seq_relationship.weight", "nsp.w"},
                                   {"cls.seq_relationship.bias", "nsp.b"}};
  static const Renamed kInLayer[] = {{"attention.self.query.weight", "attention.w_q"},
                                     {"attention.self.query.bias", "attention.b_q"},
                                     {"attention.self.key.weight", "attention.w_k"},
                                     {"attention.self.key.bias", "attention.b_k"},
                                     {"attention.self.value.weight", "attention.w_v"},
                                     {"attention.self.value.bias", "attention.b_v"},
                                     {"attention.output.dense.weight", "attention.w_o"},
                                     {"attention.output.dense.bias", "attention.b_o"},
                                     {"attention.output.LayerNorm.weight", "norm1.gain"},
                                     {"attention.output.LayerNorm.bias", "norm1.bias"},
                                     {"intermediate.dense.weight", "ffn.w_1"},
                                     {"intermediate.dense.bias", "ffn.b_1"},
                                     {"output.dense.weight", "ffn.w_2"},
                                     {"output.dense.bias", "ffn.b_2"},
                                     {"output.LayerNorm.weight", "norm2.gain"},
                                     {"output.LayerNorm.bias", "norm2.bias"}};
  for (const Renamed& name : kWhole) {
    if (name.own == own) return name.published;
  }
  const std::size_t dot = own.find('.', 6);  // behind "layer.L"
  for (const Renamed& name : kInLayer) {
    if (own.substr(dot + 1) == name.own)
      return "encoder." + own.substr(0, dot + 1) + name.published;
  }
  throw Error(ErrorKind::internal, fmt::format("no published name for {}", own));
}

bool is_stored_transposed(const std::string& own, const Shape& shape) {
  return shape.size() == 2 && !own.ends_with("embedding");
}

Shape published_shape(const std::string& own, Shape shape) {
  if (is_stored_transposed(own, shape)) std::swap(shape[0], shape[1]);
  return shape;
}

std::string normal_name(std::string name) {
  if (name.starts_with("bert.")) name = name.substr(5);
  const auto replace_end = [&](std::string_view end, std::string_view by) {
    if (name.ends_with(end)) name.replace(name.size() - end.size(), end.size(), by);
  };
  replace_end("LayerNorm.gamma", "LayerNorm.weight");
  replace_end("LayerNorm.beta", "LayerNorm.bias");
  return name;
}

}  // namespace attn
