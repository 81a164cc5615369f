"""Actions of the person's own: a name for an instruction, and help with wording one from examples."""

from __future__ import annotations

import logging
import threading
import uuid
from collections.abc import Callable, Sequence

from ownhand.domain import actions, claims, instructions
from ownhand.domain.actions import OwnAction, Scope
from ownhand.domain.inference import Generate, Lane
from ownhand.domain.instructions import Pair
from ownhand.domain.ports import Engine, Vault
from ownhand.domain.preference import Edit
from ownhand.domain.prompt import tokens_in
from ownhand.domain.tally import distance
from ownhand.errors import BadInput, Cancelled
from ownhand.services.writing import is_capable

_log = logging.getLogger(__name__)

LONGEST_NAME = 24
"""Characters: it stands on a button."""
MOST_CLAIMS = 4
"""Claims of a model that are tried on the examples; each costs an answer per pair."""


class OwnActions:
    """The person's actions, read once and kept; safe from any thread."""

    def __init__(self, vault: Vault, engine: Engine) -> None:
        self._vault = vault
        self._engine = engine
        self._lock = threading.Lock()
        self._known: list[OwnAction] | None = None

    def all(self) -> list[OwnAction]:
        """In the order they were made."""
        with self._lock:
            if self._known is None:
                self._known = self._vault.own_actions()
            return list(self._known)

    def named(self, name: str) -> OwnAction | None:
        """The action of this name, in whatever case."""
        wanted = " ".join(name.lower().split())
        return next((action for action in self.all() if action.name.lower() == wanted), None)

    def save(self, name: str, instruction: str, scope: Scope = Scope.TEXT, action_id: str = "") -> OwnAction:
        """Add one, or change the one with this id.  Raises BadInput for a name that is taken or empty, or no
        instruction.
        """
        name, instruction = " ".join(name.split())[:LONGEST_NAME].strip(), instruction.strip()
        other = self.named(name)
        if not name:
            raise BadInput("Give the action a name, such as: Plain")
        if not instruction:
            raise BadInput("Say what it should do, for example: No exclamation marks. Keep it under 40 words.")
        if name.lower() in {known for action in actions.ACTIONS for known in (action.id, action.label.lower())}:
            raise BadInput(f"“{name}” is an action that comes with Ownhand. Choose another name.")
        if other is not None and other.id != action_id:
            raise BadInput(f"There is an action “{other.name}” already. Choose another name, or change that one.")
        saved = OwnAction(action_id or uuid.uuid4().hex, name, instruction, scope)
        self._vault.save_own_action(saved)
        self.vault_changed()
        return saved

    def remove(self, action_id: str) -> None:
        """Delete it for good."""
        self._vault.delete_own_action(action_id)
        self.vault_changed()

    def vault_changed(self) -> None:
        """Read them anew when they are asked for."""
        with self._lock:
            self._known = None

    # wording an instruction from examples

    def phrase(self, pairs: Sequence[Pair], cancelled: Callable[[], bool] = lambda: False) -> str:
        """An instruction for what two or three pairs (before, after) have in common.

        By rule, and with a capable model also by its own description, of which each claim is tried on the pairs and
        dropped where they do not bear it out.  Raises BadInput where they have nothing in common, WorkerError,
        Cancelled.
        """
        given = [(before.strip(), after.strip()) for before, after in pairs if before.strip() and after.strip()]
        if len(given) < instructions.LEAST_PAIRS:
            raise BadInput("Give at least two examples, each with the text before and after.")
        found = instructions.phrase(given)
        if is_capable(self._engine):
            found += self._described(given, found, cancelled)
        if not found:
            raise BadInput(
                "These examples have nothing in common that can be said in a rule. Word it yourself instead."
            )
        return instructions.joined(dict.fromkeys(found))

    def _described(self, pairs: Sequence[Pair], found: Sequence[str], cancelled: Callable[[], bool]) -> list[str]:
        shown = "\n\n".join(f"Before:\n{before}\n\nAfter:\n{after}" for before, after in pairs)
        answer = self._answer(
            f"{shown}\n\nWhich instruction turns each text before into the one after it? Answer with short rules for a "
            "writer, one in each line, beginning with a verb. Only about style, not about the texts' own subject.",
            120,
        )
        told = claims.claims_in(answer, [Edit(str(number), *pair) for number, pair in enumerate(pairs)])
        known = {rule.id for clause in found for rule in instructions.read(clause).rules}
        kept: list[str] = []
        for claim in told[:MOST_CLAIMS]:
            if cancelled():
                raise Cancelled
            understood = instructions.read(claim)
            if understood.rules and not understood.rest:
                new = [rule for rule in understood.rules if rule.id not in known]
                if new and all(instructions.supported(rule, pairs) for rule in new):
                    kept.append(claim)
            elif self._brings_nearer(claim, pairs):
                kept.append(claim)
        _log.info("of %d described claims %d were borne out", len(told), len(kept))
        return kept

    def _brings_nearer(self, claim: str, pairs: Sequence[Pair]) -> bool:
        """Whether the model, following this alone, brings most texts before nearer to those after."""
        nearer = 0
        for before, after in pairs:
            made = self._answer(f"{claim}.\n\n{before}", int(1.5 * tokens_in(before)) + 24)
            nearer += distance(made, after)[0] < distance(before, after)[0]
        return 2 * nearer > len(pairs)

    def _answer(self, task: str, max_tokens: int) -> str:
        prompt = self._engine.render([{"role": "user", "content": task}])
        stream = self._engine.generate(Generate(Lane.SUGGESTION, prompt, max_tokens=max_tokens))
        return "".join(piece.text for piece in stream).strip()
