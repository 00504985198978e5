// Trainings that are stopped, killed or starved of disk, and checkpoints that do not fit.
#include <doctest/doctest.h>

#include <csignal>
#include <filesystem>
#include <thread>

#include "attn/io/safetensors.h"
#include "program/process.h"

using namespace attn::test;
namespace fs = std::filesystem;

namespace {

constexpr int kUsage = 2, kBadInput = 3, kCannotWrite = 4, kInterrupted = 130;

/// A tiny model with very fast steps that never learns, so that only the test ends it.
Words endless(const std::string& checkpoint, const Words& more = {}) {
  return with({"train", "reverse", "--model", "fc", "--length", "3", "--dim", "2", "--batch", "1",
               "--lr", "0.000000001", "--steps", "100000000", "--checkpoint", checkpoint},
              more);
}

/// The same training, some steps only.
Words short_of(const std::string& checkpoint, const std::string& steps, const Words& more = {}) {
  Words words = endless(checkpoint, more);
  *std::find(words.begin(), words.end(), "100000000") = steps;
  return words;
}

bool reads_well(const std::string& checkpoint) {
  const attn::SafetensorsFile file = attn::read_safetensors(checkpoint);  // throws if it is broken
  return file.metadata.count("checksum") == 1;
}

/// Files that are still being written.
Words unfinished(const Folder& folder) {
  Words out;
  for (const auto& entry : fs::directory_iterator(folder.path())) {
    if (entry.path().extension() == ".tmp") out.push_back(entry.path());
  }
  return out;
}

/// The bytes, one number of the format changed.
std::string of_format(std::string bytes, char format) {
  const std::string key = "\\\"format\\\":";
  const std::size_t at = bytes.find(key);
  REQUIRE(at != std::string::npos);
  bytes[at + key.size()] = format;
  return bytes;
}

}  // namespace

TEST_CASE("training: Ctrl-C once saves, says how to go on, and going on works") {
  const Folder folder;
  const std::string file = folder / "t.safetensors";
  Running training(Launch{.arguments = endless(file), .seconds = 60});
  REQUIRE(training.wait_until([&] { return fs::exists(file); }));
  training.send(SIGINT);
  const Result r = training.finish();
  INFO(r.describe());
  CHECK(r.exit_code == kInterrupted);
  CHECK(contains(r.err, "attn: interrupted"));
  CHECK(contains(r.err, "hint: saved in " + file));
  CHECK(contains(r.err, "--resume"));
  CHECK(contains(r.out, "Interrupted at step"));
  CHECK(reads_well(file));
  CHECK_FALSE(fs::exists(file + ".lock"));
  expect(short_of(file, "1", {"--resume"}), 0, "accuracy");
}

TEST_CASE("training: Ctrl-C without a checkpoint says that nothing was saved") {
  Words words = endless("");
  words.resize(words.size() - 2);
  Running training(Launch{.arguments = words, .seconds = 60});
  REQUIRE(training.wait_until([&] { return training.hears(SIGINT); }));
  training.send(SIGINT);
  const Result r = training.finish();
  INFO(r.describe());
  CHECK(r.exit_code == kInterrupted);
  CHECK(contains(r.err, "hint: nothing was saved"));
}

TEST_CASE("training: Ctrl-C twice leaves at once, and the earlier checkpoint is as it was") {
  const Folder folder;
  const std::string file = folder / "t.safetensors";
  Running training(Launch{.arguments = endless(file), .seconds = 60});
  REQUIRE(training.wait_until([&] { return fs::exists(file); }));
  // While it stands still, both arrive; two of one kind would become one.
  training.halt();
  const std::string before = Folder::read(file);
  training.send(SIGINT);
  training.send(SIGTERM);
  training.send(SIGCONT);
  const Result r = training.finish();
  INFO(r.describe());
  CHECK(r.exit_code == kInterrupted);
  CHECK(r.out.empty());
  CHECK(Folder::read(file) == before);
  CHECK(reads_well(file));
  expect(short_of(file, "1", {"--resume"}), 0, "accuracy");  // nor does the lock stand in the way
}

