"""Numbers and words about what is shown."""

from collections.abc import Mapping
from html import escape
from typing import Any

import numpy as np
import panel as pn

from engine.mesh import Grid
from explorer.choices import redshift_of
from explorer.names import cells_apart, painting_names
from explorer.results import Results, cut_from_boxes
from explorer.store import Store
from explorer.style import CARD, FREE
from explorer.views.text import html
from explorer.volumes.boxes import BoxResults
from explorer.words import number, short_label


class Facts(pn.viewable.Viewer):
    """A card with the total masses, the slab's geometry and how it was painted.

    Parameters
    ----------
    store : Store
        Its results are shown.
    """

    def __init__(self, store: Store) -> None:
        super().__init__()
        self.pane = html()
        store.param.watch(lambda event: self.present(event.new), "results")
        if store.results is not None:
            self.present(store.results)

    def present(self, results: Results) -> None:
        """Write what new results say."""
        self.pane.object = (
            heading("Masses and geometry")
            + table([*masses(results), None, *geometry(results), None, *painting(results)])
            + warnings(results)
        )

    def __panel__(self) -> pn.viewable.Viewable:
        return pn.Column(self.pane, stylesheets=[FREE, CARD], sizing_mode="stretch_width", margin=0)


class About(pn.viewable.Viewer):
    """Where the simulation comes from and what the emulator is; folded until asked for.

    Parameters
    ----------
    store : Store
        Its simulation and card are described.
    """

    def __init__(self, store: Store) -> None:
        super().__init__()
        self.store = store
        self.simulation, self.emulator = html(), html()
        store.param.watch(self.describe, ["simulation", "results"])
        self._shown: Any = None
        self.describe()

    def describe(self, *_: object) -> None:
        """Describe the simulation and the emulator, if they are others than before."""
        simulation, card = self.store.simulation, self.store.card
        if simulation is None or self._shown == (simulation, card):
            return
        self._shown = (simulation, card)
        self.simulation.object = folded("About the simulation", table(about_simulation(simulation)))
        self.emulator.object = folded("About the emulator", table(about_emulator(card)))

    def __panel__(self) -> pn.viewable.Viewable:
        return pn.Column(
            self.simulation,
            self.emulator,
            stylesheets=[FREE, CARD],
            sizing_mode="stretch_width",
            margin=0,
        )


def heading(text: str) -> str:
    """Title of a card."""
    return f'<div class="heading"><b>{escape(text)}</b></div>'


def folded(title: str, content: str) -> str:
    """Content that unfolds at a click on its title."""
    return f"<details><summary>{escape(title)}</summary>{content}</details>"


Row = tuple[str, str] | None
"""Name and value; None draws a line."""


def table(rows: list[Row]) -> str:
    """Names and values in two columns."""
    lines = [
        "<hr>" if row is None else f"<dt>{escape(row[0])}</dt><dd>{escape(row[1])}</dd>"
        for row in rows
    ]
    return f"<dl>{''.join(lines)}</dl>"


def masses(results: Results) -> list[Row]:
    """Total mass of the truth and of each painting, and how they differ."""
    what = short_label(results.request.field)
    true = results.masses.get("truth")
    names = painting_names(results)
    rows: list[Row] = [(f"True {what} mass", in_suns(true))]
    for name in ("prediction", "other"):
        if name in names:
            mass = results.masses.get(name)
            rows.append((f"by {names[name]}", in_suns(mass)))
            rows.append(("Difference", apart(mass, true)))
    return rows


def in_suns(mass: float | None) -> str:
    """Write a mass."""
    return "none" if mass is None else f"{number(mass)} M⊙/h"


def apart(painted: float | None, true: float | None) -> str:
    """Write by how much a mass differs from the true one."""
    if not true or painted is None:
        return "none"
    percent = round(100 * (painted / true - 1), 1) + 0.0  # no minus before a zero
    return f"{percent:+.1f} %".replace("-", "−")


def geometry(results: Results) -> list[Row]:
    """Where and how large the slab or the box is; lengths are comoving."""
    slab, (ny, nx) = results.input, results.input.shape
    place: list[Row] = [("Redshift", f"{slab.redshift:.2f}"), ("Box", f"{slab.box_size:g} cMpc/h")]
    depth = f"{slab.depth:.3g} cMpc/h"
    if not isinstance(results, BoxResults):
        pixels = f"{nx} × {ny} of {slab.pixel_size:.4g} ckpc/h"
        return [*place, ("Slab depth", depth), ("Pixels", pixels)]
    return [*place, ("Layer depth", depth), *cells(results.boxes)]


CELLS = {"input": "Cells, low resolution", "truth": "Cells, truth", "prediction": "Cells, painted"}


def cells(boxes: Mapping[str, Grid]) -> list[Row]:
    """Number and size of the cells of boxes."""
    return [
        (words, f"{len(boxes[name].values)}³ of {boxes[name].cell_size:.4g} ckpc/h")
        for name, words in CELLS.items()
        if name in boxes
    ]


def painting(results: Results) -> list[Row]:
    """Say what the emulator ran on and how long it took."""
    if results.prediction is None:
        return [("Painted on", "not painted"), ("Took", "none"), ("Seed", "none")]
    seed = results.prediction.seed
    drawn = "none" if seed is None else str(seed)
    return [
        ("Painted on", results.device),
        ("Took", duration(results.seconds)),
        ("Seed", drawn),
    ]


def duration(seconds: float | None) -> str:
    """Write how long a painting took; None for one that was remembered."""
    if seconds is None:
        return "remembered"
    return f"{seconds:.1f} s" if seconds >= 1 else f"{1000 * seconds:.0f} ms"


