/**
 * How one actor talks to another: mailboxes, bells, clock, spawn, trace, and the simulator that
 * runs the same actors on one thread.
 */
export {}
