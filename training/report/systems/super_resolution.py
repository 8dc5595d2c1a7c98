"""Super-resolution in a report: the paper's figures, by their numbers, beside what it must beat."""

from collections.abc import Mapping
from typing import Any

import matplotlib
import numpy as np
from markupsafe import Markup
from matplotlib.axes import Axes
from matplotlib.colors import LogNorm, Normalize
from matplotlib.figure import Figure

from engine.mesh import Grid
from engine.statistics.void_sizes import find_voids
from training.report.boxes import CLAIM, PAINTED, UP_TO
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
    numbers,
)
from training.report.sheet import environment
from training.report.systems.first_layer import Pictures, features_figure, kernels_figure

Content = dict[str, Any]

TITLES = {
    PAINTED: "Super-resolution",
    "low": "Low resolution, cells repeated",
    "trilinear": "Low resolution, trilinear",
    "linear": "Best linear filter of both inputs",
}
"""Of what is compared with the simulation."""

DRAWN = (PAINTED, "trilinear", "linear")
"""Of these, in figures."""

LAYER = 8
"""Cells of high resolution that the slices are deep."""

HIGHEST = 1.6
"""Wavenumber at which figures end, the Nyquist one of the paper's cells, [h/Mpc]."""

CHANGED = ("smoothed_pdf", "power_spectrum", "bispectrum", "voids")
"""Curves of figure 8."""

VOIDS = tuple(range(8, 32, 2))
"""Radii of voids that a plane is shown with, as those that are counted, [Mpc/h]."""

FEWEST = 8
"""Voids, modes or cells of a bin of which a change is shown."""


def html(
    content: Content, layers: Mapping[str, Grid], kernels: Pictures, features: Pictures
) -> str:
    """Make the page.

    Parameters
    ----------
    content : dict
        What the JSON holds.
    layers : mapping of str to Grid
        Boxes that slices are shown of, by their titles; voids of the densities among them.
    kernels, features : mapping
        Of the first layer; none of what is no network.
    """
    scored, curves = content["scored"], content["scored"]["curves"]
    with matplotlib.rc_context(STYLE):
        figures = {
            "layers": layers_figure(layers),
            "pdf": curves_figure({"smoothed_pdf": curves["smoothed_pdf"]}),
            "power": power_figure(scored),
            "bispectrum": curves_figure(
                {name: curves[name] for name in ("bispectrum", "reduced_bispectrum")}
            ),
            "voids": curves_figure({"voids": curves["voids"]}),
            "inside": voids_figure(layers),
        }
        if kernels:
            figures["kernels"] = kernels_figure(kernels)
            figures["features"] = features_figure(features)
        changes = [changes_figure(other["changes"], curves) for other in content["others"]]
    return (
        environment()
        .get_template("systems/super_resolution.html")
        .render(
            content=content,
            scored=scored,
            titles=TITLES,
            up_to=[str(k) for k in UP_TO],
            claim=CLAIM,
            layer=LAYER,
            figures={name: _svg(name, figure) for name, figure in figures.items()},
            others=[
                {"about": other, "figure": _svg(f"change-{i}", figure)}
                for i, (other, figure) in enumerate(zip(content["others"], changes, strict=True))
            ],
        )
    )


def _svg(name: str, figure: Figure) -> Markup:
    return drawn(f"super-resolution-{name}", figure)


def layers_figure(layers: Mapping[str, Grid]) -> Figure:
    """The same layer of every box, densities in the same colours (figure 2)."""
    figure = Figure(figsize=(WIDTH, WIDTH / len(layers) + 0.6), layout="constrained")
    for ax, (title, box) in zip(figure.subplots(1, len(layers)), layers.items(), strict=True):
        depth = LAYER * box.shape[0] // max(each.shape[0] for each in layers.values())
        values = box.values[:depth].mean(0, dtype=np.float64)
        norm: Normalize = LogNorm(0.1, 30)
        if box.about.signed:
            norm = Normalize(-3 * values.std(), 3 * values.std())
        else:
            values = values / box.values.mean(dtype=np.float64)
        colours = "RdBu_r" if box.about.signed else "cividis"
        side = box.box_size
        shown = ax.imshow(
            values, norm=norm, cmap=colours, origin="lower", extent=(0, side, 0, side)
        )
        ax.set(xticks=[], yticks=[], title=title)
        bar = figure.colorbar(shown, ax=ax, location="bottom", pad=0.02, aspect=25)
        bar.set_label("linear overdensity" if box.about.signed else "density / mean", fontsize=7.5)
    return figure


