"""A small simulation in the user's folder and an emulator that needs no weights."""

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import param
import pytest
from numpy.typing import NDArray

import engine
from engine.cosmology import Cosmology
from engine.formats.catalogues import write_halos
from engine.formats.maps import SlabLayout, create_maps
from engine.formats.simulation_file import SimulationHeader, new_simulation_file
from engine.halos import Halos
from engine.inference import Worker
from engine.mesh import Slab
from engine.noise import Realisation
from engine.normalization import normalization
from engine.systems.card import Input, ModelCard, Output
from engine.systems.contract import Emulator, Inputs, Region
from explorer import results, threads

PLANCK = Cosmology(Omega_m=0.3089, Omega_b=0.0486, h=0.6774)
PIXELS, SLABS, BOX = 64, 4, 1.875  # pixels of 29.3 kpc/h
BARYONS = 0.0486 / (0.3089 - 0.0486)


HALOS = Halos(
    position=np.random.default_rng(3).uniform(0, BOX, (40, 3)),
    mvir=np.geomspace(1e9, 1e12, 40),
    rvir=np.geomspace(20, 200, 40),
    fof_mass=np.zeros(40),
    run="hydro",
    definition="made up",
)


def maps_of(seed: int) -> NDArray[np.float32]:
    """Lognormal maps with the mean of dark matter, (n_slabs, ny, nx)."""
    draw = np.random.default_rng(seed).lognormal(0, 1, (SLABS, PIXELS, PIXELS))
    return (1e4 * draw).astype(np.float32)


def means(maps: NDArray[np.float32], side: int) -> NDArray[np.float32]:
    """Area means of maps (n_slabs, ny, nx) on so many pixels a side."""
    times = maps.shape[-1] // side
    return maps.reshape(len(maps), side, times, side, times).mean((2, 4))


def write_simulation(
    folder: Path, name: str, fields: tuple[str, ...], gas_pixels: int = PIXELS
) -> Path:
    path = folder / f"{name}.hdf5"
    header = SimulationHeader(
        name=name,
        box_size=BOX,
        redshift=2.0,
        cosmology=PLANCK,
        code="none",
        provenance="made up for a <test>",
    )
    layout = SlabLayout(BOX, PIXELS, SLABS)
    with new_simulation_file(path, header) as file:
        if "gas" in fields:
            write_halos(file, HALOS)
        for axis in "xz":
            dark_matter = maps_of(ord(axis))
            if "dm" in fields:
                thinned = create_maps(file, layout, ("dm", "MR", "ds", axis), 8**3, "drawn")
                thinned[:] = dark_matter.mean(axis=0)
            for field in fields:
                key = (field, "HR", "ds", axis)
                if field == "gas":
                    coarse = SlabLayout(BOX, gas_pixels, SLABS)
                    gas = BARYONS * means(dark_matter, gas_pixels)
                    create_maps(file, coarse, key, 16**3, "drawn")[:] = gas
                else:
                    create_maps(file, layout, key, 16**3, "drawn")[:] = dark_matter
    return path


CARD = ModelCard(
    system="share",
    title="Cosmic share",
    paper="none",
    inputs=(
        Input(
            "dark matter",
            "dm",
            "slab",
            29.3,
            redshift=2.0,
            normalization=normalization("dm"),
            depth=1.4,
            level="HR",
        ),
    ),
    output=Output("gas", "slab", 29.3, normalization("gas"), depth=1.4),
    architecture={},
    cosmology=PLANCK,
    stochastic=False,
    training_data=(),
    recipe={},
    seed=0,
    hours=0.0,
    device="none",
    licence="Apache-2.0",
)


class CosmicShare(Emulator):
    """Paints gas as the cosmic share of the dark matter, and a tenth more."""

    title = "Cosmic share"
    paper = "none"
    card = CARD
    device = "cpu"
    refuses = ""
    painted = 0

    @staticmethod
    def contrast(seed: int) -> float:
        """Factor on the overdensity when it is stochastic."""
        return float(np.random.default_rng(seed).uniform(0.8, 1))

    def __init__(self) -> None:
        """No card or weights to be given: it has its own."""

    def predict_many(
        self,
        inputs: Inputs,
        realisations: Sequence[Realisation],
        region: Region | None = None,
        parameters: Mapping[str, float] | None = None,
    ) -> list[Slab]:
        (slab,) = self.named(inputs).values()
        return [self.painted_once(slab, each.seed) for each in realisations]

    def painted_once(self, slab: Slab, seed: int) -> Slab:
        if self.refuses:
            raise ValueError(self.refuses)
        type(self).painted += 1
        warnings = ("Not a trained emulator.",)
        values = 1.1 * BARYONS * slab.values
        if self.card.stochastic:
            values = values.mean() + self.contrast(seed) * (values - values.mean())
        return slab.with_values(
            values,
            field=self.card.field,
            emulator="share",
            seed=seed if self.card.stochastic else None,
            warnings=warnings,
        )


@pytest.fixture(autouse=True)
def changes_are_computed_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Run what a change of a parameter starts to its end; a server would schedule it."""
    monkeypatch.setattr(param.parameterized, "async_executor", lambda task: asyncio.run(task()))


@pytest.fixture
def emulator(monkeypatch: pytest.MonkeyPatch) -> Iterator[type[CosmicShare]]:
    """The only emulator there is; set `refuses` to make it refuse every slab."""
    monkeypatch.setattr(engine, "emulators", lambda: [CARD])
    monkeypatch.setattr(engine, "load_emulator", lambda *_, **__: CosmicShare())
    monkeypatch.setattr(CosmicShare, "refuses", "")
    monkeypatch.setattr(CosmicShare, "painted", 0)
    worker = Worker()
    monkeypatch.setattr(threads, "WORKER", worker)
    results.trained.cache_clear()
    results.card_named.cache_clear()
    yield CosmicShare
    worker.close()
    results.trained.cache_clear()


@pytest.fixture
def stochastic(emulator: type[CosmicShare], monkeypatch: pytest.MonkeyPatch) -> None:
    """Make the emulator paint each seed in another way."""
    card = replace(CARD, stochastic=True)
    monkeypatch.setattr(emulator, "card", card)
    monkeypatch.setattr(engine, "emulators", lambda: [card])


@pytest.fixture
def hydrogen(
    emulator: type[CosmicShare], folder: Path, monkeypatch: pytest.MonkeyPatch
) -> type[CosmicShare]:
    """Make the emulator paint neutral hydrogen; "with-hi" has it, as much as dark matter."""
    write_simulation(folder, "with-hi", ("dm", "hi"))
    card = replace(CARD, output=replace(CARD.output, field="hi"))
    monkeypatch.setattr(emulator, "card", card)
    monkeypatch.setattr(engine, "emulators", lambda: [card])
    return emulator


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The user's folder of simulations, the only one there is: one with truth, one without."""
    simulations = tmp_path / "simulations"
    simulations.mkdir()
    write_simulation(simulations, "with-gas", ("dm", "gas"))
    write_simulation(simulations, "dark-only", ("dmo",))
    monkeypatch.setattr("engine.simulation.asset_folders", lambda kind: [tmp_path / kind])
    return simulations


@pytest.fixture
def weights(
    stochastic: None, folder: Path, emulator: type[CosmicShare], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Give the emulator's card the hash that a file of weights would have."""
    card = replace(emulator.card, weights_sha256="a" * 64)
    monkeypatch.setattr(emulator, "card", card)
    monkeypatch.setattr(engine, "emulators", lambda: [card])
