// attn translate, train translate and transformer as processes: what they write, and bad input.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "app/frame/data.h"
#include "attn/io/safetensors.h"
#include "attn/text/utf8.h"
#include "program/process.h"

using namespace attn;
using namespace attn::test;
using nlohmann::json;

namespace {

/// A few steps of training on a small model: seconds, not minutes.
const Words kQuick = {"train",    "translate", "--dim",   "8", "--heads", "2",
                      "--layers", "1",         "--steps", "3", "--batch", "4"};
Words quick(const Words& more) { return with(kQuick, more); }

const char* const kGrammar =
    "S = the $N $V | der $N $V\nN = dog | Hund\nN = cat | Kater\nN = cow | Ochse\nN = pig | Eber\n"
    "V = runs | läuft\nV = sees | sieht\nV = eats | frisst\nV = sleeps | schläft\n";

void check_width(const std::string& text, std::size_t most) {
  for (const std::string& line : lines(text)) {
    CAPTURE(line);
    CHECK(display_width(line) <= most);
  }
}

/// No escape sequence of the input reached the terminal.
void check_inert(const Result& r) {
  for (const std::string* text : {&r.out, &r.err}) CHECK_FALSE(contains(*text, "\x1b"));
}

}  // namespace

TEST_CASE("translate: each model of the program speaks at once, and says the right sentence") {
  struct Row {
    const char *model, *text, *written;
  };
  for (const Row& row : {
           Row{"english-german", "the woman has sold the old house .",
               "die Frau hat das alte Haus verkauft ."},
           Row{"english-german", "Today the big dog does not see the ball.",
               "heute sieht der große Hund den Ball nicht ."},
           Row{"english-german", "the teacher says that the girl must find the key .",
               "der Lehrer sagt , dass das Mädchen den Schlüssel finden muss ."},
           Row{"english-german-gru", "the woman has sold the old house .",
               "die Frau hat das alte Haus verkauft ."},
           Row{"english-german-gru", "the teacher says that the girl must find the key .",
               "der Lehrer sagt , dass das Mädchen den Schlüssel finden muss ."},
           Row{"it", "the dog did not cross the street because it was too tired .",
               "der Hund überquerte die Straße nicht , weil er zu müde war ."},
           Row{"it", "the dog did not cross the street because it was too wide .",
               "der Hund überquerte die Straße nicht , weil sie zu breit war ."},
           Row{"it", "the cat did not see the field because it was already dark .",
               "die Katze sah das Feld nicht , weil es schon dunkel war ."},
       }) {
    for (const char* method : {"greedy", "beam"}) {
      const Result r = expect({"translate", "--model", row.model, "--method", method, row.text}, 0,
                              fmt::format("Written: {}\n", row.written));
      INFO(row.text);
      CHECK(r.err.empty());
      CHECK(r.seconds < 10);  // also on a busy machine
    }
  }
}

TEST_CASE("translate: without a sentence it takes one of the test sentences of the language") {
  for (const char* model : {"english-german", "english-german-gru", "it"}) {
    const json one = trace_of({"translate", "--model", model}),
               other = trace_of({"translate", "--model", model, "--seed", "2"});
    CHECK(one["tokens"] == trace_of({"translate", "--model", model, "--seed", "1"})["tokens"]);
    CHECK(one["tokens"] != other["tokens"]);
    CHECK(one["tokens"].back() == "<end>");
  }
}

TEST_CASE("translate: --json is one document with the pass, its candidates and its alignment") {
  const std::string text = "the woman has sold the old house .";
  for (const char* method : {"greedy", "beam", "sample"}) {
    INFO(method);
    const json document = trace_of({"translate", "--method", method, text});
    std::map<std::string, json> tables;
    for (const json& table : document["tables"]) tables[table["name"]] = table;
    CHECK(tables.count("candidates") == 1);
    CHECK(tables.count("alignment") == 1);
    CHECK((tables.count("sentences") == 1) == (std::string(method) == "beam"));
    std::map<std::string, json> steps;
    for (const json& step : document["steps"]) steps[step["path"]] = step;
    CHECK(steps.count("logits") == 1);
    CHECK(steps.at("decoder.layer.1.cross.weights")["shape"][2] == 9);  // words and <end>
    CHECK(steps.at("target_embedding")["kind"] == "parameter");
    // Row t of the pass is what the word written at step t was chosen from.
    const json& written = tables["alignment"]["rows"];
    const json& logits = steps.at("logits");
    CHECK(logits["shape"][0] == written.size());
  }
  const json gru = trace_of({"translate", "--model", "english-german-gru", text});
  std::set<std::string> paths;
  for (const json& step : gru["steps"]) paths.insert(step["path"]);
  for (const char* path : {"source_ids", "target_ids", "encoder.hidden", "decoder.hidden", "scores",
                           "weights", "context", "logits", "probabilities", "output.w"}) {
    INFO(path);
    CHECK(paths.count(path) == 1);
  }
}

