"""Noise that belongs to an instant: the same (seed, channel, tick) always gives the same number.

A counter-based generator (Philox) is keyed by seed and channel and its counter is the tick, so that a second
reader, or none, cannot shift anybody's sequence.
"""

import hashlib

import numpy as np

_BLOCK = 4096  # numbers made at once; a choice of speed only, part of the definition of the sequence


class WhiteNoise:
    """Independent standard normal numbers, one for each tick of one channel."""

    def __init__(self, seed: int, channel: str) -> None:
        digest = hashlib.blake2b(f"{seed}/{channel}".encode(), digest_size=16).digest()
        self._key = int.from_bytes(digest, "little")
        self._block = -1
        self._values: list[float] = []

    def at(self, tick: int) -> float:
        """The number of this tick (tick >= 0)."""
        block, index = divmod(tick, _BLOCK)
        if block != self._block:
            generator = np.random.Generator(np.random.Philox(key=self._key, counter=block << 64))
            self._values = generator.standard_normal(_BLOCK).tolist()
            self._block = block
        return self._values[index]
