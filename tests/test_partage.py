"""Les résultats que partagent deux clones : repris tels quels, jamais obligatoires, jamais mêlés."""

from __future__ import annotations

import partage
import pytest

NAME = "rnn-0123456789abcdef.ipynb"


@pytest.fixture
def shared(tmp_path, monkeypatch):
    monkeypatch.setenv("RESULTATS_PARTAGES", "oui")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path


@pytest.fixture
def results(shared):
    """Les résultats d'un clone, et la place des mêmes dans un autre."""
    for clone in ("un", "deux"):
        (shared / clone).mkdir()
    (shared / "un" / NAME).write_text('{"cells": []}', encoding="utf-8")
    return shared / "un" / NAME, shared / "deux" / NAME


def test_another_clone_takes_what_one_has_executed(results):
    first, second = results
    assert not partage.borrow(second)
    partage.lend(first)
    assert partage.borrow(second) and second.read_bytes() == first.read_bytes()
    assert [path.name for path in partage.shared_folder().iterdir()] == [NAME]
    assert [path.name for path in second.parent.iterdir()] == [NAME]
    assert not partage.borrow(second.with_name("rnn-fedcba9876543210.ipynb")), "une autre empreinte, un autre résultat"


def test_a_reader_may_refuse(results, monkeypatch):
    first, second = results
    partage.lend(first)
    monkeypatch.setenv("RESULTATS_PARTAGES", "non")
    assert partage.shared_folder() is None and not partage.borrow(second)
    partage.lend(first)


def test_another_processor_has_its_own_results(results, monkeypatch):
    first, second = results
    partage.lend(first)
    monkeypatch.setattr(partage, "processor", lambda: "un autre")
    assert not partage.borrow(second)


def test_a_forbidden_folder_stops_nothing(results, monkeypatch):
    first, second = results
    monkeypatch.setenv("XDG_CACHE_HOME", str(first))  # un fichier, là où il faudrait un dossier
    partage.lend(first)
    assert not partage.borrow(second)


def test_the_path_of_a_clone_is_not_lent(results):
    first, second = results
    first.write_text(f'{{"cells": ["{partage.ROOT}/book"]}}', encoding="utf-8")
    partage.lend(first)
    assert not partage.borrow(second)


def test_only_the_latest_are_kept(results, monkeypatch):
    first, _ = results
    monkeypatch.setattr(partage, "KEPT", 2)
    for rank in range(4):
        path = first.with_name(f"rnn-{rank}.ipynb")
        path.write_text(str(rank), encoding="utf-8")
        partage.lend(path)
    assert len(list(partage.shared_folder().glob("*.ipynb"))) == 2
