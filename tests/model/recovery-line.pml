/*
 * The recoverable line of recovery.pml, as the protocol computes it, and the garbage below and above it; and its comparison with
 * ground truth. Part of recovery.pml, whose state it works on; nothing here is a step by itself.
 */

/* ---- the line, as the protocol computes it: the greatest fixpoint from above --------------------------------------- */

#ifdef LOGLATE
#define COUNTS(a, s) (pt[a].p[s].st == STABLE || (pt[a].p[s].logged && pt[a].p[s].st == VOLATILE))
#else
#define COUNTS(a, s) (pt[a].p[s].st == STABLE)
#endif
/* Newest point of a that counts: it and all earlier ones are stable or given up. */
inline newest(me, out) {
  out = line[me]; k = out + 1;
  do
#ifdef OUTOFORDER
  :: k < n[me] ->
#elif defined(LOGLATE)
  :: k < n[me] && (pt[me].p[k].logged || pt[me].p[k].st != VOLATILE) ->
#else
  :: k < n[me] && pt[me].p[k].st != VOLATILE ->
#endif
     if :: COUNTS(me, k) -> out = k :: else fi; k++
  :: else -> break
  od;
  k = 0
}
/* Present state of a as a candidate: of a logging container it may be its newest point. */
#define PRESENT(a) (ATPOINT(a) -> n[a] - 1 : n[a])
#define SI(a, slot) (slot == n[a] -> cur[a].si : pt[a].p[slot].si)
#define DEP(a, slot, b) (slot == n[a] -> cur[a].dep[b] : pt[a].p[slot].dep[b])

/* hi[] down to where no chain of points needs an interval that the others' candidates do not hold. */
inline settle() {
  more = true;
  do
  :: more ->
     more = false; c = 0;
     do
     :: c < NC ->
        k = 1; ok = true;
        do
        :: ok && k <= hi[c] ->
           q = 0;
           do
           :: q < NC ->
              x = DEP(c, k, q); y = SI(q, hi[q]);
              if :: x > y -> ok = false :: else fi; q++
           :: else -> break
           od;
           if :: ok -> k++ :: else fi
        :: else -> break
        od;
        if
        :: !ok ->
           k--; do :: k > 0 && !RETAINED(c, k) -> k-- :: else -> break od;
           hi[c] = k; more = true
        :: else
        fi;
        c++
     :: else -> break
     od
  :: else -> break
  od;
  c = 0; k = 0; q = 0; x = 0; y = 0; ok = false
}

/* Line of the candidates up to top[], in hi[]; compared with ground truth over all combinations. */
inline solve() {
  c = 0;
  do :: c < NC -> hi[c] = top[c]; c++ :: else -> break od;
#ifndef LOCAL
  settle();
#endif
  c = 0; sent = 0; rcv = 0;
  do
  :: c < NC ->
     assert(hi[c] >= line[c]);                                       /* I2 */
     assert(hi[c] == n[c] || RETAINED(c, hi[c]));                    /* I7 */
     if :: hi[c] == n[c] -> sent = sent | cur[c].sent; rcv = rcv | cur[c].rcv
        :: else -> sent = sent | pt[c].p[hi[c]].sent; rcv = rcv | pt[c].p[hi[c]].rcv fi;
     g[c] = line[c]; c++
  :: else -> break
  od;
  assert((rcv & ~sent) == 0);                                        /* I1 */
  more = true;                                                       /* I3: g[] runs through all combinations */
  do
  :: more ->
     c = 0; sent = 0; rcv = 0; ok = true;
     do
     :: c < NC ->
        if
        :: g[c] == n[c] -> sent = sent | cur[c].sent; rcv = rcv | cur[c].rcv
        :: g[c] < n[c] && (RETAINED(c, g[c]) || pt[c].p[g[c]].st == SPARED) ->
           sent = sent | pt[c].p[g[c]].sent; rcv = rcv | pt[c].p[g[c]].rcv
        :: else -> ok = false
        fi; c++
     :: else -> break
     od;
     c = 0;
     do
     :: c < NC -> assert(!ok || (rcv & ~sent) != 0 || g[c] <= hi[c]); c++
     :: else -> break
     od;
     c = 0;                                                          /* the next combination */
     do
     :: c < NC && g[c] == top[c] -> g[c] = line[c]; c++
     :: c < NC && g[c] < top[c] -> g[c]++; break
     :: else -> more = false; break
     od
  :: else -> break
  od;
  c = 0; sent = 0; rcv = 0; ok = false
}

