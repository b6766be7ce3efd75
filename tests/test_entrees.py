"""Ce que chaque fonction publique refuse, et comment : en français, avec ce qui est reçu et ce qui est attendu.

Chaque ligne des tableaux est une faute plausible : un appel, l'erreur, puis deux expressions régulières.
Aucune ne doit passer en silence, ni donner l'erreur anglaise d'une bibliothèque.
"""

import numpy as np
import pytest
import torch
from matplotlib import pyplot
from outils import new_axes, new_generator, refused
from torch import nn

from notebook_utils import (
    EASY,
    GRU,
    LSTM,
    RNN,
    Adding,
    Batch,
    Copying,
    Echo,
    FusedLSTM,
    GRUCell,
    LSTMCell,
    LSTMState,
    PaperGRUCell,
    Recurrent,
    RNNCell,
    SequenceClassifier,
    SequenceTagger,
    Vocabulary,
    chrono_,
    clip_by_norm,
    connectivity,
    cross_entropy,
    echo_targets,
    evaluate,
    fit,
    format_number,
    format_range,
    french_axis,
    glue_number,
    glue_range,
    glue_text,
    identity_,
    jacobian_products,
    jacobian_singular_values,
    load_torch_,
    orthogonal_,
    plot_attention,
    plot_confusion_matrix,
    plot_connectivity,
    plot_delay_map,
    plot_derivative_products,
    plot_fading_influence,
    plot_gradient_norms,
    plot_learning_curves,
    plot_pca,
    plot_states,
    plot_tanh,
    run_seeds,
    same_bit,
    same_class,
    scalar_state_gradient,
    scalar_unroll,
    scalar_weight_gradient,
    scalar_weight_gradient_sum,
    seeded,
    set_forget_bias_,
    set_update_bias_,
    singular_value_bounds,
    split_text,
    state_gradient_norms,
    state_jacobians,
    tanh_derivative,
    text_columns,
    text_windows,
    to_torch,
    train_step,
    unroll,
)

T_, V_ = TypeError, ValueError
NAN, INF = float("nan"), float("inf")
G = "un torch.Generator"
x = torch.zeros(2, 6, 3)
steps = torch.zeros(3)
weights_and_trajectory = 0.5, torch.zeros(4), torch.zeros(3)


def cell(kind=RNNCell):
    return kind(3, 5, generator=new_generator())


def tagger(K=4):
    return SequenceTagger(RNN(3, 5, generator=new_generator()), K, generator=new_generator())


def following(tensor):
    return tensor.clone().requires_grad_()


def cases(*rows):
    """Une ligne par faute ; l'étiquette en est le numéro et ce qui est reçu."""
    return pytest.mark.parametrize(
        ("call", "error", "received", "expected"), rows, ids=[f"{k}-{row[2][:24]}" for k, row in enumerate(rows)]
    )


@cases(
    *[
        (lambda k=kind, w=wrong, s=size: k(**({"input_size": 3, "hidden_size": 5} | {s: w})),
         error, repr(wrong), "un entier")
        for kind in (RNNCell, LSTMCell, GRUCell, PaperGRUCell, RNN, LSTM, GRU, FusedLSTM)
        for size in ("input_size", "hidden_size")
        for wrong, error in ((2.0, T_), ("3", T_), (True, T_), (0, V_), (-1, V_))
    ],
    *[
        (lambda k=kind: k(3, 5, generator=0), T_, "int", G)
        for kind in (RNNCell, LSTMCell, GRUCell, PaperGRUCell, RNN, LSTM, GRU, FusedLSTM)
    ],
    (lambda: RNNCell(2, 3, generator=np.random.default_rng()), T_, "Generator", G),
    (lambda: RNNCell(2, 3, dtype=torch.int64), T_, "torch.int64", "un type à virgule flottante"),
    (lambda: RNNCell(2, 3, dtype=torch.complex64), T_, "torch.complex64", "un type à virgule flottante"),
    (lambda: RNNCell(2, 3, dtype=float), T_, "<class 'float'>", "un type à virgule flottante"),
    (lambda: RNNCell(2, 3, dtype="float32"), T_, "float32", "un type à virgule flottante"),
    (lambda: RNNCell(2, 3, device="gpu"), V_, "'gpu'", "un appareil, comme 'cpu'"),
    (lambda: RNNCell(2, 3, device=1.5), V_, "1.5", "un appareil"),
    (lambda: LSTMCell(2, 3).initial_state(0), V_, "0", "un entier strictement positif"),
    (lambda: LSTM(2, 3).initial_state(2.0), T_, r"2.0 \(float\)", "un entier"),
    (lambda: SequenceTagger(Recurrent(cell()), 0), V_, "0", "un entier strictement positif"),
    (lambda: SequenceTagger(RNN(3, 5), "4"), T_, "'4'", "un entier"),
    (lambda: SequenceClassifier(RNN(3, 5), 4, generator=7), T_, "int", G),
    *[
        (lambda w=wrong: SequenceClassifier(w, 4), T_, type(wrong).__name__, "une couche récurrente")
        for wrong in (nn.Linear(2, 3), RNNCell, "LSTM", None, RNNCell(2, 3), LSTMCell(2, 3), PaperGRUCell(2, 3),
                      nn.RNNCell(2, 3), nn.LSTMCell(2, 3))
    ],
)  # fmt: skip
def test_construction(call, error, received, expected):
    with refused(error, received, expected):
        call()


