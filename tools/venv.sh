#!/usr/bin/env bash
# Makes a virtual environment: venv.sh DIRECTORY
# With the first Python of at least 3.11 among $PYTHON, python3 and the versioned names; also where
# the system's Python comes without ensurepip, as Debian's does unless python3-venv is installed.
set -euo pipefail

directory=$1

find_python() {
    local candidate
    for candidate in ${PYTHON:-} python3 python3.14 python3.13 python3.12 python3.11; do
        if "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
            command -v "$candidate"
            return
        fi
    done
    echo "corepy needs Python 3.11 or later; none was found (set PYTHON to name one)" >&2
    return 1
}

python=$(find_python)
if "$python" -c 'import ensurepip' 2>/dev/null; then
    "$python" -m venv "$directory"
elif "$python" -c 'import pip' 2>/dev/null; then
    "$python" -m venv --without-pip "$directory"
    "$python" -m pip --python "$directory/bin/python" install --quiet pip
elif "$python" -c 'import virtualenv' 2>/dev/null; then
    "$python" -m virtualenv --quiet "$directory"
else
    echo "$python has neither ensurepip nor pip nor virtualenv (on Debian and Ubuntu: install python3-venv)" >&2
    exit 1
fi
echo "$("$directory/bin/python" --version) in $directory"
