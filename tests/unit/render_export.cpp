#include "attn/render/export.h"

#include <doctest/doctest.h>
#include <unistd.h>

#include <filesystem>
#include <nlohmann/json.hpp>

#include "attn/core/error.h"
#include "attn/io/csv.h"
#include "attn/io/file.h"
#include "attn/io/npy.h"
#include "render_sample.h"

using namespace attn;
namespace fs = std::filesystem;

namespace {

/// A folder of its own for one test, gone afterwards.
struct Folder {
  fs::path path = fs::temp_directory_path() / ("attn-export-" + std::to_string(::getpid()));
  Folder() {
    fs::remove_all(path);
    fs::create_directory(path);
  }
  ~Folder() { fs::remove_all(path); }
  std::string operator/(const std::string& name) const { return (path / name).string(); }
};

ErrorKind kind_of(const auto& action) {
  try {
    action();
  } catch (const Error& error) {
    return error.kind();
  }
  return ErrorKind::internal;
}

}  // namespace

TEST_CASE("export: every step becomes a file that trace.json names") {
  const Folder folder;
  const Trace trace = sample::trace(sample::kSentence);
  export_folder(trace, folder / "out");
  const auto document = nlohmann::json::parse(read_file(folder / "out/trace.json"));
  REQUIRE(document["steps"].size() == trace.steps().size());
  CHECK(document["steps"][0]["file"] == "000-ids.npy");
  CHECK(document["steps"][4]["file"] == "004-weights.npy");
  for (std::size_t i = 0; i < trace.steps().size(); ++i) {
    const std::string file = folder / ("out/" + document["steps"][i]["file"].get<std::string>());
    CHECK(largest_difference(read_npy(file), trace.steps()[i]->values()) == 0);
  }
  CHECK(sample::contains(read_file(folder / "out/000-ids.npy"), "<i8"));
  CHECK(sample::contains(read_file(folder / "out/004-weights.npy"), "<f4"));
  export_folder(trace, folder / "out");  // again, over itself
}

TEST_CASE("export: a step's path cannot leave the folder") {
  const Folder folder;
  Trace trace;
  trace.items.emplace_back(sample::step("../../etc/passwd", {}, Tensor(zeros({2}))));
  trace.items.emplace_back(sample::step(std::string(500, 'a') + "\n*", {}, Tensor(zeros({2}))));
  export_folder(trace, folder / "out");
  std::size_t files = 0;
  for (const auto& entry : fs::recursive_directory_iterator(folder.path)) {
    files += entry.is_regular_file() && entry.path().parent_path() == folder.path / "out";
  }
  CHECK(files == 3);
}

TEST_CASE("export: a file in the place of the folder, and a missing parent, are refused") {
  const Folder folder;
  write_file(folder / "file", "x");
  const Trace trace = sample::one(zeros({2}));
  CHECK(kind_of([&] { export_folder(trace, folder / "file"); }) == ErrorKind::io);
  CHECK(kind_of([&] { export_folder(trace, folder / "missing/out"); }) == ErrorKind::io);
  CHECK(read_file(folder / "file") == "x");
}

TEST_CASE("export: --out writes the format that the extension names") {
  const Folder folder;
  const Trace trace = sample::trace(sample::kSentence);
  for (const std::string& format : output_formats()) {
    RenderOptions options;
    if (format == "csv" || format == "npy") options.show = "mask";
    write_output(trace, folder / ("a." + format), options);
    CHECK(fs::file_size(folder / ("a." + format)) > 100);
  }
  CHECK(largest_difference(read_npy(folder / "a.npy"), trace.find("mask")->values()) == 0);
  CHECK(largest_difference(read_csv(folder / "a.csv"), trace.find("mask")->values()) == 0);
  write_output(trace, folder / "last.NPY", RenderOptions{});
  CHECK(read_npy(folder / "last.NPY").size() == 1);  // the last value is the loss
}

TEST_CASE("export: an unknown extension and a step that is not there are usage errors") {
  const Folder folder;
  const Trace trace = sample::trace(sample::kSentence);
  RenderOptions options;
  CHECK(kind_of([&] { write_output(trace, folder / "a.pdf", options); }) == ErrorKind::usage);
  CHECK(kind_of([&] { write_output(trace, folder / "a", options); }) == ErrorKind::usage);
  options.show = "wieghts";
  CHECK(kind_of([&] { write_output(trace, folder / "a.csv", options); }) == ErrorKind::usage);
  CHECK(kind_of([&] { write_output(trace, folder / "missing/a.json", options); }) == ErrorKind::io);
  CHECK(kind_of([&] { write_output(Trace{}, folder / "a.csv", {}); }) == ErrorKind::usage);
}
