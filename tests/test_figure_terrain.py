"""La figure « terrain » : ses tâches sont celles du paquet, ses nombres ceux de torch, ses réseaux apprennent."""

from __future__ import annotations

import json
import shutil
import subprocess

import pytest
import torch
from outils_figures import FIGURE, act, compute, lone_page, opened, sent_data, won
from serveur import chromium
from sources import ROOT
from torch import nn

from notebook_utils import (
    EASY,
    GRU,
    LSTM,
    NORMAL,
    RNN,
    Counting,
    Echo,
    MinGRU,
    SequenceClassifier,
    SequenceTagger,
    cross_entropy,
    decode_weights,
    train_step,
)

TASKS = {"parite": Counting(2, length=16), "echo": Echo(6, window=24, windows=1), "easy": EASY, "normal": NORMAL}
SIZES = {"parite": (1, 2), "echo": (1, 1), "easy": (8, 4), "normal": (8, 4)}
KINDS = {"rnn": RNN, "lstm": LSTM, "gru": GRU, "mingru": MinGRU}
GATES = {"rnn": [], "lstm": ["i", "f", "o"], "gru": ["z", "r"], "mingru": ["z"]}
LONG = 240_000  # ms : une machine occupée apprend lentement


@pytest.fixture(scope="module")
def sent():
    return sent_data("terrain")


@pytest.fixture(scope="module")
def browser():
    with chromium() as browser:
        yield browser


@pytest.fixture(scope="module")
def address(sent, tmp_path_factory):
    return lone_page(tmp_path_factory.mktemp("terrain"), "terrain", sent)


@pytest.fixture(scope="module")
def page(browser, address):
    return opened(browser, address, viewport={"width": 760, "height": 1300})


def read(name, codes):
    """Les entrées du paquet, d'après les codes de la page : ``(B, T, D)``."""
    codes = torch.as_tensor(codes).reshape(-1, TASKS[name].steps)
    if SIZES[name][0] == 1:
        return codes.unsqueeze(2).float()
    return nn.functional.one_hot(codes, 9)[..., :8].float()


# Les tâches

DRAW = """
import * as tasks from "./src/tasks.js";
import { mulberry32 } from "./src/random.js";
const all = { parite: tasks.counting(2, 16), echo: tasks.echo(6, 24), easy: tasks.EASY, normal: tasks.NORMAL };
const drawn = {};
for (const [name, task] of Object.entries(all))
  for (const split of ["train", "test"]) {
    const { codes, y } = tasks.sample(task, 4000, mulberry32(5), split);
    drawn[`${name} ${split}`] = { codes: [...codes], y: [...y] };
  }
console.log(JSON.stringify(drawn));
"""


@pytest.fixture(scope="module")
def drawn():
    command = [shutil.which("node"), "--input-type=module", "-e", DRAW]
    return json.loads(subprocess.run(command, cwd=ROOT / "figures", capture_output=True, check=True).stdout)


@pytest.mark.parametrize("split", ["train", "test"])
@pytest.mark.parametrize("name", TASKS)
def test_the_tasks_are_those_of_the_package(drawn, name, split):
    """Chaque exemple est du bon ensemble, et a la réponse que lui donne le paquet."""
    task, found = TASKS[name], drawn[f"{name} {split}"]
    inputs = read(name, found["codes"])
    assert set(task.split_of(inputs)) == {split}
    expected = task.encode(task.decode(inputs))
    assert torch.equal(expected.inputs, inputs)
    answers = expected.targets.argmax(1) if SIZES[name][0] == 8 else expected.targets.flatten()
    assert answers.tolist() == found["y"]


@pytest.mark.parametrize("name", TASKS)
def test_the_draws_have_the_law_of_the_package(drawn, name):
    """Chaque symbole a, à chaque pas, la fréquence qu'il a dans le paquet, à quatre écarts types et demi près."""
    inputs = read(name, drawn[f"{name} train"]["codes"])
    reference = TASKS[name].sample(40_000, generator=torch.Generator().manual_seed(0)).inputs
    share = reference.mean(dim=0)
    assert ((inputs.mean(dim=0) - share).abs() <= 4.5 * (share * (1 - share) / 4000).sqrt() + 0.012).all()


# Les nombres


def network(name, cell, exported, dtype=torch.float64):
    D, K = SIZES[name]
    weights = decode_weights(exported)
    layer = KINDS[cell](D, weights["W_y"].shape[1], generator=torch.Generator(), dtype=dtype)
    model = (SequenceClassifier if K == 4 else SequenceTagger)(layer, K, generator=torch.Generator())
    model.load_state_dict(weights)
    return model


