/** Which points lie inside what was drawn. */

export type Point = readonly [number, number];

/** Even-odd rule; an edge from (x, y) is half open, so that a point is in one of two polygons that share an edge. */
export function insidePolygon(polygon: readonly Point[], x: number, y: number): boolean {
  let inside = false;
  for (let at = 0, before = polygon.length - 1; at < polygon.length; before = at++) {
    const [ax, ay] = polygon[at];
    const [bx, by] = polygon[before];
    if (ay > y !== by > y && x < ((bx - ax) * (y - ay)) / (by - ay) + ax) inside = !inside;
  }
  return inside;
}

export function boxPolygon([ax, ay]: Point, [bx, by]: Point): Point[] {
  return [[ax, ay], [bx, ay], [bx, by], [ax, by]];
}

/** Rows of xy (two numbers a row) that are inside and that `allowed` lets through. */
export function rowsInside(polygon: readonly Point[], xy: Float32Array, allowed: Uint8Array): number[] {
  if (polygon.length < 3) return [];
  const xs = polygon.map(([x]) => x);
  const ys = polygon.map(([, y]) => y);
  const [left, right, top, bottom] = [Math.min(...xs), Math.max(...xs), Math.min(...ys), Math.max(...ys)];
  const rows: number[] = [];
  for (let row = 0; row < allowed.length; row++) {
    const x = xy[2 * row];
    const y = xy[2 * row + 1];
    if (!allowed[row] || x < left || x > right || y < top || y > bottom) continue;
    if (insidePolygon(polygon, x, y)) rows.push(row);
  }
  return rows;
}

/** A hand-drawn line without points nearer than `least` to the one before. */
export function thinned(line: readonly Point[], least: number): Point[] {
  const kept: Point[] = [];
  for (const point of line) {
    const last = kept[kept.length - 1];
    if (!last || Math.hypot(point[0] - last[0], point[1] - last[1]) >= least) kept.push(point);
  }
  return kept;
}
