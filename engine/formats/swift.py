"""SWIFT snapshots: comoving, without factors of h, with their units in the file."""

from typing import ClassVar

import h5py
import numpy as np
from numpy.typing import NDArray

from engine.cosmology import Cosmology
from engine.formats.snapshot import Header, Snapshot, attribute, open_hdf5, total_counts
from engine.units import HYDROGEN_FRACTION, KPC_IN_CM, MSUN_IN_G, temperature

DEFAULT_KERNEL_GAMMA = 1.825742
"""Support radius over smoothing length of SWIFT's default kernel, the cubic spline in 3D."""


class SwiftSnapshot(Snapshot):
    """Particles in SWIFT's layout."""

    blocks: ClassVar = {
        "position": ("Coordinates",),
        "mass": ("Masses",),
        "smoothing": ("SmoothingLengths",),
        "internal energy": ("InternalEnergies",),
        "electron abundance": ("ElectronAbundances",),
        "hi mass": ("AtomicHydrogenMasses",),
        "neutral fraction": ("NeutralHydrogenAbundance",),
        "temperature": ("Temperatures",),
    }

    @staticmethod
    def matches(file: h5py.File) -> bool:
        """Whether the file has SWIFT's groups of units and cosmology."""
        return "Units" in file and "Cosmology" in file and "Header" in file

    def _read_header(self, file: h5py.File) -> Header:
        cosmology = self._read_cosmology(file["Cosmology"])
        h = cosmology.h
        length = self._unit(file, "Unit length in cgs (U_L)") * h / KPC_IN_CM
        mass = self._unit(file, "Unit mass in cgs (U_M)") * h / MSUN_IN_G
        velocity = length / h * KPC_IN_CM / self._unit(file, "Unit time in cgs (U_t)") / 1e5
        self._units = (length, mass, velocity)
        gamma = attribute([file.get("HydroScheme")], ("Kernel gamma",)) or DEFAULT_KERNEL_GAMMA
        self._kernel_gamma = float(gamma)
        sides = np.ravel(file["Header"].attrs.get("BoxSize", ()))
        if not len(sides) or np.ptp(sides):
            raise ValueError(f"{self.name} has a box of sides {sides.tolist()}, expected a cube.")
        redshift = attribute([file["Header"], file["Cosmology"]], ("Redshift",))
        self._redshift = max(float(redshift or 0.0), 0.0)
        return Header(
            box_size=float(sides[0]) * length,
            redshift=self._redshift,
            cosmology=cosmology,
            code="SWIFT",
            counts=total_counts(file["Header"]),
        )

    def _read_cosmology(self, group: h5py.Group) -> Cosmology:
        h = attribute([group], ("h",))
        Omega_b = attribute([group], ("Omega_b",))
        Omega_m = attribute([group], ("Omega_m",))
        if Omega_m is None:
            cold = attribute([group], ("Omega_cdm",))
            Omega_m = None if cold is None else cold + (Omega_b or 0.0)
        if not h or not Omega_m or Omega_b is None:
            raise ValueError(
                f"{self.name}: group Cosmology lacks h, Omega_m or Omega_b, expected all three "
                "(a SWIFT run with cosmology)."
            )
        return Cosmology(float(Omega_m), float(Omega_b), float(h))

    def _unit(self, file: h5py.File, name: str) -> float:
        value = attribute([file["Units"]], (name,))
        if value is None:
            raise ValueError(f"{self.name}: group Units lacks {name!r}, expected a SWIFT snapshot.")
        return float(value)

    def _factor(self, quantity: str) -> float:
        length, mass, velocity = self._units
        return {
            "position": length,
            "smoothing": length * self._kernel_gamma,
            "mass": mass,
            "hi mass": mass,
            "internal energy": velocity**2,
        }.get(quantity, 1.0)

    def _to_physical(self, species: str, quantity: str) -> float:
        """Factor from comoving to physical, by the exponent that the file gives with a block."""
        with open_hdf5(self._first_with(species)) as file:
            block = self._block(file, species, quantity)
            if attribute([block], ("Value stored as physical",)):
                return 1.0
            exponent = attribute([block], ("a-scale exponent",)) or 0.0
        return float((1 + self._redshift) ** -exponent)

    def masses(self, species: str, start: int, stop: int) -> NDArray[np.float64]:
        """Particle masses, (stop - start,), [Msun/h]."""
        return self._read(species, "mass", start, stop, positive=True)

    def hi_masses(self, start: int, stop: int) -> NDArray[np.float64]:
        """Neutral hydrogen in gas particles, (stop - start,), [Msun/h].

        Atomic hydrogen where the run followed it, else 0.76 times the neutral fraction.
        """
        if self.has("gas", "hi mass"):
            return self._read("gas", "hi mass", start, stop, positive=True)
        fraction = self._read("gas", "neutral fraction", start, stop, positive=True)
        return HYDROGEN_FRACTION * fraction * self.masses("gas", start, stop)

    def temperatures(self, start: int, stop: int) -> NDArray[np.float64]:
        """Gas temperatures, (stop - start,), [K]; from the energy where not stored."""
        if self.has("gas", "temperature"):
            return self._read("gas", "temperature", start, stop, positive=True)
        energy = self._read("gas", "internal energy", start, stop, positive=True)
        energy *= self._to_physical("gas", "internal energy")
        electrons = self._read("gas", "electron abundance", start, stop, positive=True)
        return temperature(energy, electrons)
