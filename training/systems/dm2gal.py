"""Training of dm2gal: cubes drawn evenly in the logarithm of their stars."""

from collections.abc import Callable, Iterable, Mapping
from copy import deepcopy
from dataclasses import dataclass, replace
from functools import partial
from math import cos, pi
from pathlib import Path
from typing import Any

import numpy as np
import torch
from lightning_fabric import Fabric
from numpy.typing import NDArray
from torch import Tensor, nn

from engine import statistics
from engine.catalogue_grids import SUBHALOS, GalaxyGrid
from engine.fields import one_of
from engine.networks.dm2gal.network import Dm2GalConfig
from engine.systems.card import DARK_MATTER, Input, ModelCard, Output
from engine.systems.dm2gal import RELATION, Dm2GalEmulator
from training.checkpoint import Progress
from training.config import RunConfig, Split
from training.data.files import find_files
from training.data.galaxies import TARGETS, GalaxyBox, TrainingGalaxies, read_box
from training.data.mean_stars import raised
from training.descent import autocast, descend, random_of
from training.learning_curve import LearningCurve
from training.systems.contract import Draw, Picture, Scored
from training.systems.registry import register

NETWORKS = {
    "paper": Dm2GalConfig("paper", 64, 256),
    "paper8": Dm2GalConfig("paper", 8, 256),
    "small": Dm2GalConfig("small", 8, 64),
    "small4": Dm2GalConfig("small", 4, 64),
}
"""By the names that configurations have for them."""

CELLS = {"paper": 36.76, "small": 73.53}
"""Side of the cells that the layers of that name are for, comoving [kpc/h]: 306 or 153 in the
shipped box."""

HELD_OUT = Split("hydro11-z2", volume=((0.5, 1.0), (0.0, 1.0), (0.0, 1.0)))
"""Half of the shipped box: a cube has no line of sight to be held out."""

BOXES = (Split("training-*"), Split("hydro11-z2", volume=((0.0, 0.5), (0.0, 1.0), (0.0, 1.0))))

VALIDATION = Split("validation-z2")
"""What chooses the weights."""

MEASURED = 12
"""Batches that batch normalisation's statistics of the averaged weights are measured on."""


@dataclass(frozen=True)
class Dm2GalTrainingConfig(RunConfig):
    """One training; the rate falls as a cosine.

    Parameters
    ----------
    target : str
        "residuals", "galaxies", or "voxels" as in the paper, see `training.data.galaxies.TARGETS`.
    inputs : str
        "both", or "subhalos" alone.
    weight_decay : float
        Of AdamW.
    dropout : float
        Before the last layer.
    choose_every : int
        Updates between looks at the box that chooses the weights.
    """

    field: str = "stars"
    batch_size: int = 32
    target: str = "residuals"
    inputs: str = "both"
    weight_decay: float = 1e-2
    dropout: float = 0.2
    choose_every: int = 100

    system = "dm2gal"

    def __post_init__(self) -> None:
        """Refuse what can't be trained."""
        super().__post_init__()
        one_of("Target of dm2gal", self.target, tuple(TARGETS))
        one_of("Inputs of dm2gal", self.inputs, ("both", "subhalos"))
        if self.field != "stars":
            raise ValueError(f"dm2gal paints stars, but {self.field} was asked for.")
        if self.choose_every < 1:
            raise ValueError(
                f"Training looks every {self.choose_every} updates, expected one or more."
            )

    def rate(self, update: int) -> float:
        """Learning rate at an update."""
        done = update / max(self.updates - 1, 1)
        falls = 0.5 * (1 + cos(pi * done))
        return self.final_learning_rate + falls * (self.learning_rate - self.final_learning_rate)


_preset = partial(Dm2GalTrainingConfig, network="small", sources=BOXES)

# `paper` and `paper8` want cells of half the size; `paper` a GPU. `direct` learns stars and not how
# they differ from the median relation, as those two; `voxels` learns what the paper does, and
# `subhalos` from subhaloes alone: to be compared with. `smoke` takes seconds.
PRESETS: Mapping[str, Callable[..., RunConfig]] = {
    "paper": partial(_preset, network="paper", updates=6000, learning_rate=1e-4, target="galaxies"),
    "paper8": partial(_preset, network="paper8", updates=6000, batch_size=16, target="galaxies"),
    "small": partial(_preset, updates=6000),
    "small4": partial(_preset, network="small4", updates=6000),
    "direct": partial(_preset, updates=6000, target="galaxies"),
    "voxels": partial(_preset, updates=6000, target="voxels"),
    "subhalos": partial(_preset, updates=6000, inputs="subhalos"),
    "smoke": partial(
        _preset,
        network="small4",
        updates=4,
        batch_size=4,
        choose_every=2,
        checkpoint_minutes=0.001,
    ),
}


