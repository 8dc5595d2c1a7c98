"""The real server and a real Chromium; whatever goes wrong in either fails the test."""

import os
import re
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

import engine
from engine.formats.maps import SlabLayout, create_maps
from engine.formats.simulation_file import SimulationHeader, new_simulation_file

ROOT = Path(__file__).resolve().parents[2]
CHROMIUM = Path("/usr/bin/chromium")
START = 900  # seconds a server may take to come up
SETTLE = 240_000  # milliseconds a busy machine may take to send the page, or to paint

expect.set_options(timeout=SETTLE)

SHOWN = """() => {
  for (const model of window.Bokeh?.documents[0]?.all_models ?? []) {
    if (model.name != "maps" || !model.type.endsWith("MapState") || model.fetching == null) continue
    const {drawn, flying, waiting, tokens} = model.fetching
    const settled = flying == 0 && !waiting && tokens == model.tokens.join()
    return settled && Bokeh.documents[0].is_idle ? drawn : 0
  }
  return 0
}"""
"""Number of the answer on show; 0 while another is under way."""

WINDOWS = """() => {
  const maps = []
  for (const model of Bokeh.documents[0].all_models) {
    if (model.type != "Figure" || !["input", "truth", "prediction"].includes(model.name)) continue
    const {data, tags} = model.renderers[0].data_source
    maps.push({
      name: model.name, x: data.x[0], y: data.y[0], dw: data.dw[0], dh: data.dh[0],
      shown: tags.length > 0, pixels: data.image[0].length,
      mean: data.image[0].reduce((sum, dex) => sum + dex, 0) / data.image[0].length,
      low: model.renderers[0].glyph.color_mapper.low,
      high: model.renderers[0].glyph.color_mapper.high,
      start: model.x_range.start, end: model.x_range.end, note: model.center
        .filter(({type, text}) => type == "Label" && text != "").map(({text}) => text).join(),
    })
  }
  return Object.fromEntries(maps.map((map) => [map.name, map]))
}"""
"""What each map draws, and where."""

FETCHED = """() => Bokeh.documents[0].is_idle && Array.from(Bokeh.documents[0].all_models)
  .filter(({fetching, tokens}) => fetching != null && tokens.some((token) => token != ""))
  .every(({fetching, tokens}) =>
    fetching.flying == 0 && !fetching.waiting && fetching.tokens == tokens.join())"""
"""Whether all maps are on show that the server has told of; those that it took back aren't."""

FIND = """(name) => {
  const find = (root) => {
    for (const element of root.querySelectorAll("*")) {
      if (element.matches(name)) return element
      const found = element.shadowRoot && find(element.shadowRoot)
      if (found) return found
    }
  }
  return find(document)
}"""
"""The first element that a selector matches, wherever it lies on the page."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.browser)
            # A starved browser drops what it should not; what is wrong fails each time.
            item.add_marker(pytest.mark.flaky(reruns=2))


@pytest.fixture(scope="session", autouse=True)
def chromium() -> None:
    """Skip where there is no browser, except where there must be one."""
    if CHROMIUM.exists():
        return
    reason = f"there is no {CHROMIUM}; install Debian's chromium"
    if os.environ.get("CI") == "true":
        pytest.fail(reason)
    pytest.skip(reason)


@pytest.fixture(scope="session")
def browser_type_launch_args() -> dict[str, Any]:
    flags = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
    return {"executable_path": str(CHROMIUM), "args": flags}


@pytest.fixture(scope="session")
def browser_context_args() -> dict[str, Any]:
    return {"viewport": {"width": 1440, "height": 900}, "reduced_motion": "reduce"}


@pytest.fixture(scope="session")
def data_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A user's folder: a dark-matter-only simulation, and a file that is none."""
    folder = tmp_path_factory.mktemp("data")
    simulations = folder / "simulations"
    simulations.mkdir()
    source = engine.open_simulation("hydro11-z2")
    header = SimulationHeader(
        name="zz-dark-only",
        box_size=source.box_size,
        redshift=source.redshift,
        cosmology=source.cosmology,
        code=source.code,
        provenance="the dark-matter-only twin of hydro11-z2",
    )
    layout = SlabLayout(source.box_size, source.pixels, 2)
    with new_simulation_file(simulations / "zz-dark-only.hdf5", header) as file:
        maps = create_maps(file, layout, ("dmo", "HR", "ds", "z"), 96**3, "copied")
        for index in range(2):
            maps[index] = source.slab("dmo", index=index).values
    (simulations / "zz-broken.hdf5").write_bytes(b"not a slab file")
    return folder


