/* Ce que retient un réseau : le lecteur tape du français. Sous chaque caractère, ce que dit le gradient (la
 * connectivité) et ce que fait l'effacement ; au-dessous, la suite prédite, les mots proposés, les trois cellules. */

import { colour, french, panels, Scale, svg } from "../draw.js";
import { figure, FigureError } from "../frame.js";
import { LanguageModel, likelyEndings, probabilities, Reading } from "../language.js";

const LONGEST = 200; // caractères lus
const SLICE = 5; // ms de calcul par image, pendant que le lecteur fait autre chose
const [FEW, ENOUGH] = [10, 20]; // en deçà, une corrélation de rang ne dit rien
const KINDS = /** @type {const} */ (["RNN", "GRU", "LSTM"]);

/** @typedef {{text: string, cell: string, seed: string, at: number, bars: string, whole?: boolean}} State */
/** @typedef {{symbols: string[], letters: string, text: string, cell: string, seeds: string[],
 *   models: Record<string, Record<string, import("../weights.js").Exported>>,
 *   bits: Record<string, Record<string, number>>, usual: Record<string, Record<string, number[][]>>}} Data */

// -- Calculer -------------------------------------------------------------------------------------

/** Les lectures d'une page : un modèle n'est décodé qu'une fois, un texte n'est relu que là où il change. */
class Library {
  /** @param {Data} data */
  constructor(data) {
    this.data = data;
    this.codes = new Map(data.symbols.map((symbol, code) => [symbol, code]));
    this.letters = data.symbols.map((symbol) => data.letters.includes(symbol));
    this.readings = /** @type {Map<string, Reading>} */ (new Map());
  }

  /** @param {string} text */
  encode(text) {
    const rare = this.data.symbols.length - 1;
    return [...text].slice(-LONGEST).map((symbol) => this.codes.get(symbol) ?? rare);
  }

  /** @param {string} cell @param {string} seed @returns {Reading} */
  reading(cell, seed) {
    const key = `${cell} ${seed}`;
    const kind = /** @type {typeof KINDS[number]} */ (cell);
    const found =
      this.readings.get(key) ??
      new Reading(new LanguageModel(kind, this.data.models[cell]?.[seed]), LONGEST);
    this.readings.set(key, found);
    return found;
  }

  /** @param {string} cell @param {string} seed @param {number[]} codes */
  read(cell, seed, codes) {
    const reading = this.reading(cell, seed);
    if (reading.codes.join() !== codes.join()) reading.update(codes);
    return reading;
  }
}

const LIBRARIES = /** @type {WeakMap<Data, Library>} */ (new WeakMap());

/** @param {Data} data */
function libraryOf(data) {
  const found = LIBRARIES.get(data) ?? new Library(data);
  LIBRARIES.set(data, found);
  return found;
}

/** Le texte lu : un lien de la page y écrit « _ » pour une espace. @param {{text: string}} state */
const textOf = ({ text }) => text.replaceAll("_", " ").replaceAll("’", "'").normalize("NFC");

/** Tout ce que montre la figure ; l'effacement vaut `null` tant qu'il n'est pas fini, sauf si `whole` l'exige.
 * @param {State} state @param {Data} data */
export function compute(state, data) {
  const library = libraryOf(data);
  const codes = library.encode(textOf(state));
  const reading = library.read(state.cell, state.seed, codes);
  const usual = data.usual[state.cell][state.seed];
  if (state.whole || isFirst(state, data)) reading.erasure.advance(Infinity);
  const T = codes.length;
  const at = T ? T - Math.min(Math.max(1, state.at), T) : -1;
  return {
    symbols: codes.map((code) => data.symbols[code]),
    T,
    at,
    k: reading.k,
    predicted: data.symbols[reading.k],
    p: probabilities(reading.logits),
    logits: reading.logits.slice(),
    connectivity: reading.connectivity,
    reach: reachOf(reading.connectivity, 0.9),
    farthest: farthestShare(reading.connectivity),
    words: suggestions(library, reading),
    evened: evened(reading.connectivity, usual[0]),
    erasure: reading.erasure.finished ? erased(reading, usual) : null,
    others: KINDS.map((cell) => summary(library, cell, state, codes)),
  };
}

