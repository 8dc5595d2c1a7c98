"""Run once when the server starts, before it collects its routes."""

import argparse
import gc
import logging
import sys
import threading
import traceback
from pathlib import Path
from typing import Any

import bokeh.server.tornado
from bokeh.application.handlers.lifecycle import LifecycleHandler
from bokeh.server.urls import toplevel_patterns
from panel.io.server import RootHandler

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from explorer.viewport import ViewportHandler


def refuse_more_processes(arguments: list[str]) -> None:
    """End with a sentence if the server was to run as several processes.

    The browser fetches maps from whichever process answers; only the one that painted them has
    them.

    Parameters
    ----------
    arguments : list of str
        Of the command line.
    """
    parser = argparse.ArgumentParser(add_help=False)
    parser.add_argument("--num-procs", default="1")
    found = parser.parse_known_args(arguments)[0].num_procs
    if found != "1":
        sys.exit(
            f"--num-procs is {found}, expected 1: the page keeps what it paints in its own "
            "process; for more visitors start several servers, each with a --port of its own."
        )


class Root(RootHandler):
    """The server's own address, which leads to the page: with what a link there asks for."""

    def redirect(self, url: str, permanent: bool = False, status: int | None = None) -> None:
        """Go elsewhere; what has a query of its own keeps it."""
        query = self.request.query
        asked = f"?{query}" if query and "?" not in url else ""
        super().redirect(url + asked, permanent, status)


refuse_more_processes(sys.orig_argv[1:])  # sys.argv is the app's own while this runs
toplevel_patterns.append((ViewportHandler.route, ViewportHandler))
# The server knows its root's handler by this name, as Panel told it of its own.
toplevel_patterns[0] = (r"/?", Root)
bokeh.server.tornado.RootHandler = Root  # type: ignore[misc]


LEFT = ("WebSocketClosedError", "StreamClosedError", "assert self._session is not None")
"""In tracebacks of messages to and from a page that is closed by now."""


class NobodyThere(logging.Filter):
    """Leaves out that a page was left amid a message: nothing is wrong then."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether a record is worth a line."""
        told = record.getMessage()
        if record.exc_info:
            told += "".join(traceback.format_exception(*record.exc_info))
        return not any(words in told for words in LEFT)


def leave_out_who_left() -> None:
    """Keep what is not worth a line out of the server's log, whoever writes it there."""
    handlers = [handler for name in ("", "bokeh", "panel") for handler in handlers_of(name)]
    for handler in handlers:
        handler.addFilter(NobodyThere())


def handlers_of(name: str) -> list[logging.Handler]:
    """List what writes the records of a logger; the root has one of its own if it has none."""
    found = list(logging.getLogger(name).handlers)
    return found if found or name or logging.lastResort is None else [logging.lastResort]


class Beginner(LifecycleHandler):
    """Begins with a session before its page is built.

    A function `on_session_created` in this file would not be waited for.
    """

    async def on_session_created(self, session_context: Any) -> None:
        """Read what the visitor's link asks for."""
        from explorer import app

        await app.begin(session_context)


def on_server_loaded(server_context: Any) -> None:
    """Compile and import in the background what the first visitor would wait for."""
    leave_out_who_left()
    server_context.application_context.application.add(Beginner())
    threading.Thread(target=warm_up, name="warm-up", daemon=True).start()


def warm_up() -> None:
    """Import the page, load the first emulator and compile the down-sampling."""
    from explorer import app, viewport

    viewport.warm_up()
    app.warm_up()
    # Modules and what is warm by now stay; to look through them for garbage, as happens when a
    # page is closed, holds all others up.
    gc.collect()
    gc.freeze()
