"""Maps as FITS: one image per map, with units and comoving coordinates any FITS tool reads.

FITS has no unit for the little h (its `h` is the hour), so that lengths, and the surface
densities with them, are written without it: kpc/h divided by h, Msun h / ckpc^2 times h.
"""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from astropy.io import fits

from engine.fields import AXES, map_axes
from engine.mesh import Cutout, Slab
from engine.units import MPC_IN_KPC

SURFACE_DENSITY = "solMass kpc-2"

CardValue = tuple[str | int | float | bool, str]


def write_fits(path: Path, maps: Mapping[str, Slab | Cutout], recipe: str) -> None:
    """Write maps, each an image extension named after it, and the recipe in a table.

    Parameters
    ----------
    path : path
        Of the file.
    maps : mapping of str to Slab or Cutout
        By name.
    recipe : str
        JSON from which they can be made again: column JSON of the table RECIPE.
    """
    images = [fits.ImageHDU(values(slab), header(slab), name=n) for n, slab in maps.items()]
    primary = fits.PrimaryHDU()
    primary.header["ORIGIN"] = ("Baryon Explorer", "what wrote this file")
    primary.header["COMMENT"] = "Maps of one place; the table RECIPE says how to make them again."
    text = np.array([recipe.encode("ascii")])
    column = fits.Column("JSON", f"{text.dtype.itemsize}A", array=text)
    table = fits.BinTableHDU.from_columns([column], name="RECIPE")
    fits.HDUList([primary, *images, table]).writeto(path, overwrite=True)


def values(slab: Slab | Cutout) -> np.ndarray:
    """Values of a map as they are written.

    Parameters
    ----------
    slab : Slab or Cutout
        Of any field.

    Returns
    -------
    array, (ny, nx)
        Float32; surface densities comoving, [Msun / kpc^2].
    """
    if not slab.about.is_density:
        return np.array(slab.values)
    return (slab.values * np.float64(slab.cosmology.h)).astype(np.float32)


def header(slab: Slab | Cutout) -> fits.Header:
    """Units, coordinates and origin of a map."""
    length = 1 / slab.cosmology.h  # Mpc/h in Mpc
    unit = SURFACE_DENSITY if slab.about.is_density else slab.about.unit
    cards: dict[str, CardValue] = {
        "BUNIT": (unit, "per comoving area; app's number x HUBBLE"),
        **coordinates(slab),
        "FIELD": (slab.field, slab.about.label),
        "SIMUL": (slab.simulation, "simulation"),
        "LOSAXIS": (slab.axis, "line of sight"),
        **where(slab),
        "BOXSIZE": (slab.box_size * length, "[Mpc] comoving"),
        "REDSHIFT": (slab.redshift, "of the snapshot"),
        "OMEGAM": (slab.cosmology.Omega_m, "all matter at z = 0"),
        "OMEGAB": (slab.cosmology.Omega_b, "baryons at z = 0"),
        "HUBBLE": (slab.cosmology.h, "h, H0 in 100 km/s/Mpc"),
        "LEVEL": (slab.level, "resolution of the input"),
        "THINNED": (slab.origin, "ds: thinned out; native: run so"),
        "PERIODIC": (slab.periodic, "opposite edges meet"),
    }
    if not slab.about.is_density:
        cards["BUNIT"] = (unit, "")
    if slab.emulator:
        cards["EMULATOR"] = (slab.emulator, "what painted it")
    if slab.seed is not None:
        cards["SEED"] = (slab.seed, "of the realisation")
    made = fits.Header([(name, *card) for name, card in cards.items()])
    for warning in slab.warnings:
        made["COMMENT"] = warning.encode("ascii", "replace").decode()
    return made


def where(slab: Slab | Cutout) -> dict[str, CardValue]:
    """Which slab along the line of sight, or which object."""
    length = 1 / slab.cosmology.h
    if isinstance(slab, Slab):
        return {
            "SLABNO": (slab.index, "slab along it, from 0"),
            "SLABLOW": (slab.start * length, "[Mpc] where it begins, comoving"),
            "SLABDEEP": (slab.depth * length, "[Mpc] its depth, comoving"),
        }
    places = {
        f"CENTRE{axis.upper()}": (place * length, f"[Mpc] of the object in the box, {axis}")
        for axis, place in zip(AXES, slab.centre, strict=True)
    }
    return {
        "OBJNO": (slab.number, "row of the object in the catalogue, from 0"),
        **places,
        "CUBEDEEP": (slab.depth * length, "[Mpc] depth of the cube around it, comoving"),
    }


def coordinates(slab: Slab | Cutout) -> dict[str, CardValue]:
    """Linear comoving coordinates: zero at a slab's outer edge, or where the object is."""
    step = slab.pixel_size / MPC_IN_KPC / slab.cosmology.h
    cards: dict[str, CardValue] = {}
    sides = slab.shape[::-1]
    for number, (axis, side) in enumerate(zip(map_axes(slab.axis)[:2], sides, strict=True), 1):
        zero = (0.5, "outer edge of the first pixel")
        if isinstance(slab, Cutout):
            zero = ((side + 1) / 2, "the middle, where the object is")
        cards |= {
            f"CTYPE{number}": (AXES[axis].upper(), "linear, comoving"),
            f"CUNIT{number}": ("Mpc", ""),
            f"CRPIX{number}": zero,
            f"CRVAL{number}": (0.0, ""),
            f"CDELT{number}": (step, ""),
        }
    return cards
