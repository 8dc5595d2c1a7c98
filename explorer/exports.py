"""What can be downloaded from the page, as files: each made of results, in a thread."""

import io
import tempfile
import zipfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

import engine
from engine.formats.curve_table import curve_table, object_table
from engine.formats.fits_maps import write_fits
from engine.formats.map_file import write_map_file
from engine.notebook import notebook
from engine.recipe import Recipe, Source
from engine.recipe_file import Painting, RecipeFile, Value
from engine.results import Curve, Outcome
from engine.statistics.compared import COMPARED
from engine.statistics.halo_table import halo_table
from engine.surroundings import Surroundings
from explorer.curve_units import CurveUnits
from explorer.ensemble import QUANTILES, Ensemble, Quantiles
from explorer.names import painting_names, paper_inks
from explorer.plots.curve_columns import described
from explorer.plots.paper_figure import as_file, paper_figure
from explorer.results import Results, of_maps, trained, widened
from explorer.volumes.boxes import BoxResults

T = TypeVar("T")

QUANTILE_NAMES = ("samples_16", "samples_50", "samples_84")
"""Of the curves of a band, as `explorer.ensemble.QUANTILES`."""

NO_RERUN = "A rerun of the recipe doesn't make it again."


@dataclass(frozen=True, eq=False)
class Shown:
    """Results and how they are coloured.

    Parameters
    ----------
    results : Results
        With a prediction.
    look : Look or ClusterLook
        Of the maps.
    ensemble : Ensemble or None
        What is there of many samples, perhaps of something else than the results.
    """

    results: Results
    look: Any
    ensemble: Ensemble | None = None


Export = tuple[str, Callable[[Shown], bytes]]
"""Ending of a file's name, and what makes it."""


def outcome(results: Results, many: Ensemble | None = None) -> Outcome:
    """Maps, curves and haloes of results, and the bands of an ensemble that is of them."""
    maps = {name: slab for name in ("input", *COMPARED) if (slab := getattr(results, name))}
    rerun: dict[str, dict[str, Curve]] = {}
    beside: dict[str, dict[str, Curve]] = {}
    again = of_maps(results.request.field)
    for name, found in results.curves.items():
        for of, curve in found.items():
            if name in again and of in COMPARED:
                rerun.setdefault(name, {})[of] = curve
            else:
                beside.setdefault(name, {})[of.replace(" ", "_")] = noted(curve, NO_RERUN)
    for name, quantiles in bands(results, many).items():
        beside[name] = beside.get(name, {}) | quantiles
    tables = {"haloes": halo_table(results.halos)} if results.halos else {}
    return Outcome(maps, rerun, beside, tables)


def noted(curve: Curve, words: str, **changes: Any) -> Curve:
    """Add a sentence to what a reader of a curve must know."""
    return replace(curve, note=f"{curve.note} {words}".strip(), **changes)


def bands(results: Results, many: Ensemble | None) -> dict[str, dict[str, Curve]]:
    """Quantiles of an ensemble as curves, by statistic; none if it isn't of the results."""
    if many is None or not many.is_of(results.request):
        return {}
    return {
        name: {
            of: noted(about, f"{percent:.0f} % quantile of {samples(band, many)} {NO_RERUN}", **y)
            for of, percent, y in zip(QUANTILE_NAMES, QUANTILES, columns(band), strict=True)
        }
        for name, band in many.bands.items()
        if (about := results.curves.get(name, {}).get("prediction")) is not None
        and (name != "halo_profile" or many.request.halo == results.request.halo)
    }


def columns(band: Quantiles) -> list[dict[str, Any]]:
    """What the curve of each quantile has of its own."""
    nothing = {"error": None, "count": None, "error_kind": ""}
    return [{"x": band.x, "y": y} | nothing for y in (band.low, band.median, band.high)]


def samples(band: Quantiles, many: Ensemble) -> str:
    """Say which samples a band is of."""
    seeds = f"seeds 0 to {many.count - 1}"
    if band.count < many.count:
        seeds = f"those of {seeds} that are still remembered"
    return f"{band.count} samples of the prediction's emulator, {seeds}, bin by bin."


@dataclass(frozen=True)
class Paintings:
    """What a recipe says of the paintings on show.

    Parameters
    ----------
    first, second : Painting
        The prediction, and what it is compared with, if there is such.
    device : str
        That the first emulator ran on.
    """

    first: Painting
    second: Painting | None
    device: str


def paintings(results: Results | BoxResults, what: str) -> Paintings:
    """Say by which emulators, and from which seeds, results were painted.

    Parameters
    ----------
    what : {"slab", "box"}
        That was to be painted.

    Raises
    ------
    ValueError
        In one sentence, if there is no painting.
    """
    request = results.request
    if results.prediction is None:
        raise ValueError(f"There is no painting to download, expected one: paint the {what} first.")
    emulator = trained(request.emulator, request.field, request.run.level)
    second = None
    if results.other is not None:
        compared = trained(request.other, request.field, request.run.level)
        second = Painting.of(compared, request.other_seed)
    return Paintings(Painting.of(emulator, request.seed), second, emulator.device)


def recipe(results: Results) -> Recipe:
    """Everything that fixes results.

    Raises
    ------
    ValueError
        In one sentence, if the simulation is gone or there is no prediction.
    """
    request = results.request
    painted = paintings(results, "slab")
    return Recipe(
        source=Source.of(engine.open_simulation(request.simulation), results.input),
        field=request.field,
        painting=painted.first,
        other=painted.second,
        statistics=tuple(of_maps(request.field)),
        scope="region" if request.region else "axis" if request.scope == "axis" else "slab",
        region=widened(request.region, results.input.shape) if request.region else None,
        made_with=Surroundings.here(painted.device),
        parameters=tuple(Value(name, value) for name, value in request.parameters),
    )


