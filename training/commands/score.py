"""The command `score`: hold weights against the truth."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import product
from pathlib import Path
from typing import Annotated

import typer

from engine.simulation import Simulation, open_simulation
from engine.systems.card import read_card, write_card
from engine.systems.registry import emulator_class
from engine.systems.weights import read_weights
from training import validation
from training.commands.told import console, fail, progress_bar


def score(
    card_paths: Annotated[
        list[Path], typer.Argument(metavar="CARDS...", help="JSON files of the weights.")
    ],
    simulations: Annotated[
        list[str] | None,
        typer.Option("--simulation", help="Name or file, else what ships; repeatable."),
    ] = None,
    axes: Annotated[str, typer.Option(help="Held-out projections.")] = "z",
    device: Annotated[str, typer.Option(help="auto, cpu or cuda.")] = "auto",
    out: Annotated[
        Path | None,
        typer.Option(help="Write a report, report.html with report.json, and leave the cards be."),
    ] = None,
    realisations: Annotated[int, typer.Option(help="Of a report.")] = 128,
) -> None:
    """Score weights on held-out maps and note the result on their cards, or write a report."""
    try:
        kinds = {read_card(path).output.kind for path in card_paths}
        if "cutout" in kinds:
            _report_clusters(card_paths, simulations, device, out)
            return
        if "grid" in kinds:
            _report_box(card_paths, simulations, device, out)
            return
        if out:
            _report(card_paths, simulations or ["hydro11-z2"], axes, device, out, realisations)
            return
        for path, simulation in product(card_paths, simulations or ["hydro11-z2"]):
            _score(path, open_simulation(simulation), axes, device)
    except ValueError as error:
        fail(error)


def _report_box(
    cards: Sequence[Path], simulations: Sequence[str] | None, device: str, out: Path | None
) -> None:
    """Write a report on an emulator of boxes, or note its scores on its card and tell them."""
    from training.report import universes, volumes  # they import matplotlib, which takes seconds

    simulations = simulations or volumes.held_out(cards[0])
    if out is None:
        if len(cards) > 1:
            raise ValueError(
                f"{len(cards)} cards were given, expected one of an emulator of boxes: score them "
                "one by one."
            )
        for found in volumes.note_scores(cards[0], simulations, device):
            console.print(
                f"{cards[0].stem}, {found['simulation']}: mass {found['box']['mass']:.3f}"
            )
            for k, transfer, r in volumes.told(found):
                console.print(f"  k {k:7.2f} h/Mpc   P/P_true {transfer**2:.3f}   r {r:.3f}")
        return
    with console.status("") as status:
        if all(map(universes.is_reported, map(read_card, cards))):
            universes.make(cards, simulations, out, device, status.update)
        else:
            volumes.make(cards[0], simulations, out, device, status.update, cards[1:])
    console.print(f"Wrote {out} and {out.with_suffix('.json').name}.", highlight=False)


def _report_clusters(
    cards: Sequence[Path], simulations: Sequence[str] | None, device: str, out: Path | None
) -> None:
    """Write a report on emulators of clusters, or note their scores on their cards."""
    from training.report import clusters  # matplotlib and the engine's statistics take seconds

    names = simulations or [clusters.SCORED_ON]
    if out:
        with console.status("") as status:
            clusters.make(cards, names, out, device, status.update)
        console.print(f"Wrote {out} and {out.with_suffix('.json').name}.", highlight=False)
        return
    for card in cards:
        for where, found in clusters.note_scores(card, names, device):
            words = ", ".join(f"{name} {found[name]:.3f}" for name in clusters.SHOWN)
            scatter = found["scatter"]
            console.print(
                f"{card.stem}, {where}: {words}, scatter {scatter['painted']:.3f} of "
                f"{scatter['truth']:.3f}",
                highlight=False,
            )


def _score(card_path: Path, maps: Simulation, axes: str, device: str) -> None:
    """Score one card and note the result on it."""
    card = read_card(card_path)
    emulator = emulator_class(card.system)(card, read_weights(card_path, card), device)
    found = validation.score(emulator, maps, axes)
    others = [s for s in card.scores if (s["simulation"], s["axes"]) != (maps.name, axes)]
    write_card(card_path, replace(card, scores=(*others, found)))
    for part in ("all", "without_heaviest_halo"):
        if part in found:
            _show(f"{card.name}, {part.replace('_', ' ')}", found[part])


def _report(
    cards: Sequence[Path],
    simulations: Sequence[str],
    axes: str,
    device: str,
    out: Path,
    realisations: int,
) -> None:
    """Write a report, with a progress bar."""
    from training.report.make import make  # matplotlib and the engine's statistics take seconds

    with progress_bar() as bar:
        task = bar.add_task("paintings", total=None)

        def report(done: int, total: int) -> None:
            bar.update(task, advance=done, total=total)

        make(cards, simulations, axes, realisations, out, device, report)
    console.print(f"Wrote {out} and {out.with_suffix('.json').name}.", highlight=False)


def _show(title: str, compared: dict[str, list[float]]) -> None:
    console.print(f"{title}: {compared['slabs']} slabs, mass {compared['mass']:.3f} of the truth")
    for k, ratio in zip(compared["k"], compared["power"], strict=True):
        console.print(f"  k {k:7.2f} h/Mpc   P/P_true {ratio:.3f}")
