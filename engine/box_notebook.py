"""A notebook that paints a recipe's box again, in the words a person would write."""

from engine.box_recipe import BoxRecipe
from engine.notebook import CURVES, as_json, load_line
from engine.recipe_file import Painting


def notebook(recipe: BoxRecipe) -> str:
    """Write a notebook: data, paintings, curves of the whole box, maps of a layer.

    Returns
    -------
    str
        JSON of nbformat 4.5, without outputs.
    """
    source, layer = recipe.source, recipe.layer
    title = (
        f"# {recipe.field} painted on the box {source.simulation}\n\n"
        f"The layer of the maps is {layer.depth:g} Mpc/h deep and begins at {layer.start:g} Mpc/h "
        f"along {layer.axis}. Maps of densities are comoving surface densities "
        "[Msun h / ckpc^2], boxes volume densities [Msun h^2 / ckpc^3], (z, y, x)."
    )
    return as_json(title, [_check(recipe), _boxes(recipe), _curves(recipe), MAPS, CURVES])


def _check(recipe: BoxRecipe) -> str:
    return (
        "from engine.box_recipe import BoxRecipe\n"
        "from engine.recipe import check\n\n"
        f"recipe = BoxRecipe.from_json({recipe.to_json()!r})\n"
        "for difference in check(recipe):  # refuses other data or weights\n"
        "    print(difference)"
    )


def _boxes(recipe: BoxRecipe) -> str:
    source = recipe.source
    lines = [
        "import engine",
        "from engine import inputs\n",
        f"simulation = engine.open_simulation({source.simulation!r})",
        f"run = engine.Run({source.field!r}, {source.level!r}, {source.origin!r})",
        "box = engine.BoxPlace()",
        *(load_line(name, recipe.field, p) for name, p in recipe.paintings.items()),
        "\nboxes = inputs.by_kind(inputs.inputs(simulation, prediction.card, box, run))",
        'start = boxes.get("initial")',
        f"truth = inputs.true_box(simulation, {recipe.field!r}, start, prediction.card)",
        "boxes = inputs.with_start(simulation, boxes)",
        'if truth is not None and truth.run != getattr(boxes.get("input"), "run", None):',
        '    boxes["truth"] = truth',
        *(_painting(recipe, name, p) for name, p in recipe.paintings.items()),
    ]
    return "\n".join(lines)


def _painting(recipe: BoxRecipe, name: str, painting: Painting) -> str:
    values = recipe.numbers if name == "prediction" else {}
    seed = "" if painting.seed is None else f", seed={painting.seed}"
    changed = f", parameters={values!r}" if values else ""
    return f'boxes["{name}"] = engine.paint({name}, simulation, box, run{seed}{changed})'


def _curves(recipe: BoxRecipe) -> str:
    return (
        "from engine import statistics as st\n"
        "from engine.statistics import boxes as of_boxes\n\n"
        f"names = {list(recipe.statistics)!r}\n"
        "every = {name: of_boxes.curves(name, boxes) for name in names}\n"
        "curves = {name: of_it for name, of_it in every.items() if of_it}\n"
        'for name in ("truth", "prediction", "other"):\n'
        "    if name in boxes and boxes[name].about.is_density:\n"
        '        print(f"{name}: {st.total_mass(boxes[name]):.4e} Msun/h")'
    )


MAPS = """\
import matplotlib.pyplot as plt
import numpy as np

maps = {name: recipe.layer.of(box) for name, box in boxes.items()}
painted = maps["prediction"].values
low, high = np.percentile(painted[painted > 0], (1, 99.8))
side = maps["prediction"].box_size
figure, axes = plt.subplots(
    1, len(maps), figsize=(4 * len(maps), 4), sharey=True, layout="constrained"
)
for ax, (name, layer) in zip(axes, maps.items(), strict=True):
    values, extent = layer.values, (0, side, 0, side)
    if layer.about.signed:
        most = np.abs(values).max()
        how = {"norm": plt.Normalize(-most, most), "cmap": "RdBu_r"}
    else:
        values = np.maximum(values, low / 100)
        how = {"norm": "log", "vmin": low, "vmax": high, "cmap": "inferno"}
    image = ax.imshow(values, origin="lower", extent=extent, **how)
    ax.set(title=f"{name}: {layer.about.label}", xlabel="cMpc/h")
    figure.colorbar(image, ax=ax, label=layer.about.unit, location="bottom")"""
