"""Figures avec lesquelles on joue : dans la page, dans JupyterLab, et en image fixe partout ailleurs."""

from .export import decode_weights, export_weights, rounding_error
from .figure import DATA_MIME, FIGURES, InteractiveFigure, interactive_figure

__all__ = [
    "DATA_MIME",
    "FIGURES",
    "InteractiveFigure",
    "decode_weights",
    "export_weights",
    "interactive_figure",
    "rounding_error",
]
