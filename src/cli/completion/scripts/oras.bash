# Completion of oras for bash. What can come next is asked of the program itself.

_oras() {
    local rest=$COMP_LINE index word bare count=-1 out directive breaks prefix= line
    local -a words
    # Bash parts words at colons and equals signs, too. What has no blank between belongs together.
    for ((index = 0; index <= COMP_CWORD; index++)); do
        word=${COMP_WORDS[index]}
        bare=${rest#"${rest%%[![:blank:]]*}"}
        if ((index == 0)) || [[ $bare != "$rest" ]]; then
            count=$((count + 1))
            words[count]=
        fi
        words[count]=${words[count]}$word
        rest=${bare#"$word"}
    done
    COMPREPLY=()
    out=$("${words[0]/#\~/$HOME}" __completeNoDesc "${words[@]:1}" 2>/dev/null) || return
    directive=${out##*:}
    [[ $directive == [0-9] ]] || return
    # Only what follows the last of these signs is put in place.
    breaks=${COMP_WORDBREAKS//[^:=]/}
    word=${words[count]}
    [[ $word == -*=* ]] && word=${word#*=}
    [[ $breaks ]] && prefix=${word%"${word##*[$breaks]}"}
    while IFS= read -r line; do
        [[ $line ]] && COMPREPLY+=("${line#"$prefix"}")
    done <<<"${out%:*}"
    if [[ $(type -t compopt) == builtin ]]; then
        ((directive & 2)) && compopt -o nospace
        ((directive & 4)) && compopt +o default
    fi
    return 0
}

complete -o default -F _oras oras
