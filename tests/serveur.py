"""Ce que partagent les tests qui ouvrent un navigateur : serveurs, Chromium, réglage de JupyterLab."""

from __future__ import annotations

import contextlib
import functools
import http.server
import re
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright
from sources import ROOT

HTML = ROOT / "_build" / "html"
CHROMIUM = "/usr/bin/chromium"
CHROMIUM_OPTIONS = ["--no-sandbox", "--disable-background-networking", "--no-first-run"]


@contextlib.contextmanager
def serve(folder: Path) -> Iterator[str]:
    """Sert un dossier sur la boucle locale, et donne son adresse."""

    class Handler(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *args) -> None:
            pass

    handler = functools.partial(Handler, directory=str(folder))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@contextlib.contextmanager
def chromium() -> Iterator[Browser]:
    """Le Chromium du système, piloté par Playwright."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=CHROMIUM_OPTIONS)
        yield browser
        browser.close()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_for(url: str, server: subprocess.Popen, log: Path, seconds: float = 90) -> None:
    """Attend qu'un serveur réponde ; s'il s'arrête ou tarde, montre son journal."""
    limit = time.monotonic() + seconds
    while time.monotonic() < limit and server.poll() is None:
        with contextlib.suppress(OSError), urllib.request.urlopen(url):
            return
        time.sleep(0.2)
    raise RuntimeError(f"« {url} » ne répond pas :\n{log.read_text('utf-8')[-3000:]}")


def default_viewer_command() -> list[str]:
    """La ligne de ``binder/postBuild`` qui fait ouvrir les chapitres comme des carnets, dans cet environnement."""
    script = (ROOT / "binder" / "postBuild").read_text("utf-8")
    (line,) = re.findall(r"^jupytext-config .*$", script, re.MULTILINE)
    name, *arguments = line.split()
    return [str(Path(sys.executable).with_name(name)), *arguments]
