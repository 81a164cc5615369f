"""Suggestions: what was asked for, what came of it, and why it looks as it does."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from ownhand.domain.corpus import Hit, Kind, ReplyContext
from ownhand.domain.draft import EVERYONE
from ownhand.domain.facts import Facts
from ownhand.domain.personalize import Part
from ownhand.domain.preference import Preference


@dataclass(frozen=True, slots=True)
class SuggestionRequest:
    """A snapshot of the draft and what the person asked for."""

    action_id: str
    text: str = field(default="", repr=False)
    """The whole draft."""
    selection: tuple[int, int] | None = None
    """Code points; None means the whole text."""
    instruction: str = field(default="", repr=False)
    """Notes for Draft and Reply, a wish for Custom; may be empty."""
    kind: Kind = Kind.EMAIL
    subject: str = field(default="", repr=False)
    recipients: tuple[str, ...] = field(default=(), repr=False)
    audience: str = EVERYONE
    reply_to: ReplyContext | None = field(default=None, repr=False)
    variants: int = 1
    seed: int = 0
    personal: bool = True
    without: tuple[str, ...] = ()
    """Layers of the personal model to leave out, by their names in personalize.LAYERS."""
    strength: float | None = None
    """0 to 1 in place of what the settings say."""

    @property
    def source(self) -> str:
        """The text that the action works on."""
        return self.text if self.selection is None else self.text[self.selection[0] : self.selection[1]]


@dataclass(frozen=True, slots=True)
class Why:
    """What shaped a suggestion."""

    passages: tuple[Hit, ...] = field(default=(), repr=False)
    preferences: tuple[Preference, ...] = field(default=(), repr=False)
    rules: tuple[str, ...] = field(default=(), repr=False)
    prompt: str = field(default="", repr=False)
    timings: Mapping[str, float] = field(default_factory=dict)
    """Milliseconds by phase."""
    remarks: tuple[str, ...] = ()
    """Plain sentences, such as how many notes were put in as they were written."""
    parts: tuple[Part, ...] = ()
    """What each layer of the personal model did."""


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A proposed text for a draft, a selection or the subject line."""

    id: str
    action_id: str
    replaces: str = field(repr=False)
    text: str = field(repr=False)
    facts: Facts = field(repr=False)
    why: Why = field(repr=False)
    situation: str = field(default="", repr=False)
    """Subject and brief in one text: what similar situations are found by."""


def result_of(request: SuggestionRequest, suggestion: Suggestion) -> str:
    """The text as it is once the suggestion is taken: one that goes on from a text stands behind it."""
    return request.source + suggestion.text if request.action_id == "continue" else suggestion.text


@dataclass(frozen=True, slots=True)
class Streaming:
    """The text of one variant so far."""

    variant: int
    text: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Finished:
    """All variants are there."""

    suggestions: tuple[Suggestion, ...]


@dataclass(frozen=True, slots=True)
class Failed:
    """It could not be done; the sentence says why and what to do."""

    sentence: str


@dataclass(frozen=True, slots=True)
class Stopped:
    """The person asked to stop."""


SuggestionEvent = Streaming | Finished | Failed | Stopped
