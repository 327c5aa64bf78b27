// A remark on a site that is in order; it stops nothing.

export type Note = {
  /** Where in the file, in its ids: `station CP01`. */
  readonly about: string;
  /** What is so, and what to do about it. */
  readonly text: string;
};
