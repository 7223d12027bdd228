# Shared by run.sh and test.sh: brings a Debian machine to the state both need.
# Sourced, not run. Every step looks first and does nothing where nothing is missing.

set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
venv="$root/.venv"

say() { printf 'desk: %s\n' "$*" >&2; }
fail() { printf 'desk: cannot go on: %s\n' "$*" >&2; exit 1; }

# What the locked environment is made with.
environment_packages=(
    ca-certificates
    python3 python3-venv python3-dev gcc libc6-dev libpcsclite-dev   # pyscard has no Linux wheel
)
# What the program needs to run, offscreen and on X11 (Qt blames xcb-cursor when another
# of these is missing, so the list is complete on purpose).
run_packages=(
    "${environment_packages[@]}"
    pcscd
    libegl1 libgl1 libdbus-1-3 libfontconfig1 libglib2.0-0 libxkbcommon0
    libxkbcommon-x11-0 libxcb-cursor0 libxcb-icccm4 libxcb-keysyms1 libxcb-shape0 libxcb-xkb1
    libpulse0 libxrandr2 libcups2 libnss3
    xvfb xauth
)
# What only the checks need: the virtual reader driver, second implementations of PIV, of
# PACE and chip authentication and of CMS, a token in software, a browser, a database server
# with a pooler, and a reverse proxy (their programs only: the packages' own servers are not used). Node, for
# other people's wallets, comes with the locked environment: Debian 12's own is too old.
test_packages=(git vsmartcard-vpcd opensc softhsm2 libeac3 openssl postgresql pgbouncer chromium nginx)

install_packages() {
    command -v dpkg-query >/dev/null || fail "this is no Debian system; it needs these packages: $*"
    local missing=() package present
    present=$(installed_names)
    for package in "$@"; do
        grep -qxF "$package" <<<"$present" || missing+=("$package")
    done
    [ ${#missing[@]} -eq 0 ] && return 0
    say "installing system packages: ${missing[*]}"
    as_root apt-get update -qq || fail "the package lists could not be fetched; is there a network?"
    DEBIAN_FRONTEND=noninteractive as_root apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null \
        || fail "apt-get could not install: ${missing[*]}"
}

# One name a line: of the installed packages and of what they provide, for a release may call a
# package otherwise (Debian 13 has libcups2 as libcups2t64). A git from elsewhere serves as well.
installed_names() {
    dpkg-query -W -f='${db:Status-Status}, ${Package}, ${Provides}\n' \
        | sed -n 's/^installed, //p' | tr ',' '\n' | sed 's/^ *//; s/ .*//'
    command -v git >/dev/null && echo git
    return 0
}

as_root() {
    if [ "$(id -u)" -eq 0 ]; then
        env DEBIAN_FRONTEND=noninteractive "$@"
    elif command -v sudo >/dev/null && { sudo -n true 2>/dev/null || [ -t 0 ]; }; then
        sudo env DEBIAN_FRONTEND=noninteractive "$@"
    else
        fail "system packages are missing and this user may not install them; run once as root or with sudo: apt-get install ${missing[*]}"
    fi
}

# The distribution's own first: it is built with profile-guided and link-time optimisation,
# which version managers leave out (one and a half times slower), and python3-dev is for it.
distribution_python=/usr/bin/python3

find_python() {
    local candidate
    for candidate in "$distribution_python" python3.13 python3.12 python3.11 python3; do
        if command -v "$candidate" >/dev/null \
            && "$candidate" -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
            command -v "$candidate"
            return 0
        fi
    done
    fail "no Python 3.11 or newer with venv was found"
}

# An environment stands while the lock is the same: a better Python alone does not replace
# what works, for that would need the network at a working desk. A new lock needs it anyway.
environment_stands() {
    cmp -s "$venv/.installed-from" "$root/requirements.lock" && holds_packages
}

# After an upgrade of the distribution another Python stands behind .venv's link, and looks
# for its packages elsewhere.
holds_packages() {
    local look='import importlib.util as i; raise SystemExit(i.find_spec("cryptography") is None)'
    "$venv/bin/python" -c "$look" 2>/dev/null
}

# The program that a Python is in the end, through links, shims and environments.
behind() {
    "$1" -c 'import os, sys; print(os.path.realpath(sys._base_executable))' 2>/dev/null
}

# The locked environment in .venv, exactly as requirements.lock says, hashes checked.
install_environment() {
    local python
    environment_stands && return 0
    python=$(find_python)
    if ! command -v uv >/dev/null; then
        say "installing uv beside the environment"
        [ -x "$root/.venv-tools/bin/uv" ] || {
            "$python" -m venv "$root/.venv-tools"
            "$root/.venv-tools/bin/pip" install --quiet uv || fail "uv could not be installed from PyPI"
        }
        PATH="$root/.venv-tools/bin:$PATH"
    fi
    if ! holds_packages || [ "$(behind "$venv/bin/python")" != "$(behind "$python")" ]; then
        rm -rf "$venv"
        uv venv --quiet --python "$python" "$venv"
    fi
    say "installing the locked environment (the first time takes some minutes)"
    uv pip sync --quiet --compile-bytecode --python "$venv/bin/python" --require-hashes "$root/requirements.lock" \
        || fail "the environment could not be installed as requirements.lock says"
    cp "$root/requirements.lock" "$venv/.installed-from"
}

export PYTHONPATH="$root"
