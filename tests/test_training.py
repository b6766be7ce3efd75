"""L'entraînement : mises à jour, mesure, boucle, reprise, graines en parallèle."""

import hashlib
import io
import os
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from outils import new_generator, refused, same
from torch import nn
from torch.nn import functional as F

from notebook_utils import (
    GRUCell,
    LSTMCell,
    PaperGRUCell,
    Recurrent,
    RNNCell,
    clip_by_norm,
    to_torch,
)
from notebook_utils.learning import progress
from notebook_utils.learning.answers import cross_entropy, same_bit, same_class
from notebook_utils.learning.checkpoints import load_checkpoint, save_checkpoint
from notebook_utils.learning.progress import is_watched, progress_bar
from notebook_utils.learning.seeds import run_seeds
from notebook_utils.learning.training import evaluate, fit, train_step
from notebook_utils.models import SequenceClassifier, SequenceTagger, affine
from notebook_utils.recurrence.initialization import chrono_, set_update_bias_


@pytest.fixture(autouse=True)
def one_thread():
    """Un seul fil : pour de si petits réseaux, c'est plus rapide et plus régulier."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


def draw(generator, B=16, T=9):
    """Une petite tâche d'ordre : laquelle des entrées 0 et 1 est venue la première ?"""
    x = torch.randint(2, 8, (B, T), generator=generator)
    first = torch.randint(0, 2, (B,), generator=generator)
    x[:, 2], x[:, 5] = first, 1 - first
    return F.one_hot(x, 8).float(), first


def new_model(seed=0, cell=LSTMCell, H=6, dtype=None):
    generator = new_generator(seed)
    layer = Recurrent(cell(8, H, generator=generator, dtype=dtype))
    return SequenceClassifier(layer, 2, generator=generator)


def training(seed=0, **options):
    """Réseau, optimiseur et générateur d'un même départ."""
    model, generator = new_model(seed, **options), new_generator(seed + 100)
    return model, torch.optim.Adam(model.parameters(), lr=1e-2), generator


def run(updates, seed=0, **options):
    """Entraîne, et rend tout ce dont la suite dépend."""
    model, optimizer, generator = training(seed)
    history = fit(model, draw, cross_entropy, optimizer, updates, generator=generator, max_norm=1.0, **options)
    return history, model.state_dict(), optimizer.state_dict()["state"], generator.get_state()


# --- Réponses et réseaux ---------------------------------------------------------------------


def test_answers_against_torch():
    """L'entropie croisée est celle de PyTorch ; les réponses justes se comptent sur les logits."""
    logits = torch.randn(5, 20, 4, generator=new_generator(), dtype=torch.float64)
    y = torch.randint(0, 4, (5, 20), generator=new_generator(1))
    torch.testing.assert_close(cross_entropy(logits, y), F.cross_entropy(logits.transpose(1, 2), y))
    torch.testing.assert_close(cross_entropy(logits[:, 0], y[:, 0]), F.cross_entropy(logits[:, 0], y[:, 0]))
    expected = logits.softmax(dim=-1).gather(-1, y[..., None])[..., 0] == logits.softmax(dim=-1).amax(dim=-1)
    assert torch.equal(same_class(logits, y), expected)
    one_hot = F.one_hot(y, 4).double()
    torch.testing.assert_close(cross_entropy(logits, one_hot), cross_entropy(logits, y))
    torch.testing.assert_close(cross_entropy(logits[0], one_hot[0]), cross_entropy(logits[0], y[0]))
    assert torch.equal(same_class(logits, one_hot), same_class(logits, y))
    bits = torch.randint(0, 2, (5, 20), generator=new_generator(2)).double()
    logits = logits[..., 0]
    assert torch.equal(same_bit(logits, bits), (torch.sigmoid(logits) > 0.5) == (bits == 1))
    for y, expected in [(torch.zeros(5, 4).long(), r"\(5,\)"), (torch.zeros(5), r"\(5, 4\)")]:
        for function in (cross_entropy, same_class):
            with refused(ValueError, r"les formes \(5, 4\) et ", f"y de forme {expected}"):
                function(torch.zeros(5, 4), y)
    with refused(ValueError, r"les formes \(5, 1\) et \(5,\)", r"y de forme \(5, 1\)"):
        same_bit(torch.zeros(5, 1), torch.zeros(5))


def test_affine_layers_come_from_the_generator():
    """La loi de ``torch.nn.Linear``, tirée d'ailleurs ; le générateur global ne bouge pas."""
    before = torch.get_rng_state()
    first, again = (affine(9, 400, new_generator(3)) for _ in range(2))
    assert torch.equal(before, torch.get_rng_state()) and isinstance(first, nn.Linear)
    assert torch.equal(first.weight, again.weight) and torch.equal(first.bias, again.bias)
    for weights in first.parameters():
        assert weights.requires_grad and 0.32 < weights.abs().max() <= 1 / 3
        assert abs(weights.mean().item()) < 5 * (1 / 3) / (3 * weights.numel()) ** 0.5
    x = torch.randn(5, 9, generator=new_generator(1))
    torch.testing.assert_close(first(x), x @ first.weight.T + first.bias)
    torch.manual_seed(0)
    drawn = affine(2, 3)
    torch.manual_seed(0)
    assert torch.equal(drawn.weight, affine(2, 3).weight)
    for wrong in ((0, 2), (2, 0)):
        with refused(ValueError, "0", "un entier"):
            affine(*wrong)
    with refused(TypeError, "int", "un torch.Generator"):
        affine(2, 3, 0)


