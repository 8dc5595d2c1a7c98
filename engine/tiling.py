"""Exact tiles: any region of what a convolutional network makes of a mesh, in bounded memory.

A network is told as stages, a few layers each. Of every stage only the cells are computed that
the region needs, block by block, and kept until the last stage that reads them is done. Each
block is read with the margin that its own layers see, a few cells, not with that of the whole
network, which may be longer than the block. So a mesh in tiles costs hardly more than the mesh
at once, and a network in a single stage is tiled in the usual way. In any number of dimensions.

The finest stages are cheap to compute and dear to keep: with less memory their results are not
kept but computed again for every block that reads them.

Layers pad what they are given in some way of their own: at the edge of a mesh that is not
periodic it must be by repeating the edge, and elsewhere it stays in the margin, which is cut off.
"""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from engine.spans import Ground, Span, Spans, blocks, coarser, hull

Array = NDArray[np.float32]
Apply = Callable[["Stage", list[Array]], Array]

VALUES = 2**22
"""That a stage reads at most for a block, all channels of all sources at the finest of their
scales: few enough for a CPU's caches, enough that the margin is small beside them."""

ANYWHERE = 0
"""Scale of what is the same for all cells."""


@dataclass(frozen=True)
class Layer:
    """What a convolution sees: an odd kernel centred on every `stride`-th cell."""

    kernel: int
    stride: int = 1


