/** What the points are coloured by: each row's colour, perhaps two, and a legend that can filter. */

import { category, CATEGORY_COLOURS, css, hex, NONE, sequence, type Rgb } from "./colours";
import type { Column, MapData, Numbers, Run } from "./payload";

export interface Choice {
  key: string;
  label: string;
  group: "Clusters" | "Attributes" | "Numbers";
}

export interface Entry {
  label: string;
  colour: string;
  count: number;
}

export interface Colouring {
  key: string;
  label: string;
  /** Red, green, blue of each row, and of its other half: the same where the row has one colour. */
  first: Uint8Array;
  second: Uint8Array;
  /** Each row's legend entry, and its other one; -1 for none. */
  entry: Int32Array;
  other: Int32Array;
  entries: Entry[];
  /** Of a number: its values and range, and where the colours begin and end; null for categories. */
  numbers: { values: Numbers; low: number; high: number; from: number; to: number } | null;
}

const PAIR = 0.6;
const MOST_WORDS = 400;
const HIDDEN = new Set(["product", "image", "name"]);
const LATER = new Set(["width", "height"]);

export function choices(data: MapData): Choice[] {
  const runs = data.runs.map((run): Choice => ({ key: `run:${run.name}`, label: run.name, group: "Clusters" }));
  const columns = data.columns.filter((column) => !HIDDEN.has(column.name) && tellsApart(column, data.rows));
  const attributes = columns.map(
    (column): Choice => ({
      key: column.name,
      label: column.label,
      group: column.type === "number" ? "Numbers" : "Attributes",
    }),
  );
  const late = (choice: Choice) => (LATER.has(choice.key) ? 1 : 0);
  return [...attributes.sort((a, b) => late(a) - late(b)), ...runs];
}

function tellsApart(column: Column, rows: number): boolean {
  if (column.type === "text") return column.words.length > 0 && column.words.length <= Math.max(40, Math.min(MOST_WORDS, rows / 2));
  return column.values.some((value) => (column.type === "number" ? !Number.isNaN(value) : value >= 0));
}

export function colouring(data: MapData, key: string): Colouring {
  const run = key.startsWith("run:") ? data.runs.find((one) => `run:${one.name}` === key) : undefined;
  if (run) return byRun(data, run, key);
  const column = data.column.get(key);
  if (!column) return plain(data);
  if (column.type === "number") return byNumber(data, column);
  if (column.type === "boolean") return byCodes(data, key, column.label, column.values, ["no", "yes"], [hex("#7f8fa6"), hex("#c0455a")]);
  const colours = column.swatches?.map((swatch) => (swatch ? hex(swatch) : NONE));
  const second = column.name === "dominant_colour" ? secondColours(data, column) : null;
  return byCodes(data, key, column.label, column.values, column.words, colours, second);
}

function plain(data: MapData): Colouring {
  return byCodes(data, "", "Pictures", new Int8Array(data.rows), ["all pictures"], [hex("#8a2f3c")]);
}

function byRun(data: MapData, run: Run, key: string): Colouring {
  const shifted = Int32Array.from(run.numbers, (number) => number - 1);
  const second = Int32Array.from(run.second, (number) => number - 1);
  const names = run.names.map((name, place) => `${place + 1} ${name}`);
  return byCodes(data, key, `clusters ${run.name}`, shifted, names, names.map((_, place) => category(place)), second, false);
}

/** The other colour of a picture that has two, as a code of the column's words; -1 for none. */
export function secondColours(data: MapData, column: Column): Int32Array {
  const width = data.header.colours.length;
  const code = new Map(column.words.map((word, place) => [word.replaceAll("_", " "), place]));
  const codes = data.header.colours.map((colour) => code.get(colour.name) ?? -1);
  return Int32Array.from({ length: data.rows }, (_, row) => {
    const own = codes.indexOf(column.values[row]);
    if (own < 0) return -1;
    let best = -1;
    for (let place = 0; place < width; place++) {
      const share = data.shares[row * width + place];
      if (place !== own && codes[place] >= 0 && (best < 0 || share > data.shares[row * width + best])) best = place;
    }
    const enough = best >= 0 && data.shares[row * width + best] >= PAIR * data.shares[row * width + own];
    return enough && data.shares[row * width + best] > 0 ? codes[best] : -1;
  });
}

/** Categories by code, -1 for none; the most frequent first in the legend unless they have an order of their own. */
export function byCodes(
  data: { rows: number }, key: string, label: string, codes: Numbers, words: string[],
  colours?: Rgb[], others: Int32Array | null = null, bySize = true,
): Colouring {
  const counts = new Int32Array(words.length + 1);
  for (const code of codes) counts[code < 0 ? words.length : code]++;
  const order = words.map((_, code) => code).filter((code) => counts[code] > 0);
  if (bySize) order.sort((a, b) => counts[b] - counts[a] || a - b);
  const place = new Int32Array(words.length).fill(-1);
  order.forEach((code, number) => (place[code] = number));
  const shown = order.map((code, number) => colours?.[code] ?? (number < CATEGORY_COLOURS ? category(number) : NONE));
  const entries = order.map((code, number): Entry => ({ label: words[code], colour: css(shown[number]), count: counts[code] }));
  if (counts[words.length]) entries.push({ label: "not known", colour: css(NONE), count: counts[words.length] });
  const entry = Int32Array.from(codes, (code) => (code < 0 ? order.length : place[code]));
  const other = others ? Int32Array.from(others, (code) => (code < 0 ? -1 : place[code])) : new Int32Array(data.rows).fill(-1);
  const paint = (number: number) => shown[number] ?? NONE;
  const first = painted(data.rows, (row) => paint(entry[row]));
  const second = painted(data.rows, (row) => paint(other[row] >= 0 ? other[row] : entry[row]));
  return { key, label, first, second, entry, other, entries, numbers: null };
}

function byNumber(data: MapData, column: Column): Colouring {
  const known = Float64Array.from(column.values).filter((value) => !Number.isNaN(value)).sort();
  const low = known[0] ?? 0;
  const high = known[known.length - 1] ?? 0;
  // Colours run from the 2nd to the 98th hundredth: one price of 9,999 must not paint all others alike.
  const from = known[Math.floor(known.length * 0.02)] ?? low;
  const to = known[Math.min(known.length - 1, Math.floor(known.length * 0.98))] ?? high;
  const first = painted(data.rows, (row) => sequence((column.values[row] - from) / (to - from || 1)));
  const none = new Int32Array(data.rows).fill(-1);
  return { key: column.name, label: column.label, first, second: first, entry: none, other: none, entries: [], numbers: { values: column.values, low, high, from, to } };
}

function painted(rows: number, colour: (row: number) => Rgb): Uint8Array {
  const all = new Uint8Array(rows * 3);
  for (let row = 0; row < rows; row++) all.set(colour(row), row * 3);
  return all;
}

/** Counts in `bins` equal steps from low to high. */
export function histogram(values: Numbers, low: number, high: number, bins: number): number[] {
  const counts = new Array<number>(bins).fill(0);
  for (const value of values) {
    if (Number.isNaN(value)) continue;
    counts[Math.min(bins - 1, Math.max(0, Math.floor(((value - low) / (high - low || 1)) * bins)))]++;
  }
  return counts;
}
