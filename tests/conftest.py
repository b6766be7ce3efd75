"""Réglages communs des tests : les chemins du dépôt et de ce qui y est construit."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

os.environ["RESULTATS_PARTAGES"] = "non"  # un essai qui exécute un chapitre l'exécute vraiment

ROOT = Path(__file__).resolve().parent.parent
@pytest.fixture(scope="session")
def root() -> Path:
    return ROOT


@pytest.fixture(scope="session")
def html() -> Path:
    """Le HTML construit, que ``make test`` produit avant les tests."""
    return built("_build/html", "make livre")


@pytest.fixture(scope="session")
def pdf() -> Path:
    return built("_build/pdf/reseaux-recurrents.pdf", "make pdf")


def built(path: str, command: str) -> Path:
    target = ROOT / path
    if not target.exists():
        pytest.fail(f"{path} n'existe pas : lancez « {command} »", pytrace=False)
    return target
