#include <fmt/format.h>

#include "app/frame/command.h"
#include "app/stages/mask_option.h"
#include "attn/core/error.h"
#include "attn/nn/attention.h"
#include "attn/ops/ops.h"

namespace attn::app {

namespace {

struct AttendOptions {
  std::string mask = "none";
};

void bind(Cli& cli, AttendOptions& o) { bind_mask(cli, o.mask); }

void attend(Stage& s, const AttendOptions& o) {
  s.trace.title = "One head of self-attention, the whole way";
  const Tensor x = s.x();
  const std::size_t n = x.shape()[0], d = x.shape()[1];
  s.require_memory(sizeof(real) * (4.0 * double(n) * double(n) + 8.0 * double(n) * double(d)),
                   fmt::format("attention over {} tokens", n));
  const AttentionParameters p{
      s.parameter("w_q", {d, d}), s.parameter("w_k", {d, d}), s.parameter("w_v", {d, d}), {}};
  const Tensor mask = make_mask(s, o.mask, n);
  s.trace.restart_clock();
  attention(s.run, x, p, mask);
  s.say_if_not_finite({"scores"});
}

}  // namespace

Command attend_command() {
  return {.name = "attend",
          .kind = CommandKind::stage,
          .summary = "one head of self-attention, the whole way",
          .example = "attend 'the animal was tired'",
          .setup = with_options<AttendOptions>(bind, attend)};
}

}  // namespace attn::app
