"""Training of the U-Net that paints clusters."""

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

from engine.fields import INPUT_FIELDS, OF_HOT_GAS, one_of
from engine.networks.cluster.unet import PRESETS as NETWORKS
from engine.networks.cluster.unet import ClusterUNetConfig
from engine.systems.card import DARK_MATTER, Input, ModelCard, Output
from engine.systems.cluster_unet import ClusterPainter
from training.checkpoint import Progress
from training.config import RunConfig, Split
from training.data.cluster_maps import read_clusters
from training.data.cutouts import SCALINGS, TrainingClusters
from training.data.files import find_files
from training.descent import autocast, descend
from training.learning_curve import LearningCurve
from training.losses.clusters import TermWeights, cluster_terms
from training.systems.contract import Draw, Picture, Scored
from training.systems.registry import register

SOURCES = (Split("groups-201-z[01]"),)
"""What trains."""

OCTANT = ((0.5, 1.0),) * 3

VALIDATION = Split("groups-201-z[01]", volume=OCTANT)
"""What chooses the weights: by place, so that projections and redshifts of a cluster, and its
neighbours, stay together. Clusters whose cube reaches into it don't train, and scores are of
another box."""

LOOKED_AT = 32
"""Maps painted at a time to choose by."""


@dataclass(frozen=True)
class ClusterConfig(RunConfig):
    """One training; the rate falls as a cosine.

    Parameters
    ----------
    together : bool
        Whether one network paints all of hot gas, its temperature and X-rays, or `field` alone.
    profile : bool
        Whether mean profiles by mass, redshift and lumpiness go in too, and the network paints
        what is left: a hundred clusters are few to learn them from, map by map.
    scaling : {"minmax", "4sigma", "linear"}
        Of the fields, see `training.data.cutouts`.
    decay : float
        Of the weights, per update and unit of learning rate (AdamW).
    total, rings, scatter : float
        Weights of the errors of each map's sum, of its rings' sums and of how far sums scatter,
        beside that of its pixels; see `training.losses.clusters`.
    inner : float
        How much more pixels near the middle weigh, see `training.data.cutouts`.
    heavy : float
        Power of their mass that clusters are drawn by.
    twins : bool
        Whether dark matter of dark-matter-only twins trains too, of the files that hold it.
    choose_every : int
        Updates between looks at the clusters that choose the weights.
    """

    field: str = "xray"
    batch_size: int = 16
    average: float = 0.995
    together: bool = True
    profile: bool = True
    scaling: str = "minmax"
    decay: float = 1e-3
    total: float = 0.3
    rings: float = 0.1
    scatter: float = 1.0
    inner: float = 1.0
    heavy: float = 0.5
    twins: bool = True
    choose_every: int = 250

    system = "cluster-unet"

    def __post_init__(self) -> None:
        """Refuse what can't be trained."""
        super().__post_init__()
        one_of("Scaling of the fields", self.scaling, SCALINGS)
        one_of("Network of cluster-unet", self.network, tuple(NETWORKS))
        one_of("Field to paint on clusters", self.field, OF_HOT_GAS)
        if self.choose_every < 1:
            raise ValueError(
                f"Training looks every {self.choose_every} updates, expected one or more."
            )

    @property
    def fields(self) -> tuple[str, ...]:
        """What the network paints, in the order of its outputs."""
        return OF_HOT_GAS if self.together else (self.field,)

    @property
    def built(self) -> ClusterUNetConfig:
        """Of the network."""
        number = len(self.fields)
        network = replace(NETWORKS[self.network], outputs=number)
        if not self.profile:
            return network
        return replace(network, inputs=1 + number, added=tuple(range(1, 1 + number)))

    def rate(self, update: int) -> float:
        """Learning rate at an update."""
        done = update / max(self.updates - 1, 1)
        fall = self.learning_rate - self.final_learning_rate
        return self.final_learning_rate + fall * (1 + cos(pi * done)) / 2


_SMALL = partial(ClusterConfig, network="small", sources=SOURCES)

