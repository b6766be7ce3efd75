"""Le code du cours : cellules et couches récurrentes, tâches, apprentissage, gradients et figures.

Tout nom public s'importe d'ici, ``from notebook_utils import RNNCell`` ; son module n'est chargé qu'à ce moment :
qui ne trace rien ne charge pas Matplotlib, et importer le paquet n'a aucun effet.
"""

from importlib import import_module

__version__ = "0.1.0"

#: Où vit chaque nom public.
HOMES = {
    "recurrence.cells": ["GRUCell", "LSTMCell", "LSTMState", "PaperGRUCell", "RNNCell"],
    "recurrence.unroll": ["Recurrent", "detach", "unroll"],
    "recurrence.initialization": ["chrono_", "identity_", "orthogonal_", "set_forget_bias_", "set_update_bias_"],
    "recurrence.interop": ["load_torch_", "to_torch"],
    "bptt": ["GRU", "LSTM", "RNN", "FusedLSTM"],
    "linear": ["MinGRU", "MinLSTM", "SignedMinGRU", "chrono_gates_", "linear_scan"],
    "models.readout": ["SequenceClassifier", "SequenceTagger", "affine"],
    "models.encoder_decoder": ["Decoder", "Encoder", "EncoderDecoder"],
    "models.attention": [
        "AdditiveScore", "AttentionDecoder", "AttentiveEncoder", "DotScore", "Memory", "attend",
    ],
    "models.transformer": ["MultiHeadAttention", "Transformer", "sinusoids"],
    "models.decoding": ["beam_search", "greedy", "log_probability", "sample"],
    "models.completion": ["likely_endings", "log_probabilities_from", "states_before"],
    "models.ngrams": ["KneserNey"],
    "models.language_model": ["LanguageModel"],
    "tasks.task": ["SPLITS", "Batch", "Task"],
    "tasks.temporal_order": [
        "EASY", "HARD", "MODERATE", "NIGHTMARE", "NORMAL", "TemporalOrder", "temporal_order_class",
    ],
    "tasks.adding": ["Adding"],
    "tasks.copying": ["Copying"],
    "tasks.echo": ["Echo", "echo_targets"],
    "tasks.tracking": ["Counting", "Permutations"],
    "tasks.characters": ["Vocabulary", "split_text", "text_columns", "text_windows"],
    "tasks.digits": ["DigitPairs", "Digits", "digit_words", "fit_classifier", "number_words", "split_numbers"],
    "tasks.dates": ["DATE_PATTERNS", "Dates", "ambiguous_dates", "date_words"],
    "tasks.date_links": ["DateLinks", "date_fields", "date_links"],
    "tasks.programs": ["LEVELS", "Programs", "run_program"],
    "tasks.corpus": ["UNKNOWN", "Corpus", "longest_copy"],
    "tasks.grammar": ["Grammar"],
    "tasks.keyboard": ["WordEndings", "keypad_keys", "keystrokes", "words_of"],
    "tasks.texts": [
        "MARK", "decode_texts", "encode_texts", "marked_vocabulary", "shifted", "text_lengths", "written_steps",
    ],
    "learning.answers": ["cross_entropy", "same_bit", "same_class", "same_text", "text_cross_entropy"],
    "learning.checkpoints": ["Progress", "load_checkpoint", "save_checkpoint"],
    "learning.distributed": [
        "Launch", "Worker", "WorkerError", "accumulate", "launch", "process_group", "shard", "weighted_loss",
    ],
    "learning.seeds": ["run_seeds", "seeded"],
    "learning.training": ["Evaluation", "Update", "evaluate", "fit", "train_step"],
    "gradients.connectivity": ["connectivity"],
    "gradients.jacobians": [
        "clip_by_norm", "jacobian_products", "jacobian_singular_values",
        "singular_value_bounds", "state_gradient_norms", "state_jacobians",
    ],
    "gradients.scalar": [
        "scalar_state_gradient", "scalar_unroll", "scalar_weight_gradient",
        "scalar_weight_gradient_sum", "tanh_derivative",
    ],
    "plotting": [
        "PALETTE", "Shade", "format_number", "format_range", "french_axis", "plot_attention",
        "plot_confusion_matrix", "plot_connectivity", "plot_delay_map", "plot_derivative_products",
        "plot_fading_influence", "plot_gradient_norms", "plot_learning_curves", "plot_pca", "plot_states",
        "plot_tanh", "prepare_notebook_graphics", "sequential_colormap",
    ],
    "interactive.figure": ["interactive_figure"],
    "interactive.export": ["decode_weights", "export_weights", "rounding_error"],
    "prose": ["glue_number", "glue_range", "glue_text"],
    "questions": ["check_answer"],
}
__all__ = sorted(name for names in HOMES.values() for name in names)
_HOME = {name: home for home, names in HOMES.items() for name in names}


def __getattr__(name):
    """Charge un nom public à son premier usage."""
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}", name=name)
    value = globals()[name] = getattr(import_module(f".{_HOME[name]}", __name__), name)
    return value


def __dir__():
    return sorted({*globals(), *__all__})
