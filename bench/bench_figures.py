"""Le temps d'une interaction avec chaque figure (calcul et dessin), dans Chromium : médiane de 31, en millisecondes.

Objectif : 16 ms au plus, une image sur soixante par seconde. Le livre doit être construit.
"""

import sys
import tempfile
from pathlib import Path

sys.path[:0] = [str(Path(__file__).resolve().parent.parent / name) for name in ("tests", "scripts", "book/_ext")]

from outils_figures import FIGURE, FIGURES, lone_page, opened, sent_data  # noqa: E402
from serveur import chromium  # noqa: E402

MEASURE = f"""() => Array.from({{length: 31}}, () => {{
  const start = performance.now();
  {FIGURE}.refresh(true);
  return performance.now() - start;
}}).sort((a, b) => a - b)[15]"""


def main() -> None:
    with chromium() as browser, tempfile.TemporaryDirectory() as folder:
        for name in FIGURES:
            page = opened(browser, lone_page(Path(folder), name, sent_data(name)))
            print(f"{name:12} {page.evaluate(MEASURE):6.1f} ms   (objectif : 16)")


if __name__ == "__main__":
    main()
