// A wallet made of other people's libraries: @openid4vc/openid4vci obtains what an offer
// gives, @owf/mdoc and @sd-jwt/sd-jwt-vc verify it up to the root in the PEM file.
//
//   node wallet.mjs OFFER_URI TX_CODE IACA_PEM
//
// Prints one JSON line: {"credentials": [{"configuration", "format", "deferred", "claims"}]},
// or {"error": ...} and ends with 1.
import { createHash, createPrivateKey, createPublicKey, generateKeyPairSync, randomBytes, sign, verify, X509Certificate } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { setTimeout as pause } from 'node:timers/promises'
import { clientAuthenticationAnonymous, setGlobalConfig } from '@openid4vc/oauth2'
import { Openid4vciClient } from '@openid4vc/openid4vci'
import { CoseKey, Holder, IssuerSigned } from '@owf/mdoc'
import { digest, ES256, generateSalt } from '@sd-jwt/crypto-nodejs'
import { SDJwtVcInstance } from '@sd-jwt/sd-jwt-vc'

const [offerUri, txCode, iacaFile] = process.argv.slice(2)
const anchor = new X509Certificate(readFileSync(iacaFile))

// Plain http is for a service on this machine only.
const local = /^https?:\/\/(127\.0\.0\.1|localhost|\[::1\])[:/]/
setGlobalConfig({ allowInsecureUrls: true })
const guardedFetch = (url, init) => {
  if (!String(url).startsWith('https:') && !local.test(String(url))) throw new Error('plain http to another machine')
  return fetch(url, init)
}

const newKey = () => {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  return { privateKey, publicJwk: publicKey.export({ format: 'jwk' }) }
}
const keys = new Map()
const encoded = (value) => Buffer.from(JSON.stringify(value)).toString('base64url')

const callbacks = {
  fetch: guardedFetch,
  hash: (data, algorithm) => new Uint8Array(createHash(algorithm.replace('-', '')).update(data).digest()),
  generateRandom: (length) => new Uint8Array(randomBytes(length)),
  clientAuthentication: clientAuthenticationAnonymous(),
  signJwt: (signer, { header, payload }) => {
    const { privateKey } = keys.get(signer.publicJwk.x)
    const input = `${encoded(header)}.${encoded(payload)}`
    const signature = sign('sha256', Buffer.from(input), { key: privateKey, dsaEncoding: 'ieee-p1363' })
    return { jwt: `${input}.${signature.toString('base64url')}`, signerJwk: signer.publicJwk }
  },
  verifyJwt: () => { throw new Error('no JWT to verify here') },
  encryptJwe: () => { throw new Error('no encryption here') },
  decryptJwe: () => { throw new Error('no encryption here') },
}

// What @owf/mdoc wants to be given: hashes, signatures, certificates.
const toCose = (jwk) => CoseKey.create({
  keyType: 2, algorithm: -7, curve: 1,
  x: new Uint8Array(Buffer.from(jwk.x, 'base64url')), y: new Uint8Array(Buffer.from(jwk.y, 'base64url')),
})
const fromCose = ({ x, y }) => createPublicKey({
  format: 'jwk',
  key: { kty: 'EC', crv: 'P-256', x: Buffer.from(x).toString('base64url'), y: Buffer.from(y).toString('base64url') },
})
const mdocContext = {
  crypto: {
    random: (length) => new Uint8Array(randomBytes(length)),
    digest: ({ digestAlgorithm, bytes }) => new Uint8Array(createHash(digestAlgorithm.replace('-', '').toLowerCase()).update(bytes).digest()),
  },
  cose: {
    sign1: {
      verify: ({ key, sign1 }) => verify('sha256', sign1.toBeSigned, { key: fromCose(key), dsaEncoding: 'ieee-p1363' }, sign1.signature),
    },
  },
  x509: {
    getIssuerNameField: ({ certificate, field }) =>
      new X509Certificate(certificate).issuer.split('\n').filter((line) => line.startsWith(`${field}=`)).map((line) => line.slice(field.length + 1)),
    getPublicKey: ({ certificate }) => toCose(new X509Certificate(certificate).publicKey.export({ format: 'jwk' })),
    verifyCertificateChain: ({ x5chain }) => checkChain(new X509Certificate(x5chain[0])),
    getCertificateData: ({ certificate }) => {
      const read = new X509Certificate(certificate)
      return {
        issuerName: read.issuer, subjectName: read.subject, serialNumber: read.serialNumber, thumbprint: read.fingerprint,
        notBefore: new Date(read.validFrom), notAfter: new Date(read.validTo), pem: read.toString(),
      }
    },
  },
}

