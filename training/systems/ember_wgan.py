"""Training of EMBER's stochastic network."""

from collections.abc import Callable, Mapping
from copy import deepcopy
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import torch
from lightning_fabric import Fabric
from numpy.typing import NDArray
from torch import nn

from engine.fields import one_of
from engine.mesh import Slab
from engine.networks.ember import critic, generator
from engine.systems.card import ModelCard
from training.checkpoint import Progress
from training.config import RunConfig
from training.data.slabs import TrainingMaps
from training.losses.power import log_power_error
from training.losses.probability import mass_weighted_score, probability_score
from training.losses.structure import mean_dssim, mean_msle
from training.losses.terms import Paintings, Term
from training.systems import ember
from training.systems.adversarial import AdversarialConfig, AdversarialStep, draw_noise
from training.systems.contract import Picture, Scored, Weights
from training.systems.gated import PRESETS as GATED
from training.systems.gated import GatedWGAN
from training.systems.looks import look, paint_slab
from training.systems.registry import register

# The third column stands under gamma in the paper, whose text uses that letter for the
# adversarial term too, of weight 1; with the public code it can only be the penalty's.
TABLE_3 = {
    "gas": {"alpha": 10.0, "beta": 0.4, "penalty": 10.0},
    "hi": {"alpha": 5.0, "beta": 0.02, "penalty": 50.0},
}
"""The paper's weights by field (Bernardini et al. 2022, table 3)."""


@dataclass(frozen=True)
class WGANConfig(AdversarialConfig):
    """One training of the generator; with 0 for all but alpha, beta and penalty the paper's.

    Parameters
    ----------
    alpha, beta, penalty : float
        Weights of DSSIM, of MSLE and of the critic's gradient penalty; the paper's for the
        field where left out.
    calibration, power : float
        Weights of the probability score of two paintings of each map, see
        `training.losses.probability`, and of `training.losses.power`.
    mass_calibration : float
        Weight of the probability score of area means of the full-size paintings, each
        pixel weighted by its dark matter. Haloes have a hundredth of the pixels; by area
        alone they are painted alike in every draw.
    noise_scaled : float
        Factor on the strengths of the noise in what is exported. The moving average shrinks
        them; the factor with the least probability score on training slabs makes it good.
    choose_every : int
        Updates between looks at the power spectrum of training slabs, which decides which
        weights are kept.
    warm_start : str
        SHA-256 of the weights that the generator starts from, a U-Net's or another generator's;
        empty: fresh ones.
    """

    alpha: float | None = None
    beta: float | None = None
    calibration: float = 0.0
    mass_calibration: float = 0.0
    power: float = 0.0
    noise_scaled: float = 1.0
    choose_every: int = 500
    warm_start: str = ""

    system = "ember-wgan"

    def __post_init__(self) -> None:
        """Refuse what can't be trained, and fill in the paper's weights."""
        super().__post_init__()
        if self.choose_every < 1:
            raise ValueError(
                f"Training looks every {self.choose_every} updates, expected one or more."
            )
        if self.power and self.crop:
            raise ValueError(
                f"Training cuts squares of {self.crop} pixels, expected whole periodic maps for "
                "the power-spectrum term: set crop or power to 0."
            )
        paper = TABLE_3[one_of(f"Field for {self.system}", self.field, tuple(TABLE_3))]
        for name, weight in paper.items():
            if getattr(self, name) is None:
                object.__setattr__(self, name, weight)
        if not (self.has_critic or terms(self)):
            raise ValueError(
                "Training has neither a critic nor a term with a weight, expected one of them: "
                "set warm_up below the number of updates."
            )


def terms(config: WGANConfig) -> tuple[Term[Paintings], ...]:
    """What the generator is trained by beside its critic, those terms that have a weight."""
    assert config.alpha is not None
    assert config.beta is not None
    every: tuple[Term[Paintings], ...] = (
        Term("dssim", config.alpha, lambda of: mean_dssim(of.draws[0], of.real)),
        Term("msle", config.beta, lambda of: mean_msle(of.draws[0], of.real)),
        Term("calibration", config.calibration, _calibration, draws=2),
        Term("mass_calibration", config.mass_calibration, _mass_calibration, draws=2),
        Term("power", config.power, _power),
    )
    return tuple(term for term in every if term.weight)


def _calibration(of: Paintings) -> torch.Tensor:
    return probability_score(of.draws[0], of.draws[1], of.real)


