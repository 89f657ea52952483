complete --condition 'not __rec_client' --keep-order --exclusive --command rec --arguments "(_REC_COMPLETE=fish rec -- (commandline --current-process --tokenize --cut-at-cursor) (commandline --current-token))"

# From a client's name on, completion is the client's: this gives its words so far, or fails where
# they are rec's own.
function __rec_client
    set -l words (commandline -opc)
    set -l own yes
    set -e words[1]
    while set -q words[1]
        switch $words[1]
            case --
                set own no
                set -e words[1]
                break
            case run
                set own no
                set -e words[1]
            case --vault --config
                set -e words[1]
                set -q words[1]; and set -e words[1]
            case '-*'
                set -e words[1]
            case '*'
                break
        end
    end
    set -q words[1]; or return 1
    test $own = yes; and contains -- $words[1] run demo doctor util mask ls show play search export stats diff import tag note pin unpin audit redact rm prune init unlock lock tap pause resume mark discard vault help; and return 1
    string escape -- $words
end

complete --command rec --condition __rec_client --exclusive \
    --arguments '(complete -C (string join -- " " (__rec_client) (commandline -ct) | string collect))'
# Any command may be a client: they are offered where no verb begins so.
function __rec_no_verb
    test (count (commandline -opc)) -eq 1; or return 1
    string match -qr '^[^-]' -- (commandline -ct); or return 1
    not string match -q -- (commandline -ct)'*' run demo doctor util mask ls show play search export stats diff import tag note pin unpin audit redact rm prune init unlock lock tap pause resume mark discard vault help
end
complete --command rec --condition __rec_no_verb --exclusive \
    --arguments '(complete -C (commandline -ct))'
