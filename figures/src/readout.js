/** Lire une réponse dans les états : couche affine, pertes, et leurs gradients. */

import { addOuter, addProduct, addRows, addTransposed } from "./products.js";
import { checkInteger, checkPrecision, zeros } from "./recurrence.js";

/** @typedef {import("./products.js").Vector} Vector */
/** @typedef {import("./recurrence.js").Precision} Precision */

/** ŷ = W_y h + b_y. Paramètres : `W_y` (K, H), `b_y` (K), rangés ligne par ligne. */
export class Readout {
  /** @param {number} hiddenSize @param {number} outputSize @param {Precision} [dtype] */
  constructor(hiddenSize, outputSize, dtype = "float64") {
    const H = (this.hiddenSize = checkInteger("hiddenSize", hiddenSize));
    const K = (this.outputSize = checkInteger("outputSize", outputSize));
    this.dtype = checkPrecision(dtype);
    /** @type {Record<string, number[]>} */
    this.shapes = { W_y: [K, H], b_y: [K] };
    /** @type {Record<string, Vector>} */
    this.params = { W_y: zeros(dtype, K * H), b_y: zeros(dtype, K) };
    /** @type {Record<string, Vector>} */
    this.grads = { W_y: zeros(dtype, K * H), b_y: zeros(dtype, K) };
  }

  /** Un tableau de logits, ou de leurs gradients, pour `n` réponses : (n, K). @param {number} n */
  newLogits(n) {
    return zeros(this.dtype, n * this.outputSize);
  }

  /** Remet à zéro les gradients des poids. */
  zeroGrad() {
    for (const grad of Object.values(this.grads)) grad.fill(0);
  }

  /**
   * Aller : les lignes `first` à `first + n` de `h`, vu comme (…, H), donnent les `n` lignes de `logits`.
   * Dans `run.h`, la ligne de l'exemple b au pas t est `t × B + b`, et t = 0 est l'état de départ.
   *
   * @param {Vector} h @param {number} first @param {number} n @param {Vector} logits (n, K)
   */
  forward(h, first, n, logits) {
    const { hiddenSize: H, outputSize: K } = this;
    const { W_y, b_y } = this.params;
    for (let k = 0; k < n; k++) logits.set(b_y, k * K);
    addProduct(logits, 0, K, h, first * H, W_y, 0, K, H, n);
  }

  /**
   * Retour : `dlogits` s'ajoute, à travers W_y, aux lignes de `dh` ; `this.grads` augmente.
   *
   * @param {Vector} dlogits (n, K) @param {Vector} h @param {Vector} dh de la forme de `h`
   * @param {number} first @param {number} n @param {{ weights?: boolean }} [options]
   */
  backward(dlogits, h, dh, first, n, { weights = true } = {}) {
    const { hiddenSize: H, outputSize: K, params, grads } = this;
    addTransposed(dh, first * H, dlogits, 0, K, params.W_y, 0, K, H, n);
    if (!weights) return;
    addOuter(grads.W_y, 0, dlogits, 0, K, h, first * H, K, H, n);
    addRows(grads.b_y, 0, dlogits, 0, K, K, n);
  }
}

/**
 * Probabilités : `out[k]` = softmax de la ligne k de `logits` ; `out` peut être `logits`.
 *
 * @param {Vector} logits (n, K) @param {number} n @param {number} K @param {Vector} out (n, K)
 */
export function softmax(logits, n, K, out) {
  for (let p = 0; p < n * K; p += K) {
    let [top, sum] = [-Infinity, 0];
    for (let j = 0; j < K; j++) top = Math.max(top, logits[p + j]);
    for (let j = 0; j < K; j++) sum += out[p + j] = Math.exp(logits[p + j] - top);
    for (let j = 0; j < K; j++) out[p + j] /= sum;
  }
}

/**
 * Entropie croisée moyenne, et son gradient (p − y) / N dans `dlogits`.
 * Une classe négative ne compte pas : ni dans la perte, ni dans N.
 *
 * @param {Vector} logits (n, K) @param {ArrayLike<number>} y classes (n)
 * @param {number} n @param {number} K @param {Vector} dlogits (n, K) @returns {number}
 */
export function crossEntropy(logits, y, n, K, dlogits) {
  const scale = 1 / countAnswers(y, n);
  let loss = 0;
  for (let k = 0, p = 0; k < n; k++, p += K) {
    dlogits.fill(0, p, p + K);
    if (y[k] < 0) continue;
    let [top, sum] = [-Infinity, 0];
    for (let j = 0; j < K; j++) top = Math.max(top, logits[p + j]);
    for (let j = 0; j < K; j++) sum += Math.exp(logits[p + j] - top);
    loss += Math.log(sum) + top - logits[p + y[k]];
    for (let j = 0; j < K; j++) dlogits[p + j] = (scale * Math.exp(logits[p + j] - top)) / sum;
    dlogits[p + y[k]] -= scale;
  }
  return loss * scale;
}

/**
 * Entropie croisée moyenne de bits dont les logits donnent σ(ŷ), et son gradient (σ(ŷ) − y) / N.
 * Un bit négatif ne compte pas.
 *
 * @param {Vector} logits (n) @param {ArrayLike<number>} y des 0 et des 1 (n)
 * @param {number} n @param {Vector} dlogits (n) @returns {number}
 */
export function binaryCrossEntropy(logits, y, n, dlogits) {
  const scale = 1 / countAnswers(y, n);
  let loss = 0;
  for (let k = 0; k < n; k++) {
    const [a, bit] = [logits[k], y[k]];
    dlogits[k] = bit < 0 ? 0 : scale * (1 / (1 + Math.exp(-a)) - bit);
    if (bit >= 0) loss += Math.max(a, 0) - a * bit + Math.log1p(Math.exp(-Math.abs(a)));
  }
  return loss * scale;
}

/** @param {ArrayLike<number>} y @param {number} n */
function countAnswers(y, n) {
  let count = 0;
  for (let k = 0; k < n; k++) if (y[k] >= 0) count++;
  if (count === 0) throw new RangeError("y : reçu aucune réponse attendue, attendu au moins une");
  return count;
}
