"""A person types for as long as it takes while everything behind the window is broken, again and again.

`Soak` does it in this process over the real vault, engine and recall, with faults and moments drawn from one seed.
"""

from __future__ import annotations

import contextlib
import os
import random
import shutil
import signal
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import psutil
from PySide6.QtTest import QTest

from helpers.faults import FAULTS, Fault, Target
from helpers.person import Person, child_workers
from ownhand import paths
from ownhand.adapters.worker.client import Supervision
from ownhand.domain.inference import Generate, Lane
from ownhand.domain.suggestion import Failed, Finished, Stopped, SuggestionEvent, SuggestionRequest
from ownhand.errors import OwnhandError

FOR_EVER = Supervision(deaths=1_000_000, pauses=(0.0, 0.0, 0.05), patience=2.0)
"""Workers are started again however often they die, and hung ones are found soon: a soak would end after three."""
PATIENCE_S = 90.0
"""No request may be open for longer than this, whatever happens to it."""
WORDS = (
    "the committee met on Monday and talked about the budget for next year because several members had asked for more "
    "time to read the report that was sent last week by the office in the old town hall near the river"
).split()
ON_ONE_PAGE = 25
"""Faults before the typist begins another draft."""
ENGINE = tuple(fault for fault in FAULTS if fault.name != "three deaths")


@dataclass
class Request:
    """Something that was asked for and has to end."""

    what: str
    since: float = field(default_factory=time.monotonic)
    ended: threading.Event = field(default_factory=threading.Event)
    result: str = ""


@dataclass
class Figures:
    """What a soak found."""

    faults: Counter[str] = field(default_factory=Counter)
    requests: Counter[str] = field(default_factory=Counter)
    served_after_s: list[float] = field(default_factory=list)
    characters: int = 0
    drafts: int = 0
    lost: list[str] = field(default_factory=list)
    stuck: list[str] = field(default_factory=list)
    left_behind: list[str] = field(default_factory=list)
    seconds: float = 0.0

    def text(self) -> str:
        """The figures in a few lines."""
        times = sorted(self.served_after_s)
        return "\n".join(
            (
                f"{sum(self.faults.values())} faults in {self.seconds:.0f} s: {dict(self.faults.most_common())}",
                f"typed {self.characters} characters into {self.drafts} drafts, {len(self.lost)} drafts differ",
                f"asked beside: {dict(self.requests.most_common())}, {len(self.stuck)} never ended {self.stuck[:3]}",
                f"served again after {times[len(times) // 2]:.2f} s (median), {times[-1]:.2f} s (longest)",
                f"processes left behind: {len(self.left_behind)} {self.left_behind[:3]}",
            )
        )


