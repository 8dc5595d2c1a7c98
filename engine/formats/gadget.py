"""Snapshots of GADGET-2/3/4, MP-Gadget, AREPO and GIZMO in HDF5.

Lengths are comoving and per h, masses per h; the length unit is 1 kpc/h unless the file
says otherwise.
"""

import itertools
from collections.abc import Iterable
from typing import ClassVar

import h5py
import numpy as np
from numpy.typing import NDArray

from engine.cosmology import Cosmology
from engine.fields import OF_HOT_GAS
from engine.formats.hdf5 import attribute, group_in, number, number_row
from engine.formats.header import (
    LEFT_OUT,
    TYPES,
    Header,
    baryons,
    cube_side,
    left_out,
    present_or_past,
    refuse_long_box,
    text,
    total_counts,
)
from engine.formats.snapshot import Snapshot
from engine.thin_hydrogen import gas_of, neutral_fraction
from engine.units import HYDROGEN_FRACTION, KPC_IN_CM, MSUN_IN_G, temperature

SILENT_UNITS = tuple((*unit, 1.0) for unit in itertools.product((1.0, 1000.0), (1e10, 1.0)))
"""What silent files have been seen to mean: kpc/h or Mpc/h, 1e10 Msun/h or Msun/h, km/s."""

ROUND = 1e-3
"""[dex] How far from a power of ten a unit may be written that stands for it."""

Units = tuple[float, float, float]
"""Of length [kpc/h], mass [Msun/h] and velocity [km/s]."""