TEST_CASE(
    "training: killed at any moment, the checkpoint is the old or the new one, never broken") {
  const Folder folder;
  const std::string file = folder / "t.safetensors";
  for (int round = 0; round < 12; ++round) {
    Words words = endless(file);
    if (round > 0) words.push_back("--resume");  // which reads, and so tests, what the kill left
    Running training(Launch{.arguments = words, .seconds = 60});
    const auto written = [&] {
      return fs::exists(file) ? fs::last_write_time(file) : fs::file_time_type();
    };
    const auto first = written();
    REQUIRE(training.wait_until([&] { return written() != first; }));
    if (round % 2 == 0) {
      std::this_thread::sleep_for(std::chrono::microseconds(1700 * round));
    } else {  // in the middle of writing, if it can be caught
      const auto until = std::chrono::steady_clock::now() + std::chrono::milliseconds(300);
      while (unfinished(folder).empty() && std::chrono::steady_clock::now() < until) {
      }
    }
    training.send(SIGKILL);
    const Result r = training.finish();
    INFO(r.describe());
    CHECK(r.signal == SIGKILL);
    CHECK(reads_well(file));
    if (fs::exists(file + ".bak")) CHECK(reads_well(file + ".bak"));
    for (const std::string& left : unfinished(folder)) fs::remove(left);
  }
  expect(short_of(file, "1", {"--resume"}), 0, "accuracy");
}

TEST_CASE(
    "training: a disk that is full at any byte is an error, and the checkpoint before is whole") {
  const Folder folder;
  const std::string file = folder / "t.safetensors";
  expect(short_of(file, "3"), 0);
  const std::string before = Folder::read(file);
  for (const std::size_t limit :
       {std::size_t{1}, std::size_t{8}, before.size() / 2, before.size() - 1}) {
    CAPTURE(limit);
    const Result r =
        expect(Launch{.arguments = short_of(file, "6", {"--resume"}), .file_size = limit},
               kCannotWrite, "cannot write " + file);
    CHECK(contains(r.err, "hint: "));
    CHECK(Folder::read(file) == before);
    CHECK(unfinished(folder).empty());
    CHECK_FALSE(fs::exists(file + ".lock"));
  }
  expect(short_of(file, "6", {"--resume"}), 0, "accuracy");
  CHECK(Folder::read(file + ".bak") == before);
}

TEST_CASE(
    "training: a checkpoint of another version, task or model is refused with the differences") {
  const Folder folder;
  const std::string file = folder / "t.safetensors";
  expect(short_of(file, "3"), 0);
  const std::string bytes = Folder::read(file);
  const std::string newer = folder.write("newer.safetensors", of_format(bytes, '7'));
  expect(short_of(newer, "6", {"--resume"}), kBadInput,
         "has format 7, this program reads format 1");
  CHECK(Folder::read(newer) == of_format(bytes, '7'));

  Words other = short_of(file, "6", {"--resume"});
  other[1] = "recall";  // another vocabulary
  other[5] = "5";
  Result r = expect(other, kBadInput, "is of another training");
  CHECK(contains(r.err, "saved: task reverse\n  here:  task recall"));
  CHECK(contains(r.err, "saved: length 3\n  here:  length 5"));
  CHECK_FALSE(contains(r.err, "batch"));
  other = short_of(file, "6", {"--resume"});
  other[7] = "3";
  expect(other, kBadInput, "saved: width 2\n  here:  width 3");
  CHECK(Folder::read(file) == bytes);

  for (const std::string name : {"x.npy", "x", "x.pt", "x.safetensors.bak"}) {
    expect(short_of(folder / name, "3"), kUsage, "must end in .safetensors");
    CHECK_FALSE(fs::exists(folder / name));
  }
  expect(short_of(folder / "nowhere/x.safetensors", "3"), kCannotWrite, "there is no folder");
}

TEST_CASE("training: two trainings into one file: the second is refused, the first goes on") {
  const Folder folder;
  const std::string file = folder / "t.safetensors";
  Running first(Launch{.arguments = endless(file), .seconds = 60});
  REQUIRE(first.wait_until([&] { return fs::exists(file); }));
  expect(short_of(file, "3", {"--resume"}), kCannotWrite,
         "another process is training into this file");
  expect(short_of(folder / "other.safetensors", "3"), 0, "accuracy");
  first.send(SIGINT);
  CHECK(first.finish().exit_code == kInterrupted);
  expect(short_of(file, "1", {"--resume"}), 0, "accuracy");
}
