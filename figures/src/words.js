/* Des mots dans un dessin : écrits à la couleur d'un rôle, passés à la ligne, réduits pour tenir. */

import { colour, svg } from "./draw.js";

/** @param {number} x @param {number} y @param {string} words
 * @param {{size?: number, role?: string, anchor?: string, bold?: boolean, struck?: boolean}} style */
export function label(
  x,
  y,
  words,
  { size = 12, role = "ink", anchor = "middle", bold, struck } = {},
) {
  const rules = [`font-size:${size}px`, `fill:${colour(role)}`];
  if (bold) rules.push("font-weight:700");
  if (struck) rules.push("text-decoration:line-through");
  return svg("text", { x, y, "text-anchor": anchor, style: rules.join(";") }, words);
}

/** Les lignes d'un texte de 12 px qui doit tenir dans une largeur. @param {string} words @param {number} width */
export function wrapped(words, width) {
  const lines = [""];
  for (const word of words.split(" ")) {
    const last = lines[lines.length - 1];
    if (last && (last.length + word.length + 1) * 7 > width - 8) lines.push(word);
    else lines[lines.length - 1] = last ? `${last} ${word}` : word;
  }
  return lines;
}

/** La taille à laquelle un nombre tient dans une largeur. @param {string} words @param {number} width */
export const fitted = (words, width) =>
  Math.min(12, Math.max(9, (width - 2) / (0.6 * words.length)));

/** Les espaces que le français ne coupe pas, comme dans les phrases des figures. @param {string} words */
export const typeset = (words) =>
  words.replace(/ (?=[;?!»])|(?<=«) /g, "\u202f").replace(/ (?=:)/g, "\u00a0");
