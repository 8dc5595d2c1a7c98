"""dm2gal in a report: the paper's figure by its numbers, and galaxies one by one."""

from collections.abc import Mapping, Sequence
from typing import Any

import matplotlib
import numpy as np
from matplotlib.colors import LogNorm
from matplotlib.figure import Figure

from engine.catalogue_grids import SUBHALOS
from engine.galaxies import ADDED
from engine.mesh import Grid
from engine.systems.card import ModelCard
from training.report.drawing import (
    GREY,
    INK,
    STYLE,
    WIDTH,
    drawn,
    legend_above,
    line_style,
    numbers,
    tolerance,
)
from training.report.galaxies import STAR_BINS, VOXEL_BINS
from training.report.held_power import RESAMPLED, WAVES
from training.report.sheet import environment

Content = dict[str, Any]

MARKERS = "+x.1"
"""Of galaxies, one after the other."""

DEPTH = 2.4
"""Of the slab on show and its sides, comoving [Mpc/h] (Kasmanoff et al. 2020, figure 1)."""


def html(content: Content, layers: Mapping[str, Grid]) -> str:
    """Make the page.

    Parameters
    ----------
    content : dict
        What the JSON holds.
    layers : mapping of str to Grid
        Boxes that slabs are shown of, by their titles.
    """
    titles = content["methods"]
    with matplotlib.rc_context(STYLE):
        figures = {"layers": layers_figure(layers), "galaxies": galaxies_figure(content, titles)}
        if content["emulator"]["learning_curve"]:
            figures["learning"] = learning_figure(content["emulator"]["learning_curve"])
        boxes = [curves_figure(each, titles) for each in content["boxes"]]
    return (
        environment()
        .get_template("systems/dm2gal.html")
        .render(
            content=content,
            together=content["together"],
            titles=titles,
            waves=WAVES,
            power_resampled=RESAMPLED,
            figures={name: drawn(f"dm2gal-{name}", figure) for name, figure in figures.items()},
            boxes=[
                {"about": about, "figure": drawn(f"dm2gal-box-{i}", figure)}
                for i, (about, figure) in enumerate(zip(content["boxes"], boxes, strict=True))
            ],
        )
    )


LEARNT = {"galaxies": "stars themselves", "voxels": "stars of cells"}
"""What networks learn otherwise than by the default, in few words."""


def title_of(card: ModelCard) -> str:
    """What tells an emulator from others of its system."""
    alone = "subhaloes alone" if card.architecture.get("inputs") == SUBHALOS else ""
    learnt = LEARNT.get(str(card.recipe.get("target", "")), "")
    words = ", ".join(filter(None, (alone, learnt)))
    return f"{card.title} ({words})" if words else card.title


