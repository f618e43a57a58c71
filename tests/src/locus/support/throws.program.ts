/** A module that cannot be entered: loading it fails. */
export default function never(): void {}

if (typeof never === 'function') throw new Error('not today')
