"""Réglage de ``nbval`` : il compare les textes ; les images diffèrent d'une machine à l'autre."""

IMAGES = ("image/svg+xml", "application/pdf", "image/png")


def pytest_collectstart(collector):
    if hasattr(collector, "skip_compare"):
        collector.skip_compare += IMAGES
