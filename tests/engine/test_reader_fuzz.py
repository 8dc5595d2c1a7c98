"""Files that are damaged or hostile give a sentence or a result, in bounded memory.

Small valid files are changed in ways that a list of numbers names: an attribute or an object
replaced by what has no business there, stored numbers overwritten, files cut short.
"""

import contextlib
import resource
import tempfile
from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some

import engine
from engine import statistics as st
from engine.formats import open_snapshot
from engine.formats.map_file import read_map_file, write_map_file
from engine.projection.consistency import check_snapshots
from engine.projection.snapshots import project_snapshot
from engine.results import Outcome
from engine.simulation import Simulation

MEMORY = 2e6
"""[kB]"""

HUGE = 1 << 50

VALUES = (
    np.nan, np.inf, -np.inf, -1, 0, 1, 3, 0.5, 1e-300, 1e300, 2**62, 2**31 - 1, True, 1j,
    "words", b"\xff\xfe",
    "", "0.7", h5py.Empty("f8"), h5py.Empty("S3"), np.array([]), np.zeros(3), np.arange(6.0),
    np.full(6, 7), np.full(2, 2**40), np.full((2, 3), 1.5), np.array([b"a", b"b"]),
    np.array([np.nan] * 6), np.array([-1] * 6, np.int64), np.array([(1, 2.0)], dtype="i4,f8"),
    np.array([1e300] * 7), np.float16(2), np.uint64(2**64 - 1),
)  # fmt: skip
"""For an attribute."""


def _words(group: h5py.Group, name: str, shape: tuple[int, ...]) -> None:
    group[name] = np.full(shape, b"word")


def _fields(group: h5py.Group, name: str, shape: tuple[int, ...]) -> None:
    group[name] = np.zeros(shape, dtype="f4,i8")


def _complex(group: h5py.Group, name: str, shape: tuple[int, ...]) -> None:
    group[name] = np.zeros(shape, complex)


def _nothing(group: h5py.Group, name: str, shape: tuple[int, ...]) -> None:
    group[name] = h5py.Empty("f8")


def _scalar(group: h5py.Group, name: str, shape: tuple[int, ...]) -> None:
    group[name] = 3.0


def _group(group: h5py.Group, name: str, shape: tuple[int, ...]) -> None:
    group.create_group(name)


def _longer(group: h5py.Group, name: str, shape: tuple[int, ...]) -> None:
    group[name] = np.ones((shape[0] + 1, *shape[1:]) if shape else (2,))


def _deeper(group: h5py.Group, name: str, shape: tuple[int, ...]) -> None:
    group[name] = np.ones((*shape, 2))


def _none_long(group: h5py.Group, name: str, shape: tuple[int, ...]) -> None:
    group[name] = np.ones((0, *shape[1:]))


def _never_written(group: h5py.Group, name: str, shape: tuple[int, ...]) -> None:
    group.create_dataset(name, shape, "f4")


def _huge(group: h5py.Group, name: str, shape: tuple[int, ...]) -> None:
    group.create_dataset(name, (HUGE, *shape[1:]), "f4", chunks=(1024, *shape[1:]))


def _huge_chunks(group: h5py.Group, name: str, shape: tuple[int, ...]) -> None:
    whole = tuple(3 << 9 for _ in shape)
    group.create_dataset(
        name, shape, "f8", chunks=whole, maxshape=tuple(None for _ in shape), compression="gzip"
    )


def _not_finite(group: h5py.Group, name: str, shape: tuple[int, ...]) -> None:
    group[name] = np.full(shape, np.nan)


def _negative(group: h5py.Group, name: str, shape: tuple[int, ...]) -> None:
    group[name] = np.full(shape, -1e30)


def _largest(group: h5py.Group, name: str, shape: tuple[int, ...]) -> None:
    group[name] = np.full(shape, 1e300)


def _whole_numbers(group: h5py.Group, name: str, shape: tuple[int, ...]) -> None:
    group[name] = np.full(shape, 2**63 - 1)


def _flags(group: h5py.Group, name: str, shape: tuple[int, ...]) -> None:
    group[name] = np.zeros(shape, bool)


def _ragged(group: h5py.Group, name: str, shape: tuple[int, ...]) -> None:
    group.create_dataset(name, shape, h5py.vlen_dtype(np.float64))


def _references(group: h5py.Group, name: str, shape: tuple[int, ...]) -> None:
    group.create_dataset(name, shape, h5py.ref_dtype)


