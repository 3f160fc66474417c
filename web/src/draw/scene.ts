/** Draws the points: dots, then pictures where there is room, through twgl. */

import * as twgl from "twgl.js";
import type { Camera } from "../camera";
import type { Colouring } from "../colouring";
import type { MapData } from "../payload";
import type { Pictures } from "../pictures";
import { withRoom } from "../thin";
import { DOTS_FRAGMENT, DOTS_VERTEX, SPRITES_FRAGMENT, SPRITES_VERTEX } from "./shaders";
import { Details, Sheets } from "./textures";

const FLOATS = 12;
const LARGE = 1.25;
const GAP = 5;

export interface Drawn {
  row: number;
  x: number;
  y: number;
  width: number;
  height: number;
}

export interface Look {
  ink: readonly number[];
  accent: readonly number[];
}

export class Scene {
  private gl!: WebGL2RenderingContext;
  private dots!: twgl.ProgramInfo;
  private sprites!: twgl.ProgramInfo;
  private dotBuffers!: twgl.BufferInfo;
  private spriteBuffers!: twgl.BufferInfo;
  private sheets!: Sheets;
  private details!: Details;
  private readonly first: Uint8Array;
  private readonly second: Uint8Array;
  private readonly placed: Float32Array;
  private instances = new Float32Array(FLOATS * 1024);
  private colouring: Colouring | null = null;
  private mask: Uint8Array;
  private selected: Uint8Array;
  look: Look = { ink: [0, 0, 0], accent: [1, 0, 0] };
  /** How large pictures are, 1 as designed; 0 for dots alone. */
  pictureSize = 1;
  /** Pictures on the screen, first drawn first. */
  drawn: Drawn[] = [];
  onFirstPictures: () => void = () => undefined;

  constructor(
    private readonly canvas: HTMLCanvasElement,
    private readonly data: MapData,
    /** Places in the camera's world, two numbers a row. */
    readonly world: Float32Array,
    private readonly pictures: Pictures,
    private readonly redraw: () => void,
  ) {
    this.first = new Uint8Array(data.rows * 4);
    this.second = new Uint8Array(data.rows * 4);
    this.placed = new Float32Array(data.rows * 2);
    this.mask = new Uint8Array(data.rows).fill(1);
    this.selected = new Uint8Array(data.rows);
    this.start();
    canvas.addEventListener("webglcontextlost", (event) => event.preventDefault());
    canvas.addEventListener("webglcontextrestored", () => {
      this.start();
      this.paint();
      redraw();
    });
  }

  private start(): void {
    const gl = this.canvas.getContext("webgl2", { antialias: false, alpha: true, premultipliedAlpha: false });
    if (!gl) throw new Error("this browser draws no WebGL 2, which the map needs: try another browser, or turn on graphics acceleration");
    this.gl = gl;
    this.dots = twgl.createProgramInfo(gl, [DOTS_VERTEX, DOTS_FRAGMENT]);
    this.sprites = twgl.createProgramInfo(gl, [SPRITES_VERTEX, SPRITES_FRAGMENT]);
    this.dotBuffers = twgl.createBufferInfoFromArrays(gl, {
      place: { numComponents: 2, data: this.world },
      first: { numComponents: 4, data: this.first, normalize: true, drawType: gl.DYNAMIC_DRAW },
      second: { numComponents: 4, data: this.second, normalize: true, drawType: gl.DYNAMIC_DRAW },
    });
    this.makeSpriteBuffers();
    this.sheets = new Sheets(gl, this.pictures, this.redraw);
    this.details = new Details(gl, this.pictures, this.redraw);
  }

  private makeSpriteBuffers(): void {
    const stride = FLOATS * 4;
    const buffer = twgl.createBufferFromTypedArray(this.gl, this.instances, this.gl.ARRAY_BUFFER, this.gl.DYNAMIC_DRAW);
    const part = (offset: number) => ({ numComponents: 4, buffer, stride, offset, divisor: 1, type: this.gl.FLOAT });
    const corners = twgl.createBufferInfoFromArrays(this.gl, { corner: { numComponents: 2, data: [0, 0, 1, 0, 0, 1, 1, 1] } });
    this.spriteBuffers = {
      numElements: 4,
      attribs: { ...corners.attribs, box: part(0), source: part(16), tint: part(32) },
    };
  }

  /** What each point looks like from now on. */
  show(colouring: Colouring, mask: Uint8Array, selected: Uint8Array): void {
    [this.colouring, this.mask, this.selected] = [colouring, mask, selected];
    this.paint();
  }

