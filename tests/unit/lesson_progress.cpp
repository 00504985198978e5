// Progress: kept whole whatever happens to its file, and merged between terminals.
#include <doctest/doctest.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "app/frame/lock.h"
#include "app/lesson/progress_file.h"
#include "attn/io/file.h"
#include "io_support.h"
#include "program/process.h"
#include "surroundings.h"

using namespace attn;
using namespace attn::app;
using attn::test::contains;
using attn::test::Environment;
using io_test::Folder;
namespace fs = std::filesystem;

namespace {

LessonRecord record_with(int question, bool right, std::size_t screen = 1) {
  LessonRecord record;
  record.screen = screen;
  record.screens = 4;
  record.answers[question] = {right, 2, 1, false, true, right};
  return record;
}

ProgressFile::Update keep(const std::string& path, const std::string& slug,
                          const LessonRecord& record) {
  return ProgressFile(path).update(
      [&](ProgressBook& book) { book.set(slug, merged(book.record(slug), record)); });
}

}  // namespace

TEST_CASE("progress: what was kept is read back, in a folder that is made for it") {
  const Folder folder;
  const std::string path = folder / "data/attn/progress.json";
  CHECK(keep(path, "05-attention", record_with(1, true)).kept);
  const ProgressBook book = ProgressFile(path).load();
  CHECK(book.record("05-attention") == record_with(1, true));
  CHECK(book.record("06-scores") == LessonRecord{});
  CHECK(keep(path, "05-attention", record_with(2, false, 3)).note.empty());
  CHECK(ProgressFile(path).load().record("05-attention").answers.size() == 2);
  CHECK(ProgressBook::parse(read_file(path + ".bak"), "b").record("05-attention") ==
        record_with(1, true));
}

TEST_CASE("progress: the first answer stays, a finished lesson stays finished") {
  LessonRecord first = record_with(1, false);
  first.finished = true;
  LessonRecord second = record_with(1, true, 3);
  second.answers[1].hints = 3;
  second.answers[1].shown = true;
  second.answers[2] = {true, 3, 0, false, true, true};
  const LessonRecord both = merged(first, second);
  CHECK(both.finished);
  CHECK(both.screen == 3);
  CHECK_FALSE(both.answers.at(1).right);
  CHECK(both.answers.at(1).hints == 3);
  CHECK(both.answers.at(1).shown);
  CHECK(both.answers.at(1).answered);
  CHECK(both.answers.at(2).right);
}

TEST_CASE("progress: the folder is XDG's or HOME's; relative and missing ones are ignored") {
  {
    const Environment data("XDG_DATA_HOME", "/d"), home("HOME", "/h");
    CHECK(ProgressFile::standard_path() == "/d/attn/progress.json");
  }
  for (const char* relative : {"d", "./d", "", "../d"}) {
    const Environment data("XDG_DATA_HOME", relative), home("HOME", "/h");
    CHECK(ProgressFile::standard_path() == "/h/.local/share/attn/progress.json");
  }
  for (const char* missing : {static_cast<const char*>(nullptr), "", "h"}) {
    const Environment data("XDG_DATA_HOME", nullptr), home("HOME", missing);
    CHECK(ProgressFile::standard_path().empty());
    std::string warning;
    ProgressFile().load(&warning);
    CHECK(contains(warning, "neither XDG_DATA_HOME nor HOME"));
    CHECK_FALSE(ProgressFile().update([](ProgressBook&) {}).kept);
  }
}

TEST_CASE("progress: a damaged file is told, kept aside, and its backup goes on") {
  const std::string good = "{\"format\":1,\"lessons\":{\"00-a\":{\"finished\":true}}}";
  for (const std::string& bytes : std::vector<std::string>{
           "", "[]", "nonsense", good.substr(0, 20), "{\"format\":1}", "{\"lessons\":{}}",
           "{\"format\":1,\"lessons\":[]}", "{\"format\":1,\"lessons\":{\"00-a\":5}}",
           "{\"format\":1,\"lessons\":{\"00-a\":{\"screen\":-1}}}",
           "{\"format\":1,\"lessons\":{\"00-a\":{\"finished\":3}}}",
           "{\"format\":1,\"lessons\":{\"00-a\":{\"answers\":{\"x\":{}}}}}",
           "{\"format\":1,\"lessons\":{\"00-a\":{\"answers\":{\"1\":{\"confidence\":9}}}}}",
           good + "\xff", good + good}) {
    INFO(bytes);
    for (const bool with_backup : {false, true}) {
      const Folder folder;
      const std::string path = folder / "progress.json";
      write_file(path, bytes);
      if (with_backup) write_file(path + ".bak", good);
      std::string warning;
      const ProgressBook before = ProgressFile(path).load(&warning);
      CHECK_FALSE(warning.empty());
      CHECK(before.record("00-a").finished == with_backup);
      CHECK(read_file(path) == bytes);  // looking changes nothing
      const ProgressFile::Update update = keep(path, "01-b", record_with(1, true));
      CHECK(update.kept);
      CHECK(contains(update.note, "kept as"));
      CHECK(read_file(path + ".damaged") == bytes);
      CHECK(ProgressFile(path).load().has("01-b"));
      CHECK(ProgressFile(path).load().has("00-a") == with_backup);
      write_file(path, bytes);
      keep(path, "01-b", record_with(1, true));
      CHECK(fs::exists(path + ".damaged-2"));
    }
  }
}

TEST_CASE("progress: a file of another version is left alone") {
  const Folder folder;
  const std::string path = folder / "progress.json", bytes = "{\"format\":2,\"lessons\":{}}";
  write_file(path, bytes);
  const ProgressFile::Update update = keep(path, "01-b", record_with(1, true));
  CHECK_FALSE(update.kept);
  CHECK(contains(update.note, "of another version (format 2, not 1)"));
  CHECK(read_file(path) == bytes);
  CHECK(folder.files() == 1);
}

