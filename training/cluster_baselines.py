"""Fits what emulators of clusters must beat: one pixel at a time, and mass alone."""

import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from engine.fields import OF_HOT_GAS
from engine.normalization import Identity, Normalization
from engine.systems.card import DARK_MATTER, Input, ModelCard, Output
from engine.systems.registry import emulator_class
from training.baseline import matched
from training.config import Split
from training.data.cluster_maps import ClusterMaps, read_clusters
from training.data.cutouts import scaling_of
from training.data.files import describe_files
from training.systems.contract import LICENCE, describe_device

Table = dict[str, NDArray[np.float32]]


def fit(files: Sequence[tuple[Path, Split]]) -> Iterator[tuple[ModelCard, Table]]:
    """Fit both baselines of all fields to the maps around some clusters.

    Parameters
    ----------
    files : sequence of (path, Split)
        Simulation files with cut-outs.

    Yields
    ------
    ModelCard, dict of str to array
        With its weights.
    """
    start = time.perf_counter()
    maps = read_clusters(files, OF_HOT_GAS, trains=True)
    eaten = scaling_of(maps.dark_matter, "dm", "minmax")
    for number, field in enumerate(OF_HOT_GAS):
        values = maps.fields[:, number]
        scaling = scaling_of(values, field, "minmax")
        there = values > 0 if field == "temperature_sl" else np.ones(values.shape, bool)
        local = matched(eaten.forward(maps.dark_matter[there]), scaling.forward(values[there]))
        for system, table, scalings in (
            ("local-map", local, (eaten, scaling)),
            ("mean-profile", profile_table(maps, number), (Identity(), Identity())),
        ):
            hours = round((time.perf_counter() - start) / 3600, 6)
            yield _card(system, field, maps, scalings, table, files, hours), table


def _card(
    system: str,
    field: str,
    maps: ClusterMaps,
    scalings: tuple[Normalization, Normalization],
    table: Table,
    files: Sequence[tuple[Path, Split]],
    hours: float,
) -> ModelCard:
    """Say what a table is: scaled so from so much dark matter, fitted to these files."""
    emulator, first = emulator_class(system), maps.first
    lowest, highest = maps.redshifts
    eaten = Input(
        DARK_MATTER,
        "dm",
        "cutout",
        first.cell_size,
        lowest,
        scalings[0],
        first.depth,
        "HR",
        round(first.separation, 3) or None,
        highest if highest > lowest else None,
    )
    return ModelCard(
        system=system,
        title=emulator.title,
        paper=emulator.paper,
        inputs=(eaten,),
        output=Output(field, "cutout", first.cell_size, scalings[1], first.depth),
        architecture={"network": "table", "points": len(next(iter(table.values())))},
        cosmology=first.cosmology,
        stochastic=False,
        training_data=describe_files(files),
        recipe={"maps": len(maps)},
        seed=0,
        hours=hours,
        device=describe_device("cpu"),
        licence=LICENCE,
    )


def profile_table(maps: ClusterMaps, number: int) -> Table:
    """Fit the mean profile of a field, by its number, as a baseline's weights."""
    found = maps.profile_by_mass(number, OF_HOT_GAS[number])
    names = ("constant", "slope", "running")
    columns = {"radius": found.radius, **dict(zip(names, found.powers[0], strict=True))}
    return {name: column.astype(np.float32) for name, column in columns.items()}
