/* Une matrice 2 × 2 et ses puissances. À gauche l'image du cercle unité, à droite la norme entre ρⁿ et σⁿ. */

import { colour, french, panels, Plot, svg } from "../draw.js";
import { figure, FigureError } from "../frame.js";

const HEIGHT = 290;
const NARROW = 480;
const LINE = 19;
const [LOWEST, HIGHEST] = [1e-6, 1e10]; // au-delà, les courbes suivent le bord
const EDGE = 0.95;

/** Une matrice triangulaire [[a, b], [0, d]]. @typedef {{a: number, b: number, d: number}} Matrix */

/** La plus grande valeur singulière. @param {Matrix} matrix */
export const largestSingular = ({ a, b, d }) => (Math.hypot(a + d, b) + Math.hypot(a - d, b)) / 2;

/** Ce que l'on dit d'une matrice. @param {Matrix} matrix */
const summary = (matrix) => ({
  det: matrix.a * matrix.d + 0, // sans le zéro négatif
  rho: Math.max(Math.abs(matrix.a), Math.abs(matrix.d)),
  sigma: largestSingular(matrix),
});

/** W, le facteur s·W, ses puissances de 0 à N, leur norme, et les deux courbes qui l'encadrent, ρⁿ et σⁿ.
 * @param {{l1: number, l2: number, c: number, s: number}} state @param {{steps: number}} data */
export function compute({ l1, l2, c, s }, { steps }) {
  const weights = summary({ a: l1, b: c, d: l2 });
  const matrix = { a: s * l1, b: s * c, d: s * l2 };
  const factor = summary(matrix);
  const powers = [{ a: 1, b: 0, d: 1 }];
  for (let n = 1; n <= steps; n++) {
    const { a, b, d } = powers[n - 1];
    powers.push({ a: matrix.a * a, b: matrix.a * b + matrix.b * d, d: matrix.d * d });
  }
  const norms = powers.map(largestSingular);
  const lower = powers.map((_, n) => factor.rho ** n);
  const upper = powers.map((_, n) => factor.sigma ** n);
  const peak = norms.indexOf(Math.max(...norms));
  return { weights, factor, powers, norms, lower, upper, peak };
}

/** @typedef {ReturnType<typeof compute>} Values */

/** Les quatre façons de tenter une explosion sous σ_max = 1. @type {[string, (state: any, values: Values) => boolean][]} */
const TRIALS = [
  ["couplage", ({ c }) => c > 0],
  ["négative", ({ l1, l2 }) => Math.min(l1, l2) < 0],
  ["pente", ({ s }) => s < 1],
  ["au bord", (_, { weights }) => weights.sigma > EDGE],
];

/** Retient ce que le lecteur a tenté. @param {any} state @param {Values} values */
function remember(state, values) {
  if (values.weights.sigma >= 1) return;
  const seen = TRIALS.filter(([, tried]) => tried(state, values)).map(([name]) => name);
  state.tried = [...new Set([...state.tried, ...seen])];
}

/** @param {import("../frame.js").Surface} surface @param {any} state @param {Values} values */
function draw({ node, width, resize }, state, values) {
  remember(state, values);
  const lines = numbers(width < NARROW, state, values);
  const head = LINE * lines.length + 8;
  const { boxes, height } = panels(width, 2, HEIGHT);
  resize(height + head);
  for (const box of boxes) box.y += head;
  const texts = lines.map((line, k) =>
    svg("text", { x: 6, y: 15 + LINE * k, style: k ? "" : "font-weight: 600" }, line),
  );
  node.replaceChildren(...texts, circle(boxes[0], state, values), growth(boxes[1], state, values));
}

/** Les nombres de W et du facteur, puis les essais sous σ = 1.
 * @param {boolean} narrow @param {any} state @param {Values} values */
function numbers(narrow, { s, tried }, { weights, factor }) {
  const [det, rho, sigma] = narrow
    ? ["det", "ρ", "σ"]
    : ["déterminant", "rayon spectral ρ =", "valeur singulière σ ="];
  const words = (/** @type {Values["factor"]} */ found) =>
    `${det} ${french(found.det)} ; ${rho} ${french(found.rho)} ; ${sigma} ${french(found.sigma)}`;
  const marks = TRIALS.map(([name]) => `${tried.includes(name) ? "☑" : "☐"} ${name}`).join("  ");
  const trials = "essais sous σ = 1 :";
  return [
    `W : ${words(weights)}`,
    s < 1 ? `${french(s)} W : ${words(factor)}` : "pente 1 : le facteur est W",
    ...(narrow ? [trials, marks] : [`${trials} ${marks}`]),
  ];
}

