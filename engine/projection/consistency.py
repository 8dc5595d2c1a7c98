"""Whether a snapshot's particles make up the universe that its header tells of.

As GADGET and GIZMO do when they start (check_omega), the matter of all species is held
against Omega_m, and the particles' places against the box: a piece of a run, another run's
header or a wrong unit shows in one of the two, and would show in no map.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from engine.fields import OF_HOT_GAS, field_named
from engine.formats.header import LEFT_OUT, Header
from engine.formats.snapshot import Snapshot
from engine.results import Progress

TOLERANCE = 0.01
"""By which the matter may differ from Omega_m, as in the codes."""

STRETCH = 1.25
"""Boxes that coordinates may reach over: particles that were never wrapped drift out of it,
while lengths without the h of the box, or physical against comoving, go further."""

BINS = 512
"""Along each side, for the longest empty stretch."""

FILLING = ("dark matter", "gas")
"""Species that are everywhere in a box; stars are not."""


@dataclass
class Survey:
    """What all particles of a snapshot come to.

    Parameters
    ----------
    matter : dict
        Mass of each species, [Msun/h].
    lowest, highest : dict
        Least and greatest coordinate of each species, (3,), [kpc/h].
    occupied : dict
        Whether a bin of a coordinate, wrapped into the box, holds any, (3, BINS).
    """

    matter: dict[str, float] = field(default_factory=dict)
    lowest: dict[str, NDArray[np.float64]] = field(default_factory=dict)
    highest: dict[str, NDArray[np.float64]] = field(default_factory=dict)
    occupied: dict[str, NDArray[np.bool_]] = field(default_factory=dict)


def check_snapshots(
    wanted: Mapping[Snapshot, Sequence[str]],
    smoothing: str,
    allow_incomplete: bool,
    progress: Progress,
) -> tuple[str, ...]:
    """Refuse what can't be projected, or is not the universe of its header.

    Parameters
    ----------
    wanted : mapping of Snapshot to sequence of str
        The fields that each is to give.
    smoothing : {"neighbours", "file"}
        Whether gas has the kernels of the file.
    allow_incomplete : bool
        Whether a universe that is not whole is only noted.
    progress : callable
        Called with 0 and what is being done.

    Returns
    -------
    tuple of str
        Sentences on what is not whole, for the file's provenance.

    Raises
    ------
    ValueError
        With all that was found.
    """
    for snapshot, fields in wanted.items():
        for name in fields:
            snapshot.check_blocks(name, field_named(name).species, smoothing)
    found: list[str] = []
    for snapshot, fields in wanted.items():
        found += doubts(snapshot, survey(snapshot, fields, smoothing, progress))
    if found and not allow_incomplete:
        raise ValueError(
            " ".join(found) + " To project it all the same: --allow-incomplete "
            "(allow_incomplete=True), which the file then notes."
        )
    return tuple(found)


def survey(
    snapshot: Snapshot,
    fields: Sequence[str] = (),
    smoothing: str = "neighbours",
    progress: Progress = lambda fraction, doing: None,
) -> Survey:
    """Read all particles once, piece by piece, and add up.

    Values of the fields are read too, so that one that can't be used is found now and not
    when half of the maps are made.

    Raises
    ------
    ValueError
        In one sentence, if a value is not finite or, where it can't be, negative.
    """
    found = Survey()
    counts = snapshot.header.counts
    number, done = sum(counts.values()), 0
    for species in counts:
        readers = tuple(_readers(snapshot, species, fields, smoothing))
        for start, stop in snapshot.chunks(species):
            progress(0.0, f"{snapshot.name}: checking, {100 * done // number} %")
            _add(found, snapshot, species, start, stop)
            for read in readers:
                read(start, stop)
            done += stop - start
    return found


def _readers(
    snapshot: Snapshot, species: str, fields: Sequence[str], smoothing: str
) -> Iterator[Callable[[int, int], object]]:
    """What reads the values of the fields that the survey does not add up."""
    if species != "gas":
        return
    if "hi" in fields:
        yield snapshot.hi_masses
    if "hi_thin" in fields:
        yield snapshot.thin_hi_masses
    if {"temperature", *OF_HOT_GAS} & set(fields):
        yield snapshot.temperatures
    if set(OF_HOT_GAS) & set(fields):
        yield snapshot.densities
    if smoothing == "file" and any(field_named(name).species == "gas" for name in fields):
        yield lambda start, stop: snapshot.smoothing_lengths("gas", start, stop)


def _add(found: Survey, snapshot: Snapshot, species: str, start: int, stop: int) -> None:
    """Add particles [start, stop) to the survey."""
    mass = float(snapshot.matter(species, start, stop).sum())
    found.matter[species] = found.matter.get(species, 0.0) + mass
    if species in LEFT_OUT:
        return
    place = snapshot.coordinates(species, start, stop)
    low, high = place.min(0), place.max(0)
    found.lowest[species] = np.minimum(low, found.lowest.get(species, low))
    found.highest[species] = np.maximum(high, found.highest.get(species, high))
    occupied = found.occupied.setdefault(species, np.zeros((3, BINS), bool))
    numbers = np.floor(np.mod(place / snapshot.header.box_size, 1) * BINS).astype(np.intp)
    for axis in range(3):
        occupied[axis, np.minimum(numbers[:, axis], BINS - 1)] = True


def doubts(snapshot: Snapshot, found: Survey) -> list[str]:
    """Why the particles are not the universe of the header; nothing if they are."""
    places = (
        _span_doubt(snapshot, found, species) or _gap_doubt(snapshot, found, species)
        for species in found.lowest
    )
    # One of them tells it: what is wrong with gas is wrong with dark matter too.
    return [*_matter_doubts(snapshot, found), *[words for words in places if words][:1]]


def _matter_doubts(snapshot: Snapshot, found: Survey) -> Iterator[str]:
    header = snapshot.header
    Omega_m = header.cosmology.Omega_m
    whole = header.cosmology.mean_matter_density * (header.box_size / 1000) ** 3
    ratio = sum(found.matter.values()) / whole
    if not abs(ratio - 1) < TOLERANCE:
        yield (
            f"{snapshot.name}: the particles of all species carry Omega_m = "
            f"{ratio * Omega_m:.4g}, but the header says {Omega_m:.4g}; "
            f"{_likely_cause(ratio, header)}."
        )
        return
    unread = sum(mass for species, mass in found.matter.items() if species in LEFT_OUT) / whole
    if unread > TOLERANCE:
        kinds = " and ".join(str(LEFT_OUT[s]) for s in found.matter if s in LEFT_OUT)
        yield (
            f"{snapshot.name}: {100 * unread:.3g} % of the matter is in particles of type "
            f"{kinds}, which no map holds, so that {100 * (1 - unread):.3g} % of the header's "
            f"Omega_m is left, expected {100 * (1 - TOLERANCE):g} or more; it is a zoom-in run or "
            "one with neutrinos."
        )


def _likely_cause(ratio: float, header: Header) -> str:
    """In words, what makes the matter that many times too much."""
    h, growth = header.cosmology.h, 1 + header.redshift
    power = round(float(np.log10(ratio))) if 0 < ratio < np.inf else 0
    if abs(power) >= 3 and abs(ratio / 10.0**power - 1) < TOLERANCE:
        return f"masses or lengths are in another unit than assumed, 1e{power:+d} in all"
    factors = {
        "a factor of h is missing or too many in lengths or masses": [h**n for n in (1, 2, 3)],
        "the box is physical and not comoving, or the reverse": [growth**3],
    }
    for words, values in factors.items():
        if any(abs(ratio * value**sign - 1) < TOLERANCE for value in values for sign in (1, -1)):
            return words
    if abs(ratio - header.cosmology.dark_matter_fraction) < TOLERANCE:
        return "the baryons' share is missing: gas or stars are not in these files"
    if ratio < 1:
        return (
            "it is a piece of the box, a reduced snapshot or one with parts left out, or the "
            "header is another run's"
        )
    return "the header is another run's, or units are others than assumed"


def _span_doubt(snapshot: Snapshot, found: Survey, species: str) -> str:
    low, high = found.lowest[species], found.highest[species]
    box = snapshot.header.box_size
    axis = int(np.argmax(high - low))
    if high[axis] - low[axis] <= STRETCH * box:
        return ""
    return (
        f"{snapshot.name}: {'xyz'[axis]} of {species} reaches from {low[axis]:g} to "
        f"{high[axis]:g} kpc/h, but the box is {box:g} kpc/h; the header's units are not those of "
        "the block, or one is comoving and the other physical."
    )


def _gap_doubt(snapshot: Snapshot, found: Survey, species: str) -> str:
    """Particles of a box leave no slab empty that is wider than a few separations."""
    if species not in FILLING:
        return ""
    allowed = 0.02 + 4 / snapshot.header.counts[species] ** (1 / 3)
    gaps = [_longest_gap(row) for row in found.occupied[species]]
    axis = int(np.argmax(gaps))
    if gaps[axis] <= allowed:
        return ""
    low, high = found.lowest[species][axis], found.highest[species][axis]
    return (
        f"{snapshot.name}: {'xyz'[axis]} of {species} lies between {low:g} and {high:g} kpc/h and "
        f"leaves {100 * gaps[axis]:.3g} % of the box of {snapshot.header.box_size:g} kpc/h empty "
        "in one stretch; it is a piece of the box, or coordinates are in another unit than the "
        "box, or physical in a comoving one."
    )


def _longest_gap(occupied: NDArray[np.bool_]) -> float:
    """Longest run of empty bins on a ring, as a part of it."""
    filled = np.flatnonzero(occupied)
    if not filled.size:
        return 1.0
    steps = np.diff(filled, append=filled[0] + len(occupied))
    return float(steps.max() - 1) / len(occupied)
