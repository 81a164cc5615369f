"""Text and dialogues as token ids: streams of uint16 by kind of text, and rows of packed dialogues with a mask.

A part of the prose is cut into passages and rearranged to prefix, suffix, middle (arXiv 2207.14255), so that the
model can write between two halves of a text.  The middles are mostly short, as inline suggestions are.
"""

from __future__ import annotations

import json
import lzma
import os
import random
from collections.abc import Callable, Iterable, Iterator, Sequence
from multiprocessing import Pool
from pathlib import Path

import numpy as np
from tokenizers import Tokenizer

from recipe.config import END_OF_TEXT, FIM_MIDDLE, FIM_PREFIX, FIM_SUFFIX, TURN_END, TURN_START

FIM_SHARE = 0.3

Masked = tuple[list[int], list[int]]
"""Token ids, and for each whether the model answers for it."""

_tokenizer: Tokenizer | None = None


def lines(path: Path) -> Iterator[str]:
    """The lines of a text file, compressed with xz or not."""
    if path.suffix == ".xz":
        with lzma.open(path, "rt", encoding="utf-8") as packed:
            yield from packed
    else:
        with path.open(encoding="utf-8") as plain:
            yield from plain


def use_tokenizer(path: Path) -> None:
    """Load the tokenizer in this process."""
    global _tokenizer
    _tokenizer = Tokenizer.from_file(str(path))


def encode(text: str) -> list[int]:
    """Token ids of a text, with nothing put before or after it."""
    assert _tokenizer is not None, "use_tokenizer comes first"
    return list(_tokenizer.encode(text, add_special_tokens=False).ids)


def document(text: str, chance: random.Random) -> list[int]:
    """A document as it is read for learning: left to right, or with middles moved to the end."""
    if chance.random() >= FIM_SHARE:
        return [*encode(text), END_OF_TEXT]
    ids: list[int] = []
    start = 0
    while start < len(text):
        end = min(len(text), start + chance.randint(600, 3500))
        if end < len(text):
            blank = text.rfind(" ", start + 300, end)
            end = blank if blank > 0 else end
        ids += _middle_last(text[start:end], chance)
        start = end
    return ids


def _middle_last(passage: str, chance: random.Random) -> list[int]:
    blanks = [index for index, character in enumerate(passage) if character in " \n"]
    if len(passage) < 80 or len(blanks) < 6:
        return [*encode(passage), END_OF_TEXT]
    begin = chance.choice(blanks[:-1])
    words = chance.choice([chance.randint(1, 4), chance.randint(2, 12), chance.randint(5, 30), chance.randint(20, 80)])
    following = [index for index in blanks if index > begin][:words]
    end = following[-1] if following else len(passage)
    if chance.random() < 0.15:
        end = len(passage)
    if chance.random() < 0.25:  # a caret inside a word
        begin = max(0, begin - chance.randint(1, 4))
    if chance.random() < 0.1:
        begin = 0
    before, middle, after = passage[:begin], passage[begin:end], passage[end:]
    return [FIM_PREFIX, *encode(before), FIM_SUFFIX, *encode(after), FIM_MIDDLE, *encode(middle), END_OF_TEXT]


def dialogue(messages: Iterable[dict[str, str]]) -> Masked:
    """A dialogue in ChatML; the assistant's words and the end of its turn count."""
    ids: list[int] = []
    mask: list[int] = []
    for message in messages:
        head = [TURN_START, *encode(message["role"] + "\n")]
        body = [*encode(message["content"]), TURN_END]
        after = encode("\n")
        answer = int(message["role"] == "assistant")
        ids += head + body + after
        mask += [0] * len(head) + [answer] * len(body) + [0] * len(after)
    return ids, mask