TEST_CASE("translate: the candidates of a sentence are probabilities, and greedy takes the best") {
  const json document = trace_of({"translate", "the dog sees the tree ."});
  for (const json& table : document["tables"]) {
    if (table["name"] != "candidates") continue;
    REQUIRE(table["rows"].size() > 5);
    for (const json& row : table["rows"]) {
      CHECK(row[1] != row[3]);
      CHECK(double(row[2]) >= double(row[4]));
      CHECK(double(row[4]) >= double(row[6]));
      CHECK(double(row[2]) + double(row[4]) + double(row[6]) <= 1 + 1e-6);
    }
    CHECK(table["rows"].back()[1] == "<end>");
  }
}

TEST_CASE("translate: words it does not know are told, and it writes all the same") {
  const Result r = expect({"translate", "the zebra sees the zebra and the gnu ."}, 0, "Written: ");
  CHECK(contains(r.out, "read as <unknown>: \"zebra\", \"gnu\"."));
  CHECK(contains(r.out, "neighbour"));  // the words it knows
  expect({"translate", "the dog sees the tree ."}, 0, "Written: ");
  const Result many = expect({"translate", "a b c d e f g h i j k l m n o p"}, 0, "and 5 more.");
  CHECK_FALSE(contains(many.out, "<unknown>: \"a\""));  // a word of the language
}

TEST_CASE("translate: contractions are read as the words they stand for, and it says so") {
  const std::string whole = "the animal did not cross the street because it was too ";
  for (const std::string end : {"tired", "wide"}) {
    const Result full = expect({"translate", "--model", "it", whole + end + " ."}, 0, "Written: ");
    const std::string written = full.out.substr(full.out.find("Written: "));
    for (const char* negation : {"didn't", "didn\u2019t", "Didn't", "did not"}) {
      const std::string text =
          std::string("The animal ") + negation + " cross the street because it was too " + end;
      INFO(text);
      const Result r = expect({"translate", "--model", "it", text}, 0, "A full stop is read");
      CHECK_FALSE(contains(r.out, "<unknown>"));
      CHECK(contains(r.out, "is read as \"did not\"") == (std::string(negation) != "did not"));
      CHECK(r.out.substr(r.out.find("Written: ")).substr(0, 60) == written.substr(0, 60));
    }
  }
  for (const char* model : {"english-german", "english-german-gru"}) {
    const Result r =
        expect({"translate", "--model", model, "the dog doesn't see the ball ."}, 0, "does not");
    CHECK_FALSE(contains(r.out, "<unknown>"));
    CHECK(contains(r.out, "der Hund sieht den Ball nicht ."));
  }
  // What the model does not know either way stays as it was written.
  expect({"translate", "the dog won't see the ball ."}, 0, "<unknown>: \"won't\"");
}

TEST_CASE(
    "translate: a page opens where the model looked at the source, and rows name both words") {
  const Folder folder;
  const Words ask = {"translate", "the small cat sees the big bag ."};
  for (const char* model : {"english-german", "english-german-gru"}) {
    INFO(model);
    const std::string page = folder / "page.html";
    expect(with(ask, {"--model", model, "--out", page}), 0);
    const std::string text = Folder::read(page);
    const std::size_t open = text.find("<div class=\"lines\"");
    REQUIRE(open != std::string::npos);
    CHECK(contains(text.substr(open, 900), "kleine \u2192 Katze"));  // the rows of the picture
  }
}

