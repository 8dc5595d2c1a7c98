"""The commands that fit what networks have to beat."""

from itertools import chain, product
from pathlib import Path
from typing import Annotated

import typer

from engine.fields import AXES
from engine.systems.card import read_card
from engine.systems.weights import write_model
from training import baseline, box_baselines, cluster_baselines, halo_occupation
from training.commands.told import console, fail
from training.config import Split
from training.data.files import describe_files, find_files
from training.data.slabs import read_pairs
from training.data.volumes import read_training_triplet
from training.systems import cluster_unet
from training.systems.ember import BOXES


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
        fail(error)


def _fit_box_baselines(data: Path, source: Split, out: Path) -> None:
    ((path, part),) = find_files(data, [source])
    triplet = read_training_triplet(path, part, "dmo", "MR")
    for card, weights in box_baselines.fit(triplet, describe_files([(path, part)])):
        written, _ = write_model(out, card, weights, half=False)
        console.print(f"Wrote {written}.", highlight=False)


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
        fail(error)


def particle_mesh(
    like: Annotated[Path, typer.Argument(metavar="CARD", help="Of JERALD for dm.")],
    out: Annotated[Path, typer.Option(help="Folder of the card.")] = Path("baselines"),
) -> None:
    """Write the card of the particle mesh alone, JERALD's baseline at a card's redshift."""
    try:
        path, _ = write_model(out, baseline.particle_mesh(read_card(like)), {})
    except ValueError as error:
        fail(error)
    console.print(f"Wrote {path}.", highlight=False)


def fit_hod(
    data: Annotated[Path, typer.Option(help="Folder of the boxes that dm2gal trains on.")],
    out: Annotated[Path, typer.Option(help="Folder of the card.")] = Path("baselines"),
) -> None:
    """List what HOD draws from, which dm2gal is compared with: subhaloes and their stars."""
    try:
        card, weights = halo_occupation.fitted(data)
        path, _ = write_model(out, card, weights, half=False)
    except ValueError as error:
        fail(error)
    console.print(f"Wrote {path}, a list of {len(weights['stars'])} subhaloes.", highlight=False)
