"""Le JavaScript des figures : ses outils, ses cellules et ses optimiseurs contre PyTorch, ses poids, ses scripts."""

from __future__ import annotations

import gzip
import json
import math
import os
import re
import shutil
import subprocess

import pytest
import torch
from outils import new_generator, normal, refused
from sources import ROOT
from torch.nn import functional as F

from notebook_utils import (
    GRU,
    LSTM,
    RNN,
    LSTMState,
    MinGRU,
    SequenceClassifier,
    cross_entropy,
    decode_weights,
    export_weights,
    rounding_error,
)

FIGURES = ROOT / "figures"
STATIC = ROOT / "notebook_utils" / "interactive" / "static" / "figures"
KINDS = {"RNNCell": RNN, "LSTMCell": LSTM, "GRUCell": GRU, "MinGRUCell": MinGRU}
SIZES = [(1, 1, 20, 1), (3, 5, 23, 4), (8, 16, 20, 3), (2, 7, 31, 2), (13, 12, 40, 1)]  # D, H, T, B
TYPES = {"float64": (torch.float64, 1e-10), "float32": (torch.float32, 1e-5)}


def run(*command: str, **options) -> subprocess.CompletedProcess:
    return subprocess.run(command, cwd=FIGURES, capture_output=True, text=True, check=False, **options)


@pytest.fixture(scope="module")
def npm():
    """Les outils, installés s'ils ne le sont pas."""
    if not (FIGURES / "node_modules").exists():
        result = run("npm", "ci")
        assert result.returncode == 0, result.stderr
    return shutil.which("npm")


def answers(requests):
    """Fait calculer des demandes par JavaScript ; rend ses réponses."""
    result = run("node", "test/oracle.mjs", input=json.dumps(requests))
    assert result.returncode == 0, result.stderr
    return json.loads(result.stdout)


def ask(**request):
    """Fait calculer une demande."""
    return answers([request])[0]


def by_time(tensor):
    """``(B, T, …)`` vu comme JavaScript le range : le temps d'abord, tout à plat."""
    return tensor.detach().transpose(0, 1).flatten().tolist()


def flat(tensor):
    return tensor.detach().flatten().tolist()


def named(module):
    return {name.rpartition(".")[2]: flat(param) for name, param in module.named_parameters()}


def close(found, expected, tolerance, largest=None):
    """Écart absolu en ``float64`` ; en ``float32``, relatif à la plus grande valeur, ou à celle qui est donnée."""
    found, expected = torch.tensor(found, dtype=torch.float64), expected.detach().double().flatten()
    assert len(found) == len(expected)
    scale = 1.0 if tolerance < 1e-8 else largest or expected.abs().max().item()
    gap = (found - expected).abs().max().item() / scale
    assert gap < tolerance, f"écart {gap:.2e}"


# Les outils


def test_the_sources_are_formatted_linted_and_typed(npm):
    result = run("npm", "run", "--silent", "check")
    assert result.returncode == 0, result.stdout + result.stderr


def test_javascript_tests_pass(npm):
    result = run("npm", "test", "--silent")
    assert result.returncode == 0, result.stdout + result.stderr


def test_the_tools_are_pinned_and_name_no_registry():
    package = json.loads((FIGURES / "package.json").read_text("utf-8"))
    assert package["private"] and "dependencies" not in package
    assert all(re.fullmatch(r"\d+\.\d+\.\d+", pinned) for pinned in package["devDependencies"].values())
    assert '"resolved"' not in (FIGURES / "package-lock.json").read_text("utf-8")


# Les cellules


