/**
 * Each room can be imported by the name others use for it.
 */
import test from 'ava'
import { packageName, readRooms } from '../support/house.js'

const importable = readRooms().filter((room) => room.folder.startsWith('packages/'))

for (const room of importable) {
  test(`[HO9] ${room.name} can be imported by its name`, async (t) => {
    await t.notThrowsAsync(import(packageName(room.name)))
  })
}
