"""Inspection: what the namespace supports, as data."""

from __future__ import annotations

from . import _core
from ._core import DType, isdtype

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

__all__ = ["__array_namespace_info__"]

_DTYPES: Mapping[str, DType] = {
    name: value for name in _core.__all__ if isinstance(value := getattr(_core, name), DType)
}


def _check_device(function: str, device: object) -> None:
    if device is not None and device != "cpu":
        raise ValueError(f'{function}: unsupported device {device!r}; corepy has "cpu"')


class ArrayNamespaceInfo:
    """What `__array_namespace_info__` returns."""

    def capabilities(self) -> dict[str, Any]:
        """What of the standard's optional parts there is.

        Returns
        -------
        dict
            "boolean indexing" and "data-dependent shapes", whether supported; "max dimensions", the
            greatest rank.

        Examples
        --------
        >>> import corepy as cp
        >>> cp.__array_namespace_info__().capabilities()["max dimensions"]
        64

        Notes
        -----
        Array API standard 2025.12, inspection: ``capabilities``.
        """
        return {
            "boolean indexing": True,
            "data-dependent shapes": True,
            "max dimensions": _core.configuration()["max_dimensions"],
        }

    def default_device(self) -> str:
        """The device that new tensors are on: "cpu".

        Returns
        -------
        str
            "cpu".

        Examples
        --------
        >>> import corepy as cp
        >>> cp.__array_namespace_info__().default_device()
        'cpu'

        Notes
        -----
        Array API standard 2025.12, inspection: ``default_device``.
        """
        return "cpu"

    def default_dtypes(self, *, device: str | None = None) -> dict[str, DType]:
        """The dtypes that tensors have where nothing says otherwise.

        Parameters
        ----------
        device : "cpu", optional
            The only device.

        Returns
        -------
        dict
            A dtype for each of "real floating", "complex floating", "integral" and "indexing".

        Raises
        ------
        ValueError
            For another device.

        Examples
        --------
        >>> import corepy as cp
        >>> cp.__array_namespace_info__().default_dtypes()["real floating"]
        corepy.float64

        Notes
        -----
        Array API standard 2025.12, inspection: ``default_dtypes``.
        """
        _check_device("default_dtypes", device)
        return {
            "real floating": _DTYPES["float64"],
            "complex floating": _DTYPES["complex128"],
            "integral": _DTYPES["int64"],
            "indexing": _DTYPES["int64"],
        }

    def dtypes(self, *, device: str | None = None, kind: str | tuple[str, ...] | None = None) -> dict[str, DType]:
        """The dtypes by their names.

        Parameters
        ----------
        device : "cpu", optional
            The only device.
        kind : str or tuple of str, optional
            Only the dtypes of this kind, or of any of these kinds: those of `isdtype`.

        Returns
        -------
        dict
            From names to dtypes.

        Raises
        ------
        ValueError
            For the name of no kind, and for another device.

        Examples
        --------
        >>> import corepy as cp
        >>> sorted(cp.__array_namespace_info__().dtypes(kind="real floating"))
        ['float32', 'float64']

        Notes
        -----
        Array API standard 2025.12, inspection: ``dtypes``.
        """
        _check_device("dtypes", device)
        return {name: dtype for name, dtype in _DTYPES.items() if kind is None or isdtype(dtype, kind)}

    def devices(self) -> tuple[str, ...]:
        """The devices there are.

        Returns
        -------
        tuple of str
            ("cpu",).

        Examples
        --------
        >>> import corepy as cp
        >>> cp.__array_namespace_info__().devices()
        ('cpu',)

        Notes
        -----
        Array API standard 2025.12, inspection: ``devices``.
        """
        return ("cpu",)


def __array_namespace_info__() -> ArrayNamespaceInfo:
    """The inspection functions of the namespace.

    Returns
    -------
    ArrayNamespaceInfo
        With methods capabilities, default_device, default_dtypes, devices and dtypes.

    Examples
    --------
    >>> import corepy as cp
    >>> cp.__array_namespace_info__().default_device()
    'cpu'

    Notes
    -----
    Array API standard 2025.12, inspection: ``__array_namespace_info__``.
    """
    return ArrayNamespaceInfo()
