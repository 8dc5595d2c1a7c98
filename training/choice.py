"""Which weights of a run to keep: those with the best power spectrum on training slabs."""

import json
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors import safe_open
from safetensors.torch import save_file

from engine import statistics
from engine.mesh import Slab
from engine.networks.ember.generator import Generator
from engine.normalization import normalization
from engine.units import MPC_IN_KPC
from training.checkpoint import Progress
from training.config import AdversarialConfig
from training.datasets import Pair
from training.steps import draw_noise
from training.validation import compare

SLABS = 48
"""Training slabs that are looked at. Of HI the power of one is known to a factor of 1.6 (rms), so
that 16 left 12 % to chance."""

NYQUIST_SHARE = 0.4
"""Waves shorter than 5 pixels are left out: the projection's kernel, not gas, shapes them."""

BEST = "best.safetensors"


class Choice:
    """Looks at the averaged network every few updates and keeps the best so far.

    The paper's rule: late in training the power spectrum still fluctuates at small scales,
    so the weights are taken where it is best on the training set. Slabs that score a network
    have no say.

    Parameters
    ----------
    config : AdversarialConfig
        The run.
    pairs : sequence of Pair
        Its maps; some of them, evenly spread, are painted.
    folder : path
        Of the run.

    References
    ----------
    Bernardini et al. 2022, section 5.
    """

    def __init__(self, config: AdversarialConfig, pairs: Sequence[Pair], folder: Path) -> None:
        self.config = config
        count = min(SLABS, len(pairs))
        self.pairs = [pairs[i * len(pairs) // count] for i in range(count)]
        self.path = folder / BEST

    def is_due(self, update: int) -> bool:
        """Whether to look after this update; none before the critic has had a say."""
        every = update % self.config.choose_every == 0 and update > self.config.warm_up
        return every or update == self.config.updates

    def look(self, progress: Progress) -> tuple[dict[str, float], NDArray[np.uint8]]:
        """Score a run's averaged generator, keep it if it is the best so far.

        Returns
        -------
        dict, array
            Scores by name, and a picture of one slab, (rows, columns).
        """
        network = progress.average
        assert isinstance(network, Generator)
        truth = [pair.target for pair in self.pairs]
        painted = [self._paint(network, pair.dark_matter, i) for i, pair in enumerate(self.pairs)]
        error = power_error(list(zip(truth, painted, strict=True)))
        mass = statistics.get("total_mass")
        if error < best_so_far(self.path)[1]:
            self._keep(network, progress.update, error)
        picture = side_by_side(self.pairs[0].dark_matter, truth[0], painted[0])
        return {"power_error": error, "mass": mass(painted) / mass(truth)}, picture

    def _paint(self, network: Generator, slab: Slab, number: int) -> Slab:
        device = next(network.parameters()).device
        random = torch.Generator(device).manual_seed(number)
        with torch.inference_mode():
            x = normalization("dm").forward(torch.tensor(slab.values, device=device)[None, None])
            full_size = network(x, draw_noise(network, x, random))[0]
            values = normalization(self.config.field).inverse(full_size)
        return slab.with_values(values[0, 0].cpu().numpy(), field=self.config.field)

    def _keep(self, network: Generator, update: int, error: float) -> None:
        temporary = self.path.with_suffix(".part")
        # One entry: the order of several would differ from run to run.
        note = json.dumps({"update": update, "power_error": error})
        save_file(network.state_dict(), temporary, {"choice": note})
        temporary.replace(self.path)


def power_error(pairs: Sequence[tuple[Slab, Slab]]) -> float:
    """Root mean square over bins of k of ln(P_painted / P_true).

    Parameters
    ----------
    pairs : sequence of (Slab, Slab)
        (truth, painted). Powers are averaged over the slabs of a box size, which share
        their bins, before the ratio.
    """
    boxes = defaultdict(list)
    for truth, painted in pairs:
        boxes[truth.box_size, truth.shape].append((truth, painted))
    logarithms = []
    for same in boxes.values():
        found = compare(same)
        k_nyquist = np.pi / (same[0][0].pixel_size / MPC_IN_KPC)
        ratio = np.array(found["power"])[np.array(found["k"]) < NYQUIST_SHARE * k_nyquist]
        # An empty painting has no power, and its logarithm must still compare.
        logarithms.append(np.log(np.maximum(ratio, 1e-6)))
    return float(np.sqrt(np.mean(np.concatenate(logarithms) ** 2)))


def best_so_far(path: Path) -> tuple[int, float]:
    """Update and error of the weights that are kept; (0, infinity) if there are none."""
    if not path.exists():
        return 0, np.inf
    with safe_open(path, "pt") as file:
        note = json.loads(file.metadata()["choice"])
    return note["update"], note["power_error"]


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
