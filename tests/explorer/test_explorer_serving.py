"""How the server is started: as one process, or not at all."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("processes", ["2", "0"])
def test_more_than_one_process_is_refused_in_a_sentence(processes):
    started = subprocess.run(
        [sys.executable, "-m", "explorer", "--port", "0", f"--num-procs={processes}"],
        cwd=ROOT, capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip
    assert started.returncode == 1
    assert f"--num-procs is {processes}, expected 1: the page keeps" in started.stderr
    assert "Traceback" not in started.stderr
    assert "Bokeh app running" not in started.stderr
