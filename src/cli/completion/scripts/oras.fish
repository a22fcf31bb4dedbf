# Completion of oras for fish. What can come next is asked of the program itself.

function __oras_offers
    set -l typed (commandline -opc)
    set -l begun (commandline -ct)
    set -l program (string replace -r '^~' $HOME -- $typed[1])
    set -e typed[1]
    set -l lines ($program __complete $typed "$begun" 2>/dev/null)
    string match -qr '^:[0-9]+$' -- $lines[-1]; or return
    set -l directive (string sub -s 2 -- $lines[-1])
    set -e lines[-1]
    set -l prefix (string match -r -- '^-[^=]*=' $begun)
    for line in $lines
        printf '%s\n' "$prefix$line"
    end
    # Without the third bit, files are meant where nothing else is.
    if test (count $lines) -eq 0; and test (math "floor($directive / 4) % 2") -eq 0
        set -l word (string replace -r -- '^-[^=]*=' '' $begun)
        printf "$prefix%s\n" (__fish_complete_path "$word")
    end
end

complete -c oras -e
complete -c oras -f -a '(__oras_offers)'
