"""Run once when the server starts, before it collects its routes."""

import sys
import threading
from pathlib import Path

from bokeh.server.urls import toplevel_patterns

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from explorer.viewport import ViewportHandler

toplevel_patterns.append((ViewportHandler.route, ViewportHandler))


def on_server_loaded(server_context: object) -> None:  # noqa: ARG001 (Bokeh's name)
    """Compile and import in the background what the first visitor would wait for."""
    threading.Thread(target=warm_up, name="warm-up", daemon=True).start()


def warm_up() -> None:
    """Import the page, load the first emulator and compile the down-sampling."""
    from explorer import app, viewport

    viewport.warm_up()
    app.warm_up()
