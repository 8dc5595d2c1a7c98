"""Clusters in a report: figures 4 to 10 and table 2 of the paper, by their numbers."""

import textwrap
from collections.abc import Mapping, Sequence
from typing import Any

import matplotlib
import numpy as np
from markupsafe import Markup
from matplotlib.colors import LogNorm
from matplotlib.figure import Figure
from matplotlib.ticker import NullFormatter

from engine.fields import OF_HOT_GAS, field_named
from engine.systems.proper import proper_pixel, proper_values
from training.report.drawing import (
    COLOURS,
    DASHES,
    GREY,
    INK,
    STYLE,
    WIDTH,
    drawn,
    label,
    legend_above,
    line_style,
    numbers,
    tolerance,
)
from training.report.sheet import environment

Content = dict[str, Any]

PAPER = {
    "hot_gas": (-0.114, -0.161),
    "temperature_sl": (-0.0079, -0.0090),
    "xray": (-0.0167, 0.0088),
}
"""Median and mean error of sums (Chadayammuri et al. 2023, table 2), on maps of clusters of which
most trained the network too."""

RUNS = {
    "dm": "dark matter of the run with gas",
    "dmo": "dark-matter-only run",
    "dm MR": "an eighth of the particles",
    "dm LR": "a 64th of the particles",
}

WANTED = {"hot_gas": 0.10, "temperature_sl": 0.03, "xray": 0.10}
"""Size of the median error that is aimed at."""


def html(content: Content, pictures: Sequence[Mapping[str, Any]]) -> str:
    """Make the page.

    Parameters
    ----------
    content : dict
        What the JSON holds.
    pictures : sequence of dict
        For each field: cut-outs `dark`, `truth`, `painted`, and `scaling` of the output.
    """
    own = [each for each in content["results"] if each["system"] == content["main"]]
    trained = [each for each in own if each["run"] == "dm"]
    with matplotlib.rc_context(STYLE):
        figures = {
            "maps": maps_figure(pictures),
            "pdf": pdf_figure(trained),
            "profiles": profile_figure(trained),
            "functions": function_figure(own),
            "relation": relation_figure(own),
        }
    return (
        environment()
        .get_template("systems/cluster_unet.html")
        .render(
            content=content,
            labels={field: field_named(field).label for field in OF_HOT_GAS},
            runs=RUNS,
            paper=PAPER,
            wanted=WANTED,
            figures={name: _svg(name, figure) for name, figure in figures.items()},
        )
    )


def _svg(name: str, figure: Figure) -> Markup:
    return drawn(f"clusters-{name}", figure)


def maps_figure(pictures: Sequence[Mapping[str, Any]]) -> Figure:
    """The heaviest cluster: dark matter, truth, painting, and their scaled difference (4)."""
    figure = Figure(figsize=(WIDTH, 2.6 * len(pictures)), layout="constrained")
    for row, picture in enumerate(pictures):
        scaled = [
            picture["scaling"].forward(proper_values(picture[name]))
            for name in ("truth", "painted")
        ]
        half = proper_pixel(picture["dark"]) * picture["dark"].shape[0] / 2
        style: dict[str, Any] = {"origin": "lower", "extent": (-half, half, -half, half)}
        top = np.percentile(picture["truth"].values, 99.9)
        shown = {
            "dark matter": (picture["dark"].values, None),
            "simulated": (picture["truth"].values, top),
            "painted": (picture["painted"].values, top),
        }
        for column, (title, (values, highest)) in enumerate(shown.items()):
            ax = figure.add_subplot(len(pictures), 4, 4 * row + column + 1)
            high = highest or values.max()
            depth = 10 if picture["truth"].about.quantity == "temperature" and column else 1e4
            image = ax.imshow(
                np.maximum(values, high / depth),
                norm=LogNorm(high / depth, high),
                cmap="cividis",
                **style,
            )
            ax.set(title=title, xlabel="[proper Mpc]")
            bar = figure.colorbar(image, ax=ax, shrink=0.8)
            if depth > 100:  # over one decade they alone tell the limits
                bar.ax.yaxis.set_minor_formatter(NullFormatter())
            if not column:
                about = picture["truth"].about
                ax.set_ylabel(textwrap.fill(about.label, 24) + f"\n[{label(about.unit)}]")
        ax = figure.add_subplot(len(pictures), 4, 4 * row + 4)
        with np.errstate(divide="ignore", invalid="ignore"):
            off = np.where(scaled[0] > 0, (scaled[1] - scaled[0]) / scaled[0], np.nan)
        image = ax.imshow(off, vmin=-1, vmax=1, cmap="RdBu_r", **style)
        ax.set(title="scaled error", xlabel="[proper Mpc]")
        figure.colorbar(image, ax=ax, shrink=0.8, ticks=[-1, 0, 1])
    return figure


def pdf_figure(results: Sequence[Content]) -> Figure:
    """Scaled pixels (5)."""
    figure = Figure(figsize=(WIDTH, 2.8), layout="constrained")
    drawable = [each for each in results if each["pdf"]]
    axes = np.atleast_1d(figure.subplots(1, max(len(drawable), 1)))
    for ax, result in zip(axes, drawable, strict=False):
        x = numbers(result["pdf"]["x"])
        ax.plot(x, numbers(result["pdf"]["truth"]), color=INK, label="simulation")
        ax.plot(
            x, numbers(result["pdf"]["painted"]), color=COLOURS[0], ls=DASHES[1], label="painted"
        )
        ax.set(xlabel="scaled pixels", ylabel="density", yscale="log", title=_title(result))
    legend_above(figure, axes[0])
    return figure


