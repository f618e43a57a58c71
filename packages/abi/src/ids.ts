/**
 * The names by which parts of a world speak of things, branded so that a wrong way is a type error.
 *
 * A Capref names a thing on the way down (on the kernel), a Token on the way up (to a manager). Both
 * are 32-bit numbers on the wire and cannot be mistaken for each other in the code.
 */
declare const brand: unique symbol
type Branded<Base, Name extends string> = Base & { readonly [brand]: Name }

/** A reference into the caller's own capability table: table flag, generation and index (see `capref.ts`). */
export type Capref = Branded<number, 'Capref'>
/** A manager's own name for one of its containers; opaque to the kernel. */
export type Token = Branded<number, 'Token'>
/** The kernel's number of a state interval of one container, and the name of the snapshot that ends it. */
export type StateInterval = Branded<number, 'StateInterval'>
/** A byte offset in a container, 0 to 2^48. */
export type ContOffset = Branded<number, 'ContOffset'>
/** The kernel's name for one page set of a machine. */
export type PageSetId = Branded<number, 'PageSetId'>
/** A frame: its page number in the machine's region (byte address = frame × page size). */
export type Frame = Branded<number, 'Frame'>
/** A disk block: its index in the disk's file, in blocks of the disk's block size. 0 means none. */
export type DiskBlock = Branded<number, 'DiskBlock'>
/** The place of a group in a disk's log: its sequence number, rising by one a group, from 1. */
export type LogPosition = Branded<number, 'LogPosition'>
/** Which actor or locus of a machine: actors from 0, loci from `firstLocusPort`. */
export type PortId = Branded<number, 'PortId'>
/** Which incarnation of an actor, locus, container or machine; a restarted one is never taken for the old one. */
export type Generation = Branded<number, 'Generation'>
/** A machine of a world, 1 to 64. */
export type MachineId = Branded<number, 'MachineId'>
/** The slot of a container in the machine's container table (kernel and memory only, never a program's). */
export type ContainerSlot = Branded<number, 'ContainerSlot'>
/** The slot of a locus in the machine's locus table. */
export type LocusSlot = Branded<number, 'LocusSlot'>

export const asCapref = (n: number): Capref => n as Capref
export const asToken = (n: number): Token => n as Token
export const asInterval = (n: number): StateInterval => n as StateInterval
export const asOffset = (n: number): ContOffset => n as ContOffset
export const asPageSet = (n: number): PageSetId => n as PageSetId
export const asFrame = (n: number): Frame => n as Frame
export const asBlock = (n: number): DiskBlock => n as DiskBlock
export const asPosition = (n: number): LogPosition => n as LogPosition
/** `disk_trim` from here: the caller never reads the log, whatever it writes. */
export const noLog: LogPosition = asPosition(Number.MAX_SAFE_INTEGER)
export const asPort = (n: number): PortId => n as PortId
export const asGeneration = (n: number): Generation => n as Generation
export const asMachine = (n: number): MachineId => n as MachineId
export const asContainer = (n: number): ContainerSlot => n as ContainerSlot
export const asLocus = (n: number): LocusSlot => n as LocusSlot

/** How an address was touched. `execute` belongs to the signature and is never raised. */
export type Access = 'read' | 'write' | 'execute'

/** The most machines of a world. */
const maxMachines = 64
/** Whether a number names a machine. */
export const isMachineId = (n: number): n is MachineId =>
  Number.isInteger(n) && n >= 1 && n <= maxMachines

/** A container's largest size in bytes: offsets are exact in a float 64 and fit 48 bits. */
export const maxContainerBytes = 2 ** 48
/** A window's largest length, and what one page-table slice covers at the most: 2 GiB. */
export const maxWindowBytes = 2 ** 31
/** An argument or result block's largest length in bytes. */
export const maxBlockBytes = 32 * 1024
/** Registers of a locus that a program fills itself, 64 bits each. */
export const registerCount = 32
