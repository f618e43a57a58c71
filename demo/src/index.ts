/**
 * The main job: a program whose memory survives being killed.
 */
export {}
