#!/bin/sh
# Every check of the bench; the first red one ends it. Called by make test.
set -u

bin=.venv/bin
began=$(date +%s)

# ended TITLE CODE SECONDS: says how it ended; ends everything with the verdict when it failed.
ended() {
    if [ "$2" -ne 0 ]; then
        printf '\nVERDICT: %s failed (exit code %s, after %s s)\n' "$1" "$2" "$3"
        exit 1
    fi
    printf '   ok: %s, %s s\n' "$1" "$3"
}

# step TITLE COMMAND…: says what it does and runs it.
step() {
    title=$1; shift
    printf '\n== %s\n   %s\n' "$title" "$*"
    since=$(date +%s)
    "$@"
    ended "$title" $? $(($(date +%s) - since))
}

# beside TITLE COMMAND…: runs it while the next steps run; `join` waits for it and shows what it printed.
beside() {
    beside=$1; shift
    printf '\n== %s, beside what follows\n   %s\n' "$beside" "$*"
    printed=$(mktemp)
    trap 'wait; rm -f "$printed"' EXIT
    beside_since=$(date +%s)
    "$@" >"$printed" 2>&1 &
    beside_process=$!
}

join() {
    printf '\n== %s\n' "$beside"
    wait "$beside_process"
    code=$?
    cat "$printed"
    ended "$beside" $code $(($(date +%s) - beside_since))
}

step "format" $bin/ruff format --check .
step "lint" $bin/ruff check .
step "types" $bin/mypy
step "import contracts" $bin/lint-imports
step "tests of the bench" $bin/python -m pytest tests -q -n 2 -m "not pcscd"
# They wait for pcscd most of the time, and need it alone.
beside "tests with a card in a reader" $bin/python -m pytest tests/pcsc tests/clients -q -m pcscd
step "scenario suite" $bin/pruefstand run --no-html
join
step "coverage of the requirements" $bin/pruefstand rules --coverage --missing

printf '\nVERDICT: the bench is sound (%s s)\n' "$(($(date +%s) - began))"
