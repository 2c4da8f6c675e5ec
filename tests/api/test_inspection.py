"""Inspection, constants, and what the process is set to."""

import math
import os
import subprocess
import sys

import pytest

import corepy as cp


def run(code, **environment):
    return subprocess.run(
        [sys.executable, "-c", code], env={**os.environ, **environment}, capture_output=True, text=True, check=False
    )


def test_info_names_what_there_is():
    info = cp.__array_namespace_info__()
    assert info.capabilities() == {
        "boolean indexing": True,
        "data-dependent shapes": True,
        "max dimensions": 64,
    }
    assert cp.zeros((1,) * 64).ndim == 64
    assert info.devices() == ("cpu",) and info.default_device() == "cpu"
    assert info.default_dtypes(device="cpu") == {
        "real floating": cp.float64,
        "complex floating": cp.complex128,
        "integral": cp.int64,
        "indexing": cp.int64,
    }
    assert list(info.dtypes()) == (
        "bool int8 int16 int32 int64 uint8 uint16 uint32 uint64 float32 float64 complex64 complex128".split()
    )
    assert info.dtypes(kind="signed integer") == {
        name: getattr(cp, name) for name in ("int8", "int16", "int32", "int64")
    }
    assert set(info.dtypes(kind=("bool", "real floating"))) == {"bool", "float32", "float64"}
    with pytest.raises(ValueError, match="is not a kind"):
        info.dtypes(kind="integer")
    for function in (info.dtypes, info.default_dtypes):
        with pytest.raises(ValueError, match=f"{function.__name__}: unsupported device 'gpu'"):
            function(device="gpu")


def test_constants():
    assert (cp.e, cp.pi, cp.inf, cp.newaxis) == (math.e, math.pi, math.inf, None)
    assert math.isnan(cp.nan)


def test_show_config_prints_everything(capsys):
    cp.show_config()
    text = capsys.readouterr().out
    for word in (cp.__version__, "baseline", f"threads          {cp.get_num_threads()}", "live", "arena", "-fwrapv"):
        assert word in text


@pytest.mark.parametrize(
    ("variable", "value"),
    [("COREPY_NUM_THREADS", "many"), ("COREPY_POOL_LIMIT", "lots"), ("COREPY_ARENA_SIZE", "-1")],
)
def test_settings_without_sense_are_warned_about_once(variable, value):
    done = run("import corepy; print(float(corepy.ones(3)[0]))", **{variable: value})
    assert done.returncode == 0 and done.stdout == "1.0\n"
    assert done.stderr.count("UserWarning") == 1 and variable in done.stderr


def test_an_unknown_instruction_set_is_refused():
    done = run("import corepy", COREPY_ISA="mmx")
    assert done.returncode == 1 and 'COREPY_ISA: "mmx" is not available here; available are baseline' in done.stderr


def test_import_needs_no_numpy_and_little_else():
    done = run("import sys; before = set(sys.modules); import corepy; print(*set(sys.modules) - before)")
    assert done.returncode == 0 and done.stderr == ""
    needed = {"__future__", "contextlib", "math", "types", "warnings"}
    assert {name for name in done.stdout.split() if not name.startswith("corepy")} <= needed
    assert not set(done.stdout.split()) & {"corepy._format", "corepy._numpy"}
