/* Dessiner : éléments SVG, axes gradués à la française, courbes, surfaces à la largeur de l'écran.
 *
 * Les couleurs sont des rôles de la palette (``colour("hidden")``) : la page en donne les teintes, claires ou sombres. */

const NAMESPACE = "http://www.w3.org/2000/svg";
const NUMBERS = new Map();

/** La couleur d'un rôle de la palette, par sa variable CSS. @param {string} role */
export const colour = (role) => `var(--role-${role.replaceAll("_", "-")})`;

/** Un nombre écrit en français, à tant de chiffres significatifs. @param {number} value */
export function french(value, digits = 3) {
  if (Number.isNaN(value)) return "indéfini";
  if (!Number.isFinite(value)) return value > 0 ? "∞" : "−∞";
  const size = Math.abs(value);
  if (size !== 0 && (size < 1e-3 || size >= 1e6)) return scientific(value, digits);
  if (!NUMBERS.has(digits)) {
    NUMBERS.set(digits, new Intl.NumberFormat("fr-FR", { maximumSignificantDigits: digits }));
  }
  return NUMBERS.get(digits).format(value).replace("-", "−");
}

const SUPERSCRIPTS = "⁰¹²³⁴⁵⁶⁷⁸⁹";

/** @param {number} value @param {number} digits */
function scientific(value, digits) {
  const [mantissa, exponent] = value.toExponential(Math.max(0, Math.min(digits - 1, 1))).split("e");
  const power = [...String(Math.abs(Number(exponent)))]
    .map((digit) => SUPERSCRIPTS[Number(digit)])
    .join("");
  const head = mantissa.replace(".", ",").replace("-", "−");
  return `${head === "1" ? "" : `${head}·`}10${Number(exponent) < 0 ? "⁻" : ""}${power}`;
}

/** Un élément SVG, ses attributs, ses enfants (du texte, ou des éléments).
 * @param {string} tag @param {Record<string, any>} attributes @param {...(Node | string)} children
 * @returns {SVGElement} */
export function svg(tag, attributes = {}, ...children) {
  const element = document.createElementNS(NAMESPACE, tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== undefined && value !== null) element.setAttribute(name, String(value));
  }
  element.append(...children);
  return element;
}

/** Un élément HTML, de même ; ``onclick`` et les autres fonctions deviennent des écouteurs.
 * @param {string} tag @param {Record<string, any>} attributes @param {...(Node | string)} children
 * @returns {HTMLElement} */
export function html(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === "function") element.addEventListener(name.slice(2), value);
    else if (value === true) element.setAttribute(name, "");
    else if (value !== false && value !== undefined && value !== null)
      element.setAttribute(name, String(value));
  }
  element.append(...children);
  return element;
}

/** Le tracé d'une ligne brisée ; un point infini ou indéfini l'interrompt.
 * @param {ArrayLike<number>} xs @param {ArrayLike<number>} ys */
export function path(xs, ys) {
  let d = "";
  let pen = "M";
  for (let i = 0; i < xs.length; i++) {
    if (Number.isFinite(xs[i]) && Number.isFinite(ys[i])) {
      d += `${pen}${xs[i].toFixed(1)} ${ys[i].toFixed(1)}`;
      pen = "L";
    } else pen = "M";
  }
  return d;
}

/** Des graduations rondes d'un intervalle, une demi-douzaine au plus.
 * @param {number} low @param {number} high */
export function ticks(low, high, count = 5) {
  const rough = (high - low) / Math.max(1, count);
  if (!(rough > 0)) return [low];
  const power = 10 ** Math.floor(Math.log10(rough));
  const step =
    [1, 2, 5, 10].map((factor) => factor * power).find((size) => size >= rough * 0.999) ?? rough;
  const found = [];
  for (let k = Math.ceil(low / step - 1e-9); k * step <= high + 1e-9 * step; k++)
    found.push(k * step + 0); // sans le zéro négatif
  return found;
}

/** Une échelle, linéaire ou logarithmique, d'un domaine vers des points de l'écran. */
export class Scale {
  /** @param {[number, number]} domain @param {[number, number]} range @param {boolean} log */
  constructor(domain, range, log = false) {
    this.domain = domain;
    this.range = range;
    this.log = log;
  }

  /** @param {number} value */
  at(value) {
    const [low, high] = this.log ? this.domain.map(Math.log10) : this.domain;
    const place = this.log ? Math.log10(value) : value;
    return this.range[0] + ((place - low) / (high - low)) * (this.range[1] - this.range[0]);
  }

  /** La valeur qui se trouve à ce point de l'écran. @param {number} point */
  from(point) {
    const [low, high] = this.log ? this.domain.map(Math.log10) : this.domain;
    const place = low + ((point - this.range[0]) / (this.range[1] - this.range[0])) * (high - low);
    return this.log ? 10 ** place : place;
  }

