/**
 * Apprendre dans la page : un réseau, ses mises à jour coupées en morceaux de quelques millisecondes,
 * et plusieurs réseaux menés de front, un par graine.
 */

import { GRUCell, LSTMCell, MinGRUCell, RNNCell } from "./cells.js";
import { Adam, arraysOf, clipGradNorm, SGD } from "./optimizers.js";
import { chrono_, mulberry32, orthogonal_, uniform_ } from "./random.js";
import { binaryCrossEntropy, crossEntropy, Readout } from "./readout.js";
import { sample } from "./tasks.js";

/** @typedef {import("./products.js").Vector} Vector */
/** @typedef {import("./recurrence.js").Run} Run */
/** @typedef {import("./tasks.js").Task} Task */
/** @typedef {import("./tasks.js").Batch} Batch */
/** @typedef {"rnn" | "lstm" | "gru" | "mingru"} Kind */
/** @typedef {"default" | "chrono" | "orthogonal"} Start */
/**
 * @typedef {object} Settings
 * @property {Task} task @property {Kind} cell @property {number} H @property {Start} start
 * @property {"adam" | "sgd"} optimizer @property {number} lr @property {number} clip le seuil τ, ∞ pour aucun
 * @property {number} batch @property {number} seed
 */

export const CELLS = { rnn: RNNCell, lstm: LSTMCell, gru: GRUCell, mingru: MinGRUCell };
/** Séquences d'un morceau, les grands réseaux en lisent moitié moins ; les tailles de lot en sont des multiples. */
const ROWS = 8;
const LARGE = 100_000; // produits par séquence
/** Une mesure toutes les tant de mises à jour. */
export const EVERY = 10;
/** Séquences du test, tirées à part, les mêmes pour tous les réseaux d'une tâche. */
const TESTED = 128;

/** Ce départ existe-t-il pour cette cellule ? @param {Kind} cell @param {Start} start */
export const hasStart = (cell, start) =>
  (start !== "chrono" || cell !== "rnn") && (start !== "orthogonal" || cell !== "mingru");

/** Une cellule, et une couche qui y lit la réponse. */
export class Net {
  /** @param {Task} task @param {Kind} kind @param {number} H */
  constructor(task, kind, H) {
    this.task = task;
    this.cell = new CELLS[kind](task.inputSize, H);
    this.readout = new Readout(H, task.outputSize);
    this.params = arraysOf("params", this.cell, this.readout);
    this.grads = arraysOf("grads", this.cell, this.readout);
    this.rows = this.cell.kept * H * H * task.steps > LARGE ? ROWS / 2 : ROWS;
    /** @type {Map<number, {run: Run, logits: Vector, dlogits: Vector, y: Uint8Array}>} */
    this.places = new Map();
  }

  /** Tire les poids : ceux de la cellule, ceux de la lecture, puis le départ. @param {Start} start @param {import("./random.js").Random} random */
  draw(start, random) {
    uniform_(this.cell, random);
    uniform_(this.readout, random);
    if (start === "chrono") chrono_(this.cell, this.task.steps, random);
    if (start === "orthogonal") orthogonal_(this.cell, random);
    return this;
  }

  /** De quoi lire `n` séquences à la fois, alloué une fois. @param {number} n */
  place(n) {
    const found = this.places.get(n);
    if (found) return found;
    const answers = n * (this.task.everyStep ? this.task.steps : 1);
    const [logits, dlogits] = [this.readout.newLogits(answers), this.readout.newLogits(answers)];
    const run = this.cell.newRun(this.task.steps, n);
    const made = { run, logits, dlogits, y: new Uint8Array(answers) };
    this.places.set(n, made);
    return made;
  }

  /** Aller : les `n` séquences d'un lot à partir de la `first`-ième. @param {Batch} batch @param {number} first @param {number} n */
  forward({ codes, y }, first, n) {
    const { task, cell, readout } = this;
    const { steps: T, inputSize: D, everyStep } = task;
    const place = this.place(n);
    const { x, h } = place.run;
    if (D > 1) x.fill(0);
    for (let k = 0; k < n; k++) {
      for (let t = 0; t < T; t++) {
        const code = codes[(first + k) * T + t];
        if (D === 1) x[t * n + k] = code;
        else if (code < D) x[(t * n + k) * D + code] = 1; // un remplissage reste nul
        if (everyStep) place.y[t * n + k] = y[(first + k) * T + t];
      }
      if (!everyStep) place.y[k] = y[first + k];
    }
    cell.forward(place.run);
    readout.forward(h, everyStep ? n : T * n, place.y.length, place.logits);
    return place;
  }

  /** La perte moyenne des `n` séquences, et son gradient dans `dlogits`. @param {ReturnType<Net["place"]>} place */
  loss({ logits, dlogits, y }) {
    const K = this.task.outputSize;
    return K === 1
      ? binaryCrossEntropy(logits, y, y.length, dlogits)
      : crossEntropy(logits, y, y.length, K, dlogits);
  }

  /** La perte d'un morceau de lot, et sa part du gradient des poids. @param {Batch} batch @param {number} first @param {number} n @param {number} share */
  learn(batch, first, n, share) {
    const place = this.forward(batch, first, n);
    const { run, dlogits } = place;
    const loss = share * this.loss(place);
    for (let k = 0; k < dlogits.length; k++) dlogits[k] *= share;
    run.clearGradients();
    const row = this.task.everyStep ? n : this.task.steps * n;
    this.readout.backward(dlogits, run.h, run.dh, row, place.y.length);
    this.cell.backward(run, { inputs: false });
    return loss;
  }

