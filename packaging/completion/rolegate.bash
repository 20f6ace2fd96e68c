# bash completion for rolegate. The program itself knows the candidates: commands, options, database names.
_rolegate() {
  local IFS=$'\n' candidates
  candidates=($("${COMP_WORDS[0]}" __complete "${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null))
  case "${candidates[0]-}" in
    __files__) compopt -o filenames 2>/dev/null; COMPREPLY=($(compgen -f -- "${COMP_WORDS[COMP_CWORD]}")) ;;
    __command__) COMPREPLY=($(compgen -c -- "${COMP_WORDS[COMP_CWORD]}")) ;;
    *) COMPREPLY=("${candidates[@]}") ;;
  esac
}
complete -F _rolegate rolegate
