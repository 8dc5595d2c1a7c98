"""Small snapshots in every layout, made of the same particles."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import h5py
import numpy as np
import pytest

BOX = 10000.0
"""Comoving, [kpc/h]."""

OMEGA_M, OMEGA_B = 0.3089, 0.0486

CRITICAL = 2.77536627e11 * (BOX / 1000) ** 3
"""Mass of a universe of Omega_m = 1 in the box, [Msun/h]: 3 H0^2 / (8 pi G)."""


@dataclass
class Universe:
    """Particles in kpc/h, Msun/h and (km/s)^2, clustered around a few centres.

    They carry Omega_m, gas and stars of it Omega_b.
    """

    seed: int = 1
    number: int = 8**3
    stars: int = 60
    gas: bool = True
    columns: dict[str, dict[str, np.ndarray]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        random = np.random.default_rng(self.seed)

        def places(n: int) -> np.ndarray:
            centres = random.random((5, 3)) * BOX
            spread = random.choice([80.0, 2000.0], n)[:, None]
            return (centres[random.integers(0, 5, n)] + spread * random.normal(size=(n, 3))) % BOX

        self.columns["dark matter"] = {
            "position": places(self.number),
            "mass": np.full(self.number, (OMEGA_M - self.gas * OMEGA_B) * CRITICAL / self.number),
        }
        if not self.gas:
            return
        self.columns["gas"] = {
            "position": places(self.number),
            "mass": random.uniform(1e7, 3e7, self.number),
            "energy": random.uniform(50, 5000, self.number),
            "electrons": random.uniform(0, 1.16, self.number),
            "neutral": random.uniform(0, 1, self.number),
            "support": random.uniform(50, 900, self.number),
        }
        self.columns["stars"] = {
            "position": places(self.stars),
            "mass": random.uniform(1e6, 1e7, self.stars),
        }
        self.balance()

    def balance(self) -> None:
        """Scale the baryons' masses so that they carry Omega_b."""
        baryons = [self.columns[species]["mass"] for species in ("gas", "stars")]
        factor = OMEGA_B * CRITICAL / sum(mass.sum() for mass in baryons)
        for mass in baryons:
            mass *= factor

    def counts(self) -> list[int]:
        return [len(self.columns.get(s, {}).get("mass", ())) for s in KINDS]


KINDS = ("gas", "dark matter", "", "", "stars", "")

COSMOLOGY = {"Omega0": OMEGA_M, "OmegaLambda": 0.6911, "HubbleParam": 0.6774}

GADGET_BLOCKS = {
    "position": ("Coordinates", 1.0),
    "mass": ("Masses", 1e-10),
    "energy": ("InternalEnergy", 1.0),
    "electrons": ("ElectronAbundance", 1.0),
    "neutral": ("NeutralHydrogenAbundance", 1.0),
    "support": ("SmoothingLength", 1.0),
    "density": ("Density", 1e-10),
    "forming": ("StarFormationRate", 1.0),
}


def write_gadget(
    path: Path,
    universe: Universe,
    attributes: dict | None = None,
    parameters: dict | None = None,
    mass_table: bool = True,
    files: int = 1,
) -> Path:
    """A snapshot as the GADGET family writes it; returns its first file."""
    total = universe.counts()
    for number in range(files):
        name = path if files == 1 else path.with_suffix(f".{number}.hdf5")
        with h5py.File(name, "w") as file:
            header = file.create_group("Header").attrs
            slices = {s: share(len(c["mass"]), number, files) for s, c in universe.columns.items()}
            here = [slices[s].stop - slices[s].start if s in slices else 0 for s in KINDS]
            dark = universe.columns.get("dark matter", {"mass": np.zeros(1)})["mass"][0]
            table = [0, 1e-10 * dark if mass_table else 0, 0, 0, 0, 0]
            header.update(
                BoxSize=BOX, Redshift=2.0, Time=1 / 3, NumFilesPerSnapshot=files,
                NumPart_ThisFile=np.array(here, np.int32), MassTable=np.array(table, float),
                NumPart_Total=np.array(total, np.uint32),
                NumPart_Total_HighWord=np.zeros(6, np.uint32),
            )  # fmt: skip
            header.update(attributes or {})
            if parameters:
                file.create_group("Parameters").attrs.update(parameters)
            for species, columns in universe.columns.items():
                group = file.create_group(f"PartType{KINDS.index(species)}")
                for column, values in columns.items():
                    block, factor = GADGET_BLOCKS[column]
                    if not (species == "dark matter" and column == "mass" and mass_table):
                        group[block] = values[slices[species]] * factor
    return path if files == 1 else path.with_suffix(".0.hdf5")


def share(number: int, part: int, parts: int) -> slice:
    return slice(number * part // parts, number * (part + 1) // parts)


@pytest.fixture
def universe() -> Universe:
    return Universe()


@pytest.fixture
def gadget(tmp_path: Path) -> Callable[..., Path]:
    """Writes a GADGET-like snapshot with units and cosmology in its header."""

    def write(universe: Universe, name: str = "snap", **options) -> Path:
        attributes = {
            **COSMOLOGY, "OmegaBaryon": OMEGA_B, "UnitLength_in_cm": 3.085678e21,
            "UnitMass_in_g": 1.989e43, "UnitVelocity_in_cm_per_s": 1e5,
        }  # fmt: skip
        attributes.update(options.pop("attributes", {}))
        return write_gadget(tmp_path / f"{name}.hdf5", universe, attributes, **options)

    return write


@pytest.fixture
def write() -> Callable[..., Path]:
    """Writes the GADGET family's blocks under whatever header a layout has."""
    return write_gadget


MEMORY = 2e6
"""That reading may take beside what the process has already, [kB]."""


def most_memory(name: str) -> int:
    """What the process holds now (VmRSS) or held at most (VmHWM), [kB]."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return int(next(line for line in lines if line.startswith(name)).split()[1])


@pytest.fixture
def bounded() -> Iterator[None]:
    """Whatever is read meanwhile, it takes no more than `MEMORY` at any time."""
    peak = Path("/proc/self/clear_refs")
    if not peak.exists():
        yield  # an operating system that doesn't tell
        return
    peak.write_text("5")  # the peak begins anew
    before = most_memory("VmRSS")
    yield
    assert most_memory("VmHWM") - before < MEMORY