def _soft_link(group: h5py.Group, name: str, shape: tuple[int, ...]) -> None:
    group[name] = h5py.SoftLink("/nowhere/at/all")


def _link_ring(group: h5py.Group, name: str, shape: tuple[int, ...]) -> None:
    group[name] = h5py.SoftLink(f"{group.name}/{name}")


def _link_up(group: h5py.Group, name: str, shape: tuple[int, ...]) -> None:
    group[name] = group.file["/"]


def _outside(group: h5py.Group, name: str, shape: tuple[int, ...]) -> None:
    group[name] = h5py.ExternalLink("/etc/passwd", "/root")


def _raw_outside(group: h5py.Group, name: str, shape: tuple[int, ...]) -> None:
    size = int(np.prod(shape)) * 8
    if size:
        group.create_dataset(name, shape, "f8", external=[("/etc/hostname", 0, size)])


def _virtual_ring(group: h5py.Group, name: str, shape: tuple[int, ...]) -> None:
    layout = h5py.VirtualLayout(shape, "f8")
    layout[...] = h5py.VirtualSource(".", f"{group.name}/{name}", shape=shape)
    group.create_virtual_dataset(name, layout)


def _virtual_nowhere(group: h5py.Group, name: str, shape: tuple[int, ...]) -> None:
    layout = h5py.VirtualLayout(shape, "f8")
    layout[...] = h5py.VirtualSource("gone.hdf5", "x", shape=shape)
    group.create_virtual_dataset(name, layout)


DATASETS = (
    _words, _fields, _complex, _nothing, _scalar, _group, _longer, _deeper, _none_long,
    _never_written, _huge, _huge_chunks, _not_finite, _negative, _largest, _whole_numbers, _flags,
    _ragged, _references, _soft_link, _link_ring, _link_up, _outside, _raw_outside,
    _virtual_ring, _virtual_nowhere,
)  # fmt: skip
"""What a dataset may be replaced by."""


def change_object(path: Path, which: int, how: int) -> None:
    """Replace or remove one attribute or object of a file, chosen by two numbers."""
    with h5py.File(path, "a") as file:
        names = ["/"]
        file.visit(names.append)
        targets = [(name, None) for name in names[1:]]
        targets += [(name, key) for name in names for key in file[name].attrs]
        name, key = targets[which % len(targets)]
        if key is None:
            item = file[name]
            shape = item.shape if isinstance(item, h5py.Dataset) else ()
            attributes = dict(item.attrs)
            kinds = (None, *DATASETS)
            make = kinds[how % len(kinds)]
            del file[name]
            if make is not None:
                make(
                    file["/"] if "/" not in name else file[name.rpartition("/")[0]],
                    name.rpartition("/")[2],
                    shape or (2,),
                )
                made = file.get(name)
                if isinstance(made, h5py.HLObject) and made.name != "/":
                    made.attrs.update(attributes)
            return
        values = (None, *VALUES)
        value = values[how % len(values)]
        del file[name].attrs[key]
        if value is not None:
            file[name].attrs[key] = value


def stored_at(path: Path) -> list[tuple[int, int]]:
    """Where in the file the numbers of its datasets lie: place and length, [bytes]."""
    found: list[tuple[int, int]] = []

    def look(name: str, item: h5py.HLObject) -> None:
        if not isinstance(item, h5py.Dataset) or not item.size:
            return
        if item.chunks is None:
            found.append((item.id.get_offset(), item.id.get_storage_size()))
            return
        for number in range(item.id.get_num_chunks()):
            chunk = item.id.get_chunk_info(number)
            found.append((chunk.byte_offset, chunk.size))

    with h5py.File(path) as file:
        file.visititems(look)
    return [(place, length) for place, length in found if place is not None and length]


def change_bytes(path: Path, which: int, how: int) -> None:
    """Overwrite a stored number, or cut the file short."""
    content = bytearray(path.read_bytes())
    if how % 8 == 0:
        path.write_bytes(content[: which % len(content)])
        return
    places = stored_at(path)
    start, length = places[which % len(places)]
    at = start + how % length
    content[at : at + 4] = [(0, 0, 0, 0), (255,) * 4, (0, 0, 128, 127), (7, 1, 9, 200)][how % 4]
    path.write_bytes(content)


