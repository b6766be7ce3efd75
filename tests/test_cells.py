"""Les cellules du cours, comparées à ``torch.nn`` et à une transcription NumPy."""

import numpy as np
import pytest
import torch
from outils import new_generator, normal, refused
from torch import nn

from notebook_utils import (
    GRUCell,
    LSTMCell,
    LSTMState,
    PaperGRUCell,
    Recurrent,
    RNNCell,
    SequenceTagger,
    chrono_,
    identity_,
    load_torch_,
    orthogonal_,
    set_forget_bias_,
    to_torch,
    unroll,
)

CELLS = [RNNCell, LSTMCell, GRUCell, PaperGRUCell]
TORCH_LAYERS = {RNNCell: nn.RNN, LSTMCell: nn.LSTM, GRUCell: nn.GRU}
TORCH_CELLS = {RNNCell: nn.RNNCell, LSTMCell: nn.LSTMCell, GRUCell: nn.GRUCell}
SIZES = [(1, 20, 1, 1), (3, 23, 4, 6), (5, 31, 7, 2)]  # (B, T, D, H)


def float64_layer(kind, D, H, **options):
    """Une couche de PyTorch aux poids tirés d'un générateur, deux biais non nuls compris."""
    layer = kind(D, H, dtype=torch.float64, **options)
    for k, weight in enumerate(layer.parameters()):
        weight.data = 0.7 * normal(*weight.shape, seed=100 + k)
    return layer


def float64_cell(kind, D, H, seed=1):
    """Une cellule aux poids et aux biais plus grands que ceux du tirage par défaut."""
    cell = kind(D, H, dtype=torch.float64, generator=new_generator(seed))
    for k, weight in enumerate(cell.parameters()):
        weight.data = 0.7 * normal(*weight.shape, seed=200 + k)
    return cell


def start(kind, B, H, given):
    """État de départ donné (au hasard) ou non, pour le cours et pour PyTorch."""
    if not given:
        return None, None, []
    h = normal(B, H, seed=7).requires_grad_()
    if kind is not LSTMCell:
        return h, h[None], [h]
    c = normal(B, H, seed=8).requires_grad_()
    return LSTMState(h, c), (h[None], c[None]), [h, c]


def flat(state):
    """Les tenseurs d'un état, (B, H), quelle que soit sa structure."""
    parts = state if isinstance(state, tuple) else (state,)
    return [part.reshape(part.shape[-2:]) for part in parts]


def gradients(outputs, state, leaves):
    """Gradients d'une perte qui pèse chaque sortie et chaque état final différemment."""
    loss = (outputs * normal(*outputs.shape, seed=9)).sum()
    for k, part in enumerate(flat(state)):
        loss = loss + (part * normal(*part.shape, seed=10 + k)).sum()
    return torch.autograd.grad(loss, leaves)


def merged(kind, grads, H):
    """Réunit les gradients de PyTorch (W_ih, W_hh, b_ih, b_hh) selon les paramètres du cours."""
    W_x, W_h, b_ih, b_hh = grads
    expected = [W_x, W_h, b_ih]
    return [*expected, b_hh[2 * H :]] if kind is GRUCell else expected


@pytest.mark.parametrize("given", [False, True], ids=["nul", "donné"])
@pytest.mark.parametrize("sizes", SIZES, ids=str)
@pytest.mark.parametrize("kind", TORCH_LAYERS, ids=lambda kind: kind.__name__)
@pytest.mark.parametrize("direction", ["load_torch_", "to_torch"])
def test_same_function_and_gradients_as_torch(direction, kind, sizes, given):
    """Sorties, états finals et tous les gradients sont ceux de ``torch.nn``."""
    B, T, D, H = sizes
    if direction == "load_torch_":
        layer = float64_layer(TORCH_LAYERS[kind], D, H, batch_first=True)
        cell = load_torch_(kind(D, H, dtype=torch.float64), layer)
    else:
        cell = float64_cell(kind, D, H)
        layer = to_torch(cell)
    x = normal(B, T, D, seed=6).requires_grad_()
    state, torch_state, leaves = start(kind, B, H, given)

    ours, theirs = unroll(cell, x, state), layer(x, torch_state)
    torch.testing.assert_close(ours[0], theirs[0])
    torch.testing.assert_close(flat(ours[1]), flat(theirs[1]))

    our_grads = gradients(*ours, [x, *leaves, *cell.parameters()])
    their_grads = gradients(*theirs, [x, *leaves, *layer.parameters()])
    n = 1 + len(leaves)
    torch.testing.assert_close(our_grads[:n], their_grads[:n])
    expected = merged(kind, their_grads[n:], H)
    torch.testing.assert_close(list(our_grads[n:]), expected)


