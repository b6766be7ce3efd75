/**
 * Les cellules récurrentes du cours, à lire à côté de leur module Python, `notebook_utils/recurrence/cells.py`.
 *
 * Mêmes noms, mêmes paramètres, même ordre des blocs : des poids de PyTorch s'y chargent tels quels.
 * Chaque cellule écrit un pas de l'aller (`step`) et un pas du retour (`stepBack`) ; le reste est commun,
 * dans `recurrence.js`. Comme en Python, `h_prev` est h_{t−1}, et `delta` réunit les ∂L/∂a_t.
 */

import * as products from "./products.js";
import { Cell } from "./recurrence.js";

/** @typedef {import("./recurrence.js").Run} Run */

/** @param {number} a */
const sigmoid = (a) => 1 / (1 + Math.exp(-a));

/**
 * Cellule récurrente standard : h_t = tanh(W_h h_{t−1} + W_x x_t + b).
 *
 * Paramètres : `W_x` (H, D), `W_h` (H, H), `b` (H). `run.gates` garde les pré-activations a_t.
 */
export class RNNCell extends Cell {
  /** @param {Run} run @param {number} t */
  step(run, t) {
    this.addState(run, t);
    const { h, gates } = run;
    const size = run.B * this.hiddenSize;
    const [now, next] = [t * size, (t + 1) * size];
    for (let k = 0; k < size; k++) h[next + k] = Math.tanh(gates[now + k]);
  }

  /** δ_t = (1 − h_t²) ⊙ ∂L/∂h_t. @param {Run} run @param {number} t */
  stepBack(run, t) {
    const { h, dh, delta } = run;
    const size = run.B * this.hiddenSize;
    const [now, next] = [t * size, (t + 1) * size];
    for (let k = 0; k < size; k++) {
      const h_t = h[next + k];
      delta[now + k] = (1 - h_t * h_t) * dh[next + k];
    }
    this.addStateGradient(run, t);
  }
}

/**
 * Cellule LSTM, avec porte d'oubli :
 * c_t = f_t ⊙ c_{t−1} + i_t ⊙ c̃_t, puis h_t = o_t ⊙ tanh(c_t).
 *
 * Paramètres : `W_x` (4H, D), `W_h` (4H, H), `b` (4H). Blocs des poids et de `run.gates` : i, f, g (c̃), o.
 */
export class LSTMCell extends Cell {
  static blocks = 4;
  static kept = 4;
  static hasMemory = true;

  /** @param {Run} run @param {number} t */
  step(run, t) {
    this.addState(run, t);
    const { B, h, c, tanh_c, gates } = run;
    const H = this.hiddenSize;
    const size = B * H;
    for (let k = 0, p = 4 * t * size, q = t * size; k < size; k++, p++, q++) {
      if (k > 0 && k % H === 0) p += 3 * H; // l'exemple suivant
      const i = (gates[p] = sigmoid(gates[p]));
      const f = (gates[p + H] = sigmoid(gates[p + H]));
      const c_tilde = (gates[p + 2 * H] = Math.tanh(gates[p + 2 * H]));
      const o = (gates[p + 3 * H] = sigmoid(gates[p + 3 * H]));
      const c_t = f * c[q] + i * c_tilde;
      c[q + size] = c_t;
      tanh_c[q + size] = Math.tanh(c_t);
      h[q + size] = o * tanh_c[q + size];
    }
  }

  /** @param {Run} run @param {number} t */
  stepBack(run, t) {
    const { B, c, tanh_c, gates, dh, dc, delta } = run;
    const H = this.hiddenSize;
    const size = B * H;
    for (let k = 0, p = 4 * t * size, q = t * size; k < size; k++, p++, q++) {
      if (k > 0 && k % H === 0) p += 3 * H;
      const i = gates[p];
      const f = gates[p + H];
      const c_tilde = gates[p + 2 * H];
      const o = gates[p + 3 * H];
      const dh_t = dh[q + size];
      const u = tanh_c[q + size];
      const dc_t = dc[q + size] + dh_t * o * (1 - u * u);
      dc[q + size] = dc_t; // ∂L/∂c_t en entier
      delta[p] = dc_t * c_tilde * i * (1 - i);
      delta[p + H] = dc_t * c[q] * f * (1 - f);
      delta[p + 2 * H] = dc_t * i * (1 - c_tilde * c_tilde);
      delta[p + 3 * H] = dh_t * u * o * (1 - o);
      dc[q] += dc_t * f;
    }
    this.addStateGradient(run, t);
  }
}

/**
 * Cellule GRU, telle que PyTorch la calcule : m_t = W_hn h_{t−1} + b_h,
 * h̃_t = tanh(r_t ⊙ m_t + W_xn x_t + b_n), h_t = (1 − z_t) ⊙ h̃_t + z_t ⊙ h_{t−1}.
 *
 * Paramètres : `W_x` (3H, D), `W_h` (3H, H), `b` (3H), blocs r, z, n ; `b_h` (H).
 * Blocs de `run.gates` : r, z, m, n (h̃) ; les trois premiers lisent W_h, et m ne lit pas l'entrée.
 */
export class GRUCell extends Cell {
  static blocks = 3;
  static kept = 4;

