r"""Récurrences linéaires : l'état n'entre dans aucune porte, et tous les pas se calculent ensemble.

.. math::

    h_t = a_t \odot h_{t-1} + b_t

:func:`linear_scan` calcule tous les états par paires, en :math:`\lceil \log_2 T \rceil` étages ;
``MinGRU``, ``MinLSTM`` et ``SignedMinGRU`` en sont les couches.
"""

from .mingru import MinGRU, MinLSTM, SignedMinGRU, chrono_gates_
from .scan import linear_scan

__all__ = ["MinGRU", "MinLSTM", "SignedMinGRU", "chrono_gates_", "linear_scan"]
