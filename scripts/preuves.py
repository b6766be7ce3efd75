"""Les preuves des prédictions et des questions, tenues contre un chapitre rejoué.

La construction les vérifie sur les résultats qu'elle montre ; sous d'autres graines, ou avec les instructions
d'un autre processeur, elles doivent tenir aussi, comme les assertions (voir ``graines.py`` et ``arrondis.py``).
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

import nbformat
from sources import ROOT, text_of

sys.path.insert(0, str(ROOT / "book" / "_ext"))

import measures
import proofs

PROOF = re.compile(r"^:preuve:[ ]+(?P<proof>\S.*?)\s*$", re.MULTILINE)


def false_proofs(chapter: Path, notebook: nbformat.NotebookNode) -> list[str]:
    """Les preuves du chapitre que ses résultats démentent ; celles qui lisent une autre page ne sont pas jugées."""
    glued, text, faults = measures.glued_in(notebook.cells), text_of(chapter), []
    for found in PROOF.finditer(text):
        proof = found["proof"]
        if set(proofs.keys(proof)) <= set(glued) and not proofs.holds(proof, glued):
            line = text.count("\n", 0, found.start()) + 1
            told = f"la preuve « {proof} » est fausse : {proofs.described(proof, glued)}"
            faults.append(f"{chapter.relative_to(ROOT)}:{line}: {told}")
    return faults
