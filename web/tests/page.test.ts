import { describe, expect, it } from "vitest";
import { byCodes, colouring, histogram, secondColours } from "../src/colouring";
import { category, css, hex, NONE, sequence } from "../src/colours";
import { csvCell, products, toCsv, toJson } from "../src/exports";
import { passes, search, shown, toggled } from "../src/filters";
import { boxPolygon, insidePolygon, rowsInside, thinned, type Point } from "../src/geometry";
import { decode, said, unpack, valueAt, type Header, type Place } from "../src/payload";
import { Pace } from "../src/pace";
import { withRoom } from "../src/thin";
import { facts } from "../src/ui/facts";

/** A payload put together as Python does, with parts at multiples of 8 bytes. */
function made() {
  const parts: Uint8Array[] = [];
  let at = 0;
  const add = (type: Place["type"], values: ArrayBufferView & { length: number }): Place => {
    const place = { type, at, length: values.length };
    const bytes = new Uint8Array(Math.ceil(values.byteLength / 8) * 8);
    bytes.set(new Uint8Array(values.buffer, values.byteOffset, values.byteLength));
    parts.push(bytes);
    at += bytes.length;
    return place;
  };
  const header: Header = {
    version: 1, title: "Map", rows: 4, dropped: 0,
    map: { name: "m", space: "colour", method: "tsne", where: "", seed: 0, created: "", generation: 1, quality: {} },
    grid: null,
    xy: add("f4", new Float32Array([0, 0, 1, 0, 0, 1, 1, 1])),
    placed: add("u1", new Uint8Array(4)),
    columns: [
      { name: "product", type: "text", values: add("i1", new Int8Array([0, 0, 1, 2])), words: ["P1", "P2", "=P3"] },
      { name: "image", type: "text", values: add("i1", new Int8Array([0, 1, 2, 3])), words: ["a.jpg", "b.jpg", "c,1.jpg", "d\n.jpg"] },
      { name: "name", type: "text", values: add("i1", new Int8Array([0, 0, -1, 1])), words: ["Navy \"maxi\" dress", "Red skirt"] },
      { name: "dominant_colour", type: "text", values: add("i1", new Int8Array([0, 0, 1, -1])), words: ["navy", "red"], swatches: ["#1c2a4c", "#d02630"] },
      { name: "price", type: "number", values: add("f8", new Float64Array([10, NaN, 30, 20])) },
      { name: "maxi", type: "boolean", values: add("i1", new Int8Array([1, 0, -1, 1])), confidence: add("u1", new Uint8Array([200, 100, 255, 255])) },
    ],
    colours: [{ name: "navy", colour: "#1c2a4c" }, { name: "red", colour: "#d02630" }],
    shares: add("u1", new Uint8Array([150, 100, 200, 50, 10, 200, 0, 0])),
    runs: [{ name: "r", space: "colour", names: ["one", "two"], numbers: add("i1", new Int8Array([1, 1, 2, 0])), second: add("i1", new Int8Array([2, 0, 0, 0])) }],
    near: [{ space: "colour", k: 2, rows: add("i4", new Int32Array([2, 3, 2, -1, 0, 3, 0, 2])), scores: add("f4", new Float32Array(8)) }],
    sheets: { width: 48, height: 64, across: 42, down: 32, count: 1, sizes: add("u1", new Uint8Array(8)) },
    packs: { rows: 256, count: 1 }, colour_by: null, files: null,
  };
  const bytes = new Uint8Array(at);
  let to = 0;
  for (const part of parts) {
    bytes.set(part, to);
    to += part.length;
  }
  return decode(header, bytes);
}

