"""The training loop."""

import json
import time
from collections.abc import Callable
from copy import deepcopy
from dataclasses import asdict
from pathlib import Path

import torch
from torch import Tensor, nn

from engine.networks import unet
from engine.normalization import normalization
from training import checkpoint
from training.config import TrainingConfig
from training.datasets import TrainingMaps
from training.losses import PaintLoss

LOG_EVERY = 20
"""Updates whose mean is one line of the log."""

Report = Callable[[int, dict[str, float]], None]
"""Called after every line of the log with the updates done and the mean losses."""


def fit(
    config: TrainingConfig,
    maps: TrainingMaps,
    folder: Path,
    device: str,
    report: Report,
) -> checkpoint.Progress:
    """Train a painter, going on from the run folder's checkpoint if it has one.

    Parameters
    ----------
    config : TrainingConfig
        The run.
    maps : TrainingMaps
        What it trains on.
    folder : path
        For checkpoints and the log (`log.jsonl`).
    device : str
        Of torch.
    report : callable
        Told about progress.

    Returns
    -------
    Progress
        At the end; its `average` is the network to keep.

    Raises
    ------
    FloatingPointError
        If the loss is no longer finite.
    """
    progress = start(config, device)
    settings = json.loads(json.dumps(asdict(config)))
    checkpoint.resume(folder, progress, settings)
    scaling = normalization("dm")
    loss = PaintLoss(normalization(config.field), config.absolute, config.power)
    log = Log(folder / "log.jsonl", report)
    kind = torch.device(device).type
    stepped = saved = time.monotonic()

    while progress.update < config.updates:
        dark_matter, target = (batch.to(device) for batch in maps.batch(progress.update))
        for group in progress.optimizer.param_groups:
            group["lr"] = learning_rate(config, progress.update)
        with torch.autocast(kind, torch.bfloat16, enabled=config.precision == "bfloat16"):
            painted = progress.network(scaling.forward(dark_matter))
        terms = loss(painted, target)
        progress.optimizer.zero_grad()
        torch.stack(list(terms.values())).sum().backward()
        progress.optimizer.step()
        progress.update += 1
        follow(progress.average, progress.network, decay(config, progress.update))

        last = progress.update == config.updates
        log.add(progress.update, terms, last)
        now = time.monotonic()
        progress.seconds += now - stepped
        stepped = now
        if last or now - saved > 60 * config.checkpoint_minutes:
            checkpoint.save(folder, progress, settings)
            saved = now
    return progress


def start(config: TrainingConfig, device: str) -> checkpoint.Progress:
    """Make a fresh network, its average and its optimiser."""
    torch.manual_seed(config.seed)
    network = unet.PRESETS[config.network].build().to(device)
    average = deepcopy(network).requires_grad_(False)
    optimizer = torch.optim.Adam(network.parameters(), config.learning_rate)
    return checkpoint.Progress(network, average, optimizer)


def learning_rate(config: TrainingConfig, update: int) -> float:
    """Falls linearly from the first update to the last."""
    done = update / max(config.updates - 1, 1)
    return config.learning_rate + done * (config.final_learning_rate - config.learning_rate)


def decay(config: TrainingConfig, update: int) -> float:
    """Smaller at first, so that a short run's average forgets its random first weights."""
    return min(config.average, update / (update + 10))


@torch.no_grad()
def follow(average: nn.Module, network: nn.Module, decay: float) -> None:
    """Move an averaged network towards the stepped one."""
    torch._foreach_lerp_(list(average.parameters()), list(network.parameters()), 1 - decay)


class Log:
    """Means of the losses over every few updates, one JSON object a line.

    Parameters
    ----------
    path : path
        File to append to.
    report : callable
        Told each line.
    """

    def __init__(self, path: Path, report: Report) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self.path = path
        self.report = report
        self.sums: dict[str, Tensor] = {}
        self.count = 0

    def add(self, update: int, terms: dict[str, Tensor], last: bool) -> None:
        """Note the losses of one update; write a line if it is time to or the last.

        Raises
        ------
        FloatingPointError
            If they are no longer finite.
        """
        for name, term in terms.items():
            self.sums[name] = self.sums.get(name, 0.0) + term.detach()
        self.count += 1
        if last or update % LOG_EVERY == 0:
            means = {name: float(total) / self.count for name, total in self.sums.items()}
            self._write(update, means)
            self.sums, self.count = {}, 0

    def _write(self, update: int, means: dict[str, float]) -> None:
        with self.path.open("a") as file:
            file.write(json.dumps({"update": update, **means}) + "\n")
        self.report(update, means)
        if not all(torch.isfinite(torch.tensor(list(means.values())))):
            raise FloatingPointError(
                f"The loss became {means} by update {update}, expected finite numbers: lower the "
                "learning rate."
            )
