"""What a projection refuses, before any work is done."""

from collections.abc import Iterable
from pathlib import Path

import numpy as np

from engine.fields import INPUT_FIELDS, LEVELS, OF_HOT_GAS, map_axes, one_of
from engine.formats.snapshot import Snapshot
from engine.projection.particles import SMOOTHINGS

PROJECTED = ("dm", "dmo", "gas", "hi", "hi_thin", "stars", "temperature", *OF_HOT_GAS)
"""Fields that particles are projected to."""

THINNING = 8
"""Every level has an eighth of the particles of the one above, half of them along each side."""


def check_request(
    main: Snapshot,
    fields: tuple[str, ...],
    levels: tuple[str, ...],
    axes: tuple[str, ...],
    smoothing: str,
) -> None:
    """Refuse what the snapshot can't give before any work is done.

    Raises
    ------
    ValueError
        In one sentence.
    """
    for name in fields:
        one_of("field", name, PROJECTED)
    for level in levels:
        one_of("level", level, LEVELS)
    for axis in axes:
        map_axes(axis)
    one_of("smoothing", smoothing, SMOOTHINGS)
    if not fields or not axes or "HR" not in levels:
        raise ValueError(
            "expected at least one field of maps or grids and one axis, and HR among the levels."
        )
    unfit = [name for name in fields if name != "dmo"]
    if unfit and not has_gas(main):
        raise ValueError(
            f"{main.name} is a dark-matter-only run, but {', '.join(unfit)} was asked for; "
            "ask for the field dmo alone."
        )
    if "stars" in fields and "stars" not in main.header.counts:
        raise ValueError(f"{main.name} holds no stars, but the field stars was asked for.")


def check_numbers(**numbers: float | None) -> None:
    """Refuse numbers that make no map; None and 0 pixels or slabs stand for the usual ones.

    Raises
    ------
    ValueError
        In one sentence.
    """
    allowed = {
        "pixels": (0, 1 << 20),
        "n_slabs": (0, 1 << 20),
        "offset": (-1e9, 1e9),
        "seed": (0, 1 << 64),
        "mantissa_bits": (1, 23),
    }
    for name, (lowest, highest) in allowed.items():
        value = numbers[name] or 0
        if not lowest <= value <= highest:
            raise ValueError(f"{name} is {value:g}, expected {lowest:g} to {highest:g}.")


def check_place(out: Path, snapshots: Iterable[Snapshot]) -> None:
    """Refuse to write where a folder or a snapshot lies.

    Raises
    ------
    ValueError
        In one sentence.
    """
    if out.is_dir():
        raise ValueError(f"{out} is a folder, expected the name of the simulation file to write.")
    if out.parent.is_file():
        raise ValueError(f"{out.parent} is a file, expected a folder to write {out.name} into.")
    for snapshot in snapshots:
        if out.resolve() in (path.resolve() for path in snapshot.paths):
            raise ValueError(f"{out} is the snapshot itself, expected another name to write to.")


def has_gas(snapshot: Snapshot) -> bool:
    """Whether a snapshot is of a run with gas."""
    return "gas" in snapshot.header.counts


def dark_matter_of(snapshot: Snapshot) -> int:
    """Number of dark-matter particles, which sets levels and pixels.

    Raises
    ------
    ValueError
        If there are none.
    """
    number = snapshot.header.counts.get("dark matter", 0)
    if not number:
        raise ValueError(f"{snapshot.name} holds no dark matter, expected particles of type 1.")
    return number


def check_twin(main: Snapshot, key: tuple[str, str], twin: Snapshot) -> None:
    """Refuse a twin that is not of the same universe, or not what it is called.

    Raises
    ------
    ValueError
        In one sentence.
    """
    name, level = key
    one_of("field of a twin", name, INPUT_FIELDS)
    one_of("level of a twin", level, LEVELS)
    ours, other = main.header, twin.header
    if level == "HR" and has_gas(main) == (name == "dm"):
        raise ValueError(f"{name} at HR is {main.name} itself, expected no twin of it.")
    if has_gas(twin) != (name == "dm"):
        raise ValueError(
            f"{twin.name} is a run {'with' if has_gas(twin) else 'without'} gas, but was given as "
            f"the twin of {name}; dm is of runs with gas, dmo of dark-matter-only runs."
        )
    if not np.isclose(ours.box_size, other.box_size, rtol=1e-4):
        raise ValueError(
            f"{twin.name} has a box of {other.box_size / 1000:g} Mpc/h, expected "
            f"{ours.box_size / 1000:g} as in {main.name}."
        )
    if abs(ours.redshift - other.redshift) > 1e-3:
        raise ValueError(
            f"{twin.name} is at redshift {other.redshift:g}, expected {ours.redshift:g} as "
            f"{main.name}."
        )
    if not np.isclose(ours.cosmology.Omega_m, other.cosmology.Omega_m, rtol=1e-3):
        raise ValueError(
            f"{twin.name} has Omega_m {other.cosmology.Omega_m:g}, expected "
            f"{ours.cosmology.Omega_m:g} as {main.name}."
        )
    expected = dark_matter_of(main) / THINNING ** LEVELS.index(level)
    if not expected / 2 < dark_matter_of(twin) < expected * 2:
        raise ValueError(
            f"{twin.name} has {dark_matter_of(twin)} dark-matter particles, expected about "
            f"{expected:.0f} of a twin at {level}."
        )
