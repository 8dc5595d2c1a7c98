"""A report on an emulator of boxes: card and simulations in, page and JSON out."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from engine import inputs, statistics
from engine.fields import AXES
from engine.galaxies import ADDED
from engine.mesh import Grid
from engine.painting import paint
from engine.simulation import Simulation, open_simulation
from engine.systems.box_pair import INITIAL, LOW
from engine.systems.card import read_card, write_card
from engine.systems.contract import Emulator
from engine.systems.hod import HodEmulator
from engine.systems.registry import emulator_class, load_emulator
from engine.systems.super_resolution import SuperResolution
from engine.systems.weights import read_weights
from training.report import content, galaxies
from training.report.bands import rounded
from training.report.boxes import BOX, PAIRS, Advance, Content, measured, truth_of
from training.report.systems import dm2gal, first_layer, super_resolution


def make(
    card_path: Path,
    simulations: Sequence[str],
    out: Path,
    device: str = "auto",
    advance: Advance = lambda doing: None,
    beside: Sequence[Path] = (),
) -> None:
    """Score an emulator of boxes and write the report.

    Parameters
    ----------
    card_path : path
        JSON file of its weights.
    simulations : sequence of str
        Names or files, with truth: the first is scored, the change to the others shown.
    out : path
        HTML file; the JSON lies beside it.
    device : str
        "auto", "cpu" or "cuda".
    advance : callable
        Told what is being done.
    beside : sequence of path
        Cards of further emulators of galaxies, as of the same network trained otherwise.

    Raises
    ------
    ValueError
        In one sentence, if a card or a simulation can't be used, or there are no figures for
        what the emulator eats.
    """
    emulator, parameters = _emulator(card_path, device)
    card = emulator.card
    if inputs.paints_by_subhalo(card):
        others = [_emulator(path, device)[0] for path in beside]
        _make_of_galaxies(emulator, others, parameters, simulations, out, advance)
        return
    if beside:
        raise ValueError(
            f"{len(beside) + 1} cards were given, expected one of an emulator of boxes: score them "
            "one by one."
        )
    if {each.name for each in card.inputs} != {LOW, INITIAL}:
        raise ValueError(
            f"{card_path.name} is of {card.system}, of which there is no report: without --out its "
            "scores are told, and noted on its card."
        )
    opened = [open_simulation(name) for name in simulations]
    found = measured(emulator, opened, advance)
    found = {
        "format": content.FORMAT,
        "format_version": content.VERSION,
        "emulator": {
            "name": card.name,
            "system": card.system,
            "title": card.title,
            "sha256": card.weights_sha256,
            "parameters": parameters,
            "trained_on": [file.name for file in card.training_data],
            "chosen": any(name.startswith("chosen") for name in card.recipe),
        },
        **found,
    }
    eaten = inputs.inputs(opened[0], card, BOX)
    layers = {
        "initial conditions": eaten[INITIAL],
        "low resolution": eaten[LOW],
        "painted": paint(emulator, opened[0], BOX),
        "simulation": truth_of(emulator, opened[0]),
    }
    out.parent.mkdir(parents=True, exist_ok=True)
    content.write(out.with_suffix(".json"), content.as_json(found))
    network = emulator if isinstance(emulator, SuperResolution) else None
    kernels = first_layer.kernels_of(network) if network else {}
    features = first_layer.features_of(network, eaten) if network else {}
    content.write(out, super_resolution.html(found, layers, kernels, features))


def _make_of_galaxies(
    emulator: Emulator,
    others: Sequence[Emulator],
    parameters: int,
    simulations: Sequence[str],
    out: Path,
    advance: Advance,
) -> None:
    """Score emulators of galaxies beside HOD and the median relation, and write the report."""
    card = emulator.card
    hod = load_emulator("hod", card.field)
    assert isinstance(hod, HodEmulator)
    several = []
    named = {galaxies.PAINTED: emulator} | {f"other-{i}": each for i, each in enumerate(others)}
    for name in simulations:
        advance(f"{name}: painting")
        several.append(galaxies.compared(named, hod, open_simulation(name)))
    found = {
        "format": content.FORMAT,
        "format_version": content.VERSION,
        "emulator": {
            "name": card.name,
            "system": card.system,
            "title": card.title,
            "sha256": card.weights_sha256,
            "parameters": parameters,
            "trained_on": [file.name for file in card.training_data],
            "learning_curve": card.recipe.get("learning_curve", []),
        },
        "methods": {
            **{name: dm2gal.title_of(each.card) for name, each in named.items()},
            galaxies.HOD: hod.card.title,
            galaxies.MEDIAN: "median relation",
            galaxies.RAISED: "median relation, raised",
        },
        "added": ADDED,
        "draws": galaxies.DRAWS,
        "resampled": galaxies.RESAMPLED,
        **galaxies.measured(several, advance),
    }
    first = several[0]
    eaten = inputs.inputs(first.simulation, card, BOX)
    layers = {name: mesh for name, mesh in eaten.items() if isinstance(mesh, Grid)}
    layers |= {
        card.title: first.grids[galaxies.PAINTED][0],
        "simulation": first.truth,
        hod.card.title: first.grids[galaxies.HOD][0],
    }
    out.parent.mkdir(parents=True, exist_ok=True)
    content.write(out.with_suffix(".json"), content.as_json(found))
    content.write(out, dm2gal.html(found, layers))


SCORED_ON = {
    "super-resolution": "quijote-103-z0",
    "linear-filter": "quijote-103-z0",
    "trilinear": "quijote-103-z0",
    "jerald": "validation-z2",
    "dm2gal": "validation-z2",
    "hod": "validation-z2",
}
"""The box that ships and trained none of a system's weights."""


