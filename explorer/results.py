"""What the page shows of one slab, and the steps that make it: read, paint, summarise."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from dataclasses import field as attribute
from functools import lru_cache
from itertools import product
from typing import Any

import torch

import engine
from engine import statistics
from engine.fields import INPUT_FIELDS, ORIGINS, field
from engine.inference import ResultCache, prediction_key
from engine.registry import Emulator
from engine.results import Curve, Slab
from engine.simulation import Simulation
from explorer.state import LEVEL, Request

CURVES = ("power_spectrum", "pdf")
"""Statistics the page shows as curves."""


PAINTING = "Painting …"
UNTRAINED = "No trained emulator was found"


@dataclass(frozen=True, eq=False)
class Results:
    """What one request came to, as far as it has come.

    Parameters
    ----------
    request : Request
        What was asked for.
    input, truth, prediction, other : Slab or None
        The last three are None where there is none; the last is the second painting.
    no_truth, no_prediction, no_other : str
        Why there is none, in words.
    device : str
        What the emulator runs on, in words.
    seconds : float or None
        Wall time of the painting; None if it was remembered.
    curves : mapping
        (truth, prediction, other) by the statistic's name.
    masses : tuple of float or None
        Total mass of (truth, prediction, other), [Msun/h].
    """

    request: Request
    input: Slab
    truth: Slab | None = None
    prediction: Slab | None = None
    other: Slab | None = None
    no_truth: str = ""
    no_prediction: str = ""
    no_other: str = ""
    device: str = ""
    seconds: float | None = None
    curves: Mapping[str, tuple[Curve | None, ...]] = attribute(default_factory=dict)
    masses: tuple[float | None, ...] = (None, None, None)


def inputs(simulation: Simulation, axis: str) -> list[tuple[str, str]]:
    """List the maps to paint from, dark matter of a hydrodynamical run before the other.

    Returns
    -------
    list of tuple
        Field and origin of each.
    """
    kinds = product(INPUT_FIELDS, ORIGINS)
    return [(name, origin) for name, origin in kinds if simulation.has(name, axis, LEVEL, origin)]


def paintable_axes(simulation: Simulation) -> list[str]:
    """List the axes along which there is something to paint from.

    Raises
    ------
    ValueError
        If there is none.
    """
    axes = [axis for axis in simulation.axes if inputs(simulation, axis)]
    if not axes:
        raise ValueError(
            f"{simulation.name} has no {' or '.join(INPUT_FIELDS)} map at level {LEVEL}, expected "
            "one to paint from; project its snapshot again with that field."
        )
    return axes


def read(simulation: Simulation, request: Request) -> Results:
    """Read the slab's dark matter, and its true field if the simulation has it."""
    axis, index = request.axis, request.slab
    name, origin = inputs(simulation, axis)[0]
    dark_matter = simulation.slab(name, axis, index, LEVEL, origin)
    if not simulation.has(request.field, axis):
        missing = f"{request.simulation} has no\n{field(request.field).label} to compare with"
        return Results(request, dark_matter, no_truth=missing)
    return Results(request, dark_matter, simulation.slab(request.field, axis, index))


def at_hand(simulation: Simulation, request: Request, cache: ResultCache) -> Results:
    """Find what can be shown without painting, a remembered painting included."""
    found = read(simulation, request)
    if not request.emulator:
        return summarise(replace(found, no_prediction=UNTRAINED))
    emulator = trained(request.emulator, request.field, request.level)
    prediction = cache.get(prediction_key(emulator, found.input, request.seed))
    if request.other:
        second = trained(request.other, request.field, request.level)
        other = cache.get(prediction_key(second, found.input, request.other_seed))
        found = replace(found, other=other, no_other="" if other else PAINTING)
    return summarise(painted(found, emulator, prediction))


def painted(
    found: Results, emulator: Emulator, prediction: Slab | None, seconds: float | None = None
) -> Results:
    """Add a prediction and how it came about; None for one that is still to come."""
    if prediction is None:
        return replace(found, no_prediction=PAINTING)
    device = device_in_words(emulator.device)
    return replace(found, prediction=prediction, device=device, seconds=seconds)


@lru_cache(maxsize=4)
def trained(system: str, name: str, level: str) -> Emulator:
    """Load an emulator; the last few stay in memory for all sessions."""
    return engine.load_emulator(system, field=name, level=level)


def device_in_words(device: str) -> str:
    """Name the device as a person does."""
    if device.startswith("cuda"):
        return str(torch.cuda.get_device_name(device))
    threads = torch.get_num_threads()
    return f"CPU, {threads} thread{'s' if threads > 1 else ''}"


def summarise(found: Results) -> Results:
    """Add the statistics of the maps that are there."""
    curves = {name: of_all(name, found) for name in CURVES}
    if not field(found.request.field).is_surface_density:
        return replace(found, curves=curves)
    return replace(found, curves=curves, masses=of_all("total_mass", found))


def of_all(statistic: str, found: Results) -> tuple[Any, ...]:
    """Compute a statistic of truth and paintings; None for one that isn't there."""
    compute = statistics.get(statistic)
    slabs = (found.truth, found.prediction, found.other)
    return tuple(compute(slab) if slab else None for slab in slabs)