def write_swift(path, universe):
    with h5py.File(path, "w") as file:
        counts = np.array(universe.counts())
        file.create_group("Header").attrs.update(
            BoxSize=np.full(3, 10.0), NumPart_ThisFile=counts, NumPart_Total=counts,
            NumPart_Total_HighWord=np.zeros(6, np.uint32), Redshift=[2.0], MassTable=np.zeros(6),
            NumFilesPerSnapshot=[1],
        )  # fmt: skip
        file.create_group("Cosmology").attrs.update(h=[1.0], Omega_m=[0.3089], Omega_b=[0.0486])
        file.create_group("Units").attrs.update(
            {
                "Unit length in cgs (U_L)": [3.0856775814913673e24],
                "Unit mass in cgs (U_M)": [1.988409870698051e33],
                "Unit time in cgs (U_t)": [3.0856775814913673e19],
            }
        )
        names = {
            "mass": "Masses", "energy": "InternalEnergies", "electrons": "ElectronAbundances",
            "neutral": "NeutralHydrogenAbundance", "support": "SmoothingLengths",
        }  # fmt: skip
        for species, kind in (("gas", 0), ("dark matter", 1), ("stars", 4)):
            group = file.create_group(f"PartType{kind}")
            for column, values in universe.columns[species].items():
                if column == "position":
                    group["Coordinates"] = values / 1000
                else:
                    group.create_dataset(names[column], data=values, compression="gzip")
    return path


def add_haloes(path):
    with h5py.File(path, "a") as file:
        group = file.create_group("Halos")
        group["Coordinates"] = np.ones((2, 3))
        for name in ("Mvir", "Rvir", "FoFMass"):
            group[name] = [1.0, 2.0]
    return path


def read_snapshot(path):
    snapshot = open_snapshot(path)
    hydro = "gas" in snapshot.header.counts
    fields = ("dm", "gas", "hi", "temperature", "stars") if hydro else ("dmo",)
    check_snapshots({snapshot: fields}, "file", False, lambda fraction, doing: None)
    snapshot.halos("hydro")


def read_simulation(path):
    simulation = Simulation(path)
    for field, level, origin, axis in simulation.available():
        simulation.slab(field, axis, 0, level, origin)
        simulation.particles(field, axis, level, origin)
    for run in simulation.runs:
        simulation.halos(run)


@pytest.fixture
def valid(universe, gadget, tmp_path):
    """Writes a small valid file of a kind, and says what reads it."""
    small = type(universe)(number=4**3, stars=6)

    def write(kind: str) -> tuple[Path, Callable[[Path], object]]:
        if kind == "swift":
            return add_haloes(write_swift(tmp_path / "swift.hdf5", small)), read_snapshot
        snapshot = add_haloes(gadget(small))
        if kind == "gadget":
            return snapshot, read_snapshot
        out = project_snapshot(
            snapshot, tmp_path / "maps.hdf5", pixels=16, n_slabs=2, axes="z", levels=("HR",)
        )
        if kind == "simulation":
            return out, read_simulation
        slab = engine.open_simulation(out).slab("dm")
        curves = {"power_spectrum": {"truth": st.power_spectrum(slab)}}
        write_map_file(tmp_path / "made.hdf5", Outcome({"truth": slab}, curves, {}, {}), "{}")
        return tmp_path / "made.hdf5", read_map_file

    return write


changes = some.lists(
    some.tuples(some.integers(0, 1 << 20), some.integers(0, 1 << 20)), min_size=1, max_size=3
)


@pytest.mark.parametrize("change", [change_object, change_bytes])
@pytest.mark.parametrize("kind", ["gadget", "swift", "simulation", "maps"])
def test_a_mutated_file_gives_a_sentence_or_a_result(valid, request, kind, change):
    path, read = valid(kind)
    read(path)
    before = path.read_bytes()
    thorough = request.config.getoption("--slow")
    tried: list[list[tuple[int, int]]] = []

    @settings(
        max_examples=1000 if thorough else 15,
        derandomize=not thorough,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(changes)
    def try_all(named):
        with tempfile.TemporaryDirectory() as folder:
            mutated = Path(folder) / path.name
            mutated.write_bytes(before)
            try:
                for which, how in named:
                    change(mutated, which, how)
            except Exception:  # what was changed first can't always be changed again
                return
            tried.append(named)
            with contextlib.suppress(ValueError):
                read(mutated)

    try_all()
    assert len(tried) > 5
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss < MEMORY or not thorough
