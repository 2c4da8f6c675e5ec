"""The kernels of each instruction set: all tests of this folder under each, and the same bits."""

import functools
import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import corepy as cp
import corepy._core as core
from support.arrays import array, bits, tensor
from support.effort import EFFORT
from support.oracle import REGISTRY
from support.values import moderate, nonnegative, wild

HERE = Path(__file__).parent
CONFIGURATION = core.configuration()
OTHERS = [isa for isa in CONFIGURATION["isa_available"] if isa != CONFIGURATION["isa"]]


def run(arguments, **environment):
    """Runs Python with the arguments, corepy and the test suite's helpers within reach."""
    path = os.pathsep.join([str(Path(cp.__file__).parents[1]), str(HERE.parent), *sys.path])
    return subprocess.run(
        [sys.executable, *arguments],
        env={**os.environ, "PYTHONPATH": path, **environment},
        capture_output=True,
        text=True,
        timeout=600,
    )


@pytest.mark.isa
@pytest.mark.parametrize("isa", OTHERS)
def test_all_kernel_tests_pass(isa):
    """With fewer examples than under the instruction set in use, which has run them all."""
    done = run(
        ["-m", "pytest", "-q", "-p", "no:cacheprovider", str(HERE), f"--ignore={__file__}"],
        COREPY_ISA=isa,
        COREPY_TEST_EXAMPLES=str(EFFORT / 4),
    )
    assert done.returncode == 0, done.stdout[-8000:] + done.stderr[-2000:]


def digests():
    """As computed in this process: a hash of the results' bits per operation and dtype, on random operands of any bits."""
    result = {}
    for name, row in REGISTRY.items():
        for dtype in row["computes"]:
            rng = np.random.default_rng(len(result))
            operands = []
            for position in range(row["arity"]):
                operand = np.concatenate([moderate(dtype, 4000, rng), wild(dtype, 16000, rng)])
                operands.append(tensor(nonnegative(operand) if name == "pow" and position else operand))
            got = array(getattr(cp, name)(*operands))
            result[f"{name} {dtype}"] = hashlib.sha256(bits(got).tobytes()).hexdigest()
    return result


@functools.cache
def digests_under(isa, threads=1):
    """As computed in a new process under an instruction set, with some number of threads."""
    code = "import numpy; numpy.seterr(all='ignore'); import json, runpy; "
    code += f"print(json.dumps(runpy.run_path({__file__!r})['digests']()))"
    done = run(["-c", code], COREPY_ISA=isa, COREPY_NUM_THREADS=str(threads))
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def differences(a, b):
    """The cases whose bits differ."""
    return sorted(case for case in a if a[case] != b[case])


def is_exact(case):
    """Whether the registry leaves the result of a case no choice: exact, or correctly rounded."""
    name, dtype = case.split()
    accuracy = REGISTRY[name]["accuracy"]
    return accuracy == "Exact." or ("Correctly rounded" in accuracy and not dtype.startswith("complex"))


@pytest.mark.skipif("avx512" not in CONFIGURATION["isa_available"], reason="no AVX-512 here")
def test_avx2_and_avx512_give_the_same_bits():
    """Both have fused multiply-add; the same operations in the same order."""
    assert not differences(digests_under("avx2"), digests_under("avx512"))


def test_the_baseline_gives_the_same_bits_where_results_are_exact():
    """Without fused multiply-add, a result within 1 ULP may be another one."""
    changed = differences(digests_under("baseline"), digests_under(CONFIGURATION["isa_available"][-1]))
    assert not [case for case in changed if is_exact(case)]


@pytest.mark.parametrize("isa", CONFIGURATION["isa_available"])
def test_the_number_of_threads_changes_no_bit(isa):
    """COREPY_NUM_THREADS, on each instruction set."""
    assert not differences(digests_under(isa), digests_under(isa, threads=3))


def test_set_num_threads_changes_no_bit(threads):
    """In one process."""
    threads(1)
    one = digests()
    threads(2)
    assert not differences(one, digests())


def test_isa_can_be_chosen_and_unknown_ones_are_refused():
    """COREPY_ISA decides; a bad one is an error at import that says what there is."""
    code = "import corepy._core as core; print(core.configuration()['isa'])"
    for isa in CONFIGURATION["isa_available"]:
        assert run(["-c", code], COREPY_ISA=isa).stdout.strip() == isa
    assert run(["-c", code], COREPY_ISA="").stdout.strip() in CONFIGURATION["isa_available"]
    done = run(["-c", code], COREPY_ISA="sse9")
    assert done.returncode != 0
    assert "COREPY_ISA" in done.stderr and "sse9" in done.stderr and "baseline" in done.stderr
