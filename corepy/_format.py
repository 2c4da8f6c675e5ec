"""Tensors as text and as HTML: readable at any size, laid out as NumPy lays out arrays.

Only the elements shown are read, through indexing; the tensor itself is never converted.
"""

from __future__ import annotations

import html
import math
import struct

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any

    from ._core import Tensor

    Write = Callable[[Any], str]

LINE_WIDTH = 75
PRECISION = 8
"""Decimal places of floating-point numbers, at most."""
THRESHOLD = 1000
"""Elements above which a tensor is summarised."""
EDGE_ITEMS = 3
"""Items shown at either end of an axis of a summarised tensor."""
MOST_SHOWN = (2 * EDGE_ITEMS) ** 4
"""Elements shown of a summarised tensor, whatever its rank."""
PREFIX = "Tensor("


def tensor_repr(x: Tensor) -> str:
    """The text that ``repr`` gives: elements, dtype, and the shape where the elements do not show it."""
    if x.ndim == 0:
        body = _scalar_text(x.item(), x.dtype.name)
    elif x.size == 0:
        body = "[]"
    else:
        # The closing parenthesis takes a column.
        body = _body(x, ", ", " " * len(PREFIX), LINE_WIDTH - 1)
    shape = f"shape={x.shape}, " if x.size == 0 or x.size > THRESHOLD else ""
    tail = f"{shape}dtype={x.dtype.name})"
    text = f"{PREFIX}{body},"
    last_line = len(text) - (text.rfind("\n") + 1)
    space = "\n" + " " * len(PREFIX) if last_line + len(tail) + 1 > LINE_WIDTH else " "
    return text + space + tail


def tensor_str(x: Tensor) -> str:
    """The text that ``str`` gives: the elements alone."""
    if x.ndim == 0:
        return _scalar_text(x.item(), x.dtype.name)
    return "[]" if x.size == 0 else _body(x, " ", "", LINE_WIDTH)


def tensor_html(x: Tensor) -> str:
    """A table of the elements for notebooks; of higher ranks, one block of rows per matrix."""
    shape = f"shape {x.shape}, {x.dtype.name}, {bytes_text(x.nbytes)}"
    rows = list(_html_rows(x)) if x.size else []
    return (
        '<table class="corepy-tensor">'
        f'<caption style="caption-side: top; text-align: left">Tensor, {html.escape(shape)}</caption>'
        f"<tbody>{''.join(rows)}</tbody></table>"
    )


def _html_rows(x: Tensor) -> Iterator[str]:
    items = _shown(x, _edges(x.shape)) if x.ndim else [x.item()]
    write = _formatter(list(_flat(items)), x.dtype.name)

    def row(cells: list[Any]) -> str:
        texts = ("&hellip;" if cell is ... else html.escape(write(cell).strip()) for cell in cells)
        return "<tr>" + "".join(f'<td style="text-align: right">{text}</td>' for text in texts) + "</tr>"

    def matrices(items: list[Any], sizes: tuple[int, ...], label: str) -> Iterator[str]:
        if len(sizes) == 1:
            yield row(items)
            return
        elided = items.index(...) if ... in items else len(items)
        for position, item in enumerate(items):
            # Behind the gap, positions count from the end of the axis.
            index = position if position < elided else sizes[0] - (len(items) - position)
            if item is ...:
                yield "<tr><td>&#8942;</td></tr>"
            elif len(sizes) == 2:
                yield row(item)
            else:
                here = f"{label}{index}, "
                if len(sizes) == 3:
                    yield f'<tr><th colspan="{_columns(item)}" style="text-align: left">[{here}:, :]</th></tr>'
                yield from matrices(item, sizes[1:], here)

    yield from matrices(items, x.shape or (1,), "")


def _columns(matrix: list[Any]) -> int:
    return max(len(row) for row in matrix if row is not ...)


