"""A report on JERALD, which begins at the initial conditions: cards and boxes in, page out."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from engine import inputs, statistics
from engine.mesh import Grid
from engine.painting import paint
from engine.places import Run
from engine.relative_maps import relative_map
from engine.simulation import Simulation, open_simulation
from engine.systems.card import ModelCard, read_card
from engine.systems.checks import REDSHIFT_WARNED
from engine.systems.contract import Emulator
from engine.systems.particle_mesh import ParticleMesh, redshift_of
from engine.systems.registry import emulator_class
from engine.systems.weights import read_weights
from engine.units import MPC_IN_KPC
from training.baseline import particle_mesh
from training.report import content
from training.report.bands import rounded
from training.report.boxes import BOX, Advance, Content, about, truth_of
from training.report.costs import PAPER, costs
from training.report.systems import jerald

RADIUS = 1.0
"""About the heaviest halo that is left out, comoving [Mpc/h]; its virial radius where larger."""

LAYER = 8
"""Part of a box that slices are deep: one in so many, as of the paper's 80 Mpc/h."""

TOLD = (1.0, 2.0, 5.0, 10.0)
"""Wavenumbers whose power is told in the table, where a box has them, [h/Mpc]."""


@dataclass(frozen=True, eq=False)
class Compared:
    """Boxes of one field of one simulation, for pictures.

    Parameters
    ----------
    simulation, field : str
        Which.
    truth : Grid
        The simulation's.
    painted : mapping of str to Grid
        By "painted" and, for dark matter, "mesh".
    start : float
        Of the slices that show the heaviest halo, along z, comoving [Mpc/h].
    """

    simulation: str
    field: str
    truth: Grid
    painted: Mapping[str, Grid]
    start: float


def is_reported(card: ModelCard) -> bool:
    """Whether a card is of JERALD, several of which one report tells of."""
    return card.system == "jerald"


def make(
    card_paths: Sequence[Path],
    simulations: Sequence[str],
    out: Path,
    device: str = "auto",
    advance: Advance = lambda doing: None,
) -> None:
    """Score emulators of several fields and times on boxes that suit them, and write the report.

    Parameters
    ----------
    card_paths : sequence of path
        JSON files of weights.
    simulations : sequence of str
        Names or files, with truth and initial conditions; every card needs one.
    out : path
        HTML file; the JSON lies beside it.
    device : str
        "auto", "cpu" or "cuda".
    advance : callable
        Told what is being done.

    Raises
    ------
    ValueError
        In one sentence, if a card or a simulation can't be used.
    """
    emulators = [_emulator(path, device) for path in card_paths]
    opened = [open_simulation(name) for name in simulations]
    pairs = [(each, box) for each in emulators for box in _suiting(each.card, opened)]
    results, shown = [], []
    for emulator, simulation in pairs:
        advance(f"{simulation.name}: {emulator.card.field}")
        compared = _compared(emulator, simulation, device)
        results.append(_about_pair(emulator.card, simulation) | measured(compared, simulation))
        shown.append(compared)
    advance("timing the particle mesh and the layers")
    found = {
        "format": content.FORMAT,
        "format_version": content.VERSION,
        "emulators": [_about_card(emulator.card) for emulator in emulators],
        "boxes": [about(simulation) for simulation in opened],
        "radius": RADIUS,
        "results": results,
        "costs": costs(),
        "paper": PAPER,
    }
    out.parent.mkdir(parents=True, exist_ok=True)
    content.write(out.with_suffix(".json"), content.as_json(found))
    content.write(out, jerald.html(found, shown))


def _suiting(card: ModelCard, opened: Sequence[Simulation]) -> list[Simulation]:
    """Boxes that a card can be scored on, of its cells and its time."""
    found = [
        simulation
        for simulation in opened
        if inputs.can_feed(simulation, card, BOX)
        and inputs.of_its_cells(simulation, card)
        and inputs.has(simulation, BOX, Run(card.field))
        and abs(simulation.redshift - redshift_of(card)) <= REDSHIFT_WARNED
    ]
    if not found:
        raise ValueError(
            f"{card.name} paints {card.field} at redshift {redshift_of(card):.3g} in cells of "
            f"{card.output.cell_size:.4g} kpc/h, and {', '.join(each.name for each in opened)} has "
            "no such grid beside initial conditions, expected one: name it by --simulation."
        )
    return found


