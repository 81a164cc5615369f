"""A vault, engines over one small model, and the service that trains for them: all real."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

from helpers.vaults import KEY
from ownhand.adapters.store import SqlVault
from ownhand.adapters.worker import random_model
from ownhand.adapters.worker.engine_client import EngineClient
from ownhand.adapters.worker.identity import identify
from ownhand.adapters.worker.trainer import TrainerClient
from ownhand.domain.corpus import Document, Kind, ReplyContext
from ownhand.services.models import Engines
from ownhand.services.status import Status
from ownhand.services.training import Training

SMALL = random_model.Shape(1, 64, 1, 1, 64, 64, 512)
"""Of a model that learns in seconds."""
SAID = "Kilns and herons, as ever; the tea is on the landing. "
NOW = datetime(2026, 11, 20, tzinfo=UTC)


class Hands:
    """What the service needs of the personal model."""

    def __init__(self) -> None:
        self.trained: dict[str, tuple[str, float]] = {}
        self.steered: dict[str, tuple[str, float]] = {}


class Kit:
    def __init__(self, folder: Path, model: Path) -> None:
        self.vault = SqlVault.open(folder, KEY, "key file")
        self.engines = Engines(EngineClient, model, identify=identify)
        self.trainer = TrainerClient()
        self.personal = Hands()
        self.training = Training(self.vault, self.engines, self.trainer, self.personal, Status(), "own")  # type: ignore[arg-type]

    def fill(self, count: int = 70) -> None:
        source = self.vault.add_source("/mail", "mbox")
        documents = [
            Document(
                f"d{number}",
                Kind.EMAIL,
                f"Hi Dana,\n\n{SAID * 2}Number {number} it is.\n\nBest,\nSam",
                f"Kilns {number}",
                ("dana@example.org",),
                NOW - timedelta(days=number),
                ReplyContext("Which one?", "Dana Li") if number == 3 else None,
            )
            for number in range(count)
        ]
        self.vault.add_documents(source.id, documents)

    def close(self) -> None:
        self.training.close()
        self.engines.close()
        self.vault.close()
