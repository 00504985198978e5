#include "app/lesson/edit.h"

#include <algorithm>

#include "app/frame/execute.h"
#include "attn/text/shell_words.h"

namespace attn::app {

namespace {

using Words = std::vector<std::string>;

/// A command line taken apart: "bert mlm", its options with their values, what is no option.
struct Parts {
  struct Option {
    std::string name;  ///< "--seed"
    Words words;       ///< as written: "--seed", "3" or "--seed=3"
  };
  Words command;
  std::vector<Option> options;
  Words positional;

  Words whole() const {
    Words out = command;
    for (const Option& option : options)
      out.insert(out.end(), option.words.begin(), option.words.end());
    const bool dash = std::any_of(positional.begin(), positional.end(),
                                  [](const std::string& w) { return w.starts_with("-"); });
    if (dash) out.emplace_back("--");
    out.insert(out.end(), positional.begin(), positional.end());
    return out;
  }
};

/// 'the cat' as the cat: the quotes of somebody used to a shell.
std::string without_quotes(std::string_view text) {
  if (text.size() >= 2 && (text[0] == '\'' || text[0] == '"') &&
      text.find(text[0], 1) == text.size() - 1)
    text = text.substr(1, text.size() - 2);
  return std::string(text);
}

/// "seed 3" in two words.
Words short_form(std::string_view change) {
  const std::size_t space = change.find(' ');
  if (space == std::string_view::npos ||
      change.find_first_not_of(' ', space) == std::string_view::npos)
    return {};
  const std::string_view name = change.substr(0, space);
  const std::string_view value = change.substr(change.find_first_not_of(' ', space));
  if (value.find_first_not_of("0123456789") != std::string_view::npos) return {};
  if (name == "seed") return {"--seed", std::string(value)};
  if (name == "size" || name == "dim") return {"--dim", std::string(value)};
  return {};
}

const Command* command_of(const Words& words) {
  return words.empty() ? nullptr : find_command(with_whole_name(words).front());
}

bool takes_value(const std::vector<OptionRow>& rows, const std::string& option) {
  return std::any_of(rows.begin(), rows.end(), [&](const OptionRow& row) {
    return row.name == option && !row.value.empty();
  });
}

Parts parts_of_command(const Words& words) {
  Parts out;
  const std::size_t names = words.size() > 1 && find_command(words[0] + " " + words[1]) ? 2 : 1;
  const auto behind = words.begin() + static_cast<std::ptrdiff_t>(std::min(names, words.size()));
  out.command.assign(words.begin(), behind);
  const Command* command = command_of(words);
  const std::vector<OptionRow> rows = command ? option_rows(*command) : std::vector<OptionRow>{};
  bool options = true;
  for (auto word = behind; word != words.end(); ++word) {
    if (options && *word == "--") {
      options = false;
    } else if (options && word->starts_with("--")) {
      out.options.push_back({word->substr(0, word->find('=')), {*word}});
      if (takes_value(rows, *word) && word + 1 != words.end())
        out.options.back().words.push_back(*++word);
    } else {
      out.positional.push_back(*word);
    }
  }
  return out;
}

}  // namespace

Words changed_command(const Words& words, std::string_view change) {
  if (change.empty()) return words;
  Parts parts = parts_of_command(words);
  Words typed = short_form(change);
  if (typed.empty() && !change.starts_with("--")) {
    parts.positional = {without_quotes(change)};
    return parts.whole();
  }
  if (typed.empty()) typed = shell_words(change);
  Words with_command = parts.command;
  with_command.insert(with_command.end(), typed.begin(), typed.end());
  const Parts more = parts_of_command(with_command);
  std::erase_if(parts.options, [&](const Parts::Option& old) {
    return std::any_of(more.options.begin(), more.options.end(),
                       [&](const Parts::Option& option) { return option.name == old.name; });
  });
  parts.options.insert(parts.options.end(), more.options.begin(), more.options.end());
  if (!more.positional.empty()) parts.positional = more.positional;
  return parts.whole();
}

std::string possible_changes(const Words& words) {
  const Command* command = command_of(words);
  const std::vector<OptionRow> rows = command ? option_rows(*command) : std::vector<OptionRow>{};
  const auto has = [&](const char* name) {
    return std::any_of(rows.begin(), rows.end(),
                       [&](const OptionRow& row) { return row.name == name; });
  };
  Words ways;
  if (command && command->kind == CommandKind::stage)
    ways.emplace_back(command->name == "softmax" ? "other numbers" : "another sentence");
  if (has("--seed")) ways.emplace_back("seed 3");
  if (has("--dim")) ways.emplace_back("size 16");
  ways.emplace_back(has("--heads")   ? "an option such as --heads 4"
                    : has("--steps") ? "an option such as --steps 100"
                                     : "an option of the command");
  std::string out = "Write ";
  for (std::size_t i = 0; i < ways.size(); ++i)
    out += (i == 0 ? "" : i + 1 == ways.size() ? ", or " : ", ") + ways[i];
  return out + "; back for the lesson's own. Enter or q changes nothing.";
}

}  // namespace attn::app
