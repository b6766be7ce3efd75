/**
 * Lire un texte avec un modèle de langue : la suite qu'il prédit, et ce que chaque caractère y compte.
 *
 * À lire à côté de `notebook_utils/models/language_model.py` et du chapitre « Ce que retient un réseau » :
 * mêmes lettres. Un texte prolongé n'est pas relu : les états de son début servent encore.
 */

import { GRUCell, LSTMCell, RNNCell } from "./cells.js";
import { Readout, softmax } from "./readout.js";
import { decodeWeights, loadWeights } from "./weights.js";

/** @typedef {import("./recurrence.js").Run} Run */
/** @typedef {import("./products.js").Vector} Vector */
/** @typedef {{ codes: number[], p: number }} Ending */

const CELLS = { RNN: RNNCell, GRU: GRUCell, LSTM: LSTMCell };

/** ŷ_t = E (W_p h_t + b_p) + b_y, où h_t est l'état d'une couche qui lit E_{x_1}, …, E_{x_t}. */
export class LanguageModel {
  /** @param {keyof typeof CELLS} kind @param {import("./weights.js").Exported} exported */
  constructor(kind, exported) {
    const decoded = decodeWeights(exported);
    const { E, W_p, b_p, b_y } = decoded.weights;
    const [[V, D], [, H]] = [decoded.shapes.E, decoded.shapes.W_p];
    this.V = V;
    this.D = D;
    this.H = H;
    this.E = E;
    this.cell = new CELLS[kind](D, H);
    loadWeights(this.cell, decoded, "layer.");
    this.projection = new Readout(H, D);
    this.projection.params.W_y.set(W_p);
    this.projection.params.b_y.set(b_p);
    this.writer = new Readout(D, V);
    this.writer.params.W_y.set(E);
    this.writer.params.b_y.set(b_y);
    /** Ce que chaque code donne aux portes, W_x E_v + b : calculé une fois, il sert à chaque pas. */
    this.table = this.#tableOfInputs();
  }

  #tableOfInputs() {
    const run = this.cell.newRun(this.V);
    run.x.set(this.E);
    this.cell.readInputs(run, 0, this.V);
    return run.gates;
  }

  /** Lit des codes à partir de l'état `run.h[first]`. @param {Run} run @param {ArrayLike<number>} codes @param {number} first @param {number} last */
  read(run, codes, first, last) {
    const size = this.cell.kept * this.H;
    for (let t = first; t < last; t++) {
      const place = codes[t] * size;
      run.gates.set(this.table.subarray(place, place + size), t * size);
      this.cell.step(run, t);
    }
  }

  /** Les logits d'après `n` états, à partir de la ligne `row` de `h` : (n, V). @param {Vector} h @param {number} row @param {number} n */
  logits(h, row, n = 1) {
    const written = this.projection.newLogits(n);
    const found = this.writer.newLogits(n);
    this.projection.forward(h, row, n, written);
    this.writer.forward(written, 0, n, found);
    return found;
  }

  /** ∂ŷ_k/∂h = W_pᵀ E_k, ajouté à la ligne `row` de `dh`. @param {Run} run @param {number} k @param {number} row */
  startGradient(run, k, row) {
    const E_k = this.E.subarray(k * this.D, (k + 1) * this.D);
    this.projection.backward(E_k, run.h, run.dh, row, 1, { weights: false });
  }
}

/** La place du plus grand. @param {ArrayLike<number>} values @param {number} start @param {number} size */
export function argmax(values, start = 0, size = values.length) {
  let best = 0;
  for (let j = 1; j < size; j++) if (values[start + j] > values[start + best]) best = j;
  return best;
}

/** Les probabilités d'une ligne de logits. @param {Vector} logits */
export function probabilities(logits) {
  const p = new Float64Array(logits.length);
  softmax(logits, 1, logits.length, p);
  return p;
}

/** La longueur du début commun à deux suites. @param {ArrayLike<number>} a @param {ArrayLike<number>} b */
function commonPrefix(a, b) {
  const most = Math.min(a.length, b.length);
  let n = 0;
  while (n < most && a[n] === b[n]) n++;
  return n;
}

