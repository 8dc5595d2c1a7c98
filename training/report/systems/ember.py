"""EMBER in a report: the figures of the paper, by their numbers, and what its networks reached."""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from engine.simulation import Simulation
from training.report.drawing import (
    GREY,
    INK,
    STYLE,
    WIDTH,
    banded,
    drawn,
    label,
    legend_above,
    line_style,
    numbers,
    tolerance,
)
from training.report.headlines import FEWEST_PIXELS, stands_out
from training.report.systems import ember_truths
from training.report.systems.contract import Content, Paper, register

RATIO = (0.5, 1.5)
"""Shown of ratios."""

MASS_ERROR = {
    ("ember-wgan", "gas", "HR"): {"dm/ds": 1.92, "dmo/ds": 1.92},
    ("ember-unet", "gas", "HR"): {"dm/ds": -0.56, "dmo/ds": -1.13},
    ("ember-wgan", "gas", "MR"): {"dm/ds": 1.22, "dmo/ds": 1.45, "dmo/native": 1.71},
    ("ember-wgan", "gas", "LR"): {"dm/ds": 0.86, "dmo/ds": 0.86},
    ("ember-wgan", "gas", "VLR"): {"dm/ds": -8.12, "dmo/ds": -8.12},
    ("ember-wgan", "hi", "HR"): {"dm/ds": 5.54, "dmo/ds": 5.54},
    ("ember-unet", "hi", "HR"): {"dm/ds": -37.33, "dmo/ds": -40.84},
    ("ember-wgan", "hi", "MR"): {"dm/ds": 3.9, "dmo/ds": 4.85, "dmo/native": 2.53},
    ("ember-wgan", "hi", "LR"): {"dm/ds": -14.34, "dmo/ds": -14.34},
    ("ember-wgan", "hi", "VLR"): {"dm/ds": -75.76, "dmo/ds": -75.76},
}
"""Median error of the total mass, per cent, by network and dark matter (Bernardini et al. 2022,
table 4; HR is called native there, and is `ds` here since none of its particles is left out)."""

APPENDIX = ("cddf_of_box", "aperture_masses")


@register
class Ember(Paper):
    """EMBER's two networks.

    References
    ----------
    Bernardini et al. 2022.
    """

    systems = ("ember-wgan", "ember-unet")
    citation = "EMBER (Bernardini et al. 2022, MNRAS 509, 1323)"
    template = "systems/ember.html"
    truth_template = "systems/ember_truths.html"
    notes: ClassVar[Mapping[str, str]] = {
        "test": "The paper's own test has pixels of 3.66 ckpc/h: where it is compared, mind the "
        "eightfold difference.",
        "power": "The paper's WGAN from HR and MR stays within 10 % in P and 20 % in B down to "
        "about 10 ckpc/h, from LR and VLR down to about 50 ckpc/h (k of 600 and 130 h/Mpc); pixels "
        "of 29 ckpc/h end at 107 h/Mpc.",
        "mass": "As table 4 of the paper, its medians in the last column.",
    }

    def mass_error(self, system: str, field: str, level: str, run: Content) -> float | None:
        """Median error of the total mass that the paper's network reached, per cent."""
        reached = MASS_ERROR.get((system, field, level), {})
        return reached.get(f"{run['field']}/{run['origin']}")

    def truths(self, simulation: Simulation, axes: str, fields: set[str]) -> Content:
        """What the paper's appendices show of a simulation."""
        found: Content = {}
        if "hydro" in simulation.runs and simulation.has("dm", axes[0]):
            found["aperture_masses"] = ember_truths.aperture_masses(simulation, axes)
        if "hi" in fields:
            found["cddf_of_box"] = ember_truths.cddf_of_box(simulation, axes)
        return found

    def truth_figure(self, about: Content, mark: str) -> Content | None:
        """Figures A1 and B1, as far as there are haloes and HI."""
        panels = [name for name in APPENDIX if name in about and _any(about[name]["ratio"])]
        if not panels:
            return None
        return {"panels": panels, "figure": drawn(mark, appendix_figure(about, panels))}

    def group(self, own: Sequence[Content], titles: Sequence[str], mark: str) -> Content:
        """Figures 5 to 7 of networks for one field from one level."""
        found = {
            "statistics": drawn(f"{mark}-statistics", statistics_figure(own, titles)),
            "halos": None,
        }
        relations = [result["all"].get("halos") for result in own]
        if all(relation and _any(relation["truth"]) for relation in relations):
            found["halos"] = drawn(f"{mark}-halos", halo_figure(own, titles))
        return found

    def runs(self, every: Sequence[Content], mark: str) -> str:
        """P, B and r of one network from every dark matter there is."""
        return drawn(f"{mark}-runs", runs_figure(every))


def _any(bands: Content) -> bool:
    """Whether a bin holds enough for a median."""
    return any(value is not None for value in bands["median"])


def statistics_figure(results: Sequence[Content], titles: Sequence[str]) -> Figure:
    """PDF or CDDF, P(k) and B(k) with their ratios to the truth, and r(k): figures 5 and 6.

    Parameters
    ----------
    results : sequence of dict
        Emulators of one field from one level, on one simulation.
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
    for number, (found, title) in enumerate(zip(results, titles, strict=True)):
        curve, style = found["all"][name], (*line_style(number), title)
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
    for number, found in enumerate(results):
        curve = found["all"]["cross_correlation"]
        banded(ax, curve["x"], curve["painted"], *line_style(number), "")
    ax.axhline(1, color=INK, linewidth=0.7)
    ax.set(xscale="log", ylabel="r(k) with the truth", xlabel=label("k [h/Mpc]"))
    ax.set_ylim(min(0.0, ax.get_ylim()[0]), 1.05)


def runs_figure(results: Sequence[Content]) -> Figure:
    """P(k), B(k) and r(k) of one emulator from every dark matter there is.

    Parameters
    ----------
    results : sequence of dict
        One for each run that dark matter is of.
    """
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(WIDTH, 2.7), layout="constrained")
        power, bispectrum, r = figure.subplots(1, 3)
        tolerance(power)
        tolerance(bispectrum)
        r.axhline(1, color=INK, linewidth=0.7)
        for number, found in enumerate(results):
            style, words = line_style(number), found["run"]["name"]
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
        for number, (found, title) in enumerate(zip(results, titles, strict=True)):
            relation, style = found["all"]["halos"], (*line_style(number), title)
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


def appendix_figure(truth: Content, panels: Sequence[str]) -> Figure:
    """CDDF of the box over that of its slabs, and apertures over virial masses: A1 and B1.

    Parameters
    ----------
    truth : dict
        What `training.report.systems.ember_truths` found of a simulation.
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
