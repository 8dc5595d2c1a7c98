"""The quantities a mesh can hold, with their units, labels and default ranges."""

from dataclasses import dataclass

DENSITY_UNITS = {2: "Msun h / ckpc^2", 3: "Msun h^2 / ckpc^3"}
"""Of mass per comoving area and per comoving volume, by the mesh's dimensions."""


@dataclass(frozen=True)
class Field:
    """What one kind of mesh holds and how to write its name.

    Parameters
    ----------
    name : str
        The name used in files, calls and links.
    label : str
        The name a person reads.
    species : str
        Particle species it is projected from: "dark matter", "gas" or "stars".
    decades : (int, int)
        log10 of the smallest and largest value that a map of a slab can be expected to hold,
        in the unit of a map; of the size of values for a signed field.
    quantity : {"density", "temperature", "surface brightness", "overdensity"}
        What is measured.
    own_unit : str
        Unit of what is no density, whatever the mesh.
    """

    name: str
    label: str
    species: str
    decades: tuple[int, int]
    quantity: str = "density"
    own_unit: str = ""

    @property
    def unit(self) -> str:
        """Unit of a map's values, as text."""
        return self.unit_of(2)

    def unit_of(self, ndim: int) -> str:
        """Unit of the values of a mesh of `ndim` dimensions, as text."""
        return DENSITY_UNITS[ndim] if self.is_density else self.own_unit

    def decades_of(self, ndim: int) -> tuple[int, int]:
        """`decades` of the values of a mesh of `ndim` dimensions.

        A volume density is a surface density over the slab's depth: 1000 kpc/h, the whole
        decade nearest to that of the slabs that `decades` are for.
        """
        first, last = self.decades
        lower = 3 if ndim == 3 and self.is_density else 0
        return first - lower, last - lower

    @property
    def is_density(self) -> bool:
        """Whether values are mass per comoving area or volume, so that sums are masses."""
        return self.quantity == "density"

    @property
    def signed(self) -> bool:
        """Whether values can be negative."""
        return self.quantity == "overdensity"


FIELDS: dict[str, Field] = {
    field.name: field
    for field in (
        Field("dm", "dark matter", "dark matter", (2, 10)),
        Field("dmo", "dark matter (dark-matter-only run)", "dark matter", (2, 10)),
        Field("subhalos", "haloes and subhaloes", "dark matter", (2, 11)),
        Field("gas", "gas", "gas", (1, 9)),
        Field("hot_gas", "hot gas", "gas", (1, 9)),
        Field("hi", "neutral hydrogen", "gas", (-5, 9)),
        Field("hi_thin", "neutral hydrogen without self-shielding", "gas", (-5, 9)),
        Field("stars", "stars", "stars", (0, 10)),
        Field("temperature", "gas temperature", "gas", (2, 9), "temperature", "K"),
        Field(
            "temperature_sl",
            "spectroscopic-like temperature of hot gas",
            "gas",
            (5, 9),
            "temperature",
            "K",
        ),
        Field(
            "xray",
            "X-ray surface brightness, 0.5-2 keV",
            "gas",
            (-16, 0),
            "surface brightness",
            "erg / s / cm^2",
        ),
        Field("delta", "linear overdensity", "dark matter", (-4, 2), "overdensity", "1"),
    )
}
"""`decades` reach from well below the emptiest void of a slab of 1.5 Mpc/h at z = 2 to well above
the centre of a 1e13 Msun/h halo. HI spans the most: voids are neutral to 1e-6."""

INPUT_FIELDS = ("dm", "dmo")
OF_HOT_GAS = ("hot_gas", "temperature_sl", "xray")
"""What the emulators of clusters paint."""
DENSITIES = tuple(name for name, field in FIELDS.items() if field.is_density)
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
