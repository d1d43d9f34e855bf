/** Whether the optional package has a binary for this machine; says so where it has none and tests are left out. */
export async function hasNative(): Promise<boolean> {
  try {
    await import('tokenizers')
    return true
  } catch (error) {
    process.stderr.write(`SKIPPED: no binary of the package 'tokenizers' for this machine: ${String(error)}\n`)
    return false
  }
}
