"""Stores of slabs for the tests of the page."""

import asyncio

from explorer.scenes.slabs import Slabs
from explorer.store import Store


def opened(**link):
    """A store that nothing was asked of yet."""
    return Store(Slabs(), link)


def computed(**link):
    """A store that shows what its link asks for."""
    store = opened(**link)
    asyncio.run(store.refresh())
    return store
