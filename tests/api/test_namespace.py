"""The registry, the namespace, the stub and the API page say the same, and nothing of Python is shadowed."""

import builtins
import inspect
import pickle
import subprocess
import sys
from pathlib import Path

import pytest

import corepy as cp
import corepy.array_api
from corepy import _core

ROOT = Path(__file__).resolve().parents[2]
PUBLIC = sorted(name for name in dir(cp) if not name.startswith("_") and not inspect.ismodule(getattr(cp, name)))
FUNCTIONS = [name for name in PUBLIC if inspect.isroutine(getattr(cp, name))]
ROWS = {row["name"]: row for row in _core.registry()}


@pytest.mark.parametrize("name", ROWS)
def test_every_row_is_a_function(name):
    function = getattr(cp, name)
    assert ROWS[name]["summary"] in function.__doc__ or name == "clip"
    assert f"element-wise functions: ``{name}``" in function.__doc__
    assert name in corepy.array_api.__all__


@pytest.mark.parametrize("stem", sorted({row["operator"] for row in ROWS.values()} - {None}))
def test_every_operator_is_there(stem):
    forms = [""] if stem in {"eq", "ne", "lt", "le", "gt", "ge", "neg", "pos", "abs", "invert"} else ["", "r", "i"]
    for form in forms:
        assert f"__{form}{stem}__" in vars(cp.Tensor)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_functions_are_corepys(name):
    function = getattr(cp, name)
    assert function.__module__ == "corepy" and function.__name__ == name
    assert pickle.loads(pickle.dumps(function)) is function


@pytest.mark.parametrize("name", FUNCTIONS)
def test_functions_are_documented(name):
    function = getattr(cp, name)
    document = inspect.getdoc(function)
    assert document and document.splitlines()[0].endswith(".")
    for parameter in inspect.signature(function).parameters.values():
        assert parameter.name in document, parameter


@pytest.mark.parametrize("name", ["Tensor", "DType"])
def test_classes_are_corepys(name):
    assert getattr(cp, name).__module__ == "corepy" and getattr(cp, name).__qualname__ == name


def test_a_star_import_leaves_python_alone():
    assert not set(cp.__all__) & set(vars(builtins)) - {"__doc__"}
    assert set(cp.__all__) | set(vars(builtins)) >= set(PUBLIC)
    assert len(cp.__all__) == len(set(cp.__all__))
    scope = {}
    exec("from corepy import *", scope)
    assert scope["add"] is cp.add and "sum" not in scope and "abs" not in scope


def test_the_core_and_the_namespace_have_the_same_functions():
    core = {name for name in _core.__all__ if inspect.isbuiltin(getattr(_core, name)) and not name.startswith("_")}
    assert core - {"configuration", "registry"} == set(FUNCTIONS) - {"show_config"}
    assert all(getattr(cp, name) is getattr(_core, name) for name in set(FUNCTIONS) & core)


def test_nothing_else_is_public():
    assert not set(PUBLIC) & {"registry", "configuration", "annotations", "warnings", "types"}


def test_array_api_has_the_standards_names_only():
    names = set(corepy.array_api.__all__)
    assert names == {name for name in dir(corepy.array_api) if not name.startswith("_")} | {
        "__array_api_version__",
        "__array_namespace_info__",
    }
    assert not names & {"Tensor", "DType", "show_config", "memory_stats", "__version__"}
    for name in names:
        assert getattr(corepy.array_api, name) is getattr(cp, name)


def test_the_namespace_of_a_tensor_is_corepy():
    x = cp.zeros(2)
    assert x.__array_namespace__() is cp and x.__array_namespace__(api_version="2025.12") is cp
    assert cp.__array_api_version__ == "2025.12"


@pytest.mark.parametrize(
    ("name", "signature"),
    [
        ("arange", "(start, /, stop=None, step=1, *, dtype=None, device=None)"),
        ("asarray", "(obj, /, *, dtype=None, device=None, copy=None)"),
        ("astype", "(x, dtype, /, *, copy=True, device=None)"),
        ("broadcast_arrays", "(*arrays)"),
        ("broadcast_to", "(x, /, shape)"),
        ("can_cast", "(from_, to, /)"),
        ("clip", "(x, /, min=None, max=None)"),
        ("empty", "(shape, *, dtype=None, device=None)"),
        ("eye", "(n_rows, n_cols=None, /, *, k=0, dtype=None, device=None)"),
        ("finfo", "(type, /)"),
        ("full", "(shape, fill_value, *, dtype=None, device=None)"),
        ("full_like", "(x, /, fill_value, *, dtype=None, device=None)"),
        ("isdtype", "(dtype, kind)"),
        ("linspace", "(start, stop, /, num, *, dtype=None, device=None, endpoint=True)"),
        ("meshgrid", "(*arrays, indexing='xy')"),
        ("reshape", "(x, /, shape, *, copy=None)"),
        ("tril", "(x, /, *, k=0)"),
        ("zeros_like", "(x, /, *, dtype=None, device=None)"),
        ("add", "(x1, x2, /)"),
        ("sqrt", "(x, /)"),
    ],
)
def test_signatures_are_the_standards(name, signature):
    assert str(inspect.signature(getattr(cp, name))) == signature


@pytest.mark.parametrize("tool", ["generate_stub", "generate_api"])
def test_generated_files_are_up_to_date(tool):
    done = subprocess.run(
        [sys.executable, ROOT / "tools" / f"{tool}.py", "--check"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
