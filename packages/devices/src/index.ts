/**
 * Drivers, and the faulty twins of them: disks, network, console, clock.
 */
export {}
