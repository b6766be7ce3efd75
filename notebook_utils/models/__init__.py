"""Les réseaux du cours : lire une réponse dans les états d'une couche, lire puis écrire, chercher quoi écrire."""

from .attention import AdditiveScore, AttentionDecoder, AttentiveEncoder, DotScore, Memory, attend
from .completion import likely_endings, log_probabilities_from, states_before
from .decoding import beam_search, greedy, log_probability, sample
from .encoder_decoder import Decoder, Encoder, EncoderDecoder
from .language_model import LanguageModel
from .ngrams import KneserNey
from .readout import SequenceClassifier, SequenceTagger, affine
from .transformer import MultiHeadAttention, Transformer, sinusoids

__all__ = [
    "AdditiveScore",
    "AttentionDecoder",
    "AttentiveEncoder",
    "Decoder",
    "DotScore",
    "Encoder",
    "EncoderDecoder",
    "KneserNey",
    "LanguageModel",
    "Memory",
    "MultiHeadAttention",
    "SequenceClassifier",
    "SequenceTagger",
    "Transformer",
    "affine",
    "attend",
    "beam_search",
    "greedy",
    "likely_endings",
    "log_probabilities_from",
    "log_probability",
    "sample",
    "sinusoids",
    "states_before",
]
