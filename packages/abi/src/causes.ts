/**
 * Causes that many calls share, said once: what a reference to something refuses with. A cause says what the caller did or met;
 * what the status means in general stands in the table of statuses.
 */

/** What a Capref in `argument` refuses with, whatever rights it gives. */
export const named = (argument: string, kind: string) =>
  ({
    invalid_capref: `\`${argument}\` names nothing in the caller’s tables: it is made up, or its slot was emptied or filled anew.`,
    wrong_type: `\`${argument}\` is a capability for something else than a ${kind}.`,
    entity_gone: `The ${kind} of \`${argument}\` was destroyed, or the permission group of the capability was.`,
  }) as const

/** The same, of a Capref that must give a right. */
export const allowed = (argument: string, kind: string, right: string) =>
  ({
    ...named(argument, kind),
    right_missing: `The capability \`${argument}\` does not give the right to ${right}.`,
  }) as const

/** The same, of a container that must be one of this machine. */
export const allowedHere = (argument: string, right: string) =>
  ({
    ...allowed(argument, 'container', right),
    not_supported: `The container of \`${argument}\` lives on another machine, and the call is answered only there.`,
  }) as const

/** What a word of a window refuses with when it is touched: the window’s own refusals, and those of the page’s fault. */
export const touched = {
  misaligned: '`offset` is not a multiple of 4.',
  out_of_window: 'The word at `offset` does not lie in the window.',
  access_denied:
    'The invocation that asks is not the one that runs now, or the locus has left the container the window belongs to.',
  entity_gone: 'The container that supplies the word was destroyed or is stopped.',
  no_manager: 'The container that supplies the word has no manager.',
  no_frames: 'The word’s page was not resident and its manager got no frame for it in time.',
  io_error: 'The word’s page was not resident and the system refused to read its block.',
  checksum_mismatch: 'The word’s page was not resident and its block is damaged.',
  frozen: 'The container went back to an earlier interval while the word’s page was waited for.',
  manager_failed:
    'The manager of the word’s page died, was silent for ten seconds, was given up, or eight times showed nothing that the access could use.',
} as const
