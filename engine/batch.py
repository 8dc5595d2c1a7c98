"""Paintings of many places and seeds, tile by tile, so that work goes on where it was stopped."""

import json
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from functools import lru_cache
from itertools import product
from pathlib import Path
from shutil import rmtree

import numpy as np
from numpy.typing import NDArray

from engine import inputs
from engine.device import memory_budget
from engine.files import written_whole
from engine.formats.paintings import Work, read_work, write_paintings
from engine.mesh import Mesh
from engine.places import BoxPlace, ObjectPlace, Place, SlabPlace, place_to_json
from engine.simulation import Simulation, open_simulation
from engine.spans import spans_of_side
from engine.systems.card import ModelCard
from engine.systems.contract import Emulator, Region
from engine.systems.registry import load_emulator

TILE_CELLS = 2**24
"""Of a tile: a minute's work on a CPU, which is what a stop may cost."""

Array = NDArray[np.float32]


@dataclass(frozen=True)
class Tile:
    """A part of the work.

    Parameters
    ----------
    place, seed : int
        Numbers among those of the work.
    region : tuple of int, optional
        In cells; the whole painting if left out.
    """

    place: int
    seed: int
    region: Region | None = None

    @property
    def name(self) -> str:
        """Of its file."""
        region = "-".join(map(str, self.region)) if self.region else "whole"
        return f"{self.place}-{self.seed}-{region}.npy"


Painter = Callable[[Work, Sequence[Tile]], Iterable[tuple[Tile, Array]]]
"""Paints tiles in any order."""


def work_on(
    simulation: Simulation,
    emulator: Emulator,
    places: Sequence[Place],
    seeds: Sequence[int],
    side: int | None = None,
) -> Work:
    """Describe work, refusing what can't be done.

    Parameters
    ----------
    places : sequence of Place
        What is painted; see `places_of`.
    seeds : sequence of int
        Of the realisations; a single one for an emulator that has none.
    side : int, optional
        Of a tile, [cells]; as large as `TILE_CELLS` allows if left out, 0 for whole paintings.

    Raises
    ------
    ValueError
        In one sentence.
    """
    card = emulator.card
    if len(seeds) > 1 and not card.stochastic:
        raise ValueError(
            f"{card.title} paints the same for every seed, and {len(seeds)} seeds were asked for: "
            "leave them out."
        )
    first = next(iter(inputs.inputs(simulation, card, places[0]).values()))
    ratio = card.inputs[0].cell_size / card.output.cell_size
    shape = tuple(round(n * ratio) for n in first.shape)
    if side is None:
        largest = int(TILE_CELLS ** (1 / len(shape)) + 1e-9)
        side = 0 if np.prod(shape) <= TILE_CELLS else largest
    about = simulation.path.stat()
    return Work(
        simulation=str(simulation.path.resolve()),
        stamp=f"{about.st_size} {about.st_mtime_ns}",
        emulator=card.system,
        field=card.field,
        level=card.trained_for,
        weights=card.weights_sha256,
        places=tuple(json.dumps(place_to_json(place)) for place in places),
        seeds=tuple(seeds),
        shape=shape,
        side=side,
        memory=emulator.memory or memory_budget(emulator.device),
    )


def places_of(
    simulation: Simulation, card: ModelCard, axis: str, numbers: Sequence[int] | None = None
) -> list[Place]:
    """Places that an emulator paints: slabs or objects along an axis, or the box.

    Parameters
    ----------
    axis : {"x", "y", "z"}
        Line of sight.
    numbers : sequence of int, optional
        Of the slabs or objects; all if left out.
    """
    kind = card.output.kind
    if kind == "grid":
        return [BoxPlace()]
    if kind == "slab":
        return [SlabPlace(axis, i) for i in numbers or range(simulation.n_slabs(axis))]
    count = max((n for (_, a), n in simulation.cutouts().items() if a == axis), default=0)
    return [ObjectPlace(i, axis) for i in numbers or range(count)]


