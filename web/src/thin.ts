/** Which points have room for a picture: in the order of rows, each that overlaps no picture before it. */

/**
 * xy: places on the screen, two numbers a row. Pictures are of `width` x `height`, centred on their points; those whose
 * point is more than a picture outside the screen are left out.
 */
export function withRoom(
  xy: Float32Array, allowed: Uint8Array, width: number, height: number, screen: readonly [number, number],
): number[] {
  const across = Math.ceil(screen[0] / width) + 4;
  const down = Math.ceil(screen[1] / height) + 4;
  const held = new Int32Array(across * down).fill(-1);
  const rows: number[] = [];
  for (let row = 0; row < allowed.length; row++) {
    if (!allowed[row]) continue;
    const x = xy[2 * row];
    const y = xy[2 * row + 1];
    const column = Math.floor(x / width) + 2;
    const line = Math.floor(y / height) + 2;
    if (column < 1 || line < 1 || column >= across - 1 || line >= down - 1) continue;
    if (hasRoom(xy, held, across, column, line, x, y, width, height)) {
      held[line * across + column] = row;
      rows.push(row);
    }
  }
  return rows;
}

function hasRoom(
  xy: Float32Array, held: Int32Array, across: number, column: number, line: number, x: number, y: number,
  width: number, height: number,
): boolean {
  for (let near = line - 1; near <= line + 1; near++) {
    for (let beside = column - 1; beside <= column + 1; beside++) {
      const other = held[near * across + beside];
      if (other >= 0 && Math.abs(xy[2 * other] - x) < width && Math.abs(xy[2 * other + 1] - y) < height) return false;
    }
  }
  return true;
}
