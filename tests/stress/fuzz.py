"""Calls everything public with random arguments, valid and not, until the time is up.

Run in a process of its own (`test_fuzz.py`), so that a crash is seen. Each call must return, or raise one
of `ALLOWED`; tensors are checked for sanity after. Usage: fuzz.py SEED SECONDS LOG
"""

import array as arrays
import contextlib
import faulthandler
import inspect
import io
import math
import random
import resource
import sys
import time
import traceback
import warnings
from pathlib import Path

import corepy as cp

ALLOWED = (
    ValueError,
    TypeError,
    IndexError,
    OverflowError,
    BufferError,
    MemoryError,
    ZeroDivisionError,
    AttributeError,
    RecursionError,
    StopIteration,
)
# What changes the process, waits for a user, or is meant to end it.
SKIPPED = {"__class__", "__init__", "__new__", "__init_subclass__", "__subclasshook__", "__getattribute__", "__dir__"}
SKIPPED |= {"__delattr__", "__setattr__", "__del__", "__sizeof__"}
DTYPES = [value for value in vars(cp).values() if isinstance(value, cp.DType)]
# The most bytes that a process may map: larger allocations fail as on a machine without memory.
ADDRESS_SPACE = 3 << 30
# Elements above which results are not used as operands: broadcasting would make a call too long.
LARGE = 1 << 16

INTEGERS = [0, 1, 2, 3, 5, -1, -2, 7, 8, 63, 64, 65, 127, 128, 255, 256, 2**31 - 1, 2**31, -(2**31), 2**32]
INTEGERS += [2**53 + 1, 2**63 - 1, 2**63, -(2**63), 2**64 - 1, 2**64, 10**30, -(10**30)]
FLOATS = [0.0, -0.0, 1.0, 0.5, -2.5, 1e-320, 1e308, -1e308, math.inf, -math.inf, math.nan, 3e9, 2.0**63]


class Odd:
    """Answers protocols with nonsense."""

    def __init__(self, answer):
        self.answer = answer

    def __index__(self):
        return self.answer

    def __len__(self):
        return self.answer

    def __getitem__(self, key):
        return self.answer

    def __float__(self):
        return self.answer

    def __dlpack__(self, **arguments):
        return self.answer

    def __dlpack_device__(self):
        return self.answer

    def __array_interface__(self):
        return self.answer


