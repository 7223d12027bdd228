// Both credential formats in other people's hands: @owf/mdoc, @auth0/mdl and @sd-jwt/sd-jwt-vc
// verify what was issued up to the given root, and make presentations of it.
import { createHash, createPrivateKey, createPublicKey, randomBytes, sign, verify, X509Certificate } from 'node:crypto'
import { Verifier as Auth0Verifier } from '@auth0/mdl'
import { cborDecode, CoseKey, DeviceRequest, DeviceResponse, DocRequest, Holder, IssuerSigned, ItemsRequest, SessionTranscript, Verifier } from '@owf/mdoc'
import { digest, generateSalt } from '@sd-jwt/crypto-nodejs'
import { SDJwtVcInstance } from '@sd-jwt/sd-jwt-vc'

const HASHES = { ES256: 'sha256', ES384: 'sha384', '-7': 'sha256', '-35': 'sha384' }
const raw = (key) => ({ key, dsaEncoding: 'ieee-p1363' })
const bytes = (text) => new Uint8Array(Buffer.from(text, 'base64url'))
const text = (some) => Buffer.from(some).toString('base64url')

export const algorithmOf = ({ crv }) => (crv === 'P-384' ? 'ES384' : 'ES256')
export const signed = (data, privateKey, algorithm) => sign(HASHES[algorithm], data, raw(privateKey))

// CoseKey.fromJwk of @owf/mdoc 0.6.0 knows no P-384: its table says "p-384".
const toCose = ({ crv, x, y, d }) => CoseKey.create({
  keyType: 2, algorithm: crv === 'P-384' ? -35 : -7, curve: crv === 'P-384' ? 2 : 1, x: bytes(x), y: bytes(y), ...(d && { d: bytes(d) }),
})
const toJwk = ({ curve, x, y, d }) => ({ kty: 'EC', crv: curve === 2 ? 'P-384' : 'P-256', x: text(x), y: text(y), ...(d && { d: text(d) }) })
const publicOf = ({ d, ...jwk }) => createPublicKey({ format: 'jwk', key: jwk })

const labels = (typeMetadata, locale) => typeMetadata.mergedTypeMetadata.claims
  .flatMap(({ display = [] }) => display.filter((one) => one.locale === locale).map((one) => one.label))