/** @typedef {ReturnType<typeof compute>} Values */

/** Est-ce le premier état, que l'on montre entier ? @param {State} state @param {Data} data */
const isFirst = (state, { text, cell, seeds }) =>
  textOf(state) === text && state.cell === cell && state.seed === seeds[0];

/** @param {Reading} reading @param {number[][]} usual */
function erased({ codes, connectivity, erasure, k }, usual) {
  const T = codes.length;
  const moved = erasure.moved.slice(0, T);
  const answer = erasure.answer.slice(0, T);
  const ours = evened(connectivity, usual[0]);
  const theirs = evened(moved, usual[1]);
  return {
    moved,
    left: erasure.left.slice(0, T),
    answer,
    flips: Array.from(answer, (code) => code !== k),
    evened: theirs,
    correlation: T < FEW ? null : rankCorrelation(connectivity, moved),
    byDistance:
      T < FEW
        ? null
        : rankCorrelation(
            moved.map((_, t) => t),
            moved,
          ),
    atEqualDistance: T < ENOUGH ? null : rankCorrelation(ours, theirs),
  };
}

/** Le logarithme de ce qu'une mesure vaut de plus que d'ordinaire à cette distance, aussi loin qu'on l'a mesuré.
 * @param {Float64Array} values @param {number[]} usual le logarithme moyen, par distance */
function evened(values, usual) {
  const T = values.length;
  const first = Math.max(0, T - usual.length);
  return values
    .subarray(first)
    .map((value, j) => Math.log(Math.max(value, 1e-12)) - usual[T - first - j - 1]);
}

/** Une ligne du tableau des trois cellules ; `null` si elle n'a pas encore lu ce texte.
 * @param {Library} library @param {string} cell @param {State} state @param {number[]} codes */
function summary(library, cell, { seed }, codes) {
  const reading = library.readings.get(`${cell} ${seed}`);
  if (!reading || reading.codes.join() !== codes.join() || !reading.erasure.finished) return null;
  return {
    predicted: library.data.symbols[reading.k],
    p: probabilities(reading.logits)[reading.k],
    reach: reachOf(reading.connectivity, 0.9),
    ...agreements(erased(reading, library.data.usual[cell][seed])),
  };
}

/** @param {ReturnType<typeof erased>} erasure */
const agreements = ({ correlation, atEqualDistance }) => ({ correlation, atEqualDistance });

/** Les mots que le texte appelle : ce qui en est écrit, et ses fins les plus probables.
 * @param {Library} library @param {Reading} reading */
function suggestions({ letters, data }, reading) {
  const spell = (/** @type {number[]} */ codes) => codes.map((v) => data.symbols[v]).join("");
  let start = reading.codes.length;
  while (start > 0 && letters[reading.codes[start - 1]]) start--;
  const begun = spell(reading.codes.slice(start));
  return likelyEndings(reading, letters).map(({ codes, p }) => ({ begun, end: spell(codes), p }));
}

/** Combien de derniers caractères portent la part p de la connectivité. @param {Float64Array} c @param {number} p */
function reachOf(c, p) {
  const goal = p * sum(c);
  let [found, t] = [0, c.length];
  while (t > 0 && found < goal) found += c[--t];
  return c.length - t;
}

/** La plus grande part de la connectivité, à plus de vingt caractères de la fin. @param {Float64Array} c */
function farthestShare(c) {
  const far = c.subarray(0, Math.max(0, c.length - 20));
  return far.length ? Math.max(...far) / sum(c) : 0;
}

/** @param {Float64Array} values */
const sum = (values) => values.reduce((a, b) => a + b, 0);