const checkChain = (leaf) => {
  if (!leaf.checkIssued(anchor) || !leaf.verify(anchor.publicKey)) throw new Error('not issued under the given root')
}

const verifyStatusToken = async (input, signature) => {
  const header = JSON.parse(Buffer.from(input.split('.')[0], 'base64url'))
  const signer = new X509Certificate(Buffer.from(header.x5c[0], 'base64'))
  checkChain(signer)
  return verify('sha256', Buffer.from(input), { key: signer.publicKey, dsaEncoding: 'ieee-p1363' }, Buffer.from(signature, 'base64url'))
}

const same = (held, own) => held.x === own.x && held.y === own.y

const verified = {
  async mso_mdoc(credential, ownJwk) {
    const issuerSigned = IssuerSigned.fromEncodedForOid4Vci(credential)
    await Holder.verifyIssuerSigned({ issuerSigned, trustedCertificates: [new Uint8Array(anchor.raw)] }, mdocContext)
    const { deviceKey } = issuerSigned.issuerAuth.mobileSecurityObject.deviceKeyInfo
    if (!same(fromCose(deviceKey).export({ format: 'jwk' }), ownJwk)) throw new Error('bound to another key')
    const spaces = [...issuerSigned.issuerNamespaces.issuerNamespaces.keys()]
    return spaces.flatMap((name) => Object.keys(issuerSigned.getPrettyClaims(name)))
  },
  async 'dc+sd-jwt'(credential, ownJwk) {
    const header = JSON.parse(Buffer.from(credential.split('.')[0], 'base64url'))
    const leaf = new X509Certificate(Buffer.from(header.x5c[0], 'base64'))
    checkChain(leaf)
    const instance = new SDJwtVcInstance({
      hasher: digest, hashAlg: 'sha-256', saltGenerator: generateSalt,
      verifier: await ES256.getVerifier(leaf.publicKey.export({ format: 'jwk' })),
      statusListFetcher: async (uri) => (await guardedFetch(uri, { headers: { accept: 'application/statuslist+jwt' } })).text(),
      // A credential is born suspended; what its status means is the desk's test, not this one's.
      statusValidator: async () => {},
      statusVerifier: verifyStatusToken,
    })
    const { payload } = await instance.verify(credential)
    if (!same(payload.cnf.jwk, ownJwk)) throw new Error('bound to another key')
    return Object.keys(payload)
  },
}

const client = new Openid4vciClient({ callbacks })

const obtain = async (issuerMetadata, accessToken, credentialConfigurationId) => {
  const key = newKey()
  keys.set(key.publicJwk.x, key)
  const { c_nonce: nonce } = await client.requestNonce({ issuerMetadata })
  const { jwt } = await client.createCredentialRequestJwtProof({
    issuerMetadata, credentialConfigurationId, nonce,
    signer: { method: 'jwk', alg: 'ES256', publicJwk: key.publicJwk },
  })
  let { credentialResponse } = await client.retrieveCredentials({
    issuerMetadata, accessToken, credentialConfigurationId, proofs: { jwt: [jwt] },
  })
  const deferred = credentialResponse.transaction_id !== undefined
  while (credentialResponse.transaction_id) {
    await pause(1000 * credentialResponse.interval)
    const answer = await client.retrieveDeferredCredentials({
      issuerMetadata, accessToken, transactionId: credentialResponse.transaction_id,
    })
    credentialResponse = answer.deferredCredentialResponse
  }
  const { format } = issuerMetadata.credentialIssuer.credential_configurations_supported[credentialConfigurationId]
  const claims = await verified[format](credentialResponse.credentials[0].credential, key.publicJwk)
  if (credentialResponse.notification_id) {
    await client.sendNotification({
      issuerMetadata, accessToken,
      notification: { notificationId: credentialResponse.notification_id, event: 'credential_accepted' },
    })
  }
  return { configuration: credentialConfigurationId, format, deferred, claims: claims.sort() }
}

try {
  const credentialOffer = await client.resolveCredentialOffer(offerUri)
  const issuerMetadata = await client.resolveIssuerMetadata(credentialOffer.credential_issuer)
  const { accessTokenResponse } = await client.retrievePreAuthorizedCodeAccessTokenFromOffer({ credentialOffer, issuerMetadata, txCode })
  const credentials = []
  for (const name of credentialOffer.credential_configuration_ids) {
    credentials.push(await obtain(issuerMetadata, accessTokenResponse.access_token, name))
  }
  console.log(JSON.stringify({ credentials }))
} catch (error) {
  console.log(JSON.stringify({ error: String(error?.stack ?? error), response: error?.response?.status, cause: error?.cause && String(error.cause) }))
  process.exitCode = 1
}
