/**
 * Les tâches du terrain, définies comme celles de `notebook_utils/tasks` : parité, écho, ordre temporel.
 *
 * Un exemple est une suite de codes ; son *reste*, de 0 à 3, dit à quel ensemble il appartient : 0, le test ;
 * 1, 2 ou 3, l'apprentissage. Comme en Python, le reste est tiré d'abord, puis un élément sans effet sur
 * la cible est ajusté pour l'obtenir : aucun tirage n'est rejeté.
 */

import { integer } from "./random.js";

/** @typedef {import("./random.js").Random} Random */
/** @typedef {"train" | "test"} Split */
/**
 * @typedef {object} Batch un lot de B exemples, l'un après l'autre
 * @property {Uint8Array} codes (B, T)
 * @property {Uint8Array} y (B, T), ou (B) s'il n'y a qu'une réponse par séquence
 */
/**
 * @typedef {object} Task
 * @property {number} steps le nombre T de pas
 * @property {number} inputSize la taille D d'une entrée : 1 pour un bit, le nombre de symboles sinon
 * @property {number} outputSize le nombre K de logits
 * @property {boolean} everyStep y a-t-il une réponse à chaque pas, ou une seule à la fin ?
 * @property {number} silent le nombre de réponses du début qui vont de soi, et ne sont pas jugées
 * @property {(random: Random, codes: Uint8Array, split: Split) => void} draw tire un exemple
 * @property {(codes: Uint8Array, y: Uint8Array) => void} answer écrit ce qu'il faut y répondre
 */

/** @param {Random} random @param {Split} split */
const drawResidue = (random, split) => (split === "test" ? 0 : 1 + integer(random, 3));

/**
 * Tire des bits dont les parités de deux parties donnent le reste ; le dernier bit de chacune la fixe.
 *
 * @param {Random} random @param {Uint8Array} codes @param {Split} split @param {number[][]} parts des places
 */
function drawBits(random, codes, split, parts) {
  const residue = drawResidue(random, split);
  for (let t = 0; t < codes.length; t++) codes[t] = integer(random, 2);
  parts.forEach((places, k) => {
    const parity = places.reduce((sum, t) => sum + codes[t], 0) & 1;
    codes[places[places.length - 1]] ^= parity ^ ((residue >> k) & 1);
  });
}

/** Les places de `start` à `stop` exclu. @param {number} start @param {number} stop */
const places = (start, stop, step = 1) =>
  Array.from({ length: Math.ceil((stop - start) / step) }, (_, k) => start + k * step);

/**
 * `Counting` : après chaque bit, le nombre de 1 lus, modulo m ; la parité pour m = 2.
 *
 * @param {number} modulus @param {number} steps @returns {Task}
 */
export function counting(modulus, steps) {
  const parts = [places(0, steps, 3), places(1, steps, 3)];
  return {
    steps,
    inputSize: 1,
    outputSize: modulus,
    everyStep: true,
    silent: 0,
    draw: (random, codes, split) => drawBits(random, codes, split, parts),
    answer(codes, y) {
      let count = 0;
      for (let t = 0; t < steps; t++) y[t] = count = (count + codes[t]) % modulus;
    },
  };
}

/**
 * `Echo`, en une seule fenêtre : à chaque pas, le bit lu `delay` pas plus tôt, et 0 avant.
 *
 * @param {number} delay @param {number} steps @returns {Task}
 */
export function echo(delay, steps) {
  const half = Math.floor(steps / 2);
  const parts = [places(0, half), places(half, steps)];
  return {
    steps,
    inputSize: 1,
    outputSize: 1,
    everyStep: true,
    silent: delay,
    draw: (random, codes, split) => drawBits(random, codes, split, parts),
    answer(codes, y) {
      for (let t = 0; t < steps; t++) y[t] = t < delay ? 0 : codes[t - delay];
    },
  };
}

export const SYMBOLS = "XYabcdBE";
export const CLASSES = "QRSU";
const [A, B, E, PADDING] = [2, 6, 7, 8];

/**
 * `TemporalOrder` : B, des distracteurs parmi lesquels deux X ou Y, E ; laquelle des quatre classes ?
 * Les intervalles sont semi-ouverts ; le remplissage, le code 8, est devant.
 *
 * @param {{length: number[], t1: number[], t2: number[]}} ranges @returns {Task}
 */
export function temporalOrder({ length, t1, t2 }) {
  const width = length[1];
  const pick = (/** @type {Random} */ random, /** @type {number[]} */ [low, high]) =>
    low + integer(random, high - low);
  return {
    steps: width,
    inputSize: 8,
    outputSize: 4,
    everyStep: false,
    silent: 0,
    draw(random, codes, split) {
      const padding = width - pick(random, length);
      const adjusted = padding + t1[1];
      for (let t = 0; t < width; t++) codes[t] = t < padding ? PADDING : A + integer(random, 4);
      codes[padding] = B;
      codes[width - 1] = E;
      codes[padding + pick(random, t1)] = integer(random, 2);
      codes[padding + pick(random, t2)] = integer(random, 2);
      codes[adjusted] = A;
      const sum = codes.reduce((total, code) => total + code, 0);
      codes[adjusted] += (((drawResidue(random, split) - sum) % 4) + 4) % 4;
    },
    answer(codes, y) {
      const [u, v] = codes.filter((code) => code < A);
      y[0] = 2 * u + v;
    },
  };
}

/** L'ordre temporel le plus facile du cours, et le suivant. */
export const EASY = temporalOrder({ length: [7, 9], t1: [1, 3], t2: [4, 6] });
export const NORMAL = temporalOrder({ length: [30, 41], t1: [2, 6], t2: [20, 28] });

/**
 * Un lot, et ses réponses.
 *
 * @param {Task} task @param {number} size @param {Random} random @param {Split} [split] @returns {Batch}
 */
export function sample(task, size, random, split = "train") {
  const codes = new Uint8Array(size * task.steps);
  for (let k = 0; k < size; k++)
    task.draw(random, codes.subarray(k * task.steps, (k + 1) * task.steps), split);
  return answered(task, codes);
}

/** Un lot dont on a déjà les codes. @param {Task} task @param {Uint8Array} codes @returns {Batch} */
export function answered(task, codes) {
  const size = codes.length / task.steps;
  const answers = task.everyStep ? task.steps : 1;
  const y = new Uint8Array(size * answers);
  for (let k = 0; k < size; k++) {
    const row = codes.subarray(k * task.steps, (k + 1) * task.steps);
    task.answer(row, y.subarray(k * answers, (k + 1) * answers));
  }
  return { codes, y };
}