class Fuzzer:
    """Draws arguments, keeps some results as further operands."""

    def __init__(self, seed):
        self.random = random.Random(seed)
        self.tensors = [cp.asarray(1.5), cp.asarray([1, 2, 3]), cp.asarray([[True, False]])]

    def shape(self):
        """Mostly small; sometimes absurd."""
        r = self.random
        if r.random() < 0.05:
            return tuple(r.choice(INTEGERS) for _ in range(r.randrange(4)))
        if r.random() < 0.02:
            return (1,) * r.choice([32, 33, 63, 64, 65, 200])
        return tuple(r.choice([0, 1, 1, 2, 3, 4, 5, 17, 130]) for _ in range(r.choice([0, 1, 1, 2, 2, 3, 4])))

    def fresh(self):
        """A new tensor of any dtype, now and then a view."""
        r = self.random
        shape, dtype = self.shape(), r.choice(DTYPES)
        if any(not 0 <= size <= 200 for size in shape) or math.prod(shape) > LARGE or len(shape) > 64:
            shape = (3, 4)
        x = cp.asarray(cp.reshape(cp.arange(math.prod(shape)), shape) - r.choice([0, 2]), copy=True)
        x = cp.astype(x, dtype) if dtype.kind in "biu" or r.random() < 0.5 else cp.astype(x, dtype) * r.choice(FLOATS)
        if x.ndim and r.random() < 0.4:
            x = x[tuple(slice(None, None, r.choice([1, -1, 2, -3])) for _ in range(x.ndim))]
        if x.ndim >= 2 and r.random() < 0.3:
            x = x.mT
        return x

    def tensor(self):
        """An old one or a new one."""
        if self.random.random() < 0.6:
            return self.random.choice(self.tensors)
        x = self.fresh()
        self.keep(x)
        return x

    def keep(self, x):
        """Makes a result an operand of later calls."""
        if isinstance(x, cp.Tensor) and x.size <= LARGE:
            self.tensors.append(x)
            if len(self.tensors) > 40:
                self.tensors.pop(self.random.randrange(len(self.tensors)))

    def key(self):
        """Something to index with."""
        r = self.random
        part = [
            r.choice(INTEGERS[:8]),
            None,
            ...,
            slice(None),
            slice(r.choice(INTEGERS), r.choice(INTEGERS)),
            True,
            1.0,
        ]
        part.append(slice(None, None, r.choice(INTEGERS)))
        part += [[0, -1], [], [True, False], self.tensor(), self.indices(), self.tensor() > 0]
        if r.random() < 0.5:
            return r.choice(part)
        return tuple(r.choice(part) for _ in range(r.randrange(4)))

    def indices(self):
        """Integers that are often within bounds."""
        return cp.asarray([self.random.randrange(-3, 4) for _ in range(self.random.randrange(5))], dtype=cp.int64)

    def matrix(self):
        """A stack of small matrices, square most of the time; some singular, some not finite."""
        r = self.random
        n = r.choice([0, 1, 2, 3, 5, 17])
        shape = (*r.choice([(), (), (2,), (0,), (2, 3)]), n, n if r.random() < 0.7 else r.choice([0, 1, 2, 4]))
        x = cp.reshape(cp.sin(cp.arange(math.prod(shape)) * 1.7), shape) * r.choice([0.0, 1.0, 1.0, 1.0, *FLOATS])
        return cp.astype(x, r.choice(DTYPES))

    def plausible(self, name):
        """What a parameter of this name usually takes."""
        r = self.random
        if name in ("x", "x1", "x2", "a", "b"):
            return r.choice([self.tensor, self.tensor, self.matrix])()
        if name in ("axis", "axes", "source", "destination"):
            return r.choice([None, 0, -1, 1, 2, 3, (0,), (0, 1), (1, 0), (-1, -2), (0, 0), ((0,), (0,)), [1]])
        if name in ("shift", "repetitions", "repeats", "n", "s", "k", "offset", "num", "d"):
            return r.choice([0, 1, 2, 3, 5, -1, (1,), (2, 3), None, self.indices(), r.choice(INTEGERS)])
        if name == "shape":
            return self.shape()
        if name in ("indices", "sorter"):
            return self.indices()
        if name in ("arrays", "obj"):
            return r.choice([[self.tensor() for _ in range(r.randrange(4))], self.tensor(), self.value()])
        if name == "ord":
            return r.choice([None, 1, 2, -1, -2, 0, 3.5, math.inf, -math.inf, "fro", "nuc"])
        if name in ("dtype", "type"):
            return r.choice([None, *DTYPES])
        words = {"norm": ["backward", "ortho", "forward"], "mode": ["reduced", "complete"], "side": ["left", "right"]}
        words["indexing"] = ["xy", "ij"]
        if name in words:
            return r.choice([*words[name], "no"])
        return r.choice([True, False, None, 0, 1, 2.5, self.tensor()])

    def call(self, function):
        """Arguments by the names of a function's parameters, most of them as they should be."""
        arguments, keywords = [], {}
        for parameter in inspect.signature(function).parameters.values():
            value = self.plausible(parameter.name) if self.random.random() < 0.9 else self.value()
            if parameter.kind == parameter.VAR_POSITIONAL:
                arguments.extend(self.tensor() for _ in range(self.random.randrange(4)))
            elif parameter.kind == parameter.KEYWORD_ONLY:
                if self.random.random() < 0.4:
                    keywords[parameter.name] = value
            elif parameter.default is parameter.empty or (self.random.random() < 0.5 and not keywords):
                arguments.append(value)
            else:
                break
        return arguments, keywords

    def value(self, depth=0):
        """Any argument."""
        r = self.random
        kind = r.randrange(22)
        if kind < 9:
            return self.tensor()
        if kind < 11:
            return r.choice(INTEGERS)
        if kind == 11:
            return r.choice(FLOATS)
        if kind == 12:
            return complex(r.choice(FLOATS), r.choice(FLOATS))
        if kind == 13:
            return r.choice([True, False, None, "cpu", "float32", "axis", b"\x00\x01\x02\x03", "é\ud800", ""])
        if kind == 14:
            return r.choice(DTYPES)
        if kind == 15:
            return self.shape()
        if kind == 16:
            return self.key()
        if kind == 17 and depth < 3:
            return [self.value(depth + 1) for _ in range(r.randrange(4))]
        if kind == 18 and depth < 3:
            return tuple(self.value(depth + 1) for _ in range(r.randrange(4)))
        if kind == 19:
            return r.choice([object(), float, int, {}, {1: 2}, range(5), iter([1]), len, Odd(r.choice(INTEGERS))])
        if kind == 20:
            source = r.choice([bytearray(12), bytes(8), arrays.array("d", [1, 2]), memoryview(b"abcd").cast("H")])
            return memoryview(source)[:: r.choice([1, 1, -1])] if r.random() < 0.3 else source
        return r.choice([Odd(self.tensor()), Odd(None), Odd((1, 0)), Odd("x")])

    def arguments(self):
        """Half of the time tensors and numbers, as most functions want."""
        r = self.random
        count = r.choice([0, 1, 1, 2, 2, 2, 3, 4])
        if r.random() < 0.5:
            return [self.tensor() if r.random() < 0.8 else r.choice([2, 0.5, True, -1]) for _ in range(count)]
        return [self.value() for _ in range(count)]

    def keywords(self):
        """Some of the keywords that the standard's functions take, with any value."""
        r = self.random
        if r.random() < 0.8:
            return {}
        names = ["dtype", "axis", "keepdims", "copy", "device", "correction", "k", "indexing", "endpoint", "stream"]
        names += [
            "descending",
            "stable",
            "side",
            "sorter",
            "invert",
            "axes",
            "n",
            "norm",
            "mode",
            "upper",
            "ord",
            "rtol",
        ]
        names += ["min", "max", "max_version", "dl_device", "api_version", "num", "step", "stop", "shape"]
        plausible = [None, True, False, 0, 1, -1, (0, 1), (), "cpu", "ij", (1, 0)]
        count = r.choice([1, 1, 2])
        return {name: r.choice([*plausible, *DTYPES, self.value()]) for name in r.sample(names, count)}