describe("payload", () => {
  const data = made();
  it("gives every type back, and nothing for none", () => {
    expect([0, 1, 2, 3].map((row) => valueAt(data.column.get("price"), row))).toEqual([10, null, 30, 20]);
    expect([0, 1, 2, 3].map((row) => valueAt(data.column.get("maxi"), row))).toEqual([true, false, null, true]);
    expect(valueAt(data.column.get("name"), 2)).toBeNull();
    expect(valueAt(data.column.get("lost"), 0)).toBeNull();
    expect(Array.from(data.xy)).toEqual([0, 0, 1, 0, 0, 1, 1, 1]);
  });
  it("tells given from predicted", () => {
    expect(Array.from(data.column.get("maxi")!.confidence!)).toEqual([1, 0.5, NaN, NaN]);
    expect(data.column.get("price")!.confidence).toBeNull();
  });
  it("tells points that were placed later, where there are any", () => {
    expect(data.column.has("placed_later")).toBe(false);
    const bytes = new Uint8Array(data.xy.buffer.slice(0)) as Uint8Array<ArrayBuffer>;
    bytes[data.header.placed.at + 2] = 1;
    const later = decode(data.header, bytes);
    expect([0, 1, 2, 3].map((row) => valueAt(later.column.get("placed_later"), row))).toEqual([false, false, true, false]);
  });
  it("refuses another version", () => {
    expect(() => decode({ ...data.header, version: 2 }, new Uint8Array(0))).toThrow("version 1");
  });
  it("takes a picture out of a pack", () => {
    const pack = new Uint8Array([2, 0, 0, 0, 0, 0, 0, 0, 3, 0, 0, 0, 3, 0, 0, 0, 7, 8, 9]);
    expect(Array.from(unpack(pack, 0)!)).toEqual([7, 8, 9]);
    expect(unpack(pack, 1)).toBeNull();
    expect(unpack(pack, 2)).toBeNull();
  });
  it("says values plainly", () => {
    expect([said(1234.5), said(42), said(true), said(null), said("cream|navy")]).toEqual(["1,234.50", "42", "yes", "", "cream | navy"]);
  });
});

describe("colours", () => {
  it("reads hexadecimal digits and runs from dark to light", () => {
    expect(hex("#1c2a4c")).toEqual([28, 42, 76]);
    expect(css([1, 2, 3])).toBe("rgb(1 2 3)");
    expect(sequence(0)).toEqual(hex("#3b2a6b"));
    expect(sequence(1)).toEqual(hex("#f5cf6a"));
    expect(sequence(0.25)).toEqual(hex("#7b3b82"));
    expect(sequence(NaN)).toEqual(NONE);
    expect(category(-1)).toEqual(NONE);
    expect(category(500)).toEqual(NONE);
  });
  it("gives the most frequent the first colour, and none its own entry", () => {
    const by = byCodes({ rows: 5 }, "k", "l", new Int8Array([1, 1, 0, -1, 1]), ["few", "many", "never"]);
    expect(by.entries.map(({ label, count }) => [label, count])).toEqual([["many", 3], ["few", 1], ["not known", 1]]);
    expect(Array.from(by.entry)).toEqual([0, 0, 1, 2, 0]);
    expect(Array.from(by.first.subarray(0, 3))).toEqual(category(0));
    expect(Array.from(by.first.subarray(9, 12))).toEqual(NONE);
  });
  it("shows two colours of a garment that is half and half", () => {
    const data = made();
    expect(Array.from(secondColours(data, data.column.get("dominant_colour")!))).toEqual([1, -1, -1, -1]);
    const by = colouring(data, "dominant_colour");
    expect(Array.from(by.first.subarray(0, 3))).toEqual(hex("#1c2a4c"));
    expect(Array.from(by.second.subarray(0, 3))).toEqual(hex("#d02630"));
    expect(Array.from(by.second.subarray(3, 6))).toEqual(hex("#1c2a4c"));
  });
  it("shows two clusters of a point between them", () => {
    const by = colouring(made(), "run:r");
    expect(by.entries.map((entry) => entry.label)).toEqual(["1 one", "2 two", "not known"]);
    expect([by.entry[0], by.other[0], by.entry[3], by.other[3]]).toEqual([0, 1, 2, -1]);
  });
  it("counts a histogram, its ends inside", () => {
    expect(histogram(new Float64Array([0, 1, 2, 10, NaN]), 0, 10, 5)).toEqual([2, 1, 0, 0, 1]);
    expect(histogram(new Float64Array([3, 3]), 3, 3, 2)).toEqual([2, 0]);
  });
});

