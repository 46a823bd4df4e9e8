#!/bin/sh
# Fuzzes the card, guided by coverage, and ends with a verdict. Called by make fuzz with ATHERIS and FUZZ_SECONDS.
set -u

bin=.venv/bin
out=reports/out/fuzz
seconds=${FUZZ_SECONDS:-60}

if ! $bin/python -c "from importlib.metadata import version; raise SystemExit(version('atheris') != '$ATHERIS')" 2>/dev/null; then
    printf 'fuzz: installing atheris %s into .venv\n' "$ATHERIS"
    if ! $bin/python -m pip install --quiet --quiet --disable-pip-version-check --no-deps "atheris==$ATHERIS"; then
        printf 'fuzz: %s\n' "atheris could not be installed; pip's own words are above." \
            "It has wheels for Linux on x86-64; elsewhere it wants a clang with libFuzzer." >&2
        exit 2
    fi
fi

mkdir -p "$out/stories"
printf 'fuzz: the card, for %s s; what the fuzzer says goes to %s/log.txt\n' "$seconds" "$out"
$bin/python -m tests.fuzz.fuzz_card -max_total_time="$seconds" -max_len=1024 -timeout=10 -rss_limit_mb=2048 \
    -print_final_stats=1 -artifact_prefix="$out/" "$out/stories" >"$out/log.txt" 2>&1
code=$?

if [ "$code" -eq 0 ]; then
    played=$(sed -n 's/^stat::number_of_executed_units: *//p' "$out/log.txt")
    covered=$(sed -n 's/.* cov: \([0-9]*\) .*/\1/p' "$out/log.txt" | tail -n 1)
    printf '\nVERDICT: nothing found in %s s; %s stories played, %s branches of the card reached\n' \
        "$seconds" "${played:-no}" "${covered:-no}"
    exit 0
fi
found=$(sed -n 's/.*Test unit written to //p' "$out/log.txt" | tail -n 1)
sed -n '/Uncaught Python exception/,/^==/p' "$out/log.txt"
if [ -n "$found" ]; then
    printf '\nVERDICT: the card broke (exit code %s). Play it again:\n  %s -m tests.fuzz.fuzz_card %s\n' \
        "$code" "$bin/python" "$found"
else
    tail -n 20 "$out/log.txt"
    printf '\nVERDICT: the fuzzer itself failed (exit code %s)\n' "$code"
fi
exit 1