def warnings(results: Results) -> str:
    """Write what the emulators warn of, a paragraph each, once where both warn of the same.

    Maps cut from boxes and those of several cell sizes are told of too.
    """
    names, found = painting_names(results), dict[str, str]()
    for name, slab in (("prediction", results.prediction), ("other", results.other)):
        if slab is not None:
            for text in slab.warnings:
                found.setdefault(text, names.get(name, slab.emulator))
    lines = [f"<b>{escape(name)}</b>: {escape(text)}" for text, name in found.items()]
    for name, card in cut_from_boxes(results).items():
        lines.append(
            f"<b>{escape(names[name])}</b> paints whole boxes, in cells of "
            f"{card.output.cell_size:.4g} ckpc/h and not from the dark matter beside: its map is "
            "their sum over the slab's depth."
        )
    if apart := cells_apart(results):
        lines.append(escape(apart))
    return "".join(f'<p class="warning">{line}</p>' for line in lines)


def about_simulation(simulation: Any) -> list[Row]:
    """Provenance of a simulation."""
    cosmology = simulation.cosmology
    maps = {field for field, *_ in simulation.available()}
    boxes = {f"{run.field} in {n}³ cells": n for run, n in simulation.grids().items()}
    around = {f"{field} around {n} objects": n for (field, _), n in simulation.cutouts().items()}
    fields = [*sorted(maps), *sorted(boxes, key=lambda name: boxes[name]), *around]
    return [
        ("Name", simulation.name),
        ("Code", simulation.code),
        (
            "Cosmology",
            f"Ωm = {cosmology.Omega_m:g}, Ωb = {cosmology.Omega_b:g}, h = {cosmology.h:g}",
        ),
        ("Holds", ", ".join(fields)),
        ("Provenance", simulation.provenance),
        ("File", simulation.path.name),
    ]


def about_emulator(card: Any) -> list[Row]:
    """List what a model card says."""
    if card is None:
        return [("Emulator", "No trained emulator was found")]
    return [
        ("System", f"{card.title} ({card.system})"),
        ("Paper", card.paper),
        ("Paints", f"{short_label(card.field)} from {eaten_by(card)}"),
        ("Trained at", f"z = {redshift_of(card):.2f}, {cells_of(card)}"),
        ("Trained on", trained_on(card)),
        *(row for score in card.scores for row in scores(score)),
        ("Licence", card.licence),
    ]


def eaten_by(card: Any) -> str:
    """Name what an emulator paints from."""
    names = [short_label(each.field) for each in card.inputs]
    levels = [f" at level {each.level}" if each.level else "" for each in card.inputs]
    return " and ".join(name + level for name, level in zip(names, levels, strict=True))


def trained_on(card: Any) -> str:
    """List the files of a training."""
    files = [f"{data.name} ({data.axes})" for data in card.training_data]
    return "; ".join(files) or "nothing: it has no weights"


def cells_of(card: Any) -> str:
    """Say of what size the pixels or cells are that an emulator paints."""
    if card.output.kind == "grid":
        return f"cells of {card.output.cell_size:.4g} ckpc/h"
    parts = {"slab": "slabs", "cutout": "cubes"}[card.output.kind]
    depth = "" if card.output.depth is None else f", {parts} of {card.output.depth:.3g} cMpc/h"
    return f"pixels of {card.pixel_size:.3g} ckpc/h{depth}"


SCORED = {"all": "", "without_heaviest_halo": " without that of the heaviest halo"}
"""Sets of slabs that a card's scores tell of."""

BOX_SHARES = (0.25, 0.5, 1.0)
"""Parts of the wavenumbers of a box up to which its painting is judged."""


def box_score(name: str, found: Mapping[str, Any]) -> list[Row]:
    """Say in words how a painted box compares with the true one: mass, amplitude, correlation."""
    k, transfer, correlation = (
        np.array(found[key], float) for key in ("k", "transfer", "correlation")
    )
    rows: list[Row] = [(f"Held out: {name}", f"mass {found['mass']:.3f} of the truth's")]
    for share in BOX_SHARES:
        seen = (k <= share * k.max()) & np.isfinite(transfer) & np.isfinite(correlation)
        if not seen.any():
            continue
        text = (
            f"to k = {k[seen].max():.2g} h/Mpc: amplitude T {transfer[seen].min():.2f} to "
            f"{transfer[seen].max():.2f}, correlation r at least {correlation[seen].min():.2f}"
        )
        rows.append(("", text))
    return rows


RESOLVED = (1.0, 30.0)
"""Wavenumbers between which P(k) is judged, [h/Mpc]."""


def scores(score: Mapping[str, Any]) -> list[Row]:
    """Say in words what a card tells of one held-out set of maps, or of a box."""
    if "box" in score:
        return box_score(score.get("simulation", "a box"), score["box"])
    where = f"Held out: {score.get('simulation', 'maps')} along {score.get('axes', '?')}"
    rows: list[Row] = []
    for name, words in SCORED.items():
        if (found := score.get(name)) and "slabs" in found:
            power = [
                ratio
                for k, ratio in zip(found["k"], found["power"], strict=True)
                if RESOLVED[0] < k < RESOLVED[1]
            ]
            text = (
                f"{found['slabs']} slabs{words}: mass {found['mass']:.3f} of the truth's, P(k) "
                f"{min(power):.2f} to {max(power):.2f} for 1 < k < 30 h/Mpc"
            )
            rows.append((where if not rows else "", text))
    return rows