  /** @returns {[number, string][]} */
  ticks(count = 5) {
    if (!this.log) return ticks(...this.domain, count).map((value) => [value, french(value)]);
    const exponents = ticks(
      Math.ceil(Math.log10(this.domain[0])),
      Math.floor(Math.log10(this.domain[1])),
      count,
    );
    return exponents
      .filter(Number.isInteger)
      .map((k) => [10 ** k, k === 0 ? "1" : scientific(10 ** k, 1)]);
  }
}

const MARGINS = { left: 46, right: 12, top: 12, bottom: 40 };

/** @typedef {{x: number, y: number, width: number, height: number}} Box une place sur la surface */

/** Un repère : des axes nommés, gradués, où l'on trace. Ce qui est tracé est effacé à chaque ``clear``. */
export class Plot {
  /** @param {Box} box la place, marges comprises
   * @param {{x: [number, number], y: [number, number], xLabel?: string, yLabel?: string, yLog?: boolean,
   *   xTicks?: number, yTicks?: number, margins?: Partial<typeof MARGINS>}} options */
  constructor(box, options) {
    const margins = { ...MARGINS, ...options.margins };
    const [left, right] = [box.x + margins.left, box.x + box.width - margins.right];
    const [top, bottom] = [box.y + margins.top, box.y + box.height - margins.bottom];
    this.x = new Scale(options.x, [left, right]);
    this.y = new Scale(options.y, [bottom, top], options.yLog);
    this.edges = { start: box.x, left, right, top, bottom };
    this.content = svg("g");
    this.node = svg("g", { class: "repere" }, this.#axes(options), this.content);
  }

  /** @param {{xLabel?: string, yLabel?: string, xTicks?: number, yTicks?: number}} options */
  #axes({ xLabel = "", yLabel = "", xTicks = 5, yTicks = 4 }) {
    const { left, right, top, bottom } = this.edges;
    const axes = svg("g", { class: "axes" });
    for (const [value, label] of this.x.ticks(xTicks)) {
      const x = this.x.at(value);
      axes.append(svg("line", { x1: x, x2: x, y1: top, y2: bottom }));
      axes.append(svg("text", { x, y: bottom + 15, "text-anchor": "middle" }, label));
    }
    for (const [value, label] of this.y.ticks(yTicks)) {
      const y = this.y.at(value);
      axes.append(svg("line", { x1: left, x2: right, y1: y, y2: y }));
      axes.append(svg("text", { x: left - 6, y: y + 4, "text-anchor": "end" }, label));
    }
    axes.append(
      svg(
        "text",
        { x: (left + right) / 2, y: bottom + 32, "text-anchor": "middle", class: "nom" },
        xLabel,
      ),
    );
    const turn = `translate(${this.edges.start + 12} ${(top + bottom) / 2}) rotate(-90)`;
    axes.append(svg("text", { transform: turn, "text-anchor": "middle", class: "nom" }, yLabel));
    return axes;
  }

  clear() {
    this.content.replaceChildren();
    return this;
  }

  /** Une courbe. @param {ArrayLike<number>} xs @param {ArrayLike<number>} ys @param {Record<string, any>} style */
  line(xs, ys, { role = "hidden", ...style } = {}) {
    const points = Array.from(xs, (x) => this.x.at(x));
    const heights = Array.from(ys, (y) => this.y.at(y));
    return this.add("path", {
      d: path(points, heights),
      fill: "none",
      stroke: colour(role),
      "stroke-width": 2,
      ...style,
    });
  }

  /** Un disque. @param {number} x @param {number} y @param {Record<string, any>} style */
  dot(x, y, { role = "hidden", r = 4, ...style } = {}) {
    return this.add("circle", {
      cx: this.x.at(x),
      cy: this.y.at(y),
      r,
      fill: colour(role),
      ...style,
    });
  }

  /** Un mot. @param {number} x @param {number} y @param {string} words @param {Record<string, any>} style */
  text(x, y, words, { role = "ink", ...style } = {}) {
    return this.add(
      "text",
      { x: this.x.at(x), y: this.y.at(y), fill: colour(role), ...style },
      words,
    );
  }

  /** @param {string} tag @param {Record<string, any>} attributes @param {...(Node | string)} children */
  add(tag, attributes, ...children) {
    const element = svg(tag, attributes, ...children);
    this.content.append(element);
    return element;
  }
}

/** Le partage d'une largeur en panneaux : côte à côte s'ils tiennent, sinon l'un sous l'autre.
 * @param {number} width @param {number} count @param {number} height hauteur de chacun @param {number} least */
export function panels(width, count, height, least = 260) {
  const across = Math.max(1, Math.min(count, Math.floor(width / least)));
  const size = width / across;
  const boxes = Array.from({ length: count }, (_, k) => ({
    x: (k % across) * size,
    y: Math.floor(k / across) * height,
    width: size,
    height,
  }));
  return { boxes, height: Math.ceil(count / across) * height };
}
