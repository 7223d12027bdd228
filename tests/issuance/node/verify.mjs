// Sigstore's own verifier of Rekor checkpoints and inclusion proofs, on ours. Reads one JSON
// object from standard input, writes what it found.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';

const require = createRequire(import.meta.url);
const folder = new URL('./node_modules/@sigstore/verify/dist/tlog/', import.meta.url);
const { verifyCheckpoint } = require(new URL('checkpoint.js', folder).pathname);
const { verifyMerkleInclusion } = require(new URL('merkle.js', folder).pathname);
const { crypto } = require('@sigstore/core');

const given = JSON.parse(readFileSync(0, 'utf-8'));
const spki = Buffer.from(given.spki, 'base64');
const log = {
  logID: crypto.digest('sha256', spki),
  baseURL: given.name,
  publicKey: crypto.createPublicKey(spki),
};

function judge(one) {
  const entry = {
    canonicalizedBody: Buffer.from(one.entry, 'base64'),
    inclusionProof: {
      logIndex: String(one.index),
      hashes: one.path.map((hash) => Buffer.from(hash, 'base64')),
      checkpoint: { envelope: one.checkpoint },
    },
  };
  try {
    const checkpoint = verifyCheckpoint(entry, [log]);
    verifyMerkleInclusion(entry, checkpoint);
    return Number(checkpoint.logSize);
  } catch (error) {
    return error.message;
  }
}

process.stdout.write(JSON.stringify(given.proofs.map(judge)));
