/*
 * The epoch protocol: captures, messages, stable points, the line, a crash, the recovery session, garbage.
 *
 * Promises checked, each against ground truth that the protocol never reads (sets of unique message ids):
 *   I1 nobody remembers a message that its sender does not        I2 the line never goes down
 *   I3 the line is the highest there is (all combinations tried)   I5 what was sent and not received still arrives
 *   I6 nothing is applied twice                                    I7 garbage takes nothing that any later crash needs
 *   I8 no live state depends on an interval that was rolled back   I18 an epoch entered by captures alone becomes the line
 *
 * A step of a kernel is one d_step; every order of the steps is explored. One container a machine. Scratch is 0 between steps.
 * A point is named by its slot; slot 0 is the beginning. A logging container has a point for each receipt, which is run again on the image of
 * the last capture before it; what is no visit makes a gap, in which it has no points but captures until the next of these.
 *
 * Sizes: NC containers, NM messages, NP slots, NX crashes, NE epochs; LOGS: bits of the logging containers; CRASHES: bit m set
 * when the containers of mask m may crash together. FRAMES: nested calls and their returns. DISCARD: points given up unstable.
 * SPARE: garbage between line and present. ANYMIX: a deadline may pass at any capture. GAPS: gaps in what is logged. LOSS: a manager is lost by
 * itself, with images that are not stable. DIFFERS: what is run again differs. Mutants: -DNAME, listed in models.mjs.
 */
#ifndef NC
#define NC 2
#endif
#ifndef NM
#define NM 2
#endif
#ifndef NP
#define NP 3
#endif
#ifndef NX
#define NX 1
#endif
#ifndef NE
#define NE 2
#endif
#ifndef LOGS
#define LOGS 0
#endif
#ifndef CRASHES
#define CRASHES 255
#endif
#define HAS(set, i) (((set) >> (i)) & 1)
/* Of a level at which visits are logged, and they were not found to differ; and whether a receipt makes a point now. */
#define LOGGING(c) (HAS(LOGS, c) && !HAS(demoted, c))
#ifdef GAPPOINTS
#define POINTS(c) LOGGING(c)
#else
#define POINTS(c) (LOGGING(c) && !HAS(gap, c))
#endif
#define KEEP 255
/* What a logging container is follows from its newest point: nothing has happened since but what is run again with that. */
#define ATPOINT(a) (LOGGING(a) && !HAS(gap, a) && cur[a].si == pt[a].p[n[a] - 1].si)

/* What a slot holds. SPARED: garbage by the single-failure rule; DROPPED: given up before it was stable; PASSED: below the line. */
#define NONE 0
#define VOLATILE 1
#define STABLE 2
#define SPARED 3
#define DROPPED 4
#define PASSED 5
#define RETAINED(c, k) (pt[c].p[k].st == VOLATILE || pt[c].p[k].st == STABLE)

/* A state of a container: open interval, epoch, dependencies since the last point; ground truth: sent and received ids, and which of them
 * were sent and received in a gap since the last point. logged: had by running one more visit again; same: captured, and as the point before. */
typedef Standing { byte si; byte ep; byte dep[NC]; byte sent; byte rcv; byte gsent; byte grcv; byte st; bool logged; bool same; bool disk }
typedef Points { Standing p[NP] }
typedef Ends { byte last[4] }
/* A message by its unique id. call: 0 one way, 1 a nested call, u + 2 the return of call u. fly: 1 first copy, 2 re-sent copy. */
typedef Message { byte from; byte to; byte seq; byte stamp; byte inc; byte ep; byte call; byte fly; byte again }

Points pt[NC];
Standing cur[NC];
byte n[NC];          /* slots in use */
byte line[NC];       /* slot of the announced line */
byte inc[NC];        /* incarnation as decided */
Ends ends[NC];       /* ends[c].last[i]: last interval of incarnation i of c that survived */
byte target[NC];     /* decided and not yet applied: the slot to go to, or KEEP */
bool unaware[NC];    /* a decision is on the disk that this survivor has not applied */
byte live[NC];       /* calls whose frame stands on the stack: never part of a snapshot */
Message m[NM];
byte nm; byte crashes;
byte mixed;          /* ground truth: epochs that some container entered without a capture */
byte gap; byte demoted;   /* sets of containers: something that is no visit has happened; what was run again differed */

