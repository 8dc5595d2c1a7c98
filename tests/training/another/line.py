"""A system in one file: log gas as a line of log dark matter, with what EMBER doesn't have.

Two networks, an optimiser with a memory of lists, a scheduler, no average and no critic.
"""

from dataclasses import dataclass
from functools import partial

import torch
from torch import nn

from engine.normalization import normalization
from engine.systems.card import ModelCard
from training.checkpoint import Progress
from training.config import RunConfig, Split
from training.data.files import find_files
from training.data.slabs import TrainingMaps, card_meshes, read_pairs
from training.systems.contract import System
from training.systems.registry import register


@dataclass(frozen=True)
class LineConfig(RunConfig):
    system = "line"


class Step:
    batches = 1

    def __init__(self, progress):
        self.progress = progress

    def __call__(self, draw):
        x, y = (normalization("gas").forward(part) for part in draw(0))
        networks, optimizers = self.progress.modules, self.progress.optimizers

        def error():
            optimizers["network"].zero_grad()
            found = (networks["network"](x) - y).square().mean()
            found.backward()
            return found

        line = optimizers["network"].step(error)
        optimizers["mean"].zero_grad()
        mean = (networks["mean"](torch.ones(1)) - y.mean()).square().mean()
        mean.backward()
        optimizers["mean"].step()
        self.progress.extra["rate"].step(mean.detach())
        return {"line": line.detach(), "mean": mean.detach()}


PRESETS = {"tiny": partial(LineConfig, network="line", sources=(Split("training-*"),), updates=8)}


@register
class Line(System):
    config_class = LineConfig
    presets = PRESETS

    def examples(self, folder):
        files = find_files(folder, self.config.sources)
        pairs = [pair for path, part in files for pair in read_pairs(path, part, "gas", "HR")]
        return TrainingMaps(pairs, self.config.batch_size, self.config.seed, files=files)

    def start(self, device):
        torch.manual_seed(self.config.seed)
        line, mean = nn.Conv2d(1, 1, 1).to(device), nn.Linear(1, 1).to(device)
        second = torch.optim.LBFGS(line.parameters(), 0.5, max_iter=2)
        first = torch.optim.SGD(mean.parameters(), 0.1, momentum=0.5)
        rate = torch.optim.lr_scheduler.ReduceLROnPlateau(first, patience=0, threshold=0.5)
        return Progress(
            {"network": line, "mean": mean}, {"network": second, "mean": first}, {"rate": rate}
        )

    def step(self, progress, fabric):
        return Step(progress)

    def card(self, examples, hours, device):
        eaten, painted = card_meshes(examples.pairs)
        return ModelCard(
            system=self.config.system,
            title="A line",
            paper="None",
            inputs=eaten,
            output=painted,
            architecture={"network": "line"},
            cosmology=examples.pairs[0].target.cosmology,
            stochastic=False,
            **self.provenance(examples, hours, device),
        )
