"""Chaque formule de gradient du cours, comparée à la dérivation automatique."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from outils import normal

from notebook_utils import (
    GRUCell,
    LSTMCell,
    LSTMState,
    PaperGRUCell,
    RNNCell,
    clip_by_norm,
    jacobian_products,
    orthogonal_,
    scalar_state_gradient,
    scalar_unroll,
    scalar_weight_gradient,
    scalar_weight_gradient_sum,
    singular_value_bounds,
    state_gradient_norms,
    state_jacobians,
    tanh_derivative,
    unroll,
)

CELLS = [RNNCell, LSTMCell, GRUCell, PaperGRUCell]


def new_cell(kind, D=3, H=4, seed=1):
    """Une cellule aux poids assez grands pour que les portes bougent."""
    cell = kind(D, H, dtype=torch.float64)
    for k, weight in enumerate(cell.parameters()):
        weight.data = 0.7 * normal(*weight.shape, seed=seed + k)
    return cell


def join(state):
    return torch.cat(state, dim=-1) if isinstance(state, tuple) else state


def split(s, kind):
    return LSTMState(*s.chunk(2, dim=-1)) if kind is LSTMCell else s


numbers = st.floats(-1.5, 1.5)


def test_tanh_derivative_against_autograd():
    """tanh' est la dérivée de tanh."""
    a = normal(50).requires_grad_()
    (expected,) = torch.autograd.grad(torch.tanh(a).sum(), a)
    torch.testing.assert_close(tanh_derivative(a), expected)


def test_scalar_unroll_is_a_one_unit_cell():
    """Le réseau scalaire est la ``RNNCell`` à une unité."""
    cell, x, h_0 = new_cell(RNNCell, 1, 1), normal(20), normal(1, 1, seed=3)
    w_h, w_x, b = cell.W_h.item(), cell.W_x.item(), cell.b.item()
    states, preactivations = scalar_unroll(w_h, w_x, b, x, h_0.item())
    outputs, _ = unroll(cell, x.reshape(1, 20, 1), h_0)
    torch.testing.assert_close(states[1:], outputs.flatten())
    torch.testing.assert_close(torch.tanh(preactivations), states[1:])
    assert states.shape == (21,) and states[0] == h_0.item()


@settings(max_examples=20, deadline=None)
@given(w=numbers, w_x=numbers, b=numbers, h_0=numbers, seed=st.integers(0, 99))
def test_scalar_weight_gradient_against_autograd(w, w_x, b, h_0, seed):
    """La récurrence et la somme donnent ∂h_t/∂W_h à chaque t, même si h_0 n'est pas nul."""
    w_h = torch.tensor(w, dtype=torch.float64, requires_grad=True)
    states, preactivations = scalar_unroll(w_h, w_x, b, normal(20, seed=seed), h_0)
    expected = [torch.autograd.grad(h, w_h, retain_graph=True)[0] for h in states[1:]]
    expected = torch.stack([torch.zeros_like(w_h), *expected])
    trajectory = states.detach(), preactivations.detach()
    recurrence = scalar_weight_gradient(w, *trajectory)
    torch.testing.assert_close(recurrence, expected)
    torch.testing.assert_close(scalar_weight_gradient_sum(w, *trajectory), expected)


def test_the_first_term_of_the_sum_counts():
    """Sans le terme t' = 0, la somme est fausse dès que h_0 n'est pas nul."""
    states, a = scalar_unroll(0.9, 1.0, 0.0, 0.1 * normal(20), 0.5)
    right = scalar_weight_gradient_sum(0.9, states, a)
    without = states.clone()
    without[0] = 0
    assert (scalar_weight_gradient_sum(0.9, without, a) - right).abs()[1:].min() > 1e-4


