// Submissions in archives, as learning platforms hand them out and as somebody hostile packs them:
// opened in memory, within bounds, and nothing is written.
#include <archive.h>
#include <archive_entry.h>
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <filesystem>
#include <fstream>

#include "app/homework/archive.h"
#include "app/homework/classroom.h"
#include "app/homework/numbers.h"
#include "app/homework/resubmission.h"
#include "app/homework/task.h"
#include "homework_support.h"

using namespace attn;
using namespace attn::app::homework;
using namespace homework_test;
using io_test::check_error;
using io_test::Folder;
namespace fs = std::filesystem;

namespace {

bool holds(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

/// A file, or with `mode` a link to what stands in `bytes`, a pipe.
struct Item {
  std::string name, bytes;
  mode_t mode = AE_IFREG;
};
using Items = std::vector<Item>;

enum class As { zip, tar, tar_gz, protected_zip };

std::string packed_as(As form, const Items& items) {
  std::size_t room = 1 << 16;
  for (const Item& item : items) room += item.bytes.size() + 4096;
  std::string out(room, '\0');
  std::size_t used = 0;
  ::archive* to = ::archive_write_new();
  const bool zip = form == As::zip || form == As::protected_zip;
  zip ? ::archive_write_set_format_zip(to) : ::archive_write_set_format_pax_restricted(to);
  if (form == As::tar_gz) ::archive_write_add_filter_gzip(to);
  if (form == As::protected_zip) {
    REQUIRE(::archive_write_set_options(to, "zip:encryption=zipcrypt") == ARCHIVE_OK);
    ::archive_write_set_passphrase(to, "secret");
  }
  REQUIRE(::archive_write_open_memory(to, out.data(), out.size(), &used) == ARCHIVE_OK);
  for (const Item& item : items) {
    ::archive_entry* entry = ::archive_entry_new();
    ::archive_entry_set_pathname(entry, item.name.c_str());
    ::archive_entry_set_filetype(entry, item.mode);
    ::archive_entry_set_perm(entry, 0644);
    const bool file = item.mode == AE_IFREG;
    ::archive_entry_set_size(entry, file ? static_cast<la_int64_t>(item.bytes.size()) : 0);
    if (item.mode == AE_IFLNK) ::archive_entry_set_symlink(entry, item.bytes.c_str());
    REQUIRE(::archive_write_header(to, entry) >= ARCHIVE_WARN);
    if (file)
      REQUIRE(::archive_write_data(to, item.bytes.data(), item.bytes.size()) ==
              static_cast<la_ssize_t>(item.bytes.size()));
    ::archive_entry_free(entry);
  }
  REQUIRE(::archive_write_close(to) == ARCHIVE_OK);
  ::archive_write_free(to);
  out.resize(used);
  return out;
}

void write(const std::string& path, const std::string& bytes) {
  fs::create_directories(fs::path(path).parent_path());
  std::ofstream(path, std::ios::binary) << bytes;
}

/// The files of a submission of `softmax`, all of it right, below a folder ("" or "sheet1/").
Items sheet_of(const std::string& student, const std::string& below) {
  Manifest m;
  m.sheet = &find_sheet("softmax");
  m.student = student;
  const Values given = given_for({}, *m.sheet, student);
  m.numbers = fingerprint(given);
  const Values key = key_of(*m.sheet, given);
  Items out = {{below + "homework.json", manifest_text(m)}};
  for (const SheetStep& step : m.sheet->steps)
    out.push_back({below + "answers/" + step.name + ".csv", csv_of(key[step.name].value())});
  return out;
}

std::string zip_of(const std::string& student, const std::string& below = "sheet1/") {
  return packed_as(As::zip, sheet_of(student, below));
}

Items joined(Items a, const Items& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

struct Graded {
  std::vector<Result> results;
  std::vector<std::string> left_out;
  std::size_t right() const {
    return static_cast<std::size_t>(std::count_if(results.begin(), results.end(),
                                                  [](const Result& r) { return r.all_right(); }));
  }
};

Graded grade(const std::string& path) {
  Graded out;
  out.results = grade_all({path}, {}, false, nullptr, &out.left_out);
  return out;
}

/// Why the archive of somebody, beside one that is right, is not graded.
std::string problem_with(const std::string& name, const std::string& bytes) {
  const Folder folder;
  write(folder / name, bytes);
  write(folder / "right.zip", zip_of("right"));
  const Graded graded = grade(folder.path());
  REQUIRE(graded.results.size() == 2);
  CHECK(graded.right() == 1);
  return graded.results[0].problem + graded.results[1].problem;
}

}  // namespace

TEST_CASE("archives: one per student, whatever packed it, is opened and graded") {
  const Folder folder;
  write(folder / "Ada Lovelace_12_assignsubmission_file/sheet1.zip", zip_of("ada"));
  write(folder / "bob_17_4711_sheet1.zip", zip_of("bob", ""));
  write(folder / "CLEO.ZIP", zip_of("cleo"));
  write(folder / "dan.tar", packed_as(As::tar, sheet_of("dan", "./home/dan/sheet1/")));
  write(folder / "eve.tar.gz", packed_as(As::tar_gz, sheet_of("eve", "sheet1/")));
  write(folder / "fay.tgz", packed_as(As::tar_gz, sheet_of("fay", "/home/fay/")));
  write(folder / "gus.zip", packed_as(As::zip, {{"work/sheet1.zip", zip_of("gus")}}));
  write(folder / "hal.zip", packed_as(As::zip, sheet_of("hal", "C:\\Users\\hal\\sheet1\\")));
  write(folder / "ida.zip", packed_as(As::zip, sheet_of("ida", "Übung 1/")));
  const Graded graded = grade(folder.path());
  REQUIRE(graded.results.size() == 9);
  for (const Result& r : graded.results) {
    CAPTURE(r.folder);
    CHECK(r.problem == "");
    CHECK(r.all_right());
  }
  CHECK(graded.results[0].folder ==
        folder / "Ada Lovelace_12_assignsubmission_file/sheet1.zip/sheet1");
}

TEST_CASE("archives: a whole class in one, by its path or in a folder") {
  Items all = joined(sheet_of("ada", "Ada_1_assignsubmission_file_/sheet1/"),
                     sheet_of("bob", "Bob_2_assignsubmission_file_/"));
  all = joined(all, {{"cleo_3_44_sheet1.zip", zip_of("cleo")},
                     {"grades.csv", "x\n"},
                     {"__MACOSX/._x", "x"},
                     {"Dan_4_assignsubmission_file_/__MACOSX/._homework.json", "x"},
                     {"Dan_4_assignsubmission_file_/photo.jpg", "x"}});
  const Folder folder;
  write(folder / "class.zip", packed_as(As::zip, all));
  for (const bool by_path : {true, false}) {
    const Graded graded = grade(by_path ? folder / "class.zip" : folder.path());
    CHECK(graded.right() == 3);
    if (!by_path) continue;
    REQUIRE(graded.results.size() == 4);
    CHECK(holds(graded.results[2].problem, "it holds photo.jpg"));
    const std::string path = folder / "class.zip/";
    CHECK(graded.left_out ==
          std::vector<std::string>{path + "Dan_4_assignsubmission_file_/__MACOSX",
                                   path + "__MACOSX", path + "grades.csv"});
  }
  write(folder / "export.zip",
        packed_as(As::zip, joined(joined(sheet_of("ada", "assignment_5_export/submission_1/"),
                                         sheet_of("bob", "assignment_5_export/submission_2/s/")),
                                  {{"assignment_5_export/submission_metadata.yml", "x"}})));
  const Graded gradescope = grade(folder / "export.zip");
  CHECK(gradescope.results.size() == 2);
  CHECK(gradescope.right() == 2);
}

TEST_CASE("archives: what cannot be opened is called what it is, and the others are graded") {
  const std::string zip = zip_of("ada");
  CHECK(holds(problem_with("a.zip", ""), "a.zip is empty"));
  CHECK(holds(problem_with("a.zip", "<html>"), "is no zip and no tar"));
  CHECK(
      holds(problem_with("a.rar", "Rar!\x1a\x07"), "is a rar archive, which is not opened: hand"));
  CHECK(holds(problem_with("a.txt", "x"), "a.txt is a file: hand in the folder that"));
  CHECK(holds(problem_with("a.7z", "7z\xBC\xAF\x27\x1C"), "is a 7z archive"));
  CHECK(holds(problem_with("a.zip", zip.substr(0, zip.size() / 2)), "is cut off"));
  const std::string tar = packed_as(As::tar_gz, sheet_of("ada", "sheet1/"));
  CHECK(holds(problem_with("a.tar.gz", tar.substr(0, tar.size() / 2)), "or is damaged"));
  CHECK(holds(problem_with("a.zip", packed_as(As::protected_zip, sheet_of("ada", ""))),
              "is protected by a password: hand it in without one"));
  CHECK(holds(problem_with("a.zip", packed_as(As::zip, {})), "it is empty"));
  std::string wrong = packed_as(As::zip, sheet_of("ada", ""));
  for (std::size_t i = 70; i < 90; ++i) wrong[i] = static_cast<char>(wrong[i] ^ 8);
  CHECK(holds(problem_with("a.zip", wrong), "is damaged or cut off"));
}

TEST_CASE("archives: a bomb is stopped early, and costs nobody else a grade") {
  const std::string zeros(1 << 20, '\0');
  Items many;
  for (int i = 0; i < 60; ++i) many.push_back({fmt::format("answers/{}.csv", i), zeros});
  const std::string bomb = packed_as(As::zip, many);
  CHECK(bomb.size() < 200'000);
  CHECK(holds(problem_with("a.zip", bomb), "MiB when it is unpacked"));
  CHECK(holds(problem_with("a.zip", packed_as(As::tar_gz, many)), "MiB when it is unpacked"));
  // One large file in a tar cannot be skipped without decompressing it.
  CHECK(holds(problem_with("a.tgz", packed_as(As::tar_gz, {{"a", std::string(60 << 20, '\0')}})),
              "MiB when it is unpacked"));
  std::string inner = zip_of("ada");
  for (int i = 0; i < 4; ++i) inner = packed_as(As::zip, {{"a.zip", inner}});
  CHECK(holds(problem_with("a.zip", inner), "an archive in an archive in an archive"));
  Items bombs;
  for (int i = 0; i < 30; ++i) bombs.push_back({fmt::format("{}.zip", i), bomb});
  CHECK(holds(problem_with("a.zip", packed_as(As::zip, bombs)), "MiB when it is unpacked"));
  CHECK(holds(
      problem_with("a.zip", packed_as(As::zip, {{std::string(2000, '/') + "x", "1"},
                                                {std::string("a/") + zeros.substr(0, 9), ""}})),
      "it holds"));
  std::string deep;
  for (int i = 0; i < 100; ++i) deep += "a/";
  CHECK(holds(problem_with("a.zip", packed_as(As::zip, {{deep + "x", "1"}})), "more than 64"));
}

TEST_CASE("archives: a name that leads elsewhere leads nowhere, and no link is followed") {
  const Folder folder;
  const std::string submissions = folder / "submissions";
  Items items = sheet_of("ada", "../../ada/");
  items.push_back({"../../../escaped.txt", "x"});
  items.push_back({"/tmp/attn-escaped.txt", "x"});
  write(submissions + "/ada.tar", packed_as(As::tar, items));
  Items links = sheet_of("bob", "bob/");
  links[1] = {"bob/answers/scores.csv", "/etc/passwd", AE_IFLNK};
  links[2] = {"bob/answers/weights.csv", "", AE_IFIFO};
  links.push_back({"way", "/", AE_IFLNK});
  links.push_back({"way/etc/x", "x"});
  write(submissions + "/bob.tar", packed_as(As::tar, links));
  const Graded graded = grade(submissions);
  REQUIRE(graded.results.size() == 2);
  CHECK(graded.results[0].all_right());
  const std::vector<StepResult>& steps = graded.results[1].steps;
  REQUIRE(steps.size() == 4);
  CHECK(steps[0].status == Status::unreadable);
  CHECK(holds(steps[0].message, "a symbolic link, which is not followed"));
  CHECK(holds(steps[1].message, "a pipe"));
  CHECK(steps[3].status == Status::right);
  std::vector<std::string> there;
  for (const auto& item : fs::recursive_directory_iterator(folder.path()))
    there.push_back(item.path().filename().string());
  std::sort(there.begin(), there.end());
  CHECK(there == std::vector<std::string>{"ada.tar", "bob.tar", "submissions"});
  CHECK_FALSE(fs::exists("/tmp/attn-escaped.txt"));
}

TEST_CASE("archives: a file larger than an answer is not read, and the rest is graded") {
  Items items = sheet_of("ada", "");
  items[1].bytes = std::string(5 << 20, '1');
  for (const As form : {As::zip, As::tar}) {
    const Folder folder;
    write(folder / (form == As::zip ? "a.zip" : "a.tar"), packed_as(form, items));
    const Graded graded = grade(folder.path());
    REQUIRE(graded.results.size() == 1);
    CHECK(holds(graded.results[0].steps[0].message, "at most 1048576 are read"));
    CHECK(graded.results[0].steps[3].status == Status::right);
  }
}

TEST_CASE("archives: what may be unpacked is shared with the archives around it") {
  const auto outer = std::make_shared<Allowance>("outer.zip", 10, nullptr);
  CHECK(outer->most() == std::size_t{16} * 1024 * 1024 + 1000);
  Allowance inner("inner.zip", 10, outer);
  inner.take(outer->most() - 5);
  check_error(ErrorKind::limit, "outer.zip holds more", [&] { outer->take(6); });
  check_error(ErrorKind::limit, "outer.zip holds more", [&] { inner.take(6); });
  inner.take(5);
  check_error(ErrorKind::limit, "fourth", [&] {
    const auto second = std::make_shared<Allowance>("second", 1, outer);
    const auto third = std::make_shared<Allowance>("third", 1, second);
    Allowance("fourth", 1, third);
  });
}

TEST_CASE("classroom: of several submissions in one place the last counts, and says so") {
  const auto is_later = [](const char* later, const char* earlier) {
    const Version a = version_of(later), b = version_of(earlier);
    return a.place == b.place && a.numbers > b.numbers;
  };
  CHECK(is_later("all/sheet1-1.zip", "all/sheet1.zip"));
  CHECK(is_later("all/sheet1-10.zip", "all/sheet1-9.tar.gz"));
  CHECK(is_later("ada/sheet1 (2)/x", "ada/sheet1/x"));
  CHECK(is_later("ada_17_4711_sheet1-1.zip", "ada_17_4709_sheet1.zip"));
  CHECK(is_later("ada_LATE_17_4711_sheet1.zip", "ada_17_4709_sheet1.zip"));
  CHECK(is_later("s1_ada_attempt_2026-11-28-10-30-00_s1.zip",
                 "s1_ada_attempt_2026-11-27-11-30-00_s1.zip"));
  CHECK_FALSE(is_later("ada_18_4711_sheet1.zip", "ada_17_4709_sheet1.zip"));
  CHECK_FALSE(is_later("submission_2", "submission_1"));

  const Folder folder;
  write(folder / "ada/sheet1.zip", packed_as(As::zip, {sheet_of("ada", "sheet1/")[0]}));
  write(folder / "ada/sheet1-1.zip", zip_of("ada"));
  write(folder / "bob_2_10_sheet1.zip", zip_of("bob"));
  write(folder / "bob_2_9_sheet1.zip", packed_as(As::zip, {sheet_of("bob", "sheet1/")[0]}));
  write(folder / "student-1/sheet1.zip", zip_of("cleo"));  // two people, and one of them cheats
  write(folder / "student-2/sheet1.zip", zip_of("cleo"));
  const Graded graded = grade(folder.path());
  REQUIRE(graded.results.size() == 4);
  CHECK(graded.right() == 4);
  CHECK(graded.results[0].student == "ada");
  CHECK(graded.results[0].remark == "Handed in again: this, the last, counts, and " +
                                        (folder / "ada/sheet1.zip/sheet1") + " does not.");
  CHECK(holds(graded.results[1].remark, "bob_2_9_sheet1.zip/sheet1 does not."));
  for (const std::size_t i : {2, 3})
    CHECK(holds(graded.results[i].remark, "More than one submission has this student"));
}
