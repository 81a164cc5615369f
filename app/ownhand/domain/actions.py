"""What the person can ask for.  One row here puts an action into the menu, the palette, the command line and
the prompt; an action of the person's own comes from the vault and asks for Custom with its instruction.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum


class Scope(StrEnum):
    """What an action works on."""

    BRIEF = "brief"
    """It writes from notes; the draft's own text is the brief when no instruction is given."""
    TEXT = "text"
    """It replaces the selection, or the whole draft where nothing is selected."""
    WHOLE = "whole"
    """It replaces the whole draft, whatever is selected."""
    CARET = "caret"
    """It adds at the end of the text before the caret."""
    SUBJECT = "subject"
    """It fills the subject line."""


@dataclass(frozen=True, slots=True)
class Action:
    """One thing to ask for.

    `task` is the model's instruction; `{points}`, `{instruction}`, `{to}`, `{subject}`, `{text}` and
    `{message}` are filled in.  `keeps_facts` says that names, numbers and dates of the source must survive.
    """

    id: str
    label: str
    hint: str
    task: str = field(repr=False)
    scope: Scope = Scope.TEXT
    keeps_facts: bool = True
    shortcut: str = ""
    asks: tuple[str, ...] = ()
    """Lower-case words by which a free instruction is recognised as this action."""


@dataclass(frozen=True, slots=True)
class OwnAction:
    """An action that the person made: Custom under a name, with an instruction that need not be typed again."""

    id: str
    name: str
    instruction: str = field(repr=False)
    scope: Scope = Scope.TEXT
    """TEXT or WHOLE."""


ACTIONS: tuple[Action, ...] = (
    Action(
        "draft",
        "Draft",
        "Write it from notes",
        "Write an email{to}{subject} from these notes:\n\n{points}",
        Scope.BRIEF,
        shortcut="Ctrl+D",
        asks=("draft", "write an email"),
    ),
    Action(
        "reply",
        "Reply",
        "Answer the message above",
        "Reply to this email{instruction}.\n\n{message}",
        Scope.BRIEF,
        keeps_facts=False,
        shortcut="Ctrl+R",
        asks=("reply", "answer this"),
    ),
    Action(
        "rewrite",
        "Rewrite",
        "Say it the way you would",
        "Put this in my voice:\n\n{text}",
        shortcut="Ctrl+Shift+R",
        asks=("my own style", "my voice", "my style", "rewrite", "rephrase"),
    ),
    Action(
        "shorten",
        "Shorten",
        "Say it in fewer words",
        "Make this shorter:\n\n{text}",
        shortcut="Ctrl+Shift+S",
        asks=("shorter", "shorten", "concise", "tighten", "brief"),
    ),
    Action(
        "expand",
        "Expand",
        "Turn notes into sentences",
        "Expand these notes into full sentences:\n\n{text}",
        asks=("expand", "longer", "full sentences"),
    ),
    Action(
        "fix",
        "Fix",
        "Correct spelling and grammar only",
        "Fix the grammar and spelling:\n\n{text}",
        shortcut="Ctrl+Shift+F",
        asks=("grammar", "spelling", "typo", "correct", "proofread", "mistake"),
    ),
    Action(
        "formal", "Formal", "More formal", "Make this more formal:\n\n{text}", asks=("formal", "professional", "polite")
    ),
    Action(
        "casual",
        "Casual",
        "More relaxed",
        "Make this more casual:\n\n{text}",
        asks=("casual", "friendl", "warmer", "relaxed", "informal"),
    ),
    Action(
        "bullets",
        "List",
        "Turn it into bullet points",
        "Turn this into bullet points:\n\n{text}",
        asks=("bullet", "a list"),
    ),
    Action(
        "subject",
        "Subject",
        "Propose a subject line",
        "Suggest a subject line for this email:\n\n{text}",
        Scope.SUBJECT,
        keeps_facts=False,
        asks=("subject line", "subject"),
    ),
    Action(
        "continue",
        "Continue",
        "Write on from here",
        "Continue the draft:\n\n{text}",
        Scope.CARET,
        keeps_facts=False,
        shortcut="Ctrl+Return",
        asks=("continue", "finish", "go on"),
    ),
    Action("custom", "Custom", "Follow your instruction", "{instruction}\n\n{text}"),
)

BY_ID = {action.id: action for action in ACTIONS}


def recognise(instruction: str) -> Action:
    """The action that a free instruction names; Custom where it names none.

    >>> recognise("Make this more formal.").id, recognise("Fix grammar and spelling only.").id
    ('formal', 'fix')
    >>> recognise("less formal please").id
    'casual'
    """
    asked = instruction.lower()
    if any(phrase in asked for phrase in ("less formal", "informal", "not so formal")):
        return BY_ID["casual"]
    if any(phrase in asked for phrase in ("less casual", "not so casual")):
        return BY_ID["formal"]
    for action_id in (
        "bullets",
        "fix",
        "shorten",
        "subject",
        "formal",
        "casual",
        "expand",
        "continue",
        "reply",
        "rewrite",
    ):
        if any(word in asked for word in BY_ID[action_id].asks):
            return BY_ID[action_id]
    return BY_ID["custom"]
