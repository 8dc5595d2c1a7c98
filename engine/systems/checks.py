"""What an emulator refuses, and what it warns of, before it paints."""

import numpy as np

from engine.cosmology import Cosmology
from engine.fields import INPUT_FIELDS
from engine.mesh import Slab
from engine.systems.card import ModelCard
from engine.systems.contract import Region

PIXEL_REFUSED, PIXEL_WARNED = 0.10, 0.001
"""Relative differences of the pixel size; a network knows lengths only in pixels."""

DEPTH_WARNED = 0.10
"""Relative difference of the slab's depth; training slabs differ by less."""

REDSHIFT_WARNED = 0.05
"""Difference of the redshift; the spread of a simulation's output times."""

COSMOLOGY_WARNED = 0.01
"""Relative difference of a parameter; about what Planck leaves open."""


def check_input(slab: Slab, card: ModelCard) -> None:
    """Refuse a slab that the emulator can't paint.

    Raises
    ------
    ValueError
        In one sentence, if it isn't dark matter of the card's pixel scale, finite and not
        negative.
    """
    if slab.field not in INPUT_FIELDS:
        raise ValueError(
            f"{_place(slab)} holds {slab.about.label}, expected dark matter "
            f"({' or '.join(INPUT_FIELDS)}) to paint {card.field} on."
        )
    lowest, highest = slab.values.min(), slab.values.max()  # NaN passes through both
    if not (lowest >= 0 and np.isfinite(highest)):
        bad = slab.values.size - np.count_nonzero(np.isfinite(slab.values) & (slab.values >= 0))
        raise ValueError(
            f"{_place(slab)} has {bad} pixels that are negative or not finite, expected none: "
            "make the map again."
        )
    off = slab.pixel_size / card.pixel_size - 1
    if abs(off) > PIXEL_REFUSED:
        raise ValueError(
            f"{_place(slab)} has pixels of {_compare(slab.pixel_size, card.pixel_size, 'kpc/h')}, "
            f"and {card.system} paints within {PIXEL_REFUSED:.0%} of that: project it again with "
            "another number of pixels."
        )


def warnings_for(slab: Slab, card: ModelCard) -> tuple[str, ...]:
    """Say, one sentence each, how a slab differs from what the emulator was trained on."""
    trained = f"{card.system} was trained"
    found = []
    if abs(slab.pixel_size / card.pixel_size - 1) > PIXEL_WARNED:
        found.append(f"Pixels are {_compare(slab.pixel_size, card.pixel_size, 'kpc/h')}.")
    if abs(slab.depth / card.depth - 1) > DEPTH_WARNED:
        found.append(f"The slab's depth is {_compare(slab.depth, card.depth, 'Mpc/h')}.")
    if abs(slab.redshift - card.redshift) > REDSHIFT_WARNED:
        found.append(f"The redshift is {slab.redshift:.4g}, {trained} at {card.redshift:.4g}.")
    found += [
        f"{name} is {_compare(ours, theirs)}."
        for name, ours, theirs in _parameters(slab.cosmology, card.cosmology)
        if abs(ours / theirs - 1) > COSMOLOGY_WARNED
    ]
    if slab.level != card.level:
        found.append(f"The dark matter is of level {slab.level}, {trained} on {card.level}.")
    return tuple(found)


def check_region(region: Region, slab: Slab) -> None:
    """Refuse pixels that the map hasn't got.

    Raises
    ------
    ValueError
        In one sentence, if the region is empty, larger than the map, or beyond the edges
        of a map that isn't periodic.
    """
    for begin, end, side in zip(region[::2], region[1::2], slab.shape, strict=True):
        inside = begin >= 0 and end <= side
        if not 0 < end - begin <= side or not (inside or slab.periodic):
            where = "at most that large" if slab.periodic else "inside the map"
            raise ValueError(
                f"region is (y0, y1, x0, x1) = {region} on a map of {slab.shape} pixels, expected "
                f"one with y0 < y1 and x0 < x1, {where}."
            )


def _parameters(ours: Cosmology, theirs: Cosmology) -> list[tuple[str, float, float]]:
    return [
        (name, getattr(ours, name), getattr(theirs, name)) for name in ("Omega_m", "Omega_b", "h")
    ]


def _compare(found: float, trained: float, unit: str = "") -> str:
    off = found / trained - 1
    percent = f"{100 * abs(off):.2g}" if abs(off) < 0.1 else f"{100 * abs(off):.0f}"
    ours, theirs = (f"{value:.4g} {unit}".strip() for value in (found, trained))
    return f"{ours}, {percent} % {'more' if off > 0 else 'less'} than the {theirs} of the training"


def _place(slab: Slab) -> str:
    if not slab.simulation:
        return f"The {slab.field} map"
    return f"The {slab.field} map of {slab.simulation}, axis {slab.axis}, slab {slab.index}"
