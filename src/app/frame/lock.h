#pragma once
#include <string>

namespace attn::app {

/// Keeps a second process away from a file that this one writes: an flock on "FILE.lock", held
/// until the end of the scope. Removes what killed processes left in the folder: temporary files,
/// and locks of attn that are an hour old and that nobody holds. Does nothing for "". Throws
/// Error(io), with the reason in `busy`, if another process holds it for `patience` seconds.
class FileLock {
 public:
  explicit FileLock(const std::string& path,
                    const char* busy = "another process is training into this file",
                    double patience = 0);
  ~FileLock();
  FileLock(const FileLock&) = delete;

 private:
  int file_ = -1;
  std::string name_;
};

}  // namespace attn::app
