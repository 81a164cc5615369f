"""Preferences that no detector knows: inferred by a capable model while nobody needs it, and checked before they count.

A claim that a detector could have seen is left to the detectors: with the evidence it is there already, and without it
is not true.  All others are put to the model on edits and texts that they were not inferred from.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence

from ownhand.domain import claims
from ownhand.domain.draft import EVERYONE
from ownhand.domain.inference import Generate, Lane, Sampling
from ownhand.domain.ports import Engine, Vault
from ownhand.domain.preference import Dimension, Edit, Preference, confidence, identify
from ownhand.domain.wording import parse_statement, statement
from ownhand.services.learning import Learning
from ownhand.services.stopping import Stopping
from ownhand.settings import LEARN, Settings

PARAMETERS = 1_000_000_000
"""From here on a model's description of a person's taste is worth checking."""
SEEN = "inferring.seen"
"""Setting: id of the newest edit that was looked at."""
_SHOWN = 4
_CHECKED = 5
_NEW = 3
"""Changed edits that must have come since the last time."""
_OWN_TEXTS = 2


class Inferring:
    """Asks, checks and stores; one run at a time."""

    def __init__(
        self, vault: Vault, learning: Learning, engine: Engine, settings: Settings, parameters: int = PARAMETERS
    ) -> None:
        self._vault = vault
        self._learning = learning
        self._engine = engine
        self._settings = settings
        self._parameters = parameters
        self._running = threading.Lock()

    def run(self, stop: Stopping | None = None) -> list[Preference]:
        """What new edits say beyond what the detectors see; stored, each with the edits it rests on.

        Raises Cancelled, ModelError, WorkerError.
        """
        if not self._running.acquire(blocking=False):
            return []
        try:
            return self._run(stop or Stopping()) if self._settings.get(LEARN) and self._capable() else []
        finally:
            self._running.release()

    def _capable(self) -> bool:
        info = self._engine.info()
        return info is not None and info.chat and info.parameters >= self._parameters

    def _run(self, stop: Stopping) -> list[Preference]:
        changed = [edit for edit in self._vault.edits(200) if edit.kept.strip() != edit.suggested.strip()]
        seen = self._vault.setting(SEEN)
        new = next((n for n, edit in enumerate(changed) if edit.id == seen), len(changed))
        if new < _NEW:
            return []
        shown, others = changed[:_SHOWN], changed[_SHOWN : _SHOWN + _CHECKED]
        found: list[Preference] = []
        for claim in claims.claims_in(self._ask(stop, claims.question(shown), 160), shown):
            preference = self._checked(stop, claim, shown, others)
            if preference is not None:
                self._learning.infer(preference)
                found.append(preference)
        self._vault.set_setting(SEEN, changed[0].id)
        return found

    def _checked(self, stop: Stopping, claim: str, shown: Sequence[Edit], others: Sequence[Edit]) -> Preference | None:
        """The claim as a preference, None where it is known, was deleted, or is not borne out."""
        parsed = parse_statement(claim)
        if parsed is None or parsed.dimension is not Dimension.CUSTOM:
            return None
        audiences = {edit.audience for edit in shown}
        audience = audiences.pop() if len(audiences) == 1 else EVERYONE
        identity = identify(Dimension.CUSTOM, "", claim, audience)
        stored = self._vault.preferences()
        if any(item.id == identity or claims.alike(claim, item.value or statement(item)) for item in stored):
            return None
        agreeing, conflicting = [], 0
        for edit in others:
            answer = claims.is_yes(self._ask(stop, claims.follows(claim, edit), 4))
            if answer:
                agreeing.append(edit.id)
            conflicting += answer is False
        for document in self._own_texts():
            conflicting += claims.is_yes(self._ask(stop, claims.breaks(claim, document), 4)) is True
        preference = Preference(
            identity, Dimension.CUSTOM, claim, "", audience, agreeing=float(len(agreeing)),
            conflicting=float(conflicting), edits=tuple(agreeing), statement=claim,
        )  # fmt: skip
        return preference if len(agreeing) >= 2 and confidence(preference) > 0.6 else None

    def _own_texts(self) -> list[str]:
        found: list[str] = []
        for document in self._vault.each_document():
            if len(document.text.split()) >= 20:
                found.append(document.text)
            if len(found) == _OWN_TEXTS:
                break
        return found

    def _ask(self, stop: Stopping, task: str, max_tokens: int) -> str:
        stop.check()
        prompt = self._engine.render([{"role": "user", "content": self._learning.safe(task)}])
        stream = self._engine.generate(
            Generate(Lane.SUGGESTION, prompt, max_tokens=max_tokens, sampling=Sampling(0.0, repeat_penalty=1.05))
        )
        try:
            return "".join(stop.watch(stream)).strip()
        finally:
            stream.close()