def test_readouts():
    """Les logits sont W_y h + b_y, au dernier pas ou à chaque pas ; la graine décide des poids."""
    layer = Recurrent(RNNCell(8, 6, generator=new_generator(), dtype=torch.float64))
    x = torch.randn(3, 20, 8, generator=new_generator(1), dtype=torch.float64)
    tagger = SequenceTagger(layer, 4, generator=new_generator(2))
    classifier = SequenceClassifier(layer, 4, generator=new_generator(2))
    outputs, last = layer(x)
    torch.testing.assert_close(tagger(x), F.linear(outputs, tagger.W_y, tagger.b_y))
    torch.testing.assert_close(classifier(x), F.linear(last, tagger.W_y, tagger.b_y))
    assert tagger.W_y.dtype == torch.float64 and tagger.W_y.abs().max() <= 6**-0.5
    names = ["W_y", "b_y", "layer.cell.W_x", "layer.cell.W_h", "layer.cell.b"]
    assert [name for name, _ in classifier.named_parameters()] == names
    cells = [RNNCell(2, 3), LSTMCell(2, 3), PaperGRUCell(2, 3), nn.RNNCell(2, 3), nn.LSTMCell(2, 3)]
    for layer in (nn.Linear(2, 3), RNNCell, "LSTM", *cells):
        with refused(TypeError, type(layer).__name__, "une couche récurrente"):
            SequenceClassifier(layer, 4)
    with refused(ValueError, "0", "un entier strictement positif"):
        SequenceTagger(Recurrent(RNNCell(2, 3)), 0)


@pytest.mark.parametrize("kind", [nn.RNN, nn.GRU, nn.LSTM])
def test_torch_layers_under_a_readout(kind):
    """Une couche de ``torch.nn`` convient si ses sorties sont ``(B, T, H)`` ; sinon, elle est refusée."""
    for readout, shape in ((SequenceClassifier, (2, 4)), (SequenceTagger, (2, 7, 4))):
        assert readout(kind(8, 5, batch_first=True), 4)(torch.ones(2, 7, 8)).shape == shape
        with refused(ValueError, "batch_first=False", "batch_first=True"):
            readout(kind(8, 5), 4)
        with refused(ValueError, "bidirectional=True", "bidirectional=False"):
            readout(kind(8, 5, batch_first=True, bidirectional=True), 4)
    if kind is nn.LSTM:
        with refused(ValueError, "proj_size=2", "proj_size=0"):
            SequenceTagger(nn.LSTM(8, 5, batch_first=True, proj_size=2), 4)


# --- Mise à jour et mesure -------------------------------------------------------------------


@pytest.mark.parametrize("threshold", [None, 0.25, 4.0])
@settings(max_examples=5, deadline=None)
@given(seed=st.integers(0, 99))
def test_train_step_against_the_formulas(threshold, seed):
    """Avec une descente simple : θ ← θ − η g, le gradient g étant écrêté par sa norme commune."""
    model = new_model(seed, dtype=torch.float64)
    x, y = draw(new_generator(seed), T=20)
    batch = (x.double(), y)
    weights = list(model.parameters())
    before = [w.detach().clone() for w in weights]
    loss = F.cross_entropy(model(batch[0]), batch[1])
    gradients = list(torch.autograd.grad(loss, weights))
    optimizer = torch.optim.SGD(weights, lr=0.3)
    for w in weights:
        w.grad = torch.full_like(w, 9.0)  # un reste, que la remise à zéro doit effacer
    norm = torch.cat([g.flatten() for g in gradients]).norm()
    max_norm = threshold and threshold * norm.item()
    update = train_step(model, batch, cross_entropy, optimizer, max_norm)
    assert update.loss == pytest.approx(loss.item()) and update.gradient_norm == pytest.approx(norm.item())
    after = [w.detach() for w in weights]
    clipped = gradients if max_norm is None else clip_by_norm(gradients, max_norm)
    expected = [w - 0.3 * g for w, g in zip(before, clipped, strict=True)]
    torch.testing.assert_close(after, expected, rtol=1e-5, atol=1e-7)
    factor = 1.0 if max_norm is None else min(1.0, max_norm / (norm.item() + 1e-6))  # la formule de PyTorch
    expected = [w - 0.3 * factor * g for w, g in zip(before, gradients, strict=True)]
    torch.testing.assert_close(after, expected, rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("max_norm", [None, 1e-3])
def test_norm_and_clipping_are_those_of_the_trained_weights(max_norm):
    """L'optimiseur n'a que la tête : le gradient de la couche, jamais remis à zéro, ne compte pas."""
    model, batch = new_model(), draw(new_generator(3))
    head = [model.W_y, model.b_y]
    optimizer = torch.optim.SGD([{"params": [w], "lr": 0.0 if max_norm is None else 1.0} for w in head])
    before = [w.detach().clone() for w in head]
    gradients = torch.autograd.grad(cross_entropy(model(batch[0]), batch[1]), head)
    norm = torch.cat([g.flatten() for g in gradients]).norm().item()
    updates = [train_step(model, batch, cross_entropy, optimizer, max_norm) for _ in range(5)]
    assert updates[0].gradient_norm == pytest.approx(norm)
    if max_norm is None:  # taux nul : les poids ne bougent pas, la norme non plus
        assert [update.gradient_norm for update in updates] == [updates[0].gradient_norm] * 5
    else:  # cinq pas presque parallèles, de longueur max_norm
        path = torch.cat([(w - b).flatten() for w, b in zip(head, before, strict=True)]).norm().item()
        assert path == pytest.approx(5 * max_norm, rel=1e-2)


def test_frozen_weights_stay():
    """Un poids sans gradient n'entre ni dans la norme, ni dans le pas."""
    model, _, generator = training()
    model.layer.requires_grad_(False)
    before = model.layer.cell.W_h.clone()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    assert train_step(model, draw(generator), cross_entropy, optimizer, 1.0).gradient_norm > 0
    assert torch.equal(model.layer.cell.W_h, before)


def test_non_finite_numbers_are_refused_before_the_step():
    """Perte ou gradient infini : l'erreur dit à quelle mise à jour, et les poids sont intacts."""
    model, optimizer, generator = training()
    calls = []

    def broken(logits, y):
        calls.append(1)
        return cross_entropy(logits, y) * (float("nan") if len(calls) == 7 else 1.0)

    with pytest.raises(FloatingPointError, match="mise à jour 7 : la perte vaut nan, attendu un nombre fini"):
        fit(model, draw, broken, optimizer, 20, generator=generator, every=5)
    assert len(calls) == 7 and all(torch.isfinite(w).all() for w in model.parameters())

    before = model.W_y.clone()
    with pytest.raises(FloatingPointError, match="la norme du gradient vaut (inf|nan), attendu"):
        train_step(model, draw(generator), lambda z, y: z.sub(z.detach()).abs().sqrt().sum(), optimizer, 1.0)
    assert torch.equal(model.W_y, before)


def test_a_huge_gradient_is_clipped():
    """Fini, mais de carré infini en float32 : l'écrêtage est justement là pour lui."""
    model, _, generator = training()
    before = model.W_y.clone()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.5)
    update = train_step(model, draw(generator), lambda z, y: 1e25 * cross_entropy(z, y), optimizer, 1.0)
    assert 1e22 < update.gradient_norm < 1e28
    assert not torch.equal(model.W_y, before) and all(torch.isfinite(w).all() for w in model.parameters())
    assert (model.W_y - before).norm() <= 0.5 * (1 + 1e-5)


