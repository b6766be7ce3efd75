/** Les règles d'ESLint : celles qu'il recommande, et quelques-unes contre les fautes d'inattention. */
import js from "@eslint/js";

const names = (/** @type {string} */ text) =>
  Object.fromEntries(text.split(" ").map((name) => [name, "readonly"]));

const browser = names(
  "AbortController CSS CustomEvent DOMParser Element Event HTMLElement IntersectionObserver KeyboardEvent " +
    "MutationObserver Node PointerEvent ResizeObserver SVGElement URL URLSearchParams atob btoa " +
    "cancelAnimationFrame clearInterval clearTimeout console customElements devicePixelRatio document " +
    "getComputedStyle history localStorage location matchMedia navigator performance queueMicrotask " +
    "requestAnimationFrame sessionStorage setInterval setTimeout structuredClone window",
);
const node = names("Buffer URL console performance process setTimeout");

export default [
  { ignores: ["node_modules/"] },
  js.configs.recommended,
  {
    rules: {
      "no-unused-vars": ["error", { argsIgnorePattern: "^_" }],
      "no-var": "error",
      "prefer-const": ["error", { destructuring: "all" }],
      eqeqeq: "error",
    },
  },
  { files: ["src/**/*.js"], languageOptions: { globals: browser } },
  { files: ["*.mjs", "test/**/*.mjs"], languageOptions: { globals: node } },
];
