"""MinGRU, MinLSTM et la porte signée : leurs équations, pas à pas ; leurs gradients ; le protocole des couches."""

import math

import pytest
import torch
from outils import new_generator, normal, refused

from notebook_utils import (
    GRU,
    MinGRU,
    MinLSTM,
    Recurrent,
    SequenceClassifier,
    SequenceTagger,
    SignedMinGRU,
    chrono_,
    chrono_gates_,
    linear_scan,
    set_update_bias_,
    unroll,
)
from notebook_utils.linear import mingru

KINDS = [MinGRU, MinLSTM, SignedMinGRU]
kinds = pytest.mark.parametrize("kind", KINDS)


def sigmoid(value):
    return 1 / (1 + torch.exp(-value))


def step(layer, x, h):
    """Un pas, tel que les équations l'écrivent."""
    blocks = [W @ x.T + b[:, None] for W, b in zip(layer.W_x.split(5), layer.b.split(5), strict=True)]
    *gates, h_tilde = [block.T for block in blocks]
    if isinstance(layer, MinGRU):
        z = sigmoid(gates[0])
        return (1 - z) * h + z * h_tilde
    if isinstance(layer, MinLSTM):
        f, i = map(sigmoid, gates)
        return f / (f + i) * h + i / (f + i) * h_tilde
    return torch.tanh(gates[0]) * h + h_tilde


def by_steps(layer, x, h):
    states = []
    for x_t in x.unbind(dim=1):
        h = step(layer, x_t, h)
        states.append(h)
    return torch.stack(states, dim=1), h


def build(kind, T=23, B=4, seed=0):
    layer = kind(3, 5, generator=new_generator(seed), dtype=torch.float64)
    return layer, normal(B, T, 3, seed=1).requires_grad_(), normal(B, 5, seed=2).requires_grad_()


def everything(run, layer, x, state):
    outputs, final = run(x, state)
    loss = (outputs * normal(*outputs.shape, seed=3)).sum() + (final * normal(*final.shape, seed=4)).sum()
    return [outputs, final, *torch.autograd.grad(loss, [x, state, *layer.parameters()])]


@kinds
@pytest.mark.parametrize("T", [1, 2, 23, 64])
@pytest.mark.parametrize("size", [1, 100, 2**17])
def test_same_as_the_equations(kind, T, size, monkeypatch):
    """Pas à pas, d'un trait ou par tranches de un ou de cinq pas : mêmes états et mêmes gradients, à 1e-12 près."""
    monkeypatch.setattr(mingru, "WORK_SIZE", size)
    layer, x, state = build(kind, T)
    ours = everything(layer, layer, x, state)
    theirs = everything(lambda x, s: by_steps(layer, x, s), layer, x, state)
    for got, wanted in zip(ours, theirs, strict=True):
        torch.testing.assert_close(got, wanted, rtol=1e-12, atol=1e-12 * max(1.0, float(wanted.detach().abs().max())))


@kinds
def test_gates_are_the_coefficients(kind):
    layer, x, state = build(kind)
    a, b = layer.gates(x)
    assert a.shape == b.shape == (4, 23, 5)
    torch.testing.assert_close(linear_scan(a, b, state), layer(x, state)[0], rtol=1e-13, atol=1e-13)
    low = -1 if kind is SignedMinGRU else 0
    assert (a > low).all() and (a < 1).all() and ((a < 0).any() == (kind is SignedMinGRU))


@kinds
def test_gradcheck(kind, monkeypatch):
    """Différences finies, première et seconde dérivées, par tranches de deux pas."""
    monkeypatch.setattr(mingru, "WORK_SIZE", 2 * 2 * 5)
    layer, x, state = build(kind, 5, 2)
    names = [name for name, _ in layer.named_parameters()]

    def run(x, state, *weights):
        return torch.func.functional_call(layer, dict(zip(names, weights, strict=True)), (x, state))

    weights = [weight.detach().clone().requires_grad_() for weight in layer.parameters()]
    assert torch.autograd.gradcheck(run, (x, state, *weights), check_undefined_grad=False)
    assert torch.autograd.gradgradcheck(run, (x, state, *weights), check_undefined_grad=False)