def bytes_text(count: int) -> str:
    """A number of bytes in the unit that keeps it below 1024."""
    if count < 1024:
        return f"{count} bytes"
    power = min((count.bit_length() - 1) // 10, 6)
    return f"{count / 1024**power:.1f} {'KMGTPE'[power - 1]}iB"


def _edges(shape: tuple[int, ...]) -> list[tuple[int, int]]:
    """How many items to show at the beginning and at the end of each axis.

    All of them up to `THRESHOLD` elements; else `EDGE_ITEMS`, and fewer on outer axes of high ranks.
    """
    if math.prod(shape) <= THRESHOLD:
        return [(size, 0) for size in shape]
    edges = []
    shown = 1
    for size in reversed(shape):
        counts = [(size, 0)] if size <= 2 * EDGE_ITEMS else []
        counts += [(edge, edge) for edge in range(EDGE_ITEMS, 0, -1) if 2 * edge < size]
        fitting = (count for count in counts if shown * sum(count) <= MOST_SHOWN)
        edges.append(next(fitting, (1, 0)))
        shown *= sum(edges[-1])
    return edges[::-1]


def _shown(x: Tensor, edges: list[tuple[int, int]]) -> list[Any]:
    """The elements at the edges as nested lists, with an Ellipsis where items are left out."""
    (first, last), *inner = edges
    size = x.shape[0]
    gap = [...] if first + last < size else []
    if not inner:
        return [*x[:first].tolist(), *gap, *x[size - last :].tolist()]
    chosen = [*range(first), *gap, *range(size - last, size)]
    return [index if index is ... else _shown(x[index], inner) for index in chosen]


def _flat(items: Any) -> Iterator[Any]:
    for item in items:
        if isinstance(item, list):
            yield from _flat(item)
        elif item is not ...:
            yield item


def _body(x: Tensor, separator: str, indent: str, width: int) -> str:
    items = _shown(x, _edges(x.shape))
    write = _formatter(list(_flat(items)), x.dtype.name)
    return _nested(items, x.ndim, write, separator, indent + " ", width)


def _nested(items: list[Any], ndim: int, write: Write, separator: str, indent: str, width: int) -> str:
    """One axis in brackets; its lines but the first start with `indent`, and none is wider than `width`."""
    if ndim == 1:
        return f"[{_wrapped(map(write, items), separator, indent, width - 1)}]"
    line_end = separator.rstrip() + "\n" * (ndim - 1) + indent
    rows = (
        "..." if item is ... else _nested(item, ndim - 1, write, separator, indent + " ", width - 1) for item in items
    )
    return f"[{line_end.join(rows)}]"


def _wrapped(words: Iterator[str], separator: str, indent: str, width: int) -> str:
    lines = []
    line = indent
    for position, word in enumerate(words):
        if position:
            line += separator
        if len(line) + len(word) > width and len(line) > len(indent):
            lines.append(line.rstrip())
            line = indent
        line += word
    lines.append(line)
    return "\n".join(lines)[len(indent) :]


def _formatter(values: list[Any], dtype: str) -> Write:
    """What writes each of `values`, all in one width; and "..." for an Ellipsis."""
    if dtype == "bool":
        write: Write = "{!s:>5}".format
    elif dtype.startswith("complex"):
        single = dtype == "complex64"
        real = _float_formatter([value.real for value in values], single)
        imaginary = _float_formatter([value.imag for value in values], single, sign="+")

        def write(value: complex) -> str:
            text = imaginary(value.imag)
            digits = text.rstrip()
            return real(value.real) + digits + "j" + text[len(digits) :]

    elif dtype.startswith("float"):
        write = _float_formatter(values, dtype == "float32")
    else:
        width = max(len(str(value)) for value in values)
        write = f"{{:{width}d}}".format
    return lambda value: "..." if value is ... else write(value)


def _float_formatter(values: list[float], single: bool, sign: str = "-") -> Callable[[float], str]:
    """What writes floats with the digits they need, `PRECISION` decimals at most, points aligned.

    `sign` is "+" where positive numbers have one too. Scientific where the magnitudes differ by more
    than 1000, or are below 0.0001, or have more digits than the dtype or `PRECISION` covers.
    """
    finite = [value for value in values if math.isfinite(value)]
    magnitudes = [abs(value) for value in finite if value]
    scientific = False
    if magnitudes:
        greatest, least = max(magnitudes), min(magnitudes)
        smallest_plain = _rounded_to_single(1e-4) if single else 1e-4
        scientific = greatest >= (1e6 if single else 1e8) or least < smallest_plain or greatest / least > 1000

    left = decimals = exponent_digits = 0
    for value in finite:
        if scientific:
            digits, _ = _shortest(value, single)
            mantissa, _, exponent = f"{value:.{min(len(digits) - 1, PRECISION)}e}".partition("e")
            whole, _, fraction = mantissa.partition(".")
            exponent_digits = max(exponent_digits, len(exponent) - 1)
        else:
            whole, _, fraction = _positional(value, single).partition(".")
        left = max(left, len(whole) + (sign == "+" and not whole.startswith("-")))
        decimals = max(decimals, len(fraction.rstrip("0")))
    right = decimals + (exponent_digits + 2 if scientific else 0)
    if len(finite) < len(values):
        negative = sign == "+" or any(value == -math.inf for value in values)
        left = max(left, len("nan") + negative - (right + 1))

    def write(value: float) -> str:
        if math.isnan(value):
            return ("+nan" if sign == "+" else "nan").rjust(left + right + 1)
        if math.isinf(value):
            return f"{value:{sign}}".rjust(left + right + 1)
        if scientific:
            mantissa, _, power = f"{value:{sign}.{decimals}e}".partition("e")
            point = "" if decimals else "."
            text = f"{mantissa}{point}e{power[0]}{power[1:].zfill(exponent_digits)}"
            return text.rjust(left + right + 1)
        whole, _, fraction = _positional(value, single).partition(".")
        if sign == "+" and not whole.startswith("-"):
            whole = "+" + whole
        return whole.rjust(left) + "." + fraction.ljust(right)

    return write


def _positional(value: float, single: bool) -> str:
    """`value` without an exponent: the decimals it needs, `PRECISION` at most, none of them a trailing 0."""
    digits, exponent = _shortest(value, single)
    decimals = min(max(len(digits) - 1 - exponent, 0), PRECISION)
    text = f"{value:.{decimals}f}"
    return text.rstrip("0") if decimals else text + "."


def _shortest(value: float, single: bool) -> tuple[str, int]:
    """The fewest significant digits that identify `value` in its dtype, and the exponent of the first."""
    if single:
        # float32 holds any 6 digits, unless subnormal, and 9 identify it.
        for count in range(6 if abs(value) > 1.2e-38 else 1, 10):
            text = f"{value:.{count - 1}e}"
            if _rounded_to_single(float(text)) == value:
                break
    else:
        text = repr(value)
    mantissa, _, exponent = text.lstrip("-").partition("e")
    whole, _, fraction = mantissa.partition(".")
    digits = (whole + fraction).lstrip("0")
    first = len(whole) - 1 - (len(whole + fraction) - len(digits)) if digits else 0
    return digits.rstrip("0") or "0", first + int(exponent or 0)


def _rounded_to_single(value: float) -> float:
    try:
        rounded: float = struct.unpack("f", struct.pack("f", value))[0]
    except OverflowError:
        return math.inf
    return rounded


def _scalar_text(value: Any, dtype: str) -> str:
    """A Python scalar, with the digits of its own dtype."""
    if dtype == "float32":
        return str(_with_digits_of_single(value))
    if dtype == "complex64":
        return str(complex(_with_digits_of_single(value.real), _with_digits_of_single(value.imag)))
    return str(value)


def _with_digits_of_single(value: float) -> float:
    """The float64 that is written with the digits that identify `value` among the float32."""
    if not math.isfinite(value) or value == 0:
        return value
    digits, exponent = _shortest(value, True)
    return math.copysign(float(f"{digits[0]}.{digits[1:]}e{exponent}"), value)
