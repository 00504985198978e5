// The surroundings: variables, terminals, folders and limits that are not what one expects.
#include <doctest/doctest.h>

#include <clocale>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>

#include "attn/text/utf8.h"
#include "program/process.h"

using namespace attn::test;
using nlohmann::json;

namespace {

using Variables = std::map<std::string, std::optional<std::string>>;

bool colored(const std::string& text) { return text.find('\x1b') != std::string::npos; }

bool ascii(const std::string& text) {
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return static_cast<unsigned char>(c) < 0x80; });
}

/// The values of every step, without the times.
json numbers(const std::string& text) {
  json out;
  const json document = json::parse(text);
  for (const json& step : document["steps"]) out[step["path"].get<std::string>()] = step["values"];
  return out;
}

}  // namespace

TEST_CASE("variables of BLAS and OpenMP do not change the numbers or stop the program") {
  const json usual = numbers(run({"heads", "--json"}).out);
  const Variables settings[] = {
      {{"OPENBLAS_NUM_THREADS", "0"}}, {{"OPENBLAS_NUM_THREADS", "9999"}},
      {{"OPENBLAS_NUM_THREADS", "x"}}, {{"OPENBLAS_NUM_THREADS", "-1"}},
      {{"OMP_NUM_THREADS", "9999"}},   {{"OMP_NUM_THREADS", "0"}},
      {{"OMP_NUM_THREADS", ""}},       {{"GOTO_NUM_THREADS", "0"}},
      {{"OMP_DYNAMIC", "true"}},       {{"OMP_PROC_BIND", "true"}},
      {{"OMP_THREAD_LIMIT", "1"}},
  };
  for (const Variables& variables : settings) {
    const Result r = run(Launch{.arguments = {"heads", "--json"}, .environment = variables});
    INFO(variables.begin()->first << "=" << variables.begin()->second.value_or("") << " "
                                  << r.describe());
    CHECK(r.exit_code == 0);
    CHECK(numbers(r.out) == usual);
    CHECK(r.seconds < 5);
  }
}

TEST_CASE("idle threads sleep soon, unless somebody chose otherwise") {
  const auto spins = [](Words arguments, Variables variables) {
    variables["OMP_DISPLAY_ENV"] = "verbose";
    const std::string text =
        run(Launch{.arguments = std::move(arguments), .environment = variables}).err;
    const std::size_t last = text.rfind("GOMP_SPINCOUNT = '");
    return last == std::string::npos
               ? ""
               : text.substr(last + 18, text.find('\'', last + 18) - last - 18);
  };
  CHECK(spins({"attend", "--threads", "2"}, {}) == "1000");
  CHECK(spins({"attend", "--threads", "2"}, {{"GOMP_SPINCOUNT", "77"}}) == "77");
}

TEST_CASE("a locale changes neither the decimal point nor the numbers") {
  const std::string usual = run({"softmax", "0.5 1.5", "--quiet", "--show", "scores"}).out;
  REQUIRE(contains(usual, "0.500"));
  for (const char* value : {"de_DE.UTF-8", "fr_FR.utf8", "tr_TR.UTF-8", "nonsense.UTF-8"}) {
    const Variables variables = {{"LC_ALL", value}, {"LC_NUMERIC", value}, {"LANG", value}};
    CHECK(expect(Launch{.arguments = {"softmax", "0.5 1.5", "--quiet", "--show", "scores"},
                        .environment = variables},
                 0)
              .out == usual);
    expect(
        Launch{.arguments = {"softmax", "--temperature", "0,5", "1 2"}, .environment = variables},
        2, "decimal point");
    expect(
        Launch{.arguments = {"softmax", "--temperature", "0.5", "1 2"}, .environment = variables},
        0, "s / 0.5");
  }
}

TEST_CASE("outside a UTF-8 locale only ASCII is drawn") {
  for (const char* value : {"C", "POSIX", "en_US.ISO-8859-1", ""}) {
    const Result r =
        expect(Launch{.arguments = {"attend", "the cat sat"}, .environment = {{"LANG", value}}}, 0,
               "weights");
    INFO(r.describe());
    CHECK(ascii(r.out));
  }
  CHECK_FALSE(ascii(run({"attend", "the cat sat"}).out));
  CHECK(run(Launch{.arguments = {"attend"}, .environment = {{"LC_ALL", "C"}, {"LANG", "C.UTF-8"}}})
            .out.find("\xc3\x97") == std::string::npos);
}

