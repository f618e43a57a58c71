/*
 * The shared words of quiescence, with what hardware and language may do to plain accesses. Promises checked:
 *   M1 a frame is not touched through an old translation once it was given away
 *   M2 no write is lost between write-protection (or removal) and the copy
 *   M4 an entry that was taken out does not come back by a locus
 *
 * Memory: a plain store waits in a buffer of its thread and arrives at any time, in any order with other plain stores (weaker
 * than x86, as weak as the language). Atomics.store and read-modify-writes first empty the buffer. A plain load may happen any time
 * after the thread's last Atomics.load or read-modify-write, also before an Atomics.store that stands in front of it (as on ARM); so
 * the entry of the next access may have been loaded already, and only those two drop it. The plain load of gen decides only how
 * soon a locus takes note: here it may stay blind for as long as it likes.
 *
 * One container of one page, frames 1 and 2, a manager that removes, protects, copies and installs, NT loci, a supervisor. Sizes: NT
 * loci, NR rounds of the manager, NW writes a locus. Mutants: -DNAME, listed in models.mjs.
 */
#ifndef NT
#define NT 1
#endif
#ifndef NR
#define NR 2
#endif
#ifndef NW
#define NW 1
#endif

/* Entry: frame in the low two bits, write access 4, present 8. */
#define FRAME(e) ((e) & 3)
#define WRITE 4
#define PRESENT 8
#define STARTING 0
#define RUNNING 1
#define QUIET 2
#define DEAD 3
#define NOTHING 255

byte entry = 1 + WRITE + PRESENT;
byte gen;
byte state[NT]; byte seen[NT]; bool attached[NT];
typedef Page { byte word[NT] }
Page frame[3];                /* content: each locus has a word of the page to itself */
bool given[3];                /* the frame is somebody else's */
bool still[3];                /* the frame is being copied, or was copied and is protected: nothing may change in it */
bool exited[NT];

/* The store buffer of a thread: what it has stored plainly and what has not arrived. */
typedef Buffer { byte word[3]; byte state; byte seen; byte entry }
Buffer buffer[NT];

/* What a locus knows by itself. */
byte pre[NT];                 /* entry loaded for the next access; 0: none */
bool pinned[NT];              /* a view of real memory is out, through pre */
byte wrote[NT];               /* ground truth: the last value it wrote */
byte i, f;                    /* scratch */
byte content[NT];             /* what the manager read out of the frame */

inline arrive(t, k) {
  assert(!given[k]);                                                 /* M1 */
  assert(!still[k]);                                                 /* M2 */
  frame[k].word[t] = buffer[t].word[k]; buffer[t].word[k] = NOTHING
}
/* Empties a thread's buffer. */
inline drain(t) {
  if :: buffer[t].word[1] != NOTHING -> arrive(t, 1) :: else fi;
  if :: buffer[t].word[2] != NOTHING -> arrive(t, 2) :: else fi;
  if :: buffer[t].state != NOTHING -> state[t] = buffer[t].state; buffer[t].state = NOTHING :: else fi;
  if :: buffer[t].seen != NOTHING -> seen[t] = buffer[t].seen; buffer[t].seen = NOTHING :: else fi;
  if :: buffer[t].entry != NOTHING -> entry = buffer[t].entry; buffer[t].entry = NOTHING :: else fi
}
/* Drops what was loaded ahead; the address of a view that is out stays. */
#define ACQUIRE(t) if :: !pinned[t] -> pre[t] = 0 :: else fi

/* Stores and loads of a locus, each one step. */
inline store_state(t, value) { d_step { drain(t); state[t] = value } }
inline store_seen(t, value) { d_step { drain(t); seen[t] = value } }
inline load_gen(t, into) { d_step { into = gen; ACQUIRE(t) } }

