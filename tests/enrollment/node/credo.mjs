// Credo as the wallet: it obtains what an offer gives, verifies it up to the root in the PEM
// file, keeps it, and presents it. What Credo leaves to its host stands in keys.mjs.
//
//   node credo.mjs IACA_PEM VERIFIER_ROOT_PEM [as-shipped]
//
// «as-shipped» leaves its check of status lists as it is.
//
// One JSON line in, one out: {"task": "obtain", "offer", "pin", …} and {"task": "present", "uri"}.
import { verify, X509Certificate as X509 } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { setTimeout as pause } from 'node:timers/promises'
import { EventEmitter } from 'node:events'
import { Agent, InjectionSymbols, Kms, RecordNotFoundError, SdJwtVcService, X509Module } from '@credo-ts/core'
import { OpenId4VcModule } from '@credo-ts/openid4vc'
import { HostKeys } from './keys.mjs'
import { serve } from './lines.mjs'
import { attested } from './provider.mjs'

const [iaca, verifierRoot, manner] = process.argv.slice(2)
const anchors = [iaca, verifierRoot].map((file) => readFileSync(file, 'utf8'))

class Shelf {
  supportsCursorPagination = false
  records = new Map()
  key = (type, id) => `${type}/${id}`
  async save(_, record) { this.records.set(this.key(record.type, record.id), record) }
  update = this.save
  async delete(_, record) { this.records.delete(this.key(record.type, record.id)) }
  async deleteById(_, kind, id) { this.records.delete(this.key(kind.type, id)) }
  async getById(_, kind, id) {
    const found = this.records.get(this.key(kind.type, id))
    if (!found) throw new RecordNotFoundError(`no ${kind.type} ${id}`, { recordType: kind.type })
    return found
  }
  async getAll(_, kind) { return [...this.records.values()].filter((one) => one.type === kind.type) }
  async findByQuery(_, kind, query) {
    const all = await this.getAll(_, kind)
    return all.filter((one) => matches(one.getTags(), query))
  }
}

const matches = (tags, { $and, $or, $not, ...wanted }) =>
  Object.entries(wanted).every(([name, value]) =>
    Array.isArray(value) ? value.every((entry) => tags[name]?.includes(entry)) : value === undefined || tags[name] === value)
  && (!$and || $and.every((part) => matches(tags, part)))
  && (!$or || $or.some((part) => matches(tags, part)))
  && (!$not || !matches(tags, $not))

class NoFiles { dataPath = '/dev/null'; cachePath = '/dev/null'; tempPath = '/dev/null' }

// Credo 0.6.3 with @sd-jwt/sd-jwt-vc 0.19 checks a status list with the credential's own key,
// whatever the list's x5c says (openwallet-foundation/credo-ts 2605, open; sd-jwt-js 305, ended
// in 0.20), and takes no status but VALID even where it is told not to look at it. A credential
// of this desk is born suspended and its lists are signed by another key of the same root: a
// host of Credo has to say both.
const settled = SdJwtVcService.prototype.getBaseSdJwtConfig
if (manner !== 'as-shipped') SdJwtVcService.prototype.getBaseSdJwtConfig = function (context) {
  return { ...settled.call(this, context), statusVerifier, statusValidator: async () => {} }
}

const statusVerifier = (input, signature) => {
  const { x5c } = JSON.parse(Buffer.from(input.split('.')[0], 'base64url'))
  const [leaf, root] = [new X509(Buffer.from(x5c[0], 'base64')), new X509(anchors[0])]
  if (!leaf.checkIssued(root) || !leaf.verify(root.publicKey)) return false
  return verify('sha256', Buffer.from(input), { key: leaf.publicKey, dsaEncoding: 'ieee-p1363' }, Buffer.from(signature, 'base64url'))
}

const agent = new Agent({
  config: { allowInsecureHttpUrls: true, autoUpdateStorageOnStartup: true },
  dependencies: { FileSystem: NoFiles, EventEmitterClass: EventEmitter, fetch, WebSocketClass: class {} },
  modules: {
    shelf: {
      register: (manager) => manager.registerInstance(InjectionSymbols.StorageService, new Shelf()),
    },
    kms: new Kms.KeyManagementModule({ backends: [new HostKeys()] }),
    x509: new X509Module({ trustedCertificates: anchors }),
    openid4vc: new OpenId4VcModule(),
  },
})
await agent.initialize()

