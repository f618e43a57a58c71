/**
 * The Promela models of `tests/model`: which sizes are explored, and which mutants must be found out.
 *
 * Sizes and mutants are preprocessor names of the models. `level` says from which on a configuration is run: quick (seconds),
 * usual (minutes), full (as far as memory goes). `bits`: states are hashed to bits; then it is a search, not a proof.
 */

/** What a mutant of recovery.pml is looked for in, unless it says otherwise. */
const pair = 'NM=2 NP=3 NX=1'

export const models = [
  {
    name: 'recovery',
    configurations: [
      { level: 'usual', sizes: 'NM=2 NP=3 NX=1 NE=2' },
      { level: 'usual', sizes: 'NM=2 NP=3 NX=2 NE=2' },
      { level: 'usual', sizes: 'NM=2 NP=3 NX=2 NE=1 FRAMES' },
      { level: 'quick', sizes: 'NM=2 NP=3 NX=1 NE=0 LOGS=1 GAPS LOSS DIFFERS' },
      { level: 'usual', sizes: 'NM=2 NP=3 NX=1 NE=1 LOGS=1 GAPS' },
      { level: 'usual', sizes: 'NM=2 NP=3 NX=2 NE=1 LOGS=1 LOSS DIFFERS' },
      { level: 'usual', sizes: 'NM=2 NP=3 NX=1 NE=1 LOGS=3 LOSS DIFFERS' },
      { level: 'usual', sizes: 'NM=2 NP=3 NX=1 NE=2 FRAMES LOGS=1' },
      { level: 'usual', sizes: 'NM=2 NP=3 NX=1 NE=2 FRAMES' },
      { level: 'usual', sizes: 'NM=2 NP=3 NX=1 NE=2 ANYMIX' },
      { level: 'usual', sizes: 'NM=2 NP=3 NX=1 NE=2 LOGS=1' },
      { level: 'usual', sizes: 'NM=2 NP=3 NX=2 NE=1 LOGS=3' },
      { level: 'usual', sizes: 'NM=2 NP=3 NX=1 NE=0 FREE DISCARD' },
      { level: 'full', sizes: 'NM=2 NP=4 NX=1 NE=0 FREE SPARE' },
      { level: 'usual', sizes: 'NM=3 NP=3 NX=1 NE=1 FRAMES' },
      { level: 'full', sizes: 'NM=3 NP=3 NX=1 NE=2' },
      { level: 'full', sizes: 'NC=3 NM=2 NP=2 NX=1 NE=1' },
      { level: 'full', sizes: 'NC=3 NM=2 NP=3 NX=1 NE=0 LOGS=4 GAPS LOSS DIFFERS' },
      { level: 'full', sizes: 'NC=3 NM=2 NP=3 NX=1 NE=1 LOGS=4' },
      { level: 'full', sizes: 'NM=2 NP=3 NX=2 NE=2 LOGS=1 GAPS LOSS DIFFERS', bits: true },
      { level: 'full', sizes: 'NM=3 NP=4 NX=1 NE=1 LOGS=3', bits: true },
      { level: 'full', sizes: 'NC=3 NM=3 NP=3 NX=1 NE=1 FRAMES', bits: true },
      { level: 'full', sizes: 'NM=4 NP=4 NX=2 NE=2 FRAMES', bits: true },
    ],
    mutants: [
      { name: 'NOBUMP', sizes: pair, is: 'a capture does not begin a new interval', quick: true },
      { name: 'LOCAL', sizes: pair, is: 'each container goes back to its own newest point' },
      { name: 'NODEPS', sizes: pair, is: 'dependencies are not recorded' },
      { name: 'OUTOFORDER', sizes: pair, is: 'a point counts before the earlier ones do' },
      { name: 'GC', sizes: pair, is: 'what is older than the newest stable point is given up' },
      { name: 'NOINC', sizes: pair, is: 'messages of intervals rolled back are received' },
      { name: 'NORESEND', sizes: pair, is: 'messages under way are not sent again' },
      { name: 'RESTAMP', sizes: pair, is: 'a message sent again has another stamp' },
      { name: 'NODEDUP', sizes: pair, is: 'copies are not recognized' },
      { name: 'NOFREEZE', sizes: pair, is: 'survivors go on before they know the decision' },
      {
        name: 'LATEFORGET',
        sizes: pair,
        is: 'the line forgets points when they are applied, not decided',
      },
      {
        name: 'ENDHIGH',
        sizes: 'NM=3 NP=3 NX=2 NE=1',
        is: 'ends of older incarnations are not lowered',
      },
      {
        name: 'NOFINISH',
        sizes: 'NM=2 NP=3 NX=2',
        is: 'a session begun again does not finish the last one',
      },
      { name: 'NOCAPTURE', sizes: pair, is: 'no capture before a message of a higher epoch' },
      {
        name: 'NOMARK',
        sizes: `${pair} FRAMES`,
        is: 'entered without a capture, and not marked mixed',
      },
      { name: 'FRAMECAP', sizes: `${pair} FRAMES`, is: 'captured although a frame waits' },
      {
        name: 'NOMERGE',
        sizes: `${pair} NE=0 FREE DISCARD`,
        is: 'dependencies of a point given up are lost',
      },
      {
        name: 'SPARENOW',
        sizes: 'NM=2 NP=4 NX=0 NE=0 FREE SPARE',
        is: 'garbage does not count pending points',
      },
      {
        name: 'LOGLATE',
        sizes: `${pair} LOGS=1`,
        is: 'logged intervals count before the log is forced',
      },
      { name: 'NOREPLAY', sizes: `${pair} LOGS=1`, is: 'a replay does not send again' },
      {
        name: 'GAPPOINTS',
        sizes: `${pair} NE=0 LOGS=1 GAPS`,
        is: 'visits make points in a gap too',
      },
      {
        name: 'GAPSAME',
        sizes: `${pair} NE=0 LOGS=1 GAPS LOSS`,
        is: 'the old chain stands for a capture after a gap whose image is lost',
      },
      {
        name: 'GAPOPEN',
        sizes: `${pair} NE=0 LOGS=1 GAPS`,
        is: 'a gap goes on in the interval of the last visit',
      },
      {
        name: 'GAPENTERS',
        sizes: `${pair} NE=1 LOGS=1 GAPS`,
        is: 'an epoch is entered by the newest point in a gap',
      },
      {
        name: 'OLDRECORDS',
        sizes: 'NM=2 NP=3 NX=2 NE=0 LOGS=1 LOSS',
        is: 'visits run on a lost image count by their old records',
      },
      {
        name: 'VOIDCOUNT',
        sizes: `${pair} NE=0 LOGS=1 DIFFERS`,
        is: 'visits that were found to differ still count',
      },
      {
        name: 'VOIDDEPS',
        sizes: 'NM=2 NP=4 NX=1 NE=1 LOGS=1 DIFFERS',
        is: 'what they had received counts for nobody',
      },
    ],
  },
  {
    name: 'trees',
    configurations: [
      { level: 'quick', sizes: 'NL=2 NE=1' },
      { level: 'usual', sizes: 'NL=2 NE=2' },
      { level: 'usual', sizes: 'NL=2 NE=2 NK=3' },
      { level: 'usual', sizes: 'NL=2 NE=2 DEADLINE' },
      { level: 'usual', sizes: 'NL=2 NE=2 FRAMESONLY' },
      { level: 'full', sizes: 'NL=3 NE=1' },
      { level: 'full', sizes: 'NL=3 NE=1 FRAMESONLY' },
      { level: 'full', sizes: 'NL=3 NE=2 NK=3', bits: true },
    ],
    mutants: [
      { name: 'MIXEDWAITS', sizes: 'NL=2', is: 'mixed trees wait too' },
      { name: 'MIXALONE', sizes: 'NL=2', is: 'others that hold the container are not marked' },
      {
        name: 'NOTMIXED',
        sizes: 'NL=2',
        is: 'a tree in a higher epoch is not marked',
        quick: true,
      },
      { name: 'RETURNWAITS', sizes: 'NL=2', is: 'returns of a higher epoch wait' },
      { name: 'HELDCAPTURE', sizes: 'NL=2', is: 'what a living tree visited is captured' },
      { name: 'DRAINEARLY', sizes: 'NL=2', is: 'a drain captures before the trees have ended' },
    ],
  },
  {
    name: 'shared-words',
    configurations: [
      { level: 'quick', sizes: 'NT=1 NR=2 NW=1' },
      { level: 'usual', sizes: 'NT=1 NR=4 NW=3' },
      { level: 'usual', sizes: 'NT=2 NR=1 NW=1' },
      { level: 'full', sizes: 'NT=2 NR=2 NW=1' },
    ],
    mutants: [
      { name: 'NOGEN', sizes: 'NT=1', is: 'gen is not read on coming back', quick: true },
      { name: 'GENFIRST', sizes: 'NT=1', is: 'gen is read before running is stored' },
      { name: 'PLAINBACK', sizes: 'NT=1', is: 'running is stored plainly' },
      { name: 'PLAINQUIET', sizes: 'NT=1', is: 'quiet is stored plainly' },
      { name: 'PLAINSEEN', sizes: 'NT=1', is: 'seen is stored plainly' },
      { name: 'PLAINGEN', sizes: 'NT=1', is: 'the gen that is acknowledged is loaded plainly' },
      { name: 'SEENFIRST', sizes: 'NT=1', is: 'seen is stored before translations are dropped' },
      { name: 'PINACK', sizes: 'NT=1', is: 'acknowledged while a view of real memory is out' },
      { name: 'BITLATE', sizes: 'NT=1', is: 'attached after gen was read' },
      { name: 'DEADEARLY', sizes: 'NT=1', is: 'dead is stored before the thread has exited' },
      { name: 'STATEFIRST', sizes: 'NT=1', is: 'states are read before gen is raised' },
      { name: 'GENEARLY', sizes: 'NT=1', is: 'gen is raised before entries are stored' },
      { name: 'NOWAIT', sizes: 'NT=1', is: 'nobody is waited for' },
      { name: 'SOFTPLAIN', sizes: 'NT=1', is: 'present is put back by a plain store' },
    ],
  },
]