class Soak:
    """Breaks things behind one person's window."""

    def __init__(self, robin: Person, folder: Path, seed: int) -> None:
        self._robin = robin
        self._folder = folder
        self._random = random.Random(seed)
        self._requests: list[Request] = []
        self._models = 0
        self._expected: dict[str, str] = {}
        self.figures = Figures()

    def run(self, count: int) -> Figures:
        """Let `count` faults happen; what came of it.  The window is open afterwards, and served."""
        began = time.monotonic()
        self._add_model()
        self._new_page()
        while (struck := sum(self.figures.faults.values())) < count:
            self._wait_until_served()
            self._one_fault()
            self.figures.seconds = time.monotonic() - began
            if sum(self.figures.faults.values()) // ON_ONE_PAGE > struck // ON_ONE_PAGE:
                self._new_page()
                print(self.figures.text(), flush=True)
        self._wait_until_served()
        self._settle()
        self.figures.seconds = time.monotonic() - began
        return self.figures

    # -- the typist

    def _new_page(self) -> None:
        self._finish_page()
        self._robin.new_email("Dana Li <dana.li@brightwater.example>", f"Draft {len(self._expected) + 1}")
        self._expected[self._draft] = ""
        self._type("Hi Dana,\n\n")

    @property
    def _draft(self) -> str:
        return self._robin.window.session.draft().id

    def _type(self, text: str) -> None:
        self._robin.write(text)
        self._expected[self._draft] += text
        self.figures.characters += len(text)

    def _words(self, count: int) -> str:
        return "".join(self._random.choice(WORDS) + " " for _ in range(count))

    def _finish_page(self) -> None:
        if self._expected:
            if self._robin.page != self._expected[self._draft]:
                self.figures.lost.append("on the page")
            self._robin.wait_until_saved()

    # -- the faults

    def _one_fault(self) -> None:
        target = Target(self._robin.app.engines.any(), self._model)  # type: ignore[arg-type]
        at_recall = self._random.random() < 0.2
        fault = self._random.choice(ENGINE)
        for _ in range(self._random.randrange(3)):
            self._ask_something()
        delay = self._random.choice((0.0, 0.02, 0.1, 0.3))
        strike = self._strike_recall if at_recall else lambda: self._strike(fault, target)
        timer = threading.Timer(delay, strike)
        timer.start()
        self._type(self._words(self._random.randrange(2, 5)))
        timer.join()
        if not self._model.exists() or self._model.stat().st_size != paths.builtin_model().stat().st_size:
            self._type(self._words(1))
            self._add_model()

    def _strike(self, fault: Fault, target: Target) -> None:
        try:
            fault.strike(target)
        except (AssertionError, OSError, psutil.Error):  # it was just dead, or starting: as good a moment as any
            return
        self.figures.faults[fault.name] += 1

    def _strike_recall(self) -> None:
        pids = child_workers("recall")
        number = self._random.choice((signal.SIGKILL, signal.SIGSEGV, signal.SIGSTOP))
        with contextlib.suppress(IndexError, ProcessLookupError):  # it was just dead
            os.kill(pids[0], number)
            self.figures.faults[f"recall: {number.name}"] += 1

    def _add_model(self) -> None:
        """Another file as the person's model, in place of one that was harmed."""
        self._models += 1
        self._model = self._folder / f"model-{self._models}.gguf"
        shutil.copy(paths.builtin_model(), self._model)
        for role in ("completion", "suggestion"):
            self._robin.app.models.choose(role, self._model)
        if self._models > 1:
            (self._folder / f"model-{self._models - 1}.gguf").unlink(missing_ok=True)

    # -- requests beside the typing

    def _ask_something(self) -> None:
        app, text = self._robin.app, self._words(30)
        asked: dict[str, Callable[[], object]] = {
            "score": lambda: app.engines.suggestion.score("", text),
            "count": lambda: app.engines.completion.count_tokens(text),
            "generate": lambda: list(
                app.engines.suggestion.generate(Generate(Lane.SUGGESTION, text=text, max_tokens=60))
            ),
            "embed": lambda: app.recall.embed([text] * 4),
            "search": lambda: app.library.search("budget report"),
        }
        what = self._random.choice((*asked, "draft"))
        request = Request(what)
        self._requests.append(request)
        self.figures.requests[what] += 1
        if what == "draft":
            app.drafting.start(
                SuggestionRequest("draft", text=self._words(8)), lambda event: self._drafted(request, event)
            )
        else:
            threading.Thread(target=self._ask, args=(request, asked[what]), daemon=True).start()

    @staticmethod
    def _ask(request: Request, work: Callable[[], object]) -> None:
        try:
            work()
            request.result = "answered"
        except OwnhandError as error:
            request.result = type(error).__name__
        except Exception as error:  # told as what it is: a fault of ours
            request.result = f"FAULT {error!r}"
        request.ended.set()

    @staticmethod
    def _drafted(request: Request, event: SuggestionEvent) -> None:
        if isinstance(event, (Finished, Failed, Stopped)):
            request.result = type(event).__name__
            request.ended.set()

    # -- what must hold

    def _wait_until_served(self) -> None:
        """Type on until the model answers again."""
        began = time.monotonic()
        words = iter(lambda: self._words(1), "")
        typed = self._robin.write_until_the_model_answers(words)
        self._expected[self._draft] += typed
        self.figures.characters += len(typed)
        self.figures.served_after_s.append(time.monotonic() - began)

    def _settle(self) -> None:
        """Everything that was asked for ends, and every draft is in the vault as it was typed."""
        for request in self._requests:
            left = PATIENCE_S - (time.monotonic() - request.since)
            while not request.ended.is_set() and left > 0:
                QTest.qWait(50)
                left -= 0.05
            if not request.ended.is_set() or request.result.startswith("FAULT"):
                self.figures.stuck.append(f"{request.what}: {request.result or 'open'}")
        self._finish_page()
        self.figures.drafts = len(self._expected)
        for draft_id, text in self._expected.items():
            stored = self._robin.app.library.draft(draft_id)
            if stored is None or stored.text != text:
                self.figures.lost.append(draft_id)
