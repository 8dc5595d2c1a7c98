"""Snapshots of GADGET-2/3/4, MP-Gadget, AREPO and GIZMO in HDF5.

Lengths are comoving and per h, masses per h; the length unit is 1 kpc/h unless the file
says otherwise.
"""

from typing import ClassVar

import h5py
import numpy as np
from numpy.typing import NDArray

from engine.cosmology import Cosmology
from engine.formats.snapshot import (
    PARTICLE_TYPES,
    Header,
    Snapshot,
    attribute,
    total_counts,
)
from engine.units import HYDROGEN_FRACTION, KPC_IN_CM, MSUN_IN_G, temperature

DEFAULT_UNITS = (1.0, 1e10, 1.0)
"""kpc/h, Msun/h, km/s: what the codes ship with and what a silent file means."""

PLANCK_OMEGA_B = 0.0486
"""Planck Collaboration 2016 (XIII), table 4; for files that don't tell."""

UNREAD_TYPES = (2, 3)
"""Particle types that hold heavier dark matter in zoom-in runs, or tracers without mass."""


class GadgetSnapshot(Snapshot):
    """Particles in the GADGET family's layout."""

    blocks: ClassVar = {
        "position": ("Coordinates",),
        "mass": ("Masses",),
        "smoothing": ("SmoothingLength",),
        "internal energy": ("InternalEnergy",),
        "electron abundance": ("ElectronAbundance",),
        "neutral fraction": ("NeutralHydrogenAbundance",),
        "formation time": ("GFM_StellarFormationTime",),
    }

    @staticmethod
    def matches(file: h5py.File) -> bool:
        """Whether the header lists masses by particle type, as all of the family do."""
        return "Header" in file and {"MassTable", "BoxSize"} <= set(file["Header"].attrs)

    def _read_header(self, file: h5py.File) -> Header:
        # GADGET-4 keeps cosmology and units among the parameters, the others in the header.
        groups = [file.get("Header"), file.get("Parameters")]
        notes: list[str] = []
        h = self._required(groups, "HubbleParam")
        self._mass_table = np.asarray(file["Header"].attrs["MassTable"], dtype=np.float64)
        counts = total_counts(file["Header"])
        Omega_m = self._required(groups, "Omega0", "Omega_Matter", "OmegaMatter")
        Omega_b = attribute(groups, ("OmegaBaryon", "Omega_Baryon", "OmegaB"))
        if not Omega_b:
            Omega_b = PLANCK_OMEGA_B
            notes.append(f"Omega_b not given, taken as {Omega_b:g} (Planck 2015)")
        cosmology = Cosmology(Omega_m, Omega_b, h)
        box_size = self._required(groups, "BoxSize")
        units = self._read_units(groups, h)
        if units is None:
            units = self._guess_units(file, box_size, counts, cosmology)
            notes.append(f"units not given, taken as {units[0]:g} kpc/h, 1e10 Msun/h and km/s")
        self._units = units
        numbers = np.atleast_1d(file["Header"].attrs["NumPart_Total"])
        if unread := [kind for kind in UNREAD_TYPES if kind < len(numbers) and numbers[kind]]:
            notes.append(f"particles of type {' and '.join(map(str, unread))} left out")
        return Header(
            box_size=box_size * units[0],
            redshift=max(self._required(groups, "Redshift"), 0.0),
            cosmology=cosmology,
            code=self._code(file),
            counts=counts,
            notes=tuple(notes),
        )

    def _required(self, groups: list[h5py.Group | None], *names: str) -> float:
        value = attribute(groups, names)
        if value is None:
            raise ValueError(
                f"{self.name} has no header attribute {' or '.join(names)}, expected one "
                "(a Gadget-style snapshot of a cosmological run)."
            )
        return float(value)

    def _read_units(
        self, groups: list[h5py.Group | None], h: float
    ) -> tuple[float, float, float] | None:
        """Units of length [kpc/h], mass [Msun/h] and velocity [km/s], if the file tells."""
        length = attribute(groups, ("UnitLength_in_cm",))
        if length is not None:
            mass = self._required(groups, "UnitMass_in_g")
            velocity = self._required(groups, "UnitVelocity_in_cm_per_s")
            return _as_meant(length / KPC_IN_CM), _as_meant(mass / MSUN_IN_G), velocity / 1e5
        length = attribute(groups, ("UnitLength_In_CGS",))
        if length is not None:
            mass = self._required(groups, "UnitMass_In_CGS")
            velocity = self._required(groups, "UnitVelocity_In_CGS")
            # GIZMO writes them divided by h in some versions: the unit meant is a round one.
            per_h = min((h, 1.0), key=lambda factor: _distance_to_power_of_ten(length * factor))
            length, mass = length * per_h / KPC_IN_CM, mass * per_h / MSUN_IN_G
            return _as_meant(length), _as_meant(mass), velocity / 1e5
        return None

    def _guess_units(
        self, file: h5py.File, box_size: float, counts: dict[str, int], cosmology: Cosmology
    ) -> tuple[float, float, float]:
        """Units of a silent file: the usual ones, or Mpc/h where only they make sense.

        With the wrong one of the two the mean density is wrong by 1e9, so one particle's
        mass, standing for all, is enough to tell.
        """
        common = self._mass_table[PARTICLE_TYPES["dark matter"]]
        if not common:
            block = self._block(file, "dark matter", "mass")
            common = float(block[0]) if block is not None and len(block) else 0.0
        length, mass, velocity = DEFAULT_UNITS
        volume = (box_size * length / 1000) ** 3
        density = counts.get("dark matter", 0) * common * mass / volume if volume else 0.0
        if density > 3e4 * cosmology.mean_matter_density:  # half-way to 1e9
            return 1000 * length, mass, velocity
        return DEFAULT_UNITS

    @staticmethod
    def _code(file: h5py.File) -> str:
        named = attribute([file["Header"]], ("Code",))
        if named:
            return named.decode() if isinstance(named, bytes) else str(named)
        if "GIZMO_version" in file["Header"].attrs:
            return "GIZMO"
        if "Config" in file and "VORONOI" in file["Config"].attrs:
            return "AREPO"
        if "Parameters" in file and "Git_commit" in file["Header"].attrs:
            return "GADGET-4"
        return "GADGET family"

    def _factor(self, quantity: str) -> float:
        length, mass, velocity = self._units
        return {
            "position": length,
            "smoothing": length,
            "mass": mass,
            "internal energy": velocity**2,
        }.get(quantity, 1.0)

    def masses(self, species: str, start: int, stop: int) -> NDArray[np.float64]:
        """Particle masses, (stop - start,), [Msun/h]; AREPO's wind particles weigh nothing.

        They are gas in flight, stored among the stars with a formation time below zero.
        """
        common = self._mass_table[PARTICLE_TYPES[species]]
        if common > 0:
            mass = np.full(stop - start, common * self._factor("mass"))
        else:
            mass = self._read(species, "mass", start, stop, positive=True)
        if species == "stars" and self.has(species, "formation time"):
            mass = np.where(self._read(species, "formation time", start, stop) > 0, mass, 0.0)
        return mass

    def hi_masses(self, start: int, stop: int) -> NDArray[np.float64]:
        """Neutral hydrogen in gas particles, (stop - start,), [Msun/h].

        Hydrogen is 0.76 of the mass; the neutral fraction is the file's, molecular
        hydrogen and star-forming gas included.
        """
        fraction = self._read("gas", "neutral fraction", start, stop, positive=True)
        return HYDROGEN_FRACTION * fraction * self.masses("gas", start, stop)

    def temperatures(self, start: int, stop: int) -> NDArray[np.float64]:
        """Gas temperatures, (stop - start,), [K]."""
        energy = self._read("gas", "internal energy", start, stop, positive=True)
        electrons = self._read("gas", "electron abundance", start, stop, positive=True)
        return temperature(energy, electrons)


def _distance_to_power_of_ten(length: float) -> float:
    """How far a length [cm] is from a power of ten in kpc, [dex]."""
    exponent = float(np.log10(length / KPC_IN_CM))
    return abs(exponent - round(exponent))


def _as_meant(unit: float) -> float:
    """The power of ten a unit stands for, where it is one to 0.1 %.

    1.989e43 g is meant as 1e10 Msun and 3.085678e21 cm as 1 kpc, whatever the newest
    value of the solar mass and however many digits were written.
    """
    whole = 10.0 ** round(float(np.log10(unit)))
    return whole if abs(unit / whole - 1) < 1e-3 else unit
