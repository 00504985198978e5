// Files of the program: locks between processes, and what it carries in itself.
#include <doctest/doctest.h>

#include <chrono>
#include <filesystem>
#include <memory>
#include <set>
#include <thread>

#include "app/frame/data.h"
#include "app/frame/lock.h"
#include "attn/io/file.h"
#include "io_support.h"

using namespace attn;
using namespace attn::app;
using io_test::check_error;
using io_test::Folder;
namespace fs = std::filesystem;

namespace {

double seconds_of(const std::function<void()>& work) {
  const auto begin = std::chrono::steady_clock::now();
  work();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
}

}  // namespace

TEST_CASE("lock: it stands beside the file until the end of its scope, and leaves nothing") {
  const Folder folder;
  {
    const FileLock lock(folder / "model");
    CHECK(fs::exists(folder / "model.lock"));
    CHECK_FALSE(fs::exists(folder / "model"));
    const FileLock other(folder / "another");  // is no trouble
  }
  CHECK(folder.files() == 0);
  const FileLock again(folder / "model");
}

TEST_CASE("lock: a second owner is refused with the reason, and the first one stays") {
  const Folder folder;
  const std::string path = folder / "model";
  const FileLock lock(path);
  for (int i = 0; i < 2; ++i) {
    check_error(ErrorKind::io, path + ": another process is training into this file",
                [&] { const FileLock second(path); });
    check_error(ErrorKind::io, path + ": it is being graded",
                [&] { const FileLock second(path, "it is being graded"); });
  }
  CHECK(fs::exists(path + ".lock"));
}

TEST_CASE("lock: no path, no lock") {
  const FileLock one(""), two("");
  CHECK_FALSE(fs::exists(".lock"));
}

TEST_CASE("lock: where no file can be made, that is said, with the name made harmless") {
  const Folder folder;
  check_error(ErrorKind::io, "none/model: cannot be written: No such file or directory",
              [&] { const FileLock lock(folder / "none/model"); });
  check_error(ErrorKind::io, "\\x1B[31m/model: cannot be written",
              [&] { const FileLock lock(folder / "\x1b[31m/model"); });
}

TEST_CASE("lock: locks that killed processes left are removed, those of others are not") {
  const Folder folder;
  const auto make_old = [](const std::string& path) {
    fs::last_write_time(path, fs::file_time_type::clock::now() - std::chrono::hours(2));
  };
  std::string bytes;
  {
    const FileLock lock(folder / "model");
    bytes = read_file(folder / "model.lock");
  }
  write_file(folder / "forgotten.lock", bytes);
  make_old(folder / "forgotten.lock");
  write_file(folder / "young.lock", bytes);
  for (const char* name : {"poetry.lock", "empty.lock"}) {  // other programs'
    write_file(folder / name, name[0] == 'p' ? std::string(bytes.size(), 'x') : "");
    make_old(folder / name);
  }
  fs::create_symlink("forgotten", folder / "link.lock");
  const FileLock held(folder / "held");
  make_old(folder / "held.lock");
  { const FileLock lock(folder / "model"); }
  CHECK_FALSE(fs::exists(folder / "forgotten.lock"));
  for (const char* name : {"young.lock", "poetry.lock", "empty.lock", "held.lock"})
    CHECK_MESSAGE(fs::exists(folder / name), name);
  CHECK(fs::is_symlink(folder / "link.lock"));
}

TEST_CASE("lock: what stands in a file that is called like a lock is not written over") {
  const Folder folder;
  write_file(folder / "mine", "precious");
  fs::create_symlink(folder / "mine", folder / "model.lock");
  { const FileLock lock(folder / "model"); }
  CHECK(read_file(folder / "mine") == "precious");
}

TEST_CASE("lock: patience waits as long as it says, and no longer than needed") {
  const Folder folder;
  const std::string path = folder / "progress.json";
  auto first = std::make_unique<FileLock>(path);
  const double refused = seconds_of([&] {
    check_error(ErrorKind::io, "busy", [&] { const FileLock second(path, "busy", 0.1); });
  });
  CHECK(refused >= 0.1);
  CHECK(refused < 5);
  std::thread owner([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
    first.reset();
  });
  const double waited = seconds_of([&] { const FileLock second(path, "busy", 30); });
  owner.join();
  CHECK(waited < 20);
}

TEST_CASE("lock: of many owners at once, one at a time has it") {
  const Folder folder;
  int inside = 0, most = 0, turns = 0;  // all of them guarded by the lock alone
  const auto work = [&] {
    for (int i = 0; i < 20; ++i) {
      const FileLock lock(folder / "counter", "busy", 60);
      most = std::max(most, ++inside);
      ++turns;
      std::this_thread::yield();
      --inside;
    }
  };
  std::thread one(work), two(work), three(work);
  one.join();
  two.join();
  three.join();
  CHECK(turns == 60);
  CHECK(most == 1);
  CHECK(folder.files() == 0);
}

TEST_CASE("data: what the program carries is what stands in data/, docs/ and lessons/") {
  const fs::path top = fs::path(ATTN_SOURCE_DIR).parent_path();
  std::set<std::string_view> paths;
  std::size_t lessons = 0;
  for (const DataFile& file : data_files()) {
    INFO(file.path);
    CHECK(paths.insert(file.path).second);
    CHECK(data_file(file.path).data() == file.bytes.data());
    const bool lesson = file.path.starts_with("lessons/");
    lessons += lesson ? 1 : 0;
    const fs::path place = lesson || file.path.starts_with("docs/")  ? top / file.path
                           : file.path.starts_with("attn_exercise/") ? top / "src" / file.path
                                                                     : top / "data" / file.path;
    CHECK(fs::exists(place));
    const bool same = fs::exists(place) && read_file(place.string()) == file.bytes;
    CHECK(same);
  }
  CHECK(lessons >= 20);
  CHECK(paths.contains("english-german.grammar"));
}

TEST_CASE("data: a name that is not there is a mistake of ours") {
  for (const char* name : {"", "none.txt", "english-german", "lessons/", "/etc/passwd"})
    check_error(ErrorKind::internal, "the program holds no file " + std::string(name),
                [&] { (void)data_file(name); });
}