@cases(
    *[
        (lambda f=function, w=wrong: f(w), T_, name, "une cellule")
        for function in (Recurrent, lambda cell: unroll(cell, x), lambda cell: state_jacobians(cell, x))
        for wrong, name in ((3, "int"), (None, "NoneType"), (torch.tanh, "builtin"), (nn.Linear(3, 5), "Linear"),
                            (RNNCell, "la classe RNNCell"), (RNN(3, 5), "RNN, une couche"))
    ],
    *[
        (lambda f=function, s=shape: f(torch.zeros(s)),
         V_, rf"la forme \({str(shape)[1:-1]}\)", r"\(B, T, D\) avec B ≥ 1")
        for function in (lambda x: unroll(cell(), x), LSTM(3, 5), lambda x: connectivity(tagger(), x),
                         lambda x: state_jacobians(cell(), x))
        for shape in ((2, 3), (2, 0, 3), (0, 4, 3))
    ],
    *[
        (lambda f=function: f([[0.0]]), T_, "list", r"un tenseur \(B, T, D\)")
        for function in (lambda x: unroll(cell(), x), GRU(3, 5), lambda x: connectivity(tagger(), x),
                         lambda x: state_gradient_norms(cell(), x))
    ],
    *[
        (lambda f=function, s=state: f(s), error, received, expected)
        for function in (lambda s: unroll(cell(), x, s), lambda s: RNN(3, 5)(x, s), lambda s: GRU(3, 5)(x, s),
                         lambda s: state_jacobians(cell(), x, s), lambda s: state_gradient_norms(cell(GRUCell), x, s))
        for state, error, received, expected in (
            (torch.zeros(1, 5), V_, r"la forme \(1, 5\)", r"\(2, 5\)"),
            (torch.zeros(2, 4), V_, r"la forme \(2, 4\)", r"\(2, 5\)"),
            (torch.zeros(2, 5).double(), T_, "le type torch.float64", "torch.float32"),
            ([[0.0] * 5] * 2, T_, "list", "un tenseur"),
            (0.0, T_, "float", "un tenseur"),
        )
    ],
    *[
        (lambda f=function, s=state: f(s), error, received, expected)
        for function in (lambda s: unroll(cell(LSTMCell), x, s), lambda s: LSTM(3, 5)(x, s),
         lambda s: FusedLSTM(3, 5)(x, s),
                         lambda s: state_jacobians(cell(LSTMCell), x, s))
        for state, error, received, expected in (
            (torch.zeros(2, 5), T_, "Tensor", r"LSTMState\(h, c\)"),
            ((torch.zeros(2, 5),), T_, "tuple", r"LSTMState\(h, c\)"),
            (LSTMState(torch.zeros(2, 5), torch.zeros(3, 5)), V_, r"la forme \(3, 5\)", r"\(2, 5\)"),
        )
    ],
    (lambda: LSTM(3, 5)(x.double()), T_, "le type torch.float64", "torch.float32"),
    (lambda: LSTM(3, 5)(x.to("meta")), V_, "sur meta", "sur cpu"),
)  # fmt: skip
def test_sequences_and_states(call, error, received, expected):
    with refused(error, received, expected):
        call()


@cases(
    *[
        (lambda i=init, w=wrong: i(w), T_, type(wrong).__name__, "(une cellule|RNNCell|LSTMCell|GRUCell)")
        for init in (orthogonal_, identity_, lambda c: set_forget_bias_(c, 1.0), lambda c: set_update_bias_(c, 1.0),
                     lambda c: chrono_(c, 9))
        for wrong in (None, nn.LSTM(2, 3), tagger(), 3)
    ],
    (lambda: orthogonal_(Recurrent(cell())), T_, "Recurrent", "une cellule .* donnez sa cellule, layer.cell"),
    (lambda: chrono_(Recurrent(cell(LSTMCell)), 9), T_, "Recurrent", "LSTMCell ; donnez sa cellule"),
    (lambda: identity_(cell(LSTMCell)), T_, "LSTMCell", "RNNCell"),
    (lambda: set_forget_bias_(cell(GRUCell), 1.0), T_, "GRUCell", "LSTMCell"),
    (lambda: set_update_bias_(cell(LSTMCell), 1.0), T_, "LSTMCell", "GRUCell"),
    (lambda: chrono_(cell(GRUCell), 10), T_, "GRUCell", "LSTMCell"),
    (lambda: orthogonal_(cell(), 0), T_, "int", G),
    (lambda: chrono_(cell(LSTMCell), 10, 0), T_, "int", G),
    *[
        (lambda t=T_max: chrono_(cell(LSTMCell), t), error, received, "un nombre fini plus grand que 2")
        for T_max, error, received in ((2, V_, "2"), (0, V_, "0"), (NAN, V_, "nan"), (INF,
         V_, "inf"), ("10", T_, "'10'"),
                                       (None, T_, "None"), (True, T_, "True"))
    ],
    *[
        (lambda s=setter, k=kind, v=value: s(cell(k), v), error, received, expected)
        for setter, kind in ((set_forget_bias_, LSTMCell), (set_update_bias_, GRUCell),
                             (set_update_bias_, PaperGRUCell))
        for value, error, received, expected in (
            (NAN, V_, "nan", "un nombre réel"), (INF, V_, "une valeur NaN ou infinie", "des nombres finis"),
            (1j, T_, "1j", "un nombre réel"), ("1", T_, "'1'", "un nombre réel"), (None, T_, "None", "un nombre réel"),
            ([1.0, 2.0], T_, r"\[1.0, 2.0\]", "un nombre réel"), (torch.zeros(4), V_, r"la forme \(4,\)", r"\(5\)"),
            (torch.full((5,), NAN), V_, "une valeur NaN", "des nombres finis"),
            (torch.zeros(5, dtype=torch.complex64), T_, "le type torch.complex64", "un type à virgule"),
        )
    ],
    (lambda: to_torch(PaperGRUCell(3, 5)), T_, "PaperGRUCell", "RNNCell, LSTMCell ou GRUCell"),
    (lambda: to_torch(Recurrent(cell())), T_, "Recurrent", "RNNCell, LSTMCell ou GRUCell"),
    (lambda: load_torch_(PaperGRUCell(3, 5), nn.GRU(3, 5)), T_, "PaperGRUCell", "RNNCell, LSTMCell ou GRUCell"),
    (lambda: load_torch_(GRUCell(3, 5), nn.LSTM(3, 5)), T_, "LSTM", "torch.nn.GRU ou torch.nn.GRUCell"),
    (lambda: load_torch_(GRUCell(3, 5), None), T_, "NoneType", "torch.nn.GRU ou torch.nn.GRUCell"),
    (lambda: load_torch_(RNNCell(3, 5), nn.RNN(3, 6)), V_, r"les tailles \(D, H\) = \(3, 6\)", r"\(3, 5\)"),
    (lambda: load_torch_(RNNCell(3, 5), nn.RNN(3, 5, dtype=torch.float64)),
     T_, "le type torch.float64", "torch.float32"),
    (lambda: load_torch_(RNNCell(3, 5), nn.RNN(3, 5, num_layers=2)), V_, "num_layers=2", "num_layers"),
    (lambda: load_torch_(RNNCell(3, 5), nn.RNN(3, 5, bidirectional=True)), V_, "bidirectional=True", "bidirectional"),
    (lambda: load_torch_(RNNCell(3, 5), nn.RNN(3, 5, nonlinearity="relu")), V_, "nonlinearity='relu'", "nonlinearity"),
    (lambda: load_torch_(LSTMCell(3, 5), nn.LSTM(3, 5, proj_size=2)), V_, "proj_size=2", "proj_size=0"),
)  # fmt: skip
def test_initialisations_and_exchanges(call, error, received, expected):
    with refused(error, received, expected):
        call()


