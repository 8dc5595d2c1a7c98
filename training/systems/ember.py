"""What EMBER's two networks share: the maps that train them, and what their cards say."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.fields import LEVELS, one_of
from engine.mesh import Slab
from engine.networks.ember.unet import UNetConfig
from engine.normalization import normalization
from engine.systems.card import ModelCard
from engine.systems.registry import emulator_class
from training.config import RunConfig, Split
from training.data.files import find_files
from training.data.slabs import TrainingMaps, card_meshes, read_pairs

BOXES = (Split("hydro11-z2*", "xy"), Split("training-*-z2*", "xyz"))


@dataclass(frozen=True)
class EmberConfig(RunConfig):
    """One training of a network of EMBER's, from one of its input levels."""

    def __post_init__(self) -> None:
        """Refuse a level that EMBER doesn't know."""
        super().__post_init__()
        one_of("Input level to train for", self.level, LEVELS)


def read_maps(config: EmberConfig, folder: Path, crop: int = 0) -> TrainingMaps:
    """Read the maps of a run.

    Parameters
    ----------
    config : EmberConfig
        The run.
    folder : path
        Of the training files.
    crop : int
        See `TrainingMaps`.
    """
    files = find_files(folder, config.sources)
    pairs = list(
        chain.from_iterable(read_pairs(p, part, config.field, config.level) for p, part in files)
    )
    return TrainingMaps(pairs, config.batch_size, config.seed, crop, files)


def card(
    config: EmberConfig,
    network: UNetConfig,
    maps: TrainingMaps,
    provenance: Mapping[str, Any],
    *,
    stochastic: bool,
) -> ModelCard:
    """Fill in the card of a run, but for its scores.

    Parameters
    ----------
    config : EmberConfig
        The run.
    network : UNetConfig
        Numbers of its network.
    maps : TrainingMaps
        What it was trained on.
    provenance : mapping
        Entries that say where the weights come from.
    stochastic : bool
        Whether the network takes noise.
    """
    emulator = emulator_class(config.system)
    eaten, painted = card_meshes(maps.pairs)
    return ModelCard(
        system=config.system,
        title=emulator.title,
        paper=emulator.paper,
        inputs=eaten,
        output=painted,
        architecture={"network": network.kind, **asdict(network)},
        cosmology=maps.pairs[0].target.cosmology,
        stochastic=stochastic,
        **provenance,
    )


def side_by_side(*slabs: Slab) -> NDArray[np.uint8]:
    """Paint maps in grey as they are normalised for a network, all but the first in one scale.

    Returns
    -------
    array, (ny, nx times number of slabs)
    """
    scaled = [normalization(slab.field).forward(slab.values) for slab in slabs]
    limits = [scaled[0].max(), *[scaled[1].max()] * (len(slabs) - 1)]
    grey = [
        255 * np.clip(s / max(limit, 1e-3), 0, 1) for s, limit in zip(scaled, limits, strict=True)
    ]
    return np.concatenate(grey, axis=1).astype(np.uint8)
