"""The command `fit`: train a network."""

from dataclasses import asdict, replace
from pathlib import Path
from typing import Annotated, Any

import torch
import typer
from lightning_fabric import Fabric

from engine.device import choose_device
from engine.systems.card import ModelCard, read_card
from engine.systems.weights import read_weights
from training import export, loop
from training.commands.told import console, fail, progress_bar
from training.config import RunConfig, with_values
from training.systems.contract import Examples, System, Weights
from training.systems.registry import preset, system_for, systems


def fit(
    out: Annotated[Path, typer.Option(help="Run folder; a run in it is gone on with.")],
    data: Annotated[Path, typer.Option(help="Folder of the training slab files.")] = Path("data"),
    name: Annotated[
        str, typer.Option("--system", help=f"What to train: {', '.join(systems())}.")
    ] = "ember-unet",
    size: Annotated[str, typer.Option("--preset", help="paper, small or smoke.")] = "small",
    field: Annotated[
        str | None, typer.Option(help="What to paint: gas, hi, stars, ...; else the system's own.")
    ] = None,
    level: Annotated[
        str | None, typer.Option(help="Of the input: HR, MR, LR or VLR; else the system's own.")
    ] = None,
    updates: Annotated[int | None, typer.Option(help="Optimiser steps; else the preset's.")] = None,
    warm_start: Annotated[
        Path | None, typer.Option(help="Card of a U-Net or WGAN to start from, of any level.")
    ] = None,
    values: Annotated[
        list[str] | None,
        typer.Option("--set", help="Another value of the preset, as calibration=100; repeatable."),
    ] = None,
    precision: Annotated[
        str, typer.Option(help="float32, bfloat16, or auto: bfloat16 on CUDA.")
    ] = "auto",
    seed: Annotated[int, typer.Option(help="Of first weights and map order.")] = 0,
    device: Annotated[str, typer.Option(help="auto, cpu or cuda.")] = "auto",
    devices: Annotated[int, typer.Option(help="GPUs, or CPU processes, on each node.")] = 1,
    nodes: Annotated[int, typer.Option(help="Nodes; start the same command on each.")] = 1,
    threads: Annotated[int | None, typer.Option(help="CPU threads; else torch's choice.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be done.")] = False,
) -> None:
    """Train a network; writes checkpoints, a log and at the end weights with their card."""
    if threads:
        torch.set_num_threads(threads)
    try:
        kind = choose_device(device)
        if precision == "auto":
            precision = "bfloat16" if kind == "cuda" else "float32"
        own = {"field": field, "level": level}
        wanted = {key: value for key, value in own.items() if value is not None}
        config = preset(size, name, precision=precision, seed=seed, **wanted)
        counted = [f"updates={updates}"] if updates else []
        config = with_values(config, [*(values or ()), *counted])
        began = read_card(warm_start) if warm_start else None
        weights = None
        if warm_start and began:
            config, weights = _warm(config, warm_start, began)
        system = system_for(config, weights)
        examples = system.examples(data)
        if dry_run:
            _describe(config, examples, kind, devices * nodes)
            return
        # A run that is killed goes on to the same numbers, on a GPU too.
        torch.backends.cudnn.deterministic = True
        fabric = _launch(kind, devices, nodes)
        card = _fit(system, examples, out, fabric, began)
    except (ValueError, FloatingPointError) as error:
        fail(error)
    if card:
        console.print(f"Wrote {card} and its weights; score: python -m training score {card}.")


def _launch(device: str, devices: int, nodes: int) -> Fabric:
    """Start the processes of a run; every one of them returns from here."""
    place = torch.device(device)
    chosen = devices if place.index is None else [place.index]
    fabric = Fabric(accelerator=place.type, devices=chosen, num_nodes=nodes)
    fabric.launch()
    return fabric


def _warm(config: RunConfig, path: Path, card: ModelCard) -> tuple[RunConfig, Weights]:
    """Weights of a card to start from, and the configuration that says so."""
    trained = systems()
    fitting = trained[config.system].warm_starts
    if not fitting:
        able = " or ".join(name for name, each in trained.items() if each.warm_starts)
        raise ValueError(f"--warm-start is for {able}, and {config.system} is to be trained.")
    able_to = trained[config.system].can_start_from(config, card.field)
    if card.system not in fitting or not able_to:
        raise ValueError(
            f"--warm-start {path.name} is of {card.system} for {card.field}, expected "
            f"{' or '.join(fitting)} for {config.field}."
        )
    arrays = read_weights(path, card)
    weights = {name: torch.from_numpy(array) for name, array in arrays.items()}
    changes: dict[str, Any] = {"warm_start": card.weights_sha256}
    return replace(config, **changes), weights


def _describe(config: RunConfig, examples: Examples, device: str, processes: int) -> None:
    """Say what a run would do, without doing it."""
    with torch.device("meta"):
        progress = system_for(config).start(torch.device("meta"))
    console.print(f"{config.system} for {config.field} from {config.level}, preset values:")
    for key, value in asdict(config).items():
        console.print(f"  {key}: {value}", highlight=False)
    for part, module in progress.modules.items():
        millions = sum(p.numel() for p in module.parameters()) / 1e6
        console.print(f"{part}: {millions:.2f} M parameters")
    console.print(
        f"Would train on {examples.about}, {config.updates} updates of {config.batch_size} maps "
        f"in {processes} processes, on {device}."
    )


def _fit(
    system: System[Any, Any], examples: Any, out: Path, fabric: Fabric, began: ModelCard | None
) -> Path | None:
    """Train, with a progress bar; path of the card, in the process that writes it."""
    device, updates = str(fabric.device), system.config.updates
    writes = fabric.is_global_zero
    if writes:
        console.print(f"Training on {examples.about}, {updates} updates, on {device}.")
    with progress_bar(disable=not writes) as bar:
        task = bar.add_task("", total=updates)

        def report(update: int, losses: dict[str, float]) -> None:
            words = " ".join(f"{name} {value:.2e}" for name, value in losses.items())
            bar.update(task, completed=update, description=words)

        progress = loop.fit(system, examples, out, fabric, report)
    if not writes:
        return None
    card = system.card(examples, progress.seconds / 3600, device)
    return export.export(out, system, card, progress, began)