nan_jacobians = torch.full((3, 2, 4, 4), NAN)


@cases(
    *[
        (lambda f=function, v=value: f(v), T_, received, "un (tenseur|type à virgule)")
        for function in (jacobian_products, jacobian_singular_values, tanh_derivative,
                         lambda v: singular_value_bounds(v, torch.ones(5, 3)),
                         lambda v: singular_value_bounds(torch.eye(3), v),
                         lambda v: scalar_unroll(0.5, 1.0, 0.0, v), lambda v: scalar_state_gradient(0.5, v),
                         lambda v: scalar_weight_gradient(0.5, v, steps),
                         lambda v: scalar_weight_gradient_sum(0.5, torch.zeros(4), v))
        for value, received in ((None, "NoneType"), ([0.0], "list"),
                                (torch.zeros(3, 2, 4, 4).long(), "le type torch.int64"),
                                (torch.zeros(3, dtype=torch.complex64), "le type torch.complex64"))
    ],
    *[
        (lambda f=function, v=value: f(v), error, received, "un nombre ou un tenseur à 0 dimension")
        for function in (lambda v: scalar_unroll(v, 1.0, 0.0, steps), lambda v: scalar_unroll(0.5, v, 0.0, steps),
                         lambda v: scalar_unroll(0.5, 1.0, v, steps), lambda v: scalar_unroll(0.5, 1.0, 0.0, steps, v),
                         lambda v: scalar_state_gradient(v, steps),
                         lambda v: scalar_weight_gradient(v, *weights_and_trajectory[1:]),
                         lambda v: scalar_weight_gradient(*weights_and_trajectory, dh_0=v),
                         lambda v: scalar_weight_gradient_sum(v, *weights_and_trajectory[1:]))
        for value, error, received in ((None, T_, "None"), ("0,5", T_, "'0,5'"), ([], T_, r"\[\]"), ([1], T_, r"\[1\]"),
                                       (True, T_, "True"), (NAN, V_, "nan"), (torch.zeros(1), V_, r"la forme \(1,\)"))
    ],
    (lambda: scalar_unroll(0.5, 1.0, 0.0, steps, torch.zeros((), device="meta")), V_, "sur meta", "sur cpu"),
    *[
        (lambda f=function, v=value: f(v), V_, rf"la forme \({str(tuple(value.shape))[1:-1]}\)", r"\(T\) avec T ≥ 1")
        for function in (lambda v: scalar_unroll(0.5, 1.0, 0.0, v), lambda v: scalar_state_gradient(0.5, v),
                         lambda v: scalar_weight_gradient(0.5, v, steps),
                         lambda v: scalar_weight_gradient_sum(0.5, torch.zeros(4), v))
        for value in (torch.zeros(2, 3), torch.zeros(1, 4), torch.zeros(0), torch.zeros(()))
    ],
    *[
        (lambda f=function: f(0.5, torch.zeros(3), torch.zeros(3)), V_, "3 états pour 3 pré-activations", "4")
        for function in (scalar_weight_gradient, scalar_weight_gradient_sum)
    ],
    (lambda: jacobian_products(torch.zeros(3, 2, 4, 5)), V_, r"la forme \(3, 2, 4, 5\)", r"\(T, B, S, S\)"),
    (lambda: jacobian_singular_values(torch.zeros(3, 2, 4, 5)), V_, r"la forme \(3, 2, 4, 5\)", r"\(T, B, S, S\)"),
    (lambda: jacobian_singular_values(nan_jacobians), V_, "une valeur NaN ou infinie", "des nombres finis"),
    (lambda: singular_value_bounds(torch.zeros(2, 3), torch.ones(5, 3)), V_, r"la forme \(2, 3\)", r"\(H, H\)"),
    (lambda: singular_value_bounds(torch.eye(3), torch.ones(5, 2)), V_, r"la forme \(5, 2\)", r"\(T, ..., 3\)"),
    (lambda: singular_value_bounds(torch.eye(3), -torch.ones(5, 3)), V_, "une pente négative", "des dérivées de tanh"),
    *[
        (lambda c=call, v=value: c(v), V_, "une valeur NaN ou infinie", "des nombres finis")
        for value in (NAN, INF)
        for call in (lambda v: clip_by_norm([torch.ones(3), torch.tensor([v, 1.0])], 1.0),
                     lambda v: state_gradient_norms(cell(), torch.full((1, 2, 3), v)),
                     lambda v: singular_value_bounds(torch.full((3, 3), v), torch.ones(5, 3)),
                     lambda v: singular_value_bounds(torch.eye(3), torch.full((5, 3), v)),
                     lambda v: connectivity(tagger(), torch.full((2, 6, 3), v)))
    ],
    (lambda: clip_by_norm(torch.ones(3), 1.0), T_, "un tenseur", "une liste de tenseurs"),
    (lambda: clip_by_norm(None, 1.0), T_, "None", "une liste de tenseurs"),
    (lambda: clip_by_norm([], 1.0), V_, "une liste vide", "au moins un tenseur"),
    (lambda: clip_by_norm([torch.ones(3), None], 1.0), T_, "NoneType", "un tenseur"),
    (lambda: clip_by_norm([torch.ones(3).long()], 1.0), T_, "le type torch.int64", "un type à virgule"),
    (lambda: clip_by_norm([torch.ones(3)], 0), V_, "0", "un nombre strictement positif"),
    (lambda: clip_by_norm([torch.ones(3)], "1"), T_, "'1'", "un nombre strictement positif"),
    (lambda: connectivity(None, x), T_, "None", "un réseau"),
    (lambda: connectivity(tagger(), x.long()), T_, "le type torch.int64", "un type à virgule"),
    (lambda: connectivity(lambda x: tagger()(x)[:, 1:], x), V_, r"des logits \(2, 5, 4\)", r"\(2, 6, K\) ou \(2, K\)"),
    (lambda: connectivity(lambda x: tagger()(x).detach(), x),
     V_, "des logits qui ne dépendent pas", "un calcul dérivable"),
    (lambda: connectivity(RNN(3, 5), x), T_, "tuple", "un tenseur de logits ; .* SequenceClassifier"),
    (lambda: connectivity(Recurrent(cell(LSTMCell)), x), T_, "tuple", "un tenseur de logits"),
    (lambda: connectivity(lambda x: tagger()(x).abs().neg().log(), x), V_, "un logit NaN", "des nombres"),
    (lambda: connectivity(tagger(), x, x[..., 0]), T_, "torch.float32", "torch.int64"),
    (lambda: connectivity(tagger(), x, 3), T_, "int", "torch.int64"),
    (lambda: connectivity(tagger(), x, torch.zeros(2).long()), V_, r"la forme \(2,\)", r"\(2, 6\)"),
    (lambda: connectivity(tagger(), x, torch.full((2, 6), 4)), V_, "des classes de 4 à 4", "de 0 à 3"),
    (lambda: connectivity(tagger(), x, torch.full((2, 6), -1)), V_, "des classes de -1 à -1", "de 0 à 3"),
)  # fmt: skip
def test_gradients(call, error, received, expected):
    with refused(error, received, expected):
        call()


