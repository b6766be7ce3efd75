"""Un fichier s'écrit en entier, ou reste ce qu'il était."""

from __future__ import annotations

from pathlib import Path

import ecriture
import pytest


@pytest.mark.parametrize("content", ["déjà", b"\x89PNG"])
def test_a_file_is_replaced_as_a_whole(tmp_path, content):
    target = tmp_path / "page.txt"
    target.write_text("ancien", encoding="utf-8")
    ecriture.put(content, target)
    assert target.read_bytes() == (content.encode("utf-8") if isinstance(content, str) else content)
    assert list(tmp_path.iterdir()) == [target]


def test_an_interrupted_writing_leaves_the_old_file(tmp_path, monkeypatch):
    target = tmp_path / "page.txt"
    target.write_text("ancien", encoding="utf-8")

    def full(path, content):
        with open(path, "wb") as file:
            file.write(content[:2])
        raise OSError("plus de place")

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(OSError, match="plus de place"):
        ecriture.put("nouveau", target)
    assert target.read_text(encoding="utf-8") == "ancien" and list(tmp_path.iterdir()) == [target]
