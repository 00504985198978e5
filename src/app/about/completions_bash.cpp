#include <fmt/format.h>

#include "app/about/completions.h"
#include "attn/core/joined.h"

namespace attn::app {

namespace {

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

}  // namespace

std::string bash_completions() {
  return fmt::format(
      "# attn completions for bash: source <(attn completions bash)\n_attn_names=\"{}\"\n{}{}",
      joined(first_words(), " "), completion_tables(), kBash);
}

}  // namespace attn::app
