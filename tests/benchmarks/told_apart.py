"""How often a critic finds the truth among samples of EMBER's WGAN, as a pair of eyes would.

Run from the repository, with the extra `training` and the maps that trained the network:

    python -m tests.benchmarks.told_apart CARD --data data --simulation FILE --axes xyz

A fresh critic of detail learns to tell samples of the training maps from their truth, each beside
another sample; the network stays as it is. Then it looks at squares of 48 pixels of maps that
trained nothing, the truth and three samples, each beside a fourth, and names the one of the highest
score: the truth in a quarter of the squares, if samples look like it. Squares are sorted by their
densest fiftieth of dark matter: up to 3 times the mean, up to 10, and more. Errors count squares as
independent.
"""

import argparse
from dataclasses import replace
from itertools import chain
from pathlib import Path

import numpy as np
import torch
from lightning_fabric import Fabric

import engine
from engine.odd_one import KINDS, SQUARE, TOGETHER, kinds_of
from engine.systems.card import read_card
from engine.systems.weights import read_weights
from training.systems.registry import preset, system_for

SHAPE = ("silent", "sways", "details", "pits", "discs", "rounded", "grainy")
"""Of a card's architecture, what a run sets."""


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("card", type=Path, metavar="CARD")
    options.add_argument("--data", type=Path, default=Path("data"), help="Training maps.")
    options.add_argument("--simulation", default="hydro11-z2", help="Name or slab file.")
    options.add_argument("--axes", default="z", help="Held-out projections.")
    options.add_argument("--updates", type=int, default=400)
    options.add_argument("--rate", type=float, default=1e-3)
    chosen = options.parse_args()
    step = taught(chosen)
    squares = {kind: [] for kind in KINDS}
    simulation = engine.open_simulation(chosen.simulation)
    level = step.config.level
    for axis in chosen.axes:
        for number in range(simulation.n_slabs(axis)):
            eaten = simulation.slab("dm", axis, number, level)
            true = simulation.slab(step.config.field, axis, number)
            look(step, eaten, true, squares)
    for kind, found in {**squares, "all": [*chain(*squares.values())]}.items():
        share = np.mean(found)
        error = np.sqrt(share * (1 - share) / len(found))
        print(f"{kind:10s} {100 * share:4.0f} +- {100 * error:.0f} % of {len(found)}")


def taught(chosen):
    """A step whose critic has learned."""
    card, updates = read_card(chosen.card), chosen.updates
    shape = {name: int(card.architecture.get(name, 0)) for name in SHAPE}
    config = preset(
        "small",
        card.system,
        field=card.field,
        level=card.level,
        updates=updates,
        critic=1.0,
        critic_updates=updates,
        critic_alone=updates - 1,
        **shape,
    )
    weights = {name: torch.from_numpy(w) for name, w in read_weights(chosen.card, card).items()}
    system = system_for(config, weights)
    progress = system.start(torch.device("cpu"))
    progress.network.load_state_dict(weights, strict=False)
    progress.network.eval()  # whose clumps are round, if the card says so
    step = system.step(progress, Fabric(accelerator="cpu", devices=1))
    maps = system.examples(chosen.data)
    distance = []
    for progress.update in range(updates):
        rate = chosen.rate * (1 if progress.update < 0.6 * updates else 0.3)
        step.critic.config = replace(config, critic_learning_rate=rate)
        with torch.no_grad():
            judged = step._judged(*maps.batch(progress.update))
        distance.append(float(step.critic.learn(judged)["critic"].detach()))
        if (progress.update + 1) % 100 == 0:
            print(f"{progress.update + 1} distance {-np.mean(distance[-100:]):.3f}", flush=True)
    return step


def look(step, eaten, true, squares: dict[str, list[bool]]) -> None:
    """Find the truth in each square of a slab."""
    dark_matter, target = (torch.tensor(slab.values)[None, None] for slab in (eaten, true))
    critic, progress = step.critic, step.progress
    with torch.no_grad():
        painted = []
        while len(painted) < TOGETHER + 1:
            progress.update += 1  # other noise
            judged = step._judged(dark_matter, target)
            painted += [scales[0] for scales in judged.draws]
        dark, place = critic.of_dark_matter(judged)
        random = torch.Generator().manual_seed(eaten.index)
        *seen, other = (
            critic.seen(maps, judged, place, random)
            for maps in (judged.real[0], *painted[: TOGETHER + 1])
        )
        scores = [critic.critic(each, other, dark) for each in seen]
    side = SQUARE * scores[0].shape[-2] // eaten.shape[0]
    for (y, x), kind in np.ndenumerate(kinds_of(eaten)):
        places = (slice(y * side, (y + 1) * side), slice(x * side, (x + 1) * side))
        means = [float(score[(..., *places)].mean()) for score in scores]
        squares[KINDS[kind]].append(int(np.argmax(means)) == 0)


if __name__ == "__main__":
    main()
