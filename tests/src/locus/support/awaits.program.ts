/** A module that cannot be entered: it awaits at its top level. */
await Promise.resolve()

export default function never(): void {}