def test_evaluate_refuses_an_undefined_loss():
    x, y = draw(new_generator(5), B=30)
    x[3, 0] = float("nan")
    with pytest.raises(FloatingPointError, match="la perte vaut nan, attendu un nombre fini"):
        evaluate(new_model(), [(x, y)], cross_entropy)


def test_train_step_refuses_an_undefined_input():
    """Une entrée indéfinie rend la perte indéfinie : ni les poids ni leur gradient ne changent."""
    model, optimizer, _ = training()
    x, y = draw(new_generator(5))
    x[3, 0] = float("nan")
    before = {name: w.clone() for name, w in model.state_dict().items()}
    with pytest.raises(FloatingPointError, match="^la perte vaut nan, attendu un nombre fini$"):
        train_step(model, (x, y), cross_entropy, optimizer, 1.0)
    assert same(before, model.state_dict()) and all(w.grad is None for w in model.parameters())


@pytest.mark.parametrize("cell", [RNNCell, LSTMCell])
def test_a_bare_layer_is_not_a_model(cell):
    """Une couche rend aussi son état : le message dit quoi en faire."""
    layer, batch = Recurrent(cell(8, 4)), draw(new_generator())
    for model in (layer, to_torch(layer.cell)):
        optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
        expected = "des logits ; enveloppez-la dans SequenceClassifier ou SequenceTagger"
        with refused(TypeError, r".*\(outputs, state\)", f".*{expected}"):
            train_step(model, batch, cross_entropy, optimizer)
        with refused(TypeError, r".*\(outputs, state\)", f".*{expected}"):
            evaluate(model, [batch], cross_entropy)


@pytest.mark.parametrize("mode", [True, False])
def test_evaluate_restores_the_mode_of_every_module(mode):
    """Un sous-module mis exprès dans l'autre mode y reste, que la mesure aboutisse ou non."""
    model = new_model().train(mode)
    model.layer.train(not mode)
    modes = [module.training for module in model.modules()]
    batch = draw(new_generator(5))
    evaluate(model, [batch], cross_entropy)
    assert [module.training for module in model.modules()] == modes
    for batches in ([batch, 3], [(batch[0].double(), batch[1])]):
        with pytest.raises((TypeError, RuntimeError)):
            evaluate(model, batches, cross_entropy)
        assert [module.training for module in model.modules()] == modes


def test_evaluate_against_one_batch():
    """Des lots inégaux donnent la même mesure qu'un seul lot ; ni gradient, ni changement de mode."""
    model = new_model()
    x, y = draw(new_generator(5), B=30)
    seen = []
    handle = model.register_forward_hook(lambda m, i, o: seen.append((m.training, o.requires_grad)))
    whole = evaluate(model, [(x, y)], cross_entropy)
    parts = evaluate(model, zip(x.split(7), y.split(7), strict=True), cross_entropy)
    handle.remove()
    assert set(seen) == {(False, False)} and model.training
    assert whole.errors == parts.errors == int((model(x).argmax(dim=1) != y).sum())
    assert whole.answers == 30 and whole.accuracy == 1 - whole.errors / 30
    assert whole.loss == pytest.approx(F.cross_entropy(model(x), y).item())
    assert parts.loss == pytest.approx(whole.loss) and parts.accuracy == whole.accuracy
    tagged = evaluate(nn.Identity(), [(torch.zeros(2, 5, 3), torch.ones(2, 5, dtype=torch.long))], cross_entropy)
    assert tagged.answers == tagged.errors == 10
    with refused(ValueError, "aucune réponse", "au moins un lot"):
        evaluate(model, [], cross_entropy)
    with refused(TypeError, "Tensor", r"un couple \(x, y\)"):
        evaluate(model, (x, y), cross_entropy)


