"""Measures all that a report shows: every painter, on every slab, from every dark matter."""

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

from engine.halos import Halos
from engine.mesh import Slab
from engine.places import Run
from engine.simulation import Simulation
from training.report import measure
from training.report.measure import Part, Place
from training.report.painters import Painter, cores, runs
from training.report.parts import Folder

OTHER_RUNS = 8
"""Realisations, at most, for dark matter that a network wasn't trained on: enough for the median
of a spectrum over all slabs, and a fifth of the time of all of them."""

SlabKey = tuple[str, int]
"""(axis, index)."""


@dataclass(frozen=True)
class Task:
    """One painter on all slabs of one simulation, from one kind of dark matter.

    Parameters
    ----------
    painter : Painter
        What paints.
    simulation : Simulation
        What is painted.
    axes : str
        Projections.
    run : Run
        Which run the dark matter that is painted from is of.
    count : int
        Realisations.
    """

    painter: Painter
    simulation: Simulation
    axes: str
    run: Run
    count: int

    @property
    def slabs(self) -> list[SlabKey]:
        """All that are painted."""
        return [(a, i) for a in self.axes for i in range(self.simulation.n_slabs(a))]

    @property
    def own(self) -> bool:
        """Whether the dark matter is what networks are trained on."""
        return (self.run.field, self.run.origin) == ("dm", "ds")


def tasks(
    painters: Sequence[Painter], simulations: Sequence[Simulation], axes: str, count: int
) -> list[Task]:
    """List what there is to do, best known first.

    Parameters
    ----------
    painters : sequence of Painter
        Networks and baselines.
    simulations : sequence of Simulation
        With maps of the painted fields.
    axes : str
        Projections to use; those that a simulation lacks are left out.
    count : int
        Realisations.

    Raises
    ------
    ValueError
        If a simulation has none of the axes, or lacks a field's truth or its dark matter.
    """
    found = []
    _refuse_twice(simulations, axes)
    for simulation in simulations:
        there = "".join(axis for axis in axes if axis in simulation.axes)
        if not there:
            raise ValueError(
                f"{simulation.name} has maps along {', '.join(simulation.axes) or 'no axis'}, "
                f"expected some along {', '.join(axes)}: choose with --axes."
            )
        for painter in painters:
            for each in _paintable(painter, simulation, there[0]):
                task = Task(painter, simulation, there, each, painter.realisations(count))
                few = min(task.count, OTHER_RUNS)
                found.append(task if task.own else replace(task, count=few))
    return found


def _refuse_twice(simulations: Sequence[Simulation], axes: str) -> None:
    """Refuse two files that hold maps of one name along one axis."""
    names = [f"{s.name} along {axis}" for s in simulations for axis in s.axes if axis in axes]
    twice = [name for name in names if names.count(name) > 1]
    if twice:
        raise ValueError(f"Two simulations are {twice[0]}, expected each once: leave one out.")


def _paintable(painter: Painter, simulation: Simulation, axis: str) -> list[Run]:
    """Dark matter that a painter can be scored from, refused if there is none."""
    if not simulation.has(painter.field, axis):
        raise ValueError(
            f"{simulation.name} has no maps of {painter.field!r}, expected the truth that "
            f"{painter.name} is scored with: leave out the one or the other."
        )
    found = runs(simulation, axis, painter.level)
    if not found:
        raise ValueError(
            f"{simulation.name} has no dark matter of level {painter.level}, expected maps "
            f"that {painter.name} paints from: leave out the one or the other."
        )
    return found


def run(
    todo: Sequence[Task], folder: Folder, advance: Callable[[int], None]
) -> Iterator[tuple[Task, Mapping[SlabKey, Part]]]:
    """Measure what no part in the folder tells yet, one task after the other.

    Parameters
    ----------
    todo : sequence of Task
        What there is to do.
    folder : Folder
        Where parts are kept.
    advance : callable
        Told how many paintings more are done.

    Yields
    ------
    (Task, mapping of (axis, index) to Part)
    """
    workers = cores()
    hashes = {task.simulation.path: sha256(task.simulation.path) for task in todo}
    with ThreadPoolExecutor(workers, "report") as pool:
        for task in todo:
            parts = {}
            for axis, index in task.slabs:
                name = part_name(task, axis, index)
                key = f"{task.painter.sha256} {hashes[task.simulation.path]} {task.count}"
                part = folder.read(name, key)
                if part is None:
                    place = place_of(task, axis, index)
                    part = measure.run(task.painter, place, task.count, pool, workers, advance)
                    folder.write(name, key, part)
                else:
                    advance(task.count)
                parts[axis, index] = part
            yield task, parts


def place_of(task: Task, axis: str, index: int) -> Place:
    """Read the maps of a slab."""
    simulation, of = task.simulation, task.run
    dark_matter = simulation.slab(of.field, axis, index, of.level, of.origin)
    return Place(
        dark_matter,
        simulation.slab(task.painter.field, axis, index),
        _reference(simulation, axis, index),
        _halos(simulation),
    )


def part_name(task: Task, axis: str, index: int) -> str:
    """Name the file of a part."""
    run_name = task.run.name.replace("/", "-")
    return f"{task.painter.name}-{task.simulation.name}-{run_name}-{axis}{index}"


def _reference(simulation: Simulation, axis: str, index: int) -> Slab:
    """Best dark matter there is of the hydrodynamical run, or of the other."""
    field = "dm" if simulation.has("dm", axis) else "dmo"
    return simulation.slab(field, axis, index)


@lru_cache(maxsize=4)
def _halos(simulation: Simulation) -> Halos | None:
    return simulation.halos("hydro") if "hydro" in simulation.runs else None


def sha256(path: Path) -> str:
    """Hash of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