logits, classes, bits = torch.zeros(5, 4), torch.arange(5) % 4, torch.zeros(5, 4)


def net():
    return nn.Linear(3, 2)


def sgd(model, **options):
    return torch.optim.SGD(model.parameters(), lr=0.1, **options)


def step(loss=cross_entropy, batch=None, model=None, optimizer=None, **options):
    model = net() if model is None else model
    batch = (torch.ones(4, 3), torch.zeros(4).long()) if batch is None else batch
    return train_step(model, batch, loss, sgd(net()) if optimizer is None else optimizer, **options)


def trained(loss):
    """Une mise à jour d'un réseau et de son optimiseur, par cette perte."""
    model = net()
    return step(loss, model=model, optimizer=sgd(model))


def measured(correct=same_class, batches=None, loss=cross_entropy, model=None):
    batches = [(torch.ones(4, 3), torch.zeros(4).long())] if batches is None else batches
    return evaluate(net() if model is None else model, batches, loss, correct)


def fitted(**changes):
    def never(generator):
        raise AssertionError("un lot a été tiré")

    model = net()
    arguments = {"model": model, "draw": never, "loss": cross_entropy, "optimizer": sgd(model), "updates": 10,
                 "generator": new_generator()}  # fmt: skip
    return fit(**arguments | changes)


