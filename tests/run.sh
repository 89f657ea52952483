#!/usr/bin/env bash
# Installs what the tests need through the system's package manager, then checks format, lints and
# runs every test. Works as root and, with sudo, as anyone else.
set -euo pipefail
cd "$(dirname "$0")/.."

# What the build needs (OpenSSL is compiled in: perl and make), then the real servers and clients.
packages=(
    gcc libc6-dev make perl
    postgresql postgresql-client python3-psycopg python3-psycopg2 python3-pg8000
    mariadb-server mariadb-client mariadb-test python3-pymysql python3-mysqldb
    openssh-server openssh-client openssl
    krb5-kdc krb5-admin-server krb5-user
    gnome-keyring dbus
    tmux vim less procps util-linux bindfs
    bash zsh fish
    age zstd sqlite3 asciinema chromium python3 man-db shellcheck
)

missing=()
for package in "${packages[@]}"; do
    status=$(dpkg-query -W -f '${Status}' "$package" 2>/dev/null || true)
    [ "$status" = "install ok installed" ] || missing+=("$package")
done

if [ ${#missing[@]} -gt 0 ]; then
    if ! command -v apt-get >/dev/null; then
        echo "tests/run.sh: this system has no apt-get; install what these Debian packages hold:" >&2
        echo "    ${missing[*]}" >&2
        exit 1
    fi
    root=()
    if [ "$(id -u)" -ne 0 ]; then
        if ! command -v sudo >/dev/null; then
            echo "tests/run.sh: neither root nor sudo; as root, run:" >&2
            echo "    apt-get install --no-install-recommends ${missing[*]}" >&2
            exit 1
        fi
        root=(sudo)
    fi
    echo "tests/run.sh: installing ${missing[*]}"
    "${root[@]}" apt-get update -qq </dev/null
    "${root[@]}" env DEBIAN_FRONTEND=noninteractive \
        apt-get install -y -qq --no-install-recommends "${missing[@]}" </dev/null >/dev/null
fi

if ! command -v cargo >/dev/null; then
    echo "tests/run.sh: no cargo on the PATH: install a Rust toolchain (https://rustup.rs)" >&2
    exit 1
fi

for component in fmt clippy; do
    if ! cargo "$component" --version >/dev/null 2>&1; then
        name=${component/#fmt/rustfmt}
        command -v rustup >/dev/null || {
            echo "tests/run.sh: this Rust toolchain has no $name" >&2
            exit 1
        }
        rustup component add "$name"
    fi
done

cargo fmt --check
cargo clippy --locked --all-targets -- -D warnings
cargo test --locked --no-fail-fast