  /** Le nombre de réponses justes, et de réponses jugées. @param {Batch} batch @param {number} first @param {number} n */
  judge(batch, first, n) {
    const { logits, y } = this.forward(batch, first, n);
    const start = this.task.silent * n;
    let right = 0;
    for (let k = start; k < y.length; k++) if (this.said(logits, k) === y[k]) right++;
    return [right, y.length - start];
  }

  /** La réponse d'une ligne de logits : la plus grande classe, ou le bit. @param {Vector} logits @param {number} k */
  said(logits, k) {
    const K = this.task.outputSize;
    if (K === 1) return logits[k] > 0 ? 1 : 0;
    let best = 0;
    for (let j = 1; j < K; j++) if (logits[k * K + j] > logits[k * K + best]) best = j;
    return best;
  }
}

/** Un réseau qui apprend, et l'histoire de ses mesures. */
export class Learner {
  /** @param {Net} net @param {Settings} settings @param {(rank: number) => Batch} next le lot suivant */
  constructor(net, { optimizer, lr, clip }, next) {
    this.net = net;
    this.clip = clip;
    this.next = next;
    this.optimizer = new (optimizer === "sgd" ? SGD : Adam)(net.params, { lr });
    this.updates = 0;
    this.loss = NaN;
    this.sum = 0;
    /** La perte a-t-elle quitté les nombres ? Le réseau n'apprend plus. */
    this.lost = false;
    /** @type {{steps: number[], losses: number[], accuracy: number[]}} une mesure par intervalle */
    this.history = { steps: [], losses: [], accuracy: [] };
  }

  /** Une mise à jour, morceau par morceau : `train_step`. @returns {Generator<void>} */
  *update() {
    const { net } = this;
    const batch = this.next(this.updates);
    const size = batch.codes.length / net.task.steps;
    net.cell.zeroGrad();
    net.readout.zeroGrad();
    let loss = 0;
    for (let first = 0; first < size; first += net.rows) {
      const n = Math.min(net.rows, size - first);
      loss += net.learn(batch, first, n, n / size);
      yield;
    }
    const norm = clipGradNorm(net.grads, this.clip);
    this.loss = loss;
    this.sum += loss;
    this.updates += 1;
    if (Number.isFinite(loss) && Number.isFinite(norm)) this.optimizer.step(net.grads);
    else this.lost = true;
  }

  /** La justesse sur des séquences jamais apprises, morceau par morceau. @param {Batch} test @returns {Generator<void>} */
  *measure(test) {
    const { net } = this;
    const size = test.codes.length / net.task.steps;
    let [right, count] = [0, 0];
    for (let first = 0; first < size; first += net.rows) {
      const [more, judged] = net.judge(test, first, Math.min(net.rows, size - first));
      right += more;
      count += judged;
      yield;
    }
    const { steps, losses, accuracy } = this.history;
    const since = this.updates - (steps[steps.length - 1] ?? 0);
    steps.push(this.updates);
    losses.push(since ? this.sum / since : NaN);
    accuracy.push(right / count);
    this.sum = 0;
  }
}

/** Trois réseaux de mêmes réglages, une graine chacun, menés de front. */
export class Session {
  /** @param {string} key ce qui désigne les réglages @param {Settings} settings @param {number} count */
  constructor(key, settings, count = 3) {
    this.key = key;
    this.settings = settings;
    const { task, cell, H, start, batch, seed } = settings;
    this.test = sample(task, TESTED, mulberry32(2 ** 31), "test");
    this.learners = Array.from({ length: count }, (_, k) => {
      const random = mulberry32(Math.imul(seed + k + 1, 0x9e3779b1));
      const net = new Net(task, cell, H).draw(hasStart(cell, start) ? start : "default", random);
      return new Learner(net, settings, () => sample(task, batch, random));
    });
    this.updates = 0;
    this.usual = 0; // durée habituelle d'un morceau, en ms
    this.rounds = this.#rounds();
  }

  /** Un essai n'est pas une donnée : il ne s'écrit pas. */
  toJSON() {
    return this.key;
  }

  /** Tous ont-ils cessé d'apprendre ? */
  get lost() {
    return this.learners.every(({ lost }) => lost);
  }

  /** Une mesure avant de partir ; puis une mise à jour de chacun, et une mesure toutes les dix. @returns {Generator<void>} */
  *#rounds() {
    for (const learner of this.learners) yield* learner.measure(this.test);
    for (;;) {
      const learning = this.learners.filter(({ lost }) => !lost);
      for (const learner of learning) yield* learner.update();
      if ((this.updates + 1) % EVERY === 0)
        for (const learner of learning) yield* learner.measure(this.test);
      this.updates += 1;
      yield;
    }
  }

  /** Travaille jusqu'à telle mise à jour, sans dépasser ce temps. @param {number} budget en ms @param {number} until */
  work(budget, until = Infinity) {
    const start = performance.now();
    let now = start;
    do {
      this.rounds.next();
      const then = performance.now();
      this.usual += 0.2 * (then - now - this.usual);
      now = then;
    } while (this.updates < until && !this.lost && now - start + this.usual < budget);
  }
}
