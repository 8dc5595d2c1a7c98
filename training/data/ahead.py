"""Draws the next batch while the device is busy with this one."""

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from types import TracebackType
from typing import Self

from torch import Tensor

Batch = tuple[Tensor, ...]


class Ahead:
    """Draws batches one ahead, in a thread of its own.

    Parameters
    ----------
    draw : callable
        Number of a batch in, the batch out.
    count : int
        Of batches; none is drawn beyond.
    stride : int
        From one batch that is asked for to the next.
    """

    def __init__(self, draw: Callable[[int], Batch], count: int, stride: int) -> None:
        self.draw, self.count, self.stride = draw, count, stride
        self._executor = ThreadPoolExecutor(max_workers=1, thread_name_prefix="batches")
        self._drawn: dict[int, Future[Batch]] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._executor.shutdown(cancel_futures=True)

    def batch(self, number: int) -> Batch:
        """Hand out a batch and begin to draw the next."""
        drawn = self._drawn.pop(number, None) or self._begin(number)
        following = number + self.stride
        if following < self.count:
            self._drawn = {following: self._begin(following)}
        return drawn.result()

    def _begin(self, number: int) -> Future[Batch]:
        return self._executor.submit(self.draw, number)
