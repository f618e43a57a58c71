/** A module that cannot be entered: loading it fails. */
throw new Error('not today')

export default function never(): void {}
