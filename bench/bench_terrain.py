"""Le terrain pendant qu'il apprend, dans Chromium : images par seconde, temps d'une image, temps pour savoir EASY.

Objectifs : 50 images par seconde au moins, 16 ms par image au plus, EASY su à 99 % en moins de 10 s par les trois
graines (cellule et réglages par défaut, séquences tirées à part), 60 ko compressés. Le livre doit être construit.

Une machine occupée ralentit l'horloge, pas le travail : le temps de processeur d'une image est donné à côté.
Lancement : ``make bench``.
"""

from __future__ import annotations

import gzip
import os
import sys
import tempfile
import time
from pathlib import Path

sys.path[:0] = [str(Path(__file__).resolve().parent.parent / name) for name in ("tests", "scripts", "book/_ext")]

from outils_figures import FIGURE, STATIC, lone_page, opened, sent_data  # noqa: E402
from serveur import chromium  # noqa: E402

SETTINGS = {
    "parité, GRU (par défaut)": {},
    "EASY, GRU": {"task": "easy"},
    "écho, LSTM": {"task": "echo", "cell": "lstm"},
    "NORMAL, LSTM de 32 unités": {"task": "normal", "cell": "lstm", "H": "32"},
}
WATCHED = 4_000  # ms

COUNT = f"""milliseconds => new Promise(done => {{
  const start = performance.now();
  let frames = 0;
  const next = now => {{
    frames += 1;
    if (now - start < milliseconds && {FIGURE}.state.playing) requestAnimationFrame(next);
    else done({{frames, seconds: (performance.now() - start) / 1000, updates: {FIGURE}.state.session.updates}});
  }};
  requestAnimationFrame(next);
}})"""
# Image par image, ce que coûtent la tranche d'apprentissage, le calcul et le dessin : médiane et neuvième décile.
WORK = f"""() => {{
  const figure = {FIGURE}, set = changes => Object.assign(figure.state, changes);
  const times = Array.from({{length: 120}}, () => {{
    const start = performance.now();
    figure.spec.animate(figure.state, figure.data, set);
    figure.refresh(true);
    return performance.now() - start;
  }}).sort((a, b) => a - b);
  return [times[60], times[108]];
}}"""
KNOWN = f"{FIGURE}.state.session?.learners.every(({{history}}) => history.accuracy.at(-1) >= 0.99)"


def processor(client) -> float:
    """Le temps de processeur de l'onglet, en secondes."""
    metrics = client.send("Performance.getMetrics")["metrics"]
    return next(metric["value"] for metric in metrics if metric["name"] == "TaskDuration")


def watch(page, changes: dict) -> str:
    """Ce que fait la page pendant quelques secondes d'apprentissage."""
    client = page.context.new_cdp_session(page)
    client.send("Performance.enable", {"timeDomain": "threadTicks"})
    page.evaluate(f"changes => {FIGURE}.set({{...changes, playing: true}})", changes)
    page.wait_for_function(f"{FIGURE}.state.session?.updates > 2", timeout=60_000)
    before = processor(client)
    found = page.evaluate(COUNT, WATCHED)
    spent = 1000 * (processor(client) - before) / found["frames"]
    middle, high = page.evaluate(WORK)
    rate = found["frames"] / found["seconds"]
    told = f"{rate:5.1f} images/s   {spent:5.1f} ms de processeur par image"
    return f"{told}   {middle:4.1f} ms (neuf sur dix : {high:.1f})"


def easy(page) -> tuple[float, float, int]:
    """Les secondes, d'horloge et de processeur, et les mises à jour pour que les trois graines sachent EASY."""
    client = page.context.new_cdp_session(page)
    client.send("Performance.enable", {"timeDomain": "threadTicks"})
    page.locator("select[data-cle=task]").select_option("easy")
    start, before = time.perf_counter(), processor(client)
    page.get_by_role("button", name="Entraîner", exact=True).click()
    page.wait_for_function(KNOWN, timeout=120_000)
    spent = time.perf_counter() - start
    return spent, processor(client) - before, page.evaluate(f"{FIGURE}.state.session.updates")


def main() -> None:
    size = len(gzip.compress((STATIC / "terrain.js").read_bytes(), 9))
    print(f"script : {size / 1000:.1f} ko compressés (objectif : 60) ; charge de la machine : {os.getloadavg()[0]:.1f}")
    with chromium() as browser, tempfile.TemporaryDirectory() as folder:
        address = lone_page(Path(folder), "terrain", sent_data("terrain"))
        for name, changes in SETTINGS.items():
            page = opened(browser, address, viewport={"width": 760, "height": 1300})
            print(f"{name:26} {watch(page, changes)}   (objectifs : 50 images/s, 16 ms)")
            page.close()
        for _ in range(3):
            page = opened(browser, address, viewport={"width": 760, "height": 1300})
            clock, spent, updates = easy(page)
            print(f"EASY su en {clock:.1f} s, {spent:.1f} s de processeur, {updates} mises à jour   (objectif : 10 s)")
            page.close()


if __name__ == "__main__":
    main()
