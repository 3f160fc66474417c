/** The map's data as engine/pages/map_payload.py writes it: a JSON header, and columns in one block of bytes. */

export interface Place {
  type: "f4" | "f8" | "u1" | "i1" | "i2" | "i4";
  at: number;
  length: number;
}

export interface ColumnHeader {
  name: string;
  type: "text" | "number" | "boolean";
  values: Place;
  words?: string[];
  swatches?: (string | null)[];
  confidence?: Place;
}

export interface Header {
  version: number;
  title: string;
  rows: number;
  dropped: number;
  map: {
    name: string;
    space: string;
    method: string;
    where: string;
    seed: number;
    created: string;
    generation: number;
    quality: Record<string, number>;
  };
  grid: { columns: number; rows: number; aspect: number } | null;
  xy: Place;
  placed: Place;
  columns: ColumnHeader[];
  colours: { name: string; colour: string }[];
  shares: Place;
  runs: { name: string; space: string; names: string[]; numbers: Place; second: Place }[];
  near: { space: string; k: number; rows: Place; scores: Place }[];
  sheets: { width: number; height: number; across: number; down: number; count: number; sizes: Place };
  packs: { rows: number; count: number };
  colour_by: string | null;
  files: string | null;
}

export type Numbers = Float32Array | Float64Array | Uint8Array | Int8Array | Int16Array | Int32Array;

export interface Column {
  name: string;
  label: string;
  type: "text" | "number" | "boolean";
  values: Numbers;
  words: string[];
  swatches: (string | null)[] | null;
  /** In [0, 1]; NaN where the value was given; null where nothing was predicted. */
  confidence: Float32Array | null;
}

export interface Run {
  name: string;
  space: string;
  names: string[];
  numbers: Numbers;
  second: Numbers;
}

export interface Near {
  space: string;
  k: number;
  rows: Int32Array;
  scores: Float32Array;
}

export interface MapData {
  header: Header;
  rows: number;
  /** x to the right, y down, two numbers a row. */
  xy: Float32Array;
  placed: Uint8Array;
  columns: Column[];
  column: Map<string, Column>;
  shares: Uint8Array;
  runs: Run[];
  near: Near[];
  sizes: Uint8Array;
}

export const VERSION = 1;
/** The page's own column: whether a picture was put onto the map after it was laid out. */
export const PLACED_LATER = "placed_later";
const NO_CONFIDENCE = 255;
const CONFIDENCE_STEPS = 200;

export function fromBase64(text: string): Uint8Array<ArrayBuffer> {
  const native = (Uint8Array as unknown as { fromBase64?: (text: string) => Uint8Array<ArrayBuffer> }).fromBase64;
  if (native) return native.call(Uint8Array, text);
  const binary = atob(text);
  const bytes = new Uint8Array(binary.length);
  for (let at = 0; at < binary.length; at++) bytes[at] = binary.charCodeAt(at);
  return bytes;
}

export function take(bytes: Uint8Array<ArrayBuffer>, place: Place): Numbers {
  const kinds = { f4: Float32Array, f8: Float64Array, u1: Uint8Array, i1: Int8Array, i2: Int16Array, i4: Int32Array };
  return new kinds[place.type](bytes.buffer, bytes.byteOffset + place.at, place.length);
}

export function decode(header: Header, bytes: Uint8Array<ArrayBuffer>): MapData {
  if (header.version !== VERSION) throw new Error(`this page reads version ${VERSION} of its data, not ${header.version}`);
  const columns = header.columns.map((told): Column => {
    const steps = told.confidence ? (take(bytes, told.confidence) as Uint8Array) : null;
    return {
      name: told.name,
      label: told.name.replaceAll("_", " "),
      type: told.type,
      values: take(bytes, told.values),
      words: told.words ?? [],
      swatches: told.swatches ?? null,
      confidence: steps && Float32Array.from(steps, (step) => (step === NO_CONFIDENCE ? NaN : step / CONFIDENCE_STEPS)),
    };
  });
  const placed = take(bytes, header.placed) as Uint8Array;
  if (placed.includes(1)) {
    columns.push({ name: PLACED_LATER, label: "placed later", type: "boolean", values: placed, words: [], swatches: null, confidence: null });
  }
  return {
    header,
    rows: header.rows,
    xy: take(bytes, header.xy) as Float32Array,
    placed,
    columns,
    column: new Map(columns.map((column) => [column.name, column])),
    shares: take(bytes, header.shares) as Uint8Array,
    runs: header.runs.map((run) => ({ ...run, numbers: take(bytes, run.numbers), second: take(bytes, run.second) })),
    near: header.near.map((near) => ({
      ...near,
      rows: take(bytes, near.rows) as Int32Array,
      scores: take(bytes, near.scores) as Float32Array,
    })),
    sizes: take(bytes, header.sheets.sizes) as Uint8Array,
  };
}

/** An attribute's value at a row: text, number or boolean; null for none. */
export function valueAt(column: Column | undefined, row: number): string | number | boolean | null {
  if (!column) return null;
  const value = column.values[row];
  if (column.type === "number") return Number.isNaN(value) ? null : value;
  if (value < 0) return null;
  return column.type === "text" ? column.words[value] : value === 1;
}

/** As a person reads it: "yes", 1,234.50, "cream | navy"; "" for none. */
export function said(value: string | number | boolean | null): string {
  if (value === null) return "";
  if (typeof value === "boolean") return value ? "yes" : "no";
  if (typeof value === "string") return value.split("|").map((part) => part.trim()).join(" | ");
  const whole = Math.abs(value - Math.round(value)) < 0.005;
  return value.toLocaleString("en", { minimumFractionDigits: whole ? 0 : 2, maximumFractionDigits: whole ? 0 : 2 });
}

export function productAt(data: MapData, row: number): string {
  return String(valueAt(data.column.get("product"), row) ?? "");
}

/** One picture of a pack: count, count + 1 ends (uint32), then the bytes; null where there is none. */
export function unpack(pack: Uint8Array<ArrayBuffer>, number: number): Uint8Array<ArrayBuffer> | null {
  const view = new DataView(pack.buffer, pack.byteOffset, pack.byteLength);
  const count = view.getUint32(0, true);
  if (number < 0 || number >= count) return null;
  const start = 4 * (count + 2);
  const from = view.getUint32(4 + 4 * number, true);
  const to = view.getUint32(8 + 4 * number, true);
  return to > from ? pack.subarray(start + from, start + to) : null;
}