# --- Boucle ----------------------------------------------------------------------------------


def test_fit_is_a_loop_of_train_steps():
    """L'historique est fait des moyennes de ``train_step`` ; le dernier intervalle peut être court."""
    model, optimizer, generator = training()
    updates = [train_step(model, draw(generator), cross_entropy, optimizer, 1.0) for _ in range(25)]
    history, weights, _, state = run(25, every=10, measure=lambda m: {"W_y": m.W_y.norm()})
    assert history["step"] == [10, 20, 25]
    slices = [slice(0, 10), slice(10, 20), slice(20, 25)]
    for name in ("loss", "gradient_norm"):
        values = [getattr(update, name) for update in updates]
        assert history[name] == pytest.approx([sum(values[s]) / len(values[s]) for s in slices])
    assert same(weights, model.state_dict()) and torch.equal(state, generator.get_state())
    assert history["W_y"][-1] == pytest.approx(model.W_y.norm().item()) and type(history["W_y"][0]) is float
    assert model.training


def test_fit_clips_and_the_threshold_binds():
    """Le seuil agit : chaque pas d'une descente simple a pour longueur le taux fois le seuil, au plus."""
    weights = {}
    for max_norm in (None, 1e-3, 1e9):
        model, _, generator = training()
        before = [w.detach().clone() for w in model.parameters()]
        optimizer = torch.optim.SGD(model.parameters(), lr=1.0)
        history = fit(model, draw, cross_entropy, optimizer, 1, generator=generator, max_norm=max_norm)
        steps = [(w.detach() - b).flatten() for w, b in zip(model.parameters(), before, strict=True)]
        weights[max_norm] = torch.cat(steps).norm().item(), history["gradient_norm"][0]
    (free, norm), (clipped, same_norm), (loose, _) = weights.values()
    assert norm > 0.01 and same_norm == norm  # la norme rapportée est celle d'avant l'écrêtage
    assert free == loose == pytest.approx(norm, rel=1e-5) and clipped == pytest.approx(1e-3, rel=1e-3)


def test_train_step_keeps_the_optimizer_of_a_part():
    """L'optimiseur de la seule tête convient ; celui d'un autre réseau est refusé, et rien ne bouge."""
    model, other, generator = new_model(), new_model(1), new_generator(3)
    batch = draw(generator)
    assert train_step(model, batch, cross_entropy, torch.optim.SGD([model.W_y], lr=0.1)).gradient_norm > 0
    before = {name: w.clone() for name, w in other.state_dict().items()}
    with refused(ValueError, "un optimiseur dont aucun poids n'a de gradient", "celui des poids du réseau"):
        train_step(model, batch, cross_entropy, torch.optim.SGD(other.parameters(), lr=0.1))
    assert same(before, other.state_dict())


@pytest.mark.parametrize("shape", [(5,), (5, 1)])
def test_evaluate_takes_one_boolean_per_answer(shape):
    """Une réponse est un vecteur de logits, ou un logit : les deux formes conviennent."""
    found = evaluate(nn.Identity(), [(torch.zeros(5, 1), torch.zeros(5, 1))], lambda z, y: (z - y).square().mean(),
                     correct=lambda z, y: (z == y).reshape(shape))  # fmt: skip
    assert (found.errors, found.answers, found.accuracy) == (0, 5, 1.0)


def test_fit_trains_in_train_mode():
    """Reçu en mode ``eval``, le réseau apprend en mode ``train``, et y reste."""
    model, optimizer, generator = training()
    model.eval()
    modes = []
    model.layer.register_forward_hook(lambda layer, *_: modes.append(layer.training))
    fit(model, draw, cross_entropy, optimizer, 3, generator=generator)
    assert modes == [True] * 3 and all(module.training for module in model.modules())


def test_measure_returns_a_dictionary():
    with refused(TypeError, "float", "un dictionnaire"):
        run(2, measure=lambda m: 0.5)


@pytest.mark.parametrize("name", ["step", "loss", "gradient_norm"])
def test_measure_cannot_hide_a_column(tmp_path, name):
    """Un nom déjà pris est refusé ; rien n'est enregistré."""
    with refused(ValueError, f"le nom '{name}'", "un autre que step, loss, gradient_norm"):
        run(10, every=5, checkpoint=tmp_path / "a", measure=lambda m: {"juste": 1.0, name: 0.5})
    assert not list(tmp_path.iterdir())


def test_measure_gives_numbers():
    """Un tenseur ou un nombre de NumPy devient un nombre de Python ; le reste est refusé."""
    found = {"a": torch.tensor([2.5]), "b": np.float64(0.5), "c": np.int64(3), "d": 4}
    history = run(2, every=1, measure=lambda m: found)[0]
    assert [history[name] for name in found] == [[2.5] * 2, [0.5] * 2, [3] * 2, [4] * 2]
    assert [type(history[name][0]) for name in found] == [float, float, int, int]
    for value in (torch.ones(2), np.ones(2), "0,5", None, [1.0]):
        with pytest.raises(TypeError, match=f"measure, 'juste' : reçu {type(value).__name__}, attendu un nombre"):
            run(2, measure=lambda m, value=value: {"juste": value})


def test_fit_learns_and_stops_early():
    """La boucle apprend la petite tâche, et s'arrête dès que le critère est rempli."""
    model, optimizer, generator = training()
    history = fit(
        model, draw, cross_entropy, optimizer, 3000, generator=generator, max_norm=1.0, every=20,
        stop=lambda history: history["loss"][-1] < 0.05,
    )  # fmt: skip
    assert history["step"][-1] < 3000
    assert [loss < 0.05 for loss in history["loss"]] == [False] * (len(history["loss"]) - 1) + [True]
    assert evaluate(model, [draw(new_generator(9), B=500)], cross_entropy).accuracy > 0.98


