"""Fitting JERALD: one stage after the other, each from the particles of the one before."""

from collections.abc import Callable, Mapping
from copy import deepcopy
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import torch
from lightning_fabric import Fabric
from numpy.typing import NDArray
from torch import Tensor, nn

from engine.fields import one_of
from engine.mesh import Grid
from engine.networks.jerald.displacement import Mesh, mesh_of
from engine.networks.jerald.stages import STAGES, DarkMatter, Stage, chain
from engine.normalization import Identity, Linear
from engine.systems.card import Input, ModelCard, Output
from engine.systems.jerald import INITIAL, Jerald, parameters_of, stages_of
from training.box_powers import power_off, wave_scores
from training.checkpoint import Progress
from training.config import RunConfig, Split, linear_rate
from training.data.ahead import Batch
from training.data.files import find_files
from training.data.universes import TrainingUniverses, read_universe, slices
from training.descent import average_gradients, descend
from training.losses.residuals import residual
from training.stage_search import hopped, put_numbers, search
from training.systems.contract import Draw, Picture, Scored, Weights
from training.systems.registry import register

VALIDATION = Split("validation-z2")
"""What chooses the numbers at z = 2."""

LOSSES = {
    "dm": {"power": 2.0, "smoothing": 0.0, "compression": 1.0},
    "stars": {"power": 1.0, "smoothing": 1.0, "compression": 1.0},
    "hi_thin": {"power": 1.0, "smoothing": 1.0, "compression": 1.0},
    "hi": {"power": 1.0, "smoothing": 0.0, "compression": 0.25},
}
"""By field. Neutral hydrogen that shields itself spans nine decades, of which the paper's, that
has none, knows three: it is compressed, or the densest cells would be all that is seen."""


MASS = {"dm": 0.0, "stars": 0.0, "hi_thin": 0.2, "hi": 0.2}
"""Weight of the logarithm of a box's mass over the true one, squared: what is compressed is
fitted to a median, of which the mass of a skewed field knows little."""


@dataclass(frozen=True)
class JeraldConfig(RunConfig):
    """The fit of one stage; the rate falls linearly.

    Parameters
    ----------
    gradients : int
        Of a search by L-BFGS, which an update is then; 0: an update is one step by Adam.
    boxes : int
        Whose losses are summed in an update; the next ones in turn.
    chooses : Split
        What chooses among the numbers of a run; a part of a box that trains elsewhere, or another.
    choose_every : int
        Updates between looks at it.
    epoch : str
        Name of the output time on the card; empty for that of the first weights, z = 2.
    warm_start : str
        SHA-256 of the numbers of the stages before; empty for the first stage.
    """

    field: str = "dm"
    batch_size: int = 1
    learning_rate: float = 0.05
    final_learning_rate: float = 0.005
    average: float = 0.9
    gradients: int = 0
    boxes: int = 6
    chooses: Split = VALIDATION
    choose_every: int = 10
    epoch: str = ""
    warm_start: str = ""

    system = "jerald"

    def __post_init__(self) -> None:
        """Refuse what can't be fitted."""
        super().__post_init__()
        one_of("Field that JERALD is fitted to", self.field, tuple(STAGES))


# Whole boxes: no axis of hydro11 is left to score these numbers on, but another universe is.
_preset = partial(
    JeraldConfig, network="displacements", sources=(Split("training-*"), Split("hydro11-z2"))
)

TODAY = {
    "epoch": "z0",
    "sources": (Split("groups-201-z0"),),
    "chooses": Split("groups-202-z0"),
    "boxes": 1,
}
"""Boxes at z = 0, of coarser cells."""

LOWER, UPPER = (((0.0, 1.0), (0.0, 1.0), half) for half in ((0.0, 0.5), (0.5, 1.0)))
"""Halves of a box; the heaviest halo of hydro11 is in the lower one."""

EARLY = {
    "epoch": "z3",
    "sources": (Split("hydro11-z3", volume=LOWER),),
    "chooses": Split("hydro11-z3", volume=UPPER),
    "boxes": 1,
}
"""The only box at z = 3: one half trains, the other chooses."""

# `paper` takes as many steps as the paper did; `rest` brings numbers that are near to rest; `smoke`
# takes seconds and shows that everything is in its place.
PRESETS: Mapping[str, Callable[..., RunConfig]] = {
    "paper": partial(_preset, updates=500),
    "small": partial(_preset, updates=120),
    "rest": partial(_preset, updates=12, gradients=40, average=0.0, choose_every=1),
    "z0": partial(_preset, updates=120, **TODAY),
    "z3": partial(_preset, updates=120, **EARLY),
    "smoke": partial(_preset, updates=3, boxes=1, choose_every=2, checkpoint_minutes=0.001),
}


