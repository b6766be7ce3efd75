"""Le modèle de langue : son équation, ses masques d'abandon, et la reprise au bit près."""

import pytest
import torch
from outils import new_generator, refused
from torch import nn

from notebook_utils import (
    GRU,
    LSTM,
    GRUCell,
    LanguageModel,
    LSTMCell,
    Recurrent,
    RNNCell,
    cross_entropy,
    fit,
    greedy,
    sample,
)

D, H, V = 4, 6, 9
KINDS = {
    "GRU": lambda g: GRU(D, H, generator=g, dtype=torch.float64),
    "LSTM": lambda g: LSTM(D, H, generator=g, dtype=torch.float64),
    "RNNCell": lambda g: Recurrent(RNNCell(D, H, generator=g, dtype=torch.float64)),
    "LSTMCell": lambda g: Recurrent(LSTMCell(D, H, generator=g, dtype=torch.float64)),
}
every_layer = pytest.mark.parametrize("kind", KINDS)


def new_model(kind="GRU", dropout=(0.0, 0.0), seed=0):
    g = new_generator(seed)
    return LanguageModel(KINDS[kind](g), V, generator=g, dropout=dropout)


def codes(B=3, T=8, seed=0):
    return torch.randint(0, V, (B, T), generator=new_generator(seed))


def test_the_equation():
    """Oracle : l'équation de la docstring, un pas à la fois."""
    g = new_generator()
    cell = GRUCell(D, H, generator=g, dtype=torch.float64)
    model = LanguageModel(Recurrent(cell), V, generator=g)
    nn.init.normal_(model.b_y, generator=g)
    text, state = codes(), cell.initial_state(3)
    for t in range(8):
        h, state = cell(model.E[text[:, t]], state)
        wanted = (h @ model.W_p.T + model.b_p) @ model.E.T + model.b_y
        torch.testing.assert_close(model(text)[:, t], wanted)


def test_the_equation_of_untied_weights():
    """La matrice qui écrit est une autre, et elle seule change."""
    tied, apart = new_model(), LanguageModel(KINDS["GRU"](new_generator()), V, generator=new_generator(7), tied=False)
    assert tied.U is None and "U" not in tied.state_dict()
    assert {name for name, _ in apart.named_parameters()} - {name for name, _ in tied.named_parameters()} == {"U"}
    text = codes()
    h, _ = apart.layer(apart.E[text])
    torch.testing.assert_close(apart(text), (h @ apart.W_p.T + apart.b_p) @ apart.U.T + apart.b_y)
    apart(text).sum().backward()
    assert apart.U.grad.any() and not torch.equal(apart.U, apart.E)


@every_layer
def test_steps_windows_and_whole_text_agree(kind):
    model, text = new_model(kind).eval(), codes()
    whole, state = model(text), model.initial_state(3)
    for t in range(8):
        logits, state = model.step(text[:, t], state)
        torch.testing.assert_close(logits, whole[:, t])
    first, state = model.read(text[:, :3])
    rest, _ = model.read(text[:, 3:], state)
    torch.testing.assert_close(torch.cat([first, rest], dim=1), whole)


def test_tied_embeddings_are_read_and_written():
    """Le plongement d'un caractère qui n'est jamais lu apprend quand même : il sert aussi à écrire."""
    model = new_model()
    model(torch.zeros(1, 4, dtype=torch.int64))[..., 5].sum().backward()
    assert model.E.grad[5].abs().sum() > 0 and model.E.grad[0].abs().sum() > 0
    assert [name for name, _ in model.named_parameters() if "layer" not in name] == ["E", "W_p", "b_p", "b_y"]


def test_a_mask_is_locked_through_time():
    """L'entrée est la même à tous les pas : les coordonnées coupées, et leur facteur, aussi."""
    model = new_model(dropout=(0.5, 0.25))
    for p in model.dropout:
        values = torch.ones(200, 7, 30, dtype=torch.float64)
        dropped = model._dropped(values, p)
        assert torch.equal(dropped, dropped[:, :1].expand_as(dropped))
        assert set(dropped.unique().tolist()) == {0.0, 1 / (1 - p)}
        share = (dropped[:, 0] == 0).double().mean().item()
        assert abs(share - p) < 5 * (p * (1 - p) / 6_000) ** 0.5
        assert not torch.equal(dropped[0], dropped[1])