TEST_CASE("progress: unknown lessons and keys are kept") {
  const Folder folder;
  const std::string path = folder / "progress.json";
  write_file(path,
             "{\"format\":1,\"by\":\"later\",\"lessons\":{\"99-future\":{\"finished\":true,"
             "\"stars\":[1,2]},\"01-b\":{\"note\":\"mine\"}}}");
  CHECK(keep(path, "01-b", record_with(1, true)).kept);
  const auto now = nlohmann::json::parse(read_file(path));
  CHECK(now["by"] == "later");
  CHECK(now["lessons"]["99-future"]["stars"].size() == 2);
  CHECK(now["lessons"]["01-b"]["note"] == "mine");
  CHECK(now["lessons"]["01-b"]["answers"]["1"]["right"] == true);
}

TEST_CASE("progress: a folder, a pipe or a dangling link in its place is told and left") {
  const Folder folder;
  const std::string path = folder / "progress.json";
  const auto refuses = [&] {
    std::string warning;
    ProgressFile(path).load(&warning);
    CHECK_FALSE(warning.empty());
    CHECK_FALSE(keep(path, "01-b", record_with(1, true)).kept);
  };
  fs::create_directory(path);
  refuses();
  CHECK(fs::is_directory(path));
  fs::remove(path);
  REQUIRE(::mkfifo(path.c_str(), 0600) == 0);
  refuses();
  fs::remove(path);
  fs::create_symlink(folder / "nowhere", path);
  refuses();
}

TEST_CASE("progress: what a link leads to is never written over unless it is progress") {
  const Folder folder;
  const std::string notes = folder / "notes.txt", path = folder / "progress.json";
  write_file(notes, "my notes\n");
  fs::create_symlink(notes, path);
  const auto refused = keep(path, "00-first", record_with(1, true));
  CHECK_FALSE(refused.kept);
  CHECK(contains(refused.note, "is a link"));
  CHECK(read_file(notes) == "my notes\n");
  fs::remove(path);
  REQUIRE(keep(notes + ".json", "00-first", record_with(1, true)).kept);
  fs::create_symlink(notes + ".json", path);
  CHECK(keep(path, "01-next", record_with(1, true)).kept);
}

TEST_CASE("progress: what would be too large to be read again is not written") {
  const Folder folder;
  const std::string path = folder / "progress.json";
  REQUIRE(keep(path, "00-first", record_with(1, true)).kept);
  const std::string before = read_file(path);
  const auto refused = ProgressFile(path).update([](ProgressBook& book) {
    LessonRecord record;
    for (int i = 1; i < 1000; ++i) record.answers[i] = {};
    for (int i = 0; i < 100; ++i) book.set("lesson-" + std::to_string(i), record);
  });
  CHECK_FALSE(refused.kept);
  CHECK(contains(refused.note, "at most"));
  CHECK(read_file(path) == before);
}

TEST_CASE("progress: two terminals that finish different lessons at once are both kept") {
  const Folder folder;
  const std::string path = folder / "progress.json";
  const auto terminal = [&](int which) {
    for (int i = 0; i < 20; ++i)
      keep(path, std::to_string(which) + "0-x", record_with(i + 1, true));
  };
  std::vector<pid_t> children;
  for (int which = 1; which <= 3; ++which) {
    const pid_t child = ::fork();
    if (child == 0) {
      terminal(which);
      ::_exit(0);
    }
    children.push_back(child);
  }
  for (const pid_t child : children) {
    int status = 0;
    ::waitpid(child, &status, 0);
    CHECK(status == 0);
  }
  const ProgressBook book = ProgressFile(path).load();
  for (const char* slug : {"10-x", "20-x", "30-x"}) CHECK(book.record(slug).answers.size() == 20);
}

TEST_CASE("progress: killed at any moment, the file holds the old or the new state") {
  const Folder folder;
  const std::string path = folder / "progress.json";
  keep(path, "10-x", record_with(1, true));
  int old_states = 0, new_states = 0;
  for (int delay = 0; delay < 60; ++delay) {
    const std::size_t before = ProgressFile(path).load().record("10-x").answers.size();
    const pid_t child = ::fork();
    if (child == 0) {
      for (int i = 0;; ++i)
        keep(path, "10-x", record_with(delay * 1000 % 9000 + i % 900 + 2, true));
    }
    ::usleep(static_cast<useconds_t>(delay * delay) * 20);
    ::kill(child, SIGKILL);
    ::waitpid(child, nullptr, 0);
    std::string warning;
    const ProgressBook book = ProgressFile(path).load(&warning);
    CHECK(warning.empty());
    CHECK(book.record("10-x").answers.count(1) == 1);
    (book.record("10-x").answers.size() > before ? new_states : old_states) += 1;
    CHECK(keep(path, "20-x", record_with(delay + 1, true)).kept);  // and it goes on
  }
  CHECK(new_states > 0);
  CHECK(old_states > 0);
}

TEST_CASE("progress: while another terminal writes for long, it is said and nothing is lost") {
  const Folder folder;
  const std::string path = folder / "progress.json";
  keep(path, "10-x", record_with(1, true));
  const std::string before = read_file(path);
  const FileLock other(path);
  const ProgressFile::Update late =
      ProgressFile(path, 0.05).update([](ProgressBook& book) { book.remove("10-x"); });
  CHECK_FALSE(late.kept);
  CHECK(contains(late.note, "another attn is writing it"));
  CHECK(read_file(path) == before);
}