  private paint(): void {
    if (!this.colouring) return;
    const { first, second } = this.colouring;
    for (let row = 0; row < this.data.rows; row++) {
      const [from, to] = [row * 3, row * 4];
      this.first[to] = first[from];
      this.first[to + 1] = first[from + 1];
      this.first[to + 2] = first[from + 2];
      this.first[to + 3] = this.mask[row] ? 255 : 0;
      this.second[to] = second[from];
      this.second[to + 1] = second[from + 1];
      this.second[to + 2] = second[from + 2];
      this.second[to + 3] = this.selected[row] && this.mask[row] ? 1 : 0;
    }
    twgl.setAttribInfoBufferFromArray(this.gl, this.dotBuffers.attribs!.first, this.first);
    twgl.setAttribInfoBufferFromArray(this.gl, this.dotBuffers.attribs!.second, this.second);
  }

  /** `every`: how many-th point is drawn, larger for that; pictures are drawn as always. */
  draw(camera: Camera, every = 1): void {
    const { gl } = this;
    const ratio = Math.min(2, window.devicePixelRatio || 1);
    const [width, height] = [Math.round(camera.width * ratio), Math.round(camera.height * ratio)];
    if (this.canvas.width !== width || this.canvas.height !== height) [this.canvas.width, this.canvas.height] = [width, height];
    gl.viewport(0, 0, width, height);
    gl.clearColor(0, 0, 0, 0);
    gl.clear(gl.COLOR_BUFFER_BIT);
    gl.enable(gl.BLEND);
    gl.blendFuncSeparate(gl.SRC_ALPHA, gl.ONE_MINUS_SRC_ALPHA, gl.ONE, gl.ONE_MINUS_SRC_ALPHA);
    this.drawn = this.arrange(camera);
    this.drawDots(camera, ratio, every);
    if (this.drawn.length) this.drawPictures(camera, ratio);
  }

  /** Diameter of a dot, or height of a grid's cell, in CSS pixels. */
  dotSize(camera: Camera): number {
    if (this.data.header.grid) return Math.max(1, camera.scale * 0.94);
    const small = Math.min(8, Math.max(2.6, 520 / Math.sqrt(this.data.rows) / 2));
    return Math.min(13, small * Math.max(1, camera.zoomed) ** 0.3);
  }

  private drawDots(camera: Camera, ratio: number, every: number): void {
    const { gl } = this;
    const { grid } = this.data.header;
    const [x, y] = camera.shift;
    const uniforms = {
      screen: [camera.width, camera.height],
      shift: [x, y],
      scale: camera.scale,
      size: grid ? this.dotSize(camera) * Math.max(1, grid.aspect) : this.dotSize(camera) * every ** 0.25,
      ratio,
      aspect: grid ? grid.aspect : 0,
      ink: this.look.ink,
      accent: this.look.accent,
      opacity: this.data.rows > 20_000 && !grid ? 0.75 : 0.95,
    };
    gl.useProgram(this.dots.program);
    twgl.setBuffersAndAttributes(gl, this.dots, this.dotsEvery(every));
    for (const pass of this.mask.includes(0) ? [0, 1] : [1]) {
      twgl.setUniforms(this.dots, { ...uniforms, pass });
      gl.drawArrays(gl.POINTS, 0, Math.floor(this.data.rows / every));
    }
  }

  /** The same buffers, read in longer strides. */
  private dotsEvery(every: number): twgl.BufferInfo {
    const { place, first, second } = this.dotBuffers.attribs!;
    const attribs = { place: { ...place, stride: 8 * every }, first: { ...first, stride: 4 * every }, second: { ...second, stride: 4 * every } };
    return { numElements: this.data.rows, attribs };
  }

  /** The pictures that have room now. On a grid each has its cell; elsewhere they keep off each other. */
  private arrange(camera: Camera): Drawn[] {
    const { grid, sheets } = this.data.header;
    if (this.pictureSize === 0) return [];
    if (grid) return camera.scale < 7 ? [] : this.inCells(camera, grid.aspect);
    const crowd = this.data.rows / (camera.zoomed * camera.zoomed);
    if (crowd > 16_000) return [];
    const side = Math.min(150, 44 * Math.max(1, camera.zoomed) ** 0.42) * this.pictureSize;
    const scale = side / Math.max(sheets.width, sheets.height);
    this.place(camera);
    const box = [sheets.width * scale + GAP, sheets.height * scale + GAP] as const;
    const rows = withRoom(this.placed, this.mask, box[0], box[1], [camera.width, camera.height]);
    return rows.map((row) => this.picture(row, scale));
  }

