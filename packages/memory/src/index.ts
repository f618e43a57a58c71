/**
 * The part of the kernel that runs on whichever thread needs it: frames, page tables, trap,
 * install, acknowledgement. It decides nothing global.
 */
export {}
