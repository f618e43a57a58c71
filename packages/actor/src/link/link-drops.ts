/** Why a link threw frames away, and how many. */
export interface LinkDrops {
  /** Bytes that are no frame, or say what cannot be. */
  malformed: number
  /** From a machine that is no peer, or for another machine. */
  strange: number
  /** From an incarnation of the sender that is no more. */
  old: number
  /** To an earlier incarnation of this machine. */
  misdirected: number
  /** Come twice, or overtaken by a later message that was delivered. */
  late: number
}

export const noDrops = (): LinkDrops => ({
  malformed: 0,
  strange: 0,
  old: 0,
  misdirected: 0,
  late: 0,
})
