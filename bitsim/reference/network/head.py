"""The output head in int8 on request, and what that changes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from bitsim.callbacks import Say
from bitsim.reference.network.network import Network
from bitsim.reference.tables import Int8Table

MOST_TOKENS = 64  # that are looked at: bounds time, and logits in memory


@dataclass(frozen=True)
class HeadChange:
    """Logits of an int8 head compared with the logits of the network's own, over some tokens.

    rms, largest  differences over the rms of the own head's logits
    moved         tokens whose largest logit is of another token id
    """

    tokens: int
    rms: float
    largest: float
    moved: int


def with_int8_head(network: Network) -> Network:
    """The network with a copy of its head in int8; all else is shared."""
    return replace(network, head=Int8Table(network.head))


def head_change(network: Network, ids: Sequence[int]) -> HeadChange:
    """Measured on the first MOST_TOKENS ids, by a network with an int8 head."""
    assert isinstance(network.head, Int8Table)
    tokens = np.array(ids[: min(MOST_TOKENS, network.spec.max_context)], np.int64)
    heads = (network.head, network.head.source)
    int8, own = (
        replace(network, head=head)
        .forward(tokens, network.empty_cache(len(tokens)), all_logits=True)
        .astype(np.float64)
        for head in heads
    )
    size = np.sqrt(np.mean(own**2))
    difference = int8 - own
    return HeadChange(
        tokens=len(tokens),
        rms=_share(np.sqrt(np.mean(difference**2)), size),
        largest=_share(np.abs(difference).max(), size),
        moved=int(np.count_nonzero(int8.argmax(axis=1) != own.argmax(axis=1))),
    )


def _share(part: np.float64, size: np.float64) -> float:
    return float(part / size) if size else 0.0  # only logits that are all 0 have no size


def tell_head(network: Network, ids: Sequence[int], say: Say) -> None:
    """If the head is in int8, `say` what that changes on these ids."""
    if not isinstance(network.head, Int8Table) or not len(ids):
        return
    change = head_change(network, ids)
    say(
        f"{network.spec.name}: int8 head, {network.head.nbytes:,} bytes: over the first "
        f"{change.tokens} tokens its logits differ from the own head's by {change.rms:.2%} rms, "
        f"{change.largest:.2%} at most (of the logits' rms); {change.moved} of {change.tokens} "
        f"have another largest logit"
    )
