"""The engine's command line run on files that nobody vouches for: in a process that can be lost.

A damaged HDF5 file can hold the library in an endless loop or crash it, and one of a few
kilobytes can unpack to any size. None of that may happen in a process that others use.
"""

import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
"""Where this very engine lies, which need not be installed."""

MEMORY = 2 << 30
"""[bytes] such a process may take beside its program."""

LIMITED = """
import runpy, sys
try:
    import resource
    resource.setrlimit(resource.RLIMIT_DATA, (int(sys.argv[1]),) * 2)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
except (ImportError, OSError):  # an operating system without such limits
    pass
del sys.argv[1]
runpy.run_module("engine", run_name="__main__", alter_sys=True)
"""
"""The process limits itself before it reads anything."""


def run_bounded(arguments: Sequence[str], seconds: float, memory: int = MEMORY) -> str:
    """Run one of the engine's commands within bounds of time and memory.

    Parameters
    ----------
    arguments : sequence of str
        As after `python -m engine`.
    seconds : float
        It may take.
    memory : int
        [bytes] it may take, where the operating system can be told.

    Returns
    -------
    str
        What it printed.

    Raises
    ------
    ValueError
        In one sentence: the command's own, or that it took too long or ended without one.
    """
    command = [sys.executable, "-c", LIMITED, str(memory), *arguments]
    path = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))
    alone = {
        "PYTHONPATH": path, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1",
        "COLUMNS": "10000",
    }  # fmt: skip
    try:
        done = subprocess.run(
            command,
            env=os.environ | alone,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=seconds,
            text=True,
            errors="replace",
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise ValueError(
            f"Reading took longer than {seconds:g} s, expected less: the file is damaged or too "
            "large for the page; python -m engine reads larger ones."
        ) from error
    if done.returncode == 0:
        return done.stdout
    raise ValueError(_refusal(done.returncode, done.stderr))


def _refusal(code: int, told: str) -> str:
    """Say why a command failed: in its own sentence, if it ended with one."""
    lines = [line.strip() for line in told.splitlines() if line.strip()]
    if code == 2 and lines and "Traceback" not in told:
        return lines[-1]
    if "MemoryError" in told or code == -signal.SIGKILL:
        return "Reading took more memory than the page grants, expected less: the file is damaged."
    return "Reading ended without a result, expected a readable file: it is damaged."
