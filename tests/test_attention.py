"""L'attention contre celles de PyTorch et une transcription NumPy ; ses masques ; le décodeur et le Transformer."""

import copy
import datetime

import numpy as np
import pytest
import torch
from outils import new_generator, normal, refused
from torch import nn
from torch.nn.functional import scaled_dot_product_attention

from notebook_utils import (
    DATE_PATTERNS,
    GRU,
    AdditiveScore,
    AttentionDecoder,
    AttentiveEncoder,
    Dates,
    DotScore,
    EncoderDecoder,
    FusedLSTM,
    LSTMCell,
    Memory,
    MultiHeadAttention,
    Recurrent,
    Transformer,
    attend,
    beam_search,
    date_fields,
    date_links,
    date_words,
    fit,
    greedy,
    log_probability,
    marked_vocabulary,
    same_text,
    shifted,
    sinusoids,
    text_cross_entropy,
)

B, T, S, D, H, A, V, SOURCE = 3, 20, 23, 4, 5, 6, 7, 9
SCORES = {"additif": AdditiveScore, "scalaire": DotScore}
LAYERS = {
    "GRU": lambda g: GRU(D, H, generator=g, dtype=torch.float64),
    "FusedLSTM": lambda g: FusedLSTM(D, H, generator=g, dtype=torch.float64),
    "LSTMCell": lambda g: Recurrent(LSTMCell(D, H, generator=g, dtype=torch.float64)),
}
every_score = pytest.mark.parametrize("score", SCORES)
every_model = pytest.mark.parametrize(
    "model", [f"{layer}, {score}" for layer in LAYERS for score in SCORES] + ["Transformer"]
)


def new_score(kind, seed=0):
    return SCORES[kind](H, H, A, generator=new_generator(seed), dtype=torch.float64)


def new_model(name="GRU, additif", seed=0):
    g = new_generator(seed)
    if name == "Transformer":
        return Transformer(SOURCE, V, size=8, heads=2, layers=2, generator=g).double()
    layer, score = name.split(", ")
    encoder = AttentiveEncoder(LAYERS[layer](g), SOURCE, generator=g)
    score = SCORES[score](H, H, A, generator=g, dtype=torch.float64)
    return EncoderDecoder(encoder, AttentionDecoder(LAYERS[layer](g), V, score, generator=g))


def codes(rows, columns, size, lengths=None, seed=0):
    drawn = torch.randint(1, size, (rows, columns), generator=new_generator(seed))
    lengths = torch.full((rows,), columns) if lengths is None else torch.tensor(lengths)
    return drawn * (torch.arange(columns) < lengths[:, None])


def mask(*shape, seed=5):
    allowed = torch.rand(*shape, generator=new_generator(seed)) < 0.6
    allowed[..., 0] = True
    return allowed


@pytest.mark.parametrize("shape", [None, (B, S), (B, T, S)], ids=["sans masque", "un par source", "un par pas"])
def test_attend_is_torch_attention(shape):
    """Oracle : ``scaled_dot_product_attention``, sur les mêmes scores, valeur et gradients."""
    queries, keys, values = (normal(B, n, D, seed=k).requires_grad_() for k, n in enumerate((T, S, S)))
    allowed = None if shape is None else mask(*shape)
    ours, weights = attend(queries @ keys.transpose(1, 2) / D**0.5, values, allowed)
    theirs_mask = allowed[:, None] if shape == (B, S) else allowed
    theirs = scaled_dot_product_attention(queries, keys, values, attn_mask=theirs_mask)
    torch.testing.assert_close(ours, theirs, rtol=1e-12, atol=1e-12)
    torch.testing.assert_close(weights.sum(dim=2), torch.ones(B, T, dtype=torch.float64))
    if allowed is not None:
        assert (weights[~(allowed[:, None] if allowed.ndim == 2 else allowed).expand(B, T, S)] == 0).all()
    g, inputs = normal(B, T, D, seed=9), (queries, keys, values)
    for mine, other in zip(torch.autograd.grad(ours, inputs, g), torch.autograd.grad(theirs, inputs, g), strict=True):
        torch.testing.assert_close(mine, other, rtol=1e-10, atol=1e-12)


