"""Runs array-api-tests, the public suite of the Array API standard, on corepy.

The suite lies in $ARRAY_API_TESTS_DIR, by default in ${XDG_CACHE_HOME:-$HOME/.cache}/array-api-tests, and is cloned there
when it is absent and the network allows. Nothing is written into it: the folder may be read-only.

What is left out stands in conformance-later.txt beside this file, and nowhere else.
"""

import argparse
import os
import subprocess
import sys
from pathlib import Path

import corepy as cp

ROOT = Path(__file__).resolve().parent.parent
LATER = ROOT / "tools" / "conformance-later.txt"
REPOSITORY = "https://github.com/data-apis/array-api-tests"
FILES = [
    "test_array_object",
    "test_constants",
    "test_creation_functions",
    "test_data_type_functions",
    "test_dlpack",
    "test_inspection_functions",
    "test_operators_and_elementwise_functions",
    "test_special_cases",
]
REVISION = "2025.12"


def suite() -> Path:
    """Where the suite is to be."""
    if directory := os.environ.get("ARRAY_API_TESTS_DIR"):
        return Path(directory).expanduser().resolve()
    cache = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(cache) / "array-api-tests"


def is_complete(directory: Path) -> bool:
    """Whether the suite and its submodule, the standard's text, are there."""
    stubs = directory / "array-api" / "src" / "array_api_stubs" / f"_{REVISION.replace('.', '_')}"
    return (directory / "array_api_tests").is_dir() and stubs.is_dir()


def clone(directory: Path) -> bool:
    """Fetches the suite; says what went wrong where it cannot."""
    print(f"fetching {REPOSITORY} into {directory}", flush=True)
    if (directory / ".git").exists():
        command = ["git", "-C", str(directory), "submodule", "update", "--init", "--depth", "1"]
    else:
        directory.parent.mkdir(parents=True, exist_ok=True)
        command = ["git", "clone", "--quiet", "--depth", "1", "--recurse-submodules", "--shallow-submodules"]
        command += [REPOSITORY, str(directory)]
    try:
        done = subprocess.run(command, check=False, env={**os.environ, "GIT_TERMINAL_PROMPT": "0"})
    except OSError as error:
        print(f"git: {error}", file=sys.stderr)
        return False
    return done.returncode == 0 and is_complete(directory)


def refuses(key: object) -> bool:
    """Whether a tensor does not take this kind of index."""
    try:
        cp.zeros(2)[key]
    except IndexError:
        return True
    return False


def is_missing(need: str) -> bool:
    """Whether this release lacks what a test needs: a kind of index, or a function of the namespace."""
    match need:
        case "indexing by masks":
            return refuses(cp.asarray([True, False]))
        case "indexing by integer arrays":
            return refuses(cp.asarray([1, 0]))
        case _:
            return not hasattr(cp, need)


def later() -> list[str]:
    """The tests to leave out. An entry that needs nothing missing ends the run."""
    tests = []
    for line in LATER.read_text(encoding="utf-8").splitlines():
        if not line or line.startswith("#"):
            continue
        test, _, need = line.rpartition(": ")
        if not is_missing(need):
            sys.exit(f"{LATER.name}: {test} needs {need!r}, which exists: remove the line")
        tests.append(test)
    return tests


def run(directory: Path, arguments: list[str], capture: bool = False) -> subprocess.CompletedProcess[str]:
    """Runs pytest in the suite without leaving anything there."""
    environment = {
        **os.environ,
        "ARRAY_API_TESTS_MODULE": "corepy",
        "ARRAY_API_TESTS_VERSION": REVISION,
        "HYPOTHESIS_STORAGE_DIRECTORY": str(ROOT / "build" / "hypothesis"),
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    # The suite looks for files of skips and expected failures beside its own; nobody's are to count.
    nothing = ["--skips-file", os.devnull, "--xfails-file", os.devnull]
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *nothing, *arguments]
    output = subprocess.PIPE if capture else None
    return subprocess.run(command, cwd=directory, env=environment, stdout=output, text=True, check=False)


def main() -> int:
    """Runs the suite; the status is pytest's."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--max-examples", type=int, default=100, help="random examples per test")
    parser.add_argument("--jobs", default="auto", help="processes")
    # The same examples each time: a red run means a change in corepy. It also keeps six tests of the
    # suite sound, pow's "abs(x1_i) < 1 and x2_i is ±infinity": without a seed they draw any x1_i < 1,
    # such as -5, for which the standard itself asks for another result (NumPy fails them likewise).
    parser.add_argument("--seed", default="0", help="seed of the random examples")
    parser.add_argument(
        "--if-present", action="store_true", help="do not fetch the suite; do nothing where it is absent"
    )
    parser.add_argument("pytest", nargs="*", help="further arguments for pytest, after --")
    options = parser.parse_args()

    directory = suite()
    if not is_complete(directory) and (options.if_present or not clone(directory)):
        print(f"array-api-tests is not in {directory}: the public conformance suite did NOT run")
        return 0 if options.if_present else 1

    left_out = later()
    arguments = ["--quiet", *(f"array_api_tests/{name}.py" for name in FILES)]
    collected = set(run(directory, [*arguments, "--collect-only"], capture=True).stdout.splitlines())
    if collected and (unknown := [test for test in left_out if test not in collected]):
        sys.exit(f"{LATER.name}: the suite has no test {', '.join(unknown)}")
    arguments += ["--numprocesses", options.jobs, "--max-examples", str(options.max_examples)]
    arguments += [
        "--disable-deadline",
        f"--hypothesis-seed={options.seed}",
        *(f"--deselect={test}" for test in left_out),
        *options.pytest,
    ]
    status = run(directory, arguments).returncode
    print(f"array-api-tests, revision {REVISION}, {len(FILES)} files, {options.max_examples} examples per test.")
    print(f"Left out, as they need what is not in this release ({LATER.name}): {len(left_out)} tests.")
    return status


if __name__ == "__main__":
    sys.exit(main())