/* Scratch. */
byte c, k, q, x, y, u, o, v, w, h, sent, rcv;
byte hi[NC], top[NC], g[NC];
bool more, ok;

inline scrub() {
  v = 0; w = 0; h = 0; c = 0; k = 0; q = 0; x = 0; y = 0; u = 0; o = 0; sent = 0; rcv = 0; more = false; ok = false;
  do :: c < NC -> hi[c] = 0; top[c] = 0; g[c] = 0; c++ :: else -> break od;
  c = 0
}
inline clear(slot, as) {
  slot.si = 0; slot.sent = 0; slot.rcv = 0; slot.gsent = 0; slot.grcv = 0; slot.st = as;
  slot.logged = false; slot.same = false; slot.disk = false;
  o = 0; do :: o < NC -> slot.dep[o] = 0; o++ :: else -> break od; o = 0
}
inline copy(into, old) {
  into.si = old.si; into.ep = old.ep; into.sent = old.sent; into.rcv = old.rcv;
  o = 0; do :: o < NC -> into.dep[o] = old.dep[o]; o++ :: else -> break od; o = 0
}

#include "recovery-line.pml"

/* ---- live checks ------------------------------------------------------------------------------------------------ */

/* The state in which a container will go on: a survivor that has not applied the decision counts as what it goes back to. */
#define SENT(a) (unaware[a] && target[a] != KEEP -> pt[a].p[target[a]].sent : cur[a].sent)
#define RCV(a) (unaware[a] && target[a] != KEEP -> pt[a].p[target[a]].rcv : cur[a].rcv)
#define ORPHAN(a, i, s) (i < inc[a] && s > ends[a].last[i])

inline sound() {
  c = 0; sent = 0; rcv = 0;
  do :: c < NC -> sent = sent | SENT(c); rcv = rcv | RCV(c); c++ :: else -> break od;
  assert((rcv & ~sent) == 0);                                        /* I1, I8 */
  c = 0; ok = true;
  do :: c < NC -> ok = ok && !unaware[c]; c++ :: else -> break od;
  c = 0; u = 0;
  do
  :: ok && u < nm ->
     if
     :: HAS(sent, u) && !HAS(rcv, u) ->                              /* I5 */
        assert(((m[u].fly & 1) && !ORPHAN(m[u].from, m[u].inc, m[u].stamp)) ||
               ((m[u].fly & 2) && !ORPHAN(m[u].from, m[u].again, m[u].stamp)))
     :: else
     fi; u++
  :: else -> break
  od;
  scrub()
}

/* ---- steps of a kernel ------------------------------------------------------------------------------------------ */

/* The incarnation under which a sends: a survivor on its way back does not know the new one yet. */
#define OWN(a) (unaware[a] && target[a] != KEEP -> inc[a] - 1 : inc[a])

inline send(me, you, what) {
  d_step {
    printf("SEND %d from %d to %d kind %d interval %d epoch %d\n", nm, me, you, what, cur[me].si, cur[me].ep);
    u = 0; x = 0;
    do
    :: u < nm -> if :: HAS(cur[me].sent, u) && m[u].to == you -> x++ :: else fi; u++
    :: else -> break
    od;
    m[nm].from = me; m[nm].to = you; m[nm].seq = x; m[nm].stamp = cur[me].si; m[nm].inc = OWN(me);
    m[nm].ep = cur[me].ep; m[nm].call = what; m[nm].fly = 1;
    cur[me].sent = cur[me].sent | (1 << nm);
    /* Sends of a logged interval happen again at its replay: they are part of its point. */
    if
    :: ATPOINT(me) ->
#ifndef NOREPLAY
       pt[me].p[n[me] - 1].sent = cur[me].sent
#else
       skip
#endif
    :: HAS(gap, me) -> cur[me].gsent = cur[me].gsent | (1 << nm)
    :: else
    fi;
    if :: what == 1 -> live[me] = live[me] | (1 << nm) :: else fi;
    nm++;
    scrub()
  }
}

