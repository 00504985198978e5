#include <fmt/format.h>

#include "app/about/completions.h"
#include "attn/core/joined.h"

namespace attn::app {

namespace {

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
  const std::string given = words.empty() ? "" : " -a " + single_quoted(words);
  switch (offer.kind) {
    case Offer::Kind::nothing:
      return {};
    case Offer::Kind::free:
      return " -x";
    case Offer::Kind::words:
      return " -x" + given;
    case Offer::Kind::list:
      return " -x -a " + single_quoted("(__fish_append , " + words + ")");
    case Offer::Kind::files:
      return " -r -F" + given;
    case Offer::Kind::folders:
      return " -x -a '(__fish_complete_directories)'";
  }
  return {};
}

}  // namespace

std::string fish_completions() {
  std::vector<std::string> pairs;
  for (const Command& c : commands()) {
    if (c.name.find(' ') != std::string::npos) pairs.push_back(single_quoted(c.name));
  }
  std::string out = fmt::format(
      "# attn completions for fish: attn completions fish | source\n"
      "set -g __attn_pairs {}\n{}",
      joined(pairs, " "), kFish);
  for (const std::string& first : first_words()) {
    out += fmt::format("complete -c attn -n '__attn_at \"\"; or __attn_at help' -a {} -d {}\n",
                       first, single_quoted(summary_of(first)));
  }
  for (const Command& c : commands()) {
    const std::size_t space = c.name.find(' ');
    if (space != std::string::npos) {
      out +=
          fmt::format("complete -c attn -n '__attn_at {}' -a {} -d {}\n", c.name.substr(0, space),
                      c.name.substr(space + 1), single_quoted(c.summary));
    }
    const std::string here = fmt::format("complete -c attn -n '__attn_at \"{}\"'", c.name);
    for (const OptionRow& row : option_rows(c)) {
      const Offer offer = offer_of(row);
      if (row.name.starts_with("--")) {
        out += fmt::format("{} -l {}{} -d {}\n", here, row.name.substr(2), fish_offer(offer),
                           single_quoted(row.help));
      } else if (offer.kind == Offer::Kind::files || offer.kind == Offer::Kind::folders) {
        out += here + " -F\n";
      }
      if (!row.name.starts_with("--") && !offer.words.empty())
        out += fmt::format("{} -a '{}'\n", here, joined(offer.words, " "));
    }
  }
  return out;
}

}  // namespace attn::app
