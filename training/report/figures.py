"""The figures of a report, each from the numbers that its JSON holds."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from training.report.drawing import (
    COLOURS,
    DASHES,
    GREY,
    INK,
    SOURCE_COLOURS,
    STYLE,
    WIDTH,
    banded,
    label,
    legend_above,
    numbers,
    tolerance,
)
from training.report.summary import FEWEST_PIXELS, LEAST_K, stands_out

RATIO = (0.5, 1.5)
"""Shown of ratios."""

RANKS = 16
"""Bars of a rank histogram."""

Content = dict[str, Any]


def statistics_figure(results: Sequence[Content], titles: Sequence[str]) -> Figure:
    """PDF or CDDF, P(k) and B(k) with their ratios to the truth, and r(k): figures 5 and 6.

    Parameters
    ----------
    results : sequence of dict
        Painters of one field from one level, on one simulation.
    titles : sequence of str
        Theirs.
    """
    first = results[0]["all"]
    density = "cddf" if "cddf" in first else "pdf"
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(WIDTH, 4.4), layout="constrained")
        grid = figure.add_gridspec(2, 4, height_ratios=(2, 1), hspace=0.02)
        for column, name in enumerate((density, "power_spectrum", "bispectrum")):
            above = figure.add_subplot(grid[0, column])
            below = figure.add_subplot(grid[1, column], sharex=above)
            _curves(above, below, name, results, titles)
            if not column:
                legend = above
        _correlation(figure.add_subplot(grid[:, 3]), results)
        legend_above(figure, legend)
    return figure


def _curves(
    above: Axes, below: Axes, name: str, results: Sequence[Content], titles: Sequence[str]
) -> None:
    """Draw one statistic, and its ratio below."""
    truth = results[0]["all"][name]
    above.plot(numbers(truth["x"]), numbers(truth["truth"]), color=INK, label="simulation")
    tolerance(below)
    for found, title in zip(results, titles, strict=True):
        curve, system = found["all"][name], _system(found)
        style = COLOURS[system], DASHES[system], title
        banded(above, curve["x"], curve["painted"], *style)
        enough = _enough(curve, name)
        if name == "bispectrum":
            enough &= stands_out(curve)
        ratio = {k: np.where(enough, numbers(v), np.nan) for k, v in curve["ratio"].items()}
        banded(below, curve["x"], ratio, *style)
    above.set(xscale="log", yscale="log", ylabel=label(truth["y_label"]))
    held = numbers(truth["truth"])
    if name != "pdf":
        held = np.where(_enough(truth, name), held, np.nan)
    above.set_ylim(np.nanmin(held[held > 0]) / 3, np.nanmax(held) * 3)
    _limit(above, name, truth)
    above.tick_params(labelbottom=False)
    below.set(ylim=RATIO, ylabel="painted / true", xlabel=label(truth["x_label"]))


def _enough(curve: Content, name: str) -> Any:
    """Which bins are drawn: of pixels, those that hold enough."""
    least = FEWEST_PIXELS if name in ("pdf", "cddf") else 0
    return numbers(curve["count"]) >= least


def _limit(ax: Axes, name: str, curve: Content) -> None:
    x = numbers(curve["x"])[_enough(curve, name)]
    if name in ("pdf", "cddf"):
        ax.set_xlim(x.min() / 1.5, x.max() * 1.5)


def _correlation(ax: Axes, results: Sequence[Content]) -> None:
    for found in results:
        curve, system = found["all"]["cross_correlation"], _system(found)
        banded(ax, curve["x"], curve["painted"], COLOURS[system], DASHES[system], "")
    ax.axhline(1, color=INK, linewidth=0.7)
    ax.set(xscale="log", ylabel="r(k) with the truth", xlabel=label("k [h/Mpc]"))
    ax.set_ylim(min(0.0, ax.get_ylim()[0]), 1.05)


def sources_figure(results: Sequence[Content]) -> Figure:
    """P(k), B(k) and r(k) of one painter from every dark matter there is.

    Parameters
    ----------
    results : sequence of dict
        One for each source.
    """
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(WIDTH, 2.7), layout="constrained")
        power, bispectrum, r = figure.subplots(1, 3)
        tolerance(power)
        tolerance(bispectrum)
        r.axhline(1, color=INK, linewidth=0.7)
        for found in results:
            field, _, origin = found["source"].split("/")
            style = SOURCE_COLOURS[f"{field}/{origin}"], "-" if field == "dm" else (0, (4, 1.5))
            words = found["source"]
            for ax, name in ((power, "power_spectrum"), (bispectrum, "bispectrum")):
                curve = found["all"][name]
                kept = stands_out(curve)
                ratio = {k: np.where(kept, numbers(v), np.nan) for k, v in curve["ratio"].items()}
                banded(ax, curve["x"], ratio, *style, words)
            curve = found["all"]["cross_correlation"]
            banded(r, curve["x"], curve["painted"], *style, words)
        power.set(ylim=RATIO, ylabel="P / P of the truth")
        bispectrum.set(ylim=RATIO, ylabel="B / B of the truth")
        r.set(ylim=(0, 1.05), ylabel="r(k) with the truth")
        for ax in (power, bispectrum, r):
            ax.set(xscale="log", xlabel=label("k [h/Mpc]"))
        legend_above(figure, power)
    return figure


def halo_figure(results: Sequence[Content], titles: Sequence[str]) -> Figure:
    """Masses within haloes, their ratio and their scatter: figure 7.

    Parameters
    ----------
    results, titles
        As for `statistics_figure`.
    """
    true = results[0]["all"]["halos"]
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(WIDTH, 3.4), layout="constrained")
        masses, ratio, spread = figure.subplots(1, 3)
        _halo_points(figure, masses, results[0]["halo_points"])
        tolerance(ratio)
        x, middle = numbers(true["x"]), numbers(true["truth"]["median"])
        masses.plot(x, middle, color=INK, label="simulation")
        for name in ("low", "high"):
            masses.plot(x, numbers(true["truth"][name]), color=INK, linewidth=0.8)
        spread.plot(x, numbers(true["scatter"]["truth"]), color=INK)
        for found, title in zip(results, titles, strict=True):
            relation, system = found["all"]["halos"], _system(found)
            style = COLOURS[system], DASHES[system], title
            banded(masses, x, relation["median"], *style)
            shares = {k: numbers(v) / middle for k, v in relation["median"].items()}
            banded(ratio, x, shares, *style)
            banded(spread, x, relation["scatter"]["painted"], *style)
        masses.set(
            yscale="log", ylabel=label(true["y_label"].replace(" within projected R_vir", ""))
        )
        ratio.set(ylim=RATIO, ylabel="median mass, painted / true")
        spread.set(ylabel="scatter [dex]")
        spread.set_ylim(bottom=0)
        for ax in (masses, ratio, spread):
            ax.set(xscale="log", xlabel=label("dark mass within R_vir [Msun/h]"))
        legend_above(figure, masses)
    return figure


def _halo_points(figure: Figure, ax: Axes, points: Content) -> None:
    """Draw the simulation's haloes, coloured by their neighbours."""
    dark, mass = numbers(points["dark"]), numbers(points["truth"])
    seen = (dark > 0) & (mass > 0)
    drawn = ax.scatter(
        dark[seen], mass[seen], c=numbers(points["environment"])[seen], cmap="viridis", s=5,
        linewidths=0, alpha=0.6,
    )  # fmt: skip
    bar = figure.colorbar(drawn, ax=ax, location="right", pad=0.01, aspect=30)
    bar.outline.set_linewidth(0.4)
    bar.set_label(label("haloes within 1 Mpc/h [(h/Mpc)^2]"), fontsize=7)
    bar.ax.tick_params(labelsize=7)