class Dm2GalStep:
    """One step down the squared error of the scaled logarithm of the stars.

    Parameters
    ----------
    config : Dm2GalTrainingConfig
        The run.
    progress : Progress
        Whose network and optimiser are stepped.
    fabric : Fabric
        Where it runs.
    """

    batches = 1

    def __init__(self, config: Dm2GalTrainingConfig, progress: Progress, fabric: Fabric) -> None:
        self.config, self.progress, self.fabric = config, progress, fabric
        self.errors: list[float] = []
        """Since the last look."""

    def __call__(self, draw: Draw) -> dict[str, Tensor]:
        """Step once; return the loss's terms."""
        cubes, stars = draw(0)
        network = self.progress.network
        # Dropout takes torch's own numbers: the same whether the run was stopped or not.
        random = random_of(self.config.seed, self.progress.update, 0, self.fabric)
        with torch.random.fork_rng():
            torch.manual_seed(random.initial_seed())
            with autocast(self.config, self.fabric):
                # A sixth faster on a CPU than with the channels first.
                said = network.train()(cubes.contiguous(memory_format=torch.channels_last_3d))
        terms = {"error": (said.float() - stars).square().mean()}
        adam, rate = self.progress.optimizers["network"], self.config.rate(self.progress.update)
        descend(terms, network, adam, rate, self.fabric)
        self.errors.append(float(terms["error"].detach()))
        return terms


