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
    "$tools/bin/pip-compile" --quiet --upgrade --extra dev --strip-extras --allow-unsafe --no-header \
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
echo "lock: $(grep -c == requirements.lock) packages"