def test_attend_in_numpy():
    """Oracle : l'équation, écrite en NumPy, une case après l'autre."""
    scores, values, allowed = normal(B, T, S), normal(B, S, D, seed=1), mask(B, T, S)
    contexts, _ = attend(scores, values, allowed)
    e, v, ok = scores.numpy(), values.numpy(), allowed.numpy()
    for b, t in np.ndindex(B, T):
        places = np.flatnonzero(ok[b, t])
        p = np.exp(e[b, t, places] - e[b, t, places].max())
        wanted = sum(x * v[b, j] for x, j in zip(p / p.sum(), places, strict=True))
        np.testing.assert_allclose(contexts[b, t].numpy(), wanted, rtol=1e-12, atol=1e-12)


@every_score
def test_scores_in_numpy(score):
    """Oracle : l'équation de la docstring, un couple (pas, place) après l'autre."""
    layer, q, k = new_score(score), normal(B, T, H), normal(B, S, H, seed=1)
    found = layer(q, layer.keys(k)).detach().numpy()
    w = {name: value.detach().numpy() for name, value in layer.named_parameters()}
    for b, t, j in np.ndindex(B, T, S):
        a, c = w["W_q"] @ q[b, t].numpy(), w["W_k"] @ k[b, j].numpy()
        wanted = w["w"] @ np.tanh(a + c + w["b"]) if score == "additif" else a @ c / np.sqrt(A)
        assert found[b, t, j] == pytest.approx(wanted, rel=1e-10, abs=1e-12)


@every_score
def test_gradcheck(score):
    layer = new_score(score)

    def contexts(q, k, *weights):
        values = dict(zip(dict(layer.named_parameters()), weights, strict=True))
        keys = k @ values["W_k"].T
        scores = torch.func.functional_call(layer, values, (q, keys))
        return attend(scores, k, mask(2, 4))

    inputs = [normal(2, 3, H), normal(2, 4, H, seed=1), *(w.detach().clone() for w in layer.parameters())]
    assert torch.autograd.gradcheck(contexts, [x.requires_grad_() for x in inputs])


@every_model
def test_padding_changes_nothing(model):
    """Une source lue seule, et la même complétée au milieu d'un lot : les mêmes logits, les mêmes gradients."""
    model, lengths = new_model(model), [9, 1, 4, 6]
    source, read = codes(4, 9, SOURCE, lengths), codes(4, 20, V, seed=1)
    together = model((source, read))
    for row, n in enumerate(lengths):
        alone = model((source[row : row + 1, :n], read[row : row + 1]))
        torch.testing.assert_close(together[row], alone[0], rtol=1e-10, atol=1e-12)
    grads = []
    for batch in (source, torch.cat([source, torch.zeros(4, 5, dtype=torch.int64)], dim=1)):
        model.zero_grad()
        model((batch, read)).pow(2).sum().backward()
        grads.append([w.grad.clone() for w in model.parameters()])
    for first, second in zip(*grads, strict=True):
        torch.testing.assert_close(first, second, rtol=1e-9, atol=1e-10)


@pytest.mark.parametrize("model", ["GRU, additif", "GRU, scalaire", "Transformer"])
def test_without_its_mask_padding_would_count(model):
    """Le témoin : le même remplissage, permis, change les logits ; c'est bien le masque qui le tait."""
    model, source = new_model(model), codes(2, 9, SOURCE, [9, 3])
    state = model.start(source)
    opened = state._replace(allowed=torch.ones_like(state.allowed))
    first = torch.zeros(2, dtype=torch.int64)
    gaps = (model.step(first, state)[0] - model.step(first, opened)[0]).abs().amax(dim=1)
    assert gaps[0] < 1e-12 and gaps[1] > 1e-4


@every_model
def test_steps_and_whole_text_agree(model):
    """Écrire pas à pas, et tout calculer d'un coup : les mêmes logits ; le futur n'est donc pas lu."""
    model = new_model(model)
    source, read = codes(4, 9, SOURCE, [9, 2, 4, 6]), codes(4, 20, V, seed=1)
    whole, state = model((source, read)), model.start(source)
    for t in range(20):
        logits, state = model.step(read[:, t], state)
        torch.testing.assert_close(logits, whole[:, t], rtol=1e-9, atol=1e-11)


