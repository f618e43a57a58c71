/**
 * The globals of this thread, as the program that runs now is to see them. All containers' programs share them, so they are put in
 * place when the program of a logged container is entered, and taken away whenever it is left: by an invocation, by its return, by an
 * exception.
 */
import { putModuleFunctions } from './replaced-modules.js'
import { replacements, type Replacement } from './replaced-globals.js'
import type { Visit } from './visit.js'

interface Place extends Replacement {
  /** What was there when it was put. */
  before: PropertyDescriptor | undefined
}

let active: Visit | null = null
let places: Place[] | null = null

/** Runs `body` with the globals that programs of this visit see; null: with everybody's. */
export function withGlobals<T>(visit: Visit | null, body: () => T): T {
  const before = active
  change(visit)
  try {
    return body()
  } finally {
    change(before)
  }
}

function change(visit: Visit | null): void {
  const was = active
  // Before they are put, so that one which cannot be is named to the right visit.
  active = visit
  if (visit !== null && was === null) put(visit)
  if (visit === null && was !== null) takeAway()
}

function put(visit: Visit): void {
  if (places === null) {
    putModuleFunctions(() => active)
    places = replacements(() => active).map((each) => ({ ...each, before: undefined }))
  }
  for (const place of places) {
    place.before = Object.getOwnPropertyDescriptor(place.holder, place.key)
    if (!Reflect.defineProperty(place.holder, place.key, place.descriptor))
      visit.cannotLog(`${place.key} was frozen, and cannot be replaced`)
  }
}

function takeAway(): void {
  for (const { holder, key, before } of places ?? [])
    if (before !== undefined) Reflect.defineProperty(holder, key, before)
}
