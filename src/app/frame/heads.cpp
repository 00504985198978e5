#include "app/frame/heads.h"

#include <fmt/format.h>

#include "attn/core/error.h"
#include "attn/nn/attention.h"

namespace attn::app {

void require_heads_divide_dim(std::size_t dim, std::size_t heads) {
  if (dim % heads == 0) return;
  throw Error(ErrorKind::usage,
              fmt::format("--dim {} cannot be divided among --heads {}", dim, heads),
              fmt::format("with --dim {}, --heads may be {}; or use --dim {}", dim,
                          possible_heads(dim), (dim / heads + 1) * heads));
}

}  // namespace attn::app