@kinds
def test_one_answer_alone_has_a_gradient(kind):
    """Une perte qui ne lit que l'état final, ou qu'une sortie ; des entrées ou des poids gelés."""
    layer, x, state = build(kind)
    for choose in (lambda o, s: s, lambda o, s: o[:, 7]):
        got = torch.autograd.grad(choose(*layer(x, state)).square().sum(), [x, state, *layer.parameters()])
        run = choose(*by_steps(layer, x, state)).square().sum()
        for ours, theirs in zip(got, torch.autograd.grad(run, [x, state, *layer.parameters()]), strict=True):
            torch.testing.assert_close(ours, theirs)
    layer.requires_grad_(False)
    (only,) = torch.autograd.grad(layer(x)[0].sum(), [x])
    (again,) = torch.autograd.grad(layer(x)[0].sum(), [x], create_graph=True)
    torch.testing.assert_close(only, again)


@kinds
def test_protocol(kind):
    """Formes, état nul, état rendu à part, lot coupé en deux, lecture par les réseaux du cours."""
    layer, x, _ = build(kind)
    outputs, final = layer(x)
    assert outputs.shape == (4, 23, 5) and final.shape == (4, 5) and torch.equal(outputs[:, -1], final)
    assert torch.equal(layer.initial_state(4), torch.zeros(4, 5).double())
    assert torch.equal(layer(x, layer.initial_state(4))[0], outputs)
    assert final.untyped_storage().data_ptr() != outputs.untyped_storage().data_ptr()
    first, middle = layer(x[:, :9])
    second, last = layer(x[:, 9:], middle)
    torch.testing.assert_close(torch.cat([first, second], dim=1), outputs)
    torch.testing.assert_close(last, final)
    assert SequenceTagger(layer, 2)(x).shape == (4, 23, 2) and SequenceClassifier(layer, 2)(x).shape == (4, 2)
    assert repr(layer) == f"{kind.__name__}(input_size=3, hidden_size=5)"
    assert [tuple(weight.shape) for weight in layer.parameters()] == [(kind.blocks * 5, 3), (kind.blocks * 5,)]


@kinds
def test_drawing(kind):
    """Les poids sortent du générateur, dans les bornes annoncées, et rien ne touche au générateur global."""
    before = torch.get_rng_state()
    first, second = (kind(3, 5, generator=new_generator(7)) for _ in range(2))
    assert torch.equal(torch.get_rng_state(), before)
    assert all(torch.equal(*pair) for pair in zip(first.parameters(), second.parameters(), strict=True))
    assert all(weight.abs().max() <= 5**-0.5 for weight in first.parameters())


@kinds
@pytest.mark.parametrize("mode", [torch.no_grad, torch.inference_mode])
def test_without_autograd(kind, mode):
    layer, x, state = build(kind)
    expected = layer(x, state)
    with mode():
        found = layer(x, state)
    assert all(torch.equal(*pair) and not pair[0].requires_grad for pair in zip(found, expected, strict=True))


@kinds
def test_nothing_is_an_inference_tensor(kind):
    layer, x, state = build(kind)
    outputs, final = layer(x, state)
    (outputs.sum() + final.sum()).backward()
    for tensor in (outputs, final, x.grad, state.grad, layer.W_x.grad, layer.b.grad):
        assert not tensor.is_inference()
        tensor.detach().mul_(2.0)


@kinds
def test_autocast_and_torch_func(kind):
    """Sous ``autocast``, la couche garde le type de ses poids ; ``torch.func`` passe par le balayage."""
    layer = kind(3, 5, generator=new_generator())
    x = torch.randn(4, 9, 3, generator=new_generator(1))
    with torch.autocast("cpu", dtype=torch.bfloat16):
        outputs, _ = layer(x.bfloat16())
    assert outputs.dtype == torch.float32
    outputs.sum().backward()
    read = torch.func.grad(lambda x: layer(x)[0].square().sum())
    many = torch.func.vmap(read)(torch.stack([x, 2 * x]))
    torch.testing.assert_close(many[1], read(2 * x))
    wanted = x.clone().requires_grad_()
    layer(wanted)[0].square().sum().backward()
    torch.testing.assert_close(many[0], wanted.grad)


@kinds
def test_memory_is_the_states(kind):
    """L'aller ne garde, au-delà de ses arguments, que les états : un tableau de B × T × H nombres."""
    layer = kind(3, 5, generator=new_generator())
    kept = []

    def pack(tensor):
        kept.append(tensor.numel())
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
        layer(torch.ones(4, 50, 3))
    assert sum(kept) <= 4 * 50 * 5 + 4 * 50 * 3 + 4 * 5 + 2 * sum(weight.numel() for weight in layer.parameters())