@pytest.mark.parametrize("kind", TORCH_CELLS, ids=lambda kind: kind.__name__)
@pytest.mark.parametrize("bias", [True, False])
def test_load_a_torch_cell(kind, bias):
    """Les variantes ``*Cell`` de PyTorch se chargent aussi, avec ou sans biais."""
    layer = float64_layer(TORCH_CELLS[kind], 4, 6, bias=bias)
    cell = load_torch_(float64_cell(kind, 4, 6), layer)
    x, (state, _, parts) = normal(3, 4, seed=5), start(kind, 3, 6, given=True)
    expected = layer(x, tuple(parts) if kind is LSTMCell else parts[0])
    torch.testing.assert_close(flat(cell(x, state)[1]), flat(expected))


def test_layer_without_bias_resets_the_bias():
    """Une couche sans biais met à zéro tous les biais de la cellule."""
    cell = load_torch_(float64_cell(GRUCell, 2, 3), float64_layer(nn.GRU, 2, 3, bias=False))
    assert not cell.b.any() and not cell.b_h.any()


def test_to_torch_shares_nothing():
    """La couche rendue a ses propres poids, tous connus de ``parameters()``."""
    cell = float64_cell(LSTMCell, 4, 6)
    layer = to_torch(cell)
    before = cell.W_h.clone()
    with torch.no_grad():
        for weight in layer.parameters():
            weight.add_(1.0)
    assert torch.equal(cell.W_h, before)
    assert layer.batch_first and all(p.requires_grad for p in layer.parameters())


def sigmoid(a):
    return 1 / (1 + np.exp(-a))


def paper_gru_numpy(W_x, W_h, b, x, h):
    """La formule du cours, exemple par exemple, sous la forme W [h, x] + b."""
    H = len(b) // 3
    rows = [slice(0, H), slice(H, 2 * H), slice(2 * H, None)]
    W_r, W_z, W_n = (np.concatenate([W_h[k], W_x[k]], axis=1) for k in rows)
    b_r, b_z, b_n = (b[k] for k in rows)
    outputs = []
    for x_t in x:
        r = sigmoid(W_r @ np.concatenate([h, x_t]) + b_r)
        z = sigmoid(W_z @ np.concatenate([h, x_t]) + b_z)
        h_tilde = np.tanh(W_n @ np.concatenate([r * h, x_t]) + b_n)
        h = (1 - z) * h + z * h_tilde
        outputs.append(h)
    return np.stack(outputs)


@pytest.mark.parametrize("sizes", SIZES, ids=str)
def test_paper_gru_against_numpy(sizes):
    """``PaperGRUCell`` calcule la formule du cours, transcrite à part en NumPy."""
    B, T, D, H = sizes
    cell, x, h_0 = float64_cell(PaperGRUCell, D, H), normal(B, T, D, seed=3), normal(B, H, seed=4)
    outputs = unroll(cell, x, h_0)[0].detach().numpy()
    weights = [w.detach().numpy() for w in (cell.W_x, cell.W_h, cell.b)]
    for k in range(B):
        expected = paper_gru_numpy(*weights, x[k].numpy(), h_0[k].numpy())
        np.testing.assert_allclose(outputs[k], expected, rtol=1e-12, atol=1e-13)


def test_the_two_grus_differ_and_by_what():
    """Une seule unité : échanger z et 1 − z suffit, car r commute avec un produit de nombres."""
    for H, same in ((1, True), (5, False)):
        paper, torch_like = float64_cell(PaperGRUCell, 3, H), float64_cell(GRUCell, 3, H)
        torch_like.load_state_dict(paper.state_dict() | {"b_h": torch.zeros(H)})
        with torch.no_grad():
            for weight in (torch_like.W_x, torch_like.W_h, torch_like.b):
                weight[H : 2 * H] *= -1  # bloc z : σ(−a) = 1 − σ(a)
        x = normal(4, 20, 3, seed=2)
        assert torch.allclose(unroll(paper, x)[0], unroll(torch_like, x)[0]) is same


