"""What every statistic is: sums that add, and a result made of them at the end."""

from abc import ABC, abstractmethod
from collections.abc import Iterable
from dataclasses import dataclass, fields, replace
from functools import reduce
from operator import add
from typing import Any, ClassVar, Generic, Self, TypeVar

import numpy as np

from engine.checks import place
from engine.fields import FIELDS
from engine.mesh import Mesh

S = TypeVar("S", bound="Sums")
R = TypeVar("R")


@dataclass(frozen=True, eq=False)
class Sums:
    """Sums over cells or modes that add with `+` over meshes, realisations and tiles.

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


NEEDS = {"halos": "no haloes, expected a catalogue: pass halos=simulation.halos('hydro')"}
"""What a statistic can't do without, in the words that tell so."""


@dataclass(frozen=True)
class Statistic(ABC, Generic[S, R]):
    """A summary statistic with its options, of one mesh or of several compared.

    Its attributes say what it takes, so that whoever computes statistics binds them by name.
    Called on a mesh, or on several to be summed, it does both its steps at once.
    """

    name: ClassVar[str]
    """Under which it is registered."""

    maps: ClassVar[tuple[str, ...]] = ("painted",)
    """Names of the meshes it takes, in this order. "painted" is any mesh that is looked at, the
    truth too unless it is named itself."""

    kinds: ClassVar[tuple[str, ...]] = ("slab", "grid", "cutout")
    """Kinds of mesh it takes."""

    fields: ClassVar[tuple[str, ...]] = ()
    """Fields it takes; any if none is named."""

    needs: ClassVar[tuple[str, ...]] = ()
    """Options that it can't do without."""

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

    @property
    def of_pairs(self) -> bool:
        """Whether it compares a painting with a truth."""
        return "truth" in self.maps

    def takes(self, field: str, kind: str) -> bool:
        """Whether a mesh of a field and kind is of use to it."""
        return kind in self.kinds and (not self.fields or field in self.fields)

    def compute(self, *meshes: Mesh) -> S:
        """Sum over one mesh of each of the names in `maps`.

        Raises
        ------
        ValueError
            If a mesh or an option it needs is missing or of no use.
        """
        if len(meshes) != len(self.maps):
            raise ValueError(
                f"The {self._in_words} got {len(meshes)} meshes, expected {len(self.maps)}: "
                f"{', '.join(self.maps)}."
            )
        for need in self.needs:
            if getattr(self, need) is None:
                raise ValueError(f"The {self._in_words} got {NEEDS[need]}.")
        for mesh in meshes:
            self._check(mesh)
        return self._compute(*meshes)

    @abstractmethod
    def _compute(self, *meshes: Any, **nothing: Any) -> S:
        """Sum over meshes that have been checked.

        Each statistic names the meshes it takes; only `Any` here lets it do so.
        """

    @abstractmethod
    def finish(self, sums: S) -> R:
        """Make the result that the sums stand for."""

    def __call__(self, *maps: Mesh | Iterable[Mesh], **options: Any) -> R:
        """Compute and finish.

        Parameters
        ----------
        *maps : Mesh or iterable of Mesh
            A mesh, or meshes whose sums are added; as many arguments as the statistic
            has `maps`.
        **options
            Replace the statistic's own for this call, for example `bins`.

        Raises
        ------
        ValueError
            If there is no mesh, or one of them can't be used.
        """
        statistic = replace(self, **options)
        columns = [(each,) if isinstance(each, Mesh) else each for each in maps]
        each_sums: list[S] = [statistic.compute(*row) for row in zip(*columns, strict=True)]
        if not each_sums:
            raise ValueError(f"The {self._in_words} got no mesh, expected one or more.")
        return statistic.finish(reduce(add, each_sums))

    @property
    def _in_words(self) -> str:
        return self.name.replace("_", " ")

    def _check(self, mesh: Mesh) -> None:
        """Refuse a mesh of a kind or field that it doesn't take."""
        if mesh.KIND not in self.kinds:
            raise ValueError(
                f"{place(mesh)} is a {mesh.KIND}, expected a {' or '.join(self.kinds)} for the "
                f"{self._in_words}: take another statistic, or a layer of a grid by grid.slab()."
            )
        if self.fields and mesh.field not in self.fields:
            allowed = " or ".join(f"{FIELDS[name].label} ({name})" for name in self.fields)
            raise ValueError(
                f"{place(mesh)} is of {mesh.about.label}, expected {allowed} for the "
                f"{self._in_words}: take another field."
            )


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