/** Le rang de chaque valeur, de 0 (la plus petite) à T − 1. @param {Float64Array} values */
export function ranks(values) {
  const order = Array.from(values, (_, t) => t).sort((a, b) => values[a] - values[b]);
  const found = new Float64Array(values.length);
  for (const [rank, t] of order.entries()) found[t] = rank;
  return found;
}

/** La corrélation de rang de deux mesures, celle de la page. @param {Float64Array} a @param {Float64Array} b */
export function rankCorrelation(a, b) {
  const [u, v] = [ranks(a), ranks(b)];
  const middle = (a.length - 1) / 2;
  let [product, square] = [0, 0];
  for (let t = 0; t < a.length; t++) {
    product += (u[t] - middle) * (v[t] - middle);
    square += (u[t] - middle) ** 2;
  }
  return product / square;
}

// -- Dessiner -------------------------------------------------------------------------------------

const MONO = "font: 15px ui-monospace, 'DejaVu Sans Mono', monospace; white-space: pre";
const [CELL, LETTER, GAP] = [12, 24, 12];

/** Les deux mesures, vers le haut et vers le bas. */
const MEASURES = [
  { role: "gradient", words: "gradient, vers le haut", sign: -1 },
  { role: "forget", words: "effacement, vers le bas", sign: 1 },
];

/** @param {import("../frame.js").Surface} surface @param {State} state @param {Values} values @param {Data} data */
function draw(surface, state, values, data) {
  const { node, width, resize } = surface;
  const place = layout(values, width);
  const [details, below] = detail(values, data, width, place.bottom + 18);
  const { boxes, height } = panels(width, 3, 158, 236);
  for (const box of boxes) box.y += below + 6;
  resize(below + 6 + height);
  node.replaceChildren(
    ...legend(values, width),
    ...written(place, values, state),
    ...details,
    nextCharacters(boxes[0], values, data),
    nextWords(boxes[1], values),
    threeCells(boxes[2], state, values),
  );
  listen(surface, place, values);
  deferred(surface).follow(state, data);
  if (state.text.includes("_")) surface.set({ text: textOf(state) });
}

/** Où va chaque caractère : des lignes coupées aux espaces. @param {Values} values @param {number} width */
function layout({ symbols, T }, width) {
  const columns = Math.floor((width - 8) / CELL) - 1;
  const bar = width < 480 ? 22 : 30;
  const rows = /** @type {number[][]} */ ([[]]);
  for (let t = 0; t < T; t++) {
    const row = rows[rows.length - 1];
    if (row.length < columns) row.push(t);
    else {
      const space = row.findLastIndex((s) => symbols[s] === " ");
      rows.push([...row.splice(space > columns - 15 ? space + 1 : columns), t]);
    }
  }
  const pitch = 2 * bar + LETTER + GAP;
  const points = rows.flatMap((row, r) => row.map((_, j) => [4 + j * CELL, 52 + bar + r * pitch]));
  const last = rows.length - 1;
  const end = [4 + rows[last].length * CELL, 52 + bar + last * pitch];
  return { points, end, bar, rows, bottom: 52 + rows.length * pitch - GAP };
}

/** @typedef {ReturnType<typeof layout>} Place */

/** @param {Values} values @param {number} width */
function legend({ erasure, T }, width) {
  const marks = MEASURES.flatMap(({ role, words, sign }, m) => {
    const [x, y] = width < 480 ? [4, 14 + 20 * m] : [4 + 230 * m, 14];
    const pending = sign > 0 && !erasure && T > 0 ? " : calcul en cours…" : "";
    const text = svg("text", { x: x + 20, y, "data-mesure": role }, words + pending);
    return [svg("rect", { x, y: y - 11, width: 13, height: 13, fill: colour(role) }), text];
  });
  if (T) return marks;
  return [...marks, svg("text", { x: 4, y: 62 }, "Tapez du français ci-dessous.")];
}