def batch(name, codes):
    inputs, targets = TASKS[name].encode(TASKS[name].decode(read(name, codes)))
    return inputs.double(), targets.double() if targets.is_floating_point() else targets


@pytest.mark.parametrize("cell", KINDS)
@pytest.mark.parametrize("name", TASKS)
def test_twenty_updates_have_the_losses_of_torch(page, sent, name, cell):
    replay = sent["data"]["replays"][name]
    model = network(name, cell, replay["starts"][cell]["weights"])
    optimizer = torch.optim.Adam(model.parameters(), lr=replay["settings"]["lr"])
    loss = nn.BCEWithLogitsLoss() if name == "echo" else cross_entropy
    lots = [batch(name, list(map(int, row))) for row in replay["batches"]]
    exact = [train_step(model, lot, loss, optimizer, replay["settings"]["clip"]).loss for lot in lots]
    found = compute(page, {"replay": {"task": name, "cell": cell}})["losses"]
    assert len(found) == 20 and exact[-1] != exact[0]
    assert max(abs(a - b) for a, b in zip(found, exact, strict=True)) < 1e-9
    assert max(abs(a - b) for a, b in zip(found, replay["starts"][cell]["losses"], strict=True)) < 1e-4


def transcribed(cell, p, x, h, c):
    """Un pas de chaque cellule, écrit d'après ses équations ; l'état, la mémoire et les portes."""
    if cell == "rnn":
        return torch.tanh(x @ p["W_x"].T + h @ p["W_h"].T + p["b"]), None, {}
    if cell == "mingru":
        z, n = (x @ p["W_x"].T + p["b"]).chunk(2, -1)
        return (1 - z.sigmoid()) * h + z.sigmoid() * n, None, {"z": z.sigmoid()}
    if cell == "lstm":
        i, f, g, o = (x @ p["W_x"].T + h @ p["W_h"].T + p["b"]).chunk(4, -1)
        c = f.sigmoid() * c + i.sigmoid() * g.tanh()
        return o.sigmoid() * c.tanh(), c, {"i": i.sigmoid(), "f": f.sigmoid(), "o": o.sigmoid()}
    (x_r, x_z, x_n), (h_r, h_z, h_n) = (x @ p["W_x"].T + p["b"]).chunk(3, -1), (h @ p["W_h"].T).chunk(3, -1)
    r, z = (x_r + h_r).sigmoid(), (x_z + h_z).sigmoid()
    return (1 - z) * torch.tanh(x_n + r * (h_n + p["b_h"])) + z * h, None, {"z": z, "r": r}


def unrolled(cell, exported, inputs):
    p = {name.removeprefix("layer."): value.double() for name, value in decode_weights(exported).items()}
    h = c = torch.zeros(len(inputs), p["W_y"].shape[1], dtype=torch.float64, requires_grad=True)
    c = c.clone()
    states, memories, gates = [h], [c], []
    for x in inputs.unbind(1):
        h, c, gate = transcribed(cell, p, x, h, c)
        states.append(h)
        memories.append(c)
        gates.append(gate)
    return p, states, memories, gates


def expected_influence(name, p, states, memories, y):
    """La norme du gradient de la marge, rapportée à celle du dernier pas, d'après autograd."""
    logits = states[-1] @ p["W_y"].T + p["b_y"]
    K = logits.shape[1]
    if K == 1:
        margin = (2 * y - 1) * logits[:, 0]
    else:
        true = logits.gather(1, y.long()[:, None])[:, 0]
        margin = true - (logits.sum(1) - true) / (K - 1)
    grads = torch.autograd.grad(margin.sum(), memories if memories[-1] is not None else states)
    sizes = torch.stack([grad.norm(dim=1) for grad in grads])
    return (sizes / sizes[-1]).mean(1).flip(0)


def near(found, expected, tolerance=1e-6):
    gap = (torch.tensor(found, dtype=torch.float64) - expected.detach()).abs().max().item()
    assert gap < tolerance, gap


