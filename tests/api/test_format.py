"""Tensors as text and HTML: as NumPy lays arrays out, and readable at any size."""

import html.parser
import re
import time

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import corepy as cp
from support.arrays import DTYPES, tensor
from support.effort import examples
from support.layouts import layouts
from support.values import moderate, specials, wild

shapes = st.lists(st.integers(0, 8), max_size=4).map(tuple)


def expected_repr(array):
    """What a repr should be, by NumPy's words for the elements."""
    body = "[]" if array.size == 0 else np.array2string(array, separator=", ", prefix="Tensor(", suffix=")")
    shape = f"shape={array.shape}, " if array.size == 0 or array.size > 1000 else ""
    tail = f"{shape}dtype={array.dtype.name})"
    text = f"Tensor({body},"
    last = len(text) - (text.rfind("\n") + 1)
    return text + ("\n       " if last + len(tail) + 1 > 75 else " ") + tail


@examples(400)
@given(
    data=st.data(),
    shape=shapes.filter(bool),
    dtype=st.sampled_from(DTYPES),
    values=st.sampled_from([moderate, wild]),
    seed=st.integers(0, 1000),
    decimals=st.integers(0, 12),
)
def test_text_is_numpys(data, shape, dtype, values, seed, decimals):
    layout = data.draw(layouts(shape))
    rng = np.random.default_rng(seed)

    def make(base):
        drawn = values(dtype, base, rng)
        return np.round(drawn, decimals) if drawn.dtype.kind in "fc" and values is moderate else drawn

    array, x = layout.make(make)
    with np.printoptions(legacy=False):
        assert str(x) == str(array)
        assert repr(x) == expected_repr(array)


@pytest.mark.parametrize("dtype", DTYPES)
def test_every_special_value_is_written_as_numpy_does(dtype):
    for value in specials(dtype):
        array = np.array([value, 1], dtype)
        assert str(tensor(array)) == str(array)
        assert str(tensor(array[:1])) == str(array[:1])
        assert str(tensor(array[0])) == str(array[0])


def test_examples():
    assert repr(cp.asarray([1.0, 2.5])) == "Tensor([1. , 2.5], dtype=float64)"
    assert repr(cp.asarray([[True], [False]])) == "Tensor([[ True],\n        [False]], dtype=bool)"
    assert repr(cp.asarray(3)) == "Tensor(3, dtype=int64)"
    assert repr(cp.asarray(0.1, dtype="float32")) == "Tensor(0.1, dtype=float32)"
    assert repr(cp.zeros((0, 3))) == "Tensor([], shape=(0, 3), dtype=float64)"
    assert str(cp.zeros((0, 3))) == "[]"
    assert repr(cp.arange(2000)) == (
        "Tensor([   0,    1,    2, ..., 1997, 1998, 1999],\n       shape=(2000,), dtype=int64)"
    )
    assert f"{cp.asarray(0.5):.3f} {cp.asarray([1, 2])}" == "0.500 [1 2]"


@pytest.mark.parametrize(
    "shape",
    [
        (10**7,),
        (3000, 3000),
        (2**30, 2**29),
        (100,) * 5,
        (1,) * 60,
        (2,) * 20,
        (3,) * 30,
        (2**20, 1, 1, 2**20),
        (7,) * 12,
    ],
)
def test_any_size_is_short_and_quick(shape):
    x = cp.broadcast_to(cp.asarray(0.123456789), shape)
    start = time.perf_counter()
    texts = [repr(x), str(x), x._repr_html_()]
    assert time.perf_counter() - start < 2
    assert all(len(text) < 300_000 for text in texts)
    assert len(re.findall(r"0\.1234", texts[0])) <= 6**4
    assert f"shape={shape}" in texts[0] or x.size <= 1000


def test_only_the_edges_are_read():
    before = cp.memory_stats()
    x = cp.ones((2000, 2000))
    repr(x)
    # Another test may have needed more.
    assert cp.memory_stats()["peak"] < max(before["peak"] + 1, before["live"] + 2 * x.nbytes)


class Table(html.parser.HTMLParser):
    """Checks that tags close, and collects the cells of each row."""

    def __init__(self, text):
        super().__init__()
        self.open, self.rows, self.caption = [], [], ""
        self.feed(text)
        assert not self.open

    def handle_starttag(self, tag, attributes):
        self.open.append(tag)
        if tag == "tr":
            self.rows.append([])

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if self.open[-1] == "caption":
            self.caption += data
        else:
            self.rows[-1].append(data)


def test_html_is_a_table():
    table = Table(cp.asarray([[1.5, -2.0], [0.25, 4.0]])._repr_html_())
    assert table.caption == "Tensor, shape (2, 2), float64, 32 bytes"
    assert table.rows == [["1.5", "-2."], ["0.25", "4."]]
    assert Table(cp.arange(3)._repr_html_()).rows == [["0", "1", "2"]]
    assert Table(cp.asarray(True)._repr_html_()).rows == [["True"]]
    assert Table(cp.zeros((0, 2))._repr_html_()).rows == []
    cube = Table(cp.reshape(cp.arange(8), (2, 2, 2))._repr_html_())
    assert cube.rows == [["[0, :, :]"], ["0", "1"], ["2", "3"], ["[1, :, :]"], ["4", "5"], ["6", "7"]]


def test_html_summarises_too():
    table = Table(cp.zeros((10, 30, 200))._repr_html_())
    assert table.caption == "Tensor, shape (10, 30, 200), float64, 468.8 KiB"
    labels = [row[0] for row in table.rows if row[0].startswith("[")]
    assert labels == [f"[{index}, :, :]" for index in (0, 1, 2, 7, 8, 9)]
    assert {len(row) for row in table.rows} == {1, 7}
