"""Sorting and searching on each instruction set: every dtype, lengths around the blocks' sizes, adversarial patterns."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import corepy as cp
from support.arrays import DTYPES, array, real_dtype, tensor
from support.effort import examples
from support.values import moderate, wild

# Around insertion, vectors, networks, digits, short and long rows, buckets that are spread again.
LENGTHS = (*range(35), *(length + step for length in (48, 64, 128, 256, 512, 1024, 1 << 15) for step in (-1, 0, 1)))
LENGTHS += (100, 4097, 70_001)
LONG = 300_000
PATTERNS = (
    "ascending",
    "descending",
    "equal",
    "few",
    "organ pipe",
    "sawtooth",
    "nearly sorted",
    "one outlier",
    "powers",
)


@pytest.fixture
def rng():
    """The same numbers in every run."""
    return np.random.default_rng(20)


def order(values, descending=False):
    """NumPy's stable order; descending, the reverse but for equal elements."""
    if not descending:
        return np.argsort(values, axis=-1, stable=True)
    last = values.shape[-1] - 1
    return last - np.argsort(values[..., ::-1], axis=-1, stable=True)[..., ::-1]


def check(values, context):
    """Both functions, in both directions: places, and bits of elements, of NaNs and zeros too."""
    x = tensor(values)
    for descending in (False, True):
        expected = order(values, descending)
        places = array(cp.argsort(x, descending=descending))
        np.testing.assert_array_equal(places, expected, f"argsort {context} descending={descending}")
        elements = array(cp.sort(x, descending=descending))
        assert elements.dtype == values.dtype and elements.shape == values.shape
        wanted = np.take_along_axis(values, expected, -1)
        assert elements.tobytes() == wanted.tobytes(), f"sort {context} descending={descending}"


@pytest.mark.parametrize("dtype", DTYPES)
def test_every_length(dtype, rng):
    """Random bits with special values: -0 beside 0, NaNs with payloads, infinities."""
    for length in LENGTHS:
        check(wild(dtype, length, rng), f"{dtype} {length}")


@pytest.mark.parametrize("dtype", ["int16", "uint32", "int32", "float32", "uint64", "int64", "float64"])
def test_every_length_that_networks_sort(dtype, rng):
    """And more, cut by pivots: of keys most of which are the greatest or the least, too."""
    limits = np.finfo(dtype) if np.dtype(dtype).kind == "f" else np.iinfo(dtype)
    for length in range(35, 300):
        values = wild(dtype, length, rng)
        check(values, f"{dtype} {length}")
        extreme = rng.choice(np.asarray([limits.min, limits.max], dtype), length)
        check(extreme, f"{dtype} {length} extreme")
        check(np.where(rng.random(length) < 0.5, extreme, values), f"{dtype} {length} half extreme")