def tiles_of(work: Work) -> list[Tile]:
    """All tiles of the work, those of one place together."""
    regions: list[Region | None] = [None]
    if work.side:
        cut = (spans_of_side((0, n), work.side) for n in work.shape)
        regions = [tuple(n for span in spans for n in span) for spans in product(*cut)]
    numbers = product(range(len(work.places)), range(len(work.seeds)))
    return [Tile(place, seed, region) for place, seed in numbers for region in regions]


def paint_file(
    work: Work,
    out: Path,
    paint: Painter | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> None:
    """Paint all tiles that are not there yet, then write the file.

    Finished tiles lie in a folder beside it, each written whole or not at all: killed at any
    moment, the same call goes on. When the file is there, the folder goes.

    Parameters
    ----------
    out : path
        Of the HDF5 file, see `engine.formats.paintings`.
    paint : callable, optional
        Paints tiles; in this process if left out.
    progress : callable, optional
        Told how many tiles are done, of how many.

    Raises
    ------
    ValueError
        In one sentence, if the file or the folder is of other work.
    """
    folder = out.with_name(f"{out.name}.tiles")
    if out.exists():
        _check_same(work, read_work(out), out)
        rmtree(folder, ignore_errors=True)
        return
    work = _begun(work, folder)
    tiles = tiles_of(work)
    missing = [tile for tile in tiles if not (folder / tile.name).exists()]
    done = len(tiles) - len(missing)
    for tile, values in (paint or paint_here)(work, missing):
        with written_whole(folder / tile.name) as part, part.open("wb") as file:
            np.save(file, values)
            file.flush()
            os.fsync(file.fileno())
        done += 1
        if progress is not None:
            progress(done, len(tiles))
    mesh = _first_input(work)
    loaded = ((tile.place, tile.seed, tile.region, np.load(folder / tile.name)) for tile in tiles)
    write_paintings(out, work, mesh, loaded)
    rmtree(folder)


def _begun(work: Work, folder: Path) -> Work:
    """The work as whoever began it described it, or begin it."""
    described = folder / "work.json"
    if described.exists():
        earlier = described.read_text(encoding="utf-8")
        _check_same(work, earlier, folder)
        return Work.from_json(earlier)
    folder.mkdir(exist_ok=True)
    with written_whole(described) as part:
        part.write_text(work.to_json(), encoding="utf-8")
    return work


def _check_same(work: Work, earlier: str, path: Path) -> None:
    try:
        other = Work.from_json(earlier)
    except (TypeError, ValueError):
        raise ValueError(f"{path} is there and no work of this command: choose another.") from None
    if not work.same_as(other):
        ours, theirs = asdict(work), asdict(other)
        names = [name for name in ours if name != "memory" and ours[name] != theirs[name]]
        raise ValueError(
            f"{path} is of another command (its {' and '.join(names)} differ): remove it or choose "
            "another --out."
        )


def paint_here(work: Work, tiles: Sequence[Tile]) -> Iterator[tuple[Tile, Array]]:
    """Paint tiles in this process, one after the other."""
    for tile in tiles:
        yield tile, paint_tile(work, tile)


def paint_tile(work: Work, tile: Tile) -> Array:
    """Values of one tile, in the field's unit."""
    emulator = _emulator(work)
    eaten = _inputs(work, tile.place)
    seed = work.seeds[tile.seed]
    painted: Mesh = emulator.predict(eaten, seed=seed, region=tile.region)
    return painted.values


@lru_cache(1)
def _emulator(work: Work) -> Emulator:
    emulator = load_emulator(work.emulator, work.field, work.level)
    if emulator.card.weights_sha256 != work.weights:
        raise ValueError(
            f"{work.emulator} of {work.field} has other weights here than where the work began: "
            "install the same."
        )
    emulator.memory = work.memory
    return emulator


@lru_cache(1)
def _inputs(work: Work, place: int) -> dict[str, Mesh]:
    """Of the place whose tiles are painted, read once."""
    simulation = open_simulation(work.simulation)
    return inputs.inputs(simulation, _emulator(work).card, work.place(place))


def _first_input(work: Work) -> Mesh:
    return next(iter(_inputs(work, 0).values()))