def packed_rows(dialogues: Sequence[Masked], length: int, chance: random.Random) -> tuple[np.ndarray, np.ndarray]:
    """Whole dialogues in rows of `length` + 1 tokens, first fit: (ids uint16, mask uint8).

    Longer ones are left out.
    """
    order = [item for item in dialogues if len(item[0]) <= length]
    chance.shuffle(order)
    full: list[Masked] = []
    unfilled: list[Masked] = []
    for ids, mask in order:
        for row_ids, row_mask in unfilled:
            if len(row_ids) + len(ids) + 1 <= length + 1:
                row_ids += [END_OF_TEXT, *ids]
                row_mask += [0, *mask]
                break
        else:
            unfilled.append((list(ids), list(mask)))
            if len(unfilled) > 24:
                full.append(unfilled.pop(0))
    full += unfilled
    chance.shuffle(full)
    rows = np.zeros((len(full), length + 1), np.uint16)
    masks = np.zeros((len(full), length + 1), np.uint8)
    for index, (ids, mask) in enumerate(full):
        rows[index, : len(ids)] = ids
        masks[index, : len(mask)] = mask
    return rows, masks


def _document_of_line(job: tuple[int, str]) -> tuple[str, np.ndarray]:
    number, line = job
    kind, text = json.loads(line)
    return kind, np.array(document(text, random.Random(number)), np.uint16)


def tokenize_text(shard: Path, out: Path, tokenizer: Path, processes: int, seed: int = 0) -> dict[str, int]:
    """Write `<kind>.<shard>.npy` for each kind of text in a shard of [kind, text] lines; tokens by kind."""
    streams: dict[str, list[np.ndarray]] = {}
    numbered = ((seed * 10_000_019 + number, line) for number, line in enumerate(lines(shard)))
    with _pool(tokenizer, processes) as pool:
        for kind, ids in pool.imap(_document_of_line, numbered, chunksize=32):
            streams.setdefault(kind, []).append(ids)
    counts = {}
    for kind, parts in streams.items():
        stream = np.concatenate(parts)
        _save(out / f"{kind}.{_shard_name(shard)}{seed or ''}.npy", stream)
        counts[kind] = len(stream)
    return counts


def tokenize_dialogues(shards: Sequence[Path], out: Path, tokenizer: Path, length: int, processes: int) -> int:
    """For each shard of dialogues write `answers.<shard>.rows.npy` and `.mask.npy` (`valid-<shard>.…` where the
    shard's name begins so), and the same dialogues as a stream `chat.<shard>.npy`; the number of answered tokens.
    """
    with _pool(tokenizer, processes) as pool:
        return sum(pool.imap_unordered(_tokenize_shard, [(shard, out, length) for shard in shards]))


def _tokenize_shard(job: tuple[Path, Path, int]) -> int:
    shard, out, length = job
    dialogues = [dialogue(json.loads(line)["m"]) for line in lines(shard)]
    rows, masks = packed_rows(dialogues, length, random.Random(0))
    name = _shard_name(shard)
    kind = name if name.startswith("valid") else f"answers.{name}"
    _save(out / f"{kind}.mask.npy", masks)
    _save(out / f"{kind}.rows.npy", rows)
    if not name.startswith("valid"):
        _save(out / f"chat.{name}.npy", np.array([i for ids, _ in dialogues for i in [*ids, END_OF_TEXT]], np.uint16))
    return int(masks.sum())


def tokenize_validation(texts: Path, out: Path, tokenizer: Path) -> None:
    """Write `valid.npz`: a stream for each kind, and the bytes of its text."""
    use_tokenizer(tokenizer)
    held_out: dict[str, np.ndarray] = {}
    for kind, documents in json.loads("".join(lines(texts))).items():
        ids = [i for text in documents for i in [*encode(text), END_OF_TEXT]]
        held_out[kind] = np.array(ids, np.uint16)
        held_out[kind + "_bytes"] = np.array(sum(len(text.encode()) for text in documents))
    np.savez(out / "valid.npz", allow_pickle=False, **held_out)


def _pool(tokenizer: Path, processes: int) -> Pool:  # type: ignore[valid-type]
    os.environ["TOKENIZERS_PARALLELISM"] = "false"
    initializer: Callable[[Path], None] = use_tokenizer
    return Pool(processes, initializer, (tokenizer,))


def _shard_name(path: Path) -> str:
    """The file's name without its endings; a number before them stays, with a hyphen."""
    return path.name.removesuffix(".xz").removesuffix(".jsonl").removesuffix(".json").replace(".", "-")


def _save(path: Path, array: np.ndarray) -> None:
    """So that a training run that looks for new data finds whole files only."""
    part = path.with_name("part-" + path.name)
    np.save(part, array)
    os.replace(part, path)
