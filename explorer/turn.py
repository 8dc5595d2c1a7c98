"""Whose answer counts: that of what was asked for last."""

from collections.abc import Callable
from typing import Any


class Turn:
    """A count of requests; what an older one has to tell is dropped.

    Parameters
    ----------
    tell : callable
        Takes a function that assigns values, and runs it where the page may be changed.
    assign : callable
        Gives the page values by name.
    """

    def __init__(
        self, tell: Callable[[Callable[[], None]], Any], assign: Callable[..., Any]
    ) -> None:
        self._tell, self._assign = tell, assign
        self._newest = 0

    def begin(self) -> int:
        """Give a new request its number; all before it are old now."""
        self._newest += 1
        return self._newest

    @property
    def newest(self) -> int:
        """Number of the newest request."""
        return self._newest

    def is_newest(self, number: int) -> bool:
        """Whether nothing was begun since."""
        return number == self._newest

    def tell(self, number: int, **values: Any) -> None:
        """Give the page values, unless something newer is asked for by the time they arrive."""

        def assign() -> None:
            if self.is_newest(number):
                self._assign(**values)

        if self.is_newest(number):
            self._tell(assign)
