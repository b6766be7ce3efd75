/**
 * Ce que toutes les cellules ont en commun : leurs poids, la mémoire d'une séquence, l'aller et le retour.
 *
 * Lettres du cours : `D` taille de l'entrée, `H` taille de l'état, `T` nombre de pas, `B` taille du lot.
 * Le temps est le premier axe, `(T, B, …)` : un pas est un bloc d'un seul tenant.
 */

import * as products from "./products.js";

/** @typedef {import("./products.js").Vector} Vector */
/** @typedef {"float64" | "float32"} Precision */
/** @typedef {Record<string, Vector>} Named */

const ARRAYS = { float64: Float64Array, float32: Float32Array };

/**
 * Un tableau de zéros.
 *
 * @param {Precision} dtype @param {number} size @returns {Vector}
 */
export function zeros(dtype, size) {
  return new ARRAYS[dtype](size);
}

/**
 * Refuse ce qui n'est pas un entier au moins égal à `minimum`.
 *
 * @param {string} name @param {number} value @param {number} [minimum]
 */
export function checkInteger(name, value, minimum = 1) {
  if (!Number.isInteger(value) || value < minimum) {
    throw new RangeError(`${name} : reçu ${value}, attendu un entier au moins égal à ${minimum}`);
  }
  return value;
}

/**
 * Refuse un type de nombres inconnu.
 *
 * @param {Precision} dtype
 */
export function checkPrecision(dtype) {
  if (!(dtype in ARRAYS))
    throw new TypeError(`dtype : reçu ${dtype}, attendu "float64" ou "float32"`);
  return dtype;
}

/** Ce qu'une cellule lit et écrit le long d'une séquence ; alloué une fois, relu autant que l'on veut. */
export class Run {
  /** @param {Cell} cell @param {number} T @param {number} [B] */
  constructor(cell, T, B = 1) {
    const { inputSize: D, hiddenSize: H, kept, dtype } = cell;
    this.T = checkInteger("T", T);
    this.B = checkInteger("B", B);
    /** Les entrées, `(T, B, D)`. */
    this.x = zeros(dtype, T * B * D);
    /** Les états h_0, …, h_T, `(T + 1, B, H)`. */
    this.h = zeros(dtype, (T + 1) * B * H);
    /** Les portes, après leur non-linéarité, `(T, B, kept × H)`. */
    this.gates = zeros(dtype, T * B * kept * H);
    /** Les gradients des pré-activations, `(T, B, kept × H)`. */
    this.delta = zeros(dtype, T * B * kept * H);
    /** À l'entrée du retour, ce que chaque sortie reçoit de la perte ; après lui, ∂L/∂h_t en entier. */
    this.dh = zeros(dtype, (T + 1) * B * H);
    /** Les gradients des entrées, `(T, B, D)`. */
    this.dx = zeros(dtype, T * B * D);
    const memory = cell.hasMemory ? (T + 1) * B * H : 0;
    /** LSTM seule : les états de cellule c_0, …, c_T, `(T + 1, B, H)`. */
    this.c = zeros(dtype, memory);
    /** LSTM seule : tanh(c_t), à la même place que `c`. */
    this.tanh_c = zeros(dtype, memory);
    /** LSTM seule : comme `dh`, pour c. */
    this.dc = zeros(dtype, memory);
  }

  /** Remet à zéro les gradients des états, avant d'y écrire ceux de la perte. */
  clearGradients() {
    this.dh.fill(0);
    this.dc.fill(0);
  }

  /**
   * Fait du dernier état celui du départ, pour la fenêtre suivante d'un même signal.
   *
   * @param {number} [length] combien de pas ont été lus
   */
  carry(length = this.T) {
    const size = this.h.length / (this.T + 1);
    this.h.copyWithin(0, length * size, (length + 1) * size);
    this.c.copyWithin(0, length * size, (length + 1) * size);
  }
}

/** Une cellule : ses poids, et ce qu'elle calcule le long d'une séquence. */
export class Cell {
  /** Nombre de transformations affines empilées dans `W_x` et `b`. */
  static blocks = 1;
  /** Nombre de blocs de `H` valeurs gardés par pas. */
  static kept = 1;
  /** Vrai pour la LSTM, dont l'état est un couple (h, c). */
  static hasMemory = false;
  /** Faux quand les portes ne lisent pas l'état : il n'y a pas de `W_h`. */
  static recurrent = true;

  /** @param {number} inputSize @param {number} hiddenSize @param {Precision} [dtype] */
  constructor(inputSize, hiddenSize, dtype = "float64") {
    const kind = /** @type {typeof Cell} */ (this.constructor);
    this.inputSize = checkInteger("inputSize", inputSize);
    this.hiddenSize = checkInteger("hiddenSize", hiddenSize);
    this.dtype = checkPrecision(dtype);
    this.blocks = kind.blocks;
    this.kept = kind.kept;
    this.hasMemory = kind.hasMemory;
    /** La forme de chaque paramètre, dans l'ordre du module Python. */
    this.shapes = this.parameterShapes(kind.blocks * hiddenSize, kind.recurrent);
    /** Les paramètres, par nom, rangés ligne par ligne. */
    this.params = this.zerosLikeWeights();
    /** Leurs gradients, que les retours augmentent. */
    this.grads = this.zerosLikeWeights();
    this.W_x = this.params.W_x;
    this.b = this.params.b;
  }

  /** @param {number} rows @param {boolean} recurrent @returns {Record<string, number[]>} */
  parameterShapes(rows, recurrent) {
    const { inputSize: D, hiddenSize: H } = this;
    return { W_x: [rows, D], ...(recurrent && { W_h: [rows, H] }), b: [rows] };
  }