/** Un texte que lit un modèle. */
export class Reading {
  /** @param {LanguageModel} model @param {number} longest */
  constructor(model, longest) {
    this.model = model;
    this.run = model.cell.newRun(longest);
    /** @type {number[]} */
    this.codes = [];
    this.logits = model.logits(this.run.h, 0);
    /** Le code prédit, et la connectivité de chaque caractère lu. */
    this.k = argmax(this.logits);
    this.connectivity = new Float64Array(0);
    this.erasure = new Erasure(this, longest);
  }

  /** Lit un autre texte, sans relire le début qu'ils ont en commun. @param {number[]} codes */
  update(codes) {
    const { model, run } = this;
    const [T, kept] = [codes.length, commonPrefix(this.codes, codes)];
    model.read(run, codes, kept, T);
    this.codes = codes;
    this.logits = model.logits(run.h, T);
    this.k = argmax(this.logits);
    this.connectivity = this.#connectivity(T);
    this.erasure.update(kept);
  }

  /** C_{t'} = ‖∂ŷ_{T,k}/∂e_{t'}‖₂, par un retour à travers le temps. @param {number} T */
  #connectivity(T) {
    const { model, run, k } = this;
    const { D } = model;
    run.clearGradients();
    model.startGradient(run, k, T);
    model.cell.backward(run, { length: T, weights: false });
    return Float64Array.from({ length: T }, (_, t) => {
      let sum = 0;
      for (let j = t * D; j < (t + 1) * D; j++) sum += run.dx[j] ** 2;
      return Math.sqrt(sum);
    });
  }
}

/**
 * Ce que change chaque caractère effacé, c'est-à-dire remplacé par le dernier code, « □ » :
 * Δ_{t'} = |ŷ_{T,k}(x) − ŷ_{T,k}(x sans x_{t'})|. Une lecture par caractère : elle se fait par tranches.
 */
class Erasure {
  /** @param {Reading} reading @param {number} longest */
  constructor(reading, longest) {
    const { cell, H } = reading.model;
    this.reading = reading;
    this.run = cell.newRun(longest);
    /** L'état où en est la lecture sans le caractère t', et combien de caractères elle a lus. */
    this.h = new Float64Array(longest * H);
    this.c = new Float64Array(cell.hasMemory ? longest * H : 0);
    this.seen = new Int32Array(longest);
    this.moved = new Float64Array(longest);
    this.left = new Float64Array(longest);
    this.answer = new Int32Array(longest);
    this.done = 0;
  }

  /** Le texte a changé après ses `kept` premiers caractères : ce qui a été lu plus loin est à refaire. @param {number} kept */
  update(kept) {
    for (let t = 0; t < this.seen.length; t++)
      if (t >= kept || this.seen[t] > kept) this.seen[t] = 0;
    this.done = 0;
  }

  get finished() {
    return this.done === this.reading.codes.length;
  }

  /** Avance pendant `budget` millisecondes, du dernier caractère au premier ; dit si tout est lu. @param {number} budget */
  advance(budget) {
    const end = performance.now() + budget;
    const { length } = this.reading.codes;
    while (this.done < length) {
      this.#erase(length - 1 - this.done);
      this.done++;
      if (performance.now() > end) break;
    }
    return this.finished;
  }

  /** @param {number} t */
  #erase(t) {
    const { model, codes, k, logits } = this.reading;
    const first = this.#resume(t);
    const T = codes.length;
    const changed = first === t ? codes.with(t, model.V - 1) : codes;
    model.read(this.run, changed, first, T);
    this.#keep(t, T);
    const after = model.logits(this.run.h, T);
    this.moved[t] = Math.abs(after[k] - logits[k]);
    this.left[t] = probabilities(after)[k];
    this.answer[t] = argmax(after);
  }

  /** Reprend la lecture sans le caractère t où elle en était ; rend cette place. @param {number} t */
  #resume(t) {
    const { run, reading, seen } = this;
    const { H } = reading.model;
    const first = seen[t] || t;
    const [h, c] = seen[t] ? [this.h, this.c] : [reading.run.h, reading.run.c];
    run.h.set(h.subarray(t * H, (t + 1) * H), first * H);
    run.c.set(c.subarray(t * H, (t + 1) * H), run.c.length && first * H);
    return first;
  }

  /** @param {number} t @param {number} T */
  #keep(t, T) {
    const { run, reading } = this;
    const { H } = reading.model;
    this.h.set(run.h.subarray(T * H, (T + 1) * H), t * H);
    this.c.set(run.c.subarray(T * H, (T + 1) * H), this.c.length && t * H);
    this.seen[t] = T;
  }
}

