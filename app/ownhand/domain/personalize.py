"""The personal model: what adapts generation to the person, layer by layer.

Each layer turns gathered material into sections of the prompt, words to favour or ban, or the weight of the
token memory. To add one: a function here and its line in `LAYERS`; the ablation bench runs with and without it
by itself.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace

from ownhand.domain import wording
from ownhand.domain.applying import is_by_rule
from ownhand.domain.corpus import Hit
from ownhand.domain.draft import EVERYONE
from ownhand.domain.preference import Preference, is_measured
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
    help: str
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
    Layer("profile", "Style profile", "Measured habits: greeting, sign-off, contractions, marks.", _profile),
    Layer("examples", "Your own examples", "Messages of yours that fit, shown to a larger model.", _examples),
    Layer("preferences", "Preferences", "Rules learned from your changes, and those you said.", _preferences),
    Layer("words", "Words to prefer and avoid", "While the model writes, and in completions.", _words),
    Layer("memory", "Personal memory", "Your own wording and vocabulary, mixed into every word.", _memory),
    Layer("adapter", "Trained on your writing", "What was trained in Learned.", _adapter),
    Layer("vector", "Style vector", "A direction in the model, where one was found to pay.", _vector),
)


def withheld(material: Material, without: Collection[str]) -> Material:
    """The material without what some layers are made from, so that no later pass applies it either."""
    kept = material.preferences
    if "profile" in without:
        kept = tuple(item for item in kept if not is_measured(item))
    if "preferences" in without:
        kept = tuple(item for item in kept if is_measured(item))
    return replace(
        material,
        profile_rules=() if "profile" in without else material.profile_rules,
        passages=() if "examples" in without else material.passages,
        preferences=kept,
        biases={} if "words" in without else material.biases,
        memory="" if "memory" in without else material.memory,
    )


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


@dataclass(frozen=True, slots=True)
class Part:
    """What one layer did in a suggestion, in words."""

    layer: str
    label: str
    said: str
    took_part: bool


@dataclass(frozen=True, slots=True)
class Use:
    """What became of a contribution while a text was written."""

    prompted: bool = False
    """Sections of it were in the prompt."""
    weighed: bool = False
    """Words, memory and adapters were counted in by the model."""
    filled: int = 0
    """Notes that got their small words from the memory."""


def followed_of(preferences: Sequence[Preference], use: Use) -> tuple[Preference, ...]:
    """Those that counted: all where they were in the prompt, else those that are applied by rule."""
    return tuple(item for item in preferences if use.prompted or is_by_rule(item))


def explain(material: Material, contribution: Contribution, without: Collection[str], use: Use) -> tuple[Part, ...]:
    """What each layer did, all of them, in their order."""
    followed = followed_of(material.preferences, use)
    measured = sum(is_measured(item) for item in followed)
    ruled, left = len(followed) - measured, len(material.preferences) - len(followed)
    beyond = f"{_counted(left, 'rule')} only a larger model can follow." if left else ""
    shown, words = len(contribution.passages), len(contribution.bias)
    memory = "In every word." if use.weighed and contribution.memory else ""
    if use.filled:
        memory = f"In the small words of {_counted(use.filled, 'note')}."
    done = {
        "profile": f"{_counted(measured, 'measured habit')} held by rule." if measured else "",
        "examples": f"{_counted(shown, 'message')} shown." if use.prompted and shown else "",
        "preferences": " ".join(filter(None, (f"{_counted(ruled, 'rule')} in effect here.", beyond))) if ruled else "",
        "words": f"{_counted(words, 'word or mark', 'words or marks')} weighed." if use.weighed and words else "",
        "memory": memory,
        "adapter": _share(contribution, material.adapters) if use.weighed else "",
        "vector": _share(contribution, material.vectors) if use.weighed else "",
    }
    idle = {
        "profile": "No clear habit is known yet.",
        "examples": "None. A small model is shown none: it writes worse with them.",
        "preferences": beyond or "None yet. They come from what you change.",
        "words": "None were needed.",
        "memory": "Not used here; completions, Continue and notes use it.",
        "adapter": "Not used for this action." if material.adapters else "Nothing was trained.",
        "vector": "Not used for this action." if material.vectors else "None, or it gained nothing.",
    }
    off = "Off: the strength is 0 %." if material.strength <= 0 else ""
    return tuple(
        Part(layer.id, layer.label, off or "Switched off in Settings.", False)
        if off or layer.id in without
        else Part(layer.id, layer.label, done[layer.id] or idle[layer.id], bool(done[layer.id]))
        for layer in LAYERS
    )


def _counted(count: int, one: str, many: str = "") -> str:
    return f"{count} {one if count == 1 else many or one + 's'}"


def _share(contribution: Contribution, given: Mapping[str, float]) -> str:
    weight = max((contribution.adapters.get(name, 0.0) for name in given), default=0.0)
    return f"Counted at {100 * weight:.0f} %." if weight else ""
