"""Side-by-side measurements of corepy and its peers.

``python -m benchmarks`` times every case, ``python -m benchmarks.accuracy`` measures errors in ULP and
``python -m benchmarks.instructions`` counts instructions per call. Each writes its tables to ``benchmarks/report``.
"""

import os

# Idle threads of OpenBLAS (in NumPy) look for work for 100 ms after a product, those of OpenMP (in PyTorch) for 7 ms, and
# would take the cores of whichever library has the next turn. These settings shorten that to about 0.5 and 2 ms, many
# times the pause between two evaluations of one turn, in which the threads thus stay awake as they do by default. They
# must stand before the libraries are loaded.
SPINNING = {"OPENBLAS_THREAD_TIMEOUT": "20", "GOMP_SPINCOUNT": "100000"}
for _name, _value in SPINNING.items():
    os.environ.setdefault(_name, _value)
