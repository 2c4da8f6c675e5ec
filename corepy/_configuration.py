"""Threads, memory and what corepy runs on."""

from __future__ import annotations

from types import TracebackType

from ._core import (
    configuration,
    empty_cache,
    evaluate,
    explain,
    get_num_threads,
    memory_stats,
    set_fusion,
    set_num_threads,
)

__all__ = [
    "empty_cache",
    "evaluate",
    "explain",
    "fusion",
    "get_num_threads",
    "memory_stats",
    "set_num_threads",
    "show_config",
]


class fusion:
    """Sets whether large element-wise results are deferred, for the process or for a block.

    A call sets it at once; as a context manager it sets it back in the end. What is already pending stays so.

    Parameters
    ----------
    enabled : bool
        With True, results of element-wise operations on 32768 elements and more are evaluated when their values are
        needed, whole expressions in one pass; with False, at once. The values are the same bits.

    Examples
    --------
    >>> import corepy as cp
    >>> with cp.fusion(False):
    ...     print(cp.explain(cp.ones(100_000) + 1))
    in memory: float64 of shape (100000,)

    Notes
    -----
    The environment variable ``COREPY_FUSION``, 0 or 1, sets it when the process starts; it is 1 by default. The
    setting is the process's, not the thread's.
    """

    __slots__ = ("_before", "_enabled")

    def __init__(self, enabled: bool, /) -> None:
        self._before = set_fusion(enabled)
        self._enabled = enabled

    def __enter__(self) -> None:
        set_fusion(self._enabled)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        set_fusion(self._before)


def show_config() -> None:
    """Prints version, instruction set, threads, memory pool and build flags.

    Examples
    --------
    >>> import corepy as cp
    >>> cp.show_config()  # doctest: +ELLIPSIS
    corepy
      version ...

    Notes
    -----
    The environment variables ``COREPY_ISA``, ``COREPY_NUM_THREADS``, ``COREPY_FUSION``, ``COREPY_POOL_LIMIT`` and
    ``COREPY_ARENA_SIZE`` set these when the process starts.
    """
    config = configuration()
    memory = memory_stats()
    rows = {
        "version": config["version"],
        "instruction set": f"{config['isa']} (available: {', '.join(config['isa_available'])})",
        "threads": config["threads"],
        "fusion": "on" if config["fusion"] else "off",
        "pool": f"{_bytes(memory['live'])} live, {_bytes(memory['cached'])} cached, {_bytes(memory['peak'])} peak, "
        f"at most {_bytes(memory['limit'])} cached",
        "arena": f"{_bytes(config['arena_size'])} per thread",
        "build": f"{config['build']}, {config['target']}",
        "C++ flags": config["flags"],
    }
    print("corepy")
    for name, value in rows.items():
        print(f"  {name:<16} {value}")


def _bytes(count: int) -> str:
    from ._format import bytes_text

    return bytes_text(count)
