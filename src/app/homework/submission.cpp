#include "app/homework/submission.h"

#include <dirent.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <memory>
#include <system_error>
#include <utility>

#include "app/homework/archive.h"
#include "attn/core/error.h"
#include "attn/io/file.h"

namespace attn::app::homework {

namespace {

std::string reason(int error) { return std::generic_category().message(error); }

const char* kind_of(mode_t mode) {
  if (S_ISLNK(mode)) return "a symbolic link, which is not followed";
  if (S_ISDIR(mode)) return "a folder";
  if (S_ISREG(mode)) return "a file";
  if (S_ISFIFO(mode)) return "a pipe";
  if (S_ISSOCK(mode)) return "a socket";
  return "a device";
}

/// Names come from programs and from folders' lists; neither may lead elsewhere.
bool is_plain(const std::string& name) {
  return !name.empty() && name != "." && name != ".." && name.find('/') == std::string::npos &&
         name.find('\0') == std::string::npos;
}

[[noreturn]] void refuse_size(const std::string& place, std::size_t size, std::size_t limit) {
  throw Error(ErrorKind::limit,
              fmt::format("{} has {} bytes, at most {} are read", place, size, limit),
              "an answer is a small table of numbers");
}

[[noreturn]] void refuse_kind(const std::string& place, mode_t mode, const char* hint) {
  throw Error(ErrorKind::bad_input, fmt::format("{} is {}", place, kind_of(mode)), hint);
}

constexpr const char* kWantsFolder = "a folder is expected there";
constexpr const char* kWantsFile = "hand in the file itself";

}  // namespace

SubmissionFolder::SubmissionFolder(const std::string& path) : shown_(escaped(path, 200)) {
  file_ = ::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (file_ < 0) {
    throw Error(ErrorKind::io, fmt::format("cannot open {}: {}", shown_, reason(errno)),
                "name the folder that `attn homework new` made, or a folder of such folders");
  }
}

SubmissionFolder::SubmissionFolder(SubmissionFolder&& other) noexcept
    : file_(std::exchange(other.file_, -1)),
      packed_(std::move(other.packed_)),
      allowance_(std::move(other.allowance_)),
      shown_(std::move(other.shown_)) {}

SubmissionFolder::~SubmissionFolder() {
  if (file_ >= 0) ::close(file_);
}

SubmissionFolder SubmissionFolder::of_archive(const std::string& bytes, std::string shown,
                                              std::shared_ptr<Allowance> outer) {
  SubmissionFolder out(-1, std::move(shown));
  out.allowance_ = std::make_shared<Allowance>(out.shown_, bytes.size(), std::move(outer));
  out.packed_ = std::make_shared<const Packed>(unpacked(bytes, out.shown_, *out.allowance_));
  return out;
}

SubmissionFolder SubmissionFolder::folder_or_archive(const std::string& path) {
  struct stat status {};
  if (!is_archive(path) || ::stat(path.c_str(), &status) != 0 || !S_ISREG(status.st_mode))
    return SubmissionFolder(path);
  return of_archive(read_file(path, kArchiveLimit), escaped(path, 200), nullptr);
}

std::optional<SubmissionFolder> SubmissionFolder::archive(const std::string& name) const {
  const auto bytes = read(name, packed_ ? kInnerArchiveLimit : kArchiveLimit);
  if (!bytes) return std::nullopt;
  return of_archive(*bytes, place(name), allowance_);
}

const Packed* SubmissionFolder::packed(const std::string& name) const {
  const auto found = packed_->inside.find(name);
  return found == packed_->inside.end() ? nullptr : &found->second;
}

std::optional<std::string> SubmissionFolder::read_packed(const std::string& name,
                                                         std::size_t limit) const {
  const Packed* found = packed(name);
  if (!found) return std::nullopt;
  if (!S_ISREG(found->mode)) refuse_kind(place(name), found->mode, kWantsFile);
  if (found->size > limit) refuse_size(place(name), found->size, limit);
  return found->bytes;
}

std::string SubmissionFolder::place(const std::string& name) const {
  return shown_ + "/" + escaped(name, 80);
}

std::optional<SubmissionFolder> SubmissionFolder::folder(const std::string& name) const {
  if (packed_) {
    const Packed* found = packed(name);
    if (!found) return std::nullopt;
    if (!S_ISDIR(found->mode)) refuse_kind(place(name), found->mode, kWantsFolder);
    SubmissionFolder inside(-1, place(name));
    inside.packed_ = std::shared_ptr<const Packed>(packed_, found);  // keeps the whole archive
    inside.allowance_ = allowance_;
    return inside;
  }
  struct stat status {};
  if (!is_plain(name) || ::fstatat(file_, name.c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0)
    return std::nullopt;
  if (!S_ISDIR(status.st_mode)) refuse_kind(place(name), status.st_mode, kWantsFolder);
  const int opened = ::openat(file_, name.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  if (opened < 0)
    throw Error(ErrorKind::io, fmt::format("cannot open {}: {}", place(name), reason(errno)));
  return SubmissionFolder(opened, place(name));
}

std::optional<std::string> SubmissionFolder::read(const std::string& name,
                                                  std::size_t limit) const {
  if (packed_) return read_packed(name, limit);
  struct stat status {};
  if (!is_plain(name)) return std::nullopt;
  if (::fstatat(file_, name.c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0) {
    if (errno == ENOENT) return std::nullopt;
    throw Error(ErrorKind::io, fmt::format("cannot look at {}: {}", place(name), reason(errno)));
  }
  if (!S_ISREG(status.st_mode)) refuse_kind(place(name), status.st_mode, kWantsFile);
  // It may have become something else since: neither follow, nor block, nor trust what was seen.
  const int file =
      ::openat(file_, name.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
  if (file < 0)
    throw Error(ErrorKind::io, fmt::format("cannot open {}: {}", place(name), reason(errno)));
  const SubmissionFolder closes(file, {});
  if (::fstat(file, &status) != 0 || !S_ISREG(status.st_mode))
    refuse_kind(place(name), status.st_mode, kWantsFile);
  if (static_cast<std::size_t>(status.st_size) > limit)
    refuse_size(place(name), static_cast<std::size_t>(status.st_size), limit);
  std::string bytes(static_cast<std::size_t>(status.st_size), '\0');
  std::size_t have = 0;
  while (have < bytes.size()) {
    const ssize_t n = ::read(file, bytes.data() + have, bytes.size() - have);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0)
      throw Error(ErrorKind::io, fmt::format("cannot read {}: {}", place(name), reason(errno)));
    if (n == 0) break;
    have += static_cast<std::size_t>(n);
  }
  bytes.resize(have);
  return bytes;
}

std::vector<std::string> SubmissionFolder::names() const {
  if (packed_) {
    std::vector<std::string> out;
    for (const auto& [name, unused] : packed_->inside) {
      if (name[0] != '.') out.push_back(name);
    }
    return out;
  }
  constexpr std::size_t kMost = 100'000;
  const int again = ::openat(file_, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  const std::unique_ptr<DIR, int (*)(DIR*)> list(again < 0 ? nullptr : ::fdopendir(again),
                                                 &::closedir);
  if (!list) {
    const int error = errno;
    if (again >= 0) ::close(again);
    throw Error(ErrorKind::io, fmt::format("cannot list {}: {}", shown_, reason(error)));
  }
  std::vector<std::string> out;
  while (const dirent* entry = ::readdir(list.get())) {
    if (entry->d_name[0] == '.') continue;
    out.emplace_back(entry->d_name);
    if (out.size() > kMost) {
      throw Error(ErrorKind::limit, fmt::format("{} holds more than {} names", shown_, kMost),
                  "grade a part at a time");
    }
  }
  std::sort(out.begin(), out.end());
  return out;
}

}  // namespace attn::app::homework