PRESETS: Mapping[str, Callable[..., ClusterConfig]] = {
    # Section 3 of the paper: a network for each field, 100 epochs of 8 maps.
    "paper": partial(
        ClusterConfig,
        network="paper",
        sources=SOURCES,
        updates=100_000,
        batch_size=8,
        together=False,
        profile=False,
        total=0.0,
        rings=0.0,
        scatter=0.0,
        inner=0.0,
        heavy=0.0,
        twins=False,
    ),
    "small": partial(_SMALL, updates=8_000),
    "small-4sigma": partial(_SMALL, updates=8_000, scaling="4sigma"),
    "small-linear": partial(_SMALL, updates=8_000, scaling="linear"),
    "smoke": partial(_SMALL, updates=8, batch_size=2, choose_every=4, checkpoint_minutes=0.01),
}


class ClusterStep:
    """Step down the error of pixels and sums.

    Parameters
    ----------
    config : ClusterConfig
        The run.
    progress : Progress
        Whose network and optimiser are stepped.
    fabric : Fabric
        Where it runs.
    terms : callable
        What is painted and what belongs to it to the loss's terms.
    """

    batches = 1

    def __init__(
        self,
        config: ClusterConfig,
        progress: Progress,
        fabric: Fabric,
        terms: Callable[..., dict[str, Tensor]],
    ) -> None:
        self.config, self.progress, self.fabric = config, progress, fabric
        self.terms = terms

    def __call__(self, draw: Draw) -> dict[str, Tensor]:
        """Step once; return the loss's terms."""
        inputs, *belongs = draw(0)
        with autocast(self.config, self.fabric):
            painted = self.progress.network(inputs.contiguous(memory_format=torch.channels_last))
        terms = self.terms(painted.float(), *belongs)
        optimizer = self.progress.optimizers["network"]
        rate = self.config.rate(self.progress.update)
        descend(terms, self.progress.network, optimizer, rate, self.fabric)
        # The loop averages parameters alone; what batches were like on average is kept already.
        buffers = zip(self.progress.kept.buffers(), self.progress.network.buffers(), strict=True)
        for kept, latest in buffers:
            kept.copy_(latest)
        return terms


