/** The card beside the pointer. */

import type { MapData } from "../payload";
import { productAt } from "../payload";
import type { Pictures } from "../pictures";
import { el } from "./element";
import { factList, nameOf, picture, strip } from "./facts";

export class HoverCard {
  readonly root = el("div", { class: "hover-card", role: "tooltip", hidden: true });
  private row = -1;

  constructor(private readonly data: MapData, private readonly pictures: Pictures) {}

  show(row: number, x: number, y: number, width: number, height: number): void {
    if (row !== this.row) {
      this.row = row;
      const name = nameOf(this.data, row);
      const product = productAt(this.data, row);
      this.root.replaceChildren(
        picture(this.data, this.pictures, row),
        ...[strip(this.data, row)].filter((part) => part !== null),
        el("div", { class: "hover-body" },
          el("p", { class: "title" }, name),
          name === product ? null : el("p", { class: "product" }, product),
          factList(this.data, row, 6)),
      );
    }
    this.root.hidden = false;
    const box = this.root.getBoundingClientRect();
    const left = x + 22 + box.width > width - 8 ? x - box.width - 22 : x + 22;
    const top = Math.min(Math.max(8, y - box.height / 3), height - box.height - 8);
    this.root.style.transform = `translate(${Math.round(Math.max(8, left))}px, ${Math.round(Math.max(8, top))}px)`;
  }

  hide(): void {
    this.root.hidden = true;
  }
}
