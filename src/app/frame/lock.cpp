#include "app/frame/lock.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstring>
#include <thread>

#include "attn/core/error.h"
#include "attn/io/file.h"

namespace attn::app {

FileLock::FileLock(const std::string& path, const char* busy, double patience) {
  if (path.empty()) return;
  constexpr std::chrono::milliseconds kPause(10);
  const auto end = std::chrono::steady_clock::now() + std::chrono::duration<double>(patience);
  name_ = path + ".lock";
  for (;;) {
    file_ = open(name_.c_str(), O_CREAT | O_RDWR | O_CLOEXEC, 0644);
    if (file_ < 0) {
      throw Error(
          ErrorKind::io,
          fmt::format("{}: cannot be written: {}", escaped(path, 200), std::strerror(errno)),
          "choose a folder that exists and may be written");
    }
    if (flock(file_, LOCK_EX | LOCK_NB) != 0) {
      close(file_);
      file_ = -1;
      if (std::chrono::steady_clock::now() < end) {
        std::this_thread::sleep_for(kPause);
        continue;
      }
      throw Error(ErrorKind::io, fmt::format("{}: {}", escaped(path, 200), busy),
                  "wait for it, or choose another file");
    }
    // Between opening and locking, the owner before may have removed the file: then what is locked
    // here has no name, and somebody else could lock another file of this name.
    struct stat mine {
    }, named{};
    if (fstat(file_, &mine) == 0 && stat(name_.c_str(), &named) == 0 &&
        mine.st_ino == named.st_ino && mine.st_dev == named.st_dev) {
      remove_forgotten_temporaries(path);
      return;
    }
    close(file_);
  }
}

FileLock::~FileLock() {
  if (file_ < 0) return;
  unlink(name_.c_str());  // while it is still locked, so that the name is ours
  close(file_);
}

}  // namespace attn::app
