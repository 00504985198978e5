// Answers that fail badly, or would rather not be judged, and surroundings that are not as they
// should be.
#include <doctest/doctest.h>
#include <linux/landlock.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "app/exercise/exercises.h"
#include "program/exercise.h"
#include "program/process.h"

using attn::app::Exercise;
using namespace attn::test;
using nlohmann::json;

namespace {

namespace fs = std::filesystem;

json check(const std::string& code, int exit_code) {
  const Folder folder;
  const std::string file = folder.write("answer.cpp", answer_to("stable-softmax", code));
  const Result r =
      expect(Launch{.arguments = {"exercise", "check", file, "--json"}, .seconds = 120}, exit_code);
  return json::parse(r.out);
}

}  // namespace

TEST_CASE("exercises: crash, endless loop, exit, new process, memory and output are each named") {
  // The cases of this exercise differ in the shapes of their scores: each gets another answer.
  const json document = check(R"(#include "exercise.h"
#include <unistd.h>

#include <cmath>
#include <cstdio>
#include <cstdlib>

Matrix softmax(const Matrix& s) {
  const std::size_t which = 10 * s.rows + s.columns;
  if (which == 13) {
    std::puts("PASS: all 10 of 10 points");
    std::exit(0);
  }
  if (which == 35) for (volatile int i = 0;; i = i + 1) {}
  if (which == 62) for (;;) fork();
  if (which == 11) *(volatile int*)nullptr = 1;
  if (which == 47) {
    std::vector<Matrix> all;
    for (;;) all.push_back(Matrix(1000, 1000, 1.5));
  }
  if (which == 34) for (;;) std::puts("all tests passed");
  if (which == 23) return Matrix(2, 3)(7, 7), s;
  Matrix w = s;  // the last case: rows of two
  for (std::size_t i = 0; i < 2; ++i) {
    w(i, 0) = 1 / (1 + std::exp(s(i, 1) - s(i, 0)));
    w(i, 1) = 1 - w(i, 0);
  }
  return w;
}
)",
                              1);
  const std::pair<const char*, const char*> expected[] = {
      {"exit", "exit code 0"},
      {"time", "endless loop"},
      {"process", "another process"},
      {"crash", "segmentation fault"},
      {"memory", "more memory"},
      {"output", "more than 1 MB"},
      {"threw", "no place (7, 7) in a matrix of 2 x 3"},
      {"right", ""},
  };
  REQUIRE(document["cases"].size() == std::size(expected));
  for (std::size_t i = 0; i < std::size(expected); ++i) {
    const json& c = document["cases"][i];
    INFO(c.dump());
    CHECK(c["status"] == expected[i].first);
    CHECK(contains(c["message"].get<std::string>(), expected[i].second));
  }
  CHECK(document["cases"][0]["printed"] == "PASS: all 10 of 10 points\n");
  CHECK(document["score"] == 1);
}

TEST_CASE(
    "exercises: an answer can neither forge results nor touch files nor end other processes") {
  const Folder folder;
  const std::string precious = folder.write("precious", "text");
  const json document = check(R"(#include "exercise.h"
#include <fcntl.h>
#include <signal.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <unistd.h>

#include <stdexcept>

struct Early {  // before main
  Early() {
    const char forged[] = "{\"status\":\"right\",\"message\":\"\",\"misconceptions\":[]}\n";
    for (int file = 0; file < 64; ++file)
      if (write(file, forged, sizeof forged - 1) < 0) continue;
  }
} early;

Matrix softmax(const Matrix& s) {
  std::string did;
  if (s.rows > 1) _exit(0);
  if (s.columns == 1) {
    Matrix nonsense;
    nonsense.rows = std::size_t{1} << 40;
    return nonsense;
  }
  if (open(")" + precious + R"(", O_WRONLY | O_TRUNC) >= 0) did += "wrote ";
  if (open("here", O_CREAT | O_RDWR, 0600) >= 0) did += "made ";
  if (unlink(")" + precious + R"(") == 0) did += "unlinked ";
  if (kill(getppid(), SIGTERM) == 0) did += "killed ";
  if (ptrace(PTRACE_ATTACH, getppid(), nullptr, nullptr) == 0) did += "traced ";
  if (socket(AF_INET, SOCK_STREAM, 0) >= 0) did += "called ";
  throw std::runtime_error("did:" + did + ".");
}
)",
                              1);
  CHECK(document["score"] == 0);
  for (const json& c : document["cases"]) {
    INFO(c.dump());
    CHECK(c["status"] != "right");
    CHECK_FALSE(contains(c["message"].get<std::string>(), "did: "));
  }
  CHECK(Folder::read(precious) == "text");
}