const END = -1; // tout signe qui n’est pas une lettre

/** Un début de suite, dans la recherche en faisceau. @typedef {{ codes: number[], score: number, ended: boolean, from: number }} Beam */

/**
 * Les fins de mot les plus probables, comme `likely_endings` : des lettres, puis un autre signe quel qu'il soit.
 *
 * @param {Reading} reading @param {boolean[]} letters pour chaque code, s'il est une lettre
 * @param {{ number?: number, width?: number, length?: number }} [options] @returns {Ending[]}
 */
export function likelyEndings(reading, letters, { number = 3, width = 5, length = 14 } = {}) {
  const search = new Search(reading, width);
  let logits = reading.logits;
  let beams = /** @type {Beam[]} */ ([{ codes: [], score: 0, ended: false, from: 0 }]);
  for (let n = 0; n < length; n++) {
    beams = best(beams, logits, letters, width);
    if (beams.every(({ ended }) => ended) || n === length - 1) break;
    logits = search.step(beams, n === 0);
  }
  const found = beams.filter(({ codes }) => codes.length > 0).slice(0, number);
  return found.map(({ codes, score }) => ({ codes, p: Math.exp(score) }));
}

/** Les états d'un faisceau. */
class Search {
  /** @param {Reading} reading @param {number} width */
  constructor({ model, run, codes }, width) {
    this.model = model;
    this.run = model.cell.newRun(1, width);
    this.start = { h: this.#at(run.h, codes.length), c: this.#at(run.c, codes.length) };
  }

  /** @param {Vector} values @param {number} row */
  #at(values, row) {
    return values.slice(row * this.model.H, (row + 1) * this.model.H);
  }

  /** Chaque début lit son dernier code. @param {Beam[]} beams @param {boolean} first @returns {Vector} leurs logits */
  step(beams, first) {
    const { model, run, start } = this;
    const { H, cell } = model;
    for (const name of /** @type {const} */ (["h", "c"])) {
      if (!run[name].length) continue;
      const rows = beams.map(({ from }) =>
        first ? start[name] : this.#at(run[name], run.B + from),
      );
      for (const [b, row] of rows.entries()) run[name].set(row, b * H);
    }
    const size = cell.kept * H;
    for (const [b, { codes }] of beams.entries()) {
      const place = (codes.at(-1) ?? 0) * size;
      run.gates.set(model.table.subarray(place, place + size), b * size);
    }
    cell.step(run, 0);
    return model.logits(run.h, run.B, beams.length);
  }
}

/** Les meilleurs prolongements. @param {Beam[]} beams @param {Vector} logits @param {boolean[]} letters @param {number} width */
function best(beams, logits, letters, width) {
  const V = letters.length;
  const found = /** @type {{ from: number, v: number, score: number }[]} */ ([]);
  for (const [from, { score, ended }] of beams.entries()) {
    if (ended) {
      found.push({ from, v: END, score });
      continue;
    }
    const p = probabilities(logits.subarray(from * V, (from + 1) * V));
    let end = 0;
    for (let v = 0; v < V; v++) {
      if (letters[v]) found.push({ from, v, score: score + Math.log(p[v]) });
      else end += p[v];
    }
    found.push({ from, v: END, score: score + Math.log(end) });
  }
  const kept = found.sort((a, b) => b.score - a.score).slice(0, width);
  return kept.map(({ from, v, score }) => {
    const ended = v === END;
    return { codes: ended ? beams[from].codes : [...beams[from].codes, v], score, ended, from };
  });
}
