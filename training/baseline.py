"""Makes the baselines: the local map, which sees one pixel at a time, and the mesh alone."""

import time
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from engine.systems.card import ModelCard, TrainingFile
from engine.systems.registry import emulator_class
from training.data.slabs import Pair, card_meshes
from training.systems.contract import LICENCE, describe_device

SYSTEM = "local-map"
MESH = "particle-mesh"

POINTS = 301
"""Of a table: at equal steps of the logit of the rank, down to a single pixel at either end,
since a few hundred of ten million pixels hold most of the power."""


def fit(
    pairs: Sequence[Pair], files: Sequence[TrainingFile] = ()
) -> tuple[ModelCard, dict[str, NDArray[np.float32]]]:
    """Match the histograms of dark matter and field over all pixels of some maps.

    Parameters
    ----------
    pairs : sequence of Pair
        Training maps of one field and level.
    files : sequence of TrainingFile
        What the maps are from, for the card.

    Returns
    -------
    ModelCard
        Of the local map.
    dict of str to array, (n,)
        `dark_matter` and `painted`, both normalised.
    """
    start = time.perf_counter()
    (eaten,), painted = card_meshes(pairs)
    scaled = [
        (
            eaten.normalization.forward(pair.dark_matter.values.ravel()),
            painted.normalization.forward(pair.target.values.ravel()),
        )
        for pair in pairs
    ]
    table = matched(*(np.concatenate(side) for side in zip(*scaled, strict=True)))
    emulator = emulator_class(SYSTEM)
    card = ModelCard(
        system=SYSTEM,
        title=emulator.title,
        paper=emulator.paper,
        inputs=(eaten,),
        output=painted,
        architecture={"network": "table", "points": len(table["dark_matter"])},
        cosmology=pairs[0].target.cosmology,
        stochastic=False,
        training_data=tuple(files),
        recipe={"points": POINTS},
        seed=0,
        hours=round((time.perf_counter() - start) / 3600, 6),
        device=describe_device("cpu"),
        licence=LICENCE,
    )
    return card, table


def particle_mesh(like: ModelCard) -> ModelCard:
    """Card of the particle mesh alone, as the baseline of a card that begins at the same start.

    Raises
    ------
    ValueError
        If that card paints something else than dark matter, or is of another kind.
    """
    emulator = emulator_class(MESH)
    if like.field != "dm" or "redshift" not in like.architecture:
        raise ValueError(
            f"{like.name} paints {like.field}, expected a card for dm that begins at the initial "
            "conditions, as JERALD's."
        )
    return replace(
        like,
        system=MESH,
        title=emulator.title,
        paper=emulator.paper,
        architecture={"network": "none", "redshift": like.architecture["redshift"]},
        training_data=(),
        parameters=(),
        recipe={},
        scores=(),
        hours=0.0,
    )


def matched(x: NDArray[np.floating], y: NDArray[np.floating]) -> dict[str, NDArray[np.float32]]:
    """The increasing relation that turns one histogram into another.

    Parameters
    ----------
    x, y : array, (pixels,)
        Normalised dark matter and field, in any order.

    Returns
    -------
    dict of str to array, (n,)
        `dark_matter`, rising, and `painted`, never falling, at equal ranks.
    """
    edge = np.log(len(x))
    rank = 1 / (1 + np.exp(-np.linspace(-edge, edge, POINTS)))
    at, found = (np.quantile(values, rank).astype(np.float32) for values in (x, y))
    at, found = np.maximum.accumulate(at), np.maximum.accumulate(found)
    kept = np.concatenate(([True], np.diff(at) > 0))
    return {"dark_matter": at[kept], "painted": found[kept]}
