"""Command line: python -m training fit, score, crops, baseline, cluster-baselines, mesh and hod."""

from collections.abc import Sequence
from dataclasses import asdict, replace
from itertools import chain, product
from pathlib import Path
from typing import Annotated, Any, NoReturn

import torch
import typer
from lightning_fabric import Fabric
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from engine.device import choose_device
from engine.fields import AXES
from engine.simulation import Simulation, open_simulation
from engine.systems.card import ModelCard, read_card, write_card
from engine.systems.registry import emulator_class
from engine.systems.weights import read_weights, write_model
from training import (
    baseline,
    box_baselines,
    cluster_baselines,
    export,
    halo_occupation,
    loop,
    validation,
)
from training.config import RunConfig, Split, with_values
from training.data.files import describe_files, find_files
from training.data.slabs import read_pairs
from training.data.volumes import read_training_triplet
from training.systems import cluster_unet
from training.systems.contract import Examples, System, Weights
from training.systems.ember import BOXES
from training.systems.registry import preset, system_for, systems

app = typer.Typer(add_completion=False, no_args_is_help=True, help=__doc__)
console = Console()


@app.command()
def fit(
    out: Annotated[Path, typer.Option(help="Run folder; a run in it is gone on with.")],
    data: Annotated[Path, typer.Option(help="Folder of the training slab files.")] = Path("data"),
    name: Annotated[
        str, typer.Option("--system", help="What to train: ember-unet, super-resolution, ...")
    ] = "ember-unet",
    size: Annotated[str, typer.Option("--preset", help="paper, small or smoke.")] = "small",
    field: Annotated[
        str | None, typer.Option(help="What to paint: gas or hi; else the system's own.")
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
        _fail(error)
    if card:
        console.print(f"Wrote {card} and its weights; score: python -m training score {card}.")


@app.command()
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
        _fail(error)


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

    with _progress() as bar:
        task = bar.add_task("paintings", total=None)

        def report(done: int, total: int) -> None:
            bar.update(task, advance=done, total=total)

        make(cards, simulations, axes, realisations, out, device, report)
    console.print(f"Wrote {out} and {out.with_suffix('.json').name}.", highlight=False)


@app.command()
def crops(
    card_path: Annotated[Path, typer.Argument(metavar="CARD", help="JSON file of the weights.")],
    out: Annotated[Path, typer.Option(help="HTML file; its key is written beside it.")],
    simulation: Annotated[str, typer.Option(help="Name or slab file.")] = "hydro11-z2",
    axes: Annotated[str, typer.Option(help="Held-out projections.")] = "z",
    shuffle: Annotated[int, typer.Option(help="Another order for another number.")] = 0,
    device: Annotated[str, typer.Option(help="auto, cpu or cuda.")] = "auto",
) -> None:
    """Write a page of crops, truth and samples shuffled, to see whether the truth is found."""
    from training.report.crops import make  # matplotlib and the engine's statistics take seconds

    try:
        make(card_path, simulation, axes, out, shuffle, device)
    except ValueError as error:
        _fail(error)
    console.print(f"Wrote {out} and {out.stem}-key.json.", highlight=False)


@app.command("baseline")
def fit_baseline(
    data: Annotated[Path, typer.Option(help="Folder of the training slab files.")] = Path("data"),
    out: Annotated[Path, typer.Option(help="Folder of the cards.")] = Path("baselines"),
    fields: Annotated[str, typer.Option(help="What to paint.")] = "gas,hi",
    levels: Annotated[str, typer.Option(help="Of the input.")] = "HR,MR,LR,VLR",
    box: Annotated[
        str, typer.Option(help="A box of low and high resolution to fit linear filters to instead.")
    ] = "",
) -> None:
    """Fit what networks have to beat: a pixel's field by its dark matter's rank, linear filters."""
    try:
        if box:
            _fit_box_baselines(data, Split(box, AXES), out)
            return
        files = find_files(data, BOXES)
        described = describe_files(files)
        for field, level in product(fields.split(","), levels.split(",")):
            pairs = list(chain.from_iterable(read_pairs(p, a, field, level) for p, a in files))
            write_model(out, *baseline.fit(pairs, described), half=False)
            console.print(f"Matched {field} to {level} over {len(pairs)} maps.")
    except ValueError as error:
        _fail(error)


def _fit_box_baselines(data: Path, source: Split, out: Path) -> None:
    ((path, part),) = find_files(data, [source])
    triplet = read_training_triplet(path, part, "dmo", "MR")
    for card, weights in box_baselines.fit(triplet, describe_files([(path, part)])):
        written, _ = write_model(out, card, weights, half=False)
        console.print(f"Wrote {written}.", highlight=False)


@app.command("cluster-baselines")
def fit_cluster_baselines(
    data: Annotated[Path, typer.Option(help="Folder of files with cut-outs.")] = Path("data"),
    out: Annotated[Path, typer.Option(help="Folder of the cards.")] = Path("baselines"),
) -> None:
    """Fit what emulators of clusters have to beat: one pixel at a time, and mass alone."""
    try:
        for card, table in cluster_baselines.fit(find_files(data, cluster_unet.SOURCES)):
            written, _ = write_model(out, card, table, half=False)
            console.print(f"Wrote {written}.", highlight=False)
    except ValueError as error:
        _fail(error)


@app.command("mesh")
def particle_mesh(
    like: Annotated[Path, typer.Argument(metavar="CARD", help="Of JERALD for dm.")],
    out: Annotated[Path, typer.Option(help="Folder of the card.")] = Path("baselines"),
) -> None:
    """Write the card of the particle mesh alone, JERALD's baseline at a card's redshift."""
    try:
        path, _ = write_model(out, baseline.particle_mesh(read_card(like)), {})
    except ValueError as error:
        _fail(error)
    console.print(f"Wrote {path}.", highlight=False)


@app.command("hod")
def fit_hod(
    data: Annotated[Path, typer.Option(help="Folder of the boxes that dm2gal trains on.")],
    out: Annotated[Path, typer.Option(help="Folder of the card.")] = Path("baselines"),
) -> None:
    """List what HOD draws from, which dm2gal is compared with: subhaloes and their stars."""
    try:
        card, weights = halo_occupation.fitted(data)
        path, _ = write_model(out, card, weights, half=False)
    except ValueError as error:
        _fail(error)
    console.print(f"Wrote {path}, a list of {len(weights['stars'])} subhaloes.", highlight=False)


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
    with _progress(disable=not writes) as bar:
        task = bar.add_task("", total=updates)

        def report(update: int, losses: dict[str, float]) -> None:
            words = " ".join(f"{name} {value:.2e}" for name, value in losses.items())
            bar.update(task, completed=update, description=words)

        progress = loop.fit(system, examples, out, fabric, report)
    if not writes:
        return None
    card = system.card(examples, progress.seconds / 3600, device)
    return export.export(out, system, card, progress, began)


def _progress(disable: bool = False) -> Progress:
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(elapsed_when_finished=True),
    )
    return Progress(*columns, console=console, disable=disable)


def _show(title: str, compared: dict[str, list[float]]) -> None:
    console.print(f"{title}: {compared['slabs']} slabs, mass {compared['mass']:.3f} of the truth")
    for k, ratio in zip(compared["k"], compared["power"], strict=True):
        console.print(f"  k {k:7.2f} h/Mpc   P/P_true {ratio:.3f}")


def _fail(error: Exception) -> NoReturn:
    console.print(f"[red]{error}[/red]", highlight=False)
    raise typer.Exit(1) from None


if __name__ == "__main__":
    app()