def test_scalar_weight_gradient_continues_a_window():
    """Avec ``dh_0``, la récurrence reprend là où la fenêtre précédente s'est arrêtée."""
    states, a = scalar_unroll(0.9, 1.0, 0.2, normal(24), 0.3)
    whole = scalar_weight_gradient(0.9, states, a)
    second = scalar_weight_gradient(0.9, states[10:], a[10:], dh_0=whole[10])
    torch.testing.assert_close(second, whole[10:])


@settings(max_examples=15, deadline=None)
@given(w=numbers, h_0=numbers, seed=st.integers(0, 99))
def test_scalar_state_gradient_against_autograd(w, h_0, seed):
    """∂h_t/∂h_t' pour tous les couples, la puissance étant t − t'."""
    x, h_0 = normal(20, seed=seed), torch.tensor(h_0, dtype=torch.float64)
    _, preactivations = scalar_unroll(w, 0.8, 0.1, x, h_0)
    matrix = scalar_state_gradient(w, preactivations)
    assert matrix.shape == (21, 21) and not matrix.triu(diagonal=1).any()
    assert (matrix.diagonal() == 1).all()
    states, _ = scalar_unroll(w, 0.8, 0.1, x, h_0)
    for s in (0, 7, 19):
        restart = states[s].clone().requires_grad_()
        after, _ = scalar_unroll(w, 0.8, 0.1, x[s:], restart)
        expected = [torch.autograd.grad(h, restart, retain_graph=True)[0] for h in after[1:]]
        torch.testing.assert_close(matrix[s + 1 :, s], torch.stack(expected))


@pytest.mark.parametrize("given_state", [False, True], ids=["nul", "donné"])
@pytest.mark.parametrize("kind", CELLS, ids=lambda kind: kind.__name__)
def test_jacobians_against_the_whole_unroll(kind, given_state):
    """Le produit des jacobiennes d'un pas est la jacobienne du déroulement entier."""
    cell, x, T = new_cell(kind), normal(2, 20, 3), 20
    S = 8 if kind is LSTMCell else 4
    start = split(normal(2, S, seed=4), kind) if given_state else None
    jacobians = state_jacobians(cell, x, start)
    products = jacobian_products(jacobians)
    assert jacobians.shape == (T, 2, S, S) and products.shape == (T + 1, 2, S, S)
    assert not jacobians.requires_grad
    torch.testing.assert_close(products[T], torch.eye(S, dtype=torch.float64).expand(2, S, S))

    state = cell.initial_state(2) if start is None else start
    for t in (0, 6, 19):
        before = join(unroll(cell, x[:, :t], state)[1] if t else state).detach()

        def rest(s, t=t):
            return join(unroll(cell, x[:, t:], split(s, kind))[1])

        expected = torch.autograd.functional.jacobian(rest, before)  # (B, S, B, S)
        torch.testing.assert_close(products[t], torch.stack([expected[k, :, k] for k in range(2)]))
        if t == 19:
            torch.testing.assert_close(jacobians[19], products[19])


def test_lstm_jacobian_blocks():
    """Avec des portes saturées, le gradient suit c : Π f, et l'ordre des blocs est [h ; c]."""
    cell, x = new_cell(LSTMCell), normal(1, 20, 3)
    with torch.no_grad():
        cell.W_h.zero_()  # plus de chemin par h : ∂c_T/∂c_t = Π diag(f_k)
    a = (x[0] @ cell.W_x.T + cell.b).detach()  # (T, 4H)
    f = torch.sigmoid(a[:, 4:8])
    norms = state_gradient_norms(cell, x)
    expected = torch.stack([f[t:].prod(dim=0).max() for t in range(21)])
    torch.testing.assert_close(norms["c"][:, 0], expected)
    assert (norms["h"][:20] == 0).all() and (norms["s"] >= norms["c"]).all()


