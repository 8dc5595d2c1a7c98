"""What tiles of a convolutional network must compute: its stages, and the cells that each reads."""

import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from engine.spans import Ground, Span, Spans, blocks, coarser, hull, size

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


def steps(stages: Sequence[Stage], finest: int = 1, shared: int | None = None) -> list[Step]:
    """Cut a network into steps.

    Parameters
    ----------
    finest : int
        Scale of the finest results that are kept, but for the last one.
    shared : int, optional
        The same for results that several stages read, which would be computed again for each;
        `finest` if left out.
    """
    readers = Counter(name for stage in stages for name in stage.sources)
    least = {name: finest if shared is None or n == 1 else shared for name, n in readers.items()}
    kept = {stage.name for stage in stages[:-1] if stage.scale >= least[stage.name]}
    kept.add(stages[-1].name)
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
        for name, part in read_by(stage, scales, found[stage.name], ground).items():
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


def read_by(stage: Stage, scales: Scales, spans: Spans, ground: Ground) -> dict[str, Spans]:
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


def step_blocks(
    step: Step, stages: Sequence[Stage], wanted: Mapping[str, Spans], values: int, workers: int = 1
) -> list[Spans]:
    """Cut what is wanted of a step's result into blocks, one for each worker at least."""
    spans = wanted[step.result.name]
    fair = -(-size(spans) // workers)
    return list(blocks(spans, min(block_cells(step, stages, len(spans), values), fair)))


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
