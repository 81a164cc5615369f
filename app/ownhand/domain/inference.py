"""What is asked of a language model and what it answers, and what is known of the model itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

MARK = "\ufdd0"
"""A Unicode noncharacter that never reaches the model: in a prompt it breaks the text of a special token in
two, so that the text stays text.  `Engine.render` puts it where a message holds such text."""


class Lane(StrEnum):
    """The two queues of the engine; each keeps the prefix of its last request in a sequence of its own."""

    COMPLETION = "completion"
    SUGGESTION = "suggestion"


@dataclass(frozen=True, slots=True)
class Sampling:
    """How the next token is chosen.  Temperature 0 is greedy."""

    temperature: float = 0.0
    top_k: int = 40
    top_p: float = 0.9
    min_p: float = 0.05
    repeat_penalty: float = 1.0
    repeat_last: int = 64
    seed: int = 0


@dataclass(frozen=True, slots=True)
class Generate:
    """One piece of work for the engine.

    `prompt` is text in which the model's special tokens are parsed (ChatML, fill-in-the-middle); `text` is
    appended to it literally, so that nothing the person wrote can act as a special token.  `heal` lets the
    engine step back to the last word boundary of `text` and generate only what begins with the partial word
    that was there (the partial word itself is not returned), because a prompt that ends inside a word is cut
    into tokens the model never saw.
    """

    lane: Lane
    prompt: str = field(default="", repr=False)
    text: str = field(default="", repr=False)
    suffix: str = field(default="", repr=False)
    """What stands after the place to fill; used by models with fill-in-the-middle tokens, ignored by others."""
    max_tokens: int = 256
    sampling: Sampling = Sampling()
    stop: tuple[str, ...] = ()
    """Generation ends before any of these strings; they are not returned.  Where words are looked for, this holds for
    the first of them."""
    bias: Mapping[str, float] = field(default_factory=dict, repr=False)
    """Words or phrases and a logit bias: above 0 it lifts their first token where a word can begin, below 0 it holds
    back the token that would complete them; -20 and less bans them."""
    heal: bool = False
    memory: str = ""
    """Name of the token memory to mix in, '' for none."""
    memory_weight: float = 0.0
    adapters: Mapping[str, float] = field(default_factory=dict)
    """Trained adapters by name, and how much each counts; 1 is as it was trained.  One that the engine does not have
    counts as nothing."""
    min_probability: float = 0.0
    """Stop once the product of the token probabilities falls below this (completions need no unlikely tails)."""
    most_words: int = 0
    """Above 0, for completions: look for the words, at most so many, that should save the most keystrokes, instead of
    writing the likeliest text.  Each piece is a word then, and a blank that is expected after the last is one, too;
    `finish` is 'word'.  A model that cannot forget the end of a text writes on as without it."""
    taking_costs: int = 1
    """Keystrokes that taking the words costs: with one, a rest of one letter is not worth offering; with none, where
    nobody presses a key for them, it is as good as any."""


@dataclass(frozen=True, slots=True)
class Piece:
    """Some text, with the natural-log probability that the mixed model gave it."""

    text: str = field(repr=False)
    logprob: float = 0.0


@dataclass(frozen=True, slots=True)
class Usage:
    """What one generation cost."""

    prompt_tokens: int = 0
    reused_tokens: int = 0
    new_tokens: int = 0
    queue_ms: float = 0.0
    prefill_ms: float = 0.0
    decode_ms: float = 0.0
    finish: str = "stop"
    """stop | length | word | unlikely | cancelled | failed"""
    others: tuple[str, ...] = field(default=(), repr=False)
    """Other words that were found, best first."""


@dataclass(frozen=True, slots=True)
class MemoryNeed:
    """Memory that a model takes, in bytes: an estimate from its header, right to within 15 % for a model in use."""

    weights: int = 0
    cache: int = 0
    """Keys and values of every sequence (KV)."""
    compute: int = 0
    """Buffers of the computation, and the vocabulary."""
    on_gpu: int = 0
    """How much of the total lies in the GPU's own memory."""

    @property
    def total(self) -> int:
        """All of it."""
        return self.weights + self.cache + self.compute

    @property
    def main(self) -> int:
        """What it takes of the computer's main memory."""
        return self.total - self.on_gpu


@dataclass(frozen=True, slots=True)
class ModelInfo:
    """What is known of a loaded or inspected model."""

    path: Path
    """Of a model in several files, the first one."""
    name: str
    architecture: str = ""
    parameters: int = 0
    bytes: int = 0
    """Of all its files together."""
    context: int = 2048
    """Tokens in the window of one text."""
    chat: bool = False
    """Can serve suggestions; else (a base model) completions only."""
    fill_in_middle: bool = False
    licence: str = ""
    has_chat_template: bool = False
    """The file brings its own; `chat` without it means that a known family's is used."""
    thinking: bool = False
    """Trained to think aloud first; this is switched off, and what it still thinks is never shown."""
    quantization: str = ""
    """Of the weights, as in file names: 'Q4_K_M'; '' if the file does not say."""
    files: tuple[Path, ...] = ()
    """All files of a model in several parts, in order; one file otherwise."""
    layers: int = 0
    gpu_layers: int = 0
    """Layers that will be, or are, computed by the GPU; 0 without one."""
    memory: MemoryNeed = MemoryNeed()
    available: int = 0
    """Main memory, in bytes, that a model could take when it was asked for."""
    note: str = ""
    """A sentence for the person on how it was loaded, '' where all went as planned."""

    @property
    def fits(self) -> bool:
        """Whether there was room for it in main memory."""
        return self.memory.main <= self.available


@dataclass(frozen=True, slots=True)
class Trial:
    """What a model did when it was loaded and run once in a process of its own."""

    info: ModelInfo
    load_s: float
    prompt_tokens_per_s: float
    """Speed of reading."""
    tokens_per_s: float
    """Speed of writing."""
    memory: int
    """Bytes it took."""
