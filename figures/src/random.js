/**
 * Le hasard, toujours tiré d'une graine, et les départs des cellules.
 *
 * Comme en Python, une fonction dont le nom finit par `_` modifie la cellule sur place et la rend.
 */

/** @typedef {import("./products.js").Vector} Vector */
/** @typedef {import("./recurrence.js").Cell} Cell */
/** @typedef {() => number} Random Rend un nombre de [0, 1[ */
/** @typedef {{ params: Record<string, Vector>, hiddenSize: number }} Weights */

/**
 * Générateur mulberry32 : un état de 32 bits, une période de 2³². La même graine donne la même suite.
 *
 * @param {number} seed un entier @returns {Random}
 */
export function mulberry32(seed) {
  if (!Number.isInteger(seed)) throw new TypeError(`seed : reçu ${seed}, attendu un entier`);
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

/**
 * Un nombre de la loi normale centrée réduite (Box et Muller).
 *
 * @param {Random} random
 */
export function gaussian(random) {
  const radius = Math.sqrt(-2 * Math.log(1 - random()));
  return radius * Math.cos(2 * Math.PI * random());
}

/**
 * Un entier de 0 à `n` exclu.
 *
 * @param {Random} random @param {number} n
 */
export function integer(random, n) {
  return Math.floor(random() * n);
}

/**
 * Le départ par défaut : chaque poids selon U(−1/√H, 1/√H), dans l'ordre des paramètres.
 *
 * @template {Weights} C
 * @param {C} cell une cellule, ou une couche de lecture @param {Random} random @returns {C}
 */
export function uniform_(cell, random) {
  const bound = 1 / Math.sqrt(cell.hiddenSize);
  for (const param of Object.values(cell.params)) {
    for (let k = 0; k < param.length; k++) param[k] = bound * (2 * random() - 1);
  }
  return cell;
}

/**
 * Tire des matrices récurrentes orthogonales, W_hᵀ W_h = I, une par bloc ; le reste ne change pas.
 *
 * @template {Cell} C
 * @param {C} cell une cellule qui a un `W_h` @param {Random} random @returns {C}
 */
export function orthogonal_(cell, random) {
  const [{ W_h }, H] = [cell.params, cell.hiddenSize];
  if (!W_h) throw new TypeError("cell : reçu une cellule sans W_h, attendu RNN, LSTM ou GRU");
  for (let k = 0; k < W_h.length; k++) W_h[k] = gaussian(random);
  for (let p = 0; p < W_h.length; p += H * H) orthonormalize(W_h, p, H);
  return cell;
}

/**
 * Gram et Schmidt, deux fois par ligne pour que les arrondis ne restent pas : des lignes normales
 * donnent une matrice uniforme parmi les orthogonales.
 *
 * @param {Vector} W @param {number} place @param {number} H
 */
function orthonormalize(W, place, H) {
  for (let i = 0; i < H; i++) {
    const row = W.subarray(place + i * H, place + (i + 1) * H);
    for (let again = 0; again < 2; again++) {
      for (let k = 0; k < i; k++) {
        const other = W.subarray(place + k * H, place + (k + 1) * H);
        const shadow = dot(row, other);
        for (let j = 0; j < H; j++) row[j] -= shadow * other[j];
      }
      const norm = Math.sqrt(dot(row, row));
      for (let j = 0; j < H; j++) row[j] /= norm;
    }
  }
}

/** @param {Vector} a @param {Vector} b */
function dot(a, b) {
  let sum = 0;
  for (let j = 0; j < a.length; j++) sum += a[j] * b[j];
  return sum;
}

/** Pour chaque nombre de paramètres affines empilés : les blocs de biais qui reçoivent ± log u. */
const CHRONO = new Map([
  [4, [-1, 1]], // LSTM : b_i = −log u, b_f = log u
  [3, [0, 1]], // GRU : z garde le passé, b_z = log u
  [2, [-1]], // minGRU : z le renouvelle, b_z = −log u
]);

/**
 * Règle les portes sur les durées de la tâche : u ~ U(1, T_max − 1), une durée par unité.
 *
 * @template {Cell} C
 * @param {C} cell LSTM, GRU ou minGRU @param {number} T_max plus grand que 2
 * @param {Random} random @returns {C}
 */
export function chrono_(cell, T_max, random) {
  const signs = CHRONO.get(cell.blocks);
  if (!signs)
    throw new TypeError("cell : reçu une cellule sans porte, attendu LSTM, GRU ou minGRU");
  if (!(T_max > 2 && T_max < Infinity)) {
    throw new RangeError(`T_max : reçu ${T_max}, attendu un nombre fini plus grand que 2`);
  }
  const { b, hiddenSize: H } = cell;
  for (let j = 0; j < H; j++) {
    const value = Math.log(1 + (T_max - 2) * random());
    signs.forEach((sign, block) => {
      if (sign) b[block * H + j] = sign * value;
    });
  }
  return cell;
}
