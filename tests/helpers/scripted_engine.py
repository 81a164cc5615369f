"""An engine that answers what a test says, for tests of what is done with an answer; all others use the real one."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

from ownhand.domain.inference import Generate, ModelInfo, Piece, Usage


class Said:
    """One answer as a stream."""

    def __init__(self, text: str) -> None:
        self._text = text
        self.usage = Usage()
        self.closed = False

    def __iter__(self) -> Iterator[Piece]:
        for word in self._text.splitlines(keepends=True):
            if self.closed:
                return
            yield Piece(word)

    def close(self) -> None:
        self.closed = True


class ScriptedEngine:
    """Gives `answer` each prompt and streams what it returns; takes itself for a model of 1.5 billion parameters."""

    def __init__(
        self,
        answer: Callable[[str], str] = str,
        parameters: int = 1_500_000_000,
        judge: Callable[[str, str], float] = lambda prompt, text: -float(len(text)),
    ) -> None:
        """`judge` finds a text likelier or less likely by what stands before it."""
        self._answer = answer
        self._judge = judge
        self.scored = 0
        self._info = ModelInfo(Path("scripted.gguf"), "scripted", parameters=parameters, context=4096, chat=True)
        self.prompts: list[str] = []

    def load(self, model: Path) -> ModelInfo:
        return self._info

    def info(self) -> ModelInfo | None:
        return self._info

    def generate(self, request: Generate) -> Said:
        self.prompts.append(request.prompt)
        return Said(self._answer(request.prompt))

    def render(self, messages: Sequence[Mapping[str, str]]) -> str:
        return "\n\n".join(message["content"] for message in messages)

    def count_tokens(self, text: str) -> int:
        return len(text) // 4

    def score(self, prompt: str, text: str, *_: object) -> float:
        self.scored += 1
        return self._judge(prompt, text)

    def remember(self, memory: str, texts: Sequence[str]) -> None:
        pass

    def expect(self, memory: str, *_: object) -> None:
        pass

    def forget(self, memory: str) -> None:
        pass

    def close(self) -> None:
        pass
