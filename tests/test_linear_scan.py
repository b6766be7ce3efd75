"""Le balayage par paires : les états et les gradients de la boucle, à l'arrondi près."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from outils import new_generator, normal, refused

from notebook_utils import linear_scan
from notebook_utils.linear import scan

LENGTHS = [1, 2, 3, 4, 5, 7, 8, 9, 31, 64, 100]


def loop(a, b, h_0):
    """La récurrence, un pas après l'autre."""
    h, states = h_0, []
    for t in range(a.shape[1]):
        h = a[:, t] * h + b[:, t]
        states.append(h)
    return torch.stack(states, dim=1)


def draw(B, T, H, seed=0, scale=1.0):
    """Des coefficients de tous signes, un départ, et de quoi les dériver."""
    parts = normal(B, T, H, seed=seed), normal(B, T, H, seed=seed + 1), normal(B, H, seed=seed + 2)
    return [(scale * part).requires_grad_() for part in parts]


@pytest.mark.parametrize("T", LENGTHS)
def test_same_as_the_loop(T):
    """Mêmes états et mêmes gradients, à 1e-12 près, y compris avec des coefficients plus grands que 1."""
    a, b, h_0 = draw(2, T, 3)
    ours, theirs = linear_scan(a, b, h_0), loop(a, b, h_0)
    g = normal(2, T, 3, seed=9)
    pairs = zip(
        (ours, *torch.autograd.grad(ours, (a, b, h_0), g)),
        (theirs, *torch.autograd.grad(theirs, (a, b, h_0), g)),
        strict=True,
    )
    for got, wanted in pairs:
        torch.testing.assert_close(got, wanted, rtol=1e-12, atol=1e-12 * float(wanted.detach().abs().max()))


@settings(max_examples=25, deadline=None)
@given(B=st.integers(1, 4), T=st.integers(1, 40), H=st.integers(1, 5), seed=st.integers(0, 999))
def test_same_as_the_loop_for_any_size(B, T, H, seed):
    a, b, h_0 = draw(B, T, H, seed, scale=0.7)
    torch.testing.assert_close(linear_scan(a, b, h_0), loop(a, b, h_0), rtol=1e-11, atol=1e-11)


@pytest.mark.parametrize("T", [1, 2, 5, 12])
def test_gradcheck(T):
    """Les différences finies, pour la première dérivée et pour la seconde."""
    parts = draw(2, T, 3)
    assert torch.autograd.gradcheck(linear_scan, parts)
    assert torch.autograd.gradgradcheck(linear_scan, parts)


def test_known_values():
    """Doubler et ajouter 1 ; une somme cumulée ; un produit cumulé ; un coefficient nul efface."""
    ones = torch.ones(1, 6, 1, dtype=torch.float64)
    assert linear_scan(2 * ones, ones).flatten().tolist() == [1, 3, 7, 15, 31, 63]
    assert linear_scan(ones, ones).flatten().tolist() == [1, 2, 3, 4, 5, 6]
    assert linear_scan(-ones, 0 * ones, torch.ones(1, 1).double()).flatten().tolist() == [-1, 1, -1, 1, -1, 1]
    erase = ones.clone()
    erase[0, 3] = 0
    assert linear_scan(erase, ones).flatten().tolist() == [1, 2, 3, 1, 2, 3]


def test_float32_errors_do_not_grow():
    """Sur 16 384 pas, l'erreur relative reste de l'ordre de l'arrondi : ni quotient, ni logarithme."""
    g = new_generator()
    a, b = torch.rand(1, 16_384, 4, generator=g), torch.randn(1, 16_384, 4, generator=g)
    exact = loop(a.double(), b.double(), torch.zeros(1, 4).double())
    error = (linear_scan(a, b) - exact).norm() / exact.norm()
    assert error < 5e-7