@pytest.mark.parametrize("model", ["FusedLSTM, additif", "Transformer"])
def test_beam_search_and_greedy(model):
    """Un faisceau d'une place est la recherche gloutonne ; les scores d'un faisceau large sont ceux des textes."""
    model = new_model(model)
    state = model.start(codes(4, 9, SOURCE, [9, 2, 4, 6]))
    written, (beam, _) = (
        greedy(model.step, state, length=6),
        beam_search(model.step, state, width=1, length=6),
    )
    assert same_text(beam[:, 0], written).all()
    beam, scores = beam_search(model.step, state, width=4, length=6)
    for k in range(4):
        torch.testing.assert_close(log_probability(model.step, state, beam[:, k]), scores[:, k])


def test_the_equation_of_the_decoder():
    """Oracle : l'équation de la docstring, avec une cellule LSTM et le score additif."""
    model = new_model("LSTMCell, additif")
    decoder, source, read = model.decoder, codes(2, 7, SOURCE), codes(2, 5, V, seed=1)
    h = model.encoder(source).values
    s = torch.tanh(h.mean(dim=1) @ decoder.W_s.T + decoder.b_s)
    state, logits, looked = (s[:, :H], s[:, H:]), [], []
    for t in range(5):
        s_t, state = decoder.layer.cell(decoder.E[read[:, t]], state)
        score = decoder.score
        e = torch.tanh((score.W_q @ s_t.T).T[:, None] + h @ score.W_k.T + score.b) @ score.w
        alpha = e.exp() / e.exp().sum(dim=1, keepdim=True)
        c = (alpha[..., None] * h).sum(dim=1)
        joined = torch.tanh(s_t @ decoder.W_c.T + c @ decoder.U_c.T + decoder.b_c)
        logits.append(joined @ decoder.W_y.T + decoder.b_y)
        looked.append(alpha)
    torch.testing.assert_close(model((source, read)), torch.stack(logits, dim=1))
    torch.testing.assert_close(decoder.weights(read, model.start(source)), torch.stack(looked, dim=1))


@pytest.mark.parametrize("masked", [False, True])
def test_multi_head_attention_is_torch(masked):
    """Oracle : ``torch.nn.MultiheadAttention``, avec les mêmes poids, valeur et gradients."""
    theirs = nn.MultiheadAttention(8, 2, batch_first=True).double()
    ours = MultiHeadAttention(8, 2, generator=new_generator()).double()
    with torch.no_grad():
        for part, weight, bias in zip(
            (ours.q, ours.k, ours.v), theirs.in_proj_weight.chunk(3), theirs.in_proj_bias.chunk(3), strict=True
        ):
            part.weight.copy_(weight)
            part.bias.copy_(bias.normal_(generator=new_generator(3)))
        ours.o.weight.copy_(theirs.out_proj.weight)
        ours.o.bias.copy_(theirs.out_proj.bias.normal_(generator=new_generator(4)))
    x, m = (normal(B, n, 8, seed=n).requires_grad_() for n in (T, S))
    allowed = mask(B, S) if masked else None
    found = ours(x, ours.keys(m), allowed)
    wanted, _ = theirs(x, m, m, key_padding_mask=None if allowed is None else ~allowed)
    torch.testing.assert_close(found, wanted, rtol=1e-10, atol=1e-12)
    g = normal(*found.shape, seed=9)
    for a, b in zip(torch.autograd.grad(found, (x, m), g), torch.autograd.grad(wanted, (x, m), g), strict=True):
        torch.testing.assert_close(a, b, rtol=1e-9, atol=1e-12)


