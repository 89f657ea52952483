# rec's own words come from rec; from a client's name on, completion is the client's.
function _rec() {
    local i=2 own=1
    while (( i < CURRENT )); do
        case $words[i] in
        --) own=0; (( i++ )); break ;;
        run) own=0; (( i++ )) ;;
        --vault|--config) (( i += 2 )) ;;
        -*) (( i++ )) ;;
        *) break ;;
        esac
    done
    if (( i >= CURRENT )); then
        _clap_dynamic_completer_rec
        # Any command may be a client: they are offered where no verb begins so.
        (( compstate[nmatches] )) || _command_names -e
    elif (( own )) && [[ ' @VERBS@ ' == *" $words[i] "* ]]; then
        _clap_dynamic_completer_rec
    else
        shift $(( i - 1 )) words
        (( CURRENT -= i - 1 ))
        _normal
    fi
}

compdef _rec rec
# Loaded by the completion system as the function of that name, this file is asked at once.
[[ $funcstack[1] == _rec ]] && _rec "$@"