def callables():
    """Every public function and class, the extensions' included, and every method and attribute of tensors and dtypes."""
    found = []
    for module in (cp, cp.linalg, cp.fft):
        for name in sorted(dir(module)):
            value = getattr(module, name)
            if callable(value) and not name.startswith("_") and getattr(value, "__module__", "").startswith("corepy"):
                found.append((f"{module.__name__}.{name}", value))
    for kind in (cp.Tensor, cp.DType):
        for name in sorted(vars(kind)):
            if name not in SKIPPED and (kind, name) != (cp.DType, "__reduce__"):
                found.append((f"{kind.__name__}.{name}", None))
    return found


def check(x):
    """A tensor must be consistent, and must be printable."""
    if not isinstance(x, cp.Tensor):
        return
    assert len(x.shape) == x.ndim == len(x.strides) and math.prod(x.shape) == x.size
    if x.size <= LARGE:
        assert isinstance(repr(x), str)


def sizes(arguments):
    """The number of elements that arguments could broadcast to."""
    return math.prod(max(1, x.size) for x in arguments if isinstance(x, cp.Tensor))


def main(seed, seconds, log):
    """Calls until the time is up; says how many were made."""
    faulthandler.enable()
    resource.setrlimit(resource.RLIMIT_AS, (ADDRESS_SPACE, ADDRESS_SPACE))
    warnings.simplefilter("ignore")
    fuzzer, targets = Fuzzer(seed), callables()
    calls = values = 0
    end = time.monotonic() + seconds
    with Path(log).open("w") as out:
        while time.monotonic() < end:
            name, function = fuzzer.random.choice(targets)
            if inspect.isroutine(function) and fuzzer.random.random() < 0.7:
                arguments, keywords = fuzzer.call(function)
            else:
                arguments, keywords = fuzzer.arguments(), fuzzer.keywords()
            if sizes([*arguments, *keywords.values()]) > 1 << 22:
                continue
            # The last line names the call that a crash cut short.
            out.seek(0)
            out.truncate()
            out.write(f"seed {seed}, call {calls}: {name} with {len(arguments)} arguments of types ")
            out.write(f"{[type(x).__name__ for x in arguments]} {list(keywords)}\n")
            out.flush()
            calls += 1
            try:
                if function is None:
                    kind, attribute = name.split(".")
                    owner = fuzzer.tensor() if kind == "Tensor" else fuzzer.random.choice(DTYPES)
                    function = getattr(owner, attribute)
                    if not callable(function):
                        fuzzer.keep(function)
                        continue
                with contextlib.redirect_stdout(io.StringIO()):
                    result = function(*arguments, **keywords)
                values += 1
                check(result)
                fuzzer.keep(result)
                if isinstance(result, list | tuple):
                    for part in result[:10]:
                        check(part)
                        fuzzer.keep(part)
            except ALLOWED:
                pass
            except BaseException:
                print(f"seed {seed}, call {calls}: {name}\narguments {arguments!r}\nkeywords {keywords!r}")
                traceback.print_exc(file=sys.stdout)
                return 1
            finally:
                cp.set_num_threads(2)
    print(f"{calls} calls, {values} with a value")
    return 0 if values > calls / 20 else 3


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]), float(sys.argv[2]), sys.argv[3]))
