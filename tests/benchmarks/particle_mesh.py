"""Hold a particle mesh against an N-body run of the same start: P/P_true and r by wavenumber.

With and without a sphere of 1 Mpc/h about the heaviest halo, whose own power can outweigh all
else of a small box. The run is of dark matter alone, in cells of its mean separation.

Command: python tests/benchmarks/particle_mesh.py SNAPSHOT START
"""

import sys
from pathlib import Path

import numpy as np
import torch

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from engine import statistics
from engine.formats import open_snapshot
from engine.formats.start import read_start
from engine.mesh import Grid
from engine.nbody.cloud import paint
from engine.nbody.particle_mesh import BullFrog, KickDriftKick, at_beginning, evolve

WAVENUMBERS = (2, 5, 10, 20)
"""[h/Mpc]"""

RADIUS = 1.0
"""Of what is cut out about the heaviest halo, [Mpc/h]."""


def main() -> None:
    """Print a line for each scheme, with all particles and without those about the halo."""
    snapshot, start = open_snapshot(sys.argv[1]), read_start(Path(sys.argv[2]))
    header, growth = snapshot.header, snapshot.header.cosmology.growth
    box, side = header.box_size / 1000, len(start.overdensity)
    overdensity = start.overdensity / growth.first(1 / (1 + start.redshift))
    field = torch.tensor(overdensity, dtype=torch.float32)
    number = header.counts["dark matter"]
    run = torch.tensor(snapshot.positions("dark matter", 0, number).T / 1000)
    halos = snapshot.halos("dmo")
    heaviest = torch.tensor(halos.position[np.argmax(halos.mvir)]) if halos else None

    def grid(position: torch.Tensor) -> Grid:
        values = paint(position, box, side)[0].numpy()
        about = {"redshift": header.redshift, "cosmology": header.cosmology, "simulation": "box"}
        return Grid(values, "dmo", cell_size=1000 * box / side, box_size=box, **about)

    def away(position: torch.Tensor) -> torch.Tensor:
        apart = torch.remainder(position - heaviest[:, None] + box / 2, box) - box / 2
        return position[:, apart.norm(dim=0) > RADIUS]

    for name, scheme in (
        ("BullFrog, 2 cells a particle", BullFrog(box, growth, 2 * side)),
        ("BullFrog, 1 cell", BullFrog(box, growth, side)),
        ("FastPM, 1 cell", KickDriftKick(box, growth, side)),
    ):
        begun = at_beginning(field, box, growth, lattice=start.lattice)
        *_, end = evolve(begun, scheme, header.redshift)
        for which, cut in (("all", lambda p: p), ("without the heaviest halo", away)):
            if cut is away and heaviest is None:
                continue
            pair = grid(cut(run)), grid(cut(end.position))
            transfer = statistics.get("transfer_function")(*pair)
            r = statistics.get("cross_correlation")(*pair)
            power = np.interp(WAVENUMBERS, transfer.x, transfer.y) ** 2
            found = np.interp(WAVENUMBERS, r.x, r.y)
            words = " ".join(f"{each:.3f}" for each in power)
            print(f"{name}, {which}: P {words}  r {' '.join(f'{each:.3f}' for each in found)}")


if __name__ == "__main__":
    main()