@pytest.mark.parametrize("kind", CELLS, ids=lambda kind: kind.__name__)
def test_norms_are_spectral(kind):
    """Les normes annoncées sont la plus grande valeur singulière de chaque bloc."""
    cell, x = new_cell(kind), normal(3, 20, 3)
    norms = state_gradient_norms(cell, x)
    products = jacobian_products(state_jacobians(cell, x))
    blocks = {"h": products}
    if kind is LSTMCell:
        blocks = {"h": products[..., :4, :4], "c": products[..., 4:, 4:], "s": products}
    assert list(norms) == list(blocks)
    for name, block in blocks.items():
        assert norms[name].shape == (21, 3)
        torch.testing.assert_close(norms[name], torch.linalg.svdvals(block)[..., 0])


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 999), scale=st.floats(0.1, 3.0))
def test_bounds_hold(seed, scale):
    """Les valeurs singulières encadrent toutes celles du produit des jacobiennes."""
    cell, x = new_cell(RNNCell, seed=seed), normal(2, 20, 3, seed=seed)
    cell.W_h.data *= scale
    slopes = 1 - unroll(cell, x)[0].detach().transpose(0, 1) ** 2  # (T, B, H)
    lower, upper = singular_value_bounds(cell.W_h.detach(), slopes)
    sigma = torch.linalg.svdvals(jacobian_products(state_jacobians(cell, x)))
    assert lower.shape == upper.shape == (21, 2)
    rounding = 1e-12 * upper
    assert (lower <= sigma[..., -1] + rounding).all()
    assert (sigma[..., 0] <= upper + rounding).all()


def test_bounds_are_tight():
    """Pour une matrice orthogonale et des pentes égales, les deux bornes sont atteintes."""
    cell = orthogonal_(new_cell(RNNCell), torch.Generator().manual_seed(0))
    lower, upper = singular_value_bounds(cell.W_h.detach(), torch.full((20, 4), 0.9).double())
    expected = 0.9 ** torch.arange(20, -1, -1, dtype=torch.float64)
    torch.testing.assert_close(lower, expected)
    torch.testing.assert_close(upper, expected)


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 999), max_norm=st.floats(0.01, 100.0))
def test_clip_against_torch(seed, max_norm):
    """Même résultat que ``torch.nn.utils.clip_grad_norm_``, à son 10⁻⁶ près."""
    gradients = [normal(4, 3, seed=seed), normal(5, seed=seed + 1), normal(1, seed=seed + 2)]
    before = [g.clone() for g in gradients]
    clipped = clip_by_norm(gradients, max_norm)
    weights = [torch.zeros_like(g, requires_grad=True) for g in gradients]
    for weight, g in zip(weights, gradients, strict=True):
        weight.grad = g.clone()
    torch.nn.utils.clip_grad_norm_(weights, max_norm)
    torch.testing.assert_close(clipped, [w.grad for w in weights], rtol=2e-6, atol=1e-12)
    assert all(map(torch.equal, gradients, before))


def test_clip_keeps_direction_and_small_gradients():
    """Au-dessus du seuil, la norme devient le seuil ; en dessous, rien ne change."""
    gradients = [normal(4, 3), normal(5)]
    norm = torch.cat([g.flatten() for g in gradients]).norm()
    clipped = clip_by_norm(gradients, norm.item() / 4)
    torch.testing.assert_close(clipped, [g / 4 for g in gradients])
    assert all(map(torch.equal, clip_by_norm(gradients, 2 * norm.item()), gradients))
    assert not any(g.any() for g in clip_by_norm([torch.zeros(3)], 1.0))
    huge = clip_by_norm([torch.tensor([3e25]), torch.tensor([-4e25])], 1.0)  # de carré infini en float32
    torch.testing.assert_close(huge, [torch.tensor([0.6]), torch.tensor([-0.8])])


def test_scalar_gradients_accept_integer_weights():
    """Un poids entier n'est pas élevé à de grandes puissances entières : pas de dépassement."""
    states, preactivations = scalar_unroll(3, 1.0, 0.0, torch.zeros(60, dtype=torch.float64), h_0=0.1)
    assert torch.isfinite(scalar_state_gradient(3, preactivations)).all()
    assert torch.isfinite(scalar_weight_gradient_sum(3, states, preactivations)).all()
