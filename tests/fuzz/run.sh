#!/usr/bin/env bash
# Fuzzes one target for a while (600 seconds) and prints its totals.
#   tests/fuzz/run.sh postgres|copied|mysql|stream|sql|shell|columns [seconds]
set -euo pipefail
cd "$(dirname "$0")"

target=${1:?"usage: tests/fuzz/run.sh TARGET [SECONDS]"}
seconds=${2:-600}

cargo fuzz --version >/dev/null 2>&1 || {
    echo "tests/fuzz/run.sh: 'cargo fuzz' is missing: cargo install cargo-fuzz" >&2
    exit 1
}

# The sanitizer is not in the stable language; a stable compiler has it all the same.
cargo=(cargo +nightly)
if ! "${cargo[@]}" --version >/dev/null 2>&1; then
    cargo=(cargo)
    export RUSTC_BOOTSTRAP=1
fi

# What was kept for the tests is where it starts from, besides what earlier runs found.
seeds=()
case $target in
    postgres) seeds=(../../fixtures/wire/postgres) ;;
esac

mkdir -p "corpus/$target"
"${cargo[@]}" fuzz run --fuzz-dir . "$target" "corpus/$target" "${seeds[@]}" -- \
    -max_total_time="$seconds" -rss_limit_mb=1024 -timeout=10 -print_final_stats=1
