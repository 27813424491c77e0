/** HTML made of text that is escaped and parts that are HTML already. */

/** Made by `html` only. */
export interface Html {
  readonly html: string;
}

type Part = string | number | Html | undefined | false | readonly Html[];

const ESCAPES: { readonly [character: string]: string } = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

function render(part: Part): string {
  if (part === undefined || part === false) return '';
  if (typeof part === 'string' || typeof part === 'number')
    return String(part).replace(/[&<>"']/g, (character) => ESCAPES[character] ?? '');
  return 'html' in part ? part.html : part.map(({ html }) => html).join('');
}

/** A name that somebody else chose, without what would turn the writing around it. */
export function plainName(name: string): string {
  return name.replace(/[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/g, '');
}

/** Whatever is put in is escaped, unless it was made by `html` itself; undefined and false are nothing. */
export function html(texts: TemplateStringsArray, ...parts: readonly Part[]): Html {
  let out = texts[0] ?? '';
  parts.forEach((part, i) => {
    out += render(part) + (texts[i + 1] ?? '');
  });
  return { html: out };
}