@cases(
    *[
        (lambda f=function, y=wrong: f(logits, y), error, received, expected)
        for function in (cross_entropy, same_class)
        for wrong, error, received, expected in (
            (torch.tensor([0, 1, 2, -100, 0]), V_, "la classe -100,", "des entiers de 0 à 3"),
            (torch.tensor([0, 1, 2, 4, 0]), V_, "la classe 4,", "des entiers de 0 à 3"),
            (classes.int(), T_, "le type torch.int32", "des classes torch.int64 ou des réels"),
            (classes.bool(), T_, "le type torch.bool", "des classes torch.int64 ou des réels"),
            (classes.tolist(), T_, "list", "un tenseur"),
            (classes[:, None], V_, r"les formes \(5, 4\) et \(5, 1\)", r"y de forme \(5,\)"),
            (torch.zeros(5), V_, r"les formes \(5, 4\) et \(5,\)", r"y de forme \(5, 4\)"),
            (torch.ones(5, 4), V_, "d'autres réels que des probabilités", "des nombres positifs de somme 1"),
            (torch.tensor([[1.5, -0.5, 0, 0]] * 5), V_, "d'autres réels", "des nombres positifs"),
            (torch.full((5, 4), NAN), V_, "d'autres réels", "des nombres positifs"),
        )
    ],
    *[
        (lambda f=function: f(torch.zeros(4), torch.tensor(0)), V_, r"la forme \(4,\)", r"\(N, K\)")
        for function in (cross_entropy, same_class)
    ],
    (lambda: cross_entropy(torch.zeros(0, 4), torch.zeros(0).long()), V_, r"la forme \(0, 4\)", "au moins une réponse"),
    *[
        (lambda f=function, z=wrong: f(z, bits.long()), T_, received, "un t(ype|enseur)")
        for function in (cross_entropy, same_class, same_bit)
        for wrong, received in ((logits.tolist(), "list"), (logits.long(), "le type torch.int64"), (None, "NoneType"))
    ],
    (lambda: same_bit(torch.zeros(5, 1), torch.zeros(5)), V_, r"les formes \(5, 1\) et \(5,\)", r"y de forme \(5, 1\)"),
    *[
        (lambda y=y: same_bit(logits, torch.full((5, 4), y)), V_, "autre chose que des bits", "des 0 et des 1")
        for y in (NAN, INF, 0.5, 2.0)
    ],
    # --- une mise à jour
    (lambda: step(batch=torch.zeros(3)), T_, "Tensor", r"un couple \(x, y\)"),
    (lambda: step(batch=(1, 2, 3)), T_, "tuple de longueur 3", r"un couple \(x, y\)"),
    (lambda: step(optimizer=3), T_, "int", "un optimiseur"),
    (lambda: step(optimizer=torch.optim.LBFGS(net().parameters())), T_, "LBFGS", "SGD, Adam"),
    (lambda: step(loss=None), T_, "None", "une fonction loss"),
    (lambda: step(model=3), T_, "3", "un réseau"),
    (lambda: step(model=lambda x: x.tolist()), T_, "list", "un réseau, qui rend un tenseur de logits"),
    (lambda: step(), V_, "un optimiseur dont aucun poids n'a de gradient", "celui des poids du réseau"),
    (lambda: trained(lambda z, y: cross_entropy(z, y).item()), T_, "float", "une fonction qui rend un tenseur"),
    (lambda: trained(lambda z, y: z.sum(dim=1)), V_, r"une perte de forme \(4,\)", "un tenseur sans dimension"),
    (lambda: trained(nn.CrossEntropyLoss(reduction="none")), V_, r"une perte de forme \(4,\)", "un tenseur sans dim"),
    (lambda: trained(lambda z, y: cross_entropy(z.detach(), y)),
     V_, "une perte qui ne dépend d'aucun poids", "un calcul"),
    *[
        (lambda m=max_norm: step(max_norm=m), error, received, "un nombre strictement positif")
        for max_norm, error, received in ((0.0, V_, "0.0"), (-1, V_, "-1"), (NAN,
         V_, "nan"), ("1", T_, "'1'"), (True, T_, "True"))
    ],
    # --- une mesure
    (lambda: measured(lambda z, y: 2 * same_class(z, y)), T_, "le type torch.int64", "torch.bool"),
    (lambda: measured(lambda z, y: same_class(z, y).float()), T_, "le type torch.float32", "torch.bool"),
    (lambda: measured(lambda z, y: z), T_, "le type torch.float32", "torch.bool"),
    (lambda: measured(lambda z, y: torch.ones(99).bool()),
     V_, r"la forme \(99,\)", r"\(4,\) ou \(4, 2\), une par réponse"),
    (lambda: measured(lambda z, y: True), T_, "bool", "une fonction qui rend un tenseur de booléens"),
    (lambda: measured(correct=None), T_, "None", "une fonction correct"),
    (lambda: measured(batches=[]), V_, "aucune réponse", "au moins un lot"),
    (lambda: measured(batches=3), T_, "3", r"des lots \(x, y\)"),
    (lambda: measured(batches=(torch.ones(4, 3), torch.zeros(4).long())), T_, "Tensor", r"un couple \(x, y\)"),
    (lambda: measured(model=lambda x: x), T_, "function", "un réseau"),
    (lambda: measured(loss=nn.CrossEntropyLoss(reduction="sum")), V_, "reduction='sum'", "une moyenne"),
    (lambda: measured(loss=lambda z, y: 0.5), T_, "float", "une fonction qui rend un tenseur"),
    # --- un entraînement
    (lambda: fitted(updates=0), V_, "0", "un entier strictement positif"),
    (lambda: fitted(updates=1.5), T_, "1.5", "un entier"),
    (lambda: fitted(every=-3), V_, "-3", "un entier"),
    (lambda: fitted(max_norm=0.0), V_, "0.0", "un nombre strictement positif"),
    (lambda: fitted(max_norm="1"), T_, "'1'", "un nombre strictement positif"),
    (lambda: fitted(generator=3), T_, "int", G),
    (lambda: fitted(generator=None), T_, "NoneType", G),
    (lambda: fitted(model=lambda x: x), T_, "function", "un réseau"),
    (lambda: fitted(optimizer=None), T_, "NoneType", "un optimiseur"),
    (lambda: fitted(draw=[1]), T_, r"\[1\]", "une fonction draw"),
    (lambda: fitted(measure={}), T_, "{}", "une fonction, ou None"),
    (lambda: fitted(stop=True), T_, "True", "une fonction, ou None"),
    (lambda: fitted(checkpoint=3), T_, "int", "un chemin"),
    (lambda: fitted(checkpoint="a\0b"), V_, ".*", "le nom d'un fichier"),
    # --- les graines
    (lambda: run_seeds(3, [1]), T_, "3", "une fonction"),
    *[
        (lambda s=seeds: run_seeds(print, s), error, ".*", expected)
        for seeds, error, expected in (([0.5], T_, "un entier"), ([True], T_, "un entier"), (["1"], T_, "un entier"),
                                       ([], V_, "au moins une graine, toutes différentes"), ([1, 2, 1],
                                        V_, "au moins une"),
                                       (5, T_, "une suite d'entiers"), (None, T_, "une suite"), ("12", T_, "une suite"))
    ],
    *[
        (lambda p=processes: run_seeds(print, [1], processes=p), error, ".*", "un entier")
        for processes, error in ((0, V_), (-1, V_), (1.5, T_), (2.0, T_), (True, T_), ("2", T_))
    ],
    *[(lambda s=seed: seeded(s), T_, ".*", "un entier") for seed in (1.0, "1", True, None)],
    *[(lambda s=seed: seeded(s), V_, str(seed), "un entier de 0 à 9999999") for seed in (-1, 10_000_000, -(10**9))],
    (lambda: seeded(0, fixed=True), T_, "True", "la raison"),
    (lambda: seeded(0, fixed=" "), V_, "un texte vide", "la raison"),
)  # fmt: skip
def test_learning(call, error, received, expected):
    with refused(error, received, expected):
        call()


echo, stream = Echo(3, 4, 2), torch.ones(2, 8, 1)


