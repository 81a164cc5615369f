"""The personal model: what adapts generation to the person, layer by layer.

Each layer turns gathered material into sections of the prompt, words to favour or ban, or the weight of the
token memory. To add one: a function here and its line in `LAYERS`; the ablation bench runs with and without it
by itself.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from ownhand.domain import wording
from ownhand.domain.corpus import Hit
from ownhand.domain.draft import EVERYONE
from ownhand.domain.preference import Preference
from ownhand.domain.prompt import Section

MAX_EXAMPLES = 3
EXAMPLE_CHARACTERS = 900


@dataclass(frozen=True, slots=True)
class Material:
    """Everything known that may shape one text."""

    passages: tuple[Hit, ...] = field(default=(), repr=False)
    profile_rules: tuple[str, ...] = field(default=(), repr=False)
    preferences: tuple[Preference, ...] = field(default=(), repr=False)
    """In effect for this situation, strongest first."""
    biases: Mapping[str, float] = field(default_factory=dict, repr=False)
    name: str = ""
    """How the person signs, where it is known."""
    audience: str = EVERYONE
    strength: float = 1.0
    """0 is the plain model, 1 is full weight."""
    memory: str = ""
    adapters: Mapping[str, float] = field(default_factory=dict)
    """Trained adapters by name, and the weight that was fitted for each."""
    vectors: Mapping[str, float] = field(default_factory=dict)
    """Style vectors, likewise."""


@dataclass(frozen=True, slots=True)
class Contribution:
    """What one layer adds to a request."""

    sections: tuple[Section, ...] = ()
    bias: Mapping[str, float] = field(default_factory=dict)
    memory_weight: float = 0.0
    memory: str = ""
    passages: tuple[Hit, ...] = ()
    adapters: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Layer:
    """One switchable part of the personal model."""

    id: str
    label: str
    contribute: Callable[[Material], Contribution]


def _profile(material: Material) -> Contribution:
    rules = material.profile_rules
    who = (f"You write for {material.name}.",) if material.name else ()
    return Contribution((Section("How I write:", (*who, *rules), rank=1, weight=1, bullets=True),))


def _examples(material: Material) -> Contribution:
    chosen = [hit for hit in material.passages if len(hit.passage.text) <= EXAMPLE_CHARACTERS][:MAX_EXAMPLES]
    texts = tuple(hit.passage.text.strip() for hit in chosen)
    return Contribution((Section("Examples of my writing:", texts, rank=2, weight=0),), passages=tuple(chosen))


def _preferences(material: Material) -> Contribution:
    rules = tuple(dict.fromkeys(wording.rule(item) for item in material.preferences))
    return Contribution(
        (Section("Style rules:", tuple(rule for rule in rules if rule), rank=3, weight=2, bullets=True),)
    )


def _words(material: Material) -> Contribution:
    return Contribution(bias={word: value * material.strength for word, value in material.biases.items()})


def _memory(material: Material) -> Contribution:
    return Contribution(memory_weight=material.strength if material.memory else 0.0, memory=material.memory)


def _adapter(material: Material) -> Contribution:
    return Contribution(adapters={name: weight * material.strength for name, weight in material.adapters.items()})


def _vector(material: Material) -> Contribution:
    return Contribution(adapters={name: weight * material.strength for name, weight in material.vectors.items()})


LAYERS: tuple[Layer, ...] = (
    Layer("profile", "Style profile", _profile),
    Layer("examples", "Your own examples", _examples),
    Layer("preferences", "Preferences", _preferences),
    Layer("words", "Words to prefer and avoid", _words),
    Layer("memory", "Personal memory", _memory),
    Layer("adapter", "Trained on your writing", _adapter),
    Layer("vector", "Style vector", _vector),
)


def withheld(material: Material, without: Collection[str]) -> Material:
    """The material without what some layers are made from, so that no later pass applies it either."""
    fields: dict[str, dict[str, Any]] = {
        "profile": {"profile_rules": ()},
        "examples": {"passages": ()},
        "preferences": {"preferences": ()},
        "words": {"biases": {}},
        "memory": {"memory": ""},
    }
    changes: dict[str, Any] = {}
    for layer in without:
        changes.update(fields.get(layer, {}))
    return replace(material, **changes)


def personalize(material: Material, without: Collection[str] = ()) -> Contribution:
    """All layers over one material, those named in `without` left out; strength 0 leaves out all."""
    if material.strength <= 0:
        return Contribution()
    parts = [layer.contribute(material) for layer in LAYERS if layer.id not in without]
    bias: dict[str, float] = {}
    for part in parts:
        bias.update(part.bias)
    sections: Sequence[Section] = [section for part in parts for section in part.sections]
    return Contribution(
        tuple(sections),
        bias,
        max((part.memory_weight for part in parts), default=0.0),
        next((part.memory for part in parts if part.memory), ""),
        tuple(hit for part in parts for hit in part.passages),
        {name: weight for part in parts for name, weight in part.adapters.items()},
    )