@pytest.mark.parametrize("dtype", ["uint32", "uint64", "int64", "float64"])
def test_samples_that_mislead(dtype, rng):
    """Equal, or close together, where algorithms may look at a few keys; the others anywhere. And the other way around."""
    for length in (100, 999, 1000, 1024, 20_000):
        for step in (length // 8, length // 16, length // 4):
            for first in (0, step // 2):
                values = moderate(dtype, length, rng)
                values[first::step] = 3
                check(values, f"{dtype} {length} {step}")
                others = np.full(length, 3, dtype)
                others[first::step] = values[: len(others[first::step])]
                check(others, f"{dtype} {length} {step} the others equal")


def pattern(name, dtype, n, rng):
    """An input that some algorithm finds hard."""
    index = np.arange(n)
    kind = np.dtype(dtype).kind
    values = {
        "ascending": index,
        "descending": n - index,
        "equal": np.full(n, 5),
        "few": rng.integers(0, 3, n),
        "organ pipe": np.minimum(index, n - index),
        "sawtooth": index % 100,
        "nearly sorted": index + 5 * (rng.random(n) < 0.01),
        "one outlier": np.where(index == n // 2, 100, index % 2),
        "powers": np.left_shift(1, index % (8 * np.dtype(dtype).itemsize - 2 if kind in "iu" else 40)),
    }[name]
    return values.astype(dtype)


@pytest.mark.parametrize("name", PATTERNS)
@pytest.mark.parametrize("dtype", ["uint8", "int16", "int32", "int64", "float32", "float64", "complex64"])
def test_patterns(name, dtype, rng):
    """Short, and so long that all threads work on a row."""
    for length in (1000, 100_000):
        check(pattern(name, dtype, length, rng), f"{name} {dtype}")


@pytest.mark.parametrize("dtype", DTYPES)
@examples(30)
@given(data=st.data())
def test_any_number_of_distinct_values_in_any_order(dtype, data):
    """Down to one; sorted, reversed, or almost; the greatest and the least numbers, NaNs and both zeros among them."""
    rng = np.random.default_rng(data.draw(st.integers(0, 2**32)))
    length = data.draw(st.one_of(st.integers(0, 300), st.integers(300, 5000), st.integers(32_760, 40_000)))
    distinct = wild(dtype, data.draw(st.integers(1, 40)), rng)
    values = distinct[rng.integers(0, len(distinct), length)]
    arrangement = data.draw(st.sampled_from(["random", "sorted", "reversed", "almost sorted", "almost reversed"]))
    if arrangement != "random":
        values = values[order(values, descending="reversed" in arrangement)]
    if "almost" in arrangement and length > 0:
        values[rng.integers(0, length)] = distinct[0]
    check(values, f"{dtype} {length} {arrangement}")


@pytest.mark.parametrize("dtype", DTYPES)
def test_rows_in_order_beside_rows_in_none(dtype, rng):
    """Of a batch: each is what it is."""
    values = wild(dtype, (12, 300), rng)
    for row in (0, 3, 4, 11):
        values[row] = values[row][order(values[row])]
    for row in (1, 5, 10):
        values[row] = values[row][order(values[row], descending=True)]
    values[7] = values[7, 0]
    check(values, f"{dtype}")


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_zeros_of_both_signs_in_rows_that_are_in_order(dtype):
    """Equal, so that they stay as they are: in reversed rows too."""
    for length in (60, 100, 40_000):
        values = np.linspace(-1, 1, length).astype(dtype)
        values[length // 3 : length // 2] = 0.0
        values[length // 3 : length // 2 : 3] = -0.0
        values[length // 2 :] = np.abs(values[length // 2 :])
        check(np.sort(values, stable=True), "ascending")
        check(np.sort(values, stable=True)[::-1].copy(), "descending")
        values[-1] = np.nan
        check(values, "with a NaN")


@pytest.mark.parametrize("dtype", ["uint16", "float32", "int64", "float64"])
def test_long_rows_with_long_buckets(dtype, rng):
    """Most keys share their leading bits."""
    values = wild(dtype, LONG, rng)
    values[rng.random(LONG) < 0.9] = 1
    check(values, f"{dtype} mostly ones")
    if dtype == "float64":
        values = 1 + rng.integers(0, 1000, LONG) * np.finfo(dtype).eps
        values[:2] = np.inf, -np.inf
        check(values, "neighbours between infinities")
        check(rng.exponential(size=LONG) ** 20, "skewed")


def test_keys_that_do_not_fit_beside_their_index(rng):
    """Ties in the bits that do, in runs of every length, across the borders of chunks."""
    low = rng.integers(0, 8, LONG)
    high = np.sort(rng.integers(0, 50, LONG)) << 57
    for values in (low + high, low + (rng.integers(0, 2, LONG) << 62), low + (np.arange(LONG) % 3 << 61)):
        check(rng.permutation(values) - (1 << 62), "ties")


@pytest.mark.parametrize("dtype", DTYPES)
def test_batches_of_rows(dtype, rng):
    """Rows of one, some and many elements; other axes; views."""
    for shape in ((1000, 1), (700, 3), (40, 500), (3, 5, 7), (2, 40_000)):
        values = wild(dtype, shape, rng)
        check(values, f"{dtype} {shape}")
        for axis in range(len(shape)):
            moved = np.moveaxis(values, axis, -1)
            places = array(cp.argsort(tensor(values), axis=axis))
            np.testing.assert_array_equal(np.moveaxis(places, axis, -1), order(moved))
            elements = array(cp.sort(tensor(values), axis=axis - len(shape)))
            np.testing.assert_array_equal(np.moveaxis(elements, axis, -1), np.take_along_axis(moved, order(moved), -1))


@pytest.mark.parametrize("dtype", DTYPES)
def test_search(dtype, rng):
    """Both sides, in lengths around the number of values that are searched together."""
    for size in (0, 1, 2, 3, 15, 16, 17, 1000, 40_000):
        sorted_values = np.sort(wild(dtype, size, rng))
        for count in (0, 1, 15, 16, 17, 100, 20_000):
            values = wild(dtype, count, rng)
            if size:
                values[: count // 2] = sorted_values[rng.integers(0, size, count // 2)]
            equal = np.repeat(values[:1], count)
            for x in (values, np.sort(values), np.sort(values)[::-1].copy(), equal):
                for side in ("left", "right"):
                    got = array(cp.searchsorted(tensor(sorted_values), tensor(x), side=side))
                    assert got.dtype == np.int64
                    np.testing.assert_array_equal(
                        got, np.searchsorted(sorted_values, x, side), f"{dtype} {size} {count}"
                    )


@pytest.mark.parametrize("dtype", DTYPES)
def test_distinct_values(dtype, rng):
    """None, some and all of a block's elements being new; their counts and first places."""
    for length in (1, 127, 128, 129, 130, 1000, 70_000):
        for distinct in (1, 2, 50, length):
            values = moderate(dtype, distinct, rng)[rng.integers(0, distinct, length)]
            expected = np.unique_all(values)
            for got, wanted in zip(cp.unique_all(tensor(values)), expected, strict=True):
                np.testing.assert_array_equal(array(got), wanted, f"{dtype} {length} {distinct}")
            np.testing.assert_array_equal(array(cp.unique_values(tensor(values))), expected.values)
            np.testing.assert_array_equal(array(cp.unique_counts(tensor(values)).counts), expected.counts)


@pytest.mark.parametrize("dtype", DTYPES)
def test_the_number_of_threads_changes_nothing(dtype, rng, threads):
    """Of a long row, all bits."""
    values = wild(dtype, 100_000, rng)
    x = tensor(values)
    results = []
    for count in (1, 3):
        threads(count)
        results.append([array(result).tobytes() for result in (cp.sort(x), cp.argsort(x), *cp.unique_all(x))])
    assert results[0] == results[1], real_dtype(dtype)