@register
class ClusterTraining(Scored[ClusterConfig, TrainingClusters]):
    """The U-Net, fitted to pixels and sums of maps of clusters.

    References
    ----------
    Chadayammuri et al. 2023, section 3.
    """

    config_class = ClusterConfig
    presets = PRESETS
    chosen_by = "loss"

    _terms: Callable[..., dict[str, Tensor]]

    def examples(self, folder: Path) -> TrainingClusters:
        """Read the clusters of the run and those that choose its weights."""
        fields = self.config.fields
        files = find_files(folder, self.config.sources)
        runs = INPUT_FIELDS if self.config.twins else INPUT_FIELDS[:1]
        choosing = find_files(folder, (VALIDATION,))
        examples = TrainingClusters(
            read_clusters(files, fields, trains=True, runs=runs, apart=VALIDATION),
            read_clusters(choosing, fields, trains=False, runs=runs),
            fields,
            self.config.scaling,
            self.config.batch_size,
            self.config.seed,
            files,
            profiles=self.config.profile,
            inner=self.config.inner,
            heavy=self.config.heavy,
        )
        self._terms = partial(
            cluster_terms,
            scalings=examples.painted,
            needs_gas=[field == "temperature_sl" for field in fields],
            weights=TermWeights(self.config.total, self.config.rings, self.config.scatter),
        )
        return examples

    def start(self, device: torch.device) -> Progress:
        """Make a fresh network, its average and its optimiser."""
        torch.manual_seed(self.config.seed)
        network = self.config.built.build().to(device)
        average = deepcopy(network).requires_grad_(False)
        adam = torch.optim.AdamW(
            network.parameters(), self.config.learning_rate, weight_decay=self.config.decay
        )
        self.curve = LearningCurve()
        modules: dict[str, nn.Module] = {"network": network, "average": average}
        return Progress(modules, {"network": adam}, {"learning curve": self.curve})

    def step(self, progress: Progress, fabric: Fabric) -> ClusterStep:
        """Make what the run repeats."""
        self._progress = progress
        return ClusterStep(self.config, progress, fabric, self._terms)

    def is_due(self, update: int) -> bool:
        """Whether to look at the clusters that choose the weights."""
        return update % self.config.choose_every == 0 or update == self.config.updates

    @torch.no_grad()
    def score(
        self, network: nn.Module, examples: TrainingClusters
    ) -> tuple[dict[str, float], Picture]:
        """Loss on the clusters that choose, and a picture: dark matter, truths and paintings."""
        device = next(network.parameters()).device
        was_training = network.training
        network.eval()
        scaled = [
            torch.from_numpy(part).to(device) for part in examples.scaled(examples.validation)
        ]
        inputs, truth = scaled
        painted = torch.cat([network(part) for part in inputs.split(LOOKED_AT)])
        network.train(was_training)
        weight, rings = (
            torch.from_numpy(part).to(device).expand_as(inputs[:, :1])
            for part in (examples.weight, examples.rings)
        )
        law = torch.from_numpy(examples.law(examples.validation)).to(device)
        terms = self._terms(painted, truth, weight, rings, law)
        scores = {name: float(value) for name, value in terms.items()}
        loss = sum(scores.values())
        self.curve.rows.append({"update": float(self._progress.update), "loss": loss, **scores})
        shown = [inputs[0, 0], *truth[0], *painted[0].clamp(0, 1)]
        picture = torch.cat(shown, 1).clamp(0, 1).cpu().numpy()
        return {"loss": loss, **scores}, (255 * picture).astype(np.uint8)

    def card(self, examples: TrainingClusters, hours: float, device: str) -> ModelCard:
        """Fill in the card of the first field, but for its scores."""
        return self._card(examples, 0, self.provenance(examples, hours, device))

    def _card(
        self, examples: TrainingClusters, number: int, provenance: dict[str, Any]
    ) -> ModelCard:
        first, (lowest, highest) = examples.maps.first, examples.maps.redshifts
        self._painted, self._profiles = examples.painted, examples.profiles
        return ModelCard(
            system=self.config.system,
            title=ClusterPainter.title,
            paper=ClusterPainter.paper,
            inputs=(
                Input(
                    DARK_MATTER,
                    "dm",
                    "cutout",
                    first.cell_size,
                    lowest,
                    examples.eaten,
                    first.depth,
                    self.config.level,
                    round(first.separation, 3) or None,
                    highest if highest > lowest else None,
                ),
            ),
            output=Output(
                self.config.fields[number],
                "cutout",
                first.cell_size,
                examples.painted[number],
                first.depth,
            ),
            architecture={
                "network": ClusterUNetConfig.kind,
                "widths": list(self.config.built.widths),
                "inputs": self.config.built.inputs,
                "added": list(self.config.built.added[number : number + 1]),
                "upsampling": self.config.built.upsampling,
            },
            cosmology=first.cosmology,
            stochastic=False,
            **provenance,
        )

    def models(
        self, card: ModelCard, weights: dict[str, NDArray[Any]]
    ) -> Iterable[tuple[ModelCard, dict[str, NDArray[Any]]]]:
        """One card for each field, with the network's output for it alone."""
        curve = self.curve.rounded(5)
        card = replace(card, recipe={**card.recipe, "learning_curve": curve})
        network = self.config.built.build()
        network.load_state_dict({name: torch.from_numpy(a) for name, a in weights.items()})
        folded = {n: t.detach().numpy() for n, t in network.folded().state_dict().items()}
        for number, (field, scaling) in enumerate(
            zip(self.config.fields, self._painted, strict=True)
        ):
            only = {n: folded[n][number : number + 1] for n in ("last.weight", "last.bias")}
            if self._profiles is not None:
                only["profile.radius"] = self._profiles.radius.astype(np.float32)
                only["profile.powers"] = self._profiles.powers.astype(np.float32)
            painted = replace(card.output, field=field, normalization=scaling)
            added = list(self.config.built.added[number : number + 1])
            architecture = {**card.architecture, "added": added}
            yield replace(card, output=painted, architecture=architecture), folded | only
