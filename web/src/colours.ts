/** Colour scales. */

export type Rgb = readonly [number, number, number];

const CATEGORIES = [
  "#4e79a7", "#f28e2b", "#59a14f", "#e15759", "#b07aa1", "#3fa7a0", "#e3b71f", "#ff9da7", "#9c755f", "#8a5fd0",
  "#d37295", "#8cd17d", "#2f6f8f", "#c8a14b", "#7fb5e0", "#ffbe7d", "#c39bd3", "#79706e", "#7d8f2a", "#f5a3c7",
];
export const NONE: Rgb = hex("#a39d96");
const SEQUENCE = ["#3b2a6b", "#7b3b82", "#c44f6c", "#ee8a55", "#f5cf6a"].map(hex);

export function hex(colour: string): Rgb {
  const digits = parseInt(colour.slice(1), 16);
  return [(digits >> 16) & 255, (digits >> 8) & 255, digits & 255];
}

export function css([red, green, blue]: Rgb): string {
  return `rgb(${red} ${green} ${blue})`;
}

/** How many categories have a colour of their own; further ones share grey. */
export const CATEGORY_COLOURS = CATEGORIES.length;

export function category(number: number): Rgb {
  return number >= 0 && number < CATEGORIES.length ? hex(CATEGORIES[number]) : NONE;
}

/** A colour for a share in [0, 1], dark violet to yellow; grey for NaN. */
export function sequence(share: number): Rgb {
  if (Number.isNaN(share)) return NONE;
  const place = Math.min(1, Math.max(0, share)) * (SEQUENCE.length - 1);
  const left = Math.min(Math.floor(place), SEQUENCE.length - 2);
  const mix = place - left;
  const [a, b] = [SEQUENCE[left], SEQUENCE[left + 1]];
  return [0, 1, 2].map((channel) => Math.round(a[channel] + (b[channel] - a[channel]) * mix)) as unknown as Rgb;
}
