// The little of the DOM that the views need.

export const byId = (id) => document.getElementById(id);

/** Makes an element: `make("li", { className: "idle" }, "Ann")`. */
export function make(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  const { dataset, ...others } = properties;
  Object.assign(element, others);
  if (dataset) Object.assign(element.dataset, dataset);
  element.append(...children.filter((child) => child !== null && child !== undefined && child !== ""));
  return element;
}

/** Sets a text only where it changed, so that screen readers and selections stay undisturbed. */
export function say(element, words) {
  if (element.textContent !== words) element.textContent = words;
}

/**
 * Makes a list's children those of `items`, in order, keeping the elements of those that stay: focus stays where it was.
 * `create(item)` makes an element, `update(element, item)` fills it.
 */
export function sync(list, items, key, create, update) {
  const old = new Map([...list.children].map((child) => [child.dataset.key, child]));
  let place = list.firstElementChild;
  for (const item of items) {
    const name = String(key(item));
    let element = old.get(name);
    if (element) {
      old.delete(name);
    } else {
      element = create(item);
      element.dataset.key = name;
    }
    update(element, item);
    if (element === place) place = place.nextElementSibling;
    else list.insertBefore(element, place);
  }
  for (const left of old.values()) left.remove();
}
