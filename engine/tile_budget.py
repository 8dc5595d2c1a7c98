"""How much memory and work tiles take, and the parts and steps that a budget allows."""

from collections.abc import Iterator, Sequence
from itertools import product

from engine.spans import Ground, Spans, pieces, size
from engine.tile_memory import Places
from engine.tile_plan import (
    VALUES,
    Scales,
    Stage,
    Step,
    last_read,
    needed,
    needed_of_steps,
    step_blocks,
    steps,
)

READY = 4
"""Copies of a network's weights that OpenVINO holds for blocks of some sizes, as measured."""

OF_A_VALUE = 50
"""Multiplications in the time that it takes to write a value to memory and to read it again."""

LANES = 16
"""Channels that a CPU makes at a time: fewer take as long."""

WORTH = 1.01
"""Work beside the least for which less memory is taken."""


def memory(
    stages: Sequence[Stage],
    scales: Scales,
    spans: Spans,
    ground: Ground,
    values: int = VALUES,
    finest: int = 1,
    shared: int | None = None,
    workers: int = 1,
    weights: int = 0,
) -> int:
    """Bytes that `engine.tiling.evaluate` takes at most.

    They are what is kept, blocks at work, and weights made ready for those.

    Parameters
    ----------
    weights : int
        Bytes of the network's weights.
    """
    plan = steps(stages, finest, shared)
    wanted = needed_of_steps(plan, scales, spans, ground)
    places, at_work = Places(), 0
    for step, dropped in zip(plan, last_read(plan), strict=True):
        result = step.result
        if step is not plan[-1]:
            places.take(result.name, result.channels * size(wanted[result.name]))
        largest = step_blocks(step, stages, wanted, values, workers)[0]
        at_work = max(at_work, workers * _of_block(step, stages, scales, largest, ground))
        for name in dropped:
            places.free(name)
    return 4 * places.end + at_work + READY * weights


def _of_block(
    step: Step, stages: Sequence[Stage], scales: Scales, block: Spans, ground: Ground
) -> int:
    """Bytes that a step takes for a block."""
    channels = {stage.name: stage.channels for stage in stages}
    wanted = needed(step.stages, scales, block, ground)
    total = 0
    for stage in step.stages:
        read = sum(channels.get(name, 1) for name in stage.sources)
        cells = size(wanted[stage.name])
        inside = read * cells * stage.stride ** len(block)
        # What was read, and joined; two results of layers, and the result that is handed on.
        total += 4 * (2 * inside + 3 * stage.channels * cells)
    return total


def work(
    stages: Sequence[Stage],
    scales: Scales,
    spans: Spans,
    ground: Ground,
    values: int = VALUES,
    finest: int = 1,
    shared: int | None = None,
) -> float:
    """About how many multiplications `engine.tiling.evaluate` makes, margins included.

    What is kept counts too: memory costs as much as many multiplications.
    """
    plan = steps(stages, finest, shared)
    channels = {stage.name: stage.channels for stage in stages}
    wanted = needed_of_steps(plan, scales, spans, ground)
    total = 0.0
    for step in plan:
        cells = size(wanted[step.result.name])
        block = step_blocks(step, stages, wanted, values)[0]
        parts = needed(step.stages, scales, block, ground)
        for stage in step.stages:
            seen = stage.seen(parts[stage.name])
            computed = size(seen) / stage.stride ** len(block) * cells / size(block)
            read = sum(channels.get(name, 1) for name in stage.sources)
            made = LANES * -(-stage.channels // LANES)
            for layer in stage.layers:
                weights = read * made * layer.kernel ** len(block)
                total, read = total + weights * computed, stage.channels
        total += OF_A_VALUE * step.result.channels * cells
    return total


def parts_within(
    budget: int,
    stages: Sequence[Stage],
    scales: Scales,
    spans: Spans,
    ground: Ground,
    values: int = VALUES,
    workers: int = 1,
    weights: int = 0,
) -> tuple[list[Spans], int, int]:
    """Cut a region into parts that can each be evaluated within a budget, with hardly more work.

    Parameters
    ----------
    budget : int
        [bytes].

    Returns
    -------
    list of spans
        The parts.
    int, int
        Scales of the finest results that are kept, and of those that several stages read, see
        `engine.tile_plan.steps`.

    Raises
    ------
    ValueError
        In one sentence, if the smallest parts take more.
    """
    smallest = max(stage.scale for stage in stages)
    choices: list[tuple[float, int, list[Spans], tuple[int, int]]] = []
    scale = sorted({stage.scale for stage in stages})
    keeping = [(finest, shared) for finest in scale for shared in scale if shared <= finest]
    least = float("inf")
    for parts in _cuts(spans, smallest):
        takes = {
            kept: memory(stages, scales, parts[0], ground, values, *kept, workers, weights)
            for kept in keeping
        }
        least = min(least, *takes.values())
        found = [
            (len(parts) * work(stages, scales, parts[0], ground, values, *kept), b, parts, kept)
            for kept, b in takes.items()
            if b <= budget
        ]
        choices += found
        if found and min(found)[0] > WORTH * min(choices)[0]:
            break  # smaller parts only have more margin
    if not choices:
        raise ValueError(
            f"Painting takes at least {least / 1e9:.2g} GB, and {budget / 1e9:.2g} GB is "
            "the memory that it may take: close other programs or set more."
        )
    enough = WORTH * min(choices)[0]
    _, _, parts, kept = min(
        (choice for choice in choices if choice[0] <= enough), key=lambda choice: choice[1]
    )
    return parts, *kept


def _cuts(spans: Spans, smallest: int) -> Iterator[list[Spans]]:
    """Cut a region into ever more parts, the first of which is the largest."""
    numbers = [1] * len(spans)
    while True:
        cut = [pieces(span, n, smallest) for span, n in zip(spans, numbers, strict=True)]
        yield [tuple(each) for each in product(*cut)]
        lengths = [axis[0][1] - axis[0][0] for axis in cut]
        longest = lengths.index(max(lengths))
        if lengths[longest] <= smallest:
            return
        numbers[longest] *= 2
