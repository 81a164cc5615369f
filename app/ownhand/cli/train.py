"""`ownhand train`: an adapter from the person's own writing, trained, looked at or removed."""

from __future__ import annotations

import argparse
import sys
from dataclasses import fields

from ownhand.cli import shown
from ownhand.compose import App
from ownhand.domain.figures import remaining
from ownhand.domain.trained import Adapter, vector_verdict, verdict
from ownhand.services.training import TrainingState


def train(app: App, arguments: argparse.Namespace, audience: str) -> int:
    """Train and wait, with the progress on standard error; Ctrl+C keeps how far it is, and the next call goes on."""
    training = app.training
    if arguments.remove:
        training.remove(audience)
    elif not arguments.status:
        on_terminal, said = sys.stderr.isatty(), -1

        def watch(state: TrainingState) -> None:
            nonlocal said
            if not state.running:
                return
            left = f", {remaining(state.seconds_left)} left" if state.seconds_left else ""
            line = f"{100 * state.done:.0f} %{left}"
            if on_terminal:
                print(f"\r\x1b[K{line}", end="", file=sys.stderr, flush=True)
            elif int(10 * state.done) > said:
                said = int(10 * state.done)
                print(line, file=sys.stderr, flush=True)

        training.listen(watch)
        try:
            training.run(audience, vector=arguments.vector)
        finally:
            if on_terminal:
                print(file=sys.stderr)
    kept = [adapter for adapter in training.adapters() if adapter.audience == audience]
    told = [field.name for field in fields(Adapter) if field.name not in ("data", "vector")]
    rows = [{name: getattr(one, name) for name in told} for one in kept]
    shown.put(rows, arguments, lambda: _words(kept, training.refusal(audience)))
    return 0


def _words(kept: list[Adapter], refusal: str) -> str:
    lines: list[str] = []
    for adapter in kept:
        lines += [
            verdict(adapter),
            *([vector_verdict(adapter)] if adapter.vector_weight else []),
            f"Trained on {adapter.documents:,} texts for {adapter.model}; it took {remaining(adapter.seconds)}.",
        ]
    return "\n".join(lines) or refusal or "Nothing has been trained yet. Run: ownhand train"