const USUAL = 0.25; // la hauteur de l'ordinaire

/** La hauteur de chaque barre, de 0 à 1. @param {Float64Array} values @param {Float64Array} logs @param {string} bars */
function heights(values, logs, bars) {
  const most = Math.max(...values) || 1;
  if (bars === "log") {
    const scale = new Scale([1e-3, 1], [0, 1], true);
    return values.map((value) => Math.max(0, value > 0 ? scale.at(value / most) : 0));
  }
  if (bars === "ordinaire") {
    const found = new Float64Array(values.length);
    found.set(
      logs.map((log) => Math.min(1, USUAL * Math.exp(log))),
      values.length - logs.length,
    );
    return found;
  }
  return values.map((value) => value / most);
}

/** Un texte, au pas fixe. @param {number | string} x @param {number} y @param {string} words */
const spelled = (x, y, words, style = "") =>
  svg("text", { x, y: y + 17, "text-anchor": "middle", style: MONO + style }, words);

/** Le texte, ses barres, ses teintes, et le caractère prédit. @param {Place} place @param {Values} values @param {State} state */
function written(place, values, { bars }) {
  const { points, end, rows } = place;
  const marks = MEASURES.flatMap(({ role, sign }) => {
    const { measure, logs } = sideOf(values, sign);
    if (!measure || !logs) return [];
    const drawn = measured(place, heights(measure, logs, bars), role, sign);
    return bars === "ordinaire" ? [...drawn, usualLine(place, sign, logs.length)] : drawn;
  });
  const lines = rows.map((row) => {
    const centres = row.map((t) => points[t][0] + CELL / 2);
    const words = row.map((t) => visible(values.symbols[t])).join("");
    return spelled(centres.join(" "), (points[row[0]] ?? end)[1], words);
  });
  const style = `; font-weight: 700; fill: ${colour("output")}`;
  const guess = spelled(end[0] + CELL / 2 + 1, end[1], visible(values.predicted, true), style);
  return [...marks, ...lines, ...frames(place, values), guess];
}

/** @param {Values} values @param {number} sign */
const sideOf = ({ connectivity, evened, erasure }, sign) =>
  sign < 0
    ? { measure: connectivity, logs: evened }
    : { measure: erasure?.moved, logs: erasure?.evened };

/** Le cadre de la réponse, et celui du caractère examiné. @param {Place} place @param {Values} values */
function frames({ points, end, bar }, { at }) {
  const frame = { width: CELL, fill: "none", stroke: colour("ink"), "stroke-width": 1.5 };
  const dashed = { ...frame, stroke: colour("output"), "stroke-dasharray": "3 2" };
  const answer = svg("rect", { ...dashed, x: end[0] + 1, y: end[1], height: LETTER });
  if (at < 0) return [answer];
  const [x, y] = points[at];
  return [answer, svg("rect", { ...frame, x, y: y - bar - 2, height: LETTER + 2 * bar + 4 })];
}

/** La ligne de l'ordinaire, aussi loin qu'on l'a mesuré. @param {Place} place @param {number} sign @param {number} known */
function usualLine({ rows, points, bar }, sign, known) {
  const first = points.length - known;
  const lines = rows
    .map((row) => row.filter((t) => t >= first))
    .filter((row) => row.length > 0)
    .map((row) => {
      const [x, y] = points[row[0]];
      return `M${x} ${(sign < 0 ? y : y + LETTER) + sign * USUAL * bar}h${row.length * CELL}`;
    });
  return svg("path", { d: lines.join(""), stroke: colour("ink"), "stroke-dasharray": "2 3" });
}

/** Une espace ne se voit que si elle est la réponse. @param {string} symbol */
const visible = (symbol, answer = false) =>
  symbol === "\n" ? "↵" : symbol === " " ? (answer ? "␣" : " ") : symbol;

const SHADES = 6;

