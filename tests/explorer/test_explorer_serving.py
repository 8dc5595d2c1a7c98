"""How the server is started: as one process, or not at all."""

import asyncio
import logging
import subprocess
import sys
from pathlib import Path

import pytest
from bokeh.application import Application
from bokeh.server.tornado import BokehTornado
from tornado.httpclient import AsyncHTTPClient
from tornado.httpserver import HTTPServer
from tornado.iostream import StreamClosedError
from tornado.netutil import bind_sockets
from tornado.websocket import WebSocketClosedError

from explorer import app_hooks

ROOT = Path(__file__).parents[2]


def record_of(error):
    try:
        raise error
    except type(error):
        return logging.LogRecord("tornado", logging.ERROR, "", 0, "failed", (), sys.exc_info())


def test_the_log_has_no_line_for_who_left_and_one_for_what_went_wrong(monkeypatch):
    written = []
    handler = logging.Handler()
    handler.emit = written.append
    monkeypatch.setattr(logging.getLogger(), "handlers", [handler])
    app_hooks.leave_out_who_left()
    for error in (WebSocketClosedError(), StreamClosedError(), KeyError("truth")):
        handler.handle(record_of(error))
    assert [record.exc_info[0] for record in written] == [KeyError]


@pytest.mark.parametrize("processes", ["2", "0"])
def test_more_than_one_process_is_refused_in_a_sentence(processes):
    started = subprocess.run(
        [sys.executable, "-m", "explorer", "--port", "0", f"--num-procs={processes}"],
        cwd=ROOT, capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip
    assert started.returncode == 1
    assert f"--num-procs is {processes}, expected 1: the page keeps" in started.stderr
    assert "Traceback" not in started.stderr
    assert "Bokeh app running" not in started.stderr


@pytest.mark.parametrize(
    ("asked", "given"),
    [("/?scene=volumes&axis=y", "./explorer?scene=volumes&axis=y"), ("/", "./explorer")],
)
def test_the_servers_root_leads_to_what_a_link_asks_for(asked, given):
    async def location():
        server = HTTPServer(BokehTornado({"/explorer": Application()}))
        (socket,) = bind_sockets(0, "127.0.0.1")
        server.add_socket(socket)
        address = f"http://127.0.0.1:{socket.getsockname()[1]}{asked}"
        fetch = AsyncHTTPClient().fetch
        answer = await fetch(address, follow_redirects=False, raise_error=False)
        server.stop()
        return answer.headers["Location"]

    assert asyncio.run(location()) == given