inline capture(me, epoch) {
  printf("CAPTURE %d interval %d epoch %d\n", me, cur[me].si, epoch);
  copy(pt[me].p[n[me]], cur[me]); pt[me].p[n[me]].ep = epoch; pt[me].p[n[me]].st = VOLATILE;
  pt[me].p[n[me]].gsent = cur[me].gsent; pt[me].p[n[me]].grcv = cur[me].grcv;
#ifdef GAPSAME
  pt[me].p[n[me]].same = LOGGING(me);
#else
  pt[me].p[n[me]].same = LOGGING(me) && !HAS(gap, me);
#endif
  n[me]++; cur[me].gsent = 0; cur[me].grcv = 0; gap = gap & ~(1 << me);
  y = 0; do :: y < NC -> cur[me].dep[y] = 0; y++ :: else -> break od; y = 0;
#ifndef NOBUMP
  cur[me].si++;
#endif
  cur[me].ep = epoch
}

/* An epoch above ep entered without a capture. */
inline mix(me, epoch) {
  x = cur[me].ep + 1;
  do :: x <= epoch -> mixed = mixed | (1 << x); x++ :: else -> break od; x = 0
}

/* Takes copy b of message i: dropped, or received; how: 0 epoch known, 1 captured first, 2 mixed. */
inline take(id, which, how) {
  x = m[id].to; y = (which == 1 -> m[id].inc : m[id].again);
#ifdef NOINC
  ok = true;
#else
  ok = unaware[x] || !ORPHAN(m[id].from, y, m[id].stamp);
#endif
#ifndef NODEDUP
  u = 0;
  do
  :: u < nm -> if :: HAS(cur[x].rcv, u) && m[u].from == m[id].from && m[u].seq == m[id].seq -> ok = false :: else fi; u++
  :: else -> break
  od;
#endif
  m[id].fly = m[id].fly & ~which;
  c = x; x = 0; y = 0; u = 0;
  if
  :: ok ->
     printf("DELIVER %d to %d how %d\n", id, c, how);
     assert(!HAS(cur[c].rcv, id));                                    /* I6 */
     assert(m[id].call < 2 || LOGGING(c) || HAS(live[c], m[id].call - 2));   /* a return finds the frame that waits for it */
     if :: how == 1 -> capture(c, m[id].ep) :: else fi;
#ifndef NOCAPTURE
#ifndef NOMARK
     if :: how == 2 -> mix(c, m[id].ep) :: else fi;
#endif
#endif
     if :: m[id].ep > cur[c].ep -> cur[c].ep = m[id].ep :: else fi;
     cur[c].si++;
#ifndef NODEPS
     if :: m[id].stamp > cur[c].dep[m[id].from] -> cur[c].dep[m[id].from] = m[id].stamp :: else fi;
#endif
     cur[c].rcv = cur[c].rcv | (1 << id);
     if :: m[id].call > 1 -> live[c] = live[c] & ~(1 << (m[id].call - 2)) :: else fi;
     if :: HAS(gap, c) -> cur[c].grcv = cur[c].grcv | (1 << id) :: else fi;
     if
     :: POINTS(c) ->                                                 /* the receipt is logged: a point of its own */
        copy(pt[c].p[n[c]], cur[c]); pt[c].p[n[c]].st = VOLATILE; pt[c].p[n[c]].logged = true;
        pt[c].p[n[c]].gsent = cur[c].gsent; pt[c].p[n[c]].grcv = cur[c].grcv; n[c]++;
        cur[c].gsent = 0; cur[c].grcv = 0;
        y = 0; do :: y < NC -> cur[c].dep[y] = 0; y++ :: else -> break od; y = 0
     :: else
     fi
  :: else -> printf("DROP %d\n", id)
  fi;
  if :: m[id].fly == 0 -> m[id].again = 0 :: else fi;
  scrub()
}
/* All that is logged so far is forced to the disk. */
inline flush(me) {
  printf("FLUSH %d\n", me);
  x = 0;
  do
  :: x < n[me] ->
     if :: pt[me].p[x].logged && pt[me].p[x].st == VOLATILE -> pt[me].p[x].st = STABLE; pt[me].p[x].disk = true :: else fi;
     x++
  :: else -> break
  od;
  x = 0
}
/* Something that is no visit happens: what is received and sent from now on is in no point but the next capture. */
inline begin_gap(me) {
  printf("GAP %d\n", me);
  gap = gap | (1 << me);
#ifndef GAPOPEN
  cur[me].si++
#endif
}
#ifdef NOFREEZE
#define OPEN(a) true
#else
#define OPEN(a) !unaware[a]
#endif
/* Its newest point is what it is, so that it is of a higher epoch without a capture. */
#ifdef GAPENTERS
#define ENTERS(a) LOGGING(a)
#else
#define ENTERS(a) (LOGGING(a) && !HAS(gap, a))
#endif
#ifdef NOCAPTURE
#define FIRST(i) false
#define NOW(i) true
#else
#define FIRST(i) (!ENTERS(m[i].to) && m[i].ep > cur[m[i].to].ep)
#define NOW(i) !FIRST(i)
#endif
#ifdef ANYMIX
#define LATE(i) FIRST(i)
#else
#define LATE(i) (FIRST(i) && live[m[i].to] != 0)
#endif
#ifdef FRAMECAP
#define CAPTURABLE(a) (n[a] < NP)
#else
#define CAPTURABLE(a) (n[a] < NP && live[a] == 0)
#endif
#define ROOM(i) (!POINTS(m[i].to) || n[m[i].to] < NP)
/* After the capture that ends a gap the receipt is a point again. */
#define ROOMS(i) (!LOGGING(m[i].to) || n[m[i].to] + 1 < NP)

