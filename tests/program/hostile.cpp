// What hostile hands try: paths that cannot be looked at, forgotten values, damaged files, numbers
// that are none, closed terminals. (tests/hostile/hostile.py tries many more, at random.)
#include <doctest/doctest.h>

#include <cmath>
#include <csignal>
#include <filesystem>

#include "attn/core/array.h"
#include "attn/io/npy.h"
#include "attn/io/safetensors.h"
#include "program/process.h"

using namespace attn::test;
namespace fs = std::filesystem;

namespace {

constexpr int kUsage = 2, kBadInput = 3, kIo = 4, kLimit = 5, kInterrupted = 130;

/// A training with fast steps that only the test ends.
Words endless(const std::string& checkpoint) {
  return {"train",   "reverse",   "--model",      "fc",      "--length", "3",
          "--dim",   "2",         "--batch",      "1",       "--lr",     "1e-9",
          "--steps", "100000000", "--checkpoint", checkpoint};
}

/// Commands that look at a path before they open it.
std::vector<Words> looking_at(const std::string& path) {
  return {{"translate", "--model", path, "a"},
          {"train", "translate", "--language", path, "--steps", "1"},
          {"train", "reverse", "--steps", "1", "--checkpoint", path + ".safetensors"},
          {"compare", "--merge", path},
          {"exercise", "check", path},
          {"exercise", "start", "stable-softmax", "--out", path},
          {"exercise", "list", "--from", path},
          {"lesson", "list", "--from", path},
          {"bert", "fill", "--checkpoint", path},
          {"bert", "tokens", "--vocab", path},
          {"attend", "--input", path + ".csv"},
          {"attend", "--out", path + "/x.csv"},
          {"homework", "grade", path}};
}

void refused(const Launch& launch) {
  const Result r = run(launch);
  INFO(r.describe());
  CHECK(r.exit_code == kIo);
  CHECK(r.out.empty());
}

}  // namespace

TEST_CASE("hostile: a name that is too long or a link to itself is exit code 4, never 70") {
  const Folder folder;
  fs::create_symlink(folder / "loop", folder / "loop");
  fs::create_symlink(folder / "loop.csv", folder / "loop.csv");
  fs::create_symlink(folder / "loop.safetensors", folder / "loop.safetensors");
  for (const std::string& path : {folder / "loop", folder / std::string(300, 'a')})
    for (const Words& words : looking_at(path)) refused(Launch{.arguments = words});
}

TEST_CASE("hostile: a folder that may not be entered is exit code 4, never 70") {
  if (!permissions_can_bind()) return;
  const Folder folder;
  fs::create_directory(folder / "shut");
  fs::permissions(folder / "shut", fs::perms::none);
  for (const Words& words : looking_at(folder / "shut/x"))
    refused(Launch{.arguments = words, .bound_by_permissions = true});
  fs::permissions(folder / "shut", fs::perms::owner_all);
}

TEST_CASE("hostile: a value that is empty or forgotten takes nothing from what follows") {
  const std::vector<Words> all = {{"attend", "--export=", "--json"},
                                  {"attend", "--seed=", "5"},
                                  {"attend", "--seed"},
                                  {"attend", "--out", "--json"},
                                  {"attend", "--out=", "x.csv"},
                                  {"attend", "--out", "--", "x"},
                                  {"softmax", "--temperature=", "1 2"},
                                  {"bert", "pretrain", "--save", "--json"},
                                  {"attend", "--level", "--plain"},
                                  {"why", "--depth=", "weights[0,0]", "attend"},
                                  {"complexity", "--dim=", "--json"}};
  for (const Words& words : all) {
    const Result r = run(words);
    INFO(r.describe());
    CHECK(r.exit_code == kUsage);
    CHECK(contains(r.err, "needs a value"));
    CHECK(r.out.empty());
  }
  // What begins with -- is a value behind the equals sign, and a single - a number's sign.
  const Folder folder;
  expect(Launch{.arguments = {"attend", "--quiet", "--out=--x.csv"}, .folder = folder.path()}, 0);
  CHECK(fs::exists(folder / "--x.csv"));
  expect({"softmax", "--temperature", "-1", "1 2"}, kUsage, "not a number in the range");
}

TEST_CASE("hostile: a flipped bit in any file of numbers that attn wrote is refused") {
  const Folder folder;
  const std::string weights = folder / "w.safetensors", model = folder / "m.safetensors",
                    bert = folder / "bert";
  expect({"attend", "a b", "--save-weights", weights}, 0);
  expect({"attend", "a b", "--weights", weights}, 0, "weights");
  expect({"train", "translate", "--steps", "1", "--dim", "4", "--heads", "1", "--layers", "1",
          "--save-model", model},
         0);
  expect({"translate", "--model", model}, 0);
  expect({"bert", "pretrain", "--dim", "4", "--heads", "1", "--layers", "1", "--steps", "1",
          "--save", bert},
         0);
  expect({"bert", "fill", "--checkpoint", bert, "a [MASK]"}, 0);
  const std::vector<std::pair<std::string, Words>> files = {
      {weights, {"attend", "a b", "--weights", weights}},
      {model, {"translate", "--model", model}},
      {bert + "/model.safetensors", {"bert", "fill", "--checkpoint", bert, "a [MASK]"}}};
  for (const auto& [file, words] : files) {
    const std::string whole = Folder::read(file);
    const std::size_t data = whole.size() - 4;
    for (const std::size_t at : {data, data + 2, data - 4 * 3}) {
      std::string bytes = whole;
      bytes[at] = static_cast<char>(bytes[at] ^ 1);
      folder.write(fs::relative(file, folder.path()).string(), bytes);
      expect(words, kBadInput, "its checksum does not fit");
    }
    folder.write(fs::relative(file, folder.path()).string(), whole);
    expect(words, 0);
  }
}

