"""What an emulator refuses, and what it warns of, before it paints."""

from collections.abc import Mapping

from engine.checks import checked_values, place
from engine.cosmology import Cosmology
from engine.fields import INPUT_FIELDS
from engine.mesh import Mesh
from engine.systems.card import Input, ModelCard, same_resolution
from engine.systems.contract import Region

WORDS = {"slab": "map", "cutout": "map", "grid": "grid"}

PIXEL_REFUSED, PIXEL_WARNED = 0.10, 0.001
"""Relative differences of the pixel size; a network knows lengths only in pixels."""

DEPTH_WARNED = 0.10
"""Relative difference of the slab's depth; training slabs differ by less."""

REDSHIFT_WARNED = 0.05
"""Difference of the redshift; the spread of a simulation's output times."""

COSMOLOGY_WARNED = 0.01
"""Relative difference of a parameter; about what Planck leaves open."""


def check_input(mesh: Mesh, eaten: Input, card: ModelCard) -> None:
    """Refuse a mesh that the emulator can't paint on.

    Raises
    ------
    ValueError
        In one sentence, if it isn't of the kind, field and cell scale that the card's input
        asks for, finite and, where the field has no sign, not negative.
    """
    allowed = INPUT_FIELDS if eaten.field in INPUT_FIELDS else (eaten.field,)
    if mesh.field not in allowed or eaten.kind != mesh.KIND:
        raise ValueError(
            f"{place(mesh)} is a {mesh.KIND} of {mesh.about.label}, expected a {eaten.kind} of "
            f"{eaten.name} ({' or '.join(allowed)}) to paint {card.field} on."
        )
    checked_values(mesh)
    trained = eaten.cell_size * comoving_growth(mesh, eaten, card)
    off = mesh.cell_size / trained - 1
    if abs(off) > PIXEL_REFUSED:
        cells, amount = ("cells", "cells") if mesh.NDIM == 3 else ("pixels", "number of pixels")
        raise ValueError(
            f"{place(mesh)} has {cells} of {_compare(mesh.cell_size, trained, 'kpc/h')}, "
            f"and {card.system} paints within {PIXEL_REFUSED:.0%} of that: project it again with "
            f"another {amount}."
        )


def warnings_for(mesh: Mesh, eaten: Input, card: ModelCard) -> tuple[str, ...]:
    """Say, one sentence each, how a mesh differs from what the emulator was trained on."""
    trained = f"{card.system} was trained"
    found = []
    grown = comoving_growth(mesh, eaten, card)
    if abs(mesh.cell_size / eaten.cell_size / grown - 1) > PIXEL_WARNED:
        cells = "Cells" if mesh.NDIM == 3 else "Pixels"
        found.append(f"{cells} are {_compare(mesh.cell_size, eaten.cell_size * grown, 'kpc/h')}.")
    depth = getattr(mesh, "depth", None)
    if depth and eaten.depth and abs(depth / eaten.depth / grown - 1) > DEPTH_WARNED:
        found.append(f"The {mesh.KIND}'s depth is {_compare(depth, eaten.depth * grown, 'Mpc/h')}.")
    if _outside(mesh.redshift, eaten) > REDSHIFT_WARNED:
        until = "" if eaten.redshift_to is None else f" to {eaten.redshift_to:.4g}"
        found.append(
            f"The redshift is {mesh.redshift:.4g}, {trained} at {eaten.redshift:.4g}{until}."
        )
    found += [
        f"{name} is {_compare(ours, theirs)}."
        for name, ours, theirs in _parameters(mesh.cosmology, card.cosmology)
        if abs(ours / theirs - 1) > COSMOLOGY_WARNED
    ]
    if not same_resolution(eaten, mesh.level, mesh.separation):
        found.append(_another_resolution(mesh, eaten, trained))
    return tuple(found)


def check_inputs(meshes: Mapping[str, Mesh], card: ModelCard) -> tuple[str, ...]:
    """Check all that a card asks for, and say, each once, how it differs from the training.

    Raises
    ------
    ValueError
        In one sentence, see `check_input`.
    """
    found: list[str] = []
    for eaten in card.inputs:
        mesh = meshes[eaten.name]
        check_input(mesh, eaten, card)
        found += [*mesh.warnings, *warnings_for(mesh, eaten, card)]
    return tuple(dict.fromkeys(found))


def comoving_growth(mesh: Mesh, eaten: Input, card: ModelCard) -> float:
    """How many times a comoving length, per h, of the training is that of the mesh.

    Cut-outs are of one proper size at every redshift, all else of one comoving size.
    """
    if eaten.kind != "cutout":
        return 1.0
    ours = (1 + mesh.redshift) * mesh.cosmology.h
    return ours / ((1 + eaten.redshift) * card.cosmology.h)


def _outside(redshift: float, eaten: Input) -> float:
    """How far a redshift is from those of the training."""
    highest = eaten.redshift if eaten.redshift_to is None else eaten.redshift_to
    return max(eaten.redshift - redshift, redshift - highest, 0.0)


def _another_resolution(mesh: Mesh, eaten: Input, trained: str) -> str:
    if not mesh.separation or not eaten.separation:
        return f"The {eaten.name} is of level {mesh.level}, {trained} on {eaten.level}."
    apart = _compare(mesh.separation, eaten.separation, "kpc/h")
    return f"The mean separation of particles of the {eaten.name} is {apart}."


def check_region(region: Region, mesh: Mesh) -> None:
    """Refuse cells that the mesh hasn't got.

    Raises
    ------
    ValueError
        In one sentence, if the region is empty, larger than the mesh, or beyond the edges
        of one that isn't periodic.
    """
    if len(region) != 2 * mesh.NDIM:
        raise ValueError(f"region is {region}, expected {2 * mesh.NDIM} numbers.")
    names = ("z", "y", "x")[-mesh.NDIM :]
    for begin, end, side in zip(region[::2], region[1::2], mesh.shape, strict=True):
        inside = begin >= 0 and end <= side
        if not 0 < end - begin <= side or not (inside or mesh.periodic):
            where = "at most that large" if mesh.periodic else f"inside the {WORDS[mesh.KIND]}"
            expected = " and ".join(f"{name}0 < {name}1" for name in names)
            raise ValueError(
                f"region is ({', '.join(f'{n}0, {n}1' for n in names)}) = {region} on a "
                f"{WORDS[mesh.KIND]} of {mesh.shape} pixels, expected one with {expected}, {where}."
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