/* Newest point of a that can be had while the kernel lives: on images that count, or on the one before where nothing but visits had come between. */
inline newest_had(me, out) {
  out = line[me]; ok = true;
  do
  :: out + 1 < n[me] && pt[me].p[out + 1].logged -> out++
  :: out + 1 < n[me] && !pt[me].p[out + 1].logged && ok && pt[me].p[out + 1].st == STABLE -> out++
  :: out + 1 < n[me] && !pt[me].p[out + 1].logged && !(ok && pt[me].p[out + 1].st == STABLE) && pt[me].p[out + 1].same ->
     ok = false; out++
  :: else -> break
  od;
  ok = false
}
/* All since the last image that is there are points of one chain on it from now on, and go to the disk anew. */
inline rebase(me, slot) {
  x = line[me] + 1; y = line[me];
  do
  :: x <= slot && (pt[me].p[x].logged || pt[me].p[x].st == STABLE) -> if :: !pt[me].p[x].logged -> y = x :: else fi; x++
  :: else -> break
  od;
  do
  :: y < slot ->
     y++;
     pt[me].p[y].disk = false;
#ifdef OLDRECORDS
     if :: !pt[me].p[y].logged -> pt[me].p[y].st = VOLATILE :: else fi;
#else
     pt[me].p[y].st = VOLATILE;
#endif
     pt[me].p[y].logged = true
  :: else -> break
  od;
  x = 0; y = 0
}
/* Visits that were found to differ are no points; what they had received counts for the next. */
inline make_void(me) {
#ifndef VOIDCOUNT
  u = line[me] + 1;
  do
  :: u < n[me] ->
     if :: pt[me].p[u].logged && RETAINED(me, u) -> 
#ifndef VOIDDEPS
        merge_up(me, u);
#endif
        clear(pt[me].p[u], DROPPED)
     :: else
     fi; u++
  :: else -> break
  od;
  u = 0;
  do :: top[me] > line[me] && !RETAINED(me, top[me]) -> top[me]-- :: else -> break od;
#endif
  mixed = 255; demoted = demoted | (1 << me)
}

/* ---- crash and recovery session ------------------------------------------------------------------------------------ */

