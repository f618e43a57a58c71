/**
 * The main job. For now it says who it is; the program that survives a kill moves in here.
 */
console.log('katydid: the house stands; nobody has moved in yet')
