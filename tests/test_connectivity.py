"""La connectivité, comparée à sa formule, entrée par entrée."""

import pytest
import torch
from outils import normal

from notebook_utils import GRUCell, LSTMCell, Recurrent, RNNCell
from notebook_utils.gradients import jacobian_products, jacobian_singular_values, state_jacobians
from notebook_utils.gradients.connectivity import connectivity
from notebook_utils.models import SequenceClassifier, SequenceTagger

CELLS = [RNNCell, LSTMCell, GRUCell]


def new_model(kind, readout=SequenceTagger, D=3, H=4, K=5):
    model = readout(Recurrent(kind(D, H, dtype=torch.float64)), K)
    for k, weight in enumerate(model.parameters()):
        weight.data = 0.7 * normal(*weight.shape, seed=k)
    return model


@pytest.mark.parametrize("kind", CELLS, ids=lambda kind: kind.__name__)
def test_against_the_printed_formula(kind):
    """C_{t,t'} = racine de la somme sur d des (∂ŷ_{t,k}/∂x_{t',d})², par la jacobienne entière."""
    model, x, (B, T) = new_model(kind), normal(2, 20, 3, seed=9), (2, 20)
    classes = torch.randint(0, 5, (B, T), generator=torch.Generator().manual_seed(3))
    C = connectivity(model, x, classes)
    assert C.shape == (B, T, T) and not C.requires_grad
    for b in range(B):
        J = torch.autograd.functional.jacobian(lambda x_b: model(x_b[None])[0], x[b])  # (T, K, T, D)
        for t in (0, 7, 19):
            expected = [sum(J[t, classes[b, t], s, d] ** 2 for d in range(3)) ** 0.5 for s in range(T)]
            torch.testing.assert_close(C[b, t], torch.stack(expected))
    assert not C.triu(diagonal=1).any()  # le futur ne compte pas
    assert (C.diagonal(dim1=1, dim2=2) > 0).all()


@pytest.mark.parametrize("kind", CELLS, ids=lambda kind: kind.__name__)
def test_against_finite_differences(kind):
    """Bouger une entrée de ε dans la direction du gradient change le logit de ε C."""
    model, x = new_model(kind, SequenceClassifier), normal(1, 20, 3, seed=9)
    C = connectivity(model, x)
    k, s, epsilon = model(x).argmax(), 17, 1e-6
    J = torch.autograd.functional.jacobian(lambda x: model(x)[0, k], x)[0]  # (T, D)
    moved = [x.clone(), x.clone()]
    for sign, z in zip((1, -1), moved, strict=True):
        z[0, s] += sign * epsilon * J[s] / J[s].norm()
    slope = (model(moved[0]) - model(moved[1]))[0, k] / (2 * epsilon)
    torch.testing.assert_close(C[0, s], slope.detach(), rtol=1e-6, atol=0)


def test_default_classes_are_predictions_and_tails_agree():
    """Par défaut, la classe prédite ; un classifieur donne la dernière ligne de l'étiqueteur."""
    tagger, x = new_model(LSTMCell), normal(3, 20, 3, seed=9)
    C = connectivity(tagger, x)
    torch.testing.assert_close(C, connectivity(tagger, x, tagger(x).argmax(dim=-1)))
    last = connectivity(lambda x: tagger(x)[:, -1], x)
    assert last.shape == (3, 20)
    torch.testing.assert_close(last, C[:, -1])
    torch.testing.assert_close(connectivity(tagger, x[1:2]), C[1:2])  # les exemples sont indépendants
    assert x.grad is None and not x.requires_grad and all(weight.grad is None for weight in tagger.parameters())
    with torch.no_grad():
        torch.testing.assert_close(connectivity(tagger, x), C)


def test_jacobian_singular_values():
    """J v_i = σ_i u_i, décroissantes ; racines des valeurs propres de JᵀJ, pour J_t et pour P_t."""
    J = state_jacobians(LSTMCell(3, 4, dtype=torch.float64), normal(2, 20, 3))
    for matrices in (J, jacobian_products(J)):
        sigma = jacobian_singular_values(matrices)
        assert sigma.shape == matrices.shape[:3] and (sigma.diff(dim=-1) <= 0).all() and (sigma >= 0).all()
        eigenvalues = torch.linalg.eigvalsh(matrices.mT @ matrices).flip(-1)
        torch.testing.assert_close(sigma**2, eigenvalues, atol=1e-12, rtol=1e-6)
    with pytest.raises(ValueError, match=r"reçu la forme \(3, 2, 4, 5\), attendu \(T, B, S, S\)"):
        jacobian_singular_values(torch.zeros(3, 2, 4, 5))
    for value in (torch.nan, torch.inf):
        with pytest.raises(ValueError, match="jacobians : reçu une valeur NaN ou infinie, attendu des nombres finis"):
            jacobian_singular_values(torch.full((3, 2, 4, 4), value))
