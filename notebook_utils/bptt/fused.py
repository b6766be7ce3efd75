"""La couche LSTM calculée par le noyau de PyTorch."""

import torch

from ..recurrence.weights import Layer, LSTMState, LSTMWeights
from .common import through_time
from .lstm import lstm_step

__all__ = ["FusedLSTM"]


class FusedLSTM(Layer, LSTMWeights):
    r"""Couche LSTM confiée au noyau de PyTorch : la rapide, à côté de la lisible.

    .. math::

        (h_1, \dots, h_T), (h_T, c_T) = \mathrm{LSTM}((x_1, \dots, x_T), (h_0, c_0))

    La fonction, l'interface et les paramètres sont ceux de :class:`LSTM` ;
    seuls les arrondis diffèrent. Sur processeur, en ``float32``, ``torch.lstm`` appelle le noyau
    d'oneDNN, qui fond en un seul programme, compilé pour la machine, les produits et les portes
    de tous les pas : une boucle écrite en Python ne l'atteint pas sur de petits réseaux.
    Le retour est celui de PyTorch, et non celui du cours.

    Écarts à ``torch.nn.LSTM`` : ceux de la cellule, une seule couche, un seul sens ;
    le second biais, que le cours n'écrit pas, est un tenseur nul qui ne s'apprend pas.
    ``torch.compile`` et ``torch.autocast`` la laissent calculer comme :class:`RNN` ; ``torch.func.grad`` y fonctionne.
    Sur carte graphique, cuDNN demande des poids contigus et avertit qu'il les recopie.

    Args:
        input_size: taille :math:`D` de l'entrée.
        hidden_size: taille :math:`H` des deux états.
        generator, dtype, device: comme :class:`~notebook_utils.recurrence.cells.RNNCell`.

    Raises:
        TypeError: comme :class:`LSTM`.
        ValueError: comme :class:`LSTM`.

    References:
        Documentation de ``torch.nn.LSTM`` ; documentation d'oneDNN, primitive *RNN*.

    Example:
        >>> import torch
        >>> from notebook_utils.bptt import LSTM
        >>> layer, fused = LSTM(3, 5), FusedLSTM(3, 5)
        >>> fused.load_state_dict(layer.state_dict())
        <All keys matched successfully>
        >>> x = torch.ones(2, 7, 3)
        >>> torch.allclose(fused(x)[0], layer(x)[0], atol=1e-6)
        True
    """

    def forward(self, x, state=None):
        """Rend ``outputs`` ``(B, T, H)`` et ``LSTMState(h, c)`` ; ``x`` est ``(B, T, D)``."""
        x, h_0, c_0 = self._start(x, state)
        weights = [self.W_x, self.W_h, self.b, torch.zeros_like(self.b)]
        # Dans l'ordre : avec biais, une couche, sans abandon, entraînement, un sens, lot en premier.
        options = True, 1, 0.0, self.training, False, True
        outputs, h_T, c_T = through_time(torch.lstm, x, (h_0[None], c_0[None]), weights, *options)
        return outputs, LSTMState(h_T[0].clone(), c_T[0].clone())  # des tenseurs à part, comme ceux de LSTM

    def _advance(self, x, h, c):
        return lstm_step(self, x, h, c)
