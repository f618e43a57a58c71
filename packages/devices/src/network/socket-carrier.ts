/**
 * Frames between machines in different processes of one computer, by sockets of the local domain. Each machine listens at its own and has
 * one connection to each other machine, on which it only sends; so two that begin at once never have one too many.
 */
import type { MachineId } from '@katydid/abi'
import { invariant, type Carrier } from '@katydid/actor'
import { createServer, type Server, type Socket } from 'node:net'
import { FrameSplitter } from './frame-splitter.js'
import { Outgoing } from './outgoing-socket.js'
import { listenAt, privateFolder, socketPath } from './socket-file.js'

export interface SocketOptions {
  /** A folder of this user alone, the same for all machines; it is made when it is not there. */
  readonly folder: string
  readonly machine: MachineId
  readonly onFrame: (frame: Uint8Array) => void
  /** Bytes that wait for one peer at the most; more is dropped. 16 MiB when left out. */
  readonly mostWaiting?: number
}

const longestFrame = 256 * 1024

export class SocketCarrier implements Carrier {
  readonly longestFrame = longestFrame
  readonly #options: SocketOptions
  readonly #server: Server
  readonly #incoming = new Set<Socket>()
  readonly #outgoing = new Map<MachineId, Outgoing>()
  /** Connections ended because what came on them were no frames. */
  malformed = 0

  private constructor(options: SocketOptions) {
    this.#options = options
    this.#server = createServer((socket) => this.#accept(socket))
  }

  /** Listens at the machine's socket. Rejects with a SocketError that says why it cannot. */
  static async open(options: SocketOptions): Promise<SocketCarrier> {
    privateFolder(options.folder)
    const carrier = new SocketCarrier(options)
    await listenAt(carrier.#server, socketPath(options.folder, options.machine))
    return carrier
  }

  /** Frames dropped, because their peer was not connected or did not keep up. */
  get dropped(): number {
    let count = 0
    for (const each of this.#outgoing.values()) count += each.dropped
    return count
  }

  send(to: MachineId, frame: Uint8Array): void {
    invariant(frame.length <= longestFrame, 'NW5: what is longer than a frame is cut', { to })
    let outgoing = this.#outgoing.get(to)
    if (outgoing === undefined) {
      const { folder, mostWaiting } = this.#options
      outgoing = new Outgoing(socketPath(folder, to), mostWaiting ?? 16 * 1024 * 1024)
      this.#outgoing.set(to, outgoing)
    }
    outgoing.send(frame)
  }

  /** Ends all connections. The socket's file goes with them. */
  async close(): Promise<void> {
    for (const each of this.#outgoing.values()) each.close()
    for (const socket of this.#incoming) socket.destroy()
    await new Promise((resolve) => {
      this.#server.close(resolve)
    })
  }

  #accept(socket: Socket): void {
    const splitter = new FrameSplitter(longestFrame)
    this.#incoming.add(socket)
    socket.on('close', () => this.#incoming.delete(socket))
    // A peer that dies resets its connections; it comes back by itself.
    socket.on('error', () => socket.destroy())
    socket.on('data', (chunk) => {
      const frames = splitter.push(chunk)
      if (frames !== null) for (const frame of frames) this.#options.onFrame(frame)
      else {
        this.malformed += 1
        socket.destroy()
      }
    })
  }
}
