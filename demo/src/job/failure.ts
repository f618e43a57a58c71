/** Why a job ends early. Neither is a bug: the message is all a person needs, and no stack is shown. */
export class JobFailure extends Error {}

/** Stopped from outside, by a signal. */
export class Stopped extends Error {
  constructor() {
    super('stopped')
  }
}
