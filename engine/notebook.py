"""A notebook that makes a recipe's result again, in the words a person would write."""

import json
from collections.abc import Sequence
from typing import Any

from engine.recipe import Recipe
from engine.recipe_file import Painting


def notebook(recipe: Recipe) -> str:
    """Write a notebook: data, paintings, statistics, maps and curves.

    Returns
    -------
    str
        JSON of nbformat 4.5, without outputs.
    """
    source = recipe.source
    title = (
        f"# {recipe.field} painted on {source.simulation}\n\n"
        f"Slab {source.index} along {source.axis}. Maps are comoving surface densities "
        "[Msun h / ckpc^2] (temperature: K), row 0 at the smallest second coordinate."
    )
    return as_json(title, [_check(recipe), _data(recipe), _statistics(recipe), MAPS, CURVES])


def as_json(title: str, code: Sequence[str]) -> str:
    """Make a notebook of a title and cells of code.

    Returns
    -------
    str
        JSON of nbformat 4.5, without outputs.
    """
    cells = [_markdown(title), *map(_code, code)]
    for number, cell in enumerate(cells):
        cell["id"] = f"cell-{number}"
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    about = {"kernelspec": kernel, "language_info": {"name": "python"}}
    content = {"cells": cells, "metadata": about, "nbformat": 4, "nbformat_minor": 5}
    return json.dumps(content, indent=1) + "\n"


def _check(recipe: Recipe) -> str:
    return (
        "from engine.recipe import Recipe, check\n\n"
        f"recipe = Recipe.from_json({recipe.to_json()!r})\n"
        "for difference in check(recipe):  # refuses other data or weights\n"
        "    print(difference)"
    )


def _data(recipe: Recipe) -> str:
    source = recipe.source
    run = f"engine.Run({source.field!r}, {source.level!r}, {source.origin!r})"
    lines = [
        "import engine",
        "from engine import inputs\n",
        f"simulation = engine.open_simulation({source.simulation!r})",
        f"run = {run}",
        *(load_line(name, recipe.field, p) for name, p in recipe.paintings.items()),
        "\n\ndef maps_of(index):",
        f"    place = engine.SlabPlace({source.axis!r}, index)",
        '    maps = {"input": inputs.mesh_at(simulation, place, run)}',
        "    truth = engine.truth(prediction, simulation, place)",
        "    if truth is not None:",
        '        maps["truth"] = truth',
        *(_painting(name, recipe) for name in recipe.paintings),
        "    return maps\n\n",
        f"maps = maps_of({source.index})",
    ]
    return "\n".join(lines)


def load_line(name: str, field: str, painting: Painting) -> str:
    """Write the line that loads the emulator of a painting."""
    which = f"{painting.emulator!r}, field={field!r}, level={painting.level!r}"
    return f"{name} = engine.load_emulator({which})"


def _painting(name: str, recipe: Recipe) -> str:
    painting = recipe.paintings[name]
    changed = f", parameters={recipe.numbers!r}" if name == "prediction" and recipe.numbers else ""
    seed = "" if painting.seed is None else f", seed={painting.seed}"
    return f'    maps["{name}"] = engine.paint({name}, simulation, place, run{seed}{changed})'


def _statistics(recipe: Recipe) -> str:
    summed = "[maps]"
    if recipe.scope == "axis":
        summed = f"[maps_of(index) for index in range(simulation.n_slabs({recipe.source.axis!r}))]"
    region = f", {recipe.region!r}" if recipe.region else ""
    return (
        "from engine import statistics as st\n"
        "from engine.statistics.compared import alike\n"
        "from engine.statistics.compared import curves as curves_of\n\n"
        f"summed = [alike(each{region}) for each in {summed}]\n"
        "of_maps = {name: [each[name] for each in summed] for name in maps}\n"
        f"names = {list(recipe.statistics)!r}\n"
        "curves = {name: curves_of(name, of_maps) for name in names}\n"
        "for name, slab in maps.items():\n"
        "    if slab.about.is_density:\n"
        '        print(f"{name}: {st.total_mass(slab):.4e} Msun/h")'
    )


MAPS = """\
import matplotlib.pyplot as plt
import numpy as np

painted = maps["prediction"]
low, high = np.percentile(painted.values[painted.values > 0], (1, 99.8))
side = painted.box_size
figure, axes = plt.subplots(
    1, len(maps), figsize=(4 * len(maps), 4), sharey=True, layout="constrained"
)
for ax, (name, slab) in zip(axes, maps.items(), strict=True):
    limits = {} if name == "input" else {"vmin": low, "vmax": high}
    image = ax.imshow(
        np.maximum(slab.values, slab.values[slab.values > 0].min()),
        norm="log", origin="lower", extent=(0, side, 0, side), cmap="inferno", **limits,
    )
    ax.set(title=f"{name}: {slab.about.label}", xlabel="cMpc/h")
    figure.colorbar(image, ax=ax, label=slab.about.unit, location="bottom")"""

CURVES = """\
figure, axes = plt.subplots(
    1, len(curves), figsize=(5 * len(curves), 4), squeeze=False, layout="constrained"
)
for ax, of_statistic in zip(axes[0], curves.values(), strict=True):
    for name, curve in of_statistic.items():
        ax.plot(curve.x, curve.y, label=name)
    ax.set(xscale="log" if curve.x_log else "linear", xlabel=curve.x_label, ylabel=curve.y_label)
    ax.set(yscale="log" if curve.y_log else "linear")
    ax.set_title(curve.name)
    ax.legend()"""


def _markdown(text: str) -> dict[str, Any]:
    return {"cell_type": "markdown", "metadata": {}, "source": _lines(text)}


def _code(text: str) -> dict[str, Any]:
    return {
        "cell_type": "code",
        "execution_count": None,
        "metadata": {},
        "outputs": [],
        "source": _lines(text),
    }


def _lines(text: str) -> list[str]:
    return text.splitlines(keepends=True)