proctype Locus(byte t) {
  byte g, e, writes;
  bool quiet = true, inside;
end:
  do
  :: d_step { !quiet && inside && pre[t] != 0 ->                     /* a load */
       f = FRAME(pre[t]);
       assert(!given[f]);                                            /* M1 */
       assert((buffer[t].word[f] != NOTHING -> buffer[t].word[f] : frame[f].word[t]) == wrote[t]);   /* M2 */
       f = 0; ACQUIRE(t)
     }
  :: d_step { !quiet && inside && (pre[t] & WRITE) != 0 && writes < NW ->     /* a plain store */
       writes++; wrote[t]++; f = FRAME(pre[t]);
       assert(!given[f]);
       buffer[t].word[f] = wrote[t];
       f = 0; ACQUIRE(t)
     }
  :: d_step { !quiet && inside && pre[t] != 0 && !pinned[t] -> pinned[t] = true }
  :: pinned[t] ->                                                    /* the view is taken back, then acknowledged */
     d_step { pinned[t] = false; pre[t] = 0 }
     load_gen(t, g); store_seen(t, g); g = 0
  /* Takes note: gen once more, by Atomics, drop translations, say so. */
  :: !quiet && inside && seen[t] != gen ->
#ifdef SEENFIRST
     d_step { g = gen }
     store_seen(t, g);
     d_step { ACQUIRE(t) }
#else
#ifdef PLAINGEN
     d_step { g = gen }
#else
     load_gen(t, g);
#endif
#ifdef PLAINSEEN
     d_step { if :: !pinned[t] -> buffer[t].seen = g :: else fi }
#elif defined(PINACK)
     store_seen(t, g);
#else
     if :: !pinned[t] -> store_seen(t, g) :: else fi;
#endif
#endif
     g = 0
  /* A soft fault: the clock hand took present, the locus puts it back by compare-exchange. */
  :: !quiet && inside && !pinned[t] && entry != 0 && (entry & PRESENT) == 0 ->
#ifdef SOFTPLAIN
     d_step { e = entry }
     if :: e != 0 -> d_step { buffer[t].entry = e | PRESENT } :: else fi;
     e = 0
#else
     d_step {
       drain(t); ACQUIRE(t);
       if :: entry != 0 -> entry = entry | PRESENT :: else fi
     }
#endif
  :: !quiet && !pinned[t] ->                                         /* goes quiet after its last access */
#ifdef PLAINQUIET
     d_step { buffer[t].state = QUIET; quiet = true; pre[t] = 0 }
#else
     d_step { drain(t); state[t] = QUIET; quiet = true; pre[t] = 0 }
#endif
  :: quiet ->                                                        /* comes back: running first, then gen, then seen */
#ifdef GENFIRST
     if :: inside -> load_gen(t, g); store_seen(t, g); g = 0 :: else fi;
     store_state(t, RUNNING);
#else
#ifdef PLAINBACK
     d_step { buffer[t].state = RUNNING }
#else
     store_state(t, RUNNING);
#endif
#ifndef NOGEN
     if :: inside -> load_gen(t, g); store_seen(t, g); g = 0 :: else fi;
#endif
#endif
     quiet = false
  :: !quiet && !inside ->                                            /* attaches: the bit, then gen and seen, then entries */
#ifdef BITLATE
     load_gen(t, g); store_seen(t, g); inside = true;
     d_step { drain(t); attached[t] = true }
#else
     d_step { drain(t); attached[t] = true; pre[t] = 0 }
     load_gen(t, g); store_seen(t, g); inside = true;
#endif
     g = 0
  :: !quiet && inside && !pinned[t] ->                               /* detaches after its last access */
     d_step { inside = false; pre[t] = 0; drain(t); attached[t] = false }
  :: break                                                           /* the thread ends, wherever it is */
  od;
  skip;
  d_step { pre[t] = 0; pinned[t] = false; drain(t); exited[t] = true }
}

