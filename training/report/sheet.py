"""How a report's page is filled in: where its templates lie, and how they write numbers."""

import jinja2


def environment() -> jinja2.Environment:
    """Templates of the reports, strict about what they ask for, and the words they write in."""
    found = jinja2.Environment(
        loader=jinja2.PackageLoader("training.report", "."),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )
    found.filters |= {"percent": percent, "size": size, "plain": plain, "fixed": fixed}
    return found


def percent(value: float | None, digits: int = 1) -> str:
    """Write a share with its sign, or a dash for none."""
    return "–" if value is None else f"{100 * value:+.{digits}f} %".replace("-", "−")


def size(value: float | None, digits: int = 0) -> str:
    """Write a share that has no sign, or a dash for none."""
    return "–" if value is None else f"{100 * value:.{digits}f} %"


def plain(value: float | None, digits: int = 3) -> str:
    """Write a number, or a dash for none."""
    return "–" if value is None else f"{value:.{digits}g}".replace("-", "−")


def fixed(value: float | None) -> str:
    """Write a number with two decimals, or a dash for none."""
    return "–" if value is None else f"{value:.2f}".replace("-", "−")
