// completions: for bash, zsh and fish, from the table of commands. What may stand where is the same
// in all three: each script has it as data, and a function that looks it up.
#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "app/frame/command.h"
#include "attn/core/error.h"
#include "attn/core/joined.h"
#include "attn/text/utf8.h"

namespace attn::app {

namespace {

using Words = std::vector<std::string>;

struct CompletionsOptions {
  Words shell;
};

void bind(Cli& cli, CompletionsOptions& o) {
  cli.positional("SHELL", o.shell, "bash, zsh or fish");
  cli.suggest([] { return Words{"bash", "zsh", "fish"}; });
}

/// What may stand behind an option, or as a word of a command.
enum class Kind {
  nothing,  ///< a flag, or a command that takes no words
  free,     ///< a number, a text: nothing to offer
  words,    ///< one of these
  list,     ///< some of these, with commas between them
  files,    ///< a file, or one of these words
  folders,
};

struct Offer {
  Kind kind = Kind::nothing;
  Words words = {};
};

Offer offer_of(const OptionRow& row) {
  Offer offer;
  const bool option = row.name.starts_with("--");
  if (option && row.value.empty()) return offer;
  for (const std::string& choice : row.choices) {
    const std::size_t colon = choice.find(':');  // "local:N" goes on behind it
    offer.words.push_back(colon == std::string::npos ? choice : choice.substr(0, colon + 1));
  }
  if (row.suggestions) {
    for (std::string& word : row.suggestions()) offer.words.push_back(std::move(word));
  }
  // The file of "graph:FILE" is asked for behind the colon only.
  const bool is_file = row.file != FileUse::none && row.choices.empty();
  offer.kind = is_file                  ? (row.value == "DIR" ? Kind::folders : Kind::files)
               : row.value == "A,B,..." ? Kind::list
               : offer.words.empty()    ? Kind::free
                                        : Kind::words;
  return offer;
}

Words first_words() {
  Words out;
  for (const Command& c : commands()) {
    const std::string first = c.name.substr(0, c.name.find(' '));
    if (std::find(out.begin(), out.end(), first) == out.end()) out.push_back(first);
  }
  return out;
}

std::string summary_of(const std::string& first) {
  const Words second = parts_of(first);
  const Command* command = find_command(first);
  return command ? command->summary : joined(second, ", ");
}

/// Inside single quotes of a shell.
std::string quoted(std::string_view text) {
  std::string out = "'";
  for (const char c : text) out += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return out + "'";
}

// ---- bash and zsh: one table, two functions that read it ----

std::string body_of(const Offer& offer) {
  static const std::map<Kind, std::string_view> kNames = {{Kind::free, "free"},
                                                          {Kind::words, "words"},
                                                          {Kind::list, "list"},
                                                          {Kind::files, "files"},
                                                          {Kind::folders, "folders"}};
  if (offer.kind == Kind::nothing) return {};
  std::string body = fmt::format("kind={}", kNames.at(offer.kind));
  if (!offer.words.empty()) body += fmt::format(" offered=\"{}\"", joined(offer.words, " "));
  return body;
}

/// Lines of a `case` for "COMMAND --option" and "COMMAND"; an option that is the same wherever it
/// stands has a line for all commands.
std::string offers() {
  std::map<std::string, std::map<std::string, Words>> options;  // by name, then by what they take
  std::map<std::string, Words> patterns;                        // by what is offered
  for (const Command& c : commands()) {
    for (const OptionRow& row : option_rows(c)) {
      const std::string body = body_of(offer_of(row));
      if (row.name.starts_with("--")) {
        options[row.name][body].push_back(c.name);
      } else if (!body.empty()) {
        patterns[body].push_back(fmt::format("\"{}\"", c.name));
      }
    }
  }
  for (const auto& [name, by_body] : options) {
    for (const auto& [body, owners] : by_body) {
      if (body.empty()) continue;
      if (by_body.size() == 1) {
        patterns[body].push_back(fmt::format("*\" {}\"", name));
        continue;
      }
      for (const std::string& owner : owners)
        patterns[body].push_back(fmt::format("\"{} {}\"", owner, name));
    }
  }
  std::string out;
  for (const auto& [body, all] : patterns)
    out += fmt::format("    {}) {} ;;\n", joined(all, "|"), body);
  return out;
}

std::string tables() {
  std::string options, parts;
  for (const Command& c : commands()) {
    Words dashed;
    for (const OptionRow& row : option_rows(c)) {
      if (row.name.starts_with("--")) dashed.push_back(row.name);
    }
    options += fmt::format("    \"{}\") offered=\"{}\" ;;\n", c.name, joined(dashed, " "));
  }
  for (const std::string& first : first_words()) {
    if (const Words second = parts_of(first); !second.empty())
      parts += fmt::format("    {}) parts=\"{}\" ;;\n", first, joined(second, " "));
  }
  return fmt::format(
      "_attn_offers() {{  # behind an option, or as a word of a command\n"
      "  case \"$1\" in\n{}  esac\n}}\n"
      "_attn_options() {{\n  case \"$1\" in\n{}  esac\n}}\n"
      "_attn_parts() {{\n  case \"$1\" in\n{}  esac\n}}\n",
      offers(), options, parts);
}

constexpr std::string_view kBash = R"(_attn() {
  local current="${COMP_WORDS[COMP_CWORD]}" before="${COMP_WORDS[COMP_CWORD-1]}"
  local IFS=$' \t\n' kind="" offered="" parts="" command="" step="" colon="" first=1 i
  COMPREPLY=()
  # "--mask=local:2" comes in pieces: --mask = local : 2
  case "$before" in
    =) before="${COMP_WORDS[COMP_CWORD-2]}" ;;
    :) before="${COMP_WORDS[COMP_CWORD-2]}" colon=yes ;;
  esac
  case "$current" in
    =) current="" ;;
    :) current="" colon=yes ;;
  esac
  current="${current#[\'\"]}" current="${current//\\/}"
  case "${COMP_WORDS[1]}" in
    help) first=2 ;;
    why)  # why [--depth N] STEP[i,j] COMMAND ...
      first=0
      for ((i = 2; i < COMP_CWORD; ++i)); do
        case "${COMP_WORDS[i]}" in
          --depth) i=$((i + 1)) ;;
          -*) ;;
          *) if [ -z "$step" ]; then step=yes; else first=$i; break; fi ;;
        esac
      done
      if [ "$first" -eq 0 ]; then
        if [ -n "$step" ]; then first=$COMP_CWORD; else command=why; fi
      fi ;;
  esac
  [ "$COMP_CWORD" -le 1 ] && first=1 command=""
  if [ -n "$colon" ]; then
    [ "$before" = graph ] && kind=files
  elif [ -z "$command" ] && [ "$COMP_CWORD" -eq "$first" ]; then
    offered="$_attn_names"
  else
    if [ -z "$command" ]; then
      command="${COMP_WORDS[first]}"
      _attn_parts "$command"
      if [ "$COMP_CWORD" -eq $((first + 1)) ]; then
        _attn_offers "$command"
        offered="$parts $offered"
      else
        case " $parts " in *" ${COMP_WORDS[first+1]} "*) command="$command ${COMP_WORDS[first+1]}" ;; esac
        parts=""
      fi
    fi
    if [ "${COMP_WORDS[1]}" = help ]; then
      kind=words offered="$parts"
    elif [[ " ${COMP_WORDS[*]:0:COMP_CWORD} " == *" -- "* ]]; then
      kind="" offered=""
      _attn_offers "$command"
    else
      local words="$offered" behind="$kind"
      kind="" offered=""
      if [[ "$before" == -* ]]; then _attn_offers "$command $before"; fi
      if [ -z "$kind" ] && [[ "$current" == -* ]]; then
        _attn_options "$command"
        if [ "${COMP_WORDS[1]}" = why ] && [ "$command" != why ]; then offered="$offered --depth"; fi
      elif [ -z "$kind" ] && [ -n "$parts" ]; then
        kind=${behind:-words} offered="$words"
      elif [ -z "$kind" ]; then
        _attn_offers "$command"
      fi
    fi
  fi
  local ahead=""
  if [ "$kind" = list ]; then
    compopt -o nospace 2>/dev/null
    case "$current" in *,*) ahead="${current%,*}," current="${current##*,}" ;; esac
  fi
  mapfile -t COMPREPLY < <(
    compgen -P "$ahead" -W "$offered" -- "$current"
    case "$kind" in
      files) compgen -f -- "$current" ;;
      folders) compgen -d -- "$current" ;;
    esac)
  case "$kind" in
    files|folders) compopt -o filenames 2>/dev/null ;;
  esac
  if [ "${#COMPREPLY[@]}" -eq 1 ] && [[ "${COMPREPLY[0]}" == *: ]]; then
    compopt -o nospace 2>/dev/null
  fi
  return 0
}
complete -F _attn attn
)";

