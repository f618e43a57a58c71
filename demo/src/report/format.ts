/** Numbers as people read them. */

/** 12,345 */
export function whole(value: number): string {
  return String(Math.round(value)).replace(/\B(?=(\d{3})+$)/g, ',')
}

/** 1 file, 2 files */
export function counted(value: number, noun: string): string {
  return `${whole(value)} ${noun}${value === 1 ? '' : 's'}`
}

/** 1.2 MB */
export function bytes(value: number): string {
  if (value < 1000) return counted(value, 'byte')
  for (const [unit, size] of [
    ['kB', 1e3],
    ['MB', 1e6],
    ['GB', 1e9],
  ] as const)
    if (value < size * 1000 || unit === 'GB') return `${(value / size).toFixed(1)} ${unit}`
  return ''
}

/** 12.3 s, or 45 ms */
export function duration(ms: number): string {
  return ms >= 1000 ? `${(ms / 1000).toFixed(1)} s` : `${ms.toFixed(ms < 10 ? 1 : 0)} ms`
}

/** 14% */
export function percent(part: number, all: number, digits = 0): string {
  return `${((all === 0 ? 1 : part / all) * 100).toFixed(digits)}%`
}
