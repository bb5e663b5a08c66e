/** Markup that is safe to send: made only by {@link html}, which escapes what is put into it. */
export interface Html {
  readonly markup: string;
}

type Insertable = Html | string | number | readonly Html[];

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

function toMarkup(value: Insertable): string {
  if (typeof value === 'object') {
    return 'markup' in value ? value.markup : value.map((item) => item.markup).join('');
  }
  return String(value).replace(/[&<>"']/g, (char) => ENTITIES[char] ?? char);
}

/** A template whose values are escaped, for text and for attributes in double quotes. */
export function html(strings: TemplateStringsArray, ...values: readonly Insertable[]): Html {
  const markup = strings.reduce((text, part, index) => {
    const value = values[index - 1];
    return text + (value === undefined ? '' : toMarkup(value)) + part;
  });
  return { markup };
}

export const nothing: Html = { markup: '' };
