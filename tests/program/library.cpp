// The library as somebody else uses it: installed, found by CMake, linked into a program and into a
// shared library.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <filesystem>

#include "attn/attn.h"
#include "attn/train/trainer.h"
#include "program/process.h"

using namespace attn;
using attn::test::contains;
using attn::test::expect;
using attn::test::Folder;
using attn::test::Launch;
using attn::test::Words;

namespace {

const std::string kTop = std::string(ATTN_SOURCE_DIR) + "/..";
const std::string kBuild = std::filesystem::path(ATTN_PROGRAM).parent_path().string();

attn::test::Result shell(const std::string& line, double seconds) {
  return expect(
      Launch{.arguments = {"-c", line + " 2>&1"}, .program = "/bin/sh", .seconds = seconds}, 0);
}

/// That this throws Error(usage) with a hint, and the words.
template <class F>
void misuse(const std::string& words, F call) {
  INFO(words);
  try {
    call();
    FAIL_CHECK("nothing was said");
  } catch (const Error& e) {
    CHECK(e.kind() == ErrorKind::usage);
    CHECK(contains(e.what(), words));
    CHECK_FALSE(e.hint().empty());
  }
}

/// A Learner with one parameter, whose loss is its square.
class Square : public Learner {
 public:
  const std::vector<std::pair<std::string, Tensor>>& parameters() const override { return all_; }
  Tensor loss(const Run& run, Rng&, std::size_t, double) const override {
    return squared_error(run, all_[0].second, Tensor(zeros({1, 1})));
  }
  attn::Score look(Rng) const override { return {}; }
  bool good(const attn::Score&) const override { return false; }
  std::string description() const override { return "square"; }

 private:
  std::vector<std::pair<std::string, Tensor>> all_ = {{"p", Tensor::parameter(full({1, 1}, 3))}};
};

}  // namespace

TEST_CASE("library: a project that finds the installed library builds and runs") {
  if (!attn::test::address_space_can_be_limited()) return;  // sanitized: not what is installed
  const Folder folder;
  shell(fmt::format("cmake --install {} --prefix {}/there", kBuild, folder.path()), 60);
  shell(fmt::format("cmake -S {}/tests/consumer -B {}/build -DCMAKE_BUILD_TYPE=Debug "
                    "-DCMAKE_PREFIX_PATH={}/there",
                    kTop, folder.path(), folder.path()),
        120);
  shell(fmt::format("cmake --build {}/build", folder.path()), 400);
  const auto r = shell(folder / "build/consumer", 20);
  CHECK(r.out ==
        "weights = A = softmax(Q K^T)\noutput = Z = A V\n"
        "the last token takes 0.9817 from itself\nd(sum of Z)/dq has 6 numbers\n"
        "reshape: (3, 2) has other numbers than (7)\n"
        "hint: the product of the lengths must stay the same\n");
  // What docs/library.md shows stands in the project.
  const std::string page = Folder::read(kTop + "/docs/library.md");
  for (const char* file : {"CMakeLists.txt", "consumer.cpp"}) {
    for (const std::string& line :
         attn::test::lines(Folder::read(kTop + "/tests/consumer/" + file))) {
      for (const char* shown : {"find_package(", "Tensor::parameter(", "softmax(run",
                                "note(run, \"w", "tape.backward("}) {
        if (!contains(line, shown)) continue;
        INFO(line);
        CHECK(contains(page, line.substr(line.find_first_not_of(' '))));
      }
    }
  }
}

TEST_CASE("library: misuse is refused as misuse, with a hint") {
  const Square square;
  const auto trainer = [&](auto change) {
    return [&square, change] {
      TrainingOptions options;
      change(options);
      Trainer(square, options);
    };
  };
  misuse("check_every is 0", trainer([](TrainingOptions& o) { o.check_every = 0; }));
  misuse("accumulate is 0", trainer([](TrainingOptions& o) { o.accumulate = 0; }));
  misuse("batch is 0", trainer([](TrainingOptions& o) { o.batch = 0; }));
  misuse("no optimizer \"adamm\"; did you mean adam?",
         trainer([](TrainingOptions& o) { o.optimizer.kind = "adamm"; }));
  misuse("no optimizer \"\"", trainer([](TrainingOptions& o) { o.optimizer.kind = ""; }));
  misuse("no schedule \"linear\"", trainer([](TrainingOptions& o) { o.schedule.kind = "linear"; }));
  misuse("no score function", [] {
    Parameters parameters{Rng(1)};
    Scorer("cosinus", 2, 2, {}, parameters, "");
  });
  const Tensor x(zeros({2, 3}));
  misuse("reshape", [&] { reshape({}, x, {7}); });
  misuse("slice_rows", [&] { slice_rows({}, x, 1, 3); });
  misuse("slice_columns", [&] { slice_columns({}, x, 2, 1); });
  misuse("sample_rows", [&] { sample_rows({}, x); });
  misuse("matrix()", [] { matrix({{1, 2}, {3}}); });
  misuse("cannot see", [] { reshaped(zeros({2, 3}), {4}); });
  misuse("cannot compare", [] { largest_difference(zeros({2}), zeros({3})); });
  misuse("below(0)", [] { Rng(1).below(0); });
  misuse("backward", [&] { Tape().backward(x, full({1}, 1)); });
}

TEST_CASE("library: a training that is allowed trains") {
  const Square square;
  TrainingOptions options;
  options.steps = 3;
  options.check_every = 1;
  Trainer trainer(square, options);
  trainer.train([](const TrainingStep&) { return true; });
  CHECK(trainer.step() == 3);
  CHECK(trainer.last_loss() < 9);
}
