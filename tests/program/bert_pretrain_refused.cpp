// bert pretrain with what it cannot learn from, write to or go on with.
#include <doctest/doctest.h>

#include <csignal>
#include <filesystem>

#include "program/pretraining.h"

using namespace attn::test;
namespace fs = std::filesystem;

namespace {

constexpr int kUsage = 2, kBadInput = 3, kCannotWrite = 4, kLimit = 5;
const std::string kSpecial = "[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\n";

/// Ends with this code and text and a hint, writing nothing to standard output.
void refused(const Words& line, int code, const std::string& text) {
  const Result r = expect(line, code, text);
  INFO(r.describe());
  CHECK(contains(r.err, "hint: "));
  CHECK(r.out.empty());
}

}  // namespace

TEST_CASE("bert pretrain: a corpus that no pairs can be drawn from is refused by name") {
  const Folder folder;
  const auto corpus = [&](const std::string& bytes, int code, const std::string& text) {
    refused(pretrain(folder.write("corpus.txt", bytes), {"--steps", "2"}), code, text);
  };
  corpus("", kBadInput, "corpus.txt: no sentence");
  corpus("\n \r\n\t\n", kBadInput, "corpus.txt: no sentence");
  corpus("One sentence alone.\n", kBadInput,
         "0 different documents of two or more sentences (1 of");
  corpus("One.\n\nTwo.\n\nThree.\n\nFour.\n\nFive.\n", kBadInput, "(5 of one sentence)");
  corpus("One\ndocument\nof\nfour sentences\n", kBadInput, "1 different document of two or more");
  std::string same;
  for (int i = 0; i < 9; ++i) same += "the same\ndocument\n\n";
  corpus(same, kBadInput, "1 different document of two or more");
  corpus(small_text() + "a caf\xe9\nof Latin-1\n", kBadInput,
         "corpus.txt, line 65: not UTF-8 at byte 5 of the line");
  std::string control;
  for (char c = 1; c < 9; ++c) control += std::string(3, c) + "\n\x7f\x01" + c + "\n\n";
  corpus(control, kBadInput, "corpus.txt: no words to learn from");
  const std::string vocab = folder.write("v.txt", kSpecial + "the\ndog\n"),
                    controls = folder.write("corpus.txt", control);
  refused(pretrain(controls, {"--vocab", vocab}), kBadInput,
          "no two sentences with words to learn");

  refused(pretrain(folder / "missing.txt", {}), 4, "missing.txt");
  refused(pretrain(folder.path(), {}), kBadInput, "is a folder");
  refused(pretrain("/dev/null", {}), kBadInput, "is a device");
  refused(pretrain(folder.write("big.txt", std::string((64 << 20) + 1, 'a')), {}), kLimit,
          "big.txt");
  refused(with(pretrain("stories", {}), {"stories"}), kUsage, "one corpus, not 2");
}

TEST_CASE("bert pretrain: words of a text without letters are words too") {
  const Folder folder;
  std::string text;
  for (const char* line :
       {"\xe4\xb8\xad\xe6\x96\x87", "\xd7\xa9\xd7\x9c\xd7\x95\xd7\x9d", "!?", "42",
        "\xf0\x9f\x98\x80", "\xc3\xa9t\xc3\xa9 \x01", "a\xcc\x81", "[MASK] ["})
    text += std::string(line) + " \xe4\xb8\xad\r\n" + line + " 1\r\n\r\n";
  expect(pretrain(folder.write("text.txt", text), {"--steps", "3", "--vocab-size", "100"}), 0,
         "hidden words");
}

TEST_CASE("bert pretrain: topics that BERT would not read as they are meant are refused") {
  const Folder folder;
  const auto topics = [&](const std::string& word, const std::string& text) {
    std::string changed = kTopics;
    changed.replace(changed.find("dog"), 3, word);
    refused(pretrain(folder.write("g.topics", changed), {"--steps", "2"}), kBadInput, text);
  };
  topics("dog's", "g.topics: \"dog's\" is not one word as BERT reads it");
  topics("caf\xc3\xa9", "is not one word as BERT reads it");  // it would be cafe
  topics(std::string(101, 'x'), "is not one word as BERT reads it");
  topics("Dog", "g.topics, line 4: ");
  topics("a\xff", "g.topics");
  // Of a pair that is cut the grammar's best guess is not known.
  const std::string file = folder.write("g.topics", kTopics);
  refused(pretrain(file, {"--length", "10"}), kUsage, "--length 10, but two sentences of");
  expect(pretrain(file, {"--length", "11", "--steps", "2"}), 0, "best possible");
  refused(pretrain("stories", {"--length", "20"}), kUsage, "have up to 21 pieces");
  refused(pretrain(file, {"--vocab", file}), kUsage, "--vocab with stories");
}

