/** How many histories a property of the line has in a run of the tests. Mutation testing, which runs them hundreds of times, asks for fewer. */
export const runs = Number(process.env.KATYDID_LINE_RUNS ?? 500)
