"""Réglage de JupyterLab pour le livre : un chapitre ouvert comme carnet garde sa mise en forme à l'enregistrement.

Jupytext réécrit tout le fichier : en-têtes YAML repliés, options déplacées, numéro de version ajouté. On remet ici,
à la place de chaque cellule que l'on n'a pas touchée, son texte d'origine ; le diff ne montre que ce qui a changé.
"""

from difflib import SequenceMatcher
from pathlib import Path

from jupytext.myst import myst_to_notebook


def sections(text):
    """L'en-tête de la page, ses métadonnées ; puis, par cellule, ce qui la définit et les lignes qui l'écrivent."""
    notebook, rows = myst_to_notebook(text, add_source_map=True), text.splitlines(keepends=True)
    starts = notebook.metadata.pop("source_map")
    # Une cellule de code commence à sa clôture.
    starts = [start - (cell.cell_type != "markdown") for cell, start in zip(notebook.cells, starts, strict=True)]
    bounds = zip(starts, [*starts[1:], len(rows)], strict=True)
    keys = [repr((cell.cell_type, cell.source.strip(), sorted(cell.metadata.items()))) for cell in notebook.cells]
    header = "".join(rows[: starts[0]] if starts else rows)
    return header, notebook.metadata, keys, ["".join(rows[start:end]) for start, end in bounds]


def without_versions(metadata):
    representation = metadata.get("jupytext", {}).get("text_representation", {})
    for key in ("format_version", "jupytext_version"):
        representation.pop(key, None)
    return metadata


def merged(old, new):
    """Le texte ``new``, où les cellules qui étaient dans ``old`` sont écrites comme dans ``old``."""
    old_header, old_metadata, old_keys, old_texts = sections(old)
    header, metadata, keys, texts = sections(new)
    if without_versions(metadata) == without_versions(old_metadata):
        header = old_header
    for tag, first, last, start, end in SequenceMatcher(None, old_keys, keys, autojunk=False).get_opcodes():
        if tag == "equal":
            texts[start:end] = old_texts[first:last]
    return header + "".join(texts)


def keep_wording(model, path, contents_manager, **kwargs):
    """Appelé par Jupyter juste avant qu'il n'écrive un fichier."""
    file = Path(contents_manager.root_dir, path)
    if model["type"] == "file" and file.suffix == ".md" and file.exists() and isinstance(model.get("content"), str):
        old = file.read_text(encoding="utf-8")
        if old.startswith("---\njupytext:"):
            model["content"] = merged(old, model["content"])


c = get_config()  # noqa: F821
c.FileContentsManager.pre_save_hook = keep_wording
