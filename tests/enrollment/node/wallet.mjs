// A wallet made of other people's libraries: @openid4vc/openid4vci obtains what an offer gives,
// jose encrypts, @openid4vc/openid4vp answers a verifier; formats.mjs verifies and presents.
//
//   node wallet.mjs IACA_PEM
//
// {"task": "obtain", "offer", "pin", "curve", "batch", "dpop", "encryption": {"enc", "zip"},
//  "provider": {"x5c", "jwk", "alone"}}
// and {"task": "present", "uri"}, which presents what was obtained last.
import { createHash, generateKeyPairSync, randomBytes, randomUUID, verify, X509Certificate } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { setTimeout as pause } from 'node:timers/promises'
import { calculateJwkThumbprint, CompactEncrypt, compactDecrypt, importJWK } from 'jose'
import { clientAuthenticationAnonymous, setGlobalConfig } from '@openid4vc/oauth2'
import { Openid4vciClient } from '@openid4vc/openid4vci'
import { Openid4vpClient } from '@openid4vc/openid4vp'
import { algorithmOf, formats, signed } from './formats.mjs'
import { serve } from './lines.mjs'
import { attested } from './provider.mjs'

const verified = formats(new X509Certificate(readFileSync(process.argv[2])))

// Plain http is for a service on this machine only.
const local = /^https?:\/\/(127\.0\.0\.1|localhost|\[::1\])[:/]/
setGlobalConfig({ allowInsecureUrls: true })
const guardedFetch = (url, init) => {
  if (!String(url).startsWith('https:') && !local.test(String(url))) throw new Error('plain http to another machine')
  return fetch(url, init)
}

const keys = new Map()
const newKey = (curve = 'P-256') => {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: curve })
  const publicJwk = publicKey.export({ format: 'jwk' })
  const key = { privateKey, publicJwk }
  keys.set(publicJwk.x, key)
  return key
}
const encoded = (value) => Buffer.from(JSON.stringify(value)).toString('base64url')
const asJwt = (key, header, payload) => {
  const input = `${encoded(header)}.${encoded(payload)}`
  return `${input}.${signed(Buffer.from(input), key.privateKey, header.alg).toString('base64url')}`
}

const callbacks = (fetching = guardedFetch) => ({
  fetch: fetching,
  hash: (data, algorithm) => new Uint8Array(createHash(algorithm.replace('-', '')).update(data).digest()),
  generateRandom: (length) => new Uint8Array(randomBytes(length)),
  clientAuthentication: clientAuthenticationAnonymous(),
  signJwt: (signer, { header, payload }) => ({ jwt: asJwt(keys.get(signer.publicJwk.x), header, payload), signerJwk: signer.publicJwk }),
  verifyJwt: (signer, { header, payload, compact }) => ({ verified: checked(signer, header, compact), signerJwk: leafJwk(header) }),
  encryptJwe: async ({ publicJwk, alg, enc, kid }, data) => ({
    encryptionJwk: publicJwk,
    jwe: await new CompactEncrypt(new TextEncoder().encode(data)).setProtectedHeader({ alg, enc, kid: kid ?? publicJwk.kid }).encrypt(await importJWK(publicJwk, alg)),
  }),
  decryptJwe: () => { throw new Error('answers are decrypted on their way in') },
  getX509CertificateMetadata: (certificate) => {
    const names = new X509Certificate(Buffer.from(certificate, 'base64')).subjectAltName ?? ''
    return { sanDnsNames: names.split(', ').filter((one) => one.startsWith('DNS:')).map((one) => one.slice(4)), sanUriNames: [] }
  },
})
const leafJwk = ({ x5c }) => new X509Certificate(Buffer.from(x5c[0], 'base64')).publicKey.export({ format: 'jwk' })
const checked = (_, header, compact) => {
  const [head, body, signature] = compact.split('.')
  const key = { key: new X509Certificate(Buffer.from(header.x5c[0], 'base64')).publicKey, dsaEncoding: 'ieee-p1363' }
  return verify('sha256', Buffer.from(`${head}.${body}`), key, Buffer.from(signature, 'base64url'))
}

// Encryption of OpenID4VCI 1.0 (8.2, 10) on the way out and in: the library's own follows draft 15.
const encrypting = async ({ enc, zip: compression }, issuerMetadata) => {
  const zip = compression ?? undefined
  const { credentialIssuer } = issuerMetadata
  const [to] = credentialIssuer.credential_request_encryption.jwks.keys
  const answers = newKey()
  const jwk = { ...answers.publicJwk, kid: randomUUID(), use: 'enc', alg: 'ECDH-ES' }
  const sealed = new Set([credentialIssuer.credential_endpoint, credentialIssuer.deferred_credential_endpoint])
  return async (url, init) => {
    if (!sealed.has(String(url))) return guardedFetch(url, init)
    const body = { ...JSON.parse(init.body), credential_response_encryption: { jwk, enc, ...(zip && { zip }) } }
    const header = { alg: 'ECDH-ES', enc, kid: to.kid, ...(zip && { zip }) }
    const jwe = await new CompactEncrypt(new TextEncoder().encode(JSON.stringify(body))).setProtectedHeader(header).encrypt(await importJWK(to, 'ECDH-ES'))
    const headers = new Headers(init.headers)
    headers.set('content-type', 'application/jwt')
    const answer = await guardedFetch(url, { ...init, headers, body: jwe })
    if (!answer.ok) return answer
    if (answer.headers.get('content-type') !== 'application/jwt') throw new Error('the answer came in clear')
    const { plaintext, protectedHeader } = await compactDecrypt(await answer.text(), answers.privateKey, { maxDecompressedLength: 1 << 22 })
    if (protectedHeader.enc !== enc || protectedHeader.kid !== jwk.kid || protectedHeader.zip !== zip) throw new Error('encrypted otherwise than asked')
    return new Response(plaintext, { status: answer.status, headers: { 'content-type': 'application/json' } })
  }
}

