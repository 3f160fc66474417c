/** How many of the points are drawn while the map moves: all of them, unless frames come slowly and fewer help. */

const SLOW = 45;
const QUICK = 20;
const FRAMES = 4;
/** Milliseconds that no frame takes: longer is a pause. */
const PAUSE = 2_000;
const MOST = 8;
/** Fewer points than this are never thinned further. */
const FEWEST = 8_000;
/** Fewer points help when frames take at most this share of what they took before. */
const HELPS = 0.85;

export class Pace {
  /** Every how many-th point is drawn in a movement: 1, 2, 4 or 8. */
  every = 1;
  private most = MOST;
  /** What frames took before the last thinning; 0 when that has been judged. */
  private before = 0;
  private last = -Infinity;
  private times: number[] = [];

  constructor(private readonly rows: number) {}

  /** A frame of a movement at this time, in milliseconds: the middle of four frames' times decides. */
  frame(now: number): void {
    const took = now - this.last;
    this.last = now;
    if (took > PAUSE) return;
    this.times.push(took);
    if (this.times.length < FRAMES) return;
    const middle = this.times.sort((a, b) => a - b)[FRAMES / 2];
    this.times = [];
    const before = this.before;
    this.before = 0;
    if (before && middle > before * HELPS) this.most = this.every /= 2;
    else if (middle > SLOW && this.every < this.most && this.rows / this.every > FEWEST) {
      this.before = middle;
      this.every *= 2;
    } else if (middle < QUICK && this.every > 1) this.every /= 2;
  }

  /** The movement ended: the pause that follows is no slow frame, and the next one may try again what did not help. */
  rest(): void {
    this.last = -Infinity;
    this.times = [];
    this.before = 0;
    this.most = MOST;
  }
}
