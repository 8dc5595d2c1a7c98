"""Lists of subhaloes from elsewhere, by whatever finder made them."""

from pathlib import Path

from engine.cosmology import Cosmology
from engine.formats.ahf import is_ahf, read_ahf
from engine.formats.rockstar import read_rockstar
from engine.formats.subfind import read_subfind
from engine.halos import Subhalos

HDF5 = b"\x89HDF"
"""Such files begin with it."""

KNOWN = (
    "Rockstar's list with parents (find_parents), AHF's *.AHF_halos or a group catalogue of "
    "Subfind (fof_subhalo_tab_*.hdf5)"
)


def read_subhalo_list(
    path: Path, run: str, box_size: float, redshift: float, cosmology: Cosmology
) -> Subhalos:
    """Read a list by Rockstar, AHF or Subfind, which its beginning tells.

    Parameters
    ----------
    path : path
        Of the list; of one of several parts of Subfind's.
    run : str
        "hydro" or "dmo".
    box_size : float
        That it must be of, comoving [Mpc/h].
    redshift : float
        That it must be of.
    cosmology : Cosmology
        Of the run.

    Raises
    ------
    ValueError
        In one sentence, if it is none of these, is damaged, or is of another box or redshift.
    """
    if not path.is_file():
        raise ValueError(f"{path} does not exist, expected {KNOWN}.")
    with path.open("rb") as file:
        beginning = file.read(1 << 14)
    if beginning.startswith(HDF5):
        return read_subfind(path, run, box_size, redshift, cosmology)
    first_line = beginning.partition(b"\n")[0].decode("ascii", "replace")
    if is_ahf(first_line):
        return read_ahf(path, run, box_size, redshift)
    if not {"ID", "Mvir"} <= set(first_line.removeprefix("#").split()):
        raise ValueError(f"{path.name} is no list of haloes that is known here, expected {KNOWN}.")
    return read_rockstar(path, run, box_size, redshift)
