/** Textures of pictures: sprite sheets as they are needed, and single thumbnails for a close look. */

import * as twgl from "twgl.js";
import type { Pictures } from "../pictures";

const MOST_SHEETS = 12;

/** Sprite sheets on the graphics card, the least lately used given back. */
export class Sheets {
  private readonly textures = new Map<number, WebGLTexture>();
  private readonly sizes = new Map<number, readonly [number, number]>();
  private readonly loading = new Set<number>();
  private readonly failed = new Set<number>();

  constructor(
    private readonly gl: WebGL2RenderingContext,
    private readonly pictures: Pictures,
    private readonly arrived: () => void,
  ) {}

  get(number: number): { texture: WebGLTexture; size: readonly [number, number] } | null {
    const texture = this.textures.get(number);
    if (texture) {
      this.textures.delete(number);
      this.textures.set(number, texture);
      return { texture, size: this.sizes.get(number)! };
    }
    if (!this.loading.has(number) && !this.failed.has(number)) void this.load(number);
    return null;
  }

  private async load(number: number): Promise<void> {
    this.loading.add(number);
    try {
      const image = await this.pictures.sheet(number);
      const texture = twgl.createTexture(this.gl, {
        src: image,
        min: this.gl.LINEAR_MIPMAP_LINEAR,
        mag: this.gl.LINEAR,
        wrap: this.gl.CLAMP_TO_EDGE,
      });
      this.textures.set(number, texture);
      this.sizes.set(number, [image.naturalWidth, image.naturalHeight]);
      for (const [old, held] of this.textures) {
        if (this.textures.size <= MOST_SHEETS) break;
        this.gl.deleteTexture(held);
        this.textures.delete(old);
      }
      this.arrived();
    } catch {
      this.failed.add(number);
    } finally {
      this.loading.delete(number);
    }
  }
}

/** The longer side of a stored thumbnail at most: THUMBNAIL_SIDE of indexer/thumbnail.py. */
const SIDE = 270;
const ACROSS = 10;
const AT_ONCE = 12;

/** A texture of 10 x 10 thumbnails as they are stored, for pictures that are shown large. */
export class Details {
  readonly texture: WebGLTexture;
  private readonly slots = new Map<number, { slot: number; width: number; height: number }>();
  private readonly free = Array.from({ length: ACROSS * ACROSS }, (_, slot) => slot);
  private readonly loading = new Set<number>();
  private readonly missing = new Set<number>();

  constructor(
    private readonly gl: WebGL2RenderingContext,
    private readonly pictures: Pictures,
    private readonly arrived: () => void,
  ) {
    this.texture = twgl.createTexture(gl, {
      width: SIDE * ACROSS,
      height: SIDE * ACROSS,
      min: gl.LINEAR,
      mag: gl.LINEAR,
      wrap: gl.CLAMP_TO_EDGE,
    });
  }

  /** Where a row's thumbnail is on the texture, in shares of it; null until it is there. */
  get(row: number): readonly [number, number, number, number] | null {
    const held = this.slots.get(row);
    if (held) {
      this.slots.delete(row);
      this.slots.set(row, held);
      const whole = SIDE * ACROSS;
      const x = (held.slot % ACROSS) * SIDE;
      const y = Math.floor(held.slot / ACROSS) * SIDE;
      return [(x + 0.5) / whole, (y + 0.5) / whole, (held.width - 1) / whole, (held.height - 1) / whole];
    }
    if (!this.missing.has(row) && !this.loading.has(row) && this.loading.size < AT_ONCE) void this.load(row);
    return null;
  }

  private async load(row: number): Promise<void> {
    this.loading.add(row);
    try {
      const url = await this.pictures.url(row);
      if (!url) throw new Error("no picture");
      const image = new Image();
      image.src = url;
      await image.decode();
      this.put(row, image);
    } catch {
      this.missing.add(row);
    } finally {
      this.loading.delete(row);
      this.arrived();
    }
  }

  private put(row: number, image: HTMLImageElement): void {
    if (!this.free.length) {
      const [oldest, held] = this.slots.entries().next().value!;
      this.slots.delete(oldest);
      this.free.push(held.slot);
    }
    const slot = this.free.pop()!;
    const width = Math.min(SIDE, image.naturalWidth);
    const height = Math.min(SIDE, image.naturalHeight);
    const { gl } = this;
    gl.bindTexture(gl.TEXTURE_2D, this.texture);
    gl.pixelStorei(gl.UNPACK_FLIP_Y_WEBGL, false);
    gl.texSubImage2D(gl.TEXTURE_2D, 0, (slot % ACROSS) * SIDE, Math.floor(slot / ACROSS) * SIDE, width, height, gl.RGBA, gl.UNSIGNED_BYTE, image);
    this.slots.set(row, { slot, width, height });
  }
}
