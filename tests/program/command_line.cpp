// What stands on the command line: every mistake has exit code 2, a message and a way out.
#include <doctest/doctest.h>
#include <unistd.h>

#include <string>

#include "program/process.h"

using namespace attn::test;

namespace {

constexpr int kUsage = 2, kCannotWrite = 4, kLimit = 5;

struct Row {
  Words arguments;
  std::string text;
};

void all_refused(const std::vector<Row>& rows) {
  for (const Row& row : rows) expect(row.arguments, kUsage, row.text);
}

}  // namespace

TEST_CASE("without a command, the overview goes to standard error") {
  const Result r = run(Words{});
  INFO(r.describe());
  CHECK(r.exit_code == kUsage);
  CHECK(r.out.empty());
  CHECK(contains(r.err, "attn attend"));
}

TEST_CASE("an unknown command is refused, and the nearest one is named") {
  all_refused({
      {{""}, "no command \"\""},
      {{"atention"}, "did you mean: attn attend?"},
      {{"attention"}, "did you mean: attn attend?"},
      {{"sofmax"}, "did you mean: attn softmax?"},
      {{"headz"}, "did you mean: attn heads?"},
      {{"Attend"}, "did you mean: attn attend?"},
      {{"embedding"}, "did you mean: attn embed?"},
      {{"tokenize", "a text"}, "did you mean: attn tokens?"},
      {{"zzzzz"}, "attn --help lists the commands"},
      {{"--nosuch"}, "no command before \"--nosuch\""},
      {{"--json"}, "as in: attn attend --json"},
      {{"lstm"}, "did you mean: attn rnn --cell lstm?"},
      {{"gru", "a text"}, "did you mean: attn rnn --cell gru?"},
      {{"gradient"}, "did you mean: attn backward?"},
      {{"help", "sofmax"}, "did you mean: attn softmax?"},
      {{std::string(100'000, 'a')}, "aaa...\""},
      {{"\x1b[31mred"}, "\\x1B[31mred"},
      {{"\xff\xfe"}, "\\xFF\\xFE"},
  });
}

TEST_CASE("help is there under each of its names, on standard output") {
  for (const Words& words : {Words{"--help"}, Words{"-h"}, Words{"help"}})
    expect(words, 0, "attn attend");
  for (const Words& words :
       {Words{"heads", "--help"}, Words{"heads", "-h"}, Words{"help", "heads"},
        Words{"heads", "--heads", "3", "--help"}, Words{"heads", "--nosuch", "--help"}}) {
    const Result r = expect(words, 0, "--wrong-split");
    CHECK(r.err.empty());
  }
  for (const Words& words : {Words{"bert", "--help"}, Words{"bert", "-h"}, Words{"help", "bert"}})
    expect(words, 0, "attn bert tokens");
  expect({"--version"}, 0, "attn ");
}

TEST_CASE("what took long to compute is shown even if --show has a mistyped name") {
  const Result r = expect({"train", "reverse", "--length", "3", "--steps", "5", "--show", "nosuch"},
                          0, "everything is shown");
  CHECK(contains(r.err, "the steps: "));
  CHECK(contains(r.out, "accuracy"));
  CHECK(expect({"attend", "a b", "--show", "nosuch"}, 2, "no step").out.empty());
}

TEST_CASE("behind -- even --help is a text") { expect({"tokens", "--", "--help"}, 0, "help"); }

TEST_CASE("whole numbers are written plainly and stay in their range") {
  for (const char* word :
       {"-1", "0", "18446744073709551616", "99999999999999999999999999999", "010", "0x8", "3.0", "",
        " 4", "4 ", "4x", "+4", "1e1", "-0", "-", "four", "\xd9\xa4"}) {
    expect({"heads", "--heads", word}, kUsage, "--heads");
    if (*word)
      expect({"heads", std::string("--heads=") + word}, kUsage,
             "a whole number from 1 to 100000 is needed");
  }
  expect({"heads", "--heads=4", "--quiet"}, 0, "weights");
  expect({"heads", "--heads="}, kUsage, "--heads needs a value");
  expect({"heads", "--heads"}, kUsage, "write --heads N");
  all_refused({
      {{"attend", "--seed", "-1"}, "--seed -1 is out of range"},
      {{"attend", "--seed", "18446744073709551615"}, "out of range"},
      {{"attend", "--threads", "100000"}, "--threads 100000 is out of range"},
      {{"attend", "--threads", "0"}, "from 1 to"},
      {{"attend", "--repeat", "0"}, "from 1 to"},
      {{"attend", "--precision", "1000000000"}, "a whole number from 0 to 17"},
      {{"attend", "--precision", "-1"}, "out of range"},
      {{"attend", "--dim", "0"}, "from 1 to"},
      {{"position", "--length", "2000000000000000"}, "out of range"},
      {{"position", "--shift", "-1"}, "from 0 to"},
      {{"score", "--sweep", "1,,2"}, "--sweep \"\""},
      {{"score", "--sweep", ""}, "--sweep \"\""},
      {{"score", "--sweep", "4,x"}, "--sweep \"x\""},
      {{"score", "--sweep", "4,0"}, "--sweep 0 is out of range"},
      {{"why", "--depth", "0", "weights[0,0]", "attend"}, "from 1 to 64"},
  });
}

TEST_CASE("numbers have a decimal point, are finite and stay in their range") {
  for (const char* word : {"nan", "inf", "-inf", "-1", "1e400", "1e-400", "1,5", "0", "", " 1",
                           "+1", "0x1p3", "1.5x", "infinity", "."}) {
    expect({"softmax", "--temperature", word}, kUsage, "--temperature");
  }
  expect({"softmax", "--temperature", "1,5"}, kUsage, "with a decimal point");
  expect({"softmax", "--temperature", ".5", "1 2"}, 0, "weights");
  expect({"softmax", "--temperature=2e0", "1 2"}, 0, "s / 2");
}

TEST_CASE("a width that the heads do not divide is refused with the ones that would do") {
  all_refused({
      {{"heads", "--dim", "10", "--heads", "3"}, "--heads may be 1, 2, 5, 10; or use --dim 12"},
      {{"heads", "--dim", "7", "--heads", "2"}, "--heads may be 1, 7; or use --dim 8"},
      {{"heads", "--heads", "100000"}, "--heads may be 1, 2, 4, 8"},
  });
}

TEST_CASE("sizes beyond the memory are refused with estimate and limit, at once") {
  const std::vector<Words> asked = {
      {"position", "--length", "2000000000"},
      {"position", "--length", "1000000000000", "--dim", "1000000000"},
      {"position", "--kind", "onehot", "--length", "2000000000", "--dim", "1"},
      {"position", "--kind", "learned", "--length", "4", "--table", "1000000", "--dim", "1000000"},
      {"embed", "--dim", "1000000000",
       "one two three four five six seven eight nine ten eleven twelve"},
      {"attend", "--dim", "1000000"},
      {"qkv", "--dim", "1000000"},
      {"heads", "--heads", "2", "--key-dim", "1000000", "--value-dim", "1000000", "--dim",
       "100000"},
      {"score", "--sweep", "8,65536"},
      {"score", "--function", "additive", "--hidden", "100000", "--dim", "2500"},
      {"score", "--function", "lowrank", "--rank", "100000", "--dim", "100000"},
  };
  // Some numbers are drawn before the large matrix is asked for; under AddressSanitizer that is
  // slow.
  const double patience = attn::test::address_space_can_be_limited() ? 4 : 10;  // a busy machine
  for (const Words& arguments : asked) {
    Launch launch{.arguments = arguments, .seconds = 5 * patience};
    if (attn::test::address_space_can_be_limited()) launch.address_space = std::size_t{1} << 30;
    // Either more memory than there is, or more random numbers than anybody would wait for.
    const Result r = run(launch);
    INFO(r.describe());
    CHECK(r.exit_code == kLimit);
    CHECK((contains(r.err, "may be used here") || contains(r.err, "the limit is")));
    CHECK((contains(r.err, "needs about") || contains(r.err, "would be")));
    CHECK(contains(r.err, "\nhint: "));
    CHECK(r.out.empty());
    CHECK(r.seconds < 3 * patience);
  }
}

TEST_CASE("an option is given once") {
  all_refused({
      {{"attend", "--dim", "8", "--dim", "8"}, "--dim is given twice"},
      {{"attend", "--dim=8", "--dim", "4"}, "--dim is given twice"},
      {{"attend", "--json", "--json"}, "--json is given twice"},
      {{"attend", "--quiet", "--quiet"}, "--quiet is given twice"},
      {{"attend", "--input", "a.csv", "--input", "b.csv"}, "--input is given twice"},
      {{"attend", "--mask", "causal", "--mask", "none"}, "--mask is given twice"},
      {{"score", "--sweep", "4", "--sweep", "8"}, "--sweep is given twice"},
      {{"softmax", "--temperature", "1", "--temperature", "2"}, "--temperature is given twice"},
      {{"why", "--depth", "1", "--depth", "2", "weights[0,0]", "attend"}, "--depth is given twice"},
      {{"why", "weights[0,0]", "attend", "--dim", "4", "--dim", "8"}, "--dim is given twice"},
  });
}

TEST_CASE("an option of another command is refused, and its commands are named") {
  all_refused({
      {{"attend", "--heads", "2"}, "--heads belongs to: heads"},
      {{"attend", "--heads=2"}, "--heads belongs to: heads"},
      {{"tokens", "--temperature", "2"}, "--temperature belongs to: softmax"},
      {{"map", "--seed", "1"}, "--seed belongs to: tokens, embed"},
      {{"version", "--mask", "causal"}, "belongs to: mask, attend, heads"},
      {{"attend", "--sed", "2"}, "did you mean --seed?"},
      {{"attend", "--sed=2"}, "did you mean --seed?"},
      {{"attend", "--jsn"}, "did you mean --json?"},
      {{"attend", "-x"}, "no option -x"},
      {{"attend", "-hello"}, "put -- before a text that begins with -"},
      {{"attend", "--\xff\x1b"}, "no option --\\xFF\\x1B"},
      {{"why", "weights[0,0]", "attend", "--heads", "2"}, "--heads belongs to: heads"},
      {{"version", "please"}, "takes no text"},
      {{"version", "--", "please"}, "takes no text"},
      {{"completions"}, "possible: bash, zsh, fish"},
      {{"completions", "csh"}, "no completions for csh"},
      {{"completions", "bash", "zsh"}, "possible: bash, zsh, fish"},
  });
}

TEST_CASE("a flag takes no value") {
  for (const char* flag : {"--json", "--plain", "--quiet"}) {
    for (const char* value : {"=true", "=false", "=1", "=0", "=-1", "=x", "="}) {
      expect({"attend", flag + std::string(value)}, kUsage, flag);
    }
  }
}

TEST_CASE("a word that is not one of the choices is refused with the choices") {
  all_refused({
      {{"attend", "--color", "blue"}, "possible: auto, always, never"},
      {{"attend", "--color", "alway"}, "did you mean always?"},
      {{"attend", "--color", ""}, "possible: auto, always, never"},
      {{"attend", "--convention", "col"}, "possible: row, column"},
      {{"attend", "--level", "words"}, "did you mean word?"},
      {{"attend", "--position", "sinus"}, "possible: none, sinusoidal, learned"},
      {{"position", "--kind", "onhot"}, "did you mean onehot?"},
      {{"score", "--function", "concst"}, "did you mean concat?"},
      {{"softmax", "--axis", "rows"}, "did you mean row?"},
      {{"softmax", "--hard", "max"}, "possible: argmax, sample"},
      {{"attend", "--mask", "cusal"}, "did you mean causal?"},
      {{"attend", "--mask", "CAUSAL"}, "did you mean causal?"},
      {{"attend", "--mask", "local"}, "did you mean local:R?"},
      {{"attend", "--mask", "local:"}, "did you mean local:R?"},
      {{"attend", "--mask", "locl:2"}, "did you mean local:R?"},
      {{"attend", "--mask", "graph"}, "graph:FILE"},
      {{"attend", "--mask", "graph:"}, "graph:FILE"},
      {{"attend", "--mask", "local:-1"}, "-1 is out of range"},
      {{"attend", "--mask", "local:x"}, "not a whole number"},
      {{"attend", "--mask", "local:99999999999999999999"}, "out of range"},
      {{"attend", "--mask", "padding:99"}, "choose 0 to 11"},
  });
  expect({"attend", "--mask", "graph:missing.csv"}, kCannotWrite, "cannot open missing.csv");
}

TEST_CASE("the edges of a graph mask are checked one by one") {
  const Folder folder;
  const auto refused = [&](const char* edges, const char* text) {
    const std::string file = folder.write("edges.csv", edges);
    expect({"attend", "a b c", "--mask", "graph:" + file}, 3, text);
  };
  refused("0,1,2\n", "two columns");
  refused("0,1\n0,3\n", "edge 2: node 3 is not one of 0 to 2");
  refused("-1,0\n", "node -1");
  refused("0.5,0\n", "node 0.5");
  refused("nan,0\n", "node nan");
  refused("", "found nothing");
  refused("a,b\n", "expected a number");
  expect({"attend", "a b c", "--mask", "graph:" + folder.write("good.csv", "0,1\n1,2\n")}, 0,
         "mask");
}

TEST_CASE("options that exclude each other are refused") {
  const Folder folder;
  const std::string file = folder.write("x.csv", "1,2\n3,4\n");
  all_refused({
      {{"attend", "--json", "--plain"}, "choose one of them"},
      {{"attend", "a text", "--input", file}, "a text and --input are both given"},
      {{"softmax", "1 2", "--input", file}, "numbers and --input are both given"},
      {{"tokens", "--input", file}, "--input"},
      {{"embed", "--input", file}, "--input"},
      {{"position", "--length", "4", "a text"}, "--length with a text"},
      {{"position", "--length", "4", "--input", file}, "--length with a text or --input"},
      {{"position", "--position", "learned"}, "--kind chooses"},
      {{"position", "--kind", "none", "--shift", "1"}, "use --kind sinusoidal"},
      {{"score", "--query", file}, "--query and --key belong together"},
      {{"score", "--query", file, "--key", file, "a text"}, "stand in place of a text"},
      {{"softmax", "--hard", "sample", "--axis", "column"}, "--axis row"},
      {{"attend", "--show", "nothing"}, "--show nothing: no step"},
      {{"attend", "--show", "weihgts"}, "did you mean weights?"},
      {{"attend", "--show", ""}, "--show needs a value"},
      {{"attend", "--export", ""}, "--export needs a value"},
      {{"attend", "--out", ""}, "--out needs a value"},
      {{"attend", "--out"}, "--out needs a value"},
      {{"attend", "--save-weights", "w.bin"}, "must end in .safetensors"},
  });
}

TEST_CASE("an argument as long as the system allows is answered at once") {
  const std::string longest(120'000, 'x');
  const Result r = expect({"attend", "--dim", longest}, kUsage, "is not a whole number");
  CHECK(r.err.size() < 500);
  CHECK(r.seconds < 3);
  expect({"attend", "--" + longest}, kUsage, "no option");
  expect({"attend", "--show", longest}, kUsage, "no step has such a name");
  expect({"attend", "--input", longest + ".csv"}, 4, "cannot open");
  expect({"attend", "--color", longest}, kUsage, "possible: auto");
  // The whole line may be longer than one argument: about 1 MB of words.
  Words many = {"version"};
  for (int i = 0; i < 10; ++i) many.push_back(std::string(100'000, 'y'));
  CHECK(expect(many, kUsage, "takes no text").err.size() < 500);
}
