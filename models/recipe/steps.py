"""The three commands.  Each looks for what its steps leave behind and does only what is missing."""

from __future__ import annotations

import argparse
import json
import os
import shutil
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path

from recipe.config import PRESETS, Recipe

REPOSITORY = Path(__file__).resolve().parents[2]


def main(arguments: Sequence[str] | None = None) -> int:
    """`python -m recipe`; the exit status."""
    parser = argparse.ArgumentParser(prog="python -m recipe", description=__doc__)
    parser.add_argument("step", choices=["data", "train", "export", "pieces"], help="what to do; see README.md")
    parser.add_argument("--preset", choices=list(PRESETS), default="full")
    parser.add_argument("--work", type=Path, default=Path("work"), help="folder for everything that is made")
    parser.add_argument("--seconds", type=float, help="length of the training, where it is not the preset's")
    parser.add_argument("--rows", type=int, help="rows in a step of one device, where memory is short")
    parser.add_argument(
        "--set", nargs="*", default=[], metavar="NAME=NUMBER", help="train: fields of TrainingConfig, as dropout=0.1"
    )
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--which", type=int, nargs="*", help="pieces: only these numbers")
    options = parser.parse_args(arguments)
    recipe = PRESETS[options.preset]
    training = recipe.training
    training = replace(training, seconds=options.seconds or training.seconds, rows=options.rows or training.rows)
    for name, _, number in (told.partition("=") for told in options.set):
        training = replace(training, **{name: type(getattr(training, name))(number)})
    recipe = replace(recipe, training=training)
    options.work.mkdir(parents=True, exist_ok=True)
    if options.step == "data":
        data(recipe, options.work, options.processes)
    elif options.step == "train":
        train(recipe, options.work)
    elif options.step == "export":
        export(recipe, options.work)
    else:
        from recipe import pieces

        (options.work / "pieces").mkdir(exist_ok=True)
        pieces.split(options.work / "weights" / "weights.int8", options.work / "pieces", options.which)
    return 0


def data(recipe: Recipe, work: Path, processes: int) -> None:
    """Sources to text, examples, tokenizer and tokens."""
    from recipe import corpus, tokenizer, tokens
    from recipe.examples.generate import generate
    from recipe.sources import Source, all_sources

    if not (work / "valid-text.json").exists():
        tiny = recipe.name.endswith("tiny")
        corpus.build([Source("ownhand", "web", "Apache-2.0", REPOSITORY)] if tiny else all_sources(), work)
    shards = sorted((work / "text").glob("text*.jsonl*"))
    made = work / "examples"
    if not (made / "done").exists():
        generate(shards, recipe.examples, recipe.mails, made, processes)
        generate(shards[:1], 2000 if recipe.examples > 2000 else 100, 10, work / "held-out", 1, seed=99)
        (made / "done").touch()
    dialogues = sorted(made.glob("examples.*.jsonl"))
    if not (work / "tokenizer.json").exists():
        tokenizer.train(shards[0], dialogues, recipe.model.vocabulary, work / "tokenizer.json")
    out = work / "tokens"
    if not (out / "done").exists():
        out.mkdir(exist_ok=True)
        (work / "valid-answers.jsonl").write_bytes(
            b"".join(p.read_bytes() for p in (work / "held-out").glob("ex*.jsonl"))
        )
        for seed in (0, 1):  # once more with other middles
            for shard in shards:
                tokens.tokenize_text(shard, out, work / "tokenizer.json", processes, seed)
        for letters in sorted(made.glob("letters.*.jsonl")):
            tokens.tokenize_text(letters, out, work / "tokenizer.json", processes)
        held_out = [*dialogues, work / "valid-answers.jsonl"]
        tokens.tokenize_dialogues(held_out, out, work / "tokenizer.json", recipe.model.context, processes)
        tokens.tokenize_validation(work / "valid-text.json", out, work / "tokenizer.json")
        (out / "done").touch()


def train(recipe: Recipe, work: Path) -> None:
    """Tokens to weights; goes on where it was interrupted, and does nothing where it had ended."""
    from recipe.training import Run

    if not (work / "weights" / "done").exists():
        Run(recipe, work / "tokens", work / "weights").go()


def export(recipe: Recipe, work: Path) -> None:
    """Weights to GGUF files, checked and measured: `export/` and `export/figures.json`."""
    from recipe import evaluation, gguf_file, pieces

    out = work / "export"
    if (out / "figures.json").exists():
        return
    shutil.rmtree(out, ignore_errors=True)
    out.mkdir()
    weights = pieces.load(work / "weights" / "weights.int8")
    plain = out / f"{recipe.name}-f16.gguf"
    gguf_file.write_transformers(weights, recipe.model, work / "tokenizer.json", out / "transformers")
    gguf_file.write_gguf(weights, recipe.model, work / "tokenizer.json", recipe.name, "1.0", plain)
    texts = [text[:400] for found in json.loads((work / "valid-text.json").read_text()).values() for text in found[:20]]
    texts += [
        "naïve café — “quoted”  two  spaces\n\n\ttab",
        "🙂👍 1234567 12,345.67 I'LL don't",
        "<|im_start|>user\nhi<|im_end|>\n",
    ]
    agreed = evaluation.agreement(out / "transformers", plain, texts)
    figures: dict[str, object] = {"agreement": asdict(agreed)}
    small = recipe.name.endswith("tiny")
    for path in (plain, *gguf_file.quantize(plain, recipe.quantizations)):
        measured = evaluation.measured(
            path,
            work / "valid-text.json",
            work / "valid-answers.jsonl",
            tokens=600 if small else 20_000,
            answers=5 if small else 200,
            context=recipe.model.context,
        )
        figures[path.name] = {"bytes": path.stat().st_size, **measured}
    (out / "figures.json").write_text(json.dumps(figures, indent=1))
