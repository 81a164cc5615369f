"""The personal memory: the person's own word sequences, answering in microseconds.

An interpolated word n-gram model with Witten-Bell smoothing (Bell, Cleary & Witten, Text Compression, 1990;
orders 0 to 3) over white-space chunks.  Smart Compose (arXiv 1906.00080) mixes such a model with the neural one
per user; here it also answers alone, before the model has been asked.  It learns the person's own words only:
never other people's text, and never machine text that was taken unchanged.
"""

from __future__ import annotations

import re
import threading
from bisect import bisect_left, insort
from collections import Counter, defaultdict
from collections.abc import Iterable

from ownhand.domain.completion import Candidate, is_sensitive
from ownhand.domain.masking import MASK

ORDER = 3
WHOLE_WORD = 0.3
"""How likely what is begun goes on, where it is a word of its own already: "meet" is mostly not "meeting" to be."""
START = "\x02"


def chunks(text: str) -> list[str]:
    """Words with their punctuation, and runs of line breaks."""
    return re.findall(r"\n+|\S+", text)


class Memory:
    """Counts of the person's chunks after up to three chunks of context.

    Safe from several threads: it answers keystrokes while the history is still being read.
    """

    def __init__(self) -> None:
        self._after: list[dict[tuple[str, ...], Counter[str]]] = [defaultdict(Counter) for _ in range(ORDER + 1)]
        self._totals: list[Counter[tuple[str, ...]]] = [Counter() for _ in range(ORDER + 1)]
        self._vocabulary: list[str] = []
        self._stale = False
        self._lock = threading.Lock()

    @property
    def size(self) -> int:
        """Chunks learned."""
        return self._totals[0][()]

    def add(self, text: str, count: int = 1) -> None:
        """Learn a text of the person's own; a negative count forgets it again."""
        sequence = [START] * ORDER + [MASK if is_sensitive(chunk) else chunk for chunk in chunks(text)]
        with self._lock:
            self._count(sequence, count)

    def _count(self, sequence: list[str], count: int) -> None:
        for index in range(ORDER, len(sequence)):
            chunk = sequence[index]
            if chunk == MASK:  # nothing leads to it, and what follows it follows nothing else
                continue
            for order in range(ORDER + 1):
                context = tuple(sequence[index - order : index])
                followers = self._after[order][context]
                if not order and chunk not in followers:
                    self._stale = True
                followers[chunk] += count
                self._totals[order][context] += count
                if followers[chunk] <= 0:
                    del followers[chunk]
                    self._stale = self._stale or not order

    def add_all(self, texts: Iterable[str]) -> None:
        """Learn many texts."""
        for text in texts:
            self.add(text)

    def know(self, word: str) -> None:
        """Make one word completable without a context: a name from the draft's own recipients, say."""
        with self._lock:
            if word not in self._after[0][()]:
                self._after[0][()][word] += 1
                self._totals[0][()] += 1
                insort(self._sorted(), word)

    def knows(self, word: str) -> bool:
        """Whether the person has written this word more than once (punctuation around it aside)."""
        known = self._after[0].get((), Counter())
        return sum(known.get(word + mark, 0) for mark in ("", ",", ".")) > 1

    def complete(self, prefix: str, max_words: int = 4, floor: float = 0.08) -> Candidate | None:
        """The likeliest continuation of a text, extended word by word while it stays likelier than `floor`."""
        if not self.size:
            return None
        tail = prefix[-400:]
        partial = re.search(r"\S*$", tail)
        part = partial.group(0) if partial else ""
        before = chunks(tail[: len(tail) - len(part)])
        opening = [START] * ORDER if len(prefix) <= 400 else []
        history = tuple(opening + before)[-ORDER:]
        steps: list[str] = []
        cumulative: list[float] = []
        probability = 1.0
        for index in range(max_words):
            with self._lock:
                chunk, chance = self._best(history, part)
            probability *= chance
            if not chunk or probability < floor:
                break
            step = chunk[len(part) :]
            if index and not chunk.startswith("\n") and not steps[-1].endswith("\n"):
                step = " " + step
            elif chunk.startswith("\n") and not index and not prefix.strip():
                break
            steps.append(step)
            cumulative.append(probability)
            history = (*history, chunk)[-ORDER:]
            part = ""
        return Candidate(tuple(steps), tuple(cumulative), "memory") if steps else None

    def probability(self, chunk: str, history: tuple[str, ...]) -> float:
        """Interpolated probability of a chunk after a history, in (0, 1)."""
        chance = 1e-7
        for order in range(ORDER + 1):
            context = history[len(history) - order :] if order else ()
            total = self._totals[order].get(context, 0)
            if not total:
                break
            followers = self._after[order][context]
            kinds = len(followers)
            chance = (followers.get(chunk, 0) + kinds * chance) / (total + kinds)
        return chance

    def _best(self, history: tuple[str, ...], part: str) -> tuple[str, float]:
        candidates: set[str] = set()
        for order in range(ORDER, 0, -1):
            followers = self._after[order].get(history[len(history) - order :])
            if followers:
                fitting = [chunk for chunk in followers if chunk.startswith(part) and chunk != part]
                candidates.update(sorted(fitting, key=lambda chunk: -followers[chunk])[:8])
        if part and len(candidates) < 3:
            known = self._after[0][()]
            fitting = [chunk for chunk in self._starting_with(part) if chunk != part]
            candidates.update(sorted(fitting, key=lambda chunk: -known[chunk])[:4])
        if not candidates:
            return "", 0.0
        mass = self._mass(part, history)
        chance, chunk = max((self.probability(chunk, history), chunk) for chunk in candidates)
        doubt = WHOLE_WORD if part in self._after[0][()] else 1.0
        return chunk, doubt * min(1.0, chance / mass)

    def _mass(self, part: str, history: tuple[str, ...]) -> float:
        """Probability that the next chunk begins with `part`."""
        if not part:
            return 1.0
        known = self._after[0][()]
        words = self._starting_with(part)
        mass = 1e-6
        for order in range(ORDER + 1):
            context = history[len(history) - order :] if order else ()
            total = self._totals[order].get(context, 0)
            if not total:
                break
            followers = self._after[order][context]
            matching = (
                sum(count for chunk, count in followers.items() if chunk.startswith(part))
                if order
                else sum(known[word] for word in words)
            )
            kinds = len(followers)
            mass = (matching + kinds * mass) / (total + kinds)
        return max(mass, 1e-9)

    def _sorted(self) -> list[str]:
        if self._stale or not self._vocabulary:
            self._vocabulary = sorted(self._after[0][()])
            self._stale = False
        return self._vocabulary

    def _starting_with(self, part: str) -> list[str]:
        ordered = self._sorted()
        index = bisect_left(ordered, part)
        found: list[str] = []
        while index < len(ordered) and ordered[index].startswith(part):
            found.append(ordered[index])
            index += 1
        return found