describe("filters", () => {
  const data = made();
  it("pass either of two entries, and numbers inside a range", () => {
    const run = colouring(data, "run:r");
    expect([0, 1, 2, 3].map((row) => passes(run, { entries: new Set([1]) }, row))).toEqual([true, false, true, false]);
    const price = colouring(data, "price");
    expect([0, 1, 2, 3].map((row) => passes(price, { low: 10, high: 20 }, row))).toEqual([true, false, false, true]);
  });
  it("begin with one alone and end with all", () => {
    const one = toggled(undefined, 2, 3)!;
    expect(one).toEqual({ entries: new Set([2]) });
    expect(toggled(one, 2, 3)).toBeUndefined();
    expect(toggled(toggled(one, 0, 3), 1, 3)).toBeUndefined();
  });
  it("add up", () => {
    const both = shown(4, [[colouring(data, "run:r"), { entries: new Set([0]) }], [colouring(data, "price"), { low: 0, high: 99 }]], null);
    expect([Array.from(both.mask), both.count]).toEqual([[1, 0, 0, 0], 1]);
  });
  it("find words in any attribute, in any order", () => {
    expect(Array.from(search(data, "DRESS navy")!)).toEqual([1, 1, 0, 0]);
    expect(Array.from(search(data, "p2")!)).toEqual([0, 0, 1, 0]);
    expect(Array.from(search(data, "maxi")!)).toEqual([1, 1, 0, 1]);
    expect(Array.from(search(data, "nothing such")!)).toEqual([0, 0, 0, 0]);
    expect(search(data, "  ")).toBeNull();
  });
});

describe("selection", () => {
  const arrow: Point[] = [[0, 0], [4, 0], [4, 4], [2, 1], [0, 4]];
  it("knows the inside of a shape with a notch", () => {
    expect(insidePolygon(arrow, 1, 1)).toBe(true);
    expect(insidePolygon(arrow, 2, 3)).toBe(false);
    expect(insidePolygon(arrow, 5, 1)).toBe(false);
  });
  it("puts a point on a shared edge into one of two boxes", () => {
    const left = boxPolygon([0, 0], [1, 2]);
    const right = boxPolygon([1, 0], [2, 2]);
    expect(Number(insidePolygon(left, 1, 1)) + Number(insidePolygon(right, 1, 1))).toBe(1);
  });
  it("takes rows inside that show, whichever way the box was drawn", () => {
    const xy = new Float32Array([0, 0, 1, 1, 2, 2, 9, 9]);
    expect(rowsInside(boxPolygon([3, 3], [-1, -1]), xy, new Uint8Array([1, 1, 0, 1]))).toEqual([0, 1]);
    expect(rowsInside([[0, 0], [1, 1]], xy, new Uint8Array(4).fill(1))).toEqual([]);
  });
  it("drops points of a line that lie close", () => {
    expect(thinned([[0, 0], [1, 0], [5, 0], [5, 1]], 3)).toEqual([[0, 0], [5, 0]]);
  });
});

describe("exports", () => {
  const data = made();
  it("quote what needs it and leave texts as they are", () => {
    expect([csvCell("a,b"), csvCell('say "hi"'), csvCell("a\nb"), csvCell("=1+1"), csvCell(null), csvCell(true)]).toEqual(['"a,b"', '"say ""hi"""', '"a\nb"', "=1+1", "", "true"]);
  });
  it("write a line a picture", () => {
    const lines = toCsv(data, [0, 2]).split("\n");
    expect(lines).toEqual([
      "product,image,projection_x,projection_y,name,dominant_colour,price,maxi",
      'P1,a.jpg,0,0,"Navy ""maxi"" dress",navy,10,true',
      'P2,"c,1.jpg",0,-1,,red,30,',
      "",
    ]);
  });
  it("write products once", () => {
    expect(products(data, [0, 1, 3])).toEqual(["P1", "=P3"]);
    const told = JSON.parse(toJson(data, [0, 1]));
    expect(told.products).toEqual(["P1"]);
    expect(told.pictures[1]).toEqual({ product: "P1", image: "b.jpg", attributes: { name: 'Navy "maxi" dress', dominant_colour: "navy", maxi: false } });
  });
});

