"""Couches à rétropropagation manuscrite : mêmes sorties, mêmes états et mêmes gradients que la cellule dépliée."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from outils import flat, new_generator

from notebook_utils import (
    GRU,
    LSTM,
    RNN,
    FusedLSTM,
    GRUCell,
    LSTMCell,
    LSTMState,
    Recurrent,
    RNNCell,
    load_torch_,
    orthogonal_,
    set_forget_bias_,
    state_gradient_norms,
    state_jacobians,
    to_torch,
    unroll,
)
from notebook_utils.bptt import common

PAIRS = [(RNN, RNNCell), (GRU, GRUCell), (LSTM, LSTMCell), (FusedLSTM, LSTMCell)]
HANDWRITTEN = [RNN, GRU, LSTM]
DTYPES = {torch.float32: 2e-4, torch.float64: 1e-10}
SIZES = [
    (1, 1, 1, 1),
    (4, 20, 3, 5),
    (2, 25, 7, 1),
    (1, 23, 1, 6),
    (2, 200, 2, 3),
]
pairs = pytest.mark.parametrize(("kind", "cell_kind"), PAIRS, ids=lambda kind: kind.__name__)
handwritten = pytest.mark.parametrize("kind", HANDWRITTEN)


def build(kind, cell_kind, D, H, seed=0, dtype=torch.float64):
    """La couche, et la cellule qui a les mêmes poids."""
    layer, cell = (k(D, H, generator=new_generator(seed), dtype=dtype) for k in (kind, cell_kind))
    return layer, cell


def draw(layer, B, T, seed=1, start=True):
    """Une séquence et un état de départ tirés au hasard, dont on veut les gradients."""
    g, like = new_generator(seed), {"dtype": layer.W_x.dtype}
    x = torch.randn(B, T, layer.input_size, generator=g, **like).requires_grad_()
    parts = [torch.randn(B, layer.hidden_size, generator=g, **like).requires_grad_() for _ in range(2)]
    state = LSTMState(*parts) if isinstance(layer.initial_state(1), tuple) else parts[0]
    return x, state if start else None


def everything(run, weights, x, state, seed=2):
    """Sorties, état final, et gradients d'une perte qui lit toutes les sorties et l'état final."""
    outputs, final = run(x, state)
    g = new_generator(seed)
    loss = sum(
        (part * torch.randn(part.shape, generator=g, dtype=part.dtype).to(part.device)).sum()
        for part in (outputs, *flat(final))
    )
    return [outputs, *flat(final), *torch.autograd.grad(loss, [x, *flat(state), *weights])]


def assert_same(ours, theirs, tolerance):
    assert len(ours) == len(theirs)
    for a, b in zip(ours, theirs, strict=True):
        torch.testing.assert_close(a, b, rtol=tolerance, atol=tolerance)


# --- Parité ----------------------------------------------------------------------------------


@pairs
@pytest.mark.parametrize("dtype", DTYPES, ids=str)
def test_one_step_is_the_cell_gradients_included(kind, cell_kind, dtype):
    layer, cell = build(kind, cell_kind, 3, 5, dtype=dtype)
    x, state = draw(layer, 4, 1)

    def alone(module):
        def run(x, state):
            h, final = module(x[:, 0], state)
            return h[:, None], final

        return run

    ours = everything(alone(layer.step), layer.parameters(), x, state)
    assert_same(ours, everything(alone(cell), cell.parameters(), x, state), DTYPES[dtype])


@pairs
def test_one_step_keeps_the_precision_of_the_weights(kind, cell_kind):
    """Sous ``autocast``, comme pour une séquence."""
    layer, _ = build(kind, cell_kind, 3, 5, dtype=torch.float32)
    x, state = draw(layer, 4, 1)
    expected = layer.step(x[:, 0], state)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        found = layer.step(x[:, 0].bfloat16().float(), state)
    assert flat(found)[0].dtype == torch.float32
    torch.testing.assert_close(flat(found), flat(expected), rtol=2e-2, atol=2e-2)


@pairs
@pytest.mark.parametrize(("wrong", "named"), [("x", "x : reçu la forme"), ("state", "state.* : reçu la forme")])
def test_one_step_refuses_what_the_cell_refuses(kind, cell_kind, wrong, named):
    layer, _ = build(kind, cell_kind, 3, 5)
    x, state = torch.ones(4, 3, dtype=torch.float64), layer.initial_state(4)
    with pytest.raises(ValueError, match=named):
        layer.step(*((x[:, :2], state) if wrong == "x" else (x, layer.initial_state(3))))


@pairs
@pytest.mark.parametrize("dtype", DTYPES, ids=str)
@pytest.mark.parametrize("start", [True, False], ids=["état donné", "état nul"])
@pytest.mark.parametrize("size", SIZES, ids=str)
def test_same_as_the_unrolled_cell(kind, cell_kind, size, start, dtype):
    B, T, D, H = size
    layer, cell = build(kind, cell_kind, D, H, dtype=dtype)
    x, state = draw(layer, B, T, start=start)
    ours = everything(layer, layer.parameters(), x, state)
    theirs = everything(lambda x, s: unroll(cell, x, s), cell.parameters(), x, state)
    assert_same(ours, theirs, DTYPES[dtype])


@pairs
@settings(max_examples=15, deadline=None)
@given(B=st.integers(1, 5), T=st.integers(1, 30), D=st.integers(1, 6), H=st.integers(1, 8), seed=st.integers(0, 999))
def test_same_as_the_unrolled_cell_for_any_size(kind, cell_kind, B, T, D, H, seed):
    layer, cell = build(kind, cell_kind, D, H, seed)
    x, state = draw(layer, B, T, seed + 1)
    ours = everything(layer, layer.parameters(), x, state)
    assert_same(ours, everything(lambda x, s: unroll(cell, x, s), cell.parameters(), x, state), 1e-9)


@handwritten
@settings(max_examples=15, deadline=None)
@given(T=st.integers(1, 30), steps=st.integers(1, 32), seed=st.integers(0, 999))
def test_chunks_change_nothing(kind, T, steps, seed):
    """Remontée d'un trait, ou par tranches de ``steps`` pas : mêmes gradients, par rapport à tout."""
    layer = kind(3, 5, generator=new_generator(seed), dtype=torch.float64)
    x, state = draw(layer, 4, T, seed + 1)
    whole = everything(layer, layer.parameters(), x, state)
    blocks = 1 if kind is RNN else 4
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(common, "WORK_SIZE", blocks * 4 * 5 * steps)
        cut = everything(layer, layer.parameters(), x, state)
        layer(x.detach())[0].sum().backward()  # sans le gradient de l'entrée
    assert_same(cut, whole, 1e-10)


