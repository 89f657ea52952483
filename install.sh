#!/usr/bin/env bash
# Builds rec and installs the binary, its manual pages and completions; see --help.
set -euo pipefail
cd "$(dirname "$0")"

usage() {
    cat <<'EOT'
Usage: ./install.sh [--prefix DIR] [--demo | --uninstall]

Builds rec and installs it under DIR (default: ~/.local), without root.

  --prefix DIR   where to
  --binary FILE  install this rec instead of building one
  --demo         first install what the build needs through the system's package manager,
                 and end in a demonstration: a short session recorded, searched and shown
  --uninstall    remove what this script installed; your vault stays
  --help         this text
EOT
}

say() { printf '%s\n' "$*"; }
die() {
    printf 'install.sh: %s\n' "$1" >&2
    shift
    for hint in "$@"; do printf '    %s\n' "$hint" >&2; done
    exit 1
}

prefix=${HOME:-}/.local
binary=
demo=no
uninstall=no
while [ $# -gt 0 ]; do
    case $1 in
    --prefix)
        [ $# -ge 2 ] || die "--prefix needs a directory"
        prefix=$2
        shift
        ;;
    --prefix=*) prefix=${1#--prefix=} ;;
    --binary)
        [ $# -ge 2 ] || die "--binary needs a file"
        binary=$2
        shift
        ;;
    --demo) demo=yes ;;
    --uninstall) uninstall=yes ;;
    -h | --help)
        usage
        exit 0
        ;;
    *)
        usage >&2
        exit 2
        ;;
    esac
    shift
done
case $prefix in
/*) ;;
*) prefix=$PWD/$prefix ;;
esac

bin=$prefix/bin/rec
man=$prefix/share/man/man1
bash_completion=$prefix/share/bash-completion/completions/rec
zsh_completion=$prefix/share/zsh/site-functions/_rec
fish_completion=$prefix/share/fish/vendor_completions.d/rec.fish

# Whether the program there is this rec: sox brings one of that name.
ours() { [ -f "$bin" ] && [ ! -L "$bin" ] && grep -aq _REC_COMPLETE "$bin"; }

# Pages of an earlier version may bear names that this one does not know.
remove_pages() {
    local page
    for page in "$man"/rec.1 "$man"/rec-*.1; do
        if [ -e "$page" ] && grep -q '^\.TH "\?REC' "$page"; then rm -f "$page"; fi
    done
}

if [ $uninstall = yes ]; then
    removed=no
    if [ -e "$bin" ] && ! ours; then
        die "$bin is another program: left where it is"
    fi
    for file in "$bin" "$bash_completion" "$zsh_completion" "$fish_completion"; do
        if [ -e "$file" ]; then
            rm -f "$file"
            say "removed $file"
            removed=yes
        fi
    done
    if [ -e "$man/rec.1" ]; then
        remove_pages
        say "removed $man/rec.1 and the pages of its verbs"
        removed=yes
    fi
    [ $removed = yes ] || say "nothing of rec is installed under $prefix"
    say "Your recordings stay where they are (\$REC_VAULT, or ~/.local/share/rec)."
    exit 0
fi

# The build needs a C compiler, make and perl: OpenSSL, SQLCipher and zstd are compiled in.
need_packages() {
    local missing=()
    command -v cc >/dev/null || missing+=(gcc libc6-dev)
    command -v make >/dev/null || missing+=(make)
    # Debian's perl-base brings the command without the modules that OpenSSL's build uses.
    perl -MIPC::Cmd -MFile::Compare -MFindBin -e 1 2>/dev/null || missing+=(perl)
    [ ${#missing[@]} -gt 0 ] || return 0
    if [ $demo = no ]; then
        die "the build needs: ${missing[*]}" \
            "install them, or let ./install.sh --demo do it"
    fi
    command -v apt-get >/dev/null ||
        die "the build needs: ${missing[*]}" "this system has no apt-get; install them, then try again"
    local root=()
    if [ "$(id -u)" -ne 0 ]; then
        command -v sudo >/dev/null ||
            die "the build needs: ${missing[*]}" "as root: apt-get install ${missing[*]}"
        root=(sudo)
    fi
    say "installing ${missing[*]} (apt-get)"
    "${root[@]}" apt-get update -qq </dev/null
    "${root[@]}" env DEBIAN_FRONTEND=noninteractive \
        apt-get install -y -qq --no-install-recommends "${missing[@]}" </dev/null >/dev/null
}

if [ -n "$binary" ]; then
    built=$binary
else
    need_packages
    if ! command -v cargo >/dev/null && [ -x "${CARGO_HOME:-$HOME/.cargo}/bin/cargo" ]; then
        PATH=${CARGO_HOME:-$HOME/.cargo}/bin:$PATH
    fi
    command -v cargo >/dev/null ||
        die "no cargo on the PATH" "install a Rust toolchain: https://rustup.rs"
    say "building rec (the first time takes some minutes)"
    cargo build --release --locked
    built=${CARGO_TARGET_DIR:-target}/release/rec
fi
[ -x "$built" ] || die "$built is no program"

if [ -e "$bin" ] && ! ours; then
    die "$bin is another program" "choose another place with --prefix"
fi
umask 022
mkdir -p "$prefix/bin" "$man" \
    "${bash_completion%/*}" "${zsh_completion%/*}" "${fish_completion%/*}" ||
    die "cannot write under $prefix" "choose another place with --prefix"
# Beside it first, then into its place: a rec at work keeps its own file.
install -m 755 "$built" "$bin.new"
mv -f "$bin.new" "$bin"
remove_pages
install -m 644 man/*.1 "$man"
# The completions ask the rec that was installed, wherever the PATH leads: another program of
# that name would take their question for a command.
for shell in bash zsh fish; do
    file=${shell}_completion
    "$bin" util completions "$shell" --command "$bin" >"${!file}"
done

say "installed $bin ($("$bin" --version))"
say "          $man: rec.1 and a page for each verb"
say "          completions for bash, zsh and fish under $prefix/share"

case :$PATH: in
*:"$prefix/bin":*) ;;
*)
    say
    say "$prefix/bin is not on your PATH. For bash:"
    say "    echo 'export PATH=\"$prefix/bin:\$PATH\"' >> ~/.bashrc"
    ;;
esac
case ${SHELL:-} in
*/zsh)
    say
    say "zsh finds the completions once ~/.zshrc has, before compinit:"
    say "    fpath=(${zsh_completion%/*} \$fpath)"
    ;;
esac
other=$(type -ap rec | grep -vxF "$bin" | head -n 1 || true)
if [ -n "$other" ]; then
    first=$(type -P rec || true)
    what=
    case $(readlink -f "$other") in */sox) what=" (sox)" ;; esac
    say
    if [ "$first" = "$bin" ]; then
        say "There is another rec on your PATH, $other$what; yours comes first and wins."
    else
        say "Another rec comes first on your PATH: $other$what. Put $prefix/bin before it."
    fi
fi

if [ $demo = yes ]; then
    say
    exec "$bin" demo
fi
say
say "Next: rec demo      a short session, recorded, searched and shown"
say "      rec doctor    whether all is well here"
