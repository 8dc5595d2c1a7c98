"""The report as a page: one HTML file that fetches nothing."""

from collections.abc import Mapping, Sequence
from typing import Any

from markupsafe import Markup

from engine.fields import field_named
from training.report import figures
from training.report.drawing import drawn
from training.report.headlines import COLUMNS, LEAST_K, MOST_K
from training.report.sheet import environment
from training.report.systems.contract import papers

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
    titles = {emulator["name"]: title(emulator) for emulator in content["emulators"]}
    short = {emulator["name"]: emulator["title"] for emulator in content["emulators"]}
    return (
        environment()
        .get_template("page.html")
        .render(
            content=content,
            titles=titles,
            short=short,
            portions=PORTIONS,
            own=sorted(
                (result for result in content["results"] if result["own"]),
                key=_group,
            ),
            masses=mass_table(content),
            papers=papers(emulator["system"] for emulator in content["emulators"]),
            sections=[section(content, about, short, pictures) for about in content["simulations"]],
            limits={"least": LEAST_K, "most": MOST_K, "columns": COLUMNS},
        )
    )


def section(
    content: Content, about: Content, titles: Mapping[str, str], pictures: Mapping[str, str]
) -> Content:
    """Figures of one simulation, by field and level."""
    here = (about["name"], about["axes"])
    results = [r for r in content["results"] if (r["simulation"], r["axes"]) == here]
    groups = dict.fromkeys(_group(result) for result in results)
    mark = f"truth-{about['name']}-{about['axes']}"
    truths = [
        (paper, drawn_truth)
        for paper in papers(result["system"] for result in results)
        if (drawn_truth := paper.truth_figure(about, mark)) is not None
    ]
    return {
        "about": about,
        "truths": [{"template": paper.truth_template, **found} for paper, found in truths],
        "groups": [
            group([r for r in results if _group(r) == key], titles, pictures) for key in groups
        ],
    }


def group(
    results: Sequence[Content], titles: Mapping[str, str], pictures: Mapping[str, str]
) -> Content:
    """Figures of all emulators of one field from one level."""
    own = [result for result in results if result["own"]]
    first = own[0]
    words = f"{field_named(first['field']).label} from {first['level']}"
    names = [titles[result["emulator"]] for result in own]
    mark = f"{first['simulation']}-{first['axes']}-{words}"
    # Baselines stand beside a paper's own.
    paper = next(iter(papers(result["system"] for result in own)), None)
    found: Content = {"title": words[0].upper() + words[1:], "own": own, "emulators": []}
    if paper is not None:
        found |= {"template": paper.template, **paper.group(own, names, mark)}
    for result, name in zip(own, names, strict=True):
        every = [r for r in results if r["emulator"] == result["emulator"]]
        label = f"{mark}-{result['emulator']}"
        entry: Content = {"name": name, "result": result, "runs": None, "calibration": None}
        if paper is not None and len(every) > 1 and result["system"] in paper.systems:
            entry |= {"runs": paper.runs(every, label), "others": every}
        if "calibration" in result["all"]:
            figure = figures.calibration_figure(result)
            entry["calibration"] = drawn(f"{label}-calibration", figure)
        entry["picture"] = Markup(pictures.get(picture_name(result), ""))
        found["emulators"].append(entry)
    return found


def mass_table(content: Content) -> list[Content]:
    """Errors of the total mass by emulator and dark matter, the paper's beside them."""
    rows = []
    for result in content["results"]:
        of = result["system"], result["field"], result["level"], result["run"]
        reached = [paper.mass_error(*of) for paper in papers([result["system"]])]
        rows.append(
            {
                **{
                    name: result[name] for name in ("emulator", "simulation", "run", "realisations")
                },
                "ratio": result["all"]["total_mass"]["ratio"],
                "paper": next(iter(reached), None),
            }
        )
    return rows


def picture_name(result: Content) -> str:
    """Which picture belongs to a result."""
    return f"{result['emulator']} {result['simulation']} {result['axes']}"


def title(emulator: Content) -> str:
    """An emulator in words."""
    what = field_named(emulator["field"]).label
    return f"{emulator['title']}, {what} from {emulator['level']}"


def _group(result: Content) -> tuple[str, str]:
    return result["field"], result["level"]