TEST_CASE("hostile: a closed terminal and a batch system's warning save a training") {
  for (const int signal : {SIGHUP, SIGUSR1, SIGTERM}) {
    CAPTURE(signal);
    const Folder folder;
    const std::string file = folder / "t.safetensors";
    Running training(Launch{.arguments = endless(file), .seconds = 60});
    REQUIRE(training.wait_until([&] { return training.hears(signal); }));
    REQUIRE(training.wait_until([&] { return fs::exists(file); }));
    training.send(signal);
    if (signal != SIGTERM) training.send(signal);  // a shell and the system may both send it
    const Result r = training.finish();
    INFO(r.describe());
    CHECK(r.exit_code == kInterrupted);
    CHECK(contains(r.err, "saved in " + file));
    CHECK_NOTHROW(attn::read_safetensors(file));
  }
}

TEST_CASE("hostile: threads beyond the address space are refused by every command that has them") {
  if (!address_space_can_be_limited()) return;
  const Words commands[] = {
      {"bert", "fill", "a [MASK]"},         {"bert", "pretrain", "--steps", "1"},
      {"bert", "finetune", "--steps", "1"}, {"train", "reverse", "--steps", "1"},
      {"compare", "--steps", "1"},          {"attend"}};
  for (const Words& words : commands)
    expect(Launch{.arguments = with(words, {"--threads", "64"}),
                  .address_space = std::size_t{4'000'000} << 10},
           kLimit, "--threads 64 needs about");
}

TEST_CASE("hostile: a training that has no matrix says so before it begins") {
  const Folder folder;
  for (const char* name : {"x.csv", "x.NPY"}) {
    const Result r = expect(with(endless(folder / "t.safetensors"), {"--out", folder / name}),
                            kUsage, "makes tables, and no matrix");
    CHECK(contains(r.err, "hint: name a file ending in .json or .html"));
  }
  CHECK(fs::is_empty(folder.path()));
}

TEST_CASE("hostile: where the disk is full at the end, what was reached is shown") {
  const Folder folder;
  const Words small = {"--steps", "2", "--dim", "4", "--heads", "1", "--layers", "1"};
  const std::vector<Words> all = {{"train", "reverse", "--checkpoint", folder / "t.safetensors"},
                                  {"train", "translate", "--save-model", folder / "m.safetensors"},
                                  {"bert", "pretrain", "--save", folder / "bert"}};
  for (const Words& words : all) {
    const Result r =
        expect(Launch{.arguments = with(words, small), .file_size = 100}, kIo, "cannot write ");
    CHECK(contains(r.out, "steps"));
    CHECK_FALSE(contains(r.out, "Saved in"));
  }
}

TEST_CASE("hostile: nan and infinity in what is given are told, and fail no check") {
  const Folder folder;
  const std::string file = folder.write("x.csv", "1,nan\n2,3\n");
  for (const char* command : {"norm", "ffn", "encoder", "decoder", "backward", "rnn", "qkv"}) {
    INFO(command);
    Words words = {command, "--input", file};
    if (contains(command, "coder")) words.insert(words.end(), {"--heads", "1"});
    expect(words, 0, "as they were given: 1 of the 4 numbers of x.");
  }
  // Of a weight file, too.
  attn::NamedArray w{"w_1", attn::full({8, 32}, std::nanf(""))}, b{"b_1", attn::zeros({32})},
      v{"w_2", attn::zeros({32, 8})}, c{"b_2", attn::zeros({8})};
  attn::Array embedding = attn::zeros({2, 8});
  const std::string weights = folder.write(
      "w.safetensors", attn::safetensors_bytes({w, b, v, c, {"embedding", embedding}}));
  expect({"ffn", "a b", "--weights", weights}, 0, "256 of the 256 numbers of w_1");
  // A mask is made of infinities; softmax tells of its scores by itself.
  for (const Words& words : {Words{"decoder", "a b"}, Words{"attend", "a b", "--mask", "causal"},
                             Words{"softmax", "nan -inf 1"}})
    CHECK_FALSE(contains(expect(words, 0).out, "as they were given"));
}

TEST_CASE("hostile: numbers that a float cannot tell apart are told") {
  expect({"softmax", "16777217 16777216"}, 0, "16777217 and 16777216 are the same number here");
  expect({"softmax", "0.1, 0.10000000001"}, 0, "are the same number here");
  CHECK_FALSE(contains(run({"softmax", "1 1.0 2"}).out, "same number"));
}

TEST_CASE("hostile: a default ceiling for memory, and an option that raises it") {
  const Words words = {"heads", "--dim", "64", "--heads", "64", "--input"};
  const Folder folder;
  const std::string file = folder / "x.npy";
  folder.write("x.npy", attn::npy_bytes(attn::zeros({4096, 64})));
  const Result r = expect(with(words, {file}), kLimit, "may be used here");
  CHECK(contains(r.err, "hint: choose smaller sizes"));
  expect({"attend", "--memory-limit", "0"}, kUsage, "out of range");
  expect({"attend", "--memory-limit", "1"}, 0);
}

TEST_CASE("hostile: in a folder that is gone the hint is no mkdir") {
  const Folder folder;
  fs::create_directory(folder / "gone");
  const Result r = run(Launch{.arguments = {"attend", "--out", "x.csv"},
                              .folder = folder / "gone",
                              .folder_vanishes = true});
  INFO(r.describe());
  CHECK(r.exit_code == kIo);
  CHECK(contains(r.err, "cd"));
  CHECK_FALSE(contains(r.err, "mkdir"));
}