/* I18: an epoch that everybody entered by a capture (logging: also by its newest point) is in the line once its points count. */
inline progress() {
  u = 1;
  do
  :: u <= NE ->
     c = 0; ok = !HAS(mixed, u);
     do
     :: ok && c < NC ->
        k = 1; do :: k < n[c] && pt[c].p[k].ep < u -> k++ :: else -> break od;
        if
        :: k < n[c] && !pt[c].p[k].logged -> ok = k <= top[c]                    /* captured for it */
        :: (k < n[c] && pt[c].p[k].logged) || (k == n[c] && HAS(LOGS, c) && cur[c].ep >= u) -> k--; ok = k <= top[c]
        :: else -> ok = false
        fi;
        g[c] = k; c++
     :: else -> break
     od;
     c = 0;
     do :: ok && c < NC -> assert(hi[c] >= g[c]); c++ :: else -> break od;
     u++
  :: else -> break
  od;
  u = 0; k = 0; ok = false
}

/* ---- garbage ---------------------------------------------------------------------------------------------------- */

/* The dependencies of a point given up go to the next one that stays, or to the open interval. */
inline merge_up(me, slot) {
#ifndef NOMERGE
  x = slot + 1; do :: x < n[me] && !RETAINED(me, x) -> x++ :: else -> break od;
  y = 0;
  do
  :: y < NC ->
     if
     :: x < n[me] && pt[me].p[slot].dep[y] > pt[me].p[x].dep[y] -> pt[me].p[x].dep[y] = pt[me].p[slot].dep[y]
     :: x == n[me] && pt[me].p[slot].dep[y] > cur[me].dep[y] -> cur[me].dep[y] = pt[me].p[slot].dep[y]
     :: else
     fi; y++
  :: else -> break
  od;
#endif
  y = 0;
  do :: y < NC -> pt[me].p[slot].dep[y] = 0; y++ :: else -> break od;
  x = 0; y = 0
}
/* Everything below the line. */
inline pass_over() {
  c = 0;
  do
  :: c < NC ->
#ifdef GC
     newest(c, x);
#else
     x = line[c];
#endif
     u = 0;
     do
     :: u < x -> if :: pt[c].p[u].st != PASSED -> clear(pt[c].p[u], PASSED) :: else fi; u++
     :: else -> break
     od; c++
  :: else -> break
  od;
  c = 0; u = 0; x = 0
}
/* Between line and present only what some single failure would need stays: the line of "only container u is lost", for each u and
 * each of its points that may be the newest stable one when it is lost. */
inline spare() {
#ifdef SPARE
  u = 0; sent = 0;
  c = 0; do :: c < NC -> g[c] = (1 << line[c]); c++ :: else -> break od;
  do
  :: u < NC ->
     newest(u, sent); rcv = sent;
     do
#ifdef SPARENOW
     :: rcv == sent ->
#else
     :: rcv < n[u] ->                                                /* what is pending may be stable by then */
#endif
        c = 0;
        do :: c < NC -> hi[c] = (c == u -> rcv : PRESENT(c)); c++ :: else -> break od;
        settle();
        c = 0; do :: c < NC -> g[c] = g[c] | (1 << hi[c]); c++ :: else -> break od;
        rcv++
     :: else -> break
     od;
     u++
  :: else -> break
  od;
  c = 0; rcv = 0;
  do
  :: c < NC ->
     u = line[c];
     newest(c, sent);
     do
     :: u < n[c] ->
        if
        :: pt[c].p[u].st == STABLE && u <= sent && !HAS(g[c], u) && !HAS(LOGS, c) ->
           merge_up(c, u); pt[c].p[u].st = SPARED
        :: else
        fi; u++
     :: else -> break
     od; c++
  :: else -> break
  od;
#endif
  skip
}

/* After a point became stable, or was given up. */
inline advance() {
  c = 0;
  do :: c < NC -> newest(c, y); top[c] = y; c++ :: else -> break od;
  y = 0;
  solve();
  progress();
  c = 0;
  do :: c < NC -> line[c] = hi[c]; c++ :: else -> break od;
  pass_over();
  spare();
  scrub()
}
