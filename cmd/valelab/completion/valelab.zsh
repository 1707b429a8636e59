#compdef valelab
# What zsh completes a command line of valelab with. It asks the program itself.

_valelab() {
    local line name about files
    local -a found
    for line in "${(@f)$("${(Q)words[1]/#\~\//$HOME/}" __complete "${(@Q)words[2,CURRENT]}" 2>/dev/null)}"; do
        case $line in
        '') ;;
        :file) files='*' ;;
        :labfile) files='*.(yml|yaml)' ;;
        *)
            name=${line%%$'\t'*}
            about=${${line#$name}#$'\t'}
            found+=("${name//:/\\:}${about:+:$about}")
            ;;
        esac
    done
    (( ${#found} )) && _describe valelab found
    [[ -n $files ]] && _files -g "$files"
    return 0
}

if [[ $funcstack[1] == _valelab ]]; then
    _valelab "$@"
else
    compdef _valelab valelab
fi