def test_one_encoder_layer_is_torch():
    """Oracle : ``torch.nn.TransformerEncoderLayer`` avec ``norm_first``, poids recopiés."""
    model = Transformer(SOURCE, V, size=8, heads=2, layers=1, generator=new_generator()).double()
    block = model.encoder[0]
    theirs = nn.TransformerEncoderLayer(8, 2, 32, dropout=0.0, batch_first=True, norm_first=True).double()
    itself = block.itself
    theirs.load_state_dict(
        {
            "self_attn.in_proj_weight": torch.cat([p.weight for p in (itself.q, itself.k, itself.v)]),
            "self_attn.in_proj_bias": torch.cat([p.bias for p in (itself.q, itself.k, itself.v)]),
            "self_attn.out_proj.weight": itself.o.weight, "self_attn.out_proj.bias": itself.o.bias,
            "linear1.weight": block.network[0].weight, "linear1.bias": block.network[0].bias,
            "linear2.weight": block.network[2].weight, "linear2.bias": block.network[2].bias,
            "norm1.weight": block.norms[0].weight, "norm1.bias": block.norms[0].bias,
            "norm2.weight": block.norms[1].weight, "norm2.bias": block.norms[1].bias,
        }
    )  # fmt: skip
    x, allowed = normal(B, T, 8), mask(B, T)
    torch.testing.assert_close(block(x, allowed)[0], theirs(x, src_key_padding_mask=~allowed), rtol=1e-9, atol=1e-11)


def test_sinusoids():
    P = sinusoids(20, 6).double().numpy()
    for t, i in np.ndindex(20, 3):
        angle = t / 10_000 ** (2 * i / 6)
        np.testing.assert_allclose(P[t, 2 * i : 2 * i + 2], [np.sin(angle), np.cos(angle)], rtol=1e-5, atol=1e-5)


def test_order_comes_from_positions_alone():
    """Sans places, mélanger la source mélange sa mémoire, et ne change aucun logit ; avec elles, tout change."""
    g, source, read = new_generator(), codes(2, 20, SOURCE), codes(2, 20, V, seed=1)
    order = torch.randperm(20, generator=g)
    unplaced = Transformer(SOURCE, V, size=8, heads=2, generator=g, positions=lambda T, D: torch.zeros(T, D)).double()
    placed = new_model("Transformer")
    values, mixed = (unplaced.memory(x).values for x in (source, source[:, order]))
    torch.testing.assert_close(mixed, values[:, order], rtol=1e-10, atol=1e-12)
    assert not torch.allclose(mixed, values)
    gaps = [
        (model((source, read)) - model((source[:, order], read))).abs().max().item() for model in (unplaced, placed)
    ]
    assert gaps[0] < 1e-10 and gaps[1] > 1e-3


@every_model
def test_gradients(model):
    """Oracle : la différence finie centrée, le long d'une direction tirée au hasard, de tous les poids à la fois."""
    model = new_model(model)
    source, read = codes(2, 6, SOURCE, [6, 3]), codes(2, 4, V, seed=1)
    weights, wanted = list(model.parameters()), normal(2, 4, V, seed=3)
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
    assert slope == pytest.approx((ends[0] - ends[1]) / 2e-6, rel=1e-5)


@pytest.mark.parametrize("kind", ["additif", "scalaire", "Transformer"])
def test_it_learns_to_reverse(kind):
    """Écrire trois lettres à l'envers : juste sur des textes jamais vus."""
    vocabulary, g = marked_vocabulary("abcdef"), new_generator()
    texts = torch.cartesian_prod(*[torch.arange(1, 7)] * 3)  # (216, 3)
    end = torch.zeros(216, 1, dtype=torch.int64)
    pairs = torch.stack([torch.cat([texts, end], dim=1), torch.cat([texts.flip(1), end], dim=1)])
    pairs = pairs[:, torch.randperm(216, generator=g)]
    (source, target), (unseen, wanted) = pairs[:, :180], pairs[:, 180:]
    size = len(vocabulary)
    if kind == "Transformer":
        model = Transformer(size, size, size=32, heads=4, layers=1, generator=g)
    else:
        score = SCORES[kind](32, 32, 16, generator=g)
        encoder = AttentiveEncoder(GRU(8, 32, generator=g), size, generator=g)
        model = EncoderDecoder(encoder, AttentionDecoder(GRU(8, 32, generator=g), size, score, generator=g))
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-2 if kind != "Transformer" else 3e-3)
    fit(model, lambda _: shifted(source, target), text_cross_entropy, optimizer, 200, generator=g, max_norm=1.0)
    right = same_text(greedy(model.step, model.start(unseen), length=6), wanted).float().mean()
    assert right > 0.8  # au hasard : 1 sur 216


