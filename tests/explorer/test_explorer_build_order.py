"""Parts of the page that are built after the maps, and changes that give them precedence."""

import panel as pn
import param
import pytest
from bokeh.document import Document
from bokeh.models import Div
from panel.io.state import set_curdoc

from explorer.build_order import BuildOrder, after, in_one_message


class Busy(param.Parameterized):
    busy = param.String(default="")


@pytest.fixture
def session():
    """A document as it is in a session; its callbacks are called by the test."""
    document = Document()
    document._session_context = lambda: object()
    with set_curdoc(document):
        yield document
    document._session_context = None


def turn(document):
    """Let the page take its next turn; whether there was one."""
    waiting = document.session_callbacks
    for each in waiting:
        document.remove_timeout_callback(each)
        each.callback()
    return bool(waiting)


def test_without_a_browser_all_parts_are_built_at_once_and_only_once():
    built = []
    order = BuildOrder(Busy(), [lambda: built.append(1), lambda: built.append(2)])
    order.begin()
    order.begin()
    assert built == [1, 2]


def test_in_a_session_one_part_is_built_a_turn_and_none_while_it_computes(session):
    store, built = Busy(), []
    order = BuildOrder(store, [lambda n=n: built.append(n) for n in range(3)])
    order.begin()
    order.begin()
    assert built == [0]
    assert turn(session)
    assert built == [0, 1]
    store.busy = "Painting gas"
    assert turn(session)
    assert turn(session)
    assert built == [0, 1]
    store.busy = ""
    assert turn(session)
    assert built == [0, 1, 2]
    turn(session)
    assert not turn(session)


def test_what_can_wait_does_so_where_there_is_a_browser(session):
    done = []
    after(150, lambda: done.append("later"))
    assert done == []
    assert turn(session)
    assert done == ["later"]


def test_nothing_waits_without_a_browser():
    done = []
    after(150, lambda: done.append("at once"))
    assert done == ["at once"]


def test_the_browser_gets_the_changes_of_a_turn_together(monkeypatch):
    document, div, told = Document(), Div(), []
    document.add_root(div)
    document.on_change(lambda event: told.append(getattr(event, "new", None)))
    monkeypatch.setitem(pn.state._connected, document, True)

    def change():
        for text in ("reading", "painting", "painted"):
            div.text = text
        assert told == []

    with set_curdoc(document):
        in_one_message(change)
        for each in document.session_callbacks:
            each.callback()
    assert [text for text in told if text] == ["painted"]