def test_chrono():
    """À entrée nulle, a vaut u / (1 + u) : les durées vont de 2 pas à T_max, le candidat ne bouge pas."""
    for kind in KINDS:
        layer = kind(3, 2_000, generator=new_generator(), dtype=torch.float64)
        before = layer.b.detach().clone()
        assert chrono_gates_(layer, 100, new_generator(5)) is layer
        a, _ = layer.gates(torch.zeros(1, 1, 3, dtype=torch.float64))
        u = torch.empty(2_000, dtype=torch.float64).uniform_(1, 99, generator=new_generator(5))
        torch.testing.assert_close(a.flatten(), u / (1 + u))
        assert torch.equal(layer.b[-2_000:], before[-2_000:]) and layer.b.requires_grad
    assert math.isclose(float(u.min()), 1, abs_tol=0.5) and float(u.max()) > 98


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: MinGRU(0, 5), ValueError, "input_size : reçu 0"),
        (lambda: MinLSTM(3, 2.0), TypeError, "hidden_size : reçu 2.0"),
        (lambda: MinGRU(3, 5, generator=0), TypeError, "generator : reçu int"),
        (lambda: SignedMinGRU(3, 5, dtype=torch.int64), TypeError, "dtype : reçu torch.int64"),
        (lambda: MinGRU(3, 5)(torch.ones(2, 3)), ValueError, r"x : reçu la forme \(2, 3\), attendu \(B, T, D\)"),
        (lambda: MinGRU(3, 5)(torch.ones(2, 4, 2)), ValueError, r"x : reçu la forme \(2, 4, 2\), attendu \(B, T, 3\)"),
        (lambda: MinGRU(3, 5)(torch.ones(2, 4, 3).double()), TypeError, "x : reçu le type torch.float64"),
        (lambda: MinGRU(3, 5)(torch.ones(2, 4, 3), torch.ones(3, 5)), ValueError, r"state : reçu la forme \(3, 5\)"),
        (lambda: MinLSTM(3, 5)(torch.ones(2, 4, 3), (1, 2)), TypeError, "state : reçu tuple"),
        (lambda: MinGRU(3, 5).initial_state(0), ValueError, "batch_size : reçu 0"),
        (lambda: MinGRU(3, 5).gates(torch.ones(2, 4)), ValueError, "x : reçu la forme"),
        (lambda: chrono_gates_(GRU(3, 5), 100), TypeError, "layer : reçu GRU, attendu MinGRU, MinLSTM ou SignedMinGRU"),
        (lambda: chrono_gates_(MinGRU(3, 5), 2), ValueError, "T_max : reçu 2"),
        (lambda: chrono_gates_(MinGRU(3, 5), math.inf), ValueError, "T_max : reçu inf"),
        (lambda: chrono_gates_(MinGRU(3, 5), "100"), TypeError, "T_max : reçu '100'"),
        (lambda: chrono_gates_(MinGRU(3, 5), 100, 0), TypeError, "generator : reçu int"),
        (lambda: chrono_(MinLSTM(3, 5), 100), TypeError, "cell : reçu MinLSTM"),
        (lambda: set_update_bias_(MinLSTM(3, 5), 1.0), TypeError, "cell : reçu MinLSTM"),
        (lambda: unroll(MinGRU(3, 5), torch.ones(2, 4, 3)), TypeError, "cell : reçu MinGRU, une couche"),
        (lambda: Recurrent(MinGRU(3, 5)), TypeError, "cell : reçu MinGRU, une couche"),
    ],
)
def test_bad_arguments(call, error, message):
    with pytest.raises(error, match=message):
        call()


@kinds
def test_bad_state_is_named(kind):
    with refused(TypeError, "le type torch.float64", "torch.float32"):
        kind(3, 5)(torch.ones(2, 4, 3), torch.ones(2, 5).double())


@pytest.mark.skipif(not torch.cuda.is_available(), reason="pas de carte graphique")
@kinds
def test_cuda(kind):
    layer, x, state = build(kind, 200)
    ours = everything(layer, layer, x, state)
    layer = layer.cuda()
    x, state = (part.detach().cuda().requires_grad_() for part in (x, state))
    outputs, final = layer(x, state)
    g, g_T = (normal(*part.shape, seed=seed).cuda() for part, seed in ((outputs, 3), (final, 4)))
    loss = (outputs * g).sum() + (final * g_T).sum()
    theirs = [outputs, final, *torch.autograd.grad(loss, [x, state, *layer.parameters()])]
    for got, wanted in zip(theirs, ours, strict=True):
        torch.testing.assert_close(got.cpu(), wanted, rtol=1e-10, atol=1e-10)
