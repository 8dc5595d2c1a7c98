"""What a snapshot's header says: numbers of particles, box, cosmology, in any layout."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import h5py
import numpy as np
from numpy.typing import NDArray

from engine.cosmology import Cosmology
from engine.formats.hdf5 import attribute, number_row

PARTICLE_TYPES = {"gas": 0, "dark matter": 1, "stars": 4}

LEFT_OUT = {"type 2": 2, "type 3": 3, "type 5": 5, "type 6": 6}
"""Heavier dark matter of zoom-in runs, black holes, neutrinos: they weigh, but no map has them."""

TYPES = PARTICLE_TYPES | LEFT_OUT

PLANCK_OMEGA_B = 0.0486
"""Planck Collaboration 2016 (XIII), table 4; for files that don't tell."""

PRESENT = 1e-4
"""Redshifts just below 0 are the present one, rounded."""


@dataclass(frozen=True)
class Header:
    """What a snapshot says of itself, in the engine's units.

    Parameters
    ----------
    box_size : float
        Comoving, [kpc/h].
    redshift : float
        Of the snapshot.
    cosmology : Cosmology
        Of the simulation.
    code : str
        Simulation code, as far as the file tells.
    counts : dict
        Number of particles of each species.
    notes : tuple of str
        What was assumed because the file does not say, and what is left out.
    """

    box_size: float
    redshift: float
    cosmology: Cosmology
    code: str
    counts: dict[str, int]
    notes: tuple[str, ...] = ()


def species_counts(counts: NDArray[np.int64], name: str) -> dict[str, int]:
    """Particle numbers by species from an array by particle type; absent species left out.

    Raises
    ------
    ValueError
        In one sentence, if the file `name` counts fewer than none.
    """
    if (counts < 0).any():
        raise ValueError(f"{name}: its header counts {counts.min()} particles of a type.")
    return {
        species: int(counts[kind])
        for species, kind in TYPES.items()
        if kind < len(counts) and counts[kind]
    }


def total_counts(header: h5py.Group) -> dict[str, int]:
    """Particle numbers of the whole snapshot, 64 bits joined from the two header words.

    Raises
    ------
    ValueError
        In one sentence, if the header does not say.
    """
    name = Path(header.file.filename).name
    low = number_row([header], "NumPart_Total", np.int64)
    if low is None:
        raise ValueError(f"{name} has no Header/NumPart_Total, expected the particle numbers.")
    # A word of 32 bits that was stored as signed looks negative when it is large.
    if np.asarray(header.attrs["NumPart_Total"]).dtype.itemsize == 4:
        low &= 0xFFFFFFFF
    high = number_row([header], "NumPart_Total_HighWord", np.int64)
    if high is not None:
        shared = min(len(low), len(high))
        low = low[:shared] + ((high[:shared] & 0xFFFFFFFF) << 32)
    return species_counts(low, name)


def left_out(counts: dict[str, int]) -> list[str]:
    """A note of the particle types that no map holds."""
    kinds = [str(LEFT_OUT[species]) for species in counts if species in LEFT_OUT]
    return [f"particles of type {' and '.join(kinds)} left out"] if kinds else []


def baryons(Omega_b: float | None, notes: list[str]) -> float:
    """Omega_b as given, or Planck's with a note: dark-matter-only runs write none or 0."""
    if Omega_b:
        return Omega_b
    notes.append(f"Omega_b not given, taken as {PLANCK_OMEGA_B:g} (Planck 2015)")
    return PLANCK_OMEGA_B


def present_or_past(redshift: float) -> float:
    """The redshift, without the rounding that puts the present just into the future."""
    return 0.0 if -PRESENT < redshift < 0 else redshift


def cube_side(name: str, groups: Sequence[h5py.HLObject | None]) -> float:
    """Side of a cubic box in the file's unit.

    Raises
    ------
    ValueError
        In one sentence, if there is none or the box is no cube.
    """
    sides = number_row(groups, "BoxSize")
    if sides is None:
        raise ValueError(
            f"{name} has no header attribute BoxSize, expected one (a snapshot of a cosmological "
            "run)."
        )
    if not np.isfinite(sides).all():
        raise ValueError(
            f"{name}: the box size in the header is {sides[0]:g}, expected a positive number."
        )
    if np.ptp(sides) > 1e-6 * np.abs(sides).max():
        raise ValueError(f"{name} has a box of sides {sides.tolist()}, expected a cube.")
    return float(sides[0])


def refuse_long_box(name: str, config: h5py.Group | None) -> None:
    """Refuse a box that the code's build options stretch along an axis.

    Raises
    ------
    ValueError
        In one sentence, for AREPO's LONG_X and GADGET-4's LONG_X_BITS and their like.
    """
    for axis in "XYZ":
        for option, cube in ((f"LONG_{axis}", 1.0), (f"LONG_{axis}_BITS", 0.0)):
            value = text(attribute([config], (option,)))
            if value not in ("", "None") and float_or_nan(value) != cube:
                raise ValueError(f"{name} was run with {option}={value}, expected a cubic box.")


def float_or_nan(words: str) -> float:
    """The number that is written, or not-a-number."""
    try:
        return float(words)
    except ValueError:
        return float("nan")


def text(value: object) -> str:
    """Words of an attribute, whichever way they are stored."""
    return value.decode(errors="replace") if isinstance(value, bytes) else str(value)
