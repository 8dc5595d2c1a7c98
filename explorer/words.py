"""How numbers, units and fields are written on the page."""

import re
from pathlib import Path

from engine.fields import field_named

SUPERSCRIPTS = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")

POWER_OF_TEN = (Path(__file__).parent / "power_of_ten.js").read_text()
"""The same as `power_of_ten` for scripts, which it is put before."""


def unit_in_words(unit: str) -> str:
    """Write a unit as it is printed: Msun becomes its symbol, powers become superscripts."""
    words = {"Msun": "M⊙", "dlog10": "dlog₁₀", "Sigma": "Σ", "R_vir": "Rᵥᵢᵣ"}
    # On axes there is no room for these.
    words |= {" (dark-matter-only run)": "", "hydrogen without self-shielding": "hydrogen, thin"}
    words |= {"f(N_HI)": "f(N)", "N_HI": "N(HI)"}
    for plain, printed in words.items():
        unit = unit.replace(plain, printed)
    return re.sub(r"\^(-?\d+)", lambda found: found[1].translate(SUPERSCRIPTS), unit)


def short_label(name: str) -> str:
    """Give the field's label without what stands in brackets."""
    return field_named(name).label.split(" (")[0]


def number(value: float, digits: int = 3) -> str:
    """Write a number for print: plain if short, else with a power of ten."""
    if value == 0 or 1e-2 <= abs(value) < 1e4:
        return f"{value:.{digits}g}"
    mantissa, exponent = f"{value:.{digits - 1}e}".split("e")
    return f"{mantissa} × {power_of_ten(int(exponent))}"


def power_of_ten(exponent: int) -> str:
    """Write a power of ten, as on a colour bar."""
    return "10" + str(exponent).translate(SUPERSCRIPTS)
