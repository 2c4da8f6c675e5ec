"""Exactly the names of the Array API standard, revision 2025.12, as far as corepy has them."""

from . import (
    _constants,
    _creation,
    _data_types,
    _elementwise,
    _info,
    _manipulation,
)
from ._constants import *  # noqa: F403
from ._creation import *  # noqa: F403
from ._data_types import *  # noqa: F403
from ._elementwise import *  # noqa: F403
from ._info import *  # noqa: F403
from ._manipulation import *  # noqa: F403

del DType  # noqa: F405

__array_api_version__ = "2025.12"

__all__ = ["__array_api_version__"]
__all__ += _constants.__all__
__all__ += _creation.__all__
__all__ += _data_types.__all__
__all__ += _elementwise.__all__
__all__ += _info.__all__
__all__ += _manipulation.__all__
__all__.remove("DType")
