"""From a finished run to weights with their card."""

import platform
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import load_file

from engine.networks.ember import generator, unet
from engine.normalization import normalization
from engine.systems.card import ModelCard, TrainingFile, sha256, write_model
from engine.systems.ember import PAPER, TITLES
from training.checkpoint import Progress
from training.choice import BEST, best_so_far
from training.config import AdversarialConfig, RunConfig
from training.datasets import Pair

LICENCE = "Apache-2.0"


def describe_files(files: Sequence[tuple[Path, str]]) -> tuple[TrainingFile, ...]:
    """Names, axes and hashes of the slab files of a run."""
    return tuple(TrainingFile(path.name, axes, sha256(path)) for path, axes in files)


def card_for(
    config: RunConfig,
    files: Sequence[TrainingFile],
    pairs: Sequence[Pair],
    hours: float,
    device: str,
) -> ModelCard:
    """Fill in the card of a run, but for its scores.

    Parameters
    ----------
    config : RunConfig
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
    stochastic = isinstance(config, AdversarialConfig)
    kind, presets = ("generator", generator.PRESETS) if stochastic else ("unet", unet.PRESETS)
    return ModelCard(
        system=config.system,
        title=TITLES[config.system],
        paper=PAPER,
        field=config.field,
        level=config.level,
        architecture={"network": kind, **asdict(presets[config.network])},
        normalization_in=normalization("dm"),
        normalization_out=normalization(config.field),
        pixel_size=first.pixel_size,
        depth=float(np.mean([pair.target.depth for pair in pairs])),
        redshift=first.redshift,
        cosmology=first.cosmology,
        stochastic=stochastic,
        training_data=tuple(files),
        recipe=asdict(config),
        seed=config.seed,
        hours=round(hours, 6),
        device=describe_device(device),
        licence=LICENCE,
    )


def export(folder: Path, card: ModelCard, progress: Progress) -> Path:
    """Write the weights of a run and its card; return the card's path.

    The weights are those that were chosen, and the card's recipe says which; a run that
    chose none keeps the moving average at its end.
    """
    best = folder / BEST
    if best.exists():
        tensors = load_file(best)
        update, error = best_so_far(best)
        chosen = {"chosen_update": update, "chosen_power_error": round(error, 4)}
        card = replace(card, recipe={**card.recipe, **chosen})
    else:
        tensors = progress.average.state_dict()
    weights = {name: tensor.detach().cpu().numpy() for name, tensor in tensors.items()}
    if "noise_strength" in weights:
        weights["noise_strength"] = weights["noise_strength"] * card.recipe["noise_scaled"]
    path, _ = write_model(folder, card, weights)
    return path


def describe_device(device: str) -> str:
    """Say what a run ran on, for people."""
    if device.startswith("cuda"):
        return torch.cuda.get_device_name(device)
    return f"{platform.machine()} CPU, {torch.get_num_threads()} threads"
