/**
 * @file Configuration of the reader of looks: a network that names what can be seen of a character in one picture.
 */

/** Shape of a reader. */
export interface LooksConfig {
  /** Whose words its classes are: the data that knows how to say them. */
  readonly world: 'sprites';
  /** What it reads and the classes of each, in the order of the logits. */
  readonly classes: Readonly<Record<string, readonly string[]>>;
  /** Channels at a quarter and at an eighth of the picture's sides. */
  readonly channels: readonly [number, number];
  /** Residual blocks at a quarter and at an eighth. */
  readonly blocks: readonly [number, number];
  /** Places that each attribute looks at. */
  readonly glances: number;
  /** Hidden width of each attribute's head. */
  readonly hidden: number;
}
