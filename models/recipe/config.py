"""The numbers of the recipe in one place: the shape of the model, the training run, and a tiny variant of both."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

END_OF_TEXT, TURN_START, TURN_END, FIM_PREFIX, FIM_SUFFIX, FIM_MIDDLE, FIM_PAD = range(7)
SPECIAL_TOKENS = (
    "<|endoftext|>",
    "<|im_start|>",
    "<|im_end|>",
    "<|fim_prefix|>",
    "<|fim_suffix|>",
    "<|fim_middle|>",
    "<|fim_pad|>",
    "<|reserved_0|>",
)
CHAT_TEMPLATE = (
    "{% for message in messages %}"
    "{{ '<|im_start|>' + message['role'] + '\n' + message['content'] + '<|im_end|>\n' }}"
    "{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}"
)


@dataclass(frozen=True)
class ModelConfig:
    """A Qwen3 decoder; the fields bear the names that GGUF gives them where it has one."""

    vocabulary: int = 32768
    width: int = 768
    layers: int = 12
    heads: int = 12
    kv_heads: int = 4
    head_width: int = 64
    feed_forward: int = 2048
    rope_base: float = 50_000.0
    norm_epsilon: float = 1e-6
    context: int = 2048


@dataclass(frozen=True)
class Phase:
    """What is read up to a point of the run.

    `mixture` gives the share of rows by kind of text.  `answers` is the share of rows that are packed dialogues
    of which only the assistant's turns count in the loss.
    """

    until: float
    mixture: Mapping[str, float]
    answers: float = 0.0


@dataclass(frozen=True)
class TrainingConfig:
    """One training run, measured in seconds so that it ends when the machine must be given back."""

    seconds: float = 1500.0
    rows: int = 48
    """Rows of `context` tokens per step and device."""
    decay_from: float = 0.4
    """The learning rate is constant up to here and falls linearly to zero at the end."""
    warm_up: int = 120
    matrix_rate: float = 0.02
    vector_rate: float = 0.003
    weight_decay: float = 0.1
    """High, since the text is read a dozen times (arXiv 2509.14786)."""
    dropout: float = 0.1
    """Share of what each half of a layer adds that is left out at random, against learning repeated text by heart."""
    noise: float = 0.15
    """Share of the words read in rows of text that are replaced by others while what is to be predicted stays: in one
    row few, in another twice as many.  It falls to zero in the second half of the decay.  Dialogues stay whole: they
    teach to copy.
    """
    teaching: float = 0.0
    """How much of what is to be predicted in rows of text is told by teachers, `teacher*.int8` beside the weights:
    models that are wrong in different places are together less wrong than each, and one can learn that from them
    (arXiv 2509.14786).  They read the replaced words too, and so cannot tell by heart what they had read.  Dialogues
    are learned from themselves.
    """
    momentum: float = 0.95
    save_every: float = 120.0
    phases: tuple[Phase, ...] = field(
        default=(
            Phase(
                0.5, {"books": 0.20, "talk": 0.30, "web": 0.22, "docs": 0.12, "mail": 0.10, "chat": 0.06}, answers=0.35
            ),
            Phase(1.0, {"books": 0.14, "talk": 0.34, "web": 0.26, "docs": 0.08, "mail": 0.18}, answers=0.35),
        )
    )


@dataclass(frozen=True)
class Recipe:
    """All that distinguishes one run of the recipe from another."""

    name: str
    model: ModelConfig
    training: TrainingConfig
    examples: int
    """How many dialogues are generated."""
    mails: int
    """How many letters are generated in plain form, as text to learn from like any other."""
    quantizations: tuple[str, ...]


FULL = Recipe("ownhand-100m", ModelConfig(), TrainingConfig(), 1_500_000, 720_000, ("Q4_K_M", "Q5_K_M", "Q6_K"))
TINY = Recipe(
    "ownhand-tiny",
    ModelConfig(
        vocabulary=1024, width=256, layers=2, heads=4, kv_heads=2, head_width=64, feed_forward=256, context=256
    ),
    TrainingConfig(
        seconds=8.0,
        rows=4,
        warm_up=5,
        save_every=4.0,
        phases=(
            Phase(0.6, {"books": 0.5, "web": 0.3, "mail": 0.1, "chat": 0.1}),
            Phase(1.0, {"books": 0.5, "web": 0.3, "mail": 0.2}, answers=0.5),
        ),
    ),
    examples=400,
    mails=100,
    quantizations=("Q4_K_M", "Q6_K"),
)
PRESETS = {"full": FULL, "tiny": TINY}
