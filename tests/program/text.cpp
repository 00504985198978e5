// Every text that a person or a file may give: refused with a reason, or shown in straight columns.
#include "attn/text/utf8.h"

#include <doctest/doctest.h>

#include <nlohmann/json.hpp>
#include <string>

#include "program/process.h"

using namespace attn::test;
using nlohmann::json;

namespace {

const Words kTextCommands = {"tokens", "embed", "position", "qkv", "score",  "mask",
                             "attend", "heads", "rnn",      "cnn", "seq2seq"};

/// The tokens that the program made of `arguments`.
Words tokens_of(Words arguments) {
  arguments.insert(arguments.begin(), {"tokens", "--json"});
  const Result r = run(arguments);
  INFO(r.describe());
  REQUIRE(r.exit_code == 0);
  return json::parse(r.out)["tokens"].get<Words>();
}

/// `count` different words, in a text.
std::string long_text(std::size_t count, std::size_t different) {
  std::string text;
  for (std::size_t i = 0; i < count; ++i) text += "w" + std::to_string(i % different) + " ";
  return text;
}

}  // namespace

TEST_CASE("a text without a word is refused") {
  for (const std::string& command : kTextCommands) {
    expect({command, ""}, 2, "the text is empty");
    for (const char* text :
         {" ", "     ", "\t\n\r\n", "\x01\x02\x7f", "\xc2\xa0\xe3\x80\x80", "\xe2\x80\xae"}) {
      expect({command, text}, 2, "no words");
    }
  }
  expect({"tokens", "", ""}, 2, "no words");
  expect({"tokens", "--level", "char", "  "}, 2, "no words");
  expect({"softmax", ""}, 2, "is empty");
  expect({"softmax", " "}, 3, "found nothing");
}

TEST_CASE("one token is enough for every stage") {
  for (const std::string& command : kTextCommands) {
    const Result r = expect({command, "alone"}, 0);
    CHECK_FALSE(contains(r.out, "nan"));
  }
  expect({"softmax", "5"}, 0, "weights");
}

TEST_CASE("words and characters become tokens") {
  CHECK(tokens_of({"The cat, it didn't!"}) == Words{"the", "cat", ",", "it", "didn't", "!"});
  CHECK(tokens_of({"several", "arguments are", "one text"}) ==
        Words{"several", "arguments", "are", "one", "text"});
  CHECK(tokens_of({"a\r\nb\r\n\tc"}) == Words{"a", "b", "c"});
  CHECK(tokens_of({"a\x01z"}).size() == 2);
  CHECK(tokens_of({"--level", "char", "a b\r\n"}) == Words{"a", "b"});
  CHECK(tokens_of({"--level", "char", "e\xcc\x81\xf0\x9f\x91\xa9\xe2\x80\x8d\xf0\x9f\x91\xa7"})
            .size() == 2);
  CHECK(tokens_of({"-5 apples"}) == Words{"-", "5", "apples"});
  CHECK(tokens_of({"--", "-x", "--help"}) == Words{"-", "x", "-", "-", "help"});
  CHECK(tokens_of({"--", "--"}) == Words{"-", "-"});
}

TEST_CASE("a text that is not UTF-8 is refused with the place") {
  const std::pair<const char*, const char*> rows[] = {
      {"a\xff", "byte 1"},          {"\xc3(", "byte 0"},
      {"ab\xed\xa0\x80", "byte 2"},  // a lone surrogate
      {"\xc0\xaf", "byte 0"},       {"\xf5\x80\x80\x80", "byte 0"},
      {"x\xe2\x82", "byte 1"},
  };
  for (const auto& [text, place] : rows) {
    const Result r = expect({"tokens", text}, 2, place);
    CHECK(attn::valid_utf8(r.err));
  }
}

TEST_CASE("columns stay straight whatever the script") {
  const Words texts = {
      "\xe7\x8c\xab \xe5\x9d\x90\xe5\x9c\xa8\xe5\x9e\xab\xe5\xad\x90\xe4\xb8\x8a",  // Chinese
      "e\xcc\x81t\xc3\xa9 cafe\xcc\x81 na\xc3\xafve",  // combining marks
      "hi \xf0\x9f\x98\x80 "
      "\xf0\x9f\x91\xa9\xe2\x80\x8d\xf0\x9f\x91\xa9\xe2\x80\x8d\xf0\x9f\x91\xa7",       // emoji
      "\xd7\xa9\xd7\x9c\xd7\x95\xd7\x9d \xd8\xa7\xd9\x84\xd9\x82\xd8\xb7\xd8\xa9 abc",  // right to
                                                                                        // left
      "\xec\x95\x88\xeb\x85\x95 \xed\x95\x98\xec\x84\xb8\xec\x9a\x94",                  // Korean
      "the animal was tired",
  };
  for (const std::string& text : texts) {
    for (const char* columns : {"40", "80", "200"}) {
      const Launch launch{.arguments = {"embed", text, "--quiet", "--show", "x"},
                          .environment = {{"COLUMNS", columns}}};
      const Result r = run(launch);
      INFO(r.describe());
      REQUIRE(r.exit_code == 0);
      std::size_t expected = 0, numbers = 0;
      for (const std::string& line : attn::test::lines(r.out)) {
        CAPTURE(line);
        CHECK(attn::display_width(line) <= std::stoul(columns));
        // A row of numbers ends in a digit: all of them end in one column (a panel at a time).
        const bool is_row =
            line.size() > 4 && line.starts_with("  ") && line.find('.') != std::string::npos;
        if (!is_row) {
          expected = 0;
          continue;
        }
        ++numbers;
        if (expected == 0) expected = attn::display_width(line);
        CHECK(attn::display_width(line) == expected);
      }
      CHECK(numbers > 0);
    }
  }
}