def calibration_figure(found: Content) -> Figure:
    """Rank histograms of pixels, of P(k) and of halo masses.

    Parameters
    ----------
    found : dict
        Result of a stochastic painter.
    """
    calibration = found["all"]["calibration"]
    parts = [n for n in ("pixels", "power_spectrum", "halos") if n in calibration]
    names = {"pixels": "pixels, by dark matter", "power_spectrum": "P(k), by wavenumber",
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


APPENDIX = ("cddf_of_box", "aperture_masses")


def appendix_figure(truth: Content, panels: Sequence[str]) -> Figure:
    """CDDF of the box over that of its slabs, and apertures over virial masses: A1 and B1.

    Parameters
    ----------
    truth : dict
        What `training.report.truths` found of a simulation.
    panels : sequence of str
        Which of `APPENDIX` are there.
    """
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(WIDTH * 0.75, 2.7), layout="constrained")
        for ax, name in zip(np.atleast_1d(figure.subplots(1, len(panels))), panels, strict=True):
            found = truth[name]
            x = numbers(found["x"])
            if name == "cddf_of_box":
                tolerance(ax)
                enough = numbers(found["count"]) >= FEWEST_PIXELS
                ax.plot(x, np.where(enough, numbers(found["ratio"]["median"]), np.nan), color=INK)
                ax.set(ylim=(0, 2), ylabel="f of the box / f of slabs")
            else:
                ax.axhline(1, color=INK, linewidth=0.7)
                banded(ax, x, found["ratio"], GREY, "-", "")
                ax.set(ylabel=label("dark mass within R_vir / M$_{vir}$"))
                ax.set_ylim(bottom=0)
            ax.set(xscale="log", xlabel=label(found["x_label"]))
    return figure


def _system(found: Content) -> str:
    """The painter's system, which its name begins with."""
    return str(found["painter"]).rsplit("-", 2)[0]
