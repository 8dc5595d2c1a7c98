"""Time an update of generator and critic against a plain loop of the same networks.

The plain loop is eager float32 torch: it paints once for the critic and once for the
generator, takes the critic's weights' gradients in both steps, and pads and measures the
batch's spread by torch's own functions.

Command: python tests/benchmarks/training.py
"""

import statistics
import sys
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from unittest import mock

import torch
from lightning_fabric import Fabric
from torch import Tensor
from torch.nn import functional as F  # noqa: N812

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from engine.device import choose_device
from training.losses.structure import mean_dssim, mean_msle
from training.losses.wasserstein import critic_loss, generator_loss, gradient_penalty
from training.systems.adversarial import AdversarialStep, draw_noise
from training.systems.ember_wgan import terms
from training.systems.registry import preset, system_for

REPEATS = 5
SIDE = 256


def torch_pad(x: Tensor, edge: int, _: str) -> Tensor:
    """Periodic padding with torch's own gradient."""
    return F.pad(x, (edge,) * 4, mode="circular")


def torch_spread(x: Tensor) -> Tensor:
    """Standard deviation over the batch by torch's own function."""
    return (x.var(dim=0, correction=0) + 1e-8).sqrt().mean()


PLAIN = {
    "engine.networks.ember.unet.pad": torch_pad,
    "engine.networks.ember.critic.batch_spread": torch_spread,
}
"""What the plain loop uses instead."""


class PlainStep(AdversarialStep):
    """The same update without what makes it fast."""

    def __call__(self, draw: Callable[[int], tuple[Tensor, Tensor]]) -> dict[str, Tensor]:
        """Step both networks once."""
        dark_matter, real = self._maps(draw(0))
        noise = draw_noise(self.generator, dark_matter[0], self._random(0))
        fake = [f.detach() for f in self.generator(dark_matter[0], noise)]
        share = torch.rand(len(fake[0]), device=self.fabric.device)
        optimizers = self.progress.optimizers
        optimizers["critic"].zero_grad()
        loss = critic_loss(self.critic, real, fake, dark_matter)
        penalty = gradient_penalty(self.critic, real, fake, dark_matter, share)
        (loss + self.config.penalty * penalty).backward()
        optimizers["critic"].step()
        optimizers["network"].zero_grad()
        fake = self.generator(dark_matter[0], noise)
        found = {"generator": generator_loss(self.critic, fake, dark_matter)}
        found["dssim"] = self.config.alpha * mean_dssim(fake, real)
        found["msle"] = self.config.beta * mean_msle(fake, real)
        torch.stack(list(found.values())).sum().backward()
        optimizers["network"].step()
        return found


def main() -> None:
    """Print medians and ratios for the preset `small`."""
    device = choose_device()
    fabric = Fabric(accelerator=device, devices=1)
    torch.manual_seed(0)
    batch = tuple((1e5 * torch.randn(2, 1, SIDE, SIDE).exp()).to(device) for _ in range(2))
    ways = {}
    for name, kind, precision in (
        ("plain float32", PlainStep, "float32"),
        ("float32", AdversarialStep, "float32"),
        ("bfloat16", AdversarialStep, "bfloat16"),
    ):
        config = preset("small", "ember-wgan", precision=precision)
        progress = system_for(config).start(fabric.device)
        ways[name] = kind(config, terms(config), progress, fabric)

    def seconds(name: str) -> float:
        patches = PLAIN if name.startswith("plain") else {}
        with ExitStack() as stack:
            for target, function in patches.items():
                stack.enter_context(mock.patch(target, function))
            start = time.perf_counter()
            float(ways[name](lambda _: batch)["msle"].detach())  # waits for the device
            return time.perf_counter() - start

    found: dict[str, list[float]] = {name: [] for name in ways}
    for repeat in range(REPEATS + 1):
        for name, times in found.items():
            spent = seconds(name)
            if repeat:  # the first one also sets up
                times.append(spent)
    medians = {name: statistics.median(times) for name, times in found.items()}
    print(f"{torch.get_num_threads()} threads, {device}, medians of {REPEATS}, 2 maps of {SIDE}^2")
    for name, median in medians.items():
        print(f"{name:14s} {median:.3f} s an update, {medians['plain float32'] / median:.2f} times")


if __name__ == "__main__":
    main()