def sequence(kind, sizes, dtype, one_hot):
    """Une séquence, un état de départ et des gradients tirés au hasard, ce que PyTorch en fait, et la demande."""
    D, H, T, B = sizes
    layer = KINDS[kind](D, H, generator=new_generator(1), dtype=dtype)
    codes = torch.randint(D, (B, T), generator=new_generator(2))
    x = F.one_hot(codes, D).to(dtype) if one_hot else normal(B, T, D, seed=2).to(dtype)
    x.requires_grad_()
    parts = [normal(B, H, seed=seed).to(dtype).requires_grad_() for seed in range(3, 5 if kind == "LSTMCell" else 4)]
    outputs, last = layer(x, LSTMState(*parts) if len(parts) > 1 else parts[0])
    g, dc = normal(B, T, H, seed=5).to(dtype), normal(B, H, seed=6).to(dtype)
    loss = (outputs * g).sum() + ((last.c * dc).sum() if len(parts) > 1 else 0)
    loss.backward()
    request = {"task": "sequence", "kind": kind, "dtype": str(dtype).removeprefix("torch."), "first": T // 2}
    request |= {"D": D, "H": H, "T": T, "B": B, "weights": named(layer), "x": by_time(x)}
    request |= dict(zip("hc", map(flat, parts), strict=False))
    request |= {"dh": [0.0] * (B * H) + by_time(g), "dc": flat(dc)}
    return layer, x, parts, outputs, request


@pytest.mark.parametrize("dtype", TYPES)
@pytest.mark.parametrize("kind", KINDS)
def test_a_cell_computes_what_torch_computes(kind, dtype):
    """Sorties, gradients de tous les poids, des entrées et des états de départ ; des réels, puis des symboles."""
    dtype, tolerance = TYPES[dtype]
    cases = [sequence(kind, sizes, dtype, one_hot) for sizes in SIZES for one_hot in (False, True)]
    found = answers([case[-1] for case in cases])
    for case, answer in zip(cases, found, strict=True):
        compare(*case[:-1], answer, tolerance)


def compare(layer, x, parts, outputs, answer, tolerance):
    """En ``float32``, l'écart d'un gradient se rapporte au plus grand d'entre eux : des sommes se compensent."""
    start, weights = parts[0].numel(), dict(layer.named_parameters())
    largest = max(tensor.grad.abs().max().item() for tensor in [x, *parts, *weights.values()])
    close(answer["h"][start:], outputs.transpose(0, 1), tolerance)
    close(answer["dx"], x.grad.transpose(0, 1), tolerance, largest)
    for name, part in zip(("dh", "dc"), parts, strict=False):
        close(answer[name][:start], part.grad, tolerance, largest)
    assert answer["grads"].keys() == weights.keys()
    for name, param in weights.items():
        close(answer["grads"][name], param.grad, tolerance, largest)


def test_the_gradient_of_every_state_is_left_to_read():
    """``dh`` garde ∂L/∂h_t pour tout t : c'est ce que les figures montrent."""
    D, H, T, B = 3, 4, 20, 2
    layer = RNN(D, H, generator=new_generator(0), dtype=torch.float64)
    states = [torch.zeros(B, H, dtype=torch.float64, requires_grad=True)]
    x = normal(B, T, D, seed=1)
    for t in range(T):
        states.append(layer(x[:, t : t + 1], states[-1])[1])
        states[-1].retain_grad()
    states[-1].sum().backward()
    dh = [0.0] * (B * H * T) + [1.0] * (B * H)
    asked = {"weights": named(layer), "x": by_time(x), "h": [0.0] * (B * H), "dh": dh}
    found = ask(task="sequence", kind="RNNCell", dtype="float64", D=D, H=H, T=T, B=B, **asked)
    close(found["dh"], torch.stack([state.grad for state in states]), 1e-12)


# La lecture


@pytest.mark.parametrize("loss", ["binaire", "classes"])
def test_a_readout_and_its_loss_are_those_of_torch(loss):
    H, n, K = 5, 11, 1 if loss == "binaire" else 4
    h, W_y, b_y = [normal(*shape, seed=seed).requires_grad_() for seed, shape in enumerate([(n, H), (K, H), (K,)])]
    logits = 3 * h @ W_y.T + b_y
    y = torch.randint(2 if K == 1 else K, (n,), generator=new_generator(3))
    ignored = torch.arange(n) % 4 == 3
    kept = logits[~ignored]
    expected = (
        F.binary_cross_entropy_with_logits(kept[:, 0], y[~ignored].double())
        if K == 1
        else F.cross_entropy(kept, y[~ignored])
    )
    expected.backward()
    weights = {"W_y": flat(3 * W_y), "b_y": flat(b_y)}
    asked = {"weights": weights, "h": flat(h), "y": torch.where(ignored, -1, y).tolist()}
    found = ask(task="readout", dtype="float64", H=H, K=K, n=n, loss=loss, **asked)
    assert math.isclose(found["loss"], expected.item(), rel_tol=1e-12)
    close(found["logits"], logits, 1e-12)
    close(found["dh"], h.grad, 1e-12)
    close(found["grads"]["W_y"], W_y.grad / 3, 1e-12)
    close(found["grads"]["b_y"], b_y.grad, 1e-12)


def test_a_loss_of_no_answer_is_refused():
    asked = {"weights": {"W_y": [1.0], "b_y": [0.0]}, "h": [1.0], "y": [-1]}
    found = ask(task="readout", dtype="float64", H=1, K=1, n=1, loss="binaire", **asked)
    assert "aucune réponse" in found["error"]


# L'apprentissage


@pytest.mark.parametrize(
    ("kind", "options"),
    [
        ("Adam", {"lr": 0.01}),
        ("Adam", {"lr": 0.3, "betas": (0.5, 0.9), "eps": 1e-3}),
        ("SGD", {"lr": 0.1}),
        ("SGD", {"lr": 0.1, "momentum": 0.9}),
    ],
)
def test_optimizers_and_clipping_are_those_of_torch(kind, options):
    """Cinquante pas, écrêtés un sur deux environ."""
    params = [normal(3, 4, seed=1).requires_grad_(), normal(5, seed=2).requires_grad_()]
    start, scale = [flat(param) for param in params], torch.linspace(0.1, 2, 50)
    grads = [[scale[k].item() * normal(*p.shape, seed=10 * k + n) for n, p in enumerate(params)] for k in range(50)]
    asked = [[flat(grad) for grad in step] for step in grads]
    found = ask(task="optimize", kind=kind, options=options, params=start, grads=asked, maxNorm=4.0)
    optimizer, norms = getattr(torch.optim, kind)(params, **options), []
    for step in grads:
        for param, grad in zip(params, step, strict=True):
            param.grad = grad
        norms.append(torch.nn.utils.clip_grad_norm_(params, 4.0).item())
        optimizer.step()
    assert min(norms) < 4 < max(norms)
    close(found["norms"], torch.tensor(norms, dtype=torch.float64), 1e-12)
    for values, param in zip(found["params"], params, strict=True):
        close(values, param, 1e-12)


@pytest.mark.parametrize("kind", KINDS)
def test_twenty_losses_from_the_same_start_are_those_of_torch(kind):
    D, H, K, T, B = 8, 16, 4, 20, 32
    layer = KINDS[kind](D, H, generator=new_generator(0), dtype=torch.float32)
    model = SequenceClassifier(layer, K, generator=new_generator(1))
    codes = torch.randint(D, (20, B, T), generator=new_generator(2))
    x, y = F.one_hot(codes, D).float(), codes[:, :, -3] % K
    asked = {"weights": named(model), "x": [by_time(batch) for batch in x], "y": y.tolist()}
    found = ask(task="training", kind=kind, dtype="float32", D=D, H=H, K=K, T=T, B=B, steps=20, lr=0.02, maxNorm=1.0,
                **asked)
    optimizer, losses = torch.optim.Adam(model.parameters(), lr=0.02), []
    for batch, classes in zip(x, y, strict=True):
        loss = cross_entropy(model(batch), classes)
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        losses.append(loss.item())
    close(found["losses"], torch.tensor(losses), 1e-4)


# Les poids exportés


@pytest.mark.parametrize("dtype", ["float16", "float32", "int8"])
@pytest.mark.parametrize("kind", KINDS)
def test_exported_weights_are_read_the_same_on_both_sides(kind, dtype):
    layer = KINDS[kind](3, 5, generator=new_generator(0))
    exported = json.loads(json.dumps(export_weights(layer, dtype, symbols="aé€", seed=7)))
    found, expected = ask(task="decode", exported=exported, cell=[kind, 3, 5]), decode_weights(exported)
    assert (found["symbols"], found["seed"]) == (["a", "é", "€"], 7)
    for name, param in layer.named_parameters():
        assert found["shapes"][name] == list(param.shape)
        close(found["weights"][name], expected[name], 1e-15)
        assert (expected[name] - param).abs().max() <= rounding_error(layer, exported)
    bounds = {"float32": 0.0, "float16": 2**-12, "int8": 5**-0.5 / 254 * 1.001}
    assert rounding_error(layer, exported) <= bounds[dtype]


def test_every_float16_is_read():
    values = torch.arange(2**16, dtype=torch.int32).to(torch.uint16).view(torch.float16)
    values = values[values.isfinite()]
    found = ask(task="decode", exported=export_weights({"w": values}))
    assert torch.equal(torch.tensor(found["weights"]["w"]), values.float())


def test_int8_rounds_by_row():
    """Une petite ligne n'est pas écrasée par une grande, une ligne nulle le reste, un vecteur n'est pas quantifié."""
    W, b = torch.tensor([[1e-3, -5e-4, 2e-4], [100.0, 50, 1], [0, 0, 0]]), torch.tensor([1e-3, 5.0])
    exported = export_weights({"W": W, "b": b}, "int8")
    found = decode_weights(exported)
    assert exported["weights"]["b"]["dtype"] == "float16"
    steps = W.abs().amax(dim=1, keepdim=True) / 127
    assert ((found["W"] - W).abs() <= steps / 2 * 1.001).all() and (found["W"][2] == 0).all()
    assert rounding_error({"W": W, "b": b}, exported) == (found["W"] - W).abs().max().item()


def damaged(**changes):
    """Un export où l'on a changé quelque chose."""
    exported = export_weights({"W": torch.ones(2, 3), "b": torch.ones(2)}, "int8")
    exported["weights"]["W"] |= changes
    return exported


DAMAGED = [
    ("type", damaged(dtype="float8"), "W"),
    ("forme", damaged(shape=[2, -3]), "W"),
    ("forme et longueur", damaged(shape=[2, 4]), "6 octets"),
    ("base 64", damaged(data="**"), "W.data"),
    ("données absentes", damaged(data=None), "W.data"),
    ("échelles", damaged(scale=""), "W.scale"),
    ("version", damaged() | {"version": 99}, "version"),
    ("sans poids", damaged() | {"weights": None}, "poids|weights"),
]


@pytest.mark.parametrize(("_", "exported", "place"), DAMAGED, ids=[name for name, _, _ in DAMAGED])
def test_a_damaged_export_is_refused_in_french(_, exported, place):
    message = ask(task="decode", exported=exported)["error"]
    assert re.search(rf"Poids illisibles.*(?:{place}).*(?:reçu|attendu)", message), message
    with refused(ValueError, "", ""):
        decode_weights(exported)


@pytest.mark.parametrize(
    ("exported", "words"),
    [
        (export_weights(GRU(3, 4)), r"W_x : reçu la forme \(12, 3\), attendu \(16, 3\)"),
        (export_weights({"W_x": torch.ones(16, 3)}), r"W_h : reçu rien, attendu un tenseur \(16, 4\)"),
        (None, "version"),
        (export_weights({"W_x": torch.ones(1)}) | {"weights": {"W_x": None}}, "W_x"),
    ],
)
def test_an_export_of_another_network_is_refused(exported, words):
    assert re.search(words, ask(task="decode", exported=exported, cell=["LSTMCell", 3, 4])["error"])


def test_what_cannot_be_exported_is_refused():
    W = torch.ones(2, 2)
    with refused(TypeError, "list", "un torch.nn.Module"):
        export_weights([W])
    with refused(TypeError, "le nom 3", "une chaîne"):
        export_weights({3: W})
    with refused(TypeError, "le type torch.int64", "un type à virgule flottante"):
        export_weights({"W": W.long()})
    with refused(ValueError, "aucun poids", "au moins un tenseur"):
        export_weights({})
    with refused(ValueError, r"la forme \(0, 2\)", "au moins une valeur"):
        export_weights({"W": W[:0]})
    with refused(ValueError, ".*", ".*"):
        export_weights({"W": W * math.nan})
    with refused(ValueError, "1e\\+05", "des poids que float16 sait écrire"):
        export_weights({"W": 1e5 * W})
    with refused(ValueError, "1e\\+300", "des poids que int8 sait écrire"):
        export_weights({"W": 1e300 * W.double()}, "int8")
    with refused(ValueError, "'int4'", "'float16'"):
        export_weights({"W": W}, "int4")
    with refused(ValueError, "un symbole répété", "des symboles tous différents"):
        export_weights({"W": W}, symbols="aa")
    with refused(TypeError, "int", "une chaîne"):
        export_weights({"W": W}, symbols=3)
    with refused(ValueError, "-1", "un entier positif ou nul"):
        export_weights({"W": W}, seed=-1)
    with refused(TypeError, "list", "un dictionnaire d'export_weights"):
        decode_weights([])
    with refused(ValueError, "les poids V", "W"):
        rounding_error({"W": W}, export_weights({"V": W}))


# Les scripts construits


def test_the_built_scripts_are_up_to_date_and_light(npm):
    result = run("node", "build.mjs", "--check")
    assert result.returncode == 0, result.stdout + result.stderr


def test_building_twice_gives_the_same_bytes(npm, tmp_path):
    folders = [tmp_path / "un", tmp_path / "deux"]
    for folder in folders:
        result = run("node", "build.mjs", env=os.environ | {"FIGURES_CIBLE": str(folder)})
        assert result.returncode == 0, result.stderr
    first, second = [{path.name: path.read_bytes() for path in folder.iterdir()} for folder in folders]
    assert first == second
    assert not [name for name, content in first.items() if str(ROOT).encode() in content]


def test_a_changed_or_orphan_script_is_named(npm, tmp_path):
    environment = os.environ | {"FIGURES_CIBLE": str(tmp_path)}
    (tmp_path / "orpheline.js").write_text("", encoding="utf-8")
    result = run("node", "build.mjs", "--check", env=environment)
    assert result.returncode == 1
    assert "orpheline.js : n'a plus de source" in result.stderr and "make figures" in result.stderr
    run("node", "build.mjs", env=environment)
    assert not (tmp_path / "orpheline.js").exists()
    for path in tmp_path.iterdir():
        path.write_bytes(path.read_bytes() + b" ")
        result = run("node", "build.mjs", "--check", env=environment)
        assert result.returncode == 1 and f"{path.name} : n'est plus celui de ses sources" in result.stderr


@pytest.mark.parametrize("path", sorted(STATIC.glob("*.*js")), ids=lambda path: path.name)
def test_a_script_keeps_to_its_budget(path):
    assert len(gzip.compress(path.read_bytes())) <= (60_000 if path.stem == "terrain" else 30_000)
