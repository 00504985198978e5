#include "app/stages/mask_option.h"

#include "attn/core/error.h"
#include "attn/io/csv.h"
#include "attn/nn/mask.h"

namespace attn::app {

void bind_mask(Cli& cli, std::string& mask) {
  cli.choice("--mask", mask, {"none", "causal"}, "who may look at whom",
             {"local:R", "padding:N", "graph:FILE"});
}

Tensor make_mask(const Stage& s, const std::string& mask, std::size_t n) {
  if (s.own_mask() && !s.common.is_given("--mask")) return s.own_mask();
  const std::size_t colon = mask.find(':');
  const std::string kind = mask.substr(0, colon),
                    rest = colon == std::string::npos ? "" : mask.substr(colon + 1);
  if (kind == "none") return {};
  Array values;
  if (kind == "causal") values = causal_mask(n);
  if (kind == "local") {
    values = local_mask(
        n, static_cast<std::size_t>(parse_integer("--mask local:R: R", rest, 0, 1'000'000)));
  }
  if (kind == "padding") {
    values = padding_mask(
        n, static_cast<std::size_t>(parse_integer("--mask padding:N: N", rest, 0, 1'000'000)));
  }
  if (kind == "graph") values = graph_mask(n, read_csv(rest));
  return Tensor::input(std::move(values));
}

}  // namespace attn::app
