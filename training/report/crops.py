"""A page of crops that asks which one is true: simulation and samples, shuffled, without names."""

import base64
import io
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from matplotlib.image import imsave
from numpy.typing import NDArray

from engine.calibration import mean_dark_matter
from engine.mesh import Slab
from engine.places import Run, SlabPlace
from engine.simulation import Simulation, open_simulation
from training.report.content import write
from training.report.pictures import MAPS
from training.report.reported import Reported, from_card
from training.report.run import Task, maps_of
from training.report.sheet import environment

SIDE = 72
"""Of a crop, [pixels]: 2 Mpc/h of 29 kpc/h."""

SEEDS = 3
"""Samples beside the truth."""

EACH = 4
"""Rows of each kind, of slabs spread evenly over all."""

SHARES = (0.2, 99.8)
"""Per cent of a row's pixels between which its colours run."""

FAINTEST = 1e-6
"""Added before a logarithm, [Msun h / ckpc^2]."""


@dataclass(frozen=True)
class Row:
    """Crops of one place.

    Parameters
    ----------
    kind : str
        "void", "filament" or "halo".
    place : str
        Axis and number of the slab, and first row and column in it.
    crops : sequence of array, (SIDE, SIDE)
        Surface density as shown, [Msun h / ckpc^2].
    truth : int
        Which of them is the simulation's.
    """

    kind: str
    place: str
    crops: Sequence[NDArray[np.float32]]
    truth: int


def make(
    card: Path,
    simulation: str,
    axes: str,
    out: Path,
    shuffle: int = 0,
    device: str = "auto",
    without: Sequence[int] = (),
) -> None:
    """Write the page, and its key beside it, NAME-key.json.

    Parameters
    ----------
    card : path
        JSON file of a stochastic emulator.
    simulation : str
        Name or slab file, with truth.
    axes : str
        Projections.
    out : path
        HTML file.
    shuffle : int
        Another order for another number.
    device : str
        "auto", "cpu" or "cuda".
    without : sequence of int
        Numbers of slabs that are left out, of every axis.

    Raises
    ------
    ValueError
        In one sentence, if the emulator paints in one way only, the simulation lacks what it
        takes, or no slab is left.
    """
    emulator = from_card(card, device)
    if not emulator.card.stochastic:
        raise ValueError(
            f"{card.name} paints every slab in one way only, expected a stochastic emulator, whose "
            "samples may be taken for the truth."
        )
    opened = open_simulation(simulation)
    found = list(rows(emulator, opened, axes, shuffle, without))
    colours = MAPS[emulator.card.field]
    pictures = [(row.kind, [picture(crop, row, colours) for crop in row.crops]) for row in found]
    out.parent.mkdir(parents=True, exist_ok=True)
    write(out, environment().get_template("crops.html").render(rows=pictures, card=emulator.card))
    key = {
        "emulator": emulator.card.name,
        "sha256": emulator.card.weights_sha256,
        "simulation": opened.name,
        "truth": ["ABCD"[row.truth] for row in found],
        "places": [row.place for row in found],
    }
    write(out.with_name(f"{out.stem}-key.json"), json.dumps(key, indent=1) + "\n")


def rows(
    emulator: Reported,
    simulation: Simulation,
    axes: str,
    shuffle: int = 0,
    without: Sequence[int] = (),
) -> Iterator[Row]:
    """Crop voids, filaments and haloes out of slabs, but for some, and their samples."""
    task = Task(emulator, simulation, axes, Run("dm", emulator.card.level), SEEDS)
    places = [place for place in task.places if place.index not in without]
    if not places:
        raise ValueError(
            f"Without slabs {', '.join(map(str, without))} none of {simulation.name}'s "
            f"{len(task.places)} is left, expected some: leave out fewer."
        )
    count = min(EACH, len(places))
    # Another order for other weights: one page is no key to another.
    random = np.random.default_rng([shuffle, *bytes.fromhex(emulator.card.weights_sha256)])
    for place in (places[i * len(places) // count] for i in range(count)):
        maps = maps_of(task, place)
        slabs = [maps.truth, *emulator.paint(maps.inputs, range(SEEDS))]
        for kind, corner in corners(maps.reference).items():
            order = random.permutation(len(slabs))
            crops = [crop(slabs[i].values, corner) for i in order]
            yield Row(kind, _words(place, corner), crops, int(np.argmin(order)))


def corners(dark_matter: Slab) -> Mapping[str, tuple[int, int]]:
    """First row and column of the emptiest square, of one with many filaments, of the densest.

    None has a pixel of another.

    Parameters
    ----------
    dark_matter : Slab
        Periodic.
    """
    density = dark_matter.values / mean_dark_matter(dark_matter)
    logarithm = np.log10(np.maximum(density, 1e-3))
    # Filaments are dense, haloes far denser.
    filaments = _square_sums(logarithm > 0.2) - 3 * _square_sums(logarithm > 1.5)
    halo = _highest(_square_sums(np.minimum(density, 60)))
    near_halo = _overlap(filaments.shape, halo)
    void = _highest(np.where(near_halo, -np.inf, -_square_sums(logarithm)))
    # What two rows share tells which of their panels are of one map: one row told twice.
    taken = near_halo | _overlap(filaments.shape, void)
    filament = _highest(np.where(taken, -np.inf, filaments))
    return {"void": void, "filament": filament, "halo": halo}


def crop(values: NDArray[np.float32], corner: tuple[int, int]) -> NDArray[np.float32]:
    """Cut a square out of a periodic map."""
    rolled = np.roll(values, (-corner[0], -corner[1]), (0, 1))
    return rolled[:SIDE, :SIDE]


def picture(values: NDArray[np.float32], row: Row, colours: str) -> str:
    """Paint a crop in the colours of its row, for a page."""
    every = [np.log10(each + FAINTEST) for each in row.crops]
    low, high = np.percentile(every, SHARES)
    file = io.BytesIO()
    shown = np.log10(values + FAINTEST)
    imsave(file, shown, vmin=low, vmax=high, cmap=colours, origin="lower", format="png")
    return f"data:image/png;base64,{base64.b64encode(file.getvalue()).decode()}"


def _words(place: SlabPlace, corner: tuple[int, int]) -> str:
    return f"{place.axis}{place.index}, row {corner[0]}, column {corner[1]}"


def _highest(values: NDArray[np.float64]) -> tuple[int, int]:
    row, column = np.unravel_index(np.argmax(values), values.shape)
    return int(row), int(column)


def _overlap(shape: tuple[int, ...], corner: tuple[int, int]) -> NDArray[np.bool_]:
    """Whether the square that begins at each pixel of a periodic map has pixels of another.

    That is, whether it begins less than a side away from it along both axes.
    """
    near = []
    for side, at in zip(shape, corner, strict=True):
        away = np.abs(np.arange(side) - at)
        near.append(np.minimum(away, side - away) < SIDE)
    return np.logical_and.outer(*near)


def _square_sums(values: NDArray[np.generic]) -> NDArray[np.float64]:
    """Sum over the square that begins at each pixel of a periodic map."""
    square = np.zeros(values.shape)
    square[:SIDE, :SIDE] = 1
    modes = np.fft.rfft2(values) * np.conj(np.fft.rfft2(square))
    return np.fft.irfft2(modes, values.shape)