@pytest.mark.parametrize("cell", KINDS)
@pytest.mark.parametrize("name", TASKS)
def test_states_gates_and_gradients_are_those_of_torch(page, sent, name, cell):
    exported = sent["data"]["replays"][name]["starts"][cell]["weights"]
    for probe in (0, 1, 2):
        found = compute(page, {"replay": {"task": name, "cell": cell, "probe": probe}})
        inputs, targets = batch(name, found["probe"]["sequences"])
        assert set(TASKS[name].split_of(inputs.float())) == {"test"}
        p, states, memories, gates = unrolled(cell, exported, inputs)
        near(found["probe"]["states"], torch.stack(states)[1:, 0])
        assert [gate["name"].split()[0] for gate in found["probe"]["gates"]] == GATES[cell]
        for gate in found["probe"]["gates"]:
            near(gate["rows"], torch.stack([step[gate["name"].split()[0]] for step in gates])[:, 0])
        y = targets.argmax(1) if SIZES[name][0] == 8 else targets.reshape(len(targets), -1)[:, -1]
        near(found["influence"], expected_influence(name, p, states, memories, y))


def test_the_first_state_is_the_recorded_trial(browser, address, sent):
    page = opened(browser, address)
    found, recorded = compute(page, {}), sent["data"]["recorded"]
    assert found["recorded"] and found["updates"] == recorded["updates"]
    for trace, run, fading in zip(found["traces"], recorded["runs"], found["influence"], strict=True):
        assert (trace["steps"], trace["accuracy"]) == (run["steps"], run["accuracy"])
        inputs, targets = batch("parite", list(map(int, recorded["probe"])))
        p, states, memories, _ = unrolled("gru", run["weights"], inputs)
        near(fading, expected_influence("parite", p, states, memories, targets[:, -1]))
    assert "les trois graines savent la tâche" in page.locator(".jeu-phrase").inner_text()
    act(page, {"net": "1"})
    assert won(page) == [False, False, False], "l'essai enregistré ne gagne rien"


# L'apprentissage


def history(page):
    """Mises à jour, et par graine, la première mesure à 99 % et la dernière."""
    traces = compute(page, {})["traces"]
    first = [next((n for n, a in zip(t["steps"], t["accuracy"], strict=True) if a >= 0.99), None) for t in traces]
    return first, [trace["accuracy"][-1] for trace in traces]


def updates(page, least):
    page.wait_for_function(f"least => {FIGURE}.state.session?.updates >= least", arg=least, timeout=LONG)


def choose(page, **settings):
    for key, value in settings.items():
        page.locator(f"select[data-cle={key}]").select_option(value)


def button(page, name):
    return page.get_by_role("button", name=name, exact=True)


def test_easy_is_learnt_in_a_hundred_updates(browser, address):
    """Cellule et réglages par défaut, trois graines, sur des séquences tirées à part."""
    page = opened(browser, address)
    choose(page, task="easy")
    button(page, "Entraîner").click()
    updates(page, 100)
    button(page, "Pause").click()
    first, last = history(page)
    assert max(first) <= 100 and min(last) >= 0.99
    assert not page.complaints


def test_one_step_is_one_update_and_pieces_change_nothing(browser, address):
    """Vingt pas un par un, ou d'une traite : les mêmes pertes ; la graine suivante en donne d'autres."""
    losses = []
    for settings, times in (({}, 20), ({}, 0), ({"seed": 3}, 0)):
        page = opened(browser, f"{address}#terrain?task=easy&cell=lstm")
        act(page, settings)
        for rank in range(times):
            button(page, "Un pas").click()
            updates(page, rank + 1)
            page.wait_for_function(f"!{FIGURE}.state.playing")
            assert page.evaluate(f"{FIGURE}.state.session.updates") == rank + 1
        if not times:
            act(page, {"playing": True, "until": 20})
            updates(page, 20)
        losses.append([trace["losses"][1:] for trace in compute(page, {})["traces"]])
    assert losses[0] == losses[1] != losses[2]
    assert losses[1][0][:1] != losses[1][1][:1], "chaque graine a ses lots"


def test_the_buttons_do_what_they_say(browser, address):
    page = opened(browser, address)
    button(page, "Un pas").click()
    updates(page, 1)
    page.wait_for_function(f"!{FIGURE}.state.playing")
    page.wait_for_function("document.querySelector('.jeu-phrase').textContent.includes('après 1 mise à jour')")
    button(page, "Entraîner").click()
    assert button(page, "Pause").count() == 1
    updates(page, 11)
    assert page.locator(".jeu-phrase").inner_text()
    button(page, "Pause").click()
    button(page, "Repartir de zéro").click()
    page.wait_for_function(f"{FIGURE}.values.updates === 0 && {FIGURE}.values.previous.updates >= 11")
    assert "rien n’est encore appris" in page.evaluate(f"{FIGURE}.words")
    button(page, "Recommencer").click()
    page.wait_for_function(f"{FIGURE}.values.recorded === true")


