/** On which of so many machines a locus works: one after the other. */
export const machineOf = (locus: number, machines: number): number => 1 + (locus % machines)
