"""Exact tiles: any region of what a convolutional network makes of a mesh, in bounded memory.

A network is told as stages, a few layers each. Of every stage only the cells are computed that
the region needs, block by block, and kept until the last stage that reads them is done. Each
block is read with the margin that its own layers see, a few cells, not with that of the whole
network, which may be longer than the block. So a mesh in tiles costs hardly more than the mesh
at once, and a network in a single stage is tiled in the usual way. In any number of dimensions.

The finest stages are cheap to compute and dear to keep: with less memory their results are not
kept but computed again for every block that reads them.

Layers pad what they are given in some way of their own, or lose cells at both ends alike. At the
edge of a mesh that is not periodic they must repeat the edge; elsewhere what they pad stays in the
margin, which is cut off.
"""

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from engine.spans import Ground, Spans, size
from engine.tile_memory import Memory
from engine.tile_plan import (
    VALUES,
    Scales,
    Stage,
    Step,
    last_read,
    needed,
    needed_of_steps,
    read_by,
    scales_of,
    step_blocks,
    steps,
)

Array = NDArray[np.float32]


Keep = Callable[[Array], None]


Apply = Callable[["Stage", list[Array], Keep], None]
"""Runs a stage on what its sources hold, (channels, ...) each, and hands on what it makes. It holds
on to that until whoever takes it returns, who may run other stages meanwhile."""


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


def evaluate(
    stages: Sequence[Stage],
    given: Mapping[str, Given],
    apply: Apply,
    spans: Spans,
    ground: Ground,
    put: Callable[[Spans, Array], None],
    values: int = VALUES,
    finest: int = 1,
    shared: int | None = None,
    workers: int = 1,
    release: Callable[[Stage], None] = lambda _: None,
    memory: Memory | None = None,
    progress: Callable[[int, int], None] = lambda done, of: None,
) -> None:
    """Work out what a network makes of a region of a mesh, block by block.

    Parameters
    ----------
    stages : sequence of Stage
        The network, in the order of computing.
    given : mapping of str to Given
        What it is given, by the names that stages read it by.
    apply : callable
        Runs a stage, see `Apply`.
    spans : tuple of (start, stop)
        The region; on a periodic mesh it may wrap.
    ground : Ground
        The mesh; its sides are multiples of the coarsest scale.
    put : callable
        Takes the result in blocks, each by its spans and values (channels, ...), which are its
        own only until it returns; from several threads if there are several workers.
    values : int
        That a stage reads at most for a block.
    finest, shared : int
        See `steps`.
    workers : int
        Blocks at a time, each asked for by a thread of its own.
    release : callable
        Told the stages that are not run again soon.
    memory : Memory, optional
        For the results that are kept, see `memory_for`; of its own if left out.
    progress : callable
        Told how many blocks are done, of how many.
    """
    plan = steps(stages, finest, shared)
    scales = scales_of(stages, {name: each.scale for name, each in given.items()})
    wanted = needed_of_steps(plan, scales, spans, ground)
    memory = memory or memory_for(stages, scales, spans, ground, finest, shared)
    cut = [step_blocks(step, stages, wanted, values, workers) for step in plan]
    done, count = 0, sum(map(len, cut))
    sources = dict(given)
    with ThreadPoolExecutor(workers, "tiles") as threads:
        for step, parts, dropped in zip(plan, cut, last_read(plan), strict=True):
            result = step.result
            keep: Callable[[_Part], None] = partial(_hand_on, put)
            if step is not plan[-1]:
                kept = _Part.empty(result, wanted[result.name], ground, memory)
                sources[result.name] = Given(kept.read, result.scale)
                keep = kept.fill
            for _ in threads.map(partial(_run, step, sources, scales, apply, ground, keep), parts):
                done += 1
                progress(done, count)
            for name in dropped:
                del sources[name]
                memory.free(name)
            for stage in step.stages:
                release(stage)


def memory_for(
    stages: Sequence[Stage],
    scales: Scales,
    spans: Spans,
    ground: Ground,
    finest: int = 1,
    shared: int | None = None,
) -> Memory:
    """Memory for what is kept while a region, or one part after the other, is worked out.

    Parameters
    ----------
    spans : tuple of (start, stop)
        Of the region, or of the largest part.
    """
    plan = steps(stages, finest, shared)
    wanted = needed_of_steps(plan, scales, spans, ground)
    # The last result is not kept.
    return Memory(sum(step.result.channels * size(wanted[step.result.name]) for step in plan[:-1]))


def _hand_on(put: Callable[[Spans, Array], None], part: "_Part") -> None:
    put(part.spans, part.values)


