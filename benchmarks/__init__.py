"""Side-by-side measurements of corepy and its peers.

``python -m benchmarks`` times every case, ``python -m benchmarks.accuracy`` measures errors in ULP and
``python -m benchmarks.instructions`` counts instructions per call. Each writes its tables to ``benchmarks/report``.
"""
