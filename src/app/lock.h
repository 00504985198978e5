#pragma once
#include <string>

namespace attn::app {

/// Keeps a second process away from a file that this one writes: an flock on "FILE.lock", held
/// until the end of the scope. Does nothing for "". Throws Error(io) if another process holds it.
class FileLock {
 public:
  explicit FileLock(const std::string& path);
  ~FileLock();
  FileLock(const FileLock&) = delete;

 private:
  int file_ = -1;
  std::string name_;
};

}  // namespace attn::app