def test_nothing_touches_the_global_generator(tmp_path):
    """Ni l'entraînement ni la reprise ne lisent ou ne changent le générateur global."""
    torch.manual_seed(123)
    before = torch.get_rng_state()
    first = run(12, every=4, checkpoint=tmp_path / "a")
    run(16, every=4, checkpoint=tmp_path / "a")
    run_seeds(lambda seed: run(2, seed)[0], [1, 2], processes=1)
    assert torch.equal(torch.get_rng_state(), before)
    torch.manual_seed(321)
    assert same(first, run(12, every=4))


# --- Reprise ---------------------------------------------------------------------------------


@pytest.mark.parametrize("cut", [5, 20, 35])
def test_resume_is_an_uninterrupted_run(tmp_path, cut):
    """Arrêté puis repris, l'entraînement est le même au bit près : historique, poids, optimiseur, hasard."""
    whole = run(40, every=5)
    path = tmp_path / "essai.reprise"
    run(cut, every=5, checkpoint=path)
    resumed = run(40, every=5, checkpoint=path)
    assert same(resumed, whole)
    assert same(run(40, every=5, checkpoint=path), whole)  # déjà fini : rien de plus


def test_resume_goes_on_at_the_multiples_of_every(tmp_path):
    """Prolongé, l'entraînement retrouve les mêmes arrêts ; sa ligne incomplète reste, la suivante la complète."""
    path = tmp_path / "a"
    history, weights, moments, state = run(40, every=5)
    run(12, every=5, checkpoint=path)
    resumed = run(40, every=5, checkpoint=path)
    assert resumed[0]["step"] == [5, 10, 12, 15, 20, 25, 30, 35, 40]
    assert same(resumed[1:], (weights, moments, state))
    for name in ("loss", "gradient_norm"):
        short, rest = resumed[0][name][2:4]  # mises à jour 11 et 12, puis 13 à 15
        assert resumed[0][name][:2] + resumed[0][name][4:] == history[name][:2] + history[name][3:]
        assert (2 * short + 3 * rest) / 5 == pytest.approx(history[name][2])


def test_a_checkpoint_beyond_the_target_is_refused(tmp_path):
    """On ne revient pas en arrière : demander moins de mises à jour que le fichier est une erreur."""
    path = tmp_path / "a"
    run(20, every=5, checkpoint=path)
    model, optimizer, generator = training()
    before, state = {name: w.clone() for name, w in model.state_dict().items()}, generator.get_state()
    with refused(ValueError, ".*après 20 mises à jour", "10 au plus"):
        fit(model, draw, cross_entropy, optimizer, 10, generator=generator, checkpoint=path)
    assert same(before, model.state_dict()) and torch.equal(state, generator.get_state())


def test_one_file_per_seed(tmp_path):
    """Le fichier d'une graine n'est pas celui d'une autre ; à chacune le sien."""
    path = tmp_path / "partagé"
    for processes in (1, 2):
        path.unlink(missing_ok=True)
        run_seeds(lambda seed: run(5, seed, checkpoint=path)[0], [0], processes=1)
        with refused(RuntimeError, ".*enregistré avec la graine 100", "101 ; un fichier par graine"):
            run_seeds(lambda seed: run(5, seed, checkpoint=path)[0], [0, 1], processes=processes)
    model, optimizer, generator = training(1)
    before, state = {name: w.clone() for name, w in model.state_dict().items()}, generator.get_state()
    with refused(ValueError, ".*la graine 100", "101"):
        load_checkpoint(path, model, optimizer, generator)
    assert same(before, model.state_dict()) and torch.equal(state, generator.get_state())
    found = run_seeds(lambda seed: run(5, seed, checkpoint=tmp_path / f"essai-{seed}")[0], range(3), processes=1)
    assert same(found, [run(5, seed)[0] for seed in range(3)]) and not same(found[0], found[1])


def test_two_processes_write_two_partial_files(tmp_path, monkeypatch):
    """Le fichier partiel porte le numéro du processus."""
    names = []
    monkeypatch.setattr(os, "replace", lambda partial, path: names.append(Path(partial).name))
    for pid in (11, 12):
        monkeypatch.setattr(os, "getpid", lambda pid=pid: pid)
        save_checkpoint(tmp_path / "a", *training(), 0, {})
    assert names == ["a.11.partiel", "a.12.partiel"]


def test_a_saved_history_can_be_read_again(tmp_path):
    """Les nombres de NumPy et de PyTorch deviennent des nombres de Python ; le reste est refusé, rien n'est écrit."""
    path, parts = tmp_path / "a", training()
    history = {"a": [np.float64(0.5), np.float32(0.25)], "b": [np.int64(3), np.bool_(True)], "c": [torch.tensor(2.0)]}
    save_checkpoint(path, *parts, np.int64(7), history)
    step, read = load_checkpoint(path, *parts)
    assert (step, read) == (7, {"a": [0.5, 0.25], "b": [3, True], "c": [2.0]})
    types = [type(value) for values in read.values() for value in values]
    assert types == [float, float, int, bool, float] and type(step) is int
    before = path.read_bytes()
    for value in (np.ones(2), torch.ones(2), "0,5", None, 1j, Path("a")):
        with pytest.raises(TypeError, match=f"juste : reçu {type(value).__name__}, attendu un nombre"):
            save_checkpoint(path, *parts, 7, {"loss": [0.5], "juste": [value]})
    assert path.read_bytes() == before and [file.name for file in tmp_path.iterdir()] == ["a"]