def _run(
    step: Step,
    sources: Mapping[str, Given],
    scales: Scales,
    apply: Apply,
    ground: Ground,
    keep: Callable[["_Part"], None],
    block: Spans,
) -> None:
    """Run the stages of a step for a block; its result is handed on.

    Each stage is run while those before it still hold what they made, so that nothing is copied.
    """
    wanted = needed(step.stages, scales, block, ground)
    made: dict[str, Callable[[Spans], Array]] = {name: sources[name].read for name in step.sources}
    _run_stages(step.stages, made, wanted, scales, apply, ground, keep)


def _run_stages(
    stages: Sequence[Stage],
    made: dict[str, Callable[[Spans], Array]],
    wanted: Mapping[str, Spans],
    scales: Scales,
    apply: Apply,
    ground: Ground,
    keep: Callable[["_Part"], None],
) -> None:
    """Run the first of the stages of a block, and the others on what it made.

    No function within another that calls itself: it would be kept, and with it all that was made
    for other blocks, until Python looks for such circles.
    """
    stage, *later = stages
    read = read_by(stage, scales, wanted[stage.name], ground)
    place = _place(stage, scales, read)

    def take(computed: Array) -> None:
        part = _Part.of(stage, computed, place, wanted[stage.name], ground)
        if later:
            made[stage.name] = part.read
            _run_stages(later, made, wanted, scales, apply, ground, keep)
        else:
            keep(part)

    apply(stage, [made[name](read.get(name, ())) for name in stage.sources], take)


def _place(stage: Stage, scales: Scales, read: Mapping[str, Spans]) -> Spans:
    """Cells, at the stage's scale, of what it has read."""
    name = next(iter(read))
    return tuple(
        (a * scales[name] // stage.scale, b * scales[name] // stage.scale) for a, b in read[name]
    )


@dataclass(frozen=True, eq=False)
class _Part:
    """Part of a stage's result, (channels, ...), and where it lies."""

    values: Array
    spans: Spans
    whole_ring: tuple[bool, ...]

    @classmethod
    def empty(cls, stage: Stage, spans: Spans, ground: Ground, memory: Memory) -> "_Part":
        values = memory.take(stage.name, (stage.channels, *(b - a for a, b in spans)))
        return cls(values, spans, _rings(stage, spans, ground))

    @classmethod
    def of(
        cls, stage: Stage, computed: Array, place: Spans, spans: Spans, ground: Ground
    ) -> "_Part":
        """Without the margin of what was computed of a place, but for cells lost at both ends."""
        lost = [(b - a - n) // 2 for (a, b), n in zip(place, computed.shape[1:], strict=True)]
        origin = [a + each for (a, _), each in zip(place, lost, strict=True)]
        inside = tuple(slice(a - o, b - o) for (a, b), o in zip(spans, origin, strict=True))
        return cls(computed[(slice(None), *inside)], spans, _rings(stage, spans, ground))

    def read(self, spans: Spans) -> Array:
        """Values of spans; those of a whole ring repeat."""
        pairs = list(zip(spans, self.spans, strict=True))
        # All cuts first, which copy nothing: what goes on around a ring is copied.
        around = [a < start or stop < b for (a, b), (start, stop) in pairs]
        cut = [
            slice(None) if goes_on else slice(a - start, b - start)
            for goes_on, ((a, b), (start, _)) in zip(around, pairs, strict=True)
        ]
        values = self.values[(slice(None), *cut)]
        for axis, ((a, b), (start, _)) in enumerate(pairs):
            if around[axis]:
                assert self.whole_ring[axis], "a block reads what was not computed"
                values = _around(values, axis + 1, a - start, b - start)
        return values

    def fill(self, part: "_Part") -> None:
        """Take over what a smaller part holds."""
        pairs = zip(part.spans, self.spans, strict=True)
        into = tuple(slice(a - start, b - start) for (a, b), (start, _) in pairs)
        self.values[(slice(None), *into)] = part.values


def _around(values: Array, axis: int, start: int, stop: int) -> Array:
    """Cells [start, stop) along an axis that is a ring, however often they go around it."""
    side, pieces = values.shape[axis], []
    while start < stop:
        first = start % side
        last = min(first + stop - start, side)
        pieces.append(values[(slice(None),) * axis + (slice(first, last),)])
        start += last - first
    return np.concatenate(pieces, axis)


def _rings(stage: Stage, spans: Spans, ground: Ground) -> tuple[bool, ...]:
    """Along which axes spans go once around a periodic mesh."""
    pairs = zip(spans, ground.sides(stage.scale), strict=True)
    return tuple(ground.periodic and b - a == n for (a, b), n in pairs)
