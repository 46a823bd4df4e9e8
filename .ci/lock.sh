#!/bin/sh
# Writes requirements.lock from pyproject.toml. Called by make lock, with .venv made.
# No index address and no path of this machine gets into the file: those are settings of whoever installs.
set -eu

tools=$(mktemp -d)
trap 'rm -rf "$tools"' EXIT
.venv/bin/python -m venv "$tools"
"$tools/bin/python" -m pip install --quiet --disable-pip-version-check pip-tools
{
    echo "# Exact versions of everything the bench and its checks need. Written by make lock from pyproject.toml."
    echo "# Python 3.11 and newer; the order is alphabetical."
    "$tools/bin/pip-compile" --quiet --upgrade --extra dev --extra ble --strip-extras --allow-unsafe --no-header \
        --no-emit-find-links --no-emit-index-url --no-emit-trusted-host --no-emit-options \
        --annotation-style=line --output-file=- pyproject.toml
} >"$tools/requirements.lock"
cp "$tools/requirements.lock" requirements.lock
# The extra that has to be compiled has a file of its own, for where it can be.
{
    echo "# The extra pcsc. Written by make lock from pyproject.toml; installed where libpcsclite's headers and swig are."
    "$tools/bin/pip-compile" --quiet --upgrade --extra pcsc --strip-extras --no-header --no-annotate \
        --no-emit-find-links --no-emit-index-url --no-emit-trusted-host --no-emit-options \
        --output-file=- pyproject.toml | grep '^pyscard=='
} >"$tools/requirements-pcsc.lock"
cp "$tools/requirements-pcsc.lock" requirements-pcsc.lock
# What runs as a client of ours, in an environment of its own: nothing of it is imported by the bench.
{
    echo "# Clients that no one here wrote, for tests/clients. Written by make lock from .ci/clients.in; installed into .venv-clients."
    "$tools/bin/pip-compile" --quiet --upgrade --strip-extras --no-header --no-annotate \
        --no-emit-find-links --no-emit-index-url --no-emit-trusted-host --no-emit-options \
        --output-file=- .ci/clients.in
} >"$tools/requirements-clients.lock"
cp "$tools/requirements-clients.lock" requirements-clients.lock
echo "lock: $(grep -c == requirements.lock) packages"
