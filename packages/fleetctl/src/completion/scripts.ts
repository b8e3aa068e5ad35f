/** The shells that there are scripts for. */
export const shells = ["bash", "zsh", "fish"] as const;

/** One of {@link shells}. */
export type Shell = (typeof shells)[number];

/*
 * The scripts know nothing of fleetctl: they hand over the words up to the cursor, and offer what comes back. So they go on
 * fitting when fleetctl changes.
 */

/**
 * Readline takes `@`, `:` and `=` for ends of words and replaces only what follows the last of them (an `@` as well), unless they are
 * quoted. So the words are read here once more, and what stands before is taken off the offers.
 */
const bash = `# Completion of fleetctl for bash 4.4 or later. Load it with: source <(fleetctl completion bash)
_fleetctl() {
  local line=\${COMP_LINE:0:COMP_POINT} program=$1 breaks=\${COMP_WORDBREAKS//[^@:=]/}
  local sign quote= current= begun= kept= flag= candidate i
  local -a words candidates offers
  for ((i = 0; i < \${#line}; i++)); do
    sign=\${line:i:1}
    if [[ $quote == "'" && $sign != "'" ]]; then current+=$sign
    elif [[ $sign == '\\' ]]; then i=$((i + 1)) current+=\${line:i:1} begun=yes
    elif [[ -n $quote && $sign == "$quote" ]]; then quote=
    elif [[ -n $quote ]]; then current+=$sign
    elif [[ $sign == [\\'\\"] ]]; then quote=$sign begun=yes
    elif [[ $sign != [[:space:]] ]]; then current+=$sign begun=yes
    elif [[ -n $begun ]]; then words+=("$current") current= begun=
    fi
  done
  words+=("$current")
  while [[ \${#words[@]} -gt 0 && \${words[0]##*/} != "\${program##*/}" ]]; do words=("\${words[@]:1}"); done
  if [[ -n $breaks && -z $quote ]]; then kept=\${current%"\${current##*["$breaks"]}"} kept=\${kept%@}; fi
  # A list that is only looked at has whole words.
  if [[ $COMP_TYPE == 63 ]]; then kept=; fi
  if [[ $current == --*=* ]]; then flag=\${current%%=*}=; fi
  mapfile -t candidates < <("\${program/#\\~/$HOME}" completion candidates -- "\${words[@]:1}" 2>/dev/null </dev/null)
  for candidate in "\${candidates[@]}"; do
    if [[ $candidate == :files ]]; then
      while IFS= read -r candidate; do
        if [[ -d \${candidate/#\\~/$HOME} ]]; then candidate+=/; fi
        offers+=("$flag$candidate")
      done < <(compgen -f -- "\${current#"$flag"}")
    else
      offers+=("\${candidate%%$'\\t'*}")
    fi
  done
  COMPREPLY=()
  for candidate in "\${offers[@]}"; do
    candidate=\${candidate#"$kept"}
    if [[ -z $quote && \${candidate#\\~/} == *[!A-Za-z0-9_.,:@=/!-]* ]]; then
      if [[ $candidate == \\~/* ]]; then printf -v candidate '~/%q' "\${candidate#\\~/}"; else printf -v candidate %q "$candidate"; fi
    fi
    COMPREPLY+=("$candidate")
  done
  if [[ \${#COMPREPLY[@]} -eq 1 && \${COMPREPLY[0]} == *[=/] ]]; then compopt -o nospace; fi
}
complete -F _fleetctl fleetctl
`;

const zsh = `#compdef fleetctl
# Completion of fleetctl for zsh. Put it into a directory of $fpath as _fleetctl, or load it, after compinit, with:
# source <(fleetctl completion zsh)
_fleetctl() {
  local line word about
  local -a lines typed words_described open_described
  local -i files=0
  typed=("\${(@Q)words[2,CURRENT-1]}")
  lines=("\${(@f)$(\${(Q)words[1]} completion candidates -- "\${typed[@]}" "\${(Q)PREFIX}" 2>/dev/null </dev/null)}")
  for line in "\${lines[@]}"; do
    [[ -z $line ]] && continue
    if [[ $line == :files ]]; then files=1; continue; fi
    word=\${line%%$'\\t'*}
    about=\${line[\${#word}+2,-1]}
    word=\${\${word//\\\\/\\\\\\\\}//:/\\\\:}
    if [[ $word == *= ]]; then open_described+=("$word"); else words_described+=("$word\${about:+:$about}"); fi
  done
  (( \${#words_described} )) && _describe -t candidates fleetctl words_described
  (( \${#open_described} )) && _describe -t candidates fleetctl open_described -S ''
  if (( files )); then
    [[ $PREFIX == --*=* ]] && compset -P 1 '*='
    _files
  fi
  return 0
}
if [[ \${funcstack[1]} == _fleetctl ]]; then _fleetctl "$@"; else compdef _fleetctl fleetctl; fi
`;

const fish = `# Completion of fleetctl for fish. Load it with: fleetctl completion fish | source
function __fleetctl_candidates
    set -l words (commandline -opc)
    set -l typed (commandline -ct)
    set -l current (string unescape -- "$typed"; or string trim --left --chars '"\\'' -- "$typed")
    set -l flag (string match -r -- '^--[^=]*=' "$current")
    set -l program $words[1]
    set -e words[1]
    for line in (command $program completion candidates -- $words "$current" 2>/dev/null </dev/null)
        if test "$line" = :files
            set -l begun (string replace -- "$flag" '' "$current")
            set -l home (string match -r -- '^~/' "$begun")
            for path in (__fish_complete_path (string replace -r -- '^~/' "$HOME/" "$begun"))
                test -n "$home"; and set path (string replace -- "$HOME/" '~/' "$path")
                printf '%s\\n' "$flag$path"
            end
        else
            printf '%s\\n' $line
        end
    end
end
complete -c fleetctl -f -a '(__fleetctl_candidates)'
`;

/** The script for each shell. */
export const completionScripts: Readonly<Record<Shell, string>> = { bash, zsh, fish };
