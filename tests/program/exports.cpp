// What is written: one JSON document, files in every format, nothing that a hostile token could do
// in them.
#include <doctest/doctest.h>
#include <sys/stat.h>

#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>

#include "program/process.h"

using namespace attn::test;
using nlohmann::json;

namespace {

const char* const kHostile =
    "</script><img src=x onerror=1> ]]> \" ' & <b> \xe2\x80\xae"
    "evil --> =1+1 @x";

/// Every character a token of its own keeps nothing together; words keep what they may.
const std::vector<Words> kHostileRuns = {
    {"attend", kHostile}, {"attend", "--level", "char", kHostile}, {"heads", kHostile}};

std::size_t count(const std::string& text, const std::string& part) {
  std::size_t n = 0;
  for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++n;
  return n;
}

/// A tag without what stands between quotation marks.
std::string without_values(const std::string& tag) {
  std::string out;
  bool inside = false;
  for (const char c : tag) {
    if (c == '"') inside = !inside;
    if (!inside) out += c;
  }
  return out;
}

}  // namespace

TEST_CASE("--json is one document with nothing around it") {
  for (const Words& words :
       {Words{"tokens"}, Words{"embed"}, Words{"position", "--shift", "3"}, Words{"qkv"},
        Words{"score"}, Words{"score", "--sweep", "4,16"}, Words{"softmax", "1 2; -inf 3"},
        Words{"mask"}, Words{"attend"}, Words{"heads", "--wrong-split"},
        Words{"why", "weights[0,1]", "attend"}, Words{"map"}, Words{"doctor"}, Words{"version"}}) {
    const Result r = run(with(words, {"--json"}));
    INFO(r.describe());
    CHECK(r.exit_code == 0);
    CHECK(r.err.empty());
    REQUIRE(r.out.size() > 2);
    CHECK(r.out.front() == '{');
    CHECK(r.out.substr(r.out.size() - 2) == "}\n");
    const json document = json::parse(r.out);
    CHECK(document["format"] == 1);
    Words line = words;
    line.push_back("--json");
    CHECK(document["command"] == json(line));
    for (const json& step : document["steps"]) {
      for (const char* key :
           {"path", "kind", "formula", "axes", "shape", "from", "milliseconds", "flops", "values"})
        CHECK(step.contains(key));
    }
  }
}

TEST_CASE("hostile tokens are valid in JSON and come back as they were") {
  for (const Words& words : kHostileRuns) {
    const Result r = run(with(words, {"--json"}));
    INFO(r.describe());
    CHECK(r.exit_code == 0);
    const json document = json::parse(r.out);
    const auto tokens = document["tokens"].get<Words>();
    CHECK(std::find(tokens.begin(), tokens.end(), "<") != tokens.end());
    CHECK(std::find(tokens.begin(), tokens.end(), "\"") != tokens.end());
    CHECK(document["command"].dump().size() > 50);
  }
}

TEST_CASE("hostile tokens are inert in HTML and SVG") {
  const Folder folder;
  for (const Words& words : kHostileRuns) {
    const std::string page = folder / "x.html", picture = folder / "x.svg";
    expect(with(words, {"--out", page, "--out", picture}), 0);
    const std::string html = Folder::read(page), svg = Folder::read(picture);
    REQUIRE(html.size() > 1000);
    REQUIRE(svg.size() > 1000);
    for (const std::string* text : {&html, &svg}) {
      CHECK_FALSE(contains(*text, "<img"));
      CHECK_FALSE(contains(*text, "onerror=1>"));
      CHECK_FALSE(contains(*text, "\xe2\x80\xae"));
      CHECK_FALSE(contains(*text, "]]>"));
    }
    CHECK(count(html, "<script") == count(html, "</script>"));
    CHECK(count(html, "<script") == 2);  // the numbers of the lines, and the script
    CHECK(count(svg, "<script") == 0);
    // Nothing is fetched: no address in it but names of namespaces, and no element that has one.
    for (const char* part : {"@import", "url(http", "fetch(", "XMLHttpRequest", "<link", "<iframe",
                             "<object", "<embed"})
      CHECK_FALSE(contains(html, part));
    CHECK(count(html, "http://") + count(html, "https://") == count(html, "http://www.w3.org/"));
    for (std::size_t at = html.find('<'); at != std::string::npos; at = html.find('<', at + 1)) {
      const std::string tag = without_values(html.substr(at, html.find('>', at) - at));
      if (contains(tag, " src=") || contains(tag, " on")) FAIL_CHECK(tag);
    }
    if (attn::test::installed("xmllint")) {
      const Result r = run(
          Launch{.arguments = {"-c", "xmllint --noout --nonet " + picture}, .program = "/bin/sh"});
      INFO(r.err);
      CHECK(r.exit_code == 0);
    }
  }
}

