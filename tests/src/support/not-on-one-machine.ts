/** Calls that a world of one machine does not make, or only where somebody holds the line for long; by their names, with the reason. */
import {
  containerCalls,
  forwardedCalls,
  guestUpcalls,
  locusCalls,
  machineCalls,
  nameCalls,
  networkCalls,
  proxyCalls,
  sharedPageCalls,
  supportUpcalls,
} from '@katydid/abi'

const named = (
  calls: Readonly<Record<string, { readonly name: string }>>,
  reason: string,
): Record<string, string> =>
  Object.fromEntries(Object.values(calls).map(({ name }) => [name, reason]))

const links =
  'a world of one machine calls no other: links/calls.test.ts, links/hello.test.ts, links/threads.test.ts'

export const notOnOneMachine: Readonly<Record<string, string>> = {
  ...named(networkCalls, links),
  ...named(forwardedCalls, links),
  ...named(
    machineCalls,
    'a world of one machine has no other: machines/courses.test.ts, machines/recovery.test.ts',
  ),
  ...named(
    {
      capGive: containerCalls.capGive,
      containerFindOn: containerCalls.containerFindOn,
      remoteInvoke: locusCalls.remoteInvoke,
      visitNext: locusCalls.visitNext,
    },
    'about containers of other machines: machines/stand-ins.test.ts, machines/visits.test.ts, crash/remote-invoke.test.ts',
  ),
  ...named(
    { ...sharedPageCalls, ...proxyCalls, ...supportUpcalls, ...guestUpcalls },
    'pages that are shared over machines: coherence/shared.test.ts, coherence/shared-histories.test.ts',
  ),
  ...named(nameCalls, 'names over machines: crash/several-machines.test.ts'),
  snapshot_supersedes:
    'said while somebody holds the line for long, which no random life does: kernel/garbage.test.ts, managers/superseded.test.ts, crash/held-line.test.ts',
}
