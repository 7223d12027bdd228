// A wallet's provider that vouches for keys (OpenID4VCI 1.0, annex D), by the Open Wallet
// Foundation's own library: its header says «keyattestation+jwt», as drafts did.
import { createPrivateKey } from 'node:crypto'
import { Openid4vciWalletProvider } from '@openid4vc/openid4vci'
import { signed } from './formats.mjs'

const encoded = (value) => Buffer.from(JSON.stringify(value)).toString('base64url')
const HOUR = 3_600_000

export const attested = async ({ x5c, jwk, alone }, keys, nonce) => {
  const privateKey = createPrivateKey({ format: 'jwk', key: jwk })
  const signJwt = (signer, { header, payload }) => {
    const input = `${encoded(header)}.${encoded(payload)}`
    return { jwt: `${input}.${signed(Buffer.from(input), privateKey, header.alg).toString('base64url')}`, signerJwk: signer.publicJwk }
  }
  return new Openid4vciWalletProvider({ callbacks: { signJwt } }).createKeyAttestationJwt({
    use: alone ? 'proof_type.attestation' : 'proof_type.jwt',
    signer: { method: 'x5c', alg: 'ES256', x5c },
    attestedKeys: keys, nonce: alone ? nonce : undefined, expiresAt: new Date(Date.now() + HOUR),
    keyStorage: ['iso_18045_moderate'], userAuthentication: ['iso_18045_moderate'],
  })
}
