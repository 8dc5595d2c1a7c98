"""The way from one scene to another: a link for each that has something to show."""

from collections.abc import Iterable
from functools import lru_cache
from html import escape

import engine
from explorer.scenes.contract import SCENES, Scene

STYLE = """
nav { display: flex; gap: 14px; font-size: 13px; margin-left: 18px; }
nav a { color: inherit; text-decoration: none; opacity: 0.7; }
@media (max-width: 600px) { nav { gap: 9px; font-size: 12px; margin-left: 4px; } }
nav a[aria-current], nav a:hover { opacity: 1; }
"""


def with_data() -> list[type[Scene]]:
    """Find the scenes for which there is a simulation."""
    return list(scenes_of(tuple(engine.simulations())))


@lru_cache(maxsize=4)
def scenes_of(names: tuple[str, ...]) -> tuple[type[Scene], ...]:
    """Find the scenes for which there is one of some simulations; remembered for all sessions."""
    simulations = []
    for name in names:
        try:
            simulations.append(engine.open_simulation(name))
        except ValueError:  # told to who selects it
            continue
    scenes = sorted(SCENES.values(), key=lambda scene: scene.place)
    return tuple(s for s in scenes if any(not s().refuse(each) for each in simulations))


def scene_links(shown: Scene, scenes: Iterable[type[Scene]]) -> str:
    """Write the links, as HTML; nothing where there is no choice."""
    each = list(scenes)
    if len(each) < 2:
        return ""
    links = (
        f'<a href="?scene={scene.name}"{here(scene, shown)}>{escape(scene.title)}</a>'
        for scene in each
    )
    return f"<nav>{''.join(links)}</nav>"


def here(scene: type[Scene], shown: Scene) -> str:
    """Mark the link of the scene on show."""
    return ' aria-current="page"' if scene.name == shown.name else ""
