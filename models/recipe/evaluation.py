"""What a GGUF file is worth, measured with llama.cpp: agreement with the reference, bits per byte, loss of answers."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from llama_cpp import Llama
from transformers import AutoTokenizer, Qwen3ForCausalLM

from recipe.tokens import lines

WINDOW = 1024


@dataclass(frozen=True)
class Agreement:
    """How far a GGUF file and the transformers folder differ on the same texts."""

    strings: int
    tokenized_differently: int
    largest_difference: float
    """Of any logit."""
    same_choice: float
    """Share of places with the same most likely token."""


def opened(path: Path, context: int = 2048) -> Llama:
    """The model with the scores of all tokens kept, on half the cores: on a busy machine more only wait."""
    threads = max(1, (os.cpu_count() or 1) // 2)
    return Llama(
        str(path),
        n_ctx=context,
        n_batch=min(1024, context),
        n_threads=threads,
        n_threads_batch=threads,
        logits_all=True,
        verbose=False,
    )


def agreement(reference: Path, path: Path, texts: Iterable[str], most: int = 12) -> Agreement:
    """Compare tokenization on all texts and logits on the first `most` of them."""
    tokenizer = AutoTokenizer.from_pretrained(reference)
    model = Qwen3ForCausalLM.from_pretrained(reference, dtype=torch.float32).eval()
    llama = opened(path, 256)
    count = different = places = same = 0
    largest = 0.0
    for text in texts:
        ids = tokenizer(text, add_special_tokens=False).input_ids
        different += ids != llama.tokenize(text.encode(), add_bos=False, special=True)
        count += 1
        if count > most or len(ids) < 4:
            continue
        ids = ids[:120]
        with torch.no_grad():
            expected = model(torch.tensor([ids])).logits[0].numpy()
        llama.reset()
        llama.eval(ids)
        found = np.array(llama.scores[: len(ids)])
        largest = max(largest, float(np.abs(expected - found).max()))
        same += int((expected.argmax(-1) == found.argmax(-1)).sum())
        places += len(ids)
    return Agreement(count, different, largest, same / max(1, places))


def nats(llama: Llama, ids: Sequence[int], given: int = 1) -> float:
    """Negative log-likelihood of the ids after the first `given` of them."""
    llama.reset()
    llama.eval(list(ids))
    scores = llama.scores[given - 1 : len(ids) - 1]
    highest = scores.max(-1)
    total = np.log(np.exp(scores - highest[:, None]).sum(-1, dtype=np.float64)) + highest
    return float((total - scores[np.arange(len(scores)), list(ids[given:])]).sum())


def bits_per_byte(llama: Llama, texts: Sequence[str], most: int) -> float:
    """Over the first WINDOW tokens of each text, until `most` tokens were read; the first token is not counted."""
    total = 0.0
    size = read = 0
    for text in texts:
        ids = llama.tokenize(text.encode(), add_bos=False, special=False)[: min(WINDOW, llama.n_ctx())]
        if len(ids) < 2:
            continue
        total += nats(llama, ids)
        size += len(llama.detokenize(ids[1:]))
        read += len(ids)
        if read > most:
            break
    return total / math.log(2) / max(1, size)


def answer_loss(llama: Llama, dialogues: Sequence[Sequence[dict[str, str]]]) -> float:
    """Nats per token of the answers, each after its whole prompt."""
    total = 0.0
    count = 0
    for messages in dialogues:
        before = "".join(f"<|im_start|>{m['role']}\n{m['content']}<|im_end|>\n" for m in messages[:-1])
        prompt = llama.tokenize((before + "<|im_start|>assistant\n").encode(), add_bos=False, special=True)
        answer = llama.tokenize((messages[-1]["content"] + "<|im_end|>").encode(), add_bos=False, special=True)
        if len(prompt) + len(answer) < llama.n_ctx():
            total += nats(llama, prompt + answer, len(prompt))
            count += len(answer)
    return total / max(1, count)


def measured(
    path: Path, texts: Path, dialogues: Path, tokens: int, answers: int, context: int = 2048
) -> dict[str, float]:
    """Bits per byte by kind of text, and the loss of answers."""
    llama = opened(path, context)
    kinds = json.loads("".join(lines(texts)))
    found = {kind: round(bits_per_byte(llama, documents, tokens), 4) for kind, documents in kinds.items()}
    held_out = [json.loads(line)["m"] for line in list(lines(dialogues))[:answers]]
    found["answers"] = round(answer_loss(llama, held_out), 4)
    return found
