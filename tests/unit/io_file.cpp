#include <doctest/doctest.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "attn/io/file.h"
#include "io_support.h"

using attn::Error;
using attn::ErrorKind;
using attn::Keep;
using attn::read_file;
using attn::write_file;
using io_test::check_bad;
using io_test::check_error;
using io_test::Folder;

TEST_CASE("file: what was written is read back, and nothing else is left in the folder") {
  const Folder folder;
  for (const std::size_t size : {0u, 1u, 4095u, 65536u, 1000000u}) {
    std::string bytes(size, '\0');
    for (std::size_t i = 0; i < size; ++i) bytes[i] = static_cast<char>(i * 31);
    write_file(folder / "x", bytes);
    CHECK(read_file(folder / "x") == bytes);
    CHECK(folder.files() == 1);
  }
}

TEST_CASE("file: the limit is exact") {
  const Folder folder;
  write_file(folder / "x", "12345");
  CHECK(read_file(folder / "x", 5) == "12345");
  check_error(ErrorKind::limit, "larger than 4 bytes", [&] { read_file(folder / "x", 4); });
  CHECK(read_file(folder / "x", static_cast<std::size_t>(-1)) == "12345");
}

TEST_CASE("file: a file that does not tell its size is read within the limit") {
  CHECK(read_file("/proc/self/stat").size() > 10);
  check_error(ErrorKind::limit, "larger than 10 bytes", [] { read_file("/proc/self/stat", 10); });
}

TEST_CASE("file: a missing file, a folder, a pipe and a device are refused without waiting") {
  const Folder folder;
  check_error(ErrorKind::io, "No such file", [&] { read_file(folder / "missing"); });
  check_bad("is a folder", [&] { read_file(folder.path()); });
  REQUIRE(::mkfifo((folder / "pipe").c_str(), 0600) == 0);
  check_bad("is a pipe", [&] { read_file(folder / "pipe"); });
  check_bad("is a device", [] { read_file("/dev/zero"); });
  check_error(ErrorKind::io, "no file name", [] { read_file(""); });
  check_error(ErrorKind::io, "no file name", [] { read_file(std::string("a\0b", 3)); });
}

