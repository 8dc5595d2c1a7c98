"""One command's worth of work: cards in, page and JSON out."""

from collections.abc import Callable, Sequence
from pathlib import Path

from engine.simulation import open_simulation
from training.report import content, page, run
from training.report.drawing import svg
from training.report.parts import Folder
from training.report.pictures import picture_figure
from training.report.reported import baselines, from_card

Progress = Callable[[int, int], None]
"""Told how many paintings more are done, of how many altogether."""


def make(
    cards: Sequence[Path],
    simulations: Sequence[str],
    axes: str,
    count: int,
    out: Path,
    device: str = "auto",
    progress: Progress = lambda done, total: None,
) -> None:
    """Score emulators and write the report, going on where an earlier run of it stopped.

    Parameters
    ----------
    cards : sequence of path
        JSON files of weights.
    simulations : sequence of str
        Names or slab files, with truth.
    axes : str
        Projections.
    count : int
        Realisations of each stochastic network.
    out : path
        HTML file; the JSON and the folder of parts lie beside it.
    device : str
        "auto", "cpu" or "cuda".
    progress : callable, optional
        Told of each painting.

    Raises
    ------
    ValueError
        In one sentence, if a card or a simulation can't be used.
    """
    if count < 1:
        raise ValueError(f"Realisations are {count}, expected 1 or more.")
    networks = [from_card(path, device) for path in cards]
    names = [emulator.card.name for emulator in networks]
    for name in names:
        if names.count(name) > 1:
            raise ValueError(
                f"{names.count(name)} cards are of {name}, expected one: report them one by one."
            )
    emulators = [*networks, *baselines(networks)]
    opened = [open_simulation(name) for name in simulations]
    todo = run.tasks(emulators, opened, axes, count)
    total = sum(task.count * len(task.places) for task in todo)
    folder = Folder(out.with_name(f"{out.stem}-parts"))
    out.parent.mkdir(parents=True, exist_ok=True)
    found = content.measured(emulators, todo, folder, lambda done: progress(done, total))
    content.write(out.with_suffix(".json"), content.as_json(found))
    own = {f"{t.emulator.card.name} {t.simulation.name} {t.axes}": t for t in todo if t.own}
    pictures = {
        name: svg(picture_figure(task), f"picture-{number}")
        for number, (name, task) in enumerate(own.items())
    }
    content.write(out, page.html(found, pictures))