  private inCells(camera: Camera, aspect: number): Drawn[] {
    const { sheets } = this.data.header;
    this.place(camera);
    const [wide, high] = [camera.scale * aspect * 0.94, camera.scale * 0.94];
    const drawn: Drawn[] = [];
    for (let row = 0; row < this.data.rows; row++) {
      const [x, y] = [this.placed[2 * row], this.placed[2 * row + 1]];
      if (!this.mask[row] || x < -wide || y < -high || x > camera.width + wide || y > camera.height + high) continue;
      const scale = Math.min(wide / (this.data.sizes[2 * row] || sheets.width), high / (this.data.sizes[2 * row + 1] || sheets.height));
      drawn.push(this.picture(row, scale));
    }
    return drawn;
  }

  private picture(row: number, scale: number): Drawn {
    const [x, y] = [this.placed[2 * row], this.placed[2 * row + 1]];
    return { row, x, y, width: this.data.sizes[2 * row] * scale, height: this.data.sizes[2 * row + 1] * scale };
  }

  private place(camera: Camera): void {
    const [x, y] = camera.shift;
    const { scale } = camera;
    for (let at = 0; at < this.placed.length; at += 2) {
      this.placed[at] = this.world[at] * scale + x;
      this.placed[at + 1] = this.world[at + 1] * scale + y;
    }
  }

  private drawPictures(camera: Camera, ratio: number): void {
    const { sheets } = this.data.header;
    const capacity = sheets.across * sheets.down;
    const bySheet = new Map<number, Drawn[]>();
    const large: { one: Drawn; source: readonly [number, number, number, number] }[] = [];
    for (const one of this.drawn) {
      if (one.height * ratio > sheets.height * LARGE && large.length < 100) {
        const source = this.details.get(one.row);
        if (source) {
          large.push({ one, source });
          continue;
        }
      }
      const number = Math.floor(one.row / capacity);
      const there = bySheet.get(number);
      if (there) there.push(one);
      else bySheet.set(number, [one]);
    }
    for (const [number, pictures] of bySheet) {
      const sheet = this.sheets.get(number);
      if (!sheet) continue;
      const [width, height] = sheet.size;
      this.fill(pictures, (one) => {
        const cell = one.row % capacity;
        const x = (cell % sheets.across) * sheets.width;
        const y = Math.floor(cell / sheets.across) * sheets.height;
        const [own, tall] = [this.data.sizes[2 * one.row], this.data.sizes[2 * one.row + 1]];
        return [(x + 0.5) / width, (y + 0.5) / height, (own - 1) / width, (tall - 1) / height];
      });
      this.batch(camera, ratio, sheet.texture, pictures.length);
      this.onFirstPictures();
    }
    if (large.length) {
      const sources = new Map(large.map(({ one, source }) => [one.row, source]));
      this.fill(large.map(({ one }) => one), (one) => sources.get(one.row)!);
      this.batch(camera, ratio, this.details.texture, large.length);
    }
  }

  private fill(pictures: Drawn[], source: (one: Drawn) => readonly number[]): void {
    if (this.instances.length < pictures.length * FLOATS) {
      this.instances = new Float32Array(pictures.length * FLOATS * 2);
      this.makeSpriteBuffers();
    }
    const colours = this.colouring!.first;
    const accent = this.look.accent;
    pictures.forEach((one, number) => {
      const at = number * FLOATS;
      this.instances.set([one.x, one.y, one.width, one.height, ...source(one)], at);
      const from = one.row * 3;
      const chosen = this.selected[one.row] === 1;
      this.instances[at + 8] = chosen ? accent[0] : colours[from] / 255;
      this.instances[at + 9] = chosen ? accent[1] : colours[from + 1] / 255;
      this.instances[at + 10] = chosen ? accent[2] : colours[from + 2] / 255;
      this.instances[at + 11] = chosen ? 1 : 0;
    });
  }

  private batch(camera: Camera, ratio: number, sheet: WebGLTexture, count: number): void {
    const { gl } = this;
    const grid = this.data.header.grid !== null;
    gl.useProgram(this.sprites.program);
    const { buffer } = this.spriteBuffers.attribs!.box;
    gl.bindBuffer(gl.ARRAY_BUFFER, buffer);
    gl.bufferSubData(gl.ARRAY_BUFFER, 0, this.instances.subarray(0, count * FLOATS));
    twgl.setBuffersAndAttributes(gl, this.sprites, this.spriteBuffers);
    const frame = grid ? Math.min(2, camera.scale * 0.03) : 2;
    twgl.setUniforms(this.sprites, { screen: [camera.width, camera.height], sheet, ratio, frame, corner_radius: grid ? 0 : 3 });
    twgl.drawBufferInfo(gl, this.spriteBuffers, gl.TRIANGLE_STRIP, 4, 0, count);
  }
}