  zerosLikeWeights() {
    /** @type {Named} */
    const found = {};
    for (const [name, shape] of Object.entries(this.shapes)) {
      found[name] = zeros(
        this.dtype,
        shape.reduce((a, b) => a * b),
      );
    }
    return found;
  }

  /** Remet à zéro les gradients des poids. */
  zeroGrad() {
    for (const grad of Object.values(this.grads)) grad.fill(0);
  }

  /** La mémoire d'une séquence de `T` pas, pour un lot de `B`. @param {number} T @param {number} [B] */
  newRun(T, B = 1) {
    return new Run(this, T, B);
  }

  /**
   * Aller : des pas `first` à `last` (exclu), `run.x` et l'état `run.h[first]` donnent les états suivants.
   *
   * @param {Run} run @param {number} [first] @param {number} [last]
   */
  forward(run, first = 0, last = run.T) {
    this.readInputs(run, first, last);
    for (let t = first; t < last; t++) this.step(run, t);
  }

  /**
   * Retour : `run.dh` (et `run.dc`), ce que la perte donne à chaque état, devient ∂L/∂h_t en entier,
   * celui de l'état de départ compris ; `this.grads` augmente, et `run.dx` est écrit.
   *
   * @param {Run} run
   * @param {{ length?: number, weights?: boolean, inputs?: boolean }} [options] combien de pas ont été
   *   lus, et s'il faut les gradients des poids, et ceux des entrées
   */
  backward(run, { length = run.T, weights = true, inputs = true } = {}) {
    for (let t = length - 1; t >= 0; t--) this.stepBack(run, t);
    if (weights) this.addWeightGradients(run, length * run.B);
    if (inputs) this.writeInputGradients(run, length * run.B);
  }

  /** Écrit W_x x_t + b dans les portes, pour plusieurs pas. @param {Run} run @param {number} first @param {number} last */
  readInputs(run, first, last) {
    const { B, gates } = run;
    const size = this.b.length;
    for (let k = first * B; k < last * B; k++) gates.set(this.b, k * size);
    this.addInputs(run, first * B, (last - first) * B, 0, 0, size);
  }

  /**
   * Ajoute un bloc de lignes de W_x x aux portes, pour `n` lignes d'entrée à partir de la `k`-ième.
   *
   * @param {Run} run @param {number} k @param {number} n
   * @param {number} row première ligne de W_x @param {number} slot sa place dans les portes @param {number} rows
   */
  addInputs(run, k, n, row, slot, rows) {
    const { x, gates } = run;
    const [D, step] = [this.inputSize, this.kept * this.hiddenSize];
    const add = products.isSparse(x, k * D, n * D)
      ? products.addSparseProduct
      : products.addProduct;
    add(gates, k * step + slot, step, x, k * D, this.W_x, row * D, rows, D, n);
  }

  /** Ajoute aux gradients de W_x et de b ceux d'un bloc de lignes. @param {Run} run @param {number} n @param {number} row @param {number} slot @param {number} rows */
  addInputWeightGradients(run, n, row, slot, rows) {
    const { x, delta } = run;
    const [D, step] = [this.inputSize, this.kept * this.hiddenSize];
    const add = products.isSparse(x, 0, n * D) ? products.addSparseOuter : products.addOuter;
    add(this.grads.W_x, row * D, delta, slot, step, x, 0, rows, D, n);
    products.addRows(this.grads.b, row, delta, slot, step, rows, n);
  }

  /** @param {Run} run @param {number} n */
  addWeightGradients(run, n) {
    const { hiddenSize: H, kept, grads } = this;
    this.addInputWeightGradients(run, n, 0, 0, this.b.length);
    if (!grads.W_h) return;
    products.addOuter(grads.W_h, 0, run.delta, 0, kept * H, run.h, 0, grads.W_h.length / H, H, n);
  }

  /** ∂L/∂x_t = W_xᵀ δ_t, pour tous les pas. @param {Run} run @param {number} n */
  writeInputGradients(run, n) {
    const [D, K] = [this.inputSize, this.b.length];
    run.dx.fill(0);
    products.addTransposed(run.dx, 0, run.delta, 0, K, this.W_x, 0, K, D, n);
  }

  /** Ajoute W_h h_{t−1} aux portes du pas t. @param {Run} run @param {number} t */
  addState(run, t) {
    const { hiddenSize: H, kept } = this;
    const [{ B }, W_h] = [run, this.params.W_h];
    const [place, rows] = [t * B * kept * H, W_h.length / H];
    products.addProduct(run.gates, place, kept * H, run.h, t * B * H, W_h, 0, rows, H, B);
  }

  /** Ajoute W_hᵀ δ_t à ∂L/∂h_{t−1}. @param {Run} run @param {number} t */
  addStateGradient(run, t) {
    const { hiddenSize: H, kept } = this;
    const [{ B }, W_h] = [run, this.params.W_h];
    const [place, rows] = [t * B * kept * H, W_h.length / H];
    products.addTransposed(run.dh, t * B * H, run.delta, place, kept * H, W_h, 0, rows, H, B);
  }

  /** Un pas de l'aller. @param {Run} _run @param {number} _t */
  step(_run, _t) {
    throw new Error("step : chaque cellule écrit le sien");
  }

  /** Un pas du retour. @param {Run} _run @param {number} _t */
  stepBack(_run, _t) {
    throw new Error("stepBack : chaque cellule écrit le sien");
  }
}
