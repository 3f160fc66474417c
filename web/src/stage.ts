/** The map itself: canvas, pointer, keyboard, and what is drawn over the points. */

import Flatbush from "flatbush";
import { Camera } from "./camera";
import { Scene } from "./draw/scene";
import { boxPolygon, rowsInside, thinned, type Point } from "./geometry";
import type { MapData } from "./payload";
import { Pace } from "./pace";
import type { Pictures } from "./pictures";
import { el } from "./ui/element";

export type Tool = "pan" | "box" | "lasso";

export interface StageCalls {
  hover(row: number, x: number, y: number): void;
  /** `keyed`: by the keyboard, which is to go on in what opens. */
  open(row: number, keyed: boolean): void;
  /** `add`: to what is selected already. */
  select(rows: number[], add: boolean): void;
  tool(tool: Tool): void;
}

const REACH = 14;
const STEP = 70;
/** Milliseconds after the last movement at which every point shows again. */
const REST = 160;
const SVG = "http://www.w3.org/2000/svg";

export class Stage {
  readonly canvas = el("canvas", { tabindex: 0, role: "application", "aria-label": "Map of pictures. Arrow keys move it, plus and minus zoom, Shift and an arrow go from picture to picture, Enter opens one, Space selects it.", "aria-describedby": "live" });
  readonly root = el("div", { class: "stage" }, this.canvas);
  readonly camera: Camera;
  readonly scene: Scene;
  tool: Tool = "pan";
  private readonly overlay = document.createElementNS(SVG, "svg");
  private readonly world: Float32Array;
  private tree: Flatbush | null = null;
  private mask: Uint8Array;
  private queued = false;
  private stale = true;
  private resting = 0;
  readonly pace: Pace;
  private drag: { points: Point[]; tool: Tool } | null = null;
  private hovered = -1;
  /** The picture that the keyboard went to; a pointer that rests elsewhere does not lose it. */
  private cursor = -1;
  private opened = -1;
  private spokes: number[] = [];
  private pointed = -1;
  /** Milliseconds of the last frames, for benchmarks. */
  readonly frames: number[] = [];

  constructor(private readonly data: MapData, pictures: Pictures, private readonly calls: StageCalls) {
    const aspect = data.header.grid?.aspect ?? 1;
    this.world = data.xy.slice();
    if (aspect !== 1) for (let at = 0; at < this.world.length; at += 2) this.world[at] *= aspect;
    this.mask = new Uint8Array(data.rows).fill(1);
    this.pace = new Pace(data.rows);
    const box = bounds(this.world);
    if (data.header.grid) {
      box.left -= aspect / 2;
      box.right += aspect / 2;
      box.top -= 0.5;
      box.bottom += 0.5;
    }
    const largest = data.header.grid ? Math.max(8, data.header.grid.rows / 2) : Math.max(40, Math.sqrt(data.rows) * 1.5);
    this.camera = new Camera(this.canvas, box, largest, (event) => this.tool === "pan" && !event.shiftKey, () => this.moved());
    this.scene = new Scene(this.canvas, data, this.world, pictures, () => this.redraw());
    this.overlay.setAttribute("class", "overlay");
    this.overlay.setAttribute("aria-hidden", "true");
    this.root.append(this.overlay);
    new ResizeObserver(() => this.resized()).observe(this.root);
    this.listen();
  }

  private resized(): void {
    this.camera.resize(this.root.clientWidth, this.root.clientHeight);
    this.overlay.setAttribute("viewBox", `0 0 ${this.camera.width} ${this.camera.height}`);
    this.redraw();
  }

  private moved(): void {
    this.hover(-1, 0, 0);
    clearTimeout(this.resting);
    this.resting = setTimeout(() => {
      this.resting = 0;
      this.pace.rest();
      if (this.pace.every > 1) this.redraw();
    }, REST);
    this.redraw();
  }

  /** Draw points and pictures anew in the next frame. */
  redraw(): void {
    this.stale = true;
    this.redrawOver();
  }

  /** Draw what lies over the points anew: they stay as they are. */
  private redrawOver(): void {
    if (this.queued) return;
    this.queued = true;
    requestAnimationFrame((now) => {
      this.queued = false;
      const start = performance.now();
      if (this.stale && this.resting) this.pace.frame(now);
      if (this.stale) this.scene.draw(this.camera, this.resting ? this.pace.every : 1);
      this.stale = false;
      this.drawOver();
      this.frames.push(performance.now() - start);
      if (this.frames.length > 600) this.frames.shift();
    });
  }

