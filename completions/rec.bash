_clap_complete_rec() {
    local IFS=$'\013'
    local _CLAP_COMPLETE_INDEX=${COMP_CWORD}
    local _CLAP_COMPLETE_COMP_TYPE=${COMP_TYPE}
    if compopt +o nospace 2> /dev/null; then
        local _CLAP_COMPLETE_SPACE=false
    else
        local _CLAP_COMPLETE_SPACE=true
    fi
    local words=("${COMP_WORDS[@]}")
    if [[ "${BASH_VERSINFO[0]}" -ge 4 ]]; then
        words[COMP_CWORD]="$2"
    fi
    COMPREPLY=( $( \
        _CLAP_IFS="$IFS" \
        _CLAP_COMPLETE_INDEX="$_CLAP_COMPLETE_INDEX" \
        _CLAP_COMPLETE_COMP_TYPE="$_CLAP_COMPLETE_COMP_TYPE" \
        _CLAP_COMPLETE_SPACE="$_CLAP_COMPLETE_SPACE" \
        _REC_COMPLETE="bash" \
        "rec" -- "${words[@]}" \
    ) )
    if [[ $? != 0 ]]; then
        unset COMPREPLY
    elif [[ $_CLAP_COMPLETE_SPACE == false ]] && [[ "${COMPREPLY-}" =~ [=/:]$ ]]; then
        compopt -o nospace
    fi
}
if [[ "${BASH_VERSINFO[0]}" -eq 4 && "${BASH_VERSINFO[1]}" -ge 4 || "${BASH_VERSINFO[0]}" -gt 4 ]]; then
    complete -o nospace -o bashdefault -o nosort -F _clap_complete_rec rec
else
    complete -o nospace -o bashdefault -F _clap_complete_rec rec
fi

# rec's own words come from rec; from a client's name on, completion is the client's.
_rec() {
    local i=1 own=1 word
    while ((i < COMP_CWORD)); do
        case ${COMP_WORDS[i]} in
        --) own=0 && ((i++)) && break ;;
        run) own=0 && ((i++)) ;;
        --vault | --config) ((i += 2)) ;;
        -*) ((i++)) ;;
        *) break ;;
        esac
    done
    if ((i >= COMP_CWORD)); then
        _clap_complete_rec "$@"
        # Any command may be a client: they are offered where no verb begins so.
        if [[ -z ${COMPREPLY[*]-} && -n $2 && $2 != -* ]]; then
            while IFS= read -r word; do
                COMPREPLY+=("$word")
            done < <(compgen -c -- "$2" | sort -u)
        fi
    elif ((own)) && [[ " run demo doctor util mask ls show play search export stats diff import tag note pin unpin audit redact rm prune init unlock lock tap pause resume mark discard vault help " == *" ${COMP_WORDS[i]} "* ]]; then
        _clap_complete_rec "$@"
    elif declare -F _command_offset >/dev/null; then
        _command_offset "$i"
    fi
}
complete -o nospace -o bashdefault -F _rec rec
