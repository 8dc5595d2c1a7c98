"""Training of EMBER's stochastic network, version 2: preset `small` of `ember-wgan`."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from copy import deepcopy
from dataclasses import replace
from functools import partial
from operator import itemgetter
from pathlib import Path
from typing import Any

import torch
from lightning_fabric import Fabric
from torch import Tensor, nn

from engine.networks.ember import gated
from engine.networks.ember.detail import DetailNetwork
from engine.networks.ember.gated import UNBOUNDED, GatedConfig, GatedGenerator
from engine.normalization import NORMALIZATIONS, LogNormalization
from engine.systems.card import ModelCard
from training.checkpoint import Progress
from training.config import RunConfig
from training.data.slabs import Pair, TrainingMaps
from training.losses.spectra import STEEPEST
from training.losses.tables import ABOVE, QUANTILES, Tables
from training.systems import ember
from training.systems.close_look import WANTED, look_closely
from training.systems.contract import Picture, Scored, Weights
from training.systems.disc_places import without_lone_discs
from training.systems.gated_config import GatedRunConfig
from training.systems.gated_step import GatedStep, draw_smooth, nearest_class
from training.systems.heaviest_disc import heaviest_disc
from training.systems.looks import paint_slab, spread
from training.systems.noise_strength import strengthened
from training.systems.sway import measure_sway
from training.systems.upper_bound import SAID, lowered

COARSE = 2
"""Levels of noise, coarsest first, that a run may begin with more of."""

MEASURED_DRAWS = 4
"""Whose mean is what a generator paints, where the units of its errors are measured."""

BOUNDS = ("least", "most", "sway", "heaviest")
"""Tables of a gated generator."""

PARTS = ("gates.", "tones.", "kept.", "filled.", "stamped.")
"""Beginnings of the names of what of a gated generator is learned and a U-Net lacks."""

SHAPING = PARTS[2:]
"""Of these what shapes the last map."""

FRESH = ("tones.", *SHAPING)
"""What stays fresh where the weights that a run starts from have none."""

OF_THE_NOISE = ("gates.", "tones.", "stamped.")
"""Of these what noise goes through."""

OWN = (*PARTS, *BOUNDS)
"""The same, bounds included."""

OF_THE_CRITIC = ("critic_updates", "critic_alone", "critic_learning_rate", "penalty")
"""Numbers of a run that mean nothing without a critic."""

PRESETS: Mapping[str, Callable[..., RunConfig]] = {
    "small": partial(GatedRunConfig, network="small", sources=ember.BOXES, updates=2000),
}


class GatedWGAN(Scored[GatedRunConfig, TrainingMaps]):
    """The gated generator by scores of its draws, its weights chosen by how its samples look.

    It draws within what the training maps hold at each dark matter, and errors are counted in
    units of what a painter without noise gets wrong there: both are measured before the first
    update, from the maps and the weights it starts from.
    """

    config_class = GatedRunConfig
    presets = PRESETS
    warm_starts = ("ember-unet", "ember-wgan")
    chosen_by = "misfit"

    def examples(self, folder: Path) -> TrainingMaps:
        """Read the maps of the run."""
        return ember.read_maps(self.config, folder)

    def start(self, device: torch.device) -> Progress:
        """Make the generator, its average, empty tables and the optimiser."""
        config = self.config
        torch.manual_seed(config.seed)
        network = self.built.build()
        if self.weights is not None:
            fill(network, self.weights)
        if config.coarse_noise != 1:
            if not is_gated(self.weights or {}):
                raise ValueError(
                    f"coarse_noise is {config.coarse_noise} and the run starts from no weights of "
                    "ember-wgan, expected --warm-start with the card of some, whose coarse noise "
                    "would be made stronger."
                )
            with torch.no_grad():
                for weights in network.gates[:COARSE].parameters():
                    weights.mul_(config.coarse_noise)
        if config.noise_only:
            self._keep_all_but_noise(network)
        network.to(device)
        average = deepcopy(network).requires_grad_(False).eval()
        scales = config.energy_scales, config.log_energy_scales
        tables = Tables(*scales, network.config.classes).to(device)
        speeds = {"gates.": config.gate_speed, "tones.": config.tone_speed}
        speeds |= dict.fromkeys(SHAPING, config.shaping_speed)
        groups: list[dict[str, Any]] = [
            {"params": [p for name, p in network.named_parameters() if name.startswith(part)]}
            | {"speed": speed}
            for part, speed in speeds.items()
        ]
        others = [p for n, p in network.named_parameters() if not n.startswith(tuple(speeds))]
        adam = torch.optim.Adam([{"params": others}, *groups], betas=(0.9, 0.99))
        progress = Progress(
            {"network": network, "average": average}, {"network": adam}, {"tables": tables}
        )
        if config.critic:
            opponent = DetailNetwork(network.config.classes).to(device)
            progress.modules["critic"] = opponent
            # No momentum: the two networks' slopes turn with every step of the other.
            progress.optimizers["critic"] = torch.optim.Adam(
                opponent.parameters(), betas=(0.0, 0.99)
            )
        return progress

    def _keep_all_but_noise(self, network: GatedGenerator) -> None:
        """Let nothing but what noise goes through learn, between the bounds of the weights."""
        weights = self.weights or {}
        if not is_gated(weights):
            raise ValueError(
                "noise_only is 1 and the run starts from no weights of ember-wgan, expected "
                "--warm-start with the card of some, whose noise alone would learn."
            )
        wanted = {name: t.shape for name, t in network.state_dict().items() if name in BOUNDS}
        bounds = {name: tensor for name, tensor in weights.items() if name in BOUNDS}
        if {name: tensor.shape for name, tensor in bounds.items()} != wanted:
            raise ValueError(
                f"noise_only is 1 and the run starts from weights with the tables "
                f"{', '.join(bounds)}, expected {', '.join(wanted)} for this network's classes: "
                "train all of it on maps first."
            )
        for name, parameter in network.named_parameters():
            parameter.requires_grad_(name.startswith(OF_THE_NOISE))
        network.load_state_dict(bounds, strict=False)

    def prepare(self, progress: Progress, examples: TrainingMaps) -> None:
        """Measure bounds from all maps, units of error from some of them."""
        tables, network, kept = progress.extra["tables"], progress.network, progress.kept
        assert isinstance(tables, Tables)
        assert isinstance(network, GatedGenerator)
        scaling, pairs = NORMALIZATIONS[self.config.field], examples.pairs
        measured = Tables(*(len(t) for t in (tables.rms, tables.log_rms, tables.least)))
        measured.measure_bounds(
            (nearest_class(network, dark_matter).flatten(), target.flatten())
            for target, dark_matter in normalized(pairs, scaling)
        )
        if not self.config.noise_only:
            bounds = {"least": measured.least, "most": measured.most}
            if self.built.sways:
                bounds["sway"] = measure_sway(network, pairs, self.config.field)
            if self.built.rounded:
                bounds["heaviest"] = heaviest_disc(pairs, self.config.field)
            for painter in (network, kept):
                painter.load_state_dict(bounds, strict=False)
        paint = self._painter(network) if self.weights else None
        measured.measure_units(lambda: normalized(spread(pairs), scaling), scaling, paint)
        tables.load_state_dict(measured.state_dict())

    def _painter(self, network: GatedGenerator) -> Callable[[Tensor], Tensor]:
        """What the weights that a run starts from paint without noise, on the CPU."""
        assert self.weights is not None
        start, noisy = deepcopy(network), is_gated(self.weights)
        fill(start, self.weights)  # as they are, without more of coarse noise
        if not noisy:
            start.least.fill_(-UNBOUNDED)  # a U-Net has no bounds
            start.most.fill_(UNBOUNDED)

        @torch.no_grad()
        def paint(dark_matter: Tensor) -> Tensor:
            x = NORMALIZATIONS["dm"].forward(dark_matter.to(start.least.device))
            random = torch.Generator(x.device).manual_seed(self.config.seed)
            noise = draw_smooth(start, x, random, MEASURED_DRAWS if noisy else 1)
            (painted,) = start(x, noise if noisy else [0 * each for each in noise])
            return painted.mean(dim=0, keepdim=True).cpu()

        return paint

    def step(self, progress: Progress, fabric: Fabric) -> GatedStep:
        """Make what the run repeats."""
        return GatedStep(self.config, progress, fabric)

    def is_due(self, update: int) -> bool:
        """Whether to look after this update: in the second half, when rates have fallen.

        Nor before a critic is fully listened to, if there is one.
        """
        config = self.config
        ripe = 2 * update >= config.updates and config.critic_weight(update - 1) == config.critic
        return (ripe and update % config.choose_every == 0) or update == config.updates

    def settled(
        self, network: nn.Module, examples: TrainingMaps
    ) -> tuple[GatedGenerator, dict[str, float]]:
        """Leave out lone discs, scale the noise, lower the upper bound: as training slabs ask.

        The noise is left as it is where samples then fit better: at VLR, where noise makes nearly
        all of a map, a quarter more of it had 1.8 times the mass.
        """
        assert isinstance(network, GatedGenerator)
        pairs, field = examples.pairs, self.config.field
        quiet, said = without_lone_discs(network, pairs, field)
        louder, scaled = strengthened(quiet, pairs, field)
        as_it_is = {name: 1.0 for name in scaled if name.startswith("noise_scaled")}
        tried = []
        for noisy, found in ((quiet, scaled | as_it_is), (louder, scaled)):
            bounded, how_far = lowered(noisy, pairs, field)
            misfit = self.score(bounded, examples)[0][self.chosen_by]
            tried.append((misfit, bounded, said | found | how_far))
        return min(tried, key=itemgetter(0))[1:]

    def score(self, network: nn.Module, examples: TrainingMaps) -> tuple[dict[str, float], Picture]:
        """Texture, spread, P(k) and mass of training slabs, and a picture of one."""
        assert isinstance(network, GatedGenerator)
        field = self.config.field
        return look_closely(
            examples.pairs,
            lambda slab, number: paint_slab(network, draw_smooth, slab, field, number),
            WANTED[field],
        )

    def card(self, examples: TrainingMaps, hours: float, device: str) -> ModelCard:
        """Fill in the card of a run, but for its scores."""
        provenance = self.provenance(examples, hours, device)
        return ember.card(self.config, self.built, examples, provenance, stochastic=True)

    @property
    def built(self) -> GatedConfig:
        """Numbers of the network of the run."""
        config = self.config
        network = gated.PRESETS[config.network]
        counts, yes_or_no = ("silent", "details", "pits", "discs"), ("sways", "rounded", "grainy")
        numbers: dict[str, Any] = {name: getattr(config, name) for name in counts}
        numbers |= {name: bool(getattr(config, name)) for name in yes_or_no}
        # Beside a sway, tones only move voids, by five times what boxes differ in there.
        return replace(network, toned=0 if config.sways else network.toned, **numbers)

    def provenance(self, examples: TrainingMaps, hours: float, device: str) -> dict[str, Any]:
        """Entries of a card that say where the weights come from, the loss's terms together."""
        entries = super().provenance(examples, hours, device)
        weights = self.config.weights
        unsaid = {*weights} if self.config.critic else {*weights, *OF_THE_CRITIC}
        numbers = {name: n for name, n in entries["recipe"].items() if name not in unsaid}
        least, most = (f"{100 * quantile:g} %" for quantile in QUANTILES)
        bounds = (
            f"least: {least} quantile of the training pixels of a class; most: {most} quantile "
            f"+ {ABOVE}"
        )
        if self.config.noise_only:
            bounds = "those of the weights that the run began with"
        bounds += SAID
        said = {"terms": weights, "steepest": STEEPEST, "schedule": "cosine", "bounds": bounds}
        return entries | {"recipe": numbers | said}


