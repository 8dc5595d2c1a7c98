"""Exact tiles: any region of what a convolutional network makes of a mesh, in bounded memory.

A network is told as stages, a few layers each. Of every stage only the cells are computed that
the region needs, block by block, and kept until the last stage that reads them is done. Each
block is read with the margin that its own layers see, a few cells, not with that of the whole
network, which may be longer than the block. So a mesh in tiles costs hardly more than the mesh
at once, and a network in a single stage is tiled in the usual way. In any number of dimensions.

A span is (start, stop) in cells of some scale: scale 4 has cells of 4 by 4 of the mesh's. On a
periodic mesh it may reach beyond the edges. Layers pad what they are given by repeating its
edge: at the edge of a mesh that is not periodic this is what they should see, and elsewhere it
stays in the margin, which is cut off.
"""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np
from numpy.typing import NDArray

Span = tuple[int, int]
Spans = tuple[Span, ...]
Array = NDArray[np.float32]

VALUES = 2**24
"""That a block of a stage reads at most, all channels of all sources at the finest of their
scales: enough to keep a CPU's cores busy and its margin small, few enough for memory."""

ANYWHERE = 0
"""Scale of what is the same for all cells."""


@dataclass(frozen=True)
class Layer:
    """What a convolution sees: an odd kernel centred on every `stride`-th cell."""

    kernel: int
    stride: int = 1


@dataclass(frozen=True)
class Stage:
    """Layers whose result is kept for the stages that follow.

    Parameters
    ----------
    name : str
        Of its result.
    sources : tuple of str
        Stages before it, and what the network is given, that it reads.
    scale : int
        Of its result.
    channels : int
        Of its result.
    layers : tuple of Layer
        The longest way from a source to the result, in order; sources are at the scale where
        they begin, or coarser and are repeated there.
    """

    name: str
    sources: tuple[str, ...]
    scale: int
    channels: int
    layers: tuple[Layer, ...]

    @property
    def stride(self) -> int:
        """Of all its layers."""
        return math.prod(layer.stride for layer in self.layers)

    def seen(self, spans: Spans) -> Spans:
        """What its layers see of the scale where they begin, for a part of the result."""
        for layer in reversed(self.layers):
            edge, step = layer.kernel // 2, layer.stride
            spans = tuple((a * step - edge, (b - 1) * step + edge + 1) for a, b in spans)
        return spans


@dataclass(frozen=True)
class Given:
    """What a network is given: its input, noise.

    Parameters
    ----------
    read : callable
        From spans to an array (channels, ...) of their lengths.
    scale : int
        That the spans are in; `ANYWHERE` if it is the same for all cells, and read whole.
    """

    read: Callable[[Spans], Array]
    scale: int = 1