def test_a_link_can_start_the_training_without_controls(browser, address):
    page = opened(browser, f"{address}?controles=non#terrain?task=easy&cell=mingru&playing=oui")
    updates(page, 5)
    assert page.locator(".jeu-commandes").count() == 0
    assert page.locator(".jeu-phrase").inner_text().startswith("EASY, minGRU de 16 unités")


def test_a_setting_changed_while_training_restarts_and_is_in_the_address(browser, address):
    """L'essai d'avant reste en gris ; un autre de la même tâche continue, de zéro, avec le nouveau réglage."""
    page = opened(browser, address)
    button(page, "Entraîner").click()
    updates(page, 12)
    choose(page, cell="mingru")
    page.wait_for_function(f"{FIGURE}.state.session?.settings.cell === 'mingru'")
    updates(page, 2)
    assert page.evaluate(f"{FIGURE}.state.playing && {FIGURE}.state.previous.updates") >= 12
    page.wait_for_function("location.hash.includes('cell=mingru')")
    assert button(page, "Pause").count() == 1
    choose(page, task="easy")
    page.wait_for_function(f"{FIGURE}.state.session?.settings.task.inputSize === 8")
    assert page.evaluate(f"{FIGURE}.state.previous") is None, "les courbes d'une autre tâche ne se comparent pas"


def test_a_start_that_does_not_exist_is_told(page):
    for cell, start in (("rnn", "chrono"), ("mingru", "orthogonal")):
        words = page.evaluate(
            f"changes => {{ const state = {{...{FIGURE}.state, ...changes}}; "
            f"return {FIGURE}.spec.say(state, {FIGURE}.spec.compute(state, {FIGURE}.data), {FIGURE}.data); }}",
            {"cell": cell, "start": start},
        )
        assert "départ ordinaire" in words and "n’existe pas" in words


# Les missions


def test_the_parity_mission_can_be_won(browser, address):
    page = opened(browser, address)
    button(page, "Entraîner").press("Enter")
    page.wait_for_selector(".jeu-missions > li:nth-child(1).gagnee", timeout=LONG)
    assert won(page) == [True, False, False]
    assert page.evaluate(f"{FIGURE}.state.session.updates") <= 400


def test_the_easy_mission_can_be_won(browser, address):
    page = opened(browser, address)
    choose(page, task="easy", lr="0.03")
    button(page, "Entraîner").click()
    page.wait_for_selector(".jeu-missions > li:nth-child(2).gagnee", timeout=LONG)


def test_the_clipping_mission_can_be_won(browser, address):
    page = opened(browser, address)
    choose(page, task="easy", cell="rnn", optimizer="sgd", lr="1", clip="non")
    button(page, "Entraîner").click()
    page.wait_for_function(f"{FIGURE}.state.exploded !== ''", timeout=LONG)
    updates(page, 60)
    assert max(history(page)[1]) < 0.6, "l'explosion n'a rien appris"
    choose(page, clip="1")
    page.wait_for_selector(".jeu-missions > li:nth-child(3).gagnee", timeout=LONG)
    assert won(page) == [False, False, True]


# Le dessin

OVERLAPS = """() => {
  const svg = document.querySelector('.jeu-dessin'), edge = svg.getBoundingClientRect();
  const boxes = [...svg.querySelectorAll('text')].filter(text => text.textContent.trim())
    .map(text => [text.textContent, text.getBoundingClientRect()]);
  const found = [];
  for (const [i, [words, a]] of boxes.entries()) {
    if (a.left < edge.left - 1 || a.right > edge.right + 1 || a.bottom > edge.bottom + 1)
      found.push('coupé : ' + words);
    for (const [other, b] of boxes.slice(i + 1))
      if (Math.min(a.right, b.right) - Math.max(a.left, b.left) > 1.5
          && Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top) > 4)
        found.push(words + ' / ' + other);
  }
  return found;
}"""


@pytest.mark.parametrize("width", [320, 390, 760])
def test_no_text_is_cut_or_covered(browser, address, width):
    page = opened(browser, address, viewport={"width": width, "height": 900})
    for settings in (
        {}, {"task": "echo", "cell": "lstm"}, {"task": "easy", "cell": "rnn", "H": "32"},
        {"task": "normal", "cell": "lstm", "H": "4", "seed": 27}, {"task": "normal", "previous": None},
    ):
        act(page, settings)
        assert page.evaluate(OVERLAPS) == [], settings
        assert page.evaluate("document.documentElement.scrollWidth") <= width
