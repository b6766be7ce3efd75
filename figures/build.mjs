/**
 * Construit les figures interactives : pour chaque `src/figures/<nom>.js`, qui exporte `render`,
 *
 * - `<nom>.mjs`, un module (`export default { render }`) pour anywidget ;
 * - `<nom>.js`, un script classique pour la page, qui appelle `mount("<nom>", render)`.
 *
 *   node build.mjs           écrit les fichiers, et dit leur taille
 *   node build.mjs --check   n'écrit rien ; échoue si un fichier n'est plus celui de ses sources, ou pèse trop
 */
import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";

import { build } from "esbuild";

const HERE = path.dirname(fileURLToPath(import.meta.url));
const SOURCES = path.join(HERE, "src", "figures");
const MOUNT = path.join(HERE, "src", "mount.js");
const TARGET =
  process.env.FIGURES_CIBLE ??
  path.join(HERE, "..", "notebook_utils", "interactive", "static", "figures");
const BUDGETS = { terrain: 60_000 };
const BUDGET = 30_000;

/** Ce que contient chaque sorte de fichier, d'après le nom de la figure. */
const KINDS = {
  ".mjs": {
    format: "esm",
    entry: (name) => `import { render } from "./${name}.js";\nexport default { render };\n`,
  },
  ".js": {
    format: "iife",
    entry: (name) =>
      `import { mount } from "../mount.js";\nimport { render } from "./${name}.js";\nmount("${name}", render);\n`,
  },
};

/** Les fichiers d'un dossier qui ont l'une de ces extensions ; aucun si le dossier n'existe pas. */
function filesOf(folder, ...extensions) {
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .filter((name) => extensions.includes(path.extname(name)))
    .sort();
}

/** Le contenu d'un fichier construit, en mémoire. */
async function bundle(name, { format, entry }) {
  const result = await build({
    stdin: { contents: entry(name), resolveDir: SOURCES, sourcefile: `${name}.entry.js` },
    absWorkingDir: HERE,
    format,
    bundle: true,
    minify: true,
    write: false,
    charset: "utf8",
    legalComments: "none",
    target: "es2022",
    loader: { ".css": "text", ".svg": "text" },
    logLevel: "silent",
  });
  return result.outputFiles[0].contents;
}

/** Tous les fichiers à construire : nom et contenu. */
async function bundles() {
  const built = new Map();
  const kinds = Object.entries(KINDS).filter(([suffix]) => suffix !== ".js" || existsSync(MOUNT));
  for (const file of filesOf(SOURCES, ".js")) {
    const name = path.basename(file, ".js");
    for (const [suffix, kind] of kinds) built.set(name + suffix, await bundle(name, kind));
  }
  return built;
}

/** Ce qui ne va pas dans les fichiers gardés, en français. */
function faults(built) {
  const found = filesOf(TARGET, ".js", ".mjs")
    .filter((file) => !built.has(file))
    .map((file) => `${file} : n'a plus de source dans figures/src/figures`);
  for (const [file, contents] of built) {
    const kept = path.join(TARGET, file);
    if (!existsSync(kept)) found.push(`${file} : n'est pas construit`);
    else if (Buffer.compare(readFileSync(kept), contents))
      found.push(`${file} : n'est plus celui de ses sources`);
  }
  return found;
}

/** Les scripts qui pèsent trop. */
function heavy(built) {
  return [...built].flatMap(([file, contents]) => {
    const [size, most] = [weight(contents), BUDGETS[path.parse(file).name] ?? BUDGET];
    return size > most ? [`${file} : ${kilo(size)} compressé, attendu ${kilo(most)} au plus`] : [];
  });
}

/** Le nombre d'octets d'un script, compressé. */
function weight(contents) {
  return gzipSync(contents, { level: 9 }).length;
}

/** Un nombre d'octets, en ko. */
function kilo(size) {
  return `${(size / 1000).toLocaleString("fr-FR", { maximumFractionDigits: 1 })} ko`;
}

/** Écrit les fichiers construits, et efface ceux qui n'ont plus de source. */
function write(built) {
  mkdirSync(TARGET, { recursive: true });
  for (const file of filesOf(TARGET, ".js", ".mjs"))
    if (!built.has(file)) rmSync(path.join(TARGET, file));
  for (const [file, contents] of built) writeFileSync(path.join(TARGET, file), contents);
}

/** Une erreur d'esbuild, avec le fichier et la ligne. */
function described(error) {
  const rows = (error.errors ?? []).map(({ text, location }) =>
    location ? `${location.file}:${location.line} : ${text}` : text,
  );
  return rows.length ? rows.join("\n") : `${error.message}`;
}

async function main(check) {
  const built = await bundles();
  if (!check) write(built);
  for (const [file, contents] of built)
    console.log(`${file} : ${kilo(weight(contents))} compressé`);
  const found = check ? [...faults(built), ...heavy(built)] : heavy(built);
  if (found.length === 0) return;
  console.error(["Figures en faute :", ...found].join("\n  "));
  if (check) console.error("Refaites-les avec « make figures », et archivez-les.");
  process.exitCode = 1;
}

main(process.argv.includes("--check")).catch((error) => {
  console.error(`La construction des figures a échoué.\n${described(error)}`);
  process.exitCode = 1;
});