@handwritten
def test_a_step_larger_than_a_chunk(kind, monkeypatch):
    """Un pas plus gros que la taille d'une tranche en est une à lui seul : mêmes gradients."""
    layer = kind(3, 5, generator=new_generator(), dtype=torch.float64)
    x, state = draw(layer, 4, 20)
    whole = everything(layer, layer.parameters(), x, state)
    monkeypatch.setattr(common, "WORK_SIZE", 4 * 5 - 1)
    assert_same(everything(layer, layer.parameters(), x, state), whole, 1e-10)


@handwritten
def test_work_arrays_do_not_grow_with_the_sequence(kind, monkeypatch):
    """Aucune tranche ne dépasse la taille annoncée, et elles couvrent la séquence."""
    lengths, split = [], common.sums_over_time

    def spy(totals, delta, *rest):
        lengths.append(delta.shape[1] // 4)
        return split(totals, delta, *rest)

    for module in ("rnn", "gru", "lstm"):
        monkeypatch.setattr(f"notebook_utils.bptt.{module}.sums_over_time", spy)
    monkeypatch.setattr(common, "WORK_SIZE", 7 * 4 * 5 * (1 if kind is RNN else 4))
    kind(3, 5)(torch.ones(4, 45, 3))[0].sum().backward()
    assert sum(lengths) == 45 and max(lengths) == 7 and len(lengths) == 7


@handwritten
def test_gradients_can_be_changed_in_place(kind):
    """Rien de ce que la couche rend n'est un tenseur d'inférence, qu'un optimiseur ne saurait pas modifier."""
    layer = kind(3, 5, generator=new_generator())
    x, state = draw(layer, 4, 20)
    outputs, final = layer(x, state)
    (outputs.sum() + sum(part.sum() for part in flat(final))).backward()
    for tensor in (outputs, *flat(final), *(t.grad for t in (x, *flat(state), *layer.parameters()))):
        assert not tensor.is_inference()
        tensor.detach().mul_(2.0)


@handwritten
def test_outputs_are_changed_through_a_copy(kind):
    """L'écart annoncé : tant qu'autograd suit les sorties, PyTorch refuse de les modifier sur place."""
    layer = kind(3, 5, generator=new_generator())
    x = torch.ones(4, 20, 3)

    def blank_first(outputs):
        outputs[:, 0] = 0

    for change in (torch.relu_, torch.nn.Dropout(0.5, inplace=True), blank_first):
        with pytest.raises(RuntimeError, match="modified inplace"):
            change(layer(x)[0])
        copy = layer(x)[0].clone()
        change(copy)
        copy.sum().backward()
        with torch.no_grad():
            change(layer(x)[0])


@pairs
@pytest.mark.parametrize("mode", [torch.no_grad, torch.inference_mode])
def test_forward_without_autograd(kind, cell_kind, mode):
    """Mêmes sorties et mêmes états, que plus personne ne dérivera ; la couche, elle, reste dérivable."""
    layer, _ = build(kind, cell_kind, 3, 5)
    x, state = draw(layer, 4, 20)
    expected = everything(layer, layer.parameters(), x, state)
    with mode():
        outputs, final = layer(x, state)
    for got, wanted in zip((outputs, *flat(final)), expected, strict=False):
        assert torch.equal(got, wanted) and not got.requires_grad
        assert got.is_inference() is (mode is torch.inference_mode)
    assert_same(everything(layer, layer.parameters(), x, state), expected, 1e-12)


@pairs
def test_same_as_torch(kind, cell_kind):
    """``torch.nn`` a deux biais : leurs gradients sont égaux entre eux, et au nôtre."""
    layer, _ = build(kind, cell_kind, 3, 5)
    theirs = to_torch(layer)
    x, state = draw(layer, 4, 30)
    outputs, final = layer(x, state)
    start = tuple(part[None] for part in state) if isinstance(state, tuple) else state[None]
    expected, _ = theirs(x, start)
    torch.testing.assert_close(outputs, expected)
    for run in (outputs, expected):
        run.square().sum().backward()
    torch.testing.assert_close(layer.W_h.grad, theirs.weight_hh_l0.grad)
    torch.testing.assert_close(layer.W_x.grad, theirs.weight_ih_l0.grad)
    torch.testing.assert_close(layer.b.grad, theirs.bias_ih_l0.grad)


@handwritten
@pytest.mark.parametrize("T", [1, 3, 20])
def test_gradcheck(kind, T):
    """Les différences finies : un oracle qui ne doit rien à autograd."""
    layer = kind(2, 3, generator=new_generator(3), dtype=torch.float64)
    x, state = draw(layer, 2, T)
    names = [name for name, _ in layer.named_parameters()]

    def run(x, *rest):
        parts, weights = rest[: len(flat(state))], rest[len(flat(state)) :]
        start = LSTMState(*parts) if len(parts) == 2 else parts[0]
        outputs, final = torch.func.functional_call(layer, dict(zip(names, weights, strict=True)), (x, start))
        return outputs, *flat(final)

    weights = [weight.detach().clone().requires_grad_() for weight in layer.parameters()]
    assert torch.autograd.gradcheck(run, (x, *flat(state), *weights), check_undefined_grad=False)


# --- Tranches et états -----------------------------------------------------------------------


@pairs
@pytest.mark.parametrize(("T", "cut"), [(20, 7), (200, 100)])
def test_two_halves_make_one(kind, cell_kind, T, cut):
    layer, _ = build(kind, cell_kind, 3, 5)
    x, state = draw(layer, 4, T)

    def halves(x, state):
        first, middle = layer(x[:, :cut], state)
        second, final = layer(x[:, cut:], middle)
        return torch.cat([first, second], dim=1), final

    weights = list(layer.parameters())
    assert_same(everything(halves, weights, x, state), everything(layer, weights, x, state), 1e-10)


@pairs
def test_final_state_is_the_last_output(kind, cell_kind):
    layer, _ = build(kind, cell_kind, 3, 5)
    for T in (1, 20, 200):
        outputs, final = layer(draw(layer, 4, T)[0])
        assert outputs.shape == (4, T, 5)
        assert torch.equal(outputs[:, -1], flat(final)[0])
        assert all(part.shape == (4, 5) for part in flat(final))


@pairs
def test_each_state_part_alone_has_a_gradient(kind, cell_kind):
    """Une perte qui ne lit que ``c_T``, ou que l'état final, ou qu'une sortie du milieu."""
    layer, cell = build(kind, cell_kind, 3, 5)
    x, state = draw(layer, 4, 20)
    for choose in (lambda o, s: flat(s)[-1], lambda o, s: flat(s)[0], lambda o, s: o[:, 7]):
        got = torch.autograd.grad(choose(*layer(x, state)).square().sum(), [x, *flat(state), *layer.parameters()])
        wanted = torch.autograd.grad(
            choose(*unroll(cell, x, state)).square().sum(), [x, *flat(state), *cell.parameters()], allow_unused=True
        )
        for a, b in zip(got, wanted, strict=True):
            torch.testing.assert_close(a, torch.zeros_like(a) if b is None else b)


# --- Ce que la mémoire contient --------------------------------------------------------------


@pairs
def test_layouts_do_not_matter(kind, cell_kind):
    """Entrée non contiguë, gradient étendu par ``expand`` : les sorties et les gradients sont les mêmes."""
    layer, cell = build(kind, cell_kind, 3, 5)
    x = torch.randn(20, 3, 4, dtype=torch.float64, generator=new_generator()).permute(2, 0, 1)
    assert not x.is_contiguous()
    x = x.detach().requires_grad_()
    ours = torch.autograd.grad(layer(x)[0].sum(), [x, *layer.parameters()])
    theirs = torch.autograd.grad(unroll(cell, x)[0].sum(), [x, *cell.parameters()])
    assert_same(ours, theirs, 1e-10)
    x = torch.randn(4, 1, 3, dtype=torch.float64, generator=new_generator()).expand(4, 20, 3)
    torch.testing.assert_close(layer(x)[0], unroll(cell, x)[0])


@pairs
def test_backward_twice_and_inputs_untouched(kind, cell_kind):
    layer, _ = build(kind, cell_kind, 3, 5)
    x, state = draw(layer, 4, 20)
    before = [part.detach().clone() for part in (x, *flat(state), *layer.parameters())]
    outputs, final = layer(x, state)
    answers, saved = [outputs, *flat(final)], outputs.detach().clone()
    g = new_generator()
    # Les rangements dans lesquels la couche travaille : elle ne doit pas écrire dans ce qu'on lui donne.
    gradients = [torch.randn(part.T.shape, dtype=part.dtype, generator=g).T for part in flat(final)]
    for order in ((0, 1, 2), (1, 0, 2), (1, 2, 0)):
        shape = [outputs.shape[axis] for axis in order]
        back = [order.index(axis) for axis in range(3)]
        given = [torch.randn(shape, dtype=x.dtype, generator=g).permute(back), *gradients]
        kept = [gradient.clone() for gradient in given]
        wanted = [x, *flat(state), *layer.parameters()]
        for read in (1, len(answers)):  # la sortie seule, puis tout
            first, second = (
                torch.autograd.grad(answers[:read], wanted, given[:read], retain_graph=True) for _ in range(2)
            )
            assert all(map(torch.equal, first, second))
        assert all(map(torch.equal, kept, given)) and torch.equal(saved, outputs)
        assert all(map(torch.equal, before, wanted))


@handwritten
def test_only_what_is_asked(kind):
    """Des entrées ou des poids gelés ne changent pas les autres gradients."""
    layer = kind(3, 5, generator=new_generator(), dtype=torch.float64)
    x, state = draw(layer, 4, 20)
    full = everything(layer, layer.parameters(), x, state)
    layer(x.detach())[0].sum().backward()
    assert layer.W_h.grad is not None
    layer.requires_grad_(False)
    assert_same(everything(layer, [], x, state), full[: -len(list(layer.parameters()))], 1e-12)
    with torch.no_grad():
        assert not layer(x, state)[0].requires_grad


@pairs
def test_the_generator_is_the_given_one_or_the_global_one(kind, cell_kind):
    """``torch.manual_seed`` décide des poids sans ``generator`` ; avec lui, il ne bouge pas."""
    before = torch.random.get_rng_state()
    layer = kind(3, 5, generator=new_generator())
    layer(torch.ones(2, 4, 3))[0].sum().backward()
    assert torch.equal(before, torch.random.get_rng_state())
    drawn = []
    for k in (kind, cell_kind, kind):
        torch.manual_seed(7 if len(drawn) < 2 else 8)
        drawn.append(k(3, 5).W_h)
    assert torch.equal(*drawn[:2]) and not torch.equal(*drawn[1:])


def test_fused_in_eval_mode():
    """Un réseau qu'on mesure reste dérivable : la connectivité en a besoin."""
    layer, cell = build(FusedLSTM, LSTMCell, 3, 5, dtype=torch.float32)
    layer.eval()
    x, state = draw(layer, 4, 20)
    ours = everything(layer, layer.parameters(), x, state)
    assert_same(ours, everything(lambda x, s: unroll(cell, x, s), cell.parameters(), x, state), 1e-4)


# --- Paramètres ------------------------------------------------------------------------------


@pairs
def test_parameters_are_those_of_the_cell(kind, cell_kind):
    layer, cell = build(kind, cell_kind, 3, 5)
    assert [name for name, _ in layer.named_parameters()] == [name for name, _ in cell.named_parameters()]
    assert all(map(torch.equal, layer.parameters(), cell.parameters()))  # même tirage
    other, _ = build(kind, cell_kind, 3, 5, seed=9)
    cell.load_state_dict(other.state_dict())
    layer.load_state_dict(cell.state_dict())
    assert all(map(torch.equal, layer.parameters(), other.parameters()))
    back = load_torch_(kind(3, 5, dtype=torch.float64), to_torch(layer))
    torch.testing.assert_close(list(back.parameters()), list(layer.parameters()))


def test_initializations_apply():
    torch.testing.assert_close(
        orthogonal_(RNN(3, 5), new_generator()).W_h, orthogonal_(RNNCell(3, 5), new_generator()).W_h
    )
    assert set_forget_bias_(LSTM(3, 5), 1.0).b[5:10].tolist() == [1.0] * 5


# --- Refus -----------------------------------------------------------------------------------


@pairs
@pytest.mark.parametrize(
    ("x", "error", "words"),
    [
        ([[1.0]], TypeError, ["list", "tenseur"]),
        (torch.ones(4, 3), ValueError, ["(4, 3)", "(B, T, D)"]),
        (torch.ones(4, 0, 3), ValueError, ["(4, 0, 3)", "T ≥ 1"]),
        (torch.ones(0, 20, 3), ValueError, ["x : reçu la forme (0, 20, 3)", "B ≥ 1"]),
        (torch.ones(4, 20, 2), ValueError, ["(4, 20, 2)", "(B, T, 3)"]),
        (torch.ones(4, 20, 3, dtype=torch.float64), TypeError, ["float64", "float32"]),
        (torch.ones(4, 20, 3, dtype=torch.long), TypeError, ["int64", "float32"]),
    ],
    ids=["liste", "deux axes", "aucun pas", "aucun exemple", "taille", "double", "entiers"],
)
def test_bad_input(kind, cell_kind, x, error, words):
    with pytest.raises(error) as caught:
        kind(3, 5)(x)
    assert all(word in str(caught.value) for word in words)


@pairs
def test_empty_batch_with_a_state(kind, cell_kind):
    """Un état vide, de la bonne forme, ne fait pas accepter un lot vide."""
    empty = torch.zeros(0, 5)
    state = LSTMState(empty, empty) if cell_kind is LSTMCell else empty
    with pytest.raises(ValueError, match=r"x : reçu la forme \(0, 20, 3\), attendu .*B ≥ 1"):
        kind(3, 5)(torch.ones(0, 20, 3), state)


@pairs
def test_a_layer_is_not_a_cell(kind, cell_kind):
    """Ce qui déplie une cellule refuse une couche, qui l'est déjà, et nomme la cellule à donner."""
    layer, x = kind(3, 5), torch.ones(4, 20, 3)
    message = rf"cell : reçu {kind.__name__}, une couche, .* ; attendu une cellule : cell"
    for function in (unroll, state_jacobians, state_gradient_norms, lambda layer, x: Recurrent(layer)):
        with pytest.raises(TypeError, match=message):
            function(layer, x)


@pairs
def test_bad_state(kind, cell_kind):
    layer, x = kind(3, 5), torch.ones(4, 20, 3)
    good, bad = torch.zeros(4, 5), torch.zeros(4, 6)
    gated = cell_kind is LSTMCell
    with pytest.raises(ValueError, match=r"\(4, 6\).*\(4, 5\)"):
        layer(x, LSTMState(good, bad) if gated else bad)
    with pytest.raises(TypeError, match="float64.*float32"):
        layer(x, LSTMState(good.double(), good) if gated else good.double())
    with pytest.raises(TypeError, match="state"):
        layer(x, good if gated else (good, good))


@pairs
@pytest.mark.parametrize("sizes", [(0, 5), (3, -1)])
def test_bad_sizes(kind, cell_kind, sizes):
    with pytest.raises(ValueError, match="strictement positif"):
        kind(*sizes)
    with pytest.raises(TypeError, match="entier"):
        kind(3, 2.5)


@handwritten
def test_second_derivative_is_refused(kind):
    layer = kind(3, 5)
    x = torch.ones(2, 6, 3, requires_grad=True)
    with pytest.raises(RuntimeError, match="dérivée seconde"):
        torch.autograd.grad(layer(x)[0].sum(), x, create_graph=True)


@handwritten
def test_a_nan_stays_in_its_sequence(kind):
    """Une valeur indéfinie ne contamine ni les autres séquences du lot, ni le passé de la sienne."""
    layer = kind(3, 5)
    x = torch.ones(2, 20, 3)
    x[0, 10] = float("nan")
    outputs, _ = layer(x)
    assert outputs[1].isfinite().all() and outputs[0, :10].isfinite().all() and outputs[0, 10:].isnan().all()


# --- Carte graphique -------------------------------------------------------------------------


@pytest.mark.skipif(not torch.cuda.is_available(), reason="aucune carte graphique")
@pairs
@pytest.mark.parametrize("dtype", DTYPES, ids=str)
def test_same_on_the_gpu(kind, cell_kind, dtype, monkeypatch):
    """Mêmes sorties, mêmes états et mêmes gradients que sur le processeur."""
    monkeypatch.setattr(torch.backends.cudnn, "allow_tf32", False)  # cuDNN arrondit sinon les produits à 10⁻³
    layer, _ = build(kind, cell_kind, 3, 5, dtype=dtype)
    x, state = draw(layer, 4, 200)
    expected = everything(layer, layer.parameters(), x, state)
    layer = layer.cuda()
    x, *parts = (part.detach().cuda().requires_grad_() for part in (x, *flat(state)))
    state = LSTMState(*parts) if parts[1:] else parts[0]
    got = everything(layer, layer.parameters(), x, state)
    assert_same([part.cpu() for part in got], expected, DTYPES[dtype])
