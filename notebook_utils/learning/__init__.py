"""Apprendre : mises à jour et mesures, réponses justes, graines, points de reprise, barre de progression."""

from .answers import cross_entropy, same_bit, same_class, same_text, text_cross_entropy
from .checkpoints import Progress, load_checkpoint, save_checkpoint
from .seeds import run_seeds, seeded
from .training import Evaluation, Update, evaluate, fit, train_step

__all__ = [
    "Evaluation",
    "Progress",
    "Update",
    "cross_entropy",
    "evaluate",
    "fit",
    "load_checkpoint",
    "run_seeds",
    "same_bit",
    "same_class",
    "same_text",
    "save_checkpoint",
    "seeded",
    "text_cross_entropy",
    "train_step",
]