/* What a buffer holds arrives when it likes; an entry is loaded when the thread's processor likes, and perhaps anew. */
proctype Memory(byte t) {
end:
  do
  :: d_step { pre[t] == 0 && !exited[t] && (entry & PRESENT) != 0 -> pre[t] = entry }
  :: d_step { pre[t] != 0 && !pinned[t] -> pre[t] = 0 }
  :: d_step { buffer[t].word[1] != NOTHING -> arrive(t, 1) }
  :: d_step { buffer[t].word[2] != NOTHING -> arrive(t, 2) }
  :: d_step { buffer[t].state != NOTHING -> state[t] = buffer[t].state; buffer[t].state = NOTHING }
  :: d_step { buffer[t].seen != NOTHING -> seen[t] = buffer[t].seen; buffer[t].seen = NOTHING }
  :: d_step { buffer[t].entry != NOTHING -> entry = buffer[t].entry; buffer[t].entry = NOTHING }
  od
}

/* Dead is written after the thread's exit was seen, never before. */
proctype Supervisor(byte t) {
end:
#ifdef DEADEARLY
  d_step { state[t] = DEAD; attached[t] = false }
end_early:
#endif
  exited[t];
  d_step { state[t] = DEAD; attached[t] = false }
}

/* Removes or protects, waits for all to acknowledge, copies, gives the frame away, shows another. */
proctype Manager() {
  byte round, g, t, old, next;
  bool removes, ran[NT];
  do
  :: round < NR ->
     round++;
     if :: removes = true :: removes = false fi;
     /* The clock hand takes present only; it may come back at any time. */
     if :: d_step { entry = entry & ~PRESENT } :: skip fi;
     old = FRAME(entry);
#ifdef STATEFIRST
     t = 0;
     do :: t < NT -> ran[t] = attached[t] && state[t] == RUNNING; t++ :: else -> break od;
#endif
#ifdef GENEARLY
     d_step { gen++; g = gen }
     if :: removes -> entry = 0 :: else -> entry = entry & ~WRITE fi;
#else
     if :: removes -> entry = 0 :: else -> entry = entry & ~WRITE fi;
     d_step { gen++; g = gen }
#endif
#ifndef NOWAIT
     t = 0;
     do
     :: t < NT ->
        do
#ifdef STATEFIRST
        :: !ran[t] -> break
#else
        :: !attached[t] -> break
        :: state[t] != RUNNING -> break                              /* the state is loaded anew at each look */
#endif
        :: seen[t] >= g -> break
        od;
        t++
     :: else -> break
     od;
#endif
     skip;
     d_step {
       still[old] = true;
       t = 0;
       do
       :: t < NT -> content[t] = frame[old].word[t]; assert(content[t] == wrote[t]); t++   /* M2 */
       :: else -> break
       od;
       t = 0;
     }
     if
     :: removes ->
        d_step { assert(FRAME(entry) == 0); still[old] = false; given[old] = true }          /* M4 */
        d_step {
          next = 3 - old; given[next] = false;
          do :: t < NT -> frame[next].word[t] = content[t]; t++ :: else -> break od;
          t = 0; entry = next + WRITE + PRESENT; next = 0
        }
     :: else ->
        d_step { still[old] = false; entry = old + WRITE + PRESENT }
     fi;
     d_step { t = 0; do :: t < NT -> content[t] = 0; ran[t] = false; t++ :: else -> break od; t = 0; old = 0; g = 0 }
  :: else -> break
  od
}

init {
  d_step {
    do
    :: i < NT ->
       buffer[i].word[1] = NOTHING; buffer[i].word[2] = NOTHING; buffer[i].state = NOTHING; buffer[i].seen = NOTHING;
       buffer[i].entry = NOTHING; i++
    :: else -> break
    od;
    i = 0; given[2] = true
  }
  atomic {
    do :: i < NT -> run Locus(i); run Memory(i); run Supervisor(i); i++ :: else -> break od;
    run Manager(); i = 0
  }
}