@cases(
    (lambda: echo.encode(["0120"]), V_, "des symboles inconnus, '2' ;", "ceux de '01'"),
    (lambda: echo.encode(["011", "01"]), V_, r"les longueurs \[2, 3\]", "une seule"),
    (lambda: echo.encode([""]), V_, r"les longueurs \[0\]", "une seule"),
    (lambda: echo.encode("01"), T_, "'01'", "une liste"),
    (lambda: echo.decode(0.5 * stream), V_, "autre chose que des bits", "des 0 et des 1"),
    (lambda: echo_targets(stream, -1), V_, "-1", "un entier positif ou nul"),
    (lambda: echo_targets(stream, None), T_, "None", "un entier"),
    (lambda: echo_targets(stream[..., 0], 3), V_, r"la forme \(2, 8\)", r"\(B, T, 1\)"),
    (lambda: echo_targets(NAN * stream, 3), V_, "une valeur NaN", "des nombres finis"),
    (lambda: echo_targets(stream.long(), 3), T_, "le type torch.int64", "un type à virgule"),
    (lambda: echo.cut(Batch(stream[:, :7], stream[:, :7])), V_, "T = 7 pas", "un multiple de 4"),
    (lambda: echo.cut(Batch(stream, NAN * stream)), V_, "une valeur NaN", "des nombres finis"),
    (lambda: echo.cut(Batch(stream, stream[:, :4])), V_, r"les formes \(2, 8, 1\) et \(2, 4, 1\)", "deux fois la même"),
    (lambda: echo.cut(Batch(stream[:1], stream)), V_, r"les formes \(1, 8, 1\) et \(2, 8, 1\)", "deux fois la même"),
    (lambda: echo.cut(None), T_, "NoneType", "un couple"),
    (lambda: echo.cut(stream), T_, "Tensor", "un couple"),
    (lambda: Adding(10), V_, "10", "un entier au moins égal à 11"),
    (lambda: Copying(delay=0), V_, "0", "un entier strictement positif"),
    (lambda: EASY.sample(4, generator=None), T_, "NoneType", G),
    (lambda: EASY.encode([3]), T_, r"\[3\]", "une liste de chaînes"),
    (lambda: Vocabulary("aba"), V_, "plusieurs fois 'a'", "une fois"),
    (lambda: Vocabulary(3), T_, "int", "une chaîne"),
    (lambda: split_text("abcdef", "0,1"), T_, "'0,1'", "un nombre dans"),
    (lambda: split_text("abcdef", NAN), V_, "nan", "un nombre dans"),
    (lambda: split_text("abcdef", 1.0), V_, "1.0", "un nombre dans"),
    (lambda: text_columns([1, 2], 1), T_, "list", "un tenseur"),
    (lambda: text_columns(torch.arange(4), 2.0), T_, "2.0", "un entier"),
    (lambda: text_windows(torch.zeros(2, 4).long(), 4), V_, "des colonnes de 4 caractères", "au moins 5"),
)  # fmt: skip
def test_tasks(call, error, received, expected):
    with refused(error, received, expected):
        call()


POINTS = np.zeros((3, 2))
curve = ([1, 2], [1.0, 2.0])
real_plots = {  # une figure par tableau de réels lu, et une valeur qui convient
    "products": (lambda v: plot_derivative_products({"a": v}), [1.0, 0.5]),
    "norms": (lambda v: plot_gradient_norms({"a": v}), [0.5, 1.0]),
    "influence": (plot_fading_influence, [[1.0]]),
    "abscisses": (lambda v: plot_learning_curves({"a": (v, [1.0, 2.0])}), [1, 2]),
    "pertes": (lambda v: plot_learning_curves({"a": ([1, 2], v)}), [1.0, 2.0]),
    "pca": (lambda v: plot_pca(v, "a"), [[0.0, 1.0]]),
    "parts": (lambda v: plot_pca([[0.0, 1.0]], "a", explained=v), [0.5, 0.2]),
    "states": (lambda v: plot_states(v, "a"), [[1.0]]),
    "connectivity": (plot_connectivity, [[1.0]]),
    "attention": (plot_attention, [[1.0]]),
    "confusion": (lambda v: plot_confusion_matrix(v, "a"), [[1]]),
    "delays": (lambda v: plot_delay_map({"a": v}, [1], [2]), [[[60.0]]]),
}
axes_plots = {
    "tanh": lambda ax: plot_tanh(ax),
    "products": lambda ax: plot_derivative_products({"a": [1.0]}, ax),
    "norms": lambda ax: plot_gradient_norms({"a": [1.0]}, ax),
    "influence": lambda ax: plot_fading_influence([[1.0]], ax),
    "curves": lambda ax: plot_learning_curves({"a": curve}, ax),
    "pca": lambda ax: plot_pca(POINTS, "abc", ax),
    "states": lambda ax: plot_states([[1.0]], "a", ax),
    "connectivity": lambda ax: plot_connectivity([[1.0]], None, ax),
    "attention": lambda ax: plot_attention([[1.0]], None, None, ax),
    "confusion": lambda ax: plot_confusion_matrix([[1]], "a", ax),
    "delays": lambda ax: plot_delay_map({"a": [[[60.0]]]}, [1], [2], ax),
}
label_plots = {
    "states": lambda labels: plot_states(POINTS, labels),
    "connectivity": lambda labels: plot_connectivity(np.eye(3), labels),
    "attention": lambda labels: plot_attention(np.eye(3), labels),
    "attention, sorties": lambda labels: plot_attention(np.eye(3), None, labels),
    "confusion": lambda labels: plot_confusion_matrix(np.eye(3), labels),
    "pca": lambda labels: plot_pca(POINTS, labels),
}
role_plots = {
    "products": lambda roles: plot_derivative_products({"RNN": [1.0]}, roles=roles),
    "norms": lambda roles: plot_gradient_norms({"RNN": [1.0]}, roles=roles),
    "curves": lambda roles: plot_learning_curves({"RNN": curve}, roles=roles),
    "pca": lambda roles: plot_pca(POINTS, ["RNN"] * 3, roles=roles),
}


@pytest.fixture
def no_figure_left():
    """Rien n'est tracé avant que tout soit vérifié."""
    before = pyplot.get_fignums()
    yield
    assert pyplot.get_fignums() == before


