"""Summary statistics of slab maps; one file each, found on import.

`statistics.names()` lists them, `statistics.get(name)` returns one, and each is an
attribute too: `statistics.power_spectrum(slab)`.
"""

import importlib
import pkgutil
from typing import Any

from engine.statistics.contract import Statistic, Sums
from engine.statistics.registry import REGISTERED, get, names

__all__ = ["Statistic", "Sums", "get", "names"]

for _found in pkgutil.iter_modules(__path__, f"{__name__}."):
    importlib.import_module(_found.name)

# A file is named for its statistic, so importing it has bound that name to the module;
# the public attribute is the statistic. (The module stays in sys.modules, and Python
# binds a submodule only once, on its first import.)
globals().update(REGISTERED)


def __getattr__(name: str) -> Statistic[Any, Any]:
    """Refuse a name that is no statistic; also tells type checkers what the names are."""
    raise AttributeError(
        f"engine.statistics has no {name!r}, its statistics are {', '.join(names())}."
    )
