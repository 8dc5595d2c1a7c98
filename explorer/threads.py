"""The threads that compute for all sessions of this process."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

from engine.inference import Worker

T = TypeVar("T")

READERS = ThreadPoolExecutor(2, thread_name_prefix="explorer")
"""Threads that read slabs and sum statistics, so that nobody's reading waits for a painting."""

WORKER = Worker()
"""The thread that paints, and its memory of paintings."""


async def in_reader(do: Callable[..., T], *arguments: Any) -> T:
    """Do something in one of the readers' threads."""
    return await asyncio.get_running_loop().run_in_executor(READERS, do, *arguments)
