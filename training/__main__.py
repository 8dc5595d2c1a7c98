"""Command line: python -m training fit, python -m training score."""

from dataclasses import replace
from itertools import chain
from pathlib import Path
from typing import Annotated, NoReturn

import torch
import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from engine.inference import choose_device
from engine.model_card import read_card, read_weights, write_card
from engine.registry import emulator_class
from engine.simulation import open_simulation
from training import export, loop, validation
from training.config import TrainingConfig, preset
from training.datasets import TrainingMaps, find_files, read_pairs

app = typer.Typer(add_completion=False, no_args_is_help=True, help=__doc__)
console = Console()


@app.command()
def fit(
    out: Annotated[Path, typer.Option(help="Run folder; a run in it is gone on with.")],
    data: Annotated[Path, typer.Option(help="Folder of the training slab files.")] = Path("data"),
    name: Annotated[str, typer.Option("--preset", help="small or smoke.")] = "small",
    field: Annotated[str, typer.Option(help="What to paint: gas or hi.")] = "gas",
    updates: Annotated[int | None, typer.Option(help="Optimiser steps; else the preset's.")] = None,
    precision: Annotated[str, typer.Option(help="float32 or bfloat16.")] = "float32",
    seed: Annotated[int, typer.Option(help="Of first weights and map order.")] = 0,
    device: Annotated[str, typer.Option(help="auto, cpu or cuda.")] = "auto",
    threads: Annotated[int | None, typer.Option(help="CPU threads; else torch's choice.")] = None,
) -> None:
    """Train a painter; writes checkpoints, a log and at the end weights with their card."""
    if threads:
        torch.set_num_threads(threads)
    try:
        config = preset(name, field=field, precision=precision, seed=seed)
        config = replace(config, updates=updates or config.updates)
        card = _fit(config, data, out, choose_device(device))
    except (ValueError, FloatingPointError) as error:
        _fail(error)
    console.print(f"Wrote {card} and its weights; score them with python -m training score {card}.")


@app.command()
def score(
    card_path: Annotated[Path, typer.Argument(metavar="CARD", help="JSON file of the weights.")],
    simulation: Annotated[str, typer.Option(help="Name or slab file.")] = "hydro11-z2",
    axes: Annotated[str, typer.Option(help="Held-out projections.")] = "z",
    device: Annotated[str, typer.Option(help="auto, cpu or cuda.")] = "auto",
) -> None:
    """Score weights on held-out maps and note the result on their card."""
    try:
        card = read_card(card_path)
        emulator = emulator_class(card.system)(card, read_weights(card_path, card), device)
        maps = open_simulation(simulation)
        found = validation.score(emulator.predict, maps, axes, card.field, card.level)
    except ValueError as error:
        _fail(error)
    others = [s for s in card.scores if (s["simulation"], s["axes"]) != (maps.name, axes)]
    write_card(card_path, replace(card, scores=(*others, found)))
    for part in ("all", "without_heaviest_halo"):
        if part in found:
            _show(part.replace("_", " "), found[part])


def _fit(config: TrainingConfig, data: Path, out: Path, device: str) -> Path:
    files = find_files(data, config.sources)
    console.print(f"Reading {len(files)} slab files.")
    pairs = list(
        chain.from_iterable(read_pairs(p, axes, config.field, config.level) for p, axes in files)
    )
    maps = TrainingMaps(pairs, config.batch_size, config.seed)
    console.print(f"Training on {len(pairs)} maps, {config.updates} updates, on {device}.")
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(elapsed_when_finished=True),
    )
    with Progress(*columns, console=console) as bar:
        task = bar.add_task("", total=config.updates)

        def report(update: int, losses: dict[str, float]) -> None:
            words = " ".join(f"{name} {value:.2e}" for name, value in losses.items())
            bar.update(task, completed=update, description=words)

        progress = loop.fit(config, maps, out, device, report)
    card = export.card_for(
        config, export.describe_files(files), pairs, progress.seconds / 3600, device
    )
    return export.export(out, card, progress)


def _show(title: str, compared: dict[str, list[float]]) -> None:
    console.print(f"{title}: {compared['slabs']} slabs, mass {compared['mass']:.3f} of the truth")
    for k, ratio in zip(compared["k"], compared["power"], strict=True):
        console.print(f"  k {k:7.2f} h/Mpc   P/P_true {ratio:.3f}")


def _fail(error: Exception) -> NoReturn:
    console.print(f"[red]{error}[/red]", highlight=False)
    raise typer.Exit(1) from None


if __name__ == "__main__":
    app()
