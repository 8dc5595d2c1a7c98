"""JERALD in a report: slices, relative differences, power and correlation, as in the paper."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Protocol

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LogNorm, Normalize
from matplotlib.figure import Figure

from engine.fields import field_named
from engine.mesh import Grid
from engine.relative_maps import CLOSE, LEAST, WIDTH, relative_map
from training.report.drawing import (
    COLOURS,
    DASHES,
    GREY,
    INK,
    STYLE,
    drawn,
    legend_above,
    numbers,
    tolerance,
)
from training.report.drawing import WIDTH as PAGE
from training.report.sheet import environment

Content = dict[str, Any]

TITLES = {"painted": "JERALD", "mesh": "particle mesh alone"}
"""Of what is compared with the simulation."""

PORTIONS = {"all": "whole box", "without_heaviest_halo": "without the heaviest halo"}

DECADES = 3.0
"""Of the colours of a slice, up to its brightest cells."""

MOST = 0.5
"""Relative difference that the colours reach to."""


class Compared(Protocol):
    """Boxes of one field of one simulation."""

    @property
    def simulation(self) -> str:
        """Its name."""

    @property
    def field(self) -> str:
        """Name of the field."""

    @property
    def truth(self) -> Grid:
        """The simulation's."""

    @property
    def painted(self) -> Mapping[str, Grid]:
        """By the names of `TITLES`."""

    @property
    def start(self) -> float:
        """Of the slices, along z, comoving [Mpc/h]."""


def html(content: Content, shown: Sequence[Compared]) -> str:
    """Make the page.

    Parameters
    ----------
    content : dict
        What the JSON holds.
    shown : sequence of Compared
        Boxes of each of its results, in their order.
    """
    with matplotlib.rc_context(STYLE):
        pairs = list(zip(content["results"], shown, strict=True))
        sections = [
            _section(about, [pair for pair in pairs if pair[1].simulation == name], number)
            for number, about in enumerate(content["boxes"])
            if (name := about["simulation"]) in {each.simulation for each in shown}
        ]
        several = seeds_figure(content["results"])
        cost = drawn("jerald-costs", costs_figure(content["costs"]))
    return (
        environment()
        .get_template("systems/jerald.html")
        .render(
            content=content,
            titles=TITLES,
            portions=PORTIONS,
            labels={each["field"]: field_named(each["field"]).label for each in content["results"]},
            sections=sections,
            several=None if several is None else drawn("jerald-seeds", several),
            costs=cost,
            relative={"least": LEAST, "width": WIDTH, "close": CLOSE, "most": MOST},
        )
    )


def _section(about: Content, pairs: Sequence[tuple[Content, Compared]], number: int) -> Content:
    """Figures of one box."""
    results, shown = [pair[0] for pair in pairs], [pair[1] for pair in pairs]
    figures = {
        "slices": slices_figure(shown),
        "relative": relative_figure(shown),
        "power": power_figure(results),
    }
    depth = shown[0].truth.box_size / 8
    return {
        "about": about,
        "results": results,
        "halo": results[0]["halo"],
        "depth": depth,
        "cell_size": shown[0].truth.cell_size,
        **{name: drawn(f"jerald-{number}-{name}", figure) for name, figure in figures.items()},
    }


def _panels(shown: Sequence[Compared], first: Iterable[str]) -> tuple[Figure, Any, list[str]]:
    """A row of maps for each field, a column for what is shown of each."""
    columns = [*first, *(n for n in TITLES if any(n in each.painted for each in shown))]
    height = PAGE / max(len(columns), 3) * len(shown) + 0.3
    figure = Figure(figsize=(PAGE, height), layout="constrained")
    return figure, figure.subplots(len(shown), len(columns), squeeze=False), columns


def slices_figure(shown: Sequence[Compared]) -> Figure:
    """An eighth of each box about its heaviest halo: truth and what is painted."""
    figure, axes, columns = _panels(shown, ["truth"])
    for row, each in zip(axes, shown, strict=True):
        depth = each.truth.box_size / 8
        mean = each.truth.slab("z").values.mean(dtype=np.float64) / 8
        maps = {
            name: box.slab("z", each.start, depth).values / mean
            for name, box in {"truth": each.truth, **each.painted}.items()
        }
        most = float(np.percentile(maps["truth"], 99.9))
        norm = LogNorm(most / 10**DECADES, most)
        _map_row(figure, row, columns, maps, each, norm, "cividis", "over its mean")
    return figure


def relative_figure(shown: Sequence[Compared]) -> Figure:
    """Painting over truth, less one, averaged along z over the whole box."""
    figure, axes, columns = _panels(shown, [])
    for row, each in zip(axes, shown, strict=True):
        maps = {n: relative_map(each.truth, box, "z").values for n, box in each.painted.items()}
        norm = Normalize(-MOST, MOST)
        _map_row(figure, row, columns, maps, each, norm, "RdBu_r", "relative difference")
    return figure


