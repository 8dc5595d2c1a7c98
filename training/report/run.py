"""Measures all that a report shows: every emulator, on every slab, from every dark matter."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import lru_cache

from engine import inputs
from engine.files import sha256
from engine.halos import Halos
from engine.mesh import Slab
from engine.places import Run, SlabPlace
from engine.simulation import Simulation
from training.report import measure
from training.report.measure import Maps, Part
from training.report.parts import Folder
from training.report.reported import Reported, cores
from training.validation import true_slab

OTHER_RUNS = 8
"""Realisations, at most, for dark matter that a network wasn't trained on: enough for the median
of a spectrum over all slabs, and a fifth of the time of all of them."""


@dataclass(frozen=True)
class Task:
    """One emulator on all slabs of one simulation, from one kind of dark matter.

    Parameters
    ----------
    emulator : Reported
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

    emulator: Reported
    simulation: Simulation
    axes: str
    run: Run
    count: int

    @property
    def places(self) -> list[SlabPlace]:
        """All slabs that are painted."""
        return [SlabPlace(a, i) for a in self.axes for i in range(self.simulation.n_slabs(a))]

    @property
    def own(self) -> bool:
        """Whether the dark matter is what networks are trained on."""
        return (self.run.field, self.run.origin) == ("dm", "ds")


def tasks(
    emulators: Sequence[Reported], simulations: Sequence[Simulation], axes: str, count: int
) -> list[Task]:
    """List what there is to do, best known first.

    Parameters
    ----------
    emulators : sequence of Reported
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
        for emulator in emulators:
            for each in _paintable(emulator, simulation, there[0]):
                task = Task(emulator, simulation, there, each, emulator.realisations(count))
                few = min(task.count, OTHER_RUNS)
                found.append(task if task.own else replace(task, count=few))
    return found


def _refuse_twice(simulations: Sequence[Simulation], axes: str) -> None:
    """Refuse two files that hold maps of one name along one axis."""
    names = [f"{s.name} along {axis}" for s in simulations for axis in s.axes if axis in axes]
    twice = [name for name in names if names.count(name) > 1]
    if twice:
        raise ValueError(f"Two simulations are {twice[0]}, expected each once: leave one out.")


def _paintable(emulator: Reported, simulation: Simulation, axis: str) -> list[Run]:
    """Dark matter that an emulator can be scored from, refused if there is none."""
    card, place = emulator.card, SlabPlace(axis)
    true_slab(simulation, card, place)
    # The particles of HR are never thinned out: there `ds` is the run itself.
    found = [
        run
        for run in inputs.runs(simulation, card, place)
        if run.level == card.level and (run.level, run.origin) != ("HR", "native")
    ]
    if not found:
        raise ValueError(
            f"{simulation.name} has no dark matter of level {card.level}, expected maps "
            f"that {card.name} paints from: leave out the one or the other."
        )
    return found


def run(
    todo: Sequence[Task], folder: Folder, advance: Callable[[int], None]
) -> Iterator[tuple[Task, Mapping[SlabPlace, Part]]]:
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
    (Task, mapping of SlabPlace to Part)
    """
    workers = cores()
    hashes = {task.simulation.path: sha256(task.simulation.path) for task in todo}
    with ThreadPoolExecutor(workers, "report") as pool:
        for task in todo:
            parts = {}
            for place in task.places:
                name = part_name(task, place)
                weights = task.emulator.card.weights_sha256
                key = f"{weights} {hashes[task.simulation.path]} {task.count}"
                part = folder.read(name, key)
                if part is None:
                    maps = maps_of(task, place)
                    part = measure.run(task.emulator, maps, task.count, pool, workers, advance)
                    folder.write(name, key, part)
                else:
                    advance(task.count)
                parts[place] = part
            yield task, parts


def maps_of(task: Task, place: SlabPlace) -> Maps:
    """Read the maps of a slab."""
    simulation, card = task.simulation, task.emulator.card
    eaten = inputs.inputs(simulation, card, place, task.run)
    truth = true_slab(simulation, card, place)
    below, halos = _reference(simulation, place), _halos(simulation)
    return Maps(eaten, truth, below, halos, measure.peaks_below(eaten, truth))


def part_name(task: Task, place: SlabPlace) -> str:
    """Name the file of a part."""
    run_name = task.run.name.replace("/", "-")
    names = task.emulator.card.name, task.simulation.name, run_name, f"{place.axis}{place.index}"
    return "-".join(names)


def _reference(simulation: Simulation, place: SlabPlace) -> Slab:
    """Best dark matter there is of the hydrodynamical run, or of the other."""
    field = "dm" if simulation.has("dm", place.axis) else "dmo"
    return simulation.slab(field, place.axis, place.index)


@lru_cache(maxsize=4)
def _halos(simulation: Simulation) -> Halos | None:
    return simulation.halos("hydro") if "hydro" in simulation.runs else None
