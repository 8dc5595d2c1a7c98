"""What every statistic is: sums that add, and a result made of them at the end."""

from abc import ABC, abstractmethod
from collections.abc import Iterable
from dataclasses import dataclass, fields, replace
from functools import reduce
from operator import add
from typing import Any, ClassVar, Generic, Self, TypeVar

import numpy as np

from engine.mesh import Slab

S = TypeVar("S", bound="Sums")
R = TypeVar("R")


@dataclass(frozen=True, eq=False)
class Sums:
    """Sums over pixels or modes that add with `+` over slabs, realisations and tiles.

    Entries named in `SHARED` say what was summed (bins, field); two sums that differ there
    don't add. It gives the words to tell so.
    """

    SHARED: ClassVar[dict[str, str]]

    def __add__(self, other: Self) -> Self:
        """Add entry by entry; the summands are unchanged.

        Raises
        ------
        ValueError
            If a shared entry differs.
        """
        if type(other) is not type(self):
            return NotImplemented
        added = {}
        for entry in fields(self):
            mine, theirs = getattr(self, entry.name), getattr(other, entry.name)
            what = self.SHARED.get(entry.name)
            if what and not _agree(mine, theirs):
                raise ValueError(
                    f"{type(self).__name__} can't be added: {what} are {_in_words(mine)} and "
                    f"{_in_words(theirs)}, expected the same; compute both alike."
                )
            added[entry.name] = mine if what else mine + theirs
        return replace(self, **added)


@dataclass(frozen=True)
class Statistic(ABC, Generic[S, R]):
    """A summary statistic with its options, of one map or of several compared.

    Called on a slab, or on several to be summed, it does both its steps at once.
    """

    of_pairs: ClassVar[bool] = False
    """Whether it compares a prediction with a truth."""

    fields: ClassVar[tuple[str, ...]] = ()
    """The only fields that it is of; empty for one of any field."""

    needs: ClassVar[tuple[str, ...]] = ()
    """Options without which it can't be computed."""

    title: ClassVar[str] = ""
    """Of its curve; empty for what is no curve."""

    place: ClassVar[int] = 0
    """Of its curve among others, those with small numbers first."""

    over: ClassVar[str] = ""
    """What x is, if a range of it picks something on maps: "wavenumber" or "column density"."""

    y_range: ClassVar[tuple[float, float] | None] = None
    """Of a linear y axis that shows agreement at one; None for a logarithmic y axis."""

    least: ClassVar[float] = 0
    """Bins in which the truth counts fewer say nothing of a ratio."""

    @abstractmethod
    def compute(self, *slabs: Any, **nothing: Any) -> S:
        """Sum over one slab, or over one pair (truth, prediction).

        Each statistic names the slabs it takes; only `Any` here lets it do so.
        """

    @abstractmethod
    def finish(self, sums: S) -> R:
        """Make the result that the sums stand for."""

    def __call__(self, *maps: Slab | Iterable[Slab], **options: Any) -> R:
        """Compute and finish.

        Parameters
        ----------
        *maps : Slab or iterable of Slab
            A slab, or slabs whose sums are added; as many arguments as the statistic
            compares maps.
        **options
            Replace the statistic's own for this call, for example `bins`.

        Raises
        ------
        ValueError
            If there is no slab, or one of them can't be used.
        """
        statistic = replace(self, **options)
        columns = [(each,) if isinstance(each, Slab) else each for each in maps]
        each_sums: list[S] = [statistic.compute(*row) for row in zip(*columns, strict=True)]
        if not each_sums:
            raise ValueError(f"{type(self).__name__} got no slab, expected one or more.")
        return statistic.finish(reduce(add, each_sums))


def _agree(mine: Any, theirs: Any) -> bool:
    """Whether two entries are the same, numbers to rounding."""
    if isinstance(mine, np.ndarray | float):
        return np.shape(mine) == np.shape(theirs) and np.allclose(
            mine, theirs, rtol=1e-6, atol=1e-12
        )
    return bool(mine == theirs)


def _in_words(entry: Any) -> str:
    """Describe an entry in few enough words for a sentence."""
    if isinstance(entry, np.ndarray):
        return f"{len(entry) - 1} from {entry[0]:.6g} to {entry[-1]:.6g}"
    return f"{entry:.6g}" if isinstance(entry, float) else repr(entry)
