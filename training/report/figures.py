"""Figures of a report that belong to no paper, each from the numbers that its JSON holds."""

from itertools import pairwise
from typing import Any

import matplotlib
import numpy as np
from matplotlib.figure import Figure

from training.report.drawing import INK, STYLE, WIDTH, numbers
from training.report.headlines import LEAST_K

RANKS = 16
"""Bars of a rank histogram."""

Content = dict[str, Any]


def calibration_figure(found: Content) -> Figure:
    """Rank histograms of pixels, of P(k) and of halo masses.

    Parameters
    ----------
    found : dict
        Result of a stochastic emulator.
    """
    calibration = found["all"]["calibration"]
    parts = [n for n in ("pixels", "power_spectrum", "halos") if n in calibration]
    names = {"pixels": "pixels, by dark matter painted on", "power_spectrum": "P(k), by wavenumber",
             "halos": "halo masses, by dark mass"}  # fmt: skip
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(WIDTH, 3.4), layout="constrained")
        for ax, name in zip(np.atleast_1d(figure.subplots(1, len(parts))), parts, strict=True):
            groups, ranks = calibration[name]["groups"], numbers(calibration[name]["ranks"])
            if name == "power_spectrum":
                groups, ranks = _by_scale(numbers(groups), ranks)
            colours = matplotlib.colormaps["viridis"](np.linspace(0.05, 0.85, len(groups)))
            for words, row, colour in zip(groups, ranks, colours, strict=True):
                if row.sum():
                    height = rebinned(row, RANKS)
                    ax.stairs(height, np.linspace(0, 1, len(height) + 1), color=colour, label=words)
            ax.axhline(1, color=INK, linewidth=0.7)
            ax.set(title=names[name], xlim=(0, 1), xlabel="rank of the truth / realisations")
            ax.set_ylim(0, max(2.0, min(6.0, ax.get_ylim()[1])))
            ax.legend(fontsize=7, loc="upper center", bbox_to_anchor=(0.5, -0.2), ncols=2)
        figure.axes[0].set_ylabel("share, calibrated = 1")
    return figure


def _by_scale(k: Any, ranks: Any) -> tuple[list[str], Any]:
    """Add bins of wavenumber to three: few slabs have few spectra."""
    edges = (0.0, LEAST_K * 3, 15.0, np.inf)
    words = ["k < 3 h/Mpc", "3 to 15 h/Mpc", "k > 15 h/Mpc"]
    chosen = [(k >= low) & (k < high) for low, high in pairwise(edges)]
    return words, np.array([ranks[inside].sum(axis=0) for inside in chosen])


def rebinned(ranks: Any, bars: int) -> Any:
    """Fewer, wider bins of equal probability: heights, one where calibrated, (bars,)."""
    bars = min(bars, len(ranks))
    ends = np.linspace(0, 1, len(ranks) + 1)
    up_to = np.concatenate(([0], np.cumsum(ranks))) / ranks.sum()
    return np.diff(np.interp(np.linspace(0, 1, bars + 1), ends, up_to)) * bars
