"""Everything a report says, as its JSON holds it."""

import json
import platform
from collections.abc import Callable, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

from engine.files import sha256, written_whole
from engine.simulation import Simulation
from training.report import headlines, run
from training.report.bands import QUANTILES
from training.report.parts import Folder
from training.report.reported import Reported
from training.report.systems.contract import Paper, papers
from training.validation import heaviest_halo

FORMAT = "baryon-explorer report"
VERSION = 3

PACKAGES = ("baryon-explorer", "numpy", "scipy", "torch", "openvino")
"""Whose versions decide the numbers."""


def measured(
    emulators: Sequence[Reported],
    todo: Sequence[run.Task],
    folder: Folder,
    advance: Callable[[int], None],
) -> dict[str, Any]:
    """Measure what isn't yet, and say it all.

    Parameters
    ----------
    emulators : sequence of Reported
        Networks and baselines.
    todo : sequence of Task
        What they paint.
    folder : Folder
        Of the parts.
    advance : callable
        Told how many paintings more are done.

    Returns
    -------
    dict
        What JSON can hold; the same numbers whether the run was interrupted or not.
    """
    results = [headlines.result(task, parts) for task, parts in run.run(todo, folder, advance)]
    places = {task.simulation.path: task for task in todo}
    fields = {emulator.card.field for emulator in emulators}
    published = papers(emulator.card.system for emulator in emulators)
    return {
        "format": FORMAT,
        "format_version": VERSION,
        "versions": {name: version(name) for name in PACKAGES},
        "python": platform.python_version(),
        "quantiles": list(QUANTILES),
        "emulators": [
            {
                "name": card.name, "system": card.system, "title": card.title,
                "field": card.field, "level": card.level, "stochastic": card.stochastic,
                "sha256": card.weights_sha256,
            }
            for card in (emulator.card for emulator in emulators)
        ],
        "simulations": [
            about(task.simulation, task.axes, fields, published) for task in places.values()
        ],
        "results": results,
        "gains": headlines.gains(results),
    }  # fmt: skip


def about(
    simulation: Simulation, axes: str, fields: set[str], published: Sequence[Paper]
) -> dict[str, Any]:
    """What a simulation is, and what its truth alone shows, as papers have it."""
    found: dict[str, Any] = {
        "name": simulation.name,
        "sha256": sha256(simulation.path),
        "axes": axes,
        "slabs": simulation.n_slabs(axes[0]),
        "box_size": {"value": simulation.box_size, "unit": "Mpc/h"},
        "depth": {"value": simulation.depth, "unit": "Mpc/h"},
        "pixel_size": {"value": simulation.pixel_size, "unit": "kpc/h"},
        "pixels": simulation.pixels,
        "redshift": simulation.redshift,
    }
    if "hydro" in simulation.runs:
        places, mass = heaviest_halo(simulation, axes)
        found["heaviest_halo"] = {
            "value": mass, "unit": "Msun/h",
            "slabs": [f"{place.axis}{place.index}" for place in places],
        }  # fmt: skip
    for paper in published:
        found |= paper.truths(simulation, axes, fields)
    return found


def write(path: Path, text: str) -> None:
    """Write a file, which is there whole or not at all."""
    with written_whole(path) as part:
        part.write_text(text)


def as_json(content: dict[str, Any]) -> str:
    """Write for machines; a number that isn't there is null."""
    return json.dumps(content, allow_nan=False, ensure_ascii=False, separators=(",", ":")) + "\n"
