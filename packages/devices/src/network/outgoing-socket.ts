/** The connection on which a machine sends to one other: made anew when it breaks, later each time it fails, with a bounded queue. */
import { invariant } from '@katydid/actor'
import { connect, type Socket } from 'node:net'
import { lengthOf } from './frame-splitter.js'

const firstPauseMs = 10
const longestPauseMs = 1000

export class Outgoing {
  readonly #path: string
  readonly #mostWaiting: number
  #socket: Socket | null = null
  #isConnected = false
  #pauseMs = firstPauseMs
  #timer: NodeJS.Timeout | null = null
  #isClosed = false
  dropped = 0

  constructor(path: string, mostWaiting: number) {
    invariant(mostWaiting > 0, 'NW14: something may wait for a peer', { mostWaiting })
    this.#path = path
    this.#mostWaiting = mostWaiting
    this.#connect()
  }

  /** Sends the frame; drops it while there is no connection, and while more waits than may. */
  send(frame: Uint8Array): void {
    const socket = this.#socket
    if (socket === null || !this.#isConnected || socket.writableLength >= this.#mostWaiting) {
      this.dropped += 1
      return
    }
    socket.cork()
    socket.write(lengthOf(frame))
    socket.write(frame)
    process.nextTick(() => socket.uncork())
  }

  close(): void {
    this.#isClosed = true
    if (this.#timer !== null) clearTimeout(this.#timer)
    this.#socket?.destroy()
  }

  #connect(): void {
    invariant(this.#socket === null, 'NW14: a peer has one connection at a time')
    const socket = connect(this.#path)
    this.#socket = socket
    socket.on('connect', () => {
      this.#isConnected = true
      this.#pauseMs = firstPauseMs
    })
    // Nothing is read here; without this the other side's end would not be seen.
    socket.resume()
    socket.on('error', () => undefined)
    socket.on('close', () => {
      this.#isConnected = false
      this.#socket = null
      if (this.#isClosed) return
      this.#timer = setTimeout(() => this.#connect(), this.#pauseMs)
      this.#pauseMs = Math.min(longestPauseMs, this.#pauseMs * 2)
    })
  }
}