/** Les barres d'une mesure, et le fond de chaque caractère, d'autant plus soutenu qu'il compte.
 * @param {Place} place @param {Float64Array} sizes @param {string} role @param {number} sign */
function measured({ points, bar }, sizes, role, sign) {
  let bars = "";
  const shades = Array.from({ length: SHADES }, () => "");
  for (const [t, size] of sizes.entries()) {
    const [x, y] = points[t];
    const base = sign < 0 ? y : y + LETTER;
    bars += `M${x + 2} ${base}h${CELL - 4}v${(sign * size * bar).toFixed(1)}h${4 - CELL}z`;
    const half = sign < 0 ? y : y + LETTER / 2;
    shades[Math.min(SHADES - 1, Math.floor(size * SHADES))] +=
      `M${x} ${half}h${CELL}v${LETTER / 2}h${-CELL}z`;
  }
  const tints = shades.map((d, s) =>
    svg("path", { d, fill: colour(role), "fill-opacity": (0.42 * s) / (SHADES - 1) }),
  );
  return [...tints.slice(1), svg("path", { d: bars, fill: colour(role), class: `barres-${role}` })];
}

/** Ce que l'on sait du caractère examiné, en lignes. @param {Values} values @param {Data} data @param {number} width @param {number} top @returns {[SVGElement[], number]} */
function detail(values, data, width, top) {
  const lines = wrapped(bound(examined(values, data)), Math.floor((width - 8) / 6.9));
  return [
    lines.map((line, k) => svg("text", { x: 4, y: top + 18 * k }, line)),
    top + 18 * lines.length,
  ];
}

/** @param {Values} values @param {Data} data */
function examined({ at, T, symbols, connectivity, erasure, p, k, predicted }, data) {
  if (at < 0) return "";
  const rank = (/** @type {Float64Array} */ values) => ordinal(T - ranks(values)[at], T);
  const share = french((100 * connectivity[at]) / sum(connectivity), 2);
  const far = T - at === 1 ? "le dernier lu" : `à ${T - at} caractères de la fin`;
  const start = `Encadré, ${named(symbols[at])}, ${far}. Gradient : ${share} % du total (${rank(connectivity)}).`;
  if (!erasure) return `${start} Effacement : calcul en cours…`;
  const { moved, left, answer, flips } = erasure;
  const change = `la probabilité de ${named(predicted)} passe de ${percent(p[k])} à ${percent(left[at])}`;
  const other = flips[at] ? `, et le réseau prédit ${named(data.symbols[answer[at]])}` : "";
  return `${start} Effacé, le logit bouge de ${french(moved[at], 2)} (${rank(moved)}) : ${change}${other}.`;
}

/** @param {number} rank @param {number} T */
const ordinal = (rank, T) => `${rank === 1 ? "le plus grand" : `le ${rank}ᵉ`} sur ${T}`;

/** Une phrase où rien ne se coupe avant « » : ; ! ? %. @param {string} words */
const bound = (words) => words.replaceAll("« ", "«\u00a0").replace(/ ([»:;!?%])/g, "\u00a0$1");

/** @param {string} symbol */
const named = (symbol) =>
  symbol === " " ? "l’espace" : symbol === "\n" ? "le retour à la ligne" : `« ${symbol} »`;

/** @param {number} p */
const percent = (p) => (p < 0.001 ? "moins de 0,1 %" : `${french(100 * p, p < 0.1 ? 1 : 2)} %`);

/** Coupe une phrase en lignes. @param {string} words @param {number} most */
function wrapped(words, most) {
  const lines = [""];
  for (const word of words.split(" ")) {
    const last = lines.length - 1;
    if (lines[last] && lines[last].length + word.length >= most) lines.push(word);
    else lines[last] += (lines[last] && " ") + word;
  }
  return lines;
}

/** Un titre, des lignes : un mot, une barre, une probabilité. @param {import("../draw.js").Box} box @param {string} title
 * @param {{label: (string | SVGElement)[], p: number}[]} rows @param {number} left @param {string} name */