def test_the_same_generator_gives_the_same_model():
    for name in ("GRU, additif", "Transformer"):
        first, second, third = (new_model(name, seed).state_dict() for seed in (0, 0, 1))
        assert all(torch.equal(first[key], second[key]) for key in first)
        assert any(not torch.equal(first[key], third[key]) for key in first)
        model = new_model(name)
        twin = copy.deepcopy(model)
        twin.load_state_dict(model.state_dict())


def test_fields_of_every_pattern():
    """Chaque motif, sur des jours de tous les mois : le texte de ``date_words``, et des champs qui disent la date."""
    days = [datetime.date(1931 + 8 * month, month, 28 - 2 * month) for month in range(1, 13)]
    for day in [datetime.date(1930, 1, 1), *days]:
        for pattern in DATE_PATTERNS:
            text, spans = date_fields(day, pattern)
            assert text == date_words(day, pattern)
            year, month, written = (text[slice(*spans[name])] for name in ("year", "month", "day"))
            names = [date_words(day, name) for name in ("MMMM", "MMM", "MM", "M")]
            if pattern.endswith("en lettres"):
                assert written == date_words(day, "d en lettres") and month == names[0]
                assert text.endswith(year) and " " not in year
            else:
                assert int(written) == day.day and str(day.year).endswith(year) and len(year) in (2, 4)
                assert month in names


def test_links_follow_the_sentence():
    """Oracle : des phrases écrites à la main, dont on relit les caractères pointés."""
    task = Dates()
    read, wanted = task.sample(200, generator=new_generator(1), split="test", dates=3)
    links = date_links(task, read, wanted)
    assert links.fields.shape == (200, 33, read.shape[1]) and (links.dates | ~links.fields).all()
    for b, (text, answer) in enumerate(zip(task.decode(read), task.decode_targets(wanted), strict=True)):
        for k, (piece, iso) in enumerate(zip(text.replace(" et ", ", ").split(", "), answer.split(" "), strict=True)):
            shown = [
                "".join(c for c, here in zip(text, row, strict=False) if here)
                for row in links.dates[b, 11 * k : 11 * k + 11].tolist()
            ]
            assert set(shown) == {piece}
            day = datetime.date.fromisoformat(iso)
            fields = links.fields[b, 11 * k : 11 * k + 11]
            assert not fields[[4, 7, 10]].any()
            assert any(
                date_words(day, pattern) == piece
                and all(
                    "".join(c for c, here in zip(text, fields[t].tolist(), strict=False) if here)
                    == piece[slice(*date_fields(day, pattern)[1][name])]
                    for t, name in ((0, "year"), (3, "year"), (5, "month"), (6, "month"), (8, "day"), (9, "day"))
                )
                for pattern in DATE_PATTERNS
            )


LAYER, DOT = GRU(D, H), DotScore(4, 5, 3)
ONE, TWO, DECODER = torch.ones(1, 1, 2), torch.ones(1, 2, 4), AttentionDecoder(LAYER, 4, DotScore(H, 2, 3))
PLACED = new_model("Transformer")
ATTENTION = MultiHeadAttention(8, 2)
YES = torch.ones(1, 2, dtype=torch.bool)
TASK = Dates()


