#include "app/frame/heads.h"

#include <fmt/format.h>

#include "app/frame/stage.h"
#include "attn/core/error.h"
#include "attn/core/how_many.h"
#include "attn/nn/attention.h"

namespace attn::app {

void require_heads_divide_dim(std::size_t dim, std::size_t heads) {
  if (dim % heads == 0) return;
  throw Error(ErrorKind::usage,
              fmt::format("--dim {} cannot be divided among --heads {}", dim, heads),
              fmt::format("with --dim {}, --heads may be {}; or use --dim {}", dim,
                          possible_heads(dim), (dim / heads + 1) * heads));
}

std::size_t heads_for(const Stage& s, std::size_t dim, std::int64_t heads) {
  const auto asked = static_cast<std::size_t>(heads);
  if (dim % asked != 0 && !s.common.is_given("--heads") && !is_text(s.source())) return 1;
  if (dim % asked != 0 && !is_text(s.source())) {
    throw Error(
        ErrorKind::usage,
        fmt::format("{} cannot be divided among --heads {}", how_many(dim, "column"), heads),
        fmt::format("X is {} with a width of {}: --heads may be {}", s.source().name, dim,
                    possible_heads(dim)));
  }
  require_heads_divide_dim(dim, asked);
  return asked;
}

}  // namespace attn::app
