#include "attn/io/file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <charconv>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <memory>
#include <system_error>
#include <utility>

#include "attn/core/error.h"

namespace attn {
namespace {

constexpr std::size_t kShownPath = 400;

std::string reason(int error) { return std::generic_category().message(error); }

std::string folder_of(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

[[noreturn]] void fail_write(const std::string& path, int error) {
  std::string hint;
  if (error == ENOENT && folder_of(path) == ".") {
    hint = "the folder you are in was removed: go to another one with cd";
  } else if (error == ENOENT || error == ENOTDIR) {
    hint = "create the folder first: mkdir -p " + escaped(folder_of(path), kShownPath);
  } else if (error == EISDIR) {
    hint = "name a file inside that folder";
  } else if (error == ENOSPC || error == EDQUOT) {
    hint = "free some space, or name a file on another disk";
  } else if (error == EFBIG) {
    hint = "the limit of a file's size is reached: see ulimit -f";
  } else if (error == EACCES || error == EPERM || error == EROFS) {
    hint = "name a file in a folder that you may write to";
  } else if (error == ENXIO) {
    hint = "nobody is reading from that pipe: start the reader first";
  }
  throw Error(ErrorKind::io,
              fmt::format("cannot write {}: {}", escaped(path, kShownPath), reason(error)), hint);
}

/// An open file that closes itself.
class Descriptor {
 public:
  explicit Descriptor(int number) : number_(number) {}
  Descriptor(Descriptor&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() {
    if (number_ > STDERR_FILENO) ::close(number_);
  }
  int number() const { return number_; }
  /// 0 or errno: some systems report a failed write only here.
  int close() {
    const int result = ::close(number_);
    number_ = -1;
    return result == 0 || errno == EINTR ? 0 : errno;
  }

 private:
  int number_;
};

/// Waits until a descriptor that somebody made non-blocking is ready. True: try again.
bool try_again(int number, short event) {
  if (errno == EINTR) return true;
  if (errno != EAGAIN && errno != EWOULDBLOCK) return false;
  pollfd wanted{number, event, 0};
  return ::poll(&wanted, 1, -1) >= 0 || errno == EINTR;
}

/// 0 or errno.
int write_all(int number, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t n = ::write(number, bytes.data(), bytes.size());
    if (n < 0) {
      if (try_again(number, POLLOUT)) continue;
      return errno;
    }
    bytes.remove_prefix(static_cast<std::size_t>(n));
  }
  return 0;
}

[[noreturn]] void fail_size(const std::string& path, std::size_t limit) {
  throw Error(ErrorKind::limit,
              fmt::format("{} is larger than {} bytes", escaped(path, kShownPath), limit),
              "is it the right file? nothing of it was read");
}

std::string read_all(int number, const std::string& path, std::size_t expected, std::size_t limit) {
  // One byte more than expected, so that the end of the file shows without growing.
  std::string bytes(std::min(expected, limit) + 1, '\0');
  std::size_t have = 0;
  for (;;) {
    const ssize_t n = ::read(number, bytes.data() + have, bytes.size() - have);
    if (n < 0) {
      if (try_again(number, POLLIN)) continue;
      throw Error(ErrorKind::io,
                  fmt::format("cannot read {}: {}", escaped(path, kShownPath), reason(errno)));
    }
    if (n == 0) break;
    have += static_cast<std::size_t>(n);
    if (have > limit) fail_size(path, limit);
    if (have == bytes.size())
      bytes.resize(std::min(std::max<std::size_t>(2 * have, 65536), limit + 1));
  }
  bytes.resize(have);
  return bytes;
}

std::string kind_of(mode_t mode) {
  if (S_ISDIR(mode)) return "a folder";
  if (S_ISFIFO(mode)) return "a pipe";
  if (S_ISSOCK(mode)) return "a socket";
  return "a device";
}

/// The kind of file as stat tells it, or 0 where there is none.
mode_t mode_of(const std::string& path) {
  if (path.find('\0') != std::string::npos)
    throw Error(ErrorKind::io, fmt::format("\"{}\" is no file name", escaped(path, kShownPath)));
  struct stat status {};
  if (::stat(path.c_str(), &status) == 0) return status.st_mode;
  if (errno == ENOENT || errno == ENOTDIR) return 0;
  const int error = errno;
  throw Error(ErrorKind::io,
              fmt::format("cannot look at {}: {}", escaped(path, kShownPath), reason(error)),
              error == EACCES ? "name a file in a folder that you may read" : "check the name");
}

/// The file opened for reading, and its size. Throws unless it is a regular file.
Descriptor open_regular(const std::string& path, std::size_t& size) {
  // A file name from outside may hold a NUL, which the system would take for its end.
  if (path.empty() || path.find('\0') != std::string::npos) {
    throw Error(ErrorKind::io, fmt::format("\"{}\" is no file name", escaped(path, kShownPath)));
  }
  // Non-blocking: a pipe without a writer must not stop the program before it is refused.
  Descriptor file(::open(path.c_str(), O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC));
  struct stat status {};
  if (file.number() < 0 || ::fstat(file.number(), &status) != 0) {
    const int error = errno;
    throw Error(
        ErrorKind::io, fmt::format("cannot open {}: {}", escaped(path, kShownPath), reason(error)),
        error == ENOENT ? "check the name; file names are relative to the current folder" : "");
  }
  if (!S_ISREG(status.st_mode)) {
    throw Error(ErrorKind::bad_input,
                fmt::format("{} is {}, expected a regular file", escaped(path, kShownPath),
                            kind_of(status.st_mode)),
                S_ISDIR(status.st_mode)
                    ? "name a file inside that folder"
                    : "copy its content to a file first, or use - for standard input");
  }
  size = static_cast<std::size_t>(status.st_size);
  return file;
}

/// The number N of an already open file that /dev/stdout, /dev/stderr or /dev/fd/N names, or -1.
/// Opening such a name afresh would begin at the start of a file that others are writing to.
int open_number(const std::string& path) {
  if (path == "/dev/stdout") return STDOUT_FILENO;
  if (path == "/dev/stderr") return STDERR_FILENO;
  for (const std::string prefix : {"/dev/fd/", "/proc/self/fd/"}) {
    if (path.compare(0, prefix.size(), prefix) != 0) continue;
    int number = -1;
    const char* end = path.data() + path.size();
    const std::from_chars_result read = std::from_chars(path.data() + prefix.size(), end, number);
    if (read.ec == std::errc{} && read.ptr == end && number >= 0) return number;
  }
  return -1;
}

void write_directly(const std::string& path, std::string_view bytes) {
  const int open_already = open_number(path);
  // Non-blocking only for opening: a pipe without a reader is an error, not a hang.
  const int number = open_already >= 0
                         ? ::fcntl(open_already, F_DUPFD_CLOEXEC, STDERR_FILENO + 1)
                         : ::open(path.c_str(), O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
  if (number < 0) fail_write(path, errno);
  Descriptor file(number);
  if (open_already < 0) ::fcntl(number, F_SETFL, 0);
  if (const int error = write_all(number, bytes)) fail_write(path, error);
  if (const int error = file.close()) fail_write(path, error);
}

/// A name in `folder` that nobody else uses: process and running number.
std::string temporary_name(const std::string& folder) {
  static std::atomic<unsigned> counter{0};
  return fmt::format("{}/.attn-{}-{}.tmp", folder, ::getpid(), counter++);
}

/// A file that disappears unless it was renamed.
struct Temporary {
  std::string path;
  bool exists = false;
  ~Temporary() {
    if (exists) ::unlink(path.c_str());
  }
};

/// `path` becomes path.bak as well; neither name is missing at any moment.
void keep_backup(const std::string& path, const std::string& shown) {
  const std::string backup = path + ".bak";
  Temporary link{temporary_name(folder_of(path))};
  if (::link(path.c_str(), link.path.c_str()) == 0) {
    // Stays marked as existing: renaming one of two names of the same file does nothing.
    link.exists = true;
    if (::rename(link.path.c_str(), backup.c_str()) != 0) fail_write(shown + ".bak", errno);
  } else if (::rename(path.c_str(), backup.c_str()) != 0) {  // a disk without hard links
    fail_write(shown + ".bak", errno);
  }
}

void write_atomically(const std::string& path, const std::string& shown, std::string_view bytes,
                      const struct stat* old, Keep keep) {
  const std::string folder = folder_of(path);
  Temporary temporary;
  int number = -1;
  for (int attempt = 0; number < 0 && attempt < 100; ++attempt) {
    temporary.path = temporary_name(folder);
    number = ::open(temporary.path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (number < 0 && errno != EEXIST) break;
  }
  if (number < 0) fail_write(shown, errno);
  temporary.exists = true;
  Descriptor file(number);
  if (old && ::fchmod(number, old->st_mode & 0777) != 0) fail_write(shown, errno);
  if (const int error = write_all(number, bytes)) fail_write(shown, error);
  if (::fsync(number) != 0) fail_write(shown, errno);
  if (const int error = file.close()) fail_write(shown, error);
  if (old && keep == Keep::backup) keep_backup(path, shown);
  if (::rename(temporary.path.c_str(), path.c_str()) != 0) fail_write(shown, errno);
  temporary.exists = false;
  // A folder that cannot be opened for reading, or whose disk cannot flush folders, is no failure:
  // the file is complete either way.
  const Descriptor directory(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (directory.number() >= 0 && ::fsync(directory.number()) != 0 && errno == EIO) {
    fail_write(shown, errno);
  }
}

}  // namespace

bool file_exists(const std::string& path) { return mode_of(path) != 0; }

bool is_folder(const std::string& path) { return S_ISDIR(mode_of(path)); }

std::string read_file(const std::string& path, std::size_t limit) {
  // limit + 1 bytes must be countable, and nothing of that size could be held anyway.
  limit = std::min(limit, std::size_t{1} << 62);
  if (path == "-") return read_all(STDIN_FILENO, "standard input", 65535, limit);
  std::size_t size = 0;
  const Descriptor file = open_regular(path, size);
  if (size > limit) fail_size(path, limit);
  return read_all(file.number(), path, size, limit);
}

MappedFile::MappedFile(const std::string& path) {
  std::size_t size = 0;
  const Descriptor file = open_regular(path, size);
  if (size == 0) return;  // nothing can be mapped, and nothing need be
  void* data = ::mmap(nullptr, size, PROT_READ, MAP_PRIVATE, file.number(), 0);
  if (data == MAP_FAILED) {
    throw Error(errno == ENOMEM ? ErrorKind::limit : ErrorKind::io,
                fmt::format("cannot map {}: {}", escaped(path, kShownPath), reason(errno)));
  }
  bytes_ = {static_cast<const char*>(data), size};
}

MappedFile::~MappedFile() {
  if (!bytes_.empty()) ::munmap(const_cast<char*>(bytes_.data()), bytes_.size());
}

void MappedFile::done_with(std::string_view part) const {
  // Whole pages only: at the ends may stand what others still need.
  const auto page = static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
  const std::string_view all = bytes();
  const auto begin = static_cast<std::size_t>(part.data() - all.data());
  const std::size_t first = (begin + page - 1) / page * page,
                    end = (begin + part.size()) / page * page;
  if (first < end) ::madvise(const_cast<char*>(all.data()) + first, end - first, MADV_DONTNEED);
}

void write_file(const std::string& path, std::string_view bytes, Keep keep) {
  if (path.empty() || path.find('\0') != std::string::npos) {
    throw Error(ErrorKind::io, fmt::format("\"{}\" is no file name", escaped(path, kShownPath)));
  }
  if (open_number(path) >= 0) return write_directly(path, bytes);
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0) {
    if (errno != ENOENT) fail_write(path, errno);
    if (path.back() == '/') fail_write(path, ENOENT);
    return write_atomically(path, path, bytes, nullptr, keep);
  }
  if (S_ISDIR(status.st_mode)) fail_write(path, EISDIR);
  if (!S_ISREG(status.st_mode)) return write_directly(path, bytes);
  // Renaming would replace a file that was made read-only on purpose.
  if (::access(path.c_str(), W_OK) != 0) fail_write(path, errno);
  // Behind a symbolic link the file itself is replaced, not the link.
  const std::unique_ptr<char, decltype(&std::free)> real_path(::realpath(path.c_str(), nullptr),
                                                              &std::free);
  if (!real_path) fail_write(path, errno);
  write_atomically(real_path.get(), path, bytes, &status, keep);
}

void remove_forgotten_temporaries(const std::string& path) {
  constexpr std::time_t kOld = 3600;  // on a shared disk its process may be on another machine
  std::error_code problem;
  const std::string folder = folder_of(path);
  for (std::filesystem::directory_iterator at(folder, problem), end; !problem && at != end;
       at.increment(problem)) {
    const std::string name = at->path().filename().string();
    int process = 0, number = 0, length = 0;
    if (std::sscanf(name.c_str(), ".attn-%d-%d.tmp%n", &process, &number, &length) != 2 ||
        length != static_cast<int>(name.size()))
      continue;
    struct stat about {};
    if (::lstat(at->path().c_str(), &about) == 0 && S_ISREG(about.st_mode) &&
        about.st_uid == ::geteuid() && about.st_mtime + kOld < std::time(nullptr) &&
        ::kill(process, 0) != 0 && errno == ESRCH)
      ::unlink(at->path().c_str());
  }
}

}  // namespace attn