def _mass_calibration(of: Paintings) -> torch.Tensor:
    two = of.densities[:2]
    return mass_weighted_score(two, of.real, of.dark_matter, of.scaling, of.dark_scaling)


def _power(of: Paintings) -> torch.Tensor:
    return log_power_error(torch.cat(of.densities), of.true_density)


_preset = partial(WGANConfig, sources=ember.BOXES)


# Section 4.7 of the paper for `paper`, the rates from its public code. `smoke` takes seconds
# and shows that everything of that game is in its place. `small` is the second generation.
PRESETS: Mapping[str, Callable[..., RunConfig]] = {
    "paper": partial(
        _preset,
        network="paper",
        updates=300_000,
        batch_size=8,
        learning_rate=1e-5,
        critic_learning_rate=1e-5,
        final_learning_rate=1e-7,
        crop=768,  # the paper's 512 and one pixel of the bottleneck around
        margin=128,
        choose_every=1000,
    ),
    "smoke": partial(
        _preset,
        network="small",
        updates=8,
        checkpoint_minutes=0.001,
        noise_speed=30,
        choose_every=3,
    ),
    **GATED,
}


@register
class EmberWGAN(Scored[WGANConfig, TrainingMaps]):
    """The paper's generator against its critic, its weights chosen by power spectra.

    The paper's rule: late in training the power spectrum still fluctuates at small scales,
    so the weights are taken where it is best on slabs of the training set. Slabs that score a
    network have no say.

    References
    ----------
    Bernardini et al. 2022, sections 4.3 to 5.
    """

    config_class = WGANConfig
    presets = PRESETS
    variants = (GatedWGAN,)
    warm_starts = ("ember-unet", "ember-wgan")
    chosen_by = "power_error"

    def examples(self, folder: Path) -> TrainingMaps:
        """Read the maps of the run."""
        return ember.read_maps(self.config, folder, self.config.crop)

    def start(self, device: torch.device) -> Progress:
        """Make the generator, its average, a critic if one enters, and the optimisers."""
        config = self.config
        torch.manual_seed(config.seed)
        network = generator.PRESETS[config.network].build()
        opponent = critic.PRESETS[config.network].build().to(device) if config.has_critic else None
        if self.weights is not None:
            fill(network, self.weights)
        network.to(device)
        average = deepcopy(network).requires_grad_(False).eval()
        noise = [network.noise_strength]
        others = [p for p in network.parameters() if p is not noise[0]]
        groups: list[dict[str, Any]] = [
            {"params": others},
            {"params": noise, "speed": config.noise_speed},
        ]
        # No momentum: the two networks' slopes turn with every step of the other.
        adam = torch.optim.Adam(groups, betas=(0.0, 0.99))
        progress = Progress({"network": network, "average": average}, {"network": adam})
        if opponent is not None:
            progress.modules["critic"] = opponent
            progress.optimizers["critic"] = torch.optim.Adam(
                opponent.parameters(), betas=(0.0, 0.99)
            )
        return progress

    def step(self, progress: Progress, fabric: Fabric) -> AdversarialStep:
        """Make what the run repeats."""
        return AdversarialStep(self.config, terms(self.config), progress, fabric)

    def is_due(self, update: int) -> bool:
        """Whether to look after this update; none before the critic has had a say."""
        config = self.config
        entered = config.warm_up if config.has_critic else 0
        every = update % config.choose_every == 0 and update > entered
        return every or update == config.updates

    def score(self, network: nn.Module, examples: TrainingMaps) -> tuple[dict[str, float], Picture]:
        """Error of P(k) and mass of training slabs, and a picture of one."""
        assert isinstance(network, generator.Generator)
        return look(examples.pairs, partial(self.paint, network))

    def paint(self, network: generator.Generator, slab: Slab, number: int) -> Slab:
        """Paint a slab with the noise of its number."""
        return paint_slab(network, draw_noise, slab, self.config.field, number)

    def exported(self, weights: dict[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
        """Weights as they are written, the noise as strong as the configuration wants."""
        strength = weights["noise_strength"] * self.config.noise_scaled
        return weights | {"noise_strength": strength}

    def card(self, examples: TrainingMaps, hours: float, device: str) -> ModelCard:
        """Fill in the card of a run, but for its scores."""
        network = generator.PRESETS[self.config.network]
        provenance = self.provenance(examples, hours, device)
        return ember.card(self.config, network, examples, provenance, stochastic=True)


def fill(network: nn.Module, weights: Weights) -> None:
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
