#include "app/lesson/edit.h"

#include <algorithm>

#include "app/command.h"
#include "app/lesson/shell_words.h"

namespace attn::app {

namespace {

using Words = std::vector<std::string>;

/// A command line taken apart: "bert mlm", its options with their values, what is no option.
struct Parts {
  Words command, options, positional;

  Words whole() const {
    Words out = command;
    out.insert(out.end(), options.begin(), options.end());
    const bool dash = std::any_of(positional.begin(), positional.end(),
                                  [](const std::string& w) { return w.starts_with("-"); });
    if (dash) out.emplace_back("--");
    out.insert(out.end(), positional.begin(), positional.end());
    return out;
  }
};

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
  const Command* command = find_command(with_whole_name(words).front());
  const std::vector<OptionRow> rows = command ? option_rows(*command) : std::vector<OptionRow>{};
  bool options = true;
  for (auto word = behind; word != words.end(); ++word) {
    if (options && *word == "--") {
      options = false;
    } else if (options && word->starts_with("--")) {
      out.options.push_back(*word);
      if (takes_value(rows, *word) && word + 1 != words.end()) out.options.push_back(*++word);
    } else {
      out.positional.push_back(*word);
    }
  }
  return out;
}

/// The options without this one, in either way of writing it.
void remove_option(Words& options, const std::string& name, bool with_value) {
  for (std::size_t i = 0; i < options.size();) {
    const bool joined = options[i].starts_with(name + "=");
    if (options[i] != name && !joined) {
      ++i;
      continue;
    }
    const std::size_t count = !joined && with_value && i + 1 < options.size() ? 2 : 1;
    const auto at = options.begin() + static_cast<std::ptrdiff_t>(i);
    options.erase(at, at + static_cast<std::ptrdiff_t>(count));
  }
}

}  // namespace

Words changed_command(const Words& words, std::string_view change) {
  Words typed = shell_words(change);
  if (typed.empty()) return words;
  Parts parts = parts_of_command(words);
  if (typed.size() == 2 && typed[0] == "seed") typed[0] = "--seed";
  if (typed.size() == 2 && (typed[0] == "size" || typed[0] == "dim")) typed[0] = "--dim";
  if (!typed[0].starts_with("--")) {
    std::string sentence;
    for (const std::string& word : typed) sentence += (sentence.empty() ? "" : " ") + word;
    parts.positional = {std::move(sentence)};
    return parts.whole();
  }
  Words with_command = parts.command;
  with_command.insert(with_command.end(), typed.begin(), typed.end());
  const Parts more = parts_of_command(with_command);
  for (std::size_t i = 0; i < more.options.size(); ++i) {
    const std::string& option = more.options[i];
    if (!option.starts_with("--")) continue;
    const bool value = i + 1 < more.options.size() && !more.options[i + 1].starts_with("--");
    remove_option(parts.options, option.substr(0, option.find('=')),
                  value || option.find('=') != std::string::npos);
  }
  parts.options.insert(parts.options.end(), more.options.begin(), more.options.end());
  if (!more.positional.empty()) parts.positional = more.positional;
  return parts.whole();
}

}  // namespace attn::app