let held = []

const tasks = {
  async obtain({ offer, pin, curve, batch = 1, dpop = false, encryption, provider }) {
    let client = new Openid4vciClient({ callbacks: callbacks() })
    const credentialOffer = await client.resolveCredentialOffer(offer)
    const issuerMetadata = await client.resolveIssuerMetadata(credentialOffer.credential_issuer)
    if (encryption) client = new Openid4vciClient({ callbacks: callbacks(await encrypting(encryption, issuerMetadata)) })
    const proving = dpop ? { signer: { method: 'jwk', alg: 'ES256', publicJwk: newKey().publicJwk } } : undefined
    const granted = await client.retrievePreAuthorizedCodeAccessTokenFromOffer({ credentialOffer, issuerMetadata, txCode: pin, dpop: proving })
    const session = { client, issuerMetadata, accessToken: granted.accessTokenResponse.access_token, dpop: granted.dpop }
    held = []
    const credentials = []
    for (const id of credentialOffer.credential_configuration_ids) credentials.push(await fetched(session, id, { curve, batch, provider }))
    return { credentials, tokenType: granted.accessTokenResponse.token_type }
  },

  async present({ uri }) {
    const client = new Openid4vpClient({ callbacks: callbacks() })
    const { params } = client.parseOpenid4vpAuthorizationRequest({ authorizationRequest: uri })
    const request = await client.resolveOpenId4vpAuthorizationRequest({ authorizationRequestPayload: params, responseMode: { type: 'direct_post' } })
    const payload = request.authorizationRequestPayload
    const [encryptionJwk] = payload.client_metadata.jwks.keys
    const session = {
      clientId: payload.client_id, nonce: payload.nonce, responseUri: payload.response_uri,
      thumbprint: await calculateJwkThumbprint(encryptionJwk, 'sha256'),
    }
    const vpToken = {}
    for (const query of request.dcql.query.credentials) {
      const one = held.find((entry) => entry.format === query.format)
      vpToken[query.id] = [await verified[query.format].presented(one.credential, one.key, query, session)]
    }
    const answer = await client.createOpenid4vpAuthorizationResponse({
      authorizationRequestPayload: payload, authorizationResponsePayload: { vp_token: vpToken },
      jarm: { encryption: { nonce: randomBytes(16).toString('base64url'), jwk: encryptionJwk }, serverMetadata: { authorization_signing_alg_values_supported: [], authorization_encryption_alg_values_supported: ['ECDH-ES'], authorization_encryption_enc_values_supported: ['A256GCM', 'A128GCM'] } },
    })
    const { response } = await client.submitOpenid4vpAuthorizationResponse({
      authorizationRequestPayload: payload, authorizationResponsePayload: answer.authorizationResponsePayload, jarm: answer.jarm,
    })
    return { status: response.status, shown: Object.keys(vpToken).sort() }
  },
}

const fetched = async ({ client, issuerMetadata, accessToken, dpop }, credentialConfigurationId, { curve, batch, provider }) => {
  const { c_nonce: nonce } = await client.requestNonce({ issuerMetadata })
  const own = Array.from({ length: batch }, () => newKey(curve))
  const keyAttestationJwt = provider && await attested(provider, own.map(({ publicJwk }) => publicJwk), nonce)
  const proof = async ({ publicJwk }) => (await client.createCredentialRequestJwtProof({
    issuerMetadata, credentialConfigurationId, nonce, keyAttestationJwt, signer: { method: 'jwk', alg: algorithmOf(publicJwk), publicJwk },
  })).jwt
  const proofs = provider?.alone
    ? { attestation: [keyAttestationJwt] }
    : { jwt: await Promise.all((provider ? own.slice(0, 1) : own).map(proof)) }
  const asked = await client.retrieveCredentials({ issuerMetadata, accessToken, dpop, credentialConfigurationId, proofs })
  let { credentialResponse } = asked
  dpop = asked.dpop ?? dpop
  const deferred = credentialResponse.transaction_id !== undefined
  while (credentialResponse.transaction_id) {
    await pause(1000 * credentialResponse.interval)
    const again = await client.retrieveDeferredCredentials({ issuerMetadata, accessToken, dpop, transactionId: credentialResponse.transaction_id })
    dpop = again.dpop ?? dpop
    credentialResponse = again.deferredCredentialResponse
  }
  const { format } = issuerMetadata.credentialIssuer.credential_configurations_supported[credentialConfigurationId]
  const read = []
  for (const [place, { credential }] of credentialResponse.credentials.entries()) {
    read.push(await verified[format].verified(credential, own[place].publicJwk))
    held.push({ format, credential, key: own[place] })
  }
  if (credentialResponse.notification_id) {
    await client.sendNotification({ issuerMetadata, accessToken, dpop, notification: { notificationId: credentialResponse.notification_id, event: 'credential_accepted' } })
  }
  return { configuration: credentialConfigurationId, format, deferred, count: read.length, claims: read[0].claims, names: read[0].names, indexes: read.map(({ status }) => status) }
}

await serve(tasks)