TEST_CASE("translate: bad sentences are refused with a message, or read as what they are") {
  for (const char* text : {"", " ", "\t\n ", "\x01\x02"}) {
    INFO("\"" << text << "\"");
    expect({"translate", text}, 2, "the text has no words");
  }
  std::string longest = "the", longer;
  for (int i = 0; i < 62; ++i) longest += " dog";
  longer = longest + " dog";
  expect({"translate", longest}, 0, "Written: ");
  expect({"translate", longer}, 2, "the sentence has 64 words; this model reads at most 63");
  expect({"translate", "the \xFF dog"}, 2, "the text is not UTF-8 at byte 4");
  const std::string huge(1 << 16, 'a');
  for (const char* form : {"--plain", "--color=never"}) {
    const Result r = expect({"translate", form, huge + " sees the dog ."}, 0, "Written: ");
    CHECK(r.out.size() < 300'000);
    check_width(r.out, 80);
  }
  std::string words;
  for (int i = 0; i < 20'000; ++i) words += "dog ";
  expect({"translate", words}, 2, "the sentence has 20000 words");
  // Escape sequences and characters that turn the direction of text are not repeated.
  const Result r = expect({"translate", "the \x1b[31mdog \xE2\x80\xAEsees</script>"}, 0, "Written");
  check_inert(r);
  CHECK_FALSE(contains(r.out, "\xE2\x80\xAE"));
  expect({"translate", "--beam", "0"}, 2, "--beam 0 is out of range");
  expect({"translate", "--temperature", "0"}, 2,
         "--temperature \"0\" is not a number in the range");
  expect({"translate", "--method", "beem"}, 2, "beam");
}

TEST_CASE("translate: what is no model is refused by name, format or content") {
  expect({"translate", "--model", "nowhere"}, 2, "no model \"nowhere\", and no file of that name");
  expect({"translate", "--model", "english-germn"}, 2, "did you mean english-german?");
  check_inert(expect({"translate", "--model", "\x1b[31m"}, 2, "\\x1B[31m"));
  const Folder folder;
  expect({"translate", "--model", folder.path()}, 3, "is a folder");
  expect({"translate", "--model", "/dev/zero"}, 3, "/dev/zero");
  const std::string npy = folder / "x.npy";
  expect({"embed", "--export", folder / "out"}, 0);
  for (const auto& entry : std::filesystem::directory_iterator(folder / "out"))
    if (entry.path().extension() == ".npy")
      std::filesystem::copy_file(entry.path(), npy,
                                 std::filesystem::copy_options::overwrite_existing);
  expect({"translate", "--model", npy}, 3, "x.npy: safetensors");
  expect({"translate", "--model", folder.write("empty", "")}, 3, "empty: safetensors");
  expect({"translate", "--model", folder.write("grammar", kGrammar)}, 3, "safetensors");
  const std::string checkpoint = folder / "c.safetensors";
  expect(quick({"--checkpoint", checkpoint}), 0);
  expect({"translate", "--model", checkpoint}, 3, "this is a checkpoint of a training");
  const std::string weights = folder / "w.safetensors";
  expect({"attend", "--save-weights", weights}, 0);
  expect({"translate", "--model", weights}, 3, "this is no model of a language");
}

TEST_CASE("translate: a model's file may hold any words, and none of them is dangerous to show") {
  SafetensorsFile file = parse_safetensors(app::data_file("it.safetensors"), "it");
  json document = json::parse(file.metadata.at("attn_model"));
  document["language"] = "../\x1b[31mx";
  for (json& word : document["target_words"])
    word = "\x1b[31m" + word.get<std::string>() + "\xE2\x80\xAE";
  document["source_words"][0] = "\x1b]0;title\x07";
  const Folder folder;
  const std::string path = folder.write(
      "m.safetensors", safetensors_bytes(file.tensors, {{"attn_model", document.dump()}}));
  for (const Words& more : {Words{}, Words{"--plain"}, Words{"--method", "beam"}}) {
    const Result r = expect(with({"translate", "--model", path, "the zebra was tired ."}, more), 0);
    check_inert(r);
    CHECK_FALSE(contains(r.out, "\xE2\x80\xAE"));
  }
  expect({"translate", "--model", path}, 2, "write a sentence in quotes");
  // A file that names a language of the program's own, and has other words.
  document["language"] = "it";
  folder.write("m.safetensors", safetensors_bytes(file.tensors, {{"attn_model", document.dump()}}));
  expect({"translate", "--model", path, "the dog was tired ."}, 0, "Written");
}

TEST_CASE("translate: at 40 and at 80 columns, and in linear text, every line fits") {
  for (const Words& command :
       {Words{"translate"}, Words{"translate", "--model", "it"},
        Words{"translate", "--model", "english-german-gru"}, Words{"translate", "--method", "beam"},
        Words{"translate", "--method", "sample", "--temperature", "2"},
        Words{"transformer", "--compare-modes"}, quick({})}) {
    INFO(command[0] << " " << command.back());
    for (const std::size_t width : {40, 80}) {
      for (const char* form : {"--color=never", "--plain"}) {
        const Result r = run(Launch{.arguments = with(command, {form}),
                                    .environment = {{"COLUMNS", std::to_string(width)}}});
        CHECK(r.exit_code == 0);
        CHECK(r.out.size() > 500);
        check_width(r.out, std::string(form) == "--plain" ? 80 : width);
      }
    }
  }
}

TEST_CASE("translate: why takes a number of the pass apart") {
  expect({"why", "logits[2,5]", "translate", "the dog sees the tree ."}, 0, "logits[2,5]");
  expect({"why", "decoder.layer.1.cross.weights[0,2,3]", "translate", "the dog sees the tree ."}, 0,
         "cross.scores");
  expect({"why", "weights[1,2]", "translate", "--model", "english-german-gru", "the dog"}, 0,
         "scores");
  expect({"why", "probabilities[1,2]", "transformer"}, 0, "logits");
  expect({"why", "stepwise.logits[1,2]", "transformer", "--compare-modes"}, 0,
         "one word at a time");
  expect({"why", "logits[2,500]", "translate", "the dog sees the tree ."}, 2, "logits");
}

TEST_CASE("train translate: a grammar of one's own is learnt, saved and spoken") {
  const Folder folder;
  const std::string grammar = folder.write("zoo.grammar", kGrammar),
                    model = folder / "zoo.safetensors";
  for (const char* kind : {"attention", "gru", "lstm", "rnn"}) {
    expect(quick({"--language", grammar, "--model", kind, "--save-model", model}), 0,
           "learns to translate: zoo");
    expect({"translate", "--model", model, "the dog runs"}, 0, "zoo: \"the dog runs\"");
  }
  expect({"translate", "--model", model}, 2, "the language \"zoo\" of this model is not one of");
  // Long enough, it learns the rule: sentences that it has never seen come out right.
  expect({"train", "translate", "--language", grammar, "--dim", "16", "--heads", "2", "--layers",
          "1", "--steps", "400", "--save-model", model},
         0, "whole sentences right");
  expect({"translate", "--model", model, "the cow sleeps"}, 0, "Written: der Ochse schläft\n");
  expect({"translate", "--model", model, "the pig sees"}, 0, "Written: der Eber sieht\n");
  // A model that never ends a sentence is cut, and its words fit into its positions.
  std::string text = "the";
  for (int i = 0; i < 60; ++i) text += " dog";
  expect({"translate", "--model", model, text}, 0, "Written: ");
}

TEST_CASE("train translate: bad grammars are refused with their line") {
  const Folder folder;
  const auto bad = [&](const std::string& text, const std::string& part) {
    expect(quick({"--language", folder.write("g.grammar", text)}), 3, part);
  };
  bad("", "g.grammar: no rule");
  bad("S = a | b\n\nS a", "g.grammar, line 3: no \"=\"");
  bad("S = $X | b", "line 1: no rule for $X");
  bad("S = Dog | b", "line 1: \"Dog\" is not one lower-case word");
  bad("S 0 = a | b", "line 1: \"0\" is not a weight");
  bad("S = a \x1b[31m | b", "line 1");
  bad("S = a $S | b", "$S does not come to an end");
  bad("S = a | b", "none of 100000 sentences is for training");
  bad("\xFF\xFE", "not UTF-8");
  expect(quick({"--language", folder.path()}), 3, "is a folder");
  expect(quick({"--language", "germann"}), 2, "no language \"germann\"");
  expect(quick({"--language", "english-germn"}), 2, "did you mean english-german?");
  expect(quick({"--language", folder.write("large.grammar", std::string(2 << 20, '#'))}), 5,
         "large.grammar");
  // Sentences that are too long for the model's positions.
  std::string text = "S = $A";
  for (int i = 0; i < 70; ++i) text += " a";
  text += " | B\n";
  for (int i = 0; i < 40; ++i) text += fmt::format("A = a{} | b\n", i);
  expect(quick({"--language", folder.write("long.grammar", text)}), 2, "64 positions");
}

TEST_CASE("train translate: options that do not fit are refused before any work") {
  expect(quick({"--language", "it", "--model", "cnn"}), 2, "--model cnn cannot translate");
  expect({"train", "translat"}, 2, "did you mean translate?");
  expect({"train"}, 2, "translate");
  expect(quick({"--model", "gru", "--score", "dott"}), 2, "dot");
  expect(quick({"--model", "gru", "--variant", "bth"}), 2, "both");
  expect({"train", "translate", "--dim", "10", "--heads", "4"}, 2, "cannot be divided");
  expect({"train", "translate", "--dim", "100000"}, 5);
  expect({"train", "translate", "--dim", "4000", "--layers", "64"}, 5, "needs about");
  expect({"train", "translate", "--batch", "65536", "--layers", "16"}, 5, "needs about");
  const Folder folder;
  const std::string path = folder / "a.safetensors";
  expect(quick({"--save-model", folder / "a.npy"}), 2, "must end in .safetensors");
  expect(quick({"--save-model", folder / "no/a.safetensors"}), 4, "there is no folder");
  expect(quick({"--save-model", path, "--checkpoint", path}), 2, "name the same file");
  CHECK(std::filesystem::is_empty(folder.path()));
}

TEST_CASE("train translate: going on gives the same file, and another language is refused") {
  const Folder folder;
  const auto line = [&](const std::string& name, const char* steps, const Words& more) {
    return with({"train",        "translate",
                 "--dim",        "8",
                 "--heads",      "2",
                 "--layers",     "1",
                 "--batch",      "4",
                 "--schedule",   "constant",
                 "--dropout",    "0.1",
                 "--threads",    "1",
                 "--steps",      steps,
                 "--checkpoint", folder / (name + ".safetensors"),
                 "--save-model", folder / (name + "-model.safetensors")},
                more);
  };
  expect(line("whole", "9", {}), 0);
  expect(line("half", "4", {}), 0);
  expect(line("half", "9", {"--resume"}), 0);
  CHECK(Folder::read(folder / "half-model.safetensors") ==
        Folder::read(folder / "whole-model.safetensors"));
  expect(line("half", "9", {}), 2, "--resume");
  const Result r = expect(line("half", "12", {"--resume", "--language", "it", "--tied"}), 3,
                          "is of another training");
  CHECK(contains(r.err, "saved: language english-german"));
  CHECK(contains(r.err, "here:  language it"));
  CHECK(contains(r.err, "tied true"));
  expect(with({"train", "copy", "--checkpoint", folder / "half-model.safetensors"}, {"--resume"}),
         3, "a trained model, not a checkpoint");
}

TEST_CASE("train translate: a learning rate that is far too high names the step and the place") {
  const Result r =
      expect({"train", "translate", "--dim", "8", "--heads", "2", "--optimizer", "sgd", "--lr",
              "1000", "--clip", "0", "--warmup", "0", "--schedule", "constant", "--steps", "300"},
             1, "training broke down at step ");
  CHECK(contains(r.err, "is not finite"));
}

TEST_CASE("transformer: learning and writing agree for every form of the model") {
  for (const Words& more : {Words{}, Words{"--tied"}, Words{"--norm", "pre"},
                            Words{"--layers", "3", "--heads", "4"}, Words{"--compare-cache"}}) {
    const json document = trace_of(with({"transformer", "--compare-modes"}, more));
    REQUIRE(document["checks"].size() >= 1);
    for (const json& check : document["checks"]) CHECK(check["holds"] == true);
  }
  expect({"transformer", "--target", " "}, 2, "--target has no words");
  expect({"transformer", "--target", "\xFF"}, 2, "UTF-8");
  expect({"transformer", "--layers", "-1"}, 2, "--layers");
}
