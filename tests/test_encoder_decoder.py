"""L'encodeur, le décodeur, et leur assemblage, contre une transcription pas à pas et contre ``torch.nn``."""

import copy

import pytest
import torch
from outils import flat, new_generator, normal, refused
from torch import nn

from notebook_utils import (
    GRU,
    LSTM,
    RNN,
    Decoder,
    Encoder,
    EncoderDecoder,
    FusedLSTM,
    GRUCell,
    LSTMCell,
    LSTMState,
    PaperGRUCell,
    Recurrent,
    fit,
    load_torch_,
    marked_vocabulary,
    same_text,
    shifted,
    text_cross_entropy,
)
from notebook_utils.models import greedy

D, H, V, SOURCE = 3, 5, 6, 7
KINDS = {
    "RNN": lambda g: RNN(D, H, generator=g, dtype=torch.float64),
    "GRU": lambda g: GRU(D, H, generator=g, dtype=torch.float64),
    "LSTM": lambda g: LSTM(D, H, generator=g, dtype=torch.float64),
    "FusedLSTM": lambda g: FusedLSTM(D, H, generator=g, dtype=torch.float64),
    "GRUCell": lambda g: Recurrent(GRUCell(D, H, generator=g, dtype=torch.float64)),
    "LSTMCell": lambda g: Recurrent(LSTMCell(D, H, generator=g, dtype=torch.float64)),
    "PaperGRUCell": lambda g: Recurrent(PaperGRUCell(D, H, generator=g, dtype=torch.float64)),
}
every_layer = pytest.mark.parametrize("kind", KINDS)


def new_model(kind="GRU", seed=0):
    g = new_generator(seed)
    encoder = Encoder(KINDS[kind](g), SOURCE, generator=g)
    return EncoderDecoder(encoder, Decoder(KINDS[kind](g), V, H, generator=g))


def codes(B, T, size, seed=0, lengths=None):
    drawn = torch.randint(1, size, (B, T), generator=new_generator(seed))
    lengths = torch.full((B,), T) if lengths is None else torch.tensor(lengths)
    return drawn * (torch.arange(T) < lengths[:, None])


@every_layer
def test_padding_changes_nothing(kind):
    """Un texte lu seul, et le même complété au milieu d'un lot : le même vecteur, le même gradient."""
    model = new_model(kind)
    source = codes(4, 9, SOURCE, lengths=[9, 1, 4, 6])
    together = model.encoder(source)
    for row, n in zip(range(4), [9, 1, 4, 6], strict=True):
        alone = model.encoder(source[row : row + 1, :n])
        torch.testing.assert_close(together[row], alone[0], rtol=1e-12, atol=1e-12)
    wider = torch.cat([source, torch.zeros(4, 5, dtype=torch.int64)], dim=1)
    grads = []
    for batch in (source, wider):
        model.zero_grad()
        model.encoder(batch).pow(2).sum().backward()
        grads.append([w.grad.clone() for w in model.encoder.parameters()])
    for first, second in zip(*grads, strict=True):
        torch.testing.assert_close(first, second, rtol=1e-10, atol=1e-12)


def test_the_vector_is_the_state_after_the_last_character():
    """Oracle : la cellule, déroulée à la main jusqu'au dernier caractère."""
    g = new_generator()
    cell = GRUCell(D, H, generator=g, dtype=torch.float64)
    encoder = Encoder(Recurrent(cell), SOURCE, generator=g)
    source = codes(3, 6, SOURCE, lengths=[2, 6, 3])
    for row, n in zip(range(3), [2, 6, 3], strict=True):
        state = cell.initial_state(1)
        for code in source[row, :n]:
            _, state = cell(encoder.E[code][None], state)
        torch.testing.assert_close(encoder(source)[row], state[0])


@every_layer
def test_steps_and_whole_text_agree(kind):
    """L'écriture pas à pas et l'apprentissage forcé calculent les mêmes logits."""
    decoder = new_model(kind).decoder
    read, state = codes(4, 8, V, seed=1), decoder.start(normal(4, H, seed=2))
    whole = decoder(read, state)
    for t in range(8):
        logits, state = decoder.step(read[:, t], state)
        torch.testing.assert_close(logits, whole[:, t], rtol=1e-10, atol=1e-12)


def test_the_equation_of_the_decoder():
    """Oracle : l'équation de la docstring, transcrite, avec une cellule LSTM dont l'état est un couple."""
    g = new_generator()
    cell = LSTMCell(D, H, generator=g, dtype=torch.float64)
    decoder, vector = Decoder(Recurrent(cell), V, 2, generator=g), normal(4, 2)
    flat_state = torch.tanh(vector @ decoder.W_s.T + decoder.b_s)
    state = LSTMState(flat_state[:, :H], flat_state[:, H:])
    assert isinstance(decoder.start(vector), LSTMState)
    read, logits = codes(4, 5, V), []
    for t in range(5):
        h, state = cell(decoder.E[read[:, t]], state)
        logits.append(h @ decoder.W_y.T + decoder.b_y)
    torch.testing.assert_close(decoder(read, decoder.start(vector)), torch.stack(logits, dim=1))


def test_the_encoder_reads_like_torch():
    """Oracle : ``torch.nn.GRU`` sur une séquence empaquetée, dont l'état final saute le remplissage."""
    theirs = nn.GRU(D, H, batch_first=True).double()
    g = new_generator()
    layer = GRU(D, H, generator=g, dtype=torch.float64)
    load_torch_(layer, theirs)
    ours = Encoder(layer, SOURCE, generator=g)
    lengths = [4, 7, 1]
    source = codes(3, 7, SOURCE, lengths=lengths)
    packed = nn.utils.rnn.pack_padded_sequence(ours.E[source], lengths, batch_first=True, enforce_sorted=False)
    torch.testing.assert_close(ours(source), theirs(packed)[1][0])
    direct = Encoder(theirs, SOURCE, generator=new_generator())
    direct.E.data.copy_(ours.E)
    torch.testing.assert_close(direct(source), ours(source))


