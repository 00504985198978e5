#include "app/frame/paged.h"

#include <fmt/format.h>

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <cstdlib>

#include "app/frame/pager.h"

namespace attn::app {

namespace {

/// Ctrl-C belongs to the pager while one runs.
class InterruptForPager {
 public:
  InterruptForPager() {
    struct sigaction action = {};
    action.sa_handler = [](int) {};  // not SIG_IGN, which the pager would inherit
    sigemptyset(&action.sa_mask);
    action.sa_flags = SA_RESTART;
    sigaction(SIGINT, &action, &before_);
  }
  InterruptForPager(const InterruptForPager&) = delete;
  ~InterruptForPager() { sigaction(SIGINT, &before_, nullptr); }

 private:
  struct sigaction before_ = {};
};

/// False if there is no such program.
bool through(const char* pager, const std::string& text) {
  const InterruptForPager for_pager;
  setenv("LESS", "FRX", 0);  // colours as they are, and no screen of its own
  std::FILE* pipe = popen(pager, "w");
  if (!pipe) return false;
  std::fwrite(text.data(), 1, text.size(), pipe);  // a reader may leave before the end
  const int status = pclose(pipe);
  return !(WIFEXITED(status) && (WEXITSTATUS(status) == 127 || WEXITSTATUS(status) == 126));
}

}  // namespace

bool needs_pages(const Console& console, const std::string& text) {
  if (!console.answers() || console.rows() == 0) return false;
  return lines_in_window(text, console.options().width) + 1 > console.rows();
}

void show_in_pages(Console& console, const std::string& text) {
  const char* pager = std::getenv("PAGER");
  if (pager && *pager && through(pager, text)) return;
  Pager own(console);
  [[maybe_unused]] const bool to_the_end = own.write(text);
}

std::size_t room_for_summary(const Console& console) {
  constexpr std::size_t kQuestion = 62;  // columns of what offer_whole asks
  const std::size_t width = std::max<std::size_t>(console.options().width, 1);
  const std::size_t taken = 2 + (kQuestion + width - 1) / width;  // the command line, an empty line
  return console.rows() - std::min(console.rows(), taken);
}

void offer_whole(Console& console, const std::string& whole) {
  console.write(fmt::format("\n-- Enter: everything, page by page ({} lines); q: the end -- ",
                            lines_in_window(whole, console.options().width)));
  const auto line = console.read_line();
  if (line && line->empty()) {
    show_in_pages(console, whole);
  } else if (!line) {
    console.write("\n");
  }
}

}  // namespace attn::app
