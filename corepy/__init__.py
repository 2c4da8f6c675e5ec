"""A fast CPU array library whose namespace is the Array API standard, revision 2025.12.

>>> import corepy as cp
>>> x = cp.linspace(0, 1, 5)
>>> cp.sqrt(x) + 1
Tensor([1.        , 1.5       , 1.70710678, 1.8660254 , 2.        ],
       dtype=float64)

The names of the standard are here, with `Tensor`, `DType` and what sets and shows the process's state:
`show_config`, `set_num_threads`, `get_num_threads`, `memory_stats`, `empty_cache`; and what steers the fused
evaluation of expressions: `evaluate`, `fusion`, `explain`. `corepy.array_api` has exactly the standard's names.
"""

import types as _types
import warnings as _warnings

from . import _configuration, _core, array_api
from ._configuration import *  # noqa: F403
from ._core import DType, Tensor, __version__
from .array_api import *  # noqa: F403

__all__ = ["DType", "Tensor", "__version__", "array_api"]
__all__ += _configuration.__all__
__all__ += array_api.__all__

# Libraries tell by a function's module whose it is.
for _name in __all__:
    _value = globals()[_name]
    if isinstance(_value, (_types.BuiltinFunctionType, _types.FunctionType)):
        _value.__module__ = "corepy"
del _name, _value

# `from corepy import *` leaves Python's own alone.
__all__.remove("abs")
__all__.remove("all")
__all__.remove("any")
__all__.remove("bool")
__all__.remove("max")
__all__.remove("min")
__all__.remove("pow")
__all__.remove("round")
__all__.remove("sum")

for _message in _core.configuration()["warnings"]:
    _warnings.warn(_message, UserWarning, stacklevel=2)
