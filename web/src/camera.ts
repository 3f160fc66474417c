/** Where the map is on the screen: a fit of the whole, then pan and zoom by d3-zoom. */

import { select } from "d3-selection";
import { zoom, zoomIdentity, type D3ZoomEvent, type ZoomBehavior, type ZoomTransform } from "d3-zoom";
import type { Point } from "./geometry";

const MARGIN = 36;
/** Height of the tools above the map. */
const TOOLS = 36;

export interface World {
  left: number;
  top: number;
  right: number;
  bottom: number;
}

export class Camera {
  width = 1;
  height = 1;
  private fit = 1;
  private centre: Point = [0, 0];
  transform: ZoomTransform = zoomIdentity;
  /** Pixels at the right that something else covers. */
  covered = 0;
  private readonly behaviour: ZoomBehavior<HTMLCanvasElement, unknown>;

  constructor(
    private readonly canvas: HTMLCanvasElement,
    readonly world: World,
    largest: number,
    private readonly canDrag: (event: MouseEvent) => boolean,
    changed: () => void,
  ) {
    this.behaviour = zoom<HTMLCanvasElement, unknown>()
      .scaleExtent([0.6, largest])
      .filter((event: MouseEvent) => event.type === "wheel" || (!event.button && this.canDrag(event)))
      .clickDistance(4)
      .on("zoom", (event: D3ZoomEvent<HTMLCanvasElement, unknown>) => {
        this.transform = event.transform;
        changed();
      });
    select(canvas).call(this.behaviour).on("dblclick.zoom", null);
  }

  resize(width: number, height: number): void {
    this.width = Math.max(1, width);
    this.height = Math.max(1, height);
    const { left, right, top, bottom } = this.world;
    this.fit = Math.min((this.width - 2 * MARGIN) / (right - left || 1), (this.height - TOOLS - 2 * MARGIN) / (bottom - top || 1));
    this.fit = Math.max(this.fit, 1e-6);
    this.centre = [(left + right) / 2, (top + bottom) / 2];
    this.behaviour.extent([[0, 0], [this.width, this.height]]);
    const reach = (side: number) => side * 0.5;
    this.behaviour.translateExtent([
      [-reach(this.width), -reach(this.height)],
      [this.width + reach(this.width), this.height + reach(this.height)],
    ]);
  }

  /** Pixels of the screen for one unit of the world. */
  get scale(): number {
    return this.fit * this.transform.k;
  }

  get zoomed(): number {
    return this.transform.k;
  }

  /** screen = world * scale + shift. */
  get shift(): Point {
    const { k, x, y } = this.transform;
    return [
      (this.width / 2 - this.centre[0] * this.fit) * k + x,
      ((this.height + TOOLS) / 2 - this.centre[1] * this.fit) * k + y,
    ];
  }

  toScreen(x: number, y: number): Point {
    const [dx, dy] = this.shift;
    return [x * this.scale + dx, y * this.scale + dy];
  }

  toWorld(x: number, y: number): Point {
    const [dx, dy] = this.shift;
    return [(x - dx) / this.scale, (y - dy) / this.scale];
  }

  zoomBy(factor: number): void {
    select(this.canvas).call(this.behaviour.scaleBy, factor);
  }

  panBy(x: number, y: number): void {
    select(this.canvas).call(this.behaviour.translateBy, x / this.zoomed, y / this.zoomed);
  }

  reset(): void {
    select(this.canvas).call(this.behaviour.transform, zoomIdentity);
  }

  /** Bring a place of the world to the middle of what can be seen, at least so close. */
  show([x, y]: Point, least = this.zoomed): void {
    const k = Math.max(this.zoomed, least);
    const at: Point = [
      (x - this.centre[0]) * this.fit + this.width / 2,
      (y - this.centre[1]) * this.fit + (this.height + TOOLS) / 2,
    ];
    const there = zoomIdentity.translate((this.width - this.covered) / 2 - at[0] * k, this.height / 2 - at[1] * k).scale(k);
    select(this.canvas).call(this.behaviour.transform, there);
  }
}