TEST_CASE("exercises: an answer cannot have the compiler print a file of yours") {
  if (syscall(SYS_landlock_create_ruleset, nullptr, 0, LANDLOCK_CREATE_RULESET_VERSION) < 1) {
    MESSAGE("this kernel has no Landlock");
    return;
  }
  const Folder folder;
  const std::string secret = folder.write("secret.txt", "xyzzy secret_of_the_course;\n");
  for (const std::string& line :
       {"#include \"" + secret + "\"\n", "__asm__(\".incbin \\\"" + secret + "\\\"\");\n"}) {
    const std::string file =
        folder.write("answer.cpp", answer_to("stable-softmax", "#include \"exercise.h\"\n" + line));
    const Result r =
        run(Launch{.arguments = {"exercise", "check", file, "--plain"}, .seconds = 120});
    CAPTURE(line);
    CHECK(r.exit_code == 1);
    CHECK_FALSE(contains(r.out + r.err, "xyzzy"));
    CHECK_FALSE(contains(r.out + r.err, "secret_of_the_course"));
  }
}

TEST_CASE("exercises: an answer cannot look into the tester's memory, as root or not") {
  // Looks for it before main, when the tester may be young, and again when it is called.
  const std::string spy = R"(#include "exercise.h"
#include <fcntl.h>
#include <unistd.h>

#include <ctime>
#include <stdexcept>

static std::string did;

static std::string beginning(const std::string& path) {
  char bytes[8] = {};
  const int file = open(path.c_str(), O_RDONLY);
  if (file < 0) return {};
  if (read(file, bytes, 6) < 0) bytes[0] = 0;
  close(file);
  return bytes;
}

static void look() {
  for (int process = getpid() - 30; process < getpid() + 30; ++process) {
    const std::string place = "/proc/" + std::to_string(process);
    if (process == getpid() || beginning(place + "/comm") != "tester") continue;
    did += "saw ";
    if (open((place + "/mem").c_str(), O_RDONLY) >= 0) did += "opened ";
  }
}

struct Early {
  Early() {
    while (std::clock() < CLOCKS_PER_SEC / 10) look();
  }
} early;

Matrix softmax(const Matrix&) {
  look();
  const bool files = open("/proc/self/maps", O_RDONLY) >= 0;
  const std::string what = did.find("opened") == std::string::npos ? "nothing" : "memory";
  throw std::runtime_error("found " + what + (files ? ", files" : ", no files") +
                           (did.empty() ? "" : ", a tester"));
}
)";
  const Folder folder;
  const std::string file = folder.write("answer.cpp", answer_to("stable-softmax", spy));
  // A compiler that cannot link a program with its libraries inside.
  const std::string shared =
      folder.write("shared",
                   "#!/bin/sh\nfor word; do\n  [ \"$word\" = -static ] && exit 1\ndone\n"
                   "exec c++ \"$@\"\n");
  fs::permissions(shared, fs::perms::owner_all);
  for (const bool alone : {true, false}) {
    for (const bool bound : {false, true}) {
      CAPTURE(alone);
      CAPTURE(bound);
      Launch launch{.arguments = {"exercise", "check", file, "--json"}, .seconds = 120};
      launch.bound_by_permissions = bound;
      if (!alone) launch.environment["CXX"] = shared;
      const json document = json::parse(expect(launch, 1).out);
      CHECK(document["score"] == 0);
      for (const json& c : document["cases"]) {
        INFO(c.dump());
        const std::string expected = alone ? "found nothing, no files" : "found nothing, files";
        CHECK(contains(c["message"].get<std::string>(), expected));
        CHECK(contains(c["message"].get<std::string>(), "a tester") == !alone);
      }
    }
  }
}

