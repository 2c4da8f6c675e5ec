"""The examples in the documentation run, and print what the documentation says."""

import doctest
import re
from pathlib import Path

import pytest

import corepy as cp

ROOT = Path(__file__).resolve().parent.parent
BLOCK = re.compile(r"^```python\n(.*?)^```$", re.DOTALL | re.MULTILINE)
OPTIONS = doctest.NORMALIZE_WHITESPACE | doctest.ELLIPSIS


@pytest.mark.parametrize("name", ["README.md", "docs/guide.md"])
def test_examples_print_what_the_page_says(name, capsys):
    text = (ROOT / name).read_text(encoding="utf-8")
    parser, runner = doctest.DocTestParser(), doctest.DocTestRunner(optionflags=OPTIONS)
    names = {}
    blocks = list(BLOCK.finditer(text))
    assert blocks, f"{name} has no examples"
    for block in blocks:
        line = text.count("\n", 0, block.start(1))
        # The examples of one page build on each other.
        example = parser.get_doctest(block.group(1), names, name, name, line)
        assert example.examples, f"{name}, line {line + 1}: an example without >>>"
        # The pages show the default.
        with cp.fusion(True):
            runner.run(example, clear_globs=False)
        names = example.globs
    assert runner.failures == 0, capsys.readouterr().out
