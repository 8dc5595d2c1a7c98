"""A few made-up clusters in a user's folder, and a table that paints them pixel by pixel."""

from pathlib import Path

import numpy as np

from engine.cosmology import PLANCK
from engine.formats.catalogues import write_objects
from engine.formats.cutouts import create_cutouts
from engine.formats.simulation_file import SimulationHeader, new_simulation_file
from engine.halos import Objects
from engine.normalization import LogNormalization, normalization
from engine.systems.card import Input, ModelCard, Output, TrainingFile
from engine.systems.proper import per_proper_area
from engine.systems.weights import write_model

BOX, REDSHIFT, SIDE, CELL = 64.0, 0.3, 32, 110.0
"""Mpc/h, and pixels of kpc/h."""

NUMBER = 24
QUANTITIES = ("hot_gas", "temperature_sl", "xray")


def masses() -> np.ndarray:
    """M500c, heaviest first, [Msun/h]."""
    return np.geomspace(4e14, 1e13, NUMBER)


def radii() -> np.ndarray:
    """R500c, comoving, [kpc/h]."""
    return 700 * (masses() / 1e14) ** (1 / 3)


def maps_of(seed: int = 1) -> dict[str, np.ndarray]:
    """Beta models around every cluster, (n, side, side), of each field."""
    random = np.random.default_rng(seed)
    along = (np.arange(SIDE) + 0.5 - SIDE / 2) * CELL
    distance = np.hypot(along, along[:, np.newaxis])
    found = {name: [] for name in ("dm", *QUANTITIES)}
    for mass, radius in zip(masses(), radii(), strict=True):
        shape = 1 / (1 + (distance / (0.2 * radius)) ** 2)
        clumps = random.lognormal(0, 0.2, distance.shape)
        dark = 3e8 * (mass / 1e14) ** (1 / 3) * shape * clumps
        bright = 10 ** random.normal(0, 0.15)
        found["dm"].append(dark)
        found["hot_gas"].append(0.12 * dark * random.lognormal(0, 0.1, distance.shape))
        found["xray"].append(2e-5 * bright * (mass / 1e14) * shape**2.5 * clumps**2)
        hot = 4e7 * (mass / 1e14) ** (2 / 3) * shape**0.2
        found["temperature_sl"].append(np.where(distance < 2 * radius, hot, 0))
    return {name: np.array(values, np.float32) for name, values in found.items()}


def catalogue(fields: tuple[str, ...]) -> Objects:
    """The table of the clusters; what only gas tells is there if there is gas."""
    random = np.random.default_rng(5)
    mass = masses()
    columns = {
        "m500c": (mass, "Msun/h"),
        "r500c": (radii(), "kpc/h"),
        "offset": (random.uniform(0.01, 0.2, NUMBER), "R500c"),
        "orientation": (np.zeros(NUMBER), ""),
    }
    if "xray" in fields:
        columns["luminosity"] = ((mass / 1e14) ** 1.4, "1e44 erg / s")
        columns["temperature"] = (4 * (mass / 1e14) ** 0.6, "keV")
    values = {name: column for name, (column, _) in columns.items()}
    units = {name: unit for name, (_, unit) in columns.items()}
    return Objects(random.uniform(0, BOX, (NUMBER, 3)), values, units, "clusters", "made up")


def write_clusters(
    folder: Path, name: str, fields: tuple[str, ...] = ("dm", *QUANTITIES), axes: str = "xz"
) -> Path:
    """Write a simulation that holds the cut-outs of these fields."""
    path = folder / f"{name}.hdf5"
    header = SimulationHeader(
        name=name,
        box_size=BOX,
        redshift=REDSHIFT,
        cosmology=PLANCK,
        code="none",
        provenance="made up for a test",
    )
    with new_simulation_file(path, header) as file:
        write_objects(file, catalogue(fields))
        for seed, axis in enumerate(axes):
            maps = maps_of(seed)
            maps["dmo"] = maps["dm"] / PLANCK.dark_matter_fraction
            for field in fields:
                shape = maps[field].shape
                depth = SIDE * CELL / 1000
                create_cutouts(file, (field, axis), shape, CELL, depth, "drawn")[:] = maps[field]
    return path


SCALES = {
    "hot_gas": LogNormalization(1.0, 1e6, 1.0),
    "temperature_sl": LogNormalization(1.0, 1e6, 1.0),
    "xray": LogNormalization(1.0, 1e-9, 1.0),
}


def card(field: str) -> ModelCard:
    """Card of a table for a field."""
    eaten = Input(
        "dark matter", "dm", "cutout", CELL, REDSHIFT, normalization("dm"), SIDE * CELL / 1000, "HR"
    )
    return ModelCard(
        system="local-map",
        title="Local map",
        paper="none",
        inputs=(eaten,),
        output=Output(field, "cutout", CELL, SCALES[field], SIDE * CELL / 1000),
        architecture={"network": "table", "points": 100},
        cosmology=PLANCK,
        stochastic=False,
        training_data=(TrainingFile("others.hdf5", "xyz", 64 * "0"),),
        recipe={},
        seed=0,
        hours=0.0,
        device="none",
        licence="Apache-2.0",
    )


def write_emulators(folder: Path, fields: tuple[str, ...] = QUANTITIES) -> None:
    """Fit a table of each field to other made-up clusters, by rank, and write it."""
    folder.mkdir(parents=True, exist_ok=True)
    maps = maps_of(9)
    share = np.linspace(0, 1, 100)
    for field in fields:
        about = card(field)
        factors = [per_proper_area(name, REDSHIFT) for name in ("dm", field)]
        dark, painted = (np.quantile(maps[name], share) for name in ("dm", field))
        dark = about.inputs[0].normalization.forward(factors[0] * dark)
        painted = about.output.normalization.forward(factors[1] * painted)
        table = {"dark_matter": dark, "painted": painted}
        write_model(folder, about, {n: v.astype(np.float32) for n, v in table.items()})
