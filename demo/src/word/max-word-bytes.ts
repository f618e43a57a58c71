/** A run of word characters longer than this, in bytes of UTF-8, is no word. The one number both readings share. */
export const maxWordBytes = 64
