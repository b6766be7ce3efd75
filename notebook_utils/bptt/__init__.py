r"""Couches récurrentes dont la rétropropagation est écrite à la main.

``RNN``, ``LSTM`` et ``GRU`` calculent ce que ``unroll`` calcule avec la cellule de même nom ;
leurs paramètres sont les siens : mêmes noms, même ordre, même tirage, mêmes ``state_dict``.
Seul le calcul est réorganisé, sur la séquence entière :

- :math:`W_x x_t + b` ne dépend pas de l'état : un seul produit le donne pour tous les pas ;
- les portes sont empilées : un seul produit par pas, :math:`W_h h_{t-1}`, les sert toutes ;
- autograd voit une opération par séquence, au lieu d'une dizaine par pas ;
- au retour, les pentes locales sont calculées d'avance, pour tous les pas à la fois ;
  la boucle ne garde que ce qui dépend du pas suivant ;
- chaque gradient de poids, somme sur le temps, est un seul produit de matrices.

Le retour lit la séquence par tranches, de la dernière à la première, qui se transmettent le gradient de l'état :
ses tableaux de travail ne grandissent pas avec :math:`T`, et tiennent dans le cache du processeur.
Les boucles sont sous ``torch.inference_mode`` : autograd n'a rien à y suivre, et une opération y coûte moins.

Dans ces modules, le temps est le premier axe, comme dans les équations.
La couche RNN range un exemple par ligne, ``(T, B, H)``. Les couches à portes rangent un exemple par colonne,
``(T, kH, B)`` : chaque porte y occupe un bloc d'un seul tenant.
"""

from .fused import FusedLSTM
from .gru import GRU
from .lstm import LSTM
from .rnn import RNN

__all__ = ["GRU", "LSTM", "RNN", "FusedLSTM"]
