"""Group of the sidebar for files of one's own: brought by a button or dropped on the page."""

from collections.abc import Callable
from functools import partial
from html import escape
from pathlib import Path
from typing import Any, ClassVar

import panel as pn
import panel_material_ui as pmui
from panel.custom import JSComponent

from engine.fields import AXES, FIELDS
from engine.importing import OWN, UNITS
from explorer.own_files import (
    ARRAYS,
    LARGEST,
    SIMULATIONS,
    Answers,
    Arrived,
    described,
    field_guessed,
    imported,
    kept,
)
from explorer.store import Store
from explorer.threads import in_reader
from explorer.views.controls import WIDE, group
from explorer.views.map_tools import FLAT
from explorer.views.text import html

HERE = Path(__file__).parent

HALF: dict[str, Any] = {**WIDE, "margin": (5, 3)}
BUTTON: dict[str, Any] = {**FLAT, "sizing_mode": "stretch_width", "margin": (5, 0)}

MARK = """
.mark {
  position: fixed; inset: 12px; z-index: 1400; display: grid; place-items: center;
  pointer-events: none; font: 500 20px Roboto, Helvetica, Arial, sans-serif; color: white;
  background: rgba(8, 12, 18, 0.72); border: 2px dashed #56b4e9; border-radius: 12px;
}
[hidden] { display: none; }
"""

ABOUT = (
    f"Simulation files, or .npy and FITS maps, up to {LARGEST >> 20} MB; also dropped on the page."
)

NUMBERS = {
    "box": "Box [cMpc/h]",
    "redshift": "Redshift",
    "Omega_m": "Ωm",
    "Omega_b": "Ωb",
    "h": "h",
}
"""What no such file says, by the name of the answer."""

FIELD_NAMES = {about.label.capitalize(): name for name, about in FIELDS.items() if not about.signed}


class Brought(pmui.FileInput):
    """A button for files that writes them down as they arrive and reads none."""

    def __init__(self, arrived: Arrived, done: Callable[[str], None], **params: Any) -> None:
        super().__init__(**params)
        self._arrived, self._done, self._problem = arrived, done, ""

    def _handle_msg(self, msg: Any) -> None:
        """Take what the browser sends: the beginning, parts of files, the end."""
        status = msg.get("status")
        if status == "initializing":
            self._arrived.begin()
            self._problem = ""
        elif status == "upload_event" and not self._problem:
            try:
                self._arrived.add(str(msg["name"]), bytes(msg["data"]))
            except (ValueError, OSError) as error:
                self._problem = str(error)
        elif status == "error":
            self._problem = f"{str(msg.get('error', '')).rstrip('.')}."
        if status in ("finished", "error"):
            self._send_msg({"status": "finished"})
            self._done(self._problem)


class DropAnywhere(JSComponent):
    """Hands files that are dropped on the page to the button beside it."""

    _esm = HERE / "drop.js"
    _stylesheets: ClassVar[list[str]] = [MARK]


