"""The tokenizer: byte-level BPE with the pre-tokenizer of GPT-2, which llama.cpp knows."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path

from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

from recipe.config import SPECIAL_TOKENS
from recipe.tokens import lines

MOST_CHARACTERS = {"books": 30_000_000, "talk": 45_000_000, "web": 45_000_000, "docs": 15_000_000, "mail": 8_000_000}
DIALOGUES = 12_000


def train(shard: Path, dialogues: Sequence[Path], vocabulary: int, path: Path) -> None:
    """Learn the merges from one shard and some dialogues, and write `path`."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=True)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=vocabulary,
        special_tokens=list(SPECIAL_TOKENS),
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        min_frequency=3,
        show_progress=False,
    )
    tokenizer.train_from_iterator(_texts(shard, dialogues), trainer)
    tokenizer.save(str(path))


def _texts(shard: Path, dialogues: Sequence[Path]) -> Iterator[str]:
    sizes: dict[str, int] = defaultdict(int)
    for line in lines(shard):
        kind, text = json.loads(line)
        if sizes[kind] < MOST_CHARACTERS[kind]:
            sizes[kind] += len(text)
            yield text
    read = 0
    for path in dialogues:
        for line in lines(path):
            if read == DIALOGUES:
                return
            read += 1
            yield "\n".join(turn["content"] for turn in json.loads(line)["m"])
