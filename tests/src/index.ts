/**
 * Tests of the whole system and of the house it lives in, one file a chapter of docs/SPEC.md.
 */
export {}
