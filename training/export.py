"""From a finished run to weights with their card."""

import platform
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import numpy as np
import torch

from engine.emulators.ember import PAPER, TITLES
from engine.model_card import ModelCard, TrainingFile, sha256, write_model
from engine.networks import unet
from engine.normalization import normalization
from training.checkpoint import Progress
from training.config import TrainingConfig
from training.datasets import Pair

LICENCE = "Apache-2.0"


def describe_files(files: Sequence[tuple[Path, str]]) -> tuple[TrainingFile, ...]:
    """Names, axes and hashes of the slab files of a run."""
    return tuple(TrainingFile(path.name, axes, sha256(path)) for path, axes in files)


def card_for(
    config: TrainingConfig,
    files: Sequence[TrainingFile],
    pairs: Sequence[Pair],
    hours: float,
    device: str,
) -> ModelCard:
    """Fill in the card of a run, but for its scores.

    Parameters
    ----------
    config : TrainingConfig
        The run.
    files : sequence of TrainingFile
        What it was trained on.
    pairs : sequence of Pair
        Their maps.
    hours : float
        Time it took.
    device : str
        Of torch.
    """
    first = pairs[0].target
    network = unet.PRESETS[config.network]
    return ModelCard(
        system="ember-unet",
        title=TITLES["ember-unet"],
        paper=PAPER,
        field=config.field,
        level=config.level,
        architecture={"network": "unet", **asdict(network)},
        normalization_in=normalization("dm"),
        normalization_out=normalization(config.field),
        pixel_size=first.pixel_size,
        depth=float(np.mean([pair.target.depth for pair in pairs])),
        redshift=first.redshift,
        cosmology=first.cosmology,
        stochastic=False,
        training_data=tuple(files),
        recipe=asdict(config),
        seed=config.seed,
        hours=round(hours, 6),
        device=describe_device(device),
        licence=LICENCE,
    )


def export(folder: Path, card: ModelCard, progress: Progress) -> Path:
    """Write the moving average of a run and its card; return the card's path."""
    weights = {name: t.detach().cpu().numpy() for name, t in progress.average.state_dict().items()}
    path, _ = write_model(folder, card, weights)
    return path


def describe_device(device: str) -> str:
    """Say what a run ran on, for people."""
    if device.startswith("cuda"):
        return torch.cuda.get_device_name(device)
    return f"{platform.machine()} CPU, {torch.get_num_threads()} threads"
