"""What the tests of this folder have in common."""

import pytest

import corepy as cp


@pytest.fixture(autouse=True)
def fused():
    """What the environment says, fusion is on."""
    with cp.fusion(True):
        yield
