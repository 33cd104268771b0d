"""The link cycle by cycle: masters, list and result stage around an array (docs/top.md)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bitsim.kernel_cache import require_cache
from bitsim.spec.link.axi4 import BusLayout
from bitsim.spec.link.registry import LINKS
from bitsim.spec.registry import home
from bitsim.trace.world import World

if TYPE_CHECKING:
    from bitsim.link.model import Link

require_cache()


def make_link(layout: BusLayout, world: World) -> Link:
    """The simulator of a link, with an array and the memory at its ports."""
    link: Link = home(LINKS[layout.bus.kind].model)(layout, world)
    return link
