"""Les réseaux du cours : lire une réponse dans les états d'une couche, lire puis écrire, chercher quoi écrire."""

from .decoding import beam_search, greedy, log_probability, sample
from .encoder_decoder import Decoder, Encoder, EncoderDecoder
from .language_model import LanguageModel
from .ngrams import KneserNey
from .readout import SequenceClassifier, SequenceTagger

__all__ = [
    "Decoder",
    "Encoder",
    "EncoderDecoder",
    "KneserNey",
    "LanguageModel",
    "SequenceClassifier",
    "SequenceTagger",
    "beam_search",
    "greedy",
    "log_probability",
    "sample",
]
