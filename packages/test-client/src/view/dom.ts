/** The few ways in which this page touches the DOM. Text is always text: nothing here parses HTML. */

type Attributes = Readonly<Record<string, string | boolean | undefined>>;
type Child = Node | string | undefined;

export function element<Tag extends keyof HTMLElementTagNameMap>(
  tag: Tag,
  attributes: Attributes = {},
  ...children: readonly Child[]
): HTMLElementTagNameMap[Tag] {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === true) node.setAttribute(name, '');
    else if (typeof value === 'string') node.setAttribute(name, value);
  }
  node.append(...children.filter((child) => child !== undefined));
  return node;
}

/** An element that the page's HTML promises. */
export function byId<Type extends HTMLElement>(id: string, type: new () => Type): Type {
  const node = document.getElementById(id);
  if (!(node instanceof type)) throw new Error(`the page has no ${type.name} #${id}`);
  return node;
}

/** Written only when different, so that live regions do not repeat themselves. */
export function setText(node: Element, text: string): void {
  if (node.textContent !== text) node.textContent = text;
}

export function onSubmit(form: HTMLFormElement, submit: () => void): void {
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    submit();
  });
}

/** Enter sends, Shift+Enter makes a line, and a word being composed (IME) is left alone. */
export function sendOnEnter(field: HTMLTextAreaElement, send: () => void): void {
  field.addEventListener('keydown', (event) => {
    if (event.key !== 'Enter' || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    send();
  });
}

/** A list of elements kept equal to a list of immutable items, touching only what changed. */
export class KeyedList<Item> {
  #shown = new Map<string, { item: Item; node: HTMLElement }>();
  readonly #parent: HTMLElement;
  readonly #key: (item: Item) => string;
  readonly #create: (item: Item) => HTMLElement;
  readonly #same: (before: Item, after: Item) => boolean;

  constructor(
    parent: HTMLElement,
    of: { key: (item: Item) => string; create: (item: Item) => HTMLElement; same?: (before: Item, after: Item) => boolean },
  ) {
    this.#parent = parent;
    this.#key = of.key;
    this.#create = of.create;
    this.#same = of.same ?? Object.is;
  }

  render(items: readonly Item[]): void {
    const next = new Map<string, { item: Item; node: HTMLElement }>();
    let cursor = this.#parent.firstElementChild;
    for (const item of items) {
      const key = this.#key(item);
      const before = this.#shown.get(key);
      const node = before !== undefined && this.#same(before.item, item) ? before.node : this.#replace(before?.node, item);
      next.set(key, { item, node });
      if (before !== undefined && cursor === before.node) cursor = node;
      if (cursor === node) cursor = node.nextElementSibling;
      else this.#parent.insertBefore(node, cursor);
    }
    for (const [key, { node }] of this.#shown) if (!next.has(key)) node.remove();
    this.#shown = next;
  }

  #replace(before: HTMLElement | undefined, item: Item): HTMLElement {
    const node = this.#create(item);
    if (before === undefined) return node;
    const focused = before.contains(document.activeElement);
    before.replaceWith(node);
    if (focused) node.querySelector<HTMLElement>('button, summary, a')?.focus();
    return node;
  }
}