TEST_CASE("--out may be given several times, in every format and spelling") {
  const Folder folder;
  const Words names = {"a.json", "b.csv",      "c.npy",       "d.svg",          "e.html",
                       "F.CSV",  "g.tar.Json", ".hidden.csv", "with space.csv", "-dash.csv"};
  Words words = {"attend", "a b c"};
  for (const std::string& name : names) words.insert(words.end(), {"--out", folder / name});
  expect(words, 0, "weights");
  for (const std::string& name : names) {
    CAPTURE(name);
    CHECK(Folder::read(folder / name).size() > 20);
  }
  CHECK(json::accept(Folder::read(folder / "a.json")));
  CHECK(json::accept(Folder::read(folder / "g.tar.Json")));
  CHECK(Folder::read(folder / "c.npy").starts_with("\x93NUMPY"));
  CHECK(Folder::read(folder / "b.csv") == Folder::read(folder / "F.CSV"));
  // Nothing but the files asked for: no temporary ones are left.
  CHECK(std::distance(std::filesystem::directory_iterator(folder.path()), {}) ==
        static_cast<std::ptrdiff_t>(names.size()));
}

TEST_CASE("a number in a CSV file is a number and reads back to the same bits") {
  const Folder folder;
  const std::string file = folder / "y.csv";
  expect({"attend", "=1+1 -2 @x +3", "--show", "x", "--out", file}, 0);
  const std::string text = Folder::read(file);
  CHECK(text.find_first_not_of("0123456789.,+-e\n") == std::string::npos);
  const json first = json::parse(run({"attend", "=1+1 -2 @x +3", "--json"}).out),
             again = json::parse(run({"attend", "--input", file, "--json"}).out);
  const auto value = [](const json& document, const char* path) {
    for (const json& step : document["steps"]) {
      if (step["path"] == path) return step["values"];
    }
    return json();
  };
  CHECK(value(first, "x") == value(again, "x"));
  CHECK(value(first, "output") == value(again, "output"));
  expect({"softmax", "--show", "scores", "  -inf 1e-40 nan", "--out", file}, 0);
  CHECK(Folder::read(file) == "-inf,1e-40,nan\n");
}

TEST_CASE("a place that cannot be written is told before anything is computed") {
  const Folder folder;
  const std::string file = folder.write("file", "here");
  const Words places = {"/",
                        ".",
                        folder.path(),
                        folder / "missing/dir/x.csv",
                        folder / "missing/dir/x",
                        file + "/x.csv",
                        "/proc/x/y.csv"};
  for (const std::string& place : places)
    CHECK(expect({"attend", "--out", place}, 4, "cannot write").out.empty());
  CHECK(contains(expect({"attend", "--out", folder / "no/x.csv"}, 4).err, "mkdir -p"));
  CHECK(expect({"attend", "--save-weights", folder / "no/w.safetensors"}, 4, "cannot write")
            .out.empty());
  for (const char* name : {"x", "x.txt", ".csv", "x.", "x.csv.bak", "x\x1b[31m.\x07"})
    expect({"attend", "--out", folder / name}, 2, "the name must end in one of: .json, .csv");
  CHECK(std::distance(std::filesystem::directory_iterator(folder.path()), {}) == 1);
}

TEST_CASE("a full disk is exit code 4, whatever was written to it") {
  expect({"attend", "--out", "/dev/full"}, 4, "No space left");
  for (const char* form : {"--json", "--plain", "--quiet"}) {
    const Result r = expect(Launch{.arguments = {"attend", form}, .output_file = "/dev/full"}, 4,
                            "No space left");
    CHECK(contains(r.err, "standard output"));
  }
  expect(Launch{.arguments = {"--help"}, .output_file = "/dev/full"}, 4, "No space left");
}

TEST_CASE("a device or a pipe gets JSON") {
  const Result r = run({"attend", "--quiet", "--show", "x", "--out", "/dev/stderr"});
  INFO(r.describe());
  CHECK(r.exit_code == 0);
  CHECK(json::accept(r.err));
  expect({"attend", "--out", "/dev/null"}, 0);
}

TEST_CASE("no file is both input and output") {
  const Folder folder;
  const std::string x = folder.write("x.csv", "1,0\n0,1\n"), bytes = Folder::read(x),
                    hard = folder / "hard.csv", soft = folder / "soft.csv";
  std::filesystem::create_hard_link(x, hard);
  std::filesystem::create_symlink(x, soft);
  for (const std::string& output : {x, hard, soft, folder / "./x.csv"})
    expect({"attend", "--input", x, "--out", output}, 2, "both input and output");
  expect({"softmax", x, "--out", x}, 2, "both input and output");
  expect({"score", "--query", x, "--key=" + hard, "--out", x}, 2, "both input and output");
  expect({"attend", "a b", "--mask", "graph:" + x, "--out", soft}, 2, "both input and output");
  const std::string w = folder / "w.safetensors";
  expect({"attend", "--save-weights", w}, 0);
  expect({"attend", "--weights", w, "--save-weights", w}, 2, "both input and output");
  CHECK(Folder::read(x) == bytes);
}

