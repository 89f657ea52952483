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
    elif ((own)) && [[ " @VERBS@ " == *" ${COMP_WORDS[i]} "* ]]; then
        _clap_complete_rec "$@"
    elif declare -F _command_offset >/dev/null; then
        _command_offset "$i"
    fi
}
complete -o nospace -o bashdefault -F _rec rec
