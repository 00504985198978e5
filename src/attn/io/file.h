#pragma once
// Whole files in and out. Every read has a limit, every write is checked.
#include <cstddef>
#include <string>
#include <string_view>
#include <utility>

namespace attn {

/// The most that a reader takes unless its caller says otherwise.
inline constexpr std::size_t kFileLimit = std::size_t{1} << 30;

/// The bytes of a regular file, or of standard input if `path` is "-".
/// Throws Error(io) if it cannot be opened or read, Error(bad_input) for a folder, a pipe or a
/// device (which could block or never end), Error(limit) beyond `limit` bytes.
std::string read_file(const std::string& path, std::size_t limit = kFileLimit);

/// True if there is something of this name (a folder) behind all links. Throws Error(io) where that
/// cannot be known: a name that is too long, links in a circle, a folder that may not be entered.
bool file_exists(const std::string& path);
bool is_folder(const std::string& path);

/// A regular file as bytes in memory, without reading it: the system fetches what is touched.
class MappedFile {
 public:
  /// Throws what read_file throws; Error(limit) only where the process has too few addresses left.
  explicit MappedFile(const std::string& path);
  MappedFile(MappedFile&& other) noexcept : bytes_(std::exchange(other.bytes_, {})) {}
  MappedFile(const MappedFile&) = delete;
  ~MappedFile();
  std::string_view bytes() const { return bytes_; }
  /// These bytes (a part of bytes()) are not needed any more: their memory is given back.
  void done_with(std::string_view part) const;

 private:
  std::string_view bytes_;
};

/// What happens to the file that was there before.
enum class Keep {
  nothing,
  backup,  ///< it stays as path + ".bak"
};

/// Makes `bytes` the content of `path`. Afterwards, whatever happened in between, the file holds
/// either all of the new bytes or all of the old ones: they go to a temporary file in the same
/// folder, are flushed to disk and renamed, and the folder is flushed. A target that is no regular
/// file (a pipe, /dev/stdout, /dev/full) is written directly.
/// Throws Error(io) with the path and the system's reason; nothing half-written is left behind.
void write_file(const std::string& path, std::string_view bytes, Keep keep = Keep::nothing);

/// Removes the temporary files beside `path` that writers who were killed left there: of this user,
/// an hour old, and their process is gone.
void remove_forgotten_temporaries(const std::string& path);

}  // namespace attn
