"""Les réseaux du cours : une couche récurrente, et de quoi lire une réponse dans ses états."""

from .readout import SequenceClassifier, SequenceTagger

__all__ = ["SequenceClassifier", "SequenceTagger"]