TEST_CASE("a text of 10 000 tokens is shown in seconds, in parts, or refused with the reason") {
  const std::string text = long_text(10'000, 200);
  for (const char* command : {"tokens", "embed", "position"}) {
    const Result r = expect(Launch{.arguments = {command, text}, .seconds = 15}, 0);
    CHECK(r.seconds < 8);
    CHECK(r.out.size() < 2'000'000);
  }
  if (attn::test::address_space_can_be_limited()) {
    for (const char* command : {"attend", "heads", "mask", "score"}) {
      const Launch launch{
          .arguments = {command, text}, .address_space = std::size_t{1} << 30, .seconds = 10};
      const Result r = expect(launch, 5, "may be used here");
      INFO(r.describe());
      CHECK(r.seconds < 3);
    }
  }
}

TEST_CASE("attention over 1500 tokens is shown in parts") {
  const std::string text = long_text(1500, 100);
  for (const char* command : {"attend", "heads"}) {
    const Result r = expect(Launch{.arguments = {command, text}, .seconds = 15}, 0, "weights");
    CHECK(r.seconds < 5);
    CHECK(r.out.size() < 200'000);
    for (const std::string& line : attn::test::lines(r.out)) CHECK(attn::display_width(line) <= 80);
  }
}

TEST_CASE("a token as long as the system allows does not widen anything") {
  for (const std::string& token :
       {std::string(120'000, 'x'), std::string("\xe7\x8c\xab") + std::string(100'000, 'y')}) {
    for (const char* command : {"tokens", "attend"}) {
      for (const char* form : {"--quiet", "--plain"}) {
        const Result r = expect({command, form, "a " + token + " b"}, 0);
        CHECK(r.seconds < 3);
        for (const std::string& line : attn::test::lines(r.out))
          CHECK(attn::display_width(line) <= 80);
      }
    }
    const Result r = run({"attend", "--json", "a " + token + " b"});
    CHECK(r.exit_code == 0);
    CHECK(contains(json::parse(r.out)["tokens"].dump(), "xxxx") == (token[0] == 'x'));
  }
}

TEST_CASE("control characters in a text never reach the terminal") {
  const std::string text =
      "a\x1b[31mred\x1b[0m \x07 b\x08 \xe2\x80\xae"
      "abc \xc2\x9b"
      "2J end";
  for (const std::string& command : kTextCommands) {
    for (const char* form : {"--quiet", "--plain", "--precision=3"}) {
      const Result r = expect({command, form, text}, 0);
      INFO(r.describe());
      CHECK(r.out.find_first_of("\x1b\x07\x08\x7f") == std::string::npos);
      CHECK_FALSE(contains(r.out, "\xe2\x80\xae"));
      CHECK_FALSE(contains(r.out, "\xc2\x9b"));
    }
  }
}

TEST_CASE("with --color=always the only escape codes are colours") {
  const Result r = run({"attend", "--color=always", "a\x1b[2J\x1b]0;title\x07 b"});
  INFO(r.describe());
  CHECK(r.exit_code == 0);
  for (std::size_t at = r.out.find('\x1b'); at != std::string::npos;
       at = r.out.find('\x1b', at + 1)) {
    const std::size_t end = r.out.find_first_not_of("0123456789;", at + 2);
    REQUIRE(end != std::string::npos);
    CHECK(r.out[at + 1] == '[');
    CHECK(r.out[end] == 'm');
  }
}

TEST_CASE("the same word has the same vector in every sentence, in any case and order") {
  const auto row = [](const char* text, std::size_t index) {
    return json::parse(run({"embed", "--json", text}).out)["steps"].back()["values"][index];
  };
  CHECK(row("the cat sat", 1) == row("a Cat", 1));
  CHECK(row("the cat sat", 1) != row("the cat sat", 2));
}
