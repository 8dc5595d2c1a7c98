"""The training loop, the same for every system."""

import json
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
from lightning_fabric import Fabric
from torch import nn

from training import checkpoint
from training.choice import Choice
from training.config import RunConfig
from training.data.ahead import Ahead, Batch
from training.log import Log, Report
from training.systems.contract import Scored, System


def fit(
    system: System[Any, Any], examples: Any, folder: Path, fabric: Fabric, report: Report
) -> checkpoint.Progress:
    """Train a network, going on from the run folder's checkpoint if it has one.

    Parameters
    ----------
    system : System
        What is trained, by which configuration.
    examples : Examples
        What it trains on.
    folder : path
        For checkpoints, the log (`log.jsonl`), curves and pictures (`tensorboard`) and the
        weights chosen so far (`best.safetensors`).
    fabric : Fabric
        Device, and which of how many processes this is. The first one writes.
    report : callable
        Told about progress.

    Returns
    -------
    Progress
        At the end; its `kept` network is the one to keep, unless one was chosen.

    Raises
    ------
    FloatingPointError
        If the loss is no longer finite.
    """
    config, device = system.config, fabric.device
    progress = system.start(device)
    settings = json.loads(json.dumps(asdict(config)))
    if not checkpoint.resume(folder, progress, settings):
        system.prepare(progress, examples)
    fabric.barrier()  # nobody removes a checkpoint that another process still reads
    step = system.step(progress, fabric)
    choice = Choice(system, examples, folder) if isinstance(system, Scored) else None

    def draw(number: int) -> Batch:
        place = progress.update * step.batches + number
        batch = ahead.batch(place * fabric.world_size + fabric.global_rank)
        return tuple(part.to(device) for part in batch)

    count = config.updates * step.batches * fabric.world_size
    with (
        Ahead(examples.batch, count, fabric.world_size) as ahead,
        Log(folder, progress.update, report, writes=fabric.is_global_zero) as log,
    ):
        stepped = saved = time.monotonic()
        while progress.update < config.updates:
            terms = step(draw)
            progress.update += 1
            if progress.kept is not progress.network:
                follow(progress.kept, progress.network, decay(config, progress.update))

            last = progress.update == config.updates
            log.add(progress.update, terms, last)
            if choice and fabric.is_global_zero and choice.system.is_due(progress.update):
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


def decay(config: RunConfig, update: int) -> float:
    """Smaller at first, so that a short run's average forgets its random first weights."""
    return min(config.average, update / (update + 10))


@torch.no_grad()
def follow(average: nn.Module, network: nn.Module, decay: float) -> None:
    """Move an averaged network towards the stepped one."""
    torch._foreach_lerp_(list(average.parameters()), list(network.parameters()), 1 - decay)