def test_any_network_can_stand_for_the_encoder():
    """Une image donne un vecteur ; le gradient y remonte."""
    image = nn.Linear(64, H).double()
    model = EncoderDecoder(image, new_model().decoder)
    x = normal(4, 64)
    logits = model((x, codes(4, 5, V)))
    assert logits.shape == (4, 5, V)
    logits.sum().backward()
    assert image.weight.grad.abs().sum() > 0


@every_layer
def test_gradients(kind):
    """Oracle : la différence finie centrée, le long d'une direction tirée au hasard, de tous les poids à la fois."""
    model = new_model(kind)
    source, read = codes(2, 4, SOURCE, lengths=[4, 2]), codes(2, 3, V)
    weights, wanted = list(model.parameters()), normal(2, 3, V, seed=3)
    direction = [normal(*w.shape, seed=4 + k) for k, w in enumerate(weights)]

    def value():
        return (model((source, read)) * wanted).sum()

    value().backward()
    slope = sum((w.grad * d).sum() for w, d in zip(weights, direction, strict=True)).item()
    ends = []
    with torch.no_grad():
        for step in (1e-6, -2e-6):
            for w, d in zip(weights, direction, strict=True):
                w.add_(d, alpha=step)
            ends.append(value().item())
    assert slope == pytest.approx((ends[0] - ends[1]) / 2e-6, rel=1e-6)


def test_the_copy_of_a_model_is_its_own():
    model = new_model("LSTM")
    twin = copy.deepcopy(model)
    source = codes(2, 4, SOURCE)
    before = [part.clone() for part in flat(twin.start(source))]
    with torch.no_grad():
        for weights in model.parameters():
            weights.zero_()
    assert all(torch.equal(a, b) for a, b in zip(before, flat(twin.start(source)), strict=True))
    twin.load_state_dict(model.state_dict())


def test_it_learns_to_copy():
    """Recopier trois lettres sur six : après apprentissage, l'écriture libre est juste sur des textes jamais vus."""
    vocabulary, g = marked_vocabulary("abcdef"), new_generator()
    texts = torch.cartesian_prod(*[torch.arange(1, 7)] * 3)  # (216, 3)
    texts = torch.cat([texts, torch.zeros(216, 1, dtype=torch.int64)], dim=1)[torch.randperm(216, generator=g)]
    train, test = texts[:180], texts[180:]
    layers, size = [GRU(8, 32, generator=g) for _ in range(2)], len(vocabulary)
    encoder, decoder = Encoder(layers[0], size, generator=g), Decoder(layers[1], size, 32, generator=g)
    model = EncoderDecoder(encoder, decoder)
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
    fit(model, lambda _: shifted(train, train), text_cross_entropy, optimizer, 150, generator=g, max_norm=1.0)
    right = [same_text(greedy(model.step, model.start(part), length=6), part).float().mean() for part in (train, test)]
    assert right[0] > 0.98 and right[1] > 0.5  # au hasard : 1 sur 216


def test_the_same_generator_gives_the_same_model():
    first, second, third = (new_model(seed=seed).state_dict() for seed in (0, 0, 1))
    assert all(torch.equal(first[name], second[name]) for name in first)
    assert not any(torch.equal(first[name], third[name]) for name in first)


LAYER = GRU(D, H)


@pytest.mark.parametrize(
    ("call", "error", "received", "expected"),
    [
        (lambda: Encoder(GRUCell(D, H), 4), TypeError, "GRUCell", "une couche récurrente"),
        (lambda: Encoder(LAYER, 1), ValueError, "1", "un entier au moins égal à 2"),
        (lambda: Encoder(LAYER, 4.0), TypeError, "4.0", "un entier"),
        (lambda: Encoder(LAYER, 4)(torch.tensor([1, 2])), ValueError, r"la forme \(2,\)", r"\(B, S\)"),
        (lambda: Encoder(LAYER, 4)(torch.tensor([[1, 4]])), ValueError, "des codes de 1 à 4", "de 0 à 3"),
        (lambda: Encoder(LAYER, 4)(torch.tensor([[0, 1]])), ValueError, "un texte vide", "au moins un caractère"),
        (lambda: Encoder(LAYER, 4)(torch.ones(1, 2)), TypeError, "le type torch.float32", "torch.int64"),
        (lambda: Decoder(nn.GRU(D, H, batch_first=True), 4, 2), TypeError, "GRU", "une couche du cours"),
        (lambda: Decoder(LAYER, 4, 0), ValueError, "0", "un entier strictement positif"),
        (lambda: Decoder(LAYER, 4, 2).start(torch.ones(1, 3)), ValueError, r"la forme \(1, 3\)", r"\(B, 2\)"),
        (lambda: Decoder(LAYER, 4, 2).start(torch.ones(1, 2) * torch.nan), ValueError, "une valeur NaN", "des nombres"),
        (lambda: Decoder(LAYER, 4, 2)(torch.tensor([[5]]), torch.ones(1, H)), ValueError, "des codes", "de 0 à 3"),
        (lambda: EncoderDecoder(3, Decoder(LAYER, 4, 2)), TypeError, "int", "un réseau"),
        (lambda: EncoderDecoder(nn.Identity(), nn.Identity()), TypeError, "Identity", "un Decoder"),
        (lambda: new_model()(torch.tensor([[1]])), TypeError, "Tensor", r"un couple \(source, lu\)"),
    ],
)
def test_bad_inputs(call, error, received, expected):
    with refused(error, received, expected):
        call()