  /** @param {number} rows @param {boolean} recurrent */
  parameterShapes(rows, recurrent) {
    return { ...super.parameterShapes(rows, recurrent), b_h: [this.hiddenSize] };
  }

  /** @param {Run} run @param {number} first @param {number} last */
  readInputs(run, first, last) {
    const { b, hiddenSize: H } = this;
    const [gates, b_h] = [run.gates, this.params.b_h];
    const [k, n] = [first * run.B, (last - first) * run.B];
    for (let p = 4 * H * k; p < 4 * H * (k + n); p += 4 * H) {
      for (let j = 0; j < 2 * H; j++) gates[p + j] = b[j];
      for (let j = 0; j < H; j++) gates[p + 2 * H + j] = b_h[j];
      for (let j = 0; j < H; j++) gates[p + 3 * H + j] = b[2 * H + j];
    }
    this.addInputs(run, k, n, 0, 0, 2 * H);
    this.addInputs(run, k, n, 2 * H, 3 * H, H);
  }

  /** @param {Run} run @param {number} t */
  step(run, t) {
    this.addState(run, t);
    const { B, h, gates } = run;
    const H = this.hiddenSize;
    const size = B * H;
    for (let k = 0, p = 4 * t * size, q = t * size; k < size; k++, p++, q++) {
      if (k > 0 && k % H === 0) p += 3 * H;
      const r = (gates[p] = sigmoid(gates[p]));
      const z = (gates[p + H] = sigmoid(gates[p + H]));
      const m = gates[p + 2 * H];
      const h_tilde = (gates[p + 3 * H] = Math.tanh(r * m + gates[p + 3 * H]));
      h[q + size] = (1 - z) * h_tilde + z * h[q];
    }
  }

  /** @param {Run} run @param {number} t */
  stepBack(run, t) {
    const { B, h, gates, dh, delta } = run;
    const H = this.hiddenSize;
    const size = B * H;
    for (let k = 0, p = 4 * t * size, q = t * size; k < size; k++, p++, q++) {
      if (k > 0 && k % H === 0) p += 3 * H;
      const r = gates[p];
      const z = gates[p + H];
      const m = gates[p + 2 * H];
      const h_tilde = gates[p + 3 * H];
      const dh_t = dh[q + size];
      const delta_n = dh_t * (1 - z) * (1 - h_tilde * h_tilde);
      delta[p] = delta_n * m * r * (1 - r);
      delta[p + H] = dh_t * (h[q] - h_tilde) * z * (1 - z);
      delta[p + 2 * H] = delta_n * r;
      delta[p + 3 * H] = delta_n;
      dh[q] += dh_t * z;
    }
    this.addStateGradient(run, t);
  }

  /** @param {Run} run @param {number} n */
  addWeightGradients(run, n) {
    const { hiddenSize: H, grads } = this;
    this.addInputWeightGradients(run, n, 0, 0, 2 * H);
    this.addInputWeightGradients(run, n, 2 * H, 3 * H, H);
    products.addOuter(grads.W_h, 0, run.delta, 0, 4 * H, run.h, 0, 3 * H, H, n);
    products.addRows(grads.b_h, 0, run.delta, 2 * H, 4 * H, H, n);
  }

  /** @param {Run} run @param {number} n */
  writeInputGradients(run, n) {
    const { inputSize: D, hiddenSize: H, W_x } = this;
    const { dx, delta } = run;
    dx.fill(0);
    products.addTransposed(dx, 0, delta, 0, 4 * H, W_x, 0, 2 * H, D, n);
    products.addTransposed(dx, 0, delta, 3 * H, 4 * H, W_x, 2 * H * D, H, D, n);
  }
}

/**
 * minGRU, dont la porte et le candidat ne lisent que l'entrée :
 * z_t = σ(W_z x_t + b_z), h̃_t = W_n x_t + b_n, h_t = (1 − z_t) ⊙ h_{t−1} + z_t ⊙ h̃_t.
 *
 * Paramètres : `W_x` (2H, D), `b` (2H). Blocs des poids et de `run.gates` : z, n (h̃).
 */
export class MinGRUCell extends Cell {
  static blocks = 2;
  static kept = 2;
  static recurrent = false;

  /** @param {Run} run @param {number} t */
  step(run, t) {
    const { B, h, gates } = run;
    const H = this.hiddenSize;
    const size = B * H;
    for (let k = 0, p = 2 * t * size, q = t * size; k < size; k++, p++, q++) {
      if (k > 0 && k % H === 0) p += H;
      const z = (gates[p] = sigmoid(gates[p]));
      h[q + size] = (1 - z) * h[q] + z * gates[p + H];
    }
  }

  /** @param {Run} run @param {number} t */
  stepBack(run, t) {
    const { B, h, gates, dh, delta } = run;
    const H = this.hiddenSize;
    const size = B * H;
    for (let k = 0, p = 2 * t * size, q = t * size; k < size; k++, p++, q++) {
      if (k > 0 && k % H === 0) p += H;
      const z = gates[p];
      const h_tilde = gates[p + H];
      const dh_t = dh[q + size];
      delta[p] = dh_t * (h_tilde - h[q]) * z * (1 - z);
      delta[p + H] = dh_t * z;
      dh[q] += dh_t * (1 - z);
    }
  }
}
