"""Les tâches du cours : des exemples tirés à la demande, dont la bonne réponse est connue.

Toutes suivent le protocole de :class:`~notebook_utils.tasks.task.Task`, sauf les caractères, le corpus et le clavier,
qui lisent un texte donné au lieu de tirer des exemples.
Ce module n'importe aucun autre module de ``notebook_utils``, que les vérifications communes.
"""

from .adding import Adding
from .characters import Vocabulary, split_text, text_columns, text_windows
from .copying import Copying
from .corpus import UNKNOWN, Corpus, longest_copy
from .date_links import DateLinks, date_fields, date_links
from .dates import DATE_PATTERNS, Dates, ambiguous_dates, date_words
from .echo import Echo, echo_targets
from .grammar import Grammar
from .keyboard import WordEndings, keypad_keys, keystrokes, words_of
from .task import SPLITS, Batch, Task
from .temporal_order import (
    EASY,
    HARD,
    MODERATE,
    NIGHTMARE,
    NORMAL,
    TemporalOrder,
    temporal_order_class,
)
from .texts import MARK, decode_texts, encode_texts, marked_vocabulary, shifted, text_lengths, written_steps
from .tracking import Counting, Permutations

__all__ = [
    "DATE_PATTERNS",
    "EASY",
    "HARD",
    "MARK",
    "MODERATE",
    "NIGHTMARE",
    "NORMAL",
    "SPLITS",
    "UNKNOWN",
    "Adding",
    "Batch",
    "Copying",
    "Counting",
    "DateLinks",
    "Dates",
    "Corpus",
    "Echo",
    "Grammar",
    "Permutations",
    "Task",
    "TemporalOrder",
    "Vocabulary",
    "WordEndings",
    "ambiguous_dates",
    "date_fields",
    "date_links",
    "date_words",
    "decode_texts",
    "echo_targets",
    "encode_texts",
    "keypad_keys",
    "keystrokes",
    "longest_copy",
    "marked_vocabulary",
    "shifted",
    "split_text",
    "temporal_order_class",
    "text_columns",
    "text_lengths",
    "text_windows",
    "words_of",
    "written_steps",
]