TEST_CASE("nothing is coloured in a pipe unless it was asked for") {
  struct Row {
    Words more;
    Variables variables;
    bool color;
  };
  const Row rows[] = {
      {{}, {}, false},
      {{}, {{"TERM", "xterm-256color"}, {"COLORTERM", "truecolor"}}, false},
      {{"--color=auto"}, {}, false},
      {{"--color=never"}, {{"CLICOLOR_FORCE", "1"}}, false},
      {{"--color=always"}, {}, true},
      {{"--color=always"}, {{"NO_COLOR", "1"}, {"TERM", "dumb"}}, true},
      {{}, {{"CLICOLOR_FORCE", "1"}}, true},
      {{}, {{"CLICOLOR_FORCE", "0"}}, false},
      {{}, {{"CLICOLOR_FORCE", ""}}, false},
      {{}, {{"CLICOLOR_FORCE", "1"}, {"NO_COLOR", "1"}}, false},
      {{}, {{"CLICOLOR_FORCE", "1"}, {"NO_COLOR", ""}}, true},
      {{"--color=auto"}, {{"CLICOLOR_FORCE", "1"}, {"NO_COLOR", "0"}}, false},
      {{"--plain"}, {{"CLICOLOR_FORCE", "1"}}, false},
      {{"--plain", "--color=always"}, {}, false},
      {{"--json", "--color=always"}, {}, false},
  };
  for (const Row& row : rows) {
    Launch launch{.arguments = {"attend", "the cat sat"}, .environment = row.variables};
    launch.arguments.insert(launch.arguments.end(), row.more.begin(), row.more.end());
    const Result r = expect(launch, 0, "weights");
    INFO(r.describe());
    CHECK(colored(r.out) == row.color);
  }
}

TEST_CASE("no line is wider than the window") {
  for (const char* columns : {"20", "21", "30", "40", "60", "80", "200"}) {
    for (const Words& words :
         {Words{"tokens"}, Words{"heads"}, Words{"score"}, Words{"position", "--shift", "1"},
          Words{"softmax", "--function", "all"}}) {
      const Result r = expect(Launch{.arguments = words, .environment = {{"COLUMNS", columns}}}, 0);
      INFO("COLUMNS=" << std::string(columns) << " " << r.describe());
      std::size_t widest = 0;
      for (const std::string& line : attn::test::lines(r.out))
        widest = std::max(widest, attn::display_width(line));
      CHECK(widest <= std::stoul(columns));
    }
  }
}

TEST_CASE("a width that makes no sense is not believed") {
  for (const char* columns : {"", "0", "-5", "x", "1", "5", "99999999999999999999", "1000000000"}) {
    const Result r =
        expect(Launch{.arguments = {"heads"}, .environment = {{"COLUMNS", columns}}}, 0, "weights");
    CHECK(r.out.size() < 1'000'000);
  }
}

TEST_CASE("--plain is ASCII-safe linear text of at most 80 columns") {
  for (const Words& words :
       {Words{"tokens", "--plain"}, Words{"heads", "--plain"}, Words{"score", "--plain"},
        Words{"position", "--shift", "1", "--plain"}, Words{"mask", "--plain"},
        Words{"why", "weights[0,1]", "attend", "--plain"}, Words{"map", "--plain"}}) {
    for (const char* columns : {"20", "200"}) {
      const Result r = expect(Launch{.arguments = words, .environment = {{"COLUMNS", columns}}}, 0);
      INFO(r.describe());
      CHECK(ascii(r.out));
      for (const std::string& line : attn::test::lines(r.out))
        CHECK(attn::display_width(line) <= 80);
    }
  }
}

TEST_CASE("a reader that leaves early ends the program quietly") {
  for (const std::size_t bytes : {0, 1, 40}) {
    for (const char* form : {"--json", "--plain", "--quiet"}) {
      const Result r = run(Launch{.arguments = {"heads", "--dim", "64", form}, .reads = bytes});
      INFO(r.describe());
      CHECK(r.exit_code == 0);
      CHECK(r.err.empty());
    }
  }
}