class OwnFiles(pn.viewable.Viewer):
    """Button, questions, preview; a simulation that comes of it is opened.

    Parameters
    ----------
    store : Store
        Its selection opens the simulation; it is told what goes wrong.
    """

    def __init__(self, store: Store) -> None:
        super().__init__()
        self.store = store
        self.arrived = Arrived()
        if pn.state.curdoc and pn.state.curdoc.session_context:
            pn.state.on_session_destroyed(lambda _: self.arrived.release())
        self.button = Brought(
            self.arrived,
            self._on_arrived,
            label="Open files",
            accept=",".join((*SIMULATIONS, *ARRAYS)),
            multiple=True,
            max_total_file_size=LARGEST,
            variant="outlined",
            size="small",
            sizing_mode="stretch_width",
            margin=(3, 0),
        )
        self.about = html(f"<small>{ABOUT}</small>")
        self.words = html()
        self.questions = pn.Column(sizing_mode="stretch_width", margin=(0, 0, 18, 0))
        self.fields: dict[str, pmui.Select] = {}
        self.each: dict[str, Any] = {}
        self.called = pmui.TextInput(label="Name", **WIDE)

    def _on_arrived(self, problem: str) -> None:
        """Look at what has arrived."""
        self.questions.objects, self.fields = [], {}
        self.words.object = ""
        self.store.error = problem
        if not problem and self.arrived.files:
            pn.state.execute(self._look)

    async def _look(self) -> None:
        """Read everything once; ask what arrays don't say, open what is a simulation."""
        arrays = self.arrived.arrays
        found = {}
        for name, path in list(self.arrived.files.items()):
            words = await self._done("Reading", described, path, name)
            if words is None:
                return
            found[name] = words
            if name not in arrays:
                opened = await self._done("Keeping", kept, path, name)
                if opened is not None:
                    self.open(opened)
        lines = (f"<b>{escape(name)}</b>: {escape(words)}" for name, words in found.items())
        self.words.object = f"<small>{'<br>'.join(lines)}</small>"
        if arrays:
            self._ask(list(arrays))

    async def _done(self, what: str, do: Callable[..., Any], *arguments: Any) -> Any:
        """Do something in a reader's thread; None, and a sentence for the visitor, if it fails."""
        self.words.object = f"<small>{what} …</small>"
        try:
            return await in_reader(do, *arguments)
        except (ValueError, OSError) as error:
            self.words.object = ""
            self.store.error = str(error)
            return None

    def _ask(self, names: list[str]) -> None:
        """Ask what fields without words can't say."""
        self.fields = {
            name: pmui.Select(
                label=f"{name} holds", options=FIELD_NAMES, value=field_guessed(name), **WIDE
            )
            for name in names
        }
        numbers = {
            name: pmui.TextInput(label=label, value="", **HALF) for name, label in NUMBERS.items()
        }
        units = [*UNITS, OWN]
        self.each = numbers | {
            "unit": pmui.Select(label="Unit", options=units, value=units[0], **WIDE),
            "rows": pmui.TextInput(label="Slabs as 0:5; all if empty", value="", **WIDE),
            "axis": pmui.Select(label="Line of sight", options=list(AXES), value="z", **HALF),
            "order": pmui.Select(label="Indices", options=["zyx", "xyz"], **HALF),
        }
        self.called.value = Path(names[0]).stem
        preview = pmui.Button(label="Preview", **BUTTON)
        keep = pmui.Button(label="Open", **BUTTON)
        preview.on_click(partial(self._import, dry_run=True))
        keep.on_click(partial(self._import, dry_run=False))
        each = self.each
        self.questions.objects = [
            *self.fields.values(),
            each["unit"],
            row(each["box"], each["redshift"]),
            row(each["Omega_m"], each["Omega_b"], each["h"]),
            each["rows"],
            row(each["axis"], each["order"]),
            self.called,
            row(preview, keep),
        ]

    async def _import(self, _: object, dry_run: bool) -> None:
        """Say what the fields come to, or make a simulation of them and open it."""
        fields = {self.fields[n].value: path for n, path in self.arrived.arrays.items()}
        if len(fields) < len(self.fields):
            self.store.error = "Two files are said to hold the same field, expected one of each."
            return
        said = {name: control.value for name, control in self.each.items()}
        try:
            numbers = {name: number(label, said[name]) for name, label in NUMBERS.items()}
        except ValueError as error:
            self.store.error = str(error)
            return
        arguments = fields, Answers(**(said | numbers)), self.called.value, dry_run
        found = await self._done("Reading", imported, *arguments)
        if found is None:
            return
        self.store.error = ""
        words, name = found
        lines = "<br>".join(map(escape, words.strip().splitlines()))
        self.words.object = f"<small>{lines}</small>"
        if name:
            self.questions.objects = []
            self.open(name)

    def open(self, name: str) -> None:
        """Offer a simulation that was not there before, and select it."""
        self.store.select_simulation(name)

    def __panel__(self) -> pn.viewable.Viewable:
        return pn.Column(
            group("Your own data"),
            self.button,
            self.about,
            self.words,
            self.questions,
            DropAnywhere(width=0, height=0, margin=0),
            css_classes=["own-files"],
            sizing_mode="stretch_width",
            margin=(0, 18),
        )


def number(label: str, text: str) -> float | None:
    """Read an answer; None while there is none.

    Raises
    ------
    ValueError
        In one sentence, if it is no number.
    """
    try:
        return float(text) if text.strip() else None
    except ValueError:
        raise ValueError(f"{label} is {text!r}, expected a number.") from None


def row(*controls: pn.viewable.Viewable) -> pn.Row:
    """Put controls beside each other."""
    return pn.Row(*controls, sizing_mode="stretch_width", margin=0)
