#include "app/frame/cli.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <CLI/CLI.hpp>
#include <charconv>
#include <cmath>

#include "app/frame/command.h"
#include "attn/core/error.h"
#include "attn/core/joined.h"

namespace attn::app {

namespace {

[[noreturn]] void usage(const std::string& message, const std::string& hint) {
  throw Error(ErrorKind::usage, message, hint);
}

std::string small_letters(std::string word) {
  for (char& c : word) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  return word;
}

/// "graph:" of a choice that ends in a file's name: "graph:FILE"; "" if there is none.
std::string file_prefix(const OptionRow& row) {
  for (const std::string& choice : row.choices) {
    if (choice.ends_with(":FILE")) return choice.substr(0, choice.size() - 4);
  }
  return {};
}

}  // namespace

std::int64_t parse_integer(const std::string& what, const std::string& word, std::int64_t low,
                           std::int64_t high) {
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), value);
  const std::size_t digits = word.starts_with('-') ? 1 : 0;
  const bool padded = word.size() > digits + 1 && word[digits] == '0';
  const std::string range = fmt::format("a whole number from {} to {} is needed", low, high);
  if (error == std::errc::result_out_of_range)
    usage(fmt::format("{} {} is out of range", what, escaped(word)), range);
  if (error != std::errc() || end != word.data() + word.size() || padded) {
    usage(fmt::format("{} \"{}\" is not a whole number", what, escaped(word)), range);
  }
  if (value < low || value > high) usage(fmt::format("{} {} is out of range", what, value), range);
  return value;
}

Cli::Cli(std::string command)
    : command_(std::move(command)), parser_(std::make_unique<CLI::App>()) {
  parser_->set_help_flag();
  parser_->allow_extras();
}

Cli::~Cli() = default;

void Cli::add(OptionRow row, const std::function<void(const std::string&)>& read) {
  row.common = common_;
  auto word = std::make_shared<std::string>();
  CLI::Option* option = parser_->add_option(row.name, *word)->allow_extra_args(false);
  rows_.push_back(std::move(row));
  after_.push_back([=] {
    if (option->count() > 0) read(*word);
  });
}

void Cli::integer(const char* name, std::int64_t& target, std::int64_t low, std::int64_t high,
                  const char* help, const char* value) {
  // A default outside the range says that the option is not given: nothing to show.
  const std::string preset = target < low || target > high ? "" : std::to_string(target);
  add({name, value, fmt::format("{} to {}", low, high), preset, help, {}},
      [=, &target, what = std::string(name)](const std::string& word) {
        target = parse_integer(what, word, low, high);
      });
}

void Cli::number(const char* name, double& target, double low, double high, const char* help) {
  add({name, "X", fmt::format("{} to {}", low, high), fmt::format("{}", target), help, {}},
      [=, &target, what = std::string(name)](const std::string& word) {
        double value = 0;
        const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), value);
        const bool read = error == std::errc() && end == word.data() + word.size();
        if (!read || !std::isfinite(value) || value < low || value > high) {
          usage(fmt::format("{} \"{}\" is not a number in the range", what, escaped(word)),
                fmt::format("a number from {} to {} is needed, with a decimal point", low, high));
        }
        target = value;
      });
}

void Cli::integers(const char* name, std::vector<std::int64_t>& target, std::int64_t low,
                   std::int64_t high, const char* help) {
  add({name,
       "N,N,...",
       fmt::format("each {} to {}", low, high),
       fmt::format("{}", fmt::join(target, ",")),
       help,
       {}},
      [=, &target, what = std::string(name)](const std::string& word) {
        target.clear();
        std::size_t begin = 0;
        while (true) {
          const std::size_t comma = word.find(',', begin);
          target.push_back(parse_integer(what, word.substr(begin, comma - begin), low, high));
          if (comma == std::string::npos) return;
          begin = comma + 1;
        }
      });
}

