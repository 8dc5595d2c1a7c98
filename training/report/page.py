"""The report as a page: one HTML file that fetches nothing."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import jinja2
from markupsafe import Markup

from engine.fields import field_named
from training.report import figures, published
from training.report.drawing import svg
from training.report.painters import BASELINE
from training.report.summary import COLUMNS, LEAST_K, MOST_K

Content = dict[str, Any]

PORTIONS = {"all": "all slabs", "without_heaviest_halo": "without the heaviest halo's slabs"}


def html(content: Content, pictures: Mapping[str, str]) -> str:
    """Make the page.

    Parameters
    ----------
    content : dict
        What the JSON holds; every number on the page is from there.
    pictures : mapping of str to str
        SVG of the sample pictures, by `picture_name`.
    """
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("training.report", "."),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )
    environment.filters |= {"percent": percent, "size": size, "plain": plain}
    painters = {painter["name"]: painter for painter in content["painters"]}
    titles = {name: title(painter) for name, painter in painters.items()}
    return environment.get_template("page.html").render(
        content=content,
        titles=titles,
        portions=PORTIONS,
        own=sorted(
            (result for result in content["results"] if result["own"]),
            key=lambda result: _group(painters[result["painter"]]),
        ),
        masses=mass_table(content),
        sections=[section(content, about, titles, pictures) for about in content["simulations"]],
        limits={"least": LEAST_K, "most": MOST_K, "columns": COLUMNS},
    )


def section(
    content: Content, about: Content, titles: Mapping[str, str], pictures: Mapping[str, str]
) -> Content:
    """Figures of one simulation, by field and level."""
    here = (about["name"], about["axes"])
    results = [r for r in content["results"] if (r["simulation"], r["axes"]) == here]
    painters = {painter["name"]: painter for painter in content["painters"]}
    groups = dict.fromkeys(_group(painters[r["painter"]]) for r in results)
    panels = [
        name for name in figures.APPENDIX if name in about and _any(about[name]["ratio"]["median"])
    ]
    truth = None
    if panels:
        truth = _drawn(
            f"truth-{about['name']}-{about['axes']}", figures.appendix_figure, about, panels
        )
    return {
        "about": about,
        "panels": panels,
        "truth": truth,
        "groups": [
            group(
                [r for r in results if _group(painters[r["painter"]]) == key],
                f"{field_named(key[0]).label} from {key[1]}",
                titles,
                pictures,
            )
            for key in groups
        ],
    }


def group(
    results: Sequence[Content], words: str, titles: Mapping[str, str], pictures: Mapping[str, str]
) -> Content:
    """Figures of all painters of one field from one level."""
    own = [result for result in results if result["own"]]
    names = [titles[result["painter"]].split(",")[0] for result in own]
    mark = f"{own[0]['simulation']}-{own[0]['axes']}-{words}"
    found: Content = {
        "title": words[0].upper() + words[1:],
        "own": own,
        "statistics": _drawn(f"{mark}-statistics", figures.statistics_figure, own, names),
        "halos": None,
        "painters": [],
    }
    relations = [result["all"].get("halos") for result in own]
    if all(relation and _any(relation["truth"]["median"]) for relation in relations):
        found["halos"] = _drawn(f"{mark}-halos", figures.halo_figure, own, names)
    for result, name in zip(own, names, strict=True):
        every = [r for r in results if r["painter"] == result["painter"]]
        label = f"{mark}-{result['painter']}"
        entry: Content = {"name": name, "result": result, "sources": None, "calibration": None}
        if len(every) > 1 and not result["painter"].startswith(BASELINE):
            entry["sources"] = _drawn(f"{label}-sources", figures.sources_figure, every)
            entry["others"] = every
        if "calibration" in result["all"]:
            drawn = _drawn(f"{label}-calibration", figures.calibration_figure, result)
            entry["calibration"] = drawn
        entry["picture"] = Markup(pictures.get(picture_name(result), ""))
        found["painters"].append(entry)
    return found


def mass_table(content: Content) -> list[Content]:
    """Errors of the total mass by painter and dark matter, the paper's beside them."""
    painters = {painter["name"]: painter for painter in content["painters"]}
    rows = []
    for result in content["results"]:
        painter = painters[result["painter"]]
        dark_matter, _, origin = result["source"].split("/")
        paper = published.MASS_ERROR.get((painter["system"], painter["field"], painter["level"]))
        rows.append(
            {
                "painter": painter["name"],
                "simulation": result["simulation"],
                "source": result["source"],
                "realisations": result["realisations"],
                "ratio": result["all"]["total_mass"]["ratio"],
                "paper": (paper or {}).get(f"{dark_matter}/{origin}"),
            }
        )
    return rows


def picture_name(result: Content) -> str:
    """Which picture belongs to a result."""
    return f"{result['painter']} {result['simulation']} {result['axes']}"


def title(painter: Content) -> str:
    """A painter in words."""
    what = field_named(painter["field"]).label
    return f"{painter['title']}, {what} from {painter['level']}"


def percent(value: float | None, digits: int = 1) -> str:
    """Write a share with its sign."""
    return "–" if value is None else f"{100 * value:+.{digits}f} %".replace("-", "−")


def size(value: float | None) -> str:
    """Write a share that has no sign."""
    return "–" if value is None else f"{100 * value:.0f} %"


def plain(value: float | None, digits: int = 3) -> str:
    """Write a number, or a dash for none."""
    if value is None:
        return "–"
    return f"{value:.{digits}g}".replace("-", "−")


def _drawn(name: str, draw: Callable[..., Any], *what: Any) -> Markup:
    return Markup(svg(draw(*what), "".join(c if c.isalnum() else "-" for c in name)))


def _any(values: Sequence[float | None]) -> bool:
    """Whether a bin holds enough for a number."""
    return any(value is not None for value in values)


def _group(painter: Content) -> tuple[str, str]:
    return painter["field"], painter["level"]