function bars(box, title, rows, left, name) {
  const most = box.width - left - 62;
  const group = svg(
    "g",
    { class: name },
    svg("text", { x: box.x + 4, y: box.y + 14, style: "font-weight: 600" }, title),
  );
  for (const [rank, { label, p }] of rows.entries()) {
    const y = box.y + 38 + 21 * rank;
    const length = Math.max(1, most * p);
    group.append(
      svg("text", { x: box.x + 4, y, style: MONO }, ...label),
      svg("rect", {
        x: box.x + left,
        y: y - 11,
        width: length,
        height: 13,
        fill: colour("output"),
      }),
      svg("text", { x: box.x + left + length + 5, y }, percent(p)),
    );
  }
  return group;
}

/** @param {import("../draw.js").Box} box @param {Values} values @param {Data} data */
function nextCharacters(box, { p }, data) {
  const order = Array.from(p, (_, v) => v).sort((a, b) => p[b] - p[a]);
  const rows = order.slice(0, 5).map((v) => ({ label: [visible(data.symbols[v], true)], p: p[v] }));
  return bars(box, "Caractère suivant", rows, 24, "suivants");
}

/** @param {import("../draw.js").Box} box @param {Values} values */
function nextWords(box, { words }) {
  const most = Math.max(10, Math.floor((box.width - 120) / 9));
  const rows = words.map(({ begun, end, p }) => {
    const shown = begun.slice(Math.max(0, begun.length + end.length - most));
    const cut = shown.length < begun.length ? "…" : "";
    return { label: [cut + shown, svg("tspan", { style: "font-weight: 700" }, end)], p };
  });
  return bars(
    box,
    "Mots proposés",
    rows,
    9 * Math.max(...rows.map(({ label }) => widthOf(label)), 6) + 12,
    "mots",
  );
}

/** @param {(string | SVGElement)[]} label */
const widthOf = (label) =>
  label.reduce(
    (n, part) => n + (typeof part === "string" ? part : (part.textContent ?? "")).length,
    0,
  );

/** @param {import("../draw.js").Box} box @param {State} state @param {Values} values */
function threeCells(box, { cell, seed }, { others }) {
  const group = svg("g", { class: "cellules" });
  const add = (/** @type {number} */ y, /** @type {string[]} */ words, weight = 400) => {
    for (const [j, word] of words.entries()) {
      const style = `font-weight: ${weight}`;
      group.append(svg("text", { x: box.x + COLUMNS[j], y: box.y + y, style }, word));
    }
  };
  add(14, [`Les trois cellules, graine ${seed}`], 600);
  add(38, ["", "prédit", "portée", "accord", "(égale)"]);
  for (const [rank, row] of others.entries()) {
    const mine = KINDS[rank] === cell;
    add(60 + 22 * rank, [KINDS[rank], ...cellWords(row)], mine ? 700 : 400);
  }
  return group;
}

const COLUMNS = [4, 44, 100, 150, 197];

/** @param {ReturnType<typeof summary>} row */
function cellWords(row) {
  if (!row) return ["…", "…", "…", "…"];
  const { predicted, p, reach, correlation, atEqualDistance } = row;
  const top = `${visible(predicted, true)} ${percent(p)}`;
  return [top, `${reach}`, two(correlation), `(${two(atEqualDistance)})`];
}

/** @param {number | null} value */
const two = (value) => (value === null ? "–" : french(value, 2));

// -- Toucher, et finir en différé -----------------------------------------------------------------

/** Un appui sur un caractère l'examine : au doigt, le plus proche. @param {import("../frame.js").Surface} surface @param {Place} place @param {Values} values */
function listen({ node, width, set }, { points, bar }, { T }) {
  node.onclick = (event) => {
    const box = node.getBoundingClientRect();
    const scale = width / box.width;
    const [x, y] = [(event.clientX - box.left) * scale, (event.clientY - box.top) * scale];
    const away = points.map(([left, top]) => {
      const off = Math.max(0, Math.abs(y - top - LETTER / 2) - LETTER / 2 - bar);
      return Math.abs(x - left - CELL / 2) + 3 * off;
    });
    const near = away.indexOf(Math.min(...away));
    if (away[near] < 24) set({ at: T - near });
  };
}