def _map_row(
    figure: Figure,
    row: Sequence[Axes],
    columns: Sequence[str],
    maps: Mapping[str, Any],
    each: Compared,
    norm: Normalize,
    colours: str,
    what: str,
) -> None:
    """Draw one field's maps in the same colours, with their bar."""
    side = each.truth.box_size
    for ax, name in zip(row, columns, strict=True):
        if name not in maps:
            ax.set_axis_off()
            continue
        values = np.clip(maps[name], norm.vmin, norm.vmax)
        shown = ax.imshow(
            values, norm=norm, cmap=colours, origin="lower", extent=(0, side, 0, side)
        )
        ax.set_title(TITLES.get(name, "simulation"))
        ax.set(xlabel="x [cMpc/h]", ylabel="y [cMpc/h]")
        ax.tick_params(labelsize=7)
    bar = figure.colorbar(shown, ax=list(row), pad=0.01, aspect=25)
    bar.set_label(f"{short(each.field)}, {what}", fontsize=7.5)


def short(field: str) -> str:
    """Name a field in few words."""
    return {"hi_thin": "hydrogen without shielding"}.get(field, field_named(field).label)


def power_figure(results: Sequence[Content]) -> Figure:
    """P(k) over the simulation's and r(k), with the heaviest halo and without."""
    figure = Figure(figsize=(PAGE, 5.2), layout="constrained")
    axes = figure.subplots(2, max(len(results), 2), squeeze=False, sharex="col")
    for column, result in zip(axes.T, results, strict=False):
        ratio, correlation = column
        tolerance(ratio)
        correlation.axhline(1, color=INK, linewidth=0.7)
        for i, (name, words) in enumerate(TITLES.items()):
            for portion, dashes in zip(PORTIONS, DASHES, strict=False):
                if name not in result.get(portion, {}):
                    continue
                k, each = numbers(result[portion]["k"]), result[portion][name]
                label = f"{words}, {PORTIONS[portion]}"
                style: dict[str, Any] = {"color": (COLOURS[0], GREY)[i], "linestyle": dashes}
                ratio.plot(k, numbers(each["ratio"]), label=label, **style)
                correlation.plot(k, numbers(each["correlation"]), **style)
        ratio.set(xscale="log", ylim=(0.4, 1.8), title=short(result["field"]))
        correlation.set(xscale="log", ylim=(0.5, 1.03), xlabel="k [h/Mpc]")
    axes[0, 0].set_ylabel("P / P simulation")
    axes[1, 0].set_ylabel("r(k)")
    for ax in axes.T[len(results) :].flat:
        ax.set_axis_off()
    most = max(range(len(results)), key=lambda i: len(axes[0, i].get_lines()))
    legend_above(figure, axes[0, most])
    return figure


def seeds_figure(results: Sequence[Content]) -> Figure | None:
    """P over the simulation's of the same numbers on every box; None where each has one alone."""
    by_card: dict[str, list[Content]] = {}
    for result in results:
        by_card.setdefault(result["emulator"], []).append(result)
    several = [each for each in by_card.values() if len(each) > 1]
    if not several:
        return None
    figure = Figure(figsize=(PAGE, 3.4), layout="constrained")
    axes = figure.subplots(1, max(len(several), 2), squeeze=False, sharey=True)[0]
    for ax, boxes in zip(axes, several, strict=False):
        tolerance(ax)
        for i, result in enumerate(boxes):
            portion = "without_heaviest_halo" if "without_heaviest_halo" in result else "all"
            found = result[portion]
            ax.plot(
                numbers(found["k"]),
                numbers(found["painted"]["ratio"]),
                color=COLOURS[i % len(COLOURS)],
                linestyle=DASHES[i % len(DASHES)],
                label=f"{result['simulation']}, {result['part']}",
            )
        ax.set(xscale="log", ylim=(0.4, 1.8), xlabel="k [h/Mpc]", title=short(boxes[0]["field"]))
    for ax in axes[len(several) :]:
        ax.set_axis_off()
    axes[0].set_ylabel("P / P simulation")
    legend_above(figure, axes[0])
    return figure


def costs_figure(rows: Sequence[Content]) -> Figure:
    """Time and memory of the particle mesh and of a step of one layer, by the particles."""
    figure = Figure(figsize=(PAGE, 3.0), layout="constrained")
    for ax, quantity, unit in zip(
        figure.subplots(1, 2), ("seconds", "memory"), ("time [s]", "memory [GB]"), strict=True
    ):
        for i, (name, words) in enumerate(
            {"mesh": "particle mesh, ten steps", "layer": "layer, forward and backward"}.items()
        ):
            there = [row for row in rows if row[name] is not None]
            ax.plot(
                [row["side"] ** 3 for row in there],
                [row[name][quantity] for row in there],
                marker="o",
                color=COLOURS[i],
                linestyle=DASHES[i],
                markersize=3,
                label=words,
            )
        ax.set(xscale="log", yscale="log", xlabel="particles", ylabel=unit)
    legend_above(figure, figure.axes[0])
    return figure
