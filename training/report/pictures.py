"""Sample pictures: input, truth, realisations and difference."""

import matplotlib
import numpy as np
from colorcet import cm
from matplotlib.axes import Axes
from matplotlib.colors import LogNorm, Normalize
from matplotlib.figure import Figure
from matplotlib.image import AxesImage

from engine.mesh import Slab
from training.report.drawing import STYLE, WIDTH, label
from training.report.run import Task, maps_of
from training.validation import heaviest_halo

PIXELS = 256
"""A side at most of what is shown; neighbours are averaged."""

SHARES = (5.0, 99.9)
"""Per cent of the truth's pixels between which its colours run."""

WIDEST = {"gas": 0.5, "hi": 2.0}
"""[dex] of the difference's colours; HI, neutral in haloes alone, varies most."""

MAPS = {"dm": "cividis", "gas": "inferno", "hi": "viridis"}
"""Even steps of lightness."""

WORDS = {"gas": "gas", "hi": "HI"}


def picture_figure(task: Task) -> Figure:
    """Paint the slab of the heaviest halo, the hardest one, and show it.

    Parameters
    ----------
    task : Task
        What is painted from what.
    """
    loud = heaviest_halo(task.simulation, task.axes)[0] if "hydro" in task.simulation.runs else []
    maps = maps_of(task, (loud or task.places)[0])
    dark_matter = next(iter(maps.inputs.values()))
    assert isinstance(dark_matter, Slab)
    seeds = range(2 if task.emulator.card.stochastic else 1)
    samples = task.emulator.paint(maps.inputs, seeds)
    truth = maps.truth
    low, high = np.percentile(truth.values[truth.values > 0], SHARES)
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(WIDTH, WIDTH / (3 + len(samples)) + 0.9), layout="constrained")
        axes = figure.subplots(1, 3 + len(samples))
        dark = np.percentile(dark_matter.values, SHARES)
        _map(figure, axes[0], dark_matter, LogNorm(max(dark[0], 1), dark[1]), "dark matter")
        names = ["simulation", *(f"painted, seed {seed}" for seed in seeds)]
        if not task.emulator.card.stochastic:
            names[1] = "painted"
        for ax, slab, name in zip(axes[1:], [truth, *samples], names, strict=False):
            _map(figure, ax, slab, LogNorm(low, high), name)
        _difference(figure, axes[-1], truth, samples[0], low)
    return figure


def _map(figure: Figure, ax: Axes, slab: Slab, norm: LogNorm, title: str) -> None:
    colours = MAPS.get(slab.field, MAPS["dm"])
    values = np.maximum(smaller(slab.values), norm.vmin or 0)
    side = slab.pixel_size * slab.shape[0] / 1000
    drawn = ax.imshow(values, norm=norm, cmap=colours, origin="lower", extent=(0, side, 0, side))
    _finish(figure, ax, drawn, f"{WORDS.get(slab.field, 'dark matter')} [{slab.about.unit}]", title)


def _difference(figure: Figure, ax: Axes, truth: Slab, painted: Slab, floor: float) -> None:
    """Draw the painted over the true map; what lies below the colours counts as equal."""
    pair = [np.log10(np.maximum(smaller(slab.values), floor)) for slab in (painted, truth)]
    widest = WIDEST.get(truth.field, 1.0)
    both = Normalize(-widest, widest)
    drawn = ax.imshow(pair[0] - pair[1], norm=both, cmap=cm["coolwarm"], origin="lower")
    words = "difference" if painted.seed is None else f"seed {painted.seed} − simulation"
    _finish(figure, ax, drawn, "log$_{10}$ (painted / true)", words)


def _finish(figure: Figure, ax: Axes, drawn: AxesImage, words: str, title: str) -> None:
    ax.set(xticks=[], yticks=[], title=title)
    bar = figure.colorbar(drawn, ax=ax, location="bottom", pad=0.02, aspect=25)
    bar.outline.set_linewidth(0.4)
    bar.set_label(label(words), fontsize=7.5)
    bar.ax.tick_params(labelsize=7)


def smaller(values: np.ndarray) -> np.ndarray:
    """Mean over squares of pixels, so that no side is longer than `PIXELS`."""
    step = -(-max(values.shape) // PIXELS)
    ny, nx = (side // step for side in values.shape)
    return values[: ny * step, : nx * step].reshape(ny, step, nx, step).mean(axis=(1, 3))