/* Points above a slot are no candidates any more. */
inline forget(me, slot) {
  x = slot + 1;
  do :: x < n[me] -> clear(pt[me].p[x], NONE); pt[me].p[x].ep = 0; x++ :: else -> break od;
  n[me] = slot + 1; x = 0
}
/* Goes to a slot: the image, a new incarnation, nothing of the future. */
inline go_back(me, slot) {
  printf("ROLLBACK %d to slot %d interval %d\n", me, slot, pt[me].p[slot].si);
  copy(cur[me], pt[me].p[slot]);
  y = 0; do :: y < NC -> cur[me].dep[y] = 0; y++ :: else -> break od; y = 0;
  if
  :: (!pt[me].p[slot].logged || pt[me].p[slot].same) && !(LOGGING(me) && slot == 0) -> cur[me].si++
  :: else
  fi;
  cur[me].gsent = 0; cur[me].grcv = 0; gap = gap & ~(1 << me);
  live[me] = 0;
  forget(me, slot)
}
/* Ground truth of what is run again: image x is that of the last capture which is there; what was done in a gap since is not done again. */
inline run_again(me, slot, isOff) {
  x = slot;
  do
  :: x > line[me] && (pt[me].p[x].logged || (pt[me].p[x].st != STABLE)) -> x--
  :: else -> break
  od;
  if
  :: isOff && x < slot ->                                            /* the replay differs: it is not what the point says */
     cur[me].sent = pt[me].p[x].sent; cur[me].rcv = pt[me].p[x].rcv
  :: else
  fi;
  do
  :: x < slot ->
     x++;
     cur[me].sent = cur[me].sent & ~pt[me].p[x].gsent; cur[me].rcv = cur[me].rcv & ~pt[me].p[x].grcv
  :: else -> break
  od;
  x = 0
}
/* Messages of a that are in its state and not in the receiver's, from its send log. */
inline resend(me) {
#ifndef NORESEND
  x = 0;
  do
  :: x < nm ->
     if
     :: m[x].from == me && HAS(cur[me].sent, x) && !HAS(RCV(m[x].to), x) ->
        m[x].fly = m[x].fly | 2; m[x].again = inc[me];
#ifdef RESTAMP
        m[x].stamp = cur[me].si - 1
#endif
     :: else
     fi; x++
  :: else -> break
  od;
  x = 0;
#endif
  skip
}
inline apply(me) {
  if :: target[me] != KEEP -> go_back(me, target[me]) :: else fi;
  target[me] = 0; unaware[me] = false;
  resend(me)
}
/* The decision: candidates, line, incarnations; those that crashed apply it at once, survivors in steps of their own. */
inline crash(mask, how) {
  d_step {
    printf("CRASH %d how %d\n", mask, how);
    crashes++;
#ifndef NOFINISH
    /* A survivor with a decision on its disk goes back first, and is a candidate only then. */
    c = 0;
    do :: c < NC -> if :: unaware[c] -> apply(c) :: else fi; c++ :: else -> break od;
#endif
    c = 0;
    do
    :: c < NC ->
       if
       :: HAS(mask, c) && how == 1 ->                                /* its manager alone: what came in is known */
          newest_had(c, y); top[c] = y; y = 0;
          forget(c, top[c])
       :: HAS(mask, c) && how != 1 ->
          newest(c, y); top[c] = y; y = 0;
          x = line[c] + 1;
          do :: x <= top[c] -> assert(!pt[c].p[x].logged || pt[c].p[x].disk); x++ :: else -> break od;   /* I4 */
          x = 0;
#ifdef LOGLATE
          do :: top[c] > line[c] && pt[c].p[top[c]].st == VOLATILE -> top[c]-- :: else -> break od;
#endif
          forget(c, top[c]);
          do                                                         /* a point that was not stable is gone, record and all */
          :: x <= top[c] -> if :: pt[c].p[x].st == VOLATILE -> clear(pt[c].p[x], DROPPED) :: else fi; x++
          :: else -> break
          od; x = 0;
          if :: how == 2 -> make_void(c) :: else fi
       :: else -> top[c] = PRESENT(c)
       fi; c++
    :: else -> break
    od;
    solve();
    c = 0;
    do
    :: c < NC ->
       if
       :: hi[c] < PRESENT(c) || HAS(mask, c) ->
          ends[c].last[inc[c]] = pt[c].p[hi[c]].si;
#ifndef ENDHIGH
          x = 0;                                                     /* what survived of older incarnations may be less now */
          do
          :: x < inc[c] -> if :: ends[c].last[x] > ends[c].last[inc[c]] -> ends[c].last[x] = ends[c].last[inc[c]] :: else fi; x++
          :: else -> break
          od; x = 0;
#endif
          inc[c]++; target[c] = hi[c];
#ifndef LATEFORGET
          forget(c, hi[c])                                           /* at the decision, for everybody's line */
#endif
       :: else -> target[c] = KEEP
       fi;
       unaware[c] = true; c++
    :: else -> break
    od;
    c = 0; do :: c < NC -> top[c] = 0; hi[c] = 0; g[c] = 0; c++ :: else -> break od;
    c = 0;
    do
    :: c < NC ->
       if
       :: HAS(mask, c) ->
          u = target[c]; apply(c);
          run_again(c, u, how == 2);
          if :: how == 1 -> rebase(c, u) :: else fi;
          u = 0
       :: else
       fi; c++
    :: else -> break
    od;
    sound()
  }
}

