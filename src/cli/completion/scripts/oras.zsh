#compdef oras
# Completion of oras for zsh. What can come next is asked of the program itself.

_oras() {
    local line value directive
    local -a lines offers options
    lines=("${(@f)$("${${(Q)words[1]}/#\~/$HOME}" __complete "${(@Q)words[2,CURRENT]}" 2>/dev/null)}")
    directive=${lines[-1]#:}
    [[ $directive == <-> ]] || return 1
    lines[-1]=()
    for line in $lines; do
        value=${${line%%$'\t'*}//:/\\:}
        if [[ $line == *$'\t'* ]]; then
            offers+=("$value:${line#*$'\t'}")
        else
            offers+=("$value")
        fi
    done
    # The value of a flag that is joined to it stands alone.
    [[ $words[CURRENT] == -*=* ]] && compset -P 1 '*='
    ((directive & 2)) && options=(-S '')
    if (($#offers)); then
        _describe completion offers $options
    elif ((!(directive & 4))); then
        _files
    fi
}

if [[ $funcstack[1] == _oras ]]; then
    _oras "$@"
else
    compdef _oras oras
fi