@pytest.mark.parametrize(
    ("name", "value"),
    [(name, value) for name in real_plots for value in ("texte", [[1.0], [1.0, 2.0]], None, 1j, "gradient")
     if (name, value) != ("parts", None)],  # aucune part n'est alors demandée
    ids=str,
)  # fmt: skip
def test_arrays_that_are_not_real_numbers(name, value, no_figure_left):
    plot, good = real_plots[name]
    good = torch.tensor(good, dtype=torch.float64)
    wrong = {"gradient": following(good), "1j": good.numpy() * 1j}.get(str(value), value)
    if name == "pertes" and value == [[1.0], [1.0, 2.0]]:
        wrong = [[[1.0], [1.0, 2.0]]]
    argument = {"influence": "matrix", "connectivity": "matrix", "confusion": "matrix", "pca": "points",
                "parts": "explained", "states": "states", "attention": "weights"}.get(name, "")  # fmt: skip
    with pytest.raises(TypeError, match=f"^{argument}.* : reçu .*attendu "):
        plot(wrong)


@pytest.mark.parametrize("wrong", [3, "axe", [1, 2]], ids=str)
@pytest.mark.parametrize("name", axes_plots)
def test_axes_that_are_not_axes(name, wrong, no_figure_left):
    with refused(TypeError, type(wrong).__name__, "des axes de Matplotlib"):
        axes_plots[name](wrong)


@pytest.mark.parametrize(
    ("labels", "error", "expected"),
    [({"a", "b", "c"}, T_, "une chaîne, ou une liste de 3 noms"), (3, T_, "une chaîne, ou"), ("ab", V_, "3"),
     (["a", None, "c"], T_, "une chaîne ou un nombre"), (["a", ["b"], "c"], T_, "une chaîne ou un nombre")],
    ids=["ensemble", "nombre", "trop peu", "rien", "liste"],
)  # fmt: skip
@pytest.mark.parametrize("name", label_plots)
def test_labels_that_cannot_be_read(name, labels, error, expected, no_figure_left):
    with refused(error, ".*", expected) as caught:
        label_plots[name](labels)
    argument = {"states": "symbols", "connectivity": "symbols", "attention": "inputs", "attention, sorties": "outputs",
                "confusion": "labels", "pca": "groups"}[name]  # fmt: skip
    assert str(caught.value).startswith(f"{argument} : ")


@pytest.mark.parametrize(
    ("roles", "error", "received", "expected"),
    [({"RNN": "bleu"}, V_, "'bleu'", "un rôle parmi hidden"), ({"RN": "hidden"}, V_, "l'étiquette 'RN'", "l'une de"),
     ("hidden", T_, "str", "un dictionnaire"), ({"RNN": None}, V_, "None", "un rôle parmi")],
    ids=["rôle", "étiquette", "texte", "rien"],
)  # fmt: skip
@pytest.mark.parametrize("name", role_plots)
def test_roles_that_name_nothing(name, roles, error, received, expected, no_figure_left):
    with refused(error, received, expected):
        role_plots[name](roles)


