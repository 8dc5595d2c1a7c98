"""How much memory and work tiles take, and the parts and steps that a budget allows."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import product

from engine.spans import Ground, Spans, blocks, pieces, size
from engine.tiling import (
    VALUES,
    Scales,
    Stage,
    Step,
    block_cells,
    last_read,
    needed,
    needed_of_steps,
    steps,
)

READY = 5
"""Copies of a network's weights that OpenVINO holds for blocks of some sizes, as measured."""

OF_A_VALUE = 400
"""Multiplications in the time that it takes to write a value to fresh memory, as measured."""


def memory(
    stages: Sequence[Stage],
    scales: Scales,
    spans: Spans,
    ground: Ground,
    values: int = VALUES,
    finest: int = 1,
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
    plan = steps(stages, finest)
    wanted = needed_of_steps(plan, scales, spans, ground)
    sizes = {
        step.result.name: 4 * step.result.channels * size(wanted[step.result.name]) for step in plan
    }
    kept: set[str] = set()
    most = 0
    for step, dropped in zip(plan, last_read(plan), strict=True):
        kept.add(step.result.name)
        largest = _largest_block(step, stages, wanted, values)
        at_work = workers * _of_block(step, stages, scales, largest, ground)
        most = max(most, sum(sizes[name] for name in kept) + at_work)
        kept.difference_update(dropped)
    return most + READY * weights


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
) -> float:
    """About how many multiplications `engine.tiling.evaluate` makes, margins included.

    What is kept counts too: first touched, memory costs as much as many multiplications.
    """
    plan = steps(stages, finest)
    channels = {stage.name: stage.channels for stage in stages}
    wanted = needed_of_steps(plan, scales, spans, ground)
    total = 0.0
    for step in plan:
        cells = size(wanted[step.result.name])
        block = _largest_block(step, stages, wanted, values)
        parts = needed(step.stages, scales, block, ground)
        for stage in step.stages:
            seen = stage.seen(parts[stage.name])
            computed = size(seen) / stage.stride ** len(block) * cells / size(block)
            read = sum(channels.get(name, 1) for name in stage.sources)
            for layer in stage.layers:
                weights = read * stage.channels * layer.kernel ** len(block)
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
) -> tuple[list[Spans], int]:
    """Cut a region into parts that can each be evaluated within a budget, with the least work.

    Parameters
    ----------
    budget : int
        [bytes].

    Returns
    -------
    list of spans
        The parts.
    int
        Scale of the finest results that are kept, see `engine.tiling.steps`.

    Raises
    ------
    ValueError
        In one sentence, if the smallest parts take more.
    """
    smallest = max(stage.scale for stage in stages)
    choices: list[tuple[float, list[Spans], int]] = []
    least = float("inf")
    for parts in _cuts(spans, smallest):
        takes = {
            finest: memory(stages, scales, parts[0], ground, values, finest, workers, weights)
            for finest in sorted({stage.scale for stage in stages})
        }
        least = min(least, *takes.values())
        for finest in (each for each, bytes_ in takes.items() if bytes_ <= budget):
            of_one = work(stages, scales, parts[0], ground, values, finest)
            choices.append((len(parts) * of_one, parts, finest))
        if takes[1] <= budget:  # smaller parts only have more margin
            break
    if not choices:
        raise ValueError(
            f"Painting takes at least {least / 1e9:.2g} GB, and {budget / 1e9:.2g} GB is "
            "the memory that it may take: close other programs or set more."
        )
    _, parts, finest = min(choices, key=lambda choice: choice[0])
    return parts, finest


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


def _largest_block(
    step: Step, stages: Sequence[Stage], wanted: Mapping[str, Spans], values: int
) -> Spans:
    spans = wanted[step.result.name]
    return next(blocks(spans, block_cells(step, stages, len(spans), values)))
