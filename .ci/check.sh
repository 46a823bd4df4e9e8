#!/bin/sh
# Every check of the bench, one after the other; the first red one ends it. Called by make test.
set -u

bin=.venv/bin
began=$(date +%s)

# step TITLE COMMAND…: says what it does and runs it; ends everything with the verdict when it fails.
step() {
    title=$1; shift
    printf '\n== %s\n   %s\n' "$title" "$*"
    since=$(date +%s)
    "$@"
    code=$?
    took=$(($(date +%s) - since))
    if [ "$code" -ne 0 ]; then
        printf '\nVERDICT: %s failed (exit code %s, after %s s)\n' "$title" "$code" "$took"
        exit 1
    fi
    printf '   ok: %s, %s s\n' "$title" "$took"
}

step "format" $bin/ruff format --check .
step "lint" $bin/ruff check .
step "types" $bin/mypy
step "import contracts" $bin/lint-imports
step "tests of the bench" $bin/python -m pytest tests -q -n 2 -m "not pcscd"
step "tests with a card in a reader" $bin/python -m pytest tests/pcsc tests/clients -q -m pcscd
step "scenario suite" $bin/pruefstand run --no-html
step "coverage of the requirements" $bin/pruefstand rules --coverage --missing

printf '\nVERDICT: the bench is sound (%s s)\n' "$(($(date +%s) - began))"
