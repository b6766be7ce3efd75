/* Engendré par scripts/jeux.py d'après notebook_utils.plotting.PALETTE : ne pas modifier ici. */

export const PALETTE = {
  input: { light: "#0a5487", dark: "#127ff9" },
  hidden: { light: "#c35418", dark: "#f18435" },
  output: { light: "#0a3b05", dark: "#9eff89" },
  cell: { light: "#7f38c0", dark: "#9f6fb8" },
  forget: { light: "#97565e", dark: "#e74855" },
  input_gate: { light: "#257f9d", dark: "#78d6fe" },
  output_gate: { light: "#6c4b02", dark: "#f9b90f" },
  candidate: { light: "#540151", dark: "#c78eb5" },
  gradient: { light: "#7428ff", dark: "#9b9afe" },
  neutral: { light: "#444444", dark: "#bec2b4" },
  ink: { light: "#1b1f24", dark: "#e6e6e6" },
  paper: { light: "#ffffff", dark: "#121212" },
  grid: { light: "#d8dce0", dark: "#3a3f45" },
};
