#!/bin/sh
# Makes .venv with exactly the packages of requirements.lock and this project in it. Called by make.
# pip's own settings (index, proxy, certificates) are the user's: no such option is passed here.
set -eu

say() { printf 'setup: %s\n' "$*"; }
fail() { printf 'setup: %s\n' "$@" >&2; exit 1; }

is_new_enough() { "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; }
# Debian and Ubuntu ship python3 without these two until python3-venv is installed.
can_make_venv() { "$1" -c 'import ensurepip, venv' 2>/dev/null; }

# Sets `python` to the first interpreter that is new enough and can make an environment, or ends with the remedy.
find_python() {
    bare= old=
    for name in ${PYTHON:-} python3.11 python3.12 python3.13 python3.14 python3; do
        python=$(command -v "$name") || continue
        if ! is_new_enough "$python"; then old="$python ($("$python" --version 2>&1))"
        elif can_make_venv "$python"; then return 0
        else bare=${bare:-$name}; fi
    done
    if [ -n "$bare" ]; then
        fail "$bare cannot make a virtual environment: its venv package is missing." \
             "On Debian or Ubuntu:  sudo apt-get update && sudo apt-get install -y $bare-venv"
    fi
    fail "Python 3.11 or newer is needed; found ${old:-none}." \
         "Debian 12, Ubuntu 24.04 and later have it:  sudo apt-get update && sudo apt-get install -y python3 python3-venv" \
         "Another place can be named:  make setup PYTHON=/path/to/python3"
}

started=$(date +%s)
if [ -x .venv/bin/python ] && is_new_enough .venv/bin/python && .venv/bin/python -m pip --version >/dev/null 2>&1; then
    say "using .venv with $(.venv/bin/python --version)"
else
    find_python
    say "making .venv with $python ($("$python" --version))"
    "$python" -m venv --clear .venv
fi

say "installing the $(grep -c == requirements.lock) packages of requirements.lock"
pip=".venv/bin/python -m pip --quiet --quiet --disable-pip-version-check"
$pip install -r requirements.lock ||
    fail "pip could not install the packages; its own words are above." \
         "Behind a proxy or mirror set HTTPS_PROXY or PIP_INDEX_URL, then call make again."
# pyscard has no wheels for Linux: it is compiled where libpcsclite's headers and swig are, and left out elsewhere.
if [ -e /usr/include/PCSC/winscard.h ] && command -v swig >/dev/null && command -v gcc >/dev/null; then
    say "compiling pyscard for PC/SC readers"
    $pip install -r requirements-pcsc.lock || fail "pyscard could not be compiled; its own words are above."
else
    say "without PC/SC readers; for them:  sudo apt-get install -y pcscd libpcsclite-dev swig gcc python3-dev"
fi
$pip install --no-deps --editable . || fail "pip could not install the project itself; its own words are above."
say "ready in $(($(date +%s) - started)) s"
