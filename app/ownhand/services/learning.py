"""Learning: from what the person changes, and from what they wrote before, to rules they can read and overrule."""

from __future__ import annotations

import json
import logging
import re
import threading
import uuid
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from ownhand.domain import applying, authorship, detectors, letter, measuring, registers, style, wording
from ownhand.domain import preference as rules
from ownhand.domain.applying import Applied
from ownhand.domain.corpus import Document
from ownhand.domain.derived import RULES_USED
from ownhand.domain.draft import EVERYONE, Audience, resolve_audience
from ownhand.domain.english import Baseline
from ownhand.domain.masking import MASK, mask
from ownhand.domain.measuring import StyleProfile
from ownhand.domain.ports import Recall, Vault
from ownhand.domain.preference import Dimension, Edit, Evidence, Origin, Preference, Standing
from ownhand.domain.registers import Situation
from ownhand.domain.style import Trait
from ownhand.domain.suggestion import Suggestion
from ownhand.errors import BadInput, UserError
from ownhand.settings import LEARN, SENSITIVE, Settings

_log = logging.getLogger(__name__)

_EDITS_READ = 10_000
_COMPARED = 1_000
"""Edits, the newest, whose situations are compared in meaning."""
_NEVER = datetime.min.replace(tzinfo=UTC)
_USED_AGAIN = timedelta(hours=1)
_USES_KEPT = 500
"""Rules of which it is known when they were last used; those longest ago are forgotten."""
CHOSEN = "style.chosen"
"""Setting under which the person's own choices per trait rest: {audience: {trait: value}}."""


