"""Freed memory, which the C library keeps for later: used again by all threads, or given back."""

import ctypes
import sys
from collections.abc import Callable

ARENA_MAX = -8
"""Of glibc's `mallopt`: how many heaps there are, of which each thread uses one."""


def share_between_threads() -> None:
    """Let what one thread frees be another's next memory.

    Every compiled stage of a network has threads of its own. With a heap each, what one stage had
    worked in was no other's: a large painting took more memory, or all of it had to be given back
    after every stage and asked for again, page by page.
    """
    if (setting := _of_glibc("mallopt")) is not None:
        setting(ARENA_MAX, 1)


def give_back() -> None:
    """Hand what was freed to the system, at the end of a large painting."""
    if (trim := _of_glibc("malloc_trim")) is not None:
        trim(0)


def _of_glibc(name: str) -> Callable[..., int] | None:
    """Find a function of the C library that musl and others don't have."""
    return getattr(ctypes.CDLL(None), name, None) if sys.platform == "linux" else None