/* ---- every order ------------------------------------------------------------------------------------------------- */

#define DELIVER(i) \
  :: i < nm && (m[i].fly & 1) && OPEN(m[i].to) && NOW(i) && ROOM(i) -> v = i; w = 1; h = 0 \
  :: i < nm && (m[i].fly & 2) && OPEN(m[i].to) && NOW(i) && ROOM(i) -> v = i; w = 2; h = 0 \
  :: i < nm && (m[i].fly & 1) && OPEN(m[i].to) && FIRST(i) && CAPTURABLE(m[i].to) && ROOMS(i) -> v = i; w = 1; h = 1 \
  :: i < nm && (m[i].fly & 2) && OPEN(m[i].to) && FIRST(i) && CAPTURABLE(m[i].to) && ROOMS(i) -> v = i; w = 2; h = 1 \
  :: i < nm && (m[i].fly & 1) && OPEN(m[i].to) && LATE(i) -> v = i; w = 1; h = 2 \
  :: i < nm && (m[i].fly & 2) && OPEN(m[i].to) && LATE(i) -> v = i; w = 2; h = 2
/* What is logged sends and answers in a visit only: not after a capture before the next has come in. */
#define MAYSEND(a) (nm < NM && (!LOGGING(a) || HAS(gap, a) || ATPOINT(a)))
#define FROM(a) \
  :: MAYSEND(a) -> v = a; w = (a + 1) % NC \
  :: MAYSEND(a) && NC > 2 -> v = a; w = (a + 2) % NC
#ifdef FRAMES
#define NESTED :: h = 1
#else
#define NESTED
#endif
/* A call received and not yet answered is answered at any time. */
#define ANSWERED(i) ((m[0].call == i + 2 && HAS(cur[m[i].to].sent, 0)) || (m[1].call == i + 2 && HAS(cur[m[i].to].sent, 1)) || \
  (m[2 % NM].call == i + 2 && HAS(cur[m[i].to].sent, 2 % NM)) || (m[3 % NM].call == i + 2 && HAS(cur[m[i].to].sent, 3 % NM)))
#define ANSWER(i) \
  :: i < nm && MAYSEND(m[i].to) && m[i].call == 1 && HAS(cur[m[i].to].rcv, i) && !ANSWERED(i) -> v = m[i].to; w = m[i].from; h = i + 2
