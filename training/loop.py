"""The training loop, the same for every painter."""

import json
import time
from copy import deepcopy
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
from lightning_fabric import Fabric
from torch import Tensor, nn

from engine.networks.ember import critic, generator, unet
from training import checkpoint
from training.choice import Choice
from training.config import AdversarialConfig, RunConfig
from training.datasets import Ahead, TrainingMaps
from training.log import Log, Report
from training.steps import step_for

Weights = dict[str, Tensor]


def fit(
    config: RunConfig,
    maps: TrainingMaps,
    folder: Path,
    fabric: Fabric,
    report: Report,
    weights: Weights | None = None,
) -> checkpoint.Progress:
    """Train a painter, going on from the run folder's checkpoint if it has one.

    Parameters
    ----------
    config : RunConfig
        The run.
    maps : TrainingMaps
        What it trains on.
    folder : path
        For checkpoints, the log (`log.jsonl`), curves and pictures (`tensorboard`) and the
        weights chosen so far (`best.safetensors`).
    fabric : Fabric
        Device, and which of how many processes this is. The first one writes.
    report : callable
        Told about progress.
    weights : dict of str to tensor, optional
        Of a U-Net or of another generator, which a generator starts from.

    Returns
    -------
    Progress
        At the end; its `average` is the network to keep, unless one was chosen.

    Raises
    ------
    FloatingPointError
        If the loss is no longer finite.
    """
    device = fabric.device
    progress = start(config, device, weights)
    settings = json.loads(json.dumps(asdict(config)))
    checkpoint.resume(folder, progress, settings)
    fabric.barrier()  # nobody removes a checkpoint that another process still reads
    step = step_for(config, progress, fabric)
    choice = Choice(config, maps.pairs, folder) if isinstance(config, AdversarialConfig) else None

    def draw(number: int) -> tuple[Tensor, Tensor]:
        place = progress.update * step.batches + number
        dark_matter, target = ahead.batch(place * fabric.world_size + fabric.global_rank)
        return dark_matter.to(device), target.to(device)

    with (
        Ahead(maps, config.updates * step.batches * fabric.world_size, fabric.world_size) as ahead,
        Log(folder, progress.update, report, writes=fabric.is_global_zero) as log,
    ):
        stepped = saved = time.monotonic()
        while progress.update < config.updates:
            terms = step(draw)
            progress.update += 1
            follow(progress.average, progress.network, decay(config, progress.update))

            last = progress.update == config.updates
            log.add(progress.update, terms, last)
            if choice and fabric.is_global_zero and choice.is_due(progress.update):
                log.look(progress.update, *choice.look(progress))
            now = time.monotonic()
            progress.seconds += now - stepped
            stepped = now
            due = last or now - saved > 60 * config.checkpoint_minutes
            if due and fabric.is_global_zero:
                log.check(progress.update)
                checkpoint.save(folder, progress, settings)
                saved = now
    fabric.barrier()
    return progress


def start(
    config: RunConfig, device: torch.device, weights: Weights | None = None
) -> checkpoint.Progress:
    """Make fresh networks, the average and the optimisers."""
    torch.manual_seed(config.seed)
    if not isinstance(config, AdversarialConfig):
        network: nn.Module = unet.PRESETS[config.network].build().to(device)
        average = deepcopy(network).requires_grad_(False)
        optimizer = torch.optim.Adam(network.parameters(), config.learning_rate)
        return checkpoint.Progress(network, average, optimizer)
    network = generator.PRESETS[config.network].build()
    opponent = critic.PRESETS[config.network].build().to(device)
    if weights is not None:
        _warm_start(network, weights)
    network.to(device)
    average = deepcopy(network).requires_grad_(False).eval()
    noise = [network.noise_strength]
    others = [p for p in network.parameters() if p is not noise[0]]
    groups: list[dict[str, Any]] = [
        {"params": others},
        {"params": noise, "speed": config.noise_speed},
    ]
    # No momentum: the two networks' slopes turn with every step of the other.
    painter = torch.optim.Adam(groups, betas=(0.0, 0.99))
    judge = torch.optim.Adam(opponent.parameters(), betas=(0.0, 0.99))
    return checkpoint.Progress(network, average, painter, opponent, judge)


def _warm_start(network: nn.Module, weights: Weights) -> None:
    """Fill a generator with another's weights, or with a U-Net's: then the noise stays at zero.

    Raises
    ------
    ValueError
        If the weights are of another network.
    """
    expected = network.state_dict()
    found, wanted = ({n: t.shape for n, t in each.items()} for each in (weights, expected))
    if found | {"noise_strength": wanted["noise_strength"]} != wanted:
        raise ValueError(
            f"The weights to start from are a network of {sum(t.numel() for t in weights.values())}"
            f" parameters, expected this run's generator of "
            f"{sum(t.numel() for t in expected.values())} or the U-Net that it is without noise."
        )
    network.load_state_dict(weights, strict=False)


def decay(config: RunConfig, update: int) -> float:
    """Smaller at first, so that a short run's average forgets its random first weights."""
    return min(config.average, update / (update + 10))


@torch.no_grad()
def follow(average: nn.Module, network: nn.Module, decay: float) -> None:
    """Move an averaged network towards the stepped one."""
    torch._foreach_lerp_(list(average.parameters()), list(network.parameters()), 1 - decay)