def voids_figure(layers: Mapping[str, Grid]) -> Figure:
    """Where voids are, in a plane of every density (figure 6)."""
    densities = {title: box for title, box in layers.items() if not box.about.signed}
    figure = Figure(figsize=(WIDTH, WIDTH / len(densities) + 0.2), layout="constrained")
    for ax, (title, box) in zip(figure.subplots(1, len(densities)), densities.items(), strict=True):
        radii = [radius for radius in VOIDS if radius <= box.box_size / 4]
        inside = find_voids(box, np.array(radii)).inside[len(box.values) // 2]
        side = box.box_size
        ax.imshow(inside, cmap="Blues", vmax=1.5, origin="lower", extent=(0, side, 0, side))
        ax.set(xticks=[], yticks=[], title=title)
    return figure


def curves_figure(curves: Mapping[str, Content]) -> Figure:
    """Curves of the simulation and of what is compared, their differences below."""
    figure = Figure(figsize=(WIDTH, 4.2), layout="constrained")
    grid = figure.add_gridspec(2, len(curves), height_ratios=(2, 1), hspace=0.02)
    for column, curve in enumerate(curves.values()):
        above = figure.add_subplot(grid[0, column])
        below = figure.add_subplot(grid[1, column], sharex=above)
        x, truth, scatter = (numbers(curve[name]) for name in ("x", "truth", "scatter"))
        above.errorbar(x, truth, scatter, color=INK, fmt=".-", markersize=3, label="simulation")
        with np.errstate(divide="ignore", invalid="ignore"):
            below.fill_between(x, -scatter / truth, scatter / truth, color=GREY, alpha=0.3)
            for name, colour, dashes in _lines():
                y = numbers(curve[name])
                above.plot(x, y, color=colour, linestyle=dashes, label=TITLES[name])
                below.plot(x, y / truth - 1, color=colour, linestyle=dashes)
        below.axhline(0, color=INK, linewidth=0.7)
        below.set(ylim=(-0.5, 0.5), xlabel=label(curve["x_label"]), ylabel="relative error")
        above.set_ylabel(label(curve["y_label"]))
    legend_above(figure, figure.axes[0])
    return figure


def power_figure(scored: Content) -> Figure:
    """P(k), T(k) and r(k) (figure 4)."""
    figure = Figure(figsize=(WIDTH, 3.4), layout="constrained")
    power, transfer, correlation = figure.subplots(1, 3)
    curve = scored["curves"]["power_spectrum"]
    x = numbers(curve["x"])
    power.errorbar(
        x, numbers(curve["truth"]), numbers(curve["scatter"]), color=INK, label="simulation"
    )
    transfer.axhspan(1 - CLAIM, 1 + CLAIM, color=GREY, alpha=0.3, linewidth=0)
    transfer.axhline(1, color=INK, linewidth=0.7)
    for name, colour, dashes in _lines():
        style = {"color": colour, "linestyle": dashes, "label": TITLES[name]}
        power.plot(x, numbers(curve[name]), **style)
        _pair(transfer, scored["pairs"]["transfer_function"], name, style)
        _pair(correlation, scored["pairs"]["cross_correlation"], name, style)
    power.set(xscale="log", yscale="log", xlim=(None, HIGHEST), ylabel=label(curve["y_label"]))
    transfer.set(xscale="log", xlim=(None, HIGHEST), ylim=(0.4, 1.2), ylabel="T(k)")
    correlation.set(xscale="log", xlim=(None, HIGHEST), ylim=(0.2, 1.02), ylabel="r(k)")
    for ax in figure.axes:
        ax.set_xlabel(label(curve["x_label"]))
    legend_above(figure, power)
    return figure


def _pair(ax: Axes, curve: Content, name: str, style: Mapping[str, Any]) -> None:
    x, y = numbers(curve["x"]), numbers(curve[name])
    ax.plot(x, y, **style)
    if name == PAINTED:
        ax.errorbar(x, y, numbers(curve["scatter"]), fmt="none", ecolor=style["color"])


def changes_figure(changes: Content, first: Content) -> Figure:
    """Fractional changes with the cosmology, of the simulation and of the painting (figure 8)."""
    figure = Figure(figsize=(WIDTH, 3.0), layout="constrained")
    axes = figure.subplots(1, len(CHANGED))
    for ax, name in zip(axes, CHANGED, strict=True):
        curve = changes[name]
        enough = numbers(first[name]["count"]) >= FEWEST
        x = numbers(curve["x"])[enough]
        ax.plot(x, numbers(curve["truth"])[enough], color=INK, label="simulation")
        colour, dashes = COLOURS[0], DASHES[1]
        y = numbers(curve[PAINTED])[enough]
        ax.plot(x, y, color=colour, linestyle=dashes, label=TITLES[PAINTED])
        ax.axhline(0, color=GREY, linewidth=0.7)
        ax.set(xlabel=label(curve["x_label"].split(": ")[-1]), title=name.replace("_", " "))
        if name == "power_spectrum":
            ax.set(xscale="log", xlim=(None, HIGHEST))
    axes[0].set_ylabel("change")
    legend_above(figure, axes[0])
    return figure


def _lines() -> list[tuple[str, str, Any]]:
    """Names, colours and dashes of what is drawn beside the simulation."""
    return [(name, COLOURS[i], DASHES[i]) for i, name in enumerate(DRAWN)]
