"""Which statistics there are."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any, TypeVar

from engine.fields import one_of
from engine.statistics.contract import Statistic

REGISTERED: dict[str, Statistic[Any, Any]] = {}

AnyStatistic = TypeVar("AnyStatistic", bound=Statistic[Any, Any])


def register(name: str) -> Callable[[type[AnyStatistic]], type[AnyStatistic]]:
    """Offer a class of statistics, with its default options, under a name."""

    def add(cls: type[AnyStatistic]) -> type[AnyStatistic]:
        cls.name = name
        REGISTERED[name] = cls()
        return cls

    return add


def names() -> list[str]:
    """Names of all statistics, sorted."""
    return sorted(REGISTERED)


def get(name: str, **options: Any) -> Statistic[Any, Any]:
    """Look a statistic up by name.

    Parameters
    ----------
    name : str
        One of `names()`.
    **options
        Replace the statistic's defaults, for example `bins`.

    Raises
    ------
    ValueError
        If no statistic has that name, or an option's value is of no use.
    """
    statistic = REGISTERED[one_of("statistic", name, tuple(names()))]
    return replace(statistic, **options)
