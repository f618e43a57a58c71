/** Counts inspections of the engine's parts, so that its cost can be asserted and not only hoped for. */
export class Meter {
  steps = 0
}
