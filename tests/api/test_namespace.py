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


EXTENSIONS = {"linalg": cp.linalg, "fft": cp.fft}
# What the standard's linear algebra extension shares with the main namespace.
SHARED = {"matmul", "matrix_transpose", "tensordot", "vecdot"}
STANDARD = """
e inf nan newaxis pi arange asarray empty empty_like eye from_dlpack full full_like linspace meshgrid ones ones_like tril triu
zeros zeros_like astype can_cast finfo iinfo isdtype result_type bool int8 int16 int32 int64 uint8 uint16 uint32 uint64 float32
float64 complex64 complex128 abs acos acosh add asin asinh atan atan2 atanh bitwise_and bitwise_left_shift bitwise_invert
bitwise_or bitwise_right_shift bitwise_xor ceil clip conj copysign cos cosh divide equal exp expm1 floor floor_divide greater
greater_equal hypot imag isfinite isinf isnan less less_equal log log1p log2 log10 logaddexp logical_and logical_not logical_or
logical_xor maximum minimum multiply negative nextafter not_equal positive pow real reciprocal remainder round sign signbit sin
sinh square sqrt subtract tan tanh trunc take take_along_axis matmul matrix_transpose tensordot vecdot broadcast_arrays
broadcast_shapes broadcast_to concat expand_dims flip moveaxis permute_dims repeat reshape roll squeeze stack tile unstack
argmax argmin count_nonzero nonzero searchsorted where isin unique_all unique_counts unique_inverse unique_values argsort sort
cumulative_sum cumulative_prod max mean min prod std sum var all any diff linalg fft __array_api_version__
__array_namespace_info__
""".split()
LINALG = """
cholesky cross det diagonal eig eigh eigvals eigvalsh inv matmul matrix_norm matrix_power matrix_rank matrix_transpose outer pinv
qr slogdet solve svd svdvals tensordot trace vecdot vector_norm
""".split()
FFT = "fft ifft fftn ifftn rfft irfft rfftn irfftn hfft ihfft fftfreq rfftfreq fftshift ifftshift".split()


def test_the_core_and_the_namespace_have_the_same_functions():
    core = {name for name in _core.__all__ if inspect.isbuiltin(getattr(_core, name)) and not name.startswith("_")}
    public = set(FUNCTIONS) - {"show_config"}
    for prefix, module in EXTENSIONS.items():
        own = {name for name in module.__all__ if inspect.isbuiltin(getattr(module, name))} - SHARED
        assert {name for name in core if name.startswith(f"{prefix}_")} == {f"{prefix}_{name}" for name in own}
        assert all(getattr(module, name) is getattr(_core, f"{prefix}_{name}") for name in own)
        public |= {f"{prefix}_{name}" for name in own}
    assert core - {"configuration", "registry", "set_fusion"} == public
    assert all(getattr(cp, name) is getattr(_core, name) for name in set(FUNCTIONS) & core)


def test_array_api_is_the_whole_standard():
    assert set(corepy.array_api.__all__) == set(STANDARD)
    assert set(cp.linalg.__all__) == {*LINALG, "LinAlgError"}
    assert set(cp.fft.__all__) == set(FFT)
    assert corepy.array_api.linalg is cp.linalg and corepy.array_api.fft is cp.fft
    assert all(getattr(cp.linalg, name) is getattr(cp, name) for name in SHARED)


@pytest.mark.parametrize("name", [*(f"linalg.{name}" for name in LINALG), *(f"fft.{name}" for name in FFT)])
def test_the_extensions_functions_are_their_own(name):
    module, _, name = name.partition(".")
    function = getattr(EXTENSIONS[module], name)
    assert function.__name__ == name and function.__module__ == ("corepy" if name in SHARED else f"corepy.{module}")
    assert pickle.loads(pickle.dumps(function)) is function
    document = inspect.getdoc(function)
    for parameter in inspect.signature(function).parameters.values():
        assert parameter.name in document, parameter


def test_singularity_is_a_value_error():
    assert issubclass(cp.linalg.LinAlgError, ValueError)
    assert cp.linalg.LinAlgError.__module__ == "corepy.linalg"


def test_nothing_else_is_public():
    assert not set(PUBLIC) & {"registry", "configuration", "set_fusion", "annotations", "warnings", "types"}


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