TEST_CASE("bert pretrain: a vocabulary that is none, or not of this text, is refused") {
  const Folder folder;
  const std::string text = folder.write("text.txt", small_text());
  const auto vocab = [&](const std::string& bytes, int code, const std::string& part) {
    refused(pretrain(text, {"--steps", "2", "--vocab", folder.write("v.txt", bytes)}), code, part);
  };
  vocab("[PAD]\n[UNK]\n[CLS]\n[SEP]\nthe\n", kBadInput, "v.txt: no [MASK] among its 5 pieces");
  vocab("", kBadInput, "no [PAD], [UNK], [CLS], [SEP], [MASK] among");
  vocab(kSpecial + "the\nthe\n", kBadInput, "line 7: \"the\" is also on line 6");
  vocab(kSpecial, kUsage, "the vocabulary has only special pieces");
  // With no word of the text there would be nothing to hide, for ever.
  vocab(kSpecial + "zebra\n", kUsage, "no word of these pairs can be hidden");
  refused(pretrain(text, {"--vocab", folder / "v.txt", "--loss", "mlm", "--masking", "static"}),
          kUsage, "no word of these pairs can be hidden");
  refused(pretrain(text, {"--vocab", folder / "missing.txt"}), 4, "missing.txt");
  // mask and mlm want a [MASK] too: tests/program/bert_bad_checkpoint.cpp has bad checkpoints.
}

TEST_CASE("bert pretrain: sizes that do not go together, and numbers out of range, are refused") {
  refused(pretrain("stories", {"--heads", "3"}), kUsage,
          "a width of 8 cannot be divided among 3 heads");
  refused(pretrain("stories", {"--length", "7"}), kUsage, "--length 7 is out of range");
  refused(pretrain("stories", {"--length", "513"}), kUsage, "--length 513 is out of range");
  refused(pretrain("stories", {"--steps", "0"}), kUsage, "--steps 0 is out of range");
  refused(pretrain("stories", {"--batch", "0"}), kUsage, "--batch 0 is out of range");
  refused(pretrain("stories", {"--accumulate", "0"}), kUsage, "--accumulate 0 is out of range");
  refused(pretrain("stories", {"--lr", "0"}), kUsage, "--lr \"0\" is not a number in the range");
  refused(pretrain("stories", {"--lr", "nan"}), kUsage, "--lr");
  refused(pretrain("stories", {"--dropout", "1"}), kUsage,
          "--dropout \"1\" is not a number in the range");
  refused(pretrain("stories", {"--loss", "nps"}), kUsage, "nsp");
  refused(pretrain("stories", {"--masking", "statik"}), kUsage, "static");
  refused(pretrain("stories", {"--resume"}), kUsage, "--resume needs --checkpoint FILE");
  refused(pretrain("stories", {"--dim", "4096", "--layers", "48", "--batch", "65536"}), kLimit,
          "a BERT of width 4096 on 65536 pairs at once");
}

TEST_CASE("bert pretrain: where nothing can be written is told before the training") {
  const Folder folder;
  const std::string text = folder.write("text.txt", small_text());
  const Words endless = {"--steps", "100000000"};
  for (const std::string& place :
       {folder.write("other.txt", "x"), text + "/model", std::string("/dev/full"),
        std::string("/proc/attn"), folder / "a\n" + std::string(300, 'b')})
    refused(pretrain(text, with(endless, {"--save", place})), kCannotWrite, "attn: cannot ");
  refused(pretrain(text, with(endless, {"--checkpoint", folder / "no/c.safetensors"})),
          kCannotWrite, "there is no folder");
  refused(pretrain(text, with(endless, {"--checkpoint", folder / "c.npy"})), kUsage,
          "must end in .safetensors");
  refused(pretrain(text, with(endless, {"--checkpoint", folder / "c.safetensors", "--resume"})),
          kCannotWrite, "c.safetensors");
  refused(pretrain(text, with(endless, {"--save", text})), kUsage, "is both input and output");
  CHECK(Folder::read(text) == small_text());
  if (!permissions_can_bind()) return;
  fs::create_directory(folder / "mine");
  fs::permissions(folder / "mine", fs::perms::owner_read | fs::perms::owner_exec);
  expect(Launch{.arguments = pretrain(text, with(endless, {"--save", folder / "mine"})),
                .bound_by_permissions = true},
         kCannotWrite, "cannot write into ");
}

