/** What `container_fault` may answer when it came as a message: a status it declares, or `manager_failed`. */
import { refuse, type Token } from '@katydid/abi'

export function faultAnswer(status: string, cont: Token, addr: number) {
  switch (status) {
    case 'ok':
      return { status: 'ok' } as const
    case 'no_such_container':
    case 'access_denied':
    case 'no_frames':
    case 'io_error':
    case 'disk_full':
    case 'checksum_mismatch':
    case 'frozen':
      return refuse(status, `offset ${addr} of container ${cont}`)
    default:
      return refuse('manager_failed', `offset ${addr} of container ${cont}: ${status}`)
  }
}