@cases(
    *[
        (lambda p=plot, c=curves: p(c), error, received, expected)
        for plot in (plot_derivative_products, plot_gradient_norms, plot_learning_curves,
         lambda c: plot_delay_map(c, [1], [2]))
        for curves, error, received, expected in (({},
         V_, "aucune courbe", "au moins une"), ([1.0], T_, "list", "un dictionnaire"),
                                                  ({None: [1.0]}, T_, "le nom None", "une chaîne ou un nombre"))
    ],
    *[
        (lambda p=plot: p({"RNN": np.ones((2, 3, 4))}), V_, r"la forme \(2, 3, 4\)", expected)
        for plot, expected in ((plot_derivative_products, r"\(N\+1\)"), (plot_gradient_norms, r"\(T\+1\) ou"))
    ],
    *[
        (lambda p=plot, v=value: p({"RNN": [0.0, v, 1.0]}), V_, str(value), "des nombres positifs ou nuls")
        for plot in (plot_derivative_products, plot_gradient_norms)
        for value in (-1.0, NAN)
    ],
    (lambda: plot_fading_influence(np.ones((2, 3))), V_, r"la forme \(2, 3\)", r"\(T, T\)"),
    *[
        (lambda v=value: plot_fading_influence([[v]]), V_, str(value), "des valeurs finies, positives ou nulles")
        for value in (-1.0, NAN, INF)
    ],
    (lambda: plot_fading_influence([[1.0]], first=1.5), T_, "1.5", "un entier"),
    *[
        (lambda p=pair: plot_learning_curves({"RNN": p}), V_, ".*", r"\(points\) et \(graines, points\)")
        for pair in (([1, 2], [1.0]), ([1, 2], [[1.0], [2.0]]), ([[1, 2]], [1, 2]), ([1, 2], [[1.0, 2.0], []]),
                     ([], []))
    ],
    (lambda: plot_learning_curves({"RNN": [1.0, 2.0, 3.0]}), T_, "list", "un couple"),
    (lambda: plot_learning_curves({"RNN": ([2, 2], [1.0, 1.0])}), V_, ".*", "x croissant"),
    (lambda: plot_learning_curves({"RNN": ([1, 2], [1.0, NAN])}), V_, ".*", "des nombres finis"),
    (lambda: plot_learning_curves({"RNN": curve}, xlabel=3), T_, "int", "une chaîne"),
    (lambda: plot_learning_curves({"RNN": curve}, ylabel=None), T_, "NoneType", "une chaîne"),
    (lambda: plot_pca(np.zeros((3, 3)), "abc"), V_, r"la forme \(3, 3\)", r"\(N, 2\)"),
    (lambda: plot_pca([[INF, 0.0]], "a"), V_, ".*", "des nombres finis"),
    *[
        (lambda s=shares: plot_pca(np.zeros((1, 2)), "a", explained=s), V_, ".*", "deux parts entre 0 et 1")
        for shares in ([0.4], [0.4, 0.2, 0.1], [0.4, 1.2], [-0.1, 0.2], [NAN, 0.2], [])
    ],
    (lambda: plot_states(np.zeros(3), "abc"), V_, r"la forme \(3,\)", r"\(T, H\)"),
    (lambda: plot_states([[NAN]], "a"), V_, ".*", "des nombres finis"),
    (lambda: plot_states(POINTS, "abc", columns=0), V_, "0", "un entier strictement positif"),
    (lambda: plot_states(POINTS, "abc", columns=2.0), T_, "2.0", "un entier"),
    *[
        (lambda p=plot, v=value: p([[0, v], [0, 0]]), V_, str(value), "des valeurs finies, positives ou nulles")
        for plot in (plot_connectivity, lambda matrix: plot_confusion_matrix(matrix, "ab"))
        for value in (-1.0, NAN, INF)
    ],
    *[
        (lambda p=plot: p(np.zeros((2, 3))), V_, r"la forme \(2, 3\)", r"\(N, N\)")
        for plot in (plot_connectivity, lambda matrix: plot_confusion_matrix(matrix, "ab"))
    ],
    (lambda: plot_confusion_matrix([[0.5]], "a"), V_, ".*", "des effectifs"),
    (lambda: plot_attention([[0.5, 0.4]]), V_, "une ligne de somme 0,9", "1"),
    (lambda: plot_delay_map({"RNN": np.ones((3, 4))}, [1, 2, 3], [1, 2, 3, 4]),
     V_, r"la forme \(3, 4\)", r"\(graines, 3, 4\)"),
    (lambda: plot_delay_map({"RNN": np.ones((5, 2, 4))}, [1, 2, 3], [1, 2, 3, 4]),
     V_, r"la forme \(5, 2, 4\)", r"\(graines"),
    *[
        (lambda v=value: plot_delay_map({"RNN": [[[v]]]}, [1], [2]),
         V_, r"une valeur hors de \[0, 100\]", "des pourcentages")
        for value in (-1.0, 101.0, NAN)
    ],
    *[
        (lambda d=delays, w=windows: plot_delay_map({"RNN": np.ones((1, 2, 2))}, d, w), error, ".*", expected)
        for delays, windows, error, expected in (
            ([2, 1], [1, 2], V_, "des entiers croissants"), ([1, 2], [2, 2], V_, "des entiers croissants"),
            ([1, 2.5], [1, 2], T_, "un entier"), (3, [1, 2], T_, "des entiers croissants"),
        )
    ],
    (lambda: french_axis(None), T_, "NoneType", "des axes de Matplotlib"),
    *[(lambda v=value: format_number(v),
     T_, ".*", "un nombre réel") for value in ("3", True, None, 1j, np.bool_(True))],
    (lambda: format_number(1.0, digits=2.0), T_, "2.0", "un entier"),
    (lambda: format_number(1.0, digits=0), V_, "0", "un entier strictement positif"),
    (lambda: format_range([1.0], digits="3"), T_, "'3'", "un entier"),
    (lambda: format_range([1.0], unit=3), T_, "int", "une chaîne"),
    (lambda: format_range([]), V_, ".*", "au moins une mesure"),
    (lambda: format_range(["1"]), T_, ".*", "une série de nombres"),
    (lambda: glue_text(3, "oui"), T_, "int", "une chaîne"),
    (lambda: glue_text("echo-a", 3), T_, "int", "une chaîne"),
    (lambda: glue_text("echo-a", ""), V_, "une chaîne vide", "au moins un caractère"),
    (lambda: glue_text("echo", "oui"), V_, "'echo'", "le nom du chapitre"),
    (lambda: glue_number("echo-a", 1.0, unit=3), T_, "int", "une chaîne"),
    (lambda: glue_range("echo-a", [1.0], unit=None), T_, "NoneType", "une chaîne"),
)  # fmt: skip
def test_figures_and_numbers(call, error, received, expected, no_figure_left):
    with refused(error, received, expected):
        call()


@pytest.mark.parametrize("wrap", [np.array, torch.tensor], ids=["NumPy", "PyTorch"])
@pytest.mark.parametrize("name", label_plots)
def test_labels_of_arrays_are_their_numbers(name, wrap):
    """Jamais « tensor(0) » : les noms d'un tenseur ou d'un tableau sont ses nombres."""
    ax = label_plots[name](wrap([0, 1, 7]))
    try:
        written = {text.get_text() for text in [*ax.texts, *ax.get_xticklabels(), *ax.get_yticklabels()]}
        assert {"0", "1", "7"} <= written and not any("tensor" in text for text in written)
    finally:
        pyplot.close(ax.figure)


def test_curve_names_may_be_numbers():
    """Un nom qui est un réel s'écrit à la française."""
    ax = plot_derivative_products({0.5: [1.0, 0.5], 3: [1.0, 2.0]}, new_axes())
    assert sorted(text.get_text() for text in ax.texts) == ["0,5", "3"]


def test_numpy_integers_are_integers():
    """Tailles et graines viennent souvent de ``np.arange`` : mêmes poids, mêmes tirages."""
    n = np.int64
    pairs = [
        (lambda i: RNNCell(i(3), i(5), generator=new_generator()).W_h),
        (lambda i: SequenceTagger(RNN(3, 5, generator=new_generator()), i(4), generator=new_generator()).W_y),
        (lambda i: EASY.sample(i(4), generator=new_generator()).inputs),
        (lambda i: next(iter(EASY.batches(i(4), i(2), generator=new_generator()))).inputs),
        (lambda i: Adding(i(11)).sample(i(4), generator=new_generator()).inputs),
        (lambda i: Echo(i(3), i(4), i(2)).sample(4, generator=new_generator()).inputs),
        (lambda i: torch.rand(3, generator=seeded(i(3)))),
        (lambda i: torch.tensor(run_seeds(lambda seed: new_generator(seed).initial_seed(), [i(3)], processes=1))),
    ]
    for draw in pairs:
        assert torch.equal(draw(n), draw(int))
    assert Adding(n(100)).count() == Adding(100).count()  # un entier de NumPy déborderait
    assert repr(Copying(n(4), n(3))) == repr(Copying(4, 3))