class Learning:
    """Edits in, preferences out.  All rules live in the domain; this keeps them, and keeps them current."""

    def __init__(
        self, vault: Vault, recall: Recall | None, settings: Settings, english: Baseline | None = None
    ) -> None:
        """Without `english` nothing is anybody's favourite word."""
        self._vault = vault
        self._english = english or Baseline()
        self._recall = recall
        self._settings = settings
        self._lock = threading.RLock()
        self._profile = StyleProfile(english=self._english)
        self._settled: dict[str, tuple[int, list[Preference]]] = {}
        self._evidence: list[Evidence] | None = None
        self._chosen: dict[str, dict[str, str]] | None = None
        self._known_audiences: list[Audience] | None = None
        self._past: dict[str, Situation] | None = None
        self._machine: frozenset[str] | None = None
        self._in_effect: tuple[int, Mapping[str, Preference]] | None = None
        self._told: dict[str, tuple[int, list[str]]] = {}
        self._edits_version = 0
        self.version = 0
        """Grows with every change, so that others know when what they derived is old."""

    # what was written before

    def measure(self, document: Document) -> None:
        """Take the person's own words of a document into the profile of its audience and of everyone."""
        text = authorship.own_words(document.text, self.machine_made())
        if not text.strip():
            return
        text = self.safe(text)
        audience = resolve_audience(self._audiences(), document.recipients)
        with self._lock:
            measuring.add(self._profile, replace(document, text=text), audience)
            self.version += 1

    def machine_made(self) -> frozenset[str]:
        """Sentences that were suggested and taken as they were: they stand in sent texts, and are not learned from."""
        with self._lock:
            known, version = self._machine, self._edits_version
        if known is None:
            known = authorship.machine_made(self._vault.edits(_EDITS_READ))
            with self._lock:
                if version == self._edits_version:
                    self._machine = known
        return known

    def reset_profile(self) -> None:
        """Forget what was measured; the history is about to be read again."""
        with self._lock:
            self._profile = StyleProfile(english=self._english)
            self.version += 1

    def _audiences(self) -> list[Audience]:
        with self._lock:
            if self._known_audiences is None:
                self._known_audiences = self._vault.audiences()
            return self._known_audiences

    def audiences_changed(self) -> None:
        """A group was added, changed or removed."""
        with self._lock:
            self._known_audiences = None

    def greeting(self, recipients: Sequence[str], audience: str) -> tuple[str, float]:
        """The greeting to expect for these recipients, and how likely it is; ('', 0) where none can be told."""
        for item in self.effective("", audience):
            if item.dimension is Dimension.GREETING and item.edits:
                return letter.fill(item.value, recipients), 0.9
        with self._lock:
            usual = style.greeting_for(self._profile, recipients[0]) if recipients else None
            forms = self._profile.of(audience).greetings
        if usual:
            return letter.fill(usual, recipients), 0.8
        if not forms:
            return "", 0.0
        form, count = measuring.ranked(forms, 1)[0]
        return letter.fill(form, recipients) if form else "", count / forms.total()

    def signature_name(self) -> str:
        """The name under most of the person's messages; '' where none can be told."""
        with self._lock:
            sign_offs = self._profile.of().sign_offs
            names = Counter[str]()
            for form, count in sign_offs.items():
                last = form.splitlines()[-1].strip(" -–—") if form else ""
                if last[:1].isupper() and 1 <= len(last.split()) <= 3 and not last.endswith(","):
                    names[last] += count
        best = measuring.ranked(names, 1)
        return best[0][0] if best and best[0][1] >= 3 else ""

    def profile_rules(self, audience: str) -> list[str]:
        """The few distinctive habits of the measured profile, as rules for the prompt."""
        with self._lock:
            known = self._told.get(audience)
            if known is None or known[0] != self.version:
                known = self._told[audience] = self.version, style.summary(self._profile, audience)
            return known[1]

    # what was changed

    def record(
        self, suggestion: Suggestion, kept: str, recipients: Sequence[str], audience: str = EVERYONE
    ) -> list[Preference]:
        """Learn from what became of a suggestion; returns the preferences that came into effect by it."""
        if not self._settings.get(LEARN) or not kept.strip():
            return []
        self._note_use(suggestion.why.preferences)
        return self.observe(
            Edit(
                uuid.uuid4().hex,
                suggestion.text,
                kept,
                suggestion.action_id,
                audience,
                suggestion.situation,
                tuple(recipients),
                datetime.now(UTC),
            )
        )

    def observe(self, edit: Edit) -> list[Preference]:
        """Store an edit with what it says; returns the preferences that came into effect by it."""
        before = self._acting()
        found = detectors.detect(replace(edit, suggested=mask(edit.suggested), kept=mask(edit.kept)))
        found = [item for item in found if MASK not in item.value and MASK not in (item.instead_of or "")]
        self._vault.add_edit(edit, found)
        with self._lock:
            known = self._evidence
            is_new = known is not None and all(item.edit_id != edit.id for item in known)
            self._evidence = [*known, *found] if known is not None and is_new else None
            self._past = None
            self._machine = None
            self._edits_version += 1
            self.version += 1
        return [item for item in self._acting().values() if item.id not in before]

    def _acting(self) -> Mapping[str, Preference]:
        """The preferences in effect anywhere, by id; kept until something is learned."""
        with self._lock:
            known, version = self._in_effect, self.version
        if known is None or known[0] != version:
            known = version, {item.id: item for item in self.noticed() if rules.in_effect(item)}
            with self._lock:
                self._in_effect = known
        return known[1]

    def noticed(self) -> list[Preference]:
        """Everything learned and stated, whatever its audience, and what was not seen often enough to be a rule."""
        used = self._used()
        return [
            replace(item, last_used=used.get(item.id))
            for item in rules.learn(self._all_evidence(), self._vault.preferences(), audience=None)
        ]

    def _used(self) -> dict[str, datetime]:
        stored = json.loads(self._vault.setting(RULES_USED) or "{}")
        return {identity: datetime.fromisoformat(at) for identity, at in stored.items()}

    def _note_use(self, shaping: Sequence[Preference]) -> None:
        """These shaped a suggestion that was taken, now; said again after an hour only, for each costs a write."""
        now, used = datetime.now(UTC), self._used()
        fresh = {item.id for item in shaping if now - used.get(item.id, _NEVER) > _USED_AGAIN}
        if fresh:
            latest = sorted({**used, **dict.fromkeys(fresh, now)}.items(), key=lambda pair: pair[1])[-_USES_KEPT:]
            stored = {identity: at.isoformat(timespec="seconds") for identity, at in latest}
            self._vault.set_setting(RULES_USED, json.dumps(stored))

    def preferences(self) -> list[Preference]:
        """The rules of every audience, learned and stated, those that act first.

        What was learned for one audience is left out where it is a rule for everyone, or the audience is gone.
        """
        audiences = {EVERYONE, *(audience.id for audience in self._audiences())}
        found = {item.id: (rules.standing(item), item) for item in self.noticed()}
        listed = []
        for standing, item in found.values():
            wider = found.get(_for_everyone(item)) if item.origin is Origin.LEARNED else None
            repeats = wider is not None and wider[1] is not item and wider[0] is standing
            orphaned = item.origin is Origin.LEARNED and item.audience not in audiences
            if standing is not Standing.SELDOM and not repeats and not orphaned:
                listed.append((standing, item))
        order = list(Standing)
        return [item for _, item in sorted(listed, key=lambda pair: order.index(pair[0]))]

    def _with_repeats(self, preference: Preference) -> list[Preference]:
        """A rule and, where it is for everyone, the learned ones that say the same for one audience."""
        if preference.audience != EVERYONE:
            return [preference]
        noticed = [item for item in self.noticed() if item.audience != EVERYONE and item.origin is Origin.LEARNED]
        return [preference, *(item for item in noticed if _for_everyone(item) == preference.id)]

    def effective(
        self, situation: str, audience: str = EVERYONE, recipients: Sequence[str] | None = None
    ) -> list[Preference]:
        """What acts in one situation: stated and learned, and below them clear measured habits.

        Without a situation nothing is weighed by similarity, so the answer is kept until something is learned.
        `recipients` are those of a letter to be written: it begins and ends as letters to them usually do.
        """
        settled = not situation and recipients is None
        with self._lock:
            known = self._settled.get(audience)
            if settled and known is not None and known[0] == self.version:
                return known[1]
            version = self.version
        learned = rules.learn(
            self._all_evidence(),
            self._vault.preferences(),
            kernel=self._kernel(situation),
            audience=audience,
        )
        with self._lock:
            measured = style.preferences_from(self._profile, self.chosen(audience), audience, recipients)
        voices = [item for item in learned if rules.in_effect(item) or not item.enabled]
        found = [item for item in style.combine(voices, measured) if rules.in_effect(item)]
        if settled:
            with self._lock:
                self._settled[audience] = (version, found)
        return found

    def _all_evidence(self) -> list[Evidence]:
        with self._lock:
            if self._evidence is None:
                self._evidence = self._vault.evidence()
            return self._evidence

    def _kernel(self, situation: str) -> Mapping[str, float] | None:
        """How much each past edit counts in this situation; None where it tells nothing."""
        evidence = self._all_evidence()
        if not evidence or not situation.strip():  # then nobody waits for the embedder
            return None
        meaning = self._meaning(situation)
        past = self._past_situations(complete=bool(meaning) or self._recall is None)
        return registers.weigh(evidence, registers.situation_of(situation, meaning), past)

    def _past_situations(self, *, complete: bool) -> Mapping[str, Situation]:
        """By edit id, kept until the next edit if they are `complete`.

        Only the newest are compared in meaning: comparing takes time where a suggestion is waited for.
        """
        with self._lock:
            known, version = self._past, self._edits_version
        if known is None:
            vectors = self._vault.edit_vectors()
            recent = set(list(vectors)[-_COMPARED:])
            known = {
                edit.id: registers.situation_of(edit.context, vectors[edit.id] if edit.id in recent else b"")
                for edit in self._vault.edits(_EDITS_READ)
                if edit.context.strip()
            }
            with self._lock:
                if complete and version == self._edits_version:
                    self._past = known
        return known

    def _meaning(self, situation: str) -> bytes:
        """The vector of a situation; b'' where nothing compares meanings now.

        Whoever edits does not wait for the embedder: what was learned since gets its vector here, where a suggestion is
        about to be written.
        """
        if self._recall is None:
            return b""
        with self._lock:
            complete = self._past is not None
        try:
            meaning = self._recall.meaning(situation)
            waiting = {} if complete else self._vault.situations_without_vector()
            if waiting:
                vectors = self._recall.embed(list(waiting.values()))
                self._vault.save_edit_vectors(dict(zip(waiting, vectors, strict=True)))
        except UserError as error:
            _log.warning("preferences are not weighed by the meaning of situations: %s", type(error).__name__)
            return b""
        return meaning

    def apply(
        self, text: str, preferences: Sequence[Preference], recipients: Sequence[str], *, is_letter: bool
    ) -> Applied:
        """The deterministic pass over generated text, so that a rule holds even with a small model."""
        return applying.apply(text, preferences, recipients, is_letter=is_letter)

    def biases(self, audience: str = EVERYONE, preferences: Sequence[Preference] | None = None) -> dict[str, float]:
        """Words that preferences favour (+) or ban (-)."""
        return applying.biases(self.effective("", audience) if preferences is None else preferences)

    def bans(self, audience: str = EVERYONE) -> list[re.Pattern[str]]:
        """What no completion may bring about in this audience."""
        return applying.bans(self.effective("", audience))

    # the person's own word

    def statement(self, preference: Preference) -> str:
        """The rule in words."""
        return wording.statement(preference)

    def confidence(self, preference: Preference) -> float:
        """0 to 1."""
        return rules.confidence(preference)

    def standing(self, preference: Preference) -> Standing:
        """How far a rule has come."""
        return rules.standing(preference)

    def evidence_for(self, preference: Preference) -> list[Edit]:
        """The edits it rests on, latest first."""
        wanted = set(preference.edits)
        return [edit for edit in self._vault.edits(_EDITS_READ) if edit.id in wanted]

    def set_enabled(self, preference: Preference, enabled: bool) -> None:
        """Switch a rule on or off; the evidence stays.  A stated one that is switched on switches off its opposite."""
        if enabled and preference.origin is Origin.STATED:
            for other in self._contradicted_by(preference):
                self._vault.save_preference(replace(other, enabled=False))
        for item in self._with_repeats(preference):
            if enabled and item.origin is Origin.LEARNED and not item.statement:
                self._vault.delete_preference(item.id)  # what it rests on says it again, for the right audiences
            else:
                self._vault.save_preference(replace(item, enabled=enabled))
        self._changed()

    def reword(self, preference: Preference, text: str) -> Preference:
        """The person says it in their own words: from then on it is theirs.  Raises BadInput for an empty text."""
        stated = self.state(text, preference.audience)
        if stated.id != preference.id:  # the same rule in other words has taken its place already
            self.delete(preference)
        return stated

    def state(self, text: str, audience: str = EVERYONE) -> Preference:
        """A rule the person gives; in effect at once, in place of one they gave before on the same thing for the same
        audience.  Raises BadInput for an empty text.
        """
        parsed = wording.parse_statement(text, audience)
        if parsed is None:
            raise BadInput("Say the rule in a few words, for example: no exclamation marks.")
        stated = replace(parsed, audience=audience, origin=Origin.STATED)
        for earlier in self._contradicted_by(stated):
            self._vault.delete_preference(earlier.id)
        self._store(stated)
        return stated

    def move(self, preference: Preference, audience: str) -> Preference:
        """Let a rule hold for another audience; as it is the person who says for whom, it is theirs from then on."""
        moved = Preference(
            rules.identify(preference.dimension, preference.subject, preference.value, audience),
            preference.dimension, preference.value, preference.subject, audience, Origin.STATED, preference.enabled,
            statement=preference.statement,
        )  # fmt: skip
        if moved.id == preference.id:
            return preference
        for earlier in self._contradicted_by(moved):
            self._vault.delete_preference(earlier.id)
        self.delete(preference)
        self._store(moved)
        return moved

    def _contradicted_by(self, stated: Preference) -> list[Preference]:
        """What the person said before on the same thing for the same audience: two such rules cannot both hold."""
        if stated.dimension is rules.Dimension.CUSTOM:
            return []  # what is said in free words may well hold beside other words
        same = stated.dimension, stated.subject, stated.audience
        return [
            item
            for item in self._vault.preferences()
            if item.origin is Origin.STATED
            and item.id != stated.id
            and (item.dimension, item.subject, item.audience) == same
        ]

    def infer(self, preference: Preference) -> None:
        """Take in a preference that was inferred and checked elsewhere (inferring.py)."""
        self._store(preference)

    def safe(self, text: str) -> str:
        """The text as prompts may have it."""
        return mask(text) if self._settings.get(SENSITIVE) else text

    def delete(self, preference: Preference) -> None:
        """Remove a rule; evidence seen so far does not bring it back."""
        for item in self._with_repeats(preference):
            if item.origin is Origin.STATED:
                self._vault.delete_preference(item.id)
            else:
                self._vault.save_preference(rules.tombstone(item))
        self._changed()

    def forget_everything(self) -> None:
        """All edits, evidence and preferences."""
        self._vault.forget_learning()
        self._vault.set_setting(RULES_USED, None)
        self._changed()

    def vault_changed(self) -> None:
        """Something was forgotten or brought back: nothing that was read from the vault before holds any more."""
        with self._lock:
            self._profile = StyleProfile(english=self._english)
        self.audiences_changed()
        self._changed()

    def _store(self, preference: Preference) -> None:
        self._vault.save_preference(preference)
        self._changed()

    def _changed(self) -> None:
        with self._lock:
            self._evidence = None
            self._past = None
            self._machine = None
            self._edits_version += 1
            self._settled.clear()
            self.version += 1

    # style, as measured and as chosen

    def traits(self, audience: str = EVERYONE) -> list[Trait]:
        """The profile for people, with what was chosen instead."""
        with self._lock:
            return style.traits(self._profile, audience, self.chosen(audience))

    def choose(self, audience: str, key: str, value: str | None) -> None:
        """Overrule a trait, or (None) leave it as I write."""
        with self._lock:
            everything = dict(self._choices())
            mine = dict(everything.get(audience, {}))
            if value is None:
                mine.pop(key, None)
            else:
                mine[key] = value
            everything[audience] = mine
            self._vault.set_setting(CHOSEN, json.dumps(everything))
            self._chosen = everything
            self.version += 1

    def chosen(self, audience: str) -> Mapping[str, str]:
        """The person's choices for an audience, with Everyone's beneath."""
        choices = self._choices()
        return {**choices.get(EVERYONE, {}), **choices.get(audience, {})}

    def _choices(self) -> dict[str, dict[str, str]]:
        with self._lock:
            if self._chosen is None:
                self._chosen = json.loads(self._vault.setting(CHOSEN) or "{}")
            return self._chosen


def _for_everyone(preference: Preference) -> str:
    """The id that a rule has where it is for everyone."""
    return rules.identify(preference.dimension, preference.subject, preference.value)