const newKeys = async (curve, count) => {
  const made = []
  for (let n = 0; n < count; n++) {
    const { publicJwk } = await agent.kms.createKey({ type: { kty: 'EC', crv: curve } })
    made.push(Kms.PublicJwk.fromPublicJwk(publicJwk))
  }
  return made
}

const bound = async (keys, provider, nonce) => {
  if (!provider) return { method: 'jwk', keys }
  const jwks = keys.map((key) => key.toJson())
  return { method: 'attestation', keyAttestationJwt: await attested(provider, jwks, nonce) }
}

const tasks = {
  async obtain({ offer, pin, curve = 'P-256', batch = 1, dpop = false, provider }) {
    const holder = agent.openid4vc.holder
    const resolvedCredentialOffer = await holder.resolveCredentialOffer(offer)
    const proving = dpop ? { dpop: { jwk: (await newKeys('P-256', 1))[0], alg: 'ES256' } } : {}
    const token = await holder.requestToken({ resolvedCredentialOffer, txCode: pin, ...proving })
    const credentials = []
    for (const id of Object.keys(resolvedCredentialOffer.offeredCredentialConfigurations)) {
      const answer = await holder.requestCredentials({
        resolvedCredentialOffer, ...token, credentialConfigurationIds: [id],
        verifyCredentialStatus: false,
        credentialBindingResolver: async ({ cNonce }) => bound(await newKeys(curve, batch), provider, cNonce),
      })
      const deferred = answer.deferredCredentials.length > 0
      const [got] = deferred ? await later(holder, answer.deferredCredentials[0], token, resolvedCredentialOffer) : answer.credentials
      credentials.push({ configuration: id, deferred, ...(await kept(got)) })
      if (got.notificationId) {
        await holder.sendNotification({ metadata: resolvedCredentialOffer.metadata, notificationId: got.notificationId, notificationEvent: 'credential_accepted', accessToken: token.accessToken, dpop: token.dpop })
      }
    }
    return { credentials, tokenType: token.accessTokenResponse.token_type }
  },
  async present({ uri }) {
    const holder = agent.openid4vc.holder
    const request = await holder.resolveOpenId4VpAuthorizationRequest(uri)
    const credentials = holder.selectCredentialsForDcqlRequest(request.dcql.queryResult)
    const answer = await holder.acceptOpenId4VpAuthorizationRequest({
      authorizationRequestPayload: request.authorizationRequestPayload, dcql: { credentials },
    })
    return { answered: answer.ok, status: answer.serverResponse?.status, shown: Object.keys(credentials).sort() }
  },
}

const later = async (holder, waiting, token, resolvedCredentialOffer) => {
  for (;;) {
    await pause(1000 * (waiting.interval ?? 1))
    const answer = await holder.requestDeferredCredentials({
      issuerMetadata: resolvedCredentialOffer.metadata,
      transactionId: waiting.transactionId, credentialConfigurationId: waiting.credentialConfigurationId,
      credentialConfiguration: waiting.credentialConfiguration, accessToken: token.accessToken, dpop: token.dpop,
      verifyCredentialStatus: false, jwkThumbprintKmsKeyIdMapping: waiting.jwkThumbprintKmsKeyIdMapping,
    })
    if (answer.credentials.length) return answer.credentials
    // Asked a second time, Credo 0.6.3 no longer says which keys wait.
    waiting = { ...waiting, ...answer.deferredCredentials[0], jwkThumbprintKmsKeyIdMapping: waiting.jwkThumbprintKmsKeyIdMapping }
  }
}

const kept = async ({ record }) => {
  const format = record.type === 'MdocRecord' ? 'mso_mdoc' : 'dc+sd-jwt'
  await (format === 'mso_mdoc' ? agent.mdoc.store({ record }) : agent.sdJwtVc.store({ record }))
  return { format, count: record.credentialInstances.length }
}

await serve(tasks)
