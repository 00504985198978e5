#pragma once
// The one wrapper around CLI11: options arrive as text, are read against a stated range, and every
// mistake becomes Error(usage) with what to do. The same rows give help, completions and man page.
#include <cstdint>
#include <functional>
#include <memory>
#include <set>
#include <string>
#include <vector>

namespace CLI {
class App;
}

namespace attn::app {

/// Whether a value names a file (or a folder), and what happens to it.
enum class FileUse { none, reads, writes };

/// What is known of one option or positional argument.
struct OptionRow {
  std::string name;    ///< "--heads"; a positional has no dashes: "text"
  std::string value;   ///< "N", "FILE"; empty for a flag
  std::string range;   ///< "1 to 64"; empty if anything goes
  std::string preset;  ///< the default as shown; empty if none
  std::string help;
  std::vector<std::string> choices;  ///< the possible words, if only some are possible
  bool common = false;               ///< one of the options that every stage understands
  FileUse file = FileUse::none;
  /// Words that completions offer beside the choices: names that one may give, among others.
  std::function<std::vector<std::string>()> suggestions = {};
};

/// A file or folder that the command line names.
struct GivenFile {
  std::string option;  ///< "--memory"; a positional has no dashes
  std::string path;
  FileUse use;
  bool is_folder = false;  ///< the option asks for a folder
};

class Cli {
 public:
  explicit Cli(std::string command);
  ~Cli();
  Cli(Cli&&) = delete;

  // Each binds an option to a variable that holds its default. `value` is the placeholder in help.
  void integer(const char* name, std::int64_t& target, std::int64_t low, std::int64_t high,
               const char* help, const char* value = "N");
  void number(const char* name, double& target, double low, double high, const char* help);
  void integers(const char* name, std::vector<std::int64_t>& target, std::int64_t low,
                std::int64_t high, const char* help);
  /// One of some words; `prefixes` are choices followed by ":VALUE", as in local:2.
  void choice(const char* name, std::string& target, const std::vector<std::string>& choices,
              const char* help, const std::vector<std::string>& prefixes = {});
  void text(const char* name, std::string& target, const char* value, const char* help);
  void texts(const char* name, std::vector<std::string>& target, const char* value,
             const char* help);
  void flag(const char* name, bool& target, const char* help);
  // The value is a file or folder that is read, or written: an output may not be an input.
  void input_file(const char* name, std::string& target, const char* value, const char* help);
  void output_file(const char* name, std::string& target, const char* value, const char* help);
  void input_files(const char* name, std::vector<std::string>& target, const char* value,
                   const char* help);
  void output_files(const char* name, std::vector<std::string>& target, const char* value,
                    const char* help);
  /// All arguments that are no options. A command has at most one such row. `file`: they may name
  /// files.
  void positional(const char* name, std::vector<std::string>& target, const char* help,
                  FileUse file = FileUse::none);
  /// What completions offer for the row that was added last.
  void suggest(std::function<std::vector<std::string>()> words) {
    rows_.back().suggestions = std::move(words);
  }
  /// Options that are not among the rows stay among the words, in their order: they belong to the
  /// command that the words name (why).
  void leave_unknown() { leaves_unknown_ = true; }

  /// Options added from now on are the common ones (help lists them apart).
  void begin_common() { common_ = true; }

  /// Reads argv behind the command's name. Throws Error(usage).
  void parse(const std::vector<std::string>& arguments);

  const std::vector<OptionRow>& rows() const { return rows_; }

  // After parse():
  /// True if the option stands on the command line.
  bool given(const std::string& name) const;
  /// The names of all options that do.
  std::set<std::string> given() const;
  /// The option's value as written, or its default as shown; "" if there is no such option.
  std::string value(const std::string& name) const;
  /// What is no option, in order.
  const std::vector<std::string>& words() const { return words_; }
  /// Every file that the line names, in the order of the rows; of "graph:FILE" the file alone.
  std::vector<GivenFile> files() const;

 private:
  void add(OptionRow row, const std::function<void(const std::string&)>& read);
  void require_values(const std::vector<std::string>& words) const;
  [[noreturn]] void unknown_option(const std::string& word) const;

  std::string command_;
  std::unique_ptr<CLI::App> parser_;
  std::vector<OptionRow> rows_;
  bool common_ = false;
  bool takes_words_ = false, leaves_unknown_ = false;
  std::vector<std::string> words_;  // what was no option
  std::vector<std::function<void()>> after_;
};

/// A whole number in low..high, written plainly (no sign before a positive one, no spaces, no
/// leading zeros). Throws Error(usage) naming `what`, the range and what was found.
std::int64_t parse_integer(const std::string& what, const std::string& word, std::int64_t low,
                           std::int64_t high);

}  // namespace attn::app
