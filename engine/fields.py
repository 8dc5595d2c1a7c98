"""The quantities a slab map can hold, with their units and labels."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Field:
    """What one kind of map holds and how to write its name.

    Parameters
    ----------
    name : str
        The name used in files, calls and links.
    label : str
        The name a person reads.
    unit : str
        Unit of the map's values, as text.
    species : str
        Particle species it is projected from: "dark matter", "gas" or "stars".
    """

    name: str
    label: str
    unit: str
    species: str

    @property
    def is_surface_density(self) -> bool:
        """Whether values are mass per comoving area, so that sums are masses."""
        return self.unit == SURFACE_DENSITY


SURFACE_DENSITY = "Msun h / ckpc^2"

FIELDS: dict[str, Field] = {
    field.name: field
    for field in (
        Field("dm", "dark matter", SURFACE_DENSITY, "dark matter"),
        Field("dmo", "dark matter (dark-matter-only run)", SURFACE_DENSITY, "dark matter"),
        Field("gas", "gas", SURFACE_DENSITY, "gas"),
        Field("hi", "neutral hydrogen", SURFACE_DENSITY, "gas"),
        Field("stars", "stars", SURFACE_DENSITY, "stars"),
        Field("temperature", "gas temperature", "K", "gas"),
    )
}

INPUT_FIELDS = ("dm", "dmo")
LEVELS = ("HR", "MR", "LR", "VLR")
ORIGINS = ("ds", "native")
AXES = "xyz"


def field_named(name: str) -> Field:
    """Look a field up by name.

    Raises
    ------
    ValueError
        If no field has that name.
    """
    return FIELDS[one_of("field", name, tuple(FIELDS))]


def one_of(what: str, found: str, allowed: tuple[str, ...]) -> str:
    """Return `found` if it is allowed, else say in one sentence what is.

    Raises
    ------
    ValueError
        If `found` is not among `allowed`.
    """
    if found not in allowed:
        raise ValueError(f"{what} is {found!r}, expected one of {', '.join(allowed) or 'none'}.")
    return found


def map_axes(axis: str) -> tuple[int, int, int]:
    """Coordinate numbers of (column, row, line of sight) for a projection axis.

    The two axes that remain are taken in the order x < y < z as (column, row).
    """
    depth = AXES.index(one_of("axis", axis, tuple(AXES)))
    column, row = (i for i in range(3) if i != depth)
    return column, row, depth
