"""The script that finds the halo that was tapped, run by the browser driver's own Node."""

import json
import subprocess
from pathlib import Path

import playwright
import pytest

import explorer

NODE = Path(playwright.__file__).parent / "driver" / "node"
TAP = Path(explorer.__file__).parent / "plots" / "tap.js"

HALOS = {
    "x": [5.0, 5.2, 9.0],
    "y": [5.0, 5.0, 9.0],
    "radius": [1.0, 0.05, 0.05],
    "number": [7, 760, 3],
}

RUN = """
import tap from "%s"
const state = {tapped: -1}
const [halos, x, y] = JSON.parse(process.argv[1])
const origin = {x_range: {start: 0, end: 11.25}, inner_width: 370}
tap({state, halos: {data: halos}, ring: {visible: true}}, {x, y, origin})
console.log(state.tapped)
"""


def tapped(folder, x, y):
    script = folder / "tap.mjs"
    script.write_text(TAP.read_text())
    asked = json.dumps([HALOS, x, y])
    run = [str(NODE), "--input-type=module", "-e", RUN % script.as_uri(), asked]
    return int(subprocess.run(run, check=True, capture_output=True, text=True).stdout)


@pytest.mark.parametrize(
    ("x", "y", "halo"),
    [
        (5.0, 5.0, 7),  # within 6 pixels (0.18 Mpc/h) of the small one's ring as well
        (5.2, 5.0, 760),  # inside both: the smaller
        (9.1, 9.0, 3),  # outside of all, 1.6 pixels from a ring
        (2.0, 2.0, -1),
    ],
)
def test_a_ring_around_the_place_goes_before_one_nearby(tmp_path, x, y, halo):
    assert tapped(tmp_path, x, y) == halo