/** La plus petite borne ronde, 1, 2 ou 5 fois une puissance de dix, où tient une longueur. @param {number} length */
function round(length) {
  const power = 10 ** Math.floor(Math.log10(length));
  return [1, 2, 5, 10].map((k) => k * power).find((size) => 1.15 * size >= length) ?? length;
}

/** L'image du cercle unité par la n-ième puissance, et la direction la plus étirée.
 * @param {import("../draw.js").Box} box @param {any} state @param {Values} values */
function circle(box, { n }, { powers, norms }) {
  const margins = { left: 70, right: 12, top: 14, bottom: 40 };
  const size = round(Math.max(1, norms[n]));
  const [across, down] = [box.width - 82, box.height - 54];
  const [aside, up] = [across, down].map((side) => (1.2 * size * side) / Math.min(across, down));
  const plot = new Plot(box, {
    x: [-aside, aside],
    y: [-up, up],
    xLabel: `le cercle et son image par ${n} facteur${n > 1 ? "s" : ""}`,
    xTicks: Math.ceil((2 * aside) / size),
    yTicks: Math.ceil((2 * up) / size),
    margins,
  });
  const angles = Array.from({ length: 181 }, (_, k) => (k * Math.PI) / 90);
  const { a, b, d } = powers[n];
  const xs = angles.map((angle) => a * Math.cos(angle) + b * Math.sin(angle));
  const ys = angles.map((angle) => d * Math.sin(angle));
  const lengths = xs.map((x, k) => Math.hypot(x, ys[k]));
  const far = lengths.indexOf(Math.max(...lengths));
  const side = Math.sign(xs[far] || ys[far]);
  const tip = [side * xs[far], side * ys[far]];
  plot.line(angles.map(Math.cos), angles.map(Math.sin), {
    role: "neutral",
    "stroke-width": 1.2,
    "stroke-dasharray": "4 3",
  });
  plot.line(xs, ys, { role: "hidden", fill: colour("hidden"), "fill-opacity": 0.15 });
  plot.line([0, tip[0]], [0, tip[1]], { role: "gradient", "stroke-width": 2.5 });
  plot.dot(tip[0], tip[1], { role: "gradient" });
  return plot.node;
}

/** La norme contre n, entre ρⁿ et σⁿ.
 * @param {import("../draw.js").Box} box @param {any} state @param {Values} values */
function growth(box, { n }, { norms, lower, upper }) {
  const plot = new Plot(box, {
    x: [0, norms.length - 1],
    y: [LOWEST, HIGHEST],
    yLog: true,
    xLabel: "nombre de facteurs n",
    margins: { left: 46, right: 14, top: 26 },
  });
  const clamp = (/** @type {number} */ value) => Math.min(HIGHEST, Math.max(LOWEST, value));
  const steps = norms.map((_, k) => k);
  plot.line([0, norms.length - 1], [1, 1], { role: "neutral", "stroke-width": 1 });
  plot.line([n, n], [LOWEST, HIGHEST], { role: "neutral", "stroke-width": 1, "stroke-dasharray": "1 3" }); // prettier-ignore
  plot.line(steps, upper.map(clamp), { role: "forget", "stroke-dasharray": "2 3" });
  plot.line(steps, lower.map(clamp), { role: "input", "stroke-dasharray": "8 4" });
  plot.line(steps, norms.map(clamp), { role: "gradient", "stroke-width": 2.5 });
  plot.dot(n, clamp(norms[n]), { role: "gradient", r: 5 });
  return svg("g", {}, plot.node, legend(box));
}

