/** Which points show: legend filters, several at once, and a search by words. */

import type { Colouring } from "./colouring";
import type { MapData } from "./payload";

/** Legend entries that show, or a range of numbers, both ends included. */
export type Filter = { entries: ReadonlySet<number> } | { low: number; high: number };

/** A row between two entries shows with either. Rows without a number never pass a range. */
export function passes(colouring: Colouring, filter: Filter, row: number): boolean {
  if ("entries" in filter) return filter.entries.has(colouring.entry[row]) || filter.entries.has(colouring.other[row]);
  const value = colouring.numbers?.values[row] ?? NaN;
  return value >= filter.low && value <= filter.high;
}

/** The first click on an entry shows it alone; further ones add and take away; with none or all left, all show. */
export function toggled(filter: Filter | undefined, entry: number, count: number): Filter | undefined {
  const entries = new Set(filter && "entries" in filter ? filter.entries : []);
  if (!entries.delete(entry)) entries.add(entry);
  return entries.size === 0 || entries.size === count ? undefined : { entries };
}

export function shown(
  rows: number, filters: Iterable<readonly [Colouring, Filter]>, found: Uint8Array | null,
): { mask: Uint8Array; count: number } {
  const mask = found ? found.slice() : new Uint8Array(rows).fill(1);
  for (const [colouring, filter] of filters) {
    for (let row = 0; row < rows; row++) if (mask[row] && !passes(colouring, filter, row)) mask[row] = 0;
  }
  let count = 0;
  for (const one of mask) count += one;
  return { mask, count };
}

/** Rows whose texts hold every word of the query, in any attribute and any order; null for an empty query. */
export function search(data: MapData, query: string): Uint8Array | null {
  const words = query.toLowerCase().split(/\s+/).filter(Boolean);
  if (!words.length) return null;
  const mask = new Uint8Array(data.rows).fill(1);
  const texts = data.columns.filter((column) => column.type === "text" && column.name !== "image");
  for (const word of words) {
    const here = new Uint8Array(data.rows);
    for (const column of texts) {
      const hit = Uint8Array.from(column.words, (text) => (text.toLowerCase().includes(word) ? 1 : 0));
      if (!hit.includes(1)) continue;
      for (let row = 0; row < data.rows; row++) if (column.values[row] >= 0 && hit[column.values[row]]) here[row] = 1;
    }
    for (const column of data.columns) {
      if (column.type !== "boolean" || !column.label.toLowerCase().includes(word)) continue;
      for (let row = 0; row < data.rows; row++) if (column.values[row] === 1) here[row] = 1;
    }
    for (let row = 0; row < data.rows; row++) mask[row] &= here[row];
  }
  return mask;
}
