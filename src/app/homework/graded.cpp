#include "app/homework/graded.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "app/frame/lock.h"
#include "attn/core/error.h"
#include "attn/io/file.h"

namespace attn::app {

void bind_folders(Cli& cli, std::vector<std::string>& folders, std::string& secret) {
  cli.input_file("--secret", secret, "FILE", "the course's secret that the sheets were made with");
  cli.positional("folders", folders, "submissions, or folders and archives full of them",
                 FileUse::reads);
}

std::vector<homework::Result> graded(Stage& s, const std::vector<std::string>& folders,
                                     const std::string& secret, bool again) {
  if (folders.empty())
    throw Error(ErrorKind::usage, "no folder to grade",
                "name submissions, or a folder full of them");
  const homework::Course course = homework::read_course(secret);
  std::vector<std::string> left_out;
  std::vector<homework::Result> results =
      homework::grade_all(folders, course, again, s.common.progress, &left_out);
  if (course.is_guessable()) s.trace.say(homework::kGuessableSecret);
  if (!left_out.empty()) {
    constexpr std::size_t kShown = 10;
    const std::size_t more = left_out.size() - std::min(left_out.size(), kShown);
    left_out.resize(std::min(left_out.size(), kShown));
    for (std::string& name : left_out) name = escaped(name, 200);
    s.trace.say(fmt::format("Left out, because no submission is in it: {}{}.",
                            fmt::join(left_out, ", "),
                            more > 0 ? fmt::format(" and {} more", more) : ""));
  }
  return results;
}

void keep(const std::string& path, const std::string& bytes) {
  const FileLock lock(path);
  write_file(path, bytes, Keep::backup);
}

}  // namespace attn::app
