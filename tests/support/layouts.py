"""Views of every layout, made by the same steps on a NumPy array and on a tensor."""

import numpy as np
from hypothesis import strategies as st

import corepy as cp
from support.arrays import tensor

STEPS = (1, 1, 1, 2, -1, -2, 3)


class Layout:
    """How a view of some shape is cut from a larger base: slices, then perhaps `mT`, then a broadcast."""

    def __init__(self, shape, steps, offsets, transposed, repeated):
        self.shape = tuple(shape)
        self.transposed = transposed and len(self.shape) >= 2
        # Axes along which the base has one element, repeated by a stride of 0.
        self.repeated = tuple(repeated) if any(repeated) else None
        inner = [1 if again and size > 0 else size for size, again in zip(self.shape, repeated, strict=True)]
        if self.transposed:
            inner[-1], inner[-2] = inner[-2], inner[-1]
        self.base_shape, key = [], []
        for size, step, offset in zip(inner, steps, offsets, strict=True):
            span = (size - 1) * abs(step) + 1 if size else 0
            self.base_shape.append(offset + span + offset)
            if step > 0:
                key.append(slice(offset, offset + span, step))
            else:
                stop = offset - 1
                key.append(slice(offset + span - 1, None if stop < 0 else stop, step) if size else slice(0, 0))
        self.key = tuple(key)

    def __repr__(self):
        parts = ", ".join(f"{key.start}:{key.stop}:{key.step}" for key in self.key)
        tail = (".mT" if self.transposed else "") + (f" broadcast to {self.shape}" if self.repeated else "")
        return f"<base {tuple(self.base_shape)}[{parts}]{tail}>"

    def of_array(self, base):
        """The view of a NumPy array of shape `base_shape`."""
        view = base[(*self.key, ...)]
        view = view.mT if self.transposed else view
        return np.broadcast_to(view, self.shape) if self.repeated else view

    def of_tensor(self, base):
        """The view of a tensor of shape `base_shape`."""
        view = base[self.key]
        view = view.mT if self.transposed else view
        return cp.broadcast_to(view, self.shape) if self.repeated else view

    def make(self, values):
        """A view with random values from `values(shape)`, as an array and as a tensor."""
        base = values(tuple(self.base_shape))
        return self.of_array(base), self.of_tensor(tensor(base))


@st.composite
def layouts(draw, shape, repeats=True):
    """Layouts of views of `shape`; half of them plain."""
    shape = tuple(shape)
    rank = len(shape)
    if draw(st.booleans()):
        return Layout(shape, [1] * rank, [0] * rank, False, [False] * rank)
    steps = [draw(st.sampled_from(STEPS)) for _ in shape]
    offsets = [draw(st.integers(0, 2)) for _ in shape]
    repeated = [repeats and draw(st.integers(0, 5)) == 0 for _ in shape]
    return Layout(shape, steps, offsets, draw(st.booleans()), repeated)


def shapes(max_dims=5, max_size=2000):
    """Shapes of any small rank, empty ones and some longer than a kernel's vectors included."""
    short = st.lists(st.integers(0, 5), max_size=max_dims).map(tuple)
    long = st.one_of(
        st.integers(0, max_size).map(lambda n: (n,)),
        st.tuples(st.integers(1, 40), st.integers(1, 50)),
    )
    return st.one_of(short, long)


@st.composite
def broadcast_shapes(draw, count):
    """`count` shapes that broadcast together."""
    full = draw(shapes())
    result = []
    for _ in range(count):
        rank = draw(st.integers(0, len(full))) if draw(st.integers(0, 2)) == 0 else len(full)
        kept = full[len(full) - rank :]
        result.append(tuple(1 if draw(st.integers(0, 4)) == 0 else size for size in kept))
    return result