class FitStep:
    """Step a stage down its loss on one box.

    Parameters
    ----------
    config : JeraldConfig
        The run.
    progress : Progress
        Whose stage and optimiser are stepped.
    fabric : Fabric
        Where it runs.
    before : dict of str to Stage
        Stages that are fixed.
    """

    def __init__(
        self,
        config: JeraldConfig,
        progress: Progress,
        fabric: Fabric,
        before: Mapping[str, Stage],
    ) -> None:
        self.config, self.progress, self.fabric = config, progress, fabric
        self.before, self.batches = before, config.boxes
        self.given: dict[int, tuple[Tensor, ...]] = {}
        """What the fixed stages make of a box, by its number."""

    def __call__(self, draw: Draw) -> dict[str, Tensor]:
        """Step once; return the loss's terms."""
        stage = self.progress.network
        assert isinstance(stage, Stage)
        losses = [self._loss(stage, draw(number)) for number in range(self.batches)]
        terms = {"residual": torch.stack(losses).mean()}
        rate = linear_rate(self.config, self.progress.update)
        optimizer = self.progress.optimizers["network"]
        descend(terms, stage, optimizer, rate, self.fabric, largest=1)
        stage.clip()
        return terms

    def _loss(self, stage: Stage, batch: Batch) -> Tensor:
        number, box_size, position, truth, part = batch
        mesh = mesh_of(float(box_size), len(truth), str(self.fabric.device))
        key = int(number)
        if key not in self.given:
            self.given[key] = given(position, self.before, mesh)
        return stage_loss(self.config.field, stage, self.given[key], truth, mesh, slices(part))


class Search(FitStep):
    """Go on towards the least loss of all boxes by L-BFGS, as the paper's ancestor LDL did.

    A step of Adam is as long for every number, and w is 500 times less than a wavenumber: where
    it is short enough for the one, the other hardly moves. A search finds its own length, on the
    logarithms of those numbers that may differ by decades. The loss has edges, and where they
    catch a search is chance: each one after the first begins a little beside where the one before
    came to, and the box that chooses takes the best.
    """

    def __call__(self, draw: Draw) -> dict[str, Tensor]:
        """Search from or beside where the numbers are; return the loss where they come to."""
        stage = self.progress.network
        assert isinstance(stage, Stage)
        batches = [draw(number) for number in range(self.batches)]

        def loss() -> float:
            total = torch.zeros((), device=self.fabric.device)
            for batch in batches:
                each = self._loss(stage, batch) / len(batches)
                each.backward()
                total = total + each.detach()
            average_gradients(stage, self.fabric)
            mean = self.fabric.all_reduce(total, reduce_op="mean")
            assert isinstance(mean, Tensor)
            return float(mean)

        if self.progress.update:
            put_numbers(stage, hopped(stage, (self.config.seed, self.progress.update)))
        return {"residual": torch.tensor(search(stage, loss, self.config.gradients))}


@torch.no_grad()
def given(position: Tensor, before: Mapping[str, Stage], mesh: Mesh) -> tuple[Tensor, ...]:
    """What a stage is given of a box: particles, and stars where they are painted before."""
    if "dm" in before:
        stage = before["dm"].to(position.device)
        assert isinstance(stage, DarkMatter)
        position = stage.moved(position, mesh)
    if "stars" in before:
        return position, before["stars"].to(position.device)(position, mesh)
    return (position,)


def stage_loss(
    field: str,
    stage: nn.Module,
    given: tuple[Tensor, ...],
    truth: Tensor,
    mesh: Mesh,
    part: tuple[slice, ...],
) -> Tensor:
    """The loss of a stage on a part of a box: its residual over that of an empty one, its mass."""
    how, painted = LOSSES[field], stage(*given, mesh)
    off = residual(painted, truth, mesh, **how, part=part)
    empty = residual(torch.zeros_like(truth), truth, mesh, **how, part=part)
    mass = torch.log(painted[part].mean() / truth[part].mean()) ** 2
    return off / empty + MASS[field] * mass