class Booby:
    """Relu sans précaution, cet objet crée un dossier."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return os.mkdir, (str(self.path),)


def test_reading_a_checkpoint_runs_no_code(tmp_path):
    """Un fichier bien formé, d'empreinte exacte, mais qui exécuterait du code, est refusé."""
    path, trace = tmp_path / "piège", tmp_path / "exécuté"
    buffer = io.BytesIO()
    torch.save({"model": Booby(trace)}, buffer)
    payload = buffer.getvalue()
    path.write_bytes(b"notebook_utils checkpoint 1\n" + hashlib.sha256(payload).digest() + payload)
    with refused(ValueError, ".*piège.*autre chose que des nombres et des tenseurs", "un fichier écrit par"):
        load_checkpoint(path, *training())
    assert not trace.exists()
    torch.load(io.BytesIO(payload), weights_only=False)
    assert trace.exists()  # le piège fonctionnait


def test_a_stopped_run_stays_stopped(tmp_path):
    """Un entraînement arrêté par son critère ne repart pas à la reprise."""
    options = {"every": 5, "checkpoint": tmp_path / "a", "stop": lambda history: history["step"][-1] >= 10}
    first = run(40, **options)
    assert first[0]["step"] == [5, 10] and same(run(40, **options), first)


CHILD = """
import sys
from tests_support import run, draw
import tests_support
slow = tests_support.draw
def announced(generator):
    print("lot", flush=True)
    return slow(generator)
tests_support.draw = announced
run(100000, every=5, checkpoint=sys.argv[1])
"""


def test_a_kill_loses_at_most_one_interval(tmp_path):
    """Tué par ``kill -9`` en pleine course, il reprend au dernier intervalle, au bit près."""
    (tmp_path / "tests_support.py").write_bytes(Path(__file__).read_bytes())
    path = tmp_path / "essai.reprise"
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(tmp_path), *sys.path])}
    command = [sys.executable, "-c", textwrap.dedent(CHILD), str(path)]
    drawn = 0
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as child:
        for line in child.stdout:
            drawn += line == "lot\n"
            if drawn == 23:  # trois intervalles de plus, dont le dernier inachevé
                os.kill(child.pid, signal.SIGKILL)
                break
        drawn += child.stdout.read().count("lot\n")
    model, optimizer, generator = training()
    step, _ = load_checkpoint(path, model, optimizer, generator)
    assert child.returncode == -signal.SIGKILL
    assert step % 5 == 0 and drawn - 1 - 5 <= step <= drawn
    assert same(run(step + 10, every=5, checkpoint=path), run(step + 10, every=5))


