"""The engine's command line run on files that nobody vouches for: in a process that can be lost.

A damaged HDF5 file can hold the library in an endless loop or crash it, and one of a few
kilobytes can unpack to any size. None of that may happen in a process that others use.
"""

import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
"""Where this very engine lies, which need not be installed."""

MEMORY = 2 << 30
"""[bytes] such a process may take beside its program."""

CAUSES = {"Reading": ": the file is damaged", "Making a universe": ""}
"""What is likely to be wrong, by what was done."""

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

PATIENCE = 60
"""Seconds that looking at a file may take: also a large one on a slow disk."""

LOOKING = "from engine.formats.structure import serve; serve({seconds})"


def bounded_command(
    arguments: Sequence[str], memory: int = MEMORY
) -> tuple[list[str], dict[str, str]]:
    """Command and environment of a process that limits itself, on one core.

    Parameters
    ----------
    arguments, memory
        See `run_bounded`.
    """
    command = [sys.executable, "-c", LIMITED, str(memory), *arguments]
    path = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))
    threads = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS")
    alone = {"PYTHONPATH": path, "COLUMNS": "10000"} | dict.fromkeys(threads, "1")
    return command, os.environ | alone


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
    command, environment = bounded_command(arguments, memory)
    try:
        done = subprocess.run(
            command,
            env=environment,
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
    raise ValueError(refusal(done.returncode, done.stderr))


def refusal(code: int, told: str, what: str = "Reading") -> str:
    """Say why a command failed: in its own sentence, if it ended with one.

    Parameters
    ----------
    code : int
        With which it ended.
    told : str
        On its standard error.
    what : str
        It did, as a sentence begins with it.
    """
    lines = [line.strip() for line in told.splitlines() if line.strip()]
    if code == 2 and lines and "Traceback" not in told:
        return lines[-1]
    if "MemoryError" in told or code == -signal.SIGKILL:
        return f"{what} took more memory than the page grants, expected less{CAUSES[what]}."
    return f"{what} ended without a result, expected one{CAUSES[what]}."


class Vetting:
    """Looks at HDF5 files in a process of its own before this one opens them, each once.

    Parameters
    ----------
    seconds : int
        That looking at a file may take; a sound one takes milliseconds.
    """

    def __init__(self, seconds: int = PATIENCE) -> None:
        self.seconds = seconds
        self._process: subprocess.Popen[str] | None = None
        self._seen: set[tuple[Path, int, int]] = set()

    def look_at(self, path: Path) -> None:
        """Return if a file can be opened here: what is wrong with it will be told in words.

        Raises
        ------
        ValueError
            In one sentence, if HDF5 finds no end in it, or falls over it.
        """
        about = path.stat()
        key = (path.resolve(), about.st_mtime_ns, about.st_size)
        if key in self._seen:
            return
        process = self._process or self._begin()
        assert process.stdin is not None
        assert process.stdout is not None
        with suppress(BrokenPipeError):  # if it was ended from outside
            process.stdin.write(f"{key[0]}\n")
            process.stdin.flush()
        if not process.stdout.readline():
            self._end(process)
            self._refuse(path, process.returncode)
        self._seen.add(key)

    def _begin(self) -> subprocess.Popen[str]:
        path = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))
        self._process = subprocess.Popen(
            [sys.executable, "-c", LOOKING.format(seconds=self.seconds)],
            env=os.environ | {"PYTHONPATH": path},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        return self._process

    def _end(self, process: subprocess.Popen[str]) -> None:
        """Let go of the process that has ended."""
        self._process = None
        process.wait()
        for pipe in (process.stdin, process.stdout):
            with suppress(BrokenPipeError):
                if pipe is not None:
                    pipe.close()

    def _refuse(self, path: Path, code: int) -> None:
        """Say why the process ended."""
        why = "HDF5 falls over its structure"
        if code == -signal.SIGALRM:
            why = f"HDF5 found no end in its structure within {self.seconds} s"
        raise ValueError(
            f"{path.name} is damaged: {why}, expected a readable file; copy it or make it again."
        )