constexpr std::string_view kZsh = R"(_attn() {
  local current="${words[CURRENT]}" before="${words[CURRENT-1]}"
  local kind="" offered="" parts="" command="" step="" first=2 i word
  if [[ "$current" == --*=* ]]; then
    before="${current%%=*}" current="${current#*=}"
    compset -P '*='
  fi
  case "${words[2]}" in
    help) first=3 ;;
    why)  # why [--depth N] STEP[i,j] COMMAND ...
      first=0
      for (( i = 3; i < CURRENT; ++i )); do
        case "${words[i]}" in
          --depth) (( i = i + 1 )) ;;
          -*) ;;
          *) if [[ -z "$step" ]]; then step=yes; else first=$i; break; fi ;;
        esac
      done
      if (( first == 0 )); then
        if [[ -n "$step" ]]; then first=$CURRENT; else command=why; fi
      fi ;;
  esac
  if (( CURRENT <= 2 )); then first=2 command=""; fi
  if [[ -z "$command" ]] && (( CURRENT == first )); then
    local -a described
    described=("${(@f)_attn_described}")
    _describe command described
    return
  fi
  if [[ -z "$command" ]]; then
    command="${words[first]}"
    _attn_parts "$command"
    if (( CURRENT > first + 1 )); then
      case " $parts " in *" ${words[first+1]} "*) command="$command ${words[first+1]}" ;; esac
      parts=""
    fi
  fi
  if [[ "${words[2]}" == help ]]; then
    compadd -- ${=parts}
    return
  fi
  if [[ "$before" == -* && "$before" != -- ]]; then _attn_offers "$command $before"; fi
  if [[ -z "$kind" && "$current" == -* ]]; then
    _attn_options "$command"
    if [[ "${words[2]}" == why && "$command" != why ]]; then offered="$offered --depth"; fi
  elif [[ -z "$kind" ]]; then
    _attn_offers "$command"
    offered="$parts $offered"
  fi
  if [[ "$current" == graph:* ]] && compset -P 'graph:'; then
    _files
    return
  fi
  if [[ "$kind" == list ]]; then
    compset -P '*,'
    compadd -S '' -- ${=offered}
    return
  fi
  for word in ${=offered}; do
    if [[ "$word" == *: ]]; then compadd -S '' -- "$word"; else compadd -- "$word"; fi
  done
  case "$kind" in
    files) _files ;;
    folders) _files -/ ;;
  esac
}
(( $+functions[compdef] )) || { autoload -Uz compinit && compinit; }
if [[ "${funcstack[1]}" == _attn ]]; then _attn "$@"; else compdef _attn attn; fi
)";

