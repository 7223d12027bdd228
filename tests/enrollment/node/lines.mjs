// One JSON line in, one out: {"task": …} is answered with the task's result or {"error": …}.
import { webcrypto } from 'node:crypto'
import { createInterface } from 'node:readline'

// Node 18, as Debian 12 has it, knows Web Crypto but does not offer it by name.
globalThis.crypto ??= webcrypto

const LONGEST = 800

const told = (error) => {
  const causes = []
  for (let cause = error; cause; cause = cause.cause) causes.push(String(cause.stack ?? cause).slice(0, LONGEST))
  return { error: causes.join('\ncaused by '), response: error.response?.status }
}

export const serve = async (tasks) => {
  for await (const line of createInterface({ input: process.stdin })) {
    const { task, ...given } = JSON.parse(line)
    console.log(JSON.stringify(await tasks[task](given).catch(told)))
  }
}