@pytest.mark.parametrize(
    ("call", "error", "received", "expected"),
    [
        (lambda: attend(torch.ones(1, 2), torch.ones(1, 2, 3)), ValueError, r"la forme \(1, 2\)", r"\(B, T, S\)"),
        (lambda: attend(YES[None], torch.ones(1, 2, 3)), TypeError, "le type torch.bool", "un type à virgule"),
        (lambda: attend(torch.ones(1, 1, 2), torch.ones(1, 3, 4)), ValueError, r"la forme \(1, 3, 4\)", r"\(1, 2, D\)"),
        (lambda: attend(ONE, TWO, torch.ones(1, 2)), TypeError, "le type torch.float32", "torch.bool"),
        (lambda: attend(ONE, TWO, ~YES), ValueError, "une ligne sans aucune", "au moins"),
        (lambda: attend(ONE, TWO, YES[:, :1]), ValueError, r"la forme \(1, 1\)", r"\(1, 2\)"),
        (lambda: attend(ONE, TWO, [True]), TypeError, "list", "des booléens"),
        (lambda: AdditiveScore(0, 1, 1), ValueError, "0", "un entier strictement positif"),
        (lambda: DotScore(4, 1.0, 1), TypeError, "1.0", "un entier"),
        (lambda: DOT(torch.ones(2, 6, 5), torch.ones(2, 7, 3)), ValueError, r"la forme \(2, 6, 5\)", r"\(B, T, 4\)"),
        (lambda: DOT(torch.ones(2, 6, 4), torch.ones(1, 7, 3)), ValueError, r"la forme \(1, 7, 3\)", r"\(2, S, 3\)"),
        (lambda: DOT.keys(torch.ones(2, 7, 4)), ValueError, r"la forme \(2, 7, 4\)", r"\(B, S, 5\)"),
        (lambda: AttentionDecoder(LAYER, 4, LAYER), TypeError, "GRU", "un AdditiveScore"),
        (lambda: AttentionDecoder(LAYER, 4, DotScore(H + 1, 2, 3)), ValueError, "query_size=6", "5, la taille"),
        (lambda: DECODER.start(torch.ones(1, 2)), TypeError, "Tensor", "un couple"),
        (
            lambda: DECODER.start(Memory(torch.ones(1, 3, 2), YES)),
            ValueError, r"la forme \(1, 2\)", r"\(1, 3\)",
        ),
        (lambda: new_model()(torch.tensor([[1]])), TypeError, "Tensor", r"un couple \(source, lu\)"),
        (lambda: PLACED(torch.tensor([[1]])), TypeError, "Tensor", r"un couple \(source, lu\)"),
        (lambda: PLACED((codes(1, 2, 3), codes(1, 2, 3) + V)), ValueError, "des codes", "de 0 à 6"),
        (lambda: PLACED.start(codes(1, 2, 3) * 0), ValueError, "un texte vide", "au moins un caractère"),
        (lambda: sinusoids(3, 5), ValueError, "5", "un nombre pair"),
        (lambda: sinusoids(0, 4), ValueError, "0", "un entier strictement positif"),
        (lambda: MultiHeadAttention(8, 3), ValueError, "3", "un diviseur de 8"),
        (lambda: MultiHeadAttention(8, 2, generator=0), TypeError, "int", "un torch.Generator"),
        (lambda: ATTENTION.keys(torch.ones(1, 2, 7)), ValueError, r"la forme \(1, 2, 7\)", r"\(B, S, 8\)"),
        (lambda: ATTENTION(torch.ones(1, 2), None), ValueError, r"la forme \(1, 2\)", r"\(B, T, 8\)"),
        (lambda: Transformer(9, 7, size=9, heads=3), ValueError, "9", "un nombre pair"),
        (lambda: Transformer(9, 7, positions=3), TypeError, "3", "une fonction"),
        (lambda: Transformer(1, 7), ValueError, "1", "un entier au moins égal à 2"),
        (lambda: date_fields(datetime.date(1900, 1, 1), "d MMMM y"), ValueError, "1900-01-01", "une date de 1930"),
        (lambda: date_fields(datetime.date(1987, 1, 1), "d MMMM"), ValueError, "'d MMMM'", "un motif qui écrive"),
        (lambda: date_links("dates", None, None), TypeError, "'dates'", "Dates"),
        (lambda: date_links(TASK, *reversed_pair()), ValueError, "'1 mars 1987'", "une phrase qui écrive 1987-01-03"),
    ],
)  # fmt: skip
def test_bad_inputs(call, error, received, expected):
    with refused(error, received, expected):
        call()


def reversed_pair():
    from notebook_utils import encode_texts

    return encode_texts(TASK.vocabulary, ["1 mars 1987"]), encode_texts(TASK.target_vocabulary, ["1987-01-03"])