@register
class JeraldFit(Scored[JeraldConfig, TrainingUniverses]):
    """A stage's numbers, chosen on a box that doesn't train.

    References
    ----------
    Rigo, Trotta & Viel 2025, section II.
    """

    config_class = JeraldConfig
    presets = PRESETS
    warm_starts: ClassVar[tuple[str, ...]] = ("jerald",)
    chosen_by = "misfit"
    half = False  # they are few, and the card has them as parameters too

    def __init__(self, config: JeraldConfig, weights: Weights | None = None) -> None:
        super().__init__(config, weights)
        self.earlier = chain(config.field)[:-1]
        if weights is None and self.earlier:
            raise ValueError(
                f"JERALD's {config.field} begin with the particles of the {self.earlier[-1]} "
                f"stage, expected its card by --warm-start."
            )
        last = self.earlier[-1] if self.earlier else ""
        self.before = stages_of(last, weights) if last and weights is not None else {}

    @classmethod
    def can_start_from(cls, config: RunConfig, field: str) -> bool:
        """Whether numbers fitted to a field hold the stages before the one to be fitted."""
        return field in chain(config.field)[-2:]

    def examples(self, folder: Path) -> TrainingUniverses:
        """Read the boxes that train and the one that chooses, and run their particle meshes."""
        files = find_files(folder, self.config.sources)
        ((chooses, part),) = find_files(folder, (self.config.chooses,))
        field = self.config.field
        universes = [read_universe(path, field, source) for path, source in files]
        return TrainingUniverses(universes, read_universe(chooses, field, part), files)

    def start(self, device: torch.device) -> Progress:
        """Make the stage, its average and the optimiser."""
        field = self.config.field
        weights = self.weights or {}
        known = any(name.startswith(f"{field}.") for name in weights)
        network = stages_of(field, weights)[field] if known else STAGES[field]()
        network = network.requires_grad_(True).to(device)
        if self.config.gradients:
            return Progress({"network": network}, {})
        average = deepcopy(network).requires_grad_(False)
        adam = torch.optim.Adam(network.parameters(), self.config.learning_rate)
        return Progress({"network": network, "average": average}, {"network": adam})

    def step(self, progress: Progress, fabric: Fabric) -> FitStep:
        """Make what the run repeats."""
        way = Search if self.config.gradients else FitStep
        return way(self.config, progress, fabric, self.before)

    def is_due(self, update: int) -> bool:
        """Whether to look after this update."""
        return update % self.config.choose_every == 0 or update == self.config.updates

    @torch.no_grad()
    def score(
        self, network: nn.Module, examples: TrainingUniverses
    ) -> tuple[dict[str, float], Picture]:
        """Loss on the box that chooses, its mass and power; and a picture of a layer.

        The paper's loss is mostly of a few cells and knows little of powers: numbers are chosen
        by what both are off together, where the whole box chooses.
        """
        box, mean = examples.validation, examples.mean
        device = str(next(network.parameters()).device)
        mesh = mesh_of(box.box_size, len(box.target), device)
        begin = given(box.position.to(device), self.before, mesh)
        truth = box.target.to(device) / mean
        painted = network(*begin, mesh)
        part = slices(box.part)
        scores = {
            "residual": float(stage_loss(self.config.field, network, begin, truth, mesh, part)),
            "mass": float(painted.double().mean() / truth.double().mean()),
        }
        grids = [
            Grid(
                each.cpu().numpy(),
                self.config.field,
                cell_size=box.cell_size,
                box_size=box.box_size,
                redshift=box.redshift,
                cosmology=box.cosmology,
                simulation=box.name,
            )
            for each in (truth, painted)
        ]
        off = power_off(*grids) if painted[part].shape == painted.shape else 0.0
        scores["misfit"] = scores["residual"] + off
        return scores | wave_scores(*grids), picture(*grids)

    def exported(self, weights: dict[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
        """Numbers of this stage and of those before."""
        stages = {f"{self.config.field}.{name}": array for name, array in weights.items()}
        for name, stage in self.before.items():
            arrays = {f"{name}.{k}": v.cpu().numpy() for k, v in stage.state_dict().items()}
            stages |= arrays
        return stages

    def described(self, card: ModelCard, weights: dict[str, NDArray[Any]]) -> ModelCard:
        """The card with all numbers as parameters."""
        return replace(card, parameters=parameters_of(stages_of(self.config.field, weights)))

    def card(self, examples: TrainingUniverses, hours: float, device: str) -> ModelCard:
        """Fill in the card of a run, but for its scores."""
        one = examples.universes[0]
        return ModelCard(
            system=self.config.system,
            title=Jerald.title,
            paper=Jerald.paper,
            inputs=(Input(INITIAL, "delta", "grid", one.cell_size, 0.0, Identity()),),
            output=Output(self.config.field, "grid", one.cell_size, Linear(examples.mean)),
            architecture={"network": self.config.network, "redshift": one.redshift},
            cosmology=one.cosmology,
            stochastic=False,
            epoch=self.config.epoch,
            **self.provenance(examples, hours, device),
        )


LAYERS = 8
"""Cells deep that a picture shows."""

DECADES = (-1.5, 2.0)
"""log10 of a field over its mean, from black to white."""


def picture(truth: Grid, painted: Grid) -> Picture:
    """The same layers of both, side by side."""
    layers = [each.values[:LAYERS].mean(0) for each in (truth, painted)]
    tones = np.log10(np.maximum(np.concatenate(layers, 1), 10 ** DECADES[0]))
    shade = np.clip((tones - DECADES[0]) / (DECADES[1] - DECADES[0]), 0, 1)
    return (255 * shade).astype(np.uint8)
