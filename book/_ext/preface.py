"""Ce que la préface dit du livre lui-même : le temps de lecture d'un chapitre, où sont le PDF et les carnets."""

from __future__ import annotations

import sys
from pathlib import Path

from docutils import nodes
from sphinx.util.docutils import SphinxRole

ROOT = Path(__file__).resolve().parents[2]
sys.path.append(str(ROOT / "scripts"))

import mesurer  # noqa: E402

PDF, NOTEBOOKS = "reseaux-recurrents.pdf", "carnets/carnets.zip"
STEP = 5  # minutes


class ReadingTime(SphinxRole):
    """``{lecture}`rnn``` : les minutes que demande un chapitre, exercices exclus, arrondies à cinq minutes."""

    def run(self) -> tuple[list[nodes.Node], list[nodes.system_message]]:
        page = ROOT / "book" / f"{self.text}.md"
        if not page.exists():
            message = self.inliner.reporter.error(f"lecture : « {self.text} » n'est pas un chapitre", line=self.lineno)
            return [self.inliner.problematic(self.rawtext, self.rawtext, message)], [message]
        self.env.note_dependency(str(page))
        minutes = max(STEP, STEP * round(mesurer.measures(page)["minutes"] / STEP))
        return [nodes.Text(f"{minutes} min")], []


class Published(SphinxRole):
    """``{pdf-du-livre}`le texte du lien``` : un fichier publié à côté du livre."""

    def __init__(self, file: str) -> None:
        super().__init__()
        self.file = file

    def run(self) -> tuple[list[nodes.Node], list[nodes.system_message]]:
        address = self.config.html_baseurl.rstrip("/") + "/" + self.file
        return [nodes.reference("", self.text, refuri=address, internal=False)], []


def setup(app):
    app.add_role("lecture", ReadingTime())
    app.add_role("pdf-du-livre", Published(PDF))
    app.add_role("carnets-du-livre", Published(NOTEBOOKS))
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
