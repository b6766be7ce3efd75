"""Sert le livre sur la boucle locale : ``python scripts/servir.py [--suivre] [port]``.

Avec ``--suivre``, chaque page se recharge d'elle-même dès que le livre a été reconstruit.
"""

from __future__ import annotations

import errno
import functools
import http.server
import sys

import etat

HTML = etat.BUILD / "html"
VERSION = "/version-du-livre"
RELOAD = f"""<script>(async () => {{
  const version = async () => (await fetch("{VERSION}", {{cache: "no-store"}})).text();
  const shown = await version();
  setInterval(async () => {{ if (await version().catch(() => shown) !== shown) location.reload(); }}, 300);
}})();</script>
"""


class Handler(http.server.SimpleHTTPRequestHandler):
    """Les fichiers du livre, sans mémoire d'une visite à l'autre."""

    def log_message(self, *arguments) -> None:
        pass

    def end_headers(self) -> None:
        self.send_header("Cache-Control", "no-store")
        super().end_headers()


class FollowingHandler(Handler):
    """De même, et chaque page guette la version suivante du livre."""

    def do_GET(self) -> None:
        if self.path == VERSION:
            return self.answer("text/plain", etat.SEAL.read_bytes() if etat.SEAL.exists() else b"")
        path = self.translate_path(self.path)
        if not path.endswith(".html"):
            return super().do_GET()
        try:
            with open(path, "rb") as page:
                self.answer("text/html", page.read().replace(b"</body>", RELOAD.encode() + b"</body>"))
        except OSError:  # la page n'existe pas
            self.send_error(404)

    def answer(self, kind: str, content: bytes) -> None:
        self.send_response(200)
        self.send_header("Content-Type", f"{kind}; charset=utf-8")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)


def main(arguments: list[str]) -> None:
    follow = "--suivre" in arguments
    (port,) = [int(word) for word in arguments if word.isdecimal()] or [8000]
    handler = functools.partial(FollowingHandler if follow else Handler, directory=str(HTML))
    try:
        server = http.server.ThreadingHTTPServer(("127.0.0.1", port), handler)
    except OSError as error:
        if error.errno != errno.EADDRINUSE:
            raise
        command = "make ecrire" if follow else "make lire"
        raise SystemExit(
            f"Le port {port} est occupé, sans doute par un autre « make lire » ou « make ecrire » : "
            f"arrêtez-le, ou choisissez-en un autre, « {command} PORT={port + 1} »."
        ) from error
    print(f"Livre : http://127.0.0.1:{port}/ (Ctrl-C pour arrêter)", flush=True)
    with server:
        try:
            server.serve_forever()
        except KeyboardInterrupt:
            print()


if __name__ == "__main__":
    main(sys.argv[1:])
