"""The maps in words, for those who can't see them."""

import numpy as np

from engine.coarsening import on_coarsest
from engine.mesh import Slab
from explorer.display import Display
from explorer.names import painting_names
from explorer.plots.limits import thinned
from explorer.results import Results
from explorer.scale import length_of, scale_of
from explorer.words import number, short_label

HIDDEN = """
:host { position: absolute !important; width: 1px !important; height: 1px !important;
  overflow: hidden; clip-path: inset(50%); white-space: nowrap; margin: 0 !important; }
"""
"""Read out, not seen."""


def summary(results: Results, where: str, display: Display) -> str:
    """Describe what the maps show.

    Parameters
    ----------
    results : Results
        On show.
    where : str
        Their place, in a few words.
    display : Display
        How they are shown.

    Returns
    -------
    str
        What is shown, its size, range and median, and how alike truth and painting are.
    """
    slab, request = results.input, results.request
    physical = display.units == "physical"
    factor, unit = length_of(slab, physical)
    ny, nx = slab.shape
    side = slab.pixel_size / 1000 * factor
    sentences = [
        f"Maps of {where} of {request.simulation} along {slab.axis} "
        f"at redshift {slab.redshift:.2f}, {nx * side:.4g} by {ny * side:.4g} {unit}."
    ]
    names, boxes = painting_names(results), getattr(results, "boxes", {})
    # What is painted from the start alone has no other input than that.
    start = None if {"input", "dark"} & boxes.keys() else getattr(results, "initial", None)
    named = {
        "Input": start if start is not None else slab,
        "Truth": results.truth,
        names.get("prediction", "Prediction"): results.prediction,
        f"Comparison, {names.get('other', 'none')}": results.other,
    }
    for name, each in named.items():
        if each is not None:
            sentences.append(f"{name}: {values_in_words(each, display)}.")
    if results.truth is not None and results.prediction is not None:
        alike = correlation(results.truth, results.prediction)
        sentences.append(f"Truth and prediction correlate with {alike:.2f} pixel by pixel.")
    return " ".join(sentences)


def values_in_words(slab: Slab, display: Display) -> str:
    """Range and median of a map."""
    scale = scale_of(slab, display.units == "physical", display.quantity == "columns")
    low, middle, high = scale.factor * np.percentile(thinned(slab), (0, 50, 100))
    unit = "" if scale.unit == "1" else f" {scale.unit}"
    return (
        f"{short_label(slab.field)}, {number(low)} to {number(high)}{unit}, median {number(middle)}"
    )


def correlation(one: Slab, other: Slab) -> float:
    """Pearson's correlation of log10 where both maps are positive; 0 if there is none."""
    a, b = map(thinned, on_coarsest((one, other)))
    both = (a > 0) & (b > 0)
    if both.sum() < 2:
        return 0.0
    dex = np.log10([a[both], b[both]], dtype=np.float64)
    return float(np.corrcoef(dex)[0, 1]) if (dex.std(axis=1) > 0).all() else 0.0