def _compared(emulator: Emulator, simulation: Simulation, device: str) -> Compared:
    """Paint a box, and run the particle mesh alone beside dark matter."""
    card = emulator.card
    painted = {"painted": paint(emulator, simulation, BOX)}
    if card.field == "dm":
        painted["mesh"] = paint(ParticleMesh(particle_mesh(card), {}, device), simulation, BOX)
    centre, _ = heaviest(simulation) or ((0.0, 0.0, 0.0), 0.0)
    truth = truth_of(emulator, simulation)
    start = (centre[2] - truth.box_size / LAYER / 2) % truth.box_size
    return Compared(simulation.name, card.field, truth, painted, start)


def heaviest(simulation: Simulation) -> tuple[tuple[float, float, float], float] | None:
    """Centre of a simulation's heaviest halo and the radius that is left out, [Mpc/h], if known."""
    if not simulation.runs:
        return None
    halos = simulation.halos("hydro" if "hydro" in simulation.runs else simulation.runs[0])
    if not len(halos):
        return None
    row = int(np.argmax(halos.mvir))
    x, y, z = halos.position[row].tolist()
    return (x, y, z), max(RADIUS, float(halos.rvir[row]) / MPC_IN_KPC)


def without(box: Grid, centre: tuple[float, float, float], radius: float) -> Grid:
    """A box whose cells within a radius have the mean of all others.

    Parameters
    ----------
    centre : (float, float, float)
        Along x, y, z, comoving [Mpc/h].
    radius : float
        Likewise.
    """
    side = box.cell_size / MPC_IN_KPC
    apart = []
    for cells, place in zip(box.shape, centre[::-1], strict=True):
        along = (np.arange(cells) + 0.5) * side - place
        apart.append(along - cells * side * np.round(along / (cells * side)))
    z, y, x = np.ix_(*apart)
    inside = x**2 + y**2 + z**2 < radius**2
    values = np.where(inside, box.values[~inside].mean(dtype=np.float64), box.values)
    return replace(box, values=values)


def measured(compared: Compared, simulation: Simulation) -> Content:
    """Mass, power and correlation of what is painted, with the heaviest halo and without."""
    truth, mass = compared.truth, statistics.get("total_mass")
    portions = {"all": (truth, compared.painted)}
    if (halo := heaviest(simulation)) is not None:
        cut = {name: without(box, *halo) for name, box in compared.painted.items()}
        portions["without_heaviest_halo"] = (without(truth, *halo), cut)
    return {
        "halo": None if halo is None else {"centre": rounded(halo[0]), "radius": rounded(halo[1])},
        "mass": {n: rounded(mass(box) / mass(truth)) for n, box in compared.painted.items()},
        "within": {
            name: rounded(relative_map(truth, box, "z").within)
            for name, box in compared.painted.items()
        },
        **{name: curves(*boxes) for name, boxes in portions.items()},
    }


def curves(truth: Grid, painted: Mapping[str, Grid]) -> Content:
    """P(k) of the truth; P over it and r of each painting; what the table tells of these."""
    power, r = (statistics.get(name) for name in ("power_spectrum", "cross_correlation"))
    true = power(truth)
    found: Content = {"k": rounded(true.x), "power": rounded(true.y), "count": rounded(true.count)}
    for name, box in painted.items():
        ratio, correlation = power(box).y / true.y, r(truth, box).y
        seen = np.isfinite(ratio)
        told = [k for k in TOLD if true.x[seen][0] <= k <= true.x[seen][-1]]
        found[name] = {
            "ratio": rounded(ratio),
            "correlation": rounded(correlation),
            "told": {
                f"{k:g}": {
                    "ratio": rounded(np.interp(k, true.x[seen], ratio[seen])),
                    "correlation": rounded(np.interp(k, true.x[seen], correlation[seen])),
                }
                for k in told
            },
        }
    return found


def _about_pair(card: ModelCard, simulation: Simulation) -> Content:
    """Which emulator on which box, and what that box was to it."""
    trained = {Path(file.name).stem for file in card.training_data}
    part = "fitted to it" if simulation.path.stem in trained else "not fitted to it"
    return {
        "emulator": card.name,
        "field": card.field,
        "redshift": rounded(redshift_of(card)),
        "simulation": simulation.name,
        "part": part,
    }


def _about_card(card: ModelCard) -> Content:
    return {
        "name": card.name,
        "title": card.title,
        "field": card.field,
        "redshift": rounded(redshift_of(card)),
        "cell_size": card.output.cell_size,
        "sha256": card.weights_sha256,
        "parameters": len(card.parameters),
        "trained_on": [file.name for file in card.training_data],
    }


def _emulator(card_path: Path, device: str) -> Emulator:
    card = read_card(card_path)
    return emulator_class(card.system)(card, read_weights(card_path, card), device)