class GadgetSnapshot(Snapshot):
    """Particles in the GADGET family's layout."""

    blocks: ClassVar = {
        "position": ("Coordinates",),
        "mass": ("Masses", "Mass"),  # the second: EAGLE, OWLS, BAHAMAS
        "smoothing": ("SmoothingLength",),
        "internal energy": ("InternalEnergy",),
        "electron abundance": ("ElectronAbundance",),
        "temperature": ("Temperature",),
        "density": ("Density",),
        "star formation rate": ("StarFormationRate",),
        "neutral fraction": ("NeutralHydrogenAbundance",),
        "molecular fraction": ("FractionH2",),
        "formation time": ("GFM_StellarFormationTime",),
    }

    @staticmethod
    def matches(file: h5py.File) -> bool:
        """Whether the header lists masses by particle type, as all of the family do."""
        header = group_in(file, "Header")
        return header is not None and {"MassTable", "BoxSize"} <= set(header.attrs)

    def _read_header(self, file: h5py.File) -> Header:
        # GADGET-4 keeps cosmology and units among the parameters, EAGLE its units in a group
        # of their own, the others all in the header.
        header = file["Header"]
        groups = [header, group_in(file, "Parameters"), group_in(file, "Units")]
        notes: list[str] = []
        h = self._required(groups, "HubbleParam")
        counts = total_counts(header)
        self._common = self._read_mass_table(header, counts, notes)
        Omega_m = self._required(groups, "Omega0", "Omega_Matter", "OmegaMatter")
        Omega_b = number(groups, ("OmegaBaryon", "Omega_Baryon", "OmegaB"))
        cosmology = Cosmology(Omega_m, baryons(Omega_b, notes), h)
        refuse_long_box(self.name, group_in(file, "Config"))
        box_size = cube_side(self.name, groups)
        units = self._read_units(groups, box_size, cosmology)
        if units is None:
            units = self._best_units(SILENT_UNITS, box_size, cosmology)
            notes.append(f"units not given, taken as {units[0]:g} kpc/h, {units[1]:g} Msun/h, km/s")
        self._units = units
        return Header(
            box_size=box_size * units[0],
            redshift=present_or_past(self._required(groups, "Redshift")),
            cosmology=cosmology,
            code=self._code(file),
            counts=counts,
            notes=(*notes, *left_out(counts)),
        )

    def _required(self, groups: list[h5py.Group | None], *names: str) -> float:
        value = number(groups, names)
        if value is None:
            raise ValueError(
                f"{self.name} has no header attribute {' or '.join(names)}, expected one "
                "(a Gadget-style snapshot of a cosmological run)."
            )
        return value

    def _read_mass_table(
        self, header: h5py.Group, counts: dict[str, int], notes: list[str]
    ) -> dict[str, float]:
        """Masses that all particles of a species share, in the file's unit, without a block.

        Where there are both, the block is what the run wrote; the table may be that of the
        initial conditions.
        """
        table = number_row([header], "MassTable")
        common = {}
        for species, kind in TYPES.items():
            if table is None or kind >= len(table) or not table[kind] > 0:
                continue
            if not counts.get(species, 0) or not self.has(species, "mass"):
                common[species] = float(table[kind])
            elif not np.isclose(self._first_mass(species), table[kind], rtol=1e-3):
                notes.append(f"masses of {species} as in their block, MassTable has others")
        return common

    def _read_units(
        self, groups: list[h5py.Group | None], box_size: float, cosmology: Cosmology
    ) -> Units | None:
        """Units of length, mass and velocity, if the file tells."""
        if number(groups, ("UnitLength_in_cm",)) is not None:
            length, mass, velocity = self._named_units(
                groups, "UnitLength_in_cm", "UnitMass_in_g", "UnitVelocity_in_cm_per_s"
            )
            return _as_meant(length), _as_meant(mass), velocity
        if number(groups, ("UnitLength_In_CGS",)) is None:
            return None
        length, mass, velocity = self._named_units(
            groups, "UnitLength_In_CGS", "UnitMass_In_CGS", "UnitVelocity_In_CGS"
        )
        # GIZMO writes them divided by h in some versions: the unit meant is a round one, or
        # else the one with which the particles make up Omega_m.
        meant = [(length * f, mass * f, velocity) for f in (1.0, cosmology.h)]
        whole = [units for units in meant if _distance_to_power_of_ten(units[0]) < ROUND]
        best = self._best_units(whole or meant, box_size, cosmology)
        return _as_meant(best[0]), _as_meant(best[1]), best[2]

    def _named_units(
        self, groups: list[h5py.Group | None], length: str, mass: str, velocity: str
    ) -> Units:
        """Units as they are written, [kpc], [Msun], [km/s], with or without h."""
        values = [self._required(groups, name) for name in (length, mass, velocity)]
        for name, value in zip((length, mass, velocity), values, strict=True):
            if not 1e-30 < value < 1e60:
                raise ValueError(f"{self.name}: {name} is {value:g}, expected a positive number.")
        return values[0] / KPC_IN_CM, values[1] / MSUN_IN_G, values[2] / 1e5

    def _best_units(
        self, candidates: Iterable[Units], box_size: float, cosmology: Cosmology
    ) -> Units:
        """The units in which the particles come nearest to the mean density of all matter.

        The usual ones if the density is not to be had, or is off by more than ten in all.
        """
        candidates = list(candidates)
        rough = self._rough_density(box_size, self._common)
        sensible = 1e-2 < cosmology.h < 10 and 1e-4 < cosmology.Omega_m < 10
        if not (sensible and 0 < rough < np.inf):
            return candidates[0]
        expected = cosmology.mean_matter_density
        distances = [
            abs(np.log10(rough / expected) + np.log10(mass) - 3 * np.log10(length / 1000))
            for length, mass, _ in candidates
        ]
        best = int(np.argmin(distances))
        return candidates[best] if distances[best] < 1 else candidates[0]

    @staticmethod
    def _code(file: h5py.File) -> str:
        header, config = file["Header"], group_in(file, "Config")
        named = attribute([header], ("Code",))
        if named:
            return text(named)
        if "GIZMO_version" in header.attrs:
            return "GIZMO"
        if config is not None and "VORONOI" in config.attrs:
            return "AREPO"
        if "Parameters" in file and "Git_commit" in header.attrs:
            return "GADGET-4"
        return "GADGET family"

    def _factor(self, quantity: str) -> float:
        length, mass, velocity = self._units
        return {
            "position": length,
            "smoothing": length,
            "mass": mass,
            "internal energy": velocity**2,
            "density": mass / length**3,
        }.get(quantity, 1.0)

    def _quantities(self, field: str, species: str) -> tuple[str, ...]:
        mass = () if species in self._common else ("mass",)
        if field == "hi":
            return mass + self._hydrogen_blocks()
        if field == "temperature":
            return mass + self._heat_blocks()
        if field in OF_HOT_GAS:
            return (*mass, *self._heat_blocks(), "density")
        if field == "hi_thin":
            return (*mass, "density", "internal energy")
        return mass

    def _hydrogen_blocks(self) -> tuple[str, ...]:
        apart = self.has("gas", "molecular fraction")
        return ("neutral fraction", *(("molecular fraction",) if apart else ()))

    def _heat_blocks(self) -> tuple[str, ...]:
        if self.has("gas", "electron abundance") or not self.has("gas", "temperature"):
            return ("internal energy", "electron abundance")
        return ("temperature",)

    @property
    def neutral_hydrogen(self) -> str:
        """What the masses of neutral hydrogen are made of; SIMBA has molecules apart."""
        if len(self._hydrogen_blocks()) == 1:
            return super().neutral_hydrogen
        return (
            "0.76 hydrogen times the sum, at most 1, of the file's neutral and molecular "
            "fractions (NeutralHydrogenAbundance, FractionH2)"
        )

    def matter(self, species: str, start: int, stop: int) -> NDArray[np.float64]:
        """Mass in every particle, whatever it is counted as, (stop - start,), [Msun/h]."""
        if species in self._common:
            return np.full(stop - start, self._common[species] * self._factor("mass"))
        if species in LEFT_OUT and not self.has(species, "mass"):
            return np.zeros(stop - start)  # tracers
        return self._read(species, "mass", start, stop, positive=True)

    def masses(self, species: str, start: int, stop: int) -> NDArray[np.float64]:
        """Particle masses, (stop - start,), [Msun/h]; AREPO's wind particles weigh nothing.

        They are gas in flight, stored among the stars with a formation time below zero.
        """
        mass = self.matter(species, start, stop)
        if species == "stars" and self.has(species, "formation time"):
            mass = np.where(self._read(species, "formation time", start, stop) > 0, mass, 0.0)
        return mass

    def hi_masses(self, start: int, stop: int) -> NDArray[np.float64]:
        """Neutral hydrogen in gas particles, (stop - start,), [Msun/h].

        Hydrogen is 0.76 of the mass; the neutral fraction is the file's, molecular
        hydrogen and star-forming gas included.
        """
        fraction = np.zeros(stop - start)
        for quantity in self._hydrogen_blocks():
            fraction += self._read("gas", quantity, start, stop, positive=True)
        if len(self._hydrogen_blocks()) > 1:
            fraction = np.minimum(fraction, 1.0)
        return HYDROGEN_FRACTION * fraction * self.masses("gas", start, stop)

    def thin_hi_masses(self, start: int, stop: int) -> NDArray[np.float64]:
        """Neutral hydrogen without self-shielding in gas particles, (stop - start,), [Msun/h]."""
        energy = self._read("gas", "internal energy", start, stop, positive=True)
        forming = self.star_formation_rates(start, stop) > 0
        density = self.densities(start, stop)
        header = self.header
        gas = gas_of(density, energy, forming, header.cosmology, header.redshift)
        fraction = neutral_fraction(gas, header.redshift)
        return HYDROGEN_FRACTION * fraction * self.masses("gas", start, stop)

    def temperatures(self, start: int, stop: int) -> NDArray[np.float64]:
        """Gas temperatures, (stop - start,), [K]; EAGLE's as they are stored."""
        read = [
            self._read("gas", quantity, start, stop, positive=True)
            for quantity in self._heat_blocks()
        ]
        return read[0] if len(read) == 1 else temperature(*read)


def _distance_to_power_of_ten(unit: float) -> float:
    """How far a unit is from a power of ten, [dex]."""
    exponent = float(np.log10(unit))
    return abs(exponent - round(exponent))


def _as_meant(unit: float) -> float:
    """The power of ten a unit stands for, where it is one to 0.1 %.

    1.989e43 g is meant as 1e10 Msun and 3.085678e21 cm as 1 kpc, whatever the newest
    value of the solar mass and however many digits were written.
    """
    whole = 10.0 ** round(float(np.log10(unit)))
    return whole if abs(unit / whole - 1) < 1e-3 else unit
