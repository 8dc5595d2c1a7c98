"""Where something is painted, from which run, and which slab holds a height."""

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from engine.fields import AXES, LEVELS, ORIGINS, field_named, one_of


@dataclass(frozen=True)
class Run:
    """Which run a field is of.

    Parameters
    ----------
    field : str
        "dm" of the hydrodynamical run, "dmo" of the dark-matter-only one, or another field.
    level : str
        Resolution, see `engine.fields.LEVELS`.
    origin : str
        "ds" for particles thinned out, "native" for a run of that resolution.
    """

    field: str = "dm"
    level: str = "HR"
    origin: str = "ds"

    def __post_init__(self) -> None:
        """Refuse what names no run."""
        field_named(self.field)
        one_of("level", self.level, LEVELS)
        one_of("origin", self.origin, ORIGINS)

    @property
    def name(self) -> str:
        """As "dm/HR/ds"."""
        return f"{self.field}/{self.level}/{self.origin}"


@dataclass(frozen=True)
class SlabPlace:
    """A slab of a box.

    Parameters
    ----------
    axis : {"x", "y", "z"}
        Line of sight.
    index : int
        Number of the slab, from 0.
    """

    axis: str = "z"
    index: int = 0

    def __post_init__(self) -> None:
        """Refuse what is no slab."""
        one_of("axis", self.axis, tuple(AXES))
        _check_number("slab", self.index)


@dataclass(frozen=True)
class BoxPlace:
    """A whole box, or a region of it.

    Parameters
    ----------
    region : (z0, z1, y0, y1, x0, x1), optional
        [cells]; it may reach beyond the edges of a periodic box. The whole box if left out.
    """

    region: tuple[int, int, int, int, int, int] | None = None


@dataclass(frozen=True)
class ObjectPlace:
    """An object of a catalogue and the line of sight to it.

    Parameters
    ----------
    number : int
        Row of the catalogue, from 0.
    axis : {"x", "y", "z"}
        Line of sight.
    catalogue : str
        Name of the catalogue in the simulation's objects.
    """

    number: int = 0
    axis: str = "z"
    catalogue: str = "clusters"

    def __post_init__(self) -> None:
        """Refuse what is no object."""
        one_of("axis", self.axis, tuple(AXES))
        _check_number("object", self.number)


Place = SlabPlace | BoxPlace | ObjectPlace

KINDS: dict[str, type[Place]] = {"slab": SlabPlace, "grid": BoxPlace, "cutout": ObjectPlace}
"""Places by the kind of mesh that is there."""


def kind_of(place: Place) -> str:
    """Kind of mesh at a place: "slab", "grid" or "cutout"."""
    return next(kind for kind, cls in KINDS.items() if isinstance(place, cls))


def place_to_json(place: Place) -> dict[str, Any]:
    """Write a place as JSON can hold it, with its kind."""
    return {"kind": kind_of(place), **asdict(place)}


def place_from_json(content: dict[str, Any]) -> Place:
    """Build the place that `place_to_json` wrote.

    Raises
    ------
    ValueError
        In one sentence, if it is none.
    """
    entries = {name: tuple(v) if isinstance(v, list) else v for name, v in content.items()}
    kind = one_of("kind of place", str(entries.pop("kind", "")), tuple(KINDS))
    cls: Any = KINDS[kind]
    try:
        return cls(**entries)
    except TypeError:
        raise ValueError(
            f"A place of kind {kind!r} has the entries {', '.join(sorted(entries))}, expected "
            f"{', '.join(cls.__dataclass_fields__)}."
        ) from None


def slab_numbers(
    height: ArrayLike, box_size: float, n_slabs: int, offset: float = 0.0
) -> NDArray[np.intp]:
    """Which slab holds each height along the line of sight, of particles and haloes alike.

    A height on the edge between two slabs is in the upper one; each is in just one slab.

    Parameters
    ----------
    height : array, (n,)
        [Mpc/h], or any unit that `box_size` and `offset` have too.
    box_size, offset : float
        Of the box, and where slab 0 begins.
    n_slabs : int
        Slabs of the box.

    Returns
    -------
    array, (n,)
        From 0.
    """
    above = np.mod(np.asarray(height, np.float64) - offset, box_size)
    return np.minimum((above * n_slabs / box_size).astype(np.intp), n_slabs - 1)


def _check_number(what: str, number: int) -> None:
    if isinstance(number, bool) or not isinstance(number, int | np.integer) or number < 0:
        raise ValueError(f"{what} is {number!r}, expected a whole number from 0.")