TEST_CASE("an export is a folder with a file per step and the list of them") {
  const Folder folder;
  const std::string made = folder / "new";
  expect({"heads", "--export", made}, 0);
  const json document = json::parse(Folder::read(made + "/trace.json"));
  std::size_t files = 1;
  for (const json& step : document["steps"]) {
    CHECK_FALSE(step.contains("values"));
    const std::string bytes = Folder::read(made + "/" + step["file"].get<std::string>());
    CHECK(bytes.starts_with(std::string("\x93NUMPY\x01\x00", 8)));
    std::size_t numbers = 1;
    for (const std::size_t length : step["shape"]) numbers *= length;
    CHECK((bytes.size() - numbers * (step["path"] == "ids" ? 8 : 4)) % 64 == 0);
    ++files;
  }
  CHECK(std::distance(std::filesystem::directory_iterator(made), {}) ==
        static_cast<std::ptrdiff_t>(files));
  // Into a folder that is there already, over what was there.
  expect({"heads", "--export", made}, 0);
  expect({"tokens", "--export", folder.path()}, 0);
}

TEST_CASE("an export that cannot be is exit code 4") {
  const Folder folder;
  const std::string file = folder.write("file", "here");
  for (const std::string& place : {file, file + "/deeper", folder / "missing/deeper",
                                   std::string("/proc/attn"), std::string("/dev/null")}) {
    const Result r = expect({"attend", "--export", place}, 4, "");
    // Known before anything is computed, but for a folder that only looks as if it took a name.
    if (place != "/proc/attn") CHECK(r.out.empty());
  }
  CHECK(Folder::read(file) == "here");
}

TEST_CASE("read-only files and folders stay as they are") {
  if (!attn::test::permissions_can_bind()) return;
  const Folder folder;
  const std::string closed = folder / "closed", file = folder.write("kept.csv", "kept\n");
  std::filesystem::create_directory(closed);
  chmod(closed.c_str(), 0555);
  chmod(file.c_str(), 0444);
  const auto refused = [](Words arguments) {
    const Result r = expect(Launch{.arguments = std::move(arguments), .bound_by_permissions = true},
                            4, "Permission denied");
    CHECK(r.out.empty());
  };
  refused({"attend", "--out", closed + "/x.csv"});
  refused({"attend", "--out", file});
  refused({"attend", "--export", closed});
  refused({"attend", "--export", closed + "/deeper"});
  refused({"attend", "--save-weights", closed + "/w.safetensors"});
  CHECK(Folder::read(file) == "kept\n");
  chmod(file.c_str(), 0);
  refused({"attend", "--input", file});
}

TEST_CASE("a large matrix is a reduced picture that says so") {
  const Folder folder;
  std::string text;
  for (int i = 0; i < 600; ++i) text += "w" + std::to_string(i) + " ";
  const Result r = expect(
      {"attend", text, "--show", "weights", "--out", folder / "x.svg", "--out", folder / "x.html"},
      0);
  CHECK(r.seconds < 5);
  CHECK(Folder::read(folder / "x.svg").size() < 4'000'000);
  CHECK(Folder::read(folder / "x.html").size() < 20'000'000);
}

TEST_CASE("nan and infinity have a place in every format") {
  const Folder folder;
  expect({"softmax", "--naive", "  1000 -inf nan", "--out", folder / "x.svg", "--out",
          folder / "x.html", "--out", folder / "x.json"},
         0);
  CHECK(json::accept(Folder::read(folder / "x.json")));
  CHECK_FALSE(contains(Folder::read(folder / "x.svg"), "=\"nan"));
  CHECK_FALSE(contains(Folder::read(folder / "x.svg"), "=\"-nan"));
  CHECK_FALSE(contains(Folder::read(folder / "x.svg"), "=\"inf"));
}

TEST_CASE("a picture of a command without a matrix holds its table, its drawing or its words") {
  const Folder folder;
  const std::string picture = folder / "x.svg";
  const std::vector<std::pair<Words, Words>> rows = {
      {{"params", "--preset", "gpt2-small"}, {"gpt2", "parameters"}},
      {{"homework", "list"}, {"softmax", "points"}},
      {{"exercise", "list"}, {"masked-attention"}},
      {{"map"}, {"attn attend", "queries and keys"}},
      {{"why", "weights[0,0]", "attend", "a b"}, {"exp("}},
      {{"train", "reverse", "--length", "3", "--steps", "3"}, {"accuracy", "steps"}},
  };
  for (const auto& [words, parts] : rows) {
    const Result r = expect(with(words, {"--out", picture}), 0);
    INFO(r.describe());
    const std::string svg = Folder::read(picture);
    for (const std::string& part : parts) {
      INFO(part);
      CHECK(contains(svg, part));
    }
  }
}

TEST_CASE("a long title of a picture is on the picture") {
  const Folder folder;
  const std::string text(300, 'w');
  expect({"attend", text + " " + text, "--show", "weights", "--out", folder / "x.svg"}, 0);
  const std::string svg = Folder::read(folder / "x.svg");
  const double width = std::stod(svg.substr(svg.find("width=\"") + 7));
  // No line of text is longer than the picture is wide, at the width of the widest letter.
  for (std::size_t at = svg.find("<text class=\"h\""); at != std::string::npos;
       at = svg.find("<text class=\"h\"", at + 1)) {
    const std::size_t begin = svg.find('>', at) + 1, end = svg.find("</text>", begin);
    CHECK(double(end - begin) * 9 < width);
  }
}