/** Finit l'effacement par tranches, une par image, tant que la figure est à l'écran. */
class Deferred {
  /** @param {import("../frame.js").Surface} surface */
  constructor(surface) {
    this.surface = surface;
    this.waiting = 0;
    this.visible = false;
    this.state = /** @type {State | undefined} */ (undefined);
    this.data = /** @type {Data | undefined} */ (undefined);
    new IntersectionObserver(([{ isIntersecting }]) => {
      this.visible = isIntersecting;
      this.wake();
    }).observe(surface.node);
  }

  /** @param {State} state @param {Data} data */
  follow(state, data) {
    [this.state, this.data] = [state, data];
    this.wake();
  }

  wake() {
    if (this.visible && !this.waiting) this.waiting = requestAnimationFrame(() => this.#slice());
  }

  /** Une tranche : d'abord la cellule choisie, puis les deux autres. */
  #slice() {
    this.waiting = 0;
    const { state, data, surface } = this;
    if (!this.visible || !state || !data) return;
    const library = libraryOf(data);
    const codes = library.encode(textOf(state));
    const order = [state.cell, ...KINDS.filter((cell) => cell !== state.cell)];
    for (const cell of order) {
      const { erasure } = library.read(cell, state.seed, codes);
      if (erasure.finished) continue;
      const finished = erasure.advance(SLICE);
      if (cell === state.cell) this.#tell(erasure.done / codes.length);
      if (!finished) return this.wake();
      if (cell === state.cell) return surface.set({});
      return draw(surface, state, compute(state, data), data);
    }
  }

  /** @param {number} part */
  #tell(part) {
    const words = this.surface.node.querySelector("[data-mesure=forget]");
    if (words)
      words.textContent = `${MEASURES[1].words} : calcul en cours, ${Math.round(100 * part)} %`;
  }
}

const WAITING = /** @type {WeakMap<SVGElement, Deferred>} */ (new WeakMap());

/** @param {import("../frame.js").Surface} surface */
function deferred(surface) {
  const found = WAITING.get(surface.node) ?? new Deferred(surface);
  WAITING.set(surface.node, found);
  found.surface = surface;
  return found;
}

// -- Dire -----------------------------------------------------------------------------------------

/** Un début de mot, s'il est trop long, n'est dit que par sa fin. @param {string} begun */
const shortened = (begun) => (begun.length > 14 ? `…${begun.slice(-10)}` : begun);

/** @param {State} state @param {Values} values @param {Data} data */
const say = (state, values, data) => bound(told(state, values, data));

/** @param {State} state @param {Values} values @param {Data} data */
function told({ cell, seed }, { T, p, k, predicted, words, reach, erasure }, { bits }) {
  const who = `${cell}, graine ${seed} (${french(bits[cell][seed], 3)} bits par caractère)`;
  const top = `${named(predicted)} à ${percent(p[k])}`;
  if (T === 0) return `${who}. Rien n’est encore écrit : le réseau attend ${top}.`;
  const found =
    words.map(({ begun, end }) => `« ${shortened(begun)}${end} »`).join(", ") || "aucun";
  const range = reach > 1 ? `les ${reach} derniers caractères` : "le dernier caractère";
  return `${who}. Caractère suivant : ${top} ; mots proposés : ${found}. Neuf dixièmes du gradient tiennent dans ${range} sur ${T}. ${agreement(erasure)}`;
}

