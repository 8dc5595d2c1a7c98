"""Fit a stage of JERALD to one box by Adam and by L-BFGS, from the same start and loss.

Both are told gradients of the whole loss; what each has reached is printed after the same
numbers of them, which are what takes the time.

Command: python tests/benchmarks/optimisers.py BOX.hdf5 [gradients] [field, warm-start card]
"""

import sys
import time
from pathlib import Path

import torch

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from engine.networks.jerald.displacement import mesh_of
from engine.networks.jerald.stages import STAGES, chain
from engine.systems.card import read_card
from engine.systems.jerald import stages_of
from engine.systems.weights import read_weights
from training.config import Split
from training.data.universes import read_universe, slices
from training.systems.jerald import JeraldConfig, given, stage_loss

TOLD = (5, 10, 20, 40, 80, 160)
"""Gradients after which the loss is told."""


class Fit:
    """A stage on one box, and the least loss by the number of gradients."""

    def __init__(self, path: Path, field: str, card: Path | None) -> None:
        self.field = field
        weights = read_weights(card, read_card(card)) if card else {}
        *earlier, _ = chain(field)
        before = stages_of(earlier[-1], weights) if earlier else {}
        box = read_universe(path, field, Split(path.stem))
        self.mesh = mesh_of(box.box_size, len(box.target))
        self.begin = given(box.position, before, self.mesh)
        self.truth, self.part = box.target / box.target.mean(), slices(box.part)
        self.stage, self.least = STAGES[field](), list[float]()

    def loss(self) -> torch.Tensor:
        """Loss and its gradient."""
        for parameter in self.stage.parameters():
            parameter.grad = None
        loss = stage_loss(self.field, self.stage, self.begin, self.truth, self.mesh, self.part)
        loss.backward()
        least = self.least[-1] if self.least else float("inf")
        self.least.append(min(least, float(loss.detach())))
        return loss


def by_adam(fit: Fit, gradients: int) -> None:
    """As the training does."""
    first, last = JeraldConfig.learning_rate, JeraldConfig.final_learning_rate
    adam = torch.optim.Adam(fit.stage.parameters(), first)
    for number in range(gradients):
        for group in adam.param_groups:
            group["lr"] = first + number / max(gradients - 1, 1) * (last - first)
        fit.loss()
        torch.nn.utils.clip_grad_norm_(fit.stage.parameters(), 1)
        adam.step()
        fit.stage.clip()


def by_lbfgs(fit: Fit, gradients: int) -> None:
    """With a line search; numbers are brought into their bounds after each step."""
    lbfgs = torch.optim.LBFGS(
        fit.stage.parameters(), max_iter=5, history_size=10, line_search_fn="strong_wolfe"
    )
    while len(fit.least) < gradients:
        before = len(fit.least)
        lbfgs.step(fit.loss)
        fit.stage.clip()
        if len(fit.least) == before + 1:
            return  # it has come to rest


def main() -> None:
    """Print a line for each."""
    path, gradients = Path(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 80
    field = sys.argv[3] if len(sys.argv) > 3 else "dm"
    card = Path(sys.argv[4]) if len(sys.argv) > 4 else None
    for name, run in (("Adam", by_adam), ("L-BFGS", by_lbfgs)):
        fit = Fit(path, field, card)
        start = time.process_time()
        run(fit, gradients)
        took = (time.process_time() - start) / len(fit.least)
        reached = (f"{n}: {fit.least[n - 1]:.4f}" for n in TOLD if n <= len(fit.least))
        print(f"{name}: {', '.join(reached)}, at the end {fit.least[-1]:.4f} "
              f"({len(fit.least)} gradients, {took:.2f} s of a core each)")  # fmt: skip


if __name__ == "__main__":
    main()
