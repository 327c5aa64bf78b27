// Small shapes that say what their colour says, for those who do not see the colour; always beside the words.

export type ShapeName = 'disc' | 'ring' | 'triangle' | 'square' | 'bars' | 'cross';

export function Shape({ name, tone }: { readonly name: ShapeName; readonly tone: string }) {
  return (
    <svg class={`shape ${tone}`} viewBox="0 0 12 12" width="12" height="12" aria-hidden="true" focusable="false">
      {pathOf(name)}
    </svg>
  );
}

function pathOf(name: ShapeName) {
  switch (name) {
    case 'disc':
      return <circle cx="6" cy="6" r="5" fill="currentColor" />;
    case 'ring':
      return <circle cx="6" cy="6" r="4.2" fill="none" stroke="currentColor" stroke-width="1.6" />;
    case 'triangle':
      return <path d="M6 .8 11.6 11.2H.4Z" fill="currentColor" />;
    case 'square':
      return <rect x="1" y="1" width="10" height="10" fill="currentColor" />;
    case 'bars':
      return <path d="M2 1h3v10H2zM7 1h3v10H7z" fill="currentColor" />;
    case 'cross':
      return <path d="m2 2 8 8M10 2l-8 8" stroke="currentColor" stroke-width="2.2" stroke-linecap="round" />;
  }
}