std::string bash() {
  return fmt::format(
      "# attn completions for bash: source <(attn completions bash)\n_attn_names=\"{}\"\n{}{}",
      joined(first_words(), " "), tables(), kBash);
}

std::string zsh() {
  std::string described;
  for (const std::string& first : first_words())
    described += (described.empty() ? "" : "\n") + first + ":" + summary_of(first);
  return fmt::format(
      "#compdef attn\n# attn completions for zsh: source <(attn completions zsh)\n"
      "_attn_described={}\n{}{}",
      quoted(described), tables(), kZsh);
}

// ---- fish: a line for each option ----

constexpr std::string_view kFish =
    R"(function __attn_command --description 'the command before the cursor'
    set -l words (commandline -opc)
    set -e words[1]
    if test "$words[1]" = why
        set -l step ''
        set -e words[1]
        while set -q words[1]
            switch $words[1]
                case --depth
                    set -e words[1]
                case '-*'
                case '*'
                    test -n "$step"; and break
                    set step yes
            end
            set -e words[1]
        end
        if test -z "$step"
            echo why
            return
        end
    end
    set -q words[1]; or return
    if set -q words[2]; and contains -- "$words[1] $words[2]" $__attn_pairs
        echo "$words[1] $words[2]"
    else
        echo $words[1]
    end
