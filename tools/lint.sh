#!/usr/bin/env bash
# Runs every check, also after one has failed, and says at the end which failed.
# PY names the Python with the pinned tools (`make lint` sets it).
set -uo pipefail
cd "$(dirname "$0")/.."

py=${PY:-.venv/bin/python}
bin=$(dirname "$py")
failed=()

check() {
    local name=$1
    shift
    echo "== $name"
    "$@" || failed+=("$name")
}

# A component of Rust that is missing is added where rustup can.
cargo_check() {
    local component=$1
    shift
    if ! cargo "${1}" --version >/dev/null 2>&1 && ! rustup component add "$component" >/dev/null 2>&1; then
        echo "== $component is not installed and could not be added: cargo $1 did NOT run"
        return
    fi
    check "cargo $1" cargo "$@"
}

cargo_check rustfmt fmt --check
cargo_check clippy clippy --locked --release --workspace --all-targets -- --deny warnings
check "ruff check" "$bin/ruff" check --no-cache
check "ruff format" "$bin/ruff" format --no-cache --check
mapfile -t headers < <(find csrc -name '*.h' | sort)
check "clang-format" "$bin/clang-format" --dry-run -Werror "${headers[@]}"
check "mypy" "$py" -m mypy
check "mypy examples" "$py" -m mypy --strict examples/*.py tests/api/test_typing.py
check "stubtest" "$py" -m mypy.stubtest corepy --concise --mypy-config-file pyproject.toml \
    --allowlist tools/stubtest-allow.txt
check "stub" "$py" tools/generate_stub.py --check
check "API page" "$py" tools/generate_api.py --check
check "tree" "$py" tools/check_tree.py

if ((${#failed[@]})); then
    echo "lint: FAILED: ${failed[*]}" >&2
    exit 1
fi
echo "lint: all checks passed"