def layers_figure(layers: Mapping[str, Grid]) -> Figure:
    """The slab around the heaviest cell of the first box, of each."""
    figure = Figure(figsize=(WIDTH, WIDTH / len(layers) + 0.5), layout="constrained")
    first = next(iter(layers.values()))
    side = max(round(1000 * DEPTH / first.cell_size), 1)
    centre = np.unravel_index(first.values.argmax(), first.shape)
    region = [n for at in centre for n in (int(at) - side // 2, int(at) - side // 2 + side)]
    extent = (0, DEPTH, 0, DEPTH)
    for ax, (title, box) in zip(figure.subplots(1, len(layers)), layers.items(), strict=True):
        values = box.cut(tuple(region)).values.mean(0, dtype=np.float64)
        most = max(values.max(), 1e-3)
        norm = LogNorm(most / (1e3 if box.field == first.field else 1e5), most)
        values = np.maximum(values, norm.vmin or 0)
        ax.imshow(values, norm=norm, cmap="cividis", origin="lower", extent=extent)
        ax.set(xticks=[], yticks=[], title=title)
    return figure


def galaxies_figure(content: Content, titles: Mapping[str, str]) -> Figure:
    """Painted against true stars, stars by subhalo mass, of the held subhaloes of all boxes."""
    figure = Figure(figsize=(WIDTH, 3.4), layout="constrained")
    scatter, relation, number = figure.subplots(1, 3)
    columns = {
        name: np.concatenate([numbers(box["galaxies"][name]) for box in content["boxes"]])
        for name in ("mass", "truth", *titles)
    }
    true = columns["truth"] + ADDED
    relation.plot(columns["mass"], true, ".", color=INK, markersize=3, label="simulation")
    for i, (name, words) in enumerate(titles.items()):
        colour, _ = line_style(i)
        look: dict[str, Any] = {"color": colour, "markersize": 3, "label": words, "alpha": 0.7}
        look |= {"marker": MARKERS[i % len(MARKERS)], "linestyle": ""}
        scatter.plot(true, columns[name] + ADDED, **look)
        relation.plot(columns["mass"], columns[name] + ADDED, **look)
    ends = (ADDED, 2 * true.max())
    scatter.plot(ends, ends, color=GREY, linewidth=0.7)
    scatter.set(xlabel="true stars + 10⁷ [Msun/h]", ylabel="painted stars + 10⁷ [Msun/h]")
    relation.set(xlabel="subhalo mass [Msun/h]", ylabel="stars + 10⁷ [Msun/h]")
    _mass_function(number, content["boxes"][0], titles)
    for ax in figure.axes:
        ax.set(xscale="log", yscale="log")
    legend_above(figure, relation)
    return figure


def _mass_function(ax: Any, box: Content, titles: Mapping[str, str]) -> None:
    centre = 10 ** (STAR_BINS[:-1] + np.diff(STAR_BINS) / 2)
    truth = box["truth"]
    y, error = numbers(truth["mass_function"]), numbers(truth["mass_function_error"])
    some = y > 0
    ax.errorbar(centre[some], y[some], error[some], color=INK, fmt=".-", markersize=3)
    for i, name in enumerate(titles):
        of_it = numbers(box[name]["mass_function"])
        ax.plot(
            centre,
            np.where(of_it > 0, of_it, np.nan),
            color=line_style(i)[0],
            linestyle=line_style(i)[1],
        )
    ax.set(xlabel="stellar mass [Msun/h]", ylabel="galaxies of the first box [(h/Mpc)³/dex]")


def curves_figure(box: Content, titles: Mapping[str, str]) -> Figure:
    """P(k) over the truth's, r(k), bispectrum, cells by their stars and xi(r), of one box."""
    figure = Figure(figsize=(WIDTH, 5.4), layout="constrained")
    (ratio, correlation, shape), (voxels, pairs, spare) = figure.subplots(2, 3)
    spare.remove()
    k, power = numbers(box["k"]), numbers(box["truth"]["power"])
    tolerance(ratio)
    angle, places = numbers(box["angle"]), 10 ** (VOXEL_BINS[:-1] + np.diff(VOXEL_BINS) / 2)
    shape.plot(angle, numbers(box["truth"]["bispectrum"]), color=INK, label="simulation")
    voxels.step(places, box["truth"]["voxels"], color=INK, where="mid", linewidth=0.8)
    distance = numbers(box["distance"])
    pairs.plot(distance, numbers(box["truth"]["xi"]), color=INK)
    for i, (name, words) in enumerate(titles.items()):
        colour, dashes = line_style(i)
        look: dict[str, Any] = {"color": colour, "linestyle": dashes, "label": words}
        each = box[name]
        ratio.plot(k, numbers(each["power"]) / power, **look)
        spread = numbers(each["power_scatter"]) / power
        middle = numbers(each["power"]) / power
        ratio.fill_between(k, middle - spread, middle + spread, color=colour, alpha=0.2)
        correlation.plot(k, numbers(each["correlation"]), **look)
        shape.plot(angle, numbers(each["bispectrum"]), **look)
        voxels.step(places, each["voxels"], where="mid", linewidth=0.8, color=colour)
        pairs.plot(distance, numbers(each["xi"]), **look)
    ratio.set(xscale="log", ylim=(0, 2.5), xlabel="k [h/Mpc]", ylabel="P / P true")
    correlation.set(xscale="log", ylim=(0, 1.05), xlabel="k [h/Mpc]", ylabel="r(k)")
    shape.set(xlabel="angle between k of 3 and 4 h/Mpc", ylabel="B [(Mpc/h)⁶]")
    voxels.set(xscale="log", xlabel="stars of a cell [Msun/h]", ylabel="cells")
    pairs.set(xscale="log", yscale="log", xlabel="r [Mpc/h]", ylabel="xi(r) of stellar mass")
    legend_above(figure, shape)
    return figure


def learning_figure(rows: Sequence[Mapping[str, float]]) -> Figure:
    """Errors of the training and of the box that chose, by update."""
    figure = Figure(figsize=(WIDTH / 2, 2.6), layout="constrained")
    ax = figure.subplots()
    update = [row["update"] for row in rows]
    for i, (name, words) in enumerate(
        {
            "training_error": "squared error of training batches",
            "subhalo_error": "rms error of subhaloes, validation [dex]",
            "power_and_mass": "power and mass, validation: what chooses",
        }.items()
    ):
        colour, dashes = line_style(i)
        style = {"color": colour, "linestyle": dashes, "label": words}
        ax.plot(update, [row[name] for row in rows], **style)
    ax.set(xlabel="update", ylabel="error", ylim=(0, None))
    ax.legend(fontsize=7)
    return figure