def normalized(pairs: Sequence[Pair], scaling: LogNormalization) -> Iterator[tuple[Tensor, Tensor]]:
    """Targets of some slabs, normalised, and dark matter, [Msun h / ckpc^2]: (1, 1, ny, nx)."""
    for pair in pairs:
        both = pair.target, pair.dark_matter
        target, dark_matter = (torch.tensor(slab.values)[None, None] for slab in both)
        yield scaling.forward(target), dark_matter


def is_gated(weights: Weights) -> bool:
    """Whether weights are a gated generator's."""
    return any(name.startswith(OWN[0]) for name in weights)


def fill(network: GatedGenerator, weights: Weights) -> None:
    """Fill a gated generator with another's weights, or with a U-Net's: its noise stays fresh.

    Bounds are measured anew; gates, tones and what shapes the map are left out where there are
    none.

    Raises
    ------
    ValueError
        If the weights are of another network.
    """
    expected = {n: t for n, t in network.state_dict().items() if n not in BOUNDS}
    found = {n: t for n, t in weights.items() if n not in BOUNDS}
    if not is_gated(weights):
        # Of a U-Net's maps only the full size is drawn.
        last = f"to_map.{network.config.halvings}."
        found = {
            name.replace(last, "to_map.0."): tensor
            for name, tensor in weights.items()
            if not name.startswith("to_map.") or name.startswith(last)
        }
        expected = {n: t for n, t in expected.items() if not n.startswith(OWN)}
    # These stay fresh if the other has none; what this network lacks is left out.
    expected = {n: t for n, t in expected.items() if n in found or not n.startswith(FRESH)}
    found = {n: t for n, t in found.items() if n in expected or not n.startswith(PARTS)}
    if {n: t.shape for n, t in found.items()} != {n: t.shape for n, t in expected.items()}:
        raise ValueError(
            f"The weights to start from are a network of {sum(t.numel() for t in weights.values())}"
            f" parameters, expected this run's gated generator of "
            f"{sum(t.numel() for t in network.state_dict().values())} or the U-Net that it is "
            "without noise."
        )
    network.load_state_dict(found, strict=False)
