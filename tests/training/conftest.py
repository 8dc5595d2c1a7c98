"""Tiny slab files with a painting that a network can learn."""

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
import torch

from engine.cosmology import Cosmology
from engine.formats.catalogues import write_halos
from engine.formats.maps import SlabLayout, create_maps
from engine.formats.simulation_file import SimulationHeader, new_simulation_file
from engine.halos import Halos
from engine.mesh import Slab
from training.config import Split
from training.data.slabs import read_pairs

PIXEL_SIZE = 29.3  # kpc/h
PLANCK = Cosmology(0.3089, 0.0486, 0.6774)


def clumps(random: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    """Log-normal maps, smooth over a few pixels, mean about 1e5 Msun h / ckpc^2."""
    frequency = np.hypot(np.fft.fftfreq(shape[-2])[:, None], np.fft.rfftfreq(shape[-1]))
    smooth = np.fft.irfft2(
        np.fft.rfft2(random.standard_normal(shape)) * np.exp(-((6 * frequency) ** 2)), shape[-2:]
    )
    return 6e4 * np.exp(smooth / smooth.std())


def write_slabs(path: Path, axes: str, side: int, n_slabs: int = 2, seed: int = 0) -> Path:
    """A slab file whose gas is a power of its dark matter."""
    box = side * PIXEL_SIZE / 1000
    header = SimulationHeader(path.stem, box, 2.0, PLANCK, "none", "a test")
    layout = SlabLayout(box, side, n_slabs)
    random = np.random.default_rng(seed)
    with new_simulation_file(path, header) as file:
        for axis in axes:
            dark_matter = clumps(random, (n_slabs, side, side))
            gas = 2e4 * (dark_matter / 1e5) ** 0.9
            for field, values in (("dm", dark_matter), ("gas", gas)):
                create_maps(file, layout, (field, "HR", "ds", axis), side**3, "a test")[:] = values
        at = np.array([[0.1, 0.1, 0.1], [0.9, 0.9, 0.9]]) * box
        mass = np.array([1e11, 1e13])
        write_halos(file, Halos(at, mass, mass / 1e11, mass, "hydro"))
    return path


@pytest.fixture(scope="session")
def new_slabs() -> Callable[..., Path]:
    """What writes another slab file."""
    return write_slabs


@pytest.fixture(scope="session")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two training files of different sides, and a held-out one."""
    folder = tmp_path_factory.mktemp("data")
    write_slabs(folder / "hydro11-z2-xy.hdf5", "xy", 48)
    write_slabs(folder / "training-05-z2.hdf5", "xyz", 32, seed=1)
    write_slabs(folder / "held-out.hdf5", "z", 48, n_slabs=3, seed=2)
    return folder


@pytest.fixture(scope="session")
def slabs(data: Path) -> list[Slab]:
    """Dark matter of the small training file."""
    pairs = read_pairs(data / "training-05-z2.hdf5", Split("training-*"), "gas", "HR")
    return [pair.dark_matter for pair in pairs]


@pytest.fixture(autouse=True)
def _one_thread() -> Iterator[None]:
    """Tiny maps gain nothing from several threads."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)