TEST_CASE("bert pretrain: a disk that is full spoils neither the checkpoint nor the saved model") {
  const Folder folder;
  const std::string text = folder.write("text.txt", small_text()), file = folder / "c.safetensors",
                    saved = folder / "model";
  const Words line = pretrain(text, {"--steps", "3", "--checkpoint", file, "--save", saved});
  expect(line, 0);
  const std::string before = Folder::read(file), model = Folder::read(saved + "/model.safetensors");
  const Result full =
      expect(Launch{.arguments = with(line, {"--resume"}), .file_size = before.size() - 1},
             kCannotWrite, "cannot write " + file);
  CHECK(contains(full.err, "hint: "));
  CHECK(Folder::read(file) == before);
  CHECK(Folder::read(saved + "/model.safetensors") == model);
  // Room for the small files, but not for the weights.
  const std::string other = folder / "other";
  const Words again = pretrain(text, {"--steps", "3", "--seed", "2", "--save", other});
  expect(Launch{.arguments = again, .file_size = model.size() - 1}, kCannotWrite,
         "cannot write " + other + "/model.safetensors");
  CHECK_FALSE(fs::exists(other + "/model.safetensors"));
  for (const auto& entry : fs::directory_iterator(other)) CHECK(entry.path().extension() != ".tmp");
  expect(again, 0);  // what was written is no model, so it is in nobody's way
}

TEST_CASE("bert pretrain: a folder that holds a model is not written over") {
  const Folder folder;
  const std::string text = folder.write("text.txt", small_text()), saved = folder / "model";
  expect(pretrain(text, {"--steps", "3", "--save", saved}), 0);
  const std::string model = Folder::read(saved + "/model.safetensors");
  const Result r = expect(pretrain(text, {"--steps", "3", "--seed", "2", "--save", saved}), kUsage,
                          saved + " holds a model already");
  CHECK(contains(r.err, "hint: "));
  CHECK(Folder::read(saved + "/model.safetensors") == model);
}

TEST_CASE("bert pretrain: Ctrl-C without a checkpoint says that nothing was saved") {
  const Folder folder;
  const std::string text = folder.write("text.txt", small_text());
  Running training(Launch{.arguments = pretrain(text, {"--steps", "100000000"}), .seconds = 60});
  REQUIRE(training.wait_until([&] { return training.hears(SIGINT); }));
  training.send(SIGINT);
  const Result r = training.finish();
  INFO(r.describe());
  CHECK(r.exit_code == 130);
  CHECK(contains(r.err, "hint: nothing was saved"));
}

TEST_CASE("trainings: a loss a thousand times that of the first step stops them") {
  for (const Words& words :
       {Words{"bert", "pretrain", "--dim", "16", "--layers", "1", "--heads", "2", "--lr", "1000"},
        Words{"train", "reverse", "--length", "4", "--lr", "1000", "--warmup", "0"}}) {
    const Result r = expect(with(words, {"--steps", "200"}), 1, "training broke down at step ");
    CHECK(contains(r.err, "hint: use a smaller --lr"));
  }
}

TEST_CASE("bert pretrain: a learning rate that is far too high stops with the step and the place") {
  const Folder folder;
  const std::string text = folder.write("text.txt", small_text()), file = folder / "c.safetensors";
  const Result r =
      expect(pretrain(text, {"--dim", "32", "--layers", "4", "--lr", "1000", "--warmup", "0",
                             "--steps", "3000", "--checkpoint", file, "--save", folder / "model"}),
             1, "training broke down at step ");
  INFO(r.describe());
  CHECK((contains(r.err, "is not finite (loss ") || contains(r.err, ": the loss is ")));
  CHECK(contains(r.err, "hint: use a smaller --lr"));
  CHECK_FALSE(contains(r.err, "-nan"));
  CHECK_FALSE(fs::exists(folder / "model/model.safetensors"));
}
