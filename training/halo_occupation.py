"""Fitting of HOD: the list of subhaloes of the training boxes, and the stars in each."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from engine.catalogue_grids import SUBHALOS, in_cells
from engine.systems.card import Input, ModelCard, Output, TrainingFile
from engine.systems.hod import HodEmulator, host_mass
from training.config import Split
from training.data.files import describe_files, find_files
from training.data.galaxies import TARGETS, GalaxyBox, TrainingGalaxies, read_box
from training.systems.contract import LICENCE, describe_device
from training.systems.dm2gal import BOXES, CELLS, refuse_held_out

Weights = dict[str, NDArray[np.float32]]


def read_boxes(folder: Path) -> list[tuple[Path, Split, GalaxyBox]]:
    """Read the parts of boxes that dm2gal trains on."""
    found = []
    for path, source in find_files(folder, BOXES):
        refuse_held_out(path.stem, source)
        found.append((path, source, read_box(path, source, "galaxies", CELLS["small"])))
    return found


def fit(boxes: Sequence[GalaxyBox], sources: Sequence[Split], card: ModelCard) -> Weights:
    """List the subhaloes that train, with their stars.

    Parameters
    ----------
    boxes : sequence of GalaxyBox
        That train.
    sources : sequence of Split
        Which part of each.
    card : ModelCard
        Whose output says how stars are scaled.

    Returns
    -------
    dict of str to array, (n,)
        See `engine.systems.hod.HodEmulator`.
    """
    columns: dict[str, list[NDArray[np.float64]]] = {}
    for box, source in zip(boxes, sources, strict=True):
        halos = box.subhalos.subhalos
        seen = (halos.mvir >= box.least_mass) & inside(box, source)
        stars = box.truth.galaxies.of_subhalos(len(halos))[seen]
        of_box = {
            "host": np.log10(host_mass(halos)[seen]),
            "central": (halos.host[seen] < 0).astype(np.float64),
            "mass": np.log10(halos.mvir[seen].astype(np.float64)),
            "stars": card.output.normalization.forward(stars / card.output.cell_size**3),
        }
        for name, column in of_box.items():
            columns.setdefault(name, []).append(column)
    return {name: np.concatenate(each).astype(np.float32) for name, each in columns.items()}


def inside(box: GalaxyBox, source: Split) -> NDArray[np.bool_]:
    """Which subhaloes of a box lie in a part of it, (n,)."""
    cells = len(box.dark_matter.values)
    place = in_cells(box.subhalos.subhalos.position, cells, box.dark_matter.box_size).astype(int)
    parts = source.cells(cells)
    each = [
        (place[:, 2 - axis] >= part.start) & (place[:, 2 - axis] < part.stop)
        for axis, part in enumerate(parts)
    ]
    return np.all(each, axis=0)


def card_of(examples: TrainingGalaxies, files: Sequence[TrainingFile]) -> ModelCard:
    """Make the card of a fit."""
    one = examples.boxes[0]
    size, redshift = one.dark_matter.cell_size, one.dark_matter.redshift
    return ModelCard(
        system="hod",
        title=HodEmulator.title,
        paper=HodEmulator.paper,
        inputs=(Input(SUBHALOS, SUBHALOS, "grid", size, redshift, examples.inputs[1]),),
        output=Output("stars", "grid", size, replace(examples.output, offset=TARGETS["galaxies"])),
        architecture={"network": "list", "least_mass": one.least_mass},
        cosmology=one.dark_matter.cosmology,
        stochastic=True,
        training_data=tuple(files),
        recipe={},
        seed=0,
        hours=0.0,
        device=describe_device("cpu"),
        licence=LICENCE,
    )


def fitted(folder: Path) -> tuple[ModelCard, Weights]:
    """Fit the boxes of a folder.

    Raises
    ------
    ValueError
        In one sentence, if there are none or one lacks something.
    """
    read = read_boxes(folder)
    boxes, sources = [box for *_, box in read], [source for _, source, _ in read]
    files = [(path, source) for path, source, _ in read]
    examples = TrainingGalaxies(boxes, "galaxies", 0, 1, 0, True, boxes[0], files)
    card = card_of(examples, describe_files(files))
    return card, fit(boxes, sources, card)
