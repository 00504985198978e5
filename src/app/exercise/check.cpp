#include "app/exercise/check.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstring>
#include <nlohmann/json.hpp>
#include <numeric>

#include "app/exercise/argument_names.h"
#include "attn/core/error.h"
#include "attn/io/json.h"

namespace attn::app {

namespace {

using nlohmann::json;

// One case needs milliseconds. By the clock there is more, for busy machines.
constexpr unsigned kCpuSeconds = 1;
constexpr double kSeconds = 10, kSecondsLater = 4;
constexpr std::size_t kMemory = std::size_t{512} << 20;

struct Pipe {
  int read_end = -1, write_end = -1;
  Pipe() {
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0)
      throw Error(ErrorKind::io, fmt::format("no pipe: {}", std::strerror(errno)));
    read_end = ends[0];
    write_end = ends[1];
  }
  ~Pipe() { shut(); }
  Pipe(const Pipe&) = delete;
  void shut() {
    if (read_end >= 0) close(read_end);
    if (write_end >= 0) close(write_end);
    read_end = write_end = -1;
  }
};

json said_by(const Ended& tester, const std::string& exercise) {
  if (tester.exit_code == 0) return parse_json(tester.output, "the test of " + exercise);
  throw Error(ErrorKind::internal,
              fmt::format("the test of {} broke down ({})", exercise,
                          tester.signal ? strsignal(tester.signal)
                                        : fmt::format("exit code {}", tester.exit_code)));
}

/// Why there was no answer, from how the learner's process ended.
void name_the_end(const Ended& learner, bool cut_off, CaseResult& result) {
  const auto is = [&](const char* status, std::string message) {
    result.status = status;
    result.message = std::move(message);
  };
  if (learner.printed_too_much) {
    is("output", "it printed more than 1 MB: a loop that prints?");
  } else if (learner.signal == SIGXCPU || learner.late || cut_off ||
             (learner.signal == SIGKILL && learner.cpu_seconds >= kCpuSeconds)) {
    is("time", "it did not come to an end in its time: an endless loop?");
  } else if (learner.signal == SIGSYS) {
    is("process", "it tried to start another process or thread, which no exercise needs");
  } else if (learner.signal == SIGSEGV || learner.signal == SIGBUS) {
    is("crash",
       "it crashed (segmentation fault): a wrong index or pointer, a function that calls itself "
       "without end, or memory that could not be had");
  } else if (learner.signal == SIGABRT) {
    is("crash", "it crashed (abort): an assertion did not hold, or an index was out of range");
  } else if (learner.signal == SIGFPE) {
    is("crash", "it crashed (division of a whole number by 0)");
  } else if (learner.signal != 0) {
    is("crash", fmt::format("it crashed ({})", strsignal(learner.signal)));
  } else {
    is("exit", fmt::format("it ended the program with exit code {} before the function gave its "
                           "result; what it printed counts for nothing",
                           learner.exit_code));
  }
}

CaseResult run_case(const Workshop& workshop, const Exercise& exercise, std::size_t which,
                    double seconds) {
  Pipe calls, answers;
  ChildStart learners;
  learners.words = {workshop.learner()};
  learners.folder = workshop.folder();
  learners.limits = {.seconds = seconds,
                     .cpu_seconds = kCpuSeconds,
                     .memory = kMemory,
                     .alone = true,
                     .opens_files = !workshop.stands_alone()};
  learners.begins_after = 3;  // once nobody can look into the tester
  learners.files = {{calls.read_end, 3}, {answers.write_end, 4}};
  Child learner(learners);
  ChildStart testers;
  testers.words = {workshop.tester(), std::to_string(which)};
  testers.folder = workshop.folder();
  testers.limits = {.seconds = seconds + 20, .cpu_seconds = 20, .memory = 0};
  testers.errors_too = false;
  testers.files = {{calls.write_end, 3}, {answers.read_end, 4}};
  Child tester(testers);
  calls.shut();  // so that each sees the other's end
  answers.shut();

  std::vector<Child*> running = {&tester, &learner};
  while (!tester.over()) {
    wait_for_news(running, workshop.stop());
    std::erase_if(running, [](Child* child) { return child->over(); });
  }
  CaseResult result;
  if (tester.ended().exit_code != 0) {  // the other cases are graded all the same
    learner.end();
    result.status = "wrong";
    result.message = "the test could not cope with what your function gave";
    return result;
  }
  const json verdict = said_by(tester.ended(), exercise.name);
  result.status = verdict.at("status");
  result.message = verdict.at("message");
  result.misconceptions = verdict.at("misconceptions").get<std::vector<std::string>>();
  if (result.status != "right")
    result.input = with_names(exercise.header, verdict.value("function", ""),
                              verdict.value("arguments", std::vector<std::string>()));
  if (result.status == "wrong") {  // else nothing came back
    result.yours = verdict.value("yours", "");
    result.expected = verdict.value("expected", "");
  }
  // No answer: the learner's process is over, or closed its end of the pipe and is left half a
  // second.
  if (result.status == "ended") {
    const auto begin = std::chrono::steady_clock::now();
    bool over = learner.over();
    while (!over && std::chrono::steady_clock::now() - begin < std::chrono::milliseconds(500)) {
      usleep(1000);
      over = learner.over();
    }
    learner.end();
    name_the_end(learner.ended(), !over, result);
  }
  learner.end();
  result.printed = learner.ended().output;
  return result;
}

}  // namespace

int CheckResult::points() const {
  return std::accumulate(cases.begin(), cases.end(), 0,
                         [](int sum, const CaseResult& c) { return sum + c.points; });
}
int CheckResult::worth() const {
  return std::accumulate(cases.begin(), cases.end(), 0,
                         [](int sum, const CaseResult& c) { return sum + c.worth; });
}

CheckResult check_answer(Workshop& workshop, const Exercise& exercise, const std::string& answer) {
  CheckResult out;
  out.exercise = exercise.name;
  out.lesson = exercise.lesson;
  const Compiled compiled = workshop.compile(answer);
  out.compiled = compiled.done;
  out.compiler = compiled.said;

  ChildStart asking;
  asking.words = {workshop.tester(), "list"};
  asking.folder = workshop.folder();
  asking.errors_too = false;
  Child tester(asking);
  wait_for_all({&tester}, workshop.stop());
  double seconds = kSeconds;
  for (const json& about : said_by(tester.ended(), exercise.name)) {
    CaseResult result;
    if (out.compiled && compiled.memory > kMemory) {
      result.status = "memory";
      result.message =
          fmt::format("the program needs {} MB before it begins (large arrays?), and may have {}",
                      compiled.memory >> 20, kMemory >> 20);
    } else if (out.compiled) {
      result = run_case(workshop, exercise, out.cases.size(), seconds);
      if (result.status == "time") seconds = kSecondsLater;  // the rest is graded all the same
    } else {
      result.status = "not run";
    }
    result.name = about.at("name");
    result.worth = about.at("points");
    if (result.status == "right") result.points = result.worth;
    out.cases.push_back(std::move(result));
  }
  return out;
}

}  // namespace attn::app