def test_log2_stages(monkeypatch):
    """Treize étages pour 4 096 pas, chacun deux fois plus court que celui d'avant."""
    lengths, pairwise = [], scan.pairwise

    def spy(a, b, h_0, h):
        lengths.append(len(a))
        pairwise(a, b, h_0, h)

    monkeypatch.setattr(scan, "pairwise", spy)
    linear_scan(torch.ones(1, 4_096, 1), torch.ones(1, 4_096, 1))
    assert lengths == [2**k for k in range(12, -1, -1)] and len(lengths) == 1 + math.log2(4_096)


def test_inputs_are_untouched_and_layouts_do_not_matter():
    a, b, h_0 = (part.detach() for part in draw(2, 9, 3))
    kept = [part.clone() for part in (a, b, h_0)]
    expected = linear_scan(a, b, h_0)
    assert all(torch.equal(*pair) for pair in zip((a, b, h_0), kept, strict=True))
    turned = a.permute(1, 2, 0).contiguous().permute(2, 0, 1), b.permute(2, 0, 1).contiguous().permute(1, 2, 0)
    assert not turned[0].is_contiguous()
    torch.testing.assert_close(linear_scan(*turned, h_0), expected, rtol=1e-14, atol=1e-14)
    wide = a[:, :1].expand(2, 9, 3)
    torch.testing.assert_close(linear_scan(wide, b), loop(wide, b, torch.zeros(2, 3).double()))


def test_no_start_is_zero():
    a, b, h_0 = (part.detach() for part in draw(2, 9, 3))
    assert torch.equal(linear_scan(a, b), linear_scan(a, b, torch.zeros_like(h_0)))
    assert linear_scan(a.float(), b.float()).dtype == torch.float32


def test_torch_func():
    """``grad`` et ``vmap`` : un axe de plus ne change rien."""
    a, b, h_0 = (part.detach() for part in draw(2, 6, 3))
    read = torch.func.grad(lambda a, b: linear_scan(a, b, h_0).square().sum(), argnums=(0, 1))
    a_3, b_3 = (torch.stack([part, 0.5 * part, -part]) for part in (a, b))
    got = torch.func.vmap(read)(a_3, b_3)
    for k in range(3):
        for part, wanted in zip(got, read(a_3[k], b_3[k]), strict=True):
            torch.testing.assert_close(part[k], wanted)


@pytest.mark.parametrize(
    ("change", "error", "received", "expected"),
    [
        ({"a": [1.0]}, TypeError, "list", "un tenseur"),
        ({"a": torch.ones(2, 5)}, ValueError, r"la forme \(2, 5\)", r"\(B, T, H\)"),
        ({"a": torch.ones(2, 5, 3, dtype=torch.int64)}, TypeError, "le type torch.int64", "un type à virgule"),
        ({"a": torch.ones(2, 0, 3)}, ValueError, r"la forme \(2, 0, 3\)", r"\(B, T, H\), tous au moins"),
        ({"b": torch.ones(2, 4, 3)}, ValueError, r"la forme \(2, 4, 3\)", r"\(2, 5, 3\)"),
        ({"b": torch.ones(2, 5, 3).double()}, TypeError, "le type torch.float64", "torch.float32"),
        ({"h_0": torch.ones(2, 4)}, ValueError, r"la forme \(2, 4\)", r"\(2, 3\)"),
        ({"h_0": 0.0}, TypeError, "float", "un tenseur"),
    ],
)
def test_bad_arguments(change, error, received, expected):
    arguments = {"a": torch.ones(2, 5, 3), "b": torch.ones(2, 5, 3), "h_0": torch.ones(2, 3)} | change
    with refused(error, received, expected):
        linear_scan(**arguments)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="pas de carte graphique")
def test_cuda():
    a, b, h_0 = (part.detach().cuda().requires_grad_() for part in draw(2, 300, 3, scale=0.5))
    ours, theirs = linear_scan(a, b, h_0), loop(a, b, h_0)
    torch.testing.assert_close(ours, theirs, rtol=1e-12, atol=1e-12)
    for got, wanted in zip(
        torch.autograd.grad(ours.sum(), (a, b, h_0)), torch.autograd.grad(theirs.sum(), (a, b, h_0)), strict=True
    ):
        torch.testing.assert_close(got, wanted, rtol=1e-12, atol=1e-12)