@register
class Dm2GalTraining(Scored[Dm2GalTrainingConfig, TrainingGalaxies]):
    """The paper's network on galaxies, its weights chosen on a box that doesn't train.

    References
    ----------
    Kasmanoff et al. 2020, section 3.
    """

    config_class = Dm2GalTrainingConfig
    presets = PRESETS
    chosen_by = "power_and_mass"
    half = False  # batch normalisation keeps small variances

    def examples(self, folder: Path) -> TrainingGalaxies:
        """Read the boxes that train and the one that chooses."""
        config = self.config
        network = NETWORKS[config.network]
        files = find_files(folder, config.sources)
        for path, source in files:
            refuse_held_out(path.stem, source)
        ((chooses, whole),) = find_files(folder, (VALIDATION,))
        size = CELLS[network.layers]
        return TrainingGalaxies(
            [read_box(path, source, config.target, size) for path, source in files],
            config.target,
            network.margin,
            config.batch_size,
            config.seed,
            config.inputs == "both",
            read_box(chooses, whole, config.target, size),
            files,
        )

    def start(self, device: torch.device) -> Progress:
        """Make the network, its average and the optimiser."""
        config = self.config
        torch.manual_seed(config.seed)
        network = NETWORKS[config.network].build(config.dropout).to(device)
        if config.target == "residuals":  # begins as the median relation
            nn.init.zeros_(network.last.weight)
            nn.init.zeros_(network.last.bias)
        average = deepcopy(network).requires_grad_(False).eval()
        adam = torch.optim.AdamW(network.parameters(), weight_decay=config.weight_decay)
        self.curve = LearningCurve()
        modules: dict[str, nn.Module] = {"network": network, "average": average}
        return Progress(modules, {"network": adam}, {"learning curve": self.curve})

    def step(self, progress: Progress, fabric: Fabric) -> Dm2GalStep:
        """Make what the run repeats."""
        self.stepped = Dm2GalStep(self.config, progress, fabric)
        return self.stepped

    def is_due(self, update: int) -> bool:
        """Whether to look after this update."""
        return update % self.config.choose_every == 0 or update == self.config.updates

    def score(
        self, network: nn.Module, examples: TrainingGalaxies
    ) -> tuple[dict[str, float], Picture]:
        """Errors of the painting of the box that chooses, and a picture of it."""
        box, place = examples.validation, next(network.parameters()).device
        device = str(place)
        # Batches that never train.
        some = range(self.config.updates, self.config.updates + MEASURED)
        measure_statistics(network, (examples.batch(number)[0].to(place) for number in some))
        state = network.state_dict().items()
        arrays = {name: tensor.detach().cpu().numpy() for name, tensor in state}
        card = self.card(examples, 0.0, device)
        emulator = Dm2GalEmulator(card, self.exported(arrays), device)
        painted = emulator.predict({DARK_MATTER: box.dark_matter, SUBHALOS: box.subhalos})
        scores = galaxy_scores(box, painted, TARGETS["galaxies"])
        since, self.stepped.errors = self.stepped.errors, []
        row = {"update": float(self.stepped.progress.update), **scores}
        self.curve.rows.append({**row, "training_error": float(np.mean(since or [np.nan]))})
        return scores, picture(box.truth, painted)

    def card(self, examples: TrainingGalaxies, hours: float, device: str) -> ModelCard:
        """Fill in the card of a run, but for its scores."""
        one, config = examples.boxes[0], self.config
        self.trained_on = examples
        network, size = NETWORKS[config.network], one.dark_matter.cell_size
        dark_matter, subhalos = examples.inputs
        redshift = one.dark_matter.redshift
        return ModelCard(
            system=config.system,
            title=Dm2GalEmulator.title,
            paper=Dm2GalEmulator.paper,
            inputs=(
                Input(
                    DARK_MATTER,
                    "dmo",
                    "grid",
                    size,
                    redshift,
                    dark_matter,
                    separation=one.dark_matter.separation or None,
                ),
                Input(SUBHALOS, SUBHALOS, "grid", size, redshift, subhalos),
            ),
            output=Output("stars", "grid", size, examples.output),
            architecture={
                "layers": network.layers,
                "channels": network.channels,
                "hidden": network.hidden,
                "inputs": config.inputs,
                "least_mass": one.least_mass,
                **({"residual_spread": examples.residual_spread} if examples.relation else {}),
            },
            cosmology=one.dark_matter.cosmology,
            stochastic=False,
            **self.provenance(examples, hours, device),
        )

    def exported(self, weights: dict[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
        """Weights of the network, and the relation that it says residuals of.

        It is the median one raised until the training subhaloes have their stars, see `raised`.
        """
        examples = self.trained_on
        if examples.relation is None:
            return weights
        network = NETWORKS[self.config.network].build().eval()
        network.load_state_dict({name: torch.from_numpy(each) for name, each in weights.items()})
        mass, stars, cell = examples.subhalos
        said = examples.residual_spread * say(network, examples)[cell]
        relation = raised(examples.relation, mass, stars, said)
        return weights | dict(zip(RELATION, relation, strict=True))

    def described(self, card: ModelCard, weights: dict[str, NDArray[Any]]) -> ModelCard:  # noqa: ARG002
        """The card with the learning curve."""
        return replace(card, recipe={**card.recipe, "learning_curve": self.curve.rounded(4)})


@torch.no_grad()
def measure_statistics(network: nn.Module, batches: Iterable[Tensor]) -> None:
    """Give batch normalisation the statistics of what a network's own weights make of cubes.

    Averaged weights have seen none, and those of the last weights are not theirs: at the first
    rates they differ by more than a network learns.

    Parameters
    ----------
    network : Module
        Whose statistics are changed; at rest afterwards.
    batches : iterable of tensor, (batch, 2, side, side, side)
        Of cubes, all of which count alike.
    """
    layers = [each for each in network.eval().modules() if isinstance(each, nn.BatchNorm3d)]
    for each in layers:
        each.reset_running_stats()
        each.momentum = None  # the mean of all
        each.train()
    for cubes in batches:
        network(cubes.contiguous(memory_format=torch.channels_last_3d))
    network.eval()


@torch.inference_mode()
def say(network: nn.Module, examples: TrainingGalaxies) -> NDArray[np.float64]:
    """What a network says of every cell that trains, scaled, (n,)."""
    parts = [
        network(examples.cubes(first).contiguous(memory_format=torch.channels_last_3d))
        for first in np.array_split(np.arange(len(examples.stars)), len(examples.stars) // 64 + 1)
    ]
    return torch.cat(parts).double().numpy()


def refuse_held_out(name: str, source: Split) -> None:
    """Raise ValueError if training on this part of a box would spoil a score."""
    if source.overlaps(name, HELD_OUT) or source.overlaps(name, VALIDATION):
        raise ValueError(
            f"The part {source.volume} of simulation {name!r} reaches into what is held out to "
            "score networks, expected training sources without it."
        )


WAVES = (0.5, 20.0)
"""Between which wavenumbers the power chooses, [h/Mpc]."""


def galaxy_scores(box: GalaxyBox, painted: GalaxyGrid, offset: float) -> dict[str, float]:
    """Errors of the power spectrum, the mass and the subhaloes' stars of a painting.

    Parameters
    ----------
    offset : float
        Mass that is added before logarithms are taken, [Msun/h].
    """
    power, mass = (statistics.get(name) for name in ("power_spectrum", "total_mass"))
    ratio = mass(painted) / mass(box.truth)
    number = len(box.subhalos.subhalos)
    true, said = (
        np.log10(each.galaxies.of_subhalos(number) + offset) for each in (box.truth, painted)
    )
    seen = box.subhalos.subhalos.mvir >= box.least_mass
    error = float(np.sqrt(np.mean((said - true)[seen] ** 2)))
    if not ratio > 0:  # as of a network that has only begun
        return {"power_and_mass": 10.0, "power_error": 10.0, "mass": 0.0, "subhalo_error": error}
    ours, theirs = power(painted), power(box.truth)
    some = (theirs.x > WAVES[0]) & (theirs.x < WAVES[1])
    off = float(np.abs(np.log10(ours.y[some] / theirs.y[some])).mean())
    return {
        "power_and_mass": off + abs(float(np.log10(ratio))),
        "power_error": off,
        "mass": float(ratio),
        "subhalo_error": error,
    }


DECADES = (0.0, 4.0)
"""log10 of the stars' surface density over its mean, from black to white."""


def picture(truth: GalaxyGrid, painted: GalaxyGrid) -> Picture:
    """Both boxes seen along z, beside each other, (rows, columns)."""
    maps = [each.values.mean(0, dtype=np.float64) for each in (truth, painted)]
    mean = maps[0].mean()
    logarithm = np.log10(np.maximum(np.concatenate(maps, 1) / mean, 1e-9))
    shown = (logarithm - DECADES[0]) / (DECADES[1] - DECADES[0])
    return (255 * shown.clip(0, 1)).astype(np.uint8)
