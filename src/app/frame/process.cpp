#include "app/frame/process.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <malloc.h>
#include <poll.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>

#include "attn/core/error.h"

namespace attn::app {

namespace {

/// OpenBLAS takes buffers of 128 MB of addresses, and tries again for ever when it gets none: at
/// its start for every processor, for the first product, and for every thread more.
constexpr rlim_t kAddressesAtStart = rlim_t{400} << 20, kAddressesPerThread = rlim_t{270} << 20;

/// The limit of `ulimit -v`.
rlim_t address_space() {
  rlimit limit{};
  return getrlimit(RLIMIT_AS, &limit) == 0 ? limit.rlim_cur : RLIM_INFINITY;
}

char** argument_words = nullptr;  // as main got them

/// Under a limit of the address space: a buffer for one thread; --threads asks for more. OpenBLAS
/// reads the variable while it is loaded, so the program begins again with it.
void within_address_space(int, char** arguments, char** environment) {
  if (address_space() == RLIM_INFINITY) return;
  if (address_space() < kAddressesAtStart) {
    static constexpr char kMessage[] =
        "attn: 400 MB of address space are needed, ulimit -v allows less\nhint: ulimit -v "
        "1000000\n";
    [[maybe_unused]] const ssize_t written = write(STDERR_FILENO, kMessage, sizeof kMessage - 1);
    _exit(static_cast<int>(ErrorKind::limit));
  }
  static char one_thread[] = "OMP_NUM_THREADS=1";
  static char* more[4096] = {one_thread};
  std::size_t count = 1;
  for (; *environment; ++environment) {
    if (std::strcmp(*environment, one_thread) == 0) return;  // the second time
    if (std::strncmp(*environment, one_thread, 16) == 0) continue;
    if (count == std::size(more) - 1) return;
    more[count++] = *environment;
  }
  execve("/proc/self/exe", arguments, more);
}

__attribute__((section(".preinit_array"),
               used)) void (*const kBeforeLibraries)(int, char**, char**) = within_address_space;

/// Without this, the first file opened would take the place of a closed standard output, and what
/// is printed would go into it. The wrong direction keeps "closed" an error.
void keep_standard_files() {
  for (const int file : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
    if (fcntl(file, F_GETFD) != -1 || errno != EBADF) continue;
    if (open("/dev/null", file == STDIN_FILENO ? O_WRONLY : O_RDONLY) != file)
      _exit(static_cast<int>(ErrorKind::io));
  }
}

}  // namespace

void check_threads(std::int64_t threads) {
  const rlim_t needed = kAddressesAtStart + kAddressesPerThread * static_cast<rlim_t>(threads - 1);
  if (address_space() == RLIM_INFINITY || needed <= address_space()) return;
  throw Error(ErrorKind::limit,
              fmt::format("--threads {} needs about {} MB of address space; ulimit -v allows {} MB",
                          threads, needed >> 20, address_space() >> 20),
              "choose fewer threads, or a larger limit");
}

/// Threads of OpenMP that wait for work look for it about 3 milliseconds before they sleep, and on
/// a busy machine take the processor from the threads that have some: a training step on two
/// threads took 440 ms in place of 36. libgomp learns of a shorter wait (some microseconds) only
/// from the environment, and only while it is loaded; what is set before main, even in
/// .preinit_array, libc's own start undoes. Therefore the program begins again with the variable
/// set. Who sets one of these variables keeps the choice; if starting again fails, all goes on as
/// it is.
void wait_briefly() {
  if (std::getenv("OMP_WAIT_POLICY") || std::getenv("GOMP_SPINCOUNT")) return;
  setenv("GOMP_SPINCOUNT", "1000", 1);
  execv("/proc/self/exe", argument_words);
}

void prepare_process(char** arguments) {
  keep_standard_files();
  argument_words = arguments;
  std::signal(SIGPIPE, SIG_IGN);
  std::signal(SIGXFSZ, SIG_IGN);  // beyond `ulimit -f` a write fails and is reported
  // Memory of one training step serves the next one. By default every large array is fetched from
  // the system page by page, and given back, each time: 150 page faults per step of a small
  // transformer, and half of the time of one attention over 4096 positions.
  mallopt(M_MMAP_MAX, 0);
  mallopt(M_TRIM_THRESHOLD, 1 << 30);
  mallopt(M_TOP_PAD, 16 << 20);
}

void write_all(int file, std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = write(file, text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0 &&
        (errno == EAGAIN || errno == EWOULDBLOCK)) {  // somebody made it non-blocking
      pollfd wanted{file, POLLOUT, 0};
      poll(&wanted, 1, -1);
      continue;
    }
    if (written < 0 && errno == EPIPE) return;
    if (written < 0)
      throw Error(ErrorKind::io,
                  fmt::format("cannot write to standard output: {}", std::strerror(errno)));
    text.remove_prefix(static_cast<std::size_t>(written));
  }
}

}  // namespace attn::app