def test_a_kill_while_writing_keeps_the_previous_file(tmp_path, monkeypatch):
    """Interrompue avant le renommage, l'écriture laisse l'ancien fichier intact."""
    path = tmp_path / "essai.reprise"
    run(10, every=5, checkpoint=path)
    before = path.read_bytes()
    for crash in ("fsync", "replace"):
        with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
            patch.setattr(os, crash, lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
            run(20, every=5, checkpoint=path)
        assert path.read_bytes() == before
    assert same(run(20, every=5, checkpoint=path), run(20, every=5))
    assert [file.name for file in tmp_path.iterdir()] == ["essai.reprise"]


def test_writes_reach_the_disk_before_the_rename(tmp_path, monkeypatch):
    """Fichier forcé sur le disque, puis renommé, puis dossier forcé à son tour."""
    calls = []
    for name in ("fsync", "replace"):
        real = getattr(os, name)
        monkeypatch.setattr(os, name, lambda *a, name=name, real=real: (calls.append(name), real(*a))[1])
    model, optimizer, generator = training()
    save_checkpoint(tmp_path / "a", model, optimizer, generator, 0, {})
    assert calls == ["fsync", "replace", "fsync"]


def test_damaged_files_are_refused(tmp_path):
    """Tronqué, altéré, vide ou étranger, le fichier est refusé et rien n'est modifié."""
    path = tmp_path / "essai.reprise"
    run(10, every=5, checkpoint=path)
    good = path.read_bytes()
    flipped = bytearray(good)
    flipped[len(good) // 2] ^= 1
    buffer = io.BytesIO()
    torch.save({"step": 3}, buffer)
    truncated = [good[:-1], good[: len(good) // 2], good[:40], good[:5], b""]
    for data in [*truncated, bytes(flipped), good + b"x", buffer.getvalue()]:
        path.write_bytes(data)
        model, optimizer, generator = training(3)
        state = generator.get_state()
        before = {k: v.clone() for k, v in model.state_dict().items()}
        with pytest.raises(ValueError, match="essai.reprise.*abîmé.*attendu un fichier"):
            fit(model, draw, cross_entropy, optimizer, 20, generator=generator, checkpoint=path)
        assert same(before, model.state_dict()) and torch.equal(state, generator.get_state())
        assert path.read_bytes() == data
        kind = "empreinte fausse" if data.startswith(good[:20]) else "qui n'est pas un point de reprise"
        with pytest.raises(ValueError, match=kind):
            load_checkpoint(path, model, optimizer, generator)


def test_foreign_checkpoints_are_refused(tmp_path):
    """Un autre réseau ou un autre optimiseur : refusé avant de rien modifier."""
    path = tmp_path / "a"
    run(5, every=5, checkpoint=path)
    generator, larger = new_generator(), new_model()
    larger.extra = nn.Parameter(torch.zeros(3))
    for other, name in [
        (larger, "extra : absent.*attendu forme .3"),
        (new_model(H=7), "W_y .*forme .2, 6.*attendu forme .2, 7"),
        (new_model(cell=RNNCell), "layer.cell.W_x"),
        (new_model(dtype=torch.float64), "float32.*, attendu forme .*float64"),
        (nn.Linear(2, 3), "W_y .*, attendu absent"),
    ]:
        before = {k: v.clone() for k, v in other.state_dict().items()}
        with pytest.raises(ValueError, match=f"un autre réseau .*{name}"):
            load_checkpoint(path, other, torch.optim.Adam(other.parameters()), generator)
        assert same(before, other.state_dict())
    model = new_model()
    for optimizer in (torch.optim.SGD(model.parameters()), torch.optim.Adam([model.W_y])):
        with refused(ValueError, ".*un autre optimiseur .Adam, paramètres par groupe .5", r"(SGD, \[5|Adam, \[1)"):
            load_checkpoint(path, model, optimizer, generator)
    with refused(FileNotFoundError, ".*absent", "un point de reprise qui existe"):
        load_checkpoint(tmp_path / "absent", model, optimizer, generator)
    with refused(FileNotFoundError, ".*nulle/part", "un fichier dans un dossier"):
        save_checkpoint(tmp_path / "nulle" / "part", model, optimizer, generator, 0, {})
    with refused(TypeError, "int", "un torch.Generator"):
        save_checkpoint(path, model, optimizer, 0, 0, {})
    with refused(TypeError, "int", "un torch.Generator"):
        load_checkpoint(path, model, optimizer, 0)


# --- Graines ---------------------------------------------------------------------------------


def test_seeds_in_parallel_are_seeds_in_sequence():
    """Même résultat au bit près, dans l'ordre des graines, sur un fil chacune."""
    import os  # la fonction voyage avec ce qu'elle utilise

    def experiment(seed):
        history, weights, *_ = run(20, seed, every=10)
        return history, weights, torch.get_num_threads()

    seeds = [5, 3, 11, 4]
    torch.set_num_threads(2)
    parallel = run_seeds(experiment, seeds, processes=2)
    alone = run_seeds(experiment, seeds, processes=1)
    assert same(parallel, alone) and torch.get_num_threads() == 2
    assert [outcome[2] for outcome in [*parallel, *alone]] == [1] * 8
    assert same(alone[1][0], run(20, 3, every=10)[0]) and not same(alone[0][0], alone[1][0])
    processes = run_seeds(lambda seed: (os.getpid(), time.sleep(0.3))[0], range(4), processes=2)
    assert len(set(processes)) == 2 and os.getpid() not in processes


@pytest.mark.parametrize("processes", [1, 2])
def test_seeds_inherit_the_default_dtype(processes):
    """Le type de nombres par défaut de l'appelant vaut dans les processus, puis n'y reste pas."""

    def experiment(seed):
        if seed == 3:
            torch.set_default_dtype(torch.float16)
        return torch.rand(3, generator=torch.Generator().manual_seed(seed))

    for dtype in (torch.float64, torch.float32):
        torch.set_default_dtype(dtype)
        try:
            found = run_seeds(experiment, [1, 2, 3], processes=processes)
            expected = [torch.rand(3, generator=new_generator(seed), dtype=dtype) for seed in (1, 2)]
            assert same(found[:2], expected) and torch.get_default_dtype() == dtype
        finally:
            torch.set_default_dtype(torch.float32)


SCRIPT = """
from notebook_utils.learning.seeds import run_seeds
factor = 10
def experiment(seed):
    return factor * seed
print(run_seeds(experiment, range(3), processes=2))
"""


def test_seeds_from_main():
    """Une fonction de ``__main__`` (script sans garde, cellule de notebook) convient."""
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    child = subprocess.run(
        [sys.executable, "-"], input=SCRIPT, capture_output=True, text=True, env=environment, check=False
    )
    assert child.stdout == "[0, 10, 20]\n", child.stderr


@pytest.mark.parametrize("processes", [1, 2])
def test_a_failing_seed_is_named(processes):
    """L'erreur d'une graine dit laquelle, et ce qui s'est passé."""

    def experiment(seed):
        return 1 / (seed - 7)

    with pytest.raises(RuntimeError, match="graine 7 : ZeroDivisionError : .*division") as caught:
        run_seeds(experiment, [5, 7, 6], processes=processes)
    assert caught.value.__cause__ is not None
    assert run_seeds(experiment, [5, 9], processes=processes) == [-0.5, 0.5]


def test_a_killed_process_is_reported():
    """Un processus tué par le système ne bloque rien."""
    import os

    with pytest.raises(RuntimeError, match="un processus a été tué .*graines sans résultat : .*3"):
        run_seeds(lambda seed: os.kill(os.getpid(), 9) if seed == 3 else seed, [1, 3], processes=2)


# --- Barre de progression --------------------------------------------------------------------


class Terminal(io.StringIO):
    def isatty(self):
        return True


class Shell:
    def __init__(self, stdin):
        self.kernel = type("Kernel", (), {"_allow_stdin": stdin})()

    def get_ipython(self):
        return self


def test_who_is_watching(monkeypatch):
    """Un terminal ou un lecteur devant son notebook regarde ; un fichier ou ``nbval``, non."""
    monkeypatch.setitem(sys.modules, "IPython", None)
    monkeypatch.setattr(sys, "stderr", io.StringIO())
    assert not is_watched()
    monkeypatch.setattr(sys, "stderr", Terminal())
    assert is_watched()
    for answers in (True, False):
        monkeypatch.setitem(sys.modules, "IPython", Shell(answers))
        assert is_watched() is answers
    monkeypatch.setitem(sys.modules, "IPython", None)
    monkeypatch.setattr(progress.multiprocessing, "current_process", lambda: type("P", (), {"name": "LokyProcess-1"}))
    assert not is_watched()


def test_bar_is_french_and_leaves_nothing(monkeypatch):
    """La barre s'affiche en français dans un terminal, puis s'efface ; sinon elle n'écrit rien."""
    monkeypatch.setitem(sys.modules, "IPython", None)
    for stream, written in ((Terminal(), True), (io.StringIO(), False)):
        monkeypatch.setattr(sys, "stderr", stream)
        run(8, every=4)
        text = stream.getvalue()
        assert bool(text) is written
        if written:
            assert "mises à jour :   0 % |" in text and "0/8" in text and "." not in text
            assert not text.rsplit("\r", 1)[-1].strip()
    with progress_bar(10, "graines", first=4) as bar:
        assert bar.n == 4 and bar.total == 10


def test_silent_when_a_notebook_is_executed():
    """Exécuté par ``nbclient``, comme le font Jupyter Book et ``nbval``, un notebook reste propre."""
    import nbformat
    from nbclient import NotebookClient

    source = """
import sys
sys.path[:0] = {path}
from notebook_utils.learning.progress import is_watched
from notebook_utils.learning.seeds import run_seeds
def double(seed):
    return 2 * seed
print(is_watched(), run_seeds(double, [1, 2], processes=2))
"""
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source.format(path=sys.path))])
    NotebookClient(notebook, kernel_name="python3").execute()
    (output,) = notebook.cells[0].outputs
    assert output.text == "False [2, 4]\n"


# --- Initialisations -------------------------------------------------------------------------


def test_chrono():
    """b_f = log u, b_i = −b_f, u uniforme sur [1, T−1] ; rien d'autre ne change."""
    cell = LSTMCell(3, 2000, generator=new_generator(), dtype=torch.float64)
    before = {name: w.clone() for name, w in cell.named_parameters()}
    assert chrono_(cell, 110, new_generator(4)) is cell
    b_i, b_f, b_g, b_o = cell.b.detach().chunk(4)
    assert torch.equal(b_i, -b_f) and torch.equal(torch.cat([b_g, b_o]), before["b"][4000:])
    u = b_f.exp().sort().values
    expected = torch.linspace(1, 109, 2000, dtype=torch.float64)
    assert u[0] >= 1 and u[-1] <= 109 and (u - expected).abs().max() < 5  # répartition uniforme
    assert torch.equal(cell.W_h, before["W_h"]) and torch.equal(cell.W_x, before["W_x"])
    again = chrono_(LSTMCell(3, 2000, dtype=torch.float64), 110, new_generator(4))
    assert torch.equal(again.b[:4000], cell.b[:4000])


def test_update_bias_and_bad_inputs():
    """``set_update_bias_`` touche le bloc z seul ; les cellules sans ces portes sont refusées."""
    for kind in (GRUCell, PaperGRUCell):
        cell = kind(3, 4)
        before = cell.b.detach().clone()
        assert set_update_bias_(cell, torch.arange(4.0)) is cell
        assert torch.equal(cell.b[4:8], torch.arange(4.0))
        assert torch.equal(cell.b[:4], before[:4]) and torch.equal(cell.b[8:], before[8:])
        keeps = kind is GRUCell
        nn.init.zeros_(cell.W_x), nn.init.zeros_(cell.W_h)
        h, _ = set_update_bias_(cell, 3.0 if keeps else -3.0)(torch.zeros(1, 3), torch.full((1, 4), 0.9))
        kept = torch.sigmoid(torch.tensor(3.0))
        assert ((h - kept * 0.9).abs() <= 1 - kept).all()
    with refused(TypeError, "LSTMCell", "GRUCell"):
        set_update_bias_(LSTMCell(2, 3), 1.0)
    for other in (GRUCell(2, 3), nn.LSTM(2, 3), Recurrent(LSTMCell(2, 3))):
        with refused(TypeError, type(other).__name__, "LSTMCell"):
            chrono_(other, 10, new_generator())
    with refused(TypeError, "int", "un torch.Generator"):
        chrono_(LSTMCell(2, 3), 10, 0)
    for T_max in (2, 0, float("nan"), float("inf")):
        with refused(ValueError, T_max, "un nombre fini plus grand que 2"):
            chrono_(LSTMCell(2, 3), T_max, new_generator())


def test_fit_bad_inputs(tmp_path):
    """Chaque argument fautif est refusé avant le premier lot."""
    model, optimizer, generator = training()

    def never(generator):
        raise AssertionError("un lot a été tiré")

    for name, value, error in [
        ("updates", 0, ValueError), ("updates", 1.5, TypeError), ("every", -3, ValueError),
        ("max_norm", 0.0, ValueError), ("max_norm", float("nan"), ValueError), ("generator", 3, TypeError),
    ]:  # fmt: skip
        arguments = {"updates": 10, "generator": generator} | {name: value}
        with pytest.raises(error, match=f"{name} : reçu .*attendu"):
            fit(model, never, cross_entropy, optimizer, **arguments)
    with pytest.raises(FileNotFoundError, match="checkpoint : reçu .*nulle/part.*attendu un fichier dans un dossier"):
        path = tmp_path / "nulle" / "part"
        fit(model, never, cross_entropy, optimizer, 10, generator=generator, checkpoint=path)
    for batch in (torch.zeros(3), (1, 2, 3)):
        with refused(TypeError, "(Tensor|tuple de longueur 3)", r"un couple \(x, y\)"):
            train_step(model, batch, cross_entropy, optimizer)
