// version

#include "app/frame/command.h"

namespace attn::app {

namespace {

void version(Stage& s) { s.trace.add(Verbatim{"attn " ATTN_VERSION "\n"}); }

}  // namespace

Command version_command() {
  return {.name = "version",
          .kind = CommandKind::about,
          .summary = "the version",
          .example = "version",
          .setup = without_options(version)};
}

}  // namespace attn::app
