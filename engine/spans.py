"""Parts of meshes as spans along each axis, and the periodic mesh they lie on.

A span is (start, stop) in cells of some scale: scale 4 has cells of 4 by 4 of the mesh's. On a
periodic mesh it may reach beyond the edges. In any number of dimensions.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product

Span = tuple[int, int]
Spans = tuple[Span, ...]


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


def coarser(spans: Spans, ratio: int) -> Spans:
    """Cells, larger by a ratio, that hold spans."""
    return tuple((a // ratio, -(-b // ratio)) for a, b in spans)


def hull(one: Spans, other: Spans) -> Spans:
    """Shortest spans that hold both."""
    pairs = zip(one, other, strict=True)
    return tuple((min(a, c), max(b, d)) for (a, b), (c, d) in pairs)


def size(spans: Spans) -> int:
    """Cells in them."""
    return math.prod(b - a for a, b in spans)


def pieces(span: Span, number: int, multiple: int = 1) -> list[Span]:
    """Cut a span into at most so many of the same length, a multiple, but for the last."""
    start, stop = span
    step = -(-(stop - start) // (number * multiple)) * multiple
    return [(a, min(a + step, stop)) for a in range(start, stop, step)]


def spans_of_side(span: Span, side: int) -> list[Span]:
    """Cut a span into equal ones, but for the last, of at most a side."""
    return pieces(span, -(-(span[1] - span[0]) // side))


def blocks(spans: Spans, cells: int) -> Iterator[Spans]:
    """Cut spans into blocks of about the same sides, of at most so many cells."""
    side = max(int(cells ** (1 / len(spans)) + 1e-9), 1)
    yield from product(*(spans_of_side(span, side) for span in spans))
