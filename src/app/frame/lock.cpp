#include "app/frame/lock.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstring>
#include <ctime>
#include <filesystem>
#include <string_view>
#include <thread>

#include "attn/core/error.h"
#include "attn/io/file.h"

namespace attn::app {

namespace {

/// A lock says whose it is, so that no other program's file is taken for a forgotten one.
constexpr std::string_view kOwner = "attn holds this lock\n";

/// True if what is open here still has this name.
bool is_named(int file, const std::string& name) {
  struct stat mine {
  }, named{};
  return fstat(file, &mine) == 0 && stat(name.c_str(), &named) == 0 &&
         mine.st_ino == named.st_ino && mine.st_dev == named.st_dev;
}

/// Not over what somebody else wrote; on a full disk, it is a lock all the same.
void sign(int file) {
  struct stat about {};
  if (fstat(file, &about) == 0 && S_ISREG(about.st_mode) && about.st_size == 0)
    static_cast<void>(write(file, kOwner.data(), kOwner.size()) < 0);
}

/// Removes the lock while it is ours, if it is one of attn's, old, and held by nobody.
void remove_forgotten_lock(const std::string& name) {
  constexpr std::time_t kOld = 3600;  // on a shared disk its process may be on another machine
  struct stat about {};
  if (lstat(name.c_str(), &about) != 0 || !S_ISREG(about.st_mode) || about.st_uid != geteuid() ||
      about.st_mtime + kOld > std::time(nullptr) ||
      about.st_size != static_cast<off_t>(kOwner.size()))
    return;
  const int file = open(name.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
  if (file < 0) return;
  std::string text(kOwner.size(), '\0');
  if (flock(file, LOCK_EX | LOCK_NB) == 0 && is_named(file, name) &&
      read(file, text.data(), text.size()) == static_cast<ssize_t>(text.size()) && text == kOwner)
    unlink(name.c_str());
  close(file);
}

void remove_forgotten_locks(const std::string& path) {
  std::error_code problem;
  const std::filesystem::path folder = std::filesystem::path(path).parent_path();
  for (std::filesystem::directory_iterator at(folder.empty() ? "." : folder, problem), end;
       !problem && at != end; at.increment(problem)) {
    if (at->path().extension() == ".lock") remove_forgotten_lock(at->path().string());
  }
}

}  // namespace

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
    if (is_named(file_, name_)) {
      sign(file_);
      remove_forgotten_temporaries(path);
      remove_forgotten_locks(path);
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