void Cli::choice(const char* name, std::string& target, const std::vector<std::string>& choices,
                 const char* help, const std::vector<std::string>& prefixes) {
  std::vector<std::string> shown = choices;
  for (const std::string& prefix : prefixes) shown.push_back(prefix);
  OptionRow row{name, "WORD", {}, target, help, shown};
  if (!file_prefix(row).empty()) row.file = FileUse::reads;
  add(std::move(row), [=, &target, what = std::string(name)](const std::string& word) {
    bool known = std::find(choices.begin(), choices.end(), word) != choices.end();
    std::vector<std::string> all = choices;
    for (const std::string& prefix : prefixes) {
      const std::string head = prefix.substr(0, prefix.find(':') + 1);
      known |= word.starts_with(head) && word.size() > head.size();
      all.push_back(prefix);
    }
    if (!known) {
      std::string near = nearest(small_letters(word), all);
      for (const std::string& prefix : prefixes) {
        if (prefix.starts_with(word + ":")) near = prefix;
      }
      usage(fmt::format("{}: no \"{}\"{}", what, escaped(word),
                        near.empty() ? "" : fmt::format("; did you mean {}?", near)),
            "possible: " + joined(all, ", "));
    }
    target = word;
  });
}

void Cli::text(const char* name, std::string& target, const char* value, const char* help) {
  add({name, value, {}, {}, help, {}},
      [=, &target, what = std::string(name)](const std::string& word) {
        if (word.empty()) usage(what + " needs a value", fmt::format("write {} {}", what, value));
        target = word;
      });
}

void Cli::texts(const char* name, std::vector<std::string>& target, const char* value,
                const char* help) {
  OptionRow row{name, value, {}, {}, help, {}, common_};
  auto words = std::make_shared<std::vector<std::string>>();
  parser_->add_option(row.name, *words)
      ->allow_extra_args(false)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  rows_.push_back(std::move(row));
  after_.push_back([=, &target, what = std::string(name)] {
    for (const std::string& word : *words) {
      if (word.empty()) usage(what + " needs a value", fmt::format("write {} {}", what, value));
    }
    target = *words;
  });
}

void Cli::flag(const char* name, bool& target, const char* help) {
  OptionRow row{name, {}, {}, {}, help, {}, common_};
  CLI::Option* option = parser_->add_flag(row.name);
  rows_.push_back(row);
  after_.push_back([option, &target, what = row.name] {
    if (option->count() > 1) usage(what + " is given twice", "give it once");
    target = option->count() == 1;
  });
}

void Cli::input_file(const char* name, std::string& target, const char* value, const char* help) {
  text(name, target, value, help);
  rows_.back().file = FileUse::reads;
}

void Cli::output_file(const char* name, std::string& target, const char* value, const char* help) {
  text(name, target, value, help);
  rows_.back().file = FileUse::writes;
}

void Cli::input_files(const char* name, std::vector<std::string>& target, const char* value,
                      const char* help) {
  texts(name, target, value, help);
  rows_.back().file = FileUse::reads;
}

void Cli::output_files(const char* name, std::vector<std::string>& target, const char* value,
                       const char* help) {
  texts(name, target, value, help);
  rows_.back().file = FileUse::writes;
}

void Cli::positional(const char* name, std::vector<std::string>& target, const char* help,
                     FileUse file) {
  rows_.push_back({name, {}, {}, {}, help, {}, false, file});
  takes_words_ = true;
  after_.push_back([this, &target] { target = words_; });
}

void Cli::unknown_option(const std::string& word) const {
  const std::string name = word.substr(0, word.find('='));
  std::vector<std::string> mine;
  for (const OptionRow& row : rows_) mine.push_back(row.name);
  const std::string near = nearest(name, mine);
  std::vector<std::string> owners;
  for (const Command& other : commands()) {
    for (const OptionRow& row : option_rows(other)) {
      if (row.name == name) owners.push_back(other.name);
    }
  }
  std::string hint = fmt::format("attn {} --help lists its options", command_);
  if (!owners.empty()) {
    hint = fmt::format("{} belongs to: {}. {}", escaped(name), joined(owners, ", "), hint);
  } else if (!near.empty()) {
    hint = fmt::format("did you mean {}? {}", near, hint);
  }
  if (takes_words_) hint += "; put -- before a text that begins with -";
  usage(fmt::format("attn {} has no option {}", command_, escaped(name)), hint);
}

/// CLI11 would take what comes next, be it an option, for a value that is empty or forgotten. (A
/// value that begins with -- is written behind the equals sign.)
void Cli::require_values(const std::vector<std::string>& words) const {
  for (std::size_t i = 0; i < words.size(); ++i) {
    for (const OptionRow& row : rows_) {
      if (row.value.empty() || !row.name.starts_with("--")) continue;
      const bool alone = words[i] == row.name;
      const bool forgotten = alone && (i + 1 == words.size() || words[i + 1].starts_with("--"));
      if (forgotten || words[i] == row.name + "=")
        usage(row.name + " needs a value", fmt::format("write {} {}", row.name, row.value));
      if (!alone) continue;
      ++i;  // its value
      break;
    }
  }
}

