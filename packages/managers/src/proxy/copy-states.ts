/**
 * The states of a guest's copy of a page, as a table: what may happen in each, and what is then.
 *
 * absent: nothing is here, nothing is asked. Next: asking, or owing when a grant that never came is recalled.
 * asking: home was asked; a frame waits for the page. Next: held, absent when refused, owing when the grant is recalled before it comes.
 * held: loci here use it, to its level. Next: raising at a store, lowering when it is recalled or must go.
 * raising: loci read it, and home was asked for more. Next: held, or lowering; the answer is void then.
 * lowering: taken out of the page table, or protected; some locus may use it still. Next: returning.
 * returning: nobody uses more than it is down to; home is told, with what it holds. Next: held at a lower level, absent, or lowering further.
 * owing: there is nothing here, and home is told so. Next: absent.
 */
export const copyTable = {
  absent: { fault: 'asking', recalled: 'owing' },
  asking: { fault: 'asking', granted: 'held', refused: 'absent', recalled: 'owing' },
  held: { fault: 'raising', recalled: 'lowering', pressed: 'lowering' },
  raising: { fault: 'raising', granted: 'held', refused: 'held', recalled: 'lowering' },
  lowering: { fault: 'lowering', recalled: 'lowering', acknowledged: 'returning' },
  returning: {
    fault: 'returning',
    recalled: 'returning',
    told: 'held',
    toldAll: 'absent',
    deeper: 'lowering',
    untold: 'returning',
  },
  owing: { fault: 'owing', recalled: 'owing', toldAll: 'absent', untold: 'owing' },
} as const

export type CopyState = keyof typeof copyTable
type EventsOf<S extends CopyState> = keyof (typeof copyTable)[S]
export type CopyEvent = { [S in CopyState]: EventsOf<S> }[CopyState]

/** What follows; undefined: it cannot happen there. */
export function afterEvent(state: CopyState, event: CopyEvent): CopyState | undefined {
  const row: Partial<Record<CopyEvent, CopyState>> = copyTable[state]
  return row[event]
}