export const formats = (anchor) => {
  const checkChain = (leaf) => {
    if (!leaf.checkIssued(anchor) || !leaf.verify(anchor.publicKey)) throw new Error('not issued under the given root')
    return leaf
  }
  const leafOf = (jwt) => checkChain(new X509Certificate(Buffer.from(JSON.parse(Buffer.from(jwt.split('.')[0], 'base64url')).x5c[0], 'base64')))
  const byLeaf = (leaf) => (input, signature) => verify(HASHES.ES256, Buffer.from(input), raw(leaf.publicKey), bytes(signature))
  const same = (held, own) => { if (held.x !== own.x || held.y !== own.y) throw new Error('bound to another key') }

  const context = {
    crypto: {
      random: (length) => new Uint8Array(randomBytes(length)),
      digest: ({ digestAlgorithm, bytes }) => new Uint8Array(createHash(digestAlgorithm.replace('-', '').toLowerCase()).update(bytes).digest()),
      calculateEphemeralMacKey: () => { throw new Error('no MAC here') },
    },
    cose: {
      sign1: {
        sign: ({ toBeSigned, key }) => new Uint8Array(signed(toBeSigned, createPrivateKey({ format: 'jwk', key: toJwk(key) }), algorithmOf(toJwk(key)))),
        verify: ({ key, sign1 }) => verify(HASHES[sign1.protectedHeaders.headers.get(1)], sign1.toBeSigned, raw(publicOf(toJwk(key))), sign1.signature),
      },
    },
    x509: {
      getIssuerNameField: ({ certificate, field }) =>
        new X509Certificate(certificate).issuer.split('\n').filter((line) => line.startsWith(`${field}=`)).map((line) => line.slice(field.length + 1)),
      getPublicKey: ({ certificate }) => toCose(new X509Certificate(certificate).publicKey.export({ format: 'jwk' })),
      verifyCertificateChain: ({ x5chain }) => { checkChain(new X509Certificate(x5chain[0])) },
      getCertificateData: ({ certificate }) => {
        const read = new X509Certificate(certificate)
        return {
          issuerName: read.issuer, subjectName: read.subject, serialNumber: read.serialNumber, thumbprint: read.fingerprint,
          notBefore: new Date(read.validFrom), notAfter: new Date(read.validTo), pem: read.toString(),
        }
      },
    },
  }

  const sdJwt = (leaf, own) => new SDJwtVcInstance({
    hasher: digest, hashAlg: 'sha-256', saltGenerator: generateSalt,
    verifier: byLeaf(leaf),
    ...(own && { kbSignAlg: algorithmOf(own.publicJwk), kbSigner: (data) => text(signed(Buffer.from(data), own.privateKey, algorithmOf(own.publicJwk))) }),
    statusListFetcher: async (uri) => (await fetch(uri, { headers: { accept: 'application/statuslist+jwt' } })).text(),
    // The vct is a URN; its service keeps the Type Metadata behind /type/. The library holds
    // what comes against vct#integrity and against the document's own form.
    loadTypeMetadataFormat: true,
    vctFetcher: async (vct, integrity) => {
      const answer = await fetch(new URL(`type/${encodeURIComponent(vct)}`, issuer))
      const document = Buffer.from(await answer.arrayBuffer())
      if (`sha256-${createHash('sha256').update(document).digest('base64')}` !== integrity) throw new Error('Type Metadata were exchanged')
      return JSON.parse(document)
    },
    // A credential is born suspended; what its status means is the desk's test, not this one's.
    statusValidator: async () => {},
    statusVerifier: (input, signature) => byLeaf(statusLeaf)(input, signature),
  })
  // The status list's signer has another key of the same root; its address tells the issuer's.
  let statusLeaf, issuer
  const noteStatusLeaf = async (uri) => {
    issuer = new URL('..', uri)
    statusLeaf = leafOf(await (await fetch(uri)).text())
  }

  return {
    mso_mdoc: {
      async verified(credential, ownJwk) {
        const issuerSigned = IssuerSigned.fromEncodedForOid4Vci(credential)
        await Holder.verifyIssuerSigned({ issuerSigned, trustedCertificates: [new Uint8Array(anchor.raw)] }, context)
        const { issuerAuth } = issuerSigned
        same(toJwk(issuerAuth.mobileSecurityObject.deviceKeyInfo.deviceKey), ownJwk)
        // @owf/mdoc 0.6.0 names no status in its security object, so it is read from the bytes.
        const object = cborDecode(issuerAuth.payload, { unwrapTopLevelDataItem: false }).data
        const spaces = [...issuerSigned.issuerNamespaces.issuerNamespaces.keys()]
        return { claims: spaces.flatMap((name) => Object.keys(issuerSigned.getPrettyClaims(name))).sort(), status: object.get('status').get('status_list').get('idx') }
      },
      async presented(credential, own, query, { clientId, nonce, responseUri, thumbprint }) {
        const jwkThumbprint = thumbprint && bytes(thumbprint)
        const sessionTranscript = await SessionTranscript.forOid4Vp({ clientId, nonce, responseUri, jwkThumbprint }, context)
        const namespaces = {}
        for (const { path: [space, element] } of query.claims) (namespaces[space] ??= {})[element] = false
        const itemsRequest = ItemsRequest.create({ docType: query.meta.doctype_value, namespaces })
        const deviceRequest = DeviceRequest.create({ docRequests: [DocRequest.create({ itemsRequest })] })
        const response = await Holder.createDeviceResponseForDeviceRequest({
          deviceRequest, sessionTranscript, issuerSigned: [IssuerSigned.fromEncodedForOid4Vci(credential)],
          signature: { signingKey: toCose({ ...own.publicJwk, ...own.privateKey.export({ format: 'jwk' }) }) },
        }, context)
        await this.accepted(response.encodedForOid4Vp, sessionTranscript)
        return response.encodedForOid4Vp
      },
      // Two verifiers of other people, before the desk gets to see it.
      async accepted(response, sessionTranscript) {
        const deviceResponse = DeviceResponse.fromEncodedForOid4Vp(response)
        await Verifier.verifyDeviceResponse({ deviceResponse, sessionTranscript, trustedCertificates: [new Uint8Array(anchor.raw)] }, context)
        const inner = sessionTranscript.encode()
        const encodedSessionTranscript = Buffer.concat([Buffer.from([0xd8, 0x18, 0x58, inner.length]), inner])
        await new Auth0Verifier([anchor.toString()]).verify(Buffer.from(response, 'base64url'), { encodedSessionTranscript })
      },
    },
    'dc+sd-jwt': {
      async verified(credential, ownJwk) {
        const claims = JSON.parse(Buffer.from(credential.split('.')[1], 'base64url'))
        if (claims.status) await noteStatusLeaf(claims.status.status_list.uri)
        const { payload, typeMetadata } = await sdJwt(leafOf(credential)).verify(credential)
        same(payload.cnf.jwk, ownJwk)
        return { claims: Object.keys(payload).sort(), status: payload.status?.status_list?.idx, names: labels(typeMetadata, 'vi') }
      },
      async presented(credential, own, query, { clientId, nonce }) {
        const frame = {}
        for (const { path } of query.claims) path.reduce((place, name, at) => (place[name] ??= at === path.length - 1 ? true : {}), frame)
        const iat = Math.floor(Date.now() / 1000)
        return sdJwt(leafOf(credential), own).present(credential, frame, { kb: { payload: { aud: clientId, nonce, iat } } })
      },
    },
  }
}
