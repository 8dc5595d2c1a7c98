"""SWIFT snapshots: comoving, without factors of h, with their units in the file."""

from typing import ClassVar

import h5py
import numpy as np
from numpy.typing import NDArray

from engine.cosmology import Cosmology
from engine.fields import OF_HOT_GAS
from engine.formats.hdf5 import group_in, number, open_hdf5
from engine.formats.header import (
    LEFT_OUT,
    Header,
    baryons,
    cube_side,
    left_out,
    present_or_past,
    total_counts,
)
from engine.formats.snapshot import Snapshot
from engine.units import HYDROGEN_FRACTION, KPC_IN_CM, MSUN_IN_G, temperature

DEFAULT_KERNEL_GAMMA = 1.825742
"""Support radius over smoothing length of SWIFT's default kernel, the cubic spline in 3D."""


class SwiftSnapshot(Snapshot):
    """Particles in SWIFT's layout."""

    blocks: ClassVar = {
        "position": ("Coordinates",),
        "mass": ("Masses", "DynamicalMasses"),  # the second: black holes
        "smoothing": ("SmoothingLengths",),
        "internal energy": ("InternalEnergies",),
        "electron abundance": ("ElectronAbundances",),
        "hi mass": ("AtomicHydrogenMasses",),
        "molecular mass": ("MolecularHydrogenMasses",),
        "neutral fraction": ("NeutralHydrogenAbundance",),
        "temperature": ("Temperatures",),
        "density": ("Densities",),
        "star formation rate": ("StarFormationRates",),
    }

    @staticmethod
    def matches(file: h5py.File) -> bool:
        """Whether the file has SWIFT's groups of units and cosmology."""
        return all(group_in(file, name) is not None for name in ("Units", "Cosmology", "Header"))

    def _read_header(self, file: h5py.File) -> Header:
        notes: list[str] = []
        cosmology = self._read_cosmology(file["Cosmology"], notes)
        h = cosmology.h
        length = self._unit(file, "Unit length in cgs (U_L)") * h / KPC_IN_CM
        mass = self._unit(file, "Unit mass in cgs (U_M)") * h / MSUN_IN_G
        velocity = length / h * KPC_IN_CM / self._unit(file, "Unit time in cgs (U_t)") / 1e5
        self._units = (length, mass, velocity)
        gamma = number([group_in(file, "HydroScheme")], ("Kernel gamma",))
        self._kernel_gamma = gamma or DEFAULT_KERNEL_GAMMA
        redshift = number([file["Header"], file["Cosmology"]], ("Redshift",))
        if redshift is None:
            raise ValueError(f"{self.name} has no redshift, expected one in Header or Cosmology.")
        self._redshift = present_or_past(redshift)
        counts = total_counts(file["Header"])
        return Header(
            box_size=cube_side(self.name, [file["Header"]]) * length,
            redshift=self._redshift,
            cosmology=cosmology,
            code="SWIFT",
            counts=counts,
            notes=(*notes, *left_out(counts)),
        )

    def _read_cosmology(self, group: h5py.Group, notes: list[str]) -> Cosmology:
        h = number([group], ("h",))
        Omega_b = number([group], ("Omega_b",))
        Omega_m = number([group], ("Omega_m",))
        if Omega_m is None:
            cold = number([group], ("Omega_cdm",))
            Omega_m = None if cold is None else cold + (Omega_b or 0.0)
        if not h or not Omega_m:
            raise ValueError(
                f"{self.name}: group Cosmology lacks h or Omega_m, expected both "
                "(a SWIFT run with cosmology)."
            )
        return Cosmology(Omega_m, baryons(Omega_b, notes), h)

    def _unit(self, file: h5py.File, name: str) -> float:
        value = number([file["Units"]], (name,))
        if value is None:
            raise ValueError(f"{self.name}: group Units lacks {name!r}, expected a SWIFT snapshot.")
        if not 1e-30 < value < 1e60:
            raise ValueError(f"{self.name}: {name!r} is {value:g}, expected a positive number.")
        return value

    def _factor(self, quantity: str) -> float:
        length, mass, velocity = self._units
        return {
            "position": length,
            "smoothing": length * self._kernel_gamma,
            "mass": mass,
            "hi mass": mass,
            "molecular mass": mass,
            "internal energy": velocity**2,
            "density": mass / length**3,
        }.get(quantity, 1.0)

    def _to_physical(self, species: str, quantity: str) -> float:
        """Factor from comoving to physical, by the exponent that the file gives with a block."""
        with open_hdf5(self._first_with(species)) as file:
            block = self._block(file, species, quantity)
            if number([block], ("Value stored as physical",)):
                return 1.0
            exponent = number([block], ("a-scale exponent",)) or 0.0
        return float((1 + self._redshift) ** -exponent)

    def _quantities(self, field: str, species: str) -> tuple[str, ...]:
        if species != "gas":
            return ("mass",)
        if field == "hi":
            return ("mass", *self._hydrogen_blocks())
        if field == "temperature":
            return ("mass", *self._heat_blocks())
        if field in OF_HOT_GAS:
            return ("mass", *self._heat_blocks(), "density")
        return ("mass",)

    def _hydrogen_blocks(self) -> tuple[str, ...]:
        if not self.has("gas", "hi mass"):
            return ("neutral fraction",)
        molecules = self.has("gas", "molecular mass")
        return ("hi mass", *(("molecular mass",) if molecules else ()))

    def _heat_blocks(self) -> tuple[str, ...]:
        if self.has("gas", "temperature"):
            return ("temperature",)
        return ("internal energy", "electron abundance")

    @property
    def neutral_hydrogen(self) -> str:
        """What the masses of neutral hydrogen are made of, for the reader of a map."""
        blocks = self._hydrogen_blocks()
        if blocks == ("hi mass",):
            return "the file's atomic hydrogen alone, without molecular hydrogen"
        if len(blocks) == 2:
            return "the sum of the file's atomic and molecular hydrogen"
        return super().neutral_hydrogen

    def matter(self, species: str, start: int, stop: int) -> NDArray[np.float64]:
        """Mass in every particle, (stop - start,), [Msun/h]."""
        if species in LEFT_OUT and not self.has(species, "mass"):
            return np.zeros(stop - start)
        return self._read(species, "mass", start, stop, positive=True)

    def hi_masses(self, start: int, stop: int) -> NDArray[np.float64]:
        """Neutral hydrogen in gas particles, (stop - start,), [Msun/h].

        Atomic and molecular hydrogen where the run followed them, else 0.76 times the
        neutral fraction.
        """
        read = [
            self._read("gas", quantity, start, stop, positive=True)
            for quantity in self._hydrogen_blocks()
        ]
        if self._hydrogen_blocks() == ("neutral fraction",):
            return HYDROGEN_FRACTION * read[0] * self.masses("gas", start, stop)
        return np.sum(read, axis=0)

    def temperatures(self, start: int, stop: int) -> NDArray[np.float64]:
        """Gas temperatures, (stop - start,), [K]; from the energy where not stored."""
        read = [
            self._read("gas", quantity, start, stop, positive=True)
            for quantity in self._heat_blocks()
        ]
        if len(read) == 1:
            return read[0]
        energy, electrons = read
        return temperature(energy * self._to_physical("gas", "internal energy"), electrons)