void Cli::parse(const std::vector<std::string>& arguments) {
  // CLI11 takes what stands behind "--" as it is; what stands before it must not look like an
  // option.
  std::size_t plain_from = arguments.size();
  for (std::size_t i = 0; i < arguments.size() && plain_from == arguments.size(); ++i) {
    if (arguments[i] == "--") plain_from = i;
  }
  std::vector<std::string> before(arguments.rend() - static_cast<std::ptrdiff_t>(plain_from),
                                  arguments.rend());
  const std::vector<std::string> behind(
      arguments.begin() + static_cast<std::ptrdiff_t>(std::min(plain_from + 1, arguments.size())),
      arguments.end());
  require_values({arguments.begin(), arguments.begin() + static_cast<std::ptrdiff_t>(plain_from)});
  // CLI11 would take --json=false for --json.
  for (const OptionRow& row : rows_) {
    if (!row.value.empty() || !row.name.starts_with("--")) continue;
    for (const std::string& word : before) {
      if (word.starts_with(row.name + "="))
        usage(row.name + " takes no value", fmt::format("write {} alone", row.name));
    }
  }
  try {
    parser_->parse(before);
  } catch (const CLI::ArgumentMismatch& e) {
    const std::string what = std::string(e.what());
    const std::string name = what.substr(0, what.find(':'));
    for (const OptionRow& row : rows_) {
      if (row.name != name) continue;
      const auto names_it = [&](const std::string& word) {
        return word == name || word.starts_with(name + "=");
      };
      if (std::count_if(arguments.begin(), arguments.end(), names_it) > 1 ||
          what.find("1 required") == std::string::npos) {
        usage(name + " is given twice", "give it once");
      }
      usage(name + " needs a value", fmt::format("write {} {}", name, row.value));
    }
    usage(escaped(what, 200), fmt::format("attn {} --help lists its options", command_));
  } catch (const CLI::ParseError& e) {
    usage(escaped(e.what(), 200), fmt::format("attn {} --help lists its options", command_));
  }
  const std::vector<std::string> extra = parser_->remaining();
  for (const std::string& word : extra) {
    const bool number =
        word.size() > 1 && (std::isdigit(static_cast<unsigned char>(word[1])) || word[1] == '.');
    if (word.starts_with("-") && word.size() > 1 && !leaves_unknown_ && !(takes_words_ && number))
      unknown_option(word);
  }
  if (!takes_words_ && (!extra.empty() || !behind.empty())) {
    usage(fmt::format("attn {} takes no text: \"{}\"", command_,
                      escaped(extra.empty() ? behind[0] : extra[0])),
          fmt::format("attn {} --help shows what it takes", command_));
  }
  words_ = extra;
  if (leaves_unknown_ && plain_from < arguments.size()) words_.emplace_back("--");
  words_.insert(words_.end(), behind.begin(), behind.end());
  if (leaves_unknown_) {  // options before the first word belong to the other command too
    std::rotate(words_.begin(),
                std::find_if(words_.begin(), words_.end(),
                             [](const std::string& word) { return !word.starts_with("-"); }),
                words_.end());
  }
  for (const auto& read : after_) read();
}

bool Cli::given(const std::string& name) const {
  const CLI::Option* option = parser_->get_option_no_throw(name);
  return option && option->count() > 0;
}

std::set<std::string> Cli::given() const {
  std::set<std::string> out;
  for (const OptionRow& row : rows_) {
    if (given(row.name)) out.insert(row.name);
  }
  return out;
}

std::string Cli::value(const std::string& name) const {
  for (const OptionRow& row : rows_) {
    if (row.name != name) continue;
    return given(name) ? parser_->get_option(name)->results().front() : row.preset;
  }
  return {};
}

std::vector<GivenFile> Cli::files() const {
  std::vector<GivenFile> out;
  for (const OptionRow& row : rows_) {
    if (row.file == FileUse::none) continue;
    const std::vector<std::string> values = !row.name.starts_with("--") ? words_
                                            : given(row.name)
                                                ? parser_->get_option(row.name)->results()
                                                : std::vector<std::string>{};
    const std::string prefix = file_prefix(row);
    for (const std::string& value : values) {
      if (value.starts_with(prefix))
        out.push_back({row.name, value.substr(prefix.size()), row.file, row.value == "DIR"});
    }
  }
  return out;
}

}  // namespace attn::app
