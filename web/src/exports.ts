/** A selection as files. */

import { productAt, valueAt, type MapData } from "./payload";

/** RFC 4180: quoted where a comma, a quote or a line break needs it; texts exactly as they are. */
export function csvCell(value: string | number | boolean | null): string {
  const text = value === null ? "" : String(value);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** One line a picture: product, image, the point's place, then every attribute. */
export function toCsv(data: MapData, rows: readonly number[]): string {
  const columns = exported(data);
  const head = ["product", "image", "projection_x", "projection_y", ...columns.map((column) => column.name)];
  const lines = rows.map((row) => {
    const own = [valueAt(data.column.get("product"), row), valueAt(data.column.get("image"), row)];
    return [...own, data.xy[2 * row], -data.xy[2 * row + 1], ...columns.map((column) => valueAt(column, row))].map(csvCell).join(",");
  });
  return [head.map(csvCell).join(","), ...lines, ""].join("\n");
}

/** The products, each once, and their pictures with attributes that are known. */
export function toJson(data: MapData, rows: readonly number[]): string {
  const columns = exported(data);
  const pictures = rows.map((row) => {
    const known = columns.map((column) => [column.name, valueAt(column, row)] as const).filter(([, value]) => value !== null);
    return { product: productAt(data, row), image: valueAt(data.column.get("image"), row), attributes: Object.fromEntries(known) };
  });
  return `${JSON.stringify({ map: data.header.map.name, products: products(data, rows), pictures }, null, 2)}\n`;
}

/** Product ids, each once, in the order of the rows. */
export function products(data: MapData, rows: readonly number[]): string[] {
  return [...new Set(rows.map((row) => productAt(data, row)))];
}

function exported(data: MapData) {
  return data.columns.filter((column) => column.name !== "product" && column.name !== "image");
}

export function download(name: string, kind: string, text: string): void {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([text], { type: kind }));
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}