def held_out(card_path: Path) -> list[str]:
    """Name what an emulator of boxes is scored on where nothing is asked for.

    Raises
    ------
    ValueError
        In one sentence, if no such box ships.
    """
    system = read_card(card_path).system
    if system not in SCORED_ON:
        raise ValueError(
            f"No box ships to score {system} on, expected one by --simulation for {card_path.name}."
        )
    return [SCORED_ON[system]]


def note_scores(card_path: Path, simulations: Sequence[str], device: str = "auto") -> list[Content]:
    """Write mean, T(k) and r(k) of each simulation on the emulator's card, and return them."""
    emulator, _ = _emulator(card_path, device)
    card, every = emulator.card, []
    for name in simulations:
        found = score(emulator, open_simulation(name))
        every.append(found)
        others = [s for s in card.scores if s["simulation"] != found["simulation"]]
        card = replace(card, scores=(*others, found))
    write_card(card_path, card)
    return every


MOST_TOLD = 12
"""Bins of k that are told, evenly among all."""


def told(found: Content) -> list[tuple[float, float, float]]:
    """Wavenumber, T and r of some bins of a score."""
    box = found["box"]
    rows = [
        (k, transfer, r)
        for k, transfer, r in zip(box["k"], box["transfer"], box["correlation"], strict=True)
        if transfer is not None and r is not None
    ]
    return rows[:: -(-len(rows) // MOST_TOLD)]


def score(emulator: Emulator, simulation: Simulation) -> Content:
    """What a card keeps of the painting of one box."""
    truth = truth_of(emulator, simulation)
    painted = paint(emulator, simulation, BOX)
    transfer, correlation = (statistics.get(name)(truth, painted) for name in PAIRS)
    mass = statistics.get("total_mass")
    return {
        "simulation": simulation.name,
        "axes": AXES,
        "level": emulator.card.level,
        "pixel_size": truth.cell_size,
        "box": {
            "mass": rounded(mass(painted) / mass(truth)),
            "k": rounded(transfer.x),
            "transfer": rounded(transfer.y),
            "correlation": rounded(correlation.y),
        },
    }


def _emulator(card_path: Path, device: str) -> tuple[Emulator, int]:
    """The emulator of a card, and its number of parameters."""
    card = read_card(card_path)
    weights = read_weights(card_path, card)
    number = sum(array.size for array in weights.values())
    return emulator_class(card.system)(card, weights, device), number
