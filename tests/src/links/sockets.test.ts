/** Frames over local sockets: whatever the chunks, the files that are there, and the peers that are not. */
import { asMachine } from '@katydid/abi'
import { FrameSplitter, SocketCarrier, type SocketError } from '@katydid/devices'
import { lengthOf } from '@katydid/devices/network/frame-splitter.js'
import test from 'ava'
import * as fc from 'fast-check'
import { spawn } from 'node:child_process'
import fs from 'node:fs'
import net from 'node:net'
import { temporaryFolder } from '../support/folders.js'
import { eventually } from './thread-machines.js'

const [one, two] = [asMachine(1), asMachine(2)]
const none = (): void => undefined

test('[NW14] frames come out of a stream as they went in, wherever its chunks end', (t) => {
  const frames = fc.array(fc.uint8Array({ minLength: 1, maxLength: 50 }), { maxLength: 10 })
  fc.assert(
    fc.property(frames, fc.infiniteStream(fc.integer({ min: 1, max: 30 })), (sent, sizes) => {
      const stream = Buffer.concat(sent.flatMap((frame) => [lengthOf(frame), frame]))
      const splitter = new FrameSplitter(50)
      const got: Uint8Array[] = []
      for (let at = 0; at < stream.length;) {
        const size = sizes.next().value as number
        got.push(...splitter.push(stream.subarray(at, at + size))!)
        at += size
      }
      return Buffer.concat(got).equals(Buffer.concat(sent)) && got.length === sent.length
    }),
  )
  t.pass()
})

test('[NW14] a stream with a length that cannot be is ended, and its peer connects anew', async (t) => {
  const folder = temporaryFolder(t)
  const frames: Uint8Array[] = []
  const carrier = await SocketCarrier.open({
    folder,
    machine: one,
    onFrame: (frame) => frames.push(frame),
  })
  t.teardown(() => carrier.close())
  const ended: string[] = []
  const stranger = net.connect(`${folder}/m1.sock`)
  stranger.on('close', () => ended.push('closed')).on('error', none)
  stranger.write(new Uint8Array([255, 255, 255, 255, 1]))
  t.true(await eventually(() => ended.length > 0))

  const friend = net.connect(`${folder}/m1.sock`)
  t.teardown(() => friend.destroy())
  friend.write(lengthOf(new Uint8Array(3)))
  friend.write(new Uint8Array([4, 5, 6]))

  t.true(await eventually(() => frames.length > 0))
  t.deepEqual([...frames[0]!], [4, 5, 6])
  t.is(carrier.malformed, 1)
})

test('[NW14] a peer that was not there, or went away, is connected to when it is there', async (t) => {
  const folder = temporaryFolder(t)
  const frames: number[] = []
  const onFrame = (frame: Uint8Array): void => void frames.push(frame[0]!)
  const first = await SocketCarrier.open({ folder, machine: one, onFrame: none })
  t.teardown(() => first.close())
  let n = 0
  const sendUntil = (seen: number): Promise<boolean> =>
    eventually(() => {
      first.send(two, new Uint8Array([seen]))
      n += 1
      return frames.includes(seen)
    })
  first.send(two, new Uint8Array([0]))
  const lost = first.dropped

  const second = await SocketCarrier.open({ folder, machine: two, onFrame })
  t.true(await sendUntil(1))
  await second.close()
  const third = await SocketCarrier.open({ folder, machine: two, onFrame })
  t.teardown(() => third.close())

  t.is(lost, 1)
  t.true(await sendUntil(2))
  t.true(n > 1)
})

test('[NW14] what a peer does not take is dropped beyond a bound', async (t) => {
  const folder = temporaryFolder(t)
  // Accepts and never reads.
  const server = net.createServer({ pauseOnConnect: true }).listen(`${folder}/m2.sock`)
  t.teardown(() => void server.close())
  const carrier = await SocketCarrier.open({
    folder,
    machine: one,
    onFrame: none,
    mostWaiting: 1024 * 1024,
  })
  t.teardown(() => carrier.close())
  carrier.send(two, new Uint8Array(1))
  await new Promise((resolve) => setTimeout(resolve, 50))
  const before = carrier.dropped

  for (let n = 0; n < 100; n++) carrier.send(two, new Uint8Array(100_000))

  t.true(carrier.dropped - before > 80)
})

test('[NW14] only the owner reaches the socket: folder and file are closed to others', async (t) => {
  const folder = `${temporaryFolder(t)}/sockets`
  const carrier = await SocketCarrier.open({ folder, machine: one, onFrame: none })
  t.teardown(() => carrier.close())

  t.is(fs.statSync(folder).mode & 0o777, 0o700)
  t.is(fs.statSync(`${folder}/m1.sock`).mode & 0o777, 0o600)
})

const refused = (folder: string, machine = one): Promise<SocketError> =>
  SocketCarrier.open({ folder, machine, onFrame: none }).then(
    () => Promise.reject(new Error('it was opened')),
    (error: unknown) => error as SocketError,
  )

test('[NW14] a folder that others may enter, one that is too long, and one that cannot be are refused with a sentence', async (t) => {
  const folder = temporaryFolder(t)
  fs.chmodSync(folder, 0o755)
  const open = await refused(folder)
  const long = await refused(`${folder}/${'x'.repeat(100)}`)

  t.is(open.status, 'access_denied')
  t.regex(open.message, /mode 700/)
  t.is(long.status, 'bad_argument')
  t.regex(long.message, /the system takes 103/)
})

test('[NW14] the socket of a dead process is taken over, that of a live one is not', async (t) => {
  const folder = temporaryFolder(t)
  const script = `require('node:net').createServer().listen(${JSON.stringify(`${folder}/m1.sock`)}, () => console.log('listening'))`
  const child = spawn(process.execPath, ['-e', script], { stdio: ['ignore', 'pipe', 'inherit'] })
  await new Promise((resolve) => child.stdout.once('data', resolve))

  const busy = await refused(folder)
  const gone = new Promise((resolve) => child.once('exit', resolve))
  child.kill('SIGKILL')
  await gone
  t.true(fs.existsSync(`${folder}/m1.sock`))
  const carrier = await SocketCarrier.open({ folder, machine: one, onFrame: none })
  t.teardown(() => carrier.close())

  t.is(busy.status, 'world_in_use')
})