TEST_CASE("exercises: a loop that hears no signal, large arrays, and an empty result") {
  const json loop = check(R"(#include "exercise.h"
#include <signal.h>
Matrix softmax(const Matrix& s) {
  signal(SIGXCPU, SIG_IGN);
  if (s.rows == 3 && s.columns == 5) for (volatile int i = 0;; i = i + 1) {}
  if (s.rows == 6) raise(SIGSEGV);
  return {};
}
)",
                          1);
  CHECK(loop["score"] == 0);
  CHECK(loop["cases"][1]["status"] == "time");
  CHECK(loop["cases"][2]["status"] == "crash");
  CHECK(contains(loop["cases"][2]["message"].get<std::string>(), "memory that could not be had"));
  CHECK(contains(loop["cases"][4]["message"].get<std::string>(), "4 rows and 7 columns"));
  const json large = check(R"(#include "exercise.h"
static volatile char x[900 << 20];
Matrix softmax(const Matrix& s) { x[0] = char(s.rows); return s; }
)",
                           1);
  for (const json& c : large["cases"]) CHECK(c["status"] == "memory");
  CHECK(contains(large["cases"][0]["message"].get<std::string>(), "may have 512"));
}

TEST_CASE(
    "exercises: warnings without end cost nothing, and a mark before the first line is let be") {
  const Exercise e = attn::app::find_exercise("stable-softmax", kLessons);
  std::string many = solution_of(e);
  for (int i = 0; i < 9000; ++i) many += "static int unused_" + std::to_string(i) + ";\n";
  const Folder folder;
  const std::string file = folder.write("answer.cpp", "\xEF\xBB\xBF" + answer_to(e.name, many));
  const Result r =
      expect(Launch{.arguments = {"exercise", "check", file, "--json"}, .seconds = 120}, 0);
  const json document = json::parse(r.out);
  CHECK(document["score"] == 10);
  CHECK(document["compiler"].get<std::string>().size() == 64 << 10);
}

TEST_CASE("exercise check names a compiler that is none, and takes no other") {
  const Folder folder;
  const std::string file = folder.write("answer.cpp", answer_to("layer-norm", ""));
  Launch launch{.arguments = {"exercise", "check", file}, .seconds = 60};
  launch.environment["CXX"] = "no-such-compiler";
  expect(launch, 4, "CXX names \"no-such-compiler\"");
  launch.environment["CXX"] = "/bin/true";
  expect(launch, 4, "/bin/true made no program");
}

TEST_CASE("exercise check removes folders that a killed one left, and no others") {
  const Folder folder;
  const std::string file = folder.write("answer.cpp", answer_to("layer-norm", ""));
  const fs::path old = folder / "attn-exercise-old", young = folder / "attn-exercise-young",
                 other = folder / "something";
  const auto before = fs::file_time_type::clock::now() - std::chrono::minutes(5);
  for (const fs::path& place : {old, young, other}) fs::create_directory(place);
  for (const fs::path& place : {old, other}) fs::last_write_time(place, before);
  Launch launch{.arguments = {"exercise", "check", file}, .seconds = 60};
  launch.environment = {{"CXX", "/bin/true"}, {"TMPDIR", folder.path()}};
  expect(launch, 4);
  CHECK_FALSE(fs::exists(old));
  CHECK(fs::exists(young));
  CHECK(fs::exists(other));
}
