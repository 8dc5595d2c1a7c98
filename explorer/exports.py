"""What can be taken away from the page, as files: each made of results, in a thread."""

import io
import tempfile
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeVar

import engine
from engine.formats.curve_table import curve_table, object_table
from engine.formats.fits_maps import write_fits
from engine.formats.map_file import write_map_file
from engine.notebook import notebook
from engine.recipe import Painting, Recipe, Source, Surroundings
from engine.results import Curve, Outcome
from engine.statistics.compared import COMPARED
from engine.statistics.halo_table import halo_table
from explorer.curve_units import CurveUnits
from explorer.ensemble import QUANTILES, Ensemble, Quantiles
from explorer.names import painting_names, paper_inks
from explorer.plots.curve_columns import described
from explorer.plots.paper_figure import as_file, paper_figure
from explorer.plots.paper_look import Look
from explorer.results import Results, of_maps, trained, widened

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
    look : Look
        Of the maps.
    ensemble : Ensemble or None
        What is there of many samples, perhaps of something else than the results.
    """

    results: Results
    look: Look
    ensemble: Ensemble | None = None


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


def recipe(results: Results) -> Recipe:
    """Everything that fixes results.

    Raises
    ------
    ValueError
        In one sentence, if the simulation is gone or there is no prediction.
    """
    request = results.request
    if results.prediction is None:
        raise ValueError("There is no painting to take away, expected one: paint the slab first.")
    emulator = trained(request.emulator, request.field, request.run.level)
    other = None
    if results.other is not None:
        second = trained(request.other, request.field, request.run.level)
        other = Painting.of(second, request.other_seed)
    return Recipe(
        source=Source.of(engine.open_simulation(request.simulation), results.input),
        field=request.field,
        painting=Painting.of(emulator, request.seed),
        other=other,
        statistics=tuple(of_maps(request.field)),
        scope="region" if request.region else "axis" if request.scope == "axis" else "slab",
        region=widened(request.region, results.input.shape) if request.region else None,
        made_with=Surroundings.here(emulator.device),
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
    parts = [request.simulation, f"{request.place.axis}{request.place.index}", request.field]
    for slab in (results.prediction, results.other):
        if slab is not None:
            parts += [slab.emulator] + ([] if slab.seed is None else [f"seed{slab.seed}"])
    return "_".join(parts) + EXPORTS[what][0]


def export(shown: Shown, what: str) -> bytes:
    """Make a file.

    Raises
    ------
    ValueError, OSError
        In one sentence, if it can't be made.
    """
    return EXPORTS[what][1](shown)


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


def _curves(shown: Shown) -> bytes:
    text, found = recipe(shown.results).to_json(), outcome(shown.results, shown.ensemble)
    curves = {
        name: {**found.curves.get(name, {}), **found.beside.get(name, {})}
        for name in [*found.curves, *(found.beside.keys() - found.curves.keys())]
    }
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, of_it in curves.items():
            archive.writestr(f"{name}.csv", curve_table(of_it, text))
        for name, table in found.tables.items():
            archive.writestr(f"{name}.csv", object_table(table, text))
    return file.getvalue()


def _fits(shown: Shown) -> bytes:
    text, maps = recipe(shown.results).to_json(), outcome(shown.results).maps
    return _written(lambda path: write_fits(path, maps, text))


def _hdf5(shown: Shown) -> bytes:
    text, found = recipe(shown.results).to_json(), outcome(shown.results, shown.ensemble)
    return _written(lambda path: write_map_file(path, found, text))


def _written(write: Callable[[Path], None]) -> bytes:
    """Content of a file that is written to a path."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "file"
        write(path)
        return path.read_bytes()


EXPORTS: dict[str, tuple[str, Callable[[Shown], bytes]]] = {
    "Figure (PDF)": (".pdf", _figure("pdf")),
    "Figure (PNG)": (".png", _figure("png")),
    "Curves (CSV, zipped)": ("_curves.zip", _curves),
    "Maps (FITS)": (".fits", _fits),
    "Maps and curves (HDF5)": (".hdf5", _hdf5),
    "Recipe (JSON)": (".json", lambda shown: recipe(shown.results).to_json().encode()),
    "Notebook": (".ipynb", lambda shown: notebook(recipe(shown.results)).encode()),
}
"""Ending of its name, and what makes it, by the words of the page."""
