// The keys of a wallet, for Credo, in this process's memory: P-256 and P-384, ECDSA and ECDH-ES.
import { createCipheriv, createDecipheriv, createHash, createPublicKey, diffieHellman, generateKeyPairSync, randomBytes, randomUUID, sign, verify } from 'node:crypto'

const HASHES = { ES256: 'sha256', ES384: 'sha384' }
const GCM = { A128GCM: 128, A256GCM: 256 }

export class HostKeys {
  backend = 'host'
  keys = new Map()

  isOperationSupported(_, { operation, algorithm, encryption, decryption }) {
    if (operation === 'sign' || operation === 'verify') return algorithm in HASHES
    if (operation === 'encrypt') return encryption.algorithm in GCM
    if (operation === 'decrypt') return decryption.algorithm in GCM
    return true
  }

  randomBytes(_, { length }) { return new Uint8Array(randomBytes(length)) }

  async getPublicKey(_, keyId) { return this.keys.get(keyId)?.publicJwk ?? null }

  async createKey(_, { type, keyId = randomUUID() }) {
    const pair = generateKeyPairSync('ec', { namedCurve: type.crv })
    const publicJwk = { ...pair.publicKey.export({ format: 'jwk' }), kid: keyId }
    this.keys.set(keyId, { ...pair, publicJwk })
    return { keyId, publicJwk }
  }

  async importKey() { throw new Error('keys are made here, never brought') }

  async deleteKey(_, { keyId }) { return this.keys.delete(keyId) }

  async sign(_, { keyId, algorithm, data }) {
    const key = { key: this.keys.get(keyId).privateKey, dsaEncoding: 'ieee-p1363' }
    return { signature: new Uint8Array(sign(HASHES[algorithm], data, key)) }
  }

  async verify(_, { key, algorithm, data, signature }) {
    const publicJwk = key.publicJwk ?? this.keys.get(key.keyId).publicJwk
    const made = { key: createPublicKey({ format: 'jwk', key: publicJwk }), dsaEncoding: 'ieee-p1363' }
    return verify(HASHES[algorithm], data, made, signature) ? { verified: true, publicJwk } : { verified: false }
  }

  async encrypt(_, { key, encryption, data }) {
    const secret = this.agreed(key.keyAgreement, encryption.algorithm)
    const iv = new Uint8Array(encryption.iv ?? randomBytes(12))
    const cipher = createCipheriv(`aes-${GCM[encryption.algorithm]}-gcm`, secret, iv)
    if (encryption.aad) cipher.setAAD(encryption.aad)
    const encrypted = new Uint8Array(Buffer.concat([cipher.update(data), cipher.final()]))
    return { encrypted, iv, tag: new Uint8Array(cipher.getAuthTag()) }
  }

  async decrypt(_, { key, decryption, encrypted }) {
    const secret = this.agreed(key.keyAgreement, decryption.algorithm)
    const cipher = createDecipheriv(`aes-${GCM[decryption.algorithm]}-gcm`, secret, decryption.iv)
    if (decryption.aad) cipher.setAAD(decryption.aad)
    cipher.setAuthTag(decryption.tag)
    return { data: new Uint8Array(Buffer.concat([cipher.update(encrypted), cipher.final()])) }
  }

  // RFC 7518 4.6.2: one round of Concat KDF gives up to 256 bits.
  agreed({ keyId, externalPublicJwk, apu = new Uint8Array(), apv = new Uint8Array() }, algorithm) {
    const shared = diffieHellman({
      privateKey: this.keys.get(keyId).privateKey,
      publicKey: createPublicKey({ format: 'jwk', key: externalPublicJwk }),
    })
    const long = (number) => { const four = Buffer.alloc(4); four.writeUInt32BE(number); return four }
    const part = (bytes) => Buffer.concat([long(bytes.length), bytes])
    const parts = [long(1), shared, part(Buffer.from(algorithm)), part(apu), part(apv), long(GCM[algorithm])]
    return createHash('sha256').update(Buffer.concat(parts)).digest().subarray(0, GCM[algorithm] / 8)
  }
}