@dataclass(frozen=True)
class Stage:
    """Layers whose result is read by the stages that follow.

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

    @property
    def begin(self) -> int:
        """Scale where its layers begin."""
        return self.scale // self.stride

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
        From spans to an array (channels, ...) of their lengths; safe between threads.
    scale : int
        That the spans are in; `ANYWHERE` if it is the same for all cells, and read whole.
    """

    read: Callable[[Spans], Array]
    scale: int = 1


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
            (part,) = coarser((seen,), scales[name] // stage.begin)
            low, high = found.get(name, part)
            found[name] = min(low, part[0]), max(high, part[1])
    start, stop = found[source]
    return max(-start, stop - cell)


@dataclass(frozen=True)
class Step:
    """Stages that are run one after the other for each block; only the last result is kept."""

    stages: tuple[Stage, ...]

    @property
    def result(self) -> Stage:
        """The stage whose result is kept."""
        return self.stages[-1]

    @property
    def sources(self) -> set[str]:
        """What is read that the step doesn't make itself."""
        made = {stage.name for stage in self.stages}
        return {name for stage in self.stages for name in stage.sources} - made


def steps(stages: Sequence[Stage], finest: int = 1) -> list[Step]:
    """Cut a network into steps.

    Parameters
    ----------
    finest : int
        Scale of the finest results that are kept, but for the last one.
    """
    kept = {stage.name for stage in stages if stage.scale >= finest} | {stages[-1].name}
    return [Step(_made_with(stage, stages, kept)) for stage in stages if stage.name in kept]


def _made_with(last: Stage, stages: Sequence[Stage], kept: set[str]) -> tuple[Stage, ...]:
    """A stage after those that must be run for it since their results are not kept."""
    wanted, made = {last.name}, []
    for stage in reversed(stages):
        if stage is last or stage.name in wanted - kept:
            wanted.update(stage.sources)
            made.append(stage)
    return tuple(reversed(made))


def needed(
    stages: Sequence[Stage], scales: Scales, spans: Spans, ground: Ground
) -> dict[str, Spans]:
    """Cells, of every stage and of what stages are given, that a part of the result needs.

    Parameters
    ----------
    spans : tuple of (start, stop)
        Of the result.
    """
    found = {stages[-1].name: spans}
    for stage in reversed(stages):
        for name, part in _read(stage, scales, found[stage.name], ground).items():
            found[name] = ground.inside(hull(found.get(name, part), part), scales[name])
    return found


def needed_of_steps(
    plan: Sequence[Step], scales: Scales, spans: Spans, ground: Ground
) -> dict[str, Spans]:
    """Cells of every step's result that a part of the last one's needs."""
    found = {plan[-1].result.name: spans}
    for step in reversed(plan):
        part = needed(step.stages, scales, found[step.result.name], ground)
        for name in step.sources & part.keys():
            both = hull(found.get(name, part[name]), part[name])
            found[name] = ground.inside(both, scales[name])
    return {step.result.name: found[step.result.name] for step in plan}


def _read(stage: Stage, scales: Scales, spans: Spans, ground: Ground) -> dict[str, Spans]:
    """Spans of its sources that a stage reads for a part of its result.

    They begin and end where the cells of all of them do.
    """
    coarsest = max((stage.scale, *(scales[name] for name in stage.sources)))
    aligned = coarser(stage.seen(spans), coarsest // stage.begin)
    aligned = ground.beyond(aligned, coarsest)
    return {
        name: tuple((a * coarsest // scale, b * coarsest // scale) for a, b in aligned)
        for name in stage.sources
        if (scale := scales[name]) != ANYWHERE
    }


def evaluate(
    stages: Sequence[Stage],
    given: Mapping[str, Given],
    apply: Apply,
    spans: Spans,
    ground: Ground,
    values: int = VALUES,
    finest: int = 1,
    workers: int = 1,
    release: Callable[[Stage], None] = lambda _: None,
) -> Array:
    """What a network makes of a region of a mesh.

    Parameters
    ----------
    stages : sequence of Stage
        The network, in the order of computing.
    given : mapping of str to Given
        What it is given, by the names that stages read it by.
    apply : callable
        Runs a stage on what its sources hold, (channels, ...) each, padding so that no cells
        are lost.
    spans : tuple of (start, stop)
        The region; on a periodic mesh it may wrap.
    ground : Ground
        The mesh; its sides are multiples of the coarsest scale.
    values : int
        That a stage reads at most for a block.
    finest : int
        See `steps`.
    workers : int
        Blocks at a time, each asked for by a thread of its own.
    release : callable
        Told the stages that are not run again soon.

    Returns
    -------
    array, (channels, ...)
        Of the region.
    """
    plan = steps(stages, finest)
    scales = scales_of(stages, {name: each.scale for name, each in given.items()})
    wanted = needed_of_steps(plan, scales, spans, ground)
    sources = dict(given)
    with ThreadPoolExecutor(workers, "tiles") as threads:
        for step, dropped in zip(plan, last_read(plan), strict=True):
            kept = _Part.empty(step.result, wanted[step.result.name], ground)
            run = partial(_run, step, sources, scales, apply, ground, kept)
            list(
                threads.map(run, blocks(kept.spans, block_cells(step, stages, len(spans), values)))
            )
            sources[step.result.name] = Given(kept.read, step.result.scale)
            for name in dropped:
                del sources[name]
            for stage in step.stages:
                release(stage)
    return kept.values


def _run(
    step: Step,
    sources: Mapping[str, Given],
    scales: Scales,
    apply: Apply,
    ground: Ground,
    kept: "_Part",
    block: Spans,
) -> None:
    """Run the stages of a step for a block and keep its result."""
    wanted = needed(step.stages, scales, block, ground)
    made: dict[str, Callable[[Spans], Array]] = {name: sources[name].read for name in step.sources}
    for stage in step.stages:
        read = _read(stage, scales, wanted[stage.name], ground)
        computed = apply(stage, [made[name](read.get(name, ())) for name in stage.sources])
        part = _Part.of(stage, computed, _origin(stage, scales, read), wanted[stage.name], ground)
        made[stage.name] = part.read
    kept.fill(part)


def _origin(stage: Stage, scales: Scales, read: Mapping[str, Spans]) -> tuple[int, ...]:
    """Where the result of what a stage has read begins, at the stage's scale."""
    name = next(iter(read))
    return tuple(a * scales[name] // stage.scale for a, _ in read[name])


@dataclass(frozen=True, eq=False)
class _Part:
    """Part of a stage's result, (channels, ...), and where it lies."""

    values: Array
    spans: Spans
    whole_ring: tuple[bool, ...]

    @classmethod
    def empty(cls, stage: Stage, spans: Spans, ground: Ground) -> "_Part":
        values = np.empty((stage.channels, *(b - a for a, b in spans)), np.float32)
        return cls(values, spans, _rings(stage, spans, ground))

    @classmethod
    def of(
        cls, stage: Stage, computed: Array, origin: Sequence[int], spans: Spans, ground: Ground
    ) -> "_Part":
        """Without the margin of what was computed, which begins at `origin`."""
        inside = tuple(slice(a - o, b - o) for (a, b), o in zip(spans, origin, strict=True))
        return cls(computed[(slice(None), *inside)], spans, _rings(stage, spans, ground))

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

    def fill(self, part: "_Part") -> None:
        """Take over what a smaller part holds."""
        pairs = zip(part.spans, self.spans, strict=True)
        into = tuple(slice(a - start, b - start) for (a, b), (start, _) in pairs)
        self.values[(slice(None), *into)] = part.values


def _rings(stage: Stage, spans: Spans, ground: Ground) -> tuple[bool, ...]:
    """Along which axes spans go once around a periodic mesh."""
    pairs = zip(spans, ground.sides(stage.scale), strict=True)
    return tuple(ground.periodic and b - a == n for (a, b), n in pairs)


def block_cells(step: Step, stages: Sequence[Stage], dimensions: int, values: int) -> int:
    """Most cells of a step's result that make a block."""
    channels = {stage.name: stage.channels for stage in stages}
    most = 0.0
    for stage in step.stages:
        # What the network is given has few channels.
        read = sum(channels.get(name, 1) for name in stage.sources)
        most = max(most, read * (step.result.scale / stage.begin) ** dimensions)
    return max(int(values / most), 1)


def last_read(plan: Sequence[Step]) -> Iterator[list[str]]:
    """For every step, the names that no later one reads."""
    last = {name: i for i, step in enumerate(plan) for name in step.sources}
    for number in range(len(plan)):
        yield [name for name, i in last.items() if i == number]