@pytest.mark.parametrize("kind", CELLS, ids=lambda kind: kind.__name__)
def test_the_given_generator_decides_alone(kind):
    """Même graine, mêmes poids ; le générateur global n'est ni lu ni avancé."""
    before = torch.get_rng_state()
    first, second = (kind(3, 5, generator=new_generator(4)) for _ in range(2))
    other = kind(3, 5, generator=new_generator(5))
    orthogonal_(other, new_generator(6))
    if kind is not PaperGRUCell:
        to_torch(first)
    assert torch.equal(torch.get_rng_state(), before)
    assert all(map(torch.equal, first.parameters(), second.parameters()))
    assert not torch.equal(first.W_x, other.W_x)


@pytest.mark.parametrize("kind", CELLS, ids=lambda kind: kind.__name__)
def test_without_generator_the_global_one_decides(kind):
    """Comme tout module de PyTorch : ``torch.manual_seed`` règle les poids, ceux des initialisations compris."""
    drawn = []
    for seed in (3, 3, 4):
        torch.manual_seed(seed)
        cell = orthogonal_(kind(3, 5))
        drawn.append([*cell.parameters(), SequenceTagger(Recurrent(cell), 2).W_y])
        if kind is LSTMCell:
            drawn[-1].append(chrono_(cell, 50).b)
    assert all(map(torch.equal, *drawn[:2]))
    assert not any(map(torch.equal, *drawn[1:]))


@pytest.mark.parametrize("kind", CELLS, ids=lambda kind: kind.__name__)
def test_default_weights_are_uniform(kind):
    """Les poids sont tirés selon U(−1/√H, 1/√H) : bornes et écart type."""
    cell = kind(64, 64, generator=new_generator())
    for weight in cell.parameters():
        assert weight.abs().max() <= 1 / 8
    assert cell.W_h.std().item() == pytest.approx(1 / 8 / 3**0.5, rel=0.02)


@pytest.mark.parametrize(("kind", "blocks"), [*zip(CELLS, [1, 4, 3, 3], strict=True)])
def test_parameter_shapes_and_types(kind, blocks):
    """Formes des paramètres, type demandé, état initial nul du même type."""
    cell = kind(3, 5, dtype=torch.float64)
    assert cell.W_x.shape == (5 * blocks, 3) and cell.W_h.shape == (5 * blocks, 5)
    assert cell.b.shape == (5 * blocks,)
    parts = flat(cell.initial_state(2))
    assert len(parts) == (2 if kind is LSTMCell else 1)
    assert all(p.shape == (2, 5) and p.dtype == torch.float64 and not p.any() for p in parts)
    assert "input_size=3, hidden_size=5" in repr(cell)


def test_lstm_regimes():
    """Portes saturées à la main : f = 1, i = 0 garde ; f = 0, i = 0 efface ; f = 0, i = 1 écrit."""
    state = LSTMState(normal(2, 3, seed=1), normal(2, 3, seed=2))
    x = normal(2, 4, seed=3)
    for f, i, expected in ((50, -50, state.c), (-50, -50, 0 * state.c), (-50, 50, None)):
        cell = LSTMCell(4, 3, dtype=torch.float64, generator=new_generator())
        with torch.no_grad():
            cell.b.copy_(torch.tensor([i] * 3 + [f] * 3 + [0.5] * 3 + [50.0] * 3))
        h, following = cell(x, state)
        if expected is None:
            expected = torch.tanh(x @ cell.W_x[6:9].T + state.h @ cell.W_h[6:9].T + 0.5)
        torch.testing.assert_close(following.c, expected, atol=1e-12, rtol=0)
        torch.testing.assert_close(h, torch.tanh(following.c))


