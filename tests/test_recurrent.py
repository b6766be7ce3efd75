"""La boucle qui déroule une cellule, et la couche qui l'enveloppe."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from outils import flat, normal

from notebook_utils import GRUCell, LSTMCell, LSTMState, PaperGRUCell, Recurrent, RNNCell, detach, unroll

CELLS = [RNNCell, LSTMCell, GRUCell, PaperGRUCell]


def new_cell(kind, D=3, H=5):
    return kind(D, H, dtype=torch.float64, generator=torch.Generator().manual_seed(1))


class CountingCell:
    """Fausse cellule : l'état compte les pas, la sortie y ajoute l'entrée."""

    def initial_state(self, batch_size):
        return torch.zeros(batch_size, 1)

    def __call__(self, x, state):
        return x + state, state + 1


def test_unroll_goes_through_time_in_order():
    """Avec la fausse cellule, la bonne réponse se lit : entrée t plus le nombre de pas passés."""
    x = 10.0 * torch.arange(1, 9).reshape(2, 4, 1)  # (B, T, D)
    outputs, state = unroll(CountingCell(), x)
    assert outputs.squeeze(-1).tolist() == [[10, 21, 32, 43], [50, 61, 72, 83]]
    assert state.tolist() == [[4], [4]]


def test_unroll_starts_from_the_given_state():
    """L'état donné remplace l'état initial de la cellule."""
    outputs, state = unroll(CountingCell(), torch.zeros(1, 3, 1), torch.tensor([[100.0]]))
    assert outputs.flatten().tolist() == [100, 101, 102]
    assert state.item() == 103


@settings(max_examples=25, deadline=None)
@given(kind=st.sampled_from(CELLS), T=st.integers(2, 25), data=st.data())
def test_two_parts_make_the_whole(kind, T, data):
    """Dérouler en deux fois, en transmettant l'état, donne le déroulement entier."""
    cut = data.draw(st.integers(1, T - 1))
    cell, x = new_cell(kind), normal(2, T, 3, seed=T)
    whole, last = unroll(cell, x)
    first, state = unroll(cell, x[:, :cut])
    second, last_too = unroll(cell, x[:, cut:], state)
    torch.testing.assert_close(torch.cat([first, second], dim=1), whole)
    torch.testing.assert_close(flat(last_too), flat(last))


@pytest.mark.parametrize("kind", CELLS, ids=lambda kind: kind.__name__)
def test_examples_do_not_mix(kind):
    """Chaque séquence du lot donne ce qu'elle donnerait seule."""
    cell, x = new_cell(kind), normal(4, 20, 3)
    outputs, _ = unroll(cell, x)
    alone = torch.cat([unroll(cell, x[k : k + 1])[0] for k in range(4)])
    torch.testing.assert_close(outputs, alone)


@pytest.mark.parametrize("kind", CELLS, ids=lambda kind: kind.__name__)
def test_layer_is_unroll(kind):
    """``Recurrent`` rend ce que rend ``unroll``, et ses paramètres sont ceux de la cellule."""
    cell, x = new_cell(kind), normal(2, 20, 3)
    layer = Recurrent(cell)
    state = unroll(cell, normal(2, 4, 3, seed=5))[1]
    for start in (None, state):
        expected, received = unroll(cell, x, start), layer(x, start)
        assert torch.equal(received[0], expected[0])
        assert all(map(torch.equal, flat(received[1]), flat(expected[1])))
    assert {id(p) for p in layer.parameters()} == {id(p) for p in cell.parameters()}


@pytest.mark.parametrize("kind", CELLS, ids=lambda kind: kind.__name__)
def test_one_step_of_the_layer_is_the_cell(kind):
    cell, x = new_cell(kind), normal(4, 3)
    state = cell.initial_state(4)
    torch.testing.assert_close(flat(Recurrent(cell).step(x, state)), flat(cell(x, state)), rtol=0, atol=0)


@pytest.mark.parametrize("kind", CELLS, ids=lambda kind: kind.__name__)
def test_a_detached_state_has_the_same_numbers_and_no_history(kind):
    cell = new_cell(kind)
    _, state = cell(normal(4, 3), cell.initial_state(4))
    cut = detach(state)
    assert type(cut) is type(state) and all(part.requires_grad for part in flat(state))
    assert not any(part.requires_grad for part in flat(cut))
    torch.testing.assert_close(flat(cut), flat(state), rtol=0, atol=0)


def test_detach_goes_down_into_nested_states():
    """L'état de deux couches est un n-uplet d'états."""
    leaf = torch.ones(2, 3, requires_grad=True)
    cut = detach((LSTMState(leaf, leaf * 2), leaf))
    assert isinstance(cut[0], LSTMState) and not any(part.requires_grad for part in (*cut[0], cut[1]))


@pytest.mark.parametrize("state", [None, [1.0], "h", (torch.ones(1), 3)], ids=repr)
def test_detach_refuses_what_is_not_a_state(state):
    with pytest.raises(TypeError, match="state : reçu"):
        detach(state)
