/** What the host may say to a console driver over the control port. */
export interface ConsoleControl {
  /** Somebody has taken every line up to this number. */
  taken(number: number): void
}