@dataclass(frozen=True)
class Ground:
    """The mesh that a network is laid over.

    Parameters
    ----------
    shape : tuple of int
        Of the mesh; empty for one without end.
    periodic : bool
        Whether opposite edges meet.
    """

    shape: tuple[int, ...] = ()
    periodic: bool = True

    def sides(self, scale: int) -> tuple[int, ...]:
        """Cells along each axis at a scale."""
        return tuple(side // scale for side in self.shape)

    def inside(self, spans: Spans, scale: int) -> Spans:
        """Spans without what lies beyond an edge, or with each cell of a ring once."""
        if not self.shape:
            return spans
        pairs = zip(spans, self.sides(scale), strict=True)
        if self.periodic:
            return tuple((0, n) if b - a >= n else (a, b) for (a, b), n in pairs)
        return tuple((max(a, 0), min(b, n)) for (a, b), n in pairs)

    def beyond(self, spans: Spans, scale: int) -> Spans:
        """Spans that a block is read from: they end at an edge, but go on around a ring."""
        return spans if self.periodic else self.inside(spans, scale)


Scales = Mapping[str, int]
"""Of all stages and of what a network is given, by name."""


def scales_of(stages: Sequence[Stage], given: Mapping[str, int]) -> dict[str, int]:
    """Scales of all that stages read and make."""
    return dict(given) | {stage.name: stage.scale for stage in stages}


def reach(stages: Sequence[Stage], source: str) -> int:
    """How far beyond a tile's edge its result depends on what the network is given, [cells].

    Parameters
    ----------
    stages : sequence of Stage
        The network; a tile begins and ends at multiples of its coarsest cells.
    source : str
        Name of what it is given, at scale 1.
    """
    cell = max(stage.scale for stage in stages)
    found: dict[str, Span] = {stages[-1].name: (0, cell // stages[-1].scale)}
    scales = scales_of(stages, {source: 1})
    for stage in reversed(stages):
        (seen,) = stage.seen((found[stage.name],))
        for name in set(stage.sources) & set(scales):
            (part,) = coarser((seen,), scales[name] * stage.stride // stage.scale)
            low, high = found.get(name, part)
            found[name] = min(low, part[0]), max(high, part[1])
    start, stop = found[source]
    return max(-start, stop - cell)


def needed(
    stages: Sequence[Stage], scales: Scales, spans: Spans, ground: Ground
) -> dict[str, Spans]:
    """Cells of every stage that a part of the result needs.

    Parameters
    ----------
    spans : tuple of (start, stop)
        Of the result.
    """
    found = {stages[-1].name: spans}
    made = {stage.name for stage in stages}
    for stage in reversed(stages):
        read = _read(stage, scales, found[stage.name], ground)
        for name in made.intersection(stage.sources):
            both = _hull(found.get(name, read[name]), read[name])
            found[name] = ground.inside(both, scales[name])
    return found


def _read(stage: Stage, scales: Scales, spans: Spans, ground: Ground) -> dict[str, Spans]:
    """Spans of its sources that a stage reads for a part of its result.

    They begin and end where the cells of all of them do.
    """
    begin = stage.scale // stage.stride
    coarsest = max((stage.scale, *(scales[name] for name in stage.sources)))
    aligned = coarser(stage.seen(spans), coarsest // begin)
    aligned = ground.beyond(aligned, coarsest)
    return {
        name: tuple((a * coarsest // scale, b * coarsest // scale) for a, b in aligned)
        for name in stage.sources
        if (scale := scales[name]) != ANYWHERE
    }


def evaluate(
    stages: Sequence[Stage],
    given: Mapping[str, Given],
    apply: Callable[[Stage, list[Array]], Array],
    spans: Spans,
    ground: Ground,
    values: int = VALUES,
) -> Array:
    """What a network makes of a region of a mesh.

    Parameters
    ----------
    stages : sequence of Stage
        The network, in the order of computing.
    given : mapping of str to Given
        What it is given, by the names that stages read it by.
    apply : callable
        Runs a stage on what its sources hold, (channels, ...) each, padding by repeated edges.
    spans : tuple of (start, stop)
        The region; on a periodic mesh it may wrap.
    ground : Ground
        The mesh; its sides are multiples of the coarsest scale.
    values : int
        That a block reads at most.

    Returns
    -------
    array, (channels, ...)
        Of the region.
    """
    scales = scales_of(stages, {name: each.scale for name, each in given.items()})
    wanted = needed(stages, scales, spans, ground)
    kept: dict[str, _Kept] = {}
    channels = {each.name: each.channels for each in stages}
    for stage, dropped in zip(stages, _last_read(stages), strict=True):
        result = _Kept.empty(stage, wanted[stage.name], ground)
        for block in blocks(wanted[stage.name], _cells(stage, channels, values)):
            read = _read(stage, scales, block, ground)
            arrays = [
                (kept[name] if name in kept else given[name]).read(read.get(name, ()))
                for name in stage.sources
            ]
            result.fill(block, apply(stage, arrays), _origin(stage, scales, read))
        kept[stage.name] = result
        for name in dropped:
            kept.pop(name, None)
    return kept[stages[-1].name].values


def _origin(stage: Stage, scales: Scales, read: Mapping[str, Spans]) -> tuple[int, ...]:
    """Where the result of what a stage has read begins, at the stage's scale."""
    name = next(iter(read))
    return tuple(a * scales[name] // stage.scale for a, _ in read[name])


@dataclass(frozen=True, eq=False)
class _Kept:
    """Part of a stage's result, (channels, ...), and where it lies."""

    values: Array
    spans: Spans
    sides: tuple[int, ...]
    whole_ring: tuple[bool, ...]

    @classmethod
    def empty(cls, stage: Stage, spans: Spans, ground: Ground) -> "_Kept":
        sides = ground.sides(stage.scale)
        ring = tuple(ground.periodic and b - a == n for (a, b), n in zip(spans, sides, strict=True))
        values = np.empty((stage.channels, *(b - a for a, b in spans)), np.float32)
        return cls(values, spans, sides, ring)

    def read(self, spans: Spans) -> Array:
        """Values of spans; those of a whole ring repeat."""
        values = self.values
        for axis, ((a, b), (start, stop)) in enumerate(zip(spans, self.spans, strict=True), 1):
            if start <= a and b <= stop:
                values = values[(slice(None),) * axis + (slice(a - start, b - start),)]
            else:
                assert self.whole_ring[axis - 1], "a block reads what was not computed"
                numbers = np.arange(a - start, b - start) % (stop - start)
                values = np.take(values, numbers, axis)
        return values

    def fill(self, spans: Spans, computed: Array, origin: Sequence[int]) -> None:
        """Take a block from what was computed with its margin, beginning at `origin`."""
        into = tuple(slice(a - s, b - s) for (a, b), (s, _) in zip(spans, self.spans, strict=True))
        of = tuple(slice(a - o, b - o) for (a, b), o in zip(spans, origin, strict=True))
        self.values[(slice(None), *into)] = computed[(slice(None), *of)]


def memory(
    stages: Sequence[Stage], scales: Scales, spans: Spans, ground: Ground, values: int = VALUES
) -> int:
    """Bytes that `evaluate` takes at most: what is kept, and a block with all of its layers."""
    wanted = needed(stages, scales, spans, ground)
    channels = {stage.name: stage.channels for stage in stages}
    sizes = {name: 4 * channels[name] * _size(part) for name, part in wanted.items()}
    kept: set[str] = set()
    most = 0
    for stage, dropped in zip(stages, _last_read(stages), strict=True):
        kept.add(stage.name)
        block = max(blocks(wanted[stage.name], _cells(stage, channels, values)), key=_size)
        read = _read(stage, scales, block, ground)
        begin = stage.scale // stage.stride
        inside = sum(
            channels.get(name, 1) * _size(read[name]) * (scales[name] // begin) ** len(spans)
            for name in read
        )
        # What was read, repeated and joined, padded; and two results of layers.
        working = 4 * (3 * inside + 2 * stage.channels * _size(block))
        most = max(most, sum(sizes[name] for name in kept) + working)
        kept -= set(dropped)
    return most


def parts_within(
    budget: int,
    stages: Sequence[Stage],
    scales: Scales,
    spans: Spans,
    ground: Ground,
    values: int = VALUES,
) -> list[Spans]:
    """Cut a region into the largest parts that can each be evaluated within a budget.

    Parameters
    ----------
    budget : int
        [bytes].

    Raises
    ------
    ValueError
        In one sentence, if the smallest parts take more.
    """
    smallest = max(stage.scale for stage in stages)
    parts = [1] * len(spans)
    while True:
        cut = [_pieces(span, n, smallest) for span, n in zip(spans, parts, strict=True)]
        largest = tuple(axis[0] for axis in cut)
        least = memory(stages, scales, largest, ground, values)
        if least <= budget:
            return [tuple(each) for each in product(*cut)]
        lengths = [b - a for a, b in largest]
        longest = lengths.index(max(lengths))
        if lengths[longest] <= smallest:
            raise ValueError(
                f"Painting takes at least {least / 1e9:.2g} GB, and {budget / 1e9:.2g} GB is the "
                "memory that it may take: close other programs or set more."
            )
        parts[longest] += 1


def blocks(spans: Spans, cells: int) -> Iterator[Spans]:
    """Cut spans into blocks of about the same sides, of at most so many cells."""
    side = max(int(cells ** (1 / len(spans)) + 1e-9), 1)
    yield from product(*(spans_of_side(span, side) for span in spans))


def spans_of_side(span: Span, side: int) -> list[Span]:
    """Cut a span into equal ones, but for the last, of at most a side."""
    return _pieces(span, -(-(span[1] - span[0]) // side))


def _cells(stage: Stage, channels: Mapping[str, int], values: int) -> int:
    """Most cells of a stage's block; what the network is given has few channels."""
    return max(values // sum(channels.get(name, 1) for name in stage.sources), 1)


def _pieces(span: Span, number: int, multiple: int = 1) -> list[Span]:
    start, stop = span
    step = -(-(stop - start) // (number * multiple)) * multiple
    return [(a, min(a + step, stop)) for a in range(start, stop, step)]


def coarser(spans: Spans, ratio: int) -> Spans:
    """Cells, larger by a ratio, that hold spans."""
    return tuple((a // ratio, -(-b // ratio)) for a, b in spans)


def _hull(one: Spans, other: Spans) -> Spans:
    pairs = zip(one, other, strict=True)
    return tuple((min(a, c), max(b, d)) for (a, b), (c, d) in pairs)


def _size(spans: Spans) -> int:
    return math.prod(b - a for a, b in spans)


def _last_read(stages: Sequence[Stage]) -> list[list[str]]:
    """For every stage, the names that no later one reads."""
    last = {name: i for i, stage in enumerate(stages) for name in stage.sources}
    return [[name for name, i in last.items() if i == number] for number in range(len(stages))]
