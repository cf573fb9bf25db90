"""Parts of a plan that several runs share: stable, disjoint, and together the whole.

Which part an endpoint belongs to follows from its own name alone, so that it does not matter in which order, or when,
each run learns of it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from hashlib import sha256

_FORM = re.compile(r"(\d{1,4})/(\d{1,4})")


@dataclass(frozen=True)
class Shard:
    """Part ``number`` (from 1) of ``of``."""

    number: int
    of: int

    @classmethod
    def parse(cls, text: str) -> Shard:
        """Return the shard that *text* names.

        >>> Shard.parse("2/5")
        Shard(number=2, of=5)

        Raises:
            ValueError: it names none.
        """
        match = _FORM.fullmatch(text)
        shard = cls(int(match[1]), int(match[2])) if match else None
        if shard is None or not 1 <= shard.number <= shard.of:
            raise ValueError(f"{text!r} is no part of a plan, such as 2/5 (the second of five)")
        return shard

    def __str__(self) -> str:
        return f"{self.number}/{self.of}"

    def takes(self, name: str) -> bool:
        """Tell whether the endpoint whose raw file is called *name* is in this part."""
        return int.from_bytes(sha256(name.encode()).digest()[:8]) % self.of == self.number - 1


def folder_name(spider: str, shard: Shard | None) -> str:
    """Return the name of the folder of versions: parts are kept apart from what is whole."""
    return f"{spider}-shard-{shard.number}-of-{shard.of}" if shard else spider