end
function __attn_at --description 'this is the command before the cursor'
    set -l command (__attn_command)
    test "$command" = "$argv[1]"
end
function __attn_explains --description 'why, with a command behind it'
    set -l words (commandline -opc)
    test "$words[2]" = why
end
complete -c attn -f
complete -c attn -n __attn_explains -l depth -x
)";

std::string fish_offer(const Offer& offer) {
  const std::string words = joined(offer.words, " ");
  const std::string given = words.empty() ? "" : " -a " + quoted(words);
  switch (offer.kind) {
    case Kind::nothing:
      return {};
    case Kind::free:
      return " -x";
    case Kind::words:
      return " -x" + given;
    case Kind::list:
      return " -x -a " + quoted("(__fish_append , " + words + ")");
    case Kind::files:
      return " -r -F" + given;
    case Kind::folders:
      return " -x -a '(__fish_complete_directories)'";
  }
  return {};
}

std::string fish() {
  Words pairs;
  for (const Command& c : commands()) {
    if (c.name.find(' ') != std::string::npos) pairs.push_back(quoted(c.name));
  }
  std::string out = fmt::format(
      "# attn completions for fish: attn completions fish | source\n"
      "set -g __attn_pairs {}\n{}",
      joined(pairs, " "), kFish);
  for (const std::string& first : first_words()) {
    out += fmt::format("complete -c attn -n '__attn_at \"\"; or __attn_at help' -a {} -d {}\n",
                       first, quoted(summary_of(first)));
  }
  for (const Command& c : commands()) {
    const std::size_t space = c.name.find(' ');
    if (space != std::string::npos) {
      out += fmt::format("complete -c attn -n '__attn_at {}' -a {} -d {}\n",
                         c.name.substr(0, space), c.name.substr(space + 1), quoted(c.summary));
    }
    const std::string here = fmt::format("complete -c attn -n '__attn_at \"{}\"'", c.name);
    for (const OptionRow& row : option_rows(c)) {
      const Offer offer = offer_of(row);
      if (row.name.starts_with("--")) {
        out += fmt::format("{} -l {}{} -d {}\n", here, row.name.substr(2), fish_offer(offer),
                           quoted(row.help));
      } else if (offer.kind == Kind::files || offer.kind == Kind::folders) {
        out += here + " -F\n";
      }
      if (!row.name.starts_with("--") && !offer.words.empty())
        out += fmt::format("{} -a '{}'\n", here, joined(offer.words, " "));
    }
  }
  return out;
}

void completions(Stage& s, const CompletionsOptions& o) {
  const std::string shell = o.shell.size() == 1 ? o.shell[0] : "";
  if (shell != "bash" && shell != "zsh" && shell != "fish") {
    throw Error(ErrorKind::usage,
                shell.empty() ? "completions needs a shell"
                              : fmt::format("no completions for {}", escaped(shell)),
                "possible: bash, zsh, fish");
  }
  s.trace.add(Verbatim{shell == "bash" ? bash() : shell == "zsh" ? zsh() : fish()});
}

}  // namespace

Command completions_command() {
  return {.name = "completions",
          .kind = CommandKind::about,
          .summary = "completions for bash, zsh or fish",
          .example = "completions bash",
          .setup = with_options<CompletionsOptions>(bind, completions)};
}

}  // namespace attn::app
