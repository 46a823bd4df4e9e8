#!/bin/sh
# Makes .venv-clients: the third-party clients of requirements-clients.lock, which tests/clients runs as programs.
# They have an environment of their own, so that nothing of theirs is ever imported by the bench. Called by make.
set -eu

started=$(date +%s)
if [ ! -x .venv-clients/bin/python ]; then .venv/bin/python -m venv --clear .venv-clients; fi
printf 'clients: installing the %s packages of requirements-clients.lock\n' "$(grep -c == requirements-clients.lock)"
.venv-clients/bin/python -m pip --quiet --quiet --disable-pip-version-check install -r requirements-clients.lock || {
    echo "clients: pip could not install them; its own words are above. The tests that need them will be skipped." >&2
    exit 1
}
printf 'clients: ready in %s s\n' "$(($(date +%s) - started))"
