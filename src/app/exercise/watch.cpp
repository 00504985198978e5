#include "app/exercise/watch.h"

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <optional>

#include "app/exercise/report.h"
#include "app/frame/interrupt.h"
#include "app/frame/process.h"
#include "app/frame/terminal.h"
#include "attn/core/error.h"
#include "attn/io/file.h"
#include "attn/render/plain.h"
#include "attn/render/terminal.h"

namespace attn::app {

namespace {

/// What changes when a file is saved: also by an editor that writes a new one and renames it.
struct Version {
  ino_t file = 0;
  timespec time{};
  off_t size = 0;
  bool operator==(const Version& o) const {
    return file == o.file && time.tv_sec == o.time.tv_sec && time.tv_nsec == o.time.tv_nsec &&
           size == o.size;
  }
};

std::optional<Version> version_of(const std::string& path) {
  struct stat about {};
  if (stat(path.c_str(), &about) != 0) return {};  // between two steps of an editor
  return Version{about.st_ino, about.st_mtim, about.st_size};
}

void print(const std::string& text) { write_all(STDOUT_FILENO, text); }

void print_result(const CheckResult& result, const Common& common) {
  if (common.json) return print(result_document(result));
  Trace trace;
  show_result(trace, result);
  RenderOptions options = render_options(common, detect_terminal(common.color));
  options.quiet = options.quiet && has_matrices(trace);
  print((common.plain ? plain(trace, options) : terminal(trace, options)) + "\n");
}

}  // namespace

CheckResult watch_answer(Workshop& workshop, const Exercise& exercise, const std::string& path,
                         const Common& common) {
  CheckResult last;
  std::optional<Version> seen;
  try {
    for (;;) {
      const std::optional<Version> now = version_of(path);
      if (now && now != seen) {
        seen = now;
        if (!common.json) print("Compiling ...\n");
        const std::string answer = read_file(path, kLongestAnswer);
        last = check_answer(workshop, exercise, answer);
        print_result(last, common);
        if (!common.json) print(fmt::format("Watching {}; Ctrl-C ends it.\n", escaped(path, 200)));
      }
      if (workshop.stop() && workshop.stop()()) return last;
      usleep(100'000);
    }
  } catch (const Interrupted&) {
    if (last.exercise.empty()) throw;
    return last;
  }
}

}  // namespace attn::app