class Server:
    """A running server and what it wrote."""

    def __init__(self, command: list[str], folder: Path, data: Path) -> None:
        environment = os.environ | {"BARYON_EXPLORER_DATA": str(data), "PYTHONUNBUFFERED": "1"}
        environment.pop("PYTHONPATH", None)
        self.log: list[str] = []
        self._up = threading.Event()
        self.process = subprocess.Popen(
            command,
            cwd=folder,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self._reader = threading.Thread(target=self._read)
        self._reader.start()
        self._up.wait(START)
        found = re.search(r"running at: (\S+)", "".join(self.log))
        if found is None:
            self.stop()  # or its reader would keep the tests from ending
            pytest.fail(f"{' '.join(command)} did not come up in {START} s:\n{''.join(self.log)}")
        self.address = found[1]

    def _read(self) -> None:
        for line in self.process.stdout:
            self.log.append(line)
            if "running at: " in line:
                self._up.set()
        self._up.set()  # it ended; nobody need wait for it

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait()
        self._reader.join()
        self.process.stdout.close()

    def failures(self) -> str:
        """What went wrong, as the log tells."""
        records = re.split(r"(?m)^(?=\d{4}-\d\d-\d\d )", "".join(self.log))
        wrong = [record for record in records if "Traceback" in record or "ERROR" in record]
        return "".join(wrong)


@pytest.fixture(scope="session")
def serve(data_folder: Path) -> Iterator[Callable[..., Server]]:
    """Start the page with a command line; the same one is started once."""
    servers: dict[tuple[Any, ...], Server] = {}

    def start(*command: str, folder: Path = ROOT) -> Server:
        key = (command, folder)
        if key not in servers:
            words = [sys.executable, "-m", *command, "--port", "0"]
            servers[key] = Server(words, folder, data_folder)
        return servers[key]

    yield start
    for server in servers.values():
        server.stop()


class Visit:
    """A visitor's page, and everything that must not happen on it."""

    def __init__(self, page: Page, server: Server) -> None:
        self.page = page
        self.server = server
        self.wrong: list[str] = []
        self.viewports: list[str] = []
        page.set_default_timeout(SETTLE)
        page.set_default_navigation_timeout(SETTLE)
        page.on("console", self._console)
        page.on("pageerror", lambda error: self.wrong.append(f"page error: {error}"))
        page.on("requestfailed", self._failed)
        page.on("request", self._request)
        page.on("response", self._response)

    def _console(self, message: Any) -> None:
        if message.type == "error" or "nonexistent field" in message.text:
            self.wrong.append(f"console: {message.text}")

    def _failed(self, request: Any) -> None:
        # A page that is left for the next one drops what it had asked for.
        if request.failure != "net::ERR_ABORTED":
            self.wrong.append(f"failed: {request.url}: {request.failure}")

    def _request(self, request: Any) -> None:
        if "/viewport?" in request.url:
            self.viewports.append(request.url)
        if not request.url.startswith((self.origin, "data:", "blob:")):
            self.wrong.append(f"outside request: {request.url}")

    def _response(self, response: Any) -> None:
        if response.status >= 400:
            self.wrong.append(f"{response.status}: {response.url}")

    @property
    def origin(self) -> str:
        return "/".join(self.server.address.split("/")[:3])

    def open(self, query: str = "") -> "Visit":
        self.page.goto(self.server.address + query)
        self.settle()
        return self

    def settle(self, after: int = 0) -> int:
        """Wait until maps newer than `after` are on show; the number of their answer."""
        self.page.wait_for_function(f"() => ({SHOWN})() > {after}")
        return self.shown()

    def rest(self) -> None:
        """Wait until nothing is computed or fetched any more, and has not been for a moment.

        Before a drag, whose place a late card would move, before requests are counted, and
        before the page is left.
        """
        for _ in range(3):
            self.page.wait_for_timeout(700)
            expect(self.page.locator(".running")).to_have_count(0)
            self.page.wait_for_function(FETCHED)

    def until(self, true: Callable[[], Any]) -> None:
        """Wait until something is true of the page, however long a busy machine takes."""
        end = time.monotonic() + SETTLE / 1000
        while not true():
            assert time.monotonic() < end, f"it did not become true in {SETTLE} ms"
            self.page.wait_for_timeout(100)

    def shown(self) -> int:
        return self.page.evaluate(SHOWN)

    def maps(self) -> dict[str, dict[str, Any]]:
        return self.page.evaluate(WINDOWS)

    def figure(self, name: str) -> Locator:
        return self.page.locator(f".map-{name} .bk-Figure")

    def press(self, key: str, slider: str, handle: int = 0, times: int = 1) -> None:
        """Move a slider by its keys."""
        self.page.get_by_role("slider", name=slider).nth(handle).focus()
        for _ in range(times):
            self.page.keyboard.press(key)

    def painted(self) -> None:
        """Wait until the prediction is there too, and all that is built after the maps."""
        self.page.wait_for_function(f"() => ({SHOWN})() > 0 && ({WINDOWS})().prediction.shown")
        self.page.get_by_text("Masses and geometry", exact=True).wait_for()


@pytest.fixture
def visit(page: Page) -> Iterator[Callable[..., Visit]]:
    """Open pages of servers; at the end nothing may have gone wrong on any of them."""
    visits: list[Visit] = []

    def begin(server: Server) -> Visit:
        visits.append(Visit(page, server))
        return visits[-1]

    yield begin
    for each in visits:
        assert each.wrong == []
        assert each.server.failures() == ""


@pytest.fixture
def explorer(serve: Callable[..., Server], visit: Callable[..., Visit]) -> Visit:
    """A visit, not begun yet, of the page as the README starts it."""
    return visit(serve("panel", "serve", "explorer"))
