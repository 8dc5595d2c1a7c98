"""Memory for what stages of a network make, used again from stage to stage and part to part.

What is freed goes back to the system, and is cleared when it is next asked for: for a large map
that took a tenth of the time.
"""

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray


class Places:
    """Where results lie in one stretch of memory: each in the first gap that it fits into."""

    def __init__(self) -> None:
        self._taken: dict[str, tuple[int, int]] = {}
        self.end = 0
        """Of all that was ever taken."""

    def take(self, name: str, size: int) -> int:
        """Find a place for a result, and say where it begins.

        Parameters
        ----------
        name : str
            Of the result.
        size : int
            Numbers that it holds.
        """
        start = 0
        for begin, stop in sorted(self._taken.values()):
            if begin - start >= size:
                break
            start = stop
        self._taken[name] = (start, start + size)
        self.end = max(self.end, start + size)
        return start

    def free(self, name: str) -> None:
        """Let others have a result's place; of what has none nothing happens."""
        self._taken.pop(name, None)


class Memory:
    """One stretch of memory.

    Parameters
    ----------
    size : int
        Numbers that it holds at most; what is never taken takes no memory.
    """

    def __init__(self, size: int) -> None:
        self._values = np.empty(size, np.float32)
        self._places = Places()

    def take(self, name: str, shape: Sequence[int]) -> NDArray[np.float32]:
        """An array, of any contents, until its name is freed."""
        size = math.prod(shape)
        start = self._places.take(name, size)
        return self._values[start : start + size].reshape(shape)

    def free(self, name: str) -> None:
        """Let others have an array's memory."""
        self._places.free(name)