TEST_CASE("standard files that are closed are an error, or are not needed") {
  const Folder folder;
  const std::string file = folder / "x.json";
  const Result r = run(Launch{.arguments = {"attend", "--quiet"}, .closed = {"stdout"}});
  INFO(r.describe());
  CHECK(r.exit_code == 4);
  CHECK(contains(r.err, "standard output"));
  // Nothing that was meant for a closed output may end in a file that took its number.
  CHECK(run(Launch{.arguments = {"attend", "--out", file}, .closed = {"stdin", "stdout", "stderr"}})
            .exit_code == 4);
  CHECK((Folder::read(file).empty() || json::accept(Folder::read(file))));
  CHECK(run(Launch{.arguments = {"attend", "--out", file}, .closed = {"stdin", "stderr"}})
            .exit_code == 0);
  CHECK(json::accept(Folder::read(file)));
  CHECK(run(Launch{.arguments = {"nosuch"}, .closed = {"stderr"}}).exit_code == 2);
  CHECK(run(Launch{.arguments = {"attend", "--input", "-"}, .closed = {"stdin"}}).exit_code == 4);
}

TEST_CASE("a slow, non-blocking reader gets everything") {
  const std::string usual = run({"heads", "--dim", "32"}).out;
  const Result r =
      run(Launch{.arguments = {"heads", "--dim", "32", "--json"}, .non_blocking = true});
  INFO(r.describe());
  CHECK(r.exit_code == 0);
  CHECK(json::accept(r.out));
}

TEST_CASE("folders and variables that are missing do not matter") {
  const Folder folder;
  const std::string gone = folder / "gone";
  std::filesystem::create_directory(gone);
  expect(Launch{.arguments = {"attend"}, .folder = gone, .folder_vanishes = true}, 0, "weights");
  const std::string gone_too = folder / "gone-too";
  std::filesystem::create_directory(gone_too);
  expect(
      Launch{
          .arguments = {"attend", "--out", "x.csv"}, .folder = gone_too, .folder_vanishes = true},
      4, "cannot write");
  for (const char* name : {"HOME", "PATH", "TERM", "LANG", "TMPDIR"}) {
    expect(Launch{.arguments = {"attend"}, .environment = {{name, std::nullopt}}}, 0, "weights");
    expect(Launch{.arguments = {"attend", "--out", folder / "x.csv"},
                  .environment = {{name, "/nowhere/at/all"}}},
           0, "weights");
  }
  expect(Launch{.arguments = {"doctor"}, .environment = {{"TERM", "dumb"}}}, 0, "no colour");
}

TEST_CASE("a read-only working folder is no obstacle to showing") {
  if (!attn::test::permissions_can_bind()) return;
  const Folder folder;
  std::filesystem::permissions(
      folder.path(), std::filesystem::perms::owner_read | std::filesystem::perms::owner_exec);
  expect(Launch{.arguments = {"attend"}, .folder = folder.path(), .bound_by_permissions = true}, 0,
         "weights");
  expect(Launch{.arguments = {"attend", "--out", "x.csv"},
                .folder = folder.path(),
                .bound_by_permissions = true},
         4, "Permission denied");
}

TEST_CASE("under a small limit of memory the program says so and does not crash") {
  if (!attn::test::address_space_can_be_limited()) return;
  for (const std::size_t megabytes : {100, 200, 399, 400, 410, 530, 669, 670, 770}) {
    for (const Words& words :
         {Words{"attend"}, Words{"heads", "--threads", "2"}, Words{"attend", "--dim", "1000"},
          Words{"position", "--length", "1000000"}}) {
      const Result r =
          run(Launch{.arguments = words, .address_space = megabytes << 20, .seconds = 20});
      INFO(megabytes << " MB: " << r.describe());
      CHECK_FALSE(r.timed_out);
      CHECK((r.exit_code == 0 || r.exit_code == 5));
      if (r.exit_code == 5) CHECK(contains(r.err, "\nhint: "));
    }
  }
  const std::size_t gigabyte = std::size_t{1} << 30;
  expect(Launch{.arguments = {"attend"}, .address_space = std::size_t{100} << 20}, 5,
         "400 MB of address space");
  expect(Launch{.arguments = {"attend", "--threads", "64"}, .address_space = gigabyte}, 5,
         "--threads 64 needs about");
  expect(Launch{.arguments = {"attend"}, .address_space = gigabyte}, 0, "weights");
  expect(Launch{.arguments = {"position", "--length", "10000000"}, .address_space = gigabyte}, 5,
         "positions 10000000 x 8 needs about");
}
