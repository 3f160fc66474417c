/** Pictures on demand: sprite sheets and packs of thumbnails, inside the page or in the folder beside it. */

import { fromBase64, unpack, type Header } from "./payload";

type Taker = (name: string, text: string) => void;

export class Pictures {
  private readonly asked = new Map<string, Promise<string>>();
  private readonly arrived = new Map<string, (text: string) => void>();
  private readonly packs = new Map<number, Promise<Uint8Array<ArrayBuffer> | null>>();
  private readonly urls = new Map<number, string>();
  private whole = document.readyState !== "loading";
  lost = false;

  constructor(private readonly header: Header, private readonly onLost: (folder: string) => void) {
    (window as unknown as { houndstooth_take: Taker }).houndstooth_take = (name, text) => {
      this.arrived.get(name)?.(text);
      this.arrived.delete(name);
    };
    document.addEventListener("DOMContentLoaded", () => (this.whole = true));
  }

  /** A sheet as an image that is decoded and ready to be a texture. */
  async sheet(number: number): Promise<HTMLImageElement> {
    const image = new Image();
    image.src = `data:image/jpeg;base64,${await this.text(`sheet-${number}`)}`;
    await image.decode();
    return image;
  }

  /** An address for an <img> of a row's thumbnail; null where there is none. */
  async url(row: number): Promise<string | null> {
    const known = this.urls.get(row);
    if (known) return known;
    const size = this.header.packs.rows;
    const pack = await this.pack(Math.floor(row / size));
    const bytes = pack && unpack(pack, row % size);
    if (!bytes) return null;
    const made = this.urls.get(row) ?? URL.createObjectURL(new Blob([bytes], { type: "image/jpeg" }));
    this.urls.set(row, made);
    return made;
  }

  private pack(number: number): Promise<Uint8Array<ArrayBuffer> | null> {
    let found = this.packs.get(number);
    if (!found) {
      found = this.text(`pack-${number}`).then(fromBase64).catch(() => null);
      this.packs.set(number, found);
    }
    return found;
  }

  private text(name: string): Promise<string> {
    let found = this.asked.get(name);
    if (!found) {
      found = this.header.files === null ? this.inside(name) : this.beside(this.header.files, name);
      this.asked.set(name, found);
    }
    // The text is kept by whoever made something of it.
    void found.finally(() => this.asked.delete(name)).catch(() => undefined);
    return found;
  }

  private async inside(name: string): Promise<string> {
    const there = () => document.getElementById(name);
    if (!there() && !this.whole) {
      await new Promise((done) => document.addEventListener("DOMContentLoaded", done, { once: true }));
    }
    const text = there()?.textContent;
    if (!text) throw new Error(`the page lacks ${name}`);
    return text;
  }

  private beside(folder: string, name: string): Promise<string> {
    return new Promise((resolve, reject) => {
      const script = document.createElement("script");
      this.arrived.set(name, resolve);
      script.src = `${encodeURIComponent(folder)}/${name}.js`;
      script.onload = () => script.remove();
      script.onerror = () => {
        if (!this.lost) this.onLost(folder);
        this.lost = true;
        reject(new Error(`${folder}/${name}.js could not be read`));
      };
      document.head.append(script);
    });
  }
}
