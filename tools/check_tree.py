"""Checks the files of the repository for what no tool of a language looks for."""

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
MAX_BYTES = 1 << 20

# What must not stand in a text file, with the reason. Written so that this file does not match itself.
FORBIDDEN = [
    (re.compile(r"\b(?:TO[D]O|FIX[M]E|X[X]X)\b"), "unfinished work belongs in an issue"),
    (re.compile(r"\b(?:todo|unimplemented)[!]"), "no stubs"),
    (re.compile(r"^(?:<{7}|>{7}|={7})(?: |$)", re.MULTILINE), "a merge conflict"),
    (re.compile(r"target-cpu\s*=\s*[n]ative"), "what ships is compiled for the baseline"),
    (re.compile(r"mark[.]xfail|mark[.]skip\b"), "a test either passes or goes"),
    (re.compile(r"/home/\w|/root/\w|/Users/\w"), "a path of one machine"),
    (re.compile(r"[ \t]+$", re.MULTILINE), "spaces at the end of a line"),
]
BINARY = {".png", ".npz"}
ARTEFACTS = {".so", ".o", ".a", ".pyc", ".whl", ".gz"}


def tracked() -> list[Path]:
    """The files that git tracks, or would track."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    names = subprocess.run(command, cwd=ROOT, capture_output=True, check=True).stdout.decode()
    return [path for name in names.split("\0") if name and (path := ROOT / name).is_file()]


def complaints(path: Path) -> list[str]:
    """What is wrong with one file."""
    name = path.relative_to(ROOT).as_posix()
    if path.suffix in ARTEFACTS:
        return [f"{name}: a build product"]
    if path.stat().st_size > MAX_BYTES:
        return [f"{name}: larger than {MAX_BYTES} bytes"]
    if path.suffix in BINARY:
        return []
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        return [f"{name}: not UTF-8"]
    found = []
    if text and not text.endswith("\n"):
        found.append(f"{name}: no newline at the end")
    for pattern, reason in FORBIDDEN:
        if name == "Cargo.lock":
            break
        for match in pattern.finditer(text):
            line = text.count("\n", 0, match.start()) + 1
            found.append(f"{name}:{line}: {reason}: {match.group(0)!r}")
    return found


def main() -> int:
    """Prints what is wrong; 1 if anything is."""
    files = tracked()
    found = [line for path in files for line in complaints(path)]
    print("\n".join(found) if found else f"{len(files)} files: nothing forbidden")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
