"""La palette du cours, lue seule : importer le paquet entier chargerait PyTorch pour quinze couleurs."""

from __future__ import annotations

import runpy
from pathlib import Path

SOURCE = Path(__file__).resolve().parents[2] / "notebook_utils" / "plotting" / "palette.py"
PALETTE = runpy.run_path(str(SOURCE))["PALETTE"]
