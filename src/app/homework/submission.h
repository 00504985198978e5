#pragma once
// A folder that somebody handed in, on disk or in an archive: data, and nothing else. No link is
// followed, nothing outside is opened, nothing larger than a limit is read, nothing is executed.
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace attn::app::homework {

struct Packed;
class Allowance;

/// The most that one file of a submission may hold.
inline constexpr std::size_t kAnswerLimit = std::size_t{1} << 20;

/// An open folder.
class SubmissionFolder {
 public:
  /// The folder at this path (which the person who grades wrote). Throws Error(io).
  explicit SubmissionFolder(const std::string& path);
  /// The same; a file is opened as an archive. Throws what `unpacked` throws, too.
  static SubmissionFolder folder_or_archive(const std::string& path);
  /// A folder inside this one, or nothing if there is none. Throws Error(bad_input) for a link or
  /// anything else.
  std::optional<SubmissionFolder> folder(const std::string& name) const;
  /// What an archive of this name holds, in memory, or nothing if there is none. Throws what `read`
  /// and `unpacked` (archive.h) throw.
  std::optional<SubmissionFolder> archive(const std::string& name) const;
  /// The bytes of a regular file in it, or nothing if there is none. Throws Error(bad_input) for a
  /// link, a folder, a pipe or a device, Error(limit) beyond `limit`, Error(io).
  std::optional<std::string> read(const std::string& name, std::size_t limit = kAnswerLimit) const;
  /// What is in it, sorted, without hidden names; at most 100 000 names. Throws Error(io).
  std::vector<std::string> names() const;

  ~SubmissionFolder();
  SubmissionFolder(SubmissionFolder&& other) noexcept;
  SubmissionFolder(const SubmissionFolder&) = delete;

 private:
  SubmissionFolder(int file, std::string shown) : file_(file), shown_(std::move(shown)) {}
  static SubmissionFolder of_archive(const std::string& bytes, std::string shown,
                                     std::shared_ptr<Allowance> outer);
  std::string place(const std::string& name) const;
  const Packed* packed(const std::string& name) const;
  std::optional<std::string> read_packed(const std::string& name, std::size_t limit) const;

  int file_ = -1;
  std::shared_ptr<const Packed> packed_;  // of a folder in an archive
  std::shared_ptr<Allowance> allowance_;  // what may still be unpacked there
  std::string shown_;                     // for messages
};

}  // namespace attn::app::homework
