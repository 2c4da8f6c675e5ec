"""Hypothesis profiles, and the options of the whole test suite.

``COREPY_TEST_EXAMPLES`` multiplies the number of random examples and the length of stress tests: 1
by default, 20 for a thorough run. With ``CI`` set the examples are always the same ones.
"""

import os

import numpy as np
import pytest
from hypothesis import HealthCheck, settings

import corepy as cp
from support.effort import EFFORT

settings.register_profile(
    "corepy",
    max_examples=max(1, round(20 * EFFORT)),
    deadline=None,
    derandomize="CI" in os.environ,
    database=None,
    # Shapes and layouts are drawn together; one slow example says nothing on a busy machine.
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
    print_blob=True,
)
settings.load_profile("corepy")

# NumPy is the oracle: that it meets a NaN or an infinity is no news. Other warnings are errors.
np.seterr(all="ignore")


def pytest_report_header():
    """Which kernels these tests run."""
    from corepy import _core

    configuration = _core.configuration()
    return (
        f"corepy {configuration['version']}: isa {configuration['isa']} of "
        f"{', '.join(configuration['isa_available'])}; {configuration['threads']} threads"
    )


@pytest.fixture
def threads():
    """`set_num_threads`, undone at the end of the test."""
    before = cp.get_num_threads()
    yield cp.set_num_threads
    cp.set_num_threads(before)
