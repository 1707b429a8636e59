# What bash completes a command line of valelab with. It asks the program itself.

_valelab() {
    local words=() kept= word i
    for ((i = 1; i <= COMP_CWORD; i++)); do
        word=${COMP_WORDS[i]}
        # bash takes gen:eth1 and --format=json apart and replaces the last part only
        if ((${#words[@]} > 0)) && [[ $word == [:=]* || ${COMP_WORDS[i - 1]} == [:=]* ]]; then
            kept=${words[-1]}
            [[ $word != [:=]* ]] || kept+=$word
            words[-1]+=$word
        else
            kept=
            words+=("$word")
        fi
    done
    local last=${words[-1]#"$kept"} found files=
    COMPREPLY=()
    while IFS= read -r found; do
        case $found in
        :file) files=all ;;
        :labfile) files=labs ;;
        *)
            found=${found%%$'\t'*}
            COMPREPLY+=("${found#"$kept"}")
            ;;
        esac
    done < <("${1/#\~\//$HOME/}" __complete "${words[@]}" 2>/dev/null)
    [[ -n $files ]] || return 0
    compopt -o filenames 2>/dev/null
    while IFS= read -r found; do
        [[ -d $found || $files == all || $found == *.yml || $found == *.yaml ]] && COMPREPLY+=("$found")
    done < <(compgen -f -- "$last")
}

complete -F _valelab valelab
