"""Ce qu'un habitué de PyTorch attend des couches et des cellules : états, ``compile``, ``func``, ``autocast``…"""

import io
import subprocess
import sys

import pytest
import torch
from outils import flat, new_generator, refused
from torch import nn

from notebook_utils import (
    GRU,
    HARD,
    LSTM,
    RNN,
    FusedLSTM,
    GRUCell,
    LSTMCell,
    LSTMState,
    PaperGRUCell,
    Recurrent,
    RNNCell,
    SequenceClassifier,
    chrono_,
    cross_entropy,
    fit,
    state_gradient_norms,
    state_jacobians,
    unroll,
)

LAYERS = {RNN: RNNCell, GRU: GRUCell, LSTM: LSTMCell, FusedLSTM: LSTMCell}
HANDWRITTEN = [RNN, GRU, LSTM]
layers = pytest.mark.parametrize("kind", LAYERS, ids=lambda kind: kind.__name__)
cells = pytest.mark.parametrize("kind", [RNNCell, GRUCell, LSTMCell, PaperGRUCell], ids=lambda kind: kind.__name__)
handwritten = pytest.mark.parametrize("kind", HANDWRITTEN, ids=lambda kind: kind.__name__)
x = torch.randn(4, 20, 3, generator=new_generator(9))


def build(kind):
    return kind(3, 5, generator=new_generator(1))


def gradients(run, layer, x=x):
    layer.zero_grad()
    outputs, state = run(x)
    (outputs.float().square().sum() + sum(part.float().sum() for part in flat(state))).backward()
    return [weight.grad for weight in layer.parameters()]


# --- L'état final est un tenseur à part ------------------------------------------------------


@layers
def test_resetting_the_final_state_leaves_the_outputs(kind):
    with torch.no_grad():
        outputs, state = build(kind)(x)
        before = outputs.clone()
        for part in flat(state):
            part[0] = 7.0
    assert torch.equal(outputs, before)


@layers
def test_the_final_state_can_be_detached_in_place(kind):
    """La rétropropagation tronquée : ``state.detach_()`` entre deux fenêtres."""
    layer = build(kind)
    outputs, state = layer(x)
    for part in flat(state):
        assert not part.detach_().requires_grad
    layer(x, state)[0].sum().backward()
    outputs.sum().backward()


@layers
@pytest.mark.parametrize("B", [1, 4])
def test_a_saved_state_does_not_carry_the_sequence(kind, B):
    _, state = build(kind)(torch.ones(B, 1000, 3))
    for saved in (flat(state), [part.detach() for part in flat(state)]):
        assert [part.untyped_storage().nbytes() for part in saved] == [4 * B * 5] * len(saved)
    buffer = io.BytesIO()
    torch.save(state if isinstance(state, torch.Tensor) else tuple(state), buffer)
    assert len(buffer.getvalue()) < 3000


# --- torch.compile ---------------------------------------------------------------------------

COMPILED = """
import torch
from notebook_utils import GRU, LSTM, RNN, FusedLSTM
x = torch.randn(4, 9, 3, generator=torch.Generator().manual_seed(0))
for kind in (RNN, GRU, LSTM, FusedLSTM):
    layer = kind(3, 5)
    results = []
    for run in (layer, torch.compile(layer, backend="aot_eager")):
        layer.zero_grad()
        run(x)[0].square().sum().backward()
        results.append([run(x)[0], *(weight.grad for weight in layer.parameters())])
    assert all(map(torch.allclose, *results)), kind
    assert (torch.zeros(2) + 1).sum() == 2
print("bon")
"""


def test_compile_gives_the_same_and_leaves_torch_usable():
    """Dans un autre processus : une compilation manquée perdait celui où elle avait lieu."""
    command = [sys.executable, "-W", "ignore", "-c", COMPILED]
    child = subprocess.run(command, capture_output=True, text=True, check=False)
    assert child.stdout == "bon\n", child.stderr


# --- torch.func ------------------------------------------------------------------------------

TRANSFORMS = {
    "grad": lambda f: torch.func.grad(lambda x: f(x).sum())(x),
    "vmap": lambda f: torch.func.vmap(f)(x[None])[0],
    "jacrev": lambda f: torch.func.jacrev(lambda x: f(x).sum(dim=(0, 1)))(x),
    "vectorize": lambda f: torch.autograd.functional.jacobian(lambda x: f(x).sum(dim=(0, 1)), x, vectorize=True),
}


@handwritten
@pytest.mark.parametrize("name", TRANSFORMS)
def test_transforms_of_handwritten_layers_are_refused_in_french(kind, name):
    layer = build(kind)
    with refused(RuntimeError, "une transformation", r"un simple backward\(\) : .*unroll"):
        TRANSFORMS[name](lambda x: layer(x)[0])
    assert all(grad is not None for grad in gradients(layer, layer))  # la couche n'en souffre pas


@cells
@pytest.mark.parametrize("name", TRANSFORMS)
def test_unrolled_cells_go_through_transforms(kind, name):
    """Ce que le message conseille : ``unroll``, que ``torch.func`` sait transformer."""
    cell = build(kind)
    found = TRANSFORMS[name](lambda x: unroll(cell, x)[0])
    if name == "vmap":
        expected = unroll(cell, x)[0]
    else:
        expected = torch.autograd.functional.jacobian(lambda x: unroll(cell, x)[0].sum(dim=(0, 1)), x)
        expected = expected.sum(dim=0) if name == "grad" else expected
    torch.testing.assert_close(found, expected)


def _dual(f):
    with torch.autograd.forward_ad.dual_level():
        return f(torch.autograd.forward_ad.make_dual(x, x))


