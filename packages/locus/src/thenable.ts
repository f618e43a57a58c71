/** Programs are synchronous: a promise that comes back from one is refused, and its failure is nobody's surprise later. */
export function isThenable(value: unknown): boolean {
  if ((typeof value !== 'object' && typeof value !== 'function') || value === null) return false
  const then = (value as { readonly then?: unknown }).then
  if (typeof then !== 'function') return false
  // Nobody will look at it: an unhandled rejection would end the worker after the refusal was reported.
  then.call(value, ignore, ignore)
  return true
}

function ignore(): void {}
