#!/usr/bin/env bash
# Tous les tests, dans l'ordre du plus rapide au plus lent.  S'arrête au premier groupe qui échoue.
set -euo pipefail
cd "$(dirname "$0")/.."
python=.venv/bin/python
debut=$SECONDS
export PYTHONDONTWRITEBYTECODE=1

titre() { printf '\n=== %s (%s s) ===\n' "$1" "$((SECONDS - debut))"; }

titre "Dessins et style du code"
$python scripts/dessins.py --verifier
.venv/bin/ruff check .

titre "Paquet, extensions, sources, pages et PDF"
$python -m pytest -q -n 2 --dist loadfile --ignore tests/test_navigateur.py --ignore tests/test_jupyterlab.py

titre "Chapitres : résultats de la construction comparés aux références"
$python scripts/references.py --comparer

titre "Chapitres courts : réexécutés, et comparés de nouveau"
$python scripts/references.py --nbval
$python -m pytest -q -n 2 --dist loadfile --nbval --nbval-current-env \
  --nbval-sanitize-with tests/nbval.cfg _build/nbval

titre "Navigateur et JupyterLab"
$python scripts/livre.py carnets
$python -m pytest -q -n 2 --dist loadfile tests/test_navigateur.py tests/test_jupyterlab.py

titre "Terminé"
