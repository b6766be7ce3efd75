"""Les réseaux du cours : lire une réponse dans les états d'une couche, lire puis écrire, chercher quoi écrire."""

from .completion import likely_endings, log_probabilities_from, states_before
from .decoding import beam_search, greedy, log_probability, sample
from .encoder_decoder import Decoder, Encoder, EncoderDecoder
from .language_model import LanguageModel
from .ngrams import KneserNey
from .readout import SequenceClassifier, SequenceTagger, affine

__all__ = [
    "Decoder",
    "Encoder",
    "EncoderDecoder",
    "KneserNey",
    "LanguageModel",
    "SequenceClassifier",
    "SequenceTagger",
    "affine",
    "beam_search",
    "greedy",
    "likely_endings",
    "log_probabilities_from",
    "log_probability",
    "sample",
    "states_before",
]
