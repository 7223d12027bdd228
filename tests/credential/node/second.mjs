// Does one task a line of standard input with other people's libraries and answers with
// one line: they verify what desk.credential made, or make what it must verify.
import { createHash, createPublicKey, randomBytes, verify, sign, createPrivateKey, webcrypto, X509Certificate } from 'node:crypto'
import { createInterface } from 'node:readline'
import { CompactEncrypt, compactDecrypt, importJWK } from 'jose'
import {
  CoseKey, DeviceRequest, DeviceResponse, DocRequest, Holder, IssuerSigned, ItemsRequest, SessionTranscript, Verifier
} from '@owf/mdoc'
import { Verifier as Auth0Verifier } from '@auth0/mdl'
import { SDJwtVcInstance } from '@sd-jwt/sd-jwt-vc'
import { digest, generateSalt, ES256 } from '@sd-jwt/crypto-nodejs'
import { getListFromStatusListJWT } from '@sd-jwt/jwt-status-list'

// Node 18, as Debian 12 has it, knows Web Crypto but does not offer it by name.
globalThis.crypto ??= webcrypto

const der = (base64) => new Uint8Array(Buffer.from(base64, 'base64'))
const digestName = { '-7': 'sha256', '-9': 'sha256', '-35': 'sha384', '-51': 'sha384' }

// CoseKey.fromJwk and .jwk of @owf/mdoc 0.6.0 know no P-384: its table says "p-384".
const curves = { 'P-256': 1, 'P-384': 2 }
const bytes = (base64url) => new Uint8Array(Buffer.from(base64url, 'base64url'))
const ecKey = ({ crv, x, y, d }) => CoseKey.create({ keyType: 2, algorithm: crv === 'P-384' ? -35 : -7, curve: curves[crv], x: bytes(x), y: bytes(y), ...(d && { d: bytes(d) }) })
const ecJwk = ({ curve, x, y, d }) => ({
  kty: 'EC', crv: curve === 2 ? 'P-384' : 'P-256',
  x: Buffer.from(x).toString('base64url'), y: Buffer.from(y).toString('base64url'),
  ...(d && { d: Buffer.from(d).toString('base64url') }),
})

const context = {
  crypto: {
    random: (length) => new Uint8Array(randomBytes(length)),
    digest: ({ digestAlgorithm, bytes }) =>
      new Uint8Array(createHash(digestAlgorithm.replace('-', '').toLowerCase()).update(bytes).digest()),
    calculateEphemeralMacKey: () => { throw new Error('no MAC here') },
  },
  cose: {
    sign1: {
      sign: ({ toBeSigned, key }) => {
        const privateKey = createPrivateKey({ key: ecJwk(key), format: 'jwk' })
        return new Uint8Array(sign('sha256', toBeSigned, { key: privateKey, dsaEncoding: 'ieee-p1363' }))
      },
      verify: ({ key, sign1 }) => {
        const { d, ...jwk } = ecJwk(key)
        const publicKey = createPublicKey({ key: jwk, format: 'jwk' })
        const algorithm = sign1.protectedHeaders.headers.get(1)
        return verify(digestName[algorithm], sign1.toBeSigned, { key: publicKey, dsaEncoding: 'ieee-p1363' }, sign1.signature)
      },
    },
    mac0: { sign: () => { throw new Error('no MAC here') }, verify: () => { throw new Error('no MAC here') } },
  },
  x509: {
    getIssuerNameField: ({ certificate, field }) =>
      new X509Certificate(certificate).issuer.split('\n').filter((line) => line.startsWith(`${field}=`)).map((line) => line.slice(field.length + 1)),
    getPublicKey: ({ certificate }) => ecKey(new X509Certificate(certificate).publicKey.export({ format: 'jwk' })),
    verifyCertificateChain: ({ trustedCertificates, x5chain }) => {
      const leaf = new X509Certificate(x5chain[0])
      const anchors = trustedCertificates.map((one) => new X509Certificate(one))
      if (!anchors.some((anchor) => leaf.checkIssued(anchor) && leaf.verify(anchor.publicKey))) throw new Error('unknown issuer')
    },
    getCertificateData: ({ certificate }) => {
      const read = new X509Certificate(certificate)
      return {
        issuerName: read.issuer, subjectName: read.subject, serialNumber: read.serialNumber, thumbprint: read.fingerprint,
        notBefore: new Date(read.validFrom), notAfter: new Date(read.validTo), pem: read.toString(),
      }
    },
  },
}

// @auth0/mdl wants the transcript inside of tag 24; one head suffices up to 255 bytes.
const embedded = (hex) => Buffer.concat([Buffer.from([0xd8, 0x18, 0x58, hex.length / 2]), Buffer.from(hex, 'hex')])

const plain = (value) => {
  if (value instanceof Uint8Array) return { bytes: Buffer.from(value).toString('base64') }
  if (value instanceof Map) return Object.fromEntries([...value].map(([key, one]) => [key, plain(one)]))
  if (value instanceof Date) return value.toISOString()
  return value
}

