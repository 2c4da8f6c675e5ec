from ._core import *
from . import _core