describe("room for pictures", () => {
  it("goes to the first, and nothing overlaps, as comparing all pairs says", () => {
    let state = 7;
    const random = () => (state = (state * 16807) % 2147483647) / 2147483647;
    const xy = Float32Array.from({ length: 800 }, () => random() * 500 - 20);
    const allowed = Uint8Array.from({ length: 400 }, () => (random() < 0.9 ? 1 : 0));
    const rows = withRoom(xy, allowed, 40, 50, [460, 460]);
    const expected: number[] = [];
    for (let row = 0; row < 400; row++) {
      const [x, y] = [xy[2 * row], xy[2 * row + 1]];
      const clear = expected.every((other) => Math.abs(xy[2 * other] - x) >= 40 || Math.abs(xy[2 * other + 1] - y) >= 50);
      if (allowed[row] && clear) expected.push(row);
    }
    expect(rows).toEqual(expected);
    expect(rows.length).toBeGreaterThan(20);
  });
});

describe("facts", () => {
  it("says no where it is known, after what is so, and nothing where nothing is known", () => {
    const data = made();
    const said = (row: number) => facts(data, row).map((fact) => `${fact.label} ${fact.text}`);
    expect(said(0)).toEqual(["dominant colour navy", "price 10", "maxi yes"]);
    expect(said(1)).toEqual(["dominant colour navy", "maxi no"]);
    expect(said(2)).toEqual(["dominant colour red", "price 30"]);
    data.columns.unshift({ ...data.column.get("maxi")!, name: "sale", label: "sale", values: new Int8Array([0, 1, 0, 0]), confidence: null });
    expect(said(0)).toEqual(["dominant colour navy", "price 10", "maxi yes", "sale no"]);
    expect(facts(data, 0).map((fact) => fact.no)).toEqual([false, false, false, true]);
  });
});

describe("pace", () => {
  /** Frames that take so long, by how many-th point is drawn. */
  const after = (rows: number, took: (every: number) => number, frames: number, pace = new Pace(rows)) => {
    let now = 1000;
    for (let frame = 0; frame <= frames; frame++) pace.frame((now += took(pace.every)));
    pace.rest();
    return pace;
  };
  it("draws all where frames come quickly, and fewer, to a limit, where they do not", () => {
    const slow = (every: number) => 800 / every;
    expect(after(100_000, () => 16, 40).every).toBe(1);
    expect(after(100_000, slow, 4).every).toBe(2);
    expect(after(100_000, slow, 8).every).toBe(4);
    expect(after(100_000, slow, 80).every).toBe(8);
    expect(after(20_000, slow, 80).every).toBe(4);
    expect(after(5_000, slow, 80).every).toBe(1);
  });
  it("draws all where something else takes the time", () => {
    expect(after(100_000, () => 100, 80).every).toBe(1);
    expect(after(100_000, (every) => 60 + 40 / every, 80).every).toBe(2);
  });
  it("tries again in the next movement what did not help in one", () => {
    const busy = after(100_000, () => 100, 80);
    expect(busy.every).toBe(1);
    expect(after(100_000, (every) => 800 / every, 80, busy).every).toBe(8);
  });
  it("draws more again, and takes no pause for a slow frame", () => {
    const slow = after(100_000, (every) => 400 / every, 9);
    expect(slow.every).toBe(4);
    expect(after(100_000, () => 30, 80, slow).every).toBe(4);
    expect(after(100_000, () => 10, 4, slow).every).toBe(2);
    const paused = new Pace(100_000);
    for (let frame = 0; frame < 40; frame++) {
      paused.frame(frame * 5000);
      paused.frame(frame * 5000 + 16);
    }
    expect(paused.every).toBe(1);
  });
});
