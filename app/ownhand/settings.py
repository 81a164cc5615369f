"""Every setting, declared once.  From a row here come loading, validation, the dialog's row and its help text."""

from __future__ import annotations

import difflib
import json
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar, cast

from ownhand.domain.personalize import LAYERS
from ownhand.errors import BadInput

T = TypeVar("T", bool, int, str)


@dataclass(frozen=True, slots=True)
class Setting(Generic[T]):
    """One choice of the person.  `choices` for texts, `low`..`high` for numbers."""

    key: str
    default: T
    label: str
    help: str
    group: str
    choices: tuple[str, ...] = ()
    low: int = 0
    high: int = 0

    def check(self, value: object) -> T:
        """The value if it is a legal one.  Raises BadInput that names what is legal."""
        if isinstance(self.default, bool):
            if isinstance(value, bool):
                return value
            raise BadInput(f"{self.label} is either on or off.")
        if isinstance(self.default, int):
            if isinstance(value, int) and not isinstance(value, bool) and self.low <= value <= self.high:
                return value
            raise BadInput(f"{self.label} must be a number from {self.low} to {self.high}.")
        if isinstance(value, str) and (not self.choices or value in self.choices):
            return value
        raise BadInput(f"{self.label} must be one of: {', '.join(self.choices)}.")


WRITING, PERSONAL, APPEARANCE, ADVANCED = "Writing", "Personal model", "Appearance", "Advanced"

COMPLETIONS = Setting("completions", True, "Suggest while I type", "Grey text after the caret; Tab takes it.", WRITING)
MAX_WORDS = Setting(
    "completions.max_words", 8, "Words per completion", "Longer ones are right less often.", WRITING, low=1, high=12
)
STRENGTH = Setting("strength", 100, "How much it writes like you", "0 is the plain model.", WRITING, low=0, high=100)
SENSITIVE = Setting(
    "mask_sensitive",
    True,
    "Never suggest numbers and passwords",
    "Telephone, card and account numbers and passwords in your history are kept from the model.",
    WRITING,
)
LEARN = Setting("learn", True, "Learn from my changes", "Off keeps what was learned and adds nothing.", WRITING)
TAKES_PART: dict[str, Setting[bool]] = {
    layer.id: Setting(f"layer.{layer.id}", True, layer.label, layer.help, PERSONAL) for layer in LAYERS
}
"""By layer of the personal model, whether it takes part."""
NAME = Setting("name", "", "Your name", "How drafts are signed where nothing else is known.", WRITING)
THEME = Setting(
    "theme",
    "system",
    "Appearance",
    "Follow the system, or always light or dark.",
    APPEARANCE,
    choices=("system", "light", "dark"),
)
FONT_SIZE = Setting("font_size", 13, "Text size", "Of the editor, in points.", APPEARANCE, low=9, high=28)
THREADS = Setting("threads", 0, "Processor threads", "0 lets Ownhand choose.", ADVANCED, low=0, high=64)
GPU_LAYERS = Setting(
    "gpu_layers",
    -1,
    "Layers on the GPU",
    "-1 puts there what fits, 0 uses no GPU. Needs a build for it: make run GPU=cuda, vulkan or metal.",
    ADVANCED,
    low=-1,
    high=999,
)
REST_MINUTES = Setting(
    "model.rest_minutes",
    15,
    "Free the model's memory after",
    "Minutes without typing; the next key loads it again, in a moment. 0 keeps it.",
    ADVANCED,
    low=0,
    high=600,
)
LOCK_MINUTES = Setting(
    "lock.minutes",
    60,
    "Lock after",
    "Minutes without a key or the mouse. The key and your text leave memory until you open the vault again. 0: never.",
    ADVANCED,
    low=0,
    high=1440,
)
LOCK_ON_SLEEP = Setting(
    "lock.on_sleep",
    True,
    "Lock when the computer sleeps",
    "So that neither the key nor your text is in the memory of a sleeping or hibernating computer.",
    ADVANCED,
)
COMPLETION_MODEL = Setting("model.completion", "", "Model for completions", "Empty means the built-in one.", ADVANCED)
SUGGESTION_MODEL = Setting("model.suggestion", "", "Model for suggestions", "Empty means the built-in one.", ADVANCED)
WELCOMED = Setting("welcomed", False, "First run finished", "Shows the welcome again when switched off.", ADVANCED)

SETTINGS: tuple[Setting[bool] | Setting[int] | Setting[str], ...] = (
    COMPLETIONS, MAX_WORDS, STRENGTH, SENSITIVE, LEARN, NAME, THEME, FONT_SIZE, THREADS, GPU_LAYERS,
    REST_MINUTES, LOCK_MINUTES, LOCK_ON_SLEEP, COMPLETION_MODEL, SUGGESTION_MODEL, WELCOMED, *TAKES_PART.values(),
)  # fmt: skip


class Shelf(Protocol):
    """Where settings rest: the vault."""

    def setting(self, key: str) -> str | None: ...
    def set_setting(self, key: str, value: str | None) -> None: ...


class Settings:
    """The person's choices, read once and written through.  Safe from any thread."""

    def __init__(self, shelf: Shelf) -> None:
        self._shelf = shelf
        self._lock = threading.Lock()
        self._values: dict[str, bool | int | str] = {}
        self._listeners: list[Callable[[str], None]] = []
        self._values = self._read()

    def _read(self) -> dict[str, bool | int | str]:
        stored = {row: self._shelf.setting(row.key) for row in SETTINGS}
        return {row.key: self._revive(row, text) for row, text in stored.items() if text is not None}

    def reload(self) -> None:
        """What is stored was changed by others: read it, and announce what is different."""
        with self._lock:
            before, self._values = self._values, self._read()
            changed = [row.key for row in SETTINGS if before.get(row.key) != self._values.get(row.key)]
        for key in changed:
            for listener in list(self._listeners):
                listener(key)

    @staticmethod
    def _revive(row: Setting[bool] | Setting[int] | Setting[str], stored: str) -> bool | int | str:
        """A stored value, or the default where an older version allowed what is no longer legal."""
        try:
            return row.check(json.loads(stored))
        except (BadInput, ValueError):
            return row.default

    def get(self, row: Setting[T]) -> T:
        """The value in force."""
        with self._lock:
            return cast("T", self._values.get(row.key, row.default))

    def set(self, row: Setting[T], value: T) -> None:
        """Check, store and announce a value.  Raises BadInput."""
        checked = row.check(value)
        self._shelf.set_setting(row.key, json.dumps(checked))
        with self._lock:
            self._values[row.key] = checked
        for listener in list(self._listeners):
            listener(row.key)

    def listen(self, listener: Callable[[str], None]) -> None:
        """Be told the key of every setting that changes."""
        self._listeners.append(listener)


def by_key(key: str) -> Setting[bool] | Setting[int] | Setting[str]:
    """The setting of that key.  Raises BadInput that names the nearest one."""
    for row in SETTINGS:
        if row.key == key:
            return row
    near = difflib.get_close_matches(key, [row.key for row in SETTINGS], 1)
    raise BadInput(f"There is no setting {key!r}." + (f" Did you mean {near[0]!r}?" if near else ""))
