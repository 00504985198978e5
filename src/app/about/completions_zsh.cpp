#include <fmt/format.h>

#include "app/about/completions.h"
#include "attn/core/joined.h"

namespace attn::app {

namespace {

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

}  // namespace

std::string zsh_completions() {
  std::string described;
  for (const std::string& first : first_words())
    described += (described.empty() ? "" : "\n") + first + ":" + summary_of(first);
  return fmt::format(
      "#compdef attn\n# attn completions for zsh: source <(attn completions zsh)\n"
      "_attn_described={}\n{}{}",
      single_quoted(described), completion_tables(), kZsh);
}

}  // namespace attn::app