/** @param {import("../draw.js").Box} box */
function legend({ x, y }) {
  const rows = [
    ["gradient", "", "norme"],
    ["input", "8 4", "ρⁿ"],
    ["forget", "2 3", "σⁿ"],
  ];
  return svg(
    "g",
    {},
    ...rows.flatMap(([role, dash, words], k) => {
      const start = x + 46 + [0, 92, 158][k];
      const line = { x1: start, x2: start + 30, y1: y + 12, y2: y + 12, stroke: colour(role) };
      return [
        svg("line", { ...line, "stroke-width": 2.5, "stroke-dasharray": dash || undefined }),
        svg("text", { x: start + 36, y: y + 16 }, words),
      ];
    }),
  );
}

/** Ce que fait la norme, de 0 à N facteurs. @param {Values} values */
function verdict({ norms, peak }) {
  const last = norms[norms.length - 1];
  const end = `${french(last, 2)} à n = ${norms.length - 1}`;
  if (peak > 0 && norms[peak] <= 1 + 1e-9) return `elle reste à 1`;
  if (peak === 0)
    return last > 1 - 1e-9 ? "elle reste à 1" : `elle ne dépasse jamais 1, et finit à ${end}`;
  const top = `${french(norms[peak], 3)}, à n = ${peak}`;
  return peak === norms.length - 1 ? `elle croît jusqu’à ${end}` : `elle culmine à ${top}, puis descend à ${end}`; // prettier-ignore
}

/** @param {any} state @param {Values} values */
function say({ s, n, tried }, values) {
  const { weights, factor, norms } = values;
  const { det, rho, sigma } = weights;
  const slope = s < 1 ? `, pente ${french(s)} (facteur : ρ = ${french(factor.rho)}, σ = ${french(factor.sigma)})` : ""; // prettier-ignore
  const safe =
    sigma < 1
      ? ` Avec σ < 1, la norme ne peut que rester sous σⁿ, donc sous 1 : ${tried.length} façon${tried.length > 1 ? "s" : ""} sur ${TRIALS.length} tentée${tried.length > 1 ? "s" : ""}, aucune explosion.`
      : "";
  return `det W = ${french(det)}, ρ = ${french(rho)}, σ = ${french(sigma)}${slope}. À n = ${n}, la norme vaut ${french(norms[n])} ; ${verdict(values)}.${safe}`;
}

/** @param {Values} values */
const last = ({ norms }) => norms[norms.length - 1];

/** @type {import("../frame.js").Spec} */
export const spec = {
  name: "matrice",
  title:
    "Les puissances d’une matrice 2 × 2, leur norme, son rayon spectral et sa valeur singulière",
  hidden: { tried: [] },
  controls: [
    { key: "l1", label: "valeur propre λ₁", min: -2, max: 2, step: 0.01, value: 0.9 },
    { key: "l2", label: "valeur propre λ₂", min: -2, max: 2, step: 0.01, value: 0.9 },
    { key: "c", label: "couplage c", min: 0, max: 20, step: 0.05, digits: 4, value: 1 },
    { key: "s", label: "pente de tanh", min: 0, max: 1, step: 0.01, value: 1 },
    { key: "n", label: "nombre de facteurs n", min: 0, max: 100, step: 1, value: 10 },
  ],
  missions: [
    {
      text: "Une explosion dont le déterminant est sous 1 : |det W| < 1, et une norme de plus de 1 000 à n = 100.",
      done: (_, values) => Math.abs(values.weights.det) < 1 && last(values) > 1e3,
    },
    {
      text: "L’inverse, avec l’aide de la pente : det W > 1, et une norme de moins de 0,001 à n = 100.",
      done: (_, values) => values.weights.det > 1 && last(values) < 1e-3,
    },
    {
      text: "Un rayon spectral sous 1 qui gonfle : ρ(W) < 1, une norme qui dépasse 10, puis retombe sous 1.",
      done: (_, values) =>
        values.weights.rho < 1 && values.norms[values.peak] > 10 && last(values) < 1,
    },
    {
      text: `Une explosion avec σ(W) < 1 ? Tentez-la de quatre façons : avec un couplage, une valeur propre négative, une pente sous 1, et tout près du bord (σ > ${french(EDGE)}). Réussi quand vous l’aurez cherchée partout : elle n’existe pas.`,
      done: ({ tried }) => tried.length === TRIALS.length,
    },
  ],
  check({ steps }) {
    if (steps !== 100) throw new FigureError("il faut cent facteurs");
  },
  compute,
  draw,
  say,
};

export const render = figure(spec);