/** @param {Values["erasure"]} erasure */
function agreement(erasure) {
  if (!erasure) return "Effacement : calcul en cours.";
  const { correlation, byDistance, atEqualDistance } = erasure;
  if (correlation === null || byDistance === null)
    return `Moins de ${FEW} caractères : la corrélation de rang attend.`;
  const equal =
    atEqualDistance === null ? "" : ` ; à distance égale, il reste ${french(atEqualDistance, 2)}`;
  return `Accord de rang du gradient et de l’effacement : ${french(correlation, 2)}. La seule distance en donne ${french(byDistance, 2)}${equal}.`;
}

// -- La figure ------------------------------------------------------------------------------------

/** @param {Data} data @returns {import("../frame.js").Spec} */
export const spec = (data) => ({
  name: "memoire",
  title: "Ce que chaque caractère lu compte dans la suite",
  controls: controls(data),
  missions: [
    {
      text: "Trouvez un texte dont un caractère, lu plus de vingt caractères plus tôt, porte encore 1 % du gradient.",
      done: (_, { farthest }) => farthest >= 0.01,
    },
    {
      text: "Faites se contredire les deux mesures : sur vingt caractères au moins, un accord de moins de 0,3.",
      done: (_, { T, erasure }) => T >= 20 && erasure?.correlation < 0.3,
    },
    {
      text: "Désignez un caractère, à plus de dix caractères de la fin, dont l’effacement change la réponse.",
      done: (_, { T, at, erasure }) => T - at > 10 && Boolean(erasure?.flips[at]),
    },
  ],
  check,
  compute,
  draw,
  say,
});

const BARS = /** @type {[string, string][]} */ ([
  ["parts", "proportionnelles"],
  ["log", "logarithmiques"],
  ["ordinaire", "à distance égale"],
]);

/** @param {Data} data @returns {import("../frame.js").Control[]} */
function controls({ text = "", cell, seeds = [] }) {
  const [kinds, draws] = [KINDS, seeds].map((some) => some.map(twice));
  const examined = { label: "caractère examiné, depuis la fin", min: 1, max: LONGEST, step: 1 };
  return [
    { key: "text", label: "votre texte", kind: "text", maxLength: LONGEST, value: text },
    { key: "cell", label: "cellule", kind: "choice", value: cell, options: kinds },
    { key: "seed", label: "graine", kind: "choice", value: seeds[0], options: draws },
    { key: "at", ...examined, value: 1 },
    { key: "bars", label: "barres", kind: "choice", value: "parts", options: BARS },
    button("word", "Écrire le premier mot proposé", ({ words }) => words[0]?.end),
    button("letter", "Écrire le caractère prédit", ({ predicted }) => predicted.replace("\n", " ")),
  ];
}

/** @param {string} word @returns {[string, string]} */
const twice = (word) => [word, word];

/** Un bouton qui prolonge le texte. @param {string} key @param {string} label @param {(values: Values) => string | undefined} choose @returns {import("../frame.js").Control} */
const button = (key, label, choose) => ({
  key,
  label,
  kind: "button",
  press(state, data) {
    const more = choose(compute(state, data)) ?? "";
    state.text = [...textOf(state), ...more].slice(0, LONGEST).join("");
  },
});

/** @param {Data} data */
function check(data) {
  const { symbols, letters, models, seeds, usual, bits } = data;
  const whole = models && usual && bits && seeds?.length && typeof letters === "string";
  if (!whole || !Array.isArray(symbols))
    throw new FigureError("il faut un vocabulaire, des graines et des réseaux");
  for (const [kind, seed] of KINDS.flatMap((kind) => seeds.map((seed) => [kind, seed]))) {
    try {
      libraryOf(data).reading(kind, seed);
    } catch (error) {
      throw new FigureError(`${kind}, graine ${seed} : ${/** @type {Error} */ (error).message}`);
    }
    if (usual[kind]?.[seed]?.length !== 2 || !Number.isFinite(bits[kind]?.[seed]))
      throw new FigureError(`${kind}, graine ${seed} : il manque ses mesures ordinaires`);
  }
}

export const render = figure(spec);