@pytest.mark.parametrize("kind", CELLS, ids=lambda kind: kind.__name__)
def test_orthogonal(kind):
    """Chaque bloc de W_h devient orthogonal ; rien d'autre ne change ; la graine décide."""
    cell = float64_cell(kind, 3, 6)
    W_x, b = cell.W_x.clone(), cell.b.clone()
    assert orthogonal_(cell, new_generator(1)) is cell
    for W_h in cell.W_h.split(6):
        torch.testing.assert_close(W_h.T @ W_h, torch.eye(6, dtype=torch.float64))
    assert torch.equal(cell.W_x, W_x) and torch.equal(cell.b, b)
    again = orthogonal_(float64_cell(kind, 3, 6), new_generator(1))
    assert torch.equal(cell.W_h, again.W_h) and cell.W_h.requires_grad


def test_identity_and_forget_bias():
    """``identity_`` et ``set_forget_bias_`` touchent les bons blocs, et eux seuls."""
    cell = float64_cell(RNNCell, 3, 4)
    W_x = cell.W_x.clone()
    assert identity_(cell) is cell
    assert torch.equal(cell.W_h, torch.eye(4, dtype=torch.float64)) and not cell.b.any()
    assert torch.equal(cell.W_x, W_x)

    lstm = float64_cell(LSTMCell, 3, 4)
    expected = lstm.b.detach().clone()
    expected[4:8] = torch.arange(4.0)
    assert set_forget_bias_(lstm, torch.arange(4.0)) is lstm
    assert torch.equal(lstm.b, expected) and lstm.b.requires_grad


@pytest.mark.parametrize("kind", CELLS, ids=lambda kind: kind.__name__)
@pytest.mark.parametrize("name", ["input_size", "hidden_size"])
def test_bad_sizes(kind, name):
    """Une taille doit être un entier strictement positif."""
    for value, error in ((2.0, TypeError), ("3", TypeError), (True, TypeError), (0, ValueError)):
        sizes = {"input_size": 3, "hidden_size": 5} | {name: value}
        with refused(error, repr(value), "un entier"):
            kind(**sizes)


@pytest.mark.parametrize("kind", CELLS, ids=lambda kind: kind.__name__)
def test_bad_inputs(kind):
    """Une entrée de mauvaise nature, forme ou type est refusée avant tout calcul."""
    cell = kind(3, 5)
    state = cell.initial_state(2)
    cases = [
        ([[0.0] * 3] * 2, TypeError, "list", "un tenseur"),
        (torch.zeros(2, 4), ValueError, r"la forme \(2, 4\)", r"\(B, 3\)"),
        (torch.zeros(3), ValueError, r"la forme \(3,\)", r"\(B, 3\)"),
        (torch.zeros(2, 7, 3), ValueError, r"la forme \(2, 7, 3\)", r"\(B, 3\)"),
        (torch.zeros(2, 3).double(), TypeError, "le type torch.float64", "torch.float32"),
        (torch.zeros(2, 3, device="meta"), ValueError, "sur meta", "sur cpu"),
    ]
    for x, error, received, expected in cases:
        with refused(error, received, expected):
            cell(x, state)


@pytest.mark.parametrize("kind", CELLS, ids=lambda kind: kind.__name__)
def test_bad_states(kind):
    """Un état d'une autre taille de lot, d'une autre largeur ou d'un autre type est refusé."""
    cell, x = kind(3, 5), torch.zeros(2, 3)
    bad = [
        (torch.zeros(4, 5), ValueError, r"la forme \(4, 5\)", r"\(2, 5\)"),
        (torch.zeros(1, 5), ValueError, r"la forme \(1, 5\)", r"\(2, 5\)"),
        (torch.zeros(2, 6), ValueError, r"la forme \(2, 6\)", r"\(2, 5\)"),
        (torch.zeros(2, 5).double(), TypeError, "le type torch.float64", "torch.float32"),
        (None, TypeError, "NoneType", "un tenseur"),
    ]
    good = torch.zeros(2, 5)
    for part, error, received, expected in bad:
        states = [(part, good), (good, part)] if kind is LSTMCell else [part]
        for state in states:
            with refused(error, received, expected):
                cell(x, state)


def test_lstm_refuses_a_single_tensor():
    """Deux exemples ne font pas un couple : un tenseur (2, H) n'est pas un état de LSTM."""
    with refused(TypeError, "Tensor", r"LSTMState\(h, c\)"):
        LSTMCell(3, 5)(torch.zeros(2, 3), torch.zeros(2, 5))