def file_name(results: Results, what: str) -> str:
    """Name a file for what it holds: simulation, slab, field, emulators, seeds.

    Parameters
    ----------
    results : Results
        Of which it is made.
    what : str
        Name of one of `EXPORTS`.
    """
    request = results.request
    place = f"{request.place.axis}{request.place.index}"
    return joined_name(results, [request.simulation, place, request.field], EXPORTS[what])


def joined_name(results: Results | BoxResults, parts: Sequence[str], export: Export) -> str:
    """Join parts of a file's name with the emulators and seeds of the paintings it is of."""
    names = list(parts)
    for painted in (results.prediction, results.other):
        if painted is not None:
            names += [painted.emulator]
            names += [] if painted.seed is None else [f"seed{painted.seed}"]
    return "_".join(names) + export[0]


def _figure(ending: str) -> Callable[[Shown], bytes]:
    def draw(shown: Shown) -> bytes:
        results, many = shown.results, shown.ensemble
        samples = many.bands if many is not None and many.is_of(results.request) else {}
        names, inks = painting_names(results), paper_inks(results)
        found, samples = in_units(outcome(results), samples, shown)
        return as_file(paper_figure(found, shown.look, names, samples, inks), ending)

    return draw


def in_units(
    found: Outcome, samples: Mapping[str, Quantiles], shown: Shown
) -> tuple[Outcome, Mapping[str, Quantiles]]:
    """Show curves and the bands of samples in the units of the maps."""
    units = CurveUnits(shown.results, shown.look.physical, shown.look.columns)
    curves = {
        name: {of: units.curve(curve) for of, curve in of_it.items()}
        for name, of_it in found.curves.items()
    }
    bands = {
        name: units.quantiles(band, about)
        for name, band in samples.items()
        if (about := described(found.curves.get(name, {}))) is not None
    }
    return replace(found, curves=curves), bands


def as_tables(found: Outcome, text: str) -> bytes:
    """Zip a CSV file for each curve and table of an outcome, with its recipe."""
    curves = {
        name: {**found.curves.get(name, {}), **found.beside.get(name, {})}
        for name in [*found.curves, *(found.beside.keys() - found.curves.keys())]
    }
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, of_it in curves.items():
            for file_of, columns in tables_of(name, of_it).items():
                archive.writestr(f"{file_of}.csv", curve_table(columns, text))
        for name, table in found.tables.items():
            archive.writestr(f"{name}.csv", object_table(table, text))
    return file.getvalue()


def tables_of(name: str, curves: Mapping[str, Curve]) -> dict[str, Mapping[str, Curve]]:
    """One table of all curves of a name, or one of each where they lie at different x."""
    first, *others = curves.values()
    if all(np.array_equal(first.x, each.x, equal_nan=True) for each in others):
        return {name: curves}
    return {f"{name}_{of}": {of: curve} for of, curve in curves.items()}


def written(write: Callable[[Path], None]) -> bytes:
    """Content of a file that is written to a path."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "file"
        write(path)
        return path.read_bytes()


@dataclass(frozen=True)
class Files:
    """What is shown as files that hold their recipe, whatever the scene.

    Parameters
    ----------
    outcome : callable
        What is shown in, maps, curves and tables out.
    recipe : callable
        What is shown in, its recipe out.
    notebook : callable
        The recipe in, a notebook as JSON out.
    """

    outcome: Callable[[Shown], Outcome]
    recipe: Callable[[Shown], RecipeFile]
    notebook: Callable[[Any], str]

    def tables(self, shown: Shown) -> bytes:
        """Curves and tables, a zipped CSV file each."""
        return as_tables(self.outcome(shown), self.recipe(shown).to_json())

    def fits(self, shown: Shown) -> bytes:
        """Maps as FITS."""
        maps, text = self.outcome(shown).maps, self.recipe(shown).to_json()
        return written(lambda path: write_fits(path, maps, text))

    def hdf5(self, shown: Shown) -> bytes:
        """All there is, as HDF5."""
        found, text = self.outcome(shown), self.recipe(shown).to_json()
        return written(lambda path: write_map_file(path, found, text))

    def recipe_alone(self, shown: Shown) -> bytes:
        """The recipe as JSON."""
        return self.recipe(shown).to_json().encode()

    def rerun(self, shown: Shown) -> bytes:
        """A notebook that makes it again."""
        return self.notebook(self.recipe(shown)).encode()


FILES = Files(
    lambda shown: outcome(shown.results, shown.ensemble),
    lambda shown: recipe(shown.results),
    notebook,
)

EXPORTS: dict[str, Export] = {
    "Figure (PDF)": (".pdf", _figure("pdf")),
    "Figure (PNG)": (".png", _figure("png")),
    "Curves (CSV, zipped)": ("_curves.zip", FILES.tables),
    "Maps (FITS)": (".fits", FILES.fits),
    "Maps and curves (HDF5)": (".hdf5", FILES.hdf5),
    "Recipe (JSON)": (".json", FILES.recipe_alone),
    "Notebook": (".ipynb", FILES.rerun),
}
"""Ending of its name, and what makes it, by the words of the page."""
