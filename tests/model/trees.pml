/*
 * Trees of nested invocations and the epoch rule: who waits, who is let in as mixed, and that a drain comes to its end.
 *
 * A frame that waits for its callee's return cannot be saved, so its container is not captured. While a tree lives, what it has
 * visited is held: not captured, and a message of a higher epoch that comes to it waits for the tree to end. Promises checked:
 *   T1 no ring: without any deadline, every tree ends             T2 a tree that is not mixed has run in one epoch
 *   T3 a drain ends, and at its end everything can be captured    T4 what is captured holds no frame
 * That an epoch into which nobody was mixed becomes the line is I18 of recovery.pml.
 *
 * Sizes: NL loci (each at home in a container of its own), NC containers, NE epochs, NK calls a locus, depth at most 3. DEADLINE:
 * what waits may be let in at any time, mixed. FRAMESONLY: held is what is on the stack, not all that was visited. Mutants: -DNAME, listed in models.mjs.
 */
#ifndef NL
#define NL 2
#endif
#ifndef NC
#define NC 3
#endif
#ifndef NE
#define NE 2
#endif
#ifndef NK
#define NK 2
#endif
#define DEPTH 3
#define HOLDS(t, c) (alive[t] && ((visited[t] >> (c)) & 1))

byte ep[NC];              /* epoch of a container */
typedef Stack { byte at[DEPTH] }
Stack stack[NL];
byte depth[NL];
bool alive[NL];           /* a tree: from the first nested call until its return */
bool mixed[NL];
byte te[NL];              /* epoch in which the tree began */
byte visited[NL];         /* containers, bits */
bool drain;
bool drained;
byte i, x;                /* scratch */

/* Whether a tree other than t holds c. */
#if NL > 2
#define HELD(c) (HOLDS(0, c) || HOLDS(1, c) || HOLDS(2, c))
#define OTHERS(t, c) ((t != 0 && HOLDS(0, c)) || (t != 1 && HOLDS(1, c)) || (t != 2 && HOLDS(2, c)))
#define NOBODY (!alive[0] && !alive[1] && !alive[2])
#else
#define HELD(c) (HOLDS(0, c) || HOLDS(1, c))
#define OTHERS(t, c) ((t != 0 && HOLDS(0, c)) || (t != 1 && HOLDS(1, c)))
#define NOBODY (!alive[0] && !alive[1])
#endif
#ifdef MIXEDWAITS
#define WAITS(t, e, c) (e > ep[c] && OTHERS(t, c))
#else
#define WAITS(t, e, c) (e > ep[c] && OTHERS(t, c) && !mixed[t])
#endif
#ifdef DEADLINE
#define MAYENTER(t, e, c) true
#else
#define MAYENTER(t, e, c) !WAITS(t, e, c)
#endif
#ifdef RETURNWAITS
#define MAYRETURN(t, e, c) !(e > ep[c] && HELD(c))
#else
#define MAYRETURN(t, e, c) true
#endif

inline check() {                                                     /* T2 */
  i = 0;
  do
  :: i < NL ->
     x = 0;
     do
     :: x < NC -> assert(!HOLDS(i, x) || mixed[i] || ep[x] == te[i]); x++
     :: else -> break
     od; i++
  :: else -> break
  od;
  i = 0; x = 0
}

/* A message of epoch e reaches c without a capture: everybody who holds c is mixed, since his next message carries e. */
inline enter_mixed(t, e, c) {
  printf("%d enters %d mixed at %d\n", t, c, e);
  ep[c] = e; mixed[t] = true;
#ifndef MIXALONE
  i = 0; do :: i < NL -> if :: HOLDS(i, c) -> mixed[i] = true :: else fi; i++ :: else -> break od; i = 0
#endif
}
inline arrive(t, e, c) {
  if
  :: e > ep[c] && !HELD(c) -> printf("capture %d at %d\n", c, e); ep[c] = e
  :: e > ep[c] && HELD(c) -> enter_mixed(t, e, c)
#ifdef NOTMIXED
  :: e < ep[c] -> skip
#else
  :: e < ep[c] -> mixed[t] = true
#endif
  :: else
  fi;
  visited[t] = visited[t] | (1 << c)
}

/* Held is only what is on the stack. */
inline restack(t) {
  visited[t] = 0; i = 0;
  do :: i < depth[t] -> visited[t] = visited[t] | (1 << stack[t].at[i]); i++ :: else -> break od; i = 0
}

proctype Locus(byte t) {
  byte calls, to, e;
  do
  :: atomic {
       depth[t] < DEPTH && calls < NK && (alive[t] || !drain) ->
       if :: to = 0 :: to = 1 :: to = 2 % NC fi;
       d_step {
         calls++; x = stack[t].at[depth[t] - 1]; e = ep[x];
         if :: !alive[t] -> alive[t] = true; mixed[t] = false; te[t] = e; visited[t] = (1 << x) :: else fi;
         x = 0
       }
     }
     d_step {
       MAYENTER(t, e, to) ->
       printf("%d calls %d at %d\n", t, to, e);
       arrive(t, e, to);
       stack[t].at[depth[t]] = to; depth[t]++; to = 0; e = 0; check()
     }
  :: depth[t] > 1 ->
     d_step { depth[t]--; e = ep[stack[t].at[depth[t]]]; stack[t].at[depth[t]] = 0 }
     d_step {
       MAYRETURN(t, e, stack[t].at[depth[t] - 1]) ->
       printf("%d returns at %d\n", t, e);
       to = stack[t].at[depth[t] - 1];
       arrive(t, e, to);
#ifdef FRAMESONLY
       restack(t);
#endif
       if :: depth[t] == 1 -> alive[t] = false; mixed[t] = false; visited[t] = 0; te[t] = 0 :: else fi;
       to = 0; e = 0; check()
     }
  :: depth[t] == 1 && !alive[t] -> break
  od
}

/* Captures at their own time, and one drain. */
active proctype Kernel() {
  byte c;
  d_step {
    do :: c < NL -> stack[c].at[0] = c % NC; depth[c] = 1; c++ :: else -> break od;
    c = 0
  }
  atomic {
    do :: c < NL -> run Locus(c); c++ :: else -> break od;
    c = 0
  }
end:
  do
#ifdef HELDCAPTURE
#define FREE(k) true
#else
#define FREE(k) !HELD(k)
#endif
#define TICK(k) :: d_step { k < NC && ep[k] < NE && FREE(k) -> printf("tick %d\n", k); ep[k]++; check() }
  TICK(0)
  TICK(1)
  TICK(2 % NC)
  :: !drain && !drained -> drain = true;
     d_step {
#ifndef DRAINEARLY
       NOBODY ->
#endif
       do
       :: c < NC -> assert(!HELD(c)); if :: ep[c] > x -> x = ep[c] :: else fi; c++         /* T3, T4 */
       :: else -> break
       od;
       c = 0; x++;
       do :: c < NC -> ep[c] = x; c++ :: else -> break od;
       c = 0; x = 0; drain = false; drained = true; printf("drained\n")
     }
  od
}