FORWARD = {
    "jvp": lambda f: torch.func.jvp(f, (x,), (x,)),
    "jacfwd": lambda f: torch.func.jacfwd(f)(x),
    "make_dual": _dual,
}


@layers
@pytest.mark.parametrize("name", FORWARD)
def test_forward_derivatives_of_layers_are_refused_in_french(kind, name):
    """Aucune couche ne sait dériver dans le sens de l'aller ; ``FusedLSTM`` non plus, dont le noyau est de PyTorch."""
    layer = build(kind)
    with refused(RuntimeError, "une transformation", r"un simple backward\(\) : .*unroll"):
        FORWARD[name](lambda x: layer(x)[0])
    assert all(grad is not None for grad in gradients(layer, layer))


@handwritten
def test_other_errors_are_left_as_they_are(kind):
    """Seules les erreurs de ``torch.func`` sont traduites."""
    layer = build(kind)
    outputs, _ = layer(x)
    outputs.sum().backward()
    with pytest.raises(RuntimeError, match="backward through the graph a second time"):
        outputs.sum().backward()


# --- Précision mixte, tenseurs d'inférence ---------------------------------------------------


@layers
@pytest.mark.parametrize("T", [9, 3000])
def test_autocast(kind, T, monkeypatch):
    """Une entrée de précision réduite est convertie ; sorties et gradients gardent le type des poids, exacts."""
    from notebook_utils.bptt import common

    monkeypatch.setattr(common, "WORK_SIZE", 2**12)  # plusieurs tranches
    layer, x = build(kind), torch.randn(4, T, 3, generator=new_generator(2)).bfloat16()
    with torch.autocast("cpu", torch.bfloat16):
        outputs, _ = layer(x)
        found = gradients(layer, layer, x)
        assert outputs.dtype == torch.float32
    expected = gradients(layer, layer, x.float())
    assert torch.equal(outputs, layer(x.float())[0])
    for a, b in zip(found, expected, strict=True):
        torch.testing.assert_close(a, b, rtol=1e-5, atol=1e-5)


@layers
def test_reduced_precision_is_refused_outside_autocast(kind):
    with refused(TypeError, "le type torch.bfloat16", "torch.float32"):
        build(kind)(x.bfloat16())


@cells
def test_cells_under_autocast(kind):
    """Une cellule dépliée calcule comme ``torch.nn`` : produits en précision réduite, résultats voisins."""
    cell = build(kind)
    expected = unroll(cell, x)[0]
    with torch.autocast("cpu", torch.bfloat16):
        outputs, state = unroll(cell, x)
        again, _ = unroll(cell, x, state)
    torch.testing.assert_close(outputs.float(), expected, rtol=0, atol=0.05)
    assert again.isfinite().all() and not torch.equal(outputs.float(), expected)
    assert all(grad.dtype == torch.float32 for grad in gradients(lambda x: unroll(cell, x), cell))


def test_fit_under_autocast():
    def learnt(reduced):
        g = new_generator(3)
        model = SequenceClassifier(chrono_(LSTM(8, 6, generator=g), 110, g), 4, generator=g)
        optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
        with torch.autocast("cpu", torch.bfloat16, enabled=reduced):
            return fit(model, lambda g: HARD.sample(8, generator=g), cross_entropy, optimizer, 3, generator=g, every=3)

    assert learnt(True)["loss"] == pytest.approx(learnt(False)["loss"], rel=0.02)


@layers
@pytest.mark.parametrize("with_state", [False, True])
def test_inference_tensors_are_inputs_like_others(kind, with_state):
    """Les quatre couches font de même : un tenseur d'inférence est recopié, et le retour a lieu."""
    layer = build(kind)
    with torch.inference_mode():
        frozen = x.clone()
        state = layer.initial_state(4) if with_state else None
    found = gradients(lambda x: layer(frozen, state), layer)
    assert all(map(torch.equal, found, gradients(layer, layer)))


# --- États donnés autrement ------------------------------------------------------------------


def test_a_bare_pair_is_a_state():
    """``(h, c)``, que toute LSTM accepte, suffit aussi aux mesures de gradient."""
    cell = build(LSTMCell)
    h, c = torch.randn(2, 4, 5, generator=new_generator(4))
    for measure in (lambda s: state_jacobians(cell, x, s), lambda s: state_gradient_norms(cell, x, s)["s"]):
        assert torch.equal(measure((h, c)), measure(LSTMState(h, c)))


class TwoParts(nn.Module):
    """Une cellule dont l'état est un couple sans noms, de parts inégales : ``a`` ``(B, 2)``, ``b`` ``(B, 1)``."""

    def initial_state(self, batch_size):
        return torch.zeros(batch_size, 2), torch.zeros(batch_size, 1)

    def forward(self, x, state):
        a, b = state
        return a, (0.5 * a + x[:, :2], 0.25 * b)


def test_norms_follow_the_parts_of_the_state():
    norms = state_gradient_norms(TwoParts(), x)
    assert list(norms) == [0, 1, "s"]
    torch.testing.assert_close(norms[0][:, 0], 0.5 ** torch.arange(20.0, -1, -1))
    torch.testing.assert_close(norms[1][:, 0], 0.25 ** torch.arange(20.0, -1, -1))


@layers
def test_a_layer_has_the_weights_of_its_cell(kind):
    """Mêmes poids, même état nul ; mais une couche n'est pas une cellule, et une cellule n'est pas une couche."""
    layer, cell = build(kind), build(LAYERS[kind])
    assert not isinstance(layer, LAYERS[kind])
    assert layer.load_state_dict(cell.state_dict()) and list(layer.state_dict()) == list(cell.state_dict())
    assert type(layer.initial_state(2)) is type(cell.initial_state(2))
    SequenceClassifier(layer, 2), SequenceClassifier(Recurrent(cell), 2)