  show(mask: Uint8Array): void {
    this.mask = mask;
    this.redraw();
  }

  /** The opened picture, with lines to its neighbours; -1 for none. */
  mark(row: number, spokes: number[]): void {
    [this.opened, this.spokes] = [row, spokes];
    this.redrawOver();
  }

  /** A picture that is pointed at elsewhere on the page. */
  point(row: number): void {
    this.pointed = row;
    this.redrawOver();
  }

  find(row: number): void {
    this.camera.show([this.world[2 * row], this.world[2 * row + 1]], Math.min(12, Math.sqrt(this.data.rows) / 8));
  }

  /** To the middle of what can be seen, as close as it is. */
  bring(row: number): void {
    this.camera.show([this.world[2 * row], this.world[2 * row + 1]]);
  }

  isOnScreen(row: number): boolean {
    const [x, y] = this.screenOf(row);
    return x > 20 && y > 20 && x < this.camera.width - this.camera.covered - 20 && y < this.camera.height - 20;
  }

  screenOf(row: number): Point {
    return this.camera.toScreen(this.world[2 * row], this.world[2 * row + 1]);
  }

  /** The picture under a place, or the nearest dot that shows; -1 for none. */
  at(x: number, y: number): number {
    for (let place = this.scene.drawn.length - 1; place >= 0; place--) {
      const one = this.scene.drawn[place];
      if (Math.abs(one.x - x) <= one.width / 2 && Math.abs(one.y - y) <= one.height / 2) return one.row;
    }
    if (!this.data.rows) return -1;
    if (!this.tree) {
      this.tree = new Flatbush(this.data.rows);
      for (let at = 0; at < this.world.length; at += 2) this.tree.add(this.world[at], this.world[at + 1]);
      this.tree.finish();
    }
    const [wx, wy] = this.camera.toWorld(x, y);
    const reach = Math.max(REACH, this.scene.dotSize(this.camera) * (this.data.header.grid ? 0.7 : 1)) / this.camera.scale;
    return this.tree.neighbors(wx, wy, 1, reach, (row) => this.mask[row] === 1)[0] ?? -1;
  }

  private listen(): void {
    const { canvas } = this;
    const place = (event: MouseEvent): Point => {
      const box = canvas.getBoundingClientRect();
      return [event.clientX - box.left, event.clientY - box.top];
    };
    canvas.addEventListener("pointermove", (event) => {
      const [x, y] = place(event);
      if (this.drag) this.dragged([x, y]);
      else if (event.pointerType !== "touch" && event.buttons === 0) this.hover(this.at(x, y), x, y);
    });
    canvas.addEventListener("pointerleave", () => this.hover(-1, 0, 0));
    canvas.addEventListener("pointerdown", (event) => {
      this.cursor = -1;
      const tool = this.tool === "pan" && event.shiftKey ? "box" : this.tool;
      if (event.button !== 0 || tool === "pan") return;
      canvas.setPointerCapture(event.pointerId);
      this.drag = { points: [place(event)], tool };
      this.hover(-1, 0, 0);
    });
    canvas.addEventListener("pointerup", (event) => this.dropped(event));
    canvas.addEventListener("pointercancel", () => { this.drag = null; this.redrawOver(); });
    canvas.addEventListener("click", (event) => {
      if (this.tool !== "pan" || event.shiftKey) return;
      const row = this.at(...place(event));
      if (row >= 0 && (event.metaKey || event.ctrlKey)) this.calls.select([row], true);
      else this.calls.open(row, false);
    });
    canvas.addEventListener("keydown", (event) => this.key(event));
  }

  private dragged(point: Point): void {
    const { drag } = this;
    if (!drag) return;
    if (drag.tool === "box") drag.points = [drag.points[0], point];
    else drag.points.push(point);
    this.redrawOver();
  }

  private outline(): Point[] {
    if (!this.drag || this.drag.points.length < 2) return [];
    return this.drag.tool === "box" ? boxPolygon(this.drag.points[0], this.drag.points[1]) : thinned(this.drag.points, 3);
  }

