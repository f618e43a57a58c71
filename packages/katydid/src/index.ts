/**
 * The package a user imports: open a world, its types and its errors.
 *
 * What a program inside a world may call is in `@katydid/locus`; this is for the code outside.
 */
export type { LineHolder, OutputLine, Status, WorldEvent } from '@katydid/abi'
export * from '@katydid/world'
