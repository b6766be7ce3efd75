"""À importer d'abord : écarte une bibliothèque facultative, dont la grammaire prend une seconde à charger.

``jsonschema`` s'en sert pour vérifier des adresses internationales, que les carnets du livre n'ont pas.
"""

from __future__ import annotations

import sys

sys.modules.setdefault("rfc3987_syntax", None)
