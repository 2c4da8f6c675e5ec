"""The benchmarks' cases can run, and their comparison of results notices what it should."""

import numpy as np
import pytest

from benchmarks import case, peer, target
from benchmarks.agreement import differs
from benchmarks.groups import GROUPS
from benchmarks.sample import Uniform

CASES = [each for group in GROUPS for each in group.cases]


def test_titles_are_unique():
    titles = [each.title for each in CASES]
    assert len(titles) == len(set(titles))


def test_corepy_has_what_the_cases_name():
    library = peer.corepy()
    for each in CASES:
        library.check(each)


@pytest.mark.parametrize("group", GROUPS, ids=lambda group: group.name)
def test_the_smallest_case_of_each_group_runs_and_agrees_with_numpy(group):
    smallest = min(group.cases, key=lambda each: each.elements)
    samples = {name: sample.make(seed) for seed, (name, sample) in enumerate(smallest.used.items())}
    results = []
    for library in (peer.corepy(), peer.numpy()):
        variables = library.variables(smallest, samples)
        library.loop(smallest, variables)([None])
        results.append(library.evaluate(smallest, variables))
    assert differs(*results) == ""


@pytest.mark.parametrize(
    ("expression", "pending"),
    [
        ("a + b", True),
        ("-a", True),
        ("a < b", True),
        ("xp.exp(a)", True),
        ("e = xp.exp(a)\ne / xp.sum(e)", True),
        ("a @ b", False),
        ("xp.sum(a + b)", False),
        ("xp.sort(a)", False),
        ("a[index]", False),
    ],
)
def test_only_elementwise_results_may_be_pending(expression, pending):
    functions = frozenset({"exp", "add"})
    for elements, expected in ((1_000_000, pending), (10, False)):
        inputs = {name: Uniform((elements,), "float64", 0, 1) for name in "ab"}
        assert case.Case("group", "name", expression, inputs).may_be_pending(functions) is expected


def test_differences_are_noticed():
    values = np.linspace(0, 1, 100_000).reshape(100, 1000)
    assert differs(values, values * (1 + 1e-15)) == ""
    other = values.copy()
    other[99, 999] += 1e-9
    assert differs(values, other) == "results differ by 1e-09 of the largest"
    assert differs(values, values.astype(np.float32)) == "results differ: float32, not float64"
    assert differs(values, values[:1]) == "results differ: shape (1, 1000), not (100, 1000)"
    missing = values.copy()
    missing[3, 3] = np.nan
    assert differs(missing, missing) == ""
    assert differs(values, missing) == "results differ by inf of the largest"
    assert differs(np.asarray([1, 2]), np.asarray([1, 3])) == "results differ"
    assert differs(np.arange(3), np.arange(3, dtype=np.int32)) == "its result is int32"


def test_targets():
    assert target.Target(each=1, mean=2).is_met([1, 5])
    assert not target.Target(each=1, mean=2).is_met([0.9, 50])
    assert not target.Target(each=1, mean=2).is_met([1.5, 1.5])
    assert target.Target(each=1, most=2).is_met([1, 2, 2])
    assert not target.Target(each=1).is_met([])