  private dropped(event: PointerEvent): void {
    const outline = this.outline();
    const was = this.drag;
    this.drag = null;
    this.redrawOver();
    if (!was) return;
    if (outline.length < 3) {
      const [x, y] = was.points[0];
      const row = this.at(x, y);
      if (row >= 0) this.calls.select([row], true);
      return;
    }
    const polygon = outline.map(([x, y]) => this.camera.toWorld(x, y));
    this.calls.select(rowsInside(polygon, this.world, this.mask), event.shiftKey && this.tool !== "pan");
  }

  private hover(row: number, x: number, y: number): void {
    if (row === this.hovered && row < 0) return;
    this.hovered = row;
    this.canvas.classList.toggle("over", row >= 0 && this.tool === "pan");
    this.calls.hover(row, x, y);
    this.redrawOver();
  }

  private key(event: KeyboardEvent): void {
    const ways: Record<string, Point> = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
    const way = ways[event.key];
    if (way && event.shiftKey) this.step(way);
    else if (way) this.camera.panBy(-way[0] * STEP, -way[1] * STEP);
    else if (event.key === "+" || event.key === "=") this.camera.zoomBy(1.4);
    else if (event.key === "-") this.camera.zoomBy(1 / 1.4);
    else if (event.key === "0" || event.key === "Home") this.camera.reset();
    else if (event.key === "Enter" && this.present() >= 0) this.calls.open(this.present(), true);
    else if (event.key === " " && this.present() >= 0) this.calls.select([this.present()], true);
    else return;
    event.preventDefault();
  }

  private present(): number {
    return this.cursor >= 0 ? this.cursor : this.hovered;
  }

  /** From the present picture to the next one that way: near, and straight ahead rather than aside. */
  private step([dx, dy]: Point): void {
    const present = this.present();
    const from = present >= 0 ? this.screenOf(present) : ([this.camera.width / 2, this.camera.height / 2] as Point);
    let best = -1;
    let least = Infinity;
    for (let row = 0; row < this.data.rows; row++) {
      if (!this.mask[row] || row === present) continue;
      const [x, y] = this.screenOf(row);
      const ahead = (x - from[0]) * dx + (y - from[1]) * dy;
      const aside = Math.abs((x - from[0]) * dy) + Math.abs((y - from[1]) * dx);
      const far = ahead + 2 * aside;
      if (ahead > 1 && far < least) [best, least] = [row, far];
    }
    if (best < 0) return;
    if (!this.isOnScreen(best)) this.bring(best);
    this.cursor = best;
    this.hover(best, ...this.screenOf(best));
  }

  private drawOver(): void {
    const parts: SVGElement[] = [];
    const shape = (name: string, attributes: Record<string, string | number>) => {
      const made = document.createElementNS(SVG, name);
      for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, String(value));
      parts.push(made);
    };
    const outline = this.outline();
    if (outline.length) shape("polygon", { class: "outline", points: outline.map((point) => point.join(",")).join(" ") });
    if (this.opened >= 0) {
      const [x, y] = this.screenOf(this.opened);
      for (const row of this.spokes) {
        const [x2, y2] = this.screenOf(row);
        shape("line", { class: "spoke", x1: x, y1: y, x2, y2 });
      }
    }
    for (const [row, name] of [[this.opened, "opened"], [this.pointed, "pointed"], [this.present(), "hovered"]] as const) {
      if (row < 0) continue;
      const picture = this.scene.drawn.find((one) => one.row === row);
      const [x, y] = this.screenOf(row);
      if (picture) shape("rect", { class: `ring ${name}`, x: x - picture.width / 2 - 3, y: y - picture.height / 2 - 3, width: picture.width + 6, height: picture.height + 6, rx: 5 });
      else shape("circle", { class: `ring ${name}`, cx: x, cy: y, r: this.scene.dotSize(this.camera) / 2 + 4 });
    }
    this.overlay.replaceChildren(...parts);
  }
}

function bounds(xy: Float32Array) {
  const box = { left: Infinity, top: Infinity, right: -Infinity, bottom: -Infinity };
  for (let at = 0; at < xy.length; at += 2) {
    box.left = Math.min(box.left, xy[at]);
    box.right = Math.max(box.right, xy[at]);
    box.top = Math.min(box.top, xy[at + 1]);
    box.bottom = Math.max(box.bottom, xy[at + 1]);
  }
  return xy.length ? box : { left: -1, top: -1, right: 1, bottom: 1 };
}
