// What the two ends of the thread port say to each other in tests.

export type ToWorker = {
  readonly posts: {
    readonly note: string;
    readonly image: { readonly key: string; readonly value: number };
    readonly die: null;
    readonly unheard: null;
  };
  readonly requests: {
    readonly add: { readonly ask: { readonly a: number; readonly b: number }; readonly answer: number };
    readonly refuse: { readonly ask: { readonly field: string }; readonly answer: null };
    readonly break: { readonly ask: null; readonly answer: null };
    readonly hang: { readonly ask: null; readonly answer: null };
    readonly function: { readonly ask: null; readonly answer: number };
    readonly unheard: { readonly ask: null; readonly answer: null };
  };
};

export type ToMain = {
  readonly posts: { readonly echo: string };
  readonly requests: Record<never, never>;
};
