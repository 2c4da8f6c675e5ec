"""What a figure depends on besides the code: machine, versions, settings."""

from __future__ import annotations

import datetime
import os
import platform
from pathlib import Path

from benchmarks.peer import Library


def processor() -> str:
    """The processor's model name, as the system tells it."""
    try:
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()


def describe(corepy: Library, peers: list[Library]) -> dict[str, object]:
    """The description that heads every report."""
    configuration = corepy.namespace._core.configuration()
    return {
        "date": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        "processor": processor(),
        "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        # A run is worth reporting only where this is well below the number of cores.
        "load before": f"{os.getloadavg()[0]:.2f}" if hasattr(os, "getloadavg") else "",
        "system": f"{platform.system()} {platform.release()} {platform.machine()}",
        "python": platform.python_version(),
        "corepy": configuration["version"],
        "isa": configuration["isa"],
        "threads": configuration["threads"],
        "build": configuration["build"],
        **{peer.name: peer.version for peer in peers},
    }