const sdjwt = (publicJwk, holderJwk, privateJwk, statusToken) => new SDJwtVcInstance({
  statusListFetcher: async () => statusToken,
  statusVerifier: async (data, signature) => (await ES256.getVerifier(leafJwk(statusToken)))(data, signature),
  hasher: digest, hashAlg: 'sha-256', saltGenerator: generateSalt,
  verifier: async (data, signature) => (await ES256.getVerifier(publicJwk))(data, signature),
  kbVerifier: async (data, signature) => (await ES256.getVerifier(holderJwk))(data, signature),
  kbSigner: privateJwk && (async (data) => (await ES256.getSigner(privateJwk))(data)),
  kbSignAlg: 'ES256',
})

const leafJwk = (token) => {
  const header = JSON.parse(Buffer.from(token.split('.')[0], 'base64url'))
  return new X509Certificate(Buffer.from(header.x5c[0], 'base64')).publicKey.export({ format: 'jwk' })
}

const tasks = {
  async mdoc({ credential, anchor }) {
    const issuerSigned = IssuerSigned.fromEncodedForOid4Vci(credential)
    await Holder.verifyIssuerSigned({ issuerSigned, trustedCertificates: [der(anchor)] }, context)
    const spaces = [...issuerSigned.issuerNamespaces.issuerNamespaces.keys()]
    return Object.fromEntries(spaces.map((name) => [name, plain(new Map(Object.entries(issuerSigned.getPrettyClaims(name))))]))
  },
  async deviceResponse({ response, anchor, clientId, nonce, thumbprint, responseUri }) {
    const options = { clientId, nonce, responseUri }
    if (thumbprint) options.jwkThumbprint = new Uint8Array(Buffer.from(thumbprint, 'base64url'))
    const sessionTranscript = await SessionTranscript.forOid4Vp(options, context)
    const deviceResponse = DeviceResponse.fromEncodedForOid4Vp(response)
    await Verifier.verifyDeviceResponse({ deviceResponse, sessionTranscript, trustedCertificates: [der(anchor)] }, context)
    return { transcript: Buffer.from(sessionTranscript.encode()).toString('hex') }
  },
  async deviceResponseAuth0({ response, anchor, transcript }) {
    const verifier = new Auth0Verifier([new X509Certificate(der(anchor)).toString()])
    const mdoc = await verifier.verify(Buffer.from(response, 'base64url'), { encodedSessionTranscript: embedded(transcript) })
    return { docType: mdoc.documents[0].docType }
  },
  async showMdoc({ credential, privateJwk, clientId, nonce, thumbprint, responseUri, docType, namespaces }) {
    const options = { clientId, nonce, responseUri }
    if (thumbprint) options.jwkThumbprint = new Uint8Array(Buffer.from(thumbprint, 'base64url'))
    const sessionTranscript = await SessionTranscript.forOid4Vp(options, context)
    const itemsRequest = ItemsRequest.create({ docType, namespaces })
    const deviceRequest = DeviceRequest.create({ docRequests: [DocRequest.create({ itemsRequest })] })
    const response = await Holder.createDeviceResponseForDeviceRequest({
      deviceRequest, sessionTranscript, issuerSigned: [IssuerSigned.fromEncodedForOid4Vci(credential)],
      signature: { signingKey: ecKey(privateJwk) },
    }, context)
    return { response: response.encodedForOid4Vp }
  },
  async sdjwt({ credential, keyBindingNonce, statusToken }) {
    const payload = JSON.parse(Buffer.from(credential.split('.')[1], 'base64url'))
    const instance = sdjwt(leafJwk(credential), payload.cnf.jwk, undefined, statusToken)
    const options = keyBindingNonce ? { keyBindingNonce } : {}
    const verified = await instance.verify(credential, options)
    return { payload: verified.payload, kb: verified.kb?.payload ?? null }
  },
  async showSdjwt({ credential, privateJwk, frame, audience, nonce, now }) {
    const instance = sdjwt(leafJwk(credential), privateJwk, privateJwk)
    const response = await instance.present(credential, frame, { kb: { payload: { aud: audience, nonce, iat: now } } })
    return { response }
  },
  async statusList({ token, indexes }) {
    const list = getListFromStatusListJWT(token)
    return { values: indexes.map((index) => list.getStatus(index)) }
  },
  async encrypt({ jwk, payload, enc }) {
    const key = await importJWK(jwk, 'ECDH-ES')
    const token = await new CompactEncrypt(new TextEncoder().encode(payload)).setProtectedHeader({ alg: 'ECDH-ES', enc, kid: 'k' }).encrypt(key)
    return { token }
  },
  async decrypt({ jwk, token }) {
    const { plaintext } = await compactDecrypt(token, await importJWK(jwk, 'ECDH-ES'))
    return { payload: new TextDecoder().decode(plaintext) }
  },
}

for await (const line of createInterface({ input: process.stdin })) {
  const { task, ...input } = JSON.parse(line)
  try {
    console.log(JSON.stringify({ result: await tasks[task](input) }))
  } catch (error) {
    console.log(JSON.stringify({ error: `${error.name}: ${error.message}` }))
  }
}
