"""Threads, memory and what corepy runs on."""

from __future__ import annotations

from ._core import configuration, empty_cache, get_num_threads, memory_stats, set_num_threads

__all__ = ["empty_cache", "get_num_threads", "memory_stats", "set_num_threads", "show_config"]


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
    The environment variables ``COREPY_ISA``, ``COREPY_NUM_THREADS``, ``COREPY_POOL_LIMIT`` and
    ``COREPY_ARENA_SIZE`` set these when the process starts.
    """
    config = configuration()
    memory = memory_stats()
    rows = {
        "version": config["version"],
        "instruction set": f"{config['isa']} (available: {', '.join(config['isa_available'])})",
        "threads": config["threads"],
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