#define TICK(a) :: OPEN(a) && CAPTURABLE(a) && cur[a].ep < NE -> v = a; w = cur[a].ep + 1
#define ASKED(a) :: !LOGGING(a) && OPEN(a) && CAPTURABLE(a) -> v = a; w = cur[a].ep
/* A logging container is of an epoch by its newest point, and captured at any time, so that its log need not be kept. */
#define RAISE(a) :: ENTERS(a) && OPEN(a) && cur[a].ep < NE -> v = a
#define AGAIN(a) :: LOGGING(a) && OPEN(a) && CAPTURABLE(a) && (HAS(gap, a) || pt[a].p[n[a] - 1].logged) -> v = a; w = cur[a].ep
#define FLUSH(a) :: pt[a].p[n[a] - 1].logged && pt[a].p[n[a] - 1].st == VOLATILE -> v = a
#define GAP(a) :: LOGGING(a) && OPEN(a) && !HAS(gap, a) && n[a] < NP -> v = a
#define LEARN(a) :: unaware[a] -> v = a
/* Reports come in any order. */
#define REPORT(a, s) :: s < n[a] && !pt[a].p[s % NP].logged && pt[a].p[s % NP].st == VOLATILE -> v = a; w = s
#define CRASH(mask) :: crashes < NX && HAS(CRASHES, mask) && mask < (1 << NC) -> v = mask; w = 0
#define LOSE(a) :: crashes < NX && HAS(LOGS, a) -> v = 1 << a; w = 1
/* A visit on the line that differs would be damage, which is said. */
#define DIFFER(a) :: crashes < NX && LOGGING(a) && pt[a].p[n[a] - 1].logged && !pt[a].p[line[a]].logged -> v = 1 << a; w = 2
#if NC > 2
#define ALL(option) option(0) option(1) option(2)
#define REPORTS(s) REPORT(0, s) REPORT(1, s) REPORT(2, s)
#else
#define ALL(option) option(0) option(1)
#define REPORTS(s) REPORT(0, s) REPORT(1, s)
#endif

init {
  d_step {
    do
    :: c < NC -> pt[c].p[0].st = STABLE; n[c] = 1; cur[c].si = 1 - LOGGING(c); c++
    :: else -> break
    od;
    c = 0
  }
end:
  do
  :: atomic { if ALL(FROM) fi; if :: skip NESTED fi; send(v, w, h) }
#ifdef FRAMES
  :: atomic { if ANSWER(0) ANSWER(1) ANSWER(2) fi; send(v, w, h) }
#endif
  :: atomic {
       if
       DELIVER(0)
       DELIVER(1)
#if NM > 2
       DELIVER(2)
#endif
#if NM > 3
       DELIVER(3)
#endif
       fi;
       d_step { take(v, w, h); sound() }
     }
  :: atomic { if ALL(TICK) fi; d_step { capture(v, w); scrub() } }
#ifdef FREE
  :: atomic { if ALL(ASKED) fi; d_step { capture(v, w); scrub() } }
#endif
#if LOGS > 0
  :: atomic { if ALL(RAISE) fi; d_step { cur[v].ep++; scrub() } }
  :: atomic { if ALL(FLUSH) fi; d_step { flush(v); advance() } }
  :: atomic {
       if ALL(AGAIN) fi;
       /* Of an epoch that it was of by its point it is not known by this capture. */
       d_step { if :: HAS(gap, v) -> mixed = mixed | (1 << w) :: else fi; capture(v, w); scrub() }
     }
#ifdef GAPS
  :: atomic { if ALL(GAP) fi; d_step { begin_gap(v); scrub() } }
#endif
#endif
  :: atomic {
       if
       REPORTS(1)
       REPORTS(2)
#if NP > 3
       REPORTS(3)
#endif
       fi;
       d_step { printf("STABLE %d slot %d\n", v, w); pt[v].p[w].st = STABLE; advance() }
     }
#ifdef DISCARD
  :: atomic {
       if
       REPORTS(1)
       REPORTS(2)
       fi;
       d_step { printf("DISCARD %d slot %d\n", v, w); mixed = 255; merge_up(v, w); pt[v].p[w].st = DROPPED; advance() }
     }
#endif
#if NX > 0
  :: atomic { if ALL(LEARN) fi; d_step { apply(v); sound() } }
  :: atomic {
       if
       CRASH(1)
       CRASH(2)
       CRASH(3)
#if NC > 2
       CRASH(4)
       CRASH(5)
       CRASH(6)
       CRASH(7)
#endif
#ifdef LOSS
       ALL(LOSE)
#endif
#ifdef DIFFERS
       ALL(DIFFER)
#endif
       fi;
       crash(v, w)
     }
#endif
  od
}