TEST_CASE("file: a mapped file has the file's bytes, also after they were given back") {
  const Folder folder;
  std::string bytes(300'000, '\0');
  for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<char>(i * 37 + i / 251);
  write_file(folder / "x", bytes);
  attn::MappedFile file(folder / "x");
  REQUIRE(file.bytes().size() == bytes.size());
  for (const auto& [begin, size] : {std::pair<std::size_t, std::size_t>{0, 0},
                                    {0, 300'000},
                                    {1, 5},
                                    {4095, 2},
                                    {5000, 100'000},
                                    {299'999, 1}}) {
    file.done_with(file.bytes().substr(begin, size));
    CHECK(file.bytes() == bytes);
  }
  const attn::MappedFile moved(std::move(file));
  CHECK(moved.bytes() == bytes);
  write_file(folder / "empty", "");
  const attn::MappedFile empty(folder / "empty");
  CHECK(empty.bytes().empty());
  check_error(ErrorKind::io, "No such file", [&] { attn::MappedFile(folder / "missing"); });
  check_bad("is a folder", [&] { attn::MappedFile(folder.path()); });
  check_bad("is a device", [&] { attn::MappedFile("/dev/zero"); });
  REQUIRE(::mkfifo((folder / "pipe").c_str(), 0600) == 0);
  check_bad("is a pipe", [&] { attn::MappedFile(folder / "pipe"); });
}

TEST_CASE("file: names are escaped in messages") {
  check_error(ErrorKind::io, "a\\x1B[31m\\x0Ab", [] { read_file("a\x1b[31m\nb"); });
  check_error(ErrorKind::io, "c\\x1Bd", [] {
    write_file(
        "missing-folder/c\x1b"
        "d",
        "");
  });
}

TEST_CASE("file: - is standard input, with the same limit") {
  const Folder folder;
  const int saved = ::dup(STDIN_FILENO);
  const auto with_input = [&](const std::string& bytes, std::size_t limit) {
    int ends[2];
    REQUIRE(::pipe(ends) == 0);
    REQUIRE(::write(ends[1], bytes.data(), bytes.size()) == static_cast<ssize_t>(bytes.size()));
    ::close(ends[1]);
    ::dup2(ends[0], STDIN_FILENO);
    ::close(ends[0]);
    return read_file("-", limit);
  };
  CHECK(with_input("1,2\n", 100) == "1,2\n");
  CHECK(with_input("", 100) == "");
  check_error(ErrorKind::limit, "standard input is larger", [&] { with_input("12345", 4); });
  ::dup2(saved, STDIN_FILENO);
  ::close(saved);
}

TEST_CASE("file: a backup keeps the previous content, again and again") {
  const Folder folder;
  write_file(folder / "x", "one", Keep::backup);
  CHECK(folder.files() == 1);
  write_file(folder / "x", "two", Keep::backup);
  CHECK(read_file(folder / "x") == "two");
  CHECK(read_file(folder / "x.bak") == "one");
  write_file(folder / "x", "three", Keep::backup);
  CHECK(read_file(folder / "x.bak") == "two");
  CHECK(folder.files() == 2);
  // As after a crash between keeping the backup and renaming the new file.
  REQUIRE(::unlink((folder / "x.bak").c_str()) == 0);
  REQUIRE(::link((folder / "x").c_str(), (folder / "x.bak").c_str()) == 0);
  write_file(folder / "x", "four", Keep::backup);
  CHECK(read_file(folder / "x") == "four");
  CHECK(read_file(folder / "x.bak") == "three");
  CHECK(folder.files() == 2);
}

TEST_CASE("file: a backup that cannot be kept leaves everything as it was") {
  const Folder folder;
  write_file(folder / "x", "one");
  REQUIRE(::mkdir((folder / "x.bak").c_str(), 0700) == 0);
  check_error(ErrorKind::io, "x.bak", [&] { write_file(folder / "x", "two", Keep::backup); });
  CHECK(read_file(folder / "x") == "one");
  CHECK(folder.files() == 2);
}

TEST_CASE("file: a failed write names path, reason and way out, and leaves nothing") {
  const Folder folder;
  check_error(ErrorKind::io, "/dev/full: No space left", [] { write_file("/dev/full", "x"); });
  check_error(ErrorKind::io, "Is a directory", [&] { write_file(folder.path(), "x"); });
  check_error(ErrorKind::io, "Is a directory", [] { write_file("/", "x"); });
  check_error(ErrorKind::io, "no file name", [] { write_file("", "x"); });
  check_error(ErrorKind::io, "No such file", [&] { write_file(folder / "no/x", "x"); });
  check_error(ErrorKind::io, "No such file", [&] { write_file(folder / "no/", "x"); });
  try {
    write_file(folder / "no/x", "x");
  } catch (const Error& error) {
    CHECK(error.hint() == "create the folder first: mkdir -p " + (folder / "no"));
  }
  write_file(folder / "x", "old");
  check_error(ErrorKind::io, "Not a directory", [&] { write_file(folder / "x/y", "x"); });
  CHECK(folder.files() == 1);
}

TEST_CASE("file: a full disk in the middle of a write leaves the old file") {
  const Folder folder;
  write_file(folder / "x", "old");
  // The limit on file size stands in for the disk; without the signal, write reports it.
  struct sigaction ignore {
  }, saved_action{};
  ignore.sa_handler = SIG_IGN;
  ::sigaction(SIGXFSZ, &ignore, &saved_action);
  rlimit saved{};
  REQUIRE(::getrlimit(RLIMIT_FSIZE, &saved) == 0);
  const rlimit small{4096, saved.rlim_max};
  REQUIRE(::setrlimit(RLIMIT_FSIZE, &small) == 0);
  check_error(ErrorKind::io, "File too large",
              [&] { write_file(folder / "x", std::string(100000, 'n'), Keep::backup); });
  ::setrlimit(RLIMIT_FSIZE, &saved);
  ::sigaction(SIGXFSZ, &saved_action, nullptr);
  CHECK(read_file(folder / "x") == "old");
  CHECK(folder.files() == 1);
}

TEST_CASE("file: read-only files and folders are respected") {
  if (::geteuid() == 0) return;  // root may write everywhere
  const Folder folder;
  write_file(folder / "x", "old");
  REQUIRE(::chmod((folder / "x").c_str(), 0444) == 0);
  check_error(ErrorKind::io, "Permission denied", [&] { write_file(folder / "x", "new"); });
  CHECK(read_file(folder / "x") == "old");
  REQUIRE(::chmod(folder.path().c_str(), 0500) == 0);
  check_error(ErrorKind::io, "Permission denied", [&] { write_file(folder / "y", "new"); });
}

TEST_CASE("file: permissions stay, and new files get the usual ones") {
  const Folder folder;
  const mode_t mask = ::umask(022);
  write_file(folder / "x", "old");
  struct stat status {};
  REQUIRE(::stat((folder / "x").c_str(), &status) == 0);
  CHECK((status.st_mode & 0777) == 0644);
  REQUIRE(::chmod((folder / "x").c_str(), 0640) == 0);
  write_file(folder / "x", "new");
  REQUIRE(::stat((folder / "x").c_str(), &status) == 0);
  CHECK((status.st_mode & 0777) == 0640);
  ::umask(mask);
}

TEST_CASE("file: behind a symbolic link the file is replaced, not the link") {
  const Folder folder;
  write_file(folder / "file", "old");
  REQUIRE(::symlink("file", (folder / "link").c_str()) == 0);
  write_file(folder / "link", "new");
  struct stat status {};
  REQUIRE(::lstat((folder / "link").c_str(), &status) == 0);
  CHECK(S_ISLNK(status.st_mode));
  CHECK(read_file(folder / "file") == "new");
}

TEST_CASE("file: an open descriptor is written where it stands, a pipe directly") {
  const Folder folder;
  int ends[2];
  REQUIRE(::pipe(ends) == 0);
  write_file("/dev/fd/" + std::to_string(ends[1]), "through");
  char got[16] = {};
  CHECK(::read(ends[0], got, sizeof got) == 7);
  CHECK(std::string(got) == "through");
  ::close(ends[0]);
  ::close(ends[1]);
  check_error(ErrorKind::io, "Bad file descriptor", [] { write_file("/dev/fd/9999", "x"); });
  REQUIRE(::mkfifo((folder / "pipe").c_str(), 0600) == 0);
  check_error(ErrorKind::io, "pipe: No such device", [&] { write_file(folder / "pipe", "x"); });
}

TEST_CASE("file: what writers who were killed left is removed, and nothing else") {
  const Folder folder;
  const pid_t gone = ::fork();
  if (gone == 0) ::_exit(0);
  ::waitpid(gone, nullptr, 0);
  const std::string forgotten = ".attn-" + std::to_string(gone) + "-0.tmp",
                    living = ".attn-" + std::to_string(::getpid()) + "-7.tmp",
                    young = ".attn-" + std::to_string(gone) + "-1.tmp";
  const std::string others[] = {living, young, ".attn-x-0.tmp", forgotten + "x", "x.tmp"};
  const auto make_old = [](const std::string& path) {
    const timespec times[] = {{1000, 0}, {1000, 0}};
    REQUIRE(::utimensat(AT_FDCWD, path.c_str(), times, 0) == 0);
  };
  write_file(folder / forgotten, "1");
  make_old(folder / forgotten);
  for (const std::string& name : others) {
    write_file(folder / name, "1");
    if (name != young) make_old(folder / name);
  }
  attn::remove_forgotten_temporaries(folder / "t.safetensors");
  CHECK_FALSE(attn::file_exists(folder / forgotten));
  for (const std::string& name : others) CHECK(attn::file_exists(folder / name));
}

TEST_CASE("file: whether something is there is known, or an error") {
  const Folder folder;
  write_file(folder / "x", "1");
  CHECK(attn::file_exists(folder / "x"));
  CHECK(attn::file_exists(folder / ""));
  CHECK(attn::is_folder(folder / ""));
  CHECK_FALSE(attn::is_folder(folder / "x"));
  CHECK_FALSE(attn::file_exists(folder / "y"));
  CHECK_FALSE(attn::file_exists(folder / "x/y"));
  CHECK_FALSE(attn::file_exists(""));
  REQUIRE(::symlink("loop", (folder / "loop").c_str()) == 0);
  for (const std::string& name :
       {std::string("loop"), std::string(300, 'a'), std::string("a\0b", 3)}) {
    check_error(ErrorKind::io, "", [&] { attn::file_exists(folder / name); });
    check_error(ErrorKind::io, "", [&] { attn::is_folder(folder / name); });
  }
}
