"""Which of the forms that an answer can have a client gets.

https://www.rfc-editor.org/rfc/rfc9110#section-12.5.1
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

_WEIGHT = re.compile(r"q\s*=\s*(0(?:\.[0-9]{0,3})?|1(?:\.0{0,3})?)")


def choose(accept: str, offers: Sequence[str]) -> str | None:
    """The media type of ``offers`` that the Accept header likes most, of equals the first.

    None if it takes none of them. Without a header, or with an empty one, all are equal.
    """
    weights: dict[str, float] = {} if accept.strip() else {"*/*": 1.0}
    for media_range in accept.lower().split(","):
        name, *parameters = (part.strip() for part in media_range.split(";"))
        weight = next((found for part in parameters if (found := _WEIGHT.fullmatch(part))), None)
        weights[name] = float(weight[1]) if weight else 1.0
    best = max(offers, key=lambda offer: _liking(weights, offer))
    return best if _liking(weights, best) > 0 else None


def _liking(weights: dict[str, float], offer: str) -> float:
    """The weight of the most specific range that covers the media type."""
    kind = offer.partition("/")[0]
    covering = [weights[name] for name in (offer, f"{kind}/*", "*/*") if name in weights]
    return covering[0] if covering else 0.0
