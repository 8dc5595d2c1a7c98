"""Memory given back to the system at once."""

import ctypes
import sys


def give_back() -> None:
    """Hand what was freed to the system, which the C library otherwise keeps for later.

    What OpenVINO works in is freed after every stage of a large painting, in threads of its own;
    without this a process grew by more than a gigabyte of it.
    """
    if sys.platform == "linux":
        trim = getattr(ctypes.CDLL(None), "malloc_trim", None)  # glibc has it, musl doesn't
        if trim is not None:
            trim(0)
