"""A notebook that paints a recipe's clusters again, in the words a person would write."""

from engine.cluster_recipe import ClusterRecipe
from engine.notebook import CURVES, as_json, load_line


def notebook(recipe: ClusterRecipe) -> str:
    """Write a notebook: data, paintings, maps of one cluster, curves and table of all shown.

    Returns
    -------
    str
        JSON of nbformat 4.5, without outputs.
    """
    source = recipe.source
    fields = ", ".join(each.field for each in recipe.quantities)
    title = (
        f"# {fields} painted around clusters of {source.simulation}\n\n"
        f"The maps are of cluster {source.number} along {source.axis}; functions and table of "
        f"{len(recipe.shown)} clusters. Maps of densities are comoving surface densities "
        "[Msun h / ckpc^2], X-rays [erg/s/cm^2], temperatures [K]."
    )
    return as_json(title, [_check(recipe), _data(recipe), MEASURES, MAPS, CURVES])


def _check(recipe: ClusterRecipe) -> str:
    return (
        "from engine.cluster_recipe import ClusterRecipe, check\n\n"
        f"recipe = ClusterRecipe.from_json({recipe.to_json()!r})\n"
        "for difference in check(recipe):  # refuses other data or weights\n"
        "    print(difference)"
    )


def _data(recipe: ClusterRecipe) -> str:
    source = recipe.source
    painters = [
        f"    ({each.field!r}, {name!r}): {load_line('', each.field, painting).partition('= ')[2]},"
        for each in recipe.each
        for name, painting in each.paintings.items()
    ]
    return "\n".join(
        [
            "import engine\n",
            f"simulation = engine.open_simulation({source.simulation!r})",
            f"axis, number = {source.axis!r}, {source.number}",
            f"shown = {list(recipe.shown)!r}",
            f"dark_here = simulation.cutout({source.field!r}, number, axis)",
            f"dark = simulation.cutouts_around({source.field!r}, axis, shown)\n",
            "here, every = {}, {}  # maps of the one cluster and of all, by field and name",
            f"for field in {[each.field for each in recipe.quantities]!r}:",
            "    if (field, axis) in simulation.cutouts():",
            '        here[field, "truth"] = simulation.cutout(field, number, axis)',
            '        every[field, "truth"] = simulation.cutouts_around(field, axis, shown)\n',
            "painters = {",
            *painters,
            "}",
            "for (field, name), emulator in painters.items():",
            "    here[field, name] = emulator.predict(dark_here)",
            "    every[field, name] = emulator.predict_each(dark)",
        ]
    )


MEASURES = """\
from functools import reduce
from operator import add

from engine import statistics as st
from engine.cluster_recipe import object_table, of_object

curves, totals = {}, {}
objects = simulation.objects()
function = st.get("mass_function")
for (field, name), cutouts in every.items():
    profile = st.get("radial_profile")(here[field, name])
    curves.setdefault(f"{field}_profile", {})[name] = profile
    if field in function.fields and cutouts:
        counted = function.finish(reduce(add, map(function.compute, cutouts)))
        curves.setdefault(f"{field}_function", {})[name] = counted
    totals.setdefault(field, {})[name] = [of_object(each, objects) for each in cutouts]
table = object_table(objects, shown, totals)
for name, column in table.columns.items():
    print(f"{name:<28} {column[:5]}")"""

MAPS = """\
import matplotlib.pyplot as plt
import numpy as np

fields = list(dict.fromkeys(field for field, _ in here))
columns = ["dark matter", *dict.fromkeys(name for _, name in here)]
figure, axes = plt.subplots(
    len(fields), len(columns), figsize=(4 * len(columns), 4 * len(fields)),
    squeeze=False, layout="constrained",
)
half = dark_here.pixel_size * dark_here.shape[0] / 2000
for row, field in zip(axes, fields, strict=True):
    there = [here[key] for key in here if key[0] == field]
    top = np.percentile(there[0].values, 99.8)
    for ax, name in zip(row, columns, strict=True):
        cutout = dark_here if name == "dark matter" else here.get((field, name))
        if cutout is None:
            ax.set_axis_off()
            continue
        high = np.percentile(cutout.values, 99.8) if name == "dark matter" else top
        values = np.maximum(cutout.values, high / 1e4)
        image = ax.imshow(
            values, norm="log", vmin=high / 1e4, vmax=high, origin="lower",
            extent=(-half, half, -half, half), cmap="inferno",
        )
        ax.set(title=f"{name}: {cutout.about.label}", xlabel="cMpc/h")
        figure.colorbar(image, ax=ax, label=cutout.about.unit)"""
