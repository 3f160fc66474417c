/** What is known of a picture, the same in the hover card, the drawer and the list. */

import { PLACED_LATER, productAt, said, valueAt, type MapData } from "../payload";
import type { Pictures } from "../pictures";
import { el } from "./element";

const OWN = new Set(["product", "image", "name", "width", "height"]);
const FIRST = ["category", "dominant_colour", "pattern", "price", "brand"];

export function nameOf(data: MapData, row: number): string {
  const name = said(valueAt(data.column.get("name"), row));
  return name || productAt(data, row);
}

/** An <img> that fills itself when the picture is there. */
export function picture(data: MapData, pictures: Pictures, row: number, alt = ""): HTMLElement {
  const image = el("img", { alt, decoding: "async" });
  const frame = el("span", { class: "frame" }, image);
  void pictures.url(row).then((url) => {
    if (url) image.src = url;
    else frame.replaceChildren(el("span", { class: "no-picture" }, "no picture"));
  });
  const [width, height] = [data.sizes[2 * row], data.sizes[2 * row + 1]];
  if (width && height) image.style.aspectRatio = `${width} / ${height}`;
  return frame;
}

export function strip(data: MapData, row: number): HTMLElement | null {
  const width = data.header.colours.length;
  const parts = data.header.colours
    .map((colour, place) => ({ ...colour, share: data.shares[row * width + place] / 255 }))
    .filter((part) => part.share >= 0.01)
    .sort((a, b) => b.share - a.share)
    .slice(0, 8);
  if (!parts.length) return null;
  const label = parts.map((part) => `${part.name} ${Math.round(part.share * 100)} %`).join(", ");
  const made = el("div", { class: "strip", role: "img", "aria-label": `Colours: ${label}`, title: label });
  for (const part of parts) {
    const piece = el("i");
    piece.style.flexGrow = String(part.share);
    piece.style.background = part.colour;
    made.append(piece);
  }
  return made;
}

interface Fact {
  label: string;
  text: string;
  swatch: string | null;
  confidence: number;
  /** Whether it says that something is not so. */
  no: boolean;
}

/**
 * What is known of a row, in the order in which it is worth reading: what is so before what is not. Confidences are NaN
 * for what was given. "no" is said: it is not the same as not known.
 */
export function facts(data: MapData, row: number): Fact[] {
  const rank = (name: string) => (FIRST.includes(name) ? FIRST.indexOf(name) : FIRST.length);
  const columns = data.columns.filter((column) => !OWN.has(column.name)).sort((a, b) => rank(a.name) - rank(b.name));
  return columns.flatMap((column) => {
    const value = valueAt(column, row);
    const text = said(value);
    if (!text || (value === false && column.name === PLACED_LATER) || (column.name === "colour" && data.column.has("dominant_colour"))) return [];
    const confidence = column.confidence?.[row] ?? NaN;
    const swatch = column.type === "text" ? (column.swatches?.[column.values[row]] ?? null) : null;
    return [{ label: column.label, text, swatch, confidence, no: value === false }];
  }).sort((a, b) => Number(a.no) - Number(b.no));
}

export function factList(data: MapData, row: number, most = 99): HTMLElement {
  const all = facts(data, row);
  const given = all.filter((fact) => Number.isNaN(fact.confidence));
  const predicted = all.filter((fact) => !Number.isNaN(fact.confidence));
  const list = el("dl", { class: "facts-list" });
  for (const fact of [...given.slice(0, most), ...predicted.slice(0, most)]) {
    const value = el("dd", { class: fact.no ? "no" : null });
    if (fact.swatch) {
      const dot = el("i", { class: "dot" });
      dot.style.background = fact.swatch;
      value.append(dot, " ");
    }
    value.append(fact.text);
    if (!Number.isNaN(fact.confidence)) value.append(sure(fact.confidence));
    list.append(el("div", { class: Number.isNaN(fact.confidence) ? "given" : "predicted" }, el("dt", {}, fact.label), value));
  }
  return list;
}

function sure(confidence: number): HTMLElement {
  const percent = `${Math.round(confidence * 100)} %`;
  const fill = el("i");
  fill.style.width = percent;
  return el("span", { class: "sure", title: `predicted, ${percent} sure` }, el("span", { class: "bar" }, fill), percent);
}

/** One line for screen readers. */
export function spoken(data: MapData, row: number): string {
  const told = facts(data, row).slice(0, 4).map((fact) => `${fact.label} ${fact.text}`);
  const product = productAt(data, row);
  return [nameOf(data, row), product === nameOf(data, row) ? "" : product, ...told].filter(Boolean).join(", ");
}