def test_no_mask_when_measured():
    model = new_model(dropout=(0.5, 0.5))
    text = codes()
    assert not torch.equal(model(text), model(text))
    model.eval()
    before = model.generator.get_state()
    assert torch.equal(model(text), model(text)) and torch.equal(before, model.generator.get_state())
    plain = new_model()
    plain.load_state_dict(model.state_dict())
    torch.testing.assert_close(plain(text), model(text))


def test_dropout_leaves_the_global_generator_alone():
    torch.manual_seed(0)
    before = torch.get_rng_state()
    new_model(dropout=(0.5, 0.5))(codes())
    assert torch.equal(before, torch.get_rng_state())


def learning(path, updates, seed=0):
    """Un apprentissage avec abandon, dont lots et masques sortent du même générateur."""
    g = new_generator(seed)
    model = LanguageModel(GRU(D, H, generator=g), V, generator=g, dropout=(0.2, 0.4))
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)

    def draw(generator):
        text = torch.randint(0, V, (4, 9), generator=generator)
        return text[:, :-1], text[:, 1:]

    return model, fit(model, draw, cross_entropy, optimizer, updates, generator=g, every=5, checkpoint=path)


def test_a_killed_training_resumes_bit_for_bit(tmp_path):
    straight, history = learning(tmp_path / "un.pt", 20)
    learning(tmp_path / "deux.pt", 10)
    resumed, again = learning(tmp_path / "deux.pt", 20)
    assert history == again
    for name, weights in straight.state_dict().items():
        assert torch.equal(weights, resumed.state_dict()[name]), name


def test_it_learns_a_cycle_and_writes_it():
    """Après « 1 2 3 4 » vient toujours « 1 » : la perte tombe, et l'écriture le suit."""
    g = new_generator()
    model = LanguageModel(GRU(8, 16, generator=g), 5, generator=g)
    text = torch.tensor([1, 2, 3, 4] * 6).view(2, 12)
    optimizer = torch.optim.Adam(model.parameters(), lr=2e-2)
    history = fit(model, lambda _: (text[:, :-1], text[:, 1:]), cross_entropy, optimizer, 150, generator=g, every=50)
    assert history["loss"][-1] < 0.1
    for write in (greedy, lambda *a, **k: sample(*a, generator=g, temperature=0.5, **k)):
        first = torch.tensor([2, 4])
        _, state = model.read(torch.tensor([[1], [3]]))
        written = write(model.step, state, length=6, first=first, end=None)
        assert written.tolist() == [[3, 4, 1, 2, 3, 4], [1, 2, 3, 4, 1, 2]]


G = new_generator()


@pytest.mark.parametrize(
    ("call", "error", "received", "expected"),
    [
        (lambda: LanguageModel(GRUCell(D, H), V, generator=G), TypeError, "GRUCell", "une couche récurrente"),
        (lambda: LanguageModel(nn.GRU(D, H, batch_first=True), V, generator=G), TypeError, "GRU", "une couche du"),
        (lambda: LanguageModel(GRU(D, H), 1, generator=G), ValueError, "1", "un entier au moins égal à 2"),
        (lambda: LanguageModel(GRU(D, H), V, generator=None), TypeError, "NoneType", "un torch.Generator"),
        (lambda: LanguageModel(GRU(D, H), V, generator=G, dropout=0.5), TypeError, "0.5", r"le couple \(entrée"),
        (lambda: LanguageModel(GRU(D, H), V, generator=G, dropout=(0, 1)), ValueError, "1", "une probabilité"),
        (lambda: LanguageModel(GRU(D, H), V, generator=G, dropout=(-0.1, 0)), ValueError, "-0.1", "une probabilité"),
        (lambda: LanguageModel(GRU(D, H), V, generator=G, dropout=("a", 0)), TypeError, "'a'", "un nombre réel"),
        (lambda: new_model()(torch.tensor([1, 2])), ValueError, r"la forme \(2,\)", r"\(B, T\)"),
        (lambda: new_model()(torch.tensor([[V]])), ValueError, "des codes de 9 à 9", "de 0 à 8"),
        (lambda: new_model()(torch.ones(1, 2)), TypeError, "le type torch.float32", "torch.int64"),
        (lambda: new_model().read(codes(), torch.zeros(2, H)), (TypeError, ValueError), "", ""),
    ],
)
def test_bad_inputs(call, error, received, expected):
    with refused(error, received, expected):
        call()
