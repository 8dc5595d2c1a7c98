"""Scores and a report of emulators of clusters: cards and simulations in, page and JSON out."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from engine.fields import AXES, OF_HOT_GAS
from engine.simulation import Simulation, open_simulation
from engine.systems.card import ModelCard, read_card, write_card
from engine.systems.contract import Emulator
from engine.systems.registry import emulator_class
from engine.systems.weights import read_weights
from training.report import content
from training.report.boxes import Advance, Content
from training.report.cluster_measures import (
    LIGHTEST,
    Painted,
    coarser_of,
    compared,
    measured,
    painted,
    runs_of,
)
from training.report.systems import cluster_unet

SCORED_ON = "groups-202-z0"
"""Whose clusters ship; none of them trained or chose weights."""

SHOWN = ("median_error", "median_size", "profile_error", "correlation")
"""Numbers of a score that are told."""


def note_scores(
    card_path: Path, simulations: Sequence[str], device: str = "auto"
) -> list[tuple[str, Content]]:
    """Write how far clusters are painted from the truth on a card; return it by the run.

    Raises
    ------
    ValueError
        In one sentence, if the card or a simulation can't be used.
    """
    emulator = _emulator(card_path, device)
    card, told = emulator.card, []
    for name in simulations:
        simulation = open_simulation(name)
        found: Content = {
            "simulation": simulation.name,
            "axes": AXES,
            "level": card.level,
            "pixel_size": card.pixel_size,
            "lightest": LIGHTEST,
            "clusters": {},
        }
        for run in runs_of(simulation):
            every = painted(emulator, simulation, run)
            found["clusters"][run] = {
                "all": compared(every),
                "heavy": compared(every.above(LIGHTEST)),
            }
            told.append((f"{simulation.name}, {run}", found["clusters"][run]["heavy"]))
        card = replace(
            card, scores=(*(s for s in card.scores if s["simulation"] != simulation.name), found)
        )
    write_card(card_path, card)
    return told


def make(
    card_paths: Sequence[Path],
    simulations: Sequence[str],
    out: Path,
    device: str = "auto",
    advance: Advance = lambda doing: None,
) -> None:
    """Score emulators of clusters and write the report.

    Parameters
    ----------
    card_paths : sequence of path
        JSON files of weights; the first system is reported whole, others beside it.
    simulations : sequence of str
        Names or files: the first with truth and dark matter, the others with the same objects
        in dark matter of coarser levels.
    out : path
        HTML file; the JSON lies beside it.
    device : str
        "auto", "cpu" or "cuda".
    advance : callable
        Told what is being done.

    Raises
    ------
    ValueError
        In one sentence, if a card or simulation can't be used.
    """
    emulators = [_emulator(path, device) for path in card_paths]
    opened = [open_simulation(name) for name in simulations]
    first, main = opened[0], emulators[0].card.system
    results, shown = [], {}
    for emulator in emulators:
        card = emulator.card
        for run, dark in _inputs(opened, full=card.system == main):
            advance(f"{card.title}, {card.field} from {run}")
            pairs = painted(emulator, first, run.split()[0], dark)
            results.append(
                {"system": card.system, "title": card.title, "field": card.field, "run": run}
                | measured(pairs, card.output.normalization)
            )
            if card.system == main and run == "dm":
                shown[card.field] = pairs.above(LIGHTEST)
    found = {
        "format": content.FORMAT,
        "format_version": content.VERSION,
        "main": main,
        "emulators": [_about(emulator.card) for emulator in emulators],
        "simulation": {
            "name": first.name, "box_size": first.box_size, "redshift": first.redshift,
        },
        "lightest": LIGHTEST,
        "results": results,
    }  # fmt: skip
    out.parent.mkdir(parents=True, exist_ok=True)
    content.write(out.with_suffix(".json"), content.as_json(found))
    content.write(out, cluster_unet.html(found, _pictures(shown, emulators)))


def _inputs(opened: Sequence[Simulation], *, full: bool) -> list[tuple[str, Simulation | None]]:
    """Runs that are painted on; a baseline on the first alone."""
    runs: list[tuple[str, Simulation | None]] = [(run, None) for run in runs_of(opened[0])]
    if not full:
        return runs[:1]
    return runs + [(f"dm {level}", each) for level, each in coarser_of(opened).items()]


def _pictures(shown: Mapping[str, Painted], emulators: Sequence[Emulator]) -> list[dict[str, Any]]:
    """The heaviest object along z, of each field: dark matter, truth, painting and scaling."""
    scalings = {each.card.field: each.card.output.normalization for each in emulators[:3]}
    pictures = []
    for field in OF_HOT_GAS:
        if field in shown:
            pairs = shown[field]
            row = max(range(len(pairs.mass)), key=lambda i: (pairs.mass[i], pairs.dark[i].axis))
            pictures.append(
                {
                    "dark": pairs.dark[row],
                    "truth": pairs.truth[row],
                    "painted": pairs.painting[row],
                    "scaling": scalings[field],
                }
            )
    return pictures


def _about(card: ModelCard) -> Content:
    return {
        "name": card.name,
        "system": card.system,
        "title": card.title,
        "field": card.field,
        "sha256": card.weights_sha256,
        "trained_on": [file.name for file in card.training_data],
    }


def _emulator(card_path: Path, device: str) -> Emulator:
    card = read_card(card_path)
    return emulator_class(card.system)(card, read_weights(card_path, card), device)