def profile_figure(results: Sequence[Content]) -> Figure:
    """Median, quartiles and range of profiles, and their ratio (6)."""
    figure = Figure(figsize=(WIDTH, 4.4), layout="constrained")
    grid = figure.add_gridspec(2, len(results), height_ratios=(2, 1))
    for column, result in enumerate(results):
        profile = result["heavy"]["profile"]
        radius = numbers(profile["radius"])
        above, below = (figure.add_subplot(grid[row, column]) for row in range(2))
        for name, colour, dashes in (("truth", INK, "-"), ("painted", COLOURS[0], DASHES[1])):
            spread = {word: numbers(values) for word, values in profile[name].items()}
            band = GREY if name == "truth" else colour
            above.fill_between(
                radius, spread["lowest"], spread["highest"], color=band, alpha=0.12, lw=0
            )
            above.fill_between(
                radius, spread["lower"], spread["upper"], color=band, alpha=0.3, lw=0
            )
            words = "simulation" if name == "truth" else name
            above.plot(radius, spread["median"], color=colour, ls=dashes, label=words)
        ratio = {word: numbers(values) for word, values in profile["ratio"].items()}
        tolerance(below)
        below.fill_between(radius, ratio["low"], ratio["high"], color=COLOURS[0], alpha=0.25, lw=0)
        below.plot(radius, ratio["median"], color=COLOURS[0])
        unit = label(field_named(result["field"]).unit)
        above.set(xscale="log", yscale="log", title=_title(result), ylabel=f"[{unit}]")
        below.set(
            xscale="log", ylim=(0.4, 1.6), xlabel="radius [proper kpc]", ylabel="painted / true"
        )
    legend_above(figure, figure.axes[0])
    return figure


def function_figure(results: Sequence[Content]) -> Figure:
    """Luminosity and gas-mass functions, from every run's dark matter (7, 8 and 10)."""
    fields = [field for field in ("xray", "hot_gas") if _of(results, field)]
    figure = Figure(figsize=(WIDTH, 3.6), layout="constrained")
    for ax, field in zip(np.atleast_1d(figure.subplots(1, len(fields))), fields, strict=True):
        several = _of(results, field)
        truth = several[0]["function"]["truth"]
        x = numbers(truth["x"])
        ax.fill_between(
            x, numbers(truth["low"]), numbers(truth["high"]), color=GREY, alpha=0.35, lw=0,
            step="mid",
        )  # fmt: skip
        ax.step(x, numbers(truth["y"]), where="mid", color=INK, label="simulation")
        for number, result in enumerate(several):
            colour, dashes = line_style(number)
            curve = result["function"]["painted"]
            y = numbers(curve["y"])
            words = f"from {RUNS.get(result['run'], result['run'])}"
            ax.plot(numbers(curve["x"]), np.where(y > 0, y, np.nan), color=colour, ls=dashes,
                    marker=".", label=words)  # fmt: skip
        ax.set(
            xscale="log", yscale="log", xlabel=label(truth["x_label"]),
            ylabel=label(truth["y_label"]),
        )  # fmt: skip
        ax.xaxis.set_minor_formatter(NullFormatter())
    legend_above(figure, figure.axes[0])
    return figure


def relation_figure(results: Sequence[Content]) -> Figure:
    """Luminosity against dark matter, with the lines through the heavy ones (9)."""
    several = _of(results, "xray")
    figure = Figure(figsize=(WIDTH, 3.4), layout="constrained")
    shown = [("simulation", several[0], "truth"), *((r["run"], r, "painted") for r in several[:2])]
    axes = np.atleast_1d(figure.subplots(1, len(shown), sharex=True, sharey=True))
    for number, (ax, (name, result, which)) in enumerate(zip(axes, shown, strict=True)):
        x, y = numbers(result["points"]["dark_matter"]), numbers(result["points"][which])
        colour = INK if which == "truth" else line_style(number - 1)[0]
        ax.plot(x, y, ".", ms=3, color=colour)
        heavy = result["heavy"]
        line = heavy["intercept"][which] + heavy["slope"][which] * np.log10(x / heavy["pivot"])
        order = np.argsort(x)
        ax.plot(x[order], 10 ** line[order], color=colour, lw=0.9)
        words = name if which == "truth" else f"painted from {RUNS.get(name, name)}"
        told = f"scatter {heavy['scatter'][which]:.3f} dex"
        if which == "painted":
            told += f", residuals r = {heavy['correlation']:.2f}"
        ax.set(
            xscale="log", yscale="log", title=f"{words}\n{told}",
            xlabel=label("dark matter of the cut-out [Msun/h]"),
        )  # fmt: skip
        ax.xaxis.set_minor_formatter(NullFormatter())
    axes[0].set_ylabel("luminosity, 0.5-2 keV [erg/s]")
    return figure


def _of(results: Sequence[Content], field: str) -> list[Content]:
    return [each for each in results if each["field"] == field]


def _title(result: Content) -> str:
    words = field_named(result["field"]).label
    return words[0].upper() + words[1:]
